//! Steps that must come first: a dialect whose second token endpoint wants the first one's access token and the
//! client's certificate in headers. Each missing, wrong, expired or mismatched part has its own rule.

use crate::client_auth::AuthenticatedClient;
use crate::dialect::Requires;
use crate::record::{AccessToken, Client};
use crate::rejection::{Rejection, Rule};
use crate::time::Timestamp;
use crate::x509::{Certificate, Confirmation};

/// What the store and the registry know about a token of an earlier step.
#[derive(Debug)]
pub struct ChainFacts<'a> {
    /// The token's row and its client, if they exist.
    pub token: Option<(&'a AccessToken, &'a Client)>,
}

/// Checks the token of the first step: present, made here, alive, and of the client that this one is chained to.
///
/// # Errors
/// The rule that the chain breaks.
pub fn verify_token(
    client: &AuthenticatedClient,
    from: &str,
    facts: &ChainFacts<'_>,
    now: Timestamp,
) -> Result<(), Rejection> {
    let Some((token, first)) = facts.token else {
        return Err(Rule::UnknownChainToken.into());
    };
    if token.expires_at <= now.seconds() {
        return Err(Rule::ExpiredChainToken.into());
    }
    if !first.enabled || token.issued_at < first.tokens_not_before {
        return Err(Rule::UnknownChainToken.into());
    }
    let own = client.client();
    let issued_by_first_step = first.token_endpoint.as_deref() == Some(from);
    if !issued_by_first_step
        || own.chained_to.as_deref() != Some(&*first.client_id)
        || own.realm != first.realm
    {
        return Err(Rule::ForeignChainToken.into());
    }
    Ok(())
}

/// Checks the certificate header, where the endpoint demands one: readable, the registered one, and in its validity.
/// Answers what the token is to be bound to.
///
/// # Errors
/// The rule that the certificate breaks.
pub fn verify_certificate(
    client: &AuthenticatedClient,
    requires: &Requires,
    header: Option<&str>,
    now: Timestamp,
) -> Result<Option<Confirmation>, Rejection> {
    if requires.danger_client_certificate.is_none() {
        return Ok(None);
    }
    let header = header.ok_or(Rule::MissingCertificate)?;
    let certificate = Certificate::parse_header(header).ok_or(Rule::MalformedCertificate)?;
    let registered = client.client().certificate.as_ref().map(|registered| &*registered.sha256);
    if registered != Some(&*crate::secret::hex(&certificate.sha256)) {
        return Err(Rule::UnregisteredCertificate.into());
    }
    if !certificate.is_valid_at(now) {
        return Err(Rule::CertificateOutsideValidity.into());
    }
    Ok(Some(Confirmation { sha256: certificate.sha256, not_after: certificate.not_after }))
}
