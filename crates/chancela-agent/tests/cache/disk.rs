//! A disk that is full for a while, and a limit on the size of files.

use crate::child::command;
use crate::world::{files, record, sized, token_key};
use chancela_agent::cache::{Cache, CacheError, Persist};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use tempfile::tempdir;

/// A record that does not fit where the small one does.
const MUCH: usize = 100_000;

fn succeeds(command: &mut Command) -> bool {
    let output = command.output().unwrap();
    print!("{}", String::from_utf8_lossy(&output.stderr));
    output.status.success()
}

#[test]
fn a_full_disk_leaves_the_record_before() {
    let directory = tempdir().unwrap();
    let mount =
        "mount -t tmpfs -o size=128k,mode=0700 none \"$CHANCELA_TEST_DIRECTORY\" && exec \"$0\" \"$@\"";
    let own = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount];
    // Where nobody may make a file system of their own, the limit on files is what there is to test with.
    if succeeds(Command::new("unshare").args(&own[1..4]).args(["mount", "-t", "tmpfs", "none", "/mnt"])) {
        assert!(succeeds(&mut command(&own, "full disk", directory.path())));
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "nothing of it was on this disk");
}

#[test]
fn a_file_that_cannot_be_written_whole_leaves_the_record_before() {
    let directory = tempdir().unwrap();
    // 32 blocks of 512 bytes; a signal would end the process otherwise.
    let limit = ["sh", "-c", "trap '' XFSZ; ulimit -f 32; exec \"$0\" \"$@\""];
    assert!(succeeds(&mut command(&limit, "small files", directory.path())));
}

/// The child on the small disk.
pub(crate) fn meet_a_full_disk(cache: &Cache, directory: &Path) {
    let locked = cache.try_lock(&token_key()).unwrap().unwrap();
    locked.store(&record(1), Persist::Both).unwrap();
    let filler = directory.join("filler");
    let full = fs::write(&filler, vec![0; 1_000_000]).unwrap_err();
    assert_eq!(full.kind(), ErrorKind::StorageFull);
    for more in [0, MUCH] {
        refuse(cache, directory, &sized(2, more), ErrorKind::StorageFull, &locked);
    }
    fs::remove_file(&filler).unwrap();
    locked.store(&record(2), Persist::Both).unwrap();
    assert_eq!(cache.load(&token_key()).unwrap(), Some(record(2)));
}

/// The child that may write small files alone.
pub(crate) fn meet_a_limit(cache: &Cache, directory: &Path) {
    let locked = cache.try_lock(&token_key()).unwrap().unwrap();
    locked.store(&record(1), Persist::Both).unwrap();
    refuse(cache, directory, &sized(2, MUCH), ErrorKind::FileTooLarge, &locked);
    locked.store(&record(2), Persist::Both).unwrap();
}

fn refuse(
    cache: &Cache,
    directory: &Path,
    new: &chancela_agent::engine::Record,
    kind: ErrorKind,
    locked: &chancela_agent::cache::Locked,
) {
    match locked.store(new, Persist::Both) {
        Err(CacheError::Write { error, .. }) => assert_eq!(error.kind(), kind),
        other => panic!("{other:?}"),
    }
    assert_eq!(cache.load(&token_key()).unwrap(), Some(record(1)));
    assert!(files(directory, "new").is_empty());
}
