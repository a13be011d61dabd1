//! What was revoked before its time, as long as a self-contained token could still be shown.

use crate::id::{ClientKey, GrantId, TokenId};
use crate::time::Timestamp;

/// Seconds that a revocation outlives the longest token of now: one that another request is making at this moment.
const MARGIN: i64 = 60;

/// What is dead.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Revoked {
    /// One token.
    Token(TokenId),
    /// Every token of a grant.
    Grant(GrantId),
    /// A client certificate, by the SHA-256 of its DER, with every token that is bound to it.
    Certificate([u8; 32]),
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

impl Revocation {
    /// The same, forgotten as soon as no access token of a grant can be left, where they live `longest` seconds at most: a
    /// grant's own end counts its refresh tokens too.
    #[must_use]
    pub fn shortened(mut self, now: Timestamp, longest: u32) -> Self {
        if matches!(self.what, Revoked::Grant(_)) {
            self.expires_at = self.expires_at.min(end(now, longest));
        }
        self
    }

    /// Of every token of a user (of one client, if it is named) that was issued until now, where access tokens live
    /// `longest` seconds at most.
    pub fn of_subject(subject: &str, client: Option<ClientKey>, now: Timestamp, longest: u32) -> Self {
        // Times in tokens are whole seconds: those of this second count as issued before.
        let issued_before = now.seconds() + 1;
        let what = Revoked::Subject { subject: subject.into(), client, issued_before };
        Self { what, expires_at: end(now, longest) }
    }
}

fn end(now: Timestamp, longest: u32) -> i64 {
    now.seconds() + i64::from(longest) + MARGIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grants_revocation_dies_with_the_last_token_that_it_could_concern() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let end = |what, expires_at| Revocation { what, expires_at }.shortened(now, 300).expires_at;
        let (grant, token) = (Revoked::Grant(GrantId([0; 16])), Revoked::Token(TokenId([0; 16])));
        assert_eq!(end(grant.clone(), 1_802_592_000), 1_800_000_360);
        assert_eq!(end(grant, 1_800_000_060), 1_800_000_060);
        assert_eq!(end(token, 1_802_592_000), 1_802_592_000);
    }
}
