//! The `chancela` program: one file for each subcommand. This is the only place that names a concrete store.
//!
//! Messages for people go to standard error, results to standard output; exit codes are stable (see `failure`).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod cli;
mod command;
mod failure;
mod log;
mod output;
mod sandbox;
mod serve;
mod sockets;
mod store;

use clap::Parser;
use std::process::ExitCode;

/// The allocator that the hot path was measured with: many small, short-lived pieces on a few threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match command::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let text = failure.to_string();
            if !text.is_empty() {
                output::complain(&text);
            }
            failure.exit_code()
        }
    }
}
