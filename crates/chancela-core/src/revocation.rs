//! What ends together (requirements G-12, N-07): the tokens, sessions and consents of a user, or of one application of a
//! user. Pure: the records come in, effects go out.
//!
//! Grants end by their rows, so that nothing is refreshed; access tokens by a remembered revocation, so that nothing
//! issued before is good anywhere; both in one commit.

use crate::effect::Effect;
use crate::id::{ClientKey, SessionId};
use crate::record::{Grant, Revocation, Session, User};
use crate::time::Timestamp;

/// When and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Now.
    pub now: Timestamp,
    /// Longest life of an access token in the realm, in seconds: how long a revocation is remembered.
    pub longest_token: u32,
}

impl Moment {
    /// Tokens issued before this second are dead. It is the next one: what was issued a moment ago dies too.
    pub const fn issued_before(self) -> i64 {
        self.now.seconds() + 1
    }

    /// The end of a user's access tokens (of one client, if it is named).
    pub fn subject(self, subject: &str, client: Option<ClientKey>) -> Effect {
        Effect::Revoke(Revocation::of_subject(subject, client, self.now, self.longest_token))
    }
}

/// The end of what `user` allowed `client`. `grants` are all of the user's.
pub fn application(user: &User, client: ClientKey, grants: &[Grant], moment: Moment) -> Vec<Effect> {
    let mut effects =
        vec![Effect::DeleteConsent { realm: user.realm.clone(), subject: user.subject.clone(), client }];
    let own = grants.iter().filter(|grant| grant.client == client);
    effects.extend(own.map(|grant| Effect::RevokeGrant(grant.id)));
    effects.push(moment.subject(&user.subject, Some(client)));
    effects
}

/// The end of every token and session of `user` but the session `keep`: of the record `changed`, which is written with
/// it. `grants` and `sessions` are all of the user's.
pub fn everything(
    user: &User,
    changed: User,
    grants: &[Grant],
    sessions: &[Session],
    keep: Option<SessionId>,
    moment: Moment,
) -> Vec<Effect> {
    let changed = User { tokens_not_before: moment.issued_before(), version: user.version + 1, ..changed };
    let mut effects = vec![Effect::PutUser { user: changed, expected_version: Some(user.version) }];
    effects.extend(grants.iter().map(|grant| Effect::RevokeGrant(grant.id)));
    for session in sessions {
        if keep == Some(session.id) {
            // It goes on, as if it had begun after the others ended.
            let kept = Session {
                created_at: moment.issued_before(),
                version: session.version + 1,
                ..session.clone()
            };
            effects.push(Effect::PutSession { session: kept, expected_version: Some(session.version) });
        } else {
            effects.push(Effect::DeleteSession { realm: session.realm.clone(), id: session.id });
        }
    }
    effects.push(moment.subject(&user.subject, None));
    effects
}
