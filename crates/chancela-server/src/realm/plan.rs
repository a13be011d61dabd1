//! What configuration alone says of a realm, before its keys are there.

use super::{Realm, RealmEndpoint, client_authentication, longest_lifetime};
use crate::browser::cookies::Cookies;
use crate::certificate_authority::CertificateAuthority;
use crate::certificate_authority::config::AuthorityConfig;
use crate::certificate_authority::keys::Identity;
use crate::config::{ConfigError, Issuer, RealmConfig};
use crate::directory::Directory;
use crate::key_ring::KeySet;
use crate::key_ring::schedule;
use crate::metrics::RealmMetrics;
use crate::trust::Trust;
use arc_swap::ArcSwap;
use chancela_core::authentication::webauthn::RelyingParty;
use chancela_core::dialect::{Dialect, Library, ScopeMeaning};
use chancela_core::issuance::Policy;
use chancela_core::pepper::Pepper;
use chancela_core::token::reference;
use std::sync::Arc;

/// What configuration alone says of a realm, before its keys are there.
#[derive(Debug)]
pub struct RealmPlan {
    /// Its name.
    pub name: String,
    dialect: Arc<Dialect>,
    environment: String,
    location: Issuer,
    mtls_location: Option<Issuer>,
    config: RealmConfig,
    /// Token endpoints with the realm's own choices applied.
    pub endpoints: Vec<RealmEndpoint>,
}

impl RealmPlan {
    /// Applies a realm's configuration to its dialect.
    ///
    /// # Errors
    /// [`ConfigError`] if the two do not fit.
    pub fn new(name: &str, config: &RealmConfig, library: &Library) -> Result<Self, ConfigError> {
        let wrong = |text: String| ConfigError(text);
        let dialect = library.load(&config.dialect).map_err(|error| wrong(format!("dialect: {error}")))?;
        let environment = config.environment.clone().or_else(|| dialect.environments.keys().next().cloned());
        let environment = environment.unwrap_or_default();
        let mut endpoints = Vec::new();
        for place in dialect.token_endpoints.iter().enumerate() {
            let endpoint = RealmEndpoint::new(&dialect, place, &environment, config);
            let format = endpoint.dialect.token.format;
            if let Err(limit) = reference::check_lifetime(format, endpoint.access_token_lifetime) {
                return Err(wrong(format!(
                    "access_token_lifetime: must be from 1 to {limit} seconds for its format"
                )));
            }
            endpoints.push(endpoint);
        }
        let location = Issuer::parse(&config.issuer).map_err(|error| wrong(error.0))?;
        let mtls_location = match &config.mtls {
            Some(mtls) => {
                Some(Issuer::parse(&mtls.url).map_err(|error| wrong(format!("mtls.url: {}", error.0)))?)
            }
            None => None,
        };
        let config = config.clone();
        Ok(Self { name: name.to_owned(), dialect, environment, location, mtls_location, config, endpoints })
    }

    /// How long keys live in this realm, as far as its own lifetimes go.
    pub fn key_policy(&self) -> schedule::Policy {
        schedule::Policy::for_longest_token(longest_lifetime(&self.endpoints))
    }

    /// Name, places and rules of the realm's certificate authority, if it has one.
    pub fn authority(&self) -> Option<(AuthorityConfig, Identity, Policy)> {
        let config = self.config.certificate_authority.clone()?;
        let rules = &self.dialect.certificate_issuance;
        let url = config.url.clone().unwrap_or_else(|| self.config.issuer.clone());
        let paths = &self.dialect.endpoints;
        let title = self.config.title.as_ref().unwrap_or(&self.dialect.title);
        let identity = Identity {
            realm: self.name.clone(),
            organization: config.organization.clone().unwrap_or_else(|| title.clone()),
            country: config.country.clone(),
            external_root: config.external_root,
            files_url: format!("{url}{}", paths.authority),
            ocsp_url: format!("{url}{}", paths.ocsp),
        };
        let policy = Policy {
            max_valid: config.max_valid.unwrap_or(rules.max_valid),
            lifetime: u32::from(config.lifetime_days.unwrap_or(rules.max_lifetime_days)) * 86_400,
            max_per_hour: config.max_per_hour,
            approval: config.approval,
        };
        Some((config, identity, policy))
    }

    /// What the realm's configuration says of client certificates, with the files that it names.
    ///
    /// # Errors
    /// [`ConfigError`] for the first file that cannot be used.
    pub fn trust(&self) -> Result<Trust, ConfigError> {
        Trust::new(self.config.mtls.clone())
    }

    /// The realm with its keys and certificates.
    pub fn open(
        self,
        (pepper, keys): (Pepper, KeySet),
        (trust, certificate_authority): (Trust, Option<CertificateAuthority>),
        metrics: RealmMetrics,
    ) -> Realm {
        let Self { name, dialect, environment, location, mtls_location, config, endpoints } = self;
        let directory = Directory::default();
        for (scope, meaning) in &dialect.scopes {
            directory.put_scope(scope, meaning.clone());
        }
        for scope in &config.scopes {
            directory.put_scope(scope, ScopeMeaning::Text(String::new()));
        }
        Realm {
            audience: config.audience.unwrap_or_else(|| config.issuer.clone()),
            tenants: config.tenants,
            relying_party: RelyingParty::of_issuer(
                &config.issuer,
                config.title.as_deref().unwrap_or(&dialect.title),
            ),
            title: config.title.unwrap_or_else(|| dialect.title.clone()),
            resources: config.resources,
            session_lifetime: config.session_lifetime,
            cookies: Cookies::new(&name, location.secure),
            issuer: config.issuer,
            client_authentication: client_authentication(&endpoints, false),
            revocation_authentication: client_authentication(&endpoints, true),
            mtls_location,
            trust,
            certificate_authority,
            name,
            dialect,
            environment,
            location,
            endpoints,
            pepper,
            keys: ArcSwap::from_pointee(keys),
            directory,
            metrics,
        }
    }
}
