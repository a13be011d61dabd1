//! The client side's commands: where its configuration is, and what each command shows.

mod certificate;
mod credential;
mod doctor;
mod enroll;
mod exec;
mod explain;
mod init;
mod inspect;
mod login;
mod mock;
mod process;
mod shell;
mod status;
mod token;

pub(super) use token::token;

use crate::cli::{AgentAction, AgentFile, Wanted};
use crate::failure::{AgentFailure, Failure};
use crate::language::{Locale, Said, said};
use crate::{output, serve};
use chancela_agent::agent::{Agent, Parts};
use chancela_agent::cache::BootId;
use chancela_agent::clock::{SystemClock, boot_id};
use chancela_agent::config::{AgentConfig, ConfigError};
use chancela_agent::entropy::SystemEntropy;
use chancela_agent::provider::Request;
use chancela_agent::source::Surroundings;
use chancela_agent::tokens::Observer;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a renewal that nobody waits for any more keeps the program, if it is no refresh.
const SETTLE: Duration = Duration::from_secs(2);

/// `chancela agent …`
pub(super) fn run(action: AgentAction, locale: Locale) -> Result<(), Failure> {
    serve::hide_memory();
    match action {
        AgentAction::Init { sandbox, folder } => init::init(&sandbox, folder, locale),
        AgentAction::Login { provider, file, wanted, no_browser, device, timeout } => {
            let how = match (device, no_browser) {
                (true, _) => login::How::Device,
                (false, true) => login::How::Address,
                (false, false) => login::How::Browser,
            };
            login::login(&provider, &file, &wanted, (how, timeout, locale))
        }
        AgentAction::Logout { provider, file, wanted } => login::logout(&provider, &file, &wanted, locale),
        AgentAction::Run { file, log } => process::run(&file, log, locale),
        AgentAction::Reset { provider, file, wanted } => reset(&provider, &file, &wanted, locale),
        AgentAction::Status { file, json, watch, interval } => {
            status::status(&file, json, watch.then_some(interval), locale)
        }
        AgentAction::Explain { provider, file, wanted } => {
            explain::explain(&provider, &file, &wanted, locale)
        }
        AgentAction::Enroll(arguments) => enroll::enroll(&arguments, locale),
        AgentAction::Certificate { action } => certificate::run(&action, locale),
        AgentAction::Doctor(arguments) => doctor::doctor(&arguments, locale),
        AgentAction::Inspect(arguments) => inspect::inspect(&arguments),
        AgentAction::Helper { asker } => credential::credential(&asker),
        AgentAction::Mock(arguments) => mock::mock(&arguments),
        AgentAction::Exec(arguments) => exec::exec(&arguments),
    }
}

/// `chancela agent reset`
fn reset(provider: &str, file: &AgentFile, wanted: &Wanted, locale: Locale) -> Result<(), Failure> {
    with_agent(file, false, async |agent| {
        let was_paused =
            agent.reset(provider, wanted.request(Duration::ZERO)).await.map_err(AgentFailure::from)?;
        let said = match was_paused {
            true => said!(
                "{provider}: is asked again with the next request",
                "{provider}: será consultado de novo na próxima requisição",
            ),
            false => said!("{provider}: was not paused", "{provider}: não estava em pausa"),
        };
        output::tell(locale, &said);
        Ok(())
    })
}

/// The environment of this process.
#[expect(clippy::disallowed_methods, reason = "the one place that hands the environment to the agent")]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// A folder as the XDG base directory specification names it.
fn base_folder(name: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |value: OsString| Some(PathBuf::from(value)).filter(|path| path.is_absolute());
    let own = variable(name).and_then(absolute);
    own.or_else(|| Some(absolute(variable("HOME")?)?.join(below_home))).map(|base| base.join("chancela"))
}

/// Where the configuration is written.
fn config_folder() -> Option<PathBuf> {
    base_folder("XDG_CONFIG_HOME", ".config")
}

/// Opens the configuration's agent and does something with it.
fn with_agent<T>(
    file: &AgentFile,
    memory: bool,
    act: impl AsyncFnOnce(&Agent) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let config = read(file)?;
    let parts = parts(&config, Arc::new(()), memory)?;
    let runtime = serve::runtime()?;
    let result = runtime.block_on(async {
        let agent = Agent::open(config, parts).map_err(AgentFailure::from)?;
        let result = act(&agent).await;
        match agent.tokens().settle(SETTLE).await {
            true => result,
            false => result.and(Err(AgentFailure::not_kept().into())),
        }
    });
    runtime.shutdown_background();
    result
}

fn read(file: &AgentFile) -> Result<AgentConfig, Failure> {
    let path = config_file(file)?;
    let text = std::fs::read_to_string(&path)
        .map_err(|error| AgentFailure::because(ConfigError::Read { path: path.clone(), error }))?;
    Ok(AgentConfig::parse(&path, &text).map_err(AgentFailure::because)?)
}

/// What an agent is made of on this machine.
fn parts(config: &AgentConfig, observer: Arc<dyn Observer>, memory: bool) -> Result<Parts, Failure> {
    Ok(Parts {
        library: serve::library(config.dialects.as_deref())?,
        around: Arc::new(Surroundings::new(variable, std::io::stdin())),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        observer,
        state: base_folder("XDG_STATE_HOME", ".local/state")
            .unwrap_or_else(|| PathBuf::from("/var/lib/chancela")),
        boot: BootId::new(&boot_id()),
        memory,
        carrier: None,
    })
}

/// The file that is named, else the first that is there.
fn config_file(file: &AgentFile) -> Result<PathBuf, AgentFailure> {
    if let Some(path) = &file.config {
        return Ok(path.clone());
    }
    let own = config_folder().map(|folder| folder.join("agent.toml"));
    let places: Vec<PathBuf> = own.into_iter().chain([PathBuf::from("/etc/chancela/agent.toml")]).collect();
    places.iter().find(|path| path.is_file()).cloned().ok_or_else(|| {
        let places: Vec<_> = places.iter().map(|path| path.display().to_string()).collect();
        let (none, nenhum) = (places.join(" and no "), places.join(" nem "));
        AgentFailure::said(Said {
            english: format!("there is no {none}; write one, name one with --config, or try `chancela agent init` beside a running sandbox"),
            portuguese: format!("não há {nenhum}; escreva um, indique um com --config, ou tente `chancela agent init` ao lado de um sandbox em execução"),
        })
    })
}

impl Wanted {
    fn request(&self, min_ttl: Duration) -> Request<'_> {
        Request { scope: self.scope.as_deref(), resource: self.resource.as_deref(), min_ttl }
    }
}

/// A path as a configuration has it.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
