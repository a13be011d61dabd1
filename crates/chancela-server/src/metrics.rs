//! Counters and histograms for Prometheus, with handles held by whoever counts so that counting looks nothing up.
//! No label comes from a request.

mod listener;

pub use listener::{HandshakeFailure, ListenerMetrics};

use chancela_core::rejection::Rule;
use listener::ListenerFamilies;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RealmLabel {
    realm: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabel {
    realm: String,
    rule: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabel {
    realm: String,
    outcome: &'static str,
}

/// What became of the delivery of a logout token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// The application took it.
    Accepted,
    /// The application refused it.
    Refused,
    /// It did not arrive, however often it was tried.
    Failed,
    /// It was not tried: there was no place for it, or the application is gone.
    Dropped,
}

impl Delivered {
    const ALL: [Self; 4] = [Self::Accepted, Self::Refused, Self::Failed, Self::Dropped];

    /// Its name in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// All counters of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    issued: Family<RealmLabel, Counter>,
    introspected: Family<RealmLabel, Counter>,
    revoked: Family<RealmLabel, Counter>,
    authorized: Family<RealmLabel, Counter>,
    logins: Family<RealmLabel, Counter>,
    refused: Family<RefusalLabel, Counter>,
    delivered: Family<DeliveryLabel, Counter>,
    certificates_expiring: Family<RealmLabel, Gauge>,
    forged_certificate_headers: Family<RealmLabel, Counter>,
    listeners: ListenerFamilies,
    /// Open connections.
    pub connections: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("chancela");
        let issued = Family::<RealmLabel, Counter>::default();
        let introspected = Family::<RealmLabel, Counter>::default();
        let revoked = Family::<RealmLabel, Counter>::default();
        let authorized = Family::<RealmLabel, Counter>::default();
        let logins = Family::<RealmLabel, Counter>::default();
        let refused = Family::<RefusalLabel, Counter>::default();
        let delivered = Family::<DeliveryLabel, Counter>::default();
        let certificates_expiring = Family::<RealmLabel, Gauge>::default();
        let forged_certificate_headers = Family::<RealmLabel, Counter>::default();
        let connections = Gauge::default();
        registry.register("tokens_issued", "Access tokens issued", issued.clone());
        registry.register("tokens_introspected", "Introspection requests answered", introspected.clone());
        registry.register("tokens_revoked", "Revocation requests answered", revoked.clone());
        registry.register("codes_issued", "Authorization codes issued", authorized.clone());
        registry.register("logins", "Logins finished", logins.clone());
        registry.register("requests_refused", "Requests refused, by the rule they broke", refused.clone());
        registry.register("logouts_delivered", "Logout tokens, by what became of them", delivered.clone());
        registry.register(
            "certificates_expiring",
            "Client certificates that expire within the days of the first warning",
            certificates_expiring.clone(),
        );
        registry.register(
            "forged_certificate_headers",
            "Client certificate headers from nobody who proved to be a proxy",
            forged_certificate_headers.clone(),
        );
        registry.register("connections", "Open connections of clients", connections.clone());
        let listeners = ListenerFamilies::default();
        listeners.register(&mut registry);
        Self {
            registry,
            issued,
            introspected,
            revoked,
            authorized,
            logins,
            refused,
            delivered,
            certificates_expiring,
            forged_certificate_headers,
            listeners,
            connections,
        }
    }
}

impl Metrics {
    /// Handles for one realm.
    pub fn realm(&self, name: &str) -> RealmMetrics {
        let label = RealmLabel { realm: name.to_owned() };
        let refused = Rule::ALL
            .iter()
            .map(|rule| {
                let label = RefusalLabel { realm: name.to_owned(), rule: rule.name() };
                self.refused.get_or_create(&label).clone()
            })
            .collect();
        let delivered = Delivered::ALL.map(|outcome| {
            let label = DeliveryLabel { realm: name.to_owned(), outcome: outcome.as_str() };
            self.delivered.get_or_create(&label).clone()
        });
        RealmMetrics {
            issued: self.issued.get_or_create(&label).clone(),
            introspected: self.introspected.get_or_create(&label).clone(),
            revoked: self.revoked.get_or_create(&label).clone(),
            authorized: self.authorized.get_or_create(&label).clone(),
            logins: self.logins.get_or_create(&label).clone(),
            certificates_expiring: self.certificates_expiring.get_or_create(&label).clone(),
            forged_certificate_headers: self.forged_certificate_headers.get_or_create(&label).clone(),
            refused,
            delivered: Arc::new(delivered),
        }
    }

    /// Handles for one TLS listener.
    pub fn listener(&self, name: &'static str) -> ListenerMetrics {
        self.listeners.handles(name)
    }

    /// The text that Prometheus reads.
    pub fn render(&self) -> String {
        let mut out = String::new();
        if encode(&mut out, &self.registry).is_err() {
            out.clear();
        }
        out
    }
}

/// Counters of one realm.
#[derive(Debug, Clone)]
pub struct RealmMetrics {
    /// Tokens issued.
    pub issued: Counter,
    /// Introspections answered.
    pub introspected: Counter,
    /// Revocations answered.
    pub revoked: Counter,
    /// Authorization codes issued.
    pub authorized: Counter,
    /// Logins finished.
    pub logins: Counter,
    /// Client certificates of the realm's authority of whose end was warned.
    pub certificates_expiring: Gauge,
    /// Client certificate headers from nobody who proved to be a proxy.
    pub forged_certificate_headers: Counter,
    refused: Arc<[Counter]>,
    delivered: Arc<[Counter; Delivered::ALL.len()]>,
}

impl RealmMetrics {
    /// Counts what became of a logout token.
    pub fn delivered(&self, outcome: Delivered) {
        self.delivered[outcome as usize].inc();
    }

    /// Counts a refusal.
    pub fn refused(&self, rule: Rule) {
        if let Some(counter) = self.refused.get(rule as usize) {
            counter.inc();
        }
    }
}
