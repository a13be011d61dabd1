//! A connection to the API, which whoever uses it moves on: it has no task of its own, so that an exchange wakes one task,
//! and whoever gives an exchange up ends its connection by dropping it.

use super::body::Outgoing;
use crate::transport::{Stream, TransportError, why};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1};
use hyper_util::rt::TokioIo;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// Most bytes of an answer's head.
const MAX_HEAD: usize = 64 * 1024;

/// An open connection that carries one exchange at a time.
pub(super) struct Connection {
    sender: http1::SendRequest<Outgoing>,
    driver: Driver,
    /// With which of the client's certificates it was made.
    generation: u64,
    alarm: Alarm,
    /// How many sweeps it was not used.
    pub(super) sweeps: u32,
}

/// What moves a connection on. It is dropped at its end: a request that it did not take comes back then.
struct Driver(Option<Pin<Box<Task>>>);

type Task = http1::Connection<TokioIo<Stream>, Outgoing>;

impl Driver {
    fn poll(&mut self, cx: &mut Context<'_>) {
        // How it ended is told to whoever waits for an answer.
        if self.0.as_mut().is_some_and(|driver| driver.as_mut().poll(cx).is_ready()) {
            self.0 = None;
        }
    }
}

/// A deadline that is moved for each exchange. Its timer is not: it rings at an old one, and is set anew then.
struct Alarm {
    sleep: Pin<Box<Sleep>>,
    at: Instant,
}

impl Alarm {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.sleep.as_mut().poll(cx));
            if self.sleep.deadline() >= self.at {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(self.at);
        }
    }
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
    pub(super) async fn over(stream: Stream, generation: u64) -> Result<Self, TransportError> {
        let mut builder = http1::Builder::new();
        let made = builder.max_buf_size(MAX_HEAD).handshake(TokioIo::new(stream)).await;
        let (sender, driver) = made.map_err(|error| why(&error))?;
        let driver = Driver(Some(Box::pin(driver)));
        let at = Instant::now();
        let alarm = Alarm { sleep: Box::pin(sleep_until(at)), at };
        Ok(Self { sender, driver, generation, alarm, sweeps: 0 })
    }

    /// Moves the connection on.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        self.driver.poll(cx);
    }

    /// Whether it could take a request when it was moved on last. If it ended since, a request comes back unsent.
    pub(super) fn is_ready(&self) -> bool {
        self.driver.0.is_some() && self.sender.is_ready()
    }

    /// Moves it on, and says whether it can take a request then.
    pub(super) fn is_usable(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        self.is_ready()
    }

    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }

    /// Sends a request that began at `began` and waits for the head of its answer: at most `longest` after the request, of
    /// which `moved` says that some more of its body went.
    pub(super) async fn send(
        &mut self,
        request: Request<Outgoing>,
        moved: Option<&AtomicBool>,
        (began, longest): (Instant, Duration),
    ) -> Result<Response<Incoming>, Failed> {
        let mut answer = pin!(self.sender.try_send_request(request));
        self.alarm.at = began + longest;
        let answered = poll_fn(|cx| {
            self.driver.poll(cx);
            // The driver alone brings it, so nobody need be woken for it; a task that wakes itself is polled once more.
            if let Poll::Ready(answer) = answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return Poll::Ready(Some(answer));
            }
            while self.alarm.poll(cx).is_ready() {
                if !moved.is_some_and(|moved| moved.swap(false, Ordering::Relaxed)) {
                    return Poll::Ready(None);
                }
                self.alarm.at = Instant::now() + longest;
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
