//! Header fields on their way through: which end here, and which are the proxy's alone to set.
//!
//! Owns what RFC 9110 section 7.6.1 says of intermediaries, and that no caller decides what stands in a header that the
//! provider's calls carry, in whatever spelling. Trailer fields never pass (section 6.5.1 allows that): what is a header to
//! somebody behind them would not have been looked at here.

use http::header::{
    ALT_SVC, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, EXPECT, HOST,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Fields that end at each connection, whether `Connection` names them or not.
static HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Fields that are of the whole way whatever `Connection` says: a caller who takes them away decides what the API reads, or
/// whether it may read it twice.
static OF_MESSAGES: [HeaderName; 5] =
    [HOST, CONTENT_LENGTH, CONTENT_TYPE, CONTENT_ENCODING, HeaderName::from_static("idempotency-key")];

/// Fields of requests that are never passed on: credentials, and what was meant for the proxy. Cookies are credentials too,
/// and those of a loopback address belong to all programs that listen there.
static OF_REQUESTS: [HeaderName; 4] = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, EXPECT];

/// Fields of answers that are never passed on: a cookie would be set for all programs of the loopback address, and the others
/// speak of the connection to the API.
static OF_ANSWERS: [HeaderName; 3] = [SET_COOKIE, PROXY_AUTHENTICATE, ALT_SVC];

/// By which some servers choose another path or method than the request line's. What may be sent twice and what is allowed is
/// judged by that line.
const OVERRIDES: [&str; 6] = [
    "x-original-url",
    "x-rewrite-url",
    "x-original-uri",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// Names of fields that are taken away.
#[derive(Debug)]
pub(super) struct Taken {
    names: Vec<HeaderName>,
    /// Lengths of the names: most fields are told from all of them by theirs.
    lengths: u64,
}

impl Taken {
    fn new(names: Vec<HeaderName>) -> Self {
        let lengths = names.iter().fold(0, |lengths, name| lengths | bit(name));
        Self { names, lengths }
    }

    /// What is taken from all answers.
    pub(super) fn from_answers() -> Self {
        Self::new(HOP_BY_HOP.iter().chain(&OF_ANSWERS).cloned().collect())
    }

    /// Takes them, and what `Connection` names.
    pub(super) fn take(&self, fields: &mut HeaderMap) {
        let is_taken = |name: &&HeaderName| self.lengths & bit(name) != 0 && self.names.contains(name);
        let found: Vec<HeaderName> = fields.keys().filter(is_taken).cloned().collect();
        if found.contains(&CONNECTION) {
            let named: Vec<HeaderName> = options(fields).filter_map(|name| name.parse().ok()).collect();
            for name in named.iter().filter(|name| !OF_MESSAGES.contains(name)) {
                fields.remove(name);
            }
        }
        for name in found {
            fields.remove(name);
        }
    }
}

/// A name's length as one of 64 bits.
fn bit(name: &HeaderName) -> u64 {
    1 << (name.as_str().len() % 64)
}

/// What is taken from one proxy's requests.
#[derive(Debug)]
pub(super) struct Stripping {
    taken: Taken,
}

impl Stripping {
    /// What is always taken, and `more`.
    pub(super) fn new(more: &[HeaderName]) -> Self {
        let mut names: Vec<HeaderName> = HOP_BY_HOP.iter().chain(&OF_REQUESTS).cloned().collect();
        names.extend(more.iter().cloned());
        names.extend(OVERRIDES.map(HeaderName::from_static));
        Self { taken: Taken::new(names) }
    }

    /// Makes a caller's fields the API's: what ends here is gone, and `own` stand alone under their names.
    pub(super) fn request(&self, fields: &mut HeaderMap, own: &[(HeaderName, HeaderValue)]) {
        self.taken.take(fields);
        // A value of ours replaces all of a caller's.
        for (name, value) in own {
            fields.insert(name, value.clone());
        }
        self.remove_look_alikes(fields, own);
    }

    /// Many servers take `_` for `-`, and some every other character: `Client_Id` must not stand beside `Client-Id`.
    fn remove_look_alikes(&self, fields: &mut HeaderMap, own: &[(HeaderName, HeaderValue)]) {
        let is_odd =
            |name: &HeaderName| name.as_str().bytes().any(|b| !b.is_ascii_alphanumeric() && b != b'-');
        let own_is_odd = own.iter().any(|(name, _)| is_odd(name));
        if !own_is_odd && !fields.keys().any(is_odd) {
            return;
        }
        let ours = |name: &HeaderName| own.iter().any(|(own, _)| own == name);
        let alike = |name: &HeaderName| {
            let own = own.iter().map(|(name, _)| name).chain([&CONTENT_LENGTH]);
            let mut taken = self.taken.names.iter().chain(own);
            !ours(name) && taken.any(|one| one != name && looks_like(name, one))
        };
        let alike: Vec<HeaderName> = fields.keys().filter(|name| alike(name)).cloned().collect();
        for name in alike {
            fields.remove(&name);
        }
    }
}

/// What `Connection` names.
fn options(fields: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = fields.get_all(CONNECTION).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|name| !name.is_empty())
}

/// Whether two names are one to a server that takes every character but letters and digits for the same.
fn looks_like(one: &HeaderName, other: &HeaderName) -> bool {
    let (one, other) = (one.as_str().as_bytes(), other.as_str().as_bytes());
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(a, b)| a == b || !a.is_ascii_alphanumeric() && !b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map(fields: &[(&str, &str)]) -> HeaderMap {
        let mut out = HeaderMap::new();
        for (name, value) in fields {
            out.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        out
    }

    fn own() -> Vec<(HeaderName, HeaderValue)> {
        let field = |name, value| (HeaderName::from_static(name), HeaderValue::from_static(value));
        vec![
            field("authorization", "Bearer ours"),
            field("access_token", "gateway"),
            field("client-id", "us"),
        ]
    }

    fn passed(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut fields = map(fields);
        Stripping::new(&[HeaderName::from_static("x-internal")]).request(&mut fields, &own());
        let mut out: Vec<_> = fields
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .filter(|(name, _)| own().iter().all(|(own, _)| own != name.as_str()))
            .collect();
        out.sort();
        for (name, value) in own() {
            let all: Vec<_> = fields.get_all(&name).iter().collect();
            assert_eq!(all, [&value], "{name} is ours alone");
        }
        out
    }

    #[test]
    fn no_spelling_of_a_header_of_ours_passes_beside_it() {
        let smuggled = [
            ("Authorization", "Bearer theirs"),
            ("AUTHORIZATION", "Basic theirs"),
            ("Proxy-Authorization", "Basic theirs"),
            ("Proxy_Authorization", "Basic theirs"),
            ("Access-Token", "theirs"),
            ("ACCESS_TOKEN", "theirs"),
            ("access.token", "theirs"),
            ("client_id", "theirs"),
            ("Client-Id", "theirs"),
            ("Client-Id", "twice"),
            ("Cookie", "session=theirs"),
            ("X-Internal", "1"),
            ("x_internal", "1"),
            ("X-HTTP-Method-Override", "DELETE"),
            ("X-Original-URL", "/admin"),
            ("x_original_url", "/admin"),
            ("Transfer_Encoding", "chunked"),
            ("Content_Length", "7"),
        ];
        assert_eq!(passed(&smuggled), []);
    }

    #[test]
    fn fields_of_a_connection_end_with_it_and_others_pass() {
        let fields = [
            ("Connection", "close, X-Hop"),
            ("Connection", "keep-alive,, x-other ,Authorization,Client-Id"),
            ("Connection", "Host, Idempotency-Key, Content-Type"),
            ("Idempotency-Key", "1"),
            ("Content-Type", "a/b"),
            ("X-Hop", "1"),
            ("X-Other", "1"),
            ("Keep-Alive", "timeout=5"),
            ("Proxy-Connection", "keep-alive"),
            ("TE", "trailers"),
            ("Trailer", "authorization"),
            ("Transfer-Encoding", "chunked"),
            ("Upgrade", "h2c"),
            ("HTTP2-Settings", "AAMAAABk"),
            ("Expect", "100-continue"),
            ("Accept", "a"),
            ("Accept", "b"),
            ("x_request_id", "1"),
            ("X-Forwarded-For", "10.0.0.1"),
        ];
        let out = passed(&fields);
        let names: Vec<_> = out.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            names,
            [
                ("accept", "a"),
                ("accept", "b"),
                ("content-type", "a/b"),
                ("idempotency-key", "1"),
                ("x-forwarded-for", "10.0.0.1"),
                ("x_request_id", "1")
            ]
        );
    }

    #[test]
    fn answers_lose_what_speaks_of_another_connection_and_cookies() {
        let mut fields = map(&[
            ("Connection", "X-Hop"),
            ("X-Hop", "1"),
            ("Set-Cookie", "a=b"),
            ("Set-Cookie", "c=d"),
            ("Alt-Svc", "h3=\":443\""),
            ("Content-Type", "a/b"),
            ("WWW-Authenticate", "Bearer"),
        ]);
        Taken::from_answers().take(&mut fields);
        assert_eq!(fields, map(&[("Content-Type", "a/b"), ("WWW-Authenticate", "Bearer")]));
    }

    proptest! {
        #[test]
        fn whatever_a_caller_sends_the_headers_of_ours_have_our_values_alone(
            fields in prop::collection::vec(
                (
                    prop::sample::select(vec![
                        "authorization", "Authorization", "access_token", "access-token", "access.token", "client-id",
                        "client_id", "client~id", "connection", "x-a", "cookie", "proxy_authorization",
                    ]),
                    prop::sample::select(vec!["theirs", "close", "authorization", "access_token, client-id", "x-a"]),
                ),
                0..12,
            ),
        ) {
            for (name, value) in passed(&fields) {
                prop_assert!(name == "x-a" && !value.is_empty(), "{name}: {value}");
            }
        }
    }
}
