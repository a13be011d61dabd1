//! `chancela agent enroll PROVIDER`: from a partner's id and secret, or the token that came by mail, to the first token over
//! mutual TLS.

use super::{shell::quoted, with_agent};
use crate::cli::{AgentFile, Enroll};
use crate::failure::{AgentFailure, Failure};
use crate::language::{Locale, Said, said};
use crate::output;
use chancela_agent::enrolment::{Enrolment, ExplainedStep, Outcome, Wish};
use chancela_core::message::token_response::iso_8601;

pub(super) fn enroll(arguments: &Enroll, locale: Locale) -> Result<(), Failure> {
    let Enroll { provider, file, renew, again, token, dry_run } = arguments;
    let wish = Wish { renew: *renew, again: *again, token: token.clone() };
    if *dry_run {
        return explain(provider, file, &wish, locale);
    }
    run(provider, file, &wish, locale)
}

/// Enrols, or renews.
pub(super) fn run(provider: &str, file: &AgentFile, wish: &Wish, locale: Locale) -> Result<(), Failure> {
    let outcome = with_agent(file, false, async |agent| {
        let enrolment = Enrolment::open(agent, provider).map_err(AgentFailure::from)?;
        Ok(enrolment.run(wish).await.map_err(AgentFailure::from)?)
    })?;
    let (Outcome::Enrolled { ends_at } | Outcome::Already { ends_at }) = outcome;
    let day = day(ends_at);
    let said = match outcome {
        Outcome::Enrolled { .. } => said!(
            "{provider}: the certificate is in its place and has given a token; it ends on {day}",
            "{provider}: o certificado está no lugar e já deu um token; ele vence em {day}",
        ),
        Outcome::Already { .. } => said!(
            "{provider}: there is a certificate already, until {day}; get the next one with --renew",
            "{provider}: já existe um certificado, até {day}; obtenha o próximo com --renew",
        ),
    };
    output::tell(locale, &said);
    Ok(())
}

fn explain(provider: &str, file: &AgentFile, wish: &Wish, locale: Locale) -> Result<(), Failure> {
    let steps = with_agent(file, false, async |agent| {
        let enrolment = Enrolment::open(agent, provider).map_err(AgentFailure::from)?;
        Ok(enrolment.explain(wish).await.map_err(AgentFailure::from)?)
    })?;
    let mut out: Vec<String> = steps
        .iter()
        .enumerate()
        .map(|(at, step)| {
            let what = Said::of_text(step.what.to_string());
            format!("# {}. {}\n{}", at + 1, what.within(locale), curl(step))
        })
        .collect();
    let last = steps.len() + 1;
    let said = said!(
        "# {last}. a token with the certificate, as `chancela agent explain {provider}` shows it then",
        "# {last}. um token com o certificado, como `chancela agent explain {provider}` o mostrará então",
    );
    out.push(said.within(locale).to_owned());
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
