//! `chancela agent run`: the process that serves tokens to others on this machine, and APIs to those that need not see any.

use super::{parts, read, variable};
use crate::cli::AgentFile;
use crate::failure::{AgentFailure, Failure};
use crate::language::{Locale, said};
use crate::{log, output, serve};
use chancela_agent::agent::Agent;
use chancela_agent::reverse_proxy;
use chancela_agent::socket::{Listening, News, Settings};
use chancela_agent::source::Surroundings;
use chancela_agent::tokens::Observer;
use chancela_server::config::Log;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

pub(super) fn run(file: &AgentFile, filter: String, locale: Locale) -> Result<(), Failure> {
    log::start(&Log { filter, ..Log::default() });
    serve::protect_memory();
    let config = read(file)?;
    let news = Arc::new(News::default());
    let parts = parts(&config, Arc::clone(&news) as Arc<dyn Observer>, false)?;
    let around = Surroundings::new(variable, std::io::empty());
    let settings = Settings::new(&config.agent, &around, Arc::clone(&news)).map_err(AgentFailure::because)?;
    let listening = Listening::bind(settings).map_err(AgentFailure::because)?;
    let proxies = reverse_proxy::Listening::bind(&config.reverse_proxy, &config.agent.allow);
    let proxies = proxies.map_err(AgentFailure::because)?;
    let passed_on = proxies.told();
    let socket = listening.socket().map(|path| path.display().to_string());
    let ops = listening.ops().map(|address| {
        said!("; health and metrics at http://{address}", "; saúde e métricas em http://{address}")
    });
    let runtime = serve::runtime()?;
    runtime.block_on(async {
        let agent = Arc::new(Agent::open(config, parts).map_err(AgentFailure::from)?);
        warn(&agent);
        let proxies = proxies.start(&agent, &news).map_err(AgentFailure::because)?;
        let mut end = signal(SignalKind::terminate()).map_err(Failure::io("SIGTERM"))?;
        let ops = ops.as_ref().map_or("", |ops| ops.within(locale));
        let said = match socket {
            Some(path) => said!("serving tokens at {path}{ops}", "servindo tokens em {path}{ops}"),
            None => said!(
                "serving tokens at the socket of systemd{ops}",
                "servindo tokens no socket do systemd{ops}",
            ),
        };
        output::tell(locale, &said);
        for line in passed_on {
            output::tell(locale, &said!("passing on {line}", "repassando {line}"));
        }
        let stop = async move {
            tokio::select! {
                _ = end.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            // They ask for tokens until their last request is answered.
            proxies.stop().await;
        };
        Ok(listening.serve(agent, stop).await.map_err(AgentFailure::because)?)
    })
}

/// What is wrong with the places of secrets though they can be read.
fn warn(agent: &Agent) {
    let of_providers = agent.names().flat_map(|name| agent.provider_warnings(name));
    for warning in agent.warnings().iter().cloned().chain(of_providers) {
        tracing::warn!(%warning, "a secret is open to others");
    }
}
