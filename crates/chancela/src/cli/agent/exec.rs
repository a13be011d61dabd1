//! `chancela agent exec`: a program with tokens.

use super::{AgentFile, Wanted, span};
use clap::{Args, ValueEnum};
use std::ffi::OsString;
use std::time::Duration;

/// Run a program with tokens in its environment, or in files that are replaced when tokens are renewed
#[derive(Debug, Args)]
#[command(
    after_help = "The program's exit code is ours: 128 and the signal's number if one ended it, 127 if it is not \
                        found, 126 if it cannot be run."
)]
pub(crate) struct Exec {
    /// Provider whose token the program gets; with =PREFIX, what begins the names of its variables. May be repeated; the
    /// configuration's only provider if absent
    #[arg(short, long = "provider", value_name = "NAME[=PREFIX]")]
    pub(crate) providers: Vec<String>,
    #[command(flatten)]
    pub(crate) file: AgentFile,
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    /// Put tokens into files of a private folder, and their paths into variables: ACCESS_TOKEN_FILE, HEADERS_FILE
    #[arg(long)]
    pub(crate) files: bool,
    /// What is done to the program when a token was renewed
    #[arg(long, value_enum, default_value = "none")]
    pub(crate) renew: Renewal,
    /// Signal of --renew signal
    #[arg(long, value_enum, default_value = "hup", ignore_case = true)]
    pub(crate) signal: Told,
    /// Least life of the tokens with which the program starts, as 90s or 5m
    #[arg(long, value_name = "TIME", value_parser = span, default_value = "0s")]
    pub(crate) min_ttl: Duration,
    /// How long to wait for each token
    #[arg(long, value_name = "TIME", value_parser = span, default_value = "30s")]
    pub(crate) timeout: Duration,
    /// Leave the program the variables in which our own secrets are
    #[arg(long)]
    pub(crate) danger_keep_secrets: bool,
    /// Neither read nor write the cache
    #[arg(long)]
    pub(crate) memory: bool,
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// What is done to a program when a token was renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Renewal {
    /// Nothing; files are replaced all the same
    None,
    /// End it with SIGTERM and start it again with the new token
    Restart,
    /// Send it a signal, once its files are replaced
    Signal,
}

/// A signal that programs take as "read your files again".
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Told {
    /// SIGHUP
    Hup,
    /// SIGUSR1
    Usr1,
    /// SIGUSR2
    Usr2,
    /// SIGTERM
    Term,
    /// SIGINT
    Int,
}
