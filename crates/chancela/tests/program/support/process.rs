//! The program as a child process whose output is collected, and which never outlives its test.

use super::PATIENCE;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;
use tempfile::TempDir;

/// The program's path.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_chancela");

/// A command of the program that finds no configuration of the machine it runs on, nor the language of whoever tests.
pub(crate) fn command() -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_remove("CHANCELA_CONFIG").env_remove("RUST_LOG").current_dir(std::env::temp_dir());
    command.env_remove("CHANCELA_LANG").env_remove("LC_ALL").env_remove("LC_MESSAGES").env("LANG", "C");
    command
}

/// A command that ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<std::process::Output> for Finished {
    fn from(output: std::process::Output) -> Self {
        let code = output.status.code().unwrap_or_else(|| panic!("a signal ended it: {output:?}"));
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Finished {
    /// Its standard output as JSON, if it succeeded.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Checks that it failed with this exit code and says each of `words`.
    pub(crate) fn failed(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.stderr.starts_with("chancela: "), "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in {self:?}");
        }
    }
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Finished {
    run_with_input(arguments, "")
}

/// Runs the program to its end with this on standard input.
pub(crate) fn run_with_input(arguments: &[&str], input: &str) -> Finished {
    finish_with_input(command().args(arguments), input)
}

/// Runs a command to its end with this on standard input.
pub(crate) fn finish_with_input(command: &mut Command, input: &str) -> Finished {
    let mut process = Process::start(command.stdin(Stdio::piped()));
    let mut stdin = process.child.stdin.take().unwrap();
    // A program that does not read is no error.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let code = process.wait().code().unwrap();
    Finished { code, stdout: process.stdout.text(), stderr: process.stderr.text() }
}

/// What a process has written so far.
pub(crate) struct Output {
    text: Arc<Mutex<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

impl Output {
    fn collect(mut pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&text);
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(length @ 1..) = pipe.read(&mut buffer) {
                into.lock().unwrap().extend_from_slice(&buffer[..length]);
            }
        });
        Self { text, thread: Some(thread) }
    }

    /// All of it.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap()).into_owned()
    }
}

/// A running program; killed when dropped, and whatever it left in its folder for temporary files goes with it.
pub(crate) struct Process {
    child: Child,
    temporary: TempDir,
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
}

impl Process {
    /// Starts it.
    pub(crate) fn start(command: &mut Command) -> Self {
        let temporary = TempDir::new().unwrap();
        command.env("TMPDIR", temporary.path());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = Output::collect(child.stdout.take().unwrap());
        let stderr = Output::collect(child.stderr.take().unwrap());
        Self { child, temporary, stdout, stderr }
    }

    /// Looks at the output until `found` has what it looks for.
    pub(crate) fn await_output<T>(&mut self, what: &str, found: impl Fn(&str, &str) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            let ended = self.child.try_wait().unwrap();
            if ended.is_some() {
                self.drain();
            }
            if let Some(found) = found(&self.stdout.text(), &self.stderr.text()) {
                return found;
            }
            let in_time = ended.is_none() && start.elapsed() < PATIENCE;
            assert!(in_time, "{what}: ended {ended:?}, said {}{}", self.stdout.text(), self.stderr.text());
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }

    /// Its standard input, if that is a pipe; it ends when dropped.
    pub(crate) fn input(&mut self) -> ChildStdin {
        self.child.stdin.take().expect("a pipe")
    }

    /// Its folder for temporary files.
    pub(crate) fn temporary(&self) -> &Path {
        self.temporary.path()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end, and for the end of its output.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let status = super::await_some("the program's end", || self.child.try_wait().unwrap());
        self.drain();
        status
    }

    /// Tells it to stop and waits; the exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.wait().code()
    }

    /// Kills it as a power cut would.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn drain(&mut self) {
        for output in [&mut self.stdout, &mut self.stderr] {
            if let Some(thread) = output.thread.take() {
                let _ = thread.join();
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Every file below a folder with its content.
pub(crate) fn files_below(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            out.extend(files_below(&entry.path()));
        } else if kind.is_file() {
            out.push((entry.path(), std::fs::read(entry.path()).unwrap()));
        }
    }
    out
}
