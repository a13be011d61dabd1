//! Bodies on their way through, in both directions: data as it comes, no trailer fields, and an end to waiting for more.

use super::caller::UnderWay;
use super::connection::Connection;
use super::pool::Pool;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// Why a body ended too early.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// The connection did.
    #[error(transparent)]
    Broken(#[from] hyper::Error),
    /// Nothing came for too long.
    #[error("the body paused for too long")]
    Silence,
}

/// A time that must not pass in silence. Whatever comes without waiting costs no timer.
pub(super) struct Silence {
    longest: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Silence {
    pub(super) const fn new(longest: Duration) -> Self {
        Self { longest, sleep: None }
    }

    /// Something came.
    pub(super) fn heard(&mut self) {
        self.sleep = None;
    }

    /// Whether it was too long. To be asked when there is nothing.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let longest = self.longest;
        self.sleep.get_or_insert_with(|| Box::pin(sleep(longest))).as_mut().poll(cx)
    }
}

/// What is sent to the API.
pub(super) enum Outgoing {
    /// All of it is there, and may be sent again. Empty: no body.
    Whole(Bytes),
    /// It goes along as it comes, once.
    Streamed(Streamed),
}

/// A caller's body.
pub(super) struct Streamed {
    body: Incoming,
    silence: Silence,
    /// Whether some of it came since somebody looked.
    moved: Arc<AtomicBool>,
}

impl Outgoing {
    /// A caller's body as it comes, and how somebody may see that it does.
    pub(super) fn streamed(body: Incoming, longest: Duration) -> (Self, Arc<AtomicBool>) {
        let moved = Arc::new(AtomicBool::new(false));
        let silence = Silence::new(longest);
        (Self::Streamed(Streamed { body, silence, moved: Arc::clone(&moved) }), moved)
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Streamed(Streamed { body, silence, moved }) => match poll_data(body, cx) {
                Poll::Ready(frame) => {
                    silence.heard();
                    moved.store(true, Ordering::Relaxed);
                    Poll::Ready(frame)
                }
                Poll::Pending => {
                    ready!(silence.poll(cx));
                    Poll::Ready(Some(Err(BodyError::Silence)))
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Streamed(streamed) => streamed.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Streamed(streamed) => streamed.body.size_hint(),
        }
    }
}

/// What a caller gets.
pub(super) struct Answer {
    body: Source,
    /// Until the answer is over.
    pub(super) under_way: Option<UnderWay>,
}

enum Source {
    /// The proxy's own words, or no body.
    Own(Full<Bytes>),
    /// The API's, as they come.
    Passed(Box<Passed>),
}

/// An API's body. It holds the connection that it comes on and moves it on; dropped before its end, it ends the connection.
pub(super) struct Passed {
    body: Incoming,
    connection: Option<Connection>,
    pool: Arc<Pool>,
    silence: Silence,
}

impl Answer {
    /// The proxy's own words, or none.
    pub(super) fn own(text: Vec<u8>) -> Self {
        Self { body: Source::Own(Full::new(Bytes::from(text))), under_way: None }
    }

    /// The API's body, with the connection that it comes on.
    pub(super) fn passed(
        body: Incoming,
        connection: Connection,
        pool: &Arc<Pool>,
        longest: Duration,
    ) -> Self {
        if body.is_end_stream() {
            pool.put(connection);
            return Self::own(Vec::new());
        }
        let (connection, pool) = (Some(connection), Arc::clone(pool));
        let passed = Passed { body, connection, pool, silence: Silence::new(longest) };
        Self { body: Source::Passed(Box::new(passed)), under_way: None }
    }
}

impl Passed {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        // Nobody else moves the connection on, so nobody need be woken for what it brings.
        let mut unwoken = Context::from_waker(Waker::noop());
        let mut polled = poll_data(&mut self.body, &mut unwoken);
        if polled.is_pending() {
            if let Some(connection) = &mut self.connection {
                connection.drive(cx);
            }
            polled = poll_data(&mut self.body, &mut unwoken);
        }
        match polled {
            Poll::Ready(Some(Err(error))) => {
                self.connection = None;
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(frame) => {
                self.silence.heard();
                if frame.is_none() || self.body.is_end_stream() {
                    self.release();
                }
                Poll::Ready(frame)
            }
            Poll::Pending => {
                ready!(self.silence.poll(cx));
                self.connection = None;
                Poll::Ready(Some(Err(BodyError::Silence)))
            }
        }
    }

    fn release(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool.put(connection);
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Self { body, under_way } = self.get_mut();
        under_way.iter().for_each(UnderWay::is_read);
        let polled = match body {
            Source::Own(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Source::Passed(passed) => passed.poll_frame(cx),
        };
        if polled.is_ready() {
            under_way.iter().for_each(UnderWay::hands_over);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Source::Own(body) => body.is_end_stream(),
            Source::Passed(passed) => passed.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Source::Own(body) => body.size_hint(),
            Source::Passed(passed) => passed.body.size_hint(),
        }
    }
}

/// The next data of a body; trailer fields are left out.
fn poll_data(body: &mut Incoming, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
    loop {
        match ready!(Pin::new(&mut *body).poll_frame(cx)) {
            Some(Ok(frame)) if frame.is_data() => return Poll::Ready(Some(Ok(frame))),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => return Poll::Ready(None),
        }
    }
}
