//! Certificates that the server starts with, and those it makes.

use super::{Made, Pki, now, write_key};
use chancela_server::tls::certificate::CertificateFiles;
use chancela_server::tls::{ServerCertificate, self_signed};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use tempfile::TempDir;

fn files(folder: &TempDir) -> CertificateFiles {
    CertificateFiles { certificate: folder.path().join("server.pem"), key: folder.path().join("server.key") }
}

#[track_caller]
fn refused(files: &CertificateFiles, words: &[&str]) {
    let error = ServerCertificate::load("tls", files.clone(), now()).unwrap_err().to_string();
    for word in words {
        assert!(error.contains(word), "{word:?} is not in {error:?}");
    }
}

#[test]
fn a_certificate_that_cannot_be_used_is_refused_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    let files = files(&folder);
    let pki = Pki::new();
    refused(&files, &["server.pem", "check that the file exists"]);
    pki.server().write(&files);
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o640)).unwrap();
    refused(&files, &["server.key", "mode 640", "chmod 0400"]);
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o400)).unwrap();
    ServerCertificate::load("tls", files.clone(), now()).unwrap();
    fs::remove_file(&files.key).unwrap();
    write_key(&files, &pki.server().key.serialize_pem());
    refused(&files, &["is not the key of", "replace both"]);
    write_key(&files, "nothing");
    refused(&files, &["server.key", "no private key"]);
    fs::write(&files.certificate, pki.server().key.serialize_pem()).unwrap();
    refused(&files, &["server.pem", "no certificate"]);
    Made::self_signed(|parameters| parameters.not_after = rcgen::date_time_ymd(2020, 1, 1)).write(&files);
    refused(&files, &["expired", "renew"]);
    Made::self_signed(|parameters| parameters.not_before = rcgen::date_time_ymd(2999, 1, 1)).write(&files);
    refused(&files, &["not valid yet"]);
}

fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_self_signed_certificate_is_good_for_its_hosts_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let own = files(&folder);
    let hosts = ["login.example.com".to_owned(), "192.0.2.7".to_owned(), "localhost".to_owned()];
    let made = self_signed::make(&hosts, 365, now()).unwrap();
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, &made.ca_pem).unwrap();
    fs::write(&own.certificate, &made.chain_pem).unwrap();
    write_key(&own, &made.key_pem);
    let certificate = ServerCertificate::load("tls", own.clone(), now()).unwrap();
    let days = (certificate.expires() - now().seconds()) / (24 * 3600);
    assert!((363..=365).contains(&days), "{days}");
    let (ca, chain) = (ca.to_str().unwrap(), own.certificate.to_str().unwrap());
    let named = ["localhost", "login.example.com"].map(|name| ["-verify_hostname", name]);
    let numbered = ["127.0.0.1", "::1", "192.0.2.7"].map(|address| ["-verify_ip", address]);
    for [option, value] in named.into_iter().chain(numbered) {
        openssl(&["verify", "-x509_strict", "-purpose", "sslserver", option, value, "-CAfile", ca, chain]);
    }
    let text = openssl(&["x509", "-in", chain, "-noout", "-text"]);
    for word in ["P-256", "TLS Web Server Authentication", "Digital Signature"] {
        assert!(text.contains(word), "{text}");
    }
    assert!(!text.contains("TLS Web Client Authentication") && !text.contains("CA:TRUE"), "{text}");
    assert_eq!(text.matches("DNS:localhost").count(), 1, "{text}");
}

#[test]
fn hosts_and_days_that_make_no_sense_are_refused() {
    for host in ["", "a b", "https://example.com", "*", "example.com/", "\u{e9}.example"] {
        let error = self_signed::make(&[host.to_owned()], 30, now()).unwrap_err().to_string();
        assert!(error.contains("neither a host name nor an IP address"), "{host:?}: {error}");
    }
    for days in [0, 366] {
        assert!(self_signed::make(&[], days, now()).unwrap_err().to_string().contains("1 to 365"));
    }
}
