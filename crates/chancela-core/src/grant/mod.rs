//! Grants: one file per `grant_type`. Each decides, from a well-formed request, an authenticated client and facts, what
//! may be issued: an [`Approval`]. Issuing it is [`crate::token::issue`]'s, the one place that makes tokens.

pub mod authorization_code;
pub mod binding;
pub mod chain;
pub mod client_credentials;
pub mod password;
pub mod refresh_token;
pub mod requested_scope;

use crate::effect::Effect;
use crate::entropy::EntropyError;
use crate::id::GrantId;
use crate::record::{Client, Revocation, Revoked};
use crate::rejection::{Rejection, Rule};
use crate::scope::Scope;
use crate::x509::Confirmation;
use serde::{Deserialize, Serialize};

/// What a grant means, whatever a dialect calls it on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 6749 §4.1.
    AuthorizationCode,
    /// RFC 6749 §6.
    RefreshToken,
    /// RFC 6749 §4.3, only where a dialect documents it (`danger_password`).
    Password,
}

impl GrantType {
    /// The registered `grant_type` value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::Password => "password",
        }
    }
}

/// Permission to issue one access token. Not `Clone`: a decision is taken once.
#[derive(Debug)]
pub struct Approval {
    /// Granted scope.
    pub scope: Scope,
    /// The resource owner; `None` where the client acts for itself.
    pub subject: Option<Box<str>>,
    /// Tenant of the resource owner or client.
    pub tenant: Option<Box<str>>,
    /// The certificate that the token is bound to.
    pub certificate: Option<Confirmation>,
    /// The grant that the token belongs to.
    pub grant: Option<GrantId>,
    /// The resource server that the token is for; the realm's audience if `None`.
    pub audience: Option<Box<str>>,
    /// The user's tokens issued before this second are dead; 0 where there is no user.
    pub not_before: i64,
}

/// Why a code or a refresh token is refused, and what the refusal changes (a code is burnt, a family revoked).
#[derive(Debug)]
pub struct Refused {
    /// The rule.
    pub rejection: Rejection,
    /// What must be committed before the refusal is sent.
    pub effects: Vec<Effect>,
}

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        Self { rejection, effects: Vec::new() }
    }
}

impl From<Rule> for Refused {
    fn from(rule: Rule) -> Self {
        Rejection::from(rule).into()
    }
}

impl From<EntropyError> for Refused {
    /// No fault of the client's; the server logs its own failures where they happen.
    fn from(_: EntropyError) -> Self {
        Rule::StoreFailed.into()
    }
}

/// What ends a grant: its refresh tokens, and its access tokens as long as one could live.
pub fn revocation(grant: GrantId) -> Vec<Effect> {
    let revocation = Revocation { what: Revoked::Grant(grant), expires_at: grant.expires_at() };
    vec![Effect::RevokeGrant(grant), Effect::Revoke(revocation)]
}

impl Approval {
    /// For the resource server that the token request names: the one that was granted, or one of the realm's where none
    /// was (RFC 8707 §2.2).
    ///
    /// # Errors
    /// [`Rule::UnknownResource`].
    pub fn for_resource(self, resource: Option<&str>, known: &[String]) -> Result<Self, Rejection> {
        let Some(resource) = resource else { return Ok(self) };
        let good = match &self.audience {
            Some(granted) => **granted == *resource,
            None => known.iter().any(|own| own == resource),
        };
        if good {
            Ok(Self { audience: Some(resource.into()), ..self })
        } else {
            Err(Rule::UnknownResource.into())
        }
    }
}

/// Refuses a grant that the client is not registered for (requirement F-14).
///
/// # Errors
/// [`Rule::UnauthorizedGrantType`].
pub fn registered(client: &Client, grant: GrantType) -> Result<(), Rejection> {
    if client.may_use(grant) { Ok(()) } else { Err(Rule::UnauthorizedGrantType.into()) }
}
