//! `chancela agent enroll PROVIDER`: from a partner's id and secret, or the token that came by mail, to the first token over
//! mutual TLS.

use super::{shell::quoted, with_agent};
use crate::cli::{AgentFile, Enroll};
use crate::failure::{AgentFailure, Failure};
use crate::output;
use chancela_agent::enrolment::{Enrolment, ExplainedStep, Outcome, Wish};
use chancela_core::message::token_response::iso_8601;

pub(super) fn enroll(arguments: &Enroll) -> Result<(), Failure> {
    let Enroll { provider, file, renew, again, token, dry_run } = arguments;
    let wish = Wish { renew: *renew, again: *again, token: token.clone() };
    if *dry_run {
        return explain(provider, file, &wish);
    }
    run(provider, file, &wish)
}

/// Enrols, or renews.
pub(super) fn run(provider: &str, file: &AgentFile, wish: &Wish) -> Result<(), Failure> {
    let outcome = with_agent(file, false, async |agent| {
        let enrolment = Enrolment::open(agent, provider).map_err(AgentFailure::from)?;
        Ok(enrolment.run(wish).await.map_err(AgentFailure::from)?)
    })?;
    output::complain(&match outcome {
        Outcome::Enrolled { ends_at } => format!(
            "{provider}: the certificate is in its place and has given a token; it ends on {}",
            day(ends_at)
        ),
        Outcome::Already { ends_at } => format!(
            "{provider}: there is a certificate already, until {}; get the next one with --renew",
            day(ends_at)
        ),
    });
    Ok(())
}

fn explain(provider: &str, file: &AgentFile, wish: &Wish) -> Result<(), Failure> {
    let steps = with_agent(file, false, async |agent| {
        let enrolment = Enrolment::open(agent, provider).map_err(AgentFailure::from)?;
        Ok(enrolment.explain(wish).await.map_err(AgentFailure::from)?)
    })?;
    let mut out: Vec<String> = steps
        .iter()
        .enumerate()
        .map(|(at, step)| format!("# {}. {}\n{}", at + 1, step.what, curl(step)))
        .collect();
    out.push(format!(
        "# {}. a token with the certificate, as `chancela agent explain {provider}` shows it then",
        steps.len() + 1
    ));
    output::line(&out.join("\n\n"));
    Ok(())
}

fn curl(step: &ExplainedStep) -> String {
    let mut line = format!("curl -X POST {}", quoted(&step.url));
    if let Some(certificate) = &step.certificate {
        line.push_str(&format!(" \\\n  --cert {}", quoted(&certificate.display().to_string())));
    }
    for (name, value) in &step.headers {
        line.push_str(&format!(" \\\n  -H {}", quoted(&format!("{name}: {value}"))));
    }
    line.push_str(&format!(" \\\n  --data-binary {}", quoted(&step.body)));
    line
}

/// A day as people write it.
pub(super) fn day(seconds: i64) -> String {
    iso_8601(seconds).chars().take(10).collect()
}
