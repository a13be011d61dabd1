//! The agent's process: tokens for other processes of this machine, over a Unix socket.
//!
//! Owns the socket, who may use it, and the messages: HTTP/1.1 with JSON, so that curl and every language can speak it.
//! `POST /v1/token` gives a token ([`Ask`], [`Token`]), `GET /v1/status` says how all stand ([`StatusReport`]), and
//! `GET /v1/events` sends news as server-sent events; refusals are problems (RFC 9457, [`Problem`]). Refresh tokens,
//! client secrets and keys never cross. Does not own tokens (the [`agent`](crate::agent)'s) nor how a person logs in.
//!
//! Who may do what goes by user and group of the process at the other end, which the kernel says (`SO_PEERCRED`), and by
//! nothing that the process says of itself. There are no rules by the path of its program: between the look and the answer
//! the process may be another, and a rule for an interpreter is a rule for every script.
//!
//! A listener for health and metrics stands beside it, by TCP; no token goes there.

mod accept;
mod answer;
mod client;
mod error;
mod events;
mod message;
mod metrics;
mod news;
mod ops;
mod place;
mod policy;
mod problem;
mod renewal;
mod state;
mod status;
mod token;
mod upkeep;

pub use client::{Client, ClientError};
pub use error::ServeError;
pub use message::{
    Ask, CertificateStatus, FORMAT_VERSION, ProviderStatus, StatusReport, Token, TokenStatus, TroubleStatus,
};
pub use news::News;
pub(crate) use place::{SocketFile, bind};
pub(crate) use policy::{Caller, Policy};
pub use problem::Problem;

use crate::agent::Agent;
use crate::config::{AllowConfig, ServeConfig};
use crate::source::Surroundings;
use state::State;
use std::fmt;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long a token request may take at the end that loses nothing; what would be lost is waited for longer.
const SETTLE: Duration = Duration::from_secs(2);
/// How long the renewal of a certificate is waited for at the end: its longest step, and a little.
const RENEWED: Duration = Duration::from_secs(15);

/// What is served, where, and to whom.
#[derive(Debug)]
pub struct Settings {
    /// Where the socket is; ignored if systemd has made one.
    pub socket: Option<PathBuf>,
    /// Where health and metrics are told.
    pub ops: Option<SocketAddr>,
    /// Providers whose tokens are there before anybody asks.
    pub prefetch: Vec<String>,
    /// Who may do what; the own user everything if empty.
    pub allow: Vec<AllowConfig>,
    /// The socket that systemd has made for this process.
    pub passed: Option<UnixListener>,
    /// What is heard of the agent's tokens: the same that is its observer.
    pub news: Arc<News>,
}

impl Settings {
    /// What a configuration and the environment say.
    ///
    /// # Errors
    /// [`ServeError`]: systemd's socket cannot be taken.
    pub fn new(config: &ServeConfig, around: &Surroundings, news: Arc<News>) -> Result<Self, ServeError> {
        Ok(Self {
            socket: path(config, around),
            ops: config.ops,
            prefetch: config.prefetch.clone(),
            allow: config.allow.clone(),
            passed: place::passed(around)?,
            news,
        })
    }
}

/// Where the socket is that a configuration and the environment name, for those who serve it and those who use it.
pub fn path(config: &ServeConfig, around: &Surroundings) -> Option<PathBuf> {
    config.socket.clone().or_else(|| place::usual(around))
}

/// Sockets that are bound and not served yet: what is taken or forbidden is told before anything else begins.
pub struct Listening {
    socket: UnixListener,
    file: Option<SocketFile>,
    ops: Option<TcpListener>,
    policy: Policy,
    prefetch: Vec<String>,
    news: Arc<News>,
}

impl Listening {
    /// Binds the sockets.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn bind(settings: Settings) -> Result<Self, ServeError> {
        let Settings { socket, ops, prefetch, allow, passed, news } = settings;
        let policy = Policy::new(rustix::process::geteuid().as_raw(), allow);
        let ops = ops.map(|address| {
            TcpListener::bind(address).map_err(|error| ServeError::Tcp { address, key: "agent.ops", error })
        });
        let ops = ops.transpose()?;
        let (socket, file) = match passed {
            Some(socket) => (socket, None),
            None => {
                let (socket, file) = bind(&socket.ok_or(ServeError::NoPlace)?, &policy, "agent.socket")?;
                (socket, Some(file))
            }
        };
        Ok(Self { socket, file, ops, policy, prefetch, news })
    }

    /// Where the socket is; `None` if it has no path.
    pub fn socket(&self) -> Option<PathBuf> {
        self.socket.local_addr().ok()?.as_pathname().map(Path::to_owned)
    }

    /// Where health and metrics are told.
    pub fn ops(&self) -> Option<SocketAddr> {
        self.ops.as_ref()?.local_addr().ok()
    }

    /// Serves `agent` until `shutdown` comes; then takes no more callers, those who wait have ten seconds, and a
    /// session that is being renewed is waited for. The socket's file is gone afterwards. Dropping the future ends everything at once.
    ///
    /// # Errors
    /// [`ServeError`]: the configuration names a provider that is not there, or the runtime does not take the sockets.
    pub async fn serve(
        self,
        agent: Arc<Agent>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let Self { socket, file, ops, policy, prefetch, news } = self;
        known("agent.prefetch", &agent, prefetch.iter())?;
        known("agent.allow.providers", &agent, policy.providers())?;
        socket.set_nonblocking(true).map_err(ServeError::Wait)?;
        let socket = tokio::net::UnixListener::from_std(socket).map_err(ServeError::Wait)?;
        let state = Arc::new(State::new(agent, news, policy, prefetch));
        // Both end when this is dropped.
        let mut beside = tokio::task::JoinSet::new();
        if let Some(ops) = ops {
            ops.set_nonblocking(true).map_err(ServeError::Wait)?;
            let ops = tokio::net::TcpListener::from_std(ops).map_err(ServeError::Wait)?;
            beside.spawn(ops::serve(ops, Arc::clone(&state)));
        }
        beside.spawn(upkeep::upkeep(Arc::clone(&state)));
        beside.spawn(renewal::renewal(Arc::clone(&state)));
        accept::accept(socket, Arc::clone(&state), shutdown).await;
        drop(file);
        // No renewal begins any more, and the one that is under way is waited for.
        let renewing = timeout(RENEWED, state.renewing.lock()).await;
        beside.shutdown().await;
        drop(renewing);
        // A session that was renewed and is not saved is a session that is lost.
        if !state.agent.tokens().settle(SETTLE).await {
            tracing::warn!("the agent ends while a token request is under way");
        }
        Ok(())
    }
}

impl fmt::Debug for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listening").field("socket", &self.socket()).field("ops", &self.ops()).finish()
    }
}

/// Binds and serves until `shutdown` comes.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    agent: Arc<Agent>,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    Listening::bind(settings)?.serve(agent, shutdown).await
}

pub(crate) fn known<'a>(
    key: &'static str,
    agent: &Agent,
    mut names: impl Iterator<Item = &'a String>,
) -> Result<(), ServeError> {
    match names.find(|name| agent.names().all(|own| own != name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let known = agent.names().collect::<Vec<_>>().join(", ");
            Err(ServeError::Unknown { key, name: name.clone(), known })
        }
    }
}
