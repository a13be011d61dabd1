//! The demo clients' and users' credentials. The store keeps only digests, so a sandbox with a data folder keeps the
//! texts beside it in a file of its own (mode 0600), to print the same ones when it starts again, and each client's
//! certificate and key in one more, because tools take files.

use super::plan::{Plan, PlannedClient, PlannedRealm, PlannedUser};
use crate::failure::Failure;
use crate::store::ConfiguredStore;
use chancela_core::dialect::CredentialFormat;
use chancela_core::effect::Effect;
use chancela_core::issuance;
use chancela_core::record::{Client, RegisteredCertificate, User};
use chancela_core::x509::Certificate;
use chancela_server::control::{self, Command, ControlError, NewClient, NewUser, Request};
use chancela_server::realm::Realm;
use chancela_server::server::Server;
use chancela_store::{CommitOutcome, Store};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const FILE: &str = "sandbox-credentials.json";

/// Credentials by realm.
pub(super) type Credentials = BTreeMap<String, RealmCredentials>;

/// Credentials of one realm.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct RealmCredentials {
    /// By label.
    pub(super) clients: BTreeMap<String, ClientCredentials>,
    /// Passwords by username.
    pub(super) users: BTreeMap<String, String>,
}

/// Credentials of one client.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ClientCredentials {
    pub(super) client_id: String,
    /// None for a public client.
    #[serde(default)]
    pub(super) client_secret: Option<String>,
    pub(super) certificate_pem: Option<String>,
    #[serde(default)]
    pub(super) certificate_chain_pem: Option<String>,
    pub(super) private_key_pem: Option<String>,
    #[serde(default)]
    pub(super) organization: Option<String>,
}

/// Where a client's certificate, its authorities' and its key are, in PEM, for tools that take a file.
pub(super) fn certificate_file(data: &Path, realm: &str, label: &str) -> PathBuf {
    data.join("clients").join(format!("{realm}-{label}.pem"))
}

/// Makes what is missing and answers all of it. Passwords are on disk before their users are, so that a start which was
/// interrupted goes on where it was.
pub(super) async fn prepare(
    server: &Server<ConfiguredStore>,
    plan: &Plan,
    origin: &str,
    data: &Path,
) -> Result<Credentials, Failure> {
    let path = data.join(FILE);
    let mut all = read(&path)?;
    for planned in &plan.realms {
        let Some(realm) = server.realm(&planned.name) else { continue };
        let own = all.entry(planned.name.clone()).or_default();
        for client in &planned.clients {
            let kept = own.clients.get(&client.label);
            match kept.and_then(|kept| realm.directory.client(&kept.client_id)) {
                Some(record) => adapt(server, realm, &record, client, origin).await?,
                None => {
                    let made = make_client(server, realm, client, origin, own).await?;
                    own.clients.insert(client.label.clone(), made);
                }
            }
            if let Some(kept) = own.clients.get_mut(&client.label).filter(|_| client.certificate) {
                certify(server, realm, kept).await?;
            }
        }
        for user in &planned.users {
            if own.users.contains_key(&user.username) {
                continue;
            }
            if record(server, planned, user).await?.is_some() {
                return Err(lost(&path));
            }
            own.users.insert(user.username.clone(), password(server)?);
        }
    }
    replace(&path, &serde_json::to_vec_pretty(&all).map_err(|error| Failure::Other(error.to_string()))?)?;
    for planned in &plan.realms {
        if let Some(own) = all.get(&planned.name) {
            make_users(server, planned, own).await?;
            write_certificates(data, &planned.name, own)?;
        }
    }
    Ok(all)
}

fn read(path: &Path) -> Result<Credentials, Failure> {
    match fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|_| lost(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Credentials::new()),
        Err(error) => Err(Failure::io(path.display().to_string())(error)),
    }
}

fn write_certificates(data: &Path, realm: &str, own: &RealmCredentials) -> Result<(), Failure> {
    for (label, client) in &own.clients {
        let (Some(certificate), Some(key)) = (&client.certificate_pem, &client.private_key_pem) else {
            continue;
        };
        let path = certificate_file(data, realm, label);
        let folder = path.parent().unwrap_or(data);
        fs::create_dir_all(folder).map_err(Failure::io(folder.display().to_string()))?;
        let chain = client.certificate_chain_pem.as_deref().unwrap_or_default();
        replace(&path, format!("{certificate}{chain}{key}").as_bytes())?;
    }
    Ok(())
}

/// Replaces the file whole: there is never half of one.
fn replace(path: &Path, text: &[u8]) -> Result<(), Failure> {
    let failed = || Failure::io(path.display().to_string());
    let new = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new).map_err(failed())?;
    file.write_all(text).and_then(|()| file.sync_all()).map_err(failed())?;
    fs::rename(&new, path).map_err(failed())
}

fn lost(path: &Path) -> Failure {
    Failure::Data {
        path: path.to_owned(),
        message: "is missing or damaged, and the passwords of this folder's users stand nowhere else; put it back, or \
                  name another folder with --data"
            .into(),
    }
}

async fn record(
    server: &Server<ConfiguredStore>,
    planned: &PlannedRealm,
    user: &PlannedUser,
) -> Result<Option<User>, Failure> {
    let tenant = user.tenant.as_deref().unwrap_or_default();
    Ok(server.store.user(&planned.name, tenant, &user.username).await.map_err(ControlError::from)?)
}

fn password(server: &Server<ConfiguredStore>) -> Result<String, Failure> {
    let format = CredentialFormat::Hex { prefix: "senha-".into(), length: 16 };
    let password = control::client_secret(&format, &*server.entropy).map_err(ControlError::from)?;
    Ok(password.expose().to_owned())
}

/// Makes a kept client what the plan says: its addresses change with the port, the rest with the version.
async fn adapt(
    server: &Server<ConfiguredStore>,
    realm: &Realm,
    kept: &Client,
    planned: &PlannedClient,
    origin: &str,
) -> Result<(), Failure> {
    let addresses = |uris: Vec<String>| uris.into_iter().map(Into::into).collect();
    let mut client = Client {
        grant_types: planned.grant_types.clone(),
        redirect_uris: addresses(planned.redirect_uris(origin)),
        post_logout_redirect_uris: addresses(planned.post_logout_redirect_uris(origin)),
        application_type: planned.application_type,
        ..kept.clone()
    };
    if client == *kept {
        return Ok(());
    }
    client.version += 1;
    put(server, realm, kept, client).await
}

async fn make_client(
    server: &Server<ConfiguredStore>,
    realm: &Realm,
    planned: &PlannedClient,
    origin: &str,
    own: &RealmCredentials,
) -> Result<ClientCredentials, Failure> {
    let everything = || realm.dialect.scopes.keys().cloned().collect::<Vec<_>>().join(" ");
    let formats = &realm.dialect.credentials.client_id;
    let organization = planned.organization.then(|| control::client_id(formats, &*server.entropy));
    let organization = organization.transpose().map_err(ControlError::from)?;
    let first = planned.chained_to.as_ref().and_then(|label| own.clients.get(label));
    let new = NewClient {
        client_name: Some(planned.name.clone().unwrap_or_else(|| format!("Sandbox {}", planned.label))),
        grant_types: Some(planned.grant_types.clone()),
        token_endpoint_auth_method: (!planned.any_method).then_some(planned.method),
        scope: Some(planned.scope.clone().unwrap_or_else(everything)),
        token_endpoint: planned.token_endpoint.clone(),
        chained_to: first.map(|first| first.client_id.clone()),
        tenant: planned.tenant.clone(),
        redirect_uris: planned.redirect_uris(origin),
        post_logout_redirect_uris: planned.post_logout_redirect_uris(origin),
        application_type: planned.application_type,
        organization: organization.clone(),
        may_introspect_any: planned.may_introspect_any,
        partner: planned.partner,
        ..NewClient::default()
    };
    let command = Command::ClientCreate(Box::new(new));
    let shown = control::execute(server, Request { realm: realm.name.clone(), command }).await?;
    let text = |member: &str| shown.get(member).and_then(|v| v.as_str()).map(str::to_owned);
    Ok(ClientCredentials {
        client_id: text("client_id").unwrap_or_default(),
        client_secret: text("client_secret"),
        certificate_pem: None,
        certificate_chain_pem: None,
        private_key_pem: None,
        organization,
    })
}

async fn make_users(
    server: &Server<ConfiguredStore>,
    planned: &PlannedRealm,
    own: &RealmCredentials,
) -> Result<(), Failure> {
    for user in &planned.users {
        let Some(password) = own.users.get(&user.username) else { continue };
        if record(server, planned, user).await?.is_none() {
            let new = NewUser {
                username: user.username.clone(),
                tenant: user.tenant.clone(),
                password: Some(password.clone()),
                claims: user.claims.clone(),
                ..NewUser::default()
            };
            let command = Command::UserCreate(Box::new(new));
            control::execute(server, Request { realm: planned.name.clone(), command }).await?;
        }
    }
    Ok(())
}

/// Gives a client an RSA certificate of the realm's authority, as the provider sends one at onboarding, unless it has one
/// that is good for a while.
async fn certify(
    server: &Server<ConfiguredStore>,
    realm: &Realm,
    kept: &mut ClientCredentials,
) -> Result<(), Failure> {
    let Some(authority) = &realm.certificate_authority else { return Ok(()) };
    let known = kept.certificate_pem.as_deref().and_then(Certificate::parse_header);
    let record = known.and_then(|own| authority.register.of_digest(&own.sha256));
    let now = server.clock.now();
    if record.is_some_and(|record| issuance::counts(&record, now.plus_seconds(30 * 86_400))) {
        return Ok(());
    }
    let failed = |error: rcgen::Error| Failure::Other(format!("making a demo key: {error}"));
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).map_err(failed)?;
    let request = rcgen::CertificateParams::new(Vec::new()).and_then(|own| own.serialize_request(&key));
    let csr = request.and_then(|request| request.pem()).map_err(failed)?;
    let client_id = kept.client_id.clone();
    let command = Command::CertificateIssue { client_id: client_id.clone(), csr, days: None };
    let shown = control::execute(server, Request { realm: realm.name.clone(), command }).await?;
    let text = |member: &str| shown.get(member).and_then(|v| v.as_str()).map(str::to_owned);
    kept.certificate_pem = text("certificate");
    kept.certificate_chain_pem = text("certificate_chain");
    kept.private_key_pem = Some(key.serialize_pem());
    // A dialect that reads certificates in a header knows them by their digest.
    if let (Some(sha256), Some(old)) = (text("sha256"), realm.directory.client(&client_id)) {
        let certificate = Some(RegisteredCertificate { sha256: sha256.into() });
        let client = Client { certificate, version: old.version + 1, ..(*old).clone() };
        put(server, realm, &old, client).await?;
    }
    Ok(())
}

async fn put(
    server: &Server<ConfiguredStore>,
    realm: &Realm,
    old: &Client,
    client: Client,
) -> Result<(), Failure> {
    let effect = Effect::PutClient { client: client.clone(), expected_version: Some(old.version) };
    if server.store.commit(vec![effect]).await.map_err(ControlError::from)? == CommitOutcome::Committed {
        realm.directory.put(client);
    }
    Ok(())
}
