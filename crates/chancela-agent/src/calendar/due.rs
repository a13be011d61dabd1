//! Who was told of what: each program once for each threshold of each end, whatever restarts in between.
//!
//! What was told is durable before the program runs: one that fails is a line in the log, and not a call each minute.

use super::{DAY, Entry, Kind, hook};
use crate::agent::Agent;
use crate::cache::durable;
use crate::source::SourceProblem;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

/// How long before an end is told of it, where the configuration does not say, in milliseconds.
const USUAL: [i64; 3] = [30 * DAY, 15 * DAY, 7 * DAY];
const FORMAT_VERSION: u32 = 1;

/// An end that a program was told of now.
#[derive(Debug)]
pub struct Due {
    /// What ends.
    pub entry: Entry,
    /// The threshold that was passed, in milliseconds before the end.
    pub before: i64,
    /// What became of the program; `None` if the provider names none.
    pub told: Option<Result<(), SourceProblem>>,
}

/// What was told cannot be kept, so nobody was.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {error}; check the folder, its permissions and its disk")]
pub struct DueError {
    path: PathBuf,
    error: io::Error,
}

/// What was told, by what ends: when that was to be, and the threshold.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Told {
    format_version: u32,
    ends: BTreeMap<String, (i64, i64)>,
}

impl Told {
    /// The threshold that is passed and was not told of, of one end.
    fn due(&self, entry: &Entry, thresholds: &[i64], now: i64) -> Option<i64> {
        let left = entry.ends_at.saturating_mul(1000).saturating_sub(now);
        let passed = thresholds.iter().copied().filter(|before| left <= *before).min()?;
        let told = self.ends.get(&name(entry)).filter(|(ends_at, _)| *ends_at == entry.ends_at);
        told.is_none_or(|(_, before)| passed < *before).then_some(passed)
    }
}

fn name(entry: &Entry) -> String {
    let provider = entry.provider.as_deref().unwrap_or_default();
    match entry.kind {
        // Of several above one certificate, each.
        Kind::Chain | Kind::Authority => format!("{provider} {} {}", entry.kind.as_str(), entry.subject),
        Kind::Certificate | Kind::Session => format!("{provider} {}", entry.kind.as_str()),
    }
}

/// Tells the programs of the configuration what of `entries` is due and they were not told of. Blocks while they run. An agent
/// without a folder tells nobody, because it could not keep that it did.
///
/// # Errors
/// [`DueError`].
pub fn tell(agent: &Agent, entries: &[Entry]) -> Result<Vec<Due>, DueError> {
    if agent.folder().as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    let now = agent.clock().now().wall;
    let path = agent.folder().join("calendar.json");
    let at = |error| DueError { path: path.clone(), error };
    let due_of = |told: &Told| -> Vec<(Entry, i64)> {
        let due = |entry: &Entry| {
            let config = agent.config().provider.get(entry.provider.as_deref()?)?;
            let own = config.warn_before.as_ref();
            let own: Option<Vec<i64>> = own.map(|all| all.iter().map(|span| span.millis()).collect());
            let before = told.due(entry, own.as_deref().unwrap_or(&USUAL), now)?;
            Some((entry.clone(), before))
        };
        entries.iter().filter_map(due).collect()
    };
    // Most of the time nothing is, and then nothing is written.
    if due_of(&read(&path).map_err(at)?).is_empty() {
        return Ok(Vec::new());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(agent.folder()).map_err(at)?;
    let lock = path.with_added_extension("lock");
    let lock = OpenOptions::new().create(true).append(true).mode(0o600).open(lock).map_err(at)?;
    lock.lock().map_err(at)?;
    // Another process may have told meanwhile.
    let mut told = read(&path).map_err(at)?;
    let due = due_of(&told);
    for (entry, before) in &due {
        told.ends.insert(name(entry), (entry.ends_at, *before));
    }
    told.format_version = FORMAT_VERSION;
    let bytes = serde_json::to_vec(&told).map_err(|error| at(io::Error::other(error)))?;
    durable::replace(&path, &path.with_added_extension("new"), &bytes).map_err(at)?;
    let _ = lock.unlock();
    Ok(due.into_iter().map(|(entry, before)| run(agent, entry, (now, before))).collect())
}

fn run(agent: &Agent, entry: Entry, (now, before): (i64, i64)) -> Due {
    let provider = entry.provider.as_ref().and_then(|name| agent.config().provider.get(name));
    let program = provider.and_then(|config| config.on_due.as_ref());
    let variable = |name: &str| agent.around().variable(name);
    let told = program.map(|program| hook::run(&program.0, variable, (&entry, now, before)));
    Due { entry, before, told }
}

/// A file that cannot be read as one is one of nothing: that somebody is told twice is better than never.
fn read(path: &PathBuf) -> io::Result<Told> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or_default()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Told::default()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(ends_at: i64) -> Entry {
        Entry { provider: Some("bank".into()), kind: Kind::Certificate, subject: "CN=a".into(), ends_at }
    }

    #[test]
    fn each_threshold_is_told_once_and_a_new_certificate_begins_anew() {
        let (mut told, day) = (Told::default(), DAY / 1000);
        let mut heard = Vec::new();
        for hour in 0..40 * 24 {
            let now = hour * 3_600_000;
            if let Some(before) = told.due(&entry(40 * day), &USUAL, now) {
                told.ends.insert(name(&entry(40 * day)), (40 * day, before));
                heard.push((hour / 24, before / DAY));
            }
        }
        assert_eq!(heard, [(10, 30), (25, 15), (33, 7)]);
        assert_eq!(told.due(&entry(400 * day), &USUAL, 40 * DAY), None);
        assert_eq!(told.due(&entry(400 * day), &USUAL, 371 * DAY), Some(30 * DAY));
    }

    #[test]
    fn whoever_comes_late_tells_of_the_last_threshold_alone() {
        let (told, day) = (Told::default(), DAY / 1000);
        assert_eq!(told.due(&entry(40 * day), &USUAL, 39 * DAY), Some(7 * DAY));
        assert_eq!(told.due(&entry(40 * day), &USUAL, 45 * DAY), Some(7 * DAY));
        assert_eq!(told.due(&entry(40 * day), &[], 45 * DAY), None);
    }
}
