//! `chancela agent doctor`: what may be wrong.

use super::AgentFile;
use clap::Args;

/// Check one by one what tokens need: configuration, secrets, certificates, cache, names, connections, TLS, clocks
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 nothing has failed, though there may be warnings; 1 something has.")]
pub(crate) struct Doctor {
    /// This provider alone
    pub(crate) provider: Option<String>,
    #[command(flatten)]
    pub(crate) file: AgentFile,
    /// Make one token request to each provider, too; nothing else sends credentials
    #[arg(long)]
    pub(crate) probe: bool,
    /// Connect to nobody
    #[arg(long, conflicts_with = "probe")]
    pub(crate) offline: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
