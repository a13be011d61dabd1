//! `chancela agent run` with `[[reverse_proxy]]`, in front of the sandbox's protected resources.

use super::Bench;
use crate::support::http::{Request, get};
use crate::support::process::Process;
use crate::support::text;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Stdio;

/// An agent with proxies in front of the standard realm: by TCP with the client's certificate, and by a Unix socket without.
struct Proxied {
    bench: Bench,
    agent: Process,
    by_tcp: SocketAddr,
    socket: PathBuf,
}

fn start() -> Proxied {
    let bench = Bench::new();
    let realm = bench.sandbox.realm("standard");
    let socket = bench.folder.path().join("api.sock");
    let config = fs::read_to_string(bench.path("agent.toml")).unwrap();
    let config = format!(
        "{config}\n[agent]\nsocket = \"{folder}/agent.sock\"\n\
         [[reverse_proxy]]\nlisten = \"127.0.0.1:0\"\nupstream = \"{mtls}\"\nprovider = \"standard-mtls\"\n\
         [[reverse_proxy]]\nlisten = \"unix:{socket}\"\nupstream = \"{plain}\"\nprovider = \"standard\"\n\
         replay_401 = \"idempotency-key\"\nallow_paths = [\"/resource\"]\n",
        folder = bench.folder.path().display(),
        mtls = text(realm, "mtls_base_url"),
        plain = text(realm, "base_url"),
        socket = socket.display(),
    );
    fs::write(bench.path("agent.toml"), config).unwrap();
    let mut agent = Process::start(bench.command(&["agent", "run"]).stdin(Stdio::null()));
    let by_tcp = agent.await_output("the proxies", |_, stderr| {
        let (_, rest) = stderr.split_once("for standard-mtls at http://")?;
        let (address, rest) = rest.split_once('\n')?;
        rest.contains("for standard at unix:").then(|| address.parse().unwrap())
    });
    Proxied { bench, agent, by_tcp, socket }
}

impl Proxied {
    fn resource(&self) -> String {
        format!("http://{}/resource", self.by_tcp)
    }

    /// The answer to a request through the Unix socket.
    fn by_socket(&self, request: &str) -> String {
        use std::io::{Read, Write};
        let mut stream = UnixStream::connect(&self.socket).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

#[test]
fn a_program_without_token_and_certificate_calls_an_api_that_binds_tokens_to_certificates() {
    let mut world = start();
    let answer = get(&world.resource());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let said = answer.json();
    assert!(said["cnf"]["x5t#S256"].is_string(), "the token is bound to the certificate: {said}");
    let mut smuggling = Request::new("GET", world.resource());
    smuggling = smuggling.header("Authorization", "Bearer theirs").header("authorization", "Basic theirs");
    let answer = smuggling.send();
    assert_eq!((answer.status, answer.json()["client_id"].clone()), (200, said["client_id"].clone()));
    assert_eq!(get(&format!("http://{}/resource/../oauth/token", world.by_tcp)).status, 400);
    // The command and the proxy share a token, and it stands in no output.
    let token = world.bench.token("standard-mtls");
    assert_eq!(world.agent.stop(), Some(0), "{}", world.agent.stderr.text());
    let told = world.agent.stderr.text() + &world.agent.stdout.text();
    assert!(told.contains("token used for a caller's requests") && !told.contains(&token), "{told}");
    assert!(!world.socket.exists());
}

#[test]
fn a_token_that_the_api_takes_no_longer_is_renewed_on_the_way() {
    let world = start();
    let request = "GET /resource HTTP/1.1\r\nHost: bank\r\nConnection: close\r\n\r\n";
    let first = world.by_socket(request);
    assert!(first.starts_with("HTTP/1.1 200 "), "{first}");
    let before = world.bench.requests("standard");
    // For the provider two hours pass, for the agent none.
    world.bench.advance(7200);
    let second = world.by_socket(request);
    assert!(second.starts_with("HTTP/1.1 200 "), "{second}");
    assert_eq!(world.bench.requests("standard"), before + 1);
    let elsewhere = world.by_socket(&request.replace("/resource", "/oauth/jwks"));
    assert!(elsewhere.starts_with("HTTP/1.1 403 ") && elsewhere.contains("allow_paths"), "{elsewhere}");
}

#[test]
fn without_a_token_a_caller_hears_503_and_when_to_come_again() {
    let world = start();
    let fault = serde_json::json!({
        "kind": "refuse", "realm": "standard", "rule": "rate_limited", "retry_after": 90, "forever": true,
    });
    world.bench.fault(&fault);
    let answer = get(&world.resource());
    assert_eq!(answer.status, 503, "{}", answer.text());
    let after: u32 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((60..=90).contains(&after), "{after}");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
}
