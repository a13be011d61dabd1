//! The configurations of the book: each provider opens, and a token's requests can be written.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chancela_agent::agent::{Agent, Parts};
use chancela_agent::clock::SystemClock;
use chancela_agent::config::{AgentConfig, GrantConfig};
use chancela_agent::entropy::SystemEntropy;
use chancela_agent::provider::Request;
use chancela_agent::source::Surroundings;
use chancela_core::dialect::Library;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// The blocks of TOML that configure a provider, joined to one file.
fn configuration(page: &str) -> String {
    let blocks = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| block.contains("[provider.")).collect::<Vec<_>>().join("\n")
}

/// Puts a folder of files in the place of those that the page names, each with what its name promises.
fn placed(text: &str, folder: &Path) -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    for name in text.split("file:/etc/chancela/").skip(1).filter_map(|rest| rest.split('"').next()) {
        let contents = match name.ends_with(".pem") {
            true => certificate.pem() + &key.serialize_pem(),
            false => "a secret".to_owned(),
        };
        std::fs::write(folder.join(name), contents).unwrap();
    }
    text.replace("/etc/chancela", folder.to_str().unwrap())
}

fn agent(text: &str) -> Agent {
    let parts = Parts {
        library: Library::builtin(),
        around: Arc::new(Surroundings::new(
            |name| (name == "BB_APPLICATION_KEY").then(|| "a key".into()),
            std::io::empty(),
        )),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        observer: Arc::new(()),
        state: std::env::temp_dir(),
        boot: None,
        memory: true,
        carrier: None,
    };
    Agent::open(AgentConfig::parse(Path::new("the book"), text).unwrap(), parts).unwrap()
}

#[tokio::test]
async fn the_configuration_of_every_dialect_makes_a_request() {
    let folder = tempfile::tempdir().unwrap();
    let text = placed(&configuration(include_str!("../../../docs/book/src/agent-library.md")), folder.path());
    let config = AgentConfig::parse(Path::new("the book"), &text).unwrap();
    let agent = agent(&text);
    for (name, own) in &config.provider {
        let provider = agent.provider(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(provider.needs_login(), own.grant == Some(GrantConfig::AuthorizationCode), "{name}");
        if !provider.needs_login() {
            let steps = provider.explain(Request::default()).await;
            let steps = steps.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(steps.iter().all(|step| step.url.starts_with("https://")), "{name}: {steps:?}");
        }
    }
    let shown: BTreeSet<&str> = config.provider.keys().map(String::as_str).collect();
    assert_eq!(shown, Library::builtin().names().collect());
}
