//! A request's way through an [`Intermediary`](crate::extension::Intermediary): its body is read first, so that the
//! intermediary sees all of the request before an endpoint does anything. Owns no decision.

use super::body;
use super::peer::Peer;
use crate::endpoint;
use crate::extension::{Arriving, Closed, Intermediary, Passed};
use crate::router::Router;
use crate::server::Server;
use bytes::Bytes;
use chancela_store::Store;
use http::{Request, Response};
use http_body_util::{BodyExt, Collected, Either, Full};
use hyper::body::{Body, Frame};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Passes one request that `peer` sent.
pub(super) async fn respond<S: Store, B>(
    server: &Arc<Server<S>>,
    router: &Router,
    intermediary: &dyn Intermediary,
    peer: &Peer,
    request: Request<B>,
) -> Passed
where
    B: Body<Data = Bytes>,
{
    let (head, incoming) = request.into_parts();
    let read = body::read(&head, incoming).await;
    let route = router.find(endpoint::host(&head), head.uri.path()).ok().flatten().map(|(route, _)| route);
    let body = read.as_ref().cloned().unwrap_or_default();
    let again = match read {
        Ok(body) => Either::Left(Full::new(body)),
        Err(_) => Either::Right(Unreadable),
    };
    let request = Request::from_parts(head.clone(), again);
    let answer = Box::pin(async move {
        let (head, body) = endpoint::respond(server, router, peer, request).await.into_parts();
        let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
        Response::from_parts(head, body)
    });
    intermediary.pass(Arriving { peer, route, head: &head, body: &body }, answer).await
}

/// A body that broke off: the endpoint refuses it in its own words.
struct Unreadable;

impl Body for Unreadable {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(Some(Err(Closed)))
    }
}
