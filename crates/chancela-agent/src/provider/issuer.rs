//! Asks a provider for one step's token: secrets are read anew for each request, and live no longer than it.

use super::binding::UNBOUND;
use super::exchange::{ExchangeError, read, wants_nonce};
use super::explain::{Hidden, secrets};
use super::line::Own;
use super::{Inner, ProviderError, Wanted};
use crate::config::GrantConfig;
use crate::engine::{Attempt, Class, Failure, Granted, How, SECOND, duration};
use crate::proof::Prover;
use crate::tokens::{BoxFuture, Issuer};
use crate::transport::TransportError;
use bytes::Bytes;
use chancela_core::client_auth::{Credentials, Method, OwnCredentials};
use chancela_core::dialect::TokenEndpoint;
use chancela_core::entropy::Entropy;
use chancela_core::message::token_answer::{JwtHint, TokenAnswer};
use chancela_core::message::token_refusal::{RefusalClass, TokenRefusal, WireError};
use chancela_core::message::token_request::{Envelope, GrantRequest, TokenRequest, path};
use chancela_core::secret::{Secret, hex};
use chancela_core::time::Timestamp;
use http::Response;
use std::sync::Arc;

/// Fewer bytes stand in every other sentence, and protect nothing.
const SHORTEST_SECRET: usize = 4;

/// One step of a provider.
pub(super) struct StepIssuer {
    inner: Arc<Inner>,
    place: usize,
    wanted: Wanted,
    /// Proves by the key that the step's tokens are bound to, which their key in the cache names.
    prover: Option<Arc<Prover>>,
}

impl StepIssuer {
    pub(super) const fn new(
        inner: Arc<Inner>,
        place: usize,
        wanted: Wanted,
        prover: Option<Arc<Prover>>,
    ) -> Self {
        Self { inner, place, wanted, prover }
    }
}

impl Issuer for StepIssuer {
    fn issue<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<Granted, Failure>> {
        Box::pin(async move {
            let (place, wanted) = (self.place, self.wanted.clone());
            let refresh = match &attempt.how {
                How::Again => None,
                How::Refresh(token) => Some(token.clone()),
            };
            let chain = attempt.chain.last().map(|token| token.access_token.clone());
            let make = move |inner: &Inner| {
                let grant = inner.grant_request(refresh.as_ref())?;
                inner.request(place, &wanted, grant, chain.as_ref())
            };
            let patience = duration(attempt.patience);
            match self.inner.exchange(place, self.prover.as_ref(), patience, make).await {
                Ok(response) => match self.read(&response, attempt) {
                    Ok(granted) => Ok(granted),
                    Err(failure) => Err(self.silenced(failure, attempt).await),
                },
                Err(ExchangeError::Unsent(error)) => Err(unsendable(&error)),
                Err(ExchangeError::Transport(error)) => Err(lost(&error)),
            }
        })
    }
}

impl StepIssuer {
    fn read(&self, response: &Response<Bytes>, attempt: &Attempt) -> Result<Granted, Failure> {
        let Some(endpoint) = self.inner.endpoints().nth(self.place) else {
            return Err(unsendable(&ProviderError::Interrupted));
        };
        let answer = self.inner.answer(endpoint, response).map_err(|refusal| failure(&refusal))?;
        if self.inner.is_downgraded(&answer, self.prover.as_ref()) {
            // The refresh token is spent all the same.
            let class = if matches!(attempt.how, How::Again) { Class::Request } else { Class::Lost };
            return Err(Failure { class, retry_after: None, said: Some(UNBOUND.into()) });
        }
        Ok(granted(answer, self.inner.now(), self.inner.clock_skew(self.place)))
    }
}

/// What an answer that arrived at `now` gives. `skew` is how many seconds the provider's clock is ahead of ours: what it says
/// by its own clock is said again by ours.
pub(super) fn granted(answer: TokenAnswer, now: Timestamp, skew: i64) -> Granted {
    let there = now.plus_seconds(skew);
    let own = JwtHint::of(&answer.access_token);
    let refresh = answer.refresh_token.as_ref().and_then(JwtHint::of);
    let refresh_ends =
        refresh.as_ref().and_then(|hint| hint.exp).map(|at| at.saturating_sub(there.seconds()));
    let until = answer.expires_at.map(|at| at.saturating_sub(there.seconds()));
    Granted {
        expires_in: answer.expires_in.or(until),
        expires_at: own.and_then(|hint| hint.exp).map(|at| at.saturating_sub(skew)),
        token_type: answer.token_type,
        scope: answer.scope,
        refresh_expires_in: answer.refresh_expires_in.or(refresh_ends),
        refresh_not_before: refresh.and_then(|hint| hint.nbf).map(|at| at.saturating_sub(skew)),
        access_token: answer.access_token,
        refresh_token: answer.refresh_token,
    }
}

impl StepIssuer {
    /// Takes out of a provider's words what we have said to it: some repeat the request, in one spelling or another, and its
    /// words are logged and kept.
    async fn silenced(&self, failure: Failure, attempt: &Attempt) -> Failure {
        let Some(said) = failure.said else { return failure };
        let inner = Arc::clone(&self.inner);
        let read = tokio::task::spawn_blocking(move || secrets(&inner)).await;
        let (mut secrets, ids) = read.unwrap_or_default();
        secrets.extend(attempt.chain.iter().map(|token| token.access_token.clone()));
        if let How::Refresh(token) = &attempt.how {
            secrets.push(token.clone());
        }
        secrets.retain(|secret| secret.expose().len() >= SHORTEST_SECRET);
        let text = Hidden::new(secrets, &ids, &[]).text(&said);
        Failure { said: Some(without_jwts(&text).into()), ..failure }
    }
}

impl Inner {
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.context.clock.now().wall)
    }

    /// The provider's answer to a token request.
    pub(super) fn answer(
        &self,
        endpoint: &TokenEndpoint,
        response: &Response<Bytes>,
    ) -> Result<TokenAnswer, TokenRefusal> {
        TokenAnswer::parse(endpoint, &read(response), self.now())
    }

    /// The request of a step. Its path is the whole one.
    pub(super) fn request(
        &self,
        place: usize,
        wanted: &Wanted,
        grant: GrantRequest<'static>,
        chain: Option<&Secret>,
    ) -> Result<http::Request<Bytes>, ProviderError> {
        let refused = |error| ProviderError::Request { provider: self.name.clone(), error };
        let Some(endpoint) = self.endpoints().nth(place) else { return Err(ProviderError::Interrupted) };
        let is_last = place + 1 == self.steps.len();
        let config = &self.config;
        let own = self.own_once(endpoint, place)?;
        let credentials = self.credentials(endpoint, &own, is_last)?;
        let partner = self.partner()?;
        let partner = partner.as_ref().filter(|_| endpoint.client_authentication.partner.is_some());
        let partner = partner.map(|(id, secret)| Credentials::own_partner(id.expose(), secret)).transpose();
        let pem = self.pem(endpoint);
        let scope = self.step_scope(endpoint, wanted, is_last);
        let scope = match grant {
            GrantRequest::RefreshToken { .. } | GrantRequest::DeviceCode { .. } => None,
            GrantRequest::AuthorizationCode { .. } => self.scope_at_redemption(scope),
            _ => scope.map(str::to_owned),
        };
        let request = TokenRequest {
            grant,
            credentials,
            partner: partner.map_err(refused)?,
            scope: scope.map(Into::into),
            resource: wanted.resource.as_deref().filter(|_| is_last).map(Into::into),
            chain_token: chain.map(Secret::expose).filter(|_| endpoint.requires.access_token.is_some()),
            certificate: pem.as_deref(),
        };
        let takes_key = is_last || endpoint.client_authentication.api_key_header.is_some();
        let api_key = config.api_key.as_ref().filter(|_| takes_key);
        let api_key = api_key.map(|place| self.secret(place)).transpose()?;
        let mut headers = Vec::new();
        for (name, given) in &config.headers {
            headers.push((name.as_str(), self.given(given)?));
        }
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.expose())).collect();
        let fresh = fresh(&*self.context.entropy);
        let envelope = Envelope {
            tenant: self.step_tenant(endpoint, is_last),
            api_key: api_key.as_ref(),
            fresh: Some(&fresh),
            headers: &headers,
        };
        let mut request = request.encode(endpoint, &envelope).map_err(refused)?;
        let path = self.target(place)?.join(&request.uri().to_string());
        *request.uri_mut() = path.parse().map_err(|_| ProviderError::Interrupted)?;
        Ok(request)
    }

    /// Who we are, as an endpoint wants to hear it.
    pub(super) fn credentials<'a>(
        &self,
        endpoint: &TokenEndpoint,
        own: &'a Own,
        is_last: bool,
    ) -> Result<Credentials<'a>, ProviderError> {
        let credentials = OwnCredentials {
            client_id: own.client_id.expose(),
            client_secret: own.secret.as_ref(),
            client_assertion: own.assertion.as_ref(),
            certificate: self.identity.is_some(),
            method: self.method(endpoint, is_last),
        };
        Credentials::own(endpoint, &credentials)
            .map_err(|error| ProviderError::Request { provider: self.name.clone(), error })
    }

    /// How we say it there, where the configuration says.
    pub(super) fn method(&self, endpoint: &TokenEndpoint, is_last: bool) -> Option<Method> {
        let step = self.config.step.get(&endpoint.name);
        step.and_then(|step| step.method).or(self.config.method.filter(|_| is_last))
    }

    fn step_tenant(&self, endpoint: &TokenEndpoint, is_last: bool) -> Option<&str> {
        let takes_tenant = is_last || endpoint.paths.iter().any(|path| path.contains("{tenant}"));
        self.config.tenant.as_deref().filter(|_| takes_tenant)
    }

    /// The path of a step's endpoint below its target.
    pub(super) fn step_path(&self, endpoint: &TokenEndpoint, place: usize) -> Result<String, ProviderError> {
        let tenant = self.step_tenant(endpoint, place + 1 == self.steps.len());
        path(endpoint, tenant).map_err(|error| ProviderError::Request { provider: self.name.clone(), error })
    }

    /// What a code is redeemed with beside the RFCs' parameters: the scope that the dialect's provider wants to hear then.
    fn scope_at_redemption(&self, scope: Option<&str>) -> Option<String> {
        let late = self.dialect.authorization.scope_optional.as_deref()?;
        let late = |token: &&str| late.split(' ').any(|own| own == *token);
        let scope: Vec<&str> = scope?.split(' ').filter(late).collect();
        (!scope.is_empty()).then(|| scope.join(" "))
    }

    pub(super) fn grant_request(
        &self,
        refresh: Option<&Secret>,
    ) -> Result<GrantRequest<'static>, ProviderError> {
        if let Some(token) = refresh {
            return Ok(GrantRequest::RefreshToken { refresh_token: token.expose().to_owned().into() });
        }
        let missing =
            |key, why: &str| ProviderError::Missing { provider: self.name.clone(), key, why: why.to_owned() };
        match self.grant {
            GrantConfig::ClientCredentials => Ok(GrantRequest::ClientCredentials),
            GrantConfig::AuthorizationCode | GrantConfig::DeviceCode => {
                Err(ProviderError::LoginRequired { provider: self.name.clone() })
            }
            GrantConfig::DangerPassword => {
                let username = self.config.username.as_ref();
                let username =
                    username.ok_or_else(|| missing("username", "danger_password needs the user's name"))?;
                let password = self.config.password.as_ref();
                let password =
                    password.ok_or_else(|| missing("password", "danger_password needs its place"))?;
                let username = self.given(username)?.expose().to_owned().into();
                Ok(GrantRequest::Password { username, password: self.secret(password)? })
            }
        }
    }

    fn partner(&self) -> Result<Option<(Secret, Secret)>, ProviderError> {
        match (&self.config.partner_id, &self.config.partner_secret) {
            (Some(id), Some(secret)) => Ok(Some((self.given(id)?, self.secret(secret)?))),
            (None, None) => Ok(None),
            _ => Err(ProviderError::Missing {
                provider: self.name.clone(),
                key: "partner_id or partner_secret",
                why: "a partner platform has both".into(),
            }),
        }
    }

    /// The client's certificate in PEM, for providers that want it in a header.
    fn pem(&self, endpoint: &TokenEndpoint) -> Option<String> {
        endpoint.requires.danger_client_certificate.as_ref()?;
        let identity = self.identity.as_ref()?.current();
        Some(chancela_core::x509::encode_pem("CERTIFICATE", &identity.certificate().der))
    }
}

/// A correlation id.
pub(crate) fn fresh(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 16];
    // An id that is not random names the request less well, and nothing depends on it.
    let _ = entropy.fill(&mut bytes);
    let digits = hex(&bytes);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// A text without the JWTs in it: an assertion or a proof that a provider repeats was made for its request, and nobody else
/// knows it.
fn without_jwts(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // As every JWT's header begins: `{"` in base64url.
    while let Some(at) = rest.find("eyJ") {
        let (before, jwt) = rest.split_at(at);
        let belongs = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let end = jwt.find(|c| !belongs(c)).unwrap_or(jwt.len());
        out.push_str(before);
        out.push_str("[redacted]");
        rest = jwt.get(end..).unwrap_or_default();
    }
    out + rest
}

/// What cannot be sent will not be sendable a moment later.
fn unsendable(error: &ProviderError) -> Failure {
    Failure { class: Class::Local, retry_after: None, said: Some(error.to_string().into()) }
}

fn lost(error: &TransportError) -> Failure {
    Failure { class: error.class(), retry_after: None, said: Some(error.to_string().into()) }
}

fn is_dead(refusal: &TokenRefusal) -> bool {
    let error = refusal.error.as_ref().map(WireError::as_str);
    matches!(error, Some("invalid_grant" | "expired_token"))
}

fn failure(refusal: &TokenRefusal) -> Failure {
    let class = match refusal.class {
        // The provider says that it did not act.
        _ if wants_nonce(refusal) => Class::Unsent,
        RefusalClass::Busy if refusal.status == http::StatusCode::TOO_MANY_REQUESTS => Class::Unsent,
        RefusalClass::Busy => Class::Busy,
        RefusalClass::Garbled => Class::Lost,
        RefusalClass::Credentials => Class::Credentials,
        RefusalClass::Request => Class::Request,
        // Only these words say that what was sent is dead; a gateway's refusal must not end a person's session.
        RefusalClass::Grant if is_dead(refusal) => Class::Grant,
        RefusalClass::Grant => Class::Credentials,
    };
    let retry_after = refusal.retry_after.map(|seconds| i64::from(seconds) * SECOND);
    Failure { class, retry_after, said: Some(refusal.to_string().into()) }
}

#[cfg(test)]
mod tests {
    use super::granted as granted_by;
    use super::*;
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
    use chancela_core::message::HttpAnswer;

    fn jwt(claims: &str) -> String {
        format!("e30.{}.c2ln", BASE64URL.encode(claims))
    }

    /// 4.3 rule 4: what servers say by their clock is believed by their clock.
    #[test]
    fn moments_of_a_provider_whose_clock_is_off_are_said_by_ours() {
        let library = chancela_core::dialect::Library::builtin();
        let dialect = library.load("standard").unwrap();
        let body = serde_json::json!({
            "access_token": jwt("{\"exp\":4900}"), "token_type": "Bearer", "refresh_token": jwt("{\"exp\":9600,\"nbf\":4840}"),
        });
        let body = body.to_string();
        let headers = http::HeaderMap::from_iter([(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/json"),
        )]);
        let answer = HttpAnswer { status: http::StatusCode::OK, headers: &headers, body: body.as_bytes() };
        // Ours shows 1000, theirs 4600.
        let now = Timestamp::from_seconds(1000);
        let read = || TokenAnswer::parse(&dialect.token_endpoints[0], &answer, now).unwrap();
        let granted = granted_by(read(), now, 3600);
        assert_eq!(
            (granted.expires_at, granted.refresh_expires_in, granted.refresh_not_before),
            (Some(1300), Some(5000), Some(1240))
        );
        assert_eq!(granted_by(read(), now, 0).refresh_not_before, Some(4840));
    }
}
