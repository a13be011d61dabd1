//! The program that is told. It gets what is due in its environment and nothing of ours beside it: the agent's own
//! environment may hold secrets.

use super::Entry;
use crate::source::{CommandLine, SourceProblem, run_program};
use chancela_core::message::token_response::iso_8601;
use std::ffi::OsString;
use std::process::Command;
use std::time::Duration;

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Variables of the agent's that programs cannot do without, and that are no secrets.
const KEPT: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

/// Runs it to its end.
pub(super) fn run(
    program: &CommandLine,
    variable: impl Fn(&str) -> Option<OsString>,
    (entry, now, before): (&Entry, i64, i64),
) -> Result<(), SourceProblem> {
    let mut command = Command::new(program.program());
    command.args(program.arguments()).env_clear();
    command.envs(KEPT.iter().filter_map(|name| Some((*name, variable(name)?))));
    command
        .env("CHANCELA_PROVIDER", entry.provider.as_deref().unwrap_or_default())
        .env("CHANCELA_WHAT", entry.kind.as_str())
        .env("CHANCELA_SUBJECT", &entry.subject)
        .env("CHANCELA_ENDS_AT", entry.ends_at.to_string())
        .env("CHANCELA_ENDS", iso_8601(entry.ends_at))
        .env("CHANCELA_DAYS_LEFT", entry.days_left(now).to_string())
        .env("CHANCELA_WARN_BEFORE_DAYS", (before / super::DAY).to_string());
    run_program(command, PATIENCE)
}
