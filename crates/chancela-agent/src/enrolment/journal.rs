//! What an enrolment has done so far, durable before the next step: whoever goes on after a kill or a power cut knows what
//! was sent. It rests beside the certificate, sealed where the agent has a cache's key, else in a file that only its user
//! reads: for a while it has the passphrase under which a provider encrypts the key, and later the registration's token.

use super::EnrolmentError;
use crate::cache::durable;
use crate::cache::{Cache, CacheKeys};
use crate::engine::TokenKey;
use chancela_core::secret::Secret;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fs;
use std::io;
use std::path::PathBuf;
use zeroize::Zeroizing;

const FORMAT_VERSION: u32 = 1;

/// How far an enrolment is. What a stage names is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nothing was sent that counts.
    Begun,
    /// The order was sent, or was going to be; whether the provider has acted is not known.
    Ordered,
    /// The certificate and its key are here, in a file beside their place.
    Certified,
    /// Its client is registered, or need not be.
    Registered,
    /// The provider has given a token for the certificate.
    Proven,
    /// Everything is in its place.
    Done,
}

/// A secret that is kept.
#[derive(Debug, Clone)]
pub(super) struct Kept(pub(super) Secret);

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        String::deserialize(input).map(Secret::new).map(Self)
    }
}

/// The client that was registered with a certificate (RFC 7591), and what manages it (RFC 7592).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Registered {
    pub(super) client_id: String,
    pub(super) subject_dn: String,
    /// What it was registered for: another scope is another registration.
    pub(super) scope: Option<String>,
    pub(super) access_token: Option<Kept>,
    pub(super) client_uri: Option<String>,
}

/// One provider's.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    format_version: u32,
    pub(super) provider: String,
    pub(super) dialect: String,
    pub(super) environment: String,
    pub(super) stage: Stage,
    /// Whether a certificate stands in its place already and goes on being used.
    pub(super) renews: bool,
    /// When the order was sent, seconds since the epoch.
    pub(super) ordered_at: Option<i64>,
    /// Under which the provider encrypts the key, until the key is here.
    pub(super) passphrase: Option<Kept>,
    /// The subject as the provider writes it.
    pub(super) subject_dn: Option<String>,
    /// Of the new certificate, and then of the one in its place.
    pub(super) thumbprint: Option<String>,
    pub(super) registered: Option<Registered>,
    /// Failed renewals in a row, and when the last one was.
    pub(super) failures: u32,
    pub(super) failed_at: Option<i64>,
}

impl Journal {
    pub(super) fn new(provider: &str, dialect: &str, environment: &str) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            provider: provider.to_owned(),
            dialect: dialect.to_owned(),
            environment: environment.to_owned(),
            stage: Stage::Begun,
            renews: false,
            ordered_at: None,
            passphrase: None,
            subject_dn: None,
            thumbprint: None,
            registered: None,
            failures: 0,
            failed_at: None,
        }
    }

    /// The same provider's next one.
    pub(super) fn next(&self, renews: bool) -> Self {
        let Self { provider, dialect, environment, registered, failures, failed_at, thumbprint, .. } =
            self.clone();
        Self {
            renews,
            registered,
            failures,
            failed_at,
            thumbprint,
            ..Self::new(&provider, &dialect, &environment)
        }
    }
}

/// Where it rests.
pub(super) struct JournalFile<'a> {
    pub(super) path: PathBuf,
    pub(super) cache: Option<&'a Cache>,
    key: TokenKey,
}

impl<'a> JournalFile<'a> {
    pub(super) fn new(path: PathBuf, cache: Option<&'a Cache>, provider: &str) -> Self {
        let key = TokenKey::of(&["chancela enrolment 1", provider]);
        Self { path, cache, key }
    }

    pub(super) fn load(&self) -> Result<Option<Journal>, EnrolmentError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(EnrolmentError::File { path: self.path.clone(), error }),
        };
        let unreadable = |why: String| EnrolmentError::Journal { path: self.path.clone(), why };
        let opened = if bytes.first() == Some(&b'{') {
            bytes
        } else {
            let keys: &CacheKeys = self
                .cache
                .map(Cache::keys)
                .ok_or_else(|| unreadable("it is sealed, and there is no [cache] with its key".into()))?;
            keys.open(&self.key, &bytes).map_err(|error| unreadable(error.to_string()))?
        };
        let read: Journal = serde_json::from_slice(&opened)
            .map_err(|_| unreadable("it is damaged, or of a newer program".into()))?;
        match read.format_version {
            FORMAT_VERSION => Ok(Some(read)),
            _ => Err(unreadable("it is of a newer program".into())),
        }
    }

    /// Durable when it returns.
    pub(super) fn store(&self, journal: &Journal) -> Result<(), EnrolmentError> {
        let at = |error| EnrolmentError::File { path: self.path.clone(), error };
        let plain = serde_json::to_vec(journal).map(Zeroizing::new);
        let plain = plain.map_err(|error| at(io::Error::other(error)))?;
        let bytes = match self.cache {
            None => plain,
            Some(cache) => {
                let sealed = cache.keys().seal(&self.key, &plain);
                Zeroizing::new(sealed.map_err(|error| at(io::Error::other(error)))?)
            }
        };
        durable::replace(&self.path, &self.path.with_added_extension("new"), &bytes).map_err(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::CacheKey;

    fn journal() -> Journal {
        let mut journal = Journal::new("bank", "acme", "sandbox");
        journal.passphrase = Some(Kept(Secret::new("correct horse")));
        journal.stage = Stage::Ordered;
        journal
    }

    #[test]
    fn a_journal_is_read_as_it_was_stored_and_sealed_shows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let key = CacheKey::from_secret(&Secret::new("00".repeat(32))).unwrap();
        let cache = Cache::open(&folder.path().join("cache"), CacheKeys::new(key, Vec::new()), None).unwrap();
        let plain = JournalFile::new(folder.path().join("plain"), None, "bank");
        let sealed = JournalFile::new(folder.path().join("sealed"), Some(&cache), "bank");
        for file in [&plain, &sealed] {
            assert!(file.load().unwrap().is_none());
            file.store(&journal()).unwrap();
            let read = file.load().unwrap().unwrap();
            assert_eq!(read.passphrase.unwrap().0.expose(), "correct horse");
            assert_eq!(read.stage, Stage::Ordered);
            assert!(!format!("{:?}", journal()).contains("horse"));
        }
        let bytes = fs::read(&sealed.path).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("horse"));
        // A cache that is added later reads what was there before it; a journal of another provider is none of ours.
        fs::copy(&plain.path, &sealed.path).unwrap();
        assert!(sealed.load().unwrap().is_some());
        sealed.store(&journal()).unwrap();
        fs::copy(&sealed.path, &plain.path).unwrap();
        let refused = plain.load().unwrap_err().to_string();
        assert!(refused.contains("there is no [cache]"), "{refused}");
        let other = JournalFile::new(sealed.path.clone(), Some(&cache), "other");
        assert!(other.load().is_err());
    }

    #[test]
    fn a_damaged_journal_is_told_and_not_taken_for_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = JournalFile::new(folder.path().join("journal"), None, "bank");
        for text in ["{", "", "{}", "{\"format_version\":2}"] {
            fs::write(&file.path, text).unwrap();
            assert!(matches!(file.load(), Err(EnrolmentError::Journal { .. })), "{text}");
        }
    }
}
