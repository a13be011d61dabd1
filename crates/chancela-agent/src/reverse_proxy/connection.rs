//! A connection to the API, which whoever uses it moves on: it has no task of its own, so that an exchange wakes one task,
//! and whoever gives an exchange up ends its connection by dropping it.

use super::body::{Outgoing, Silence};
use crate::transport::{Stream, TransportError, why};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1};
use hyper_util::rt::TokioIo;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::time::Instant;

/// Most bytes of an answer's head.
const MAX_HEAD: usize = 64 * 1024;

/// An open connection that carries one exchange at a time.
pub(super) struct Connection {
    sender: http1::SendRequest<Outgoing>,
    driver: Pin<Box<http1::Connection<TokioIo<Stream>, Outgoing>>>,
    is_over: bool,
    /// With which of the client's certificates it was made.
    generation: u64,
    unused_since: Instant,
}

/// Why there is no answer.
pub(super) enum Failed {
    /// The connection was over before anything of the request was written.
    Unsent(Box<Request<Outgoing>>, TransportError),
    /// It ended, and the API may have acted.
    Broken(TransportError),
    /// The caller's body stopped.
    CallerSilent,
    /// The API took too long.
    TimedOut,
}

impl Connection {
    pub(super) async fn over(stream: Stream, generation: u64) -> Result<Box<Self>, TransportError> {
        let mut builder = http1::Builder::new();
        let made = builder.max_buf_size(MAX_HEAD).handshake(TokioIo::new(stream)).await;
        let (sender, driver) = made.map_err(|error| why(&error))?;
        let driver = Box::pin(driver);
        Ok(Box::new(Self { sender, driver, is_over: false, generation, unused_since: Instant::now() }))
    }

    /// Moves the connection on.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.is_over {
            // How it ended is told to whoever waits for an answer.
            self.is_over = self.driver.as_mut().poll(cx).is_ready();
        }
    }

    /// Whether it can take a request, as far as can be seen from here.
    pub(super) fn is_usable(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        !self.is_over && self.sender.is_ready()
    }

    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) const fn unused_since(&self) -> Instant {
        self.unused_since
    }

    pub(super) fn rests(&mut self) {
        self.unused_since = Instant::now();
    }

    /// Sends a request and waits for the head of its answer: at most `longest` after the request, of which `moved` says that
    /// some more of its body went.
    pub(super) async fn send(
        &mut self,
        request: Request<Outgoing>,
        moved: Option<&AtomicBool>,
        longest: Duration,
    ) -> Result<Response<Incoming>, Failed> {
        let mut answer = pin!(self.sender.try_send_request(request));
        let mut silence = Silence::new(longest);
        let answered = poll_fn(|cx| {
            if !self.is_over {
                self.is_over = self.driver.as_mut().poll(cx).is_ready();
            }
            if let Poll::Ready(answer) = answer.as_mut().poll(cx) {
                return Poll::Ready(Some(answer));
            }
            while silence.poll(cx).is_ready() {
                if !moved.is_some_and(|moved| moved.swap(false, Ordering::Relaxed)) {
                    return Poll::Ready(None);
                }
                silence.heard();
            }
            Poll::Pending
        });
        match answered.await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error)) => Err(failed(error)),
            None => Err(Failed::TimedOut),
        }
    }
}

fn failed(mut error: TrySendError<Request<Outgoing>>) -> Failed {
    let request = error.take_message();
    let error = error.into_error();
    if let Some(request) = request {
        return Failed::Unsent(Box::new(request), why(&error));
    }
    match error.is_user() {
        true => Failed::CallerSilent,
        false => Failed::Broken(why(&error)),
    }
}
