//! Redeems an authorization code: load, decide, commit, and decide again if another request won.

use super::{Context, Login, MAX_ROUNDS};
use crate::revoked;
use crate::server::store_rejection;
use chancela_core::client_auth::AuthenticatedClient;
use chancela_core::grant::authorization_code::{self, Facts, Presented, Rules};
use chancela_core::grant::{GrantType, registered};
use chancela_core::message::token_response::TokenResponse;
use chancela_core::record::{AuthorizationCode, User};
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::token::authorization_code as code_text;
use chancela_store::{CommitOutcome, Store};

impl<S: Store> Context<'_, S> {
    pub(super) async fn redeem(
        &self,
        client: &AuthenticatedClient,
        text: &str,
        presented: &Presented<'_>,
    ) -> Result<TokenResponse, Rejection> {
        registered(client.client(), GrantType::AuthorizationCode)?;
        let store = &self.server.store;
        // A guessed code costs no look-up (CD-09).
        let id = code_text::parse(text, &self.realm.pepper).ok_or(Rule::UnknownCode)?;
        let rules = Rules { authorization: &self.realm.dialect.authorization, terms: self.terms(client) };
        for _ in 0..MAX_ROUNDS {
            let code = store.authorization_code(id).await.map_err(store_rejection)?;
            let user = match &code {
                Some(code) => {
                    store.user_of(&self.realm.name, &code.subject).await.map_err(store_rejection)?
                }
                None => None,
            };
            let revoked = code.as_ref().is_some_and(|code| self.was_revoked(code));
            let facts = Facts { code, user: user.as_ref(), revoked };
            match authorization_code::decide(client, presented, facts, &rules, &*self.server.entropy) {
                Ok(redeemed) => {
                    let login = user.as_ref().map(|user: &User| Login {
                        user,
                        details: &redeemed.details,
                        nonce: redeemed.nonce.as_deref(),
                    });
                    let (response, mut effects) =
                        self.issue(client, redeemed.approval, redeemed.refresh, login.as_ref())?;
                    effects.extend(redeemed.effects);
                    if self.server.commit(effects).await? == CommitOutcome::Committed {
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

    /// Whether the user's tokens, or the application's, were ended after the code was made.
    fn was_revoked(&self, code: &AuthorizationCode) -> bool {
        self.server.revoked.covers(&revoked::Presented {
            token: None,
            grant: None,
            subject: Some(&code.subject),
            client: code.client,
            issued_at: code.issued_at,
        })
    }
}
