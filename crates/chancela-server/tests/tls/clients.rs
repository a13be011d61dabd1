//! Certificates of clients: asked for on one listener alone, proven to be the client's, and handed on unjudged.

use super::{Client, Made, PEER_PATH, Pki, Running, s_client};
use chancela_core::secret::hex;
use rcgen::CustomExtension;
use rustls::pki_types::CertificateDer;
use std::time::{Duration, Instant};

fn presented(chain: &[&CertificateDer<'_>]) -> String {
    let chain: Vec<String> = chain.iter().map(|der| hex(der)).collect();
    format!("MutualTls 127.0.0.1 [{}]", chain.join(","))
}

/// A certificate of about this many bytes.
fn large(bytes: usize) -> Made {
    Made::self_signed(|parameters| {
        let content = vec![0x04, 0x82, 0, 0].into_iter().chain(std::iter::repeat_n(0, bytes)).collect();
        parameters
            .custom_extensions
            .push(CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], content));
    })
}

#[test]
fn only_one_listener_asks_for_a_certificate_and_it_names_no_issuer() {
    let running = Running::start();
    let client = running.client();
    assert_eq!(client.get(running.tls, PEER_PATH).unwrap(), "Tls 127.0.0.1 []");
    assert!(client.own.asked.lock().unwrap().is_empty());
    assert_eq!(client.get(running.mtls, PEER_PATH).unwrap(), "MutualTls 127.0.0.1 []", "none is no error");
    assert_eq!(*client.own.asked.lock().unwrap(), [0]);
    for version in ["-tls1_2", "-tls1_3"] {
        let (_, text) = s_client(running.mtls, &[version]);
        assert!(text.contains("Requested Signature Algorithms"), "{text}");
        assert!(!text.contains("SHA1"), "{version} offers SHA-1: {text}");
        let (_, text) = s_client(running.tls, &[version]);
        assert!(!text.contains("Requested Signature Algorithms"), "{text}");
    }
}

#[test]
fn the_chain_arrives_as_the_client_sent_it_whoever_signed_it() {
    let running = Running::start();
    let own = Made::self_signed(|_| {});
    let outside = Pki::new();
    let signed = outside.server();
    let expired = Made::self_signed(|parameters| {
        parameters.not_before = rcgen::date_time_ymd(2001, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2002, 1, 1);
    });
    for (client, chain) in [
        (own.certified(&[]), vec![&own.certificate]),
        (signed.certified(std::slice::from_ref(&outside.root)), vec![&signed.certificate, &outside.root]),
        // Not this handshake's to judge.
        (expired.certified(&[]), vec![&expired.certificate]),
    ] {
        let client = Client::presenting(&running.pki, client);
        assert_eq!(client.get(running.mtls, PEER_PATH).unwrap(), presented(&chain));
        let client = client.only_tls12();
        assert_eq!(client.get(running.mtls, PEER_PATH).unwrap(), presented(&chain), "TLS 1.2");
        assert_eq!(client.get(running.tls, PEER_PATH).unwrap(), "Tls 127.0.0.1 []");
    }
}

#[test]
fn each_connection_has_the_certificate_of_its_own_handshake() {
    let running = Running::start();
    let made = [Made::self_signed(|_| {}), Made::self_signed(|_| {})];
    let clients = made.each_ref().map(|made| Client::presenting(&running.pki, made.certified(&[])));
    let mut streams = clients.each_ref().map(|client| client.connect(running.mtls));
    let mut without = running.client().connect(running.mtls);
    for _ in 0..3 {
        for (made, stream) in made.iter().zip(&mut streams) {
            assert_eq!(super::get(stream, PEER_PATH).unwrap(), presented(&[&made.certificate]));
        }
        assert_eq!(super::get(&mut without, PEER_PATH).unwrap(), "MutualTls 127.0.0.1 []");
    }
}

/// RFC 8705 section 2: the handshake proves that the client holds the key of the certificate.
#[test]
fn a_certificate_without_its_key_is_refused() {
    let running = Running::start();
    let (victim, thief) = (Made::self_signed(|_| {}), Made::self_signed(|_| {}));
    let mut certified = thief.certified(&[]);
    certified.cert = vec![victim.certificate.clone()];
    let client = Client::presenting(&running.pki, certified);
    assert!(client.get(running.mtls, PEER_PATH).is_err());
    assert!(client.only_tls12().get(running.mtls, PEER_PATH).is_err());
    running.serves();
}

/// CA-20: what is too long, too large or no certificate ends the handshake, in little time.
#[test]
fn chains_beyond_the_bounds_are_refused() {
    let running = Running::start();
    let own = Made::self_signed(|_| {});
    let above = |count: usize| vec![running.pki.root.clone(); count];
    let garbage = CertificateDer::from(vec![0x30, 0x03, 0x02, 0x01, 0x01]);
    let mut not_read = own.certified(&[]);
    not_read.cert = vec![garbage.clone()];
    assert!(large(15_000).certificate.len() < 16 * 1024);
    for (title, certified, good) in [
        ("6 certificates", own.certified(&above(5)), true),
        ("7 certificates", own.certified(&above(6)), false),
        ("20 certificates", own.certified(&above(19)), false),
        ("15 KB", large(15_000).certified(&[]), true),
        ("17 KB", large(17_000).certified(&[]), false),
        ("17 KB above", own.certified(&[large(17_000).certificate]), false),
        ("64 KiB", large(65_000).certified(&[]), false),
        ("no certificate", not_read, false),
    ] {
        let client = Client::presenting(&running.pki, certified);
        let start = Instant::now();
        let outcome = client.get(running.mtls, PEER_PATH);
        assert_eq!(outcome.is_ok(), good, "{title}: {outcome:?}");
        assert!(start.elapsed() < Duration::from_secs(2), "{title} took {:?}", start.elapsed());
    }
    running.failed("mtls", "client_certificate", 5);
    running.serves();
}
