//! Writes files that only this user reads: all of them or none, and none over another, nor through a link.

use super::KEY;
use crate::command::agent::shown;
use crate::failure::{AgentFailure, Failure};
use crate::language::{Said, said};
use chancela_agent::cache::create_key;
use chancela_agent::entropy::SystemEntropy;
use std::fs::{self, DirBuilder, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A file's name, and what it has.
pub(super) type File = (String, Zeroizing<String>);

/// Refuses a path where something is.
pub(super) fn is_free(path: &Path) -> Result<(), Failure> {
    match there(path)? {
        None => Ok(()),
        Some(_) => Err(occupied(path, &said!("is there already", "já existe"))),
    }
}

/// Makes the files, and the cache's key unless this user has it already.
pub(super) fn write(folder: &Path, files: &[File]) -> Result<(), Failure> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(Failure::io(shown(folder)))?;
    let key = folder.join(KEY);
    let has_key = has_key(&key)?;
    for (name, _) in files {
        is_free(&folder.join(name))?;
    }
    let mut made = Vec::new();
    let result = make(folder, files, (!has_key).then_some(&key), &mut made);
    if result.is_err() {
        for path in made {
            // It is the first failure that is told.
            let _ = fs::remove_file(path);
        }
    }
    result
}

fn make(
    folder: &Path,
    files: &[File],
    key: Option<&PathBuf>,
    made: &mut Vec<PathBuf>,
) -> Result<(), Failure> {
    if let Some(key) = key {
        create_key(key, &SystemEntropy).map_err(AgentFailure::because)?;
        made.push(key.clone());
    }
    for (name, contents) in files {
        let path = folder.join(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let mut file = file.map_err(Failure::io(shown(&path)))?;
        made.push(path.clone());
        file.write_all(contents.as_bytes()).map_err(Failure::io(shown(&path)))?;
    }
    Ok(())
}

/// Whether the cache's key is there. One that somebody else placed would open what it seals.
fn has_key(path: &Path) -> Result<bool, Failure> {
    match there(path)? {
        None => Ok(false),
        Some(found) if found.is_file() && found.uid() == rustix::process::geteuid().as_raw() => Ok(true),
        Some(_) => Err(occupied(
            path,
            &said!("is not a regular file of this user", "não é um arquivo comum deste usuário"),
        )),
    }
}

/// What is at a path, and not where it leads.
fn there(path: &Path) -> Result<Option<Metadata>, Failure> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::io(shown(path))(error)),
    }
}

fn occupied(path: &Path, what: &Said) -> Failure {
    let (path, Said { english, portuguese }) = (path.display(), what);
    let said = said!(
        "{path} {english}; remove it, or name another folder with --folder",
        "{path} {portuguese}; remova-o, ou indique outra pasta com --folder",
    );
    AgentFailure::said(said).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_half_way_leaves_what_was_there_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("own"), "mine").unwrap();
        // The second file's folder is not there, which shows only when it is written.
        let file = |name: &str| (name.to_owned(), Zeroizing::new("text".to_owned()));
        assert!(write(folder.path(), &[file("first"), file("absent/second"), file("third")]).is_err());
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["own"]);
        fs::write(folder.path().join(KEY), "kept").unwrap();
        assert!(write(folder.path(), &[file("absent/second")]).is_err());
        assert_eq!(fs::read_to_string(folder.path().join(KEY)).unwrap(), "kept");
        write(folder.path(), &[file("first")]).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("first")).unwrap(), "text");
    }
}
