//! `chancela agent doctor`: a line for each check, as soon as it is known. The checks are the agent's.

use super::{config_file, parts, read};
use crate::cli::Doctor;
use crate::failure::{AgentFailure, Failure};
use crate::language::{Locale, Said, said};
use crate::{output, serve};
use chancela_agent::agent::Agent;
use chancela_agent::doctor::{Examination, Finding, Outcome};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// `chancela agent doctor`
pub(super) fn doctor(arguments: &Doctor, locale: Locale) -> Result<(), Failure> {
    let mut report = Report { json: arguments.json, locale, all: Vec::new() };
    let file = config_file(&arguments.file)?;
    match read(&arguments.file) {
        // That the file cannot be used is what was asked.
        Err(error) => report.add([Finding {
            subject: "configuration".to_owned(),
            check: "file",
            outcome: Outcome::Failed,
            text: error.to_string(),
        }]),
        Ok(config) => {
            let parts = parts(&config, Arc::new(()), true)?;
            let (around, state, boot) = (Arc::clone(&parts.around), parts.state.clone(), parts.boot.clone());
            let runtime = serve::runtime()?;
            runtime.block_on(async {
                let agent = Agent::open(config, parts).map_err(AgentFailure::from)?;
                let (file, around, state): (&Path, _, &Path) = (&file, &*around, &state);
                let examination = Examination { file, agent: &agent, around, state, boot };
                examine(&examination, arguments, &mut report).await
            })?;
        }
    }
    report.end()
}

async fn examine(
    examination: &Examination<'_>,
    arguments: &Doctor,
    report: &mut Report,
) -> Result<(), Failure> {
    let names: Vec<&str> = match &arguments.provider {
        Some(one) => vec![one],
        None => examination.agent.names().collect(),
    };
    report.add(examination.configuration());
    report.add(examination.cache());
    report.add(examination.process().await);
    for name in names {
        report.add(examination.credentials(name).await.map_err(AgentFailure::from)?);
        if !arguments.offline {
            report.add(examination.servers(name).await.map_err(AgentFailure::from)?);
        }
        if arguments.probe {
            report.add(examination.probe(name).await.map_err(AgentFailure::from)?);
        }
    }
    Ok(())
}

/// What was found so far.
struct Report {
    json: bool,
    locale: Locale,
    all: Vec<Finding>,
}

impl Report {
    fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            if !self.json {
                let Finding { subject, check, outcome, text } = &finding;
                let (subject, check) = (named(subject, self.locale), named(check, self.locale));
                let text = Said::of_text(text.clone());
                let (word, text) = (word(*outcome, self.locale), text.within(self.locale));
                output::line(&format!("{word:<8} {subject}: {check}: {text}"));
            }
            self.all.push(finding);
        }
    }

    fn count(&self, outcome: Outcome) -> usize {
        self.all.iter().filter(|finding| finding.outcome == outcome).count()
    }

    fn end(self) -> Result<(), Failure> {
        let (failed, warnings) = (self.count(Outcome::Failed), self.count(Outcome::Warning));
        if self.json {
            let document = json!({
                "format_version": 1, "findings": self.all, "failed": failed, "warnings": warnings,
            });
            output::show(&document, true);
        } else {
            let all = self.all.len();
            let said = said!(
                "\n{failed} failed, {warnings} warnings, {all} checks",
                "\n{failed} falhas, {warnings} avisos, {all} verificações",
            );
            output::line(said.within(self.locale));
        }
        if failed == 0 { Ok(()) } else { Err(Failure::Ended(1)) }
    }
}

/// What was looked at, in Portuguese; a provider's name is in neither table.
const NAMES: &[(&str, &str)] = &[
    ("configuration", "configuração"),
    ("agent", "agente"),
    ("file", "arquivo"),
    ("rights", "permissões"),
    ("configured", "configurado"),
    ("folder", "pasta"),
    ("key", "chave"),
    ("disk", "disco"),
    ("records", "registros"),
    ("provider", "provedor"),
    ("secret", "segredo"),
    ("certificate", "certificado"),
    ("chain", "cadeia"),
    ("request", "requisição"),
    ("policy", "regras"),
    ("connection", "conexão"),
    ("answer", "resposta"),
    ("clock", "relógio"),
    ("server certificate", "certificado do servidor"),
    ("client certificate", "certificado de cliente"),
];

fn named(english: &str, locale: Locale) -> &str {
    let found = NAMES.iter().find(|(own, _)| *own == english && locale == Locale::PtBr);
    found.map_or(english, |(_, portuguese)| portuguese)
}

const fn word(outcome: Outcome, locale: Locale) -> &'static str {
    match (outcome, locale) {
        (Outcome::Ok, _) => "ok",
        (Outcome::Warning, Locale::En) => "warning",
        (Outcome::Warning, Locale::PtBr) => "aviso",
        (Outcome::Failed, Locale::En) => "FAIL",
        (Outcome::Failed, Locale::PtBr) => "FALHA",
        (Outcome::Skipped, _) => "-",
    }
}
