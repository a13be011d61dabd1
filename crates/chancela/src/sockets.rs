//! The listening sockets that a configuration names: bound before anything is opened, so that a taken address or a wrong
//! certificate is told at once.

use crate::failure::Failure;
use crate::store::ConfiguredStore;
use chancela_core::time::Timestamp;
use chancela_server::config::Listen;
use chancela_server::router::Router;
use chancela_server::server::Server;
use chancela_server::tls::certificate::CertificateFiles;
use chancela_server::tls::{Acceptor, Kind, ServerCertificate};
use chancela_server::transport::listener::{Bound, Listener};
use chancela_server::transport::unix_socket::{self, SocketFile};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::Arc;

/// Sockets that are bound and not served yet.
pub(crate) struct Sockets {
    plain: Option<TcpListener>,
    secure: Vec<Secure>,
    unix: Option<(UnixListener, SocketFile)>,
    /// Where they are.
    pub(crate) places: Places,
}

/// Where sockets are, for the log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    pub(crate) plain: Option<SocketAddr>,
    pub(crate) tls: Option<SocketAddr>,
    pub(crate) mtls: Option<SocketAddr>,
    pub(crate) unix: Option<PathBuf>,
}

/// Sockets with what is served on them.
pub(crate) struct Listening {
    pub(crate) bound: Vec<Bound>,
    /// The TLS sides, whose certificates are looked at from time to time.
    pub(crate) acceptors: Vec<Arc<Acceptor>>,
    /// The Unix socket's file, which goes when this is dropped.
    pub(crate) file: Option<SocketFile>,
}

struct Secure {
    name: &'static str,
    kind: Kind,
    listener: TcpListener,
    certificate: Arc<ServerCertificate>,
}

impl Sockets {
    /// Binds them all and reads the certificates.
    pub(crate) fn bind(listen: &Listen, now: Timestamp) -> Result<Self, Failure> {
        let mut places = Places::default();
        let mut plain = None;
        if listen.plain {
            let (listener, place) = tcp(listen.address, "listen.address")?;
            (plain, places.plain) = (Some(listener), Some(place));
        }
        let mut secure = Vec::new();
        let mut add = |kind: Kind, name: &'static str, address: SocketAddr, files: CertificateFiles| {
            let (listener, place) = tcp(address, &format!("listen.{name}.address"))?;
            let certificate = Arc::new(ServerCertificate::load(name, files, now)?);
            secure.push(Secure { name, kind, listener, certificate });
            Ok::<_, Failure>(Some(place))
        };
        if let Some(tls) = &listen.tls {
            places.tls = add(Kind::Tls, "tls", tls.address, tls.files())?;
        }
        if let Some(mtls) = &listen.mtls {
            places.mtls = add(Kind::MutualTls, "mtls", mtls.address, listen.mtls_files(mtls)?)?;
        }
        let mut unix = None;
        if let Some(own) = &listen.unix {
            let shown = own.path.display();
            let made = unix_socket::bind(&own.path, 0o660);
            unix = Some(made.map_err(Failure::io(format!("listening on {shown} (listen.unix.path)")))?);
            places.unix = Some(own.path.clone());
        }
        Ok(Self { plain, secure, unix, places })
    }

    /// Serves the issuers of all realms on each of them.
    pub(crate) fn serve(self, server: &Server<ConfiguredStore>) -> Result<Listening, Failure> {
        // A proxy that passes certificates on serves both URLs of a realm.
        let proxied = server.forwarded.is_some();
        let main =
            if proxied { Router::for_proxy(&server.realms) } else { Router::for_issuers(&server.realms) };
        let main = Arc::new(main);
        let mtls = if proxied { Arc::clone(&main) } else { Arc::new(Router::for_mtls(&server.realms)) };
        let mut listening = Listening { bound: Vec::new(), acceptors: Vec::new(), file: None };
        let bind = |listener: Listener, router: &Arc<Router>| Bound { listener, router: Arc::clone(router) };
        listening.bound.extend(self.plain.map(|listener| bind(Listener::Plain(listener), &main)));
        for Secure { name, kind, listener, certificate } in self.secure {
            let acceptor = Arc::new(Acceptor::new(kind, certificate, server.metrics.listener(name))?);
            let router = if kind == Kind::MutualTls { &mtls } else { &main };
            listening.bound.push(bind(Listener::Tls(listener, Arc::clone(&acceptor)), router));
            listening.acceptors.push(acceptor);
        }
        if let Some((listener, file)) = self.unix {
            listening.bound.push(bind(Listener::Unix(listener), &main));
            listening.file = Some(file);
        }
        Ok(listening)
    }
}

fn tcp(address: SocketAddr, key: &str) -> Result<(TcpListener, SocketAddr), Failure> {
    let listener =
        TcpListener::bind(address).map_err(Failure::io(format!("listening on {address} ({key})")))?;
    let place = listener.local_addr().map_err(Failure::io("asking for the port"))?;
    Ok((listener, place))
}
