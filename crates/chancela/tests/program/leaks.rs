//! Nothing that a client said in confidence is written anywhere: not to logs of the finest filter in either format, not to
//! metrics, not to the data folder (LG-01, LG-08).

use crate::support::http::{Answer, Connection, Request, get};
use crate::support::process::files_below;
use crate::support::server::{Server, Site};
use crate::support::text;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const REALMS: &str = r#"
[realm.main]
issuer = "http://127.0.0.1:1/main"
dialect = "standard"

[realm.opaque]
issuer = "http://127.0.0.1:1/opaque"
dialect = "standard"
access_token_format = "opaque"

[realm.bank]
issuer = "http://127.0.0.1:1/bank"
dialect = "bs2"
environment = "homologation"
security_profile = "legacy"

[realm.chain]
issuer = "http://127.0.0.1:1/chain"
dialect = "semear"
environment = "homologation"
security_profile = "legacy"

[realm.hash]
issuer = "http://127.0.0.1:1/hash"
dialect = "celcash"
environment = "sandbox"
security_profile = "legacy"
"#;

const TOKEN_PATHS: [&str; 6] = [
    "/main/oauth/token",
    "/opaque/oauth/token",
    "/bank/auth/oauth/v2/token",
    "/chain/oauth/access-token",
    "/chain/oauth-apipix/oauth/token",
    "/hash/v2/token",
];
const OTHER_PATHS: [&str; 4] =
    ["/main/oauth/introspect", "/main/oauth/revoke", "/bank/oauth/introspect", "/chain/oauth/introspect"];

/// Distinctive texts that were sent, and true secrets that were issued.
#[derive(Default)]
struct Planted {
    markers: usize,
    secrets: BTreeSet<String>,
}

impl Planted {
    /// A new text; all of them begin alike, so that one search finds any.
    fn marker(&mut self) -> String {
        self.markers += 1;
        format!("mArKeR{}x", self.markers)
    }

    /// A value of an answer or a command that must never be seen again.
    fn secret(&mut self, value: &Value, member: &str) -> String {
        let secret = text(value, member).to_owned();
        self.secrets.insert(secret.clone());
        secret
    }

    /// What of it stands in `output`, also base64-encoded as in a Basic header.
    fn found_in(&self, output: &[u8]) -> Vec<String> {
        let mut found: Vec<String> =
            self.secrets.iter().filter(|secret| contains(output, secret)).cloned().collect();
        // Three alignments of base64 for the common beginning of all markers.
        for shape in ["mArKeR", "bUFyS2VS", "1BcktlU", "tQXJLZV", "%6D%41%72", "6d41724b"] {
            if contains(output, shape) {
                found.push(shape.to_owned());
            }
        }
        found
    }
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    let needle = needle.as_bytes();
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Sends what may be refused in any way, and must not be repeated in the answer. A server that closes the connection is
/// no error.
fn try_send(request: Request) {
    if let Ok(answer) = request.try_send() {
        let echoed = contains(&answer.body, "mArKeR") || format!("{:?}", answer.headers).contains("mArKeR");
        assert!(!echoed, "{request:?} is repeated in {answer:?}");
    }
}

/// Requests with a marker in every place that a client can fill.
fn plant(server: &Server, planted: &mut Planted) {
    for path in TOKEN_PATHS.iter().chain(&OTHER_PATHS) {
        let url = server.url(path);
        for grant in ["client_credentials", "password", "refresh_token", "authorization_code"] {
            let mut names =
                vec!["client_id", "client_secret", "scope", "username", "password", "refresh_token", "token"];
            names.extend(["code", "assertion", "code_verifier", "redirect_uri", "state"]);
            let values: Vec<String> = names.iter().map(|_| planted.marker()).collect();
            let mut fields: Vec<(&str, &str)> =
                names.iter().zip(&values).map(|(name, value)| (*name, value.as_str())).collect();
            fields.push(("grant_type", grant));
            try_send(Request::form(&url, &fields));
            let body: Value = fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect::<serde_json::Map<_, _>>()
                .into();
            try_send(Request::json(&url, &body));
            try_send(Request::json(&url, &body).basic(&planted.marker(), &planted.marker()));
        }
        for name in ["grant_type", "client_assertion_type", "scope"] {
            try_send(Request::form(
                &url,
                &[(name, &planted.marker()), (&planted.marker(), &planted.marker())],
            ));
        }
        headers(&url, planted);
        malformed(server, &url, path, planted);
    }
    for path in ["/", "/main/", "/main/oauth/token/", "/sandbox.json", "/.well-known/"] {
        try_send(Request::new(
            "GET",
            server.url(&format!("{path}{}?access_token={}", planted.marker(), planted.marker())),
        ));
        try_send(Request::new(
            "GET",
            server.management(&format!("{path}{}?{}", planted.marker(), planted.marker())),
        ));
    }
}

/// Markers in header fields.
fn headers(url: &str, planted: &mut Planted) {
    let fields = [("grant_type", "client_credentials"), ("scope", "read")];
    let mut all = Request::form(url, &fields);
    for name in [
        "client-cert",
        "access_token",
        "User-Agent",
        "Cookie",
        "AuthorizationPartner",
        "X-Forwarded-For",
        "Referer",
        "X-Request-Id",
        "traceparent",
        "DPoP",
        "Origin",
        "Forwarded",
        "Proxy-Authorization",
    ] {
        all = all.header(name, planted.marker());
        try_send(Request::form(url, &fields).header(name, planted.marker()));
    }
    try_send(all);
    let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----", planted.marker())
        .replace('\n', " ");
    try_send(Request::form(url, &fields).header("client-cert", pem));
    for value in [
        format!("Basic {}", planted.marker()),
        format!("Basic {}", STANDARD.encode(planted.marker())),
        format!("Basic {}", STANDARD.encode(format!("{}:{}", planted.marker(), planted.marker()))),
        format!("Bearer {}", planted.marker()),
        planted.marker(),
    ] {
        try_send(Request::form(url, &fields).header("Authorization", value));
    }
    let marker = planted.marker();
    for (name, value) in [
        ("Host", marker.as_str()),
        ("Content-Type", &marker),
        ("Content-Encoding", &marker),
        (&marker, &marker),
    ] {
        try_send(Request::new("POST", url).header(name, value).body(planted.marker()));
    }
}

/// Bodies, targets and whole requests that are none.
fn malformed(server: &Server, url: &str, path: &str, planted: &mut Planted) {
    let (key, value) = (planted.marker(), planted.marker());
    for body in [
        format!("{{\"{key}\":\"{value}\"}}"),
        format!("{{\"client_secret\":{{\"{key}\":[\"{value}\"]}}}}"),
        format!("{{\"client_secret\":\"{value}\",\"client_secret\":\"{key}\"}}"),
        format!("{{\"client_secret\":\"{value}"),
        format!("[\"{value}\"]"),
        format!("\"{value}\""),
        format!("{}{value}", "[".repeat(200)),
        format!("client_secret={value}&client_secret={key}&%zz={value}"),
        format!("client_secret={value}%FF%00&{key}"),
        value.repeat(8000),
    ] {
        for kind in [
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain",
        ] {
            try_send(Request::new("POST", url).header("Content-Type", kind).body(body.clone()));
        }
    }
    try_send(Request::form(
        format!("{url}?client_secret={key}&access_token={value}"),
        &[("grant_type", "client_credentials")],
    ));
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "mArKeR"] {
        try_send(Request::new(method, format!("{url}?{}", planted.marker())));
    }
    for raw in [
        format!("{value} / HTTP/1.1\r\n\r\n"),
        format!("POST {path} HTTP/1.1\r\nHost: x\r\n{key}\r\n\r\n"),
        format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {key}\r\n\r\n"),
        format!("POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{value}\r\n"),
        format!("POST {path}#{key} HTTP/9.9\r\nHost: x\r\n\r\n"),
    ] {
        if let Ok(mut connection) = Connection::open(server.address()) {
            let _ = connection.write(raw.as_bytes());
            let _ = connection.read();
        }
    }
}

fn renewal(token: &str) -> [(&'static str, &str); 2] {
    [("grant_type", "refresh_token"), ("refresh_token", token)]
}

/// A server with true clients, users and tokens; each secret among them is noted.
struct Earnest<'a> {
    site: &'a Site,
    server: &'a Server,
    planted: &'a mut Planted,
}

impl Earnest<'_> {
    fn create(&self, realm: &str, more: &[&str]) -> Value {
        let mut arguments = vec!["client", "create", "--realm", realm];
        arguments.extend(more);
        self.site.done(&arguments)
    }

    fn send(&mut self, path: &str, client: &Value, fields: &[(&str, &str)]) -> Answer {
        let (id, secret) = (text(client, "client_id"), self.planted.secret(client, "client_secret"));
        self.planted.secrets.insert(STANDARD.encode(format!("{id}:{secret}")));
        Request::form(self.server.url(path), fields).basic(id, &secret).send()
    }

    /// Access token and refresh token of an answer, which must be a success.
    fn issued(&mut self, answer: &Answer) -> (String, Option<String>) {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = answer.json();
        let refresh =
            answer["refresh_token"].is_string().then(|| self.planted.secret(&answer, "refresh_token"));
        (self.planted.secret(&answer, "access_token"), refresh)
    }

    fn token(&mut self, path: &str, client: &Value, fields: &[(&str, &str)]) -> (String, Option<String>) {
        let answer = self.send(path, client, fields);
        self.issued(&answer)
    }

    fn client_credentials(&mut self, realm: &str) {
        let client = self.create(realm, &["--scope", "read"]);
        let path = format!("/{realm}/oauth/token");
        let fields = [("grant_type", "client_credentials"), ("scope", "read")];
        let (token, _) = self.token(&path, &client, &fields);
        let introspection = self.send(&format!("/{realm}/oauth/introspect"), &client, &[("token", &token)]);
        assert_eq!(introspection.json()["active"], true);
        let refused = [("grant_type", "client_credentials"), ("scope", "pix.read")];
        assert_eq!(self.send(&path, &client, &refused).status, 400);
        assert_eq!(self.send(&format!("/{realm}/oauth/revoke"), &client, &[("token", &token)]).status, 200);
        let (second, _) = self.token(&path, &client, &fields);
        let inspected = self.site.run_with_input(&["token", "inspect", "--realm", realm], &second);
        assert_eq!(inspected.json()["active"], true);
        let rotated =
            self.site.done(&["client", "rotate-secret", "--realm", realm, text(&client, "client_id")]);
        self.token(&path, &rotated, &fields);
    }

    fn password_and_renewals(&mut self) {
        let password = self.planted.marker();
        self.planted.secrets.insert(password.clone());
        self.site.run_with_input(&["user", "create", "--realm", "bank", "ana"], &password).json();
        let grants =
            ["--scope", "forintegration", "--grant-type", "password", "--grant-type", "refresh_token"];
        let client = self.create("bank", &grants);
        let path = "/bank/auth/oauth/v2/token";
        let login = [
            ("grant_type", "password"),
            ("scope", "forintegration"),
            ("username", "ana"),
            ("password", password.as_str()),
        ];
        let first = self.token(path, &client, &login).1.unwrap();
        let second = self.token(path, &client, &renewal(&first)).1.unwrap();
        self.token(path, &client, &renewal(&second));
        assert_eq!(self.send(path, &client, &renewal(&first)).status, 400, "a replay, which is logged");
    }

    fn chain_and_import(&mut self) {
        let gateway = self.create("chain", &["--token-endpoint", "gateway"]);
        let secret = self.planted.secret(&gateway, "client_secret");
        let step = Request::json(
            self.server.url("/chain/oauth/access-token"),
            &json!({ "grant_type": "client_credentials" }),
        );
        let answer = step.basic(text(&gateway, "client_id"), &secret).send();
        let (chained, _) = self.issued(&answer);
        let fields = [("grant_type", "client_credentials"), ("client_id", "nobody"), ("client_secret", "x")];
        let second = Request::form(self.server.url("/chain/oauth-apipix/oauth/token"), &fields);
        assert_ne!(second.header("access_token", &chained).send().status, 200);
        let own = self.planted.marker();
        self.planted.secrets.insert(own.clone());
        let metadata = json!({ "client_id": "imported", "client_secret": own, "scope": "read" }).to_string();
        self.site.run_with_input(&["client", "import", "--realm", "main"], &metadata).json();
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", "imported"),
            ("client_secret", own.as_str()),
        ];
        let answer = Request::form(self.server.url("/main/oauth/token"), &fields).send();
        self.issued(&answer);
    }
}

#[test]
fn a_planted_text_is_found_in_all_forms_that_it_may_take() {
    let mut planted = Planted::default();
    let marker = planted.marker();
    planted.secrets.insert("s3cret".into());
    let forms = [
        marker.clone(),
        "xx s3cret".into(),
        STANDARD.encode(&marker),
        STANDARD.encode(format!("x{marker}")),
        STANDARD.encode(format!("xx{marker}")),
    ];
    for form in forms {
        assert_eq!(planted.found_in(format!("before{form}after").as_bytes()).len(), 1, "{form}");
    }
    assert_eq!(planted.found_in(b"nothing").len(), 0);
}

fn nothing_leaks(format: &str) {
    let site = Site::with(&format!("[log]\nformat = \"{format}\"\nfilter = \"trace\"\n"), REALMS);
    let mut server = site.serve();
    let mut planted = Planted::default();
    let mut earnest = Earnest { site: &site, server: &server, planted: &mut planted };
    earnest.client_credentials("main");
    earnest.client_credentials("opaque");
    earnest.password_and_renewals();
    earnest.chain_and_import();
    plant(&server, &mut planted);
    assert!(
        planted.markers > 500 && planted.secrets.len() > 25,
        "{} {}",
        planted.markers,
        planted.secrets.len()
    );
    let metrics = get(&server.management("/metrics"));
    assert_eq!(planted.found_in(&metrics.body), Vec::<String>::new(), "in the metrics");
    // While it runs, its write-ahead log is there to be read too.
    let mut read = 0;
    for (path, content) in files_below(&site.data()) {
        assert_eq!(planted.found_in(&content), Vec::<String>::new(), "in {}", path.display());
        read += content.len();
    }
    assert!(read > 4096, "the data folder has something in it");
    assert_eq!(get(&server.management("/readyz")).status, 200);
    assert_eq!(server.process.stop(), Some(0));
    let said = format!("{}{}", server.process.stdout.text(), server.process.stderr.text());
    assert!(said.contains("refused") && said.contains("replayed"), "it did log:\n{said}");
    assert_eq!(planted.found_in(said.as_bytes()), Vec::<String>::new(), "in the log");
    check_form(format, &said);
    for (path, content) in files_below(&site.data()) {
        assert_eq!(planted.found_in(&content), Vec::<String>::new(), "in {}", path.display());
    }
}

/// One event a line, without escapes for terminals.
fn check_form(format: &str, said: &str) {
    assert!(!said.contains('\u{1b}'), "no colours in a file");
    for line in said.lines().filter(|_| format == "json") {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(event["level"].is_string() && event["timestamp"].is_string(), "{line}");
    }
}

#[test]
fn no_secret_reaches_a_log_for_people_or_metrics_or_the_data_folder() {
    nothing_leaks("human");
}

#[test]
fn no_secret_reaches_a_json_log_or_metrics_or_the_data_folder() {
    nothing_leaks("json");
}

#[test]
fn the_sandbox_keeps_no_secret_outside_its_credentials_file_but_keys_in_files_of_their_own() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut sandbox = crate::support::sandbox::Sandbox::in_folder(folder.path());
    let mut planted = Planted::default();
    for (_, realm) in sandbox.realms() {
        for client in realm["clients"].as_array().unwrap() {
            if client["client_secret"].is_string() {
                planted.secret(client, "client_secret");
            }
            if client["private_key_pem"].is_string() {
                planted.secret(client, "private_key_pem");
            }
        }
        for user in realm["users"].as_array().unwrap() {
            planted.secret(user, "password");
        }
    }
    assert_eq!(planted.secrets.len(), 20, "twelve clients, six users and two keys");
    for (path, content) in files_below(folder.path()) {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        // Certificates are for whoever connects; keys are not.
        if !path.ends_with("tls/ca.pem") && !path.ends_with("tls/server.pem") {
            assert_eq!(mode & 0o077, 0, "{} is for its owner only: {mode:o}", path.display());
        }
        // A client's certificate and key are in a file that `curl --cert` takes.
        if path.parent().is_some_and(|parent| parent.ends_with("clients")) {
            assert_eq!(planted.found_in(&content).len(), 1, "the key alone in {}", path.display());
        } else if !path.ends_with("sandbox-credentials.json") {
            assert_eq!(planted.found_in(&content), Vec::<String>::new(), "in {}", path.display());
        }
    }
    assert_eq!(sandbox.process.stop(), Some(0));
    assert_eq!(planted.found_in(sandbox.process.stderr.text().as_bytes()), Vec::<String>::new());
}
