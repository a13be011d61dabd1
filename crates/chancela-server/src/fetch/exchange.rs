//! One HTTP/1.1 exchange on a connection that is open, within limits of size. The caller limits the time.

use super::Limits;
use super::error::Why;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncWrite};

/// Most header fields of an answer.
const MAX_HEADERS: usize = 100;

/// Sends `request` and reads the whole answer.
pub(super) async fn exchange<T>(
    stream: T,
    request: Request<Full<Bytes>>,
    limits: &Limits,
) -> Result<Response<Bytes>, Why>
where
    T: AsyncRead + AsyncWrite + Unpin + Send,
{
    let (sender, connection) = http1::Builder::new()
        .max_headers(MAX_HEADERS)
        .max_buf_size(limits.head)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| Why::MalformedAnswer)?;
    let mut connection = pin!(connection);
    let mut answer = pin!(answer(sender, request, limits.body));
    // Both in one task: when the fetch is given up, the connection ends with it.
    tokio::select! {
        answer = &mut answer => return answer,
        _ = &mut connection => {}
    }
    answer.await
}

async fn answer(
    mut sender: SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
    limit: usize,
) -> Result<Response<Bytes>, Why> {
    let response = sender.send_request(request).await.map_err(|error| {
        tracing::debug!(%error, "no HTTP answer");
        Why::MalformedAnswer
    })?;
    if response.status().is_redirection() {
        return Err(Why::Redirect);
    }
    let (head, body) = response.into_parts();
    if !is_plain(&head.headers) {
        return Err(Why::Encoded);
    }
    let announced = head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit as u64) {
        return Err(Why::BodyTooLarge);
    }
    Ok(Response::from_parts(head, collect(body, limit).await?))
}

/// Whether the body is as the sender wrote it: we neither ask for compression nor undo it.
fn is_plain(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

async fn collect(mut body: Incoming, limit: usize) -> Result<Bytes, Why> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Why::MalformedAnswer)?.into_data() else { continue };
        if whole.len() + data.len() > limit {
            return Err(Why::BodyTooLarge);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}
