//! What a realm's configuration says of its certificate authority.

use crate::config::{ConfigError, Issuer, read_key_file};
use chancela_core::issuance::Approval;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// A realm's certificate authority.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthorityConfig {
    /// Name of its organization (`O`) in its certificates; the realm's title if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Its country (`C`), two capital letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Whether a root outside this server signs its certificate: `chancela certificate authority request` makes the
    /// request, `install` takes the answer. Otherwise it makes a root of its own.
    pub external_root: bool,
    /// URL below which its revocation lists, its certificates and its OCSP responder are reached; the issuer's if absent.
    /// Every certificate names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Longest lifetime of a client certificate in days; the dialect's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifetime_days: Option<u16>,
    /// Most valid certificates of one client; the dialect's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_valid: Option<u16>,
    /// Most certificates that one client may ask for within an hour.
    pub max_per_hour: u16,
    /// Who approves a request.
    pub approval: Approval,
    /// Days before a certificate's end on which it is warned of: in the log, as a metric, and at `webhook_url`.
    pub warn_days: Vec<u16>,
    /// Where each warning is posted as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
    /// File with 64 hexadecimal digits: the key of the `Chancela-Signature` header of warnings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_key_file: Option<PathBuf>,
}

impl Default for AuthorityConfig {
    fn default() -> Self {
        Self {
            organization: None,
            country: None,
            external_root: false,
            url: None,
            lifetime_days: None,
            max_valid: None,
            max_per_hour: 5,
            approval: Approval::Automatic,
            warn_days: vec![30, 15, 7],
            webhook_url: None,
            webhook_key_file: None,
        }
    }
}

impl AuthorityConfig {
    /// Reads the key of the signature on warnings.
    ///
    /// # Errors
    /// [`ConfigError`] that names the file.
    pub fn webhook_key(&self, realm: &str) -> Result<Option<Zeroizing<[u8; 32]>>, ConfigError> {
        let key = format!("realm.{realm}.certificate_authority.webhook_key_file");
        self.webhook_key_file.as_deref().map(|file| read_key_file(&key, file)).transpose()
    }
}

/// Client certificates of a realm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MutualTlsConfig {
    /// URL of the realm at the listener that asks for client certificates (`mtls_endpoint_aliases`, RFC 8705 §5).
    pub url: String,
    /// PEM files with authorities whose certificates are believed beside those of the realm's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trust: Vec<PathBuf>,
    /// Files with the revocation lists of those authorities, PEM or DER. They are read again when they change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crls: Vec<PathBuf>,
    /// Whether certificates that no authority issued are of use: for `self_signed_tls_client_auth`, and to bind tokens.
    #[serde(default)]
    pub self_signed: bool,
    /// Scopes that are granted only to tokens that are bound to a certificate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bound_scopes: Vec<String>,
    /// Whether clients may register themselves (RFC 7591) with a certificate of the realm's own authority.
    #[serde(default)]
    pub registration: bool,
}

impl AuthorityConfig {
    /// Checks what the vocabulary alone cannot refuse.
    ///
    /// # Errors
    /// [`ConfigError`] for the first thing that is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        let wrong = |text: &str| Err(ConfigError(format!("certificate_authority.{text}")));
        if self.lifetime_days.is_some_and(|days| !(1..=398).contains(&days)) {
            return wrong("lifetime_days: must be from 1 to 398");
        }
        if self.max_valid.is_some_and(|most| !(1..=20).contains(&most)) {
            return wrong("max_valid: must be from 1 to 20");
        }
        if self.max_per_hour == 0 {
            return wrong("max_per_hour: must be at least 1");
        }
        if let Some(url) = &self.url {
            Issuer::parse(url).map_err(|error| ConfigError(format!("certificate_authority.url: {error}")))?;
        }
        let plain = |country: &String| country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
        if self.country.as_ref().is_some_and(|country| !plain(country)) {
            return wrong("country: must be two capital letters, such as BR");
        }
        if self.webhook_key_file.is_some() && self.webhook_url.is_none() {
            return wrong("webhook_key_file: signs nothing without webhook_url; add it");
        }
        Ok(())
    }
}

impl MutualTlsConfig {
    /// Checks what the vocabulary alone cannot refuse. `authority` says whether the realm has one of its own.
    ///
    /// # Errors
    /// [`ConfigError`] for the first thing that is wrong.
    pub fn check(&self, authority: bool) -> Result<(), ConfigError> {
        let wrong = |text: &str| Err(ConfigError(format!("mtls.{text}")));
        let url = Issuer::parse(&self.url).map_err(|error| ConfigError(format!("mtls.url: {error}")))?;
        if !url.secure {
            return wrong("url: must be https, because certificates are shown in TLS alone");
        }
        if self.registration && !authority {
            return wrong(
                "registration: needs certificates of the realm's own authority; add [realm.<name>.certificate_authority]",
            );
        }
        if !authority && self.trust.is_empty() && !self.self_signed {
            return wrong(
                "trust: is empty, and the realm has no certificate_authority: no certificate would ever be believed; \
                 add one of the two",
            );
        }
        Ok(())
    }
}
