//! Reads a request's body within limits of size and time, without a copy where it arrives in one piece.

use bytes::{Bytes, BytesMut};
use chancela_core::message::MAX_BODY_BYTES;
use chancela_core::rejection::{Rejection, Rule};
use http::Method;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::request::Parts;
use http_body_util::BodyExt;
use hyper::body::Body;
use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// How long a body may take.
const TIME: Duration = Duration::from_secs(10);

/// The whole body of a POST or PUT; nothing is read of other methods, which no endpoint with a body answers.
pub(crate) async fn read<B>(head: &Parts, body: B) -> Result<Bytes, Rejection>
where
    B: Body<Data = Bytes>,
{
    let limit = u32::try_from(MAX_BODY_BYTES).unwrap_or(u32::MAX);
    if head.method != Method::POST && head.method != Method::PUT {
        return Ok(Bytes::new());
    }
    if head.headers.contains_key(CONTENT_ENCODING) {
        return Err(Rule::UnsupportedContentType.into());
    }
    let announced =
        head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAX_BODY_BYTES) {
        return Err(Rejection::with(Rule::BodyTooLarge, limit));
    }
    let mut collected = pin!(collect(body));
    // Nearly every body is here already; a timer is armed only for those that are not.
    let first = std::future::poll_fn(|context| Poll::Ready(collected.as_mut().poll(context))).await;
    match first {
        Poll::Ready(result) => result,
        Poll::Pending => tokio::time::timeout(TIME, collected).await.unwrap_or(Err(Rule::BodyTooSlow.into())),
    }
}

async fn collect<B>(body: B) -> Result<Bytes, Rejection>
where
    B: Body<Data = Bytes>,
{
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut rest: Option<BytesMut> = None;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Rejection::from(Rule::MalformedBody))?.into_data() else { continue };
        let length = rest.as_ref().map_or(first.len(), BytesMut::len) + data.len();
        if length > MAX_BODY_BYTES {
            return Err(Rejection::with(
                Rule::BodyTooLarge,
                u32::try_from(MAX_BODY_BYTES).unwrap_or(u32::MAX),
            ));
        }
        match &mut rest {
            Some(rest) => rest.extend_from_slice(&data),
            None if first.is_empty() => first = data,
            None => {
                let mut both = BytesMut::with_capacity(length);
                both.extend_from_slice(&first);
                both.extend_from_slice(&data);
                rest = Some(both);
            }
        }
    }
    Ok(rest.map_or(first, BytesMut::freeze))
}
