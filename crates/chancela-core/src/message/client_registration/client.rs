//! A client's half: the registration request as a provider documents it, and the client information response (RFC 7591
//! §3.2.1) as far as a client needs it.

use super::ClientRegistration;
use crate::dialect::json::Writer;
use crate::dialect::{JsonLayout, RegistrationRules, RegistrationValue, TokenEndpoint};
use crate::message::HttpAnswer;
use crate::message::token_refusal::TokenRefusal;
use crate::secret::Secret;
use crate::strict_json;
use crate::text::is_plain;
use crate::time::Timestamp;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Uri};
use serde_json::{Map, Value};

/// Longest value that is read, in bytes.
const MAX_VALUE_BYTES: usize = 4096;

/// What a provider says of the client that it registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredClient {
    /// `client_id`.
    pub client_id: String,
    /// `scope`, if it says which.
    pub scope: Option<String>,
    /// `registration_access_token` (RFC 7592 §3).
    pub access_token: Option<Secret>,
    /// `registration_client_uri` (RFC 7592 §3).
    pub client_uri: Option<String>,
}

/// Why there is no registration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationRefusal {
    /// The provider says no.
    #[error("{0}")]
    Refused(Box<TokenRefusal>),
    /// The provider says yes, and its answer has no client.
    #[error(
        "the provider's answer has no client_id that can be read; run the same command again, and ask the provider if it stays so"
    )]
    Unreadable,
}

impl ClientRegistration {
    /// Writes it as JSON for the endpoint at `path`.
    pub fn encode(&self, rules: &RegistrationRules, path: &Uri) -> Request<Bytes> {
        let Self { client_id, client_name, grant_types, scope, method, subject, bound, organization } = self;
        let mut writer = Writer::over(Vec::with_capacity(1024), JsonLayout::COMPACT);
        let text = |writer: &mut Writer<'_>, name: &str, value: Option<&str>| {
            if let Some(value) = value {
                writer.key(name);
                writer.string(value);
            }
        };
        writer.begin_object();
        text(&mut writer, "client_id", client_id.as_deref());
        text(&mut writer, "client_name", client_name.as_deref());
        writer.key("grant_types");
        writer.strings(grant_types.iter().map(|grant| grant.as_str()));
        if let Some(subject) = subject {
            text(&mut writer, subject.member(), Some(subject.value()));
        }
        text(&mut writer, "token_endpoint_auth_method", Some(method.as_str()));
        if !rules.response_types.is_empty() {
            writer.key("response_types");
            writer.strings(rules.response_types.iter().map(String::as_str));
        }
        if !rules.organization_member.is_empty() {
            text(&mut writer, &rules.organization_member, organization.as_deref());
        }
        text(&mut writer, "scope", scope.as_deref());
        if *bound {
            writer.key("tls_client_certificate_bound_access_tokens");
            writer.boolean(true);
        }
        writer.end_object();
        let mut request = Request::new(Bytes::from(writer.into_bytes()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path.clone();
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(CONTENT_TYPE, json.clone());
        request.headers_mut().insert(ACCEPT, json);
        request
    }
}

impl RegisteredClient {
    /// Reads the answer. `endpoint` is one whose shape of errors the provider keeps to.
    ///
    /// # Errors
    /// [`RegistrationRefusal`].
    pub fn parse(
        rules: &RegistrationRules,
        endpoint: &TokenEndpoint,
        answer: &HttpAnswer<'_>,
        now: Timestamp,
    ) -> Result<Self, RegistrationRefusal> {
        if !answer.status.is_success() {
            let refusal = TokenRefusal::read(endpoint, answer, now);
            return Err(RegistrationRefusal::Refused(Box::new(refusal)));
        }
        let members = strict_json::object(answer.body).ok_or(RegistrationRefusal::Unreadable)?;
        let text = |value| member(rules, &members, value);
        let client_id = text(RegistrationValue::ClientId).ok_or(RegistrationRefusal::Unreadable)?;
        Ok(Self {
            client_id: client_id.to_owned(),
            scope: text(RegistrationValue::Scope).map(str::to_owned),
            access_token: text(RegistrationValue::RegistrationAccessToken).map(Secret::new),
            client_uri: text(RegistrationValue::RegistrationClientUri).map(str::to_owned),
        })
    }
}

/// A member by the name that the dialect has for it.
fn member<'m>(
    rules: &RegistrationRules,
    members: &'m Map<String, Value>,
    value: RegistrationValue,
) -> Option<&'m str> {
    let name = &rules.members.iter().find(|member| member.value == value)?.name;
    let text = members.get(name)?.as_str()?;
    let fits = (1..=MAX_VALUE_BYTES).contains(&text.len()) && is_plain(text);
    fits.then_some(text)
}
