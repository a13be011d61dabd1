//! A fault as it is written: what goes wrong, and with which requests. Scripts and `POST /_sandbox/faults` share this
//! vocabulary, which is closed: a misspelt key is an error that names the allowed ones.

use chancela_core::grant::GrantType;
use chancela_server::control::KeyUrgency;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A fault. Only `kind` is needed; what belongs to other kinds is refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Definition {
    pub(super) kind: Kind,
    /// Requests to this realm; to every realm if absent.
    pub(super) realm: Option<String>,
    /// Requests to this endpoint; to the token endpoint if absent.
    pub(super) endpoint: Option<Endpoint>,
    /// Of a dialect with several token endpoints, the one of this name.
    pub(super) token_endpoint: Option<String>,
    /// Token requests with this grant, whatever the dialect calls it.
    pub(super) grant: Option<GrantType>,
    /// Token requests of this client: its id, or its label in the sandbox's description.
    pub(super) client: Option<String>,
    /// Requests over a connection that shows a client certificate (or none).
    pub(super) client_certificate: Option<bool>,
    /// The first of these requests that it strikes, from 1.
    pub(super) nth: Option<u32>,
    /// How many of them in a row; 1 if absent.
    pub(super) times: Option<u32>,
    /// All of them from then on.
    pub(super) forever: Option<bool>,
    /// Seconds of the sandbox's clock until it looks at requests.
    pub(super) after: Option<u32>,
    /// Seconds of the sandbox's clock for which it then looks at them.
    pub(super) lasts: Option<u32>,
    /// Name of the rule that the request is said to break.
    pub(super) rule: Option<String>,
    pub(super) status: Option<u16>,
    /// Seconds, for the header of this name.
    pub(super) retry_after: Option<u32>,
    /// A page for people if absent.
    pub(super) body: Option<String>,
    pub(super) content_type: Option<String>,
    /// Further header fields.
    pub(super) headers: Option<BTreeMap<String, String>>,
    pub(super) seconds: Option<u32>,
    /// How much of the body goes out; half of it if absent.
    pub(super) bytes: Option<u32>,
    /// So many calls in `window` seconds are good.
    pub(super) calls: Option<u16>,
    pub(super) window: Option<u32>,
    /// Seconds for which every call is refused after one too many.
    pub(super) lock_out: Option<u32>,
    /// Members that the JSON answer gets.
    pub(super) set: Option<Map<String, Value>>,
    /// Members that it loses.
    pub(super) remove: Option<Vec<String>>,
    /// Members whose numbers become strings.
    pub(super) as_text: Option<Vec<String>>,
    pub(super) urgency: Option<KeyUrgency>,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// Before the endpoint: a refusal in the realm's own words.
    Refuse,
    /// Before: an answer as of a gateway.
    Status,
    /// Before: so many calls, then refusals.
    Budget,
    /// Before: no answer, after a while.
    Hang,
    /// Before: no answer, at once.
    Close,
    /// After the endpoint has committed: no answer.
    LoseAnswer,
    /// After: the answer comes late.
    Delay,
    /// After: the body drips.
    SlowBody,
    /// After: the body breaks off.
    Truncate,
    /// After: another body.
    Replace,
    /// After: other members.
    Edit,
    /// An event before the request: other signing keys.
    RotateKeys,
    /// An event before the request: time passes.
    AdvanceClock,
    /// Handshakes instead of requests: the server's certificate has expired.
    ExpiredCertificate,
}

/// Where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Endpoint {
    Token,
    Jwks,
    Metadata,
    Introspection,
    Revocation,
    Userinfo,
    Resource,
    Verification,
    Authorization,
    Certificates,
    Registration,
    Authority,
    /// Whichever it is.
    Any,
}

/// Keys that say which requests are struck, and those of them that make sense for handshakes.
const REQUESTS: [&str; 11] = [
    "realm",
    "endpoint",
    "token_endpoint",
    "grant",
    "client",
    "client_certificate",
    "nth",
    "times",
    "forever",
    "after",
    "lasts",
];
const HANDSHAKES: [&str; 5] = ["nth", "times", "forever", "after", "lasts"];

impl Kind {
    /// The keys that it takes beside those of [`REQUESTS`].
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Refuse => &["rule", "retry_after"],
            Self::Status => &["status", "retry_after", "body", "content_type", "headers"],
            Self::Budget => &["calls", "window", "lock_out"],
            Self::Hang | Self::Delay | Self::SlowBody | Self::AdvanceClock => &["seconds"],
            Self::Close | Self::LoseAnswer | Self::ExpiredCertificate => &[],
            Self::Truncate => &["bytes"],
            Self::Replace => &["status", "body", "content_type", "headers"],
            Self::Edit => &["set", "remove", "as_text"],
            Self::RotateKeys => &["urgency"],
        }
    }

    /// Its name in scripts.
    pub(super) fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
    }
}

impl Definition {
    /// The members that are there.
    pub(super) fn members(&self) -> Map<String, Value> {
        let Ok(Value::Object(mut members)) = serde_json::to_value(self) else { return Map::new() };
        members.retain(|_, value| !value.is_null());
        members
    }

    /// Checks that every key belongs to the kind, and that those about grants and clients belong to the endpoint.
    pub(super) fn check_keys(&self) -> Result<(), String> {
        let common: &[&str] = match self.kind {
            Kind::ExpiredCertificate => &HANDSHAKES,
            // It counts for itself.
            Kind::Budget => &REQUESTS[..6],
            _ => &REQUESTS,
        };
        let own = self.kind.keys();
        for key in self.members().keys().filter(|key| *key != "kind") {
            if !own.contains(&key.as_str()) && !common.contains(&key.as_str()) {
                let all: Vec<&str> = own.iter().chain(common).copied().collect();
                let kind = self.kind.name();
                return Err(format!("`{key}` does not belong to `{kind}`, which takes {}", all.join(", ")));
            }
        }
        let about_tokens = self.token_endpoint.is_some() || self.grant.is_some() || self.client.is_some();
        if about_tokens && self.endpoint.is_some_and(|endpoint| endpoint != Endpoint::Token) {
            return Err(
                "`token_endpoint`, `grant` and `client` are of token requests; leave `endpoint` out".into()
            );
        }
        if self.nth == Some(0) || self.times == Some(0) {
            return Err("`nth` and `times` count from 1".into());
        }
        if self.forever == Some(true) && self.times.is_some() {
            return Err("`times` and `forever` exclude each other; leave one out".into());
        }
        Ok(())
    }
}
