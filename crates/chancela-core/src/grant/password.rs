//! `password` (RFC 6749 §4.3), only for dialects that document it as `danger_password`: RFC 9700 §2.4 forbids it, so
//! no realm outside the `legacy` security profile has it.

use super::{Approval, GrantType, registered};
use crate::client_auth::AuthenticatedClient;
use crate::record::User;
use crate::rejection::{Rejection, Rule};
use crate::scope::Scope;

/// What is known about the user that the request names.
#[derive(Debug)]
pub enum UserFact {
    /// Nobody of this name (in this tenant).
    Unknown,
    /// The name stands in several tenants and the request does not say which.
    Ambiguous,
    /// The user, and whether the password is theirs.
    Known {
        /// The record.
        user: Box<User>,
        /// Whether the password hash matched.
        password_matches: bool,
    },
}

/// Approves a token for the user.
///
/// # Errors
/// The rule that the request breaks; whatever is wrong with the user looks the same on the wire.
pub fn decide(client: &AuthenticatedClient, scope: Scope, user: UserFact) -> Result<Approval, Rejection> {
    registered(client.client(), GrantType::Password)?;
    let user = match user {
        UserFact::Unknown => return Err(Rule::UnknownUser.into()),
        UserFact::Ambiguous => return Err(Rule::AmbiguousUser.into()),
        UserFact::Known { password_matches: false, .. } => return Err(Rule::WrongPassword.into()),
        UserFact::Known { user, .. } if !user.enabled => return Err(Rule::DisabledUser.into()),
        UserFact::Known { user, .. } => user,
    };
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
