//! Client registration (RFC 7591) and its management (RFC 7592) by clients that have a certificate: what is asked for, and
//! the client information response. A server's half is here, a client's in [`client`].

pub mod client;

use super::HttpRequest;
use super::body::Parameters;
use crate::client_auth::Method;
use crate::dialect::json::Writer;
use crate::dialect::{JsonLayout, RegistrationRules, RegistrationValue};
use crate::grant::GrantType;
use crate::record::{CertificateSubject, Client, SubjectType};
use crate::rejection::{Rejection, Rule};
use crate::secret::Secret;
use crate::strict_json;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use http::{HeaderValue, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Longest `client_name` in characters.
const MAX_NAME: usize = 128;

/// What a client says of itself. Members that are none of these are ignored (RFC 7591 §2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRegistration {
    /// `client_id`, where a registration is changed (RFC 7592 §2.2).
    pub client_id: Option<String>,
    /// `client_name`.
    pub client_name: Option<String>,
    /// `grant_types`.
    pub grant_types: Vec<GrantType>,
    /// `scope`.
    pub scope: Option<String>,
    /// `token_endpoint_auth_method`.
    pub method: Method,
    /// The one `tls_client_auth_…` member.
    pub subject: Option<CertificateSubject>,
    /// `tls_client_certificate_bound_access_tokens`.
    pub bound: bool,
    /// The organization, by the dialect's name.
    pub organization: Option<String>,
}

impl ClientRegistration {
    /// Reads a JSON object, or a form whose arrays are `name[0]`, `name[1]`….
    ///
    /// # Errors
    /// The rule that the body breaks.
    pub fn parse(rules: &RegistrationRules, http: &HttpRequest<'_>) -> Result<Self, Rejection> {
        let kind = http.single_header(CONTENT_TYPE.as_str()).map_err(|()| Rule::MissingContentType)?;
        let kind = kind.ok_or(Rule::MissingContentType)?.split(';').next().unwrap_or_default().trim();
        let members = if kind.eq_ignore_ascii_case("application/json") {
            strict_json::object(http.body).ok_or(Rule::MalformedClientMetadata)?
        } else if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            of_form(http.body)?
        } else {
            return Err(Rule::UnsupportedContentType.into());
        };
        Self::of(rules, &members)
    }

    fn of(rules: &RegistrationRules, members: &Map<String, Value>) -> Result<Self, Rejection> {
        let response_types: Option<Vec<String>> = member(members, "response_types")?;
        let known = |kind: &String| kind == "none" || rules.response_types.contains(kind);
        if response_types.is_some_and(|kinds| !kinds.iter().all(known)) {
            return Err(Rule::MalformedClientMetadata.into());
        }
        let client_name: Option<String> = member(members, "client_name")?;
        if client_name.as_deref().is_some_and(|name| !is_plain(name)) {
            return Err(Rule::MalformedClientMetadata.into());
        }
        let organization = match rules.organization_member.as_str() {
            "" => None,
            name => member(members, name)?,
        };
        Ok(Self {
            client_id: member(members, "client_id")?,
            client_name,
            grant_types: member(members, "grant_types")?
                .unwrap_or_else(|| vec![GrantType::ClientCredentials]),
            scope: member(members, "scope")?,
            method: member(members, "token_endpoint_auth_method")?.unwrap_or(Method::TlsClientAuth),
            subject: subject(members)?,
            bound: member(members, "tls_client_certificate_bound_access_tokens")?.unwrap_or(false),
            organization,
        })
    }
}

fn member<T: DeserializeOwned>(members: &Map<String, Value>, name: &str) -> Result<Option<T>, Rejection> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            serde_json::from_value(value.clone()).map(Some).map_err(|_| Rule::MalformedClientMetadata.into())
        }
    }
}

/// At most one of the five (RFC 8705 §2.1.2).
fn subject(members: &Map<String, Value>) -> Result<Option<CertificateSubject>, Rejection> {
    let mut found = members.iter().filter(|(name, value)| {
        (name.starts_with("tls_client_auth_subject") || name.starts_with("tls_client_auth_san"))
            && !value.is_null()
    });
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some((name, value)), None) => {
            let one = Value::Object(Map::from_iter([(name.clone(), value.clone())]));
            serde_json::from_value(one).map(Some).map_err(|_| Rule::MalformedClientMetadata.into())
        }
        _ => Err(Rule::MalformedClientMetadata.into()),
    }
}

/// Whether a name is text that can be shown as it is (requirement M-07): no markup, control or direction characters.
fn is_plain(name: &str) -> bool {
    let direction =
        |c: char| matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !name.trim().is_empty()
        && name.chars().count() <= MAX_NAME
        && !name.chars().any(|c| c.is_control() || direction(c) || matches!(c, '<' | '>'))
}

/// A form with arrays in the way that some clients write them.
fn of_form(body: &[u8]) -> Result<Map<String, Value>, Rejection> {
    let mut members = Map::new();
    for (name, text) in Parameters::form(body)?.texts() {
        match name.split_once('[') {
            Some((name, index))
                if index.strip_suffix(']').is_some_and(|i| i.bytes().all(|b| b.is_ascii_digit())) =>
            {
                let array = members.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                let Some(array) = array.as_array_mut() else {
                    return Err(Rule::MalformedClientMetadata.into());
                };
                array.push(text.into());
            }
            _ => drop(members.insert(name.into(), text.into())),
        }
    }
    Ok(members)
}

/// A registered client as it is answered. The token is shown when it is new, and never again (requirement M-09).
#[derive(Debug)]
pub struct ClientInformation<'a> {
    /// The client.
    pub client: &'a Client,
    /// Its registration access token.
    pub access_token: Option<&'a Secret>,
    /// Where it manages its registration.
    pub client_uri: &'a str,
    /// Lifetime of its access tokens in seconds.
    pub token_lifetime: u32,
}

impl ClientInformation<'_> {
    /// Writes it as `rules` documents it.
    pub fn encode(&self, rules: &RegistrationRules, status: StatusCode) -> Response<Bytes> {
        let mut writer = Writer::over(Vec::with_capacity(1024), JsonLayout::COMPACT);
        writer.begin_object();
        for member in &rules.members {
            self.write(&mut writer, rules, &member.name, member.value);
        }
        writer.end_object();
        let mut response = Response::new(Bytes::from(writer.into_bytes()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        response
    }

    fn write(
        &self,
        writer: &mut Writer<'_>,
        rules: &RegistrationRules,
        name: &str,
        value: RegistrationValue,
    ) {
        use RegistrationValue as V;
        let client = self.client;
        let method = client.token_endpoint_auth_method.map_or("", Method::as_str);
        let text: Option<&str> = match value {
            V::ClientId => Some(&client.client_id),
            V::ClientName => client.client_name.as_deref(),
            V::Scope => Some(client.scope.as_str()),
            V::SubjectType if client.subject_type == SubjectType::Pairwise => Some("pairwise"),
            V::SubjectType => Some("public"),
            V::TokenEndpointAuthMethod => Some(method),
            V::RegistrationAccessToken => self.access_token.map(Secret::expose),
            V::RegistrationClientUri => Some(self.client_uri),
            V::Organization => client.organization.as_deref(),
            V::TlsClientAuth => {
                if let Some(subject) = &client.tls_client_auth {
                    writer.key(subject.member());
                    writer.string(subject.value());
                }
                return;
            }
            _ => None,
        };
        if let Some(text) = text {
            writer.key(name);
            writer.string(text);
            return;
        }
        let numbers = match value {
            V::ClientIdIssuedAt => Some(client.created_at),
            V::AccessTokenLifetime => Some(i64::from(self.token_lifetime)),
            V::RegistrationAccessTokenExpiresIn => rules.access_token_expires_in.map(i64::from),
            _ => None,
        };
        let lists: Option<Vec<&str>> = match value {
            V::GrantTypes => Some(client.grant_types.iter().map(|grant| grant.as_str()).collect()),
            V::RedirectUris if !client.redirect_uris.is_empty() => {
                Some(client.redirect_uris.iter().map(|uri| &**uri).collect())
            }
            V::ResponseTypes => Some(rules.response_types.iter().map(String::as_str).collect()),
            V::TokenEndpointAuthMethods => Some(vec![method]),
            _ => None,
        };
        let switch = match value {
            V::TlsClientCertificateBoundAccessTokens => {
                Some(client.tls_client_certificate_bound_access_tokens)
            }
            V::RequirePkce => Some(client.require_pkce.unwrap_or(false)),
            _ => None,
        };
        if let Some(number) = numbers {
            writer.key(name);
            writer.number(number);
        } else if let Some(list) = lists {
            writer.key(name);
            writer.strings(list.into_iter());
        } else if let Some(switch) = switch {
            writer.key(name);
            writer.boolean(switch);
        }
    }
}
