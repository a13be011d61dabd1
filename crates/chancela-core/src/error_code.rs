//! What a client hears: the wire's closed list of OAuth error codes.

use http::StatusCode;
use serde::{Deserialize, Serialize};

/// A registered OAuth error code (RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7009 §2.2.1, RFC 7591 §3.2.2, RFC 8707 §2, OpenID Connect
/// Core §3.1.2.6, OpenID Connect Unmet Authentication Requirements).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request is malformed.
    InvalidRequest,
    /// Client authentication failed.
    InvalidClient,
    /// The grant (code, refresh token, user's credentials) is not good.
    InvalidGrant,
    /// The client may not use this grant.
    UnauthorizedClient,
    /// The server does not know this grant.
    UnsupportedGrantType,
    /// The scope is unknown, malformed or more than may be granted.
    InvalidScope,
    /// The access token is not good.
    InvalidToken,
    /// The access token's scope does not suffice.
    InsufficientScope,
    /// The resource owner or the server said no.
    AccessDenied,
    /// The server does not know this response type.
    UnsupportedResponseType,
    /// The user has to log in, and no page may be shown.
    LoginRequired,
    /// The user has to consent, and no page may be shown.
    ConsentRequired,
    /// The user has to do something, and no page may be shown.
    InteractionRequired,
    /// The user has to choose an account, and no page may be shown.
    AccountSelectionRequired,
    /// Request objects are not served.
    RequestNotSupported,
    /// Request objects by reference are not served.
    RequestUriNotSupported,
    /// Registration within the request is not served.
    RegistrationNotSupported,
    /// What a client says of itself cannot be registered (RFC 7591 §3.2.2).
    InvalidClientMetadata,
    /// The resource that was named is not one of this server's.
    InvalidTarget,
    /// The user cannot be authenticated as the client demands.
    UnmetAuthenticationRequirements,
    /// The server cannot answer now; asking again may help.
    TemporarilyUnavailable,
    /// The server failed.
    ServerError,
}

impl ErrorCode {
    /// The code on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::AccountSelectionRequired => "account_selection_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::InvalidTarget => "invalid_target",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }

    /// The status that the RFCs give it.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidClient | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::InsufficientScope => StatusCode::FORBIDDEN,
            Self::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}
