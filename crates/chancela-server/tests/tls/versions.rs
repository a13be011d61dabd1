//! What is agreed on in a handshake, and what is not.

use super::{Client, Made, PEER_PATH, Pki, Running, pause, s_client, told};
use rcgen::{KeyPair, PKCS_RSA_SHA256};
use rustls::NamedGroup;
use rustls::crypto::aws_lc_rs::{self, kx_group};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Suites of openssl that one can still ask for.
fn suites() -> Vec<String> {
    let output = Command::new("openssl")
        .args(["ciphers", "-tls1_2", "-s", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let suites: Vec<String> = text.trim().split(':').map(str::to_owned).collect();
    assert!(suites.len() > 30, "{suites:?}");
    suites
}

fn accepted(running: &Running) -> Vec<String> {
    let asks = |suite: &String| {
        let arguments = ["-tls1_2", "-cipher", &format!("{suite}:@SECLEVEL=0")];
        s_client(running.mtls, &arguments).0
    };
    suites().into_iter().filter(asks).collect()
}

fn rsa(pki: &Pki) -> Made {
    pki.sign(KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap(), |_| {})
}

///
#[test]
fn versions_before_1_2_are_refused() {
    let running = Running::start();
    for address in [running.tls, running.mtls] {
        for version in ["-tls1", "-tls1_1"] {
            let (connected, text) = s_client(address, &[version, "-cipher", "ALL:@SECLEVEL=0"]);
            assert!(!connected, "{version}: {text}");
            assert!(text.contains("SSL alert number"), "{version}: {text}");
        }
        for (version, name) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
            let (connected, text) = s_client(address, &[version]);
            assert!(connected && text.contains(&format!("New, {name}")), "{version}: {text}");
        }
    }
    running.failed("tls", "incompatible", 2);
    running.serves();
}

/// only suites with forward secrecy and authenticated encryption; those that Open Finance Brasil demands are
/// among them.
#[test]
fn only_the_recommended_suites_of_1_2_are_agreed_on() {
    let mut own = accepted(&Running::with(rsa));
    own.sort();
    assert_eq!(
        own,
        ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"]
    );
    let mut own = accepted(&Running::start());
    own.sort();
    assert_eq!(
        own,
        ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"]
    );
}

#[test]
fn the_hybrid_group_is_preferred_and_a_classical_client_is_served() {
    let running = Running::start();
    for (groups, expected) in [
        (None, NamedGroup::X25519MLKEM768),
        (Some(vec![kx_group::X25519]), NamedGroup::X25519),
        (Some(vec![kx_group::SECP256R1]), NamedGroup::secp256r1),
    ] {
        let mut provider = aws_lc_rs::default_provider();
        if let Some(groups) = groups {
            provider.kx_groups = groups;
        }
        let client = Client::build(&running.pki, provider, None);
        let mut stream = client.connect(running.tls);
        super::get(&mut stream, PEER_PATH).unwrap();
        assert_eq!(stream.conn.negotiated_key_exchange_group().unwrap().name(), expected);
    }
}

#[test]
fn http_1_1_is_the_only_protocol() {
    let running = Running::start();
    let (connected, text) = s_client(running.tls, &["-alpn", "h2,http/1.1"]);
    assert!(connected && text.contains("ALPN protocol: http/1.1"), "{text}");
    let (connected, text) = s_client(running.tls, &["-alpn", "h2"]);
    assert!(!connected && text.contains("no application protocol"), "{text}");
}

/// without TLS nothing is answered on a TLS listener.
#[test]
fn a_request_without_tls_is_not_answered() {
    use std::io::Read;
    let running = Running::start();
    let mut stream = std::net::TcpStream::connect(running.tls).unwrap();
    stream.write_all(b"GET /peer HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP"), "{answer:?}");
    running.failed("tls", "malformed", 1);
    running.serves();
}

/// CA-22: where certificates of clients count, every connection shakes hands in full; elsewhere a session is
/// resumed, without early data.
#[test]
fn sessions_are_resumed_only_where_no_client_certificate_counts() {
    let running = Running::start();
    for (address, resumed) in [(running.tls, true), (running.mtls, false)] {
        for client in [running.client(), running.client().only_tls12()] {
            let mut kinds = Vec::new();
            for _ in 0..3 {
                let mut stream = client.connect(address);
                super::get(&mut stream, PEER_PATH).unwrap();
                kinds.push(stream.conn.handshake_kind().unwrap() == rustls::HandshakeKind::Resumed);
                assert!(!stream.conn.is_early_data_accepted());
                if !resumed {
                    assert_eq!(stream.conn.tls13_tickets_received(), 0);
                }
            }
            assert_eq!(kinds, [false, resumed, resumed], "{address}");
        }
        let (_, text) = s_client(address, &["-tls1_2", "-reconnect"]);
        let (new, reused) = (text.matches("New, TLSv1.2").count(), text.matches("Reused, TLSv1.2").count());
        assert_eq!((new, reused), if resumed { (1, 5) } else { (6, 0) }, "{text}");
    }
}

///
#[test]
fn renegotiation_is_refused() {
    let running = Running::start();
    let mut client = Command::new("openssl")
        .args(["s_client", "-tls1_2", "-connect", &running.mtls.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = client.stdin.take().unwrap();
    // What is typed before the handshake is over is no command.
    pause(Duration::from_millis(700));
    input.write_all(b"R\n").unwrap();
    pause(Duration::from_millis(300));
    drop(input);
    let (_, text) = told(client.wait_with_output().unwrap());
    assert!(text.contains("RENEGOTIATING") && text.contains("no renegotiation"), "{text}");
}
