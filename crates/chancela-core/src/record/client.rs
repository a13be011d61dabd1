//! A registered client (RFC 7591 metadata plus this server's own settings).

use super::client_certificate::{CertificateSubject, RegisteredCertificate, Registration};
use crate::client_auth::Method;
use crate::grant::GrantType;
use crate::id::ClientKey;
use crate::jose::JwsAlgorithm;
use crate::scope::Scope;
use crate::secret::SecretDigest;
use serde::{Deserialize, Serialize};

/// A client of one realm. At most two secrets are active at once, so that one can be rotated without an outage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Surrogate key.
    pub key: ClientKey,
    /// The realm's name.
    pub realm: Box<str>,
    /// `client_id` on the wire.
    pub client_id: Box<str>,
    /// A person's word for it (RFC 7591 `client_name`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<Box<str>>,
    /// Active secrets, newest first.
    #[serde(default)]
    pub secrets: Vec<ClientSecret>,
    /// The one method that it authenticates with (requirement H-03), or any of the dialect's if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<Method>,
    /// Grants that it may use.
    pub grant_types: Vec<GrantType>,
    /// Scope that it may be granted.
    pub scope: Scope,
    /// Redirect URIs (for the authorization endpoint).
    #[serde(default)]
    pub redirect_uris: Vec<Box<str>>,
    /// What kind of program it is (OpenID Connect Registration §2 `application_type`).
    #[serde(default)]
    pub application_type: ApplicationType,
    /// Whether its authorization requests need a code challenge; the dialect's rule if `None`. Public clients always
    /// need one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_pkce: Option<bool>,
    /// Whether users are asked before it gets their tokens; only for clients of the realm's own operator not.
    #[serde(default = "yes")]
    pub require_consent: bool,
    /// Lifetime of its authorization codes in seconds, instead of the dialect's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_code_lifetime: Option<u32>,
    /// What its refresh tokens do, instead of the dialect's rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token_policy: Option<RefreshTokenPolicy>,
    /// What users are called to it (OpenID Connect Core §8).
    #[serde(default)]
    pub subject_type: SubjectType,
    /// Host whose clients share pairwise subjects; that of the redirect URIs if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector_identifier: Option<Box<str>>,
    /// Algorithm of its ID tokens, instead of the realm's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<JwsAlgorithm>,
    /// Algorithm of its UserInfo answers; they are JSON if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<JwsAlgorithm>,
    /// Seconds since the login after which its users log in again, where the request names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<u32>,
    /// Whether its ID tokens always have `auth_time`. They do anyway.
    #[serde(default)]
    pub require_auth_time: bool,
    /// Where it may send users after a logout (OpenID Connect RP-Initiated Logout §3.1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<Box<str>>,
    /// Where it hears of a session's end from the server (OpenID Connect Back-Channel Logout §2.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<Box<str>>,
    /// Whether it needs `sid` there.
    #[serde(default)]
    pub backchannel_logout_session_required: bool,
    /// Where it hears of a session's end from the browser (OpenID Connect Front-Channel Logout §2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<Box<str>>,
    /// Whether it needs `iss` and `sid` there.
    #[serde(default)]
    pub frontchannel_logout_session_required: bool,
    /// Name of the dialect's token endpoint that it belongs to, where the dialect has several with credentials of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<Box<str>>,
    /// The client of an earlier step whose token must accompany this one's requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chained_to: Option<Box<str>>,
    /// Tenant that it belongs to, in realms that have tenants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Box<str>>,
    /// Lifetime of its access tokens in seconds, instead of the realm's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_lifetime: Option<u32>,
    /// Lifetime of its refresh tokens in seconds, instead of the realm's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token_lifetime: Option<u32>,
    /// What the certificate says that it authenticates with (`tls_client_auth`, RFC 8705 §2.1.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth: Option<CertificateSubject>,
    /// SHA-256 of a certificate authority's certificate, in hexadecimal: only certificates below it are its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_issuer: Option<Box<str>>,
    /// Whether all its access tokens are bound to its certificate (RFC 8705 §3.4).
    #[serde(default)]
    pub tls_client_certificate_bound_access_tokens: bool,
    /// The organization that it belongs to, by the name that the provider gave: the owner of certificates and of clients
    /// that it registers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<Box<str>>,
    /// How it registered itself, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<Registration>,
    /// Certificate that it shows in a header, where a dialect documents that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<RegisteredCertificate>,
    /// Its public keys (RFC 7591 `jwks`), kept as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<serde_json::Value>,
    /// A resource server: may introspect tokens of any client of the realm.
    #[serde(default)]
    pub may_introspect_any: bool,
    /// A partner platform (sent in the dialect's partner header beside the client's own credentials), not a client.
    #[serde(default)]
    pub partner: bool,
    /// Disabled clients get no tokens, and their tokens introspect as inactive.
    pub enabled: bool,
    /// Tokens issued before this second are dead.
    #[serde(default)]
    pub tokens_not_before: i64,
    /// When it was registered, seconds since the epoch.
    pub created_at: i64,
    /// Counts up with each change; the guard of a change.
    pub version: u64,
}

/// What kind of program a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    /// It runs on a server, or in a page of one.
    #[default]
    Web,
    /// It runs on the user's device: loopback redirect URIs may have any port (RFC 8252 §7.3).
    Native,
}

/// What a refresh token does when it is used (requirements.md 0.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshTokenPolicy {
    /// It is not replaced: for clients that authenticate.
    None,
    /// It is replaced by one successor; a replay ends the family.
    Rotate,
    /// It is bound to the client's certificate or key, and not replaced. Without one, there is no refresh token.
    Bound,
}

/// What users are called to a client (OpenID Connect Core §8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    /// The same as to every client.
    #[default]
    Public,
    /// As only the clients of one sector know them.
    Pairwise,
}

const fn yes() -> bool {
    true
}

/// One secret of a client, as a keyed digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSecret {
    /// Digest under the realm's pepper.
    pub digest: SecretDigest,
    /// When it was made, seconds since the epoch.
    pub created_at: i64,
    /// When it stops working, seconds since the epoch; never if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

impl Client {
    /// Algorithms that it is registered with.
    pub fn algorithms(&self) -> impl Iterator<Item = JwsAlgorithm> {
        self.id_token_signed_response_alg.into_iter().chain(self.userinfo_signed_response_alg)
    }

    /// Whether it may use `grant`.
    pub fn may_use(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    /// Whether it is a public client: one that has no credential of its own (RFC 6749 §2.1).
    pub fn is_public(&self) -> bool {
        self.token_endpoint_auth_method == Some(Method::None)
    }
}
