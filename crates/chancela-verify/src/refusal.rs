//! Why a request is refused, and what its client hears of it (RFC 6750 §3). Nothing of the token is repeated.

use crate::introspection::IntrospectError;
use chancela_core::scope::Scope;
use http::{HeaderValue, StatusCode};

/// Which rule a request broke. Its text is for the log and for the client alike; [`hint`](Refusal::hint) is for the
/// operator alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no `Authorization: Bearer`.
    #[error("The request has no access token")]
    Missing,
    /// Several `Authorization` headers.
    #[error("The request has more than one Authorization header")]
    SeveralTokens,
    /// What follows `Bearer` is no token (RFC 6750 §2.1).
    #[error("The Authorization header is malformed")]
    MalformedHeader,
    /// The token stands in the query, where logs see it (RFC 6750 §2.3).
    #[error("An access token must not be in the query")]
    TokenInQuery,
    /// More than 16 KiB.
    #[error("The access token is too long")]
    TooLong,
    /// Not three parts in base64url, no JSON object, or a `crit` in the header.
    #[error("The access token is malformed")]
    Malformed,
    /// Another `typ`, or the claims of an ID token or a logout token.
    #[error("The token is no access token")]
    Kind,
    /// `alg` is not allowed, or not the one of the key that `kid` names.
    #[error("The access token has a signature algorithm that is not allowed")]
    Algorithm,
    /// No key of the set has this `kid`, or this algorithm where the token names no key.
    #[error("The access token is signed with an unknown key")]
    UnknownKey,
    /// The signature is not that of the key.
    #[error("The signature of the access token is wrong")]
    Signature,
    /// This claim is missing, or has a value of another type.
    #[error("The access token lacks a well-formed claim: {0}")]
    Claim(&'static str),
    /// `iss` is another.
    #[error("The access token comes from another issuer")]
    Issuer,
    /// `aud` does not name this resource server.
    #[error("The access token is for another resource server")]
    Audience,
    /// `exp` has come.
    #[error("The access token expired")]
    Expired,
    /// `nbf` or `iat` lies in the future.
    #[error("The access token is not valid yet")]
    NotYetValid,
    /// Bound to no certificate, where every token must be.
    #[error("The access token is not bound to a client certificate")]
    Unbound,
    /// Bound, but the connection has no client certificate (RFC 8705 §3).
    #[error("The access token is bound to a client certificate, and none was presented")]
    CertificateMissing,
    /// Bound to another certificate than that of the connection (RFC 8705 §3).
    #[error("The access token is bound to another client certificate")]
    CertificateMismatch,
    /// `cnf.x5t#S256` is base64url of hexadecimal text.
    #[error("The certificate thumbprint of the access token has 86 characters instead of 43")]
    HexThumbprint,
    /// `cnf` has a member that cannot be checked here, or a thumbprint of no known form.
    #[error("The access token is bound in a way that is not supported")]
    UnknownConfirmation,
    /// The authorization server says that it is not active: expired, revoked, or never issued.
    #[error("The access token is not active")]
    Inactive,
    /// The authorization server could not be asked.
    #[error("The access token cannot be checked at present")]
    Unchecked(IntrospectError),
    /// The token is good but lacks one of these.
    #[error("The access token lacks a scope that is required")]
    InsufficientScope(Scope),
}

/// The status and challenge of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Status: 401, 403, 400, or 503 where the fault is not the client's.
    pub status: StatusCode,
    /// Value of `WWW-Authenticate`; none with 503.
    pub www_authenticate: Option<HeaderValue>,
}

impl Refusal {
    /// The answer. `realm` names the protected space (RFC 9110 §11.5); characters that cannot stand in it are left out.
    pub fn challenge(&self, realm: &str) -> Challenge {
        let (status, code) = match self {
            Self::Missing => (StatusCode::UNAUTHORIZED, None),
            Self::SeveralTokens | Self::MalformedHeader | Self::TokenInQuery => {
                (StatusCode::BAD_REQUEST, Some("invalid_request"))
            }
            Self::InsufficientScope(_) => (StatusCode::FORBIDDEN, Some("insufficient_scope")),
            Self::Unchecked(_) => {
                return Challenge { status: StatusCode::SERVICE_UNAVAILABLE, www_authenticate: None };
            }
            _ => (StatusCode::UNAUTHORIZED, Some("invalid_token")),
        };
        let mut text = format!("Bearer realm=\"{}\"", quotable(realm));
        if let Some(code) = code {
            text.push_str(&format!(", error=\"{code}\", error_description=\"{self}\""));
        }
        if let Self::InsufficientScope(scope) = self {
            text.push_str(&format!(", scope=\"{scope}\""));
        }
        Challenge { status, www_authenticate: HeaderValue::from_str(&text).ok() }
    }

    /// What an operator should do, where the fault is not the client's.
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::HexThumbprint => Some(
                "the issuer writes cnf.x5t#S256 as base64url of hexadecimal text, against RFC 8705 section 3.1; have \
                 it corrected, or set danger_hex_thumbprint meanwhile",
            ),
            Self::UnknownKey => Some("fetch the key set again, at most every 30 seconds"),
            Self::Unchecked(_) => Some("check the introspection endpoint, and the credentials used there"),
            _ => None,
        }
    }
}

fn quotable(text: &str) -> String {
    text.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(refusal: &Refusal) -> (u16, String) {
        let Challenge { status, www_authenticate } = refusal.challenge("p\"i\\x\n");
        (
            status.as_u16(),
            www_authenticate.map_or_else(String::new, |value| value.to_str().unwrap().to_owned()),
        )
    }

    #[test]
    fn each_refusal_has_the_status_and_challenge_of_rfc_6750() {
        assert_eq!(answer(&Refusal::Missing), (401, "Bearer realm=\"pix\"".into()));
        assert_eq!(
            answer(&Refusal::Expired),
            (
                401,
                "Bearer realm=\"pix\", error=\"invalid_token\", error_description=\"The access token expired\""
                    .into()
            )
        );
        let (status, text) = answer(&Refusal::SeveralTokens);
        assert!(status == 400 && text.contains("error=\"invalid_request\""), "{text}");
        let scope = Scope::parse("pix.read pix.write").unwrap();
        let (status, text) = answer(&Refusal::InsufficientScope(scope));
        assert!(status == 403 && text.contains("error=\"insufficient_scope\""), "{text}");
        assert!(text.ends_with(", scope=\"pix.read pix.write\""), "{text}");
        assert_eq!(answer(&Refusal::Unchecked(IntrospectError::Unreachable)), (503, String::new()));
    }
}
