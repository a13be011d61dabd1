//! The `chancela` program: one file for each subcommand. This is the only place that names a concrete store.
//!
//! Messages for people go to standard error, results to standard output; exit codes are stable (see `failure`).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod cli;
mod command;
mod failure;
mod language;
mod log;
mod output;
mod sandbox;
mod serve;
mod sockets;
mod store;

use std::ffi::OsString;
use std::process::ExitCode;

/// The allocator that the hot path was measured with: many small, short-lived pieces on a few threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let locale = match language::choose(variable) {
        Ok(locale) => locale,
        Err((said, locale)) => {
            output::tell(locale, &said);
            return ExitCode::from(2);
        }
    };
    let cli = match cli::read(std::env::args_os(), locale) {
        Ok(cli) => cli,
        Err(error) => return cli::show(&error, locale),
    };
    match command::run(cli, locale) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let said = failure.said();
            if !said.english.is_empty() {
                output::tell(locale, &said);
            }
            failure.exit_code()
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that chooses the language")]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
