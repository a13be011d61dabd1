//! The server's certificate changes while it serves.

use super::{Made, PEER_PATH, Running, get, now, write_key};
use rustls::pki_types::CertificateDer;
use std::fs;
use std::os::unix::fs::PermissionsExt;

impl Running {
    /// The certificate that new connections see.
    fn shown(&self) -> CertificateDer<'static> {
        let mut stream = self.client().connect(self.tls);
        get(&mut stream, PEER_PATH).unwrap();
        stream.conn.peer_certificates().unwrap()[0].clone()
    }
}

#[test]
fn new_files_are_served_and_open_connections_stay() {
    let running = Running::start();
    let first = running.shown();
    let mut open = running.client().connect(running.tls);
    get(&mut open, PEER_PATH).unwrap();
    let next = running.pki.sign(rcgen::KeyPair::generate().unwrap(), |parameters| {
        parameters.not_after = rcgen::date_time_ymd(2099, 1, 1);
    });
    next.write(&running.files);
    running.look();
    assert_eq!(running.shown(), next.certificate);
    assert_ne!(first, next.certificate);
    get(&mut open, PEER_PATH).expect("the old connection stays");
    for listener in ["tls", "mtls"] {
        let expires =
            running.metric(&format!("chancela_tls_certificate_expires_seconds{{listener=\"{listener}\"}}"));
        assert_eq!(expires, "4070908800", "2099-01-01");
    }
}

/// Two files cannot be replaced at one moment.
#[test]
fn a_half_written_pair_is_not_taken() {
    let running = Running::start();
    let first = running.shown();
    let next = running.pki.server();
    fs::write(&running.files.certificate, &next.pem).unwrap();
    running.acceptors[0].look(now());
    write_key(&running.files, &next.key.serialize_pem());
    running.acceptors[0].look(now());
    assert_eq!(running.shown(), first, "they have not stood still yet");
    running.acceptors[0].look(now());
    assert_eq!(running.shown(), next.certificate);
}

#[test]
fn files_that_cannot_be_used_change_nothing_until_they_can() {
    let running = Running::start();
    let first = running.shown();
    let dated = |from: i32, to: i32| {
        running.pki.sign(rcgen::KeyPair::generate().unwrap(), |parameters| {
            parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
            parameters.not_after = rcgen::date_time_ymd(to, 1, 1);
        })
    };
    let stays = |title: &str| {
        running.look();
        assert_eq!(running.shown(), first, "{title}");
    };
    fs::write(&running.files.certificate, "not a certificate").unwrap();
    stays("no certificate");
    fs::write(&running.files.certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        .unwrap();
    stays("nonsense in PEM");
    fs::write(&running.files.certificate, running.pki.server().pem).unwrap();
    stays("another's key");
    dated(2001, 2002).write(&running.files);
    stays("expired");
    dated(2098, 2099).write(&running.files);
    stays("not valid yet");
    running.pki.server().write(&running.files);
    fs::set_permissions(&running.files.key, fs::Permissions::from_mode(0o640)).unwrap();
    stays("a key that others can read");
    write_key(&running.files, "not a key");
    stays("no key");
    fs::write(&running.files.certificate, vec![b'a'; 2 * 1024 * 1024]).unwrap();
    stays("too large");
    fs::remove_file(&running.files.certificate).unwrap();
    stays("gone");
    let good: Made = running.pki.server();
    good.write(&running.files);
    running.look();
    assert_eq!(running.shown(), good.certificate);
}

/// A file whose mode alone was wrong is taken once the mode is right.
#[test]
fn a_mode_put_right_is_enough() {
    let running = Running::start();
    let next = running.pki.server();
    next.write(&running.files);
    fs::set_permissions(&running.files.key, fs::Permissions::from_mode(0o644)).unwrap();
    running.look();
    assert_ne!(running.shown(), next.certificate);
    fs::set_permissions(&running.files.key, fs::Permissions::from_mode(0o400)).unwrap();
    running.look();
    assert_eq!(running.shown(), next.certificate);
}
