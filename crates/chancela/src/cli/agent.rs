//! `chancela token PROVIDER` and `chancela agent …`: the client side.

mod credential;
mod doctor;
mod exec;
mod inspect;
mod mock;

pub(crate) use credential::{Aws, Helper, Hosts};
pub(crate) use doctor::Doctor;
pub(crate) use exec::{Exec, Renewal, Told};
pub(crate) use inspect::Inspect;
pub(crate) use mock::Mock;

use super::{AgentCertificateAction, Enroll, TokenAction};
use clap::{Args, Subcommand, ValueEnum};
use http::{HeaderValue, Method, Uri};
use std::path::PathBuf;
use std::time::Duration;

/// Obtain a provider's token; or look at tokens of a server's own and end them.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true
)]
pub(crate) struct TokenCommand {
    #[command(subcommand)]
    pub(crate) action: Option<TokenAction>,
    #[command(flatten)]
    pub(crate) obtain: Obtain,
}

#[derive(Debug, Args)]
pub(crate) struct Obtain {
    /// The provider's name in the agent's configuration
    #[arg(required = true)]
    pub(crate) provider: Option<String>,
    #[command(flatten)]
    pub(crate) file: AgentFile,
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    /// Least life of the token, as 90s or 5m
    #[arg(long, value_name = "TIME", value_parser = span, default_value = "0s")]
    pub(crate) min_ttl: Duration,
    /// How long to wait for a token
    #[arg(long, value_name = "TIME", value_parser = span, default_value = "30s")]
    pub(crate) timeout: Duration,
    /// What to print
    #[arg(long, value_enum, default_value = "raw")]
    pub(crate) format: Format,
    /// Short for --format json
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) call: Call,
    /// Neither read nor write the cache
    #[arg(long)]
    pub(crate) memory: bool,
}

/// The one call that a bound token's headers are for (DPoP).
#[derive(Debug, Args)]
pub(crate) struct Call {
    /// Whole address of the call that the token is for; needed where tokens are bound to a key (DPoP)
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<Uri>,
    /// Method of that call
    #[arg(long, value_name = "METHOD", default_value = "GET", requires = "url")]
    pub(crate) method: Method,
    /// DPoP-Nonce of the API's last answer
    #[arg(long, value_name = "NONCE", requires = "url")]
    pub(crate) dpop_nonce: Option<HeaderValue>,
}

/// What is asked for beside the configured.
#[derive(Debug, Args)]
pub(crate) struct Wanted {
    /// Scope instead of the configured one, separated by spaces
    #[arg(long)]
    pub(crate) scope: Option<String>,
    /// Resource server instead of the configured one (RFC 8707)
    #[arg(long, value_name = "URI")]
    pub(crate) resource: Option<String>,
}

/// What is printed of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The token alone
    Raw,
    /// The token with its life and the headers of a call
    Json,
    /// The headers of a call
    Header,
    /// Lines NAME='VALUE' for a shell's eval
    Env,
    /// A curl configuration, for `curl --config -`
    Curl,
}

#[derive(Debug, Args)]
pub(crate) struct AgentFile {
    /// Configuration of the agent; agent.toml in ~/.config/chancela or /etc/chancela if absent
    #[arg(long, env = "CHANCELA_AGENT_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AgentAction {
    /// Write a configuration for a running sandbox: all its providers, their secrets in files, and a cache
    Init {
        /// Address of the sandbox
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
        sandbox: String,
        /// Folder for agent.toml and the secrets; nothing in it is overwritten. ~/.config/chancela if absent
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    /// Serve tokens to other programs of this machine through a Unix socket, and keep them renewed
    Run {
        #[command(flatten)]
        file: AgentFile,
        /// Log filter, for example `info` or `chancela_agent=debug`
        #[arg(long, default_value = "info", value_name = "FILTER")]
        log: String,
    },
    /// Log a person in at a provider, with a browser here or elsewhere; the session is kept in the cache and renewed
    Login {
        /// The provider's name in the agent's configuration
        provider: String,
        #[command(flatten)]
        file: AgentFile,
        #[command(flatten)]
        wanted: Wanted,
        /// Open no browser; print the address alone
        #[arg(long)]
        no_browser: bool,
        /// Log in at another device: print a code and the address at which it is entered (RFC 8628)
        #[arg(long, conflicts_with = "no_browser")]
        device: bool,
        /// How long to wait for the person
        #[arg(long, value_name = "TIME", value_parser = span, default_value = "10m")]
        timeout: Duration,
    },
    /// End a person's session: at the provider where that is possible, and here
    Logout {
        /// The provider's name in the agent's configuration
        provider: String,
        #[command(flatten)]
        file: AgentFile,
        #[command(flatten)]
        wanted: Wanted,
    },
    /// Get a client certificate from a provider, and the first token with it; goes on where it was interrupted
    Enroll(Enroll),
    /// Look at client certificates and what else ends, and renew
    Certificate {
        #[command(subcommand)]
        action: AgentCertificateAction,
    },
    /// End the pause after a provider's refusal: the next request is made at once
    Reset {
        /// The provider's name in the agent's configuration
        provider: String,
        #[command(flatten)]
        file: AgentFile,
        #[command(flatten)]
        wanted: Wanted,
    },
    /// Show each provider's token: how long it is good, when it is renewed, and what is wrong
    Status {
        #[command(flatten)]
        file: AgentFile,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Go on: on a terminal the table is drawn anew when it changes, elsewhere each change is a line
        #[arg(long)]
        watch: bool,
        /// How often the cache is looked at
        #[arg(long, value_name = "TIME", value_parser = span, default_value = "1s", requires = "watch")]
        interval: Duration,
    },
    /// Print the exact requests for a token, without secrets, and when it would be renewed; sends nothing
    Explain {
        /// The provider's name in the agent's configuration
        provider: String,
        #[command(flatten)]
        file: AgentFile,
        #[command(flatten)]
        wanted: Wanted,
    },
    Exec(Exec),
    Doctor(Doctor),
    Inspect(Inspect),
    /// Answer a program that asks for credentials by a protocol of its own
    Helper {
        #[command(subcommand)]
        asker: Helper,
    },
    Mock(Mock),
}

/// Longest time that may be asked for: more is a mistake, and some clocks cannot count far enough.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

fn span(text: &str) -> Result<Duration, String> {
    let wrong = || "a time is a text as 30s, 5m or 2h".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let unit = match &text[digits.len()..] {
        "ms" => 1,
        "s" | "" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    let time = number.checked_mul(unit).map(Duration::from_millis).filter(|time| *time <= LONGEST);
    time.ok_or_else(|| "a time is 24h at most".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_day_at_most() {
        for (text, seconds) in [("0s", 0), ("90", 90), ("5m", 300), ("24h", 86_400), ("86400000ms", 86_400)] {
            assert_eq!(span(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "25h",
            "86401",
            "1441m",
            "18446744073709551615ms",
            "18446744073709551615s",
            "18446744073709551615h",
        ] {
            assert_eq!(span(text), Err("a time is 24h at most".to_owned()), "{text}");
        }
        for text in ["", "s", "-1s", "1.5h", "5 m", "5d", "99999999999999999999"] {
            assert_eq!(span(text), Err("a time is a text as 30s, 5m or 2h".to_owned()), "{text:?}");
        }
    }
}
