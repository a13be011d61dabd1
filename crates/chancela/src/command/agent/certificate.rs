//! `chancela agent certificate show|check|renew`: what ends, and the next certificate.

use super::{enroll, with_agent};
use crate::cli::{AgentCertificateAction, AgentFile};
use crate::failure::{AgentFailure, Failure};
use crate::language::{Locale, Said, said};
use crate::output;
use chancela_agent::agent::{Agent, AgentError};
use chancela_agent::calendar::{self, Due, Entry, Unreadable};
use chancela_agent::enrolment::Wish;
use serde_json::{Value, json};

pub(super) fn run(action: &AgentCertificateAction, locale: Locale) -> Result<(), Failure> {
    match action {
        AgentCertificateAction::Show { provider, file, json } => {
            show(provider.as_deref(), file, *json, locale)
        }
        AgentCertificateAction::Check { provider, file, within, hooks } => {
            check(provider.as_deref(), file, (*within, *hooks), locale)
        }
        AgentCertificateAction::Renew { provider, file } => {
            enroll::run(provider, file, &Wish { renew: true, ..Wish::default() }, locale)
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

fn show(only: Option<&str>, file: &AgentFile, json: bool, locale: Locale) -> Result<(), Failure> {
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
    output::line(&table(&entries, now, locale));
    complain(&unreadable, locale);
    Ok(())
}

fn check(
    only: Option<&str>,
    file: &AgentFile,
    (within, hooks): (u32, bool),
    locale: Locale,
) -> Result<(), Failure> {
    let Looked { mut entries, unreadable, due, now } = look(only, file, hooks)?;
    for one in &due {
        if let Some(Err(error)) = &one.told {
            let provider = one.entry.provider.as_deref().unwrap_or_default();
            output::warn(locale, &Said::of_text(format!("{provider}: on_due: {error}")));
        }
    }
    complain(&unreadable, locale);
    entries.retain(|entry| entry.days_left(now) < i64::from(within));
    if !entries.is_empty() {
        output::line(&table(&entries, now, locale));
        let (count, first) = (entries.len(), entries.first().map_or(0, |entry| entry.days_left(now)));
        let text = match first {
            ..0 => said!(
                "{count} of what is listed end within {within} days or have ended; renew them with `chancela agent certificate renew PROVIDER`, or ask who issued them",
                "{count} dos listados vencem em {within} dias ou já venceram; renove-os com `chancela agent certificate renew PROVIDER`, ou peça a quem os emitiu",
            ),
            _ => said!(
                "{count} of what is listed end within {within} days, the first in {first}; renew them with `chancela agent certificate renew PROVIDER`, or ask who issued them",
                "{count} dos listados vencem em {within} dias, o primeiro em {first}; renove-os com `chancela agent certificate renew PROVIDER`, ou peça a quem os emitiu",
            ),
        };
        return Err(AgentFailure::due(text).into());
    }
    match unreadable.is_empty() {
        true => Ok(()),
        false => {
            let said = said!(
                "not everything could be looked at; correct the configuration",
                "nem tudo pôde ser examinado; corrija a configuração",
            );
            Err(AgentFailure::said(said).into())
        }
    }
}

fn complain(unreadable: &[Unreadable], locale: Locale) {
    for one in unreadable {
        let provider = one.provider.as_deref().map(|name| format!("{name}: ")).unwrap_or_default();
        output::warn(locale, &Said::of_text(format!("{provider}{}", one.why)));
    }
}

/// What ends.
fn kind(english: &'static str, locale: Locale) -> &'static str {
    match (locale, english) {
        (Locale::PtBr, "certificate") => "certificado",
        (Locale::PtBr, "authority") => "autoridade",
        (_, other) => other,
    }
}

/// Lines in columns, what ends first before all.
fn table(entries: &[Entry], now: i64, locale: Locale) -> String {
    if entries.is_empty() {
        return said!("(nothing that ends)", "(nada que vença)").within(locale).to_owned();
    }
    let provider = |entry: &Entry| entry.provider.clone().unwrap_or_else(|| "-".to_owned());
    let width = entries.iter().map(|entry| provider(entry).chars().count()).max().unwrap_or(0).max(8);
    let [ends, days, of, what] = match locale {
        Locale::En => ["ENDS", "DAYS", "PROVIDER", "WHAT"],
        Locale::PtBr => ["VENCE", "DIAS", "PROVEDOR", "O QUE"],
    };
    let mut lines = vec![format!("{ends:<10}  {days:>5}  {of:<width$}  {what:<11}  SUBJECT")];
    for entry in entries {
        let (ends, days) = (enroll::day(entry.ends_at), entry.days_left(now));
        let (provider, what) = (provider(entry), kind(entry.kind.as_str(), locale));
        lines.push(format!("{ends:<10}  {days:>5}  {provider:<width$}  {what:<11}  {}", entry.subject));
    }
    lines.join("\n")
}
