//! The program: started, told what we are told, ended, and how it ended.

use crate::failure::Failure;
use crate::output;
use rustix::process::{Pid, Signal, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{Instant, sleep_until};
use zeroize::Zeroizing;

/// How long a program may take to end before it is killed: what service managers give by custom is longer, but the old
/// token ends meanwhile.
const GRACE: Duration = Duration::from_secs(10);
/// What is passed on. Those that a terminal sends for its size or to stop reach the program without us.
const PASSED: [Signal; 6] =
    [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM, Signal::USR1, Signal::USR2];

/// What is run.
pub(super) struct Program<'a> {
    /// The program and its arguments.
    pub(super) command: &'a [OsString],
    /// Variables that it does not get.
    pub(super) hidden: Vec<String>,
}

/// A running program. It is killed when dropped.
pub(super) struct Child(tokio::process::Child);

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended(u8);

/// How a program ended that was told to.
pub(super) struct Stopped {
    pub(super) ended: Ended,
    /// Whether somebody else told us to end meanwhile.
    pub(super) is_wanted: bool,
}

impl Program<'_> {
    /// Starts it; how it ended if there is nothing to run.
    pub(super) fn start(
        &self,
        variables: &[(String, Zeroizing<String>)],
    ) -> Result<Result<Child, Ended>, Failure> {
        let Some((program, arguments)) = self.command.split_first() else {
            return Err(Failure::Usage("name a program after --".to_owned()));
        };
        let mut command = Command::new(program);
        command.args(arguments).kill_on_drop(true);
        for name in &self.hidden {
            command.env_remove(name);
        }
        for (name, value) in variables {
            command.env(name, value.as_str());
        }
        match command.spawn() {
            Ok(child) => Ok(Ok(Child(child))),
            Err(error) => {
                let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
                let program = program.to_string_lossy();
                output::complain(&format!("{program}: {error}; give a program that this user may run"));
                Ok(Err(Ended(code)))
            }
        }
    }
}

impl Ended {
    /// As shells count: 128 and a signal's number.
    fn of(status: ExitStatus) -> Self {
        let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
        Self(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
    }

    pub(super) const fn code(self) -> u8 {
        self.0
    }
}

impl Child {
    pub(super) async fn ended(&mut self) -> Result<Ended, Failure> {
        self.0.wait().await.map(Ended::of).map_err(Failure::io("waiting for the program"))
    }

    /// Sends a signal, if it still runs.
    pub(super) fn send(&self, signal: Signal) {
        // Without an id it was waited for, and its number may be another program's.
        let id = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(id) = id {
            let _ = kill_process(id, signal);
        }
    }

    /// Passes on what was sent to us, unless the terminal has sent it to the program, too.
    pub(super) fn pass_on(&self, signal: Signal) {
        let by_keyboard = [Signal::INT, Signal::QUIT].contains(&signal) && is_in_foreground();
        if !by_keyboard {
            self.send(signal);
        }
    }

    /// Ends it: asks, waits, and kills.
    pub(super) async fn stop(&mut self, signals: &mut Signals) -> Result<Stopped, Failure> {
        // One that has ended by itself is done, and is not begun again.
        if let Ok(Some(status)) = self.0.try_wait() {
            return Ok(Stopped { ended: Ended::of(status), is_wanted: true });
        }
        self.send(Signal::TERM);
        let end = Instant::now() + GRACE;
        let (mut is_wanted, mut killed) = (false, false);
        loop {
            tokio::select! {
                ended = self.ended() => return Ok(Stopped { ended: ended?, is_wanted }),
                Some(signal) = signals.next() => {
                    is_wanted |= ![Signal::USR1, Signal::USR2].contains(&signal);
                    self.pass_on(signal);
                }
                () = sleep_until(end), if !killed => {
                    output::complain("the program did not end in time and is killed");
                    self.send(Signal::KILL);
                    killed = true;
                }
            }
        }
    }
}

/// Whether a keyboard's signals go to us and to all that we started.
fn is_in_foreground() -> bool {
    let own = getpgrp();
    tcgetpgrp(io::stdin()).or_else(|_| tcgetpgrp(io::stderr())).is_ok_and(|group| group == own)
}

/// Signals that are sent to us, from now on.
pub(super) struct Signals(Receiver<Signal>);

impl Signals {
    pub(super) fn listen() -> Result<Self, Failure> {
        let (send, receive) = channel(PASSED.len());
        for passed in PASSED {
            let mut stream = signal(SignalKind::from_raw(passed.as_raw()))
                .map_err(Failure::io("listening for signals"))?;
            let send = send.clone();
            tokio::spawn(async move {
                while stream.recv().await.is_some() {
                    if send.send(passed).await.is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self(receive))
    }

    pub(super) async fn next(&mut self) -> Option<Signal> {
        self.0.recv().await
    }
}
