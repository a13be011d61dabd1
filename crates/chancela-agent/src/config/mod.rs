//! The agent's configuration: one TOML file, read against a closed vocabulary. Secrets never stand in it, only where they
//! are; what the dialect says already need not be said again.

mod dpop;
mod due;
mod enrollment;
mod error;
mod host;
mod login;
mod places;
mod renew;
mod reverse_proxy;
mod serve;
mod value;

pub use dpop::DpopConfig;
pub use due::Program;
pub use enrollment::{EnrollmentConfig, SubjectConfig};
pub use error::ConfigError;
pub use host::{HostConfig, HostName, HostNameError, usual_username};
pub use login::{LoginConfig, Loopback, Redirect};
pub use places::{Kind, Placed};
pub use renew::{BudgetConfig, Percent, Renew, Span};
pub use reverse_proxy::{Listen, Replay401, ReverseProxyConfig};
pub use serve::{AllowConfig, Operation, ServeConfig};
pub use value::{Given, Place};

use crate::source::Source;
use chancela_core::client_auth::Method;
use chancela_core::dialect::line_of;
use chancela_core::jose::JwsAlgorithm;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgentConfig {
    /// Folder with dialect files beside those of the program.
    pub dialects: Option<PathBuf>,
    /// Where tokens rest; in memory alone if absent.
    pub cache: Option<CacheConfig>,
    /// How providers are reached.
    pub http: Http,
    /// What the agent's process serves, and to whom.
    pub agent: ServeConfig,
    /// APIs that are passed on with tokens.
    pub reverse_proxy: Vec<ReverseProxyConfig>,
    /// Hosts to which other programs may take a provider's token.
    pub host: BTreeMap<HostName, HostConfig>,
    /// Providers by name.
    pub provider: BTreeMap<String, ProviderConfig>,
}

/// Where tokens rest, sealed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheConfig {
    /// The folder; `chancela` in the folder that `XDG_STATE_HOME` names if absent.
    pub folder: Option<PathBuf>,
    /// The key that seals it.
    pub key: Place,
    /// Keys that sealed it once.
    #[serde(default)]
    pub old_keys: Vec<Place>,
}

/// How providers are reached.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// How long a connection may take.
    pub connect_timeout: Span,
    /// How long an answer may take.
    pub timeout: Span,
    /// `env` for what `HTTPS_PROXY` and `NO_PROXY` say, `none`, or a proxy's address.
    pub proxy: String,
    /// PEM file with certificate authorities that are trusted beside the machine's.
    pub ca: Option<PathBuf>,
}

impl Default for Http {
    fn default() -> Self {
        Self { connect_timeout: Span::seconds(3), timeout: Span::seconds(10), proxy: "env".into(), ca: None }
    }
}

/// A proxy's address may have a password, which is not shown.
impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connect_timeout, timeout, proxy, ca } = self;
        // A password may itself have an `@`; what stands after the last one is the host.
        let shown = proxy.rsplit_once('@').map_or_else(|| proxy.clone(), |(_, host)| format!("***@{host}"));
        f.debug_struct("Http")
            .field("connect_timeout", connect_timeout)
            .field("timeout", timeout)
            .field("proxy", &shown)
            .field("ca", ca)
            .finish()
    }
}

/// A provider, and who we are there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// The dialect; the provider's own name if absent.
    pub dialect: Option<String>,
    /// The dialect's environment; its only one if absent.
    pub environment: Option<String>,
    /// The provider's address, where it is not the environment's.
    pub address: Option<String>,
    /// The dialect's token endpoint, where the rest leaves a choice.
    pub endpoint: Option<String>,
    /// How a token is obtained; `client_credentials` where the endpoint has it.
    pub grant: Option<GrantConfig>,
    /// `client_id`.
    pub client_id: Given,
    /// `client_secret`.
    pub client_secret: Option<Place>,
    /// `token_endpoint_auth_method`; the strongest that fits if absent.
    pub method: Option<Method>,
    /// The key that signs client assertions (`private_key_jwt`): PKCS #8 in PEM, or a private JWK.
    pub client_assertion_key: Option<Place>,
    /// By what name the provider knows that key; the JWK's `kid`, else its thumbprint (RFC 7638), if absent; none if
    /// empty.
    pub client_assertion_kid: Option<String>,
    /// With what it signs; the JWK's `alg`, else what its kind has, if absent.
    pub client_assertion_algorithm: Option<JwsAlgorithm>,
    /// What the provider calls itself in assertions; the token endpoint's address if absent.
    pub client_assertion_audience: Option<String>,
    /// Whether tokens are bound to a key (RFC 9449).
    #[serde(default, deserialize_with = "dpop::either")]
    pub dpop: Option<DpopConfig>,
    /// Scope, separated by spaces; the dialect's own where there is only one.
    pub scope: Option<String>,
    /// The resource server (RFC 8707).
    pub resource: Option<String>,
    /// The tenant in the provider's paths.
    pub tenant: Option<String>,
    /// The user of `danger_password`.
    pub username: Option<Given>,
    /// The password of `danger_password`.
    pub password: Option<Place>,
    /// The application's key, where the provider wants one in a header.
    pub api_key: Option<Place>,
    /// The partner platform's id.
    pub partner_id: Option<Given>,
    /// The partner platform's secret.
    pub partner_secret: Option<Place>,
    /// Values of headers that the token endpoint wants and only the client knows.
    #[serde(default)]
    pub headers: BTreeMap<String, Given>,
    /// What the provider gave to the client beside id and secret and its API wants in each call, by the dialect's names.
    #[serde(default)]
    pub credential: BTreeMap<String, Given>,
    /// Client certificate: PEM with its chain, or PKCS #12.
    pub certificate: Option<Place>,
    /// Its key, where that is elsewhere.
    pub certificate_key: Option<Place>,
    /// What opens either.
    pub certificate_passphrase: Option<Place>,
    /// How the certificate is obtained and renewed.
    pub enrollment: Option<EnrollmentConfig>,
    /// How long before certificate or session end is told of it; 30, 15 and 7 days if absent.
    pub warn_before: Option<Vec<Span>>,
    /// What is run then.
    pub on_due: Option<Program>,
    /// When to renew.
    #[serde(default)]
    pub renew: Renew,
    /// How often the token endpoint may be called; what the provider documents if absent.
    pub budget: Option<BudgetConfig>,
    /// How people log in, where the grant is `authorization_code`.
    pub login: Option<LoginConfig>,
    /// Earlier steps by the name of their token endpoint.
    #[serde(default)]
    pub step: BTreeMap<String, StepConfig>,
}

/// Who we are at an earlier step; the provider's own where it says nothing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepConfig {
    /// `client_id`.
    pub client_id: Option<Given>,
    /// `client_secret`.
    pub client_secret: Option<Place>,
    /// `token_endpoint_auth_method`.
    pub method: Option<Method>,
    /// Scope.
    pub scope: Option<String>,
}

/// How a token is obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantConfig {
    /// For the client itself (RFC 6749 section 4.4).
    ClientCredentials,
    /// For a person who logs in with a browser (RFC 6749 section 4.1), kept by refresh tokens.
    AuthorizationCode,
    /// For a person who logs in at another device (RFC 8628), kept by refresh tokens.
    DeviceCode,
    /// For a person whose password stands in a file (RFC 6749 section 4.3).
    DangerPassword,
}

impl AgentConfig {
    /// Reads a file's text. `path` is how errors call it.
    ///
    /// # Errors
    /// [`ConfigError`], naming file and line.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| ConfigError::Syntax {
            path: path.to_owned(),
            line: line_of(text, &error),
            message: error.message().to_owned(),
        })?;
        let places = config.places();
        let mut inputs = places.iter().filter(|place| *place.source == Source::StandardInput);
        if let (Some(first), Some(second)) = (inputs.next(), inputs.next()) {
            let (first, second) = (first.key.clone(), second.key.clone());
            return Err(ConfigError::SeveralInputs { path: path.to_owned(), first, second });
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        AgentConfig::parse(Path::new("agent.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn a_whole_file_is_read() {
        let config = AgentConfig::parse(
            Path::new("agent.toml"),
            r#"
                [cache]
                key = "file:/etc/chancela/cache.key"

                [http]
                timeout = "20s"

                [provider.one]
                dialect = "two"
                client_id = "env:ID"
                client_secret = "file:/run/secret"
                scope = "a b"
                renew = { ahead = "20%", ahead_max = "1m", hard_margin = 5 }
                budget = { calls = 5, per = "1m", reserve = 1 }
                client_assertion_key = "file:/run/key.pem"
                client_assertion_algorithm = "PS256"
                dpop = { key = "file:/run/dpop.pem" }

                [provider.one.login]
                redirect = "http://127.0.0.1:0/callback"
                parameters = { audience = "api" }

                [provider.one.step.gateway]
                client_id = "literal"

                [provider.two]
                client_id = "literal"
                dpop = true

                [provider.three]
                client_id = "literal"
                dpop = false
            "#,
        )
        .unwrap();
        let one = &config.provider["one"];
        assert!(matches!(one.client_id, Given::From(_)));
        assert!(matches!(one.step["gateway"].client_id, Some(Given::Literal(_))));
        let login = one.login.as_ref().unwrap();
        assert_eq!((login.parameters["audience"].as_str(), &login.prompt), ("api", &None));
        let dpop = |name: &str| {
            config.provider[name].dpop.as_ref().map(|dpop| (dpop.key.is_some(), dpop.danger_bearer))
        };
        assert_eq!(["one", "two", "three"].map(dpop), [Some((true, false)), Some((false, false)), None]);
        assert_eq!(one.client_assertion_algorithm, Some(JwsAlgorithm::Ps256));
        assert_eq!(config.http.timeout.millis(), 20_000);
        assert_eq!(one.renew.policy().ahead_percent, 20);
        assert_eq!(one.renew.policy().hard, 5000);
    }

    #[test]
    fn every_place_is_listed_with_what_stands_there() {
        let text = r#"
            [cache]
            key = "file:/k"
            old_keys = ["env:OLD"]
            [provider.one]
            client_id = "env:ID"
            client_secret = "stdin"
            certificate = "file:/c.pem"
            certificate_key = "file:/c.key"
            headers = { x-a = "env:A", x-b = "text" }
            step.gateway = { client_id = "literal", client_secret = "cmd:vault read" }
        "#;
        let config = AgentConfig::parse(Path::new("agent.toml"), text).unwrap();
        let places = config.places();
        let listed: Vec<_> =
            places.iter().map(|place| format!("{} {} {:?}", place.key, place.source, place.kind)).collect();
        assert_eq!(
            listed,
            [
                "cache.key file:/k Secret",
                "cache.old_keys env:OLD Secret",
                "provider.one.client_id env:ID Known",
                "provider.one.client_secret stdin Secret",
                "provider.one.certificate_key file:/c.key Secret",
                "provider.one.headers.x-a env:A Secret",
                "provider.one.certificate file:/c.pem Certificate",
                "provider.one.step.gateway.client_secret cmd:vault Secret",
            ]
        );
    }

    #[test]
    fn standard_input_is_one_secret() {
        let twice = error("[cache]\nkey = \"stdin\"\n[provider.a]\nclient_id=\"a\"\nclient_secret=\"stdin\"");
        assert!(twice.contains("cache.key and of provider.a.client_secret"), "{twice}");
    }

    #[test]
    fn debug_shows_the_proxy_and_not_its_password() {
        for (proxy, shown) in [
            ("http://user:pa55@proxy.example:3128", "***@proxy.example:3128"),
            ("user:pa@55@proxy.example", "***@proxy.example"),
            ("http://proxy.example", "http://proxy.example"),
        ] {
            let config = AgentConfig::parse(Path::new("agent.toml"), &format!("[http]\nproxy = \"{proxy}\""));
            let config = config.unwrap();
            for text in [format!("{config:?}"), format!("{:#?}", config.http)] {
                assert!(text.contains(&format!("\"{shown}\"")), "{text}");
                assert!(!text.contains("user") && !text.contains("55"), "{text}");
            }
        }
    }

    #[test]
    fn errors_name_the_line_and_never_the_secret() {
        let text = "[provider.a]\nclient_id = \"a\"\nclient_secret = \"hunter2-hunter2\"\n";
        assert!(error(text).starts_with("agent.toml:3: a secret never stands"), "{}", error(text));
        assert!(!error(text).contains("hunter2"));
        let unknown = error("[provider.a]\nclient_id = \"a\"\nsecret = \"x\"\n");
        assert!(unknown.starts_with("agent.toml:3: unknown field `secret`, expected one of"), "{unknown}");
        let redirect = |uri| error(&format!("[provider.a]\nclient_id=\"a\"\nlogin.redirect = \"{uri}\""));
        assert!(
            redirect("http://app.example/").starts_with("agent.toml:3: a redirect is http://127.0.0.1:PORT")
        );
        let dpop = |value| error(&format!("[provider.a]\nclient_id=\"a\"\ndpop = {value}"));
        assert!(
            dpop("{ keys = 1 }").starts_with("agent.toml:3: unknown field `keys`"),
            "{}",
            dpop("{ keys = 1 }")
        );
        assert!(dpop("\"yes\"").contains("expected true, false or a table with `key`"));
        let key = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
        let planted = dpop(&format!("{{ key = \"{key}\" }}"));
        assert!(planted.contains("a secret never stands") && !planted.contains(key));
        assert!(error("[http]\ntimeout = \"10 parsecs\"").contains("30s, 5m, 2h or 30d"));
        assert!(error("[provider.a]\nclient_id=\"a\"\nrenew = { ahead = \"150%\" }").contains("0% to 50%"));
    }
}
