//! What a client's metadata may say of its certificates (RFC 8705 §2, §3.4): part of the one validator.

use super::NewClient;
use chancela_core::client_auth::Method;
use chancela_core::client_auth::self_signed_tls_client_auth::certificates;
use chancela_core::record::CertificateSubject;
use chancela_core::secret::from_hex;
use chancela_core::x509::PublicKey;
use chancela_core::x509::name::DistinguishedName;
use serde_json::{Value, json};
use std::net::IpAddr;

/// Longest organization name in bytes.
const MAX_ORGANIZATION: usize = 128;

/// What was checked.
pub(super) struct TlsMetadata {
    pub(super) subject: Option<CertificateSubject>,
    pub(super) issuer: Option<Box<str>>,
}

/// Checks the members that belong to certificates.
///
/// # Errors
/// What is wrong, for an operator.
pub(super) fn check(new: &NewClient) -> Result<TlsMetadata, String> {
    let subject = subject(new)?;
    if subject.is_some() && new.token_endpoint_auth_method != Some(Method::TlsClientAuth) {
        return Err(
            "tls_client_auth_…: only for a client with token_endpoint_auth_method tls_client_auth; set that too"
                .into(),
        );
    }
    if new.token_endpoint_auth_method == Some(Method::SelfSignedTlsClientAuth)
        && certificates(new.jwks.as_ref()).next().is_none()
    {
        return Err("jwks: needs a key with its certificate in x5c for self_signed_tls_client_auth".into());
    }
    if let Some(jwks) = &new.jwks {
        check_keys(jwks)?;
    }
    let issuer = match new.tls_client_auth_issuer.as_deref().map(str::to_ascii_lowercase) {
        None => None,
        Some(text) if from_hex::<32>(&text).is_some() => Some(text.into()),
        Some(_) => {
            return Err(
                "tls_client_auth_issuer: must be the SHA-256 of a certificate, 64 hexadecimal digits".into(),
            );
        }
    };
    let plain =
        |own: &str| !own.is_empty() && own.len() <= MAX_ORGANIZATION && !own.chars().any(char::is_control);
    if new.organization.as_deref().is_some_and(|own| !plain(own) || own.contains('/')) {
        return Err(format!(
            "organization: must be 1 to {MAX_ORGANIZATION} bytes without control characters and /"
        ));
    }
    Ok(TlsMetadata { subject, issuer })
}

/// Members that a public key has not (RFC 7518 §6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "k", "oth"];
/// Most keys of a client.
const MAX_KEYS: usize = 16;

/// Public keys alone, few of them, and each the one of its certificate.
fn check_keys(jwks: &Value) -> Result<(), String> {
    let keys = jwks.get("keys").and_then(Value::as_array);
    let keys = keys.ok_or("jwks: must be an object with an array of keys")?;
    if keys.len() > MAX_KEYS {
        return Err(format!("jwks: at most {MAX_KEYS} keys are looked at; leave the old ones out"));
    }
    for key in keys {
        if PRIVATE.iter().any(|member| key.get(member).is_some()) {
            return Err("jwks: holds a private key, which nobody else may have; make a new one, and give its public part".into());
        }
        let Some(certificate) = certificates(Some(&json!({ "keys": [key] }))).next() else { continue };
        // RFC 7517 §4.7. Without members of a key, the certificate alone says which one it is.
        let said = || PublicKey::of_jwk(key).is_some_and(|said| said.der() == certificate.public_key_der());
        if PublicKey::is_in_jwk(key) && !said() {
            return Err("jwks: a key is not the one of the certificate in its x5c; give all its members as they are in the certificate, or x5c alone".into());
        }
    }
    Ok(())
}

/// The one name that its certificates have; none where certificates that the realm's authority issued to it are its own.
fn subject(new: &NewClient) -> Result<Option<CertificateSubject>, String> {
    let boxed = |text: &Option<String>| text.as_deref().map(Box::<str>::from);
    let all = [
        boxed(&new.tls_client_auth_subject_dn).map(CertificateSubject::Dn),
        boxed(&new.tls_client_auth_san_dns).map(CertificateSubject::SanDns),
        boxed(&new.tls_client_auth_san_uri).map(CertificateSubject::SanUri),
        boxed(&new.tls_client_auth_san_ip).map(CertificateSubject::SanIp),
        boxed(&new.tls_client_auth_san_email).map(CertificateSubject::SanEmail),
    ];
    let mut given = all.into_iter().flatten();
    let (subject, other) = (given.next(), given.next());
    if other.is_some() {
        return Err(
            "tls_client_auth_…: give exactly one of subject_dn, san_dns, san_uri, san_ip and san_email"
                .into(),
        );
    }
    match &subject {
        Some(CertificateSubject::Dn(text)) => {
            DistinguishedName::parse(text).map_err(|error| {
                format!("tls_client_auth_subject_dn: {error}; write it as RFC 4514 does: CN=a,O=b,C=BR")
            })?;
        }
        Some(CertificateSubject::SanIp(text)) if text.parse::<IpAddr>().is_err() => {
            return Err("tls_client_auth_san_ip: is not an IP address".into());
        }
        Some(own) if own.value().is_empty() => return Err(format!("{}: is empty", own.member())),
        _ => {}
    }
    Ok(subject)
}
