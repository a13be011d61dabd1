//! Redeems an authorization code: load, decide, commit, and decide again if another request won.

use super::{Context, Login, MAX_ROUNDS};
use crate::revoked;
use crate::server::store_rejection;
use chancela_core::client_auth::AuthenticatedClient;
use chancela_core::grant::authorization_code::{self, Facts, Presented, Rules};
use chancela_core::grant::{GrantType, registered};
use chancela_core::message::token_response::TokenResponse;
use chancela_core::record::{Authentication, AuthorizationCode, User};
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::token::authorization_code as code_text;
use chancela_store::{CommitOutcome, Store};

impl<S: Store> Context<'_, S> {
    pub(super) async fn redeem(
        &self,
        client: &AuthenticatedClient,
        text: &str,
        presented: &Presented<'_>,
        resource: Option<&str>,
    ) -> Result<TokenResponse, Rejection> {
        registered(client.client(), GrantType::AuthorizationCode)?;
        let store = &self.server.store;
        // A guessed code costs no look-up (CD-09).
        let id = code_text::parse(text, &self.realm.pepper).ok_or(Rule::UnknownCode)?;
        let authorization = &self.realm.dialect.authorization;
        let rules = Rules { authorization, terms: self.terms(client), binding: self.binding() };
        for _ in 0..MAX_ROUNDS {
            let code = store.authorization_code(id).await.map_err(store_rejection)?;
            let user = match &code {
                Some(code) => {
                    store.user_of(&self.realm.name, &code.subject).await.map_err(store_rejection)?
                }
                None => None,
            };
            let made = code.clone();
            let facts = Facts { code, user: user.as_ref(), revoked: self.has_ended_since(&made).await? };
            match authorization_code::decide(client, presented, facts, &rules, &*self.server.entropy) {
                Ok(redeemed) => {
                    let login = user.as_ref().map(|user: &User| Login {
                        user,
                        details: &redeemed.details,
                        nonce: redeemed.nonce.as_deref(),
                    });
                    let approval = redeemed.approval.for_resource(resource, &self.realm.resources)?;
                    let (response, mut effects) =
                        self.issue(client, approval, redeemed.refresh, login.as_ref())?;
                    effects.extend(redeemed.effects);
                    // Whoever ended something during the commit did not see its grant. Decided again, the code is
                    // spent, and that ends the grant.
                    let committed = self.server.commit(effects).await? == CommitOutcome::Committed;
                    if committed && !self.has_ended_since(&made).await? {
                        return Ok(response);
                    }
                }
                Err(refused) => {
                    let replayed = refused.rejection.rule == Rule::SpentCode && !refused.effects.is_empty();
                    if replayed {
                        tracing::warn!(
                            realm = self.realm.name,
                            client = &*client.client().client_id,
                            "an authorization code was replayed; its grant is revoked"
                        );
                    }
                    let changed = !refused.effects.is_empty();
                    if changed && self.server.commit(refused.effects).await? == CommitOutcome::Conflict {
                        continue;
                    }
                    return Err(refused.rejection);
                }
            }
        }
        Err(Rule::Overloaded.into())
    }

    /// Whether the user's tokens, the application's, the certificate that the code is bound to, or the session in which
    /// the code was made (requirement E-04) were ended since then.
    async fn has_ended_since(&self, code: &Option<AuthorizationCode>) -> Result<bool, Rejection> {
        let Some(code) = code else { return Ok(false) };
        let presented = revoked::Presented {
            token: None,
            grant: None,
            subject: Some(&code.subject),
            client: code.client,
            issued_at: code.issued_at,
            certificate: code.details.certificate,
        };
        if self.server.revoked.covers(&presented) {
            return Ok(true);
        }
        let sid = |authentication: &Authentication| authentication.sid.clone();
        let Some(own) = code.details.authentication.as_ref().and_then(sid) else { return Ok(false) };
        let sessions = self.server.store.sessions_of(&self.realm.name, &code.subject).await;
        let sessions = sessions.map_err(store_rejection)?;
        // Of so many, the store does not name all.
        let all = sessions.len() < MAX_SESSIONS;
        Ok(all && !sessions.iter().any(|session| sid(&session.authentication).as_ref() == Some(&own)))
    }
}

/// As many sessions of a user as the store names.
const MAX_SESSIONS: usize = 256;
