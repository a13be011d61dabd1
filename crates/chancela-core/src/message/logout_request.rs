//! The logout request (OpenID Connect RP-Initiated Logout §2): read from a query or a form, and written again, because no
//! server keeps it while the user is asked.

use super::body::Parameters;
use crate::rejection::{Rejection, Rule};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Most bytes of `state`.
pub const MAX_STATE_BYTES: usize = 2048;

/// What stands in a query as itself: the unreserved characters of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A logout request; nothing in it has been believed yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogoutRequest {
    /// An ID token that this server issued.
    pub id_token_hint: Option<String>,
    /// A word about who logs out. It proves nothing, so nothing follows from it.
    pub logout_hint: Option<String>,
    /// Who asks.
    pub client_id: Option<String>,
    /// Where the browser shall go afterwards.
    pub post_logout_redirect_uri: Option<String>,
    /// Goes there with it.
    pub state: Option<String>,
    /// Languages that the user prefers.
    pub ui_locales: Option<String>,
}

impl LogoutRequest {
    /// Reads a query (without the question mark) or a form body.
    ///
    /// # Errors
    /// The rule that the text breaks; a parameter that is sent twice is one.
    pub fn parse(encoded: &[u8]) -> Result<Self, Rejection> {
        let parameters = Parameters::form(encoded)?;
        let text = |name| Ok::<_, Rejection>(parameters.text(name)?.map(|text| text.clone().into_owned()));
        let request = Self {
            id_token_hint: text("id_token_hint")?,
            logout_hint: text("logout_hint")?,
            client_id: text("client_id")?,
            post_logout_redirect_uri: text("post_logout_redirect_uri")?,
            state: text("state")?,
            ui_locales: text("ui_locales")?,
        };
        if request.state.as_ref().is_some_and(|state| state.len() > MAX_STATE_BYTES) {
            let limit = u32::try_from(MAX_STATE_BYTES).unwrap_or(u32::MAX);
            return Err(Rejection::with(Rule::StateTooLong, limit));
        }
        Ok(request)
    }

    /// The request as a query, always in the same form.
    pub fn to_query(&self) -> String {
        let Self { id_token_hint, logout_hint, client_id, post_logout_redirect_uri, state, ui_locales } =
            self;
        let mut query = String::new();
        for (name, value) in [
            ("id_token_hint", id_token_hint),
            ("logout_hint", logout_hint),
            ("client_id", client_id),
            ("post_logout_redirect_uri", post_logout_redirect_uri),
            ("state", state),
            ("ui_locales", ui_locales),
        ] {
            if let Some(value) = value {
                append(&mut query, name, value);
            }
        }
        query
    }

    /// The same request in another language.
    #[must_use]
    pub fn with_ui_locales(self, locales: &str) -> Self {
        Self { ui_locales: Some(locales.to_owned()), ..self }
    }
}

/// `uri` with parameters that tell its owner something (`state` here, `iss` and `sid` in Front-Channel Logout §2); what
/// stood in its query stays.
pub fn with_parameters(uri: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = String::new();
    for (name, value) in parameters {
        append(&mut query, name, value);
    }
    match (query.is_empty(), uri.split_once('?')) {
        (true, _) => uri.to_owned(),
        (_, None) => format!("{uri}?{query}"),
        (_, Some((_, ""))) => format!("{uri}{query}"),
        (_, Some(_)) => format!("{uri}&{query}"),
    }
}

fn append(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str(name);
    query.push('=');
    query.extend(utf8_percent_encode(value, ENCODED));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_parameters_are_read_and_an_empty_one_is_absent() {
        let text = "id_token_hint=a.b.c&logout_hint=&client_id=app&state=x%20y&ui_locales=en&unknown=1\
                    &post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fout";
        let request = LogoutRequest::parse(text.as_bytes()).unwrap();
        assert_eq!(request.id_token_hint.as_deref(), Some("a.b.c"));
        assert_eq!((request.logout_hint.as_deref(), request.client_id.as_deref()), (None, Some("app")));
        assert_eq!(request.post_logout_redirect_uri.as_deref(), Some("https://app.example/out"));
        assert_eq!((request.state.as_deref(), request.ui_locales.as_deref()), (Some("x y"), Some("en")));
        assert_eq!(LogoutRequest::parse(b"").unwrap(), LogoutRequest::default());
    }

    ///
    #[test]
    fn a_parameter_that_is_sent_twice_is_refused() {
        for name in ["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales", "any"] {
            let rule = LogoutRequest::parse(format!("{name}=a&{name}=a").as_bytes()).unwrap_err().rule;
            assert_eq!(rule, Rule::DuplicateParameter, "{name}");
        }
        let long = format!("state={}", "a".repeat(MAX_STATE_BYTES + 1));
        assert_eq!(LogoutRequest::parse(long.as_bytes()).unwrap_err().rule, Rule::StateTooLong);
    }

    #[test]
    fn parameters_join_a_query_that_is_there() {
        let add = |uri| with_parameters(uri, &[("state", "a b&c")]);
        assert_eq!(add("https://app.example/out"), "https://app.example/out?state=a%20b%26c");
        assert_eq!(add("https://app.example/out?a=b"), "https://app.example/out?a=b&state=a%20b%26c");
        assert_eq!(add("https://app.example/out?"), "https://app.example/out?state=a%20b%26c");
        assert_eq!(with_parameters("https://app.example/out", &[]), "https://app.example/out");
    }

    proptest! {
        /// HS-08. Whatever was sent comes back the same and is plain in a URL.
        #[test]
        fn what_is_written_is_read_again(state in ".{1,40}", uri in ".{1,40}", hint in proptest::option::of(".{1,40}")) {
            let request = LogoutRequest {
                state: Some(state.clone()),
                post_logout_redirect_uri: Some(uri),
                logout_hint: hint,
                ..LogoutRequest::default()
            };
            let query = request.to_query();
            prop_assert!(query.bytes().all(|b| b.is_ascii_graphic()));
            prop_assert_eq!(LogoutRequest::parse(query.as_bytes()).unwrap(), request);
            let location = with_parameters("https://app.example/out", &[("state", &state)]);
            prop_assert!(location.bytes().all(|b| b.is_ascii_graphic()));
        }
    }
}
