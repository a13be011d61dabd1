//! What the vocabulary alone cannot refuse of certificates and registrations.

use super::check::is_canonical;
use super::check_api::contradiction;
use super::error::{DialectError, meaning};
use super::{Api, CertificateValue, Dialect, KeyOrigin};

/// Checks both tables of a resolved dialect.
pub(super) fn check(path: &str, dialect: &Dialect) -> Result<(), DialectError> {
    let issuance = &dialect.certificate_issuance;
    let wrong = |key: &str, message: &str| {
        Err(meaning(path, &format!("certificate_issuance.{key}"), message.to_owned()))
    };
    if !is_canonical(&issuance.path.replacen("/{organization}/", "/o/", 1)) {
        return wrong("path", "is not a canonical path with at most one {organization} segment");
    }
    let renewals = issuance.renewal_path.as_deref();
    if renewals.is_some_and(|own| !is_canonical(own) || own.contains('{') || own == issuance.path) {
        return wrong("renewal_path", "is not a canonical path of its own");
    }
    let line = issuance.danger_client_secret_line.as_deref();
    let printable = |text: &str| text.len() <= 64 && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    if line.is_some_and(|text| !printable(text) || issuance.key != KeyOrigin::Client) {
        return wrong(
            "danger_client_secret_line",
            "is for keys that clients make, and at most 64 printable characters",
        );
    }
    if issuance.max_lifetime_days == 0 || issuance.max_lifetime_days > 398 {
        return wrong("max_lifetime_days", "must be from 1 to 398");
    }
    if issuance.max_valid == 0 || issuance.max_valid > 20 {
        return wrong("max_valid", "must be from 1 to 20");
    }
    if !(200..300).contains(&issuance.status) {
        return wrong("status", "must be a status from 200 to 299");
    }
    let sent = Api { headers: issuance.headers.clone(), ..Api::default() };
    if let Some(message) = contradiction(&sent, "authorization") {
        return wrong("headers", &message);
    }
    let has = |value| issuance.members.iter().any(|member| member.value == value);
    if (issuance.key == KeyOrigin::DangerServer) != has(CertificateValue::PrivateKey) {
        return wrong("members", "must have private_key where the server makes the key, and only there");
    }
    let registration = &dialect.registration;
    let wrong =
        |key: &str, message: &str| Err(meaning(path, &format!("registration.{key}"), message.to_owned()));
    if !is_canonical(&registration.path) {
        return wrong("path", "is not a canonical path");
    }
    let endpoint = &registration.token_endpoint;
    if !endpoint.is_empty() && dialect.token_endpoint(endpoint).is_none() {
        return wrong("token_endpoint", "must name a token endpoint");
    }
    Ok(())
}
