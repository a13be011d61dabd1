//! `chancela sandbox`: all dialects on this machine, with demo clients and no set-up. It is the production server: what
//! is special is only where its configuration, clients and listeners come from.

mod credentials;
mod describe;
mod plan;

use crate::failure::Failure;
use crate::{cli, log, output, serve};
use bytes::Bytes;
use chancela_server::config::{Config, Listen, Log, LogFormat, Outbound, StoreConfig};
use chancela_server::router::Router;
use chancela_server::transport::listener::Bound;
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
    let listeners = Listeners::bind(arguments.listen, plan.realms.len())?;
    let config = configuration(&plan, data, &listeners, arguments);
    let library = serve::library(None)?;
    config.check(&library)?;
    serve::runtime()?.block_on(async {
        let server = serve::open(&config, &library).await?;
        let credentials = credentials::prepare(&server, &plan, data).await?;
        let description = Description::new(&server, &plan, &credentials, &listeners.roots);
        let json = Bytes::from(description.json());
        let mut main = Router::for_issuers(&server.realms);
        main.add_json("/sandbox.json", &json);
        let mut bound = vec![Bound { listener: listeners.main, router: Arc::new(main) }];
        for (planned, (listener, _)) in plan.realms.iter().zip(listeners.roots) {
            if let Some(realm) = server.realm(&planned.name) {
                let mut router = Router::for_root(realm);
                router.add_json("/sandbox.json", &json);
                bound.push(Bound { listener, router: Arc::new(router) });
            }
        }
        let ready = |_| match arguments.json {
            true => output::line(&String::from_utf8_lossy(&json)),
            false => output::line(&description.text(&plan)),
        };
        serve::run_until_stopped(&server, &config, bound, ready).await
    })
}

fn configuration(plan: &Plan, data: &Path, listeners: &Listeners, arguments: &cli::Sandbox) -> Config {
    let realm = plan
        .realms
        .iter()
        .map(|realm| {
            let issuer = format!("http://{}/{}", listeners.address, realm.name);
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
    /// Address that clients on this machine use.
    address: SocketAddr,
    roots: Vec<(TcpListener, SocketAddr)>,
}

impl Listeners {
    fn bind(listen: SocketAddr, realms: usize) -> Result<Self, Failure> {
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
            Ok::<_, Failure>(address)
        };
        let main = bind(listen)?;
        let address = reachable(&main)?;
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
            let address = reachable(&listener)?;
            roots.push((listener, address));
        }
        Ok(Self { main, address, roots })
    }
}
