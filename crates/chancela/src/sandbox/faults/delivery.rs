//! Bodies that do not arrive as they should: in drips, or not to their end.

use bytes::Bytes;
use chancela_server::extension::Closed;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// Time between two drips.
const DRIP: Duration = Duration::from_millis(200);
/// Time between the last byte that is sent and the end of the connection, so that the byte goes out.
const PARTING: Duration = Duration::from_millis(50);

/// An answer on its way to the connection.
pub(super) type Delivered = Response<UnsyncBoxBody<Bytes, Closed>>;

/// The answer as it is.
pub(super) fn whole(response: Response<Bytes>) -> Delivered {
    response.map(|body| Full::new(body).map_err(|never| match never {}).boxed_unsync())
}

/// The whole answer, its body spread over `time`.
pub(super) fn slow(response: Response<Bytes>, time: Duration) -> Delivered {
    let drips = usize::try_from(time.as_millis() / DRIP.as_millis()).unwrap_or(usize::MAX).max(1);
    let piece = response.body().len().div_ceil(drips).max(1);
    dripping(response, usize::MAX, (piece, DRIP))
}

/// The head, which announces the whole body, and the first `bytes` of it (half of them if none are named); then the
/// connection ends.
pub(super) fn truncated(response: Response<Bytes>, bytes: Option<usize>) -> Delivered {
    let kept = bytes.unwrap_or(response.body().len() / 2);
    dripping(response, kept, (usize::MAX, PARTING))
}

fn dripping(mut response: Response<Bytes>, kept: usize, (piece, pause): (usize, Duration)) -> Delivered {
    let length = response.body().len();
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    response.map(|body| {
        let (rest, breaks) = (body.slice(..kept.min(length)), kept < length);
        // Where nothing of the body goes out, the head does.
        let timer = (rest.is_empty() && breaks).then(|| Box::pin(sleep(pause)));
        Dripping { rest, piece, pause, timer, breaks }.boxed_unsync()
    })
}

/// A body in pieces.
struct Dripping {
    rest: Bytes,
    piece: usize,
    pause: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether it ends the connection instead of ending.
    breaks: bool,
}

impl Body for Dripping {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Closed>>> {
        let own = &mut *self;
        if let Some(timer) = &mut own.timer {
            ready!(timer.as_mut().poll(context));
            own.timer = None;
        }
        if own.rest.is_empty() {
            return Poll::Ready(own.breaks.then_some(Err(Closed)));
        }
        let piece = own.rest.split_to(own.piece.min(own.rest.len()));
        own.timer = Some(Box::pin(sleep(own.pause)));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    async fn read(delivered: Delivered) -> (Vec<u8>, bool) {
        let (mut body, mut bytes) = (delivered.into_body(), Vec::new());
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => bytes.extend_from_slice(&frame.into_data().unwrap()),
                Err(Closed) => return (bytes, false),
            }
        }
        (bytes, true)
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_is_whole_and_takes_its_time() {
        let start = Instant::now();
        let text = Bytes::from(vec![b'x'; 333]);
        let delivered = slow(Response::new(text.clone()), Duration::from_secs(10));
        assert_eq!(delivered.headers()[CONTENT_LENGTH], "333");
        assert_eq!(read(delivered).await, (text.to_vec(), true));
        assert!((8..=10).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
        assert_eq!(
            read(slow(Response::new(Bytes::new()), Duration::from_secs(10))).await,
            (Vec::new(), true)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_truncated_body_announces_all_and_brings_a_part() {
        for (bytes, sent) in [(None, 2), (Some(0), 0), (Some(3), 3)] {
            let delivered = truncated(Response::new(Bytes::from_static(b"12345")), bytes);
            assert_eq!(delivered.headers()[CONTENT_LENGTH], "5");
            assert_eq!(read(delivered).await, (b"12345"[..sent].to_vec(), false));
        }
    }
}
