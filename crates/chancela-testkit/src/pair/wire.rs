//! What lies between agent and server: no network, but its failures.

use bytes::Bytes;
use chancela_agent::identity::ClientIdentity;
use chancela_agent::tokens::BoxFuture;
use chancela_agent::transport::{Carrier, Lost, Target, TransportError};
use chancela_server::endpoint::respond;
use chancela_server::router::Router;
use chancela_server::server::Server;
use chancela_server::transport::peer::{Channel, Peer, PeerCertificates};
use chancela_store::MemoryStore;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Where requests come from.
pub(super) const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weather {
    /// It arrives, and so does its answer.
    #[default]
    Fair,
    /// Nobody takes the connection.
    Unreachable,
    /// A proxy in front of the provider says 503.
    Unavailable,
    /// The provider acts, and its answer is lost.
    Silent,
}

/// A request that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// Its path.
    pub path: String,
    /// Its body.
    pub body: String,
    /// What the server answered, whether that arrived or not.
    pub status: StatusCode,
}

/// The way between agent and server.
pub struct Wire {
    server: Arc<Server<MemoryStore>>,
    /// At the issuer's host, and where clients show certificates.
    routers: (Router, Router),
    mtls_host: &'static str,
    weather: Mutex<Weather>,
    arrived: Mutex<Vec<Arrived>>,
}

impl Wire {
    pub(super) fn new(server: Arc<Server<MemoryStore>>, mtls_host: &'static str) -> Self {
        let routers = (Router::for_issuers(&server.realms), Router::for_mtls(&server.realms));
        Self { server, routers, mtls_host, weather: Mutex::default(), arrived: Mutex::default() }
    }

    /// Changes the weather.
    pub fn turn(&self, weather: Weather) {
        *self.weather.lock().unwrap_or_else(PoisonError::into_inner) = weather;
    }

    /// What arrived since the last time.
    pub fn take(&self) -> Vec<Arrived> {
        std::mem::take(&mut *self.arrived.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends a request as anybody, past the weather and the list of what arrived.
    pub async fn answer(&self, peer: &Peer, request: Request<Bytes>) -> Response<Bytes> {
        let router = if peer.channel == Channel::MutualTls { &self.routers.1 } else { &self.routers.0 };
        let (head, body) = respond(&self.server, router, peer, request.map(Full::new)).await.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Response::from_parts(head, body)
    }

    fn peer(&self, target: &Target, identity: Option<&ClientIdentity>) -> Peer {
        if target.host() != self.mtls_host {
            return Peer { address: PEER, channel: Channel::Tls, certificates: None };
        }
        let chain = identity.map(|own| own.current().certified_key().cert.clone());
        let certificates = chain.map(|chain| Arc::new(PeerCertificates::new(chain)));
        Peer { address: PEER, channel: Channel::MutualTls, certificates }
    }
}

impl Carrier for Wire {
    fn carry<'a>(
        &'a self,
        target: &'a Target,
        identity: Option<&'a ClientIdentity>,
        request: Request<Bytes>,
    ) -> BoxFuture<'a, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let weather = *self.weather.lock().unwrap_or_else(PoisonError::into_inner);
            match weather {
                Weather::Unreachable => {
                    let error = io::Error::from(io::ErrorKind::ConnectionRefused);
                    return Err(TransportError::Connect(target.host().to_owned(), error));
                }
                Weather::Unavailable => {
                    let mut answer = Response::new(Bytes::from_static(b"<html>busy</html>"));
                    *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                    return Ok(answer);
                }
                Weather::Fair | Weather::Silent => {}
            }
            let path = request.uri().path().to_owned();
            let body = String::from_utf8_lossy(request.body()).into_owned();
            let answer = self.answer(&self.peer(target, identity), request).await;
            let arrived = Arrived { path, body, status: answer.status() };
            self.arrived.lock().unwrap_or_else(PoisonError::into_inner).push(arrived);
            match weather {
                Weather::Silent => Err(TransportError::Lost(Lost::Broken)),
                _ => Ok(answer),
            }
        })
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}
