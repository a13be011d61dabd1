//! The client certificate of a request: of its connection, or of the connection to a proxy that is believed.

use super::{Carried, Link, Outcome, forged};
use crate::realm::Realm;
use crate::server::Server;
use crate::transport::peer::{Channel, Peer, PeerCertificates};
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::time::Timestamp;
use chancela_core::x509::PresentedCertificate;
use http::request::Parts;
use rustls::pki_types::CertificateDer;
use std::sync::Arc;

impl<S> Server<S> {
    /// What `realm` thinks of the certificate that the sender of a request showed; `None` if there is none.
    ///
    /// # Errors
    /// [`Rule::AmbiguousClientCertificate`] if a believed proxy's header does not say which one it is.
    pub fn client_certificate(
        &self,
        realm: &Realm,
        peer: &Peer,
        head: &Parts,
    ) -> Result<Option<Arc<PresentedCertificate>>, Rejection> {
        let now = self.clock.now();
        let own = peer.certificates.as_deref();
        let except = realm.certificate_headers();
        // whoever listens between proxy and server could write the header, or repeat a MAC.
        let overheard = peer.channel == Channel::Plain && !peer.address.to_canonical().is_loopback();
        let Some(forwarded) = self.forwarded.as_ref().filter(|_| !overheard) else {
            if forged(&head.headers, &except) {
                note_forgery(realm, peer);
            }
            return Ok(own.and_then(|own| self.present(realm, own, now)));
        };
        let link = Link {
            unix_socket: peer.channel == Channel::UnixSocket,
            certificate: own.and_then(|own| own.leaf()).map(AsRef::as_ref),
        };
        let carried = Carried {
            method: head.method.as_str(),
            path: head.uri.path(),
            headers: &head.headers,
            except: &except,
        };
        match forwarded.read(&link, &carried, now) {
            Outcome::NoneShown => Ok(None),
            Outcome::Certificates(chain) => {
                let chain = chain.into_iter().map(CertificateDer::from).collect();
                Ok(self.present(realm, &PeerCertificates::new(chain), now))
            }
            Outcome::Refused(why) => {
                tracing::warn!(target: "audit", realm = realm.name, %why, "a client certificate header was refused");
                Err(Rule::AmbiguousClientCertificate.into())
            }
            outcome @ (Outcome::Absent | Outcome::Unproven) => {
                if outcome == Outcome::Unproven {
                    note_forgery(realm, peer);
                }
                Ok(own.and_then(|own| self.present(realm, own, now)))
            }
        }
    }

    fn present(
        &self,
        realm: &Realm,
        peer: &PeerCertificates,
        now: Timestamp,
    ) -> Option<Arc<PresentedCertificate>> {
        realm.trust.present(realm.certificate_authority.as_ref(), &self.revoked, peer, now)
    }
}

/// Whoever sends such a header without being a proxy tries something, or has a proxy that nobody configured.
fn note_forgery(realm: &Realm, peer: &Peer) {
    realm.metrics.forged_certificate_headers.inc();
    tracing::warn!(
        target: "audit",
        realm = realm.name,
        peer = %peer.address,
        "a client certificate header came from nobody who proved to be a proxy; it was ignored"
    );
}
