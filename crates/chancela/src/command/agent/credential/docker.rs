//! docker's protocol for credential helpers (github.com/docker/docker-credential-helpers): the operation is an argument,
//! standard input has the server's address, and answers and errors both go to standard output.

use super::{Hosts, answer, input, token};
use crate::cli::AgentFile;
use crate::failure::Failure;
use crate::output;
use chancela_agent::provider::Request;
use serde_json::{Map, Value, json};

/// By this text docker knows that another place is to be asked.
const NOT_FOUND: &str = "credentials not found in native keychain";

pub(super) fn docker(hosts: &Hosts, file: &AgentFile, operation: &str) -> Result<(), Failure> {
    let done = match operation {
        "get" => get(hosts, file),
        "list" => answer(file, async |agent| {
            let all = hosts.all(agent.config());
            let all: Map<String, Value> =
                all.map(|(host, found)| (format!("https://{host}"), found.username.into())).collect();
            Ok(Some(Value::Object(all).to_string()))
        }),
        // A logout at a registry ends no session at a provider: `chancela agent logout` does.
        "erase" => Ok(()),
        "version" => {
            output::line(concat!("chancela ", env!("CARGO_PKG_VERSION")));
            Ok(())
        }
        "store" => Err(Failure::Other(
            "tokens come from providers, and nothing else is kept; see the agent's [host] tables".to_owned(),
        )),
        _ => Err(Failure::Usage("docker wants get, list, store, erase or version".to_owned())),
    };
    done.map_err(|failure| {
        output::line(&failure.to_string());
        Failure::Ended(1)
    })
}

fn get(hosts: &Hosts, file: &AgentFile) -> Result<(), Failure> {
    let server = input()?;
    let server = server.expose().trim();
    let (scheme, rest) = server.split_once("://").unwrap_or(("https", server));
    let host = rest.split('/').next().unwrap_or_default();
    answer(file, async |agent| {
        let found = hosts.find(agent.config(), scheme, host);
        let found = found.ok_or_else(|| Failure::Other(NOT_FOUND.to_owned()))?;
        let authorized = token(agent, &found.provider, Request::default()).await?;
        let secret = authorized.served.token.access_token.expose();
        Ok(Some(json!({ "ServerURL": server, "Username": found.username, "Secret": secret }).to_string()))
    })
}
