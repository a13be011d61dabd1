//! The server's own certificate: read from two PEM files, checked, and replaced while serving when the files change.
//!
//! Whoever renews a certificate only has to write the files. They are looked at every few seconds; a change is taken once
//! the files have stood still from one look to the next, so that two files need not be replaced at one moment. What does
//! not fit or is not valid changes nothing but the log: the certificate before it stays in use. Connections keep the
//! certificate that they began with.

use super::error::TlsError;
use arc_swap::ArcSwap;
use chancela_core::time::Timestamp;
use chancela_core::x509::Certificate;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// Largest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// Days before the end at which the log warns.
const WARNINGS: [i64; 3] = [30, 15, 7];
/// Seconds of a day.
const DAY: i64 = 24 * 3600;

/// Where certificate and key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The chain in PEM, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its private key in PEM, readable by the server's user alone.
    pub key: PathBuf,
}

/// The certificate of one listener.
#[derive(Debug)]
pub struct ServerCertificate {
    listener: &'static str,
    files: CertificateFiles,
    current: ArcSwap<Loaded>,
    looked: Mutex<Looked>,
}

#[derive(Debug)]
struct Loaded {
    certified: Arc<CertifiedKey>,
    certificate: Certificate,
}

/// What earlier looks at the files found.
#[derive(Debug, Default)]
struct Looked {
    /// The files at the last look.
    last: Option<Stamps>,
    /// The files in use.
    used: Option<Stamps>,
    /// What the log was last told about files that cannot be used.
    complaint: Option<String>,
    /// The shortest time, in days, that the log was warned of for the certificate in use.
    warned: Option<i64>,
}

/// What tells one state of the two files from another.
type Stamps = [Stamp; 2];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    mode: u32,
}

impl ServerCertificate {
    /// Reads and checks the files. `listener` names it in the log.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(listener: &'static str, files: CertificateFiles, now: Timestamp) -> Result<Self, TlsError> {
        let used = stamps(&files)?;
        let current = ArcSwap::from_pointee(read(&files, now)?);
        let looked = Looked { last: Some(used), used: Some(used), ..Looked::default() };
        let own = Self { listener, files, current, looked: Mutex::new(looked) };
        own.warn(&mut own.looked.lock().unwrap_or_else(PoisonError::into_inner), now);
        Ok(own)
    }

    /// Looks whether the files have changed, and takes them if they stand still and can be used. For calling every few
    /// seconds; reads small files.
    pub fn look(&self, now: Timestamp) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        match self.renewed(&mut looked, now) {
            Ok(None) => {}
            Ok(Some(loaded)) => {
                tracing::info!(
                    listener = self.listener,
                    expires = loaded.certificate.not_after,
                    "the server's certificate was replaced"
                );
                self.current.store(Arc::new(loaded));
                (looked.complaint, looked.warned) = (None, None);
            }
            Err(error) => {
                let text = error.to_string();
                if looked.complaint.as_ref() != Some(&text) {
                    let listener = self.listener;
                    tracing::error!(listener, error = text, "the certificate before this one stays in use");
                    looked.complaint = Some(text);
                }
            }
        }
        self.warn(&mut looked, now);
    }

    /// End of the validity of the certificate in use, in seconds since the epoch.
    pub fn expires(&self) -> i64 {
        self.current.load().certificate.not_after
    }

    /// What new files hold; `None` if there is nothing new yet.
    fn renewed(&self, looked: &mut Looked, now: Timestamp) -> Result<Option<Loaded>, TlsError> {
        let stamps = stamps(&self.files)?;
        let still = looked.last.replace(stamps) == Some(stamps);
        if looked.used == Some(stamps) || !still {
            return Ok(None);
        }
        let loaded = read(&self.files, now)?;
        looked.used = Some(stamps);
        Ok(Some(loaded))
    }

    /// Tells the log, once for each time in [`WARNINGS`], how soon the certificate ends. A time counts only if the
    /// certificate lives more than twice as long: short-lived ones are renewed within it.
    fn warn(&self, looked: &mut Looked, now: Timestamp) {
        let certificate = &self.current.load().certificate;
        let left = certificate.not_after - now.seconds();
        let life = certificate.not_after - certificate.not_before;
        let due = WARNINGS.into_iter().rfind(|days| left <= days * DAY && life > 2 * days * DAY);
        let due = if left < 0 { Some(0) } else { due };
        let Some(days) = due else { return };
        if looked.warned.is_some_and(|warned| warned <= days) {
            return;
        }
        looked.warned = Some(days);
        let (listener, path) = (self.listener, self.files.certificate.display());
        if days == 0 {
            tracing::error!(listener, %path, "the server's certificate has expired; renew it and replace the files");
        } else {
            let days = left / DAY;
            tracing::warn!(listener, %path, days, "the server's certificate ends soon; renew it and replace the files");
        }
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.load().certified))
    }
}

fn stamps(files: &CertificateFiles) -> Result<Stamps, TlsError> {
    let stamp = |path: &Path| {
        let metadata = fs::metadata(path).map_err(|error| TlsError::File { path: path.to_owned(), error })?;
        Ok(Stamp::of(&metadata))
    };
    Ok([stamp(&files.certificate)?, stamp(&files.key)?])
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            mode: metadata.mode(),
        }
    }
}

/// Reads and checks both files.
fn read(files: &CertificateFiles, now: Timestamp) -> Result<Loaded, TlsError> {
    let CertificateFiles { certificate: chain_file, key: key_file } = files;
    let (text, _) = contents(chain_file)?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|_| TlsError::NoCertificate { path: chain_file.clone() })?;
    let own = chain.first().and_then(|first| Certificate::parse_der(first));
    let own = own.ok_or_else(|| TlsError::NoCertificate { path: chain_file.clone() })?;
    let (text, mode) = contents(key_file)?;
    if mode & 0o077 != 0 {
        return Err(TlsError::Readable { path: key_file.clone(), mode });
    }
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(|_| TlsError::NoKey { path: key_file.clone() })?;
    let certified =
        CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::Mismatch { certificate: chain_file.clone(), key: key_file.clone() }
            }
            other => TlsError::Unusable {
                certificate: chain_file.clone(),
                key: key_file.clone(),
                reason: other.to_string(),
            },
        })?;
    if now.seconds() < own.not_before {
        return Err(TlsError::NotYetValid { path: chain_file.clone() });
    }
    if !own.is_valid_at(now) {
        return Err(TlsError::Expired { path: chain_file.clone() });
    }
    Ok(Loaded { certified: Arc::new(certified), certificate: own })
}

/// A file's text and its mode.
fn contents(path: &Path) -> Result<(Zeroizing<Vec<u8>>, u32), TlsError> {
    let at = |error| TlsError::File { path: path.to_owned(), error };
    let file = File::open(path).map_err(at)?;
    let mode = file.metadata().map_err(at)?.permissions().mode() & 0o7777;
    let mut text = Zeroizing::new(Vec::new());
    let length = file.take(MAX_FILE_BYTES + 1).read_to_end(&mut text).map_err(at)?;
    if length as u64 > MAX_FILE_BYTES {
        return Err(TlsError::TooLarge { path: path.to_owned() });
    }
    Ok((text, mode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::self_signed;
    use tempfile::TempDir;

    const MADE: Timestamp = Timestamp::from_seconds(1_700_000_000);

    /// What the log was last warned of, looking this many days before the end, one look after the other.
    fn warned(life: u16, looks: &[i64]) -> Vec<Option<i64>> {
        let folder = TempDir::new().unwrap();
        let [certificate, key] = ["server.pem", "server.key"].map(|name| folder.path().join(name));
        let made = self_signed::make(&[], life, MADE).unwrap();
        fs::write(&certificate, &made.chain_pem).unwrap();
        fs::write(&key, &*made.key_pem).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let own = ServerCertificate::load("tls", CertificateFiles { certificate, key }, MADE).unwrap();
        let look = |days: &i64| {
            own.look(Timestamp::from_seconds(own.expires() - days * DAY));
            own.looked.lock().unwrap().warned
        };
        looks.iter().map(look).collect()
    }

    #[test]
    fn the_log_is_warned_once_for_each_time_before_the_end() {
        let looks = [31, 30, 20, 15, 8, 7, 1, 0, -1];
        let expected = [0, 30, 30, 15, 15, 7, 7, 7, 0].map(Some);
        assert_eq!(warned(365, &looks)[1..], expected[1..]);
        assert_eq!(warned(365, &looks)[0], None);
    }

    #[test]
    fn a_short_life_is_warned_of_only_near_its_end() {
        assert_eq!(warned(10, &[9, 6, 1, -1]), [None, None, None, Some(0)]);
        assert_eq!(warned(47, &[29, 15, 7]), [None, Some(15), Some(7)]);
    }
}
