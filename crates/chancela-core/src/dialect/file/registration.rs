//! How clients of a provider register themselves (RFC 7591) with their certificate.

use serde::{Deserialize, Serialize};

/// How clients of a provider register themselves (RFC 7591) with their certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegistrationRules {
    /// Path below the realm's issuer.
    pub path: String,
    /// Name of the member with the client's organization; none if empty.
    pub organization_member: String,
    /// Values of `response_types` that are accepted and mean nothing beside those of the grants.
    pub response_types: Vec<String>,
    /// Name of the token endpoint that registered clients belong to; any if empty.
    pub token_endpoint: String,
    /// Seconds for which the answer says that the registration access token lives. It lives as long as the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_expires_in: Option<u32>,
    /// Members of the answer in order; one without a value is left out.
    pub members: Vec<RegistrationMember>,
}

/// One member of the answer: its name and where its value comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationMember {
    /// Name in the body.
    pub name: String,
    /// Source of the value.
    pub value: RegistrationValue,
}

/// Source of a member's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the RFC 7591, RFC 7592 or RFC 8705 member of the same name")]
pub enum RegistrationValue {
    ClientId,
    ClientIdIssuedAt,
    ClientName,
    GrantTypes,
    RedirectUris,
    ResponseTypes,
    Scope,
    SubjectType,
    TokenEndpointAuthMethod,
    /// The method again, as the only element of an array.
    TokenEndpointAuthMethods,
    /// Whichever `tls_client_auth_…` member it has, under that member's own name if `name` is empty.
    TlsClientAuth,
    TlsClientCertificateBoundAccessTokens,
    RegistrationAccessToken,
    RegistrationAccessTokenExpiresIn,
    RegistrationClientUri,
    /// The organization.
    Organization,
    /// Lifetime of its access tokens in seconds.
    AccessTokenLifetime,
    /// Whether its authorization requests need a code challenge.
    RequirePkce,
}

impl Default for RegistrationRules {
    fn default() -> Self {
        use RegistrationValue as V;
        let member = |(name, value): (&str, V)| RegistrationMember { name: name.into(), value };
        Self {
            path: "/oauth/register".into(),
            organization_member: String::new(),
            response_types: Vec::new(),
            token_endpoint: String::new(),
            access_token_expires_in: None,
            members: [
                ("client_id", V::ClientId),
                ("client_id_issued_at", V::ClientIdIssuedAt),
                ("client_name", V::ClientName),
                ("grant_types", V::GrantTypes),
                ("response_types", V::ResponseTypes),
                ("redirect_uris", V::RedirectUris),
                ("scope", V::Scope),
                ("token_endpoint_auth_method", V::TokenEndpointAuthMethod),
                ("", V::TlsClientAuth),
                ("tls_client_certificate_bound_access_tokens", V::TlsClientCertificateBoundAccessTokens),
                ("registration_access_token", V::RegistrationAccessToken),
                ("registration_client_uri", V::RegistrationClientUri),
            ]
            .map(member)
            .into(),
        }
    }
}
