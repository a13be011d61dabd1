//! What an operator should know of a dialect before a realm speaks it: what is unsafe, and what is not served yet.

use super::{CertificateValue, ClaimValue, Dialect, KeyOrigin, RefreshPolicy, TokenEndpoint, TokenFormat};
use crate::client_auth::Method;
use crate::grant::GrantType;

/// Parts of a dialect that can be written down and are not served by this server yet, each as a sentence. A realm of
/// such a dialect does not start: half a contract is worse than none.
pub fn unsupported(dialect: &Dialect) -> Vec<String> {
    let mut out = Vec::new();
    if dialect.device_authorization.is_some() {
        out.push("the device authorization endpoint is not served yet".to_owned());
    }
    for endpoint in &dialect.token_endpoints {
        let mut missing =
            |what: &str| out.push(format!("token endpoint {:?}: {what} is not served yet", endpoint.name));
        if endpoint.client_authentication.methods.contains(&Method::PrivateKeyJwt) {
            missing("client authentication by assertion");
        }
        if endpoint.client_authentication.api_key_header.is_some() {
            missing("an API key header");
        }
        if endpoint.refresh.policy == RefreshPolicy::Uses {
            missing("a refresh token with a number of uses");
        }
        if has_users(endpoint) && !names_its_grant(endpoint) {
            missing(
                "a user's JWT without a claim token_id or client_id, which could not be revoked with its grant,",
            );
        }
        let self_contained = matches!(endpoint.token.format, TokenFormat::Jwt | TokenFormat::Sealed);
        if self_contained && dialect.is_earlier_step(&endpoint.name) {
            missing("a first step whose token has no row");
        }
    }
    out
}

/// Whether users get tokens at the endpoint.
fn has_users(endpoint: &TokenEndpoint) -> bool {
    let grants = endpoint.request.grants.values().chain(&endpoint.request.default_grant);
    grants.map(|grant| grant.grant_type()).any(|grant| grant != GrantType::ClientCredentials)
}

/// Whether a JWT of the endpoint says to which grant and client it belongs. The form counts whatever the format: a realm
/// may choose JWT.
fn names_its_grant(endpoint: &TokenEndpoint) -> bool {
    let says = |value| endpoint.token.jwt.claims.iter().any(|claim| claim.value == Some(value));
    says(ClaimValue::TokenId) && says(ClaimValue::ClientId)
}

/// Everything in a dialect that is spelled `danger_…`, as paths.
pub fn dangers(dialect: &Dialect) -> Vec<String> {
    let mut out = Vec::new();
    let authorization = &dialect.authorization;
    for (present, what) in [
        (authorization.danger_redirect_uri_prefix, "danger_redirect_uri_prefix"),
        (authorization.danger_pkce_optional, "danger_pkce_optional"),
    ] {
        if present {
            out.push(format!("authorization.{what}"));
        }
    }
    for endpoint in &dialect.token_endpoints {
        let at = |what: &str| format!("token_endpoint.{}.{what}", endpoint.name);
        if endpoint.requires.danger_client_certificate.is_some() {
            out.push(at("requires.danger_client_certificate"));
        }
        if endpoint.token.format == TokenFormat::Jwt
            && endpoint.token.jwt.thumbprint == super::Thumbprint::DangerHex
        {
            out.push(at("token.jwt.thumbprint = danger_hex"));
        }
        for (wire, _) in
            endpoint.request.grants.iter().filter(|(_, grant)| **grant == super::Grant::DangerPassword)
        {
            out.push(at(&format!("request.grants.{wire} = danger_password")));
        }
    }
    out
}

/// The same of the way in which certificates are issued, which concerns realms with a certificate authority alone.
pub fn issuance_dangers(dialect: &Dialect) -> Vec<String> {
    let mut out = Vec::new();
    let issuance = &dialect.certificate_issuance;
    if issuance.key == KeyOrigin::DangerServer {
        out.push("certificate_issuance.key = danger_server".into());
    }
    if issuance.members.iter().any(|member| member.value == CertificateValue::DangerPassphrase) {
        out.push("certificate_issuance.members: danger_passphrase".into());
    }
    if issuance.danger_client_secret_line.is_some() {
        out.push("certificate_issuance.danger_client_secret_line".into());
    }
    out
}
