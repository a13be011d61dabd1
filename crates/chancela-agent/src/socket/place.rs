//! The socket's place in the file system: its folder and mode, what a killed agent left there, and sockets that systemd
//! has made already.

use super::error::ServeError;
use super::policy::Policy;
use crate::source::Surroundings;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// The first of the descriptors that systemd passes (sd_listen_fds(3)).
#[cfg(target_os = "linux")]
const FIRST_PASSED: i32 = 3;

/// A socket's file. It is removed when this is dropped, unless it is another one's by then.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    inode: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if inode(&self.path).is_ok_and(|inode| inode == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The socket where the configuration names none.
pub(super) fn usual(around: &Surroundings) -> Option<PathBuf> {
    let folder = around.variable("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty())?;
    Some(Path::new(&folder).join("chancela/agent.sock"))
}

/// Binds a socket at `path`, in a folder that is made if it is not there. A socket that nobody listens on any more is
/// replaced; one that somebody listens on, and a file that is none, stay. `key` is what errors call the place in the configuration.
pub(crate) fn bind(
    path: &Path,
    policy: &Policy,
    key: &'static str,
) -> Result<(UnixListener, SocketFile), ServeError> {
    let failed = |error| ServeError::Bind { path: path.to_owned(), error, key };
    // Others have to come through the folder to a socket that is theirs too.
    let (folder_mode, mode) = if policy.names_others() { (0o750, 0o660) } else { (0o700, 0o600) };
    let group = policy.group();
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        DirBuilder::new().recursive(true).mode(folder_mode).create(folder).map_err(failed)?;
        give(folder, group).map_err(failed)?;
    }
    clear(path, key)?;
    let listener = UnixListener::bind(path).map_err(failed)?;
    let file = SocketFile { path: path.to_owned(), inode: inode(path).map_err(failed)? };
    give(path, group).map_err(failed)?;
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(failed)?;
    Ok((listener, file))
}

/// Gives a file to a group, if there is one to give it to: a sandboxed service may not even try.
fn give(path: &Path, group: Option<u32>) -> io::Result<()> {
    match group {
        Some(_) => chown(path, None, group),
        None => Ok(()),
    }
}

fn clear(path: &Path, key: &'static str) -> Result<(), ServeError> {
    let failed = |error| ServeError::Bind { path: path.to_owned(), error, key };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error)),
        Ok(metadata) if !metadata.file_type().is_socket() => Err(ServeError::NoSocket(path.to_owned(), key)),
        Ok(_) => match UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                fs::remove_file(path).map_err(failed)
            }
            // Whoever does not let us in, or has no place in its queue, is alive.
            _ => Err(ServeError::Taken(path.to_owned(), key)),
        },
    }
}

fn inode(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

/// The socket that systemd has made for this process, if it has. Its file is systemd's.
///
/// The descriptor is duplicated, which needs no unsafe code; the passed one stays open beside it. Linux 5.6 or newer.
pub(super) fn passed(around: &Surroundings) -> Result<Option<UnixListener>, ServeError> {
    let number = |name| around.variable(name)?.to_str()?.parse::<u32>().ok();
    if number("LISTEN_PID") != Some(std::process::id()) {
        return Ok(None);
    }
    match number("LISTEN_FDS") {
        None | Some(0) => Ok(None),
        Some(1) => duplicate().map(Some).map_err(ServeError::Passed),
        Some(many) => Err(ServeError::ManyPassed(many)),
    }
}

#[cfg(target_os = "linux")]
fn duplicate() -> io::Result<UnixListener> {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
    let own = pidfd_open(getpid(), PidfdFlags::empty())?;
    let listener = UnixListener::from(pidfd_getfd(own, FIRST_PASSED, PidfdGetfdFlags::empty())?);
    // That it is a socket of this family shows here, and not at the first caller.
    listener.local_addr()?;
    Ok(listener)
}

#[cfg(not(target_os = "linux"))]
fn duplicate() -> io::Result<UnixListener> {
    Err(io::ErrorKind::Unsupported.into())
}
