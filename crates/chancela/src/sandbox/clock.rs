//! A clock that tests move forward, so that thirty days pass in a moment: the machine's, and how much was added to it.

use crate::store::ConfiguredStore;
use bytes::Bytes;
use chancela_core::time::Timestamp;
use chancela_server::clock::{Clock, SystemClock};
use chancela_server::extension::{Answer, Extension};
use chancela_server::server::Server;
use http::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Where it is moved.
pub(super) const PATH: &str = "/_sandbox/clock";
/// The most that one request adds, in seconds: ten years.
const MOST: i64 = 10 * 366 * 86_400;

/// The clock.
#[derive(Debug, Default)]
pub(super) struct MovableClock {
    added_millis: AtomicI64,
}

impl MovableClock {
    /// Moves it forward. It is as if the time had passed: keys of the server that were due meanwhile are there.
    pub(super) async fn advance(&self, seconds: i64, server: &Server<ConfiguredStore>) {
        let add = |added: i64| Some(added.saturating_add(seconds.saturating_mul(1000)));
        let _ = self.added_millis.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        if let Err(error) = server.maintain_keys().await {
            tracing::error!(%error, "the key schedule could not be kept");
        }
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        let added = self.added_millis.load(Ordering::Relaxed);
        Timestamp::from_millis(SystemClock.now().millis().saturating_add(added))
    }
}

/// Moves the clock.
#[derive(Debug)]
pub(super) struct ClockControl {
    pub(super) clock: Arc<MovableClock>,
    pub(super) server: Arc<Server<ConfiguredStore>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: i64,
}

impl Extension for ClockControl {
    fn respond(&self, request: Request<Bytes>) -> Answer<'_> {
        Box::pin(async move {
            if request.method() != Method::POST {
                return answer(StatusCode::METHOD_NOT_ALLOWED, "only POST");
            }
            // Time never goes back: what has expired for one part must not be good again for another.
            let wanted: Option<Advance> = serde_json::from_slice(request.body()).ok();
            let Some(advance) = wanted.filter(|wanted| (0..=MOST).contains(&wanted.advance_seconds)) else {
                return answer(
                    StatusCode::BAD_REQUEST,
                    "send {\"advance_seconds\": N}, N from 0 to ten years",
                );
            };
            self.clock.advance(advance.advance_seconds, &self.server).await;
            answer(StatusCode::OK, &json!({ "now": self.clock.now().seconds() }).to_string())
        })
    }
}

fn answer(status: StatusCode, text: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!("{text}\n")));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_the_machines_until_it_is_moved() {
        let clock = MovableClock::default();
        let before = clock.now().millis();
        clock.added_millis.fetch_add(3_600_000, Ordering::Relaxed);
        assert!((3_600_000..3_660_000).contains(&(clock.now().millis() - before)));
    }
}
