//! What a token would take, for people: each step's exact request without its secrets, and its timetable.

mod hidden;

use super::{Inner, Provider, ProviderError, Request, Wanted};
use crate::config::Given;
use crate::engine::{Record, SECOND, TokenKey};
use chancela_core::dialect::TokenEndpoint;
use chancela_core::dpop::PROOF;
use chancela_core::secret::Secret;
use hidden::HIDDEN;
pub(super) use hidden::Hidden;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use std::fmt;

/// One step.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The token endpoint's name in the dialect.
    pub endpoint: String,
    /// What the token is kept under.
    pub key: TokenKey,
    /// Where the request goes.
    pub url: String,
    /// Its headers, secrets hidden.
    pub headers: Vec<(String, String)>,
    /// Its body, secrets hidden.
    pub body: String,
    /// When it is renewed.
    pub timetable: Timetable,
}

/// When a token is renewed. `Display` says it in a sentence. Times are seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timetable {
    /// How long a token lives.
    pub life: i64,
    /// With how much left it is renewed.
    pub soft: i64,
    /// With how much left it is not handed out any more.
    pub hard: i64,
    /// By how much of a token's life instances differ.
    pub jitter_percent: u8,
}

impl fmt::Display for Timetable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { life, soft, hard, jitter_percent } = self;
        write!(
            f,
            "A token of {life} s is renewed when {soft} s are left and not handed out with less than {hard} s; instances differ by up to {jitter_percent} %."
        )
    }
}

impl Provider {
    /// The requests that a token would take, first step first. Nothing is sent.
    ///
    /// # Errors
    /// [`ProviderError`]: what would not be sent either.
    pub async fn explain(&self, request: Request<'_>) -> Result<Vec<Explained>, ProviderError> {
        let keys = self.keys(request).await?;
        let wanted = self.wanted(request);
        let inner = std::sync::Arc::clone(&self.0);
        let read = tokio::task::spawn_blocking(move || {
            let mut out = Vec::new();
            for (place, key) in keys.into_iter().enumerate() {
                out.push(step(&inner, place, key, &wanted)?);
            }
            Ok(out)
        });
        read.await.unwrap_or(Err(ProviderError::Interrupted))
    }

    /// The keys of a token's steps, first step first.
    ///
    /// # Errors
    /// [`ProviderError`]: the credentials cannot be read.
    pub async fn keys(&self, request: Request<'_>) -> Result<Vec<TokenKey>, ProviderError> {
        Ok(self.line(request).await?.keys().to_vec())
    }

    /// When a record's session ends whatever is refreshed, in seconds since the epoch.
    pub fn session_ends_at(&self, record: &Record) -> Option<i64> {
        let endpoint = self.0.endpoints().last()?;
        record.session.as_ref()?.ends_at(&self.0.policy(endpoint))
    }

    /// When the person has to log in again however often a record's session is refreshed, in seconds since the epoch; `None`
    /// where only the provider knows.
    pub fn session_deadline(&self, record: &Record) -> Option<i64> {
        let endpoint = self.0.endpoints().last()?;
        let life = self.0.policy(endpoint).absolute_life?;
        Some(record.session.as_ref()?.login_at.saturating_add(life.div_euclid(SECOND)))
    }

    /// When the client's certificate ends, in seconds since the epoch.
    pub fn certificate_ends_at(&self) -> Option<i64> {
        Some(self.0.identity.as_ref()?.current().certificate().not_after)
    }
}

fn step(inner: &Inner, place: usize, key: TokenKey, wanted: &Wanted) -> Result<Explained, ProviderError> {
    let Some(endpoint) = inner.endpoints().nth(place) else { return Err(ProviderError::Interrupted) };
    let stand_in = Secret::new(HIDDEN);
    let refresh = (!inner.is_repeatable()).then_some(&stand_in);
    let chain = (place > 0).then_some(&stand_in);
    let request = inner.request(place, wanted, inner.grant_request(refresh)?, chain)?;
    let names = &endpoint.request.names;
    let names = [names.client_secret.as_str(), &names.password, &names.refresh_token, "client_assertion"];
    let (secrets, ids) = secrets(inner);
    let hidden = Hidden::new(secrets, &ids, &names);
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| {
        let text = match is_public(endpoint, name, value) {
            true => hidden.text(value.to_str().unwrap_or(HIDDEN)),
            false if value.as_bytes().starts_with(b"Basic ") => format!("Basic {HIDDEN}"),
            false => HIDDEN.to_owned(),
        };
        (name.as_str().to_owned(), text)
    });
    // A proof is made for the moment at which it is sent.
    let is_proven = inner.config.dpop.is_some() && place + 1 == inner.steps.len();
    let proof = is_proven.then(|| (PROOF.as_str().to_owned(), HIDDEN.to_owned()));
    let headers = headers.chain(proof).collect();
    let body = hidden.body(&String::from_utf8_lossy(request.body()));
    let url = hidden.text(&(inner.target(place)?.origin() + &request.uri().to_string()));
    let (endpoint, timetable) = (endpoint.name.clone(), timetable(inner, endpoint));
    Ok(Explained { endpoint, key, url, headers, body, timetable })
}

fn timetable(inner: &Inner, endpoint: &TokenEndpoint) -> Timetable {
    let policy = inner.policy(endpoint);
    let life = policy.default_life.unwrap_or(0);
    let margins = policy.margins(life, 0);
    Timetable {
        life: life / SECOND,
        soft: margins.soft / SECOND,
        hard: margins.hard / SECOND,
        jitter_percent: policy.jitter_percent,
    }
}

/// Whether a header's value is the dialect's or ours, and not the configuration's: any other may be a credential.
fn is_public(endpoint: &TokenEndpoint, name: &HeaderName, value: &HeaderValue) -> bool {
    let own = endpoint.request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name.as_str()));
    let fixed = match own {
        Some(header) => header.value.as_deref().is_some_and(|fixed| fixed.as_bytes() == value.as_bytes()),
        None => [ACCEPT, CONTENT_TYPE].contains(name),
    };
    fixed && !value.is_sensitive()
}

/// All that is secret in the configuration, whether or not this request has it, and the ids that stand beside secrets.
/// What cannot be read is in no request.
pub(super) fn secrets(inner: &Inner) -> (Vec<Secret>, Vec<Secret>) {
    let config = &inner.config;
    let own = [&config.client_secret, &config.password, &config.api_key, &config.partner_secret];
    let steps = config.step.values().map(|step| &step.client_secret);
    let places = own.into_iter().chain([&config.certificate_passphrase]).chain(steps).flatten();
    let given = config.headers.values().chain(config.credential.values());
    let given = given.filter(|given| matches!(given, Given::From(_)));
    let secrets = places.map(|place| inner.secret(place)).chain(given.map(|given| inner.given(given)));
    let secrets = secrets.filter_map(Result::ok).collect();
    let ids = config.step.values().filter_map(|step| step.client_id.as_ref()).chain(&config.partner_id);
    let ids = std::iter::once(&config.client_id).chain(ids);
    (secrets, ids.filter_map(|id| inner.given(id).ok()).collect())
}
