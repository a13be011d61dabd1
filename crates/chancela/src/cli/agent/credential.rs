//! `chancela agent helper`: tokens for programs that ask by a protocol of their own.

use super::{AgentFile, Wanted};
use chancela_agent::config::HostName;
use clap::{Args, Subcommand};

/// Who asks.
#[derive(Debug, Subcommand)]
pub(crate) enum Helper {
    /// For git: credential.helper = "!chancela agent helper git"
    Git {
        #[command(flatten)]
        hosts: Hosts,
        #[command(flatten)]
        file: AgentFile,
        /// Send the token as git 2.46 and later can, in a header Authorization: Bearer, and to an older git nothing
        #[arg(long)]
        bearer: bool,
        /// What git wants: get, store or erase
        operation: String,
    },
    /// For docker: a script docker-credential-NAME that runs chancela agent helper docker "$@"
    Docker {
        #[command(flatten)]
        hosts: Hosts,
        #[command(flatten)]
        file: AgentFile,
        /// What docker wants: get, list, store, erase or version
        operation: String,
    },
    /// For kubectl and client-go: an ExecCredential of client.authentication.k8s.io
    Kubernetes {
        /// The provider's name in the agent's configuration
        provider: String,
        #[command(flatten)]
        file: AgentFile,
        #[command(flatten)]
        wanted: Wanted,
        /// The cluster's host; any other gets nothing, nor does one that is not told (provideClusterInfo: true)
        #[arg(long, value_name = "HOST[:PORT]", value_parser = HostName::parse)]
        host: Option<HostName>,
    },
    /// For AWS: credential_process, by a role that takes the provider's token (AssumeRoleWithWebIdentity)
    Aws(Aws),
}

/// Which hosts get whose token: those of the configuration's [host] tables, and these.
#[derive(Debug, Args)]
pub(crate) struct Hosts {
    /// The provider whose token goes to --host
    #[arg(long, requires = "hosts")]
    pub(crate) provider: Option<String>,
    /// A host that gets it; may be repeated
    #[arg(long = "host", value_name = "HOST[:PORT]", requires = "provider", value_parser = HostName::parse)]
    pub(crate) hosts: Vec<HostName>,
    /// The user's name that goes with it
    #[arg(long, default_value = "oauth2")]
    pub(crate) username: String,
}

#[derive(Debug, Args)]
pub(crate) struct Aws {
    /// The provider's name in the agent's configuration
    pub(crate) provider: String,
    #[command(flatten)]
    pub(crate) file: AgentFile,
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    /// The role
    #[arg(long, value_name = "ARN")]
    pub(crate) role_arn: String,
    /// The session's name in logs
    #[arg(long, value_name = "NAME", default_value = "chancela")]
    pub(crate) session_name: String,
    /// Seconds that the role is taken for
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u32).range(900..=43_200))]
    pub(crate) duration: u32,
    /// Region of the token service; the global one if absent
    #[arg(long, env = "AWS_REGION")]
    pub(crate) region: Option<String>,
    /// Address of the token service, instead of the region's
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
}
