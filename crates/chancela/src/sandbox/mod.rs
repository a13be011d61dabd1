//! `chancela sandbox`: all dialects on this machine, with demo clients and no set-up. It is the production server: what
//! is special is only where its configuration, clients and listeners come from.

mod clock;
mod credentials;
mod demo;
mod describe;
mod plan;
mod relying_party;

use crate::failure::Failure;
use crate::sockets::Listening;
use crate::{cli, log, output, serve};
use bytes::Bytes;
use chancela_server::clock::Clock;
use chancela_server::config::{Config, Listen, Log, LogFormat, Outbound, StoreConfig};
use chancela_server::extension::Extension;
use chancela_server::router::Router;
use chancela_server::transport::listener::{Bound, Listener};
use clock::{ClockControl, MovableClock};
use demo::Demo;
use describe::Description;
use plan::Plan;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

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
    let plan = Plan::read()?;
    let listeners = Listeners::bind(arguments.listen, arguments.host.as_deref(), plan.realms.len())?;
    let config = configuration(&plan, data, &listeners, arguments);
    let library = serve::library(None)?;
    config.check(&library)?;
    serve::runtime()?.block_on(async {
        let clock = Arc::new(MovableClock::default());
        let server = serve::open(&config, &library, Arc::clone(&clock) as Arc<dyn Clock>).await?;
        let origin = format!("http://{}", listeners.authority);
        let credentials = credentials::prepare(&server, &plan, &origin, data).await?;
        let parties = relying_party::all(&server, &plan, &credentials, &origin);
        let description = Description::new(&server, &plan, &credentials, &listeners);
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
        let mut bound = vec![Bound { listener: Listener::Plain(listeners.main), router: Arc::new(main) }];
        for (planned, (listener, _)) in plan.realms.iter().zip(listeners.roots) {
            if let Some(realm) = server.realm(&planned.name) {
                let mut router = Router::for_root(realm);
                router.add_json("/sandbox.json", &json);
                bound.push(Bound { listener: Listener::Plain(listener), router: Arc::new(router) });
            }
        }
        let ready = |_| match arguments.json {
            true => output::line(&String::from_utf8_lossy(&json)),
            false => output::line(&description.text(&plan, &printed, &origin)),
        };
        let listening = Listening { bound, acceptors: Vec::new(), file: None };
        serve::run_until_stopped(&server, &config, listening, ready).await
    })
}

fn configuration(plan: &Plan, data: &Path, listeners: &Listeners, arguments: &cli::Sandbox) -> Config {
    let realm = plan
        .realms
        .iter()
        .map(|realm| {
            let issuer = format!("http://{}/{}", listeners.authority, realm.name);
            (realm.name.clone(), realm.configuration(issuer, arguments.rate_limits))
        })
        .collect();
    Config {
        data: data.to_owned(),
        kek_file: None,
        dialects: None,
        listen: Listen { address: arguments.listen, ..Listen::default() },
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

/// The main socket and one for the root of each realm, on the ports above it.
struct Listeners {
    main: TcpListener,
    /// Host and port that clients on this machine use.
    authority: String,
    roots: Vec<(TcpListener, String)>,
}

impl Listeners {
    fn bind(listen: SocketAddr, host: Option<&str>, realms: usize) -> Result<Self, Failure> {
        let bind = |address: SocketAddr| {
            TcpListener::bind(address).map_err(Failure::io(format!(
                "listening on {address} (choose other ports with --listen 127.0.0.1:PORT; {} in a row are used)",
                realms + 1
            )))
        };
        let reachable = |listener: &TcpListener| {
            let mut address = listener.local_addr().map_err(Failure::io("asking for the port"))?;
            if address.ip().is_unspecified() {
                address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
            }
            Ok::<_, Failure>(match host {
                Some(host) => format!("{host}:{}", address.port()),
                None => address.to_string(),
            })
        };
        let main = bind(listen)?;
        let authority = reachable(&main)?;
        let mut roots = Vec::new();
        for number in 1..=realms {
            // With --listen …:0 every port is the system's choice.
            let port = match listen.port() {
                0 => 0,
                port => u16::try_from(number).ok().and_then(|number| port.checked_add(number)).ok_or_else(
                    || Failure::Usage("the ports above this one do not suffice; choose a lower one".into()),
                )?,
            };
            let listener = bind(SocketAddr::new(listen.ip(), port))?;
            let authority = reachable(&listener)?;
            roots.push((listener, authority));
        }
        Ok(Self { main, authority, roots })
    }
}
