//! Subcommands, one file each.

mod administration;
mod agent;
mod certificate;
mod client;
mod config;
mod dialect;
mod man;
mod tls;
mod user;

use crate::cli::{Cli, Command, TokenCommand};
use crate::failure::Failure;
use crate::language::Locale;
use crate::{sandbox, serve};
use clap::CommandFactory;

/// Runs what was asked for.
pub(crate) fn run(cli: Cli, locale: Locale) -> Result<(), Failure> {
    match cli.command {
        Command::Sandbox(arguments) => sandbox::run(&arguments),
        Command::Serve { config } => serve::run(&config),
        Command::Config { action } => config::run(action),
        Command::Client { action } => client::client(action),
        Command::Certificate { action } => certificate::run(action),
        Command::Scope { action } => administration::scope(action),
        Command::Key { action } => administration::key(action),
        Command::User { action } => user::user(action),
        Command::Token(token) => match *token {
            TokenCommand { action: Some(action), .. } => administration::token(action),
            TokenCommand { action: None, obtain } => agent::token(&obtain, locale),
        },
        Command::Agent { action } => agent::run(action, locale),
        Command::Tls { action } => tls::run(action),
        Command::Dialect { action } => dialect::run(action),
        Command::Man { folder } => man::man(folder.as_deref()),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "chancela", &mut std::io::stdout());
            Ok(())
        }
    }
}
