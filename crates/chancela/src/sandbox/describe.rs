//! What the sandbox says of itself: for programs (`/sandbox.json`, a fixed form) and for people (ready curl lines).

use super::credentials::{self, Credentials, RealmCredentials};
use super::listeners::{self, Listeners};
use super::plan::{Plan, PlannedClient, PlannedRealm};
use super::relying_party::Printed;
use crate::store::ConfiguredStore;
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use chancela_core::dialect::Grant;
use chancela_core::x509::encode_pem;
use chancela_server::realm::Realm;
use chancela_server::server::Server;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// `/sandbox.json`; members stand in the documented order.
#[derive(Debug, Serialize)]
pub(super) struct Description {
    version: u8,
    ca_certificate_pem: String,
    realms: Map<String, Value>,
    #[serde(skip)]
    credentials: Credentials,
}

#[derive(Debug, Serialize)]
struct DescribedRealm {
    dialect: String,
    environment: String,
    base_url: String,
    root_url: String,
    tls_base_url: String,
    mtls_base_url: Option<String>,
    client_ca_certificate_pem: Option<String>,
    endpoints: Map<String, Value>,
    clients: Vec<DescribedClient>,
    users: Vec<DescribedUser>,
}

#[derive(Debug, Serialize)]
struct DescribedClient {
    client_id: String,
    client_secret: Option<String>,
    scope: String,
    grant_types: Vec<String>,
    token_endpoint_auth_method: &'static str,
    redirect_uris: Vec<String>,
    certificate_pem: Option<String>,
    certificate_chain_pem: Option<String>,
    private_key_pem: Option<String>,
    label: String,
    /// The organization, under the name that the dialect has for it.
    #[serde(flatten)]
    organization: Map<String, Value>,
}

#[derive(Debug, Serialize)]
struct DescribedUser {
    username: String,
    password: String,
    tenant: Option<String>,
}

impl Description {
    pub(super) fn new(
        server: &Server<ConfiguredStore>,
        plan: &Plan,
        credentials: &Credentials,
        (listeners, ca_pem): (&Listeners, &str),
    ) -> Self {
        let mut realms = Map::new();
        for (planned, (_, root)) in plan.realms.iter().zip(&listeners.roots) {
            if let (Some(realm), Some(own)) = (server.realm(&planned.name), credentials.get(&planned.name)) {
                let described = realm_of(realm, planned, own, (root, &listeners.tls.1));
                realms.insert(planned.name.clone(), serde_json::to_value(described).unwrap_or_default());
            }
        }
        Self { version: 1, ca_certificate_pem: ca_pem.to_owned(), realms, credentials: credentials.clone() }
    }

    pub(super) fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The text for people: for each realm its address and the provider's request, ready to paste.
    pub(super) fn text(
        &self,
        plan: &Plan,
        printed: &BTreeMap<String, Printed>,
        origin: &str,
        data: &Path,
    ) -> String {
        let ca_file = listeners::ca_file(data);
        let mut out =
            String::from("Chancela sandbox. Every line below works as it stands; stop with Ctrl-C.\n");
        for planned in &plan.realms {
            let Some(realm) = self.realms.get(&planned.name) else { continue };
            let Some(own) = self.credentials.get(&planned.name) else { continue };
            let url = |member: &str| realm.get(member).and_then(Value::as_str).unwrap_or_default();
            let mut curl = fill(&planned.curl, url("base_url"), own);
            curl = curl.replace("{mtls_base_url}", url("mtls_base_url"));
            curl = curl.replace("{ca_file}", &ca_file.display().to_string());
            for label in own.clients.keys() {
                let file = credentials::certificate_file(data, &planned.name, label);
                let placeholder = format!("{{certificate_file:{label}}}");
                curl = curl.replace(&placeholder, &file.display().to_string());
            }
            let _ = write!(out, "\n# {} at {}\n{curl}", planned.name, url("base_url"));
            if let Some(printed) = printed.get(&planned.name) {
                out.push_str(&printed.to_string());
            }
        }
        let _ = write!(
            out,
            "\n# the code flow, step by step: {origin}/demo\n# TLS and client certificates: curl --cacert {}, addresses in the next\n\
             # for programs: {origin}/sandbox.json",
            ca_file.display()
        );
        out
    }
}

fn realm_of(
    realm: &Realm,
    planned: &PlannedRealm,
    own: &RealmCredentials,
    (root, tls): (&str, &str),
) -> DescribedRealm {
    let clients = planned.clients.iter().filter_map(|client| client_of(realm, client, own)).collect();
    let users = planned.users.iter().map(|user| DescribedUser {
        username: user.username.clone(),
        password: own.users.get(&user.username).cloned().unwrap_or_default(),
        tenant: user.tenant.clone(),
    });
    DescribedRealm {
        dialect: realm.dialect.name.clone(),
        environment: realm.environment.clone(),
        base_url: realm.issuer.clone(),
        root_url: format!("http://{root}"),
        tls_base_url: format!("https://{tls}/{}", realm.name),
        mtls_base_url: realm.mtls_url(""),
        client_ca_certificate_pem: client_ca(realm),
        endpoints: endpoints(realm),
        clients,
        users: users.collect(),
    }
}

/// The authorities of the realm's clients, up to the root.
fn client_ca(realm: &Realm) -> Option<String> {
    let authorities = realm.certificate_authority.as_ref()?.authorities();
    Some(authorities.first()?.chain().iter().map(|der| encode_pem("CERTIFICATE", der)).collect())
}

fn organization(realm: &Realm, own: Option<&str>) -> Map<String, Value> {
    let name = match realm.dialect.registration.organization_member.as_str() {
        "" => "organization",
        name => name,
    };
    own.map(|own| (name.to_owned(), Value::from(own))).into_iter().collect()
}

/// `token` is the endpoint that gives the final token; a dialect with several steps lists each by its name too.
fn endpoints(realm: &Realm) -> Map<String, Value> {
    let metadata = realm.metadata();
    let mut out = Map::new();
    let mut add = |name: String, url: String| out.insert(name, Value::from(url));
    add("token".into(), metadata.token_endpoint);
    for endpoint in &realm.endpoints {
        for path in &endpoint.dialect.paths {
            match path.contains("{tenant}") {
                true => {
                    for tenant in &realm.tenants {
                        add(format!("token_{tenant}"), realm.url(&path.replace("{tenant}", tenant)));
                    }
                }
                false if realm.endpoints.len() > 1 => {
                    let mtls = realm.mtls_url(path).filter(|_| endpoint.dialect.requires.mutual_tls);
                    add(endpoint.dialect.name.clone(), mtls.unwrap_or_else(|| realm.url(path)));
                }
                false => {}
            }
        }
    }
    add("introspection".into(), metadata.introspection_endpoint);
    add("revocation".into(), metadata.revocation_endpoint);
    add("jwks".into(), metadata.jwks_uri);
    add("metadata".into(), realm.url("/.well-known/oauth-authorization-server"));
    add("resource".into(), realm.url("/resource"));
    add("verification".into(), realm.url(&realm.dialect.endpoints.verification));
    if let Some(aliases) = metadata.mtls_endpoint_aliases {
        add("mtls_token".into(), aliases.token_endpoint);
        add("mtls_resource".into(), realm.mtls_url("/resource").unwrap_or_default());
    }
    if realm.certificate_authority.is_some() {
        add("certificates".into(), realm.url(&realm.dialect.certificate_issuance.path));
    }
    if let Some(url) = metadata.registration_endpoint {
        add("registration".into(), url);
    }
    if realm.has_users() {
        let own = &realm.dialect.endpoints;
        add("authorization".into(), realm.url(&own.authorization));
        add("userinfo".into(), realm.url(&own.userinfo));
        add("end_session".into(), realm.url(&own.end_session));
        add("account".into(), realm.url(&own.account));
        add("discovery".into(), realm.url("/.well-known/openid-configuration"));
    }
    out
}

fn client_of(realm: &Realm, planned: &PlannedClient, own: &RealmCredentials) -> Option<DescribedClient> {
    let credentials = own.clients.get(&planned.label)?;
    let record = realm.directory.client(&credentials.client_id)?;
    let endpoint = realm.endpoints.iter().find(|endpoint| {
        planned.token_endpoint.as_deref().is_none_or(|name| name == endpoint.dialect.name)
    })?;
    // The values that the dialect uses on the wire, not what they mean.
    let wire = |meaning: &Grant| planned.grant_types.contains(&meaning.grant_type());
    let grants = endpoint.dialect.request.grants.iter().filter(|(_, meaning)| wire(meaning));
    Some(DescribedClient {
        client_id: credentials.client_id.clone(),
        client_secret: credentials.client_secret.clone(),
        scope: record.scope.as_str().to_owned(),
        grant_types: grants.map(|(name, _)| name.clone()).collect(),
        token_endpoint_auth_method: planned.method.as_str(),
        redirect_uris: record.redirect_uris.iter().map(|uri| uri.to_string()).collect(),
        certificate_pem: credentials.certificate_pem.clone(),
        certificate_chain_pem: credentials.certificate_chain_pem.clone(),
        private_key_pem: credentials.private_key_pem.clone(),
        label: planned.label.clone(),
        organization: organization(realm, credentials.organization.as_deref()),
    })
}

/// Puts address and credentials into a request.
fn fill(curl: &str, base_url: &str, own: &RealmCredentials) -> String {
    let mut text = curl.replace("{base_url}", base_url);
    for (label, client) in &own.clients {
        let secret = client.client_secret.as_deref().unwrap_or_default();
        let basic = BASE64.encode(format!("{}:{secret}", client.client_id));
        let certificate = client.certificate_pem.as_deref().unwrap_or_default();
        for (name, value) in [
            ("client_id", client.client_id.as_str()),
            ("client_secret", secret),
            ("basic", &basic),
            ("certificate", &certificate.split_whitespace().collect::<Vec<_>>().join(" ")),
        ] {
            text = text.replace(&format!("{{{name}:{label}}}"), value);
        }
    }
    text
}
