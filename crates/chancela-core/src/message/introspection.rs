//! Token introspection (RFC 7662): its request, which is that of revocation too, and its response. Every token that is not
//! good, for whatever reason, has the same answer (requirement N-02).

use super::body::{Parameters, refuse_credentials_in_query};
use super::token_refusal::TokenRefusal;
use super::token_request::EncodeError;
use super::token_request::envelope::insert_secret;
use super::token_request::written::{Written, form};
use super::{HttpAnswer, HttpRequest};
use crate::client_auth::Credentials;
use crate::dialect::json::Writer;
use crate::dialect::{BasicEncoding, ClientAuthentication, JsonLayout, Request, TokenEndpoint};
use crate::openid::subject;
use crate::pepper::Pepper;
use crate::rejection::{Rejection, Rule};
use crate::time::Timestamp;
use crate::token::ActiveToken;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, Uri};
use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

/// The RFC's own form, which no dialect changes here.
static STANDARD: LazyLock<Request> = LazyLock::new(Request::default);

/// A request to the introspection or revocation endpoint: both carry a token (RFC 7662 §2.1, RFC 7009 §2.1). The
/// `token_type_hint` is neither read nor written: a token's own form says more than a hint. Debug output does not show it.
pub struct TokenParameter<'a> {
    /// `token`.
    pub token: Cow<'a, str>,
    /// Who asks.
    pub credentials: Credentials<'a>,
}

impl<'a> TokenParameter<'a> {
    /// Reads a form.
    ///
    /// # Errors
    /// The rule that the request breaks.
    pub fn parse(policy: &ClientAuthentication, http: &HttpRequest<'a>) -> Result<Self, Rejection> {
        if http.method != Method::POST {
            return Err(Rule::MethodNotAllowed.into());
        }
        refuse_credentials_in_query(http.query)?;
        let parameters = Parameters::parse(&STANDARD, http)?;
        let credentials = Credentials::parse(policy, &STANDARD.names, http, &parameters)?;
        let token = parameters.text("token")?.cloned().ok_or(Rule::MissingToken)?;
        Ok(Self { token, credentials })
    }

    /// Writes it for the endpoint at `path`, below the provider's base address. The body is wiped when it is dropped.
    ///
    /// # Errors
    /// [`EncodeError`]: an empty token, or credentials that cannot be sent.
    pub fn encode(&self, path: &Uri, encoding: BasicEncoding) -> Result<http::Request<Bytes>, EncodeError> {
        if self.token.is_empty() {
            return Err(EncodeError::Empty("token"));
        }
        let own = self.credentials.parameters(&STANDARD.names);
        let own = own.into_iter().map(|(name, text)| (name, Written::Text(text)));
        let all: Vec<_> = std::iter::once(("token", Written::Text(&self.token))).chain(own).collect();
        let mut request = http::Request::new(form(&all).ok_or(EncodeError::Encoding)?);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path.clone();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, kind);
        if let Some(value) = self.credentials.authorization(encoding)? {
            insert_secret(request.headers_mut(), AUTHORIZATION.as_str(), &value)?;
        }
        Ok(request)
    }
}

impl fmt::Debug for TokenParameter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenParameter(*** {:?})", self.credentials)
    }
}

/// Reads the answer to a revocation (RFC 7009 §2.2), whose body says nothing if the token is dead now. `endpoint` is the
/// token's, whose shape of errors the provider keeps to.
///
/// # Errors
/// [`TokenRefusal`]: the token may be alive.
pub fn read_revocation(
    endpoint: &TokenEndpoint,
    answer: &HttpAnswer<'_>,
    now: Timestamp,
) -> Result<(), TokenRefusal> {
    if answer.status.is_success() { Ok(()) } else { Err(TokenRefusal::read(endpoint, answer, now)) }
}

/// Writes the answer; `None` is any token that is not good. `pepper` gives the user the name that the client knows.
pub fn encode(token: Option<&ActiveToken>, issuer: &str, pepper: &Pepper) -> Response<Bytes> {
    let body = match token {
        None => Bytes::from_static(b"{\"active\":false}"),
        Some(token) => Bytes::from(active(token, issuer, pepper)),
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn active(token: &ActiveToken, issuer: &str, pepper: &Pepper) -> Vec<u8> {
    let mut writer = Writer::over(Vec::with_capacity(256), JsonLayout::COMPACT);
    writer.begin_object();
    writer.key("active");
    writer.boolean(true);
    if !token.scope.is_empty() {
        writer.key("scope");
        writer.string(&token.scope);
    }
    writer.key("client_id");
    writer.string(&token.client.client_id);
    writer.key("token_type");
    writer.string("Bearer");
    writer.key("exp");
    writer.number(token.expires_at);
    writer.key("iat");
    writer.number(token.issued_at);
    writer.key("sub");
    match &token.subject {
        Some(user) => writer.string(&subject::for_client(&token.client, user, pepper)),
        None => writer.string(&token.client.client_id),
    }
    writer.key("iss");
    writer.string(issuer);
    if let Some(audience) = &token.audience {
        writer.key("aud");
        writer.string(audience);
    }
    if let Some(token_id) = &token.token_id {
        writer.key("jti");
        writer.string(token_id);
    }
    if let Some(certificate) = &token.certificate {
        writer.key("cnf");
        writer.begin_object();
        writer.key("x5t#S256");
        writer.string(&BASE64URL.encode(certificate));
        writer.end_object();
    }
    writer.end_object();
    writer.into_bytes()
}
