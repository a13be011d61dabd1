//! A dialect ready for use: each token endpoint with its own tables laid over the file's, and its fixed headers parsed.

use super::error::{DialectError, meaning};
use super::layer::{lay_over, read_table};
use super::{
    Api, Authorization, CertificateIssuance, ClientAuthentication, CredentialFormats,
    DeviceAuthorizationEndpoint, DialectFile, Endpoint, Environment, Errors, Mark, OtherEndpoints, RateLimit,
    Refresh, RegistrationRules, Request, Requires, Response, ScopeMeaning, ScopeRules, Token,
};
use crate::scope::Scope;
use http::{HeaderName, HeaderValue, StatusCode};
use std::collections::BTreeMap;
use toml::{Table, Value};

/// Tables that an endpoint may override.
const SECTIONS: [&str; 9] = [
    "request",
    "client_authentication",
    "scope",
    "token",
    "response",
    "errors",
    "refresh",
    "rate_limit",
    "api",
];

/// A provider's wire contract.
#[derive(Debug, Clone)]
pub struct Dialect {
    /// Its name.
    pub name: String,
    /// The provider's name, for people.
    pub title: String,
    /// Environments by name.
    pub environments: BTreeMap<String, Environment>,
    /// Shapes of generated identifiers and secrets.
    pub credentials: CredentialFormats,
    /// Known scopes and their meanings.
    pub scopes: BTreeMap<String, ScopeMeaning>,
    /// Token endpoints in the order of their names.
    pub token_endpoints: Vec<TokenEndpoint>,
    /// The authorization endpoint.
    pub authorization: Authorization,
    /// The device authorization endpoint, where there is one.
    pub device_authorization: Option<DeviceAuthorizationEndpoint>,
    /// The other endpoints.
    pub endpoints: OtherEndpoints,
    /// How clients get their certificates.
    pub certificate_issuance: CertificateIssuance,
    /// How clients register themselves.
    pub registration: RegistrationRules,
    /// Marked facts: file name, key, mark.
    pub marks: Vec<(String, String, Mark)>,
    /// The file with all that it extends, each token endpoint with all that holds for it, for showing.
    pub file: DialectFile,
}

/// One token endpoint of a dialect.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the tables are documented in the vocabulary")]
pub struct TokenEndpoint {
    /// Its name in the file.
    pub name: String,
    /// Paths below the issuer.
    pub paths: Vec<String>,
    pub requires: Requires,
    pub request: Request,
    pub client_authentication: ClientAuthentication,
    pub scope: ScopeRules,
    pub token: Token,
    pub response: Response,
    pub errors: Errors,
    pub refresh: Refresh,
    pub rate_limit: Option<RateLimit>,
    pub api: Api,
    /// `scope.exactly` as a scope.
    pub exact_scope: Option<Scope>,
    /// `response.status`.
    pub success_status: StatusCode,
    /// `Content-Type` and headers of a success.
    pub success_headers: Vec<(HeaderName, HeaderValue)>,
    /// `Content-Type` and headers of a refusal.
    pub error_headers: Vec<(HeaderName, HeaderValue)>,
}

impl Dialect {
    pub(super) fn resolve(
        path: &str,
        merged: &Table,
        mut file: DialectFile,
        chain: Vec<DialectFile>,
    ) -> Result<Self, DialectError> {
        let mut defaults = Table::new();
        for section in SECTIONS {
            if let Some(value) = merged.get(section) {
                defaults.insert(section.to_owned(), value.clone());
            }
        }
        let mut token_endpoints = Vec::new();
        if let Some(Value::Table(endpoints)) = merged.get("token_endpoint") {
            for (name, own) in endpoints {
                let mut table = defaults.clone();
                if let Value::Table(own) = own {
                    lay_over(&mut table, own.clone());
                }
                let endpoint: Endpoint = read_table(path, &table)?;
                file.token_endpoint.insert(name.clone(), endpoint.clone());
                token_endpoints.push(TokenEndpoint::resolve(path, name, endpoint)?);
            }
        }
        let marks = chain
            .into_iter()
            .flat_map(|file| {
                let name = file.name;
                file.marks.into_iter().map(move |(key, mark)| (name.clone(), key, mark))
            })
            .collect();
        Ok(Self {
            name: file.name.clone(),
            title: file.title.clone(),
            environments: file.environments.clone(),
            credentials: file.credentials.clone(),
            scopes: file.scopes.clone(),
            token_endpoints,
            authorization: file.authorization.clone(),
            device_authorization: file.device_authorization.clone(),
            endpoints: file.endpoints.clone(),
            certificate_issuance: file.certificate_issuance.clone(),
            registration: file.registration.clone(),
            marks,
            file,
        })
    }

    /// The token endpoint of this name.
    pub fn token_endpoint(&self, name: &str) -> Option<&TokenEndpoint> {
        self.token_endpoints.iter().find(|endpoint| endpoint.name == name)
    }

    /// Where the provider serves `endpoint` in `environment`; `None` where nobody documents it.
    pub fn base_url(&self, endpoint: &TokenEndpoint, environment: &str) -> Option<&str> {
        let environment = self.environments.get(environment)?;
        environment.base_urls.get(&endpoint.name).or(environment.base_url.as_ref()).map(String::as_str)
    }

    /// Whether another token endpoint requires the tokens of this one.
    pub fn is_earlier_step(&self, name: &str) -> bool {
        let requires = |endpoint: &TokenEndpoint| {
            endpoint.requires.access_token.as_ref().is_some_and(|chained| chained.from == name)
        };
        self.token_endpoints.iter().any(requires)
    }

    /// Lifetime of access tokens in seconds at `endpoint` in `environment`.
    pub fn access_token_lifetime(&self, endpoint: &TokenEndpoint, environment: &str) -> u32 {
        let environment = self.environments.get(environment);
        environment.and_then(|e| e.access_token_lifetime).unwrap_or(endpoint.token.lifetime)
    }

    /// Lifetime of refresh tokens in seconds at `endpoint` in `environment`.
    pub fn refresh_token_lifetime(&self, endpoint: &TokenEndpoint, environment: &str) -> u32 {
        let environment = self.environments.get(environment);
        environment.and_then(|e| e.refresh_token_lifetime).unwrap_or(endpoint.refresh.lifetime)
    }
}

impl TokenEndpoint {
    fn resolve(path: &str, name: &str, file: Endpoint) -> Result<Self, DialectError> {
        let key = |section: &str| format!("token_endpoint.{name}.{section}");
        let Endpoint {
            paths,
            requires,
            request,
            client_authentication,
            scope,
            token,
            response,
            errors,
            refresh,
            rate_limit,
            api,
        } = file;
        let exact_scope = match scope.exactly.as_deref().map(Scope::parse).transpose() {
            Ok(scope) => scope,
            Err(error) => return Err(meaning(path, &key("scope.exactly"), error.to_string())),
        };
        let success_status = StatusCode::from_u16(response.status)
            .ok()
            .filter(StatusCode::is_success)
            .ok_or_else(|| meaning(path, &key("response.status"), "must be a status from 200 to 299"))?;
        Ok(Self {
            success_headers: headers(path, &key("response"), &response.content_type, &response.headers)?,
            error_headers: headers(path, &key("errors"), &errors.content_type, &errors.headers)?,
            name: name.to_owned(),
            paths,
            requires,
            request,
            client_authentication,
            scope,
            token,
            response,
            errors,
            refresh,
            rate_limit,
            api,
            exact_scope,
            success_status,
        })
    }
}

fn headers(
    path: &str,
    key: &str,
    content_type: &str,
    more: &[[String; 2]],
) -> Result<Vec<(HeaderName, HeaderValue)>, DialectError> {
    let mut out = Vec::with_capacity(more.len() + 1);
    let all = std::iter::once(["Content-Type", content_type])
        .chain(more.iter().map(|[name, value]| [name.as_str(), value.as_str()]));
    for [name, value] in all.filter(|[_, value]| !value.is_empty()) {
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_str(value);
        match (name, value) {
            (Ok(name), Ok(value)) => out.push((name, value)),
            _ => return Err(meaning(path, key, "has a header that HTTP does not allow")),
        }
    }
    Ok(out)
}
