//! `chancela agent doctor`: a line for each check, as soon as it is known. The checks are the agent's.

use super::{config_file, parts, read};
use crate::cli::Doctor;
use crate::failure::{AgentFailure, Failure};
use crate::{output, serve};
use chancela_agent::agent::Agent;
use chancela_agent::doctor::{Examination, Finding, Outcome};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// `chancela agent doctor`
pub(super) fn doctor(arguments: &Doctor) -> Result<(), Failure> {
    let mut report = Report { json: arguments.json, all: Vec::new() };
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
    all: Vec<Finding>,
}

impl Report {
    fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            if !self.json {
                let Finding { subject, check, outcome, text } = &finding;
                output::line(&format!("{:<8} {subject}: {check}: {text}", word(*outcome)));
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
            output::line(&format!("\n{failed} failed, {warnings} warnings, {} checks", self.all.len()));
        }
        if failed == 0 { Ok(()) } else { Err(Failure::Ended(1)) }
    }
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Warning => "warning",
        Outcome::Failed => "FAIL",
        Outcome::Skipped => "-",
    }
}
