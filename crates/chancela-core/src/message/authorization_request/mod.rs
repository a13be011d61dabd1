//! The authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1) as text: read from a query or a form, and
//! written again, because no server keeps it while the user logs in; every page carries it on. `login` makes
//! one for a client.
//!
//! Nothing in it has been believed yet. What its parameters must be is [`crate::authorization`]'s.

mod login;

pub use login::{Login, LoginError};

use super::body::{MAX_NAME_BYTES, MAX_PARAMETERS, MAX_VALUE_BYTES, form_decode};
use crate::rejection::{Rejection, Rule};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Most bytes of `state`.
pub const MAX_STATE_BYTES: usize = 2048;
/// Most bytes of `nonce`.
pub const MAX_NONCE_BYTES: usize = 512;
/// Most bytes of `login_hint`.
pub const MAX_LOGIN_HINT_BYTES: usize = 256;
/// Most bytes of `ui_locales`.
pub const MAX_UI_LOCALES_BYTES: usize = 128;

/// What stands in a query as itself: the unreserved characters of RFC 3986. A space becomes `%20`, which every reader of
/// queries and forms understands, and not `+`, which only readers of forms do.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A parameter that may be sent more than once (RFC 8707 §2).
const REPEATABLE: &str = "resource";

/// An authorization request: its parameters in order, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthorizationRequest {
    parameters: Vec<(String, String)>,
}

impl AuthorizationRequest {
    /// Reads a query (without the question mark) or a form body. What is sent twice is kept: whether the error may be
    /// told to the client depends on which parameter it is.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(encoded: &[u8]) -> Result<Self, Rejection> {
        let mut parameters = Vec::with_capacity(12);
        for pair in encoded.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            if parameters.len() == MAX_PARAMETERS {
                let most = u32::try_from(MAX_PARAMETERS).unwrap_or(u32::MAX);
                return Err(Rejection::with(Rule::TooManyParameters, most));
            }
            let (name, value) = match pair.iter().position(|b| *b == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &[][..]),
            };
            let decoded = |text| form_decode(text).map_err(|_| Rejection::from(Rule::MalformedQuery));
            let (name, value) = (decoded(name)?.into_owned(), decoded(value)?.into_owned());
            if name.len() > MAX_NAME_BYTES || value.len() > MAX_VALUE_BYTES {
                return Err(Rule::ParameterTooLong.into());
            }
            parameters.push((name, value));
        }
        Ok(Self { parameters })
    }

    /// The first value of a parameter; `None` if it is absent or empty (both mean the same, OAuth 2.1 §3.1).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next().filter(|value| !value.is_empty())
    }

    /// Every value of a parameter, empty ones too.
    pub fn all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.parameters.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that must not be sent twice, not even empty.
    ///
    /// # Errors
    /// [`Rule::DuplicateParameter`].
    pub fn single(&self, name: &str) -> Result<Option<&str>, Rejection> {
        if self.all(name).nth(1).is_some() {
            Err(Rule::DuplicateParameter.into())
        } else {
            Ok(self.get(name))
        }
    }

    /// Whether any parameter that must not be sent twice was (RFC 6749 §3.1).
    pub fn has_duplicates(&self) -> bool {
        let names = self.parameters.iter().map(|(name, _)| name.as_str());
        names.filter(|name| *name != REPEATABLE).any(|name| self.all(name).nth(1).is_some())
    }

    /// Whether the requested scope contains `openid`: then it is OpenID Connect.
    pub fn is_openid(&self) -> bool {
        self.get("scope").is_some_and(|scope| scope.split(' ').any(|token| token == "openid"))
    }

    /// The same request without a parameter.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(own, _)| own != name);
        self
    }

    /// The same request with this one value of a parameter.
    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Self {
        let mut out = self.without(name);
        out.parameters.push((name.to_owned(), value.to_owned()));
        out
    }

    /// The same request in another language (the values of `ui_locales`).
    #[must_use]
    pub fn with_ui_locales(self, locales: &str) -> Self {
        self.with("ui_locales", locales)
    }

    /// The same request with one value less in `prompt`: what is left to do after the user did it.
    #[must_use]
    pub fn without_prompt(self, done: &str) -> Self {
        let Some(prompt) = self.get("prompt") else { return self };
        let left: Vec<&str> = prompt.split(' ').filter(|word| !word.is_empty() && *word != done).collect();
        let left = left.join(" ");
        if left.is_empty() { self.without("prompt") } else { self.with("prompt", &left) }
    }

    /// Writes it as a query, without the question mark. Empty parameters are left out, because they say nothing; what
    /// was sent twice stays, so that it is refused again.
    pub fn to_query(&self) -> String {
        let mut out = String::with_capacity(512);
        for (name, value) in &self.parameters {
            if !value.is_empty() || self.all(name).nth(1).is_some() {
                append(&mut out, name, value);
            }
        }
        out
    }
}

/// What stands between a URI and the query that is added to it.
pub(super) fn joint(uri: &str) -> &'static str {
    match uri.split_once('?') {
        None => "?",
        Some((_, own)) if own.is_empty() || own.ends_with('&') => "",
        Some(_) => "&",
    }
}

/// Appends one parameter to a query.
pub(super) fn append(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    query.extend(utf8_percent_encode(name, ENCODED));
    query.push('=');
    query.extend(utf8_percent_encode(value, ENCODED));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> AuthorizationRequest {
        AuthorizationRequest::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_query_is_read_in_every_spelling_that_clients_use() {
        for text in ["scope=a+b&state=", "scope=a%20b&state", "&&scope=a%20b&unknown=1&"] {
            let request = parse(text);
            assert_eq!(request.get("scope"), Some("a b"), "{text}");
            assert_eq!(request.get("state"), None, "an empty parameter counts as absent");
        }
        assert!(parse("scope=profile+openid").is_openid());
        assert!(!parse("scope=openidx").is_openid());
    }

    ///
    #[test]
    fn a_parameter_sent_twice_is_known_even_when_empty() {
        for text in ["a=1&a=1", "a=&a=", "a=1&%61=2"] {
            assert!(parse(text).has_duplicates(), "{text}");
            assert_eq!(parse(text).single("a").unwrap_err().rule, Rule::DuplicateParameter);
        }
        assert!(!parse("resource=a&resource=b").has_duplicates());
        assert!(parse(&parse("a=&a=").to_query()).has_duplicates());
    }

    /// DO-01.
    #[test]
    fn limits_hold() {
        let rule = |text: &str| AuthorizationRequest::parse(text.as_bytes()).unwrap_err().rule;
        let many: Vec<String> = (0..=MAX_PARAMETERS).map(|n| format!("p{n}=1")).collect();
        assert_eq!(rule(&many.join("&")), Rule::TooManyParameters);
        assert_eq!(rule(&format!("{}=1", "n".repeat(65))), Rule::ParameterTooLong);
        assert_eq!(rule(&format!("a={}", "v".repeat(MAX_VALUE_BYTES + 1))), Rule::ParameterTooLong);
        for text in ["a=%zz", "a=%f", "a=%ff"] {
            assert_eq!(rule(text), Rule::MalformedQuery);
        }
    }

    #[test]
    fn a_link_repeats_it_with_a_change() {
        let request = parse("a=1&prompt=login%20consent&ui_locales=en");
        assert_eq!(
            request.clone().with_ui_locales("pt-BR").to_query(),
            "a=1&prompt=login%20consent&ui_locales=pt-BR"
        );
        assert_eq!(request.clone().without_prompt("login").to_query(), "a=1&ui_locales=en&prompt=consent");
        let done = request.without_prompt("login").without_prompt("consent");
        assert_eq!(done.to_query(), "a=1&ui_locales=en");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_fail(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(request) = AuthorizationRequest::parse(&bytes) {
                let written = request.to_query();
                let again = AuthorizationRequest::parse(written.as_bytes()).unwrap();
                prop_assert_eq!(again.to_query(), written);
            }
        }

        /// B-11.
        #[test]
        fn every_value_survives_being_written_and_read(name in "[a-z_]{1,20}", value in ".{1,80}") {
            let request = AuthorizationRequest::default().with(&name, &value);
            let again = parse(&request.to_query());
            prop_assert_eq!(again.get(&name), Some(value.as_str()));
            prop_assert_eq!(again, request);
        }
    }
}
