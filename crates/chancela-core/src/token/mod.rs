//! Access tokens: issuing them in one place and understanding them again.

pub mod authorization_code;
pub mod checksum;
mod issue;
pub mod jwt;
pub mod reference;
pub mod refresh;
pub mod sealed;

pub use issue::{IssueError, Issued, Issuer, issue};

use crate::effect::Effect;
use crate::id::{AccessTokenKey, GrantId, TokenId};
use crate::openid::subject;
use crate::pepper::Pepper;
use crate::record::{AccessToken, Client, Revocation, Revoked};
use crate::time::Timestamp;
use jwt::VerifiedJwt;
use sealed::SealedToken;
use std::sync::Arc;

/// A token that is good now, whatever its format: what introspection answers and a resource server needs.
#[derive(Debug, Clone)]
pub struct ActiveToken {
    /// By what the store knows it.
    pub place: TokenPlace,
    /// `jti`, where the token has one.
    pub token_id: Option<Box<str>>,
    /// Who asked for it.
    pub client: Arc<Client>,
    /// Granted scope as in the token.
    pub scope: Arc<str>,
    /// The resource owner by their own subject, whatever the client calls them; `None` where the client acts for itself.
    pub subject: Option<Box<str>>,
    /// Tenant, where the token or its client names one.
    pub tenant: Option<Box<str>>,
    /// The grant that it belongs to.
    pub grant: Option<GrantId>,
    /// Audience, where the token names one.
    pub audience: Option<Box<str>>,
    /// When it was issued, seconds since the epoch.
    pub issued_at: i64,
    /// When it dies, seconds since the epoch.
    pub expires_at: i64,
    /// SHA-256 of the certificate that it is bound to.
    pub certificate: Option<[u8; 32]>,
}

/// By what the store knows a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenPlace {
    /// It is self-contained: the store knows it once it is revoked.
    SelfContained(TokenId),
    /// It has a row.
    Row(AccessTokenKey),
}

impl ActiveToken {
    /// From a reference token's row, if the token and its client are good at `now`.
    pub fn of_row(row: AccessToken, client: Arc<Client>, now: Timestamp) -> Option<Self> {
        let AccessToken { key, client: _, issued_at, expires_at, scope, subject, certificate, grant } = row;
        let token = Self {
            place: TokenPlace::Row(key),
            token_id: None,
            tenant: client.tenant.clone(),
            client,
            scope,
            subject,
            grant,
            audience: None,
            issued_at,
            expires_at,
            certificate,
        };
        token.is_good_at(now).then_some(token)
    }

    /// From a verified JWT, if the token and its client are good at `now`.
    pub fn of_jwt(jwt: &VerifiedJwt, client: Arc<Client>, pepper: &Pepper, now: Timestamp) -> Option<Self> {
        let subject = match &jwt.subject {
            Some(sub) => Some(subject::user_of(&client, sub, pepper)?),
            None => None,
        };
        let token = Self {
            place: TokenPlace::SelfContained(jwt.id),
            token_id: jwt.token_id.clone(),
            tenant: jwt.tenant.clone().or_else(|| client.tenant.clone()),
            client,
            scope: Arc::clone(&jwt.scope),
            subject,
            grant: jwt.grant,
            audience: jwt.audience.clone(),
            issued_at: jwt.issued_at,
            expires_at: jwt.expires_at,
            certificate: jwt.certificate,
        };
        token.is_good_at(now).then_some(token)
    }

    /// From a sealed token that opened, if the token and its client are good at `now`. `audience` is the realm's.
    pub fn of_sealed(
        (id, sealed): (TokenId, SealedToken),
        client: Arc<Client>,
        audience: &str,
        now: Timestamp,
    ) -> Option<Self> {
        let SealedToken {
            client: _,
            issued_at,
            expires_at,
            grant,
            subject,
            tenant,
            audience: own,
            certificate,
            scope,
        } = sealed;
        let token = Self {
            place: TokenPlace::SelfContained(id),
            token_id: None,
            tenant: tenant.or_else(|| client.tenant.clone()),
            client,
            scope,
            subject,
            grant,
            audience: own.or_else(|| Some(audience.into())),
            issued_at,
            expires_at,
            certificate,
        };
        token.is_good_at(now).then_some(token)
    }

    /// What ends it.
    pub fn revoke(&self) -> Effect {
        match self.place {
            TokenPlace::Row(key) => Effect::DeleteAccessToken(key),
            TokenPlace::SelfContained(id) => {
                Effect::Revoke(Revocation { what: Revoked::Token(id), expires_at: self.expires_at })
            }
        }
    }

    /// Whether neither time nor the client's record speaks against it.
    fn is_good_at(&self, now: Timestamp) -> bool {
        now.seconds() < self.expires_at
            && self.client.enabled
            && self.issued_at >= self.client.tokens_not_before
    }
}
