//! What a program prints, within limits of size and time. What it says beside that is never read: it may hold secrets.

use super::{CommandLine, SourceProblem, limited};
use rustix::process::{Pid, Signal, kill_process_group};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long a program may take: long enough for a key server, short enough for whoever waits for a token.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How often a program that has said everything is looked after.
const PAUSE: Duration = Duration::from_millis(5);

/// What the program prints until it ends. It inherits this program's environment.
pub(super) fn output(line: &CommandLine, patience: Duration) -> Result<Zeroizing<Vec<u8>>, SourceProblem> {
    let until = Instant::now() + patience;
    let mut command = Command::new(line.program());
    command.args(line.arguments()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    // A group of its own, so that what the program started is stopped with it.
    let mut running = Running(command.process_group(0).spawn().map_err(SourceProblem::NotStarted)?);
    let mut stdout = running.0.stdout.take().ok_or(SourceProblem::TimedOut)?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(limited(&mut stdout)));
    let said = receiver.recv_timeout(patience).map_err(|_| SourceProblem::TimedOut)?;
    let said = said.map_err(SourceProblem::Unreadable)?.ok_or(SourceProblem::TooLarge)?;
    let status = running.end(until)?;
    if status.success() { Ok(said) } else { Err(SourceProblem::Failed(status)) }
}

/// Runs a program to its end, without input or output, in a group of its own.
pub(crate) fn run(mut command: Command, patience: Duration) -> Result<(), SourceProblem> {
    let until = Instant::now() + patience;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let status = Running(command.spawn().map_err(SourceProblem::NotStarted)?).end(until)?;
    if status.success() { Ok(()) } else { Err(SourceProblem::Failed(status)) }
}

/// A program that is stopped with its group if nobody waited for its end.
struct Running(Child);

impl Running {
    fn end(&mut self, until: Instant) -> Result<ExitStatus, SourceProblem> {
        loop {
            if let Some(status) = self.0.try_wait().map_err(SourceProblem::Unreadable)? {
                return Ok(status);
            }
            if Instant::now() >= until {
                return Err(SourceProblem::TimedOut);
            }
            thread::sleep(PAUSE);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Once it was waited for, its number may be another program's.
        if matches!(self.0.try_wait(), Ok(None)) {
            let group = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
            if let Some(group) = group {
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = self.0.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, patience: Duration) -> Result<Zeroizing<Vec<u8>>, SourceProblem> {
        output(&text.parse().unwrap(), patience)
    }

    #[test]
    fn a_program_that_does_not_end_is_stopped_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let text = format!("sh -c '(sleep 2; touch {}) & sleep 60'", mark.display());
        let begin = Instant::now();
        assert!(matches!(run(&text, Duration::from_millis(300)), Err(SourceProblem::TimedOut)));
        assert!(begin.elapsed() < Duration::from_secs(2));
        thread::sleep(Duration::from_millis(2500));
        assert!(!mark.exists(), "what it started went on");
    }

    #[test]
    fn a_program_that_closes_its_output_and_stays_is_stopped() {
        let stopped = run("sh -c 'echo a; exec >&-; sleep 60'", Duration::from_millis(300));
        assert!(matches!(stopped, Err(SourceProblem::TimedOut)));
    }

    #[test]
    fn endless_output_ends() {
        assert!(matches!(run("yes", PATIENCE), Err(SourceProblem::TooLarge)));
    }

    #[test]
    fn a_failure_says_how_it_ended_and_nothing_of_what_it_said() {
        let failed = run("sh -c 'echo hunter2; echo hunter2 >&2; exit 3'", PATIENCE).unwrap_err();
        let said = format!("{failed} {failed:?}");
        assert!(said.contains("exit status: 3") && !said.contains("hunter2"), "{said}");
        let absent = run("chancela-no-such-program", PATIENCE).unwrap_err();
        assert!(absent.to_string().contains("whole path"), "{absent}");
    }
}
