//! `chancela agent certificate show|check|renew`: what ends, and the next certificate.

use super::{enroll, with_agent};
use crate::cli::{AgentCertificateAction, AgentFile};
use crate::failure::{AgentFailure, Failure};
use crate::output;
use chancela_agent::agent::{Agent, AgentError};
use chancela_agent::calendar::{self, Due, Entry, Unreadable};
use chancela_agent::enrolment::Wish;
use serde_json::{Value, json};

pub(super) fn run(action: &AgentCertificateAction) -> Result<(), Failure> {
    match action {
        AgentCertificateAction::Show { provider, file, json } => show(provider.as_deref(), file, *json),
        AgentCertificateAction::Check { provider, file, within, hooks } => {
            check(provider.as_deref(), file, (*within, *hooks))
        }
        AgentCertificateAction::Renew { provider, file } => {
            enroll::run(provider, file, &Wish { renew: true, ..Wish::default() })
        }
    }
}

/// What ends, and the time of the look in milliseconds.
struct Looked {
    entries: Vec<Entry>,
    unreadable: Vec<Unreadable>,
    due: Vec<Due>,
    now: i64,
}

fn look(only: Option<&str>, file: &AgentFile, hooks: bool) -> Result<Looked, Failure> {
    with_agent(file, false, async |agent| {
        known(agent, only)?;
        let (entries, unreadable) = calendar::calendar(agent, only).await;
        let due = if hooks {
            calendar::tell(agent, &entries).map_err(|error| Failure::Other(error.to_string()))?
        } else {
            Vec::new()
        };
        Ok(Looked { entries, unreadable, due, now: agent.clock().now().wall })
    })
}

fn known(agent: &Agent, only: Option<&str>) -> Result<(), AgentFailure> {
    match only.filter(|only| agent.names().all(|name| name != *only)) {
        None => Ok(()),
        Some(name) => {
            let known = agent.names().collect::<Vec<_>>().join(", ");
            Err(AgentError::Unknown { name: name.to_owned(), known }.into())
        }
    }
}

fn show(only: Option<&str>, file: &AgentFile, json: bool) -> Result<(), Failure> {
    let Looked { entries, unreadable, now, .. } = look(only, file, false)?;
    if json {
        let of = |own: &Entry| {
            json!({
                "provider": own.provider, "what": own.kind.as_str(), "subject": own.subject,
                "ends_at": own.ends_at, "days_left": own.days_left(now),
            })
        };
        let bad = |own: &Unreadable| json!({ "provider": own.provider, "error": own.why });
        let entries: Vec<Value> = entries.iter().map(of).collect();
        let unreadable: Vec<Value> = unreadable.iter().map(bad).collect();
        output::show(&json!({ "format_version": 1, "ends": entries, "unreadable": unreadable }), true);
        return Ok(());
    }
    output::line(&table(&entries, now));
    complain(&unreadable);
    Ok(())
}

fn check(only: Option<&str>, file: &AgentFile, (within, hooks): (u32, bool)) -> Result<(), Failure> {
    let Looked { mut entries, unreadable, due, now } = look(only, file, hooks)?;
    for one in &due {
        if let Some(Err(error)) = &one.told {
            let provider = one.entry.provider.as_deref().unwrap_or_default();
            output::complain(&format!("warning: {provider}: on_due: {error}"));
        }
    }
    complain(&unreadable);
    entries.retain(|entry| entry.days_left(now) < i64::from(within));
    if !entries.is_empty() {
        output::line(&table(&entries, now));
        let (count, first) = (entries.len(), entries.first().map_or(0, |entry| entry.days_left(now)));
        let text = match first {
            ..0 => format!(
                "{count} of what is listed end within {within} days or have ended; renew them with `chancela agent certificate renew PROVIDER`, or ask who issued them"
            ),
            _ => format!(
                "{count} of what is listed end within {within} days, the first in {first}; renew them with `chancela agent certificate renew PROVIDER`, or ask who issued them"
            ),
        };
        return Err(AgentFailure::due(text).into());
    }
    match unreadable.is_empty() {
        true => Ok(()),
        false => {
            Err(AgentFailure::configuration("not everything could be looked at; correct the configuration")
                .into())
        }
    }
}

fn complain(unreadable: &[Unreadable]) {
    for one in unreadable {
        let provider = one.provider.as_deref().map(|name| format!("{name}: ")).unwrap_or_default();
        output::complain(&format!("warning: {provider}{}", one.why));
    }
}

/// Lines in columns, what ends first before all.
fn table(entries: &[Entry], now: i64) -> String {
    if entries.is_empty() {
        return "(nothing that ends)".to_owned();
    }
    let provider = |entry: &Entry| entry.provider.clone().unwrap_or_else(|| "-".to_owned());
    let width = entries.iter().map(|entry| provider(entry).chars().count()).max().unwrap_or(0).max(8);
    let mut lines =
        vec![format!("{:<10}  {:>5}  {:<width$}  {:<11}  SUBJECT", "ENDS", "DAYS", "PROVIDER", "WHAT")];
    for entry in entries {
        let (ends, days) = (enroll::day(entry.ends_at), entry.days_left(now));
        let (provider, what) = (provider(entry), entry.kind.as_str());
        lines.push(format!("{ends:<10}  {days:>5}  {provider:<width$}  {what:<11}  {}", entry.subject));
    }
    lines.join("\n")
}
