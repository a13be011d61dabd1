//! The child, and what its parent hears of it.

use crate::world::{open, record, token_key};
use chancela_agent::cache::{Cache, Persist};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const ROLE: &str = "CHANCELA_TEST_ROLE";
const DIRECTORY: &str = "CHANCELA_TEST_DIRECTORY";

/// Long enough for a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How often a child that counts does so.
pub(crate) const COUNTS: u64 = 60;

/// A command that runs this program as a child in `role`, started by `before` where that is needed.
pub(crate) fn command(before: &[&str], role: &str, directory: &Path) -> Command {
    let own = std::env::current_exe().unwrap();
    let mut command = match before {
        [] => Command::new(own),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(own);
            command
        }
    };
    command
        .args(["--exact", "child::a_child_does_what_it_is_told", "--nocapture"])
        .env(ROLE, role)
        .env(DIRECTORY, directory)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// The numbers that a child tells.
pub(crate) fn told(child: &mut Child) -> impl Iterator<Item = u64> + use<> {
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    lines.filter_map(|line| match line.strip_prefix("ACK ") {
        Some(number) => number.parse().ok(),
        None => {
            println!("child: {line}");
            None
        }
    })
}

/// One write call per line, so that no end leaves half of one.
pub(crate) fn tell(number: u64) {
    std::io::stderr().write_all(format!("ACK {number}\n").as_bytes()).unwrap();
}

#[test]
fn a_child_does_what_it_is_told() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let directory = std::env::var(DIRECTORY).unwrap();
    let cache = open(Path::new(&directory));
    match role.as_str() {
        "count" => (0..COUNTS).for_each(|_| tell(count(&cache))),
        "count for ever" => loop {
            tell(count(&cache));
        },
        "hold" => hold(&cache),
        "full disk" => crate::disk::meet_a_full_disk(&cache, Path::new(&directory)),
        "small files" => crate::disk::meet_a_limit(&cache, Path::new(&directory)),
        other => panic!("no role {other}"),
    }
}

/// What the engine does in its order, without a provider: the journal is the next generation, the answer the one after.
fn count(cache: &Cache) -> u64 {
    let locked = cache.lock(&token_key(), PATIENCE).unwrap();
    let old = locked.load().unwrap().map_or(0, |record| record.generation);
    locked.store(&record(old + 1), Persist::Both).unwrap();
    old + 1
}

/// Takes the lock, and keeps it until the end.
fn hold(cache: &Cache) {
    let _locked = cache.lock(&token_key(), PATIENCE).unwrap();
    tell(0);
    std::thread::sleep(PATIENCE);
}
