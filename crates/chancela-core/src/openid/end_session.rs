//! The end of a session (OpenID Connect RP-Initiated Logout): whether the user has to be asked, where the browser may go
//! afterwards, and what ends with it. Does not own how clients hear of it (the server's `logout`).

use super::id_token_hint::IdTokenHint;
use super::subject;
use crate::effect::Effect;
use crate::jose::VerifyingKey;
use crate::message::logout_request::{LogoutRequest, with_parameters};
use crate::pepper::Pepper;
use crate::record::{Client, Grant, Revocation, Revoked, Session};
use crate::redirect_uri;
use crate::rejection::{Rejection, Rule};
use std::sync::Arc;

/// The scope of grants that outlive the session in which they were made.
const OFFLINE_ACCESS: &str = "offline_access";

/// What is true when a logout request arrives.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "holds a function")]
pub struct Facts<'a> {
    /// The realm's issuer.
    pub issuer: &'a str,
    /// The realm's published keys.
    pub keys: &'a [VerifyingKey],
    /// The realm's keys, for pairwise names.
    pub pepper: &'a Pepper,
    /// The client of an id.
    pub client: &'a dyn Fn(&str) -> Option<Arc<Client>>,
    /// The session of the browser that sent it.
    pub session: Option<&'a Session>,
    /// Whether the user said yes on a page of ours.
    pub confirmed: bool,
}

/// What becomes of a logout request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What is next.
    pub next: Next,
    /// Who asks, if that is known.
    pub client: Option<Arc<Client>>,
    /// Where the browser goes at the end, `state` included.
    pub leads_to: Option<String>,
}

/// What is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Ask the user (requirement N-05).
    Ask,
    /// End the session.
    End,
    /// Nobody is logged in here: there is nothing to end.
    NobodyThere,
}

/// Decides on a logout request. What cannot be verified is refused and not left out: a client that believes the user to
/// come back should learn why not.
///
/// # Errors
/// The rule that the request breaks. Nothing was ended, and the browser goes nowhere.
pub fn decide(request: &LogoutRequest, facts: &Facts<'_>) -> Result<Decision, Rejection> {
    let hint = request.id_token_hint.as_ref().map(|text| {
        IdTokenHint::verify(text, facts.keys, facts.issuer).ok_or(Rule::InvalidIdTokenHint)
    });
    let hint = hint.transpose()?;
    let client = client(request, hint.as_ref(), facts)?;
    let leads_to = leads_to(request, client.as_deref())?;
    let names_user = |session: &Session| match (&hint, &client) {
        (Some(hint), Some(client)) => subject::for_client(client, &session.subject, facts.pepper) == *hint.sub,
        _ => false,
    };
    let next = match facts.session {
        None => Next::NobodyThere,
        Some(session) if facts.confirmed || names_user(session) => Next::End,
        Some(_) => Next::Ask,
    };
    Ok(Decision { next, client, leads_to })
}

/// The client that asks: the hint's, and no other one beside it (§2).
fn client(
    request: &LogoutRequest,
    hint: Option<&IdTokenHint>,
    facts: &Facts<'_>,
) -> Result<Option<Arc<Client>>, Rejection> {
    let named = request.client_id.as_deref();
    let id = match (hint.map(|hint| &*hint.client_id), named) {
        (Some(own), Some(named)) if own != named => return Err(Rule::ForeignIdTokenHint.into()),
        (Some(id), _) | (None, Some(id)) => id,
        (None, None) => return Ok(None),
    };
    let client = (facts.client)(id).filter(|client| client.enabled);
    client.map(Some).ok_or_else(|| Rule::UnknownClientAtLogout.into())
}

/// The address at the end. Without a client there is none: an address that nobody registered is an open redirector.
fn leads_to(request: &LogoutRequest, client: Option<&Client>) -> Result<Option<String>, Rejection> {
    let (Some(uri), Some(client)) = (&request.post_logout_redirect_uri, client) else { return Ok(None) };
    if !redirect_uri::matches(&client.post_logout_redirect_uris, uri, client.application_type, false) {
        return Err(Rule::UnregisteredPostLogoutRedirectUri.into());
    }
    let state = request.state.as_deref().map(|state| ("state", state));
    Ok(Some(with_parameters(uri, state.as_slice())))
}

/// What ends with a session: itself, and of its user's `grants` those that were made in it and not for offline access
/// (OpenID Connect Back-Channel Logout §2.7).
pub fn effects(session: &Session, grants: &[Grant]) -> Vec<Effect> {
    let mut effects = vec![Effect::DeleteSession { realm: session.realm.clone(), id: session.id }];
    let sid = session.authentication.sid.as_deref();
    let of_session = |grant: &&Grant| {
        let own = grant.details.authentication.as_ref().and_then(|own| own.sid.as_deref());
        sid.is_some() && own == sid && !grant.scope.split(' ').any(|name| name == OFFLINE_ACCESS)
    };
    for grant in grants.iter().filter(of_session) {
        effects.push(Effect::RevokeGrant(grant.id));
        let expires_at = grant.id.expires_at();
        effects.push(Effect::Revoke(Revocation { what: Revoked::Grant(grant.id), expires_at }));
    }
    effects
}

/// The frame by which a client's page in the browser hears of the end (OpenID Connect Front-Channel Logout §2).
pub fn frame(client: &Client, issuer: &str, sid: Option<&str>) -> Option<String> {
    let uri = client.frontchannel_logout_uri.as_deref()?;
    let sid = sid.map(|sid| [("iss", issuer), ("sid", sid)]);
    Some(with_parameters(uri, sid.as_ref().map_or(&[], |both| both.as_slice())))
}
