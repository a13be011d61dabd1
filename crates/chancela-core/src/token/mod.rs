//! Access tokens: issuing them in one place and understanding them again.

pub mod authorization_code;
pub mod checksum;
mod issue;
pub mod jwt;
pub mod reference;
pub mod refresh;
pub mod sealed;

pub use issue::{IssueError, Issued, Issuer, issue};

use crate::record::{AccessToken, Client};
use crate::time::Timestamp;
use std::sync::Arc;

/// A token that is good now, whatever its format: what introspection answers and a resource server needs.
#[derive(Debug, Clone)]
pub struct ActiveToken {
    /// Who asked for it.
    pub client: Arc<Client>,
    /// Granted scope as in the token.
    pub scope: Arc<str>,
    /// The resource owner; `None` where the client acts for itself.
    pub subject: Option<Box<str>>,
    /// Audience, where the token names one.
    pub audience: Option<Box<str>>,
    /// When it was issued, seconds since the epoch.
    pub issued_at: i64,
    /// When it dies, seconds since the epoch.
    pub expires_at: i64,
    /// SHA-256 of the certificate that it is bound to.
    pub certificate: Option<[u8; 32]>,
}

impl ActiveToken {
    /// From a reference token's row, if the token and its client are good at `now`.
    pub fn of_row(row: AccessToken, client: Arc<Client>, now: Timestamp) -> Option<Self> {
        let AccessToken { issued_at, expires_at, scope, subject, certificate, .. } = row;
        let token = Self { client, scope, subject, audience: None, issued_at, expires_at, certificate };
        token.is_good_at(now).then_some(token)
    }

    /// Whether neither time nor the client's record speaks against it.
    pub fn is_good_at(&self, now: Timestamp) -> bool {
        now.seconds() < self.expires_at
            && self.client.enabled
            && self.issued_at >= self.client.tokens_not_before
    }
}
