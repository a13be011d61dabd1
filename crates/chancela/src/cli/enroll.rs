//! `chancela agent enroll PROVIDER` and `chancela agent certificate …`: client certificates from their order to their end.

use super::AgentFile;
use chancela_agent::source::Source;
use clap::{Args, Subcommand};

/// Get a client certificate.
#[derive(Debug, Args)]
pub(crate) struct Enroll {
    /// The provider's name in the agent's configuration
    pub(crate) provider: String,
    #[command(flatten)]
    pub(crate) file: AgentFile,
    /// Get the next certificate; the one that is there goes on being used until the new one has given a token
    #[arg(long)]
    pub(crate) renew: bool,
    /// Order once more after an order whose answer was lost (ask the provider first what became of it), or whose certificate
    /// cannot be used
    #[arg(long)]
    pub(crate) again: bool,
    /// Where the token is that the provider gave for the order: file:PATH, env:NAME, cmd:PROGRAM or stdin
    #[arg(long, value_name = "PLACE", value_parser = place)]
    pub(crate) token: Option<Source>,
    /// Print the requests as curl, without secrets; sends nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AgentCertificateAction {
    /// Show every client certificate, those above it, trusted authorities and sessions, by what ends first
    Show {
        /// This provider alone
        provider: Option<String>,
        #[command(flatten)]
        file: AgentFile,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Exit with 7 if something ends soon, and say what; for cron and monitoring
    Check {
        /// This provider alone
        provider: Option<String>,
        #[command(flatten)]
        file: AgentFile,
        /// How soon, in days
        #[arg(long, value_name = "DAYS", value_parser = days, default_value = "30d")]
        within: u32,
        /// Also run the programs that `on_due` names, once for each time of `warn_before`
        #[arg(long)]
        hooks: bool,
    },
    /// Get the next certificate, as `agent enroll --renew`
    Renew {
        /// The provider's name in the agent's configuration
        provider: String,
        #[command(flatten)]
        file: AgentFile,
    },
}

fn place(text: &str) -> Result<Source, String> {
    text.parse().map_err(|error: chancela_agent::source::SourceSyntaxError| error.to_string())
}

fn days(text: &str) -> Result<u32, String> {
    let wrong = || "a number of days, as 30d, at most 3650".to_owned();
    let days: u32 = text.strip_suffix('d').unwrap_or(text).parse().map_err(|_| wrong())?;
    if days <= 3650 { Ok(days) } else { Err(wrong()) }
}
