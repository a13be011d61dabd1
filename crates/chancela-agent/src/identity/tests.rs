//! Files made by the openssl program, and real handshakes.

use super::*;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::time::Duration;
use tempfile::{TempDir, tempdir};

const CLIENT: &str = "-addext extendedKeyUsage=clientAuth -addext keyUsage=digitalSignature";
const KINDS: [&str; 4] =
    ["rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-256", "ec -pkeyopt ec_paramgen_curve:P-384", "ed25519"];

/// A folder of one test, from which openssl runs.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let own = Self(tempdir().unwrap());
        // Without what the machine's own configuration adds to a certificate.
        fs::write(own.path("empty.cnf"), "[req]\ndistinguished_name = d\n[d]\n").unwrap();
        own
    }

    /// Runs openssl with these arguments, which are divided at spaces.
    #[track_caller]
    fn openssl(&self, arguments: &str) -> String {
        let out = Command::new("openssl").args(arguments.split(' ')).current_dir(&self.0).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "openssl {arguments}\n{said}");
        said
    }

    /// A certificate `NAME.pem` of a new key `NAME.key`.
    fn certificate(&self, name: &str, kind: &str, uses: &str) {
        self.openssl(&format!(
            "req -config empty.cnf -x509 -newkey {kind} -nodes -keyout {name}.key -out {name}.pem -days 30 -subj /CN={name} {uses}"
        ));
        fs::set_permissions(self.path(&format!("{name}.key")), Permissions::from_mode(0o600)).unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn source(&self, name: &str) -> Source {
        Source::File(self.path(name))
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// A moment at which the certificate is valid.
    fn valid(&self, name: &str) -> Timestamp {
        let text = String::from_utf8(self.bytes(name)).unwrap();
        Timestamp::from_seconds(Certificate::parse_pem_chain(&text).unwrap()[0].not_before + 60)
    }

    fn parse(
        &self,
        certificate: &str,
        key: Option<&str>,
        passphrase: Option<&str>,
    ) -> Result<Identity, IdentityProblem> {
        let (own, key) = (self.bytes(certificate), key.map(|key| self.bytes(key)));
        let passphrase = passphrase.map(Secret::new);
        let material = Material { certificate: &own, key: key.as_deref(), passphrase: passphrase.as_ref() };
        Identity::parse(&material, self.valid("a.pem"))
    }
}

fn nothing() -> Surroundings {
    Surroundings::new(|_| None, &b""[..])
}

#[test]
fn keys_of_each_kind_and_form_are_read() {
    for kind in KINDS {
        let folder = Folder::new();
        folder.certificate("a", kind, CLIENT);
        let digest = folder.openssl("x509 -in a.pem -noout -fingerprint -sha256");
        let digest = digest.split_once('=').unwrap().1.trim().replace(':', "").to_lowercase();
        folder.openssl("pkcs8 -topk8 -in a.key -v2 aes-256-cbc -passout pass:açúcar -out encrypted.key");
        folder.openssl("pkcs12 -export -in a.pem -inkey a.key -passout pass:açúcar -out a.p12");
        let mut both = folder.bytes("a.key");
        both.extend(folder.bytes("a.pem"));
        fs::write(folder.path("both.pem"), both).unwrap();
        let mut all = vec![
            ("a.pem", Some("a.key"), None),
            ("both.pem", None, None),
            ("a.pem", Some("encrypted.key"), Some("açúcar")),
            ("a.p12", None, Some("açúcar")),
        ];
        if kind != "ed25519" {
            // PKCS #1 and SEC 1.
            folder.openssl("pkey -in a.key -traditional -out traditional.key");
            all.push(("a.pem", Some("traditional.key"), None));
        }
        for (certificate, key, passphrase) in all {
            let own = folder.parse(certificate, key, passphrase).unwrap();
            assert_eq!(
                chancela_core::secret::hex(&own.certificate().sha256),
                digest,
                "{kind} {certificate} {key:?}"
            );
            assert_eq!(own.warnings(), []);
            let expected = BASE64URL.encode(own.certificate().sha256);
            assert_eq!((own.thumbprint().len(), own.thumbprint()), (43, expected));
        }
    }
}

#[test]
fn what_does_not_fit_or_open_is_refused_with_what_to_do() {
    let folder = Folder::new();
    folder.certificate("a", KINDS[1], CLIENT);
    folder.certificate("b", KINDS[1], CLIENT);
    folder.openssl("pkcs8 -topk8 -in a.key -v2 aes-256-cbc -passout pass:x -out encrypted.key");
    folder.openssl("ec -in a.key -aes128 -passout pass:abcd -out old.key");
    folder.openssl("pkcs12 -export -in a.pem -inkey a.key -passout pass:x -out a.p12");
    folder.openssl("pkcs12 -export -legacy -in a.pem -inkey a.key -passout pass:x -out old.p12");
    folder.openssl("x509 -in a.pem -outform DER -out a.der");
    folder.openssl("ecparam -genkey -name secp256k1 -noout -out odd.key");
    fs::write(folder.path("two.key"), [folder.bytes("a.key"), folder.bytes("b.key")].concat()).unwrap();
    let refused = |certificate, key, passphrase| folder.parse(certificate, key, passphrase).unwrap_err();
    assert_eq!(refused("a.pem", Some("b.key"), None), IdentityProblem::Mismatch);
    assert_eq!(refused("a.pem", None, None), IdentityProblem::NoKey);
    assert_eq!(refused("a.pem", Some("two.key"), None), IdentityProblem::SeveralKeys);
    assert_eq!(refused("a.pem", Some("odd.key"), None), IdentityProblem::KeyKind);
    assert_eq!(refused("a.pem", Some("a.der"), None), IdentityProblem::NotPem);
    assert_eq!(refused("a.pem", Some("encrypted.key"), None), IdentityProblem::NoPassphrase);
    assert_eq!(refused("a.pem", Some("encrypted.key"), Some("y")), IdentityProblem::WrongPassphrase);
    let old = refused("a.pem", Some("old.key"), Some("abcd"));
    assert!(old.to_string().contains("openssl pkcs8 -topk8"), "{old}");
    assert_eq!(refused("a.p12", None, None), IdentityProblem::NoPassphrase);
    assert_eq!(refused("a.p12", Some("a.key"), Some("x")), IdentityProblem::KeyTwice);
    let wrong = refused("a.p12", None, Some("y"));
    assert!(wrong.to_string().contains("password is wrong"), "{wrong}");
    let legacy = refused("old.p12", None, Some("x"));
    assert!(legacy.to_string().contains("openssl pkcs12 -legacy"), "{legacy}");
    assert!(matches!(refused("a.der", None, None), IdentityProblem::Pkcs12(_)));
    assert!(matches!(refused("a.key", None, None), IdentityProblem::Certificate(_)));
}

#[test]
fn a_file_of_a_provider_that_sets_no_password_opens() {
    let folder = Folder::new();
    folder.certificate("a", KINDS[0], CLIENT);
    folder.openssl("pkcs12 -export -in a.pem -inkey a.key -passout pass: -out a.p12");
    assert!(folder.parse("a.p12", None, None).is_ok());
}

#[test]
fn validity_is_judged_at_the_given_time() {
    let folder = Folder::new();
    folder.certificate("a", KINDS[1], CLIENT);
    let (certificate, key) = (folder.bytes("a.pem"), folder.bytes("a.key"));
    let material = Material { certificate: &certificate, key: Some(&key), passphrase: None };
    let own = Identity::parse(&material, folder.valid("a.pem")).unwrap();
    let (begin, end) = (own.certificate().not_before, own.certificate().not_after);
    let at = |seconds| Identity::parse(&material, Timestamp::from_seconds(seconds)).err();
    assert_eq!(at(begin - 1), Some(IdentityProblem::NotYetValid { days: 0 }));
    assert_eq!((at(begin), at(end)), (None, None));
    assert_eq!(at(end + 2 * DAY), Some(IdentityProblem::Expired { days: 2 }));
}

#[test]
fn a_certificate_that_is_not_for_clients_is_warned_of() {
    let folder = Folder::new();
    folder.certificate("a", KINDS[1], "-addext extendedKeyUsage=serverAuth -addext keyUsage=keyAgreement");
    let own = folder.parse("a.pem", Some("a.key"), None).unwrap();
    assert_eq!(own.warnings(), [IdentityWarning::NotForClients, IdentityWarning::MayNotSign]);
    fs::set_permissions(folder.path("a.key"), Permissions::from_mode(0o644)).unwrap();
    let files = IdentityFiles {
        certificate: folder.source("a.pem"),
        key: Some(folder.source("a.key")),
        passphrase: None,
    };
    let own = Identity::read(&files, &nothing(), folder.valid("a.pem")).unwrap();
    assert!(matches!(own.warnings()[2], IdentityWarning::Source(_)));
    assert_eq!(own.warnings().len(), 3, "the certificate may be read by all");
}

#[test]
fn the_chain_is_put_in_order_and_strangers_are_left_out() {
    let folder = Folder::new();
    folder.certificate("root", KINDS[1], "-addext basicConstraints=critical,CA:TRUE");
    folder.certificate("stranger", KINDS[1], CLIENT);
    for (name, above, is_ca) in [("issuing", "root", true), ("a", "issuing", false)] {
        fs::write(
            folder.path("x"),
            if is_ca { "basicConstraints=CA:TRUE" } else { "extendedKeyUsage=clientAuth" },
        )
        .unwrap();
        folder.openssl(&format!(
            "req -config empty.cnf -new -newkey {} -nodes -keyout {name}.key -subj /CN={name} -out r.pem",
            KINDS[1]
        ));
        folder.openssl(&format!(
            "x509 -req -in r.pem -CA {above}.pem -CAkey {above}.key -days 9 -extfile x -out {name}.pem"
        ));
    }
    let parts = ["root.pem", "stranger.pem", "a.pem", "issuing.pem"].map(|name| folder.bytes(name));
    fs::write(folder.path("all.pem"), parts.concat()).unwrap();
    folder.openssl("pkcs12 -export -in all.pem -inkey a.key -passout pass:x -out all.p12");
    for (file, key, passphrase) in [("all.pem", Some("a.key"), None), ("all.p12", None, Some("x"))] {
        let own = folder.parse(file, key, passphrase).unwrap();
        let names = own.certified_key().cert.iter();
        let names: Vec<String> =
            names.map(|der| Certificate::parse_der(der).unwrap().subject.to_rfc4514()).collect();
        assert_eq!(names, ["CN=a", "CN=issuing", "CN=root"], "{file}");
    }
}

/// The common name of the client that a server sees in a handshake, in memory.
fn seen(config: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> String {
    let mut client =
        ClientConnection::new(Arc::clone(config), ServerName::try_from("server").unwrap()).unwrap();
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    let mut wire = Vec::new();
    while client.is_handshaking() || server.is_handshaking() || client.wants_write() || server.wants_write() {
        wire.clear();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets().unwrap();
        wire.clear();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets().unwrap();
    }
    Certificate::parse_der(&server.peer_certificates().unwrap()[0]).unwrap().subject.to_rfc4514()
}

/// A server that believes these clients, and a client's builder that believes the server.
fn server(folder: &Folder, clients: &[&str]) -> (Arc<ServerConfig>, Arc<RootCertStore>) {
    folder.certificate(
        "server",
        KINDS[1],
        "-addext subjectAltName=DNS:server -addext basicConstraints=CA:FALSE",
    );
    let der = |name: &str| CertificateDer::from_pem_slice(&folder.bytes(&format!("{name}.pem"))).unwrap();
    let (mut trusted, mut roots) = (RootCertStore::empty(), RootCertStore::empty());
    clients.iter().for_each(|name| trusted.add(der(name)).unwrap());
    roots.add(der("server")).unwrap();
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(trusted), Arc::clone(&provider));
    let key = PrivateKeyDer::from_pem_slice(&folder.bytes("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_client_cert_verifier(verifier.build().unwrap());
    (Arc::new(config.with_single_cert(vec![der("server")], key).unwrap()), Arc::new(roots))
}

fn client(holder: &Arc<ClientIdentity>, roots: &Arc<RootCertStore>) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    Arc::new(holder.in_config(builder.with_root_certificates(Arc::clone(roots))))
}

const EVERY: Duration = Duration::from_secs(30);

#[test]
fn a_replaced_certificate_is_sent_at_the_next_handshake() {
    let folder = Folder::new();
    folder.certificate("old", KINDS[1], CLIENT);
    folder.certificate("new", "ed25519", CLIENT);
    // As Kubernetes does it: files are links into a folder that is a link.
    for name in ["old", "new"] {
        fs::create_dir(folder.path(&format!("..{name}"))).unwrap();
        for (from, to) in [("key", "tls.key"), ("pem", "tls.crt")] {
            fs::copy(folder.path(&format!("{name}.{from}")), folder.path(&format!("..{name}/{to}"))).unwrap();
        }
    }
    symlink("..old", folder.path("..data")).unwrap();
    for name in ["tls.crt", "tls.key"] {
        symlink(format!("..data/{name}"), folder.path(name)).unwrap();
    }
    let (around, now) = (nothing(), folder.valid("new.pem"));
    let files = IdentityFiles {
        certificate: folder.source("tls.crt"),
        key: Some(folder.source("tls.key")),
        passphrase: None,
    };
    let holder = Arc::new(ClientIdentity::load(files, EVERY, &around, now).unwrap());
    let (server, roots) = server(&folder, &["old", "new"]);
    let config = client(&holder, &roots);
    assert_eq!((seen(&config, &server), holder.generation()), ("CN=old".into(), 0));
    assert!(matches!(holder.look(&around, now.plus_seconds(30)), Look::Unchanged));

    symlink("..new", folder.path("..next")).unwrap();
    fs::rename(folder.path("..next"), folder.path("..data")).unwrap();
    assert!(matches!(holder.look(&around, now.plus_seconds(59)), Look::Unchanged), "too early to look");
    assert!(matches!(holder.look(&around, now.plus_seconds(60)), Look::Unchanged), "not still yet");
    assert_eq!(seen(&config, &server), "CN=old");
    assert!(matches!(holder.look(&around, now.plus_seconds(90)), Look::Replaced));
    assert_eq!((seen(&config, &server), holder.generation()), ("CN=new".into(), 1));
    assert!(matches!(holder.look(&around, now.plus_seconds(120)), Look::Unchanged));
}

#[test]
fn whoever_has_replaced_a_whole_file_need_not_wait() {
    let folder = Folder::new();
    for name in ["old", "new"] {
        folder.certificate(name, KINDS[1], CLIENT);
        let both = [folder.bytes(&format!("{name}.pem")), folder.bytes(&format!("{name}.key"))].concat();
        fs::write(folder.path(&format!("{name}.both")), both).unwrap();
    }
    let (around, now) = (nothing(), folder.valid("new.pem"));
    let files = IdentityFiles { certificate: folder.source("old.both"), key: None, passphrase: None };
    let holder = ClientIdentity::load(files.clone(), EVERY, &around, now).unwrap();
    assert!(matches!(holder.reload(&around, now), Look::Unchanged));
    fs::rename(folder.path("new.both"), folder.path("old.both")).unwrap();
    assert!(matches!(holder.reload(&around, now), Look::Replaced));
    assert_eq!(
        (holder.generation(), holder.current().certificate().subject.to_rfc4514()),
        (1, "CN=new".into())
    );
    fs::write(folder.path("old.both"), "nothing").unwrap();
    assert!(matches!(holder.reload(&around, now), Look::Refused(_)));
    assert_eq!(holder.generation(), 1, "what cannot be used changes nothing");
    // A calendar shows what is over, too.
    fs::write(folder.path("old.both"), [folder.bytes("old.pem"), folder.bytes("old.key")].concat()).unwrap();
    assert_eq!(Identity::certificates(&files, &around).unwrap().len(), 1);
}

#[test]
fn a_bad_replacement_changes_nothing_and_is_told_once() {
    let folder = Folder::new();
    folder.certificate("a", KINDS[1], CLIENT);
    folder.certificate("b", KINDS[1], CLIENT);
    let (around, now) = (nothing(), folder.valid("b.pem"));
    let files = IdentityFiles {
        certificate: folder.source("a.pem"),
        key: Some(folder.source("a.key")),
        passphrase: None,
    };
    let holder = ClientIdentity::load(files, EVERY, &around, now).unwrap();
    let before = holder.current().thumbprint();
    let mut at = now;
    let mut look = || {
        at = at.plus_seconds(30);
        holder.look(&around, at)
    };
    let old = folder.bytes("a.pem");
    fs::copy(folder.path("b.pem"), folder.path("a.pem")).unwrap();
    assert!(matches!(look(), Look::Unchanged));
    let Look::Refused(error) = look() else { panic!("the key is of another certificate") };
    assert!(error.to_string().contains("no certificate there is of this private key"), "{error}");
    assert!(matches!(look(), Look::Unchanged), "told once");
    assert_eq!(holder.refusal(), Some(error.to_string()));
    assert_eq!((holder.current().thumbprint(), holder.generation()), (before.clone(), 0));
    fs::remove_file(folder.path("a.key")).unwrap();
    assert!(matches!(look(), Look::Unchanged));
    assert!(matches!(look(), Look::Refused(IdentityError::Source(_))));
    // The key comes after its certificate, and both are taken.
    fs::copy(folder.path("b.key"), folder.path("a.key")).unwrap();
    assert!(matches!(look(), Look::Unchanged));
    assert!(matches!(look(), Look::Replaced));
    assert_eq!((holder.refusal(), holder.generation()), (None, 1));
    assert_ne!(holder.current().thumbprint(), before);
    fs::write(folder.path("a.pem"), old).unwrap();
    assert!(matches!(look(), Look::Unchanged));
    assert!(matches!(look(), Look::Refused(_)));
}

#[test]
fn a_clock_that_was_set_back_does_not_stop_the_looking() {
    let folder = Folder::new();
    folder.certificate("a", KINDS[1], CLIENT);
    let (around, now) = (nothing(), folder.valid("a.pem"));
    let files = IdentityFiles {
        certificate: folder.source("a.pem"),
        key: Some(folder.source("a.key")),
        passphrase: None,
    };
    let holder = ClientIdentity::load(files, EVERY, &around, now.plus_seconds(DAY)).unwrap();
    fs::write(folder.path("a.key"), "nothing").unwrap();
    assert!(matches!(holder.look(&around, now), Look::Unchanged));
    assert!(matches!(holder.look(&around, now.plus_seconds(30)), Look::Refused(_)));
}

#[test]
fn nothing_that_is_shown_has_the_key_in_it() {
    let folder = Folder::new();
    folder.certificate("a", KINDS[1], CLIENT);
    let own = folder.parse("a.pem", Some("a.key"), None).unwrap();
    assert_eq!(format!("{own:?}"), format!("Identity({})", own.thumbprint()));
}
