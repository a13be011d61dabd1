//! What the browser shows once it has carried the answer here: a sentence, in the language that it prefers, without
//! scripts, styles or anything that the request said.

use bytes::Bytes;
use http::header::{ACCEPT_LANGUAGE, ALLOW, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY};
use http::header::{CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::Full;

/// What there is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    /// The code is here.
    Received,
    /// The provider refused.
    Refused,
    /// No answer to this login.
    Stray,
    /// The answer was here before.
    Again,
    /// Nothing is here.
    NotFound,
    /// Only a browser that follows a redirect has something to say here.
    Method,
}

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Portuguese,
}

impl Language {
    /// The one of ours that `Accept-Language` (RFC 9110 §12.5.4) prefers; English if it says nothing of either.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let text = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut best = (0.0, Self::English);
        for range in text.split(',') {
            let mut parts = range.trim().split(';');
            let language = match parts.next().unwrap_or_default().get(..2) {
                Some(tag) if tag.eq_ignore_ascii_case("pt") => Self::Portuguese,
                Some(tag) if tag.eq_ignore_ascii_case("en") => Self::English,
                _ => continue,
            };
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse::<f32>().ok());
            let weight = weight.unwrap_or(1.0);
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Portuguese => "pt-BR",
        }
    }
}

impl Page {
    const fn status(self) -> StatusCode {
        match self {
            Self::Received | Self::Refused => StatusCode::OK,
            Self::Stray => StatusCode::BAD_REQUEST,
            Self::Again => StatusCode::CONFLICT,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    const fn sentence(self, language: Language) -> &'static str {
        use Language::{English, Portuguese};
        match (self, language) {
            (Self::Received, English) => {
                "The login has arrived. You can close this window and go back to the program."
            }
            (Self::Received, Portuguese) => {
                "O login foi recebido. Você pode fechar esta janela e voltar ao programa."
            }
            (Self::Refused, English) => {
                "The provider refused the login. You can close this window; the program says why."
            }
            (Self::Refused, Portuguese) => {
                "O provedor recusou o login. Você pode fechar esta janela; o programa diz o motivo."
            }
            (Self::Stray, English) => {
                "This does not belong to the login that the program waits for. Begin it anew, in one window."
            }
            (Self::Stray, Portuguese) => {
                "Isto não pertence ao login que o programa espera. Comece de novo, em uma só janela."
            }
            (Self::Again, English) => "The login has arrived already. You can close this window.",
            (Self::Again, Portuguese) => "O login já foi recebido. Você pode fechar esta janela.",
            (Self::NotFound, English) => "There is nothing here. You can close this window.",
            (Self::NotFound, Portuguese) => "Não há nada aqui. Você pode fechar esta janela.",
            (Self::Method, English) => "Only a browser that comes from the login is answered here.",
            (Self::Method, Portuguese) => "Aqui só se responde a um navegador que vem do login.",
        }
    }

    /// The whole answer.
    pub(super) fn response(self, language: Language) -> Response<Full<Bytes>> {
        let text = format!(
            "<!doctype html>\n<html lang=\"{}\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>Chancela</title>\n<p>{}</p>\n</html>\n",
            language.tag(),
            self.sentence(language),
        );
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = self.status();
        let policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        let headers = response.headers_mut();
        for (name, value) in [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CONTENT_LANGUAGE, language.tag()),
            (CACHE_CONTROL, "no-store"),
            // The address holds the code.
            (REFERRER_POLICY, "no-referrer"),
            (CONTENT_SECURITY_POLICY, policy),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (X_FRAME_OPTIONS, "DENY"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if self == Self::Method {
            headers.insert(ALLOW, HeaderValue::from_static("GET"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_browsers() {
        let language = |text: &str| {
            Language::of(&HeaderMap::from_iter([(ACCEPT_LANGUAGE, HeaderValue::from_str(text).unwrap())]))
        };
        assert_eq!(Language::of(&HeaderMap::new()), Language::English);
        for (text, expected) in [
            ("pt-BR,pt;q=0.9,en;q=0.8", Language::Portuguese),
            ("en-US,pt;q=0.9", Language::English),
            ("de, en;q=0.2, PT;q=0.4", Language::Portuguese),
            ("de", Language::English),
            ("pt;q=0, *", Language::English),
            ("p\u{fc}t;q=\u{fc}", Language::English),
            (",;,;q=x", Language::English),
        ] {
            assert_eq!(language(text), expected, "{text}");
        }
    }
}
