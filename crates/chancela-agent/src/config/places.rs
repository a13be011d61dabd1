//! Every place that a configuration names: where secrets are, and what else is read from elsewhere.
//!
//! The tables are taken apart whole, so that a new key cannot be forgotten here: who starts another program takes these
//! places out of its environment, and who examines a configuration reads each of them.

use super::{
    AgentConfig, CacheConfig, DpopConfig, EnrollmentConfig, Given, Place, ProviderConfig, StepConfig,
};
use crate::source::Source;

/// A place, and what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<'a> {
    /// The key of the file that names it, as `provider.NAME.client_secret`.
    pub key: String,
    /// The place.
    pub source: &'a Source,
    /// What stands there.
    pub kind: Kind,
}

/// What stands in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What nobody else may know.
    Secret,
    /// What is no secret in itself, as a client's id.
    Known,
    /// A certificate, perhaps with its key beside it.
    Certificate,
}

impl AgentConfig {
    /// All places, the cache's first.
    pub fn places(&self) -> Vec<Placed<'_>> {
        let Self { dialects: _, cache, http: _, agent: _, reverse_proxy: _, host: _, provider } = self;
        let mut out = Vec::new();
        if let Some(CacheConfig { folder: _, key, old_keys }) = cache {
            out.push(secret("cache.key".to_owned(), key));
            out.extend(old_keys.iter().map(|key| secret("cache.old_keys".to_owned(), key)));
        }
        out.extend(provider.iter().flat_map(|(name, provider)| provider.places(name)));
        out
    }
}

impl ProviderConfig {
    /// The places of the provider that has this name.
    pub fn places(&self, name: &str) -> Vec<Placed<'_>> {
        let Self {
            dialect: _,
            environment: _,
            address: _,
            endpoint: _,
            grant: _,
            client_id,
            client_secret,
            method: _,
            scope: _,
            resource: _,
            tenant: _,
            username,
            password,
            api_key,
            partner_id,
            partner_secret,
            headers,
            credential,
            certificate,
            certificate_key,
            certificate_passphrase,
            renew: _,
            budget: _,
            login: _,
            client_assertion_key,
            client_assertion_kid: _,
            client_assertion_algorithm: _,
            client_assertion_audience: _,
            dpop,
            enrollment,
            warn_before: _,
            on_due: _,
            step,
        } = self;
        let key = |own: &str| format!("provider.{name}.{own}");
        let known = [("client_id", Some(client_id)), ("username", username.as_ref())];
        let known = known.into_iter().chain([("partner_id", partner_id.as_ref())]);
        let mut out: Vec<_> =
            known.filter_map(|(own, given)| elsewhere(key(own), given?, Kind::Known)).collect();
        let secrets = [
            ("client_secret", client_secret),
            ("password", password),
            ("api_key", api_key),
            ("partner_secret", partner_secret),
            ("certificate_key", certificate_key),
            ("certificate_passphrase", certificate_passphrase),
            ("client_assertion_key", client_assertion_key),
        ];
        out.extend(secrets.into_iter().filter_map(|(own, place)| Some(secret(key(own), place.as_ref()?))));
        for (table, values) in [("headers", headers), ("credential", credential)] {
            let values = values.iter();
            out.extend(
                values.filter_map(|(own, given)| {
                    elsewhere(key(&format!("{table}.{own}")), given, Kind::Secret)
                }),
            );
        }
        out.extend(certificate.as_ref().map(|place| Placed {
            key: key("certificate"),
            source: &place.0,
            kind: Kind::Certificate,
        }));
        if let Some(DpopConfig { key: Some(place), danger_bearer: _ }) = dpop {
            out.push(secret(key("dpop.key"), place));
        }
        out.extend(enrollment.iter().flat_map(|enrollment| enrollment.places(&key("enrollment"))));
        for (own, step) in step {
            let StepConfig { client_id, client_secret, method: _, scope: _ } = step;
            let key = |member: &str| key(&format!("step.{own}.{member}"));
            out.extend(client_id.as_ref().and_then(|id| elsewhere(key("client_id"), id, Kind::Known)));
            out.extend(client_secret.as_ref().map(|place| secret(key("client_secret"), place)));
        }
        out
    }
}

impl EnrollmentConfig {
    fn places(&self, table: &str) -> Vec<Placed<'_>> {
        let Self {
            client_id,
            client_secret,
            token,
            endpoint: _,
            address: _,
            certificate_address: _,
            organization,
            subject: _,
            lifetime: _,
            renew_before: _,
        } = self;
        let key = |own: &str| format!("{table}.{own}");
        let known = [("client_id", client_id), ("organization", organization)];
        let known = known.into_iter().filter_map(|(own, given)| Some((own, given.as_ref()?)));
        let known = known.filter_map(|(own, given)| elsewhere(key(own), given, Kind::Known));
        let secrets = [("client_secret", client_secret), ("token", token)];
        let secrets = secrets.into_iter().filter_map(|(own, place)| Some(secret(key(own), place.as_ref()?)));
        known.chain(secrets).collect()
    }
}

fn secret(key: String, place: &Place) -> Placed<'_> {
    Placed { key, source: &place.0, kind: Kind::Secret }
}

fn elsewhere(key: String, given: &Given, kind: Kind) -> Option<Placed<'_>> {
    Some(Placed { key, source: given.source()?, kind })
}
