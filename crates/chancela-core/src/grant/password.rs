//! `password` (RFC 6749 §4.3), only for dialects that document it as `danger_password`: RFC 9700 §2.4 forbids it, so
//! no realm outside the `legacy` security profile has it.

use super::{Approval, GrantType, registered};
use crate::client_auth::AuthenticatedClient;
use crate::record::User;
use crate::rejection::{Rejection, Rule};
use crate::scope::Scope;

/// Approves a token for `user`, whose password was right. It is not enough for whoever has a second factor: this grant
/// has no place for one, and must not be the way around it.
///
/// # Errors
/// The rule that the request breaks; whatever is wrong with the user looks the same on the wire.
pub fn decide(client: &AuthenticatedClient, scope: Scope, user: User) -> Result<Approval, Rejection> {
    registered(client.client(), GrantType::Password)?;
    if !user.enabled {
        return Err(Rule::DisabledUser.into());
    }
    if user.has_second_factor() {
        return Err(Rule::MissingSecondFactor.into());
    }
    let tenant = Some(user.tenant).filter(|tenant| !tenant.is_empty());
    Ok(Approval {
        scope,
        subject: Some(user.subject),
        tenant,
        certificate: None,
        grant: None,
        audience: None,
        not_before: user.tokens_not_before,
    })
}
