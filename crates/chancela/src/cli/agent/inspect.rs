//! `chancela agent inspect`: what a token says.

use super::{AgentFile, Wanted};
use clap::Args;

/// Show what a token says of itself, and whether that is so; the token is a provider's that is kept, or standard input's
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 shown, 1 its signature is not known to be good though --verify asks for it. \
                        Nothing is asked for: a provider's token is the one in the cache."
)]
pub(crate) struct Inspect {
    /// The provider whose token is kept, or - for the token on standard input
    #[arg(value_name = "PROVIDER|-", default_value = "-")]
    pub(crate) token_of: String,
    #[command(flatten)]
    pub(crate) file: AgentFile,
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    /// The provider that has made the token on standard input: its keys and our certificate there are compared
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) provider: Option<String>,
    /// An earlier step's token instead, by the name of its token endpoint
    #[arg(long, value_name = "ENDPOINT")]
    pub(crate) step: Option<String>,
    /// The API that shall take the token
    #[arg(long)]
    pub(crate) audience: Option<String>,
    /// Verify the signature with the provider's keys
    #[arg(long)]
    pub(crate) verify: bool,
    /// Address of the keys, instead of the dialect's
    #[arg(long, value_name = "URL", requires = "verify")]
    pub(crate) jwks: Option<String>,
    /// Show the token itself, too
    #[arg(long)]
    pub(crate) raw: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
