//! `POST /v1/token`: a token for a caller who may have it. Each one, and each refusal, stands in the audit log by
//! fingerprint, process and provider.

use super::message::{Ask, FORMAT_VERSION, WrittenToken};
use super::metrics::Served;
use super::policy::Caller;
use super::problem::Problem;
use super::state::State;
use crate::config::Operation;
use crate::provider::{Authorized, Provider, ProviderError, Request};
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// Answers a request for a token.
pub(super) async fn token(state: &Arc<State>, caller: Caller, body: &[u8]) -> Result<Bytes, Problem> {
    let ask = Ask::parse(body).map_err(Problem::malformed)?;
    if !state.policy.allows(caller, Operation::Token, &ask.provider) {
        return Err(Problem::forbidden());
    }
    let provider = state.provider(&ask.provider).await;
    let provider = provider.inspect_err(|problem| refused(caller, None, problem))?;
    let (how, answer) = obtain(state, &provider, &ask).await;
    state.news.metrics.served(provider.name(), how);
    let problem = match &answer {
        Ok(authorized) => match written(provider.name(), authorized, &ask) {
            Ok(bytes) => {
                granted(caller, provider.name(), authorized);
                return Ok(bytes);
            }
            Err(problem) => *problem,
        },
        Err(error) => Problem::from(error),
    };
    refused(caller, Some(provider.name()), &problem);
    Err(problem)
}

async fn obtain(
    state: &State,
    provider: &Provider,
    ask: &Ask,
) -> (Served, Result<Authorized, ProviderError>) {
    let min_ttl = Duration::from_secs(ask.min_ttl.unwrap_or(0).into());
    let request = Request { scope: ask.scope.as_deref(), resource: ask.resource.as_deref(), min_ttl };
    // Credentials are read first, which is no waiting for a token.
    let known = match ask.rejected() {
        Some(seen) => provider.doubt(request, seen).await,
        None => provider.key(request).await.map(|_| false),
    };
    match known {
        Ok(true) => state.news.metrics.rejected(provider.name()),
        Ok(false) => {}
        Err(error) => return (Served::Failed, Err(error)),
    }
    let mut token = pin!(provider.token(request, ask.patience()));
    let mut waited = false;
    let answer = poll_fn(|cx| {
        let polled = token.as_mut().poll(cx);
        waited |= polled.is_pending();
        polled
    });
    let answer = answer.await;
    let how = match &answer {
        Err(_) => Served::Failed,
        Ok(_) if waited => Served::Waited,
        Ok(_) => Served::Cached,
    };
    (how, answer)
}

/// The answer, with headers for the one call of a bound token.
fn written(provider: &str, authorized: &Authorized, ask: &Ask) -> Result<Bytes, Box<Problem>> {
    let headers = match ask.call() {
        None if authorized.needs_proof() => return Err(Box::new(Problem::needs_proof())),
        None => authorized.call_headers(),
        Some(call) => {
            if let Some(nonce) = &call.nonce {
                authorized.use_nonce(&call.url, nonce);
            }
            let boxed = |error| Box::new(Problem::from(&error));
            let url = authorized.address_for(&call.url).map_err(boxed)?;
            authorized.headers_for(&call.method, &url).map_err(boxed)?
        }
    };
    encode(provider, authorized, &headers).ok_or_else(|| Box::new(Problem::from(&ProviderError::Interrupted)))
}

fn encode(provider: &str, authorized: &Authorized, headers: &[(HeaderName, HeaderValue)]) -> Option<Bytes> {
    let token = &authorized.served.token;
    let headers = headers.iter().map(|(name, value)| {
        let value = value.to_str().ok()?;
        Some((name.as_str().to_owned(), value.into()))
    });
    let written = WrittenToken {
        format_version: FORMAT_VERSION,
        provider,
        access_token: token.access_token.expose(),
        token_type: token.token_type.as_deref(),
        expires_in: u64::try_from(authorized.served.left.div_euclid(1000)).unwrap_or(0),
        fingerprint: token.fingerprint.to_string(),
        headers: headers.collect::<Option<_>>()?,
        query: authorized.query().map(|(name, value)| (name.to_owned(), value.expose().into())).collect(),
    };
    serde_json::to_vec(&written).ok().map(Bytes::from)
}

fn granted(caller: Caller, provider: &str, authorized: &Authorized) {
    let fingerprint = authorized.served.token.fingerprint;
    let Caller { uid, gid, pid } = caller;
    tracing::info!(target: "audit", provider, %fingerprint, uid, gid, pid, "token handed out");
}

/// Notes who got nothing. What only the request said is not noted: `provider` is one of the configuration.
pub(super) fn refused(caller: Caller, provider: Option<&str>, problem: &Problem) {
    let Caller { uid, gid, pid } = caller;
    let reason = &*problem.reason;
    tracing::warn!(target: "audit", provider, reason, uid, gid, pid, "token refused");
}
