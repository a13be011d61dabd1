//! Which tokens are bound to the client's certificate (RFC 8705 §3): those of clients that authenticate with one or are
//! registered for it, and those with a scope that is granted to no others.

use crate::client_auth::{AuthenticatedClient, Method};
use crate::record::Client;
use crate::rejection::{Rejection, Rule};
use crate::scope::Scope;
use crate::time::Timestamp;
use crate::x509::{Confirmation, PresentedCertificate};

/// What a realm demands.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Scopes that are granted only to bound tokens.
    pub bound_scopes: &'a [String],
    /// Whether certificates that no trusted authority issued bind tokens of clients that do not authenticate with one.
    pub self_signed: bool,
    /// Now.
    pub now: Timestamp,
}

/// What the tokens of a request are bound to, before it is known which scope they get.
///
/// # Errors
/// The rule that the certificate breaks, or that one is missing.
pub fn decide(
    client: &AuthenticatedClient,
    presented: Option<&PresentedCertificate>,
    rules: &Rules<'_>,
) -> Result<Option<Confirmation>, Rejection> {
    let required = is_required(client.client(), client.method());
    let Some(presented) = presented else {
        return if required { Err(Rule::MissingClientCertificate.into()) } else { Ok(None) };
    };
    if !required && rules.bound_scopes.is_empty() {
        return Ok(None);
    }
    presented.possession(rules.now)?;
    if client.method() != Method::SelfSignedTlsClientAuth && !rules.self_signed {
        presented.trusted()?;
    }
    Ok(Some(presented.confirmation()))
}

/// Whether all tokens of a client are bound.
pub fn is_required(client: &Client, method: Method) -> bool {
    let by_certificate = matches!(method, Method::TlsClientAuth | Method::SelfSignedTlsClientAuth);
    by_certificate || client.tls_client_certificate_bound_access_tokens
}

/// What tokens of `scope` are bound to: nothing, if neither the client nor a scope demands it.
///
/// # Errors
/// [`Rule::UnboundScope`].
pub fn for_scope(
    client: &AuthenticatedClient,
    confirmation: Option<Confirmation>,
    scope: &Scope,
    rules: &Rules<'_>,
) -> Result<Option<Confirmation>, Rejection> {
    let demanded = rules.bound_scopes.iter().any(|own| scope.contains(own));
    match confirmation {
        None if demanded => Err(Rule::UnboundScope.into()),
        Some(_) if !demanded && !is_required(client.client(), client.method()) => Ok(None),
        confirmation => Ok(confirmation),
    }
}
