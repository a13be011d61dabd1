//! What goes over the socket, both ways: one type per message, read and written here.

use crate::engine::Fingerprint;
use chancela_core::dpop::target_uri;
use chancela_core::scope::Scope;
use chancela_core::secret::{Secret, from_hex};
use http::{HeaderName, HeaderValue, Method, Uri};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The version of every message. A later one adds members and takes none away.
pub const FORMAT_VERSION: u32 = 1;
/// Largest request body in bytes.
pub(super) const MAX_REQUEST: usize = 64 * 1024;
/// How long a caller waits if it does not say.
const USUAL_TIMEOUT: u32 = 30;
/// Longest time that a caller waits, in seconds.
const LONGEST_TIMEOUT: u32 = 300;
/// Most bytes of a resource's address.
const MAX_RESOURCE: usize = 2048;

/// What a caller wants a token for: the body of `POST /v1/token`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The provider's name in the agent's configuration.
    pub provider: String,
    /// Another scope than the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Another resource server than the configured one (RFC 8707).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Least life in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_ttl: Option<u32>,
    /// Seconds to wait for a token that is not there yet: 30 if absent, at most 300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
    /// The fingerprint of a token that an API has refused, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<String>,
    /// The method of the call that the token is for; GET if absent. For a token that is bound to a key (RFC 9449).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The whole address of that call. A bound token's headers are good for one call alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What the API's last answer had as `DPoP-Nonce`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_nonce: Option<String>,
}

/// The one call that a bound token's headers are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: Uri,
    pub(super) nonce: Option<HeaderValue>,
}

impl Ask {
    /// A token of a provider, as it is configured.
    pub fn of(provider: impl Into<String>) -> Self {
        Self { provider: provider.into(), ..Self::default() }
    }

    /// Reads a request. The error names the member and never its value.
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        let ask: Self = serde_json::from_slice(body).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => {
                format!("line {} column {}: not a member, or not of its type", error.line(), error.column())
            }
            _ => format!("line {} column {}: not JSON", error.line(), error.column()),
        })?;
        if let Some(scope) = &ask.scope {
            Scope::parse(scope).map_err(|_| "scope: words of RFC 6749 section 3.3, separated by spaces")?;
        }
        if ask.resource.as_ref().is_some_and(|resource| {
            resource.is_empty()
                || resource.len() > MAX_RESOURCE
                || !resource.bytes().all(|b| b.is_ascii_graphic())
        }) {
            return Err("resource: an absolute address (RFC 8707 section 2)".into());
        }
        if ask.rejected.is_some() && ask.rejected().is_none() {
            return Err("rejected: a fingerprint, 16 hexadecimal digits".into());
        }
        if ask.url.is_none() && (ask.method.is_some() || ask.dpop_nonce.is_some()) {
            return Err("url: method and dpop_nonce are those of a call, whose address is missing".into());
        }
        if ask.url.is_some() && ask.call().is_none() {
            return Err("url, method, dpop_nonce: a whole address, an HTTP method, a header's value".into());
        }
        Ok(ask)
    }

    /// The call that the token is for.
    pub(super) fn call(&self) -> Option<Call> {
        let url: Uri = self.url.as_deref()?.parse().ok()?;
        target_uri(&url)?;
        let method = self.method.as_deref().unwrap_or("GET").parse().ok()?;
        let nonce = self.dpop_nonce.as_deref().map(HeaderValue::from_str).transpose().ok()?;
        Some(Call { method, url, nonce })
    }

    /// The token that an API has refused.
    pub(super) fn rejected(&self) -> Option<Fingerprint> {
        from_hex::<8>(self.rejected.as_deref()?).map(Fingerprint::from_bytes)
    }

    /// How long the caller waits.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(self.timeout.unwrap_or(USUAL_TIMEOUT).min(LONGEST_TIMEOUT).into())
    }
}

/// A token, as a program gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The provider.
    pub provider: String,
    /// The token.
    pub access_token: Secret,
    /// `token_type`, where the provider says one.
    pub token_type: Option<String>,
    /// Seconds that the token and those that go along with it are good for. 0: for one call.
    pub expires_in: u64,
    /// By which the token is told from another one, in hexadecimal.
    pub fingerprint: String,
    /// What an API call carries, the values marked sensitive.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Parameters that its address has.
    pub query: Vec<(String, Secret)>,
}

#[derive(Serialize)]
pub(super) struct WrittenToken<'a> {
    pub(super) format_version: u32,
    pub(super) provider: &'a str,
    pub(super) access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token_type: Option<&'a str>,
    pub(super) expires_in: u64,
    pub(super) fingerprint: String,
    pub(super) headers: serde_json::Map<String, serde_json::Value>,
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub(super) query: serde_json::Map<String, serde_json::Value>,
}

// A later agent may say more than this client knows.
#[derive(Deserialize)]
struct ReadToken {
    provider: String,
    access_token: String,
    token_type: Option<String>,
    expires_in: u64,
    fingerprint: String,
    headers: BTreeMap<String, String>,
    #[serde(default)]
    query: BTreeMap<String, String>,
}

impl Token {
    /// Reads an answer. `None` if it is none.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let read: ReadToken = serde_json::from_slice(body).ok()?;
        let headers = read.headers.iter().map(|(name, value)| {
            let mut value = HeaderValue::from_str(value).ok()?;
            value.set_sensitive(true);
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
        });
        let query = read.query.into_iter().map(|(name, value)| (name, Secret::new(value)));
        Some(Self {
            headers: headers.collect::<Option<_>>()?,
            query: query.collect(),
            provider: read.provider,
            access_token: Secret::new(read.access_token),
            token_type: read.token_type,
            expires_in: read.expires_in,
            fingerprint: read.fingerprint,
        })
    }
}

/// How everything stands that a caller may see: the body of `GET /v1/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReport {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// All providers of the configuration, in the order of their names.
    pub providers: Vec<ProviderStatus>,
}

/// How a provider stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderStatus {
    /// Its name.
    pub provider: String,
    /// Its client certificate, if it has one and was used already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateStatus>,
    /// Its tokens, those that somebody has asked for.
    pub tokens: Vec<TokenStatus>,
}

/// How a client certificate stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateStatus {
    /// Seconds since the epoch at which it ends.
    pub ends_at: i64,
    /// Why the files as they are now are not used, if they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// How a token stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenStatus {
    /// The token endpoint.
    pub step: String,
    /// The scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The resource server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The token's, if there is one that may be handed out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Seconds that it is good for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<i64>,
    /// Seconds until it is renewed; 0 if that is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renews_in: Option<i64>,
    /// Seconds since the epoch at which the session ends, if there is one that does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_ends_at: Option<i64>,
    /// Whether somebody is logged in.
    pub has_session: bool,
    /// Whether a renewal is under way.
    pub is_renewing: bool,
    /// Whether a refresh was sent and never answered.
    pub is_uncertain: bool,
    /// Calls of the endpoint that are left, if it has a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_left: Option<usize>,
    /// Why no attempt is made for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<TroubleStatus>,
}

/// Why no attempt is made for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroubleStatus {
    /// The engine's reason.
    pub reason: String,
    /// Seconds until the next attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<i64>,
    /// What the provider said, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

/// Whole seconds of milliseconds that are left: rounded up, for whoever waits.
pub(super) const fn seconds_up(millis: i64) -> i64 {
    millis.saturating_add(999).div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_strictly_and_its_error_repeats_nothing() {
        let whole = br#"{"provider":"a","scope":"x y","resource":"https://r","min_ttl":60,"timeout":5,"rejected":"00112233445566ff"}"#;
        let ask = Ask::parse(whole).unwrap();
        assert_eq!((ask.min_ttl, ask.patience()), (Some(60), Duration::from_secs(5)));
        assert!(ask.rejected().is_some());
        assert_eq!(Ask::parse(&serde_json::to_vec(&ask).unwrap()).unwrap(), ask);
        for wrong in [
            "",
            "{}",
            "[]",
            "null",
            "planted",
            r#"{"provider":"a"}x"#,
            r#"{"provider":"a","planted":1}"#,
            r#"{"provider":"a","provider":"planted"}"#,
            r#"{"provider":["planted"]}"#,
            r#"{"provider":"a","min_ttl":-1}"#,
            r#"{"provider":"a","min_ttl":1.5}"#,
            r#"{"provider":"a","timeout":"planted"}"#,
            r#"{"provider":"a","scope":"planted\n"}"#,
            r#"{"provider":"a","resource":"planted x"}"#,
            r#"{"provider":"a","rejected":"planted"}"#,
            r#"{"provider":"a","rejected":""}"#,
            r#"{"provider":"a","method":"planted"}"#,
            r#"{"provider":"a","dpop_nonce":"planted"}"#,
            r#"{"provider":"a","url":"/planted"}"#,
            r#"{"provider":"a","url":"https://planted@a.example/"}"#,
            r#"{"provider":"a","url":"https://a.example","method":"planted "}"#,
            r#"{"provider":"a","url":"https://a.example","dpop_nonce":"planted\n"}"#,
        ] {
            let error = Ask::parse(wrong.as_bytes()).unwrap_err();
            assert!(!error.contains("planted"), "{error}");
        }
        let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
        Ask::parse(deep.as_bytes()).unwrap_err();
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_too_strange_to_be_refused(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = Ask::parse(&bytes);
            let _ = Token::parse(&bytes);
        }

        #[test]
        fn what_is_written_is_read_again(
            provider in "\\PC{0,20}",
            scope in proptest::option::of("[!#-~]{1,9}( [!#-~]{1,9}){0,3}"),
            numbers in proptest::prelude::any::<(Option<u32>, Option<u32>)>(),
            rejected in proptest::option::of("[0-9a-f]{16}"),
        ) {
            let scope = scope.map(|scope| scope.replace('\\', ""));
            let url = rejected.as_ref().map(|path| format!("https://a.example/{path}"));
            let ask = Ask { scope, min_ttl: numbers.0, timeout: numbers.1, rejected, url, ..Ask::of(provider) };
            proptest::prop_assert_eq!(Ask::parse(&serde_json::to_vec(&ask).unwrap()), Ok(ask));
        }
    }

    #[test]
    fn nobody_waits_for_ever() {
        let ask = |timeout| Ask { timeout, ..Ask::of("a") }.patience().as_secs();
        assert_eq!((ask(None), ask(Some(0)), ask(Some(u32::MAX))), (30, 0, 300));
    }

    #[test]
    fn an_answer_with_members_of_a_later_version_is_read_and_never_shown() {
        let body = br#"{"format_version":1,"provider":"a","access_token":"planted","expires_in":3,"fingerprint":"00",
            "headers":{"authorization":"Bearer planted"},"later":[1]}"#;
        let token = Token::parse(body).unwrap();
        assert_eq!((token.access_token.expose(), token.headers.len()), ("planted", 1));
        assert!(!format!("{token:?}").contains("planted"));
        assert!(Token::parse(b"{}").is_none() && Token::parse(b"").is_none());
    }
}
