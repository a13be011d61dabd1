//! How tokens of one key are obtained.

use super::budget::Budget;
use super::key::TokenKey;
use super::moment::SECOND;
use super::policy::Policy;

/// How tokens of one key are obtained.
#[derive(Debug, Clone)]
pub struct Plan {
    /// When to renew and when to try again.
    pub policy: Policy,
    /// Names the token endpoint; keys with the same one share its budget.
    pub endpoint: TokenKey,
    /// How often the endpoint may be called.
    pub budget: Option<Budget>,
    /// The earlier step.
    pub chain: Option<Chain>,
    /// Whether the client can ask again on its own, without a person: its refresh tokens are then not needed.
    pub repeatable: bool,
    /// Whether it is renewed although nobody asks.
    pub keep: bool,
    /// Names the client's credentials as they are now, without telling them: a pause after a refusal ends when they change.
    pub stamp: u64,
}

/// An earlier step.
#[derive(Debug, Clone, Copy)]
pub struct Chain {
    /// Its key.
    pub key: TokenKey,
    /// Whether its token also goes along with every call to the API, and not only with the token request.
    pub accompanies: bool,
}

/// Longest wait of a client that can ask again for a lock that another process keeps.
const LOCK_PATIENCE: i64 = 12 * SECOND;
/// How much longer a session's lock is waited for than a request takes: its file and its journal are written, too.
const LOCK_MORE: i64 = 10 * SECOND;

impl Plan {
    /// Milliseconds to wait for the key's lock.
    pub(super) fn lock_patience(&self) -> i64 {
        let request = self.policy.patience.max(0);
        let whole = request.saturating_add(LOCK_MORE);
        if self.repeatable { whole.min(LOCK_PATIENCE) } else { whole }
    }
}
