//! The end of sessions, whoever ends them: the user, an application by the user's browser, an operator. One function does
//! it, so that no way of ending a session forgets a token or an application.
//!
//! Owns what the applications hear: [`backchannel`] tells them from server to server, [`frames`] in the browser. Whether a
//! session ends is decided in `chancela_core::openid::end_session`.

pub mod backchannel;

use crate::realm::Realm;
use crate::server::{Server, store_rejection};
use chancela_core::effect::Effect;
use chancela_core::openid::end_session;
use chancela_core::record::Session;
use chancela_core::rejection::Rejection;
use chancela_store::Store;
use std::sync::Arc;

/// Ends sessions of one user, with the grants that were made in them, and tells the applications once it is durable. A
/// session that has ended already is none. Answers the sessions as they were at their end.
///
/// # Errors
/// The store's failure. Nothing was ended, and nobody was told.
pub async fn end_sessions<S: Store>(
    server: &Server<S>,
    realm: &Arc<Realm>,
    sessions: &[Session],
) -> Result<Vec<Session>, Rejection> {
    let mut ended = Vec::new();
    let mut effects = Vec::new();
    for session in sessions {
        // Again: an application may have been entered since the session was read, and would not hear of the end.
        let fresh = server.store.session(&realm.name, session.id).await.map_err(store_rejection)?;
        let Some(session) = fresh else { continue };
        let grants = server.store.grants_of(&session.subject).await.map_err(store_rejection)?;
        for grant in end_session::ended_grants(&session, &grants) {
            effects.extend(chancela_core::grant::revocation(grant));
        }
        effects.push(Effect::DeleteSession { realm: session.realm.clone(), id: session.id });
        ended.push(session);
    }
    if effects.is_empty() {
        return Ok(ended);
    }
    server.must_commit(effects).await?;
    tell(server, realm, &ended);
    end_latecomers(server, &ended).await?;
    Ok(ended)
}

/// Ends grants of codes that were redeemed between the reading of the grants and the commit; after it, none is.
async fn end_latecomers<S: Store>(server: &Server<S>, ended: &[Session]) -> Result<(), Rejection> {
    let mut effects = Vec::new();
    for session in ended {
        let grants = server.store.grants_of(&session.subject).await.map_err(store_rejection)?;
        let late = end_session::ended_grants(session, &grants);
        effects.extend(late.into_iter().flat_map(chancela_core::grant::revocation));
    }
    server.must_commit(effects).await
}

/// Tells the applications of sessions whose end is durable, in the background. For those who end sessions within a larger
/// commit; [`end_sessions`] does it itself.
pub fn tell<S: Store>(server: &Server<S>, realm: &Arc<Realm>, sessions: &[Session]) {
    for session in sessions {
        for client in session.clients.iter().filter_map(|key| realm.directory.client_of(*key)) {
            if client.enabled && client.backchannel_logout_uri.is_some() {
                server.deliveries.add(realm, client.key, session);
            }
        }
    }
}

/// The frames by which applications hear of a session's end in its own browser (OpenID Connect Front-Channel Logout §2).
pub fn frames(realm: &Realm, session: &Session) -> Vec<String> {
    let clients = session.clients.iter().filter_map(|key| realm.directory.client_of(*key));
    let sid = session.authentication.sid.as_deref();
    clients
        .filter(|client| client.enabled)
        .filter_map(|client| end_session::frame(&client, &realm.issuer, sid))
        .collect()
}
