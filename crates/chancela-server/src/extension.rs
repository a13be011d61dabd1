//! What a program serves beside its realms, on paths of its own: the sandbox's demo and its clock. `chancela serve` has
//! none.

use bytes::Bytes;
use http::{Request, Response};
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

/// An answer on its way.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Response<Bytes>> + Send + 'a>>;

/// Answers the requests for the paths at which a router has it.
pub trait Extension: Debug + Send + Sync {
    /// Answers one request, whose body was read within the limits of every endpoint. Its extensions hold the
    /// [`Peer`](crate::transport::peer::Peer).
    fn respond(&self, request: Request<Bytes>) -> Answer<'_>;
}
