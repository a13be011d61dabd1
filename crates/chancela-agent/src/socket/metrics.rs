//! Counters, and what is measured when somebody looks. Labels are providers of the configuration and fixed words.

use super::news::Standing;
use crate::engine::Class;
use crate::reverse_proxy::CallMetrics;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds in seconds: from a provider next door to the longest patience.
const BUCKETS: [f64; 10] = [0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    provider: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    provider: String,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    provider: String,
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Because {
    provider: String,
    reason: &'static str,
}

/// How a caller got its token.
#[derive(Debug, Clone, Copy)]
pub(super) enum Served {
    /// It was there.
    Cached,
    /// It came while the caller waited.
    Waited,
    /// It did not.
    Failed,
}

/// Providers and a number of each.
type ByProvider = [(String, i64)];

/// Everything that is counted.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Outcome, Counter>,
    durations: Family<Of, Histogram, fn() -> Histogram>,
    served: Family<State, Counter>,
    rejected: Family<Of, Counter>,
    forbidden: Counter,
    pub(super) connections: Gauge,
    pub(super) slow: Counter,
    tokens: Family<Of, Gauge>,
    sessions: Family<Of, Gauge>,
    certificates: Family<Of, Gauge>,
    budgets: Family<Of, Gauge>,
    pauses: Family<Because, Gauge>,
    skews: Family<Of, Gauge>,
    /// Of reverse proxies.
    pub(super) calls: CallMetrics,
    /// One look at a time fills the gauges.
    looking: Mutex<()>,
}

impl Default for Metrics {
    fn default() -> Self {
        let durations = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        let mut own = Self {
            registry: Registry::with_prefix("chancela_agent"),
            requests: Family::default(),
            durations,
            served: Family::default(),
            rejected: Family::default(),
            forbidden: Counter::default(),
            connections: Gauge::default(),
            slow: Counter::default(),
            tokens: Family::default(),
            sessions: Family::default(),
            certificates: Family::default(),
            budgets: Family::default(),
            pauses: Family::default(),
            skews: Family::default(),
            calls: CallMetrics::default(),
            looking: Mutex::default(),
        };
        own.register_counters();
        own.register_gauges();
        own.calls.register(&mut own.registry);
        own
    }
}

impl Metrics {
    fn register_counters(&mut self) {
        let to = &mut self.registry;
        to.register("token_requests", "Token requests, by what came of them", self.requests.clone());
        to.register("token_request_seconds", "How long token requests took", self.durations.clone());
        to.register("served", "Callers who asked for a token, by how they got it", self.served.clone());
        to.register(
            "rejected",
            "Tokens that an API refused and that were renewed for it",
            self.rejected.clone(),
        );
        to.register("forbidden", "Requests that no rule allows", self.forbidden.clone());
        to.register("connections", "Open connections to the socket", self.connections.clone());
        to.register("slow_readers", "Callers who read events too slowly and were dropped", self.slow.clone());
    }

    fn register_gauges(&mut self) {
        let to = &mut self.registry;
        let text = "When the first of the usable tokens ends";
        to.register("token_expires_timestamp_seconds", text, self.tokens.clone());
        let text = "When the first of the sessions ends";
        to.register("refresh_token_expires_timestamp_seconds", text, self.sessions.clone());
        let text = "When the client certificate ends";
        to.register("cert_expires_timestamp_seconds", text, self.certificates.clone());
        let text = "Calls of the token endpoint that are left";
        to.register("endpoint_budget_remaining", text, self.budgets.clone());
        let text = "Seconds by which the provider's clock is ahead of ours";
        to.register("clock_skew_seconds", text, self.skews.clone());
        let text = "Until when no token request is made";
        to.register("cooldown_until_timestamp_seconds", text, self.pauses.clone());
    }

    pub(super) fn asked(&self, provider: &str, took: Duration, result: Result<(), Class>) {
        let result = match result {
            Ok(()) => "granted",
            Err(Class::Unsent) => "unsent",
            Err(Class::Busy) => "busy",
            Err(Class::Lost) => "lost",
            Err(Class::Credentials) => "credentials",
            Err(Class::Request) => "request",
            Err(Class::Grant) => "grant",
            Err(Class::Local) => "local",
        };
        self.requests.get_or_create(&Outcome { provider: provider.to_owned(), result }).inc();
        self.durations.get_or_create(&Of { provider: provider.to_owned() }).observe(took.as_secs_f64());
    }

    pub(super) fn served(&self, provider: &str, how: Served) {
        let state = match how {
            Served::Cached => "cached",
            Served::Waited => "waited",
            Served::Failed => "failed",
        };
        self.served.get_or_create(&State { provider: provider.to_owned(), state }).inc();
    }

    pub(super) fn rejected(&self, provider: &str) {
        self.rejected.get_or_create(&Of { provider: provider.to_owned() }).inc();
    }

    pub(super) fn forbidden(&self) {
        self.forbidden.inc();
    }

    /// The text that Prometheus reads. `wall` is the time in milliseconds since the epoch, and certificates are the ends of
    /// providers' client certificates in seconds, skews how far their clocks are from ours.
    pub(super) fn render(
        &self,
        wall: i64,
        standing: &[Standing],
        (certificates, skews): (&ByProvider, &ByProvider),
    ) -> String {
        let _one = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        self.tokens.clear();
        self.sessions.clear();
        self.certificates.clear();
        self.budgets.clear();
        self.pauses.clear();
        self.skews.clear();
        for (provider, skew) in skews {
            self.skews.get_or_create(&Of { provider: provider.clone() }).set(*skew);
        }
        for (provider, ends_at) in certificates {
            self.certificates.get_or_create(&Of { provider: provider.clone() }).set(*ends_at);
        }
        let at = |millis: i64| wall.saturating_add(millis).div_euclid(1000);
        for Standing { name, status } in standing {
            let of = Of { provider: name.provider.clone() };
            let first = |family: &Family<Of, Gauge>, value: i64| {
                let gauge = family.get_or_create(&of);
                // A gauge that is not set yet is 0, which no moment of ours is.
                if gauge.get() == 0 || value < gauge.get() {
                    gauge.set(value);
                }
            };
            if status.token.is_some() && name.is_last {
                first(&self.tokens, at(status.left));
            }
            if let Some(ends_at) = status.session_ends_at {
                first(&self.sessions, ends_at);
            }
            if let Some(left) = status.budget_left {
                // Keys of one endpoint have one budget; of several, the last that is looked at stands.
                self.budgets.get_or_create(&of).set(i64::try_from(left).unwrap_or(i64::MAX));
            }
            if let Some(trouble) = &status.trouble {
                let reason = trouble.reason.as_str();
                let because = Because { provider: of.provider.clone(), reason };
                self.pauses.get_or_create(&because).set(at(trouble.after.unwrap_or(0)));
            }
        }
        let mut out = String::new();
        if encode(&mut out, &self.registry).is_err() {
            out.clear();
        }
        out
    }
}
