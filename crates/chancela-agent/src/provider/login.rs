//! A provider's part of a login (RFC 6749 §4.1): the address that a person opens, the request for its tokens, and the
//! revocation (RFC 7009) of what it gave. Does not own the browser, the answer or the record.

use super::exchange::{ExchangeError, read};
use super::issuer::granted;
use super::{Inner, Provider, ProviderError, Request, Wanted};
use crate::config::LoginConfig;
use crate::engine::{Granted, Moment, Policy, TokenKey, Want, duration};
use crate::login::{LoginError, Proof};
use crate::tokens::{TokenError, Tokens};
use crate::transport::{Target, TransportError};
use bytes::Bytes;
use chancela_core::dialect::TokenEndpoint;
use chancela_core::message::authorization_request::{AuthorizationRequest, Login};
use chancela_core::message::device_authorization::{DeviceAuthorization, DeviceAuthorizationRequest};
use chancela_core::message::introspection::{TokenParameter, read_revocation};
use chancela_core::message::token_refusal::TokenRefusal;
use chancela_core::message::token_request::GrantRequest;
use chancela_core::scope::Scope;
use chancela_core::secret::Secret;
use http::Uri;
use std::sync::Arc;
use std::time::Duration;

/// How a login is begun: where the answer goes, what binds it to this login, and what the request says more.
pub(crate) struct Opening<'a> {
    pub(crate) redirect_uri: &'a str,
    pub(crate) proof: &'a Proof,
    pub(crate) more: Vec<(&'a str, &'a str)>,
}

/// What a code gave.
pub(crate) struct Redeemed {
    pub(crate) key: TokenKey,
    pub(crate) policy: Policy,
    /// When the request was sent.
    pub(crate) sent: Moment,
    pub(crate) granted: Granted,
    pub(crate) id_token: Option<Secret>,
    /// What was asked for and not granted.
    pub(crate) withheld: Vec<String>,
}

/// Why a login gave no tokens.
pub(crate) enum Unredeemed {
    /// Nothing was sent.
    Provider(ProviderError),
    /// Whether the request arrived is not known.
    Transport(TransportError),
    /// The provider's no.
    Refused(Box<TokenRefusal>),
    /// The tokens are not bound to our key, and were dropped.
    Unbound,
}

impl From<ProviderError> for Unredeemed {
    fn from(error: ProviderError) -> Self {
        Self::Provider(error)
    }
}

impl From<ExchangeError> for Unredeemed {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Unsent(error) => Self::Provider(error),
            ExchangeError::Transport(error) => Self::Transport(error),
        }
    }
}

impl Provider {
    pub(crate) fn login_config(&self) -> Option<&LoginConfig> {
        self.0.config.login.as_ref()
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.1
    }

    pub(crate) fn around(&self) -> &crate::source::Surroundings {
        self.0.around()
    }

    pub(crate) fn entropy(&self) -> &dyn chancela_core::entropy::Entropy {
        &*self.0.context.entropy
    }

    /// The address that a person opens.
    pub(crate) async fn login_url(
        &self,
        request: Request<'_>,
        opening: &Opening<'_>,
    ) -> Result<String, LoginError> {
        let client_id = self.blocking(|inner| Ok(inner.own(inner.last()?)?.client_id)).await?;
        let wanted = self.wanted(request);
        let own = |error| LoginError::Begin { provider: self.name().to_owned(), error };
        let scope = wanted.scope.as_deref().map(Scope::parse).transpose();
        let scope = scope.map_err(|error| LoginError::Scope { provider: self.name().to_owned(), error })?;
        let is_openid = scope.as_ref().is_some_and(|scope| scope.contains("openid"));
        let login = Login {
            client_id: client_id.expose(),
            redirect_uri: opening.redirect_uri,
            scope: scope.as_ref(),
            state: opening.proof.state.expose(),
            nonce: is_openid.then(|| opening.proof.nonce.expose()),
            code_verifier: &opening.proof.verifier,
            resource: wanted.resource.as_deref(),
            more: &opening.more,
        };
        let dialect = &self.0.dialect;
        let request = AuthorizationRequest::begin(&dialect.authorization, &login).map_err(own)?;
        let path = self.0.path(&dialect.endpoints.authorization)?;
        Ok(request.url(&self.0.base()?.url(&path)))
    }

    /// Asks for the tokens of a login, once: a code whose answer was lost may be spent.
    pub(crate) async fn redeem(
        &self,
        request: Request<'_>,
        grant: GrantRequest<'static>,
    ) -> Result<Redeemed, Unredeemed> {
        let line = self.line(request).await?;
        let patience = duration(self.0.http.timeout.millis());
        let chain = match line.earlier() {
            Some(key) => Some(self.step_token(key, patience).await?),
            None => None,
        };
        let wanted = self.wanted(request);
        let asked = wanted.scope.clone().unwrap_or_default();
        let place = self.0.steps.len().saturating_sub(1);
        let make = move |inner: &Inner| inner.request(place, &wanted, grant.clone(), chain.as_ref());
        let sent = self.0.context.clock.now();
        let response = self.0.exchange(place, line.prover.as_ref(), patience, make).await?;
        let endpoint = self.0.last()?;
        let answer = self.0.answer(endpoint, &response);
        let mut answer = answer.map_err(|refusal| Unredeemed::Refused(Box::new(refusal)))?;
        if self.0.is_downgraded(&answer, line.prover.as_ref()) {
            // The login has failed already, which is what the person hears.
            let token = answer.refresh_token.as_ref().unwrap_or(&answer.access_token);
            let _ = self.revoke(token).await;
            return Err(Unredeemed::Unbound);
        }
        let asked = asked.split(' ').filter(|token| !token.is_empty());
        let withheld = answer.withheld(endpoint, asked).into_iter().map(str::to_owned).collect();
        let id_token = answer.id_token.take();
        Ok(Redeemed {
            key: line.key(),
            policy: self.0.policy(endpoint),
            sent,
            granted: granted(answer, self.0.now(), self.0.clock_skew(place)),
            id_token,
            withheld,
        })
    }

    /// Asks for the codes of a login at another device (RFC 8628 §3.1).
    pub(crate) async fn device_authorization(
        &self,
        request: Request<'_>,
    ) -> Result<DeviceAuthorization, LoginError> {
        let wanted = self.wanted(request);
        let of = || self.name().to_owned();
        let scope = wanted.scope.as_deref().map(Scope::parse).transpose();
        let scope = scope.map_err(|error| LoginError::Scope { provider: of(), error })?;
        let Some(device) = &self.0.dialect.device_authorization else {
            return Err(LoginError::NoDevice { provider: of() });
        };
        let path = self.0.base()?.join(&self.0.path(&device.path)?);
        let request =
            self.blocking(move |inner| inner.device_request(&path, scope.as_ref(), &wanted)).await?;
        let patience = duration(self.0.http.timeout.millis());
        let response = self.0.route.send(&self.0.base()?, request, patience).await;
        let response = response.map_err(|error| LoginError::Unreached { provider: of(), error })?;
        let authorization = DeviceAuthorization::parse(self.0.last()?, &read(&response), self.0.now());
        authorization.map_err(|refusal| LoginError::NoCodes { provider: of(), refusal: Box::new(refusal) })
    }

    async fn step_token(&self, key: TokenKey, patience: Duration) -> Result<Secret, ProviderError> {
        match self.tokens().token(key, Want::default(), patience).await {
            Ok(served) => Ok(served.token.access_token.clone()),
            Err(TokenError::Refused(refusal)) => Err(self.refused(refusal)),
            Err(TokenError::Deadline) => Err(ProviderError::Deadline { provider: self.name().to_owned() }),
        }
    }

    /// Tells the provider that a token is not to be good any more.
    pub(crate) async fn revoke(&self, token: &Secret) -> Result<(), LoginError> {
        let token = token.clone();
        let request = self.blocking(move |inner| inner.revocation(&token)).await?;
        let patience = duration(self.0.http.timeout.millis());
        let failed = |why: String| LoginError::NotRevoked { provider: self.name().to_owned(), why };
        let response = self.0.route.send(&self.0.base()?, request, patience).await;
        let response = response.map_err(|error| failed(error.to_string()))?;
        let revoked = read_revocation(self.0.last()?, &read(&response), self.0.now());
        revoked.map_err(|refusal| failed(refusal.to_string()))
    }

    /// What reads secrets may take its time.
    async fn blocking<T: Send + 'static>(
        &self,
        make: impl FnOnce(&Inner) -> Result<T, ProviderError> + Send + 'static,
    ) -> Result<T, ProviderError> {
        let inner = Arc::clone(&self.0);
        let made = tokio::task::spawn_blocking(move || make(&inner)).await;
        made.unwrap_or_else(|_| Err(ProviderError::Interrupted))
    }
}

impl Inner {
    /// The endpoint that gives the token.
    fn last(&self) -> Result<&TokenEndpoint, ProviderError> {
        self.endpoints().last().ok_or(ProviderError::Interrupted)
    }

    /// Below what the dialect's endpoints are that give no tokens.
    fn base(&self) -> Result<Target, ProviderError> {
        let environment = self.dialect.environments.get(&self.environment);
        let documented = environment.and_then(|environment| environment.base_url.as_deref());
        match self.config.address.as_deref().or(documented) {
            Some(address) => Target::parse(address)
                .map_err(|error| ProviderError::Address { provider: self.name.clone(), error }),
            None => self.targets.last().cloned().ok_or(ProviderError::Interrupted),
        }
    }

    /// A path of the dialect with the tenant in it.
    fn path(&self, path: &str) -> Result<String, ProviderError> {
        const TENANT: &str = "{tenant}";
        if !path.contains(TENANT) {
            return Ok(path.to_owned());
        }
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        let tenant =
            self.config.tenant.as_deref().filter(|own| !own.is_empty() && own.bytes().all(unreserved));
        let missing = || ProviderError::Missing {
            provider: self.name.clone(),
            key: "tenant",
            why: "the provider's addresses name one, in letters, digits and -._~".into(),
        };
        Ok(path.replace(TENANT, tenant.ok_or_else(missing)?))
    }

    fn device_request(
        &self,
        path: &str,
        scope: Option<&Scope>,
        wanted: &Wanted,
    ) -> Result<http::Request<Bytes>, ProviderError> {
        let endpoint = self.last()?;
        let own = self.own_once(endpoint, self.steps.len().saturating_sub(1))?;
        let request = DeviceAuthorizationRequest {
            credentials: self.credentials(endpoint, &own, true)?,
            scope,
            resource: wanted.resource.as_deref(),
        };
        let path: Uri = path.parse().map_err(|_| ProviderError::Interrupted)?;
        let request = request.encode(&path, endpoint);
        request.map_err(|error| ProviderError::Request { provider: self.name.clone(), error })
    }

    fn revocation(&self, token: &Secret) -> Result<http::Request<Bytes>, ProviderError> {
        let endpoint = self.last()?;
        let own = self.own_once(endpoint, self.steps.len().saturating_sub(1))?;
        let request = TokenParameter {
            token: token.expose().into(),
            credentials: self.credentials(endpoint, &own, true)?,
        };
        let path = self.base()?.join(&self.path(&self.dialect.endpoints.revocation)?);
        let path: Uri = path.parse().map_err(|_| ProviderError::Interrupted)?;
        request
            .encode(&path, endpoint.client_authentication.basic_encoding)
            .map_err(|error| ProviderError::Request { provider: self.name.clone(), error })
    }
}
