//! What was revoked before its time, as long as a self-contained token could still be shown.

use crate::id::{ClientKey, GrantId, TokenId};

/// What is dead.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Revoked {
    /// One token.
    Token(TokenId),
    /// Every token of a grant.
    Grant(GrantId),
    /// Every token of a user (of one client, if it is named) that was issued before a second.
    Subject {
        /// The user.
        subject: Box<str>,
        /// Only tokens of this client.
        client: Option<ClientKey>,
        /// Tokens issued in this second or later are not meant.
        issued_before: i64,
    },
}

/// A revocation. It dies with the last token that it could concern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// What is dead.
    pub what: Revoked,
    /// When the last such token would have died, seconds since the epoch.
    pub expires_at: i64,
}
