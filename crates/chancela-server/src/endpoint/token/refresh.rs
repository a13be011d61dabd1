//! Refreshes: load, decide, commit, and decide again if another request won.

use super::{Context, Login, MAX_ROUNDS};
use crate::revoked;
use crate::server::store_rejection;
use chancela_core::client_auth::AuthenticatedClient;
use chancela_core::grant::refresh_token::{self, Facts, Presented};
use chancela_core::message::token_response::TokenResponse;
use chancela_core::record::{Grant, User};
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::token::refresh::RefreshTokenRef;
use chancela_core::x509::Confirmation;
use chancela_store::{CommitOutcome, Store};

impl<S: Store> Context<'_, S> {
    pub(super) async fn refresh(
        &self,
        client: &AuthenticatedClient,
        token: &str,
        (scope, resource): (Option<&str>, Option<&str>),
        certificate: Option<Confirmation>,
    ) -> Result<TokenResponse, Rejection> {
        let store = &self.server.store;
        let token = RefreshTokenRef::parse(token, &self.realm.pepper).ok_or(Rule::UnknownRefreshToken)?;
        let presented = Presented { token, scope, certificate };
        let terms = self.terms(client);
        for _ in 0..MAX_ROUNDS {
            let grant = store.grant(token.grant).await.map_err(store_rejection)?;
            let user = match &grant {
                Some(grant) => {
                    store.user_of(&self.realm.name, &grant.subject).await.map_err(store_rejection)?
                }
                None => None,
            };
            let revoked = grant.as_ref().is_some_and(|grant| self.has_ended(grant));
            let facts = Facts { grant, user: user.as_ref(), revoked };
            match refresh_token::decide(client, &presented, facts, &terms) {
                Ok(refreshed) => {
                    let login = user.as_ref().map(|user: &User| Login {
                        user,
                        details: &refreshed.details,
                        nonce: None,
                    });
                    let refresh = Some((refreshed.token, refreshed.refresh_expires_at));
                    let approval = refreshed.approval.for_resource(resource, &self.realm.resources)?;
                    let (response, mut effects) = self.issue(client, approval, refresh, login.as_ref())?;
                    effects.extend(refreshed.effect);
                    if effects.is_empty() || self.server.commit(effects).await? == CommitOutcome::Committed {
                        return Ok(response);
                    }
                }
                Err(refused) => {
                    if !refused.effects.is_empty() {
                        self.server.must_commit(refused.effects).await?;
                        tracing::warn!(
                            realm = self.realm.name,
                            client = &*client.client().client_id,
                            "a refresh token was replayed; its grant is revoked"
                        );
                    }
                    return Err(refused.rejection);
                }
            }
        }
        Err(Rule::Overloaded.into())
    }

    /// Whether the grant, all tokens of its user, or the certificate that it is bound to, were ended after it began.
    fn has_ended(&self, grant: &Grant) -> bool {
        self.server.revoked.covers(&revoked::Presented {
            token: None,
            grant: Some(grant.id),
            subject: Some(&grant.subject),
            client: grant.client,
            issued_at: grant.issued_at,
            certificate: grant.details.certificate,
        })
    }
}
