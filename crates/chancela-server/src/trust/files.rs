//! The files that a realm's trust stands in, and what was read of each last. A file that cannot be used keeps only itself
//! from changing: a list with new revocations counts, whatever stands in the others.

use crate::certificate_authority::config::MutualTlsConfig;
use crate::config::ConfigError;
use chancela_core::x509::revocation_list::MAX_FILE_BYTES as MAX_LIST_BYTES;
use chancela_core::x509::{Certificate, RevocationList, RevocationListError, TrustAnchors};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Largest file with authorities.
const MAX_TRUST_BYTES: usize = 2 * 1024 * 1024;

/// Files of authorities and of revocation lists.
#[derive(Debug, Default)]
pub(super) struct Files {
    trust: Vec<File<Vec<Certificate>>>,
    crls: Vec<File<RevocationList>>,
}

/// One file.
#[derive(Debug)]
struct File<T> {
    path: PathBuf,
    /// When it had changed last as it was looked at.
    seen: Option<SystemTime>,
    /// Whether what stood there then cannot be used: the content is what stood there before.
    refused: bool,
    content: T,
}

impl Files {
    /// Reads what the configuration names.
    ///
    /// # Errors
    /// [`ConfigError`] for the first file that cannot be used.
    pub(super) fn read(config: &MutualTlsConfig) -> Result<Self, ConfigError> {
        let trust =
            config.trust.iter().map(|path| File::read(path, authorities)).collect::<Result<_, _>>()?;
        let mut files = Self { trust, crls: Vec::new() };
        let authorities = files.authorities();
        let lists = config.crls.iter().map(|path| File::read(path, |path| list(path, &authorities)));
        files.crls = lists.collect::<Result<_, _>>()?;
        Ok(files)
    }

    /// Reads what changed, and with it again what could not be used. What still cannot is logged. Whether something
    /// changed.
    pub(super) fn look(&mut self) -> bool {
        if !self.trust.iter().any(File::has_changed) && !self.crls.iter().any(File::has_changed) {
            return false;
        }
        self.trust.iter_mut().for_each(|file| file.look(authorities));
        let authorities = self.authorities();
        self.crls.iter_mut().for_each(|file| file.look(|path| list(path, &authorities)));
        true
    }

    /// All authorities.
    pub(super) fn authorities(&self) -> Vec<Certificate> {
        self.trust.iter().flat_map(|file| &file.content).cloned().collect()
    }

    /// All revocation lists.
    pub(super) fn lists(&self) -> Vec<RevocationList> {
        self.crls.iter().map(|file| file.content.clone()).collect()
    }
}

impl<T> File<T> {
    fn read(path: &Path, read: impl FnOnce(&Path) -> Result<T, ConfigError>) -> Result<Self, ConfigError> {
        let seen = modified(path);
        Ok(Self { path: path.to_owned(), seen, refused: false, content: read(path)? })
    }

    fn has_changed(&self) -> bool {
        modified(&self.path) != self.seen
    }

    fn look(&mut self, read: impl FnOnce(&Path) -> Result<T, ConfigError>) {
        let seen = modified(&self.path);
        if seen == self.seen && !self.refused {
            return;
        }
        self.seen = seen;
        let read = read(&self.path);
        self.refused = read.is_err();
        match read {
            Ok(content) => {
                self.content = content;
                tracing::info!(path = %self.path.display(), "a file of client certificates' trust was read again");
            }
            Err(error) => tracing::error!(%error, "what was read before stays in use"),
        }
    }
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, ConfigError> {
    let bytes = contents(path, MAX_TRUST_BYTES).map_err(|error| wrong("trust", path, &error))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| wrong("trust", path, &error))?;
    let read = TrustAnchors::from_pem(text).map_err(|error| wrong("trust", path, &error))?;
    Ok(read.certificates().to_vec())
}

fn list(path: &Path, authorities: &[Certificate]) -> Result<RevocationList, ConfigError> {
    let bytes = contents(path, MAX_LIST_BYTES).map_err(|error| wrong("crls", path, &error))?;
    let read = || {
        let der = RevocationList::der_of(&bytes)?;
        let list = RevocationList::parse_der(&der)?;
        list.check_signature(&der, authorities)?;
        Ok(list)
    };
    read().map_err(|error| match error {
        RevocationListError::Signature => ConfigError(format!("mtls.crls: {}: {error}", path.display())),
        _ => wrong("crls", path, &error),
    })
}

/// A file of at most `most` bytes; no more of a larger one is read.
fn contents(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        let text = format!("it is larger than {} MiB", most / 1024 / 1024);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

fn wrong(key: &str, path: &Path, error: &dyn std::fmt::Display) -> ConfigError {
    ConfigError(format!("mtls.{key}: {}: {error}; put a readable PEM file there", path.display()))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
