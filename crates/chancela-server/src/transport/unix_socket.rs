//! Unix sockets with a place in the file system: made with a mode, over what a killed server left, and removed at the end.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// A socket's file; dropping it removes the file.
#[derive(Debug)]
pub struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Binds a socket at `path`, readable and writable as `mode` says. A socket that nobody listens on any more is replaced;
/// one that somebody listens on, and a file that is none, stay.
///
/// # Errors
/// `AddrInUse` if the path is taken, or what the system says.
pub fn bind(path: &Path, mode: u32) -> io::Result<(UnixListener, SocketFile)> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(taken("a file that is no socket is there; remove it, or choose another path"));
        }
        Ok(_) if UnixStream::connect(path).is_ok() => {
            return Err(taken("another process listens there; stop it, or choose another path"));
        }
        Ok(_) => fs::remove_file(path)?,
    }
    let listener = UnixListener::bind(path)?;
    let file = SocketFile(path.to_owned());
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    Ok((listener, file))
}

fn taken(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, text)
}
