//! The proxies of a configuration alone, for profilers that cannot follow the clocks of `chancela agent run`:
//! `valgrind --tool=callgrind target/release/examples/reverse_proxy agent.toml`

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

use chancela_agent::agent::{Agent, Parts};
use chancela_agent::clock::Clock;
use chancela_agent::config::AgentConfig;
use chancela_agent::engine::Moment;
use chancela_agent::entropy::SystemEntropy;
use chancela_agent::reverse_proxy;
use chancela_agent::socket::News;
use chancela_agent::source::Surroundings;
use chancela_core::dialect::Library;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

struct Wall;

impl Clock for Wall {
    fn now(&self) -> Moment {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let now = i64::try_from(since.as_millis()).unwrap();
        Moment { wall: now, boot: now }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let path = std::env::args().nth(1).unwrap();
    let config = AgentConfig::parse(Path::new(&path), &std::fs::read_to_string(&path).unwrap()).unwrap();
    let news = Arc::new(News::default());
    let parts = Parts {
        library: Library::builtin(),
        around: Arc::new(Surroundings::new(|_| None, std::io::empty())),
        clock: Arc::new(Wall),
        entropy: Arc::new(SystemEntropy),
        observer: Arc::<News>::clone(&news),
        state: PathBuf::new(),
        boot: None,
        memory: true,
        carrier: None,
    };
    let (proxies, allow) = (config.reverse_proxy.clone(), config.agent.allow.clone());
    let agent = Arc::new(Agent::open(config, parts).unwrap());
    let shutdown = async { tokio::signal::ctrl_c().await.unwrap() };
    reverse_proxy::serve(&proxies, &allow, (&agent, &news), shutdown).await.unwrap();
}
