//! What a program adds to its listeners: what it serves beside its realms, on paths of its own (the sandbox's demo and its
//! controls), and what stands between connections and endpoints (the sandbox's faults). `chancela serve` has neither.

use crate::router::Route;
use crate::transport::peer::Peer;
use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

/// An answer on its way.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Response<Bytes>> + Send + 'a>>;

/// Answers the requests for the paths at which a router has it.
pub trait Extension: Debug + Send + Sync {
    /// Answers one request, whose body was read within the limits of every endpoint. Its extensions hold the
    /// [`Peer`].
    fn respond(&self, request: Request<Bytes>) -> Answer<'_>;
}

/// Stands between the connections of a listener and the endpoints (RFC 9110 §3.7), and decides what of an answer goes out.
pub trait Intermediary: Debug + Send + Sync {
    /// Answers one request. `answer` is the endpoints' own: nothing has happened before it is polled, and everything is
    /// committed once it is there.
    fn pass<'a>(&'a self, arriving: Arriving<'a>, answer: Answer<'a>) -> Passage<'a>;
}

/// A request that arrives.
#[derive(Debug, Clone, Copy)]
pub struct Arriving<'a> {
    /// Who sent it.
    pub peer: &'a Peer,
    /// Where it leads; `None` if nowhere.
    pub route: Option<&'a Route>,
    /// Its head.
    pub head: &'a Parts,
    /// Its body; empty if it cannot be read, which the endpoint then says.
    pub body: &'a Bytes,
}

/// What an intermediary makes of a request, on its way.
pub type Passage<'a> = Pin<Box<dyn Future<Output = Passed> + Send + 'a>>;

/// An answer whose body comes as the intermediary gives it, or none: the connection ends.
pub type Passed = Result<Response<UnsyncBoxBody<Bytes, Closed>>, Closed>;

/// An intermediary ended the connection without the answer, or without the rest of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection was closed before the end of the answer")]
pub struct Closed;
