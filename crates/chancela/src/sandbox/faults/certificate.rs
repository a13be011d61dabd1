//! The TLS listeners' certificate, or one that has expired, as the faults say at each handshake.

use super::Faults;
use crate::failure::Failure;
use chancela_server::tls::ServerCertificate;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::Path;
use std::sync::Arc;

/// What handshakes are shown.
#[derive(Debug)]
pub(in crate::sandbox) struct Shown {
    pub(in crate::sandbox) good: Arc<ServerCertificate>,
    pub(in crate::sandbox) expired: Arc<CertifiedKey>,
    pub(in crate::sandbox) faults: Arc<Faults>,
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if self.faults.strike_handshake() {
            Some(Arc::clone(&self.expired))
        } else {
            self.good.resolve(hello)
        }
    }
}

/// Reads a chain and its key without a look at their validity.
pub(in crate::sandbox) fn read(chain: &Path, key: &Path) -> Result<Arc<CertifiedKey>, Failure> {
    let wrong = |path: &Path, error: &dyn std::fmt::Display| {
        Failure::Other(format!("{}: {error}; remove the folder `tls` of the data folder", path.display()))
    };
    let chain_of = CertificateDer::pem_file_iter(chain).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let key_of = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
    let certified = CertifiedKey::from_der(
        chain_of.map_err(|error| wrong(chain, &error))?,
        key_of,
        &aws_lc_rs::default_provider(),
    );
    certified.map(Arc::new).map_err(|error| wrong(chain, &error))
}
