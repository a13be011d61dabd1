//! `chancela certificate …`

use super::administration::{carry_out, read};
use crate::cli::{AuthorityAction, CertificateAction};
use crate::failure::Failure;
use crate::output;
use chancela_core::x509::{Certificate, decode_pem, decrypt_private_key, encode_pkcs12, public_key_of};
use chancela_server::control::Command;
use chancela_server::entropy::SystemEntropy;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Runs the subcommand.
pub(crate) fn run(action: CertificateAction) -> Result<(), Failure> {
    let (target, command) = match action {
        CertificateAction::List { target, client } => {
            (target, Command::CertificateList { client_id: client })
        }
        CertificateAction::Show { target, serial } => (target, Command::CertificateShow { serial }),
        CertificateAction::Issue { target, client, csr, days } => {
            let csr = read(&csr)?;
            (target, Command::CertificateIssue { client_id: client, csr, days })
        }
        CertificateAction::Approve { target, serial } => (target, Command::CertificateApprove { serial }),
        CertificateAction::Refuse { target, serial } => (target, Command::CertificateRefuse { serial }),
        CertificateAction::Revoke { target, serial, reason } => {
            (target, Command::CertificateRevoke { serial, reason: reason.into() })
        }
        CertificateAction::Authority { action } => match action {
            AuthorityAction::Show { target } => (target, Command::AuthorityShow),
            AuthorityAction::Request { target } => (target, Command::AuthorityRequest),
            AuthorityAction::Install { target, chain } => {
                let chain = read(&chain)?;
                (target, Command::AuthorityInstall { chain })
            }
        },
        CertificateAction::Pkcs12 { certificate, key, key_passphrase_file, password_file, name, out } => {
            let parts = Parts { certificate, key, key_passphrase_file, password_file };
            return pkcs12(&parts, &name, &out);
        }
    };
    carry_out(&target, command)
}

/// What a PKCS #12 file is made of.
struct Parts {
    certificate: PathBuf,
    key: PathBuf,
    key_passphrase_file: Option<PathBuf>,
    password_file: PathBuf,
}

fn pkcs12(parts: &Parts, name: &str, out: &Path) -> Result<(), Failure> {
    let key = private_key(parts)?;
    let at = |text: String| Failure::Usage(format!("{}: {text}", parts.certificate.display()));
    let chain = Certificate::parse_pem_chain(&read(&parts.certificate)?)
        .map_err(|error| at(format!("{error}; give a PEM file")))?;
    let fits = |own: &Certificate| public_key_of(&key).is_some_and(|public| *public == *own.public_key_der());
    if !chain.first().is_some_and(fits) {
        return Err(at(
            "its first certificate is not of this key; put the client's own certificate first".into()
        ));
    }
    let password = first_line(&parts.password_file, "the password of the new file")?;
    let ders: Vec<Vec<u8>> = chain.iter().map(|own| own.der.to_vec()).collect();
    let packed = encode_pkcs12(&key, &ders, name, &password, &SystemEntropy)
        .map_err(|error| Failure::Usage(format!("{}: {error}", out.display())))?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(out)
        .map_err(Failure::io(format!("making {} (it must not exist)", out.display())))?;
    file.write_all(&packed).and_then(|()| file.sync_all()).map_err(Failure::io(out.display().to_string()))?;
    output::line(&format!("wrote {}", out.display()));
    Ok(())
}

fn private_key(parts: &Parts) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let at = |text: String| Failure::Usage(format!("{}: {text}", parts.key.display()));
    let pem = Zeroizing::new(read(&parts.key)?);
    if let Some(plain) = decode_pem("PRIVATE KEY", &pem) {
        return Ok(plain);
    }
    if !pem.contains("BEGIN ENCRYPTED PRIVATE KEY") {
        return Err(at(
            "is no PKCS #8 key in PEM; convert it with `openssl pkcs8 -topk8 -in OLD -out NEW`".into()
        ));
    }
    let file = parts.key_passphrase_file.as_deref();
    let file =
        file.ok_or_else(|| at("is encrypted; name its passphrase with --key-passphrase-file".into()))?;
    let passphrase = first_line(file, "the passphrase of the key")?;
    decrypt_private_key(&pem, &passphrase).map_err(|error| at(error.to_string()))
}

fn first_line(file: &Path, what: &str) -> Result<Zeroizing<String>, Failure> {
    let text = Zeroizing::new(read(file)?);
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(Failure::Usage(format!("{}: give {what} as the first line", file.display())));
    }
    Ok(Zeroizing::new(line.to_owned()))
}
