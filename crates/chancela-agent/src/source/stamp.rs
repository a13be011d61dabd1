//! What tells one state of a source from another, for whoever looks now and then whether a secret was changed.

use chancela_core::secret::sha256;
use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A state of a source. Two that differ: read it again. It says nothing else, and `Debug` shows nothing: of a short secret
/// a digest is as good as the secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Stamp(State);

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Missing,
    Fixed,
    /// A file that was replaced has another inode or device, one that was written to another time or length.
    File {
        place: (u64, u64),
        length: u64,
        modified: (i64, i64),
        changed: (i64, i64),
    },
    Bytes([u8; 32]),
}

impl Stamp {
    /// Of the file at `path`, or where its links lead: Kubernetes swaps a link.
    pub(super) fn of_file(path: &Path) -> Self {
        fs::metadata(path).map_or_else(
            |_| Self::missing(),
            |metadata| {
                Self(State::File {
                    place: (metadata.dev(), metadata.ino()),
                    length: metadata.len(),
                    modified: (metadata.mtime(), metadata.mtime_nsec()),
                    changed: (metadata.ctime(), metadata.ctime_nsec()),
                })
            },
        )
    }

    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        Self(State::Bytes(sha256(bytes)))
    }

    pub(super) const fn missing() -> Self {
        Self(State::Missing)
    }

    pub(super) const fn fixed() -> Self {
        Self(State::Fixed)
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stamp(..)")
    }
}
