//! What a realm says of itself: the metadata document, all of it from configuration.

use crate::realm::{Realm, RealmEndpoint};
use chancela_core::dialect::{ClientAuthentication, RefreshPolicy};
use chancela_core::grant::GrantType;
use chancela_core::message::server_metadata::{EndpointAliases, OpenIdMetadata, ServerMetadata};

impl Realm {
    /// The metadata document. The token endpoint is the last step's.
    pub fn metadata(&self) -> ServerMetadata {
        let mut methods: Vec<&'static str> = Vec::new();
        let mut grants: Vec<&'static str> = Vec::new();
        let last: Vec<_> = self
            .endpoints
            .iter()
            .filter(|endpoint| !self.dialect.is_earlier_step(&endpoint.dialect.name))
            .collect();
        for endpoint in &last {
            for grant in endpoint.grants() {
                let dead = grant == GrantType::RefreshToken && !has_refresh(endpoint);
                if !dead && !grants.contains(&grant.as_str()) {
                    grants.push(grant.as_str());
                }
            }
            for method in &endpoint.dialect.client_authentication.methods {
                if !methods.contains(&method.as_str()) {
                    methods.push(method.as_str());
                }
            }
        }
        let names =
            |policy: &ClientAuthentication| policy.methods.iter().map(|method| method.as_str()).collect();
        let path = |endpoint: &&RealmEndpoint| endpoint.dialect.paths.first().cloned().unwrap_or_default();
        let paths = &self.dialect.endpoints;
        let public = last.iter().find(|endpoint| !endpoint.dialect.requires.mutual_tls).or(last.first());
        ServerMetadata {
            issuer: self.issuer.clone(),
            token_endpoint: self.url(&public.map(path).unwrap_or_default().replace("/{tenant}", "")),
            jwks_uri: self.url(&paths.jwks),
            scopes_supported: self.directory.scopes().into_iter().map(|(name, _)| name.into()).collect(),
            response_types_supported: if self.has_users() { vec!["code"] } else { Vec::new() },
            grant_types_supported: grants,
            token_endpoint_auth_methods_supported: methods,
            introspection_endpoint: self.url(&paths.introspection),
            introspection_endpoint_auth_methods_supported: names(&self.client_authentication),
            revocation_endpoint: self.url(&paths.revocation),
            revocation_endpoint_auth_methods_supported: names(&self.revocation_authentication),
            // Only where a certificate can be shown.
            registration_endpoint: self.registration_url(),
            tls_client_certificate_bound_access_tokens: self.mtls_location.is_some(),
            mtls_endpoint_aliases: self.aliases(&last),
            openid: self.has_users().then(|| self.openid_metadata()),
        }
    }

    /// Where clients register themselves, if they may.
    pub fn registration_url(&self) -> Option<String> {
        if self.registers() { self.mtls_url(&self.dialect.registration.path) } else { None }
    }

    /// The token endpoint there is the one that is only there, if the dialect has one.
    fn aliases(&self, last: &[&RealmEndpoint]) -> Option<EndpointAliases> {
        let paths = &self.dialect.endpoints;
        let only_there = last.iter().find(|endpoint| endpoint.dialect.requires.mutual_tls);
        let endpoint = only_there.or(last.first())?;
        let path = endpoint.dialect.paths.first()?.replace("/{tenant}", "");
        Some(EndpointAliases {
            token_endpoint: self.mtls_url(&path)?,
            introspection_endpoint: self.mtls_url(&paths.introspection)?,
            revocation_endpoint: self.mtls_url(&paths.revocation)?,
            userinfo_endpoint: if self.has_users() { self.mtls_url(&paths.userinfo) } else { None },
            registration_endpoint: self.registration_url(),
        })
    }

    fn openid_metadata(&self) -> OpenIdMetadata {
        let paths = &self.dialect.endpoints;
        let keys = self.keys.load();
        // What there is a key for is what some client may be registered with, and what is signed.
        let algorithms = self.openid_algorithms().into_iter().filter(|own| keys.signing_key(*own).is_some());
        OpenIdMetadata::new(
            self.url(&paths.authorization),
            self.url(&paths.userinfo),
            self.url(&paths.end_session),
            algorithms.map(|algorithm| algorithm.as_str()).collect(),
        )
    }
}

fn has_refresh(endpoint: &RealmEndpoint) -> bool {
    endpoint.dialect.refresh.policy != RefreshPolicy::None
}
