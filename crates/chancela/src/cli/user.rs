//! Arguments of `chancela user`.

use super::Target;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum UserAction {
    /// Add a user; the password is the first line of standard input
    Create(Box<UserCreate>),
    /// Show all users
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Show one user
    Show {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        user: UserName,
    },
    /// Keep a user out; sessions and tokens end at once, and stay ended
    Disable {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        user: UserName,
    },
    /// Let a user log in again
    Enable {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        user: UserName,
    },
    /// Give a user a new password, the first line of standard input; sessions and tokens end
    SetPassword {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        user: UserName,
        /// File whose first line is the password, instead of standard input
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Remove a user's second factors (app, passkeys, recovery codes); sessions and tokens end
    ResetFactors {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        user: UserName,
    },
    /// Remove a user with everything
    Delete {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        user: UserName,
    },
    /// Add users from a JSON array, or from lines of JSON: username, tenant, password or password_hash, claims, enabled
    Import {
        #[command(flatten)]
        target: Target,
        /// Replace claims, state and password of users that exist
        #[arg(long)]
        replace: bool,
        /// The file; standard input if it is -
        #[arg(default_value = "-")]
        file: PathBuf,
    },
}

/// A user that exists.
#[derive(Debug, Args)]
pub(crate) struct UserName {
    /// Name that the user types
    pub(crate) username: String,
    /// Tenant, where the name stands in several
    #[arg(long)]
    pub(crate) tenant: Option<String>,
}

/// A user as it is created.
#[derive(Debug, Args)]
pub(crate) struct UserCreate {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Name that the user types
    pub(crate) username: String,
    /// Tenant
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// Name for people (claim `name`)
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// E-mail address (claim `email`)
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// A claim as text, or as JSON if it is written NAME:=JSON (repeat for several)
    #[arg(long = "claim", value_name = "NAME=TEXT")]
    pub(crate) claims: Vec<String>,
    /// File whose first line is the password, instead of standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// The user has no password: they log in with a passkey, or get one later
    #[arg(long, conflicts_with = "password_file")]
    pub(crate) no_password: bool,
}
