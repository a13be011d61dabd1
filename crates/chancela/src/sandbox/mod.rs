//! `chancela sandbox`: the dialects on this machine, with demo clients and no set-up. It is the production server: what
//! is special is only where its configuration, clients and listeners come from.

mod clock;
mod credentials;
mod demo;
mod describe;
mod listeners;
mod plan;
mod relying_party;

use crate::failure::Failure;
use crate::sockets::Listening;
use crate::{cli, log, output, serve};
use bytes::Bytes;
use chancela_server::clock::Clock;
use chancela_server::config::{Config, Log, LogFormat, Outbound, StoreConfig};
use chancela_server::extension::Extension;
use chancela_server::router::Router;
use chancela_server::tls::{Acceptor, Kind};
use chancela_server::transport::listener::{Bound, Listener};
use clock::{ClockControl, MovableClock};
use demo::Demo;
use describe::Description;
use listeners::Listeners;
use plan::Plan;
use std::path::Path;
use std::sync::Arc;

/// The protected resource of each realm.
const RESOURCE: &str = "/resource";

/// Runs the subcommand.
pub(crate) fn run(arguments: &cli::Sandbox) -> Result<(), Failure> {
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
        let json = Bytes::from(description.json());
        let mut main = Router::for_issuers(&server.realms);
        main.add_json("/sandbox.json", &json);
        let printed = relying_party::printed(&parties, &*server.entropy)?;
        let demo: Arc<dyn Extension> = Arc::new(Demo::new(&server, parties)?);
        for path in demo::PATHS {
            main.add_extension(path, &demo);
        }
        if arguments.danger_clock_control {
            let server = Arc::clone(&server);
            let control: Arc<dyn Extension> = Arc::new(ClockControl { clock, server });
            main.add_extension(clock::PATH, &control);
        }
        main.add_resources(&server.realms, RESOURCE);
        let mut mtls = Router::for_mtls(&server.realms);
        mtls.add_json("/sandbox.json", &json);
        mtls.add_resources(&server.realms, RESOURCE);
        let (main, mtls) = (Arc::new(main), Arc::new(mtls));
        let mut bound = vec![Bound { listener: Listener::Plain(listeners.main), router: Arc::clone(&main) }];
        let mut acceptors = Vec::new();
        for (kind, name, socket, router) in
            [(Kind::Tls, "tls", listeners.tls.0, main), (Kind::MutualTls, "mtls", listeners.mtls.0, mtls)]
        {
            let metrics = server.metrics.listener(name);
            let acceptor = Arc::new(Acceptor::new(kind, Arc::clone(&certificate), metrics)?);
            bound.push(Bound { listener: Listener::Tls(socket, Arc::clone(&acceptor)), router });
            acceptors.push(acceptor);
        }
        for (planned, (listener, _)) in plan.realms.iter().zip(listeners.roots) {
            if let Some(realm) = server.realm(&planned.name) {
                let mut router = Router::for_root(realm);
                router.add_json("/sandbox.json", &json);
                router.add_resources(std::slice::from_ref(realm), RESOURCE);
                bound.push(Bound { listener: Listener::Plain(listener), router: Arc::new(router) });
            }
        }
        let ready = |_| match arguments.json {
            true => output::line(&String::from_utf8_lossy(&json)),
            false => output::line(&description.text(&plan, &printed, &origin, data)),
        };
        let listening = Listening { bound, acceptors, file: None };
        serve::run_until_stopped(&server, &config, listening, ready).await
    })
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
