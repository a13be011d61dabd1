//! Configuration: one TOML file, read against a closed vocabulary. Secrets never stand in it, only the files that hold
//! them. Every error names the line and says what to do.

mod key_file;
mod listen;

pub use key_file::read_key_file;
pub use listen::{Listen, ListenMutualTls, ListenTls, ListenUnix};

pub use crate::certificate_authority::config::{AuthorityConfig, MutualTlsConfig};
use crate::realm::RealmPlan;
use chancela_core::dialect::{Library, TokenFormat, line_of, survey};
use chancela_core::jose::JwsAlgorithm;
use chancela_core::security_profile::SecurityProfile;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

/// The whole file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of everything that the server keeps.
    pub data: PathBuf,
    /// File with the key-encryption key; `<data>/kek` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kek_file: Option<PathBuf>,
    /// Folder with dialect files beside those of the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialects: Option<PathBuf>,
    /// Addresses.
    #[serde(default)]
    pub listen: Listen,
    /// Where records are kept.
    #[serde(default)]
    pub store: StoreConfig,
    /// Logs.
    #[serde(default)]
    pub log: Log,
    /// Connections to others.
    #[serde(default)]
    pub outbound: Outbound,
    /// Realms by name.
    pub realm: BTreeMap<String, RealmConfig>,
}

/// Where records are kept: in SQLite in the data folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// Where the rows of reference tokens (UUID, hexadecimal, opaque) are.
    pub access_tokens: AccessTokens,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { access_tokens: AccessTokens::Durable }
    }
}

/// Where the rows of reference tokens are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokens {
    /// On disk before the answer, with everything else.
    Durable,
    /// In memory: they die with the process, and their clients must ask for new ones. Everything else stays durable.
    DangerMemory,
}

/// Logs, on standard error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Form of a line.
    pub format: LogFormat,
    /// Filter as in `info` or `chancela_server=debug`.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Human, filter: "info".into() }
    }
}

/// Form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Connections that the server makes: logout deliveries, documents of clients.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outbound {
    /// PEM file with roots that are trusted beside the machine's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Ports that may be connected to beside the scheme's.
    pub ports: Vec<u16>,
    /// Allows loopback and private networks, hosts written as addresses, and any port. Link-local addresses (machines'
    /// metadata) stay out of reach.
    pub danger_allow_private_addresses: bool,
    /// Allows http.
    pub danger_allow_http: bool,
}

/// One issuer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RealmConfig {
    /// The issuer URL: scheme, host, port and path prefix; every URL of the realm derives from it.
    pub issuer: String,
    /// The dialect's name.
    pub dialect: String,
    /// The dialect's environment; its only one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What is allowed at all.
    #[serde(default)]
    pub security_profile: SecurityProfile,
    /// `aud` of JWT access tokens; the issuer if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Lifetime of access tokens in seconds, instead of the environment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_lifetime: Option<u32>,
    /// Lifetime of refresh tokens in seconds, instead of the environment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token_lifetime: Option<u32>,
    /// Format of access tokens, instead of the dialect's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_format: Option<TokenFormat>,
    /// Algorithm of JWT access tokens, instead of the dialect's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_algorithm: Option<JwsAlgorithm>,
    /// Scopes beside the dialect's.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Tenants, where the dialect's paths have a tenant.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// The realm's name for people, on its pages; the dialect's title if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Resource servers that a request may name (`resource`, RFC 8707), as absolute URIs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// Seconds for which a browser stays logged in.
    #[serde(default = "twelve_hours")]
    pub session_lifetime: u32,
    /// Client certificates. None if absent: then no client of the realm authenticates with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtls: Option<MutualTlsConfig>,
    /// A certificate authority of the realm's own, for client certificates. None if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_authority: Option<AuthorityConfig>,
    /// Whether the dialect's documented limit on token requests is enforced.
    #[serde(default)]
    pub rate_limit: bool,
    /// Allows an `http` issuer that is not on this machine's loopback.
    #[serde(default)]
    pub danger_http_issuer: bool,
}

const fn twelve_hours() -> u32 {
    12 * 3600
}

/// Why a configuration cannot be used; the text ends with what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

impl Config {
    /// Reads a file's text; `path` is for messages.
    ///
    /// # Errors
    /// [`ConfigError`] naming the line.
    pub fn parse(path: &str, text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| {
            let line = line_of(text, &error);
            ConfigError(format!("{path}:{line}: {}", error.message()))
        })
    }

    /// Checks what the vocabulary alone cannot refuse.
    ///
    /// # Errors
    /// [`ConfigError`] for the first thing that is wrong.
    pub fn check(&self, library: &Library) -> Result<(), ConfigError> {
        if self.realm.is_empty() {
            return Err(ConfigError("there is no realm; add a table [realm.<name>]".into()));
        }
        self.listen.check()?;
        let asks = self.listen.mtls.is_some() || self.listen.client_certificate_header.is_some();
        if let Some((name, _)) = self.realm.iter().find(|(_, realm)| realm.mtls.is_some() && !asks) {
            return Err(ConfigError(format!(
                "realm.{name}.mtls: nobody asks for client certificates; add [listen.mtls], or \
                 [listen.client_certificate_header] for a proxy that does"
            )));
        }
        for (name, realm) in &self.realm {
            realm
                .check(name, library)
                .map_err(|ConfigError(text)| ConfigError(format!("realm.{name}: {text}")))?;
        }
        self.check_places()
    }

    /// A request's host and path say which realm it is for, so no two realms share both, whichever of their URLs it is: a
    /// router has both where a proxy passes certificates on.
    fn check_places(&self) -> Result<(), ConfigError> {
        let mut taken: BTreeMap<(String, String), (&str, &str)> = BTreeMap::new();
        for (name, realm) in &self.realm {
            let mtls = realm.mtls.as_ref().map(|mtls| ("mtls.url", &mtls.url));
            for (key, url) in [("issuer", &realm.issuer)].into_iter().chain(mtls) {
                let Issuer { authority, path, secure: _ } = Issuer::parse(url)?;
                let (other, its) = *taken.entry((authority, path)).or_insert((name.as_str(), key));
                if other != name {
                    return Err(ConfigError(format!(
                        "realm.{name}: {key}: is the place of realm.{other}'s {its} too; give each realm a host or a \
                         path of its own"
                    )));
                }
            }
        }
        Ok(())
    }
}

impl RealmConfig {
    fn check(&self, name: &str, library: &Library) -> Result<(), ConfigError> {
        let wrong = |text: String| Err(ConfigError(text));
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if name.is_empty() || !name.bytes().all(plain) {
            return wrong("a realm's name has lower-case letters, digits and - only".into());
        }
        let issuer = Issuer::parse(&self.issuer)?;
        if !issuer.secure && !issuer.is_loopback() && !self.danger_http_issuer {
            return wrong(
                "issuer: must be https; behind a proxy that ends TLS it is the proxy's https URL".into(),
            );
        }
        if let Some(mtls) = &self.mtls {
            mtls.check(self.certificate_authority.is_some())?;
        }
        if let Some(authority) = &self.certificate_authority {
            authority.check()?;
        }
        let dialect =
            library.load(&self.dialect).map_err(|error| ConfigError(format!("dialect: {error}")))?;
        let unsupported = survey::unsupported(&dialect);
        if let Some(first) = unsupported.first() {
            return wrong(format!("dialect: {first}; choose another dialect for now"));
        }
        let environments: Vec<&str> = dialect.environments.keys().map(String::as_str).collect();
        match &self.environment {
            Some(own) if !environments.contains(&own.as_str()) => {
                return wrong(format!("environment: must be one of {}", environments.join(", ")));
            }
            None if environments.len() > 1 => {
                return wrong(format!("environment: is missing; choose one of {}", environments.join(", ")));
            }
            _ => {}
        }
        let forbidden = self.security_profile.forbids(&dialect, self.certificate_authority.is_some());
        if !forbidden.is_empty() {
            return wrong(format!(
                "security_profile {:?} forbids what the dialect documents ({}); if the partners need it, set \
                 security_profile = \"legacy\"",
                self.security_profile.as_str(),
                forbidden.join(", ")
            ));
        }
        RealmPlan::new(name, self, library)?;
        Ok(())
    }
}

/// The parts of an issuer URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// Whether the scheme is https.
    pub secure: bool,
    /// Host and port as in a `Host` header.
    pub authority: String,
    /// Path prefix: empty, or starting with `/` and not ending with it.
    pub path: String,
}

impl Issuer {
    /// Reads an issuer URL.
    ///
    /// # Errors
    /// [`ConfigError`] if it has a query, a fragment, user information or a path that is not canonical.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let wrong =
            || ConfigError(format!("issuer: {text:?} is not a URL such as https://login.example.com/bank"));
        let uri: http::Uri = text.parse().map_err(|_| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?.as_str().to_ascii_lowercase();
        let path = uri.path().trim_end_matches('/').to_owned();
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let canonical = uri.query().is_none()
            && !text.contains('#')
            && !authority.contains('@')
            && !text.ends_with('/')
            && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~".contains(&b))
            && !path.contains("//")
            && path.split('/').all(|segment| segment != "." && segment != "..");
        if canonical { Ok(Self { secure, authority, path }) } else { Err(wrong()) }
    }

    /// Whether the host is this machine's loopback.
    pub fn is_loopback(&self) -> bool {
        let authority: Option<http::uri::Authority> = self.authority.parse().ok();
        let host = authority.as_ref().map_or("", |authority| authority.host());
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}
