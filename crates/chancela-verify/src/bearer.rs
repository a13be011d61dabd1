//! Where a request carries its access token: in the `Authorization` header (RFC 6750 §2.1) and nowhere else. Forms and
//! queries are not read (RFC 9700 §4.3.2).

use crate::Refusal;
use chancela_core::jose::MAX_TOKEN_BYTES;
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// The token of a request.
///
/// # Errors
/// [`Refusal::Missing`] without the header or with another scheme, [`Refusal::SeveralTokens`], [`Refusal::TooLong`] or
/// [`Refusal::MalformedHeader`].
pub fn bearer_token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(Refusal::Missing)?;
    if values.next().is_some() {
        return Err(Refusal::SeveralTokens);
    }
    let text = value.to_str().map_err(|_| Refusal::MalformedHeader)?.trim();
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::Missing);
    }
    let token = token.trim_start();
    check_form(token, Refusal::MalformedHeader)?;
    Ok(token)
}

/// Refuses what is longer than any token, or no `b64token` (RFC 6750 §2.1).
pub(crate) fn check_form(token: &str, malformed: Refusal) -> Result<(), Refusal> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Refusal::TooLong);
    }
    let text = token.trim_end_matches('=');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    if text.is_empty() || !text.bytes().all(plain) { Err(malformed) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn token(values: &[&[u8]]) -> Result<String, Refusal> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        bearer_token(&headers).map(str::to_owned)
    }

    #[test]
    fn a_token_stands_in_one_authorization_header() {
        assert_eq!(token(&[b"Bearer a.b-c_~+/=="]).unwrap(), "a.b-c_~+/==");
        assert_eq!(token(&[b"bEARER   x "]).unwrap(), "x");
        assert_eq!(token(&[]), Err(Refusal::Missing));
        assert_eq!(token(&[b"Basic YTpi"]), Err(Refusal::Missing));
        assert_eq!(token(&[b"DPoP x"]), Err(Refusal::Missing));
        assert_eq!(token(&[b"Bearer a", b"Bearer a"]), Err(Refusal::SeveralTokens));
        assert_eq!(token(&[b"Bearer a", b"Basic YTpi"]), Err(Refusal::SeveralTokens));
        for malformed in
            [&b"Bearer"[..], b"Bearer ", b"Bearer a b", b"Bearer a, Bearer b", b"Bearer =", b"Bearer \xff"]
        {
            assert_eq!(token(&[malformed]), Err(Refusal::MalformedHeader), "{malformed:?}");
        }
        let long = format!("Bearer {}", "a".repeat(MAX_TOKEN_BYTES + 1));
        assert_eq!(token(&[long.as_bytes()]), Err(Refusal::TooLong));
    }
}
