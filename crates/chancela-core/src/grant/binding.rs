//! Which tokens are bound to the client's certificate (RFC 8705 §3): those of clients that authenticate with one or are
//! registered for it, and those with a scope that is granted to no others.

use crate::client_auth::{AuthenticatedClient, Method};
use crate::record::Client;
use crate::rejection::{Rejection, Rule};
use crate::scope::Scope;
use crate::time::Timestamp;
use crate::x509::{Confirmation, PresentedCertificate};

/// What a realm demands, and what the connection shows.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Scopes that are granted only to bound tokens.
    pub bound_scopes: &'a [String],
    /// Whether certificates that no trusted authority issued bind tokens of clients that do not authenticate with one.
    pub self_signed: bool,
    /// The connection's certificate.
    pub presented: Option<&'a PresentedCertificate>,
    /// Now.
    pub now: Timestamp,
}

/// What the tokens of a request are bound to, before it is known which scope they get. A certificate that can bind nothing
/// is an error only where all tokens of the client are bound; [`for_scope`] says what is wrong with it where the scope
/// asks for one.
///
/// # Errors
/// The rule that the certificate breaks, or that one is missing.
pub fn decide(client: &AuthenticatedClient, rules: &Rules<'_>) -> Result<Option<Confirmation>, Rejection> {
    if !is_required(client.client(), client.method()) {
        let asked = rules.presented.filter(|_| !rules.bound_scopes.is_empty());
        return Ok(asked.and_then(|shown| confirmation(client, shown, rules).ok()));
    }
    let shown = rules.presented.ok_or(Rule::MissingClientCertificate)?;
    Ok(Some(confirmation(client, shown, rules)?))
}

/// What a token that is bound to `shown` says, if it can bind one.
fn confirmation(
    client: &AuthenticatedClient,
    shown: &PresentedCertificate,
    rules: &Rules<'_>,
) -> Result<Confirmation, Rule> {
    shown.possession(rules.now)?;
    if client.method() != Method::SelfSignedTlsClientAuth && !rules.self_signed {
        shown.trusted()?;
    }
    Ok(shown.confirmation())
}

/// Whether all tokens of a client are bound.
pub fn is_required(client: &Client, method: Method) -> bool {
    let by_certificate = matches!(method, Method::TlsClientAuth | Method::SelfSignedTlsClientAuth);
    by_certificate || client.tls_client_certificate_bound_access_tokens
}

/// What tokens of `scope` are bound to: nothing, if neither the client nor a scope demands it.
///
/// # Errors
/// [`Rule::UnboundScope`], or the rule that the connection's certificate breaks.
pub fn for_scope(
    client: &AuthenticatedClient,
    bound: Option<Confirmation>,
    scope: &Scope,
    rules: &Rules<'_>,
) -> Result<Option<Confirmation>, Rejection> {
    let demanded = rules.bound_scopes.iter().any(|own| scope.contains(own));
    match bound {
        None if demanded => {
            let wrong = rules.presented.and_then(|shown| confirmation(client, shown, rules).err());
            Err(wrong.unwrap_or(Rule::UnboundScope).into())
        }
        Some(_) if !demanded && !is_required(client.client(), client.method()) => Ok(None),
        bound => Ok(bound),
    }
}
