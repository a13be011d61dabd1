//! An answer that a person carries here: the address that the browser shows at the end, or the code alone.

use super::error::LoginError;
use chancela_core::message::authorization_response::{AuthorizationAnswer, Begun};
use chancela_core::secret::Secret;

/// Longest text that is looked at.
const MAX_BYTES: usize = 32 * 1024;

/// Reads what was pasted, for the login with this redirect URI and `state`.
///
/// # Errors
/// [`LoginError::Pasted`], or what is wrong with the answer. A code alone names no login; that it is this one's shows when
/// it is redeemed, because another login's code has another challenge (RFC 7636).
pub(super) fn read(text: &str, redirect_uri: &str, state: &Secret) -> Result<Secret, LoginError> {
    let wrong = || LoginError::Pasted { redirect: redirect_uri.to_owned() };
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_BYTES {
        return Err(wrong());
    }
    if !text.contains("://") {
        let plain = text.bytes().all(|b| b.is_ascii_graphic());
        // A part of an address is no code, and says which login it belongs to only as a whole.
        let part = text.contains("code=") || text.contains("state=") || text.contains("error=");
        return if plain && !part { Ok(Secret::new(text)) } else { Err(wrong()) };
    }
    let text = text.split_once('#').map_or(text, |(before, _)| before);
    let joint = if redirect_uri.contains('?') { '&' } else { '?' };
    let query =
        text.strip_prefix(redirect_uri).and_then(|rest| rest.strip_prefix(joint)).ok_or_else(wrong)?;
    let begun = Begun { state: state.expose(), issuer: None, names_issuer: false };
    Ok(AuthorizationAnswer::parse(query.as_bytes(), &begun)?.code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chancela_core::message::authorization_response::AuthorizationAnswerError;
    use proptest::prelude::*;

    const REDIRECT: &str = "http://127.0.0.1:8976/callback";

    fn pasted(text: &str) -> Result<String, LoginError> {
        read(text, REDIRECT, &Secret::new("S")).map(|code| code.expose().to_owned())
    }

    #[test]
    fn the_whole_address_or_the_code_alone_is_read() {
        for text in ["http://127.0.0.1:8976/callback?code=C&state=S#_=_\n", "  C ", "C\r\n"] {
            assert_eq!(pasted(text).unwrap(), "C", "{text:?}");
        }
        let page = "https://app.example/done?x=y";
        let code = read(&format!("{page}&state=S&code=C"), page, &Secret::new("S")).unwrap();
        assert_eq!(code.expose(), "C");
    }

    #[test]
    fn an_answer_to_another_login_or_another_address_is_refused_with_what_to_do() {
        for text in [
            "",
            "a b",
            "code=C&state=S",
            "/callback?code=C&state=S",
            "http://127.0.0.1:8977/callback?code=C&state=S",
            "http://127.0.0.1:8976/callback/x?code=C&state=S",
            "http://127.0.0.1:8976/callbackcode=C&state=S",
            "https://provider.example/authorize?state=S",
            "\u{201c}C\u{201d}",
            &"C".repeat(MAX_BYTES + 1),
        ] {
            let error = pasted(text).unwrap_err();
            assert!(matches!(error, LoginError::Pasted { .. }), "{text}: {error}");
            assert!(error.to_string().ends_with(REDIRECT));
        }
        let answer = |query: &str| match pasted(&format!("{REDIRECT}?{query}")).unwrap_err() {
            LoginError::Answer(error) => error,
            other => panic!("{other}"),
        };
        assert_eq!(answer("code=C&state=T"), AuthorizationAnswerError::State);
        assert_eq!(answer("code=C"), AuthorizationAnswerError::State);
        assert!(matches!(answer("error=access_denied&state=S"), AuthorizationAnswerError::Refused { .. }));
    }

    proptest! {
        /// Whatever somebody has in the clipboard: what is taken as a code can be sent as one, and an address is believed
        /// only with the state.
        #[test]
        fn any_text_is_a_code_or_refused(text in "\\PC{0,60}|(code|state|error)?=?[a-z:/?&=]{0,30}") {
            if let Ok(code) = pasted(&text) {
                prop_assert!(code.bytes().all(|b| b.is_ascii_graphic()) && code == text.trim());
            }
            let address = format!("{REDIRECT}?{text}");
            prop_assert!(pasted(&address).is_err());
        }
    }
}
