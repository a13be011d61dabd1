//! Authorization server metadata (RFC 8414 §2, RFC 9207 §3) and OpenID Connect Discovery 1.0 (§3): one document for both.
//! Every URL derives from the configured issuer, never from a request (requirement A-13), and nothing is listed that the
//! server would refuse.

use crate::openid::claims;
use serde::Serialize;

/// The metadata document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "each field is the RFC 8414 member of the same name")]
pub struct ServerMetadata {
    pub issuer: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
    pub scopes_supported: Vec<String>,
    pub response_types_supported: Vec<&'static str>,
    pub grant_types_supported: Vec<&'static str>,
    pub token_endpoint_auth_methods_supported: Vec<&'static str>,
    pub introspection_endpoint: String,
    pub introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    pub revocation_endpoint: String,
    pub revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_endpoint: Option<String>,
    /// Whether tokens can be bound to certificates (RFC 8705 §3.3).
    pub tls_client_certificate_bound_access_tokens: bool,
    /// The endpoints at which clients show certificates (RFC 8705 §5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtls_endpoint_aliases: Option<EndpointAliases>,
    /// What a realm has more in which users log in.
    #[serde(flatten)]
    pub openid: Option<OpenIdMetadata>,
}

/// Endpoints on the listener that asks for client certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "each field is the RFC 8414 member of the same name")]
pub struct EndpointAliases {
    pub token_endpoint: String,
    pub introspection_endpoint: String,
    pub revocation_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_endpoint: Option<String>,
}

/// Members of a realm in which users log in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(
    missing_docs,
    reason = "each field is the member of the same name in RFC 8414, RFC 9207 or OpenID Connect"
)]
pub struct OpenIdMetadata {
    pub authorization_endpoint: String,
    pub userinfo_endpoint: String,
    pub end_session_endpoint: String,
    pub response_modes_supported: [&'static str; 2],
    pub code_challenge_methods_supported: [&'static str; 1],
    pub authorization_response_iss_parameter_supported: bool,
    pub subject_types_supported: [&'static str; 2],
    pub id_token_signing_alg_values_supported: Vec<&'static str>,
    pub userinfo_signing_alg_values_supported: Vec<&'static str>,
    pub acr_values_supported: [&'static str; 3],
    pub prompt_values_supported: [&'static str; 4],
    pub claim_types_supported: [&'static str; 1],
    pub claims_supported: Vec<&'static str>,
    pub claims_parameter_supported: bool,
    pub request_parameter_supported: bool,
    pub request_uri_parameter_supported: bool,
    pub ui_locales_supported: [&'static str; 2],
    pub backchannel_logout_supported: bool,
    pub backchannel_logout_session_supported: bool,
    pub frontchannel_logout_supported: bool,
    pub frontchannel_logout_session_supported: bool,
}

impl OpenIdMetadata {
    /// What is the same in every realm, at the URLs of one, which signs with `algorithms`.
    pub fn new(
        authorization_endpoint: String,
        userinfo_endpoint: String,
        end_session_endpoint: String,
        algorithms: Vec<&'static str>,
    ) -> Self {
        let own = ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"];
        let users = claims::SCOPES.iter().flat_map(|(_, claims)| claims.iter().copied());
        Self {
            authorization_endpoint,
            userinfo_endpoint,
            end_session_endpoint,
            response_modes_supported: ["query", "form_post"],
            code_challenge_methods_supported: ["S256"],
            authorization_response_iss_parameter_supported: true,
            subject_types_supported: ["public", "pairwise"],
            userinfo_signing_alg_values_supported: algorithms.clone(),
            id_token_signing_alg_values_supported: algorithms,
            acr_values_supported: ["urn:chancela:acr:1fa", "urn:chancela:acr:2fa", "phr"],
            prompt_values_supported: ["none", "login", "consent", "select_account"],
            claim_types_supported: ["normal"],
            claims_supported: own.into_iter().chain(users).collect(),
            claims_parameter_supported: true,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            ui_locales_supported: ["pt-BR", "en"],
            backchannel_logout_supported: true,
            backchannel_logout_session_supported: true,
            frontchannel_logout_supported: true,
            frontchannel_logout_session_supported: true,
        }
    }
}
