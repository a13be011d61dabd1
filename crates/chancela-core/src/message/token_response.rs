//! The success response of a token endpoint (RFC 6749 §5.1) in a dialect's shape.

use crate::dialect::json::Writer;
use crate::dialect::{MemberValue, TokenEndpoint};
use crate::scope::Scope;
use bytes::Bytes;
use http::Response;

/// What was issued. Consumed by writing it: a token is sent once.
#[derive(Debug)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: String,
    /// Seconds until it expires.
    pub expires_in: u32,
    /// When it expires, seconds since the epoch.
    pub expires_at: i64,
    /// Granted scope.
    pub scope: Scope,
    /// The refresh token and the seconds until it expires.
    pub refresh_token: Option<(String, u32)>,
    /// The ID token (OpenID Connect Core §3.1.3.3).
    pub id_token: Option<String>,
}

impl TokenResponse {
    /// Writes it as `endpoint` documents it.
    pub fn encode(self, endpoint: &TokenEndpoint) -> Response<Bytes> {
        let Self { access_token, expires_in, expires_at, scope, refresh_token, id_token } = self;
        let mut writer = Writer::new(&endpoint.response.json);
        writer.begin_object();
        for member in &endpoint.response.members {
            let Some(value) = member.value else {
                writer.key(&member.name);
                match member.number {
                    Some(number) => writer.number(number),
                    None => writer.string(member.literal.as_deref().unwrap_or_default()),
                }
                continue;
            };
            let absent = match value {
                MemberValue::IdToken => id_token.is_none(),
                MemberValue::RefreshToken | MemberValue::RefreshTokenExpiresIn => refresh_token.is_none(),
                MemberValue::Scope | MemberValue::ScopeArray | MemberValue::ScopeUpper => scope.is_empty(),
                _ => false,
            };
            if absent {
                continue;
            }
            writer.key(&member.name);
            match value {
                MemberValue::AccessToken => writer.string(&access_token),
                MemberValue::TokenType => writer.string(&endpoint.response.token_type),
                MemberValue::ExpiresIn => writer.number(i64::from(expires_in)),
                MemberValue::ExpiresInText => writer.string(&expires_in.to_string()),
                MemberValue::ExpiresAt => writer.number(expires_at),
                MemberValue::ExpiresAtIso => writer.string(&iso_8601(expires_at)),
                MemberValue::IdToken => writer.string(id_token.as_deref().unwrap_or_default()),
                MemberValue::RefreshToken => {
                    writer.string(refresh_token.as_ref().map_or("", |(text, _)| text))
                }
                MemberValue::RefreshTokenExpiresIn => {
                    writer.number(refresh_token.as_ref().map_or(0, |(_, seconds)| i64::from(*seconds)));
                }
                MemberValue::Scope => writer.string(scope.as_str()),
                MemberValue::ScopeArray => writer.strings(scope.iter()),
                MemberValue::ScopeUpper => writer.string(&scope.as_str().to_uppercase()),
            }
        }
        writer.end_object();
        let mut response = Response::new(Bytes::from(writer.into_bytes()));
        *response.status_mut() = endpoint.success_status;
        let headers = response.headers_mut();
        headers.reserve(endpoint.success_headers.len() + 2);
        for (name, value) in &endpoint.success_headers {
            headers.insert(name, value.clone());
        }
        response
    }
}

/// `2026-11-22T10:00:00Z` of seconds since the epoch (civil-from-days, proleptic Gregorian).
pub fn iso_8601(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::iso_8601;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(iso_8601(0), "1970-01-01T00:00:00Z");
        assert_eq!(iso_8601(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(iso_8601(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(iso_8601(1_682_449_849), "2023-04-25T19:10:49Z");
        assert_eq!(iso_8601(4_102_444_800), "2100-01-01T00:00:00Z");
    }
}
