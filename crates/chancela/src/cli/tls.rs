//! `chancela tls …`: certificates for TLS listeners.

use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum TlsAction {
    /// Make a certificate for trying TLS out, and an authority that clients can trust for it
    SelfSigned {
        /// Folder for ca.pem, server.pem and server.key; nothing in it is overwritten
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Host name or IP address beside localhost, 127.0.0.1 and ::1; may be repeated
        #[arg(long, value_name = "NAME|IP")]
        host: Vec<String>,
        /// Days for which it is valid
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=365))]
        days: u16,
    },
}
