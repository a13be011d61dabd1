//! Dynamic client registration (RFC 7591) and its management (RFC 7592). The credential is the certificate of the realm's
//! own authority that the connection shows (requirement M-01): its holder registers clients that authenticate with it, for
//! no more than the holder itself may have.
//!
//! A program may register each time that it starts: the same certificate, organization and scope give the same client
//! again, with a new registration access token.

use super::{refuse_standard, verification};
use crate::control::{self, NewClient};
use crate::realm::Realm;
use crate::server::Server;
use bytes::Bytes;
use chancela_core::client_auth::Method as AuthMethod;
use chancela_core::dialect::RegistrationRules;
use chancela_core::effect::Effect;
use chancela_core::grant::GrantType;
use chancela_core::message::client_registration::{ClientInformation, ClientRegistration};
use chancela_core::message::{HttpRequest, bearer};
use chancela_core::pepper::MacPurpose;
use chancela_core::record::{CertificateSubject, Client, Registration};
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::scope::Scope;
use chancela_core::secret::{Secret, SecretDigest};
use chancela_core::x509::PresentedCertificate;
use chancela_core::x509::name::DistinguishedName;
use chancela_store::{CommitOutcome, Store};
use http::header::{ALLOW, AUTHORIZATION};
use http::{HeaderValue, Method, Response, StatusCode};
use std::sync::Arc;

/// Most clients that one holder registers.
const MAX_REGISTRATIONS: usize = 20;
/// Most rounds of a commit that others disturb.
const MAX_ROUNDS: usize = 8;

/// A registration.
pub(super) async fn respond<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    http: &HttpRequest<'_>,
) -> Response<Bytes> {
    match register(server, realm, http).await {
        Ok(response) => response,
        Err(rejection) => refuse_standard(realm, rejection, None),
    }
}

/// The management of one (RFC 7592).
pub(super) async fn manage<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    client_id: &str,
    http: &HttpRequest<'_>,
) -> Response<Bytes> {
    let mut response = match managed(server, realm, client_id, http).await {
        Ok(response) => response,
        Err(rejection) if rejection.rule.code().status() == StatusCode::UNAUTHORIZED => {
            verification::refuse(realm, "", rejection)
        }
        Err(rejection) => refuse_standard(realm, rejection, None),
    };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, PUT, DELETE"));
    }
    response
}

async fn register<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    http: &HttpRequest<'_>,
) -> Result<Response<Bytes>, Rejection> {
    if http.method != Method::POST {
        return Err(Rule::MethodNotAllowed.into());
    }
    let shown = http.certificate.ok_or(Rule::MissingClientCertificate)?;
    let rules = &realm.dialect.registration;
    let wanted = ClientRegistration::parse(rules, http)?;
    let authority = realm.certificate_authority.as_ref().ok_or(Rule::UnauthorizedRegistration)?;
    // The version of a client that is not there yet guards neither the limit nor against a twin.
    let _turn = authority.registrations.lock().await;
    // It may have been revoked while this request waited for its turn.
    let holder = holder(realm, shown)?;
    for _ in 0..MAX_ROUNDS {
        let new = allowed(realm, rules, &holder, shown, &wanted)?;
        let (built, _) =
            control::build_client(server, realm, new).map_err(|_| Rule::MalformedClientMetadata)?;
        let known = realm.directory.registered_by(holder.key);
        let same = known.iter().find(|own| is_same(own, &built));
        // M-06: registering again is no way back for what an operator disabled.
        if same.is_some_and(|own| !own.enabled) {
            return Err(Rule::UnauthorizedRegistration.into());
        }
        if same.is_none() && known.len() >= MAX_REGISTRATIONS {
            let limit = u32::try_from(MAX_REGISTRATIONS).unwrap_or(u32::MAX);
            return Err(Rejection::with(Rule::TooManyRegistrations, limit));
        }
        let (token, digest) = new_token(server, realm)?;
        let registration = Some(Registration { owner: holder.key, access_token: digest });
        let (client, expected_version) = match same {
            Some(own) => {
                (Client { registration, version: own.version + 1, ..(**own).clone() }, Some(own.version))
            }
            None => (Client { registration, ..built }, None),
        };
        let put = Effect::PutClient { client: client.clone(), expected_version };
        if server.commit(vec![put]).await? == CommitOutcome::Committed {
            realm.directory.put(client.clone());
            audit(realm, &client, "registered");
            return Ok(information(realm, &client, Some(&token), StatusCode::CREATED));
        }
    }
    Err(Rule::Overloaded.into())
}

/// The client to which the realm's authority issued the certificate. One that registered itself registers no others: the
/// end of its own holder has to be the end of all that came of it.
fn holder(realm: &Realm, shown: &PresentedCertificate) -> Result<Arc<Client>, Rejection> {
    shown.trusted()?;
    let authority = realm.certificate_authority.as_ref().ok_or(Rule::UnauthorizedRegistration)?;
    let record = authority.register.of_digest(&shown.certificate.sha256);
    if record.is_some_and(|record| !authority.register.is_issued(record.serial)) {
        return Err(Rule::RevokedClientCertificate.into());
    }
    let holder = shown.issued_to.and_then(|key| realm.directory.client_of(key));
    let holder = holder.filter(|client| client.enabled && client.registration.is_none());
    holder.ok_or(Rule::UnauthorizedRegistration.into())
}

/// The client that a holder may have: what it asks for, within what the holder is.
fn allowed(
    realm: &Realm,
    rules: &RegistrationRules,
    holder: &Client,
    shown: &PresentedCertificate,
    wanted: &ClientRegistration,
) -> Result<NewClient, Rejection> {
    let ClientRegistration {
        client_id: _,
        client_name,
        grant_types,
        scope,
        method,
        subject,
        bound: _,
        organization,
    } = wanted;
    if organization.is_some() && organization.as_deref() != holder.organization.as_deref() {
        return Err(Rule::UnauthorizedRegistration.into());
    }
    if *method != AuthMethod::TlsClientAuth || *grant_types != [GrantType::ClientCredentials] {
        return Err(Rule::MalformedClientMetadata.into());
    }
    let subject = match subject {
        None => CertificateSubject::Dn(shown.certificate.subject.to_rfc4514().into()),
        Some(CertificateSubject::Dn(text)) => {
            let named = DistinguishedName::parse(text).map_err(|_| Rule::MalformedClientMetadata)?;
            if !named.matches(&shown.certificate.subject) {
                return Err(Rule::UnauthorizedRegistration.into());
            }
            CertificateSubject::Dn(text.clone())
        }
        Some(_) => return Err(Rule::UnauthorizedRegistration.into()),
    };
    let scope = match scope {
        None => holder.scope.clone(),
        Some(text) => {
            let asked = Scope::parse(text).map_err(|_| Rule::MalformedScope)?;
            if asked.iter().any(|name| !realm.directory.has_scope(name)) {
                return Err(Rule::UnknownScope.into());
            }
            if !asked.is_subset_of(&holder.scope) {
                return Err(Rule::UngrantedScope.into());
            }
            asked
        }
    };
    // What only the holder may do is not passed on.
    let ordering = &*realm.dialect.certificate_issuance.scope;
    let scope: Scope = scope.iter().filter(|name| *name != ordering).collect();
    Ok(NewClient {
        client_name: client_name.clone().or_else(|| holder.client_name.as_deref().map(str::to_owned)),
        grant_types: Some(vec![GrantType::ClientCredentials]),
        token_endpoint_auth_method: Some(AuthMethod::TlsClientAuth),
        tls_client_auth_subject_dn: Some(subject.value().to_owned()),
        // They are, whatever it says: it authenticates with a certificate.
        tls_client_certificate_bound_access_tokens: true,
        scope: Some(scope.as_str().to_owned()),
        token_endpoint: Some(rules.token_endpoint.clone()).filter(|name| !name.is_empty()),
        tenant: holder.tenant.as_deref().map(str::to_owned),
        organization: holder.organization.as_deref().map(str::to_owned),
        ..NewClient::default()
    })
}

/// Whether a registration asks for what there is already.
fn is_same(own: &Client, built: &Client) -> bool {
    own.tls_client_auth == built.tls_client_auth
        && own.scope == built.scope
        && own.client_name == built.client_name
        && own.organization == built.organization
        && own.tls_client_certificate_bound_access_tokens == built.tls_client_certificate_bound_access_tokens
}

async fn managed<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    client_id: &str,
    http: &HttpRequest<'_>,
) -> Result<Response<Bytes>, Rejection> {
    let authority = realm.certificate_authority.as_ref().ok_or(Rule::InvalidRegistrationToken)?;
    let _turn = authority.registrations.lock().await;
    let client = authenticated(realm, client_id, http)?;
    match *http.method {
        Method::GET => Ok(information(realm, &client, None, StatusCode::OK)),
        Method::DELETE => {
            let removed = Effect::DeleteClient { client: (*client).clone() };
            server.must_commit(vec![removed]).await?;
            realm.directory.remove(&client);
            audit(realm, &client, "deleted");
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::NO_CONTENT;
            Ok(response)
        }
        Method::PUT => update(server, realm, &client, http).await,
        _ => Err(Rule::MethodNotAllowed.into()),
    }
}

/// The whole client anew, as a registration would make it (requirement M-05). It keeps its id, key and grants' past, and
/// gets a new registration access token (M-04).
async fn update<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    client: &Client,
    http: &HttpRequest<'_>,
) -> Result<Response<Bytes>, Rejection> {
    let rules = &realm.dialect.registration;
    let shown = http.certificate.ok_or(Rule::MissingClientCertificate)?;
    let holder = holder(realm, shown)?;
    if client.registration.as_ref().is_none_or(|own| own.owner != holder.key) {
        return Err(Rule::UnauthorizedRegistration.into());
    }
    let wanted = ClientRegistration::parse(rules, http)?;
    if wanted.client_id.as_deref().is_some_and(|named| *named != *client.client_id) {
        return Err(Rule::MalformedClientMetadata.into());
    }
    let new = allowed(realm, rules, &holder, shown, &wanted)?;
    let (built, _) = control::build_client(server, realm, new).map_err(|_| Rule::MalformedClientMetadata)?;
    let (token, digest) = new_token(server, realm)?;
    let changed = Client {
        key: client.key,
        client_id: client.client_id.clone(),
        created_at: client.created_at,
        tokens_not_before: client.tokens_not_before,
        registration: Some(Registration { owner: holder.key, access_token: digest }),
        version: client.version + 1,
        ..built
    };
    let put = Effect::PutClient { client: changed.clone(), expected_version: Some(client.version) };
    server.must_commit(vec![put]).await?;
    realm.directory.put(changed.clone());
    audit(realm, &changed, "changed");
    Ok(information(realm, &changed, Some(&token), StatusCode::OK))
}

/// The client whose registration access token the request has. One that is unknown, disabled (M-06) or registered
/// otherwise says the same as a wrong token.
fn authenticated(realm: &Realm, client_id: &str, http: &HttpRequest<'_>) -> Result<Arc<Client>, Rejection> {
    if !http.headers.contains_key(AUTHORIZATION) {
        return Err(Rule::MissingAccessToken.into());
    }
    let get = HttpRequest { method: &Method::GET, body: &[], ..*http };
    let digest = digest(realm, &bearer::parse(&get)?);
    let client = realm.directory.client(client_id).filter(|client| client.enabled);
    let own = |client: &Arc<Client>| {
        client.registration.as_ref().is_some_and(|registration| registration.access_token == digest)
    };
    client.filter(own).ok_or(Rule::InvalidRegistrationToken.into())
}

fn new_token<S: Store>(server: &Server<S>, realm: &Realm) -> Result<(Secret, SecretDigest), Rejection> {
    let text = control::own_secret("chancela_rat_", &*server.entropy).map_err(|_| Rule::StoreFailed)?;
    let digest = digest(realm, &text);
    Ok((Secret::new(text), digest))
}

fn digest(realm: &Realm, text: &str) -> SecretDigest {
    SecretDigest::from_bytes(realm.pepper.mac(MacPurpose::RegistrationAccessToken, text.as_bytes()))
}

fn information(
    realm: &Realm,
    client: &Client,
    token: Option<&Secret>,
    status: StatusCode,
) -> Response<Bytes> {
    let rules = &realm.dialect.registration;
    let path = format!("{}/{}", rules.path, client.client_id);
    let endpoint = realm.endpoints.iter().find(|endpoint| endpoint.dialect.name == rules.token_endpoint);
    let lifetime = endpoint.or(realm.endpoints.first()).map_or(0, |own| own.lifetime_for(client));
    let answer = ClientInformation {
        client,
        access_token: token,
        client_uri: &realm.mtls_url(&path).unwrap_or_else(|| realm.url(&path)),
        token_lifetime: lifetime,
    };
    answer.encode(rules, status)
}

fn audit(realm: &Realm, client: &Client, what: &'static str) {
    let (realm, client) = (realm.name.as_str(), &*client.client_id);
    tracing::info!(target: "audit", realm, client, what, "client registration");
}
