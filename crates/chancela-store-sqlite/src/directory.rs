//! The store's directory: made private, held by one process, on a local disk.
//!
//! Owns the lock file and the checks before SQLite is asked anything. The lock is the operating system's (`flock`),
//! so it is gone when its process is gone, however that ended; the file itself stays and means nothing.

use crate::error::OpenError;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const LOCK: &str = "chancela.lock";
const DATABASE: &str = "chancela.db";

/// Filesystems without locks or shared memory that SQLite can rely on.
const NETWORK: &[&str] = &[
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "gfs2",
    "glusterfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "ocfs2",
    "smb3",
    "smbfs",
    "vboxsf",
    "virtiofs",
];
/// The same behind FUSE.
const NETWORK_FUSE: &[&str] =
    &["ceph", "davfs", "gcsfuse", "glusterfs", "juicefs", "rclone", "s3fs", "sshfs"];

/// A directory that this process alone holds.
#[derive(Debug)]
pub(crate) struct Directory {
    /// The database.
    pub(crate) database: PathBuf,
    /// Whether the last process ended without closing the store: its write-ahead log is still there.
    pub(crate) unclean: bool,
    _lock: File,
}

impl Directory {
    /// Makes the directory (mode 0700) and its files (0600) where they are missing, and takes the lock.
    pub(crate) fn hold(path: &Path) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io { path: path.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io)?;
        let path = path.canonicalize().map_err(io)?;
        if let Some(kind) = network_filesystem(&path) {
            return Err(OpenError::NetworkFilesystem { path, kind });
        }
        let lock = open(&path.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::LockedByAnotherProcess(path)),
            Err(TryLockError::Error(source)) => return Err(OpenError::Io { path: path.join(LOCK), source }),
        }
        let database = path.join(DATABASE);
        drop(open(&database)?); // SQLite gives its other files the mode of this one
        File::open(&path)
            .and_then(|directory| directory.sync_all())
            .map_err(|source| OpenError::Io { path: path.clone(), source })?;
        let wal = path.join(format!("{DATABASE}-wal"));
        let unclean = wal.metadata().is_ok_and(|wal| wal.len() > 0);
        Ok(Self { database, unclean, _lock: lock })
    }
}

fn open(path: &Path) -> Result<File, OpenError> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    file.map_err(|source| OpenError::Io { path: path.to_owned(), source })
}

/// The type of the network filesystem on which `path` (canonical) lies. Where the system does not say, none.
fn network_filesystem(path: &Path) -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let kind = filesystem(&mounts, path)?;
    let fuse = kind.strip_prefix("fuse.").is_some_and(|kind| NETWORK_FUSE.contains(&kind));
    (fuse || NETWORK.contains(&kind)).then(|| kind.to_owned())
}

/// The filesystem type of the innermost, latest mount above `path`, from proc(5) `mountinfo`.
fn filesystem<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let mut best: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let (mount, kind) = line.split_once(" - ")?;
        let point = unescape(mount.split(' ').nth(4)?);
        let depth = Path::new(&point).components().count();
        if path.starts_with(&point) && best.is_none_or(|(deepest, _)| deepest <= depth) {
            best = Some((depth, kind.split(' ').next()?));
        }
    }
    best.map(|(_, kind)| kind)
}

/// proc(5) writes space, tab, newline and backslash as octal.
fn unescape(text: &str) -> String {
    text.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
        30 22 0:40 / /srv/a\\040b rw - nfs4 host:/x rw\n\
        31 22 0:41 / /srv/fuse rw - fuse.sshfs host:/x rw\n\
        32 30 0:42 / /srv/a\\040b/local rw - xfs /dev/vdb rw\n";

    #[test]
    fn the_innermost_mount_decides() {
        let of = |path: &str| filesystem(MOUNTS, Path::new(path));
        assert_eq!(of("/var/lib/chancela"), Some("ext4"));
        assert_eq!(of("/srv/a b/store"), Some("nfs4"));
        assert_eq!(of("/srv/a b/local/store"), Some("xfs"));
        assert_eq!(of("/srv/a bc"), Some("ext4"));
        assert_eq!(of("/srv/fuse/x"), Some("fuse.sshfs"));
    }
}
