//! The token endpoint (RFC 6749 §3.2): parse, authenticate, decide, issue, commit, answer.

use super::refuse;
use crate::login::{LoginOutcome, PasswordAttempt, password_login};
use crate::realm::{Realm, RealmEndpoint};
use crate::server::{Server, store_rejection};
use bytes::Bytes;
use chancela_core::client_auth::{self, AuthenticatedClient};
use chancela_core::dialect::TokenFormat;
use chancela_core::effect::Effect;
use chancela_core::grant::refresh_token::{Lifetimes, Terms};
use chancela_core::grant::{
    Approval, GrantType, authorization_code, binding, chain, client_credentials, password, registered,
    requested_scope,
};
use chancela_core::message::HttpRequest;
use chancela_core::message::token_request::{GrantRequest, TokenRequest};
use chancela_core::message::token_response::TokenResponse;
use chancela_core::record::User;
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::scope::Scope;
use chancela_core::secret::Secret;
use chancela_core::time::Timestamp;
use chancela_core::token::refresh::RefreshTokenRef;
use chancela_core::token::{Issuer, issue, reference};
use chancela_core::x509::{Confirmation, PresentedCertificate};
use chancela_store::Store;
use http::Response;
use std::net::IpAddr;
use std::sync::PoisonError;

mod login;
mod redeem;
mod refresh;

use login::Login;

/// Commits that lose a race are decided again at most this often; each loss means that another request won.
const MAX_ROUNDS: usize = 16;

/// One request on its way: what every step needs.
struct Context<'a, S> {
    server: &'a Server<S>,
    realm: &'a Realm,
    endpoint: &'a RealmEndpoint,
    tenant: Option<&'a str>,
    peer: IpAddr,
    certificate: Option<&'a PresentedCertificate>,
    now: Timestamp,
}

pub(super) async fn respond<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    (endpoint, tenant): (&RealmEndpoint, Option<&str>),
    peer: IpAddr,
    http: &HttpRequest<'_>,
) -> Response<Bytes> {
    let (certificate, now) = (http.certificate, server.clock.now());
    let context = Context { server, realm, endpoint, tenant, peer, certificate, now };
    let mut known = None;
    match context.answer(http, &mut known).await {
        Ok(response) => {
            realm.metrics.issued.inc();
            response.encode(&endpoint.dialect)
        }
        Err(rejection) => {
            let client = known.as_ref().map(|client: &AuthenticatedClient| &*client.client().client_id);
            refuse(realm, endpoint, rejection, client)
        }
    }
}

impl<S: Store> Context<'_, S> {
    async fn answer(
        &self,
        http: &HttpRequest<'_>,
        known: &mut Option<AuthenticatedClient>,
    ) -> Result<TokenResponse, Rejection> {
        let request = TokenRequest::parse(&self.endpoint.dialect, http)?;
        let client = &*known.insert(self.authenticate(&request)?);
        self.count(client)?;
        let TokenRequest { grant, scope, resource, chain_token, certificate, credentials: _, partner: _ } =
            request;
        let scope = scope.as_deref();
        // Whatever the grant: no other way in leads around what the endpoint requires.
        self.verify_chain(client, chain_token).await?;
        let certificate = self.bound_to(client, certificate)?;
        match grant {
            GrantRequest::ClientCredentials => {
                let scope = self.scope(client, scope)?;
                let approval = client_credentials::decide(client, scope, certificate)?;
                // Where a realm names no resource servers, the parameter is one that nobody knows, and ignored.
                let resource = resource.filter(|_| !self.realm.resources.is_empty());
                let approval = approval.for_resource(resource.as_deref(), &self.realm.resources)?;
                let (response, effects) = self.issue(client, approval, None, None)?;
                self.server.must_commit(effects).await?;
                Ok(response)
            }
            GrantRequest::Password { username, password } => {
                // Before the hash, which costs more than everything else together.
                registered(client.client(), GrantType::Password)?;
                let scope = self.scope(client, scope)?;
                let user = self.user(client, http, &username, password).await?;
                let approval = password::decide(client, scope, user)?;
                self.log_in(client, Approval { certificate, ..approval }).await
            }
            GrantRequest::AuthorizationCode { code, redirect_uri, code_verifier } => {
                let presented = authorization_code::Presented {
                    redirect_uri: redirect_uri.as_deref(),
                    code_verifier: code_verifier.as_deref(),
                    scope,
                    certificate,
                };
                self.redeem(client, &code, &presented, resource.as_deref()).await
            }
            // No dialect that is served has it.
            GrantRequest::DeviceCode { .. } => Err(Rule::UnsupportedGrantType.into()),
            GrantRequest::RefreshToken { refresh_token } => {
                self.refresh(client, &refresh_token, (scope, resource.as_deref()), certificate).await
            }
        }
    }

    /// The certificate that tokens are bound to: that of the connection, or, in a dialect that documents it, one that the
    /// client sends in a header.
    fn bound_to(
        &self,
        client: &AuthenticatedClient,
        header: Option<&str>,
    ) -> Result<Option<Confirmation>, Rejection> {
        let requires = &self.endpoint.dialect.requires;
        if requires.mutual_tls && self.certificate.is_none() {
            return Err(Rule::MissingClientCertificate.into());
        }
        let sent = chain::verify_certificate(client, requires, header, self.now)?;
        match sent {
            Some(sent) if self.server.revoked.has_certificate(&sent.sha256) => {
                Err(Rule::RevokedClientCertificate.into())
            }
            Some(sent) => Ok(Some(sent)),
            None => binding::decide(client, &self.binding()),
        }
    }

    /// Which tokens the realm binds.
    fn binding(&self) -> binding::Rules<'_> {
        let bound_scopes = self.realm.trust.config().map_or(&[][..], |config| &config.bound_scopes);
        let self_signed = self.realm.trust.self_signed();
        binding::Rules { bound_scopes, self_signed, presented: self.certificate, now: self.now }
    }

    fn authenticate(&self, request: &TokenRequest<'_>) -> Result<AuthenticatedClient, Rejection> {
        let policy = &self.endpoint.dialect.client_authentication;
        let client = self.realm.authenticate(&request.credentials, policy, self.now)?;
        if let Some(partner) = &request.partner {
            let lookup = |id: &str| self.realm.directory.client(id);
            client_auth::verify_partner(partner, &lookup, &self.realm.pepper, self.now)?;
        }
        let own = client.client();
        if own.token_endpoint.as_deref().is_some_and(|name| name != self.endpoint.dialect.name) {
            return Err(Rule::ClientOfAnotherEndpoint.into());
        }
        // A client of one tenant is unknown to another (and says the same).
        if self.tenant.is_some_and(|tenant| own.tenant.as_deref().is_some_and(|home| home != tenant)) {
            return Err(Rule::UnknownClient.into());
        }
        Ok(client)
    }

    /// The dialect's documented limit, where the realm enforces it.
    fn count(&self, client: &AuthenticatedClient) -> Result<(), Rejection> {
        let (Some(windows), Some(limit)) = (&self.endpoint.windows, self.endpoint.dialect.rate_limit) else {
            return Ok(());
        };
        let mut windows = windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry(client.client().key).or_default();
        window.take(limit, self.now).map_err(|seconds| Rejection::with(Rule::RateLimited, seconds))
    }

    fn scope(&self, client: &AuthenticatedClient, requested: Option<&str>) -> Result<Scope, Rejection> {
        let dialect = &self.endpoint.dialect;
        let exists = |name: &str| self.realm.directory.has_scope(name);
        requested_scope::decide(
            requested,
            &dialect.scope,
            dialect.exact_scope.as_ref(),
            &client.client().scope,
            &exists,
        )
    }

    async fn verify_chain(&self, client: &AuthenticatedClient, token: Option<&str>) -> Result<(), Rejection> {
        let Some(chained) = &self.endpoint.dialect.requires.access_token else { return Ok(()) };
        let token = token.ok_or(Rule::MissingChainToken)?;
        let format =
            self.realm.dialect.token_endpoint(&chained.from).map_or(TokenFormat::Uuid, |e| e.token.format);
        let row = match reference::locate(format, &self.realm.pepper, self.now, token) {
            Some(key) => self.server.store.access_token(key).await.map_err(store_rejection)?,
            None => None,
        };
        let first = row.as_ref().and_then(|row| self.realm.directory.client_of(row.client));
        let token = row.as_ref().zip(first.as_deref());
        chain::verify_token(client, &chained.from, &chain::ChainFacts { token }, self.now)
    }

    /// The user of a name and password that the client sent.
    async fn user(
        &self,
        client: &AuthenticatedClient,
        http: &HttpRequest<'_>,
        username: &str,
        password: Secret,
    ) -> Result<User, Rejection> {
        let attempt = PasswordAttempt {
            tenant: self.tenant.or(client.client().tenant.as_deref()),
            username,
            password,
            source: self.server.client_address(self.peer, http.headers),
            device: None,
            handed_on: client.is_confidential(),
        };
        match password_login(self.server, self.realm, attempt, self.now).await? {
            LoginOutcome::Known(user) => Ok(*user),
            LoginOutcome::Wrong(rule) => Err(rule.into()),
            LoginOutcome::AmbiguousTenant => Err(Rule::AmbiguousUser.into()),
            LoginOutcome::Wait(seconds) => Err(Rejection::with(Rule::RateLimited, seconds)),
            LoginOutcome::Busy => Err(Rule::Overloaded.into()),
        }
    }

    fn lifetimes(&self, client: &AuthenticatedClient) -> Lifetimes {
        let own = client.client().refresh_token_lifetime;
        Lifetimes {
            refresh_token: own.unwrap_or(self.endpoint.refresh_token_lifetime),
            access_token: self.endpoint.lifetime_for(client.client()),
        }
    }

    /// By which rules a grant begins and goes on.
    fn terms(&self, client: &AuthenticatedClient) -> Terms<'_> {
        Terms { policy: &self.endpoint.dialect.refresh, lifetimes: self.lifetimes(client), now: self.now }
    }

    /// Makes the tokens and what must be committed before they may be sent.
    fn issue(
        &self,
        client: &AuthenticatedClient,
        mut approval: Approval,
        refresh: Option<(RefreshTokenRef, i64)>,
        login: Option<&Login<'_>>,
    ) -> Result<(TokenResponse, Vec<Effect>), Rejection> {
        let (server, realm) = (self.server, self.realm);
        if self.endpoint.dialect.requires.danger_client_certificate.is_none() {
            let (shown, scope) = (approval.certificate, &approval.scope);
            approval.certificate = binding::for_scope(client, shown, scope, &self.binding())?;
        }
        let keys = realm.keys.load();
        let issuer = Issuer {
            issuer: &realm.issuer,
            audience: &realm.audience,
            endpoint: &self.endpoint.dialect,
            signer: keys.signers.get(self.endpoint.index).and_then(Option::as_ref),
            pepper: &realm.pepper,
            now: self.now,
            entropy: &*server.entropy,
        };
        let lifetime = self.endpoint.lifetime_for(client.client());
        let issued = issue(&issuer, client.client(), &approval, lifetime).map_err(|error| {
            tracing::error!(realm = realm.name, %error, "no token could be issued");
            Rejection::from(Rule::StoreFailed)
        })?;
        let refresh_token = refresh.map(|(reference, expires_at)| {
            let seconds = u32::try_from(expires_at - self.now.seconds()).unwrap_or(0);
            (reference.encode(&realm.pepper), seconds)
        });
        let id_token = match login.filter(|_| approval.scope.contains("openid")) {
            Some(login) => login.id_token(self, client, &issued.text)?,
            None => None,
        };
        let response = TokenResponse {
            access_token: issued.text,
            expires_in: u32::try_from(issued.expires_at - self.now.seconds()).unwrap_or(lifetime),
            expires_at: issued.expires_at,
            scope: approval.scope,
            refresh_token,
            id_token,
        };
        Ok((response, issued.effect.into_iter().collect()))
    }
}
