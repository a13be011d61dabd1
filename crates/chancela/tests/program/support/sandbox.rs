//! A running sandbox and what it says of itself.

use super::process::{Process, command};
use chancela_testkit::golden::Fixtures;
use serde_json::Value;
use std::path::Path;

/// A running sandbox.
pub(crate) struct Sandbox {
    pub(crate) process: Process,
    /// What `--json` printed.
    pub(crate) description: Value,
}

impl Sandbox {
    /// Starts one in a temporary folder of its own.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// Starts one that keeps its data.
    pub(crate) fn in_folder(data: &Path) -> Self {
        Self::with(&["--data", data.to_str().unwrap()])
    }

    /// Starts one with these options.
    pub(crate) fn with(arguments: &[&str]) -> Self {
        let mut process =
            Process::start(command().args(["sandbox", "--listen", "127.0.0.1:0", "--json"]).args(arguments));
        let description =
            process.await_output("the description", |stdout, _| serde_json::from_str(stdout).ok());
        Self { process, description }
    }

    /// Its realms by name.
    pub(crate) fn realms(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.description["realms"].as_object().unwrap().iter().map(|(name, realm)| (name.as_str(), realm))
    }

    /// One realm.
    pub(crate) fn realm(&self, name: &str) -> &Value {
        &self.description["realms"][name]
    }

    /// Credentials of one realm for goldens.
    pub(crate) fn fixtures(&self, realm: &str) -> Fixtures {
        Fixtures::from_sandbox(self.realm(realm))
    }
}

/// The client of a realm that has this label.
pub(crate) fn client<'a>(realm: &'a Value, label: &str) -> &'a Value {
    let clients = realm["clients"].as_array().unwrap();
    clients.iter().find(|client| client["label"] == label).unwrap_or_else(|| panic!("no client {label:?}"))
}
