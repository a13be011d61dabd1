//! Access tokens whose format leaves no room for their meaning (UUID, 32 hex digits, opaque).

use crate::id::{AccessTokenKey, ClientKey, GrantId};
use std::sync::Arc;

/// One issued reference token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// Where it lies; holds the expiry.
    pub key: AccessTokenKey,
    /// Who asked for it.
    pub client: ClientKey,
    /// When it was issued, seconds since the epoch.
    pub issued_at: i64,
    /// When it dies, seconds since the epoch. A reader treats `expires_at <= now` as absent.
    pub expires_at: i64,
    /// Granted scope, as sent to the client.
    pub scope: Arc<str>,
    /// The resource owner's subject; `None` where the client acts for itself.
    pub subject: Option<Box<str>>,
    /// SHA-256 of the certificate that the token is bound to (RFC 8705 §3).
    pub certificate: Option<[u8; 32]>,
    /// The grant that it belongs to; `None` where the client acts for itself.
    pub grant: Option<GrantId>,
}
