//! A secret in a file.

use super::{SourceProblem, SourceWarning, limited};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use zeroize::Zeroizing;

/// Bits of a mode with which anyone may change a file.
const ANYONE_WRITES: u32 = 0o002;
/// Bits of a mode with which others may read it, or its group may change it.
const OTHERS: u32 = 0o066;

/// The file's bytes, and whether others may read them.
pub(super) fn contents(path: &Path) -> Result<(Zeroizing<Vec<u8>>, Option<SourceWarning>), SourceProblem> {
    // Before it is opened: opening a pipe waits for somebody who writes.
    if !fs::metadata(path).map_err(SourceProblem::Unreadable)?.is_file() {
        return Err(SourceProblem::NotAFile);
    }
    let mut file = File::open(path).map_err(SourceProblem::Unreadable)?;
    let mode = file.metadata().map_err(SourceProblem::Unreadable)?.permissions().mode() & 0o7777;
    if mode & ANYONE_WRITES != 0 {
        return Err(SourceProblem::Writable { mode });
    }
    let bytes = limited(&mut file).map_err(SourceProblem::Unreadable)?.ok_or(SourceProblem::TooLarge)?;
    Ok((bytes, open_to_others(path, mode)))
}

/// Whether others may read the file; nothing of one that is not there.
pub(super) fn warning(path: &Path) -> Option<SourceWarning> {
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    open_to_others(path, metadata.permissions().mode() & 0o7777)
}

fn open_to_others(path: &Path, mode: u32) -> Option<SourceWarning> {
    (mode & OTHERS != 0).then(|| SourceWarning::OpenToOthers { path: path.to_owned(), mode })
}
