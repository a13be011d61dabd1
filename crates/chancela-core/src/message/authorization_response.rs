//! The authorization response (RFC 6749 §4.1.2, RFC 9207, OAuth 2.0 Form Post Response Mode) and its errors: written here
//! by a server, read in [`AuthorizationAnswer`] by a client.
//!
//! Only a [`RedirectTarget`] is ever answered to, and only a checked request has one. A success gets no fragment, though
//! RFC 9700 §4.1.3 would have a `#_`: single-page applications route by it, and a client of this server reads no fragment
//! (there is no implicit grant), so one that a browser carries over means nothing. Dialects that end errors in one do.

use super::authorization_request::{AuthorizationRequest, append, joint};
use super::token_refusal::WireError;
use crate::authorization::{RedirectTarget, ResponseMode};
use crate::dialect::{Authorization, ResponseParameter};
use crate::rejection::Rejection;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::text::plain;
use aws_lc_rs::constant_time;

/// What a successful response says.
#[derive(Debug)]
pub struct Success<'a> {
    /// The code.
    pub code: &'a str,
    /// What was granted.
    pub scope: &'a Scope,
    /// `session_state`, where the dialect sends one and there is one.
    pub session_state: Option<&'a str>,
}

/// A response on its way through the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizationResponse {
    /// To be sent as 303 with this `Location`.
    Redirect(String),
    /// To be sent as a page whose form posts itself.
    FormPost {
        /// The redirect URI.
        action: String,
        /// Fields in order.
        fields: Vec<(&'static str, String)>,
    },
}

impl AuthorizationResponse {
    /// The user allowed it.
    pub fn success(
        target: &RedirectTarget,
        issuer: &str,
        rules: &Authorization,
        success: &Success<'_>,
    ) -> Self {
        let mut fields = vec![("code", success.code.to_owned())];
        let more = |parameter: &ResponseParameter| match parameter {
            ResponseParameter::Scope => Some(("scope", success.scope.as_str().to_owned())),
            ResponseParameter::SessionState => Some(("session_state", success.session_state?.to_owned())),
        };
        fields.extend(rules.response.iter().filter_map(more));
        Self::encode(target, issuer, fields, None)
    }

    /// It was refused.
    pub fn error(target: &RedirectTarget, issuer: &str, rules: &Authorization, rejection: Rejection) -> Self {
        let fields = vec![
            ("error", rejection.rule.code().as_str().to_owned()),
            ("error_description", rejection.fill(rejection.rule.text())),
        ];
        Self::encode(target, issuer, fields, rules.error_fragment.as_deref())
    }

    /// Adds what every response has: `state` as it was sent, and `iss` against mix-up (requirements B-11, B-12).
    fn encode(
        target: &RedirectTarget,
        issuer: &str,
        mut fields: Vec<(&'static str, String)>,
        fragment: Option<&str>,
    ) -> Self {
        fields.extend(target.state.as_ref().map(|state| ("state", String::from(&**state))));
        fields.push(("iss", issuer.to_owned()));
        if target.response_mode == ResponseMode::FormPost {
            return Self::FormPost { action: String::from(&*target.redirect_uri), fields };
        }
        let mut query = String::with_capacity(256);
        for (name, value) in &fields {
            append(&mut query, name, value);
        }
        let uri = &*target.redirect_uri;
        let (mark, fragment) = fragment.map_or(("", ""), |fragment| ("#", fragment));
        Self::Redirect([uri, joint(uri), &query, mark, fragment].concat())
    }
}

/// Most characters of a provider's sentence.
const MAX_DESCRIPTION: usize = 500;

/// What a client knows of the login that it began.
#[derive(Debug, Clone, Copy)]
pub struct Begun<'a> {
    /// `state` as it was sent.
    pub state: &'a str,
    /// The issuer that was asked, where it is known.
    pub issuer: Option<&'a str>,
    /// Whether that issuer says that it puts `iss` into its responses (RFC 9207 §3).
    pub names_issuer: bool,
}

/// A response as its client reads it: to the login that it began, of the issuer that it asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationAnswer {
    /// The code.
    pub code: Secret,
    /// The granted scope, where the provider says it here.
    pub scope: Option<String>,
}

/// Why there is no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationAnswerError {
    /// No parameters, one of them twice, or a code that is none.
    #[error("the provider's answer is not readable; begin the login anew")]
    Malformed,
    /// An answer to another login, or to none (RFC 9700 §4.7).
    #[error(
        "the answer does not belong to the login that was begun here; begin the login anew, in one window"
    )]
    State,
    /// Another issuer answers than was asked (RFC 9207 §2.4).
    #[error(
        "the answer is not of the issuer that was asked; check the provider's address, and do not log in there until it is right"
    )]
    Issuer,
    /// The provider refused (RFC 6749 §4.1.2.1).
    #[error("the provider refused the login: {}{}; correct that, and begin the login anew", error.as_str(), shown(description.as_deref()))]
    Refused {
        /// The error.
        error: WireError,
        /// The provider's sentence, in one line and cut; to be shown to people and never to be trusted.
        description: Option<String>,
    },
}

fn shown(description: Option<&str>) -> String {
    description.map(|text| format!(" ({text})")).unwrap_or_default()
}

impl AuthorizationAnswer {
    /// Reads the query of the redirect (without the question mark), or the form that was posted.
    ///
    /// # Errors
    /// [`AuthorizationAnswerError`]. State and issuer are checked before anything else is believed, errors too.
    pub fn parse(encoded: &[u8], begun: &Begun<'_>) -> Result<Self, AuthorizationAnswerError> {
        use AuthorizationAnswerError::{Issuer, Malformed, Refused, State};
        let parameters = AuthorizationRequest::parse(encoded).map_err(|_| Malformed)?;
        let single = |name: &str| parameters.single(name).map_err(|_| Malformed);
        let (state, issuer) = (single("state")?.ok_or(State)?, single("iss")?);
        constant_time::verify_slices_are_equal(state.as_bytes(), begun.state.as_bytes())
            .map_err(|_| State)?;
        match (issuer, begun.issuer) {
            (None, _) if begun.names_issuer => return Err(Issuer),
            (Some(sent), Some(asked)) if sent != asked => return Err(Issuer),
            _ => {}
        }
        let description = single("error_description")?;
        let line = |text: &str| plain(text, MAX_DESCRIPTION);
        match (single("code")?, single("error")?) {
            (Some(code), None) if code.bytes().all(|b| matches!(b, b' '..=b'~')) => {
                Ok(Self { code: Secret::new(code), scope: single("scope")?.map(line) })
            }
            (None, Some(error)) => {
                Err(Refused { error: WireError::of(error), description: description.map(line) })
            }
            _ => Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Authorization;
    use crate::rejection::Rule;
    use proptest::prelude::*;

    const ISSUER: &str = "https://id.example";

    fn target(redirect_uri: &str, response_mode: ResponseMode, state: Option<&str>) -> RedirectTarget {
        RedirectTarget { redirect_uri: redirect_uri.into(), response_mode, state: state.map(Into::into) }
    }

    fn success(target: &RedirectTarget, rules: &Authorization) -> AuthorizationResponse {
        let scope = Scope::parse("openid a").unwrap();
        let success = Success { code: "C", scope: &scope, session_state: Some("S") };
        AuthorizationResponse::success(target, ISSUER, rules, &success)
    }

    fn location(response: AuthorizationResponse) -> String {
        match response {
            AuthorizationResponse::Redirect(location) => location,
            AuthorizationResponse::FormPost { .. } => panic!("not a redirect"),
        }
    }

    /// B-12.
    #[test]
    fn a_query_is_added_to_whatever_the_uri_has() {
        let rules = Authorization::default();
        for (uri, begin) in [
            ("https://app.example/cb", "https://app.example/cb?code=C"),
            ("https://app.example/cb?", "https://app.example/cb?code=C"),
            ("https://app.example/cb?a=b", "https://app.example/cb?a=b&code=C"),
            ("https://app.example/cb?a=b&", "https://app.example/cb?a=b&code=C"),
            ("com.example.app:/cb", "com.example.app:/cb?code=C"),
        ] {
            let location = location(success(&target(uri, ResponseMode::Query, Some("x y+&#ç")), &rules));
            assert_eq!(location, format!("{begin}&state=x%20y%2B%26%23%C3%A7&iss=https%3A%2F%2Fid.example"));
        }
    }

    #[test]
    fn a_dialect_adds_its_own_parameters_and_the_fragment_of_errors() {
        let rules = Authorization {
            response: vec![ResponseParameter::Scope, ResponseParameter::SessionState],
            error_fragment: Some("_=_".into()),
            ..Authorization::default()
        };
        let target = target("https://app.example/cb", ResponseMode::Query, None);
        assert_eq!(
            location(success(&target, &rules)),
            "https://app.example/cb?code=C&scope=openid%20a&session_state=S&iss=https%3A%2F%2Fid.example"
        );
        let refused = AuthorizationResponse::error(&target, ISSUER, &rules, Rule::ConsentRefused.into());
        assert_eq!(
            location(refused),
            "https://app.example/cb?error=access_denied&error_description=The%20user%20refused.\
             &iss=https%3A%2F%2Fid.example#_=_"
        );
    }

    #[test]
    fn a_form_has_the_same_fields() {
        let target = target("https://app.example/cb?a=b", ResponseMode::FormPost, Some("s"));
        let AuthorizationResponse::FormPost { action, fields } = success(&target, &Authorization::default())
        else {
            panic!("not a form");
        };
        assert_eq!(action, "https://app.example/cb?a=b");
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(fields, [("code", "C"), ("state", "s"), ("iss", ISSUER)]);
    }

    proptest! {
        /// B-11.
        #[test]
        fn the_state_comes_back_to_the_byte(state in ".{1,200}", long in "[a-z ]{1000,1500}") {
            for state in [state, long] {
                let target = target("https://app.example/cb?a=b", ResponseMode::Query, Some(&state));
                let location = location(success(&target, &Authorization::default()));
                prop_assert!(location.bytes().all(|b| b.is_ascii_graphic()));
                let (_, query) = location.split_once('?').unwrap();
                let read: Vec<_> = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "state").collect();
                prop_assert_eq!(read.len(), 1);
                prop_assert_eq!(&read[0].1, &state);
            }
        }
    }

    const BEGUN: Begun<'_> = Begun { state: "s t+", issuer: Some(ISSUER), names_issuer: true };

    fn answer(query: &str, begun: &Begun<'_>) -> Result<String, AuthorizationAnswerError> {
        AuthorizationAnswer::parse(query.as_bytes(), begun).map(|answer| answer.code.expose().to_owned())
    }

    /// B-11, B-12, RFC 9207 section 2.4.
    #[test]
    fn an_answer_is_believed_only_for_the_login_and_the_issuer_that_it_belongs_to() {
        let (good, other) = ("code=C&state=s%20t%2B&iss=https%3A%2F%2Fid.example", "https://evil.example");
        assert_eq!(answer(good, &BEGUN).as_deref(), Ok("C"));
        assert_eq!(
            answer("state=s+t%2B&code=C", &Begun { names_issuer: false, ..BEGUN }).as_deref(),
            Ok("C")
        );
        for (query, error) in [
            ("code=C&iss=https%3A%2F%2Fid.example", AuthorizationAnswerError::State),
            ("code=C&state=s&iss=https%3A%2F%2Fid.example", AuthorizationAnswerError::State),
            ("error=access_denied&state=x", AuthorizationAnswerError::State),
            ("code=C&state=s%20t%2B", AuthorizationAnswerError::Issuer),
            (&format!("code=C&state=s%20t%2B&iss={other}"), AuthorizationAnswerError::Issuer),
            (&format!("error=x&state=s%20t%2B&iss={other}"), AuthorizationAnswerError::Issuer),
            (&format!("{good}&code=D"), AuthorizationAnswerError::Malformed),
            (&format!("{good}&state="), AuthorizationAnswerError::Malformed),
            (&format!("{good}&error=x"), AuthorizationAnswerError::Malformed),
            (&good.replace("code=C", ""), AuthorizationAnswerError::Malformed),
            (&good.replace("code=C", "code=%0A"), AuthorizationAnswerError::Malformed),
            (&good.replace("code=C", "code=%ff"), AuthorizationAnswerError::Malformed),
        ] {
            assert_eq!(answer(query, &BEGUN), Err(error), "{query}");
        }
    }

    /// RFC 6749 section 4.1.2.1.
    #[test]
    fn a_refusal_is_told_in_one_line_that_ends_with_what_to_do() {
        let begun = Begun { names_issuer: false, ..BEGUN };
        let refused = |query: &str| answer(&format!("state=s%20t%2B&{query}"), &begun).unwrap_err();
        assert_eq!(
            refused("error=access_denied&error_description=a%0D%0Ab%1B").to_string(),
            "the provider refused the login: access_denied (a b); correct that, and begin the login anew"
        );
        let AuthorizationAnswerError::Refused { error, .. } = refused("error=login_required") else {
            panic!()
        };
        assert_eq!(error, WireError::Code(crate::error_code::ErrorCode::LoginRequired));
    }

    proptest! {
        #[test]
        fn what_a_server_answers_its_client_reads(code in "[ -~]{1,60}", state in "\\PC{1,40}", refuse: bool) {
            let rules = Authorization { response: vec![ResponseParameter::Scope], ..Authorization::default() };
            let target = target("https://app.example/cb?a=b", ResponseMode::Query, Some(&state));
            let scope = Scope::parse("openid a").unwrap();
            let begun = Begun { state: &state, issuer: Some(ISSUER), names_issuer: true };
            let said = if refuse {
                AuthorizationResponse::error(&target, ISSUER, &rules, Rule::ConsentRefused.into())
            } else {
                let success = Success { code: &code, scope: &scope, session_state: None };
                AuthorizationResponse::success(&target, ISSUER, &rules, &success)
            };
            let location = location(said);
            let query = location.split_once('?').unwrap().1.as_bytes();
            match AuthorizationAnswer::parse(query, &begun) {
                Ok(answer) => {
                    prop_assert!(!refuse);
                    prop_assert_eq!(answer.code.expose(), code);
                    prop_assert_eq!(answer.scope.as_deref(), Some("openid a"));
                }
                Err(AuthorizationAnswerError::Refused { error, .. }) => {
                    prop_assert!(refuse);
                    prop_assert_eq!(error.as_str(), "access_denied");
                }
                Err(error) => prop_assert!(false, "{}", error),
            }
        }

        #[test]
        fn no_bytes_make_the_clients_reader_fail(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(AuthorizationAnswer::parse(&bytes, &BEGUN).is_err());
        }
    }
}
