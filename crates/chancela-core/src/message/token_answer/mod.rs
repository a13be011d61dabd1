//! The answer of a token endpoint (RFC 6749 §5.1) as a client reads it. It stands apart from
//! [`TokenResponse`](super::token_response): a server knows all that it writes, and a client finds a part of it, written in
//! any of the ways that real servers have. Whatever makes no token is a [`TokenRefusal`].
//!
//! Reads leniently what only informs (times, type, scope) and strictly what is sent on: a token is characters that an HTTP
//! header takes, and a member that occurs twice makes the answer unreadable.

mod jwt_hint;
mod member;

pub use jwt_hint::JwtHint;
pub(super) use member::{number as number_of, text_of_number};

use super::HttpAnswer;
use super::token_refusal::TokenRefusal;
use crate::dialect::{MemberValue, TokenEndpoint};
use crate::secret::Secret;
use crate::strict_json;
use crate::time::Timestamp;
use member::{Unreadable, find, find_token, instant, number, scope, word};
use serde_json::{Map, Value};

/// Most bytes of an answer that are read.
pub const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// Most bytes of a token.
pub const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// A token, and what the provider says of it. Times are as it says them: nothing is added or left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenAnswer {
    /// `access_token`: at least one visible ASCII character, and no other ones.
    pub access_token: Secret,
    /// `token_type` as it is spelled.
    pub token_type: Option<String>,
    /// Lifetime in seconds; negative if the provider says so.
    pub expires_in: Option<i64>,
    /// When it expires, seconds since the epoch, where the provider says a point in time.
    pub expires_at: Option<i64>,
    /// The granted scope, separated by single spaces, in the provider's upper or lower case; `None`: as requested.
    pub scope: Option<String>,
    /// `refresh_token`.
    pub refresh_token: Option<Secret>,
    /// Lifetime of the refresh token in seconds.
    pub refresh_expires_in: Option<i64>,
    /// `id_token` (OpenID Connect Core §3.1.3.3), not verified.
    pub id_token: Option<Secret>,
}

impl TokenAnswer {
    /// Reads an answer of `endpoint` that arrived at `now`. The status and the body count; the content type does not.
    ///
    /// # Errors
    /// [`TokenRefusal`]: there is no token in it, and what would change that.
    pub fn parse(
        endpoint: &TokenEndpoint,
        answer: &HttpAnswer<'_>,
        now: Timestamp,
    ) -> Result<Self, TokenRefusal> {
        let mut members = object(answer.body);
        if answer.status.is_success()
            && let Some(members) = &mut members
            && let Ok(Some(found)) = Self::of(endpoint, members)
        {
            return Ok(found);
        }
        Err(TokenRefusal::of(endpoint, answer, members.as_ref(), now))
    }

    /// `None` if there is no access token. The tokens are taken out of `members`.
    fn of(endpoint: &TokenEndpoint, members: &mut Map<String, Value>) -> Result<Option<Self>, Unreadable> {
        use MemberValue as V;
        let Some(access_token) = find_token(endpoint, members, V::AccessToken, "access_token")? else {
            return Ok(None);
        };
        let refresh_token = find_token(endpoint, members, V::RefreshToken, "refresh_token")?;
        let id_token = find_token(endpoint, members, V::IdToken, "id_token")?;
        let find = |values: &[MemberValue], usual: &[&str]| find(endpoint, members, values, usual);
        Ok(Some(Self {
            token_type: find(&[V::TokenType], &["token_type"]).and_then(word),
            expires_in: find(&[V::ExpiresIn, V::ExpiresInText], &["expires_in"]).and_then(number),
            expires_at: find(&[V::ExpiresAt, V::ExpiresAtIso], &[]).and_then(instant),
            scope: find(&[V::Scope, V::ScopeArray, V::ScopeUpper], &["scope"]).and_then(scope),
            refresh_expires_in: find(
                &[V::RefreshTokenExpiresIn],
                &["refresh_token_expires_in", "refresh_expires_in"],
            )
            .and_then(number),
            access_token,
            refresh_token,
            id_token,
        }))
    }

    /// Those of the requested scopes that were not granted, as far as the provider says (RFC 6749 §5.1: it says nothing
    /// if all were). Case does not count where the dialect has the provider write capitals.
    pub fn withheld<'r>(
        &self,
        endpoint: &TokenEndpoint,
        requested: impl IntoIterator<Item = &'r str>,
    ) -> Vec<&'r str> {
        let Some(granted) = &self.scope else { return Vec::new() };
        let upper =
            endpoint.response.members.iter().any(|member| member.value == Some(MemberValue::ScopeUpper));
        let same = |a: &str, b: &str| if upper { a.eq_ignore_ascii_case(b) } else { a == b };
        let is_granted = |scope: &str| granted.split(' ').any(|own| same(own, scope));
        requested.into_iter().filter(|scope| !is_granted(scope)).collect()
    }
}

/// Takes a secret out that has the same name everywhere. `None` if it is not there or cannot be used.
pub(super) fn find_secret(
    endpoint: &TokenEndpoint,
    members: &mut Map<String, Value>,
    name: &str,
) -> Option<Secret> {
    find_token(endpoint, members, MemberValue::AccessToken, name).ok().flatten()
}

/// The JSON object that a body is, whatever stands before it and in whatever encoding its sentences are.
pub(super) fn object(body: &[u8]) -> Option<Map<String, Value>> {
    if body.len() > MAX_ANSWER_BYTES {
        return None;
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    strict_json::object(String::from_utf8_lossy(body).as_bytes())
}
