//! TLS and the Unix socket as an operator sets them up.

use crate::support::process::{Process, command, run};
use crate::support::server::Site;
use rustix::process::Signal;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

const REALM: &str = "[realm.main]\nissuer = \"https://localhost/main\"\ndialect = \"standard\"\n";

fn self_signed(folder: &Path) {
    let made = run(&["tls", "self-signed", "--out", folder.to_str().unwrap(), "--host", "login.example.com"]);
    assert_eq!(made.code, 0, "{made:?}");
    for word in ["[listen.tls]", "server.pem", "server.key", "curl --cacert"] {
        assert!(made.stdout.contains(word), "{made:?}");
    }
}

fn tls(folder: &Path) -> String {
    let (certificate, key) = (folder.join("server.pem"), folder.join("server.key"));
    format!(
        "[listen.tls]\naddress = \"127.0.0.1:0\"\ncertificate = {certificate:?}\nkey = {key:?}\n\
         [listen.mtls]\naddress = \"127.0.0.1:0\"\n"
    )
}

/// The address that the log gives for a listener.
fn place(log: &str, name: &str) -> Option<String> {
    let line = log.lines().find(|line| line.contains("ready"))?;
    let (_, rest) = line.split_once(&format!(" {name}="))?;
    rest.split(' ').next().map(str::to_owned)
}

#[test]
fn a_self_signed_certificate_serves_who_trusts_its_authority() {
    let folder = tempfile::TempDir::new().unwrap();
    let own = folder.path().join("tls");
    self_signed(&own);
    let mode = |name: &str| fs::metadata(own.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("server.key"), fs::read_dir(&own).unwrap().count()), (0o600, 3));
    let key = fs::read(own.join("server.key")).unwrap();
    run(&["tls", "self-signed", "--out", own.to_str().unwrap()]).failed(2, &["exists already", "--out"]);
    assert_eq!(fs::read(own.join("server.key")).unwrap(), key, "nothing is overwritten");

    let site = Site::with(&tls(&own), REALM);
    let server = site.serve();
    for name in ["tls", "mtls"] {
        let address = place(&server.process.stderr.text(), name).unwrap();
        for (host, trusted) in [("localhost", true), ("login.example.com", true), ("evil.example.com", false)]
        {
            let ca = own.join("ca.pem");
            let output = Command::new("openssl")
                .args(["s_client", "-connect", &address, "-verify_return_error", "-verify_hostname", host])
                .arg("-CAfile")
                .arg(ca)
                .stdin(Stdio::null())
                .output()
                .unwrap();
            assert_eq!(output.status.success(), trusted, "{name} {host}: {output:?}");
        }
    }
}

#[test]
fn tls_alone_is_served_where_plain_http_is_off() {
    let folder = tempfile::TempDir::new().unwrap();
    self_signed(folder.path());
    let socket = folder.path().join("own.sock");
    let site = Site::with("", REALM);
    let text = format!(
        "data = {:?}\n[listen]\nplain = false\n{}[listen.unix]\npath = {socket:?}\n{REALM}",
        site.data(),
        tls(folder.path())
    );
    let config = site.write("chancela.toml", &text);
    let mut process = Process::start(command().arg("serve").arg("--config").arg(config));
    let log = process.await_output("the server", |_, stderr| place(stderr, "tls").map(|_| stderr.to_owned()));
    assert!(!log.contains("address="), "{log}");
    assert_eq!(place(&log, "unix").as_deref(), socket.to_str());
    let mut stream = UnixStream::connect(&socket).unwrap();
    stream
        .write_all(
            b"GET /main/.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        )
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    process.signal(Signal::TERM);
    assert!(process.wait().success());
    assert!(!socket.exists(), "the socket's file is gone");
}

#[test]
fn a_key_that_others_can_read_is_refused_at_the_start() {
    let folder = tempfile::TempDir::new().unwrap();
    self_signed(folder.path());
    let key = folder.path().join("server.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let site = Site::with(&tls(folder.path()), REALM);
    let outcome = run(&["serve", "--config", site.config().to_str().unwrap()]);
    outcome.failed(1, &["server.key", "mode 644", "chmod 0400"]);
    assert!(!site.data().join("chancela.db").exists(), "nothing was opened");
}

#[test]
fn listeners_that_make_no_sense_are_refused() {
    let check = |settings: &str| {
        let site = Site::with(settings, REALM);
        run(&["config", "check", "--config", site.config().to_str().unwrap()])
    };
    let secure = |name: &str, port: u16| {
        format!("[listen.{name}]\naddress = \"127.0.0.1:{port}\"\ncertificate = \"c\"\nkey = \"k\"\n")
    };
    assert_eq!(check(&(secure("tls", 8443) + &secure("mtls", 8444))).code, 0);
    check(&(secure("tls", 8443) + &secure("mtls", 8443)))
        .failed(2, &["listen.mtls.address", "listen.tls.address", "port of its own"]);
    check("[listen.mtls]\naddress = \"127.0.0.1:8444\"\n").failed(2, &["listen.mtls", "no certificate"]);
    check("[listen.mtls]\naddress = \"127.0.0.1:8444\"\nkey = \"k\"\n").failed(2, &["listen.mtls", "both"]);
    check("[listen.tls]\naddress = \"127.0.0.1:8443\"\n").failed(2, &["certificate"]);
    check("[listen.unix]\npath = \"\"\n").failed(2, &["listen.unix.path"]);
    check("plain = false\n").failed(2, &["listen.plain", "nothing else listens"]);
    check("[listen.tls]\ncolour = 1\n").failed(2, &["colour"]);
}

#[test]
fn hosts_and_days_of_a_self_signed_certificate_are_checked() {
    let folder = tempfile::TempDir::new().unwrap();
    let out = folder.path().join("tls");
    let with = |more: &[&str]| {
        let mut arguments = vec!["tls", "self-signed", "--out", out.to_str().unwrap()];
        arguments.extend(more);
        run(&arguments)
    };
    with(&["--host", "https://a.example"]).failed(2, &["https://a.example", "host name"]);
    for days in ["0", "398", "-1"] {
        assert_eq!(with(&["--days", days]).code, 2, "{days}");
    }
    assert!(!out.exists(), "nothing was written");
}
