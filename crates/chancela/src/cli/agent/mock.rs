//! `chancela agent mock`: a sandbox in place of the configured providers.

use super::AgentFile;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Start a sandbox in place of the configured providers, and write a configuration by which the same names lead there
#[derive(Debug, Args)]
#[command(
    after_help = "Your configuration is read and not changed, and none of its secrets is used: the sandbox makes its own. \
                        Faults and the clock can be set by whoever reaches it (book: Sandbox faults)."
)]
pub(crate) struct Mock {
    /// These providers alone; all of the configuration if there is none
    pub(crate) providers: Vec<String>,
    #[command(flatten)]
    pub(crate) file: AgentFile,
    /// Folder for the other agent.toml, its secrets and its cache; a temporary one, removed at the end, if absent
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    /// Address and port of the sandbox; any free port if absent
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Play the faults of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,
    /// Enforce the limits on token requests that providers document
    #[arg(long)]
    pub(crate) rate_limits: bool,
    /// Log filter, for example `info` or `chancela_server=debug`
    #[arg(long, default_value = "warn", value_name = "FILTER")]
    pub(crate) log: String,
}
