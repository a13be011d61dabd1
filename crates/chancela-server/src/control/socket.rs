//! The Unix socket through which the command line reaches a running server: one JSON request, one JSON answer, for each
//! connection. The socket file has mode 0600 in a folder of the server's user: who can open it may do everything.

use super::{ControlError, Request, execute};
use crate::server::Server;
use crate::transport::unix_socket::{self, SocketFile};
use chancela_store::Store;
use serde_json::Value;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// Largest request in bytes (an import of many clients).
const MAX_REQUEST_BYTES: u64 = 64 * 1024 * 1024;

/// How long a command may take (an import of many clients).
const ANSWER_TIME: Duration = Duration::from_secs(600);

/// Binds the socket; one left by a killed server is replaced. Its file goes when the second part is dropped.
///
/// # Errors
/// If the socket cannot be made.
pub fn bind(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let (listener, file) = unix_socket::bind(path, 0o600)?;
    listener.set_nonblocking(true)?;
    Ok((UnixListener::from_std(listener)?, file))
}

/// Answers commands until the task is dropped.
pub async fn serve<S: Store>(server: Arc<Server<S>>, listener: UnixListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(answer(Arc::clone(&server), stream));
            }
            Err(error) => {
                tracing::warn!(%error, "the control socket failed to accept");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn answer<S: Store>(server: Arc<Server<S>>, mut stream: UnixStream) {
    let mut text = Vec::new();
    if (&mut stream).take(MAX_REQUEST_BYTES).read_to_end(&mut text).await.is_err() {
        return;
    }
    let result = match serde_json::from_slice::<Request>(&text) {
        Ok(request) => execute(&server, request).await,
        Err(error) => {
            Err(ControlError::Invalid(format!("the command is not one of this server's version: {error}")))
        }
    };
    let answer = serde_json::to_vec(&result).unwrap_or_default();
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
}

/// Hands a command to the server behind `path` and waits for its answer.
///
/// # Errors
/// The connection's error, or the command's.
pub fn call(path: &Path, request: &Request) -> io::Result<Result<Value, ControlError>> {
    let mut stream = std::os::unix::net::UnixStream::connect(path)?;
    stream.set_read_timeout(Some(ANSWER_TIME))?;
    stream.write_all(&serde_json::to_vec(request)?)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(serde_json::from_slice(&answer)?)
}
