//! `chancela agent init`: a configuration for a running sandbox, so that a partner's first token takes one more command.

use super::{config_folder, shown};
use crate::failure::{AgentFailure, Failure};
use crate::{output, serve};
use chancela_agent::cache::create_key;
use chancela_agent::entropy::SystemEntropy;
use chancela_agent::transport::{Proxies, Route, Target, tls};
use chancela_core::dialect::{Dialect, Library, WhenScopeAbsent};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn init(sandbox: &str, folder: Option<PathBuf>) -> Result<(), Failure> {
    let folder = folder.or_else(config_folder).ok_or_else(|| {
        AgentFailure::configuration("neither XDG_CONFIG_HOME nor HOME is set; name a folder with --folder")
    })?;
    let file = folder.join("agent.toml");
    if file.exists() {
        let text =
            format!("{} is there already; remove it, or name another folder with --folder", file.display());
        return Err(AgentFailure::configuration(text).into());
    }
    let description = describe(sandbox)?;
    let writer = Writer { folder: &folder };
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(Failure::io(shown(&folder)))?;
    let key = folder.join("cache.key");
    if !key.exists() {
        create_key(&key, &SystemEntropy).map_err(AgentFailure::configuration)?;
    }
    let mut text = String::from(
        "# Written by `chancela agent init` for a sandbox; its secrets are files beside this one.\n",
    );
    let _ = writeln!(text, "\n[cache]\nkey = {}", quoted(&format!("file:{}", shown(&key))));
    if let Some(pem) = description["ca_certificate_pem"].as_str() {
        let path = writer.file("sandbox-ca.pem", pem)?;
        let _ = writeln!(text, "\n[http]\nca = {}", quoted(&path));
    }
    let library = Library::builtin();
    let mut names = Vec::new();
    for (name, realm) in description["realms"].as_object().into_iter().flatten() {
        let Ok(dialect) = library.load(realm["dialect"].as_str().unwrap_or_default()) else { continue };
        names.extend(provider(&mut text, &writer, name, realm, &dialect)?);
    }
    writer.new_file(&file, &text)?;
    let first = names.first().map_or("PROVIDER", String::as_str);
    output::complain(&format!(
        "wrote {} with {}; try: chancela token {first}",
        file.display(),
        names.join(", ")
    ));
    Ok(())
}

/// What the sandbox says of itself.
fn describe(sandbox: &str) -> Result<Value, Failure> {
    let target = Target::parse(sandbox).map_err(AgentFailure::configuration)?;
    let config = tls(Vec::new(), None).map_err(AgentFailure::configuration)?;
    let route = Route { tls: Arc::new(config), proxies: Proxies::default(), connect: PATIENCE };
    let path = target.join("/sandbox.json");
    let request = http::Request::get(path).body(bytes::Bytes::new());
    let request = request.map_err(AgentFailure::configuration)?;
    let answer = serve::runtime()?.block_on(route.send(&target, request, PATIENCE));
    let none = |why: String| {
        let text = format!("no sandbox answers at {sandbox} ({why}); start one with `chancela sandbox`");
        Failure::from(AgentFailure::configuration(text))
    };
    let answer = answer.map_err(|error| none(error.to_string()))?;
    let description: Option<Value> = serde_json::from_slice(answer.body()).ok();
    let known = description.filter(|text| text["realms"].is_object());
    known.ok_or_else(|| none(format!("it answered {}", answer.status().as_u16())))
}

/// Adds a realm's providers: its first client, and the one that has a certificate instead of a secret. Their names.
fn provider(
    text: &mut String,
    writer: &Writer<'_>,
    name: &str,
    realm: &Value,
    dialect: &Dialect,
) -> Result<Vec<String>, Failure> {
    let clients = realm["clients"].as_array().map(Vec::as_slice).unwrap_or_default();
    let labelled = |label: &str| clients.iter().find(|client| client["label"] == label);
    let mut names = Vec::new();
    let last = dialect.token_endpoints.iter().find(|one| one.requires.access_token.is_some());
    let main =
        last.and_then(|one| labelled(&one.name)).or_else(|| labelled("demo")).or_else(|| labelled("basic"));
    if let Some(main) = main {
        block(text, writer, name, realm, (main, dialect))?;
        for step in dialect.token_endpoints.iter().filter(|one| dialect.is_earlier_step(&one.name)) {
            let Some(client) = labelled(&step.name) else { continue };
            let _ = writeln!(text, "\n[provider.{name}.step.{}]", step.name);
            let _ =
                writeln!(text, "client_id = {}", quoted(client["client_id"].as_str().unwrap_or_default()));
            writer.secret(text, &format!("{name}-{}", step.name), client)?;
        }
        names.push(name.to_owned());
    }
    let certified = |client: &&Value| client["token_endpoint_auth_method"] == "tls_client_auth";
    if let Some(client) = clients.iter().find(certified).filter(|client| main != Some(*client)) {
        let name = format!("{name}-mtls");
        block(text, writer, &name, realm, (client, dialect))?;
        names.push(name);
    }
    Ok(names)
}

fn block(
    text: &mut String,
    writer: &Writer<'_>,
    name: &str,
    realm: &Value,
    (client, dialect): (&Value, &Dialect),
) -> Result<(), Failure> {
    let word = |value: &Value| quoted(value.as_str().unwrap_or_default());
    let _ = writeln!(text, "\n[provider.{name}]\ndialect = {}", word(&realm["dialect"]));
    let method = &client["token_endpoint_auth_method"];
    // Two endpoints of one dialect may differ by what comes before a certificate and what after.
    let endpoint = dialect.token_endpoints.iter().find(|one| {
        !dialect.is_earlier_step(&one.name)
            && one.client_authentication.methods.iter().any(|own| own.as_str() == method)
    });
    // Whoever has a certificate shows it, but for a provider that wants it in a header.
    let in_header = endpoint.is_some_and(|one| one.requires.danger_client_certificate.is_some());
    let shows = client["certificate_pem"].is_string() && !in_header;
    let address = &realm[if shows { "mtls_base_url" } else { "base_url" }];
    let _ = writeln!(text, "environment = {}\naddress = {}", word(&realm["environment"]), word(address));
    let _ = writeln!(text, "client_id = {}\nmethod = {}", word(&client["client_id"]), word(method));
    writer.secret(text, name, client)?;
    if let Some(endpoint) = endpoint {
        let _ = writeln!(text, "endpoint = {}", quoted(&endpoint.name));
        let scopes = client["scope"].as_str().unwrap_or_default();
        let most = usize::from(endpoint.scope.max.unwrap_or(u16::MAX));
        let given: Vec<&str> =
            scopes.split(' ').filter(|scope| *scope != "offline_access").take(most).collect();
        if endpoint.exact_scope.is_none() && endpoint.scope.when_absent == WhenScopeAbsent::Reject {
            let _ = writeln!(text, "scope = {}", quoted(&given.join(" ")));
        }
    }
    if let (Some(pem), Some(key)) = (client["certificate_pem"].as_str(), client["private_key_pem"].as_str()) {
        let chain = client["certificate_chain_pem"].as_str().unwrap_or_default();
        let certificate = writer.file(&format!("{name}.pem"), &format!("{pem}\n{chain}"))?;
        let key = writer.file(&format!("{name}.key"), key)?;
        let _ = writeln!(text, "certificate = {}", quoted(&format!("file:{certificate}")));
        let _ = writeln!(text, "certificate_key = {}", quoted(&format!("file:{key}")));
    }
    Ok(())
}

/// Writes files that only this user reads, and none over another.
struct Writer<'a> {
    folder: &'a Path,
}

impl Writer<'_> {
    fn secret(&self, text: &mut String, name: &str, client: &Value) -> Result<(), Failure> {
        if let Some(secret) = client["client_secret"].as_str() {
            let path = self.file(&format!("{name}.secret"), secret)?;
            let _ = writeln!(text, "client_secret = {}", quoted(&format!("file:{path}")));
        }
        Ok(())
    }

    /// The path of a file of an earlier sandbox is used again.
    fn file(&self, name: &str, contents: &str) -> Result<String, Failure> {
        let path = self.folder.join(name);
        if path.exists() {
            fs::remove_file(&path).map_err(Failure::io(shown(&path)))?;
        }
        self.new_file(&path, contents)?;
        Ok(shown(&path))
    }

    fn new_file(&self, path: &Path, contents: &str) -> Result<(), Failure> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let written = file.and_then(|mut file| file.write_all(contents.as_bytes()));
        written.map_err(Failure::io(shown(path)))
    }
}

/// A TOML text.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
