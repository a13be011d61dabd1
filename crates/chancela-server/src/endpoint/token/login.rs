//! Tokens that follow from a login: the first of a family, and ID tokens.

use super::Context;
use chancela_core::client_auth::AuthenticatedClient;
use chancela_core::effect::Effect;
use chancela_core::grant::{Approval, refresh_token};
use chancela_core::message::token_response::TokenResponse;
use chancela_core::openid::claims::ClaimsRequest;
use chancela_core::openid::id_token::{self, IdToken};
use chancela_core::record::{GrantDetails, User};
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::token::refresh::RefreshTokenRef;
use chancela_store::Store;

/// A login that an ID token tells of.
pub(super) struct Login<'a> {
    pub user: &'a User,
    pub details: &'a GrantDetails,
    /// `nonce` of the authorization request; none after a refresh.
    pub nonce: Option<&'a str>,
}

impl Login<'_> {
    /// The ID token beside `access_token`; none where nobody logged in in a browser.
    pub(super) fn id_token<S>(
        &self,
        context: &Context<'_, S>,
        client: &AuthenticatedClient,
        access_token: &str,
    ) -> Result<Option<String>, Rejection> {
        let Some(authentication) = &self.details.authentication else { return Ok(None) };
        let (realm, client) = (context.realm, client.client());
        let claims = ClaimsRequest::of(self.details.claims.clone()).unwrap_or_default();
        let token = IdToken {
            issuer: &realm.issuer,
            pepper: &realm.pepper,
            client,
            user: self.user,
            authentication,
            requested: &claims.id_token,
            nonce: self.nonce,
            access_token: Some(access_token),
            code: None,
            lifetime: id_token::LIFETIME,
        };
        let failed = |error: &dyn std::fmt::Display| {
            tracing::error!(realm = realm.name, %error, "no ID token could be issued");
            Rejection::from(Rule::StoreFailed)
        };
        let key = realm.id_token_key(client).ok_or_else(|| failed(&"the realm has no key for it"))?;
        token.issue(&key, context.now).map(Some).map_err(|error| failed(&error))
    }
}

impl<S: Store> Context<'_, S> {
    /// Issues tokens to a user who just gave a password to the client, with the first refresh token of a new family if
    /// it is due.
    pub(super) async fn log_in(
        &self,
        client: &AuthenticatedClient,
        mut approval: Approval,
    ) -> Result<TokenResponse, Rejection> {
        let details = GrantDetails { tenant: approval.tenant.clone(), ..GrantDetails::default() };
        let terms = self.terms(client);
        let family = refresh_token::begin(client, &approval, details, &terms, &*self.server.entropy);
        let family = family.map_err(|_| Rule::StoreFailed)?;
        approval.grant = family.as_ref().map(|family| family.id);
        let refresh = family.as_ref().map(|family| {
            (RefreshTokenRef { grant: family.id, generation: family.generation }, family.refresh_expires_at)
        });
        let (response, mut effects) = self.issue(client, approval, refresh, None)?;
        effects.extend(family.map(Effect::InsertGrant));
        self.server.must_commit(effects).await?;
        Ok(response)
    }
}
