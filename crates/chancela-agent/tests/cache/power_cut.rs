//! Power cuts: whatever no finished fsync covers is lost.

use crate::child::{command, told};
use crate::world::{open, record, token_key};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::{TempDir, tempdir};

/// One before each step of each of six writes: the first finds an empty folder, the others a record.
const CUTS: u64 = 24;
/// How the shim ends a process whose power it cuts.
const CUT: i32 = 99;

/// Builds the shim; `None` (and a printed reason) where there is no C compiler.
fn shim(directory: &TempDir) -> Option<PathBuf> {
    let library = directory.path().join("power_cut.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cache/power_cut.c");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut build = Command::new(&compiler);
    build.args(["-shared", "-fPIC", "-O1", "-Wall", "-o"]).arg(&library).arg(source).arg("-ldl");
    match build.status() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            println!("skipped: no C compiler `{compiler}` to build the power-cut shim with");
            None
        }
        built => {
            assert!(built.unwrap().success(), "the shim builds");
            Some(library)
        }
    }
}

/// Cuts the power before each step in turn; in how many cases something that was told to be durable was not there.
fn lost(settings: &[(&str, &str)]) -> Option<u64> {
    let (tools, directory) = (tempdir().unwrap(), tempdir().unwrap());
    let shim = shim(&tools)?;
    let mut lost = 0;
    for after in 1..=CUTS {
        let before = open(directory.path()).load(&token_key());
        let Ok(before) = before.map(|record| record.map_or(0, |record| record.generation)) else {
            std::fs::remove_dir_all(directory.path().join("cache")).unwrap();
            continue;
        };
        let mut child = command(&[], "count for ever", directory.path());
        child.env("LD_PRELOAD", &shim).env("CUT_AFTER", after.to_string()).envs(settings.iter().copied());
        let mut child = child.spawn().unwrap();
        let last = told(&mut child).last().unwrap_or(before);
        assert_eq!(child.wait().unwrap().code(), Some(CUT), "the power was cut");
        match open(directory.path()).load(&token_key()) {
            Ok(Some(found)) if found.generation >= last => {
                assert!(found == record(found.generation) && found.generation <= last + 1, "{found:?}");
            }
            Ok(None) if last == 0 => {}
            _ => lost += 1,
        }
    }
    Some(lost)
}

#[test]
fn nothing_durable_is_lost_by_power_cuts() {
    assert!(matches!(lost(&[]), None | Some(0)));
}

/// The control: if this lost nothing, the test above would prove nothing.
#[test]
fn without_fsync_the_same_cuts_lose_what_was_told() {
    let lost = lost(&[("CUT_NO_FSYNC", "1")]);
    println!("without fsync: {lost:?} of {CUTS} lost something");
    assert!(lost.is_none_or(|lost| lost > 5));
}
