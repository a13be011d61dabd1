//! An agent that serves, with a token endpoint behind it.

use crate::endpoint::Endpoint;
use chancela_agent::agent::{Agent, Parts};
use chancela_agent::clock::{Clock, SystemClock};
use chancela_agent::config::AgentConfig;
use chancela_agent::engine::Moment;
use chancela_agent::entropy::SystemEntropy;
use chancela_agent::socket::{Client, Listening, News, ServeError, Settings};
use chancela_agent::source::Surroundings;
use chancela_core::dialect::Library;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const SECRET: &str = "planted-client-secret";
pub(crate) const REFRESH: &str = "planted-refresh-token";

/// The machine's clock, and what a test added to it.
#[derive(Default)]
pub(crate) struct Ahead(pub(crate) AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Moment {
        let now = SystemClock.now();
        let more = self.0.load(Ordering::Relaxed);
        Moment { wall: now.wall + more, boot: now.boot + more }
    }
}

pub(crate) struct World {
    pub(crate) endpoint: Endpoint,
    pub(crate) news: Arc<News>,
    pub(crate) clock: Arc<Ahead>,
    pub(crate) folder: TempDir,
    pub(crate) socket: PathBuf,
    pub(crate) ops: Option<SocketAddr>,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) task: JoinHandle<Result<(), ServeError>>,
}

/// A configuration with the providers `one` and `two`, which differ by their scope, and `person`, where one logs in.
pub(crate) fn config(port: u16, folder: &Path, agent: &str) -> AgentConfig {
    let common = format!(
        "dialect = \"standard\"\naddress = \"http://127.0.0.1:{port}\"\nclient_id = \"client\"\n\
         client_secret = \"env:ONE_SECRET\"\n"
    );
    let text = format!(
        "[agent]\nsocket = \"{}/run/agent.sock\"\n{agent}\n[provider.one]\n{common}scope = \"read\"\n\
         [provider.two]\n{common}scope = \"write\"\n\
         [provider.person]\n{common}grant = \"authorization_code\"\n\
         [provider.scarce]\n{common}budget = {{ calls = 1, per = \"1h\" }}\n\
         [provider.unreadable]\ndialect = \"standard\"\naddress = \"http://127.0.0.1:{port}\"\n\
         client_id = \"client\"\nclient_secret = \"env:NOT_SET\"\n",
        folder.display()
    );
    let config = AgentConfig::parse(Path::new("agent.toml"), &text);
    config.unwrap_or_else(|error| panic!("{error}\n{text}"))
}

pub(crate) fn around() -> Surroundings {
    Surroundings::new(|name| (name == "ONE_SECRET").then(|| SECRET.into()), std::io::empty())
}

pub(crate) fn agent(config: AgentConfig, news: &Arc<News>, clock: &Arc<Ahead>) -> Arc<Agent> {
    let parts = Parts {
        library: Library::builtin(),
        around: Arc::new(around()),
        clock: Arc::<Ahead>::clone(clock),
        entropy: Arc::new(SystemEntropy),
        observer: Arc::<News>::clone(news),
        state: PathBuf::new(),
        boot: None,
        memory: true,
        carrier: None,
    };
    Arc::new(Agent::open(config, parts).unwrap())
}

impl World {
    /// Serves; `agent` are lines of the table `[agent]`.
    pub(crate) async fn start(agent: &str) -> Self {
        Self::over(Endpoint::start().await, agent)
    }

    /// The same in front of an endpoint that was told what to answer.
    pub(crate) fn over(endpoint: Endpoint, lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = config(endpoint.port, folder.path(), lines);
        let (news, clock) = (Arc::new(News::default()), Arc::new(Ahead::default()));
        let settings = Settings::new(&config.agent, &around(), Arc::clone(&news)).unwrap();
        let listening = Listening::bind(settings).unwrap();
        let (socket, ops) = (listening.socket().unwrap(), listening.ops());
        let (stop, stopped) = oneshot::channel::<()>();
        let agent = agent(config, &news, &clock);
        let task = tokio::spawn(listening.serve(agent, async move {
            let _ = stopped.await;
        }));
        Self { endpoint, news, clock, folder, socket, ops, stop: Some(stop), task }
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.socket).await.unwrap()
    }

    /// A whole HTTP exchange on the socket.
    pub(crate) async fn exchange(&self, request: &str) -> String {
        exchange(UnixStream::connect(&self.socket).await.unwrap(), request.as_bytes()).await
    }

    pub(crate) async fn post(&self, body: &str) -> String {
        self.exchange(&post(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> String {
        self.exchange(&get(path)).await
    }

    /// A whole HTTP exchange on the ops listener.
    pub(crate) async fn ops(&self, path: &str) -> String {
        exchange(TcpStream::connect(self.ops.unwrap()).await.unwrap(), get(path).as_bytes()).await
    }

    pub(crate) async fn stop(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }
}

pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
}

pub(crate) fn post(body: &str) -> String {
    let length = body.len();
    format!(
        "POST /v1/token HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

async fn exchange(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin, request: &[u8]) -> String {
    // The other end may answer and close before it has read everything.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

/// Asks until it is so.
pub(crate) async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    for _ in 0..500 {
        if is().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never came to pass: {what}");
}
