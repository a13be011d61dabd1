//! `client_credentials` (RFC 6749 §4.4): the client acts for itself.

use super::{Approval, GrantType, registered};
use crate::client_auth::AuthenticatedClient;
use crate::rejection::{Rejection, Rule};
use crate::scope::Scope;
use crate::x509::Confirmation;

/// Approves a token without a resource owner and without a refresh token (requirement F-03).
///
/// # Errors
/// The rule that the request breaks.
pub fn decide(
    client: &AuthenticatedClient,
    scope: Scope,
    certificate: Option<Confirmation>,
) -> Result<Approval, Rejection> {
    registered(client.client(), GrantType::ClientCredentials)?;
    if !client.is_confidential() {
        return Err(Rule::UnauthorizedGrantType.into());
    }
    Ok(Approval {
        scope,
        subject: None,
        tenant: client.client().tenant.clone(),
        certificate,
        grant: None,
        audience: None,
        not_before: 0,
    })
}
