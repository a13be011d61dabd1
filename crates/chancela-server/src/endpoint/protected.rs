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

/// A bound token comes over a connection that shows its certificate, which is still good (RFC 8705 §3, requirement I-03).
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
