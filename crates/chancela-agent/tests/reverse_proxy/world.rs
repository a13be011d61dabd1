//! A proxy that serves, with a token endpoint and an API behind it.

use crate::api::Api;
use crate::endpoint::Endpoint;
use chancela_agent::agent::{Agent, Parts};
use chancela_agent::clock::SystemClock;
use chancela_agent::config::AgentConfig;
use chancela_agent::entropy::SystemEntropy;
use chancela_agent::reverse_proxy::{Listening, Running};
use chancela_agent::socket::{News, ServeError, Settings};
use chancela_agent::source::Surroundings;
use chancela_core::dialect::Library;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) endpoint: Endpoint,
    pub(crate) api: Api,
    pub(crate) folder: TempDir,
    pub(crate) address: Option<SocketAddr>,
    pub(crate) running: Running,
    pub(crate) agent: Arc<Agent>,
    pub(crate) news: Arc<News>,
}

pub(crate) fn around() -> Surroundings {
    Surroundings::new(|name| (name == "SECRET").then(|| "planted-client-secret".into()), std::io::empty())
}

pub(crate) fn parse(text: &str) -> AgentConfig {
    AgentConfig::parse(Path::new("agent.toml"), text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

pub(crate) fn open(config: AgentConfig, news: &Arc<News>) -> Arc<Agent> {
    let parts = Parts {
        library: Library::builtin(),
        around: Arc::new(around()),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        observer: Arc::<News>::clone(news),
        state: PathBuf::new(),
        boot: None,
        memory: true,
        carrier: None,
    };
    Arc::new(Agent::open(config, parts).unwrap())
}

/// A provider `one`, whose token endpoint is on this machine.
pub(crate) fn provider(port: u16) -> String {
    format!(
        "[provider.one]\ndialect = \"standard\"\naddress = \"http://127.0.0.1:{port}\"\nclient_id = \"client\"\n\
         client_secret = \"env:SECRET\"\nscope = \"read\"\n"
    )
}

impl World {
    /// By TCP, in front of an API below `/base`; `more` are lines of `[[reverse_proxy]]`.
    pub(crate) async fn start(more: &str) -> Self {
        let (endpoint, api) = (Endpoint::start().await, Api::start().await);
        let upstream = format!("http://127.0.0.1:{}/base", api.port);
        Self::over(endpoint, api, "", &format!("listen = \"127.0.0.1:0\"\nupstream = \"{upstream}\"\n{more}"))
    }

    pub(crate) fn over(endpoint: Endpoint, api: Api, agent: &str, proxy: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let proxy = proxy.replace("FOLDER", folder.path().to_str().unwrap());
        let text =
            format!("{agent}\n[[reverse_proxy]]\nprovider = \"one\"\n{proxy}\n{}", provider(endpoint.port));
        Self::made(endpoint, api, folder, &text).unwrap()
    }

    pub(crate) fn made(
        endpoint: Endpoint,
        api: Api,
        folder: TempDir,
        text: &str,
    ) -> Result<Self, ServeError> {
        let config = parse(text);
        let news = Arc::new(News::default());
        let listening = Listening::bind(&config.reverse_proxy, &config.agent.allow)?;
        let address = listening.addresses()[0];
        let agent = open(config, &news);
        let running = listening.start(&agent, &news)?;
        Ok(Self { endpoint, api, folder, address, running, agent, news })
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address.unwrap()).await.unwrap()
    }

    /// A whole exchange on a connection of its own. Lines of the head end with `\n` here.
    pub(crate) async fn send(&self, head: &str, body: &str) -> String {
        let head = head.trim_end().replace('\n', "\r\n");
        let request = format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n{body}");
        exchange(self.connect().await, request.as_bytes()).await
    }

    pub(crate) async fn get(&self, path: &str) -> String {
        self.send(&format!("GET {path} HTTP/1.1"), "").await
    }

    /// What the agent counts.
    pub(crate) async fn metrics(&self) -> String {
        let serve = parse(&format!(
            "[agent]\nsocket = \"{}/agent.sock\"\nops = \"127.0.0.1:0\"",
            self.folder.path().display()
        ));
        let settings = Settings::new(&serve.agent, &around(), Arc::clone(&self.news)).unwrap();
        let listening = chancela_agent::socket::Listening::bind(settings).unwrap();
        let ops = listening.ops().unwrap();
        let serving = tokio::spawn(listening.serve(Arc::clone(&self.agent), std::future::pending()));
        let request = b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let out = exchange(TcpStream::connect(ops).await.unwrap(), request).await;
        serving.abort();
        out
    }
}

pub(crate) async fn exchange(
    mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin,
    request: &[u8],
) -> String {
    // The other end may answer and close before it has read everything.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer in time");
    String::from_utf8(answer).unwrap()
}

/// Reads until `end` has come.
pub(crate) async fn read_until(stream: &mut (impl AsyncReadExt + Unpin), end: &str) -> String {
    let mut out = Vec::new();
    let reading = async {
        while !out.ends_with(end.as_bytes()) {
            out.push(stream.read_u8().await.unwrap_or_else(|error| panic!("{error} before {end:?}")));
        }
    };
    timeout(PATIENCE, reading).await.expect("an answer in time");
    String::from_utf8(out).unwrap()
}

pub(crate) fn status(answer: &str) -> u16 {
    answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer:?}"))
}

/// Asks until it is so.
pub(crate) async fn until(what: &str, mut is: impl FnMut() -> bool) {
    for _ in 0..500 {
        if is() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never came to pass: {what}");
}
