//! The attacks HF-01 and HF-02 against forwarded certificates, and what each proof is worth.

use super::*;
use chancela_core::secret::hex;
use chancela_core::time::Timestamp;
use chancela_core::x509::forwarded::{Form, ForwardedError, client_cert, mac};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const KEY: [u8; 32] = [7; 32];
const PLAIN: Link<'static> = Link { unix_socket: false, certificate: None };
const SOCKET: Link<'static> = Link { unix_socket: true, certificate: None };

/// A folder with a proxy's certificate and a key.
struct Files {
    folder: tempfile::TempDir,
    proxy: Vec<u8>,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["proxy.example".to_owned()]).unwrap();
        fs::write(folder.path().join("proxy.pem"), made.cert.pem()).unwrap();
        let key = folder.path().join("proxy.key");
        fs::write(&key, hex(&KEY) + "\n").unwrap();
        fs::set_permissions(&key, Permissions::from_mode(0o400)).unwrap();
        Self { folder, proxy: made.cert.der().to_vec() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn config(form: Form) -> ClientCertificateHeader {
    ClientCertificateHeader {
        form,
        header: None,
        chain_header: None,
        from_unix_socket: true,
        proxy_certificates: Vec::new(),
        mac_key_file: None,
    }
}

fn socket(form: Form) -> ForwardedCertificates {
    ForwardedCertificates::new(&config(form)).unwrap()
}

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        headers.append(name.parse::<HeaderName>().unwrap(), value);
    }
    headers
}

fn carried(headers: &HeaderMap) -> Carried<'_> {
    Carried { method: "POST", path: "/token", headers, except: &[] }
}

fn read(of: &ForwardedCertificates, link: &Link<'_>, lines: &[(&str, &str)]) -> Outcome {
    of.read(link, &carried(&headers(lines)), NOW)
}

fn shown(of: &[&[u8]]) -> Outcome {
    Outcome::Certificates(of.iter().map(|der| der.to_vec()).collect())
}

fn mac_of(certificate: &str, chain: &str, now: Timestamp) -> String {
    mac::MacKey::new(&KEY).encode(&mac::Vouched { method: "POST", path: "/token", certificate, chain }, now)
}

/// I-04.
#[test]
fn a_proxy_on_the_socket_is_believed() {
    let (leaf, issuer) = (client_cert::encode(b"leaf"), client_cert::encode(b"issuer"));
    let of = socket(Form::ClientCert);
    assert_eq!(read(&of, &SOCKET, &[("Client-Cert", &leaf)]), shown(&[b"leaf"]));
    let both = [("Client-Cert", leaf.as_str()), ("Client-Cert-Chain", &issuer)];
    assert_eq!(read(&of, &SOCKET, &both), shown(&[b"leaf", b"issuer"]));
    assert_eq!(read(&of, &SOCKET, &[("host", "a")]), Outcome::NoneShown);
}

/// HF-01, A-25, 0.15: a victim's public certificate, under every name, from a peer that proved nothing.
#[test]
fn nobody_else_is_believed() {
    let victim = client_cert::encode(b"victim");
    let of = socket(Form::ClientCert);
    for name in [
        "Client-Cert",
        "X-SSL-Client-Cert",
        "ssl_client_cert",
        "X-Forwarded-Client-Cert",
        "X-Forwarded-Tls-Client-Cert",
        "X-ARR-ClientCert",
        "client_cert",
    ] {
        assert_eq!(read(&of, &PLAIN, &[(name, &victim)]), Outcome::Unproven, "{name}");
        let tls = Link { unix_socket: false, certificate: Some(b"anybody") };
        assert_eq!(read(&of, &tls, &[(name, &victim)]), Outcome::Unproven, "{name}");
    }
    assert_eq!(read(&of, &PLAIN, &[("host", "a")]), Outcome::Absent);
    assert_eq!(read(&of, &PLAIN, &[("client-cert", &victim), ("client-cert", "?")]), Outcome::Unproven);
}

/// A-26: the socket is a proof only where the configuration says so.
#[test]
fn a_proof_that_is_not_configured_is_none() {
    let files = Files::new();
    let pinned = ClientCertificateHeader {
        from_unix_socket: false,
        proxy_certificates: vec![files.path("proxy.pem")],
        ..config(Form::ClientCert)
    };
    let of = ForwardedCertificates::new(&pinned).unwrap();
    let leaf = client_cert::encode(b"leaf");
    let mac = mac_of(&leaf, "", NOW);
    let lines = [("client-cert", leaf.as_str()), ("client-cert-mac", &mac)];
    assert_eq!(read(&of, &SOCKET, &lines), Outcome::Unproven);
    assert_eq!(read(&of, &PLAIN, &lines), Outcome::Unproven);
}

/// A-25: a proxy's own certificate identifies the proxy, and is never its client's.
#[test]
fn a_proxy_with_its_own_certificate_is_believed_and_is_not_the_client() {
    let files = Files::new();
    let pinned = ClientCertificateHeader {
        from_unix_socket: false,
        proxy_certificates: vec![files.path("proxy.pem")],
        ..config(Form::ClientCert)
    };
    let of = ForwardedCertificates::new(&pinned).unwrap();
    let proxy = Link { unix_socket: false, certificate: Some(&files.proxy) };
    let other = rcgen::generate_simple_self_signed(["proxy.example".to_owned()]).unwrap();
    let namesake = Link { unix_socket: false, certificate: Some(other.cert.der()) };
    let leaf = client_cert::encode(b"leaf");
    assert_eq!(read(&of, &proxy, &[("client-cert", &leaf)]), shown(&[b"leaf"]));
    assert_eq!(read(&of, &proxy, &[]), Outcome::NoneShown);
    assert_eq!(read(&of, &namesake, &[("client-cert", &leaf)]), Outcome::Unproven);
    assert_eq!(read(&of, &namesake, &[]), Outcome::Absent);
    assert!(of.is_proxy(&proxy) && !of.is_proxy(&namesake) && !of.is_proxy(&PLAIN));
}

/// HF-02: more than one way to read what a trusted proxy let through.
#[test]
fn ambiguous_headers_of_a_proxy_are_refused() {
    let (own, victim) = (client_cert::encode(b"own"), client_cert::encode(b"victim"));
    let of = socket(Form::ClientCert);
    let with = |name: &str, value: &str| read(&of, &SOCKET, &[("Client-Cert", &own), (name, value)]);
    for copy in ["client-cert", "CLIENT-CERT", "Client-Cert"] {
        assert_eq!(with(copy, &victim), Outcome::Refused(Why::Repeated), "{copy}");
    }
    for other in [
        "client_cert",
        "Client_Cert",
        "ssl_client_cert",
        "clientcert",
        "Client.Cert",
        "client_cert_chain",
        "X-Client-Cert",
        "X-Forwarded-Client-Cert",
        "X-ARR-ClientCert",
    ] {
        assert_eq!(with(other, &victim), Outcome::Refused(Why::Another), "{other}");
        assert_eq!(read(&of, &SOCKET, &[(other, &victim)]), Outcome::Refused(Why::Another), "{other} alone");
    }
    let joined = format!("{victim}, {own}");
    assert_eq!(
        read(&of, &SOCKET, &[("client-cert", &joined)]),
        Outcome::Refused(Why::Unreadable(ForwardedError::Several))
    );
    let folded = format!("{victim}\t{own}");
    assert!(matches!(read(&of, &SOCKET, &[("client-cert", &folded)]), Outcome::Refused(Why::Unreadable(_))));
    for (name, value, why) in [
        ("Client-Cert", ":ev\u{e9}:", Why::NotText),
        ("Client-Cert-Chain", victim.as_str(), Why::ChainAlone),
        ("Client-Cert", "::", Why::Unreadable(ForwardedError::NoCertificate)),
    ] {
        assert_eq!(read(&of, &SOCKET, &[(name, value)]), Outcome::Refused(why), "{name}: {value}");
    }
}

/// HF-02 for a name of one's own, which is on no list.
#[test]
fn other_spellings_of_a_name_of_ones_own_are_refused_too() {
    let own = ClientCertificateHeader { header: Some("Zertifikat-DER".into()), ..config(Form::Base64Der) };
    let of = ForwardedCertificates::new(&own).unwrap();
    assert_eq!(read(&of, &SOCKET, &[("zertifikat-der", "AAAA")]), shown(&[&[0, 0, 0]]));
    assert_eq!(read(&of, &PLAIN, &[("zertifikat-der", "AAAA")]), Outcome::Unproven);
    assert_eq!(read(&of, &PLAIN, &[("zertifikat_der", "AAAA")]), Outcome::Unproven);
    for other in ["zertifikat_der", "ZertifikatDER"] {
        let lines = [("zertifikat-der", "AAAA"), (other, "AAAA")];
        assert_eq!(read(&of, &SOCKET, &lines), Outcome::Refused(Why::Another), "{other}");
    }
}

/// HF-02: lists that two hops wrote, in each form that has lists.
#[test]
fn what_two_hops_wrote_is_refused_in_every_form() {
    let hops = |form, value: &str| {
        let name = config(form).form.header();
        read(&socket(form), &SOCKET, &[(name, value)])
    };
    let refused = Outcome::Refused(Why::Unreadable(ForwardedError::SeveralHops));
    assert_eq!(hops(Form::Xfcc, "Hash=aa;Cert=x,Hash=bb;Cert=y"), refused);
    assert_eq!(hops(Form::Base64Der, "MIIB,MIIB"), refused);
    for form in [Form::EscapedPem, Form::AlbEscapedPem] {
        let pem = "-----BEGIN%20CERTIFICATE-----%0AMIIB%0A-----END%20CERTIFICATE-----%0A";
        assert!(matches!(hops(form, pem), Outcome::Certificates(_)));
        assert!(matches!(hops(form, &format!("{pem}, {pem}")), Outcome::Refused(Why::Unreadable(_))));
    }
}

/// A-26: plain TCP is believed with a MAC only.
#[test]
fn a_mac_proves_a_header_that_came_over_plain_tcp() {
    let files = Files::new();
    let keyed = ClientCertificateHeader {
        from_unix_socket: false,
        mac_key_file: Some(files.path("proxy.key")),
        ..config(Form::ClientCert)
    };
    let of = ForwardedCertificates::new(&keyed).unwrap();
    let (leaf, issuer) = (client_cert::encode(b"leaf"), client_cert::encode(b"issuer"));
    let (good, bare) = (mac_of(&leaf, "", NOW), mac_of("", "", NOW));
    let with = |mac: &str| read(&of, &PLAIN, &[("client-cert", &leaf), ("client-cert-mac", mac)]);
    assert_eq!(with(&good), shown(&[b"leaf"]));
    assert_eq!(read(&of, &PLAIN, &[("client-cert", &leaf)]), Outcome::Unproven);
    assert_eq!(read(&of, &SOCKET, &[("client-cert", &leaf)]), Outcome::Unproven);
    assert_eq!(read(&of, &PLAIN, &[("client-cert-mac", &bare)]), Outcome::NoneShown);
    assert_eq!(read(&of, &PLAIN, &[]), Outcome::Absent);
    for (wrong, why) in [
        (bare.clone(), mac::MacError::Wrong),
        (mac_of(&leaf, &issuer, NOW), mac::MacError::Wrong),
        (mac_of(&leaf, "", NOW.plus_seconds(-61)), mac::MacError::Stale),
        (mac_of(&leaf, "", NOW.plus_seconds(61)), mac::MacError::Stale),
        ("t=1".into(), mac::MacError::Malformed),
    ] {
        assert_eq!(with(&wrong), Outcome::Refused(Why::Mac(why)), "{wrong}");
    }
    let chained = mac_of(&leaf, &issuer, NOW);
    let lines =
        [("client-cert", leaf.as_str()), ("client-cert-chain", &issuer), ("client-cert-mac", &chained)];
    assert_eq!(read(&of, &PLAIN, &lines), shown(&[b"leaf", b"issuer"]));
    let twice = [("client-cert", leaf.as_str()), ("client-cert-mac", &good), ("client-cert-mac", &good)];
    assert_eq!(read(&of, &PLAIN, &twice), Outcome::Refused(Why::Repeated));
    let lines = headers(&[("client-cert", &leaf), ("client-cert-mac", &good)]);
    let moved = Carried { path: "/introspect", ..carried(&lines) };
    assert_eq!(of.read(&PLAIN, &moved, NOW), Outcome::Refused(Why::Mac(mac::MacError::Wrong)));
}

/// A wrong MAC is a wrong key or an attack, whatever the connection proves.
#[test]
fn a_wrong_mac_is_refused_on_a_proven_connection_too() {
    let files = Files::new();
    let both =
        ClientCertificateHeader { mac_key_file: Some(files.path("proxy.key")), ..config(Form::ClientCert) };
    let of = ForwardedCertificates::new(&both).unwrap();
    let (leaf, bare) = (client_cert::encode(b"leaf"), mac_of("", "", NOW));
    assert_eq!(read(&of, &SOCKET, &[("client-cert", &leaf)]), shown(&[b"leaf"]));
    let lines = [("client-cert", leaf.as_str()), ("client-cert-mac", &bare)];
    assert_eq!(read(&of, &SOCKET, &lines), Outcome::Refused(Why::Mac(mac::MacError::Wrong)));
}

/// 0.15: a header that a dialect documents for its clients is theirs to send, and no certificate of the connection's.
#[test]
fn a_dialects_own_header_is_neither_forgery_nor_proof() {
    let of = socket(Form::EscapedPem);
    let lines = headers(&[("client-cert", "-----BEGIN CERTIFICATE----- ...")]);
    let documented = Carried { except: &["client-cert"], ..carried(&lines) };
    assert_eq!(of.read(&PLAIN, &documented, NOW), Outcome::Absent);
    assert_eq!(of.read(&SOCKET, &documented, NOW), Outcome::NoneShown);
    assert_eq!(of.read(&PLAIN, &carried(&lines), NOW), Outcome::Unproven);
    let same = socket(Form::ClientCert);
    assert_eq!(same.read(&PLAIN, &documented, NOW), Outcome::Absent);
}

/// HF-06 in spirit: no default trust. Each message says what to do.
#[test]
fn a_configuration_without_a_proof_or_with_bad_files_is_refused() {
    let files = Files::new();
    fs::write(files.path("empty.pem"), "nothing\n").unwrap();
    fs::write(files.path("open.key"), hex(&KEY)).unwrap();
    fs::set_permissions(files.path("open.key"), Permissions::from_mode(0o640)).unwrap();
    fs::write(files.path("short.key"), "00").unwrap();
    fs::set_permissions(files.path("short.key"), Permissions::from_mode(0o600)).unwrap();
    let base = config(Form::EscapedPem);
    let key = |name: &str| ClientCertificateHeader { mac_key_file: Some(files.path(name)), ..base.clone() };
    let pem =
        |name: &str| ClientCertificateHeader { proxy_certificates: vec![files.path(name)], ..base.clone() };
    let header = |name: &str| ClientCertificateHeader { header: Some(name.into()), ..base.clone() };
    for (wrong, says) in [
        (ClientCertificateHeader { from_unix_socket: false, ..base.clone() }, "nothing proves"),
        (key("missing"), "openssl rand -hex 32"),
        (key("open.key"), "chmod 0400"),
        (key("short.key"), "64 hexadecimal digits"),
        (pem("missing"), "name PEM files"),
        (pem("empty.pem"), "has no certificate"),
        (header("a b"), "cannot be this header"),
        (header("Authorization"), "cannot be this header"),
        (
            ClientCertificateHeader { chain_header: Some("x".into()), ..base.clone() },
            "only the form client_cert",
        ),
        (
            ClientCertificateHeader { chain_header: Some("client-cert".into()), ..config(Form::ClientCert) },
            "a name of its own",
        ),
    ] {
        let message = ForwardedCertificates::new(&wrong).unwrap_err().0;
        assert!(
            message.starts_with("listen.client_certificate_header") && message.contains(says),
            "{message}"
        );
    }
}

#[test]
fn the_table_is_a_closed_vocabulary() {
    let text =
        "form = \"alb\"\nfrom_unix_socket = true\nproxy_certificates = [\"a.pem\"]\nmac_key_file = \"k\"";
    let table: ClientCertificateHeader = toml::from_str(text).unwrap();
    assert_eq!((table.form, table.header), (Form::AlbEscapedPem, None));
    for wrong in ["", "form = \"pem\"", "form = \"xfcc\"\ntrusted_proxies = [\"0.0.0.0/0\"]"] {
        assert!(toml::from_str::<ClientCertificateHeader>(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    /// HF-01, A-25: whatever a peer without a proof sends, no certificate comes of it; and nothing makes it panic.
    #[test]
    fn an_unproven_peer_never_yields_certificates(
        lines in proptest::collection::vec(
            ("[Cc]lient[-_][Cc]ert(-chain|-mac)?|x-forwarded-client-cert|[a-z]{1,6}",
             r"(:[A-Za-z0-9+/=]{0,8}:[,;]?){0,3}|t=[0-9]{1,11},v1=[0-9a-f]{64}|[ -~]{0,40}"),
            0..4,
        ),
        form in prop::sample::select(vec![
            Form::ClientCert, Form::Xfcc, Form::EscapedPem, Form::AlbEscapedPem, Form::Base64Der,
        ]),
        own in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..8)),
    ) {
        let files = Files::new();
        let full = ClientCertificateHeader {
            proxy_certificates: vec![files.path("proxy.pem")],
            mac_key_file: Some(files.path("proxy.key")),
            header: Some("Client-Cert".into()),
            ..config(form)
        };
        let of = ForwardedCertificates::new(&full).unwrap();
        let lines: Vec<(&str, &str)> = lines.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let link = Link { unix_socket: false, certificate: own.as_deref() };
        let outcome = read(&of, &link, &lines);
        prop_assert!(!matches!(outcome, Outcome::Certificates(_) | Outcome::NoneShown));
        let _ = read(&of, &SOCKET, &lines);
    }
}
