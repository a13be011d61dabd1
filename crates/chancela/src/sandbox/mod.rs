//! `chancela sandbox`: the dialects on this machine, with demo clients and no set-up. It is the production server: what
//! is special is only where its configuration, clients and listeners come from.

mod clock;
mod credentials;
mod demo;
mod describe;
mod faults;
mod listeners;
mod plan;
mod relying_party;

use crate::failure::Failure;
use crate::sockets::Listening;
use crate::store::ConfiguredStore;
use crate::{cli, log, output, serve};
use bytes::Bytes;
use chancela_server::clock::Clock;
use chancela_server::config::{Config, Log, LogFormat, Outbound, StoreConfig};
use chancela_server::extension::{Extension, Intermediary};
use chancela_server::realm::Realm;
use chancela_server::router::Router;
use chancela_server::server::Server;
use chancela_server::tls::{Acceptor, Kind, ServerCertificate};
use chancela_server::transport::listener::{Bound, Listener};
use clock::{ClockControl, MovableClock};
use demo::Demo;
use describe::Description;
use faults::{FaultControl, Faults, Script, Shown};
use listeners::Listeners;
use plan::Plan;
use std::path::Path;
use std::sync::Arc;

/// The protected resource of each realm.
const RESOURCE: &str = "/resource";

/// What is told once all is ready to serve, from the description for programs.
pub(crate) type Announce<'a> = &'a dyn Fn(&[u8]) -> Result<String, Failure>;

/// Runs the subcommand.
pub(crate) fn run(arguments: &cli::Sandbox) -> Result<(), Failure> {
    run_announced(arguments, None)
}

/// Runs a sandbox; what it says of itself is said in other words, if there are any.
pub(crate) fn run_announced(arguments: &cli::Sandbox, announce: Option<Announce<'_>>) -> Result<(), Failure> {
    log::start(&Log { format: LogFormat::Human, filter: arguments.log.clone() });
    serve::protect_memory();
    let temporary;
    let data: &Path = match &arguments.data {
        Some(folder) => folder,
        None => {
            temporary = tempfile::Builder::new()
                .prefix("chancela-sandbox-")
                .tempdir()
                .map_err(Failure::io("making a temporary folder"))?;
            temporary.path()
        }
    };
    // Before everything else, so that what is wrong with it is told at once.
    let script = arguments.script.as_deref().map(Script::read).transpose()?;
    let plan = Plan::read(&arguments.dialects, arguments.all)?;
    let host = arguments.host.as_deref();
    let listeners = Listeners::bind(arguments.listen, arguments.tls_listen, host, plan.realms.len())?;
    let config = configuration(&plan, data, &listeners, arguments);
    let library = serve::library(None)?;
    config.check(&library)?;
    serve::runtime()?.block_on(async {
        let clock = Arc::new(MovableClock::default());
        let server = serve::open(&config, &library, Arc::clone(&clock) as Arc<dyn Clock>).await?;
        let origin = format!("http://{}", listeners.authority);
        let credentials = credentials::prepare(&server, &plan, &origin, data).await?;
        let parties = relying_party::all(&server, &plan, &credentials, &origin);
        let (certificate, ca_pem) = listeners.certificate(data, server.clock.now())?;
        let description = Description::new(&server, &plan, &credentials, (&listeners, &ca_pem));
        let printed = relying_party::printed(&parties, &*server.entropy)?;
        let demo: Arc<dyn Extension> = Arc::new(Demo::new(&server, parties)?);
        let mut extensions: Vec<(&str, Arc<dyn Extension>)> =
            demo::PATHS.map(|path| (path, Arc::clone(&demo))).into();
        let mut faults = None;
        if script.is_some() || arguments.danger_fault_control {
            let own = Arc::new(Faults::new(&server, &clock, &credentials));
            own.play(&script.unwrap_or_default())?;
            faults = Some(own);
        }
        if let Some(faults) = faults.as_ref().filter(|_| arguments.danger_fault_control) {
            let control: Arc<dyn Extension> = Arc::new(FaultControl(Arc::clone(faults)));
            extensions.extend(faults::PATHS.map(|path| (path, Arc::clone(&control))));
        }
        if arguments.danger_clock_control {
            let server = Arc::clone(&server);
            extensions.push((clock::PATH, Arc::new(ClockControl { clock, server })));
        }
        let json = Bytes::from(description.json());
        let serving = Serving { server: &server, json: &json, faults };
        let listening = serving.listening(&plan, listeners, (data, certificate), &extensions)?;
        let announced = announce.map(|announce| announce(&json)).transpose()?;
        let ready = |_| match (announced, arguments.json) {
            (Some(text), _) => output::line(&text),
            (None, true) => output::line(&String::from_utf8_lossy(&json)),
            (None, false) => output::line(&description.text(&plan, &printed, &origin, data)),
        };
        serve::run_until_stopped(&server, &config, listening, ready).await
    })
}

/// What all listeners have in common.
struct Serving<'a> {
    server: &'a Arc<Server<ConfiguredStore>>,
    /// The description.
    json: &'a Bytes,
    faults: Option<Arc<Faults>>,
}

impl Serving<'_> {
    /// Every socket with what is served on it. Extensions are at the main address.
    fn listening(
        &self,
        plan: &Plan,
        listeners: Listeners,
        (data, certificate): (&Path, Arc<ServerCertificate>),
        extensions: &[(&str, Arc<dyn Extension>)],
    ) -> Result<Listening, Failure> {
        let mut main = Router::for_issuers(&self.server.realms);
        for (path, extension) in extensions {
            main.add_extension(path, extension);
        }
        let main = self.completed(main, &self.server.realms);
        let mtls = self.completed(Router::for_mtls(&self.server.realms), &self.server.realms);
        let mut bound = vec![Bound { listener: Listener::Plain(listeners.main), router: Arc::clone(&main) }];
        let mut acceptors = Vec::new();
        for (kind, name, socket, router) in
            [(Kind::Tls, "tls", listeners.tls.0, main), (Kind::MutualTls, "mtls", listeners.mtls.0, mtls)]
        {
            let acceptor = Arc::new(self.acceptor((kind, name), data, Arc::clone(&certificate))?);
            bound.push(Bound { listener: Listener::Tls(socket, Arc::clone(&acceptor)), router });
            acceptors.push(acceptor);
        }
        for (planned, (listener, _)) in plan.realms.iter().zip(listeners.roots) {
            if let Some(realm) = self.server.realm(&planned.name) {
                let router = self.completed(Router::for_root(realm), std::slice::from_ref(realm));
                bound.push(Bound { listener: Listener::Plain(listener), router });
            }
        }
        Ok(Listening { bound, acceptors, file: None })
    }

    /// A router with what every listener has.
    fn completed(&self, mut router: Router, realms: &[Arc<Realm>]) -> Arc<Router> {
        router.add_json("/sandbox.json", self.json);
        router.add_resources(realms, RESOURCE);
        if let Some(faults) = &self.faults {
            router.set_intermediary(Arc::clone(faults) as Arc<dyn Intermediary>);
        }
        Arc::new(router)
    }

    /// The TLS side of a listener.
    fn acceptor(
        &self,
        (kind, name): (Kind, &'static str),
        data: &Path,
        good: Arc<ServerCertificate>,
    ) -> Result<Acceptor, Failure> {
        let metrics = self.server.metrics.listener(name);
        Ok(match &self.faults {
            None => Acceptor::new(kind, good, metrics)?,
            Some(faults) => {
                let [chain, key] = listeners::expired_files(data);
                let expired = faults::read_certificate(&chain, &key)?;
                let shown = Shown { good: Arc::clone(&good), expired, faults: Arc::clone(faults) };
                Acceptor::showing(Arc::new(shown), kind, good, metrics)?
            }
        })
    }
}

fn configuration(plan: &Plan, data: &Path, listeners: &Listeners, arguments: &cli::Sandbox) -> Config {
    let realm = plan
        .realms
        .iter()
        .map(|realm| {
            let issuer = format!("http://{}/{}", listeners.authority, realm.name);
            let mtls_url = format!("https://{}/{}", listeners.mtls.1, realm.name);
            (realm.name.clone(), realm.configuration(issuer, mtls_url, arguments.rate_limits))
        })
        .collect();
    Config {
        data: data.to_owned(),
        kek_file: None,
        dialects: None,
        listen: listeners.configuration(arguments.listen, data),
        store: StoreConfig::default(),
        log: Log::default(),
        // Whoever tries things out runs the other side on the same machine.
        outbound: Outbound {
            danger_allow_private_addresses: true,
            danger_allow_http: true,
            ..Outbound::default()
        },
        realm,
    }
}
