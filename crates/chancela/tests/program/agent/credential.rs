//! `chancela agent helper`: git, docker, kubectl and AWS ask for tokens by their own protocols.

use super::Bench;
use crate::support::process::{Finished, PROGRAM, finish_with_input};
use crate::support::tls_server::TlsServer;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

impl Bench {
    fn helper(&self, arguments: &[&str], input: &str) -> Finished {
        finish_with_input(&mut self.command(&[&["agent", "helper"], arguments].concat()), input)
    }

    fn append(&self, tables: &str) {
        let file = self.path("agent.toml");
        let text = fs::read_to_string(file).unwrap();
        fs::write(file, format!("{text}\n{tables}\n")).unwrap();
    }

    /// The real git, with our helper and no configuration of this machine.
    fn git(&self, folder: &Path, arguments: &[&str], input: &str) -> Output {
        let config = self.folder.path().join("gitconfig");
        let helper = format!("[credential]\n\thelper = \"!{PROGRAM} agent helper git\"\n");
        fs::write(&config, helper + "[user]\n\tname = a\n\temail = a@b.example\n").unwrap();
        let mut command = Command::new("git");
        command.args(arguments).current_dir(folder).env("GIT_CONFIG_GLOBAL", config);
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0").env("GIT_ASKPASS", "");
        command.env("CHANCELA_AGENT_CONFIG", self.path("agent.toml"));
        command.env("XDG_STATE_HOME", self.folder.path().join("state")).env_remove("SSH_ASKPASS");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("these tests need git");
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }
}

/// Serves files to whoever knows the password; the requests that had one.
fn serve_files(root: &Path, password: &str) -> (u16, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (send, receive) = std::sync::mpsc::channel();
    let (root, wanted) =
        (root.to_owned(), format!("Basic {}", STANDARD.encode(format!("oauth2:{password}"))));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let line = lines.next().unwrap_or_default();
            let path = line.split(' ').nth(1).unwrap_or("/").split('?').next().unwrap().to_owned();
            let sent = lines.take_while(|line| !line.is_empty()).find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("authorization").then(|| value.to_owned())
            });
            let (status, body) = match sent {
                Some(sent) if sent == wanted => match fs::read(root.join(path.trim_start_matches('/'))) {
                    Ok(body) => ("200 OK", body),
                    Err(_) => ("404 Not Found", Vec::new()),
                },
                _ => ("401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"", Vec::new()),
            };
            if status.starts_with("200") {
                let _ = send.send(path);
            }
            let head =
                format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = (&stream).write_all(&[head.as_bytes(), &body].concat());
        }
    });
    (port, receive)
}

#[test]
fn git_gets_the_token_for_a_host_that_is_named_and_for_no_other() {
    let bench = Bench::new();
    bench.append("[host.\"git.example\"]\nprovider = \"bs2\"\n[host.\"code.example\"]\nprovider = \"bs2\"\nusername = \"x-token\"");
    let token = bench.token("bs2");
    let fill = |host: &str| {
        let output = bench.git(
            bench.folder.path(),
            &["credential", "fill"],
            &format!("protocol=https\nhost={host}\n\n"),
        );
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (done, answer) = fill("git.example");
    assert!(done && answer.contains(&format!("username=oauth2\npassword={token}\n")), "{answer}");
    assert!(fill("code.example").1.contains("username=x-token\n"));
    for other in ["evil.example", "git.example.evil.example", "sub.git.example", "git.example:8443"] {
        let (done, answer) = fill(other);
        assert!(!done && !answer.contains(&token), "{other}: {answer}");
    }
    let plain =
        bench.git(bench.folder.path(), &["credential", "fill"], "protocol=http\nhost=git.example\n\n");
    assert!(!plain.status.success() && !String::from_utf8_lossy(&plain.stdout).contains(&token));
}

#[test]
fn git_clones_with_the_token() {
    let bench = Bench::new();
    let root = bench.folder.path();
    let git = |folder: &Path, arguments: &[&str]| {
        let output = bench.git(folder, arguments, "");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    };
    let work = root.join("work");
    fs::create_dir(&work).unwrap();
    git(&work, &["init", "-q", "-b", "main"]);
    fs::write(work.join("file"), "contents").unwrap();
    git(&work, &["add", "file"]);
    git(&work, &["commit", "-q", "-m", "a"]);
    git(root, &["clone", "-q", "--bare", "work", "served/repo.git"]);
    git(&root.join("served/repo.git"), &["update-server-info"]);
    let (port, requests) = serve_files(&root.join("served"), &bench.token("bs2"));
    let url = format!("http://127.0.0.1:{port}/repo.git");
    let refused = bench.git(root, &["clone", "-q", &url, "clone"], "");
    assert!(!refused.status.success(), "nobody has named this host");
    assert!(requests.try_recv().is_err());
    bench.append(&format!("[host.\"127.0.0.1:{port}\"]\nprovider = \"bs2\""));
    git(root, &["clone", "-q", &url, "clone"]);
    assert_eq!(fs::read_to_string(root.join("clone/file")).unwrap(), "contents");
    assert!(requests.try_recv().is_ok());
}

#[test]
fn git_hears_the_end_of_the_token_and_a_later_git_its_scheme() {
    let bench = Bench::new();
    let token = bench.token("bs2");
    let options = ["git", "--provider", "bs2", "--host", "git.example", "--username", "me", "--bearer"];
    let asked = "protocol=https\nhost=git.example\n";
    let answer = bench.helper(&[&options[..7], &["get"]].concat(), asked).stdout;
    let lines: Vec<&str> = answer.lines().collect();
    assert_eq!((lines[0], lines[1]), ("username=me", format!("password={token}").as_str()));
    let end: u64 = lines[2].strip_prefix("password_expiry_utc=").unwrap().parse().unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!((now + 380..=now + 420).contains(&end), "{end} {now}");
    let bearer =
        bench.helper(&[&options[..], &["get"]].concat(), &format!("capability[]=authtype\n{asked}")).stdout;
    assert!(
        bearer.starts_with(&format!("capability[]=authtype\nauthtype=Bearer\ncredential={token}\n")),
        "{bearer}"
    );
    assert_eq!(bench.helper(&[&options[..], &["get"]].concat(), asked).stdout, "", "an older git");
    let said = format!("{asked}username=me\npassword={token}\n");
    for operation in ["store", "erase", "later"] {
        let done = bench.helper(&[&options[..7], &[operation]].concat(), &said);
        assert_eq!((done.code, done.stdout.as_str(), done.stderr.as_str()), (0, "", ""), "{operation}");
    }
    assert_eq!((bench.token("bs2"), bench.requests("bs2")), (token, 1), "a new token is not at fault");
    bench.fault(&json!({ "kind": "refuse", "realm": "celcash", "rule": "unknown_client" }));
    let refused = bench.helper(&["git", "--provider", "celcash", "--host", "git.example", "get"], asked);
    refused.failed(5, &["celcash: the provider does not accept our credentials"]);
    assert_eq!(refused.stdout, "");
}

#[test]
fn docker_gets_what_its_protocol_wants() {
    let bench = Bench::new();
    bench.append("[host.\"registry.example\"]\nprovider = \"bs2\"\n[host.\"127.0.0.1:5000\"]\nprovider = \"bs2\"\nusername = \"u\"");
    let token = bench.token("bs2");
    for (server, username) in [
        ("registry.example", "oauth2"),
        ("https://registry.example/v2/", "oauth2"),
        ("http://127.0.0.1:5000", "u"),
    ] {
        let answer = bench.helper(&["docker", "get"], &format!("{server}\n")).json();
        assert_eq!(answer, json!({ "ServerURL": server, "Username": username, "Secret": token }));
    }
    for other in
        ["evil.example", "http://registry.example", "https://registry.example@evil.example/", "", "://"]
    {
        let done = bench.helper(&["docker", "get"], &format!("{other} \n"));
        assert_eq!(
            (done.code, done.stdout.trim()),
            (1, "credentials not found in native keychain"),
            "{other}"
        );
    }
    let list = bench.helper(&["docker", "list"], "").json();
    assert_eq!(list, json!({ "https://registry.example": "oauth2", "https://127.0.0.1:5000": "u" }));
    assert_eq!(bench.helper(&["docker", "erase"], "registry.example").code, 0);
    let store = bench.helper(&["docker", "store"], r#"{"ServerURL":"a","Username":"b","Secret":"c"}"#);
    assert_eq!(store.code, 1);
    assert!(store.stdout.contains("nothing else is kept"), "{store:?}");
}

#[test]
fn kubectl_shows_the_token_to_its_cluster() {
    let bench = Bench::new();
    let token = bench.token("bs2");
    let server = TlsServer::answering(|_| {
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}".to_owned()
    });
    let exec = json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": PROGRAM,
        "args": ["agent", "helper", "kubernetes", "bs2", "--host", server.address.strip_prefix("https://").unwrap()],
        "provideClusterInfo": true,
        "interactiveMode": "Never",
    });
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "a",
        "clusters": [{ "name": "a", "cluster": {
            "server": server.address, "certificate-authority-data": STANDARD.encode(&server.ca_pem),
        } }],
        "contexts": [{ "name": "a", "context": { "cluster": "a", "user": "a" } }],
        "users": [{ "name": "a", "user": { "exec": exec } }],
    });
    let file = bench.folder.path().join("kubeconfig");
    fs::write(&file, config.to_string()).unwrap();
    let mut command = bench.command(&[]);
    let environment: Vec<_> =
        command.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
    command = Command::new("kubectl");
    for (name, value) in environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.arg("--kubeconfig").arg(&file).args(["get", "--raw", "/readyz"]).env("HOME", bench.folder.path());
    match command.output() {
        Ok(output) => {
            assert!(output.status.success(), "{output:?}");
            assert!(server.requests().concat().contains(&format!("Authorization: Bearer {token}\r\n")));
        }
        // The protocol is tested below; not every machine has the program.
        Err(error) => println!("kubectl: {error}"),
    }
}

#[test]
fn an_exec_credential_says_when_to_ask_again_and_goes_to_one_cluster() {
    let bench = Bench::new();
    let token = bench.token("bs2");
    let run = |options: &[&str], info: &Value| {
        let mut command = bench.command(&[&["agent", "helper", "kubernetes", "bs2"], options].concat());
        Finished::from(command.env("KUBERNETES_EXEC_INFO", info.to_string()).output().unwrap())
    };
    let info = |version: &str, server: &str| {
        json!({ "kind": "ExecCredential", "apiVersion": format!("client.authentication.k8s.io/{version}"),
                "spec": { "cluster": { "server": server } } })
    };
    let answer = run(&[], &info("v1beta1", "https://k8s.example")).json();
    assert_eq!(answer["apiVersion"], "client.authentication.k8s.io/v1beta1");
    assert_eq!((&answer["kind"], &answer["status"]["token"]), (&json!("ExecCredential"), &json!(token)));
    assert!(answer["status"]["expirationTimestamp"].as_str().unwrap().ends_with('Z'), "{answer}");
    let host = ["--host", "k8s.example"];
    assert_eq!(run(&host, &info("v1", "https://k8s.example:443/a")).code, 0);
    for (server, words) in
        [("https://evil.example", "the cluster is at evil.example"), ("http://k8s.example", "is not told")]
    {
        let refused = run(&host, &info("v1", server));
        refused.failed(2, &[words]);
        assert_eq!(refused.stdout, "");
    }
    run(&[], &info("v7", "https://k8s.example")).failed(2, &["KUBERNETES_EXEC_INFO", "v1beta1"]);
}

#[test]
fn a_role_is_taken_with_the_token_and_its_credentials_are_printed() {
    let bench = Bench::new();
    let server = TlsServer::answering(|request| {
        let (status, body) = match request.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fgood") {
            true => (
                "200 OK",
                "<R><Credentials><AccessKeyId>ID</AccessKeyId><SecretAccessKey>S</SecretAccessKey>\
                 <SessionToken>T</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></R>",
            ),
            false => {
                ("403 Forbidden", "<E><Error><Code>AccessDenied</Code><Message>no</Message></Error></E>")
            }
        };
        format!("HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    });
    let run = |role: &str| {
        bench.helper(
            &["aws", "bs2", "--endpoint", &server.address, "--role-arn", role, "--session-name", "me"],
            "",
        )
    };
    run("arn:aws:iam::1:role/good").failed(6, &["certificate", "not trusted"]);
    bench.trust(&server);
    let answer = run("arn:aws:iam::1:role/good").json();
    let expected = json!({ "Version": 1, "AccessKeyId": "ID", "SecretAccessKey": "S", "SessionToken": "T",
                           "Expiration": "2030-01-01T00:00:00Z" });
    assert_eq!(answer, expected);
    let asked = server.requests().concat();
    assert!(asked.starts_with("POST / HTTP/1.1\r\n"), "{asked}");
    for part in ["Action=AssumeRoleWithWebIdentity", "RoleSessionName=me", "DurationSeconds=3600"] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    assert!(asked.contains(&format!("WebIdentityToken={}", bench.token("bs2"))), "{asked}");
    run("arn:aws:iam::1:role/bad").failed(5, &["403", "AccessDenied no", "the role's trust"]);
    let plain = ["aws", "bs2", "--role-arn", "a", "--endpoint", "http://sts.example"];
    bench.helper(&plain, "").failed(2, &["--endpoint", "not https"]);
}
