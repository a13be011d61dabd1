//! `chancela agent run`: the process that serves tokens to others on this machine.

use super::{parts, read, variable};
use crate::cli::AgentFile;
use crate::failure::{AgentFailure, Failure};
use crate::language::{Locale, said};
use crate::{log, output, serve};
use chancela_agent::agent::Agent;
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
    let settings = Settings::new(&config.agent, &around, news).map_err(AgentFailure::because)?;
    let listening = Listening::bind(settings).map_err(AgentFailure::because)?;
    let socket = listening.socket().map(|path| path.display().to_string());
    let ops = listening.ops().map(|address| {
        said!("; health and metrics at http://{address}", "; saúde e métricas em http://{address}")
    });
    let runtime = serve::runtime()?;
    runtime.block_on(async {
        let agent = Arc::new(Agent::open(config, parts).map_err(AgentFailure::from)?);
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
        let stop = async move {
            tokio::select! {
                _ = end.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        };
        Ok(listening.serve(agent, stop).await.map_err(AgentFailure::because)?)
    })
}
