//! A server of `chancela serve` with a configuration of its own, and the commands on it.

use super::process::{Finished, Process, command, run_with_input};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder with a configuration and the data of its server.
pub(crate) struct Site {
    folder: TempDir,
}

/// Two realms: one of the standard, one of a bank with UUID tokens, passwords and renewals.
const REALMS: &str = r#"
[realm.main]
issuer = "http://127.0.0.1:1/main"
dialect = "standard"

[realm.bank]
issuer = "http://127.0.0.1:1/bank"
dialect = "bs2"
environment = "homologation"
security_profile = "legacy"
"#;

impl Site {
    /// With two realms, `main` and `bank`.
    pub(crate) fn new() -> Self {
        Self::with("", REALMS)
    }

    /// With these settings beside the listeners (tables, `log` for example) and these realms.
    pub(crate) fn with(settings: &str, realms: &str) -> Self {
        let site = Self { folder: tempfile::Builder::new().prefix("chancela-test-").tempdir().unwrap() };
        let listen = "[listen]\naddress = \"127.0.0.1:0\"\nmanagement = \"127.0.0.1:0\"\nthreads = 2\n";
        let data = site.data();
        site.write("chancela.toml", &format!("data = {data:?}\n\n{listen}\n{settings}\n{realms}"));
        site
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("chancela.toml")
    }

    /// Writes a file beside the configuration.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Starts the server.
    pub(crate) fn serve(&self) -> Server {
        Server::start(&self.config())
    }

    /// Runs `chancela … --config FILE --json`.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.run_with_input(arguments, "")
    }

    /// Runs `chancela … --config FILE --json` with this on standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Finished {
        let config = self.config();
        let mut all = arguments.to_vec();
        all.extend(["--config", config.to_str().unwrap(), "--json"]);
        run_with_input(&all, input)
    }

    /// Runs a command that must succeed.
    pub(crate) fn done(&self, arguments: &[&str]) -> Value {
        self.run(arguments).json()
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) process: Process,
    address: String,
    management: String,
}

impl Server {
    fn start(config: &Path) -> Self {
        let mut process = Process::start(command().arg("serve").arg("--config").arg(config));
        let (address, management) = process.await_output("the server's ports", |_, stderr| {
            let line = stderr.lines().find(|line| line.contains("management") && line.contains("address"))?;
            Some((port_after(line, "address")?, port_after(line, "management")?))
        });
        Self { process, address, management }
    }

    /// A URL where clients come.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Host and port where clients come.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// A URL where operators come.
    pub(crate) fn management(&self, path: &str) -> String {
        format!("http://{}{path}", self.management)
    }
}

/// The address that follows `name` in a log line of either format.
fn port_after(line: &str, name: &str) -> Option<String> {
    let rest = &line[line.find(name)?..];
    let rest = &rest[rest.find("127.0.0.1:")?..];
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':').unwrap_or(rest.len());
    Some(rest[..end].to_owned())
}
