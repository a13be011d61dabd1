//! APIs of providers for programs that know nothing of tokens: a request comes without one, and goes on with the agent's
//! token and client certificate.
//!
//! Owns the listeners, which requests pass, their headers on the way, connections to the API and what is sent twice. Does not
//! own tokens ([`provider`](crate::provider)) nor how the API is reached ([`transport`](crate::transport)).
//!
//! Invariants: a caller decides nothing of what stands in a header that carries our credentials; they go to the configured
//! host alone, below its path; without a token nothing is sent; what is not said to be repeatable is sent once.
//!
//! Each proxy has threads of its own with a runtime each (as in ADR 0008), so that its traffic does not delay the agent's
//! socket. A caller's connection and those to the API stay on their thread, and one task moves both ends of an exchange on.

mod admission;
mod body;
mod call;
mod caller;
mod connection;
mod fields;
mod listener;
mod metrics;
mod path;
mod pool;
mod refusal;

pub(crate) use metrics::CallMetrics;
pub use path::is_plain_path;

use crate::agent::Agent;
use crate::config::{AllowConfig, Listen, ReverseProxyConfig};
use crate::socket::{News, Policy, ServeError, SocketFile, known};
use call::Proxy;
use listener::{Door, Socket};
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::watch;

/// Threads beside each of a proxy's that may block: they look up the API's name, and read files that changed.
const BLOCKING_THREADS: usize = 2;

/// Proxies that are bound and not served yet: what is taken or forbidden is told before anything else begins.
pub struct Listening {
    bound: Vec<Bound>,
    policy: Arc<Policy>,
}

struct Bound {
    config: ReverseProxyConfig,
    socket: Socket,
    file: Option<SocketFile>,
}

/// Proxies that serve. Dropped, they stop at once to take callers.
pub struct Running {
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
    /// Removed with this.
    _files: Vec<SocketFile>,
}

impl Listening {
    /// Binds the sockets; who may come to those of the file system is what `[[agent.allow]]` says of `call`.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn bind(configs: &[ReverseProxyConfig], allow: &[AllowConfig]) -> Result<Self, ServeError> {
        let policy = Arc::new(Policy::new(rustix::process::geteuid().as_raw(), allow.to_vec()));
        let bind = |config: &ReverseProxyConfig| {
            let (socket, file) = Socket::bind(&config.listen, &policy)?;
            Ok(Bound { config: config.clone(), socket, file })
        };
        let bound = configs.iter().map(bind).collect::<Result<_, ServeError>>()?;
        Ok(Self { bound, policy })
    }

    /// Where each listens by TCP, in the order of the configuration; `None` for a Unix socket.
    pub fn addresses(&self) -> Vec<Option<SocketAddr>> {
        self.bound.iter().map(|bound| bound.socket.address()).collect()
    }

    /// For people: what is passed on, and where.
    pub fn told(&self) -> Vec<String> {
        let told = self.bound.iter().map(|Bound { config, socket, .. }| {
            let place = match (&config.listen, socket.address()) {
                (Listen::Unix(path), _) => format!("unix:{}", path.display()),
                (Listen::Tcp(address), bound) => format!("http://{}", bound.unwrap_or(*address)),
            };
            format!("{} for {} at {place}", config.upstream.url(""), config.provider)
        });
        told.collect()
    }

    /// Begins to serve with the tokens of `agent`. To be called within the runtime that the agent was opened in.
    ///
    /// # Errors
    /// [`ServeError`]: the configuration names a provider that is not there, or the system gives no threads.
    pub fn start(self, agent: &Arc<Agent>, news: &Arc<News>) -> Result<Running, ServeError> {
        let Self { bound, policy } = self;
        known("reverse_proxy.provider", agent, bound.iter().map(|bound| &bound.config.provider))?;
        let (stop, stopped) = watch::channel(false);
        let mut running = Running { stop, threads: Vec::new(), _files: Vec::new() };
        for Bound { config, socket, file } in bound {
            let door = Door::new(&config, &policy);
            for _ in 0..config.threads {
                let thread = Thread {
                    socket: socket.try_clone().map_err(ServeError::Wait)?,
                    config: config.clone(),
                    door: door.clone(),
                    agent: Arc::clone(agent),
                    news: Arc::clone(news),
                    stopped: stopped.clone(),
                };
                let thread =
                    std::thread::Builder::new().name("reverse-proxy".into()).spawn(move || thread.run());
                running.threads.push(thread.map_err(ServeError::Wait)?);
            }
            running._files.extend(file);
        }
        Ok(running)
    }
}

impl Running {
    /// Takes no more callers; requests that are under way have ten seconds. The sockets' files are gone afterwards.
    pub async fn stop(self) {
        let Self { stop, threads, _files } = self;
        let _ = stop.send(true);
        for thread in threads {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// One thread of a proxy.
struct Thread {
    socket: Socket,
    config: ReverseProxyConfig,
    door: Door,
    agent: Arc<Agent>,
    news: Arc<News>,
    stopped: watch::Receiver<bool>,
}

impl Thread {
    fn run(self) {
        let provider = self.config.provider.clone();
        if let Err(error) = self.serve() {
            tracing::error!(provider, %error, "a reverse proxy ended; are there file descriptors left (ulimit -n)?");
        }
    }

    fn serve(self) -> io::Result<()> {
        let Self { socket, config, door, agent, news, mut stopped } = self;
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().max_blocking_threads(BLOCKING_THREADS).build()?;
        let served = runtime.block_on(async {
            let proxy = Arc::new(Proxy::new(config, agent, news.calls()));
            let stop = async move {
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            listener::accept(socket, proxy, door, stop).await
        });
        // A name server that does not answer is not waited for.
        runtime.shutdown_background();
        served
    }
}

/// Binds and serves until `shutdown` comes.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    configs: &[ReverseProxyConfig],
    allow: &[AllowConfig],
    (agent, news): (&Arc<Agent>, &Arc<News>),
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let running = Listening::bind(configs, allow)?.start(agent, news)?;
    shutdown.await;
    running.stop().await;
    Ok(())
}

impl fmt::Debug for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listening").field(&self.told()).finish()
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Running({} threads)", self.threads.len())
    }
}
