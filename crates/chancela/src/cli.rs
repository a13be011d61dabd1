//! The command line's shape. Secrets are never arguments: they come from standard input or files.

mod agent;
mod certificate;
mod client;
mod enroll;
mod portuguese;
mod tls;
mod usage;
mod user;

pub(crate) use agent::{
    AgentAction, AgentFile, Aws, Call, Doctor, Exec, Format, Helper, Hosts, Inspect, Mock, Obtain, Renewal,
    TokenCommand, Told, Wanted,
};
pub(crate) use certificate::{AuthorityAction, CertificateAction};
pub(crate) use client::{ClientAction, ClientCreate};
pub(crate) use enroll::{AgentCertificateAction, Enroll};
pub(crate) use tls::TlsAction;
pub(crate) use user::{UserAction, UserCreate};

use crate::language::Locale;
use chancela_server::control::KeyUrgency;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::ffi::OsString;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// OAuth 2.0 authorization server that speaks every provider's dialect.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not found, 4 conflict.\n\
                  Of `token PROVIDER` and `agent`: 3 wrong configuration, 4 login required, 5 refused by the provider,\n\
                  6 provider not available, 7 something ends soon, 8 not in time, 9 not kept; of `agent exec`, the
\
                  program's own.
\
                  Start with: chancela sandbox"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Reads the command line. Help is an error, too, and in the person's language.
///
/// # Errors
/// What [`show`] shows.
pub(crate) fn read(
    arguments: impl IntoIterator<Item = OsString>,
    locale: Locale,
) -> Result<Cli, clap::Error> {
    let mut command = match locale {
        Locale::En => Cli::command(),
        Locale::PtBr => portuguese::translated(Cli::command()),
    };
    let matches = command.try_get_matches_from_mut(arguments)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Shows help, the version or wrong usage, with clap's exit code: 0 for what was asked for, else 2.
pub(crate) fn show(error: &clap::Error, locale: Locale) -> ExitCode {
    let own = match locale {
        Locale::En => None,
        Locale::PtBr => usage::message(error),
    };
    // A closed pipe is no error: the reader has seen enough.
    let _ = match own {
        Some(text) => write!(std::io::stderr().lock(), "{text}"),
        None => error.print(),
    };
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the dialects on this machine with demo clients, and print a ready request for each
    Sandbox(Sandbox),
    /// Run the authorization server
    Serve {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Check or show the configuration, or print its schema
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Manage clients
    Client {
        #[command(subcommand)]
        action: ClientAction,
    },
    /// Issue, show and revoke client certificates
    Certificate {
        #[command(subcommand)]
        action: CertificateAction,
    },
    /// Manage a realm's scopes
    Scope {
        #[command(subcommand)]
        action: ScopeAction,
    },
    /// List or rotate a realm's keys
    Key {
        #[command(subcommand)]
        action: KeyAction,
    },
    /// Manage users
    User {
        #[command(subcommand)]
        action: UserAction,
    },
    /// Obtain a token of a provider, or look at a server's own tokens and end them
    Token(Box<TokenCommand>),
    /// The client side: configuration, status and logins at providers
    Agent {
        #[command(subcommand)]
        action: AgentAction,
    },
    /// Make certificates for TLS
    Tls {
        #[command(subcommand)]
        action: TlsAction,
    },
    /// List, show or check dialects
    Dialect {
        #[command(subcommand)]
        action: DialectAction,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write those of all subcommands into a folder
    Man {
        /// Folder; made if it is not there, and what it has under these names is replaced
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Sandbox {
    /// Address and port; each realm also gets a port of its own, counted up from this one
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Address and port for TLS; the next port asks for client certificates. The port of --listen plus 363 if absent: 8443
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) tls_listen: Option<SocketAddr>,
    /// Start this dialect alone, or one that is left out otherwise (`chancela dialect list` has all); may be repeated
    #[arg(long = "dialect", value_name = "NAME")]
    pub(crate) dialects: Vec<String>,
    /// Start every dialect
    #[arg(long, conflicts_with = "dialects")]
    pub(crate) all: bool,
    /// Keep everything in this folder; a temporary one, removed at the end, if absent
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Print the description for programs (as at /sandbox.json) instead of the text for people
    #[arg(long)]
    pub(crate) json: bool,
    /// Enforce the limits on token requests that providers document
    #[arg(long)]
    pub(crate) rate_limits: bool,
    /// Host in all addresses instead of the one listened on: with `localhost`, browsers make passkeys
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Option<String>,
    /// Let anybody who reaches the sandbox move its clock forward: POST /_sandbox/clock {"advance_seconds": N}
    #[arg(long)]
    pub(crate) danger_clock_control: bool,
    /// Play the faults of this file: refusals, lost answers, broken bodies, expired certificates (book: Sandbox faults)
    #[arg(long, value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,
    /// Let anybody who reaches the sandbox set faults, rotate keys and see what arrived: /_sandbox/faults, /_sandbox/keys,
    /// /_sandbox/requests
    #[arg(long)]
    pub(crate) danger_fault_control: bool,
    /// Log filter, for example `info` or `chancela_server=debug`
    #[arg(long, default_value = "warn", value_name = "FILTER")]
    pub(crate) log: String,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigFile {
    /// Configuration file
    #[arg(long, env = "CHANCELA_CONFIG", default_value = "chancela.toml", value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Key-encryption key file, instead of the configuration's
    #[arg(long, value_name = "FILE")]
    pub(crate) kek_file: Option<PathBuf>,
}

/// Where an administration command is carried out.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// Realm
    #[arg(long, short)]
    pub(crate) realm: String,
    /// Configuration file of the server; the command goes to the running server, or to its store if none runs
    #[arg(long, env = "CHANCELA_CONFIG", default_value = "chancela.toml", value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Data folder of a running server or sandbox, instead of a configuration file
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Key-encryption key file, instead of the configuration's
    #[arg(long, value_name = "FILE")]
    pub(crate) kek_file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigAction {
    /// Check the file and every dialect it names
    Check {
        #[command(flatten)]
        config: ConfigFile,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the configuration with all defaults
    Show {
        #[command(flatten)]
        config: ConfigFile,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print every key with its meaning and default
    Schema {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ScopeAction {
    /// Add a scope
    Create {
        #[command(flatten)]
        target: Target,
        /// The scope
        name: String,
        /// What it lets a client do, in words for people
        #[arg(long, default_value = "")]
        description: String,
    },
    /// Show all scopes
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Remove a scope that was added
    Delete {
        #[command(flatten)]
        target: Target,
        /// The scope
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyAction {
    /// Show all keys and their schedule
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Replace the signing keys: published at once, used after a day
    Rotate {
        #[command(flatten)]
        target: Target,
        /// How soon
        #[arg(long, value_enum, default_value = "planned")]
        urgency: Urgency,
    },
}

/// How soon a key is replaced.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Urgency {
    /// Publish first, use a day later
    Planned,
    /// Use at once; what the old key signed stays good
    Now,
    /// Destroy the old keys; every token that they signed is dead
    Compromised,
}

impl From<Urgency> for KeyUrgency {
    fn from(urgency: Urgency) -> Self {
        match urgency {
            Urgency::Planned => Self::Planned,
            Urgency::Now => Self::Now,
            Urgency::Compromised => Self::Compromised,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenAction {
    /// Say what a token is; the token is the first line of standard input
    Inspect {
        #[command(flatten)]
        target: Target,
    },
    /// End tokens at once: the one on the first line of standard input, or all of a grant, a client or a user
    Revoke {
        #[command(flatten)]
        target: Target,
        /// All tokens of this grant, as `inspect` shows it
        #[arg(long, value_name = "GRANT", conflicts_with_all = ["client", "user"])]
        grant: Option<String>,
        /// All tokens of this client; with --user only those for this user
        #[arg(long, value_name = "CLIENT_ID")]
        client: Option<String>,
        /// All tokens and sessions of this user, by name or subject
        #[arg(long)]
        user: Option<String>,
        /// Tenant of the user
        #[arg(long, requires = "user")]
        tenant: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DialectAction {
    /// Show all dialects
    List {
        /// Folder with dialect files beside those of the program
        #[arg(long, value_name = "DIR")]
        dialects: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a dialect with everything that it extends
    Show {
        /// Its name
        name: String,
        /// Folder with dialect files beside those of the program
        #[arg(long, value_name = "DIR")]
        dialects: Option<PathBuf>,
        /// Print JSON instead of TOML
        #[arg(long)]
        json: bool,
    },
    /// Check dialects: errors, what is unsafe, what rests on no documentation, what is not served yet
    Check {
        /// Names or files; all dialects if there is none
        names: Vec<String>,
        /// Folder with dialect files beside those of the program
        #[arg(long, value_name = "DIR")]
        dialects: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}
