//! The key-encryption key: seals private keys before they reach the store, so that a copy of the store signs nothing.
//!
//! AES-256-GCM with a random nonce that callers cannot choose; the additional data binds a sealed key to its realm, id,
//! purpose and algorithm, so that records cannot be exchanged.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use chancela_core::entropy::{Entropy, EntropyError};
use chancela_core::record::KeyRecord;
use chancela_core::secret::{from_hex, hex};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Version byte of the sealed form.
const VERSION: u8 = 1;
const NONCE: usize = 12;

/// Why the key-encryption key or a sealed key is not usable. The text ends with what to do.
#[derive(Debug, thiserror::Error)]
pub enum KekError {
    /// The file cannot be read or made.
    #[error(
        "key-encryption key {path}: {error}; check that the folder exists and belongs to the server's user"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file can be read by others.
    #[error("key-encryption key {path} can be read by others (mode {mode:o}); run: chmod 0400 {path}")]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file is not a key.
    #[error("key-encryption key {path} is not 64 hexadecimal digits; restore it from its backup")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// A sealed key does not open.
    #[error(
        "key {kid} does not open with this key-encryption key; restore the key-encryption key that belongs to the data"
    )]
    Open {
        /// The key.
        kid: String,
    },
    /// Sealing failed.
    #[error("sealing a key failed")]
    Seal,
    /// No random numbers.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// The key-encryption key.
pub struct Kek(RandomizedNonceKey);

impl Kek {
    /// Reads the key from `path`; makes it (mode 0400) if there is no such file and `create` allows it.
    ///
    /// # Errors
    /// [`KekError`].
    pub fn load(path: &Path, create: bool, entropy: &dyn Entropy) -> Result<Self, KekError> {
        let at = |error| KekError::File { path: path.to_owned(), error };
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && create => make(path, entropy)?,
            Err(error) => return Err(at(error)),
            Ok(metadata) => {
                let mode = metadata.permissions().mode() & 0o7777;
                if mode & 0o077 != 0 {
                    return Err(KekError::Readable { path: path.to_owned(), mode });
                }
            }
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(at)?);
        let malformed = || KekError::Malformed { path: path.to_owned() };
        let key = Zeroizing::new(from_hex::<32>(text.trim()).ok_or_else(malformed)?);
        Ok(Self(RandomizedNonceKey::new(&AES_256_GCM, &*key).map_err(|_| malformed())?))
    }

    /// A key that dies with the process, for stores that do too.
    ///
    /// # Errors
    /// [`KekError`].
    pub fn ephemeral(entropy: &dyn Entropy) -> Result<Self, KekError> {
        let mut key = Zeroizing::new([0; 32]);
        entropy.fill(&mut *key)?;
        Ok(Self(RandomizedNonceKey::new(&AES_256_GCM, &*key).map_err(|_| KekError::Seal)?))
    }

    /// Seals `material` for `record` (whose `sealed` is not read).
    ///
    /// # Errors
    /// [`KekError::Seal`].
    pub fn seal(&self, record: &KeyRecord, material: &[u8]) -> Result<Vec<u8>, KekError> {
        let mut body = material.to_vec();
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(additional_data(record)), &mut body)
            .map_err(|_| KekError::Seal)?;
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(nonce.as_ref());
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// Opens what `record` holds.
    ///
    /// # Errors
    /// [`KekError::Open`].
    pub fn open(&self, record: &KeyRecord) -> Result<Zeroizing<Vec<u8>>, KekError> {
        let failed = || KekError::Open { kid: record.kid.to_string() };
        let rest = record.sealed.strip_prefix(&[VERSION]).ok_or_else(failed)?;
        let (nonce, body) = rest.split_at_checked(NONCE).ok_or_else(failed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| failed())?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self
            .0
            .open_in_place(nonce, Aad::from(additional_data(record)), &mut body)
            .map_err(|_| failed())?
            .len();
        body.truncate(length);
        Ok(body)
    }
}

impl std::fmt::Debug for Kek {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kek(***)")
    }
}

fn additional_data(record: &KeyRecord) -> Vec<u8> {
    let purpose = format!("{:?}", record.purpose);
    [&*record.realm, &*record.kid, &*purpose, &*record.algorithm].join("\n").into_bytes()
}

/// Writes a new key beside its place, makes it durable, and moves it there: a crash leaves a whole key or none.
fn make(path: &Path, entropy: &dyn Entropy) -> Result<(), KekError> {
    let at = |error| KekError::File { path: path.to_owned(), error };
    let mut key = Zeroizing::new([0; 32]);
    entropy.fill(&mut *key)?;
    let temporary = path.with_extension("new");
    let _ = fs::remove_file(&temporary);
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o400).open(&temporary).map_err(at)?;
    file.write_all(Zeroizing::new(hex(&*key)).as_bytes()).map_err(at)?;
    file.sync_all().map_err(at)?;
    fs::rename(&temporary, path).map_err(at)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(at)?;
    }
    Ok(())
}
