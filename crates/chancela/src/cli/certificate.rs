//! `chancela certificate …` on the command line.

use super::Target;
use chancela_core::record::RevocationReason;
use clap::{Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum CertificateAction {
    /// Show the certificates of the realm's authority
    List {
        #[command(flatten)]
        target: Target,
        /// Only this client's
        #[arg(long, value_name = "CLIENT_ID")]
        client: Option<String>,
    },
    /// Show one certificate, with its chain
    Show {
        #[command(flatten)]
        target: Target,
        /// Its serial number
        serial: String,
    },
    /// Issue a certificate to a client; the certificate request (PEM) comes from a file or standard input
    Issue {
        #[command(flatten)]
        target: Target,
        /// The client
        #[arg(long, value_name = "CLIENT_ID")]
        client: String,
        /// File with the certificate request; `-` is standard input
        #[arg(long, value_name = "FILE", default_value = "-")]
        csr: PathBuf,
        /// Lifetime in days; the realm's longest if absent
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..=398))]
        days: Option<u16>,
    },
    /// Sign a request that waits for approval
    Approve {
        #[command(flatten)]
        target: Target,
        /// Its serial number
        serial: String,
    },
    /// Refuse a request that waits for approval
    Refuse {
        #[command(flatten)]
        target: Target,
        /// Its serial number
        serial: String,
    },
    /// Revoke a certificate, and with it every token that is bound to it
    Revoke {
        #[command(flatten)]
        target: Target,
        /// Its serial number
        serial: String,
        /// Why; it stands in the revocation list
        #[arg(long, value_enum, default_value = "unspecified")]
        reason: Reason,
    },
    /// Show or set up the realm's authority itself
    Authority {
        #[command(subcommand)]
        action: AuthorityAction,
    },
    /// Pack a certificate and its key into a PKCS #12 file (PFX); needs no server
    Pkcs12 {
        /// PEM file with the certificate, and its chain if the other side wants it
        #[arg(long, value_name = "FILE")]
        certificate: PathBuf,
        /// PEM file with the private key (PKCS #8, encrypted or not)
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// File whose first line is the passphrase of the key, where it is encrypted
        #[arg(long, value_name = "FILE")]
        key_passphrase_file: Option<PathBuf>,
        /// File whose first line is the password of the new file; `-` is standard input
        #[arg(long, value_name = "FILE", default_value = "-")]
        password_file: PathBuf,
        /// Name that programs show for it
        #[arg(long, default_value = "client certificate")]
        name: String,
        /// The new file; it must not exist
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuthorityAction {
    /// Show its certificates, and where its revocation lists and its OCSP responder are
    Show {
        #[command(flatten)]
        target: Target,
    },
    /// Print the request for its certificate, for a root outside (external_root = true)
    Request {
        #[command(flatten)]
        target: Target,
    },
    /// Take the certificate that the root outside signed, with its chain
    Install {
        #[command(flatten)]
        target: Target,
        /// PEM file, the authority's own certificate first; `-` is standard input
        #[arg(long, value_name = "FILE", default_value = "-")]
        chain: PathBuf,
    },
}

/// Why a certificate is revoked.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Reason {
    /// Not said
    Unspecified,
    /// Its private key is in other hands
    KeyCompromise,
    /// The holder is no longer who the subject says
    AffiliationChanged,
    /// Another one took its place
    Superseded,
    /// It is not needed any more
    CessationOfOperation,
}

impl From<Reason> for RevocationReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Unspecified => Self::Unspecified,
            Reason::KeyCompromise => Self::KeyCompromise,
            Reason::AffiliationChanged => Self::AffiliationChanged,
            Reason::Superseded => Self::Superseded,
            Reason::CessationOfOperation => Self::CessationOfOperation,
        }
    }
}
