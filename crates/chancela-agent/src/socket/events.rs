//! `GET /v1/events`: news as they come, as server-sent events (HTML Living Standard, section 9.2).

use super::news::News;
use super::policy::{Caller, Policy};
use bytes::Bytes;
use hyper::body::{Body, Frame};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// After how long a silence a comment is sent: a caller who is gone is noticed by it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Events that go out as long as somebody reads them.
pub(super) struct Events {
    queue: mpsc::Receiver<Bytes>,
    silence: Interval,
    /// Said at the beginning, so that a caller knows that it is heard.
    begun: bool,
}

impl Events {
    /// Begins to listen. `None` if too many do.
    pub(super) fn open(
        news: &News,
        policy: &Arc<Policy>,
        caller: Caller,
        hang_up: &Arc<Notify>,
    ) -> Option<Self> {
        let queue = news.subscribe(policy, caller, hang_up)?;
        let mut silence = interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
        silence.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Some(Self { queue, silence, begun: false })
    }
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        let comment =
            |text: &'static str| Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(text.as_bytes())))));
        if !this.begun {
            this.begun = true;
            return comment(": listening\n\n");
        }
        if let Poll::Ready(event) = this.queue.poll_recv(cx) {
            this.silence.reset();
            return Poll::Ready(event.map(|event| Ok(Frame::data(event))));
        }
        match this.silence.poll_tick(cx) {
            Poll::Ready(_) => comment(":\n\n"),
            Poll::Pending => Poll::Pending,
        }
    }
}
