//! `chancela serve`: opens everything, serves until told to stop, and closes it in order.

use crate::failure::Failure;
use crate::sockets::{Listening, Sockets};
use crate::store::ConfiguredStore;
use crate::{cli, log};
use chancela_core::dialect::Library;
use chancela_server::certificate_authority;
use chancela_server::clock::{Clock, SystemClock};
use chancela_server::config::{Config, ConfigError};
use chancela_server::control::socket;
use chancela_server::entropy::SystemEntropy;
use chancela_server::key_ring::kek::Kek;
use chancela_server::logout::backchannel;
use chancela_server::management;
use chancela_server::server::Server;
use chancela_server::tls::Acceptor;
use chancela_server::transport::listener::Workers;
use chancela_store::Store;
use chancela_store_sqlite::{Options, SqliteStore};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::MissedTickBehavior;

/// Name of the control socket in the data folder.
const CONTROL_SOCKET: &str = "control.sock";
/// How often expired records are dropped.
const EXPIRE_EVERY: Duration = Duration::from_secs(1);
/// How often the files of certificates and revocation lists are looked at.
const CERTIFICATES_EVERY: Duration = Duration::from_secs(2);
/// How often the key schedule is looked at.
const KEYS_EVERY: Duration = Duration::from_secs(60);

/// How long applications are still told of logouts at the end.
const DELIVERY_TIME: Duration = Duration::from_secs(5);

/// The control socket's path in a data folder.
pub(crate) fn control_socket(data: &Path) -> PathBuf {
    data.join(CONTROL_SOCKET)
}

/// Runs the subcommand.
pub(crate) fn run(file: &cli::ConfigFile) -> Result<(), Failure> {
    let started = Instant::now();
    let (config, library) = load(&file.config, file.kek_file.as_deref())?;
    log::start(&config.log);
    protect_memory();
    let sockets = Sockets::bind(&config.listen, SystemClock.now())?;
    let runtime = runtime()?;
    runtime.block_on(async {
        let server = open(&config, &library, Arc::new(SystemClock)).await?;
        let places = sockets.places.clone();
        let listening = sockets.serve(&server)?;
        let ready = |management: Option<SocketAddr>| {
            let millis = started.elapsed().as_millis();
            tracing::info!(
                address = places.plain.map(tracing::field::display),
                tls = places.tls.map(tracing::field::display),
                mtls = places.mtls.map(tracing::field::display),
                unix = places.unix.as_ref().map(|path| tracing::field::display(path.display())),
                management = management.map(tracing::field::display),
                realms = server.realms.len(),
                millis,
                "ready"
            );
        };
        run_until_stopped(&server, &config, listening, ready).await
    })
}

/// The runtime of everything that is not a client's request.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::io("starting the runtime"))
}

/// Reads and checks a configuration and the dialects at hand.
pub(crate) fn load(path: &Path, kek_file: Option<&Path>) -> Result<(Config, Library), Failure> {
    let shown = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| {
        ConfigError(format!("{shown}: {error}; name the file with --config, or try `chancela sandbox` first"))
    })?;
    let mut config = Config::parse(&shown, &text)?;
    if let Some(file) = kek_file {
        config.kek_file = Some(file.to_owned());
    }
    let library = library(config.dialects.as_deref())?;
    config.check(&library)?;
    Ok((config, library))
}

/// The program's dialects and those of a folder.
pub(crate) fn library(folder: Option<&Path>) -> Result<Library, Failure> {
    let mut library = Library::builtin();
    let Some(folder) = folder else { return Ok(library) };
    for (prefix, folder) in [("", folder.to_owned()), ("base/", folder.join("base"))] {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(_) if !prefix.is_empty() => continue,
            Err(error) => return Err(Failure::io(format!("dialect folder {}", folder.display()))(error)),
        };
        for entry in entries {
            let path = entry.map_err(Failure::io(format!("dialect folder {}", folder.display())))?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            if let (Some(stem), Some("toml")) = (stem, path.extension().and_then(|e| e.to_str())) {
                let text = fs::read_to_string(&path).map_err(Failure::io(path.display().to_string()))?;
                library.add(&format!("{prefix}{stem}"), &path.display().to_string(), &text);
            }
        }
    }
    Ok(library)
}

/// Opens store, key-encryption key and realms.
pub(crate) async fn open(
    config: &Config,
    library: &Library,
    clock: Arc<dyn Clock>,
) -> Result<Arc<Server<ConfiguredStore>>, Failure> {
    let entropy = SystemEntropy;
    let store = ConfiguredStore::new(
        SqliteStore::open(&config.data, Options::default())?,
        config.store.access_tokens,
    );
    let file = config.kek_file.clone().unwrap_or_else(|| config.data.join("kek"));
    // A key-encryption key is made for an empty store only: for a filled one a new key would open nothing.
    let empty = store.keys().await.map_err(|error| Failure::Other(error.to_string()))?.is_empty();
    let kek = Kek::load(&file, empty, &entropy)?;
    let server = Server::open(config, library, store, kek, clock, Arc::new(entropy)).await?;
    Ok(Arc::new(server))
}

/// Serves until SIGTERM or SIGINT, then drains: not ready at once, a pause for balancers, no new connections, requests
/// in flight finish, the store closes. A second signal ends it at once; no clean end is ever needed.
pub(crate) async fn run_until_stopped(
    server: &Arc<Server<ConfiguredStore>>,
    config: &Config,
    Listening { bound, acceptors, file }: Listening,
    ready: impl FnOnce(Option<SocketAddr>),
) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::io("listening for signals"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::io("listening for signals"))?;
    let mut tasks = tokio::task::JoinSet::new();
    let path = control_socket(&config.data);
    let (control, control_file) =
        socket::bind(&path).map_err(Failure::io(format!("control socket {}", path.display())))?;
    tasks.spawn(socket::serve(Arc::clone(server), control));
    tasks.spawn(backchannel::run(Arc::clone(server)));
    tasks.spawn(certificate_authority::run(Arc::clone(server)));
    let mut management = None;
    if let Some(address) = config.listen.management {
        let listener = tokio::net::TcpListener::bind(address).await;
        let listener =
            listener.map_err(Failure::io(format!("listening on {address} (listen.management)")))?;
        management = Some(listener.local_addr().map_err(Failure::io("asking for the management port"))?);
        tasks.spawn(management::serve(Arc::clone(server), listener));
    }
    let threads =
        config.listen.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let workers =
        Workers::start(server, &bound, threads).map_err(Failure::io("starting the serving threads"))?;
    // The threads have the sockets now: when they stop, nobody listens and new connections are refused.
    drop(bound);
    ready(management);
    let outcome = tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        failure = maintain(server, &acceptors) => Err(failure),
    };
    server.draining.store(true, Ordering::Relaxed);
    tracing::info!("stopping");
    let pause = Duration::from_secs(if outcome.is_ok() { config.listen.drain_seconds } else { 0 });
    let stop = async {
        tokio::time::sleep(pause).await;
        let (stopped, wait) = tokio::sync::oneshot::channel();
        // A thread of its own: the runtime would wait for one of its own even when told to end at once.
        std::thread::spawn(move || {
            workers.stop();
            let _ = stopped.send(());
        });
        let _ = wait.await;
        let left = server.deliveries.finish(DELIVERY_TIME).await;
        if left > 0 {
            tracing::warn!(left, "applications were not told of logouts");
        }
    };
    tokio::select! {
        _ = stop => {}
        _ = terminate.recv() => tracing::warn!("told to stop again: ending at once"),
        _ = interrupt.recv() => tracing::warn!("told to stop again: ending at once"),
    }
    tasks.shutdown().await;
    drop((control_file, file));
    outcome
}

/// Everything that happens by time. Ends only when the store has failed for good.
async fn maintain(server: &Server<ConfiguredStore>, acceptors: &[Arc<Acceptor>]) -> Failure {
    let mut expire = tokio::time::interval(EXPIRE_EVERY);
    let mut keys = tokio::time::interval(KEYS_EVERY);
    let mut certificates = tokio::time::interval(CERTIFICATES_EVERY);
    expire.set_missed_tick_behavior(MissedTickBehavior::Delay);
    keys.set_missed_tick_behavior(MissedTickBehavior::Delay);
    certificates.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = expire.tick() => {
                let now = server.clock.now();
                server.revoked.expire(now);
                loop {
                    match server.store.expire(now).await {
                        Ok(expired) if expired.more => {}
                        Ok(_) => break,
                        Err(error) => {
                            tracing::warn!(%error, "dropping expired records failed");
                            break;
                        }
                    }
                }
                if let Some(reason) = server.store.failure() {
                    return Failure::Other(format!(
                        "the store failed and takes no more writes: {reason}; check the disk, then start again"
                    ));
                }
            }
            _ = certificates.tick() => {
                acceptors.iter().for_each(|acceptor| acceptor.look(server.clock.now()));
                server.reload_trust().await;
            }
            _ = keys.tick() => {
                if let Err(error) = server.maintain_keys().await {
                    tracing::error!(%error, "the key schedule could not be kept");
                }
            }
        }
    }
}

/// No core dumps, no reading of this process by others of the same user: its memory holds keys.
pub(crate) fn protect_memory() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if setrlimit(Resource::Core, none).is_err() || !hide_memory() {
        tracing::warn!("core dumps could not be switched off");
    }
}

/// The same as far as a program that we start does not inherit it: other processes of this user may not look into this one's
/// memory and environment, and nothing of them is dumped.
pub(crate) fn hide_memory() -> bool {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok()
}
