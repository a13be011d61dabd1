//! Which APIs are passed on with a provider's tokens, where, and how, in the words of the file: `[[reverse_proxy]]`.

use super::Span;
use crate::transport::Target;
use http::{HeaderName, Method};
use serde::{Deserialize, Deserializer, de::Error};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// Most bytes of a body that may be kept for a second sending.
const MOST_KEPT: usize = 16 * 1024 * 1024;
/// Most threads of one proxy.
const MOST_THREADS: usize = 64;

/// An API that is passed on with a provider's tokens.
#[derive(Debug, Clone)]
pub struct ReverseProxyConfig {
    /// Where it listens.
    pub listen: Listen,
    /// The API's address, below which all requests go.
    pub upstream: Target,
    /// Whose tokens, and whose certificate.
    pub provider: String,
    /// Another scope than the provider's configured one.
    pub scope: Option<String>,
    /// Another resource server than the configured one (RFC 8707).
    pub resource: Option<String>,
    /// What is sent again after a 401.
    pub replay_401: Replay401,
    /// Most bytes of a body that is kept for that; a longer one is streamed and never sent twice.
    pub replay_body: usize,
    /// Paths that may be called, with all below them; any if absent.
    pub allow_paths: Option<Vec<String>>,
    /// Methods that may be used; any that is no way to read the token if absent.
    pub allow_methods: Option<Vec<Method>>,
    /// Headers that are taken from requests beside those that are always.
    pub strip: Vec<HeaderName>,
    /// How long a request waits for its token.
    pub token_timeout: Span,
    /// How long a connection to the API may take; what `[http]` says if absent.
    pub connect_timeout: Option<Span>,
    /// How long the API may take from the end of a request to the head of its answer.
    pub response_timeout: Span,
    /// How long a body may pause, and how long unused connections live.
    pub idle_timeout: Span,
    /// Most connections of callers at once.
    pub max_connections: usize,
    /// How many threads serve it.
    pub threads: usize,
}

/// Where a proxy listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A Unix socket, for those whom `[[agent.allow]]` allows `call`.
    Unix(PathBuf),
    /// TCP, for everybody who reaches the address: one of this machine alone, or another that was asked for by name.
    Tcp(SocketAddr),
}

/// Which requests are sent again after a 401 of the API. The token is renewed in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replay401 {
    /// None.
    Never,
    /// Those with a safe method (RFC 9110 section 9.2.1).
    #[default]
    SafeMethods,
    /// Those with a safe method, or with an `Idempotency-Key`.
    IdempotencyKey,
}

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    listen: Address,
    #[serde(default)]
    danger_listen_anywhere: bool,
    upstream: Upstream,
    provider: String,
    scope: Option<String>,
    resource: Option<String>,
    #[serde(default)]
    replay_401: Replay401,
    replay_body: Option<usize>,
    allow_paths: Option<Vec<Prefix>>,
    allow_methods: Option<Vec<Word<Method>>>,
    #[serde(default)]
    strip: Vec<Word<HeaderName>>,
    token_timeout: Option<Span>,
    connect_timeout: Option<Span>,
    response_timeout: Option<Span>,
    idle_timeout: Option<Span>,
    max_connections: Option<usize>,
    threads: Option<usize>,
}

enum Address {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

struct Upstream(Target);
struct Prefix(String);
struct Word<T>(T);

impl<'de> Deserialize<'de> for ReverseProxyConfig {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let own = Written::deserialize(input)?;
        let listen = match own.listen {
            Address::Unix(path) => Listen::Unix(path),
            Address::Tcp(address) if address.ip().is_loopback() || own.danger_listen_anywhere => {
                Listen::Tcp(address)
            }
            Address::Tcp(address) => {
                return Err(D::Error::custom(format_args!(
                    "whoever reaches {address} would call the API in our name; listen at unix:/PATH or 127.0.0.1:PORT, or \
                     say danger_listen_anywhere = true"
                )));
            }
        };
        let within = |key: &str, value: Option<usize>, usual: usize, most: usize| match value.unwrap_or(usual)
        {
            value if value <= most => Ok(value),
            _ => Err(D::Error::custom(format_args!("{key} is {most} at most"))),
        };
        let at_least_one = |key: &str, value: Option<usize>, usual: usize, most: usize| match value {
            Some(0) => Err(D::Error::custom(format_args!("{key} is 1 at least"))),
            other => within(key, other, usual, most),
        };
        Ok(Self {
            listen,
            upstream: own.upstream.0,
            provider: own.provider,
            scope: own.scope,
            resource: own.resource,
            replay_401: own.replay_401,
            replay_body: within("replay_body", own.replay_body, 64 * 1024, MOST_KEPT)?,
            allow_paths: own.allow_paths.map(|all| all.into_iter().map(|prefix| prefix.0).collect()),
            allow_methods: own.allow_methods.map(|all| all.into_iter().map(|method| method.0).collect()),
            strip: own.strip.into_iter().map(|name| name.0).collect(),
            token_timeout: own.token_timeout.unwrap_or(Span::seconds(10)),
            connect_timeout: own.connect_timeout,
            response_timeout: own.response_timeout.unwrap_or(Span::seconds(60)),
            idle_timeout: own.idle_timeout.unwrap_or(Span::seconds(30)),
            max_connections: at_least_one("max_connections", own.max_connections, 512, 65_536)?,
            threads: at_least_one("threads", own.threads, 1, MOST_THREADS)?,
        })
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        if let Some(path) = text.strip_prefix("unix:").map(PathBuf::from).filter(|path| path.is_absolute()) {
            return Ok(Self::Unix(path));
        }
        text.parse().map(Self::Tcp).map_err(|_| D::Error::custom("listen is unix:/PATH or 127.0.0.1:PORT"))
    }
}

impl<'de> Deserialize<'de> for Upstream {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        let target = Target::parse(&text).map_err(D::Error::custom)?;
        // A base that is itself ambiguous would make every path below it so.
        if !crate::reverse_proxy::is_plain_path(target.base_path()) {
            return Err(D::Error::custom("upstream has a path with .. or //; write it without"));
        }
        Ok(Self(target))
    }
}

impl<'de> Deserialize<'de> for Prefix {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        let plain = text.starts_with('/')
            && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#%".contains(&byte))
            && crate::reverse_proxy::is_plain_path(&text);
        match plain {
            true => Ok(Self(text)),
            false => {
                Err(D::Error::custom("a path begins with / and has no query, no % and no ..; write \"/v1\""))
            }
        }
    }
}

impl<'de, T: FromStr> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        text.parse().map(Self).map_err(|_| D::Error::custom("this is no token of RFC 9110 section 5.6.2"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AgentConfig;
    use std::path::Path;

    const BASE: &str = "provider = \"bank\"\nupstream = \"https://api.bank.example/v2\"\n";

    fn read(lines: &str) -> Result<ReverseProxyConfig, String> {
        let text = format!("[[reverse_proxy]]\n{lines}");
        let config = AgentConfig::parse(Path::new("agent.toml"), &text).map_err(|error| error.to_string())?;
        Ok(config.reverse_proxy.into_iter().next().unwrap())
    }

    fn at(listen: &str) -> Result<ReverseProxyConfig, String> {
        read(&format!("listen = \"{listen}\"\n{BASE}"))
    }

    #[test]
    fn a_whole_table_is_read() {
        let text = r#"
            listen = "unix:/run/chancela/bank.sock"
            upstream = "https://api.bank.example/v2"
            provider = "bank"
            scope = "cob.read"
            replay_401 = "idempotency-key"
            replay_body = 1024
            allow_paths = ["/pix", "/cob/"]
            allow_methods = ["GET", "POST"]
            strip = ["X-Internal"]
            response_timeout = "2m"
            threads = 2
        "#;
        let config = read(text).unwrap();
        assert_eq!(config.listen, Listen::Unix("/run/chancela/bank.sock".into()));
        assert_eq!((config.replay_401, config.replay_body), (Replay401::IdempotencyKey, 1024));
        assert_eq!(config.strip, [HeaderName::from_static("x-internal")]);
        assert_eq!(config.allow_methods, Some(vec![Method::GET, Method::POST]));
        assert_eq!((config.threads, config.response_timeout.millis()), (2, 120_000));
        let usual = at("127.0.0.1:0").unwrap();
        assert_eq!((usual.replay_401, usual.replay_body), (Replay401::SafeMethods, 65_536));
    }

    #[test]
    fn only_this_machine_reaches_it_unless_somebody_says_so_by_name() {
        for own in ["127.0.0.1:80", "[::1]:80", "127.9.9.9:1", "unix:/a"] {
            at(own).unwrap();
        }
        for open in ["0.0.0.0:80", "[::]:80", "10.0.0.1:80", "[::ffff:127.0.0.1]:80"] {
            let told = at(open).unwrap_err();
            assert!(told.contains("danger_listen_anywhere = true"), "{told}");
            read(&format!("listen = \"{open}\"\ndanger_listen_anywhere = true\n{BASE}")).unwrap();
        }
        for nothing in ["", "unix:", "unix:relative", "localhost:80", "127.0.0.1", "/run/a.sock"] {
            let told = at(nothing).unwrap_err();
            assert!(told.starts_with("agent.toml:2: listen is unix:/PATH"), "{nothing}: {told}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_line() {
        let more = |line: &str| read(&format!("listen = \"127.0.0.1:0\"\n{BASE}{line}")).unwrap_err();
        for (line, words) in [
            ("strips = []", "unknown field `strips`"),
            ("strip = [\"a b\"]", "no token of RFC 9110"),
            ("allow_paths = [\"pix\"]", "begins with /"),
            ("allow_paths = [\"/a/../b\"]", "begins with /"),
            ("allow_methods = [\"G T\"]", "no token of RFC 9110"),
            ("replay_401 = \"always\"", "unknown variant `always`"),
            ("idle_timeout = \"10 parsecs\"", "30s, 5m, 2h or 30d"),
        ] {
            let told = more(line);
            assert!(told.starts_with("agent.toml:5: ") && told.contains(words), "{line}: {told}");
        }
        assert!(more("threads = 0").contains("threads is 1 at least"));
        assert!(more("replay_body = 99999999").contains("16777216 at most"));
        let upstream = |address: &str| {
            read(&format!("listen = \"127.0.0.1:0\"\nprovider = \"a\"\nupstream = \"{address}\""))
                .unwrap_err()
        };
        assert!(upstream("http://api.bank.example").contains("not https"));
        assert!(upstream("https://user:pa55@api.bank.example").contains("user name"));
        assert!(upstream("https://api.bank.example/a/%2e%2e/b").contains("write it without"));
    }
}
