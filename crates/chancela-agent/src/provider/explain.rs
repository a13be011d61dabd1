//! What a token would take, for people: each step's exact request without its secrets, and its timetable.

use super::{Provider, ProviderError, Request, Wanted};
use crate::engine::{Record, SECOND, TokenKey};
use chancela_core::secret::Secret;

/// What stands where a secret would.
const HIDDEN: &str = "***";

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
    /// When it is renewed, in a sentence.
    pub timetable: String,
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

    /// When the client's certificate ends, in seconds since the epoch.
    pub fn certificate_ends_at(&self) -> Option<i64> {
        Some(self.0.identity.as_ref()?.current().certificate().not_after)
    }
}

fn step(
    inner: &super::Inner,
    place: usize,
    key: TokenKey,
    wanted: &Wanted,
) -> Result<Explained, ProviderError> {
    let Some(endpoint) = inner.endpoints().nth(place) else { return Err(ProviderError::Interrupted) };
    let hidden = Secret::new(HIDDEN);
    let refresh = (!inner.is_repeatable()).then_some(&hidden);
    let chain = (place > 0).then_some(&hidden);
    let request = inner.request(place, wanted, inner.grant_request(refresh)?, chain)?;
    let headers = request.headers().iter().map(|(name, value)| {
        let text = value.to_str().unwrap_or(HIDDEN);
        let scheme = text.split_once(' ').map_or("", |(scheme, _)| scheme);
        let hidden = if scheme == "Basic" { format!("Basic {HIDDEN}") } else { HIDDEN.to_owned() };
        (name.as_str().to_owned(), if value.is_sensitive() { hidden } else { text.to_owned() })
    });
    let own = inner.own(endpoint)?;
    let mut body = String::from_utf8_lossy(request.body()).into_owned();
    let password = inner.config.password.as_ref().map(|place| inner.secret(place)).transpose()?;
    for secret in own.secret.iter().chain(&password) {
        body = without(&body, secret.expose());
    }
    let policy = inner.policy(endpoint);
    let life = policy.default_life.unwrap_or(0);
    let margins = policy.margins(life, 0);
    let seconds = |millis: i64| millis / SECOND;
    let timetable = format!(
        "A token of {} s is renewed when {} s are left and not handed out with less than {} s; instances differ by up to {} %.",
        seconds(life),
        seconds(margins.soft),
        seconds(margins.hard),
        policy.jitter_percent,
    );
    let headers = headers.collect();
    let (endpoint, url) = (endpoint.name.clone(), inner.target(place)?.origin() + &request.uri().to_string());
    Ok(Explained { endpoint, key, url, headers, body, timetable })
}

/// `body` without a secret, in any of the spellings that a form or JSON gives it.
fn without(body: &str, secret: &str) -> String {
    if secret.is_empty() {
        return body.to_owned();
    }
    let form = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string();
    let json = serde_json::to_string(secret).unwrap_or_default();
    let mut out = body.replace(secret, HIDDEN).replace(json.trim_matches('"'), HIDDEN);
    // What a form leaves as it is differs from writer to writer, so each parameter is compared after it is read.
    let pairs = out.split('&').map(|pair| {
        let Some((name, value)) = pair.split_once('=') else { return pair.to_owned() };
        let plain =
            percent_encoding::percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned();
        if plain == secret { format!("{name}={HIDDEN}") } else { pair.to_owned() }
    });
    out = pairs.collect::<Vec<_>>().join("&");
    out.replace(&form, HIDDEN)
}
