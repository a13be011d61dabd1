//! `chancela agent exec`: a program with tokens in its environment or in files, for as long as it runs.
//!
//! Owns which tokens the program gets and what happens when one is renewed. The token is never an argument: lists of
//! processes show those to everybody.

mod child;
mod environment;
mod watch;

use super::token::unbound;
use super::with_agent;
use crate::cli::{Exec, Renewal, Told};
use crate::failure::{AgentFailure, Failure};
use crate::output;
use chancela_agent::agent::Agent;
use chancela_agent::config::AgentConfig;
use chancela_agent::source::Source;
use child::{Ended, Program, Signals};
use environment::{Folder, Granted, Names, variables};
use rustix::process::Signal;
use tokio::sync::mpsc::{Receiver, channel};
use watch::{Renewed, watch};

/// Renewals that wait while a program is being started again.
const QUEUE: usize = 16;

/// `chancela agent exec`
pub(super) fn exec(arguments: &Exec) -> Result<(), Failure> {
    if arguments.renew == Renewal::Signal && !arguments.files {
        return Err(Failure::Usage(
            "--renew signal: a program's environment cannot be changed; add --files, or use --renew restart"
                .to_owned(),
        ));
    }
    let has_own = arguments.wanted.scope.is_some() || arguments.wanted.resource.is_some();
    if arguments.providers.len() > 1 && has_own {
        let text = "--scope and --resource are of one provider; name one, or configure the others' under other names";
        return Err(Failure::Usage(text.to_owned()));
    }
    let ended = with_agent(&arguments.file, arguments.memory, async |agent| {
        let granted = obtain(agent, arguments).await?;
        let folder = arguments.files.then(Folder::make).transpose()?;
        let hidden = if arguments.danger_keep_secrets { Vec::new() } else { hidden(agent.config()) };
        let program = Program { command: &arguments.command, hidden };
        let renewed = begin_watching(&granted, arguments);
        supervise(Run { program, granted, folder, arguments }, renewed).await
    })?;
    match ended.code() {
        0 => Ok(()),
        code => Err(Failure::Ended(code)),
    }
}

/// A program and what it has.
struct Run<'a> {
    program: Program<'a>,
    granted: Vec<Granted>,
    folder: Option<Folder>,
    arguments: &'a Exec,
}

async fn obtain(agent: &Agent, arguments: &Exec) -> Result<Vec<Granted>, Failure> {
    let mut out = Vec::new();
    for Names { provider, prefix } in Names::read(&arguments.providers, agent.names().collect())? {
        for warning in agent.provider_warnings(&provider) {
            output::complain(&format!("warning: {warning}"));
        }
        let provider = agent.provider(&provider).map_err(AgentFailure::from)?;
        let request = arguments.wanted.request(arguments.min_ttl);
        let authorized = provider.token(request, arguments.timeout).await.map_err(AgentFailure::from)?;
        let authorized = unbound(provider.name(), authorized)?;
        out.push(Granted { provider, prefix, authorized });
    }
    Ok(out)
}

/// Variables in which secrets of the configuration are: the program is to have tokens instead.
fn hidden(config: &AgentConfig) -> Vec<String> {
    let places = config.places().into_iter();
    let variables = places.filter_map(|place| match place.source {
        Source::Variable(name) => Some(name.clone()),
        _ => None,
    });
    variables.collect()
}

/// Looks after renewals, if the program would notice any.
fn begin_watching(granted: &[Granted], arguments: &Exec) -> Receiver<Renewed> {
    let (send, receive) = channel(QUEUE);
    if arguments.files || arguments.renew != Renewal::None {
        for (place, granted) in granted.iter().enumerate() {
            let wanted = (arguments.wanted.scope.clone(), arguments.wanted.resource.clone());
            tokio::spawn(watch(place, granted.clone(), wanted, send.clone()));
        }
    }
    receive
}

/// Runs the program to its end, which may be that of its last restart.
async fn supervise(mut run: Run<'_>, mut renewed: Receiver<Renewed>) -> Result<Ended, Failure> {
    let mut signals = Signals::listen()?;
    let mut child = match run.start()? {
        Ok(child) => child,
        Err(ended) => return Ok(ended),
    };
    loop {
        tokio::select! {
            ended = child.ended() => return ended,
            Some(signal) = signals.next() => child.pass_on(signal),
            Some(first) = renewed.recv() => {
                run.take(first);
                // What else was renewed at the same time is one restart with it.
                while let Ok(more) = renewed.try_recv() {
                    run.take(more);
                }
                if let Err(error) = run.write() {
                    // The program goes on with what it has.
                    output::complain(&format!("the files of the renewed tokens were not written: {error}"));
                    continue;
                }
                match run.arguments.renew {
                    Renewal::None => {}
                    Renewal::Signal => child.send(number(run.arguments.signal)),
                    Renewal::Restart => {
                        let stopped = child.stop(&mut signals).await?;
                        if stopped.is_wanted {
                            return Ok(stopped.ended);
                        }
                        match run.start()? {
                            Ok(again) => child = again,
                            Err(ended) => return Ok(ended),
                        }
                    }
                }
            }
        }
    }
}

impl Run<'_> {
    /// Starts the program with the tokens as they are now.
    fn start(&self) -> Result<Result<child::Child, Ended>, Failure> {
        self.write()?;
        let variables = variables(&self.granted, self.folder.as_ref());
        self.program.start(&variables)
    }

    fn take(&mut self, renewed: Renewed) {
        if let Some(granted) = self.granted.get_mut(renewed.place) {
            granted.authorized = renewed.authorized;
        }
    }

    /// Writes the files, if there are any.
    fn write(&self) -> Result<(), Failure> {
        self.folder.as_ref().map_or(Ok(()), |folder| folder.write(&self.granted))
    }
}

const fn number(told: Told) -> Signal {
    match told {
        Told::Hup => Signal::HUP,
        Told::Usr1 => Signal::USR1,
        Told::Usr2 => Signal::USR2,
        Told::Term => Signal::TERM,
        Told::Int => Signal::INT,
    }
}
