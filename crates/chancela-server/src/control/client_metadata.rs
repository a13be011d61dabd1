//! What a client may be: its metadata as it comes (RFC 7591) and the one validator that every client passes, however it
//! comes (requirement AD-05); and a client as it is shown.

use super::ControlError;
use super::credentials;
use super::login_metadata;
use super::tls_metadata;
use super::user::SUBJECT_PREFIX;
use crate::realm::Realm;
use crate::server::Server;
use chancela_core::client_auth::Method;
use chancela_core::grant::GrantType;
use chancela_core::id::ClientKey;
use chancela_core::jose::JwsAlgorithm;
use chancela_core::record::{
    ApplicationType, Client, ClientSecret, RefreshTokenPolicy, RegisteredCertificate, SubjectType,
};
use chancela_core::scope::Scope;
use chancela_core::secret::{Secret, hex};
use chancela_core::token::reference;
use chancela_core::x509::Certificate;
use chancela_store::Store;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Client metadata (RFC 7591 §2) and this server's own settings, as they are imported. What RFC 7591 defines and this
/// server does not use is read and dropped; anything else is an error.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "fields without a text are RFC 7591 members of the same name")]
pub struct NewClient {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<GrantType>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<Method>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_types: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contacts: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_id: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_version: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id_issued_at: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_expires_at: Option<i64>,
    pub application_type: ApplicationType,
    pub subject_type: SubjectType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<JwsAlgorithm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<JwsAlgorithm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<u32>,
    pub require_auth_time: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    pub backchannel_logout_session_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    pub frontchannel_logout_session_required: bool,
    /// Whether users are asked before the client gets their tokens; yes if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_consent: Option<bool>,
    /// Whether its authorization requests need a code challenge; the dialect's rule if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_pkce: Option<bool>,
    /// Lifetime of authorization codes in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_code_lifetime: Option<u32>,
    /// What its refresh tokens do; the dialect's rule if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_policy: Option<RefreshTokenPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_subject_dn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_dns: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_email: Option<String>,
    pub tls_client_certificate_bound_access_tokens: bool,
    /// SHA-256 in hexadecimal of the one certificate authority whose certificates are its own; any that the realm trusts
    /// if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_issuer: Option<String>,
    /// The organization that it belongs to, as the provider names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Name of the token endpoint that the client belongs to, in dialects with several steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<String>,
    /// Client of the earlier step whose token must accompany this one's requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chained_to: Option<String>,
    /// Tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Lifetime of access tokens in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_lifetime: Option<u32>,
    /// Lifetime of refresh tokens in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_lifetime: Option<u32>,
    /// Certificate in PEM that the client presents in a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_pem: Option<String>,
    /// A resource server: may introspect any token of the realm.
    pub may_introspect_any: bool,
    /// A partner platform instead of a client.
    pub partner: bool,
}

/// The one validator: a whole client from what was asked for, and its secret if one was made or given.
pub fn build<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    new: NewClient,
) -> Result<(Client, Option<Secret>), ControlError> {
    let invalid = |text: String| Err(ControlError::Invalid(text));
    let sector_identifier = login_metadata::check(realm, &new).map_err(ControlError::Invalid)?;
    let tls = tls_metadata::check(&new).map_err(ControlError::Invalid)?;
    let formats = &realm.dialect.credentials;
    let now = server.clock.now().seconds();
    let mut key = [0; 6];
    server.entropy.fill(&mut key)?;
    // A token of an earlier client of this id is no token of this one; a generated id never had one.
    let tokens_not_before = if new.client_id.is_some() { now + 1 } else { 0 };
    let client_id = match new.client_id {
        Some(own)
            if own.is_empty() || own.len() > 255 || !own.bytes().all(|b| (0x20..=0x7e).contains(&b)) =>
        {
            return invalid("client_id: must be 1 to 255 printable ASCII characters".into());
        }
        // RFC 9700 section 4.15: in a token's `sub`, a client must not be taken for a user.
        Some(own) if own.starts_with(SUBJECT_PREFIX) => {
            return invalid(format!(
                "client_id: must not begin with {SUBJECT_PREFIX:?}, which is how users' subjects begin"
            ));
        }
        Some(own) => own,
        None => credentials::client_id(&formats.client_id, &*server.entropy)?,
    };
    // Without a secret: public clients, and those that have a certificate instead.
    let public = matches!(
        new.token_endpoint_auth_method,
        Some(Method::None | Method::TlsClientAuth | Method::SelfSignedTlsClientAuth)
    );
    let secret = match new.client_secret {
        Some(_) if public => {
            return invalid(
                "client_secret: a client with this token_endpoint_auth_method has no secret".into(),
            );
        }
        Some(own) if own.is_empty() || own.len() > 1024 || own.ends_with(['\r', '\n']) => {
            return invalid("client_secret: must be 1 to 1024 bytes and not end in a line break".into());
        }
        Some(own) => Some(Secret::new(own)),
        None if public => None,
        None => Some(credentials::client_secret(&formats.client_secret, &*server.entropy)?),
    };
    let scope = match new.scope.as_deref().map(Scope::parse) {
        None => Scope::empty(),
        Some(Ok(scope)) => scope,
        Some(Err(error)) => return invalid(format!("scope: {error}")),
    };
    if let Some(unknown) = scope.iter().find(|name| !realm.directory.has_scope(name)) {
        return invalid(format!(
            "scope: the realm does not know {unknown:?}; add it with `chancela scope create`"
        ));
    }
    if let Some(name) = &new.token_endpoint
        && realm.dialect.token_endpoint(name).is_none()
    {
        let known: Vec<&str> = realm.dialect.token_endpoints.iter().map(|e| e.name.as_str()).collect();
        return invalid(format!("token_endpoint: must be one of {}", known.join(", ")));
    }
    if let Some(first) = &new.chained_to
        && realm.directory.client(first).is_none()
    {
        return invalid(format!("chained_to: the realm has no client {first:?}; create that one first"));
    }
    if let Some(tenant) = &new.tenant
        && !realm.tenants.contains(tenant)
    {
        return invalid(format!(
            "tenant: the realm has no tenant {tenant:?}; its tenants stand in the configuration"
        ));
    }
    if let Some(seconds) = new.access_token_lifetime {
        for endpoint in &realm.endpoints {
            if let Err(limit) = reference::check_lifetime(endpoint.dialect.token.format, seconds) {
                return invalid(format!(
                    "access_token_lifetime: must be from 1 to {limit} seconds in this realm"
                ));
            }
        }
    }
    // RFC 7591 section 2 gives codes to whoever does not say; here that takes a redirect URI.
    let usual = if new.redirect_uris.is_empty() {
        vec![GrantType::ClientCredentials]
    } else {
        vec![GrantType::AuthorizationCode, GrantType::RefreshToken]
    };
    let certificate = match new.certificate_pem.as_deref().map(Certificate::parse_header) {
        None => None,
        Some(Some(certificate)) => Some(RegisteredCertificate { sha256: hex(&certificate.sha256).into() }),
        Some(None) => return invalid("certificate_pem: is not a readable X.509 certificate".into()),
    };
    let digest = secret.as_ref().map(|secret| realm.pepper.client_secret(secret.expose()));
    // RFC 7591 section 3.2.1: 0 means that it does not expire.
    let secret_expires_at = new.client_secret_expires_at.filter(|at| *at != 0);
    let methods = &realm.client_authentication.methods;
    if let Some(method) = new.token_endpoint_auth_method.filter(|method| *method != Method::None)
        && !methods.contains(&method)
    {
        let known: Vec<&str> = methods.iter().map(|method| method.as_str()).collect();
        return invalid(format!("token_endpoint_auth_method: the realm's dialect has {}", known.join(", ")));
    }
    let client = Client {
        key: ClientKey::from_random(key),
        realm: realm.name.as_str().into(),
        client_id: client_id.into(),
        client_name: new.client_name.map(Into::into),
        secrets: digest
            .map(|digest| ClientSecret { digest, created_at: now, expires_at: secret_expires_at })
            .into_iter()
            .collect(),
        token_endpoint_auth_method: new.token_endpoint_auth_method,
        grant_types: new.grant_types.unwrap_or(usual),
        scope,
        redirect_uris: boxed(new.redirect_uris),
        application_type: new.application_type,
        require_pkce: new.require_pkce,
        require_consent: new.require_consent.unwrap_or(true),
        authorization_code_lifetime: new.authorization_code_lifetime,
        refresh_token_policy: new.refresh_token_policy,
        subject_type: new.subject_type,
        sector_identifier,
        id_token_signed_response_alg: new.id_token_signed_response_alg,
        userinfo_signed_response_alg: new.userinfo_signed_response_alg,
        default_max_age: new.default_max_age,
        require_auth_time: new.require_auth_time,
        post_logout_redirect_uris: boxed(new.post_logout_redirect_uris),
        backchannel_logout_uri: new.backchannel_logout_uri.map(Into::into),
        backchannel_logout_session_required: new.backchannel_logout_session_required,
        frontchannel_logout_uri: new.frontchannel_logout_uri.map(Into::into),
        frontchannel_logout_session_required: new.frontchannel_logout_session_required,
        token_endpoint: new.token_endpoint.map(Into::into),
        chained_to: new.chained_to.map(Into::into),
        tenant: new.tenant.map(Into::into),
        access_token_lifetime: new.access_token_lifetime,
        refresh_token_lifetime: new.refresh_token_lifetime,
        tls_client_auth: tls.subject,
        tls_client_auth_issuer: tls.issuer,
        tls_client_certificate_bound_access_tokens: new.tls_client_certificate_bound_access_tokens,
        organization: new.organization.map(Into::into),
        registration: None,
        certificate,
        jwks: new.jwks,
        may_introspect_any: new.may_introspect_any,
        partner: new.partner,
        enabled: true,
        tokens_not_before,
        created_at: now,
        version: 1,
    };
    Ok((client, secret))
}

fn boxed(texts: Vec<String>) -> Vec<Box<str>> {
    texts.into_iter().map(Into::into).collect()
}

/// A client as it is shown: RFC 7591 names, no digest.
pub(super) fn describe(client: &Client) -> Value {
    let mut shown = serde_json::to_value(client).unwrap_or_default();
    if let Some(members) = shown.as_object_mut() {
        for hidden in ["key", "realm", "secrets", "version", "created_at", "tokens_not_before"] {
            members.shift_remove(hidden);
        }
        // RFC 8705 has one member for each kind of name.
        if let Some(Value::Object(subject)) = members.shift_remove("tls_client_auth") {
            members.extend(subject);
        }
        if members.shift_remove("registration").is_some() {
            members.insert("registered_itself".into(), true.into());
        }
        // Shown where they say something: what a client has, and what it is freed of.
        let exempt = [
            ("require_consent", !client.require_consent),
            ("require_pkce", client.require_pkce == Some(false)),
        ];
        members.retain(|_, value| *value != Value::Array(Vec::new()) && *value != Value::Bool(false));
        for (name, usual) in [
            ("require_consent", json!(true)),
            ("application_type", json!("web")),
            ("subject_type", json!("public")),
        ] {
            if members.get(name) == Some(&usual) {
                members.shift_remove(name);
            }
        }
        for (name, _) in exempt.into_iter().filter(|(_, exempt)| *exempt) {
            members.insert(name.into(), false.into());
        }
        members.insert("enabled".into(), client.enabled.into());
        members.insert("client_id_issued_at".into(), client.created_at.into());
        members.insert("active_secrets".into(), client.secrets.len().into());
    }
    shown
}

pub(super) fn described_with(client: &Client, secret: Option<&Secret>) -> Value {
    let mut shown = describe(client);
    if let Some(secret) = secret {
        reveal(&mut shown, secret);
    }
    shown
}

fn reveal(shown: &mut Value, secret: &Secret) {
    if let Some(members) = shown.as_object_mut() {
        let rest: Map<String, Value> = std::mem::take(members);
        for (name, value) in rest {
            let after_id = name == "client_id";
            members.insert(name, value);
            if after_id {
                members.insert("client_secret".into(), secret.expose().into());
            }
        }
    }
}
