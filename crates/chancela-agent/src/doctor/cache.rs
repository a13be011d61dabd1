//! The cache: its key, its folder, its disk, and whether what is in it can be read.

use super::{Examination, Finding, Findings};
use crate::cache::{Cache, CacheKeys};
use crate::config::CacheConfig;
use crate::source::Source;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Less room than this is worth a warning: records are a few KiB, and other programs fill disks, too.
const LITTLE: u64 = 16 * 1024 * 1024;
/// As much as many records have.
static TRIAL: [u8; 64 * 1024] = [0; 64 * 1024];

impl Examination<'_> {
    /// The cache. Writes a file beside the records and removes it again.
    pub fn cache(&self) -> Vec<Finding> {
        let mut found = Findings::of("cache");
        let Some(config) = &self.agent.config().cache else {
            let text = "there is none: each program asks for tokens of its own, and nobody can log in; add [cache] with a key";
            found.warning("configured", text);
            return found.all;
        };
        if config.key.0 == Source::StandardInput {
            found.skipped("key", "it is standard input's, and read when it is needed");
            return found.all;
        }
        let Some(keys) = self.key(config, &mut found) else { return found.all };
        let folder = config.folder.as_deref().unwrap_or(self.state);
        let shown = folder.display();
        if !folder.exists() {
            found.ok("folder", format!("{shown} is not there yet; the first token makes it"));
            return found.all;
        }
        match Cache::open(folder, keys, self.boot.clone()) {
            Err(error) => found.failed("folder", error.to_string()),
            Ok(cache) => {
                found.ok("folder", format!("{shown} is this user's alone"));
                disk(folder, &mut found);
                records(&cache, &mut found);
            }
        }
        found.all
    }

    fn key(&self, config: &CacheConfig, found: &mut Findings) -> Option<CacheKeys> {
        let old: Vec<_> = config.old_keys.iter().map(|place| place.0.clone()).collect();
        match CacheKeys::read(Some(&config.key.0), &old, self.around) {
            Err(error) => {
                found.failed("key", error.to_string());
                None
            }
            Ok((keys, warnings)) => {
                if warnings.is_empty() {
                    found.ok("key", format!("{} gives one", config.key.0));
                }
                warnings.iter().for_each(|warning| found.warning("key", warning.to_string()));
                Some(keys)
            }
        }
    }
}

fn disk(folder: &Path, found: &mut Findings) {
    let shown = folder.display();
    let path = folder.join(format!(".doctor-{}", std::process::id()));
    let written = trial(&path);
    let _ = std::fs::remove_file(&path);
    match written {
        Err(error) => {
            let text = format!(
                "{shown} cannot be written: {error}; see that its disk has room and locks, and is not read-only"
            );
            found.failed("disk", text);
        }
        Ok(()) => match rustix::fs::statvfs(folder) {
            Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < LITTLE => {
                found.warning("disk", format!("{shown} has less than 16 MiB left; make room"));
            }
            _ => found.ok("disk", "it can be written and locked, and has room"),
        },
    }
}

/// Writes, as a record is written, and locks.
fn trial(path: &Path) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.try_lock()?;
    file.write_all(&TRIAL)?;
    file.sync_all()
}

fn records(cache: &Cache, found: &mut Findings) {
    let listing = match cache.list() {
        Ok(listing) => listing,
        Err(error) => return found.failed("records", error.to_string()),
    };
    let unreadable = listing.records.iter().filter_map(|key| cache.load(key).err());
    let unreadable: Vec<String> = unreadable.map(|error| error.to_string()).collect();
    for text in &unreadable {
        found.warning("records", text.clone());
    }
    if let Some(first) = listing.set_aside.first() {
        let (count, first) = (listing.set_aside.len(), first.display());
        let text = format!(
            "{count} damaged files were set aside, {first} for example; remove them once you know why"
        );
        found.warning("records", text);
    }
    if unreadable.is_empty() {
        found.ok("records", format!("{} can be read", listing.records.len()));
    }
}
