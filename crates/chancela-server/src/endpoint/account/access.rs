//! Ends sessions and consents.

use super::Outcome;
use crate::browser::session::LoggedIn;
use crate::endpoint::authorization::visit::{Submitted, Visit};
use crate::logout;
use crate::page::account::Notice;
use crate::server::store_rejection;
use chancela_core::id::ClientKey;
use chancela_core::record::Session;
use chancela_core::rejection::Rejection;
use chancela_core::revocation;
use chancela_core::secret::from_hex;
use chancela_store::Store;

impl<S: Store> Visit<'_, S> {
    pub(super) async fn end_session(
        &self,
        one: &LoggedIn,
        form: &Submitted<'_>,
    ) -> Result<Outcome, Rejection> {
        let named = form.text("session").unwrap_or("");
        let sessions = self.sessions(one).await?;
        let sid = |session: &Session| session.authentication.sid.as_deref() == Some(named);
        let Some(session) = sessions.into_iter().find(sid) else {
            return Ok(Outcome::Done(Notice::SessionEnded));
        };
        if session.id == one.session.id {
            return self.sign_out().await;
        }
        logout::end_sessions(self.server, self.realm, &[session]).await?;
        Ok(Outcome::Done(Notice::SessionEnded))
    }

    pub(super) async fn sign_out(&self) -> Result<Outcome, Rejection> {
        Ok(Outcome::SignedOut(self.end_own_session().await?))
    }

    /// Every session and every token of the user, this browser's too.
    pub(super) async fn sign_out_everywhere(&self, one: &LoggedIn) -> Result<Outcome, Rejection> {
        let sessions = self.sessions(one).await?;
        let grants = self.server.store.grants_of(&one.user.subject).await.map_err(store_rejection)?;
        let user = one.user.clone();
        let effects = revocation::everything(&one.user, user, &grants, &sessions, None, self.moment());
        self.server.must_commit(effects).await?;
        logout::tell(self.server, self.realm, &sessions);
        Ok(Outcome::SignedOut(logout::frames(self.realm, &one.session)))
    }

    pub(super) async fn revoke_application(
        &self,
        one: &LoggedIn,
        form: &Submitted<'_>,
    ) -> Result<Outcome, Rejection> {
        let key = form.text("application").and_then(from_hex::<8>).map(u64::from_be_bytes).map(ClientKey);
        if let Some(client) = key {
            // Twice: a code may be redeemed between the reading and the commit, but not after it.
            for _ in 0..2 {
                let grants = self.server.store.grants_of(&one.user.subject).await.map_err(store_rejection)?;
                self.server
                    .must_commit(revocation::application(&one.user, client, &grants, self.moment()))
                    .await?;
            }
        }
        Ok(Outcome::Done(Notice::ApplicationRevoked))
    }

    pub(super) async fn sessions(&self, one: &LoggedIn) -> Result<Vec<Session>, Rejection> {
        let store = &self.server.store;
        store.sessions_of(&self.realm.name, &one.user.subject).await.map_err(store_rejection)
    }
}
