//! Why the agent cannot serve, with what to do.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the agent cannot serve. The text ends with what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// There is no place for the socket.
    #[error("XDG_RUNTIME_DIR is not set; name the socket with `agent.socket`")]
    NoPlace,
    /// The socket cannot be made.
    #[error("{path}: {error}; check the folder's rights, or name another socket with `{key}`")]
    Bind {
        /// The socket.
        path: PathBuf,
        /// Where the configuration names it.
        key: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// Another file is there.
    #[error("{0}: a file that is no socket is there; remove it, or name another socket with `{1}`")]
    NoSocket(PathBuf, &'static str),
    /// Somebody listens there.
    #[error("{0}: an agent listens there already; stop it, or name another socket with `{1}`")]
    Taken(PathBuf, &'static str),
    /// systemd's socket cannot be taken.
    #[error(
        "the socket that systemd made cannot be used: {0}; its unit needs one `ListenStream=` with a path"
    )]
    Passed(io::Error),
    /// systemd made more sockets than there is use for.
    #[error("systemd made {0} sockets and the agent has use for one; leave one `ListenStream=` in its unit")]
    ManyPassed(u32),
    /// A listener by TCP.
    #[error("{address}: {error}; name another address with `{key}`")]
    Tcp {
        /// The address.
        address: SocketAddr,
        /// Where the configuration names it.
        key: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// A provider that is not there.
    #[error(
        "{key} names the provider {name:?}, and the configuration has none of that name; it has: {known}"
    )]
    Unknown {
        /// Where it is named.
        key: &'static str,
        /// The name.
        name: String,
        /// All names.
        known: String,
    },
    /// The runtime does not take the sockets.
    #[error("the sockets cannot be waited on: {0}; are there file descriptors left (ulimit -n)?")]
    Wait(io::Error),
}
