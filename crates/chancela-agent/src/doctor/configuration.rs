//! The configuration's file: whoever may change it says where secrets come from and where they go.

use super::{Examination, Finding, Findings};
use std::fs;
use std::os::unix::fs::MetadataExt;

const ROOT: u32 = 0;
const ANYONE_WRITES: u32 = 0o002;
const GROUP_WRITES: u32 = 0o020;

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
                } else {
                    found.ok("rights", format!("nobody else may change it (mode {mode:o})"));
                }
            }
        }
        found.all
    }
}
