//! `chancela agent mock`: a sandbox in place of the configured providers.
//!
//! It is the production server with clients of its own: what changes for a program is the configuration's path alone,
//! because its providers have the same names there. No secret of the real configuration is read.

use super::{config_file, init, read, shell, shown};
use crate::cli::{self, Mock};
use crate::failure::{AgentFailure, Failure};
use crate::sandbox;
use chancela_agent::config::{AgentConfig, GrantConfig, ProviderConfig};
use serde_json::Value;
use tempfile::{Builder, TempDir};
use toml::Table;

/// What of a real provider's table holds for its stand-in, too.
const KEPT: [&str; 4] = ["scope", "resource", "renew", "budget"];

/// `chancela agent mock`
pub(super) fn mock(arguments: &Mock) -> Result<(), Failure> {
    let stands = Stand::all(arguments)?;
    let temporary;
    let folder = match &arguments.folder {
        Some(folder) => std::path::absolute(folder).map_err(Failure::io(shown(folder)))?,
        None => {
            temporary = temporary_folder()?;
            temporary.path().join("agent")
        }
    };
    let announce = |description: &[u8]| {
        let description: Value = serde_json::from_slice(description).map_err(AgentFailure::configuration)?;
        let path = init::write_stand_ins(&folder, &description, |known| stand_ins(&stands, known))?;
        let origin = origin(&description).unwrap_or_default();
        let first = stands.first().map_or("PROVIDER", |stand| stand.name.as_str());
        Ok(format!(
            "# a sandbox stands in at {origin}; its faults and its clock are yours: {origin}/_sandbox/faults\n\
             # in another shell:\nexport CHANCELA_AGENT_CONFIG={}\nchancela token {first}",
            shell::quoted(&shown(&path))
        ))
    };
    sandbox::run_announced(&sandbox(arguments, &stands), Some(&announce))
}

/// A provider for which another one stands in.
struct Stand {
    name: String,
    dialect: String,
    environment: Option<String>,
    has_certificate: bool,
    is_login: bool,
    /// What holds for its stand-in, too.
    kept: Table,
}

impl Stand {
    fn all(arguments: &Mock) -> Result<Vec<Self>, Failure> {
        let AgentConfig { provider: all, .. } = read(&arguments.file)?;
        let path = config_file(&arguments.file)?;
        let text = std::fs::read_to_string(&path).map_err(Failure::io(shown(&path)))?;
        let written: Table = text.parse().map_err(AgentFailure::configuration)?;
        if let Some(unknown) = arguments.providers.iter().find(|name| !all.contains_key(*name)) {
            let known = all.keys().cloned().collect::<Vec<_>>().join(", ");
            let text = format!("there is no provider {unknown:?} in the configuration; it has: {known}");
            return Err(AgentFailure::configuration(text).into());
        }
        let chosen = |name: &String| arguments.providers.is_empty() || arguments.providers.contains(name);
        let all = all.iter().filter(|(name, _)| chosen(name));
        Ok(all.map(|(name, config)| Self::of(name, config, &written)).collect())
    }

    fn of(name: &str, config: &ProviderConfig, written: &Table) -> Self {
        let own = written.get("provider").and_then(|all| all.get(name)).and_then(toml::Value::as_table);
        let kept = KEPT.iter().filter_map(|key| Some(((*key).to_owned(), own?.get(*key)?.clone())));
        Self {
            name: name.to_owned(),
            dialect: config.dialect.clone().unwrap_or_else(|| name.to_owned()),
            environment: config.environment.clone(),
            has_certificate: config.certificate.is_some(),
            is_login: config.grant == Some(GrantConfig::AuthorizationCode) || config.login.is_some(),
            kept: kept.collect(),
        }
    }

    /// How well one of the sandbox's providers stands in; not at all if it speaks another dialect.
    fn likeness(&self, other: &Table) -> Option<u8> {
        let text = |key: &str| other.get(key).and_then(toml::Value::as_str);
        let same_environment = self.environment.as_deref().is_none_or(|own| text("environment") == Some(own));
        let same_login = self.is_login == (text("grant") == Some("authorization_code"));
        let same_certificate = self.has_certificate == other.contains_key("certificate");
        let score = 4 * u8::from(same_login) + 2 * u8::from(same_certificate) + u8::from(same_environment);
        (text("dialect") == Some(&self.dialect)).then_some(score)
    }
}

/// The sandbox's providers that are most like the configured ones, under the names of those.
fn stand_ins(stands: &[Stand], known: &Table) -> Result<Table, Failure> {
    let mut out = Table::new();
    for stand in stands {
        let candidates = known.values().filter_map(|table| table.as_table());
        let scored = candidates.filter_map(|table| Some((stand.likeness(table)?, table)));
        // Of equals the first, which is the dialect's usual client.
        let best = scored.reduce(|best, next| if next.0 > best.0 { next } else { best });
        let (_, best) = best.ok_or_else(|| {
            let text = format!("{}: the sandbox has no client of dialect {}", stand.name, stand.dialect);
            Failure::from(AgentFailure::configuration(format!("{text}; name other providers")))
        })?;
        let mut table = best.clone();
        table.extend(stand.kept.clone());
        out.insert(stand.name.clone(), table.into());
    }
    Ok(out)
}

fn sandbox(arguments: &Mock, stands: &[Stand]) -> cli::Sandbox {
    let mut dialects: Vec<String> = stands.iter().map(|stand| stand.dialect.clone()).collect();
    dialects.sort_unstable();
    dialects.dedup();
    cli::Sandbox {
        listen: arguments.listen,
        tls_listen: None,
        dialects,
        all: false,
        data: None,
        json: false,
        rate_limits: arguments.rate_limits,
        host: None,
        danger_clock_control: true,
        script: arguments.script.clone(),
        danger_fault_control: true,
        log: arguments.log.clone(),
    }
}

fn temporary_folder() -> Result<TempDir, Failure> {
    Builder::new().prefix("chancela-mock-").tempdir().map_err(Failure::io("making a temporary folder"))
}

/// Scheme, host and port of a sandbox.
fn origin(description: &Value) -> Option<String> {
    let realm = description["realms"].as_object()?.values().next()?;
    let url: http::Uri = realm["base_url"].as_str()?.parse().ok()?;
    Some(format!("{}://{}", url.scheme_str()?, url.authority()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stand(text: &str) -> Stand {
        let config = AgentConfig::parse(std::path::Path::new("agent.toml"), text).unwrap();
        let (name, provider) = config.provider.iter().next().unwrap();
        Stand::of(name, provider, &text.parse().unwrap())
    }

    #[test]
    fn the_most_alike_stands_in_and_keeps_what_its_user_has_chosen() {
        let known: Table = "
            [a]\ndialect = \"d\"\nenvironment = \"test\"\nscope = \"all\"
            [a-login]\ndialect = \"d\"\nenvironment = \"test\"\ngrant = \"authorization_code\"
            [a-mtls]\ndialect = \"d\"\nenvironment = \"test\"\ncertificate = \"file:/c\"
            [b]\ndialect = \"e\""
            .parse()
            .unwrap();
        let chosen = |text: &str| {
            let all = stand_ins(&[stand(text)], &known).map_err(|error| error.to_string())?;
            Ok::<_, String>(all["mine"].as_table().unwrap().clone())
        };
        let base = "[provider.mine]\ndialect = \"d\"\nclient_id = \"x\"\n";
        let plain = chosen(&format!("{base}scope = \"few\"\nrenew = {{ ahead = \"20%\" }}")).unwrap();
        assert_eq!((plain["scope"].as_str(), plain["renew"]["ahead"].as_str()), (Some("few"), Some("20%")));
        assert!(!plain.contains_key("certificate") && !plain.contains_key("client_id"));
        let login =
            chosen(&format!("{base}grant = \"authorization_code\"\nenvironment = \"production\"")).unwrap();
        assert_eq!(login["grant"].as_str(), Some("authorization_code"));
        assert!(
            chosen(&format!("{base}certificate = \"file:/real\"")).unwrap()["certificate"].as_str()
                == Some("file:/c")
        );
        let none = chosen("[provider.mine]\nclient_id = \"x\"\n").unwrap_err();
        assert!(none.contains("no client of dialect mine"), "{none}");
    }
}
