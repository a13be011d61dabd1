//! `chancela agent helper`: tokens for programs that ask by a protocol of their own.
//!
//! Owns to which host a token may go. A host that nobody has named gets nothing, and over http only this machine does: who
//! asks may have been led there by a link.

mod aws;
mod docker;
mod git;
mod kubernetes;

use super::token::unbound;
use super::with_agent;
use crate::cli::{AgentFile, Helper, Hosts};
use crate::failure::{AgentFailure, Failure};
use crate::output;
use chancela_agent::agent::Agent;
use chancela_agent::config::{AgentConfig, HostConfig, HostName};
use chancela_agent::engine::{Fingerprint, Life, Moment};
use chancela_agent::provider::{Authorized, Request};
use chancela_agent::source::{Source, Surroundings};
use chancela_core::secret::Secret;
use std::time::Duration;

/// How long a token is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// A token that is younger and refused is refused for another reason than its age. Milliseconds.
const YOUNG: i64 = 60_000;

/// `chancela agent helper`
pub(super) fn credential(asker: &Helper) -> Result<(), Failure> {
    match asker {
        Helper::Git { hosts, file, bearer, operation } => git::git(hosts, file, *bearer, operation),
        Helper::Docker { hosts, file, operation } => docker::docker(hosts, file, operation),
        Helper::Kubernetes { provider, file, wanted, host } => {
            kubernetes::kubernetes(provider, file, wanted, host.as_ref())
        }
        Helper::Aws(arguments) => aws::aws(arguments),
    }
}

impl Hosts {
    /// Every host with whose token it gets, those of the command line first.
    fn all<'a>(&'a self, config: &'a AgentConfig) -> impl Iterator<Item = (&'a HostName, HostConfig)> {
        let own = self
            .provider
            .as_ref()
            .map(|provider| HostConfig { provider: provider.clone(), username: self.username.clone() });
        let own = self.hosts.iter().filter_map(move |host| Some((host, own.clone()?)));
        own.chain(config.host.iter().map(|(host, config)| (host, config.clone())))
    }

    /// Whose token a host gets by this scheme, if any.
    fn find(&self, config: &AgentConfig, scheme: &str, host: &str) -> Option<HostConfig> {
        let usual = match scheme {
            "https" => 443,
            "http" => 80,
            _ => return None,
        };
        let host = HostName::parse(host).ok()?;
        if scheme == "http" && !host.is_own_machine() {
            return None;
        }
        let host = host.without_port(usual);
        let mut all = self.all(config);
        all.find(|(known, _)| known.without_port(usual) == host).map(|(_, config)| config)
    }
}

/// All of standard input, within a secret's limits.
fn input() -> Result<Secret, Failure> {
    let around = Surroundings::new(|_| None, std::io::stdin());
    let text = Source::StandardInput.read(&around).and_then(|reading| reading.text());
    text.map_err(|error| Failure::Usage(error.to_string()))
}

/// A provider's token.
async fn token(agent: &Agent, provider: &str, request: Request<'_>) -> Result<Authorized, Failure> {
    let provider = agent.provider(provider).map_err(AgentFailure::from)?;
    for warning in agent.provider_warnings(provider.name()) {
        output::complain(&format!("warning: {warning}"));
    }
    unbound(provider.name(), provider.token(request, PATIENCE).await.map_err(AgentFailure::from)?)
}

/// Somebody has refused this token: it is renewed, if it is the one that is kept and no new one.
async fn reject(agent: &Agent, provider: &str, refused: &str) -> Result<(), Failure> {
    let request = Request::default();
    let provider = agent.provider(provider).map_err(AgentFailure::from)?;
    let key = provider.key(request).await.map_err(AgentFailure::from)?;
    let kept = agent.record(key).map_err(AgentFailure::configuration)?.token;
    let refused = Fingerprint::of(refused);
    let Some(kept) = kept.filter(|kept| kept.fingerprint == refused) else { return Ok(()) };
    if is_young(&kept.life, agent.clock().now()) {
        return Ok(());
    }
    // The engine doubts what it knows, and knows what it has served.
    provider.token(request, PATIENCE).await.map_err(AgentFailure::from)?;
    provider.doubt(request, refused).await.map_err(AgentFailure::from)?;
    provider.token(request, PATIENCE).await.map_err(AgentFailure::from)?;
    Ok(())
}

fn is_young(life: &Life, now: Moment) -> bool {
    life.length.saturating_sub(life.left(now)) < YOUNG
}

/// Opens the agent and answers with what a program is to read, if anything.
fn answer(
    file: &AgentFile,
    act: impl AsyncFnOnce(&Agent) -> Result<Option<String>, Failure>,
) -> Result<(), Failure> {
    let text = with_agent(file, false, act)?;
    if let Some(text) = text {
        output::line(text.trim_end_matches('\n'));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_token_is_young_for_a_minute() {
        let at = |seconds: i64| Moment { wall: seconds * 1000, boot: seconds * 1000 };
        let life = Life::new(at(100), 300_000);
        assert!(is_young(&life, at(100)) && is_young(&life, at(159)));
        assert!(!is_young(&life, at(160)) && !is_young(&life, at(1000)));
    }

    #[test]
    fn a_token_goes_to_named_hosts_alone_and_by_tls_unless_it_stays_here() {
        let text = "[host.\"git.example\"]\nprovider = \"a\"\n[host.\"127.0.0.1:8080\"]\nprovider = \"b\"\nusername = \"u\"";
        let config = AgentConfig::parse(Path::new("agent.toml"), text).unwrap();
        let line = HostName::parse("git.example:8443").unwrap();
        let hosts = Hosts { provider: Some("c".into()), hosts: vec![line], username: "me".into() };
        let find = |scheme: &str, host: &str| {
            let found = hosts.find(&config, scheme, host)?;
            Some(format!("{} {}", found.username, found.provider))
        };
        assert_eq!(find("https", "GIT.example:443").as_deref(), Some("oauth2 a"));
        assert_eq!(find("https", "git.example:8443").as_deref(), Some("me c"));
        assert_eq!(find("http", "127.0.0.1:8080").as_deref(), Some("u b"));
        for (scheme, host) in [
            ("http", "git.example"),
            ("ssh", "git.example"),
            ("", "git.example"),
            ("https", "git.example:444"),
            ("https", "x.git.example"),
            ("https", "example"),
            ("https", "git.example.evil.example"),
            ("https", "git.example@evil.example"),
            ("https", ""),
        ] {
            assert_eq!(find(scheme, host), None, "{scheme}://{host}");
        }
    }
}
