//! `chancela agent explain`: the requests that a token would take, as curl, without secrets. Sends nothing.

use super::{shell::quoted, with_agent};
use crate::cli::{AgentFile, Wanted};
use crate::failure::{AgentFailure, Failure};
use crate::language::{Locale, Said};
use crate::output;
use std::time::Duration;

pub(super) fn explain(
    provider: &str,
    file: &AgentFile,
    wanted: &Wanted,
    locale: Locale,
) -> Result<(), Failure> {
    let text = with_agent(file, false, async |agent| {
        let provider = agent.provider(provider).map_err(AgentFailure::from)?;
        let steps = provider.explain(wanted.request(Duration::ZERO)).await.map_err(AgentFailure::from)?;
        let mut out = Vec::new();
        for step in steps {
            let mut line = format!("# {}: {}\ncurl -X POST {}", step.endpoint, step.key, quoted(&step.url));
            for (name, value) in &step.headers {
                line.push_str(&format!(" \\\n  -H {}", quoted(&format!("{name}: {value}"))));
            }
            line.push_str(&format!(" \\\n  --data {}", quoted(&step.body)));
            line.push_str(&format!("\n# {}", Said::of(&step.timetable).within(locale)));
            out.push(line);
        }
        Ok(out.join("\n\n"))
    })?;
    output::line(&text);
    Ok(())
}
