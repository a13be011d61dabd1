//! Which refusal is which: what would change the outcome.

use super::{RefusalClass, WireError};
use crate::error_code::ErrorCode as E;
use http::StatusCode;

/// A status that says "later" wins over everything, because asking again does no harm then; else the error is more exact
/// than the status.
pub(super) fn of(status: StatusCode, error: Option<&WireError>) -> RefusalClass {
    let later = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
    if later || status.is_server_error() {
        return RefusalClass::Busy;
    }
    if status.is_redirection() {
        return RefusalClass::Request;
    }
    let by_error = match error {
        Some(WireError::Code(code)) => Some(of_code(*code)),
        Some(WireError::Other(text)) => of_text(text),
        None => None,
    };
    by_error.unwrap_or(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => RefusalClass::Credentials,
        _ if status.is_client_error() => RefusalClass::Request,
        _ => RefusalClass::Garbled,
    })
}

const fn of_code(code: E) -> RefusalClass {
    match code {
        E::TemporarilyUnavailable | E::ServerError => RefusalClass::Busy,
        // The token of an earlier step is a credential too.
        E::InvalidClient | E::InvalidToken => RefusalClass::Credentials,
        E::InvalidGrant
        | E::AccessDenied
        | E::LoginRequired
        | E::ConsentRequired
        | E::InteractionRequired
        | E::AccountSelectionRequired
        | E::UnmetAuthenticationRequirements => RefusalClass::Grant,
        E::InvalidRequest
        | E::UnauthorizedClient
        | E::UnsupportedGrantType
        | E::InvalidScope
        | E::InsufficientScope
        | E::UnsupportedResponseType
        | E::RequestNotSupported
        | E::RequestUriNotSupported
        | E::RegistrationNotSupported
        | E::InvalidClientMetadata
        | E::InvalidTarget => RefusalClass::Request,
    }
}

/// Codes of RFC 8628 §3.5, which the server here does not speak.
fn of_text(text: &str) -> Option<RefusalClass> {
    match text {
        "slow_down" | "authorization_pending" => Some(RefusalClass::Busy),
        "expired_token" => Some(RefusalClass::Grant),
        _ => None,
    }
}
