//! What one kind of token of a provider needs, read and named: a key, a plan and an issuer for each step.

use super::issuer::StepIssuer;
use super::per_call::PerCall;
use super::rendered::Rendered;
use super::{Inner, ProviderError, Wanted};
use crate::config::{Given, GrantConfig, Place};
use crate::engine::{Budget, Chain, Moment, Plan, Policy, SECOND, TokenKey};
use crate::proof::Prover;
use crate::source::SourceError;
use crate::tokens::KeyName;
use crate::tokens::Tokens;
use arc_swap::ArcSwapOption;
use chancela_core::dialect::{ApiParameter, ApiValue, TokenEndpoint};
use chancela_core::message::device_authorization::DEVICE_CODE;
use chancela_core::secret::{Secret, hex};
use chancela_core::time::Timestamp;
use http::HeaderName;
use std::sync::Arc;

/// How long credentials count as read: a changed secret is noticed after this time.
const RECENT: i64 = SECOND;

/// What one kind of token needs.
pub(super) struct Line {
    /// First step first; never empty.
    keys: Vec<TokenKey>,
    wanted: Wanted,
    stamp: u64,
    read_at: Moment,
    /// What API calls carry beside tokens.
    pub(super) headers: Vec<(String, Secret)>,
    /// What differs from call to call, or stands in its address.
    pub(super) per_call: Option<Arc<PerCall>>,
    /// Proves by the key that the last step's tokens are bound to.
    pub(super) prover: Option<Arc<Prover>>,
    /// What was written for the last token.
    pub(super) rendered: ArcSwapOption<Rendered>,
}

impl Line {
    /// Reads who we are.
    pub(super) fn read(inner: &Inner, wanted: &Wanted, now: Moment) -> Result<Self, ProviderError> {
        if let Some(identity) = &inner.identity {
            // Why a new certificate is not taken stands in the status; the old one goes on.
            let _ = identity.look(inner.around(), Timestamp::from_millis(now.wall));
        }
        let mut keys: Vec<TokenKey> = Vec::new();
        let prover = inner.prover()?;
        let assertion = inner.assertion_key()?.map(|key| key.jwk().thumbprint());
        let mut facts = inner.facts(prover.as_deref(), assertion.as_deref())?;
        for (place, endpoint) in inner.endpoints().enumerate() {
            let own = inner.own(endpoint)?;
            let earlier = keys.last().map(|key| hex(key.as_bytes())).unwrap_or_default();
            let bound = prover.as_ref().filter(|_| place + 1 == inner.steps.len());
            let thumbprints = [bound.map(|prover| prover.thumbprint()), assertion.as_deref()];
            keys.push(inner.key(endpoint, &own, wanted, (place, &earlier), thumbprints)?);
            facts.push(own.client_id.expose().to_owned());
            facts.push(own.secret.as_ref().map_or_else(String::new, |secret| secret.expose().to_owned()));
            facts.push(format!("{:?}", inner.config.step.get(&endpoint.name).and_then(|step| step.method)));
        }
        let stamp = stamp(&inner.context.pepper, &facts);
        facts.iter_mut().for_each(zeroize::Zeroize::zeroize);
        let (headers, per_call) = api(inner)?;
        let rendered = ArcSwapOption::empty();
        Ok(Self { keys, wanted: wanted.clone(), stamp, read_at: now, headers, per_call, prover, rendered })
    }

    /// The key of the token that is wanted.
    pub(super) fn key(&self) -> TokenKey {
        self.keys.last().copied().unwrap_or_else(|| TokenKey::of(&[]))
    }

    pub(super) fn keys(&self) -> &[TokenKey] {
        &self.keys
    }

    /// The key of the step before it.
    pub(super) fn earlier(&self) -> Option<TokenKey> {
        self.keys.iter().rev().nth(1).copied()
    }

    /// The same, looked at now.
    pub(super) fn looked_at(&self, now: Moment) -> Self {
        let Self { keys, wanted, stamp, read_at: _, headers, per_call, prover, rendered: _ } = self;
        Self {
            keys: keys.clone(),
            wanted: wanted.clone(),
            stamp: *stamp,
            read_at: now,
            headers: headers.clone(),
            per_call: per_call.clone(),
            prover: prover.clone(),
            rendered: ArcSwapOption::empty(),
        }
    }

    pub(super) const fn is_recent(&self, now: Moment) -> bool {
        let age = now.boot.saturating_sub(self.read_at.boot);
        age >= 0 && age < RECENT
    }

    /// Tells the tokens how each step is obtained.
    pub(super) fn register(&self, inner: &Arc<Inner>, tokens: &Tokens) -> Result<(), ProviderError> {
        let mut earlier: Option<Chain> = None;
        for (place, (endpoint, key)) in inner.endpoints().zip(&self.keys).enumerate() {
            let address = inner.address(endpoint, place)?;
            let plan = inner.plan(endpoint, &address, earlier, self.stamp);
            let prover = self.prover.clone().filter(|_| place + 1 == self.keys.len());
            let issuer = Arc::new(StepIssuer::new(Arc::clone(inner), place, self.wanted.clone(), prover));
            let registered = tokens.register(*key, plan, issuer);
            registered.map_err(|error| ProviderError::Plan { provider: inner.name.clone(), error })?;
            tokens.restamp(*key, self.stamp);
            tokens.name(*key, &self.name(inner, endpoint, place));
            // A gateway's token opens the API too, and not only the next token endpoint.
            earlier = Some(Chain { key: *key, accompanies: true });
        }
        Ok(())
    }

    fn name(&self, inner: &Inner, endpoint: &TokenEndpoint, place: usize) -> KeyName {
        let is_last = place + 1 == self.keys.len();
        let Wanted { scope, resource } = &self.wanted;
        KeyName {
            provider: inner.name.clone(),
            step: endpoint.name.clone(),
            scope: inner.step_scope(endpoint, &self.wanted, is_last).map(str::to_owned),
            resource: resource.clone().filter(|_| is_last),
            is_last,
            is_usual: *scope == inner.scope() && *resource == inner.config.resource,
        }
    }
}

/// Who we are at one step.
pub(super) struct Own {
    pub(super) client_id: Secret,
    pub(super) secret: Option<Secret>,
    /// An assertion, for one request.
    pub(super) assertion: Option<Secret>,
}

impl Inner {
    /// Who we are at an endpoint.
    pub(super) fn own(&self, endpoint: &TokenEndpoint) -> Result<Own, ProviderError> {
        let step = self.config.step.get(&endpoint.name);
        let id = step.and_then(|step| step.client_id.as_ref()).unwrap_or(&self.config.client_id);
        let secret = step.and_then(|step| step.client_secret.as_ref()).or(self.config.client_secret.as_ref());
        let secret = secret.map(|place| self.secret(place)).transpose()?;
        Ok(Own { client_id: self.given(id)?, secret, assertion: None })
    }

    pub(super) fn given(&self, given: &Given) -> Result<Secret, ProviderError> {
        given.read(self.around()).map_err(|error| self.unreadable(error))
    }

    pub(super) fn secret(&self, place: &Place) -> Result<Secret, ProviderError> {
        place.0.read(self.around()).and_then(|reading| reading.text()).map_err(|error| self.unreadable(error))
    }

    fn unreadable(&self, error: SourceError) -> ProviderError {
        ProviderError::Source { provider: self.name.clone(), error }
    }

    /// What shapes every request beside the client's id and secret. If a provider has refused it and it changes, it is asked
    /// again at once.
    fn facts(&self, prover: Option<&Prover>, assertion: Option<&str>) -> Result<Vec<String>, ProviderError> {
        let config = &self.config;
        let mut facts = vec![format!("{:?}", config.method)];
        let signing = [prover.map(Prover::thumbprint), assertion, config.client_assertion_kid.as_deref()];
        let signing = signing.into_iter().chain([config.client_assertion_audience.as_deref()]);
        facts.extend(signing.map(|fact| fact.unwrap_or_default().to_owned()));
        facts.push(format!("{:?}", config.client_assertion_algorithm));
        let given = [&config.username, &config.partner_id].map(|one| one.as_ref().map(|one| self.given(one)));
        let places = [&config.password, &config.api_key, &config.partner_secret];
        let places = places.map(|one| one.as_ref().map(|one| self.secret(one)));
        for value in given.into_iter().chain(places) {
            facts.push(value.transpose()?.map_or_else(String::new, |value| value.expose().to_owned()));
        }
        for (name, value) in &config.headers {
            facts.push(name.clone());
            facts.push(self.given(value)?.expose().to_owned());
        }
        facts.extend(self.identity.as_ref().map(|identity| identity.current().thumbprint()));
        Ok(facts)
    }

    /// Everything by which a token differs from another one. Secrets are not among it: the same client's token is the same
    /// whatever its secret is now.
    fn key(
        &self,
        endpoint: &TokenEndpoint,
        own: &Own,
        wanted: &Wanted,
        (place, earlier): (usize, &str),
        [jkt, assertion]: [Option<&str>; 2],
    ) -> Result<TokenKey, ProviderError> {
        let is_last = place + 1 == self.steps.len();
        let username = self.config.username.as_ref().map(|given| self.given(given)).transpose()?;
        // A token that a person's login gave outlives the certificate that it is bound to; it is renewed with the next one.
        let bound = self.identity.as_ref().filter(|_| self.is_repeatable());
        let thumbprint = bound.map(|identity| identity.current().thumbprint()).unwrap_or_default();
        let mut scopes: Vec<&str> =
            self.step_scope(endpoint, wanted, is_last).unwrap_or_default().split(' ').collect();
        scopes.sort_unstable();
        scopes.dedup();
        // Who is meant may also stand in a partner's id, a header or an application's key.
        let partner = self.config.partner_id.as_ref().map(|given| self.given(given)).transpose()?;
        let mut others = Vec::new();
        for (name, value) in &self.config.headers {
            others.extend([name.clone(), self.given(value)?.expose().to_owned()]);
        }
        if let Some(place) = &self.config.api_key {
            others.push(self.secret(place)?.expose().to_owned());
        }
        let has_others = !others.is_empty();
        let others = format!("{:016x}", stamp(&self.context.pepper, &others));
        let (address, scopes) = (self.address(endpoint, place)?, scopes.join(" "));
        let mut parts = vec![
            "chancela agent 2",
            &self.dialect.name,
            &address,
            self.config.tenant.as_deref().unwrap_or_default(),
            match self.grant {
                GrantConfig::ClientCredentials => "client_credentials",
                GrantConfig::AuthorizationCode => "authorization_code",
                GrantConfig::DeviceCode => DEVICE_CODE,
                GrantConfig::DangerPassword => "password",
            },
            own.client_id.expose(),
            username.as_ref().map_or("", Secret::expose),
            &scopes,
            wanted.resource.as_deref().filter(|_| is_last).unwrap_or_default(),
            &thumbprint,
            partner.as_ref().map_or("", Secret::expose),
            if has_others { &others } else { "" },
            earlier,
        ];
        // Only where there is one, so that tokens without are found where earlier versions of this program kept them. A
        // person's session outlives the key that signs assertions; the key that it is bound to it does not.
        parts.extend(jkt.into_iter().flat_map(|jkt| ["dpop", jkt]));
        let assertion = assertion.filter(|_| self.is_repeatable());
        parts.extend(assertion.into_iter().flat_map(|assertion| ["client_assertion", assertion]));
        Ok(TokenKey::of(&parts))
    }

    /// The whole address of a step's endpoint.
    fn address(&self, endpoint: &TokenEndpoint, place: usize) -> Result<String, ProviderError> {
        Ok(self.target(place)?.url(endpoint.paths.first().map_or("", String::as_str)))
    }

    /// The scope that is asked for at a step.
    pub(super) fn step_scope<'a>(
        &'a self,
        endpoint: &'a TokenEndpoint,
        wanted: &'a Wanted,
        is_last: bool,
    ) -> Option<&'a str> {
        if is_last {
            return wanted.scope.as_deref();
        }
        let own = self.config.step.get(&endpoint.name).and_then(|step| step.scope.as_deref());
        own.or_else(|| endpoint.exact_scope.as_ref().map(|scope| scope.as_str()))
    }

    pub(super) fn is_repeatable(&self) -> bool {
        !self.needs_login()
    }

    /// When the tokens of an endpoint are renewed: what the configuration says, else what the dialect documents.
    pub(super) fn policy(&self, endpoint: &TokenEndpoint) -> Policy {
        let lifetime = seconds(self.dialect.refresh_token_lifetime(endpoint, &self.environment));
        let refresh = &endpoint.refresh;
        let end = if refresh.sliding { seconds(refresh.absolute_lifetime) } else { lifetime };
        let own = self.config.renew.policy();
        Policy {
            default_life: Some(seconds(self.dialect.access_token_lifetime(endpoint, &self.environment))),
            absolute_life: own.absolute_life.or(Some(end)),
            refresh_life: refresh.sliding.then_some(lifetime),
            patience: self.http.timeout.millis(),
            ..own
        }
    }

    fn plan(&self, endpoint: &TokenEndpoint, address: &str, chain: Option<Chain>, stamp: u64) -> Plan {
        let documented = endpoint.rate_limit.map(|limit| Budget {
            calls: usize::from(limit.requests),
            window: seconds(limit.period),
            reserve: usize::from(limit.requests > 2),
        });
        Plan {
            policy: self.policy(endpoint),
            endpoint: TokenKey::of(&[address]),
            budget: self.config.budget.map(Budget::from).or(documented),
            chain,
            repeatable: self.is_repeatable(),
            keep: self.config.renew.keep,
            stamp,
        }
    }
}

/// Milliseconds.
fn seconds(seconds: u32) -> i64 {
    i64::from(seconds) * SECOND
}

/// Headers with a value that is the same in each call, and what else a call carries.
type Api = (Vec<(String, Secret)>, Option<Arc<PerCall>>);

/// What API calls carry beside tokens.
fn api(inner: &Inner) -> Result<Api, ProviderError> {
    let Some(endpoint) = inner.endpoints().last() else { return Ok((Vec::new(), None)) };
    let unfit = |name: &str| ProviderError::Header { provider: inner.name.clone(), header: name.to_owned() };
    let (mut headers, mut fresh, mut query) = (Vec::new(), Vec::new(), Vec::new());
    for parameter in &endpoint.api.headers {
        let name = &parameter.name;
        match api_value(inner, endpoint, parameter)? {
            Some(value) => headers.push((name.clone(), value)),
            None => fresh.push(HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit(name))?),
        }
    }
    for parameter in &endpoint.api.query {
        let value = api_value(inner, endpoint, parameter)?;
        query.extend(value.map(|value| (parameter.name.clone(), value)));
    }
    Ok((headers, PerCall::of(fresh, query, &inner.context.entropy)))
}

/// A value of each call; `None` if it is another one in each.
fn api_value(
    inner: &Inner,
    endpoint: &TokenEndpoint,
    parameter: &ApiParameter,
) -> Result<Option<Secret>, ProviderError> {
    Ok(match (&parameter.literal, parameter.value, &parameter.credential) {
        (Some(text), _, _) => Some(Secret::new(text.clone())),
        (_, Some(ApiValue::ClientId), _) => Some(inner.own(endpoint)?.client_id),
        (_, Some(ApiValue::Fresh), _) | (_, None, None) => None,
        (_, None, Some(name)) => match inner.config.credential.get(name) {
            Some(given) => Some(inner.given(given)?),
            None => {
                return Err(ProviderError::Missing {
                    provider: inner.name.clone(),
                    key: "credential",
                    why: format!(
                        "every call of this provider's API carries {name}; give it as credential.{name}"
                    ),
                });
            }
        },
    })
}

/// Tells one set of credentials from another without telling them.
fn stamp(pepper: &[u8; 32], texts: &[String]) -> u64 {
    use aws_lc_rs::hmac;
    let key = hmac::Key::new(hmac::HMAC_SHA256, pepper);
    let mut context = hmac::Context::with_key(&key);
    for text in texts {
        context.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(text.as_bytes());
    }
    context.sign().as_ref().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}
