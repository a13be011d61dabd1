//! `chancela agent status`: what each provider's token is worth now, from the cache alone. Sends nothing.

use super::{labels, with_agent};
use crate::cli::AgentFile;
use crate::failure::Failure;
use crate::language::Locale;
use crate::output;
use chancela_agent::agent::Agent;
use chancela_agent::clock::{Clock, SystemClock};
use chancela_agent::engine::Record;
use chancela_agent::provider::Request;
use chancela_core::message::token_response::iso_8601;
use serde_json::{Value, json};

pub(super) fn status(file: &AgentFile, json: bool, locale: Locale) -> Result<(), Failure> {
    let all = with_agent(file, false, async |agent| {
        let names: Vec<String> = agent.names().map(str::to_owned).collect();
        let mut all = Vec::new();
        for name in names {
            all.push(of(agent, &name).await);
        }
        Ok(all)
    })?;
    let document = match json {
        true => json!({ "format_version": 1, "providers": all }),
        false => Value::Array(all.into_iter().map(dated).map(|one| labels::shown(one, locale)).collect()),
    };
    output::show(&document, json);
    Ok(())
}

/// Moments as people read them.
fn dated(mut provider: Value) -> Value {
    for (name, value) in provider.as_object_mut().into_iter().flatten() {
        if let Some(seconds) = value.as_i64().filter(|_| name.ends_with("_at")) {
            *value = iso_8601(seconds).into();
        }
    }
    provider
}

async fn of(agent: &Agent, name: &str) -> Value {
    let wrong = |error: String| json!({ "provider": name, "state": "unusable", "error": error });
    let provider = match agent.provider(name) {
        Ok(provider) => provider,
        Err(error) => return wrong(error.to_string()),
    };
    let keys = match provider.keys(Request::default()).await {
        Ok(keys) => keys,
        Err(error) => return wrong(error.to_string()),
    };
    let mut records = Vec::new();
    for key in keys {
        match agent.record(key) {
            Ok(record) => records.push(record),
            Err(error) => return wrong(error.to_string()),
        }
    }
    let Some(last) = records.last() else { return wrong("there is no step".to_owned()) };
    let now = SystemClock.now();
    let left =
        records.iter().map(|record| record.token.as_ref().map_or(0, |token| token.life.left(now))).min();
    let left = left.unwrap_or(0).max(0) / 1000;
    let held = last.trouble.as_ref().filter(|trouble| trouble.pause.left(now) > 0);
    json!({
        "provider": name,
        "state": state(last, left, provider.needs_login(), agent.keeps()),
        "token": last.token.as_ref().map(|token| token.fingerprint.to_string()),
        "seconds_left": (left > 0).then_some(left),
        "scope": last.token.as_ref().and_then(|token| token.scope.clone()),
        "logged_in_at": last.session.as_ref().map(|session| session.login_at),
        "session_ends_at": provider.session_ends_at(last),
        "certificate_ends_at": provider.certificate_ends_at(),
        "refused": held.map(|trouble| trouble.reason.as_str()),
        "said": held.and_then(|trouble| trouble.said.as_deref()),
        "next_attempt_in": held.map(|trouble| trouble.pause.left(now) / 1000),
    })
}

fn state(record: &Record, left: i64, needs_login: bool, keeps: bool) -> &'static str {
    match record {
        _ if left > 0 => "ready",
        Record { session: None, .. } if needs_login => "login required",
        _ if !keeps => "nothing is kept",
        _ => "none yet",
    }
}
