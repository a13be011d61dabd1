//! The agent's process: whether one listens, and whether this user may ask it.

use super::{Examination, Finding, Findings};
use crate::config::ServeConfig;
use crate::socket::{self, Client, ClientError};
use rustix::process::geteuid;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

impl Examination<'_> {
    /// The agent's socket. That none runs is no fault: programs can do without.
    pub async fn process(&self) -> Vec<Finding> {
        let mut found = Findings::of("agent");
        let config = &self.agent.config().agent;
        let Some(path) = socket::path(config, self.around) else {
            found.skipped(
                "socket",
                "no place for one is known; name one with agent.socket if programs shall use one",
            );
            return found.all;
        };
        let shown = path.display();
        let metadata = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                found.skipped("socket", format!("no agent runs at {shown}; `chancela agent run` starts one"));
                return found.all;
            }
            Err(error) => {
                found.warning("socket", format!("{shown}: {error}; check the rights of its folder"));
                return found.all;
            }
            Ok(metadata) => metadata,
        };
        if ![geteuid().as_raw(), 0].contains(&metadata.uid()) {
            let text = format!("{shown} belongs to user {}; check that this is the agent's", metadata.uid());
            found.warning("socket", text);
        }
        match status(&path).await {
            Ok(providers) => {
                found.ok("socket", format!("the agent at {shown} answers and shows {providers} providers"))
            }
            Err(ClientError::Refused(problem)) => {
                found.warning("socket", format!("the agent at {shown} says: {}", problem.detail));
            }
            Err(error) => found.warning("socket", error.to_string()),
        }
        policy(config, &mut found);
        found.all
    }
}

async fn status(path: &std::path::Path) -> Result<usize, ClientError> {
    Ok(Client::connect(path).await?.status().await?.providers.len())
}

fn policy(config: &ServeConfig, found: &mut Findings) {
    let text = match config.allow.len() {
        0 => "its own user may do everything, and nobody else anything".to_owned(),
        rules => format!("{rules} rules say who may do what"),
    };
    found.ok("policy", text);
}
