//! Certificates in headers: believed of a proxy that proves itself, of nobody else (group HF, I-04).

use super::*;
use crate::support::{Answer, Ask};
use base64::{Engine, engine::general_purpose::STANDARD};
use chancela_core::x509::encode_pem;
use chancela_core::x509::forwarded::Form;
use chancela_server::config::{Listen, ListenUnix};
use chancela_server::proxy::ClientCertificateHeader;
use chancela_server::transport::peer::Peer;

fn percent(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

async fn behind(form: Form) -> (World, Root) {
    let root = Root::new("Partner root");
    let header = ClientCertificateHeader {
        form,
        header: None,
        chain_header: None,
        from_unix_socket: true,
        proxy_certificates: Vec::new(),
        mac_key_file: None,
    };
    let listen = Listen {
        unix: Some(ListenUnix { path: "/run/unused.sock".into() }),
        client_certificate_header: Some(header),
        ..Listen::default()
    };
    let world = World::listening(listen, vec![plan(&root)]).await;
    (world, root)
}

fn ask(client: &str) -> Ask {
    let fields = [("grant_type", "client_credentials"), ("client_id", client), ("scope", "read")];
    Ask::form("/bank/oauth/token", &fields)
}

async fn from_socket(world: &World, mut ask: Ask) -> Answer {
    ask.peer = Peer::unix_socket();
    ask.send(world).await
}

fn forgeries(world: &World) -> u64 {
    world.server.realm(REALM).unwrap().metrics.forged_certificate_headers.get()
}

async fn padaria(world: &World) -> String {
    let new = NewClient { tls_client_auth_subject_dn: Some("CN=padaria".into()), ..certificate_client() };
    world.register(REALM, new).await
}

/// HF-01: the certificate is public; whoever knows it may write it anywhere.
#[tokio::test]
async fn a_header_from_nobody_in_particular_is_ignored_and_counted() {
    let (behind, root) = behind(Form::ClientCert).await;
    let alone = World::open(vec![plan(&root)]).await;
    let holder = root.issue(&client_params("padaria"));
    let pem = encode_pem("CERTIFICATE", holder.der());
    let base64 = STANDARD.encode(holder.der());
    for world in [&behind, &alone] {
        let client = padaria(world).await;
        let mut counted = forgeries(world);
        for (name, value) in [
            ("Client-Cert", format!(":{base64}:")),
            ("client-cert", percent(&pem)),
            ("X-SSL-Client-Cert", percent(&pem)),
            ("ssl_client_cert", percent(&pem)),
            ("ssl-client-cert", percent(&pem)),
            ("X-Forwarded-Client-Cert", format!("Cert=\"{}\"", percent(&pem))),
            ("X-Forwarded-Tls-Client-Cert", base64.clone()),
            ("X-ARR-ClientCert", base64.clone()),
            ("X-Amzn-Mtls-Clientcert", percent(&pem)),
        ] {
            let answer = ask(&client).header(name, value).send(world).await;
            assert_eq!(answer.refusal(), (401, "invalid_client".into()), "{name}");
            counted += 1;
            assert_eq!(forgeries(world), counted, "{name}");
        }
    }
}

/// I-04: what the proxy says is believed, whatever form it speaks.
#[tokio::test]
async fn a_proxy_on_the_unix_socket_is_believed() {
    for form in [Form::ClientCert, Form::EscapedPem, Form::Xfcc, Form::Base64Der] {
        let (world, root) = behind(form).await;
        let client = padaria(&world).await;
        let header = |holder: &Holder| {
            let (pem, base64) = (encode_pem("CERTIFICATE", holder.der()), STANDARD.encode(holder.der()));
            match form {
                Form::ClientCert => format!(":{base64}:"),
                Form::Xfcc => {
                    let hash = chancela_core::secret::hex(&chancela_core::secret::sha256(holder.der()));
                    format!("Hash={hash};Cert=\"{}\"", percent(&pem))
                }
                Form::Base64Der => base64,
                _ => percent(&pem),
            }
        };
        let own = root.issue(&client_params("padaria"));
        let good = from_socket(&world, ask(&client).header(form.header(), header(&own))).await;
        assert_eq!(good.status, 200, "{form:?} {}", good.body);
        let other = root.issue(&client_params("other"));
        let bad = from_socket(&world, ask(&client).header(form.header(), header(&other))).await;
        assert_eq!(bad.refusal(), (401, "invalid_client".into()), "{form:?}");
        assert_eq!(from_socket(&world, ask(&client)).await.status, 401, "none shown");
        assert_eq!(forgeries(&world), 0);
    }
}

/// HF-02: two values are none.
#[tokio::test]
async fn a_second_copy_is_refused() {
    let (world, root) = behind(Form::ClientCert).await;
    let client = padaria(&world).await;
    let own = root.issue(&client_params("padaria"));
    let value = format!(":{}:", STANDARD.encode(own.der()));
    let good = ask(&client).header("client-cert", &value);
    assert_eq!(from_socket(&world, good.clone()).await.status, 200);
    for (title, ask) in [
        ("twice", good.clone().header("client-cert", &value)),
        ("with an underscore", good.clone().header("client_cert", &value)),
        ("joined", ask(&client).header("client-cert", format!("{value}, {value}"))),
        ("folded", ask(&client).header("client-cert", format!("{value}\t{value}"))),
        ("not base64", ask(&client).header("client-cert", ":%%%:")),
    ] {
        let answer = from_socket(&world, ask).await;
        assert_eq!(answer.refusal(), (400, "invalid_request".into()), "{title}");
    }
}

/// over a network without TLS, whoever listens could repeat a MAC; so it proves nothing there.
#[tokio::test]
async fn a_mac_proves_a_proxy_only_where_nobody_listens() {
    use chancela_core::x509::forwarded::mac::{self, MacKey, Vouched};
    use std::os::unix::fs::PermissionsExt;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "07".repeat(32)).unwrap();
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o400)).unwrap();
    let root = Root::new("Partner root");
    let header = ClientCertificateHeader {
        form: Form::ClientCert,
        header: None,
        chain_header: None,
        from_unix_socket: false,
        proxy_certificates: Vec::new(),
        mac_key_file: Some(file.path().to_owned()),
    };
    let listen = Listen { client_certificate_header: Some(header), ..Listen::default() };
    let world = World::listening(listen, vec![plan(&root)]).await;
    let client = padaria(&world).await;
    let holder = root.issue(&client_params("padaria"));
    let value = format!(":{}:", STANDARD.encode(holder.der()));
    let vouched = Vouched { method: "POST", path: "/bank/oauth/token", certificate: &value, chain: "" };
    let tag = MacKey::new(&[7; 32]).encode(&vouched, world.clock.now());
    for (peer, status) in [("127.0.0.1", 200), ("::1", 200), ("192.0.2.1", 401)] {
        let ask = ask(&client).header("client-cert", &value).header(mac::HEADER, &tag).from(peer);
        assert_eq!(ask.send(&world).await.status, status, "{peer}");
    }
    assert_eq!(forgeries(&world), 1);
}

/// What some servers write where a client showed no certificate is no certificate.
#[tokio::test]
async fn an_empty_header_of_a_proxy_is_no_certificate() {
    let (world, _) = behind(Form::EscapedPem).await;
    let client = padaria(&world).await;
    for nothing in ["", "(null)", "-"] {
        let answer = from_socket(&world, ask(&client).header(Form::EscapedPem.header(), nothing)).await;
        assert_eq!(answer.refusal(), (401, "invalid_client".into()), "{nothing:?}");
    }
}
