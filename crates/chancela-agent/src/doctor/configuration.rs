//! The configuration's file: whoever may change it, or put another one in its place, says where secrets come from and where
//! they go.

use super::{Examination, Finding, Findings};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

const ROOT: u32 = 0;
const ANYONE_WRITES: u32 = 0o002;
const GROUP_WRITES: u32 = 0o020;
/// In a folder with this bit, a file is its owner's to replace.
const STICKY: u32 = 0o1000;

impl Examination<'_> {
    /// The file and its rights. That it could be read is known.
    pub fn configuration(&self) -> Vec<Finding> {
        let mut found = Findings::of("configuration");
        let path = self.file.display();
        let providers = self.agent.names().count();
        found.ok("file", format!("{path} was read; it has {providers} providers"));
        match fs::metadata(self.file) {
            Err(error) => {
                found.failed("rights", format!("{path}: {error}; check that this user may read it"))
            }
            Ok(metadata) => {
                let (mode, owner) = (metadata.mode() & 0o7777, metadata.uid());
                let own = rustix::process::geteuid().as_raw();
                if mode & ANYONE_WRITES != 0 {
                    let text = format!(
                        "anyone on this machine may change {path} (mode {mode:o}) and send our secrets elsewhere; run: chmod go-w {path}"
                    );
                    found.failed("rights", text);
                } else if owner != own && owner != ROOT {
                    let text = format!(
                        "{path} belongs to user {owner}, who may send our secrets elsewhere; run: chown {own} {path}"
                    );
                    found.warning("rights", text);
                } else if mode & GROUP_WRITES != 0 {
                    let text =
                        format!("{path}: its group may change it (mode {mode:o}); run: chmod go-w {path}");
                    found.warning("rights", text);
                } else if let Some(folder) = open_folder(self.file) {
                    let text = format!(
                        "anyone on this machine may put another file in the place of {path}; run: chmod go-w {folder}"
                    );
                    found.failed("rights", text);
                } else {
                    found.ok("rights", format!("nobody else may change it (mode {mode:o})"));
                }
            }
        }
        found.all
    }
}

/// The file's folder, if anyone may rename what is in it.
fn open_folder(file: &Path) -> Option<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mode = fs::metadata(folder).ok()?.mode();
    (mode & ANYONE_WRITES != 0 && mode & STICKY == 0).then(|| folder.display().to_string())
}
