//! `chancela agent enroll`, renewal and the calendar against the sandbox, over real TLS, as a partner meets them: with kills,
//! lost answers and limits.

use crate::support::await_some;
use crate::support::http::{Request, get};
use crate::support::process::{Finished, Process, command, run};
use crate::support::sandbox::{Sandbox, client};
use crate::support::text;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chancela_core::x509::Certificate;
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

mod calendar;
mod interrupted;

/// A sandbox of one provider, and a configuration of a partner that has nothing but what the provider's page promises.
struct Bench {
    sandbox: Sandbox,
    folder: TempDir,
}

impl Bench {
    fn new(dialect: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("data");
        let data = data.to_str().unwrap();
        let sandbox = Sandbox::with(&["--dialect", dialect, "--danger-fault-control", "--data", data]);
        let bench = Self { sandbox, folder };
        bench.write("ca.pem", text(&bench.sandbox.description, "ca_certificate_pem"));
        bench
    }

    fn bankly() -> Self {
        Self::bankly_with("")
    }

    /// With these lines in the provider's table.
    fn bankly_with(more: &str) -> Self {
        let bench = Self::new("bankly");
        let realm = bench.sandbox.realm("bankly");
        let demo = client(realm, "demo");
        bench.write("partner.secret", text(demo, "client_secret"));
        bench.configure(&format!(
            "[provider.bankly]\nenvironment = \"sandbox\"\naddress = \"{}\"\nscope = \"boleto.read\"\n\
             client_id = \"file:{}\"\ncertificate = \"file:{}\"\n{more}\n\
             [provider.bankly.enrollment]\nclient_id = \"{}\"\nclient_secret = \"file:{}\"\norganization = \"{}\"\n\
             renew_before = \"30d\"\n",
            text(realm, "mtls_base_url"),
            bench.path("keys/bankly.id").display(),
            bench.path("keys/bankly.pem").display(),
            text(demo, "client_id"),
            bench.path("partner.secret").display(),
            text(demo, "company_key"),
        ));
        bench
    }

    /// Of the client that has a secret for one token; `enrollment` is how it gets it.
    fn itau(more: &str, enrollment: &str) -> Self {
        let bench = Self::new("itau");
        let realm = bench.sandbox.realm("itau");
        let onboarding = client(realm, "onboarding");
        bench.write("onboarding.secret", text(onboarding, "client_secret"));
        bench.configure(&format!(
            "[provider.itau]\nenvironment = \"production\"\naddress = \"{}\"\nclient_id = \"{}\"\n\
             client_secret = \"file:{}\"\ncertificate = \"file:{}\"\n{more}\n\
             [provider.itau.enrollment]\nsubject = {{ organization = \"Padaria\", organizational_unit = \"padaria.example\", \
             locality = \"São Paulo\", state_or_province = \"SP\", country = \"BR\" }}\n{enrollment}\n",
            text(realm, "mtls_base_url"),
            text(onboarding, "client_id"),
            bench.path("keys/itau.secret").display(),
            bench.path("keys/itau.pem").display(),
        ));
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file that only this user reads.
    fn write(&self, name: &str, contents: &str) {
        fs::write(self.path(name), contents).unwrap();
        fs::set_permissions(self.path(name), Permissions::from_mode(0o600)).unwrap();
    }

    fn configure(&self, providers: &str) {
        let ca = self.path("ca.pem");
        self.write("agent.toml", &format!("[http]\nca = \"{}\"\n\n{providers}", ca.display()));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command();
        command
            .env("CHANCELA_AGENT_CONFIG", self.path("agent.toml"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env_remove("HTTPS_PROXY")
            .args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        Finished::from(self.command(arguments).output().unwrap())
    }

    #[track_caller]
    fn good(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments);
        assert_eq!(done.code, 0, "{arguments:?}: {done:?}");
        done.stdout
    }

    fn control(&self, path: &str) -> String {
        let (_, realm) = self.sandbox.realms().next().unwrap();
        let base = text(realm, "base_url");
        base.rsplit_once('/').unwrap().0.to_owned() + path
    }

    fn fault(&self, fault: &Value) {
        let answer = Request::json(self.control("/_sandbox/faults"), fault).send();
        assert_eq!(answer.status, 201, "{}", answer.text());
    }

    /// Requests that arrived at an endpoint.
    fn requests(&self, endpoint: &str) -> usize {
        let list = get(&self.control("/_sandbox/requests")).json();
        list["requests"].as_array().unwrap().iter().filter(|one| one["endpoint"] == endpoint).count()
    }

    /// The certificate in its place.
    fn certificate(&self, name: &str) -> Certificate {
        let text = fs::read_to_string(self.path(name)).unwrap();
        Certificate::parse_pem_chain(&text).unwrap().remove(0)
    }

    fn stage(&self, name: &str) -> Option<String> {
        let journal: Value = serde_json::from_slice(&fs::read(self.path(name)).ok()?).ok()?;
        journal["stage"].as_str().map(str::to_owned)
    }
}

/// The certificate that a token is bound to.
fn bound_to(token: &str) -> String {
    let claims = token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    claims["cnf"]["x5t#S256"].as_str().unwrap().to_owned()
}

fn thumbprint(certificate: &Certificate) -> String {
    URL_SAFE_NO_PAD.encode(certificate.sha256)
}

#[test]
fn four_steps_lead_from_id_and_secret_to_a_bound_token_and_none_is_done_twice() {
    let bench = Bench::bankly();
    let early = bench.run(&["token", "bankly"]);
    early.failed(3, &["there is no certificate yet; run `chancela agent enroll bankly`"]);
    bench.good(&["agent", "enroll", "bankly"]);
    let token = bench.good(&["token", "bankly"]);
    let own = bench.certificate("keys/bankly.pem");
    assert_eq!(bound_to(&token), thumbprint(&own));
    for name in ["keys/bankly.pem", "keys/bankly.id", "keys/bankly.pem.enrolment"] {
        assert_eq!(fs::metadata(bench.path(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert!(!bench.path("keys/bankly.pem.next").exists());
    let journal = fs::read_to_string(bench.path("keys/bankly.pem.enrolment")).unwrap();
    assert!(journal.contains("\"passphrase\":null"), "the passphrase goes with the order: {journal}");

    let again = bench.run(&["agent", "enroll", "bankly"]);
    assert!(again.code == 0 && again.stderr.contains("there is a certificate already"), "{again:?}");
    assert_eq!((bench.requests("certificates"), bench.requests("registration")), (1, 1));

    // The next one: the client stays the same, because the subject does.
    let id = fs::read(bench.path("keys/bankly.id")).unwrap();
    bench.good(&["agent", "certificate", "renew", "bankly"]);
    let next = bench.certificate("keys/bankly.pem");
    assert_ne!(thumbprint(&next), thumbprint(&own));
    assert_eq!(bound_to(&bench.good(&["token", "bankly"])), thumbprint(&next));
    assert_eq!(fs::read(bench.path("keys/bankly.id")).unwrap(), id);
    assert_eq!((bench.requests("certificates"), bench.requests("registration")), (2, 1));

    // And none beyond what the provider gives; what is there goes on.
    let third = bench.run(&["agent", "enroll", "bankly", "--renew"]);
    third.failed(
        5,
        &["bankly: ordering the certificate: the provider answered 409", "at most 2 valid certificates"],
    );
    assert_eq!(thumbprint(&bench.certificate("keys/bankly.pem")), thumbprint(&next));
    bench.good(&["token", "bankly"]);
}

#[test]
fn another_scope_is_another_registration_with_the_same_certificate() {
    let bench = Bench::bankly();
    bench.good(&["agent", "enroll", "bankly"]);
    let (own, id) = (bench.certificate("keys/bankly.pem"), fs::read(bench.path("keys/bankly.id")).unwrap());
    let text = fs::read_to_string(bench.path("agent.toml")).unwrap();
    bench.write("agent.toml", &text.replace("\"boleto.read\"", "\"boleto.read boleto.create\""));
    bench.run(&["token", "bankly"]).failed(5, &["invalid_scope"]);
    bench.good(&["agent", "enroll", "bankly"]);
    assert_eq!(bound_to(&bench.good(&["token", "bankly"])), thumbprint(&own));
    assert_ne!(fs::read(bench.path("keys/bankly.id")).unwrap(), id);
    assert_eq!((bench.requests("certificates"), bench.requests("registration")), (1, 2));
}

#[test]
fn a_certificate_that_came_otherwise_is_renewed_by_itself() {
    let bench = Bench::new("standard");
    let realm = bench.sandbox.realm("standard");
    let clients = realm["clients"].as_array().unwrap();
    let own = clients.iter().find(|one| one["token_endpoint_auth_method"] == "tls_client_auth").unwrap();
    let pem = ["certificate_pem", "certificate_chain_pem", "private_key_pem"].map(|member| text(own, member));
    fs::create_dir(bench.path("keys")).unwrap();
    bench.write("keys/own.pem", &pem.concat());
    bench.configure(&format!(
        "[provider.own]\ndialect = \"standard\"\nenvironment = \"{}\"\naddress = \"{}\"\nscope = \"read\"\n\
         method = \"tls_client_auth\"\nclient_id = \"{}\"\ncertificate = \"file:{}\"\n\
         [provider.own.enrollment]\nlifetime = \"9d\"\n",
        text(realm, "environment"),
        text(realm, "mtls_base_url"),
        text(own, "client_id"),
        bench.path("keys/own.pem").display(),
    ));
    let before = bench.certificate("keys/own.pem");
    bench.good(&["agent", "enroll", "own"]);
    assert_eq!(bench.requests("certificates"), 0, "there is one");
    bench.good(&["agent", "certificate", "renew", "own"]);
    let after = bench.certificate("keys/own.pem");
    assert_ne!(thumbprint(&after), thumbprint(&before));
    assert!((9 * 86_400..10 * 86_400).contains(&(after.not_after - after.not_before)));
    assert_eq!(bound_to(&bench.good(&["token", "own"])), thumbprint(&after));
}

#[test]
fn beside_a_sandbox_two_commands_lead_to_an_enrolment() {
    let bench = Bench::new("bankly");
    let (address, folder) = (bench.control(""), bench.path("agent"));
    bench.good(&["agent", "init", "--sandbox", &address, "--folder", folder.to_str().unwrap()]);
    let own = |arguments: &[&str]| {
        let output =
            bench.command(arguments).env("CHANCELA_AGENT_CONFIG", folder.join("agent.toml")).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    own(&["agent", "enroll", "bankly-mtls"]);
    let token = own(&["token", "bankly-mtls"]);
    assert_eq!(bound_to(&token), thumbprint(&bench.certificate("agent/bankly-mtls.pem")));
}

#[test]
fn a_revoked_certificate_is_told_as_one() {
    let bench = Bench::bankly();
    bench.good(&["agent", "enroll", "bankly"]);
    let serial: String =
        bench.certificate("keys/bankly.pem").serial.iter().map(|byte| format!("{byte:02x}")).collect();
    let serial = &serial[serial.len().saturating_sub(32)..];
    let data = bench.path("data");
    let revoked =
        run(&["certificate", "revoke", "--realm", "bankly", "--data", data.to_str().unwrap(), serial]);
    assert_eq!(revoked.code, 0, "{revoked:?}");
    let refused = bench.run(&["token", "bankly"]);
    refused.failed(5, &["bankly: the provider does not accept our credentials", "403", "certificate"]);
}

#[test]
fn a_request_of_our_own_key_under_a_mailed_token_gives_certificate_and_secret() {
    let bench = Bench::itau("", "");
    let nothing = bench.run(&["agent", "enroll", "itau"]);
    nothing.failed(3, &["--token file:PATH"]);
    // What the provider mails: a token that it has made for this client.
    let realm = bench.sandbox.realm("itau");
    let onboarding = client(realm, "onboarding");
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", text(onboarding, "client_id")),
        ("client_secret", text(onboarding, "client_secret")),
    ];
    let url = text(realm, "base_url").to_owned() + "/api/oauth/jwt";
    let mailed = Request::form(&url, &fields).send().json();
    bench.write("mailed.token", text(&mailed, "access_token"));
    let place = format!("file:{}", bench.path("mailed.token").display());
    bench.good(&["agent", "enroll", "itau", "--token", &place]);
    let own = bench.certificate("keys/itau.pem");
    // The provider gives none to a connection without a certificate of its own authority.
    bench.good(&["token", "itau"]);
    let secret = fs::read_to_string(bench.path("keys/itau.secret")).unwrap();
    assert!(secret.len() == 36 && secret != text(onboarding, "client_secret"), "{secret}");

    // A renewal needs no token: the certificate proves who asks, and the secret stays.
    bench.good(&["agent", "enroll", "itau", "--renew"]);
    let next = bench.certificate("keys/itau.pem");
    assert_ne!(thumbprint(&next), thumbprint(&own));
    assert_eq!(fs::read_to_string(bench.path("keys/itau.secret")).unwrap(), secret);
    bench.good(&["token", "itau"]);
    assert!(own.not_after <= next.not_after);
}

#[test]
fn a_key_with_a_passphrase_never_rests_in_clear_and_a_journal_with_a_cache_is_sealed() {
    let secret = "endpoint = \"sandbox\"\nclient_secret = \"file:onboarding.secret\"";
    let bench = Bench::itau("certificate_passphrase = \"file:passphrase\"", secret);
    let text = fs::read_to_string(bench.path("agent.toml")).unwrap();
    let text = text
        .replace("file:onboarding.secret", &format!("file:{}", bench.path("onboarding.secret").display()))
        .replace("file:passphrase", &format!("file:{}", bench.path("passphrase").display()));
    bench.write(
        "agent.toml",
        &format!("[cache]\nkey = \"file:{}\"\n{text}", bench.path("cache.key").display()),
    );
    bench.write("passphrase", "correct horse battery staple");
    bench.write("cache.key", &"0a".repeat(32));
    bench.good(&["agent", "enroll", "itau"]);
    let file = fs::read_to_string(bench.path("keys/itau.pem")).unwrap();
    assert!(file.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") && !file.contains("BEGIN PRIVATE KEY"));
    let journal = fs::read(bench.path("keys/itau.pem.enrolment")).unwrap();
    assert!(journal.starts_with(b"chancela"), "{:?}", String::from_utf8_lossy(&journal));
    bench.good(&["token", "itau"]);
}

#[test]
fn what_would_be_sent_is_shown_without_secrets_and_nothing_is_written() {
    let bench = Bench::bankly();
    let shown = bench.good(&["agent", "enroll", "bankly", "--dry-run"]);
    for part in [
        "# 1. a token for the order",
        "client_secret=***",
        "/connect/token",
        "# 2. the order of the certificate",
        "'authorization: ***'",
        "{\"passphrase\":\"***\"}",
        "# 3. the registration",
        "/oauth2/register",
        "\"tls_client_auth_subject_dn\"",
        "# 4. a token with the certificate",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let demo = client(bench.sandbox.realm("bankly"), "demo");
    assert!(!shown.contains(text(demo, "client_secret")));
    assert!(!bench.path("keys").exists());
    assert_eq!(bench.requests("token") + bench.requests("certificates"), 0);
}

#[test]
fn a_configuration_that_says_too_little_is_answered_with_what_to_write() {
    let bench = Bench::new("bankly");
    bench.configure("[provider.bankly]\nenvironment = \"sandbox\"\nclient_id = \"a\"\n");
    let refused = bench.run(&["agent", "enroll", "bankly"]);
    refused.failed(3, &["[provider.bankly.enrollment]", "certificate = \"file:", "organization = "]);
    // What it tells is read as it is.
    let block = refused.stderr.split_once("would be\n\n").unwrap().1.replace('…', "x");
    bench.configure(&block.replace("\"file:x\"", "\"env:NOTHING\""));
    let read = bench.run(&["agent", "enroll", "bankly", "--dry-run"]);
    read.failed(3, &["NOTHING"]);

    let tables = "client_id = \"a\"\n[provider.bankly.enrollment]\nclient_id = \"b\"\n";
    for (lines, told) in [
        ("", "`certificate` names the file"),
        (
            "certificate = \"file:/tmp/a.pem\"\ncertificate_key = \"file:/tmp/a.key\"\n",
            "leave `certificate_key` out",
        ),
        ("certificate = \"file:/tmp/a.pem\"\n", "`client_id` names the file"),
    ] {
        bench.configure(&format!("[provider.bankly]\nenvironment = \"sandbox\"\n{lines}{tables}"));
        bench.run(&["agent", "enroll", "bankly"]).failed(3, &[told]);
    }
}

#[test]
fn nothing_that_is_there_is_overwritten() {
    let bench = Bench::bankly();
    fs::create_dir(bench.path("keys")).unwrap();
    bench.write("keys/bankly.id", "somebody else's");
    let refused = bench.run(&["agent", "enroll", "bankly"]);
    refused.failed(3, &["bankly.id is there already, and nothing is overwritten"]);
    assert_eq!(fs::read_to_string(bench.path("keys/bankly.id")).unwrap(), "somebody else's");
    assert_eq!(bench.requests("token") + bench.requests("certificates"), 0);
    let nothing = bench.run(&["agent", "certificate", "renew", "bankly"]);
    nothing.failed(3, &["there is no certificate to renew; run `chancela agent enroll bankly`"]);
}

/// Waits until the enrolment of a process that hangs is this far.
fn await_stage(bench: &Bench, stage: &str) {
    await_some(stage, || (bench.stage("keys/bankly.pem.enrolment")? == stage).then_some(()));
}

fn start(bench: &Bench, arguments: &[&str]) -> Process {
    Process::start(&mut bench.command(arguments))
}
