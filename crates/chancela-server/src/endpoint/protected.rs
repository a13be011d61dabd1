//! What the realm's own resources have in common: the access token of a request, believed or not, and the certificate that
//! it is bound to.

use crate::access_token::active;
use crate::realm::Realm;
use crate::server::Server;
use chancela_core::message::HttpRequest;
use chancela_core::message::bearer;
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::time::Timestamp;
use chancela_core::token::ActiveToken;
use chancela_store::Store;

/// The good access token of a request.
///
/// # Errors
/// The rule that it breaks.
pub(super) async fn token<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    http: &HttpRequest<'_>,
) -> Result<ActiveToken, Rejection> {
    let now = server.clock.now();
    let text = bearer::parse(http)?;
    let token = active(server, realm, &text, now).await?.ok_or(Rule::InvalidAccessToken)?;
    confirm(&token, http, now)?;
    Ok(token)
}

/// The good access token of a request to what this server does for its clients: one for another resource server would
/// let that one act in the client's name (RFC 8707 §3).
///
/// # Errors
/// The rule that it breaks.
pub(super) async fn own_token<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    http: &HttpRequest<'_>,
) -> Result<ActiveToken, Rejection> {
    let token = token(server, realm, http).await?;
    if is_for_us(realm, &token) { Ok(token) } else { Err(Rule::WrongAudience.into()) }
}

/// Whether the token is for this realm's own resources. One that names no audience may be.
fn is_for_us(realm: &Realm, token: &ActiveToken) -> bool {
    token.audience.as_deref().is_none_or(|audience| audience == realm.audience)
}

/// A bound token comes over a connection that shows its certificate, neither expired nor revoked (RFC 8705 §3, requirement
/// I-03). That is possession of its key; whether the realm still trusts who issued it is not asked.
pub(super) fn confirm(token: &ActiveToken, http: &HttpRequest<'_>, now: Timestamp) -> Result<(), Rejection> {
    let Some(bound) = &token.certificate else { return Ok(()) };
    let shown = http.certificate.filter(|shown| shown.certificate.sha256 == *bound);
    let shown = shown.ok_or(Rule::TokenOfAnotherCertificate)?;
    shown.possession(now).map_err(|_| Rule::TokenOfAnotherCertificate.into())
}

/// Whether the scope of a token contains all of `needed`.
pub(super) fn covers(token: &ActiveToken, needed: &str) -> bool {
    needed.split(' ').filter(|own| !own.is_empty()).all(|own| token.scope.split(' ').any(|had| had == own))
}
