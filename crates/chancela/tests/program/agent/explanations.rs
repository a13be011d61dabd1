//! What `chancela agent explain` shows: lines that a shell takes, and no secret in any spelling.

use crate::support::process::command;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use tempfile::TempDir;

/// Secrets with what forms, JSON and shells escape, by the names of their files; headers take visible ASCII alone.
const PLANTED: [(&str, &str); 6] = [
    ("secret", "s3cret&=+/ \"'\\$(id)"),
    ("password", "p4ss wörd'\"\\%41&x=;"),
    ("api_key", "k3y'`id`\"-of-the-app"),
    ("partner", "p4rtner:'s+own/secret"),
    ("header", "own'header\\value"),
    ("unused", "unused-and-yet-secret"),
];

fn dialect(name: &str, method: &str, encoding: &str) -> String {
    format!(
        r#"
format = 1
name = "{name}"
title = "Planted"
sources = ["a test"]
[environments.production]
base_url = "https://planted.example"
[token_endpoint.token]
paths = ["/token"]
[request]
encodings = ["{encoding}"]
headers = [{{ name = "X-Own" }}, {{ name = "X-Fixed", value = "it's fixed" }}, {{ name = "X-Fresh", fresh = true }}]
[request.grants]
password = "danger_password"
[client_authentication]
methods = ["{method}"]
api_key_header = "X-Api-Key"
partner = {{ header = "X-Partner", scheme = "" }}
[scope]
when_absent = "all"
[token]
format = "uuid"
lifetime = 600
"#
    )
}

fn provider(name: &str, folder: &str) -> String {
    format!(
        r#"
[provider.{name}]
client_id = "the-'id"
client_secret = "file:{folder}/secret"
username = "it's me"
password = "file:{folder}/password"
api_key = "file:{folder}/api_key"
partner_id = "partner-id"
partner_secret = "file:{folder}/partner"
headers = {{ X-Own = "file:{folder}/header" }}
credential = {{ other = "file:{folder}/unused" }}
grant = "danger_password"
"#
    )
}

/// Every spelling that a request or its writer may give a secret.
fn spellings(secret: &str) -> Vec<String> {
    let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let json = serde_json::to_string(secret).unwrap();
    let mut out = vec![secret.to_owned(), form.replace('+', "%20"), json.trim_matches('"').to_owned(), form];
    for id in ["", "the-'id:", "the-%27id:", "partner-id:"] {
        let pair = format!("{id}{secret}");
        out.extend([STANDARD.encode(&pair), URL_SAFE_NO_PAD.encode(&pair)]);
    }
    let shell: Vec<_> = out.iter().map(|text| text.replace('\'', "'\\''")).collect();
    out.extend(shell);
    out
}

/// The arguments that a shell gives to curl.
fn arguments(script: &str) -> Vec<String> {
    let script = format!("curl() {{ printf '%s\\n' \"$@\"; }}\n{script}");
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{script}\n{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn planted_secrets_are_nowhere_in_any_spelling() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    for (name, secret) in PLANTED {
        fs::write(folder.path().join(name), secret).unwrap();
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    fs::create_dir(folder.path().join("dialects")).unwrap();
    let mut config = format!("dialects = \"{path}/dialects\"\n");
    for (method, encoding) in [("basic", "form"), ("basic", "json"), ("post", "form"), ("post", "json")] {
        let name = format!("{method}-{encoding}");
        let dialect = dialect(&name, &format!("client_secret_{method}"), encoding);
        fs::write(folder.path().join(format!("dialects/{name}.toml")), dialect).unwrap();
        config += &provider(&name, path);
    }
    fs::write(folder.path().join("agent.toml"), config).unwrap();
    for name in ["basic-form", "basic-json", "post-form", "post-json"] {
        let file = folder.path().join("agent.toml");
        let output = command().args(["agent", "explain", name, "--config"]).arg(file).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{:?}", String::from_utf8_lossy(&output.stderr));
        for (kind, secret) in PLANTED {
            for spelling in spellings(secret) {
                assert!(!told.contains(&spelling), "{name}: {kind} as {spelling}\n{told}");
            }
        }
        let arguments = arguments(&told);
        for hidden in ["x-own: ***", "x-api-key: ***", "x-partner: ***", "x-fresh: ***"] {
            assert!(arguments.iter().any(|argument| argument == hidden), "{name}: {hidden}\n{told}");
        }
        for shown in ["https://planted.example/token", "x-fixed: it's fixed"] {
            assert!(arguments.iter().any(|argument| argument == shown), "{name}: {shown}\n{told}");
        }
        let body = arguments.last().unwrap();
        assert!(body.contains(if name.ends_with("json") { "\"password\":\"***\"" } else { "password=***" }));
        assert_eq!(body.contains("client_secret"), name.starts_with("post"), "{body}");
        assert!(
            body.contains("it's me") || body.contains("it%27s%20me") || body.contains("it%27s+me"),
            "{body}"
        );
    }
}
