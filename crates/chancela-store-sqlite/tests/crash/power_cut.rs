//! Power cuts: whatever no finished fsync covers is lost, or a random half of it.

use crate::child::{Acknowledged, alone, command, lost, run};
use chancela_store::conformance::samples::Random;
use chancela_store_sqlite::{Options, SqliteStore};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const CYCLES: u64 = 4;
/// How the shim ends a process whose power it cuts.
const CUT: i32 = 99;

/// Builds the shim; `None` (and a printed reason) where there is no C compiler.
pub(crate) fn shim(directory: &TempDir) -> Option<PathBuf> {
    let library = directory.path().join("power_cut.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/power_cut.c");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut build = Command::new(&compiler);
    build.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).args(["-ldl", "-lpthread"]);
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

fn cut_under_load(shim: &Path, store: &Path, cycle: u64, settings: &[(&str, u64)]) -> Acknowledged {
    let mut child = command("load", store, cycle);
    child.env("LD_PRELOAD", shim);
    for (name, value) in settings {
        child.env(name, value.to_string());
    }
    let heard = run(&mut child, None);
    assert_eq!(heard.status.code(), Some(CUT), "the power was cut");
    heard
}

/// In one directory, so that each cycle begins with the recovery from the last.
fn nothing_is_lost(seeded: bool) {
    let _alone = alone();
    let (tools, directory) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let Some(shim) = shim(&tools) else { return };
    drop(SqliteStore::open(directory.path(), Options::default()).unwrap());
    let (mut random, mut total) = (Random(7), 0);
    for cycle in 0..CYCLES {
        let seed = if seeded { 1 + random.below(1_000_000) } else { 0 };
        let after = 2000 + random.below(8000);
        let heard =
            cut_under_load(&shim, directory.path(), cycle, &[("CUT_AFTER", after), ("CUT_SEED", seed)]);
        assert!(heard.tokens.len() > 100 && heard.rotations.is_some(), "{heard:?}");
        total += heard.tokens.len();
        let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
        assert_eq!(lost(&store, cycle, &heard), 0, "cycle {cycle}, seed {seed}, cut after {after} writes");
    }
    println!("{CYCLES} cuts: {total} acknowledged, none lost");
}

#[test]
fn nothing_acknowledged_is_lost_when_all_unsynced_writes_are() {
    nothing_is_lost(false);
}

#[test]
fn nothing_acknowledged_is_lost_when_half_of_the_unsynced_blocks_are() {
    nothing_is_lost(true);
}

/// The control: an fsync that does nothing, as with `synchronous=OFF`. If this lost nothing, the tests above would
/// prove nothing.
#[test]
fn without_fsync_the_same_cut_loses_what_was_acknowledged() {
    let _alone = alone();
    let (tools, directory) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let Some(shim) = shim(&tools) else { return };
    drop(SqliteStore::open(directory.path(), Options::default()).unwrap());
    let settings = [("CUT_AFTER", 4000), ("CUT_NO_FSYNC", 1)];
    let heard = cut_under_load(&shim, directory.path(), 0, &settings);
    let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
    let lost = lost(&store, 0, &heard);
    println!("without fsync: {} acknowledged, {lost} lost", heard.tokens.len());
    assert!(lost > 100, "{lost} of {}", heard.tokens.len());
}
