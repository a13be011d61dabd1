//! What is counted of calls, for the agent's `/metrics`. Labels are providers of the configuration and fixed words; a
//! call touches counters that were looked up when its proxy began.

use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds in seconds: from an API next door to the longest patience.
const BUCKETS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];
/// Classes of an API's answers.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    provider: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    provider: String,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Because {
    provider: String,
    reason: String,
}

/// Everything that is counted of all proxies.
#[derive(Debug)]
pub(crate) struct CallMetrics {
    answered: Family<Answered, Counter>,
    refused: Family<Because, Counter>,
    replayed: Family<Of, Counter>,
    rejected: Family<Of, Counter>,
    connections: Family<Of, Gauge>,
    seconds: Family<Of, Histogram, fn() -> Histogram>,
}

impl Default for CallMetrics {
    fn default() -> Self {
        Self {
            answered: Family::default(),
            refused: Family::default(),
            replayed: Family::default(),
            rejected: Family::default(),
            connections: Family::default(),
            seconds: Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram),
        }
    }
}

impl CallMetrics {
    /// Adds them to what is shown.
    pub(crate) fn register(&self, to: &mut Registry) {
        to.register("proxy_answers", "Answers of APIs that were passed on", self.answered.clone());
        to.register(
            "proxy_refusals",
            "Requests that got no answer of the API, and why",
            self.refused.clone(),
        );
        to.register("proxy_replays", "Requests that were sent again after a 401", self.replayed.clone());
        to.register("proxy_unauthorized", "Answers 401 of APIs", self.rejected.clone());
        to.register("proxy_connections", "Open connections of callers", self.connections.clone());
        let text = "How long APIs took to the head of their answer";
        to.register("proxy_answer_seconds", text, self.seconds.clone());
    }

    /// Those of one provider.
    pub(super) fn of(&self, provider: &str) -> OwnMetrics {
        let provider = provider.to_owned();
        let of = Of { provider: provider.clone() };
        let class =
            |status| self.answered.get_or_create(&Answered { provider: provider.clone(), status }).clone();
        OwnMetrics {
            answered: CLASSES.map(class),
            refused: self.refused.clone(),
            replayed: self.replayed.get_or_create(&of).clone(),
            unauthorized: self.rejected.get_or_create(&of).clone(),
            connections: self.connections.get_or_create(&of).clone(),
            seconds: self.seconds.get_or_create(&of).clone(),
            provider,
        }
    }
}

/// What is counted of one provider's calls.
#[derive(Debug)]
pub(super) struct OwnMetrics {
    provider: String,
    answered: [Counter; 5],
    refused: Family<Because, Counter>,
    pub(super) replayed: Counter,
    pub(super) unauthorized: Counter,
    pub(super) connections: Gauge,
    pub(super) seconds: Histogram,
}

impl OwnMetrics {
    pub(super) fn answered(&self, status: StatusCode) {
        if let Some(counter) = self.answered.get(usize::from(status.as_u16() / 100).saturating_sub(1)) {
            counter.inc();
        }
    }

    /// `reason` is one of this crate's words.
    pub(super) fn refused(&self, reason: &str) {
        let because = Because { provider: self.provider.clone(), reason: reason.to_owned() };
        self.refused.get_or_create(&because).inc();
    }
}
