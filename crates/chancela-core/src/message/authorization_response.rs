//! The authorization response (RFC 6749 §4.1.2, RFC 9207, OAuth 2.0 Form Post Response Mode) and its errors.
//!
//! Only a [`RedirectTarget`] is ever answered to, and only a checked request has one. A success gets no fragment, though
//! RFC 9700 §4.1.3 would have a `#_`: single-page applications route by it, and a client of this server reads no fragment
//! (there is no implicit grant), so one that a browser carries over means nothing. Dialects that end errors in one do.

use super::authorization_request::append;
use crate::authorization::{RedirectTarget, ResponseMode};
use crate::dialect::{Authorization, ResponseParameter};
use crate::rejection::Rejection;
use crate::scope::Scope;

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
        let joint = match uri.split_once('?') {
            None => "?",
            Some((_, own)) if own.is_empty() || own.ends_with('&') => "",
            Some(_) => "&",
        };
        let (mark, fragment) = fragment.map_or(("", ""), |fragment| ("#", fragment));
        Self::Redirect([uri, joint, &query, mark, fragment].concat())
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
}
