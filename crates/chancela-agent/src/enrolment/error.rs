//! Why an enrolment does not go on: which provider, what happened, what to do.

use crate::identity::IdentityError;
use crate::provider::ProviderError;
use crate::source::SourceError;
use crate::transport::TransportError;
use chancela_core::message::certificate_order::client::OrderError;
use chancela_core::x509::{EncodeRequestError, EncryptionError};
use std::path::PathBuf;

/// Why an enrolment does not go on. What was done so far is kept, unless the text says otherwise.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "`provider` is its name in the configuration, everywhere")]
pub enum EnrolmentError {
    /// The configuration has no such provider.
    #[error("there is no provider {name:?} in the configuration; it has: {known}")]
    Unknown { name: String, known: String },
    /// The configuration says nothing of an enrolment.
    #[error(
        "{provider}: there is no [provider.{provider}.enrollment]; its configuration would be\n\n{template}"
    )]
    NotConfigured { provider: String, template: String },
    /// The configuration does not say where something is.
    #[error("{provider}: {why}")]
    Configuration { provider: String, why: String },
    /// The provider, as every token request has it.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The order cannot be written.
    #[error("{provider}: {error}")]
    Order { provider: String, error: OrderError },
    /// The certificate request cannot be written.
    #[error("{provider}: {error}; correct `enrollment.subject`")]
    Request { provider: String, error: EncodeRequestError },
    /// A secret cannot be read.
    #[error("{provider}: {error}")]
    Source { provider: String, error: SourceError },
    /// The certificate that is there.
    #[error("{provider}: {error}")]
    Identity { provider: String, error: Box<IdentityError> },
    /// No random numbers, or no key.
    #[error("{provider}: no key could be made; try again")]
    Key { provider: String },
    /// The key that the provider made cannot be opened.
    #[error(
        "{provider}: the provider has issued a certificate, and its key does not open with our passphrase ({error}); have the certificate revoked, and run `chancela agent enroll {provider} --again`"
    )]
    Sealed { provider: String, error: EncryptionError },
    /// Files that an enrolment would write are there already.
    #[error(
        "{path} is there already, and nothing is overwritten; name another file in the configuration, or move it away"
    )]
    InTheWay { path: PathBuf },
    /// There is no certificate.
    #[error("{provider}: there is no certificate to renew; run `chancela agent enroll {provider}`")]
    NothingToRenew { provider: String },
    /// The provider cannot be reached; nothing was done.
    #[error("{provider}: {step}: {error}")]
    Transport { provider: String, step: &'static str, error: TransportError },
    /// The provider says no; nothing was done.
    #[error("{provider}: {step}: {said}")]
    Refused { provider: String, step: &'static str, said: String },
    /// The provider may have issued a certificate that did not arrive.
    #[error(
        "{provider}: a certificate was ordered at {at}, and whether the provider issued it is not known{why}; ask the provider (it gives at most {most} at a time), and when none is lost or there is room for another, run `chancela agent enroll {provider} --again`"
    )]
    Uncertain { provider: String, at: String, why: String, most: u16 },
    /// People at the provider have to approve the order.
    #[error(
        "{provider}: the order waits for the provider's approval; ask the provider for the certificate when it is there, and put it with its key {key} into the file that `certificate` names"
    )]
    Waits { provider: String, key: PathBuf },
    /// The new certificate gives no token; the order is not repeated for that.
    #[error(
        "the new certificate is kept and not in use yet, because it gave no token: {error}; then run the same command again, or order another one with --again"
    )]
    NotProven { error: Box<ProviderError> },
    /// A file.
    #[error(
        "{path}: {error}; check the folder, its permissions and its disk, and run the same command again"
    )]
    File { path: PathBuf, error: std::io::Error },
    /// The journal.
    #[error(
        "{path}: what an enrolment has done so far cannot be read: {why}; see that the provider has issued no certificate since, and move the file away to begin anew"
    )]
    Journal { path: PathBuf, why: String },
    /// Another enrolment's journal.
    #[error(
        "{path} is of another enrolment ({of}); give each provider and environment a `certificate` file of its own"
    )]
    Foreign { path: PathBuf, of: String },
    /// Another process is at it.
    #[error(
        "another process is enrolling ({path} is locked); wait for it, and see `chancela agent certificate show`"
    )]
    Busy { path: PathBuf },
}
