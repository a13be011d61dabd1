//! `chancela agent status`: what each provider's token is worth now, from the cache alone. Sends nothing.

mod table;
mod watch;
mod words;

use super::with_agent;
use crate::cli::AgentFile;
use crate::failure::Failure;
use crate::language::Locale;
use crate::output;
use chancela_agent::agent::Agent;
use chancela_agent::engine::{Margins, Record};
use chancela_agent::provider::{Provider, Request, Step};
use serde_json::{Value, json};
use std::time::Duration;
use words::Words;

/// `chancela agent status`
pub(super) fn status(
    file: &AgentFile,
    json: bool,
    watch: Option<Duration>,
    locale: Locale,
) -> Result<(), Failure> {
    with_agent(file, false, async |agent| {
        if let Some(every) = watch {
            return watch::watch(agent, (json, every), Words(locale)).await;
        }
        let mut all = Vec::new();
        for looked in look(agent).await {
            all.push(looked.standing(agent));
        }
        match json {
            true => output::show(&document(&all), true),
            false => output::line(&table::table(&all, now(agent), Words(locale))),
        }
        Ok(())
    })
}

fn document(all: &[Standing]) -> Value {
    let all: Vec<Value> = all.iter().map(Standing::document).collect();
    json!({ "format_version": 1, "providers": all })
}

/// Seconds since the epoch.
fn now(agent: &Agent) -> i64 {
    agent.clock().now().wall.div_euclid(1000)
}

/// A provider and under what its tokens are kept. To know that, its credentials are read.
struct Looked {
    name: String,
    found: Result<(Provider, Vec<Step>), String>,
}

async fn look(agent: &Agent) -> Vec<Looked> {
    let names: Vec<String> = agent.names().map(str::to_owned).collect();
    let mut out = Vec::new();
    for name in names {
        let found = match agent.provider(&name) {
            Err(error) => Err(error.to_string()),
            Ok(provider) => match provider.steps(Request::default()).await {
                Err(error) => Err(error.to_string()),
                Ok(steps) => Ok((provider, steps)),
            },
        };
        out.push(Looked { name, found });
    }
    out
}

/// How a provider stands. Times are seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Standing {
    provider: String,
    state: &'static str,
    /// Why the provider cannot be used.
    error: Option<String>,
    /// The token's fingerprint.
    token: Option<String>,
    /// Nothing if the token is not good.
    left: Option<i64>,
    renews_in: Option<i64>,
    scope: Option<String>,
    logged_in_at: Option<i64>,
    session_ends_at: Option<i64>,
    certificate_ends_at: Option<i64>,
    refused: Option<&'static str>,
    said: Option<String>,
    next_attempt_in: Option<i64>,
}

impl Looked {
    /// Reads the records as they are kept now.
    fn standing(&self, agent: &Agent) -> Standing {
        let provider = self.name.clone();
        let unusable = |error: String| Standing {
            provider: self.name.clone(),
            state: "unusable",
            error: Some(error),
            ..Standing::default()
        };
        let (opened, steps) = match &self.found {
            Ok(found) => found,
            Err(error) => return unusable(error.clone()),
        };
        let records: Result<Vec<Record>, _> = steps.iter().map(|step| agent.record(step.key)).collect();
        let records = match records {
            Ok(records) => records,
            Err(error) => return unusable(error.to_string()),
        };
        let Some((step, last)) = steps.last().zip(records.last()) else {
            return unusable("there is no step".to_owned());
        };
        let now = agent.clock().now();
        let lives =
            records.iter().map(|record| record.token.as_ref().map_or(0, |token| token.life.left(now)));
        let left = lives.min().unwrap_or(0).max(0);
        let held = last.trouble.as_ref().filter(|trouble| trouble.pause.left(now) > 0);
        let soft = opened.margins(step, last).map_or(0, |Margins { soft, .. }| soft);
        Standing {
            provider,
            state: state(last, left / 1000, opened.needs_login(), agent.keeps()),
            error: None,
            token: last.token.as_ref().map(|token| token.fingerprint.to_string()),
            left: (left >= 1000).then_some(left / 1000),
            renews_in: (left >= 1000).then_some((left - soft).max(0) / 1000),
            scope: last.token.as_ref().and_then(|token| token.scope.clone()),
            logged_in_at: last.session.as_ref().map(|session| session.login_at),
            session_ends_at: opened.session_ends_at(last),
            certificate_ends_at: opened.certificate_ends_at(),
            refused: held.map(|trouble| trouble.reason.as_str()),
            said: held.and_then(|trouble| trouble.said.as_deref().map(str::to_owned)),
            next_attempt_in: held.map(|trouble| trouble.pause.left(now) / 1000),
        }
    }
}

impl Standing {
    fn document(&self) -> Value {
        if let Some(error) = &self.error {
            return json!({ "provider": self.provider, "state": self.state, "error": error });
        }
        json!({
            "provider": self.provider,
            "state": self.state,
            "token": self.token,
            "seconds_left": self.left,
            "scope": self.scope,
            "logged_in_at": self.logged_in_at,
            "session_ends_at": self.session_ends_at,
            "certificate_ends_at": self.certificate_ends_at,
            "refused": self.refused,
            "said": self.said,
            "next_attempt_in": self.next_attempt_in,
        })
    }

    /// What of it is news when it changes: not the seconds that pass.
    fn essence(&self) -> Self {
        Self { left: None, renews_in: None, next_attempt_in: None, ..self.clone() }
    }
}

fn state(record: &Record, left: i64, needs_login: bool, keeps: bool) -> &'static str {
    match record {
        _ if left > 0 => "ready",
        Record { session: None, .. } if needs_login => "login required",
        _ if !keeps => "nothing is kept",
        _ => "none yet",
    }
}
