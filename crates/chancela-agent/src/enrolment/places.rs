//! The files of an enrolment: those that the provider's configuration reads, and beside the certificate what is not theirs
//! yet (`.next`), the journal (`.enrolment`) and the lock (`.lock`).
//!
//! Certificate, chain and key are one file, which is replaced by one rename: nobody ever reads the one without the other.

use super::EnrolmentError;
use crate::cache::durable;
use crate::config::{Given, Place, ProviderConfig};
use crate::source::Source;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How often a lock that another holds is tried.
const PAUSE: Duration = Duration::from_millis(50);

/// Where what an enrolment gives comes to rest.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// Certificate, those above it, and the key.
    pub(super) certificate: PathBuf,
    /// The id of the client that is registered.
    pub(super) client_id: Option<PathBuf>,
    /// The secret that comes with the certificate.
    pub(super) client_secret: Option<PathBuf>,
}

/// Held until it is dropped or the process ends.
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file would do, but for a program that is being started at this moment and has the file open, too.
        let _ = self.0.unlock();
    }
}

/// The path of a place that is a file.
pub(super) fn file(place: Option<&Place>) -> Option<&Path> {
    match place {
        Some(Place(Source::File(path))) => Some(path),
        _ => None,
    }
}

impl Places {
    /// Those that a configuration names.
    pub(super) fn of(
        config: &ProviderConfig,
        (registers, gives_secret): (bool, bool),
    ) -> Result<Self, &'static str> {
        let certificate = file(config.certificate.as_ref()).ok_or(
            "`certificate` names the file that the enrolment makes, as file:/var/lib/chancela/NAME.pem",
        )?;
        if config.certificate_key.is_some() {
            return Err(
                "leave `certificate_key` out: an enrolment keeps key and certificate in one file, so that both change at one moment",
            );
        }
        let client_id = match &config.client_id {
            Given::From(Source::File(path)) => Some(path.clone()),
            _ => None,
        };
        if registers && client_id.is_none() {
            return Err(
                "`client_id` names the file for the id that the registration gives, as file:/var/lib/chancela/NAME.id",
            );
        }
        let client_secret = file(config.client_secret.as_ref()).map(Path::to_owned);
        if gives_secret && client_secret.is_none() {
            return Err(
                "`client_secret` names the file for the secret that comes with the certificate, as file:/var/lib/chancela/NAME.secret",
            );
        }
        Ok(Self {
            certificate: certificate.to_owned(),
            client_id: client_id.filter(|_| registers),
            client_secret: client_secret.filter(|_| gives_secret),
        })
    }

    /// The new certificate with its key, or at first the key alone.
    pub(super) fn next(&self) -> PathBuf {
        self.certificate.with_added_extension("next")
    }

    /// The new secret.
    pub(super) fn next_secret(&self) -> Option<PathBuf> {
        self.client_secret.as_ref().map(|path| path.with_added_extension("next"))
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.certificate.with_added_extension("enrolment")
    }

    /// A file that is in the way of a first enrolment.
    pub(super) fn in_the_way(&self) -> Option<&Path> {
        let all = [Some(&self.certificate), self.client_id.as_ref(), self.client_secret.as_ref()];
        all.into_iter().flatten().find(|path| path.exists()).map(PathBuf::as_path)
    }

    /// Takes the lock, and waits up to `patience` for it. Makes the folder if it is not there.
    pub(super) fn lock(&self, patience: Duration) -> Result<Lock, EnrolmentError> {
        let path = self.certificate.with_added_extension("lock");
        let at = |error| EnrolmentError::File { path: path.clone(), error };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at)?;
        }
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(at)?;
        let begin = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock(file)),
                Err(fs::TryLockError::WouldBlock) if begin.elapsed() < patience => thread::sleep(PAUSE),
                Err(fs::TryLockError::WouldBlock) => return Err(EnrolmentError::Busy { path }),
                Err(fs::TryLockError::Error(error)) => return Err(at(error)),
            }
        }
    }
}

/// Writes a file that only this user reads, whole and durable.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), EnrolmentError> {
    let written = durable::replace(path, &path.with_added_extension("new"), bytes);
    written.map_err(|error| EnrolmentError::File { path: path.to_owned(), error })
}

/// Removes a file that may be there.
pub(super) fn remove(path: &Path) -> Result<(), EnrolmentError> {
    durable::remove(path).map_err(|error| EnrolmentError::File { path: path.to_owned(), error })
}

/// Moves a file to its place, durably. One that is not there was moved before.
pub(super) fn put(from: &Path, to: &Path) -> Result<(), EnrolmentError> {
    match durable::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        moved => moved.map_err(|error| EnrolmentError::File { path: to.to_owned(), error }),
    }
}
