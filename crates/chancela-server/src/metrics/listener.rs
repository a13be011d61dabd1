//! Counters of TLS listeners. Labels are the listener's name and a closed list of reasons.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ListenerLabel {
    listener: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabel {
    listener: &'static str,
    reason: &'static str,
}

/// Why a TLS handshake failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeFailure {
    /// It took too long, or found no place.
    Timeout,
    /// No version, suite, group or protocol in common.
    Incompatible,
    /// The client's certificate is too large, cannot be read, or is not the client's.
    ClientCertificate,
    /// The client did not speak TLS as it is written.
    Malformed,
    /// The client refused: it does not trust the server's certificate, for example.
    RefusedByClient,
    /// The connection ended.
    Closed,
    /// Anything else.
    Other,
}

impl HandshakeFailure {
    const ALL: [Self; 7] = [
        Self::Timeout,
        Self::Incompatible,
        Self::ClientCertificate,
        Self::Malformed,
        Self::RefusedByClient,
        Self::Closed,
        Self::Other,
    ];

    /// Its name in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Incompatible => "incompatible",
            Self::ClientCertificate => "client_certificate",
            Self::Malformed => "malformed",
            Self::RefusedByClient => "refused_by_client",
            Self::Closed => "closed",
            Self::Other => "other",
        }
    }
}

/// The families of all listeners.
#[derive(Debug, Default)]
pub(super) struct ListenerFamilies {
    expires: Family<ListenerLabel, Gauge>,
    failed: Family<FailureLabel, Counter>,
}

impl ListenerFamilies {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "tls_certificate_expires_seconds",
            "When the certificate of a listener ends, in seconds since the epoch",
            self.expires.clone(),
        );
        registry.register(
            "tls_handshakes_failed",
            "TLS handshakes that failed, by reason",
            self.failed.clone(),
        );
    }

    pub(super) fn handles(&self, listener: &'static str) -> ListenerMetrics {
        let failed = HandshakeFailure::ALL.map(|reason| {
            let label = FailureLabel { listener, reason: reason.as_str() };
            self.failed.get_or_create(&label).clone()
        });
        ListenerMetrics {
            certificate_expires: self.expires.get_or_create(&ListenerLabel { listener }).clone(),
            failed: Arc::new(failed),
        }
    }
}

/// Counters of one TLS listener.
#[derive(Debug, Clone)]
pub struct ListenerMetrics {
    /// When its certificate ends, in seconds since the epoch.
    pub certificate_expires: Gauge,
    failed: Arc<[Counter; HandshakeFailure::ALL.len()]>,
}

impl ListenerMetrics {
    /// Counts a handshake that failed.
    pub fn failed(&self, reason: HandshakeFailure) {
        self.failed[reason as usize].inc();
    }
}
