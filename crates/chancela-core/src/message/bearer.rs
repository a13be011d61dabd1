//! An access token at a resource of our own (RFC 6750): where it is read, and how a refusal is written.

use super::body::Parameters;
use super::{HttpRequest, error_response};
use crate::error_code::ErrorCode;
use crate::rejection::{Rejection, Rule};
use bytes::Bytes;
use http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Response, StatusCode};
use std::borrow::Cow;

/// Methods that are answered.
const METHODS: &str = "GET, POST";

/// The access token of a request: in the header (RFC 6750 §2.1) or, with POST, in a form (§2.2). The query is never
/// read (§2.3, requirement F-18), and any other scheme in the header is no access token.
///
/// # Errors
/// The rule that the request breaks.
pub fn parse<'a>(http: &HttpRequest<'a>) -> Result<Cow<'a, str>, Rejection> {
    if http.method != Method::GET && http.method != Method::POST {
        return Err(Rule::MethodNotAllowed.into());
    }
    let header = http.single_header(AUTHORIZATION.as_str()).map_err(|()| Rule::AmbiguousAuthorization)?;
    let header = header.and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        let token = Some(token.trim()).filter(|token| !token.is_empty());
        token.filter(|_| scheme.eq_ignore_ascii_case("bearer"))
    });
    match (header, in_form(http)?) {
        (Some(_), Some(_)) => Err(Rule::SeveralAccessTokens.into()),
        (Some(token), None) => Ok(Cow::Borrowed(token)),
        (None, Some(token)) => Ok(token),
        (None, None) => Err(Rule::MissingAccessToken.into()),
    }
}

fn in_form<'a>(http: &HttpRequest<'a>) -> Result<Option<Cow<'a, str>>, Rejection> {
    let form = http.single_header(CONTENT_TYPE.as_str()).ok().flatten().is_some_and(|kind| {
        let essence = kind.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    });
    if http.method != Method::POST || !form {
        return Ok(None);
    }
    Ok(Parameters::form(http.body)?.text("access_token")?.cloned())
}

/// Writes a refusal with its challenge (RFC 6750 §3). `realm` is the name in it; `scope` is what a token needs here.
/// Whoever sent no token hears of no error (§3.1), and whoever showed a certificate instead hears in the body what is wrong
/// with it: the challenge has codes for faults of tokens alone.
pub fn refuse(realm: &str, scope: &str, rejection: Rejection) -> Response<Bytes> {
    let mut response = error_response::encode_standard(realm, rejection);
    if rejection.rule == Rule::MissingAccessToken {
        *response.body_mut() = Bytes::new();
        response.headers_mut().remove(CONTENT_TYPE);
    }
    let challenge = challenge(realm, scope, rejection);
    let headers = response.headers_mut();
    if let Some(challenge) = challenge.and_then(|text| HeaderValue::from_str(&text).ok()) {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    if rejection.rule == Rule::MethodNotAllowed {
        headers.insert(ALLOW, HeaderValue::from_static(METHODS));
    }
    response
}

/// `None` where no token would help.
fn challenge(realm: &str, scope: &str, rejection: Rejection) -> Option<String> {
    let plain = format!("Bearer realm=\"{realm}\"");
    let code = rejection.rule.code();
    match code {
        _ if rejection.rule == Rule::MissingAccessToken => return Some(plain),
        ErrorCode::InvalidRequest | ErrorCode::InvalidToken | ErrorCode::InsufficientScope => {}
        _ => return (code.status() == StatusCode::UNAUTHORIZED).then_some(plain),
    }
    let (code, text) = (code.as_str(), rejection.fill(rejection.rule.text()));
    let scope = match rejection.rule {
        Rule::AccessTokenWithoutOpenid | Rule::InsufficientScope if !scope.is_empty() => {
            format!(", scope=\"{scope}\"")
        }
        _ => String::new(),
    };
    Some(format!("{plain}, error=\"{code}\", error_description=\"{text}\"{scope}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    fn token(method: &Method, headers: &[(&str, &str)], body: &str) -> Result<String, Rule> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let query = Some("access_token=q");
        let http = HttpRequest { method, query, headers: &map, body: body.as_bytes(), certificate: None };
        parse(&http).map(Cow::into_owned).map_err(|rejection| rejection.rule)
    }

    /// F-18.
    #[test]
    fn a_token_comes_in_the_header_or_in_a_form_and_never_in_the_query() {
        let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        let bearer = ("authorization", "bearer h");
        for (method, headers, body, expected) in [
            (&Method::GET, vec![bearer], "", Ok("h")),
            (&Method::POST, vec![bearer], "", Ok("h")),
            (&Method::POST, vec![form], "access_token=f&x=y", Ok("f")),
            (&Method::POST, vec![form, bearer], "access_token=f", Err(Rule::SeveralAccessTokens)),
            (&Method::POST, vec![form], "access_token=f&access_token=f", Err(Rule::DuplicateParameter)),
            (
                &Method::POST,
                vec![("content-type", "application/json")],
                "{\"access_token\":\"f\"}",
                Err(Rule::MissingAccessToken),
            ),
            (&Method::GET, vec![form], "access_token=f", Err(Rule::MissingAccessToken)),
            (&Method::GET, vec![], "", Err(Rule::MissingAccessToken)),
            (&Method::GET, vec![("authorization", "Basic aDpo")], "", Err(Rule::MissingAccessToken)),
            (&Method::GET, vec![("authorization", "Bearer ")], "", Err(Rule::MissingAccessToken)),
            (&Method::GET, vec![bearer, bearer], "", Err(Rule::AmbiguousAuthorization)),
            (&Method::PUT, vec![bearer], "", Err(Rule::MethodNotAllowed)),
            (&Method::HEAD, vec![bearer], "", Err(Rule::MethodNotAllowed)),
        ] {
            assert_eq!(
                token(method, &headers, body),
                expected.map(str::to_owned),
                "{method} {headers:?} {body}"
            );
        }
    }

    /// RFC 6750 §3.
    #[test]
    fn a_challenge_says_what_is_wrong_and_nothing_to_whoever_showed_no_token() {
        let challenge = |rule: Rule| {
            let response = refuse("r", "openid", rule.into());
            let header = response.headers()["www-authenticate"].to_str().unwrap().to_owned();
            (response.status().as_u16(), header)
        };
        assert_eq!(challenge(Rule::MissingAccessToken), (401, "Bearer realm=\"r\"".to_owned()));
        let (status, header) = challenge(Rule::InvalidAccessToken);
        assert!(
            status == 401 && header.starts_with("Bearer realm=\"r\", error=\"invalid_token\", error_desc")
        );
        let (status, header) = challenge(Rule::AccessTokenWithoutOpenid);
        assert!(
            status == 403
                && header.contains("error=\"insufficient_scope\"")
                && header.ends_with("scope=\"openid\"")
        );
        assert_eq!(challenge(Rule::SeveralAccessTokens).0, 400);
        assert_eq!(refuse("r", "openid", Rule::MethodNotAllowed.into()).headers()["allow"], "GET, POST");
    }

    /// RFC 6750 §3.1 has three codes.
    #[test]
    fn what_is_no_fault_of_a_token_has_no_code_in_the_challenge() {
        for rule in [Rule::UntrustedClientCertificate, Rule::RevokedClientCertificate] {
            let response = refuse("r", "openid", rule.into());
            assert_eq!(response.status(), 401);
            assert_eq!(response.headers()["www-authenticate"], "Bearer realm=\"r\"");
            let body = std::str::from_utf8(response.body()).unwrap();
            assert!(body.contains("invalid_client") && body.contains(rule.text()), "{body}");
        }
        for rule in [Rule::StoreFailed, Rule::Overloaded] {
            let response = refuse("r", "openid", rule.into());
            assert!(
                response.status().is_server_error() && !response.headers().contains_key("www-authenticate")
            );
        }
        for rule in Rule::ALL {
            let response = refuse("r", "openid", (*rule).into());
            let Some(challenge) = response.headers().get("www-authenticate") else { continue };
            let (_, rest) = challenge.to_str().unwrap().split_once("error=\"").unwrap_or_default();
            let code = rest.split('"').next().unwrap_or_default();
            assert!(["", "invalid_request", "invalid_token", "insufficient_scope"].contains(&code), "{code}");
        }
    }
}
