//! The certificate of a client that a proxy in front of us shook hands with, as that proxy writes it into a header: RFC
//! 9440 and the forms that proxies had before it.
//!
//! Reading only, and strictly: a value that two programs could read in two ways is refused. Who may be believed at all is
//! the caller's to know, except for [`mac`], which is one of the proofs. What the bytes are (DER, RFC 5280) is not looked
//! at here, but where a list must prove that it is a chain.

pub mod base64_der;
pub mod client_cert;
pub mod escaped_pem;
pub mod mac;
pub mod structured_field;
pub mod xfcc;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};

/// Largest value that is looked at, in bytes, the chain's header included.
pub const MAX_HEADER_BYTES: usize = 64 * 1024;
pub use super::trust::{MAX_CERTIFICATE_BYTES, MAX_CERTIFICATES};

/// How a proxy writes the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// `Client-Cert` and `Client-Cert-Chain` of RFC 9440.
    ClientCert,
    /// Envoy's `X-Forwarded-Client-Cert`.
    Xfcc,
    /// One certificate as URL-encoded PEM: nginx's `$ssl_client_escaped_cert`.
    EscapedPem,
    /// Certificates as URL-encoded PEM in which `+`, `=` and `/` stand for themselves: AWS' application load balancer.
    #[serde(rename = "alb")]
    AlbEscapedPem,
    /// Base64 of DER, several with commas between: HAProxy's `ssl_c_der,base64`, Traefik.
    Base64Der,
}

impl Form {
    /// The header's usual name.
    pub const fn header(self) -> &'static str {
        match self {
            Self::ClientCert => "Client-Cert",
            Self::Xfcc => "X-Forwarded-Client-Cert",
            Self::EscapedPem => "ssl-client-cert",
            Self::AlbEscapedPem => "X-Amzn-Mtls-Clientcert",
            Self::Base64Der => "X-Forwarded-Tls-Client-Cert",
        }
    }

    /// The usual name of the header with the rest of the chain, where the form has such a header.
    pub const fn chain_header(self) -> Option<&'static str> {
        match self {
            Self::ClientCert => Some("Client-Cert-Chain"),
            _ => None,
        }
    }
}

/// Why a header's value is no certificate. Each text continues "the client certificate's header …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForwardedError {
    /// Beyond [`MAX_HEADER_BYTES`].
    #[error("is longer than 64 KiB")]
    TooLong,
    /// Beyond [`MAX_CERTIFICATES`].
    #[error("has more than six certificates")]
    TooMany,
    /// Beyond [`MAX_CERTIFICATE_BYTES`].
    #[error("has a certificate of more than 16 KiB")]
    TooLarge,
    /// It is there, and there is no certificate in it.
    #[error("has no certificate; let the proxy send the certificate itself, not only what it found in it")]
    NoCertificate,
    /// Several certificates where the form has one.
    #[error("has several certificates where its form has one")]
    Several,
    /// Several proxies wrote into it, or a client and a proxy.
    #[error("was written by more than one hop; let the proxy replace what clients send")]
    SeveralHops,
    /// A chain's header in a form that has none.
    #[error("has a chain beside it, which its form does not")]
    UnexpectedChain,
    /// Its certificates contradict each other, or the hash beside them.
    #[error("contradicts itself: {0}")]
    Contradiction(&'static str),
    /// Against its form's syntax.
    #[error("is malformed: {0}")]
    Malformed(&'static str),
}

/// The certificates in a header's `value` (and in the value of the `chain`'s header), as DER, the client's own first; at
/// least one.
///
/// # Errors
/// [`ForwardedError`].
pub fn parse(form: Form, value: &str, chain: Option<&str>) -> Result<Vec<Vec<u8>>, ForwardedError> {
    if value.len() + chain.map_or(0, str::len) > MAX_HEADER_BYTES {
        return Err(ForwardedError::TooLong);
    }
    if chain.is_some() && form.chain_header().is_none() {
        return Err(ForwardedError::UnexpectedChain);
    }
    let certificates = match form {
        Form::ClientCert => client_cert::parse(value, chain),
        Form::Xfcc => xfcc::parse(value),
        Form::EscapedPem => escaped_pem::parse(value),
        Form::AlbEscapedPem => escaped_pem::parse_alb(value),
        Form::Base64Der => base64_der::parse(value),
    }?;
    if certificates.is_empty() { Err(ForwardedError::NoCertificate) } else { Ok(certificates) }
}

/// Adds a certificate within the limits.
fn push(certificates: &mut Vec<Vec<u8>>, der: Vec<u8>) -> Result<(), ForwardedError> {
    if der.is_empty() {
        return Err(ForwardedError::NoCertificate);
    }
    if der.len() > MAX_CERTIFICATE_BYTES {
        return Err(ForwardedError::TooLarge);
    }
    if certificates.len() == MAX_CERTIFICATES {
        return Err(ForwardedError::TooMany);
    }
    certificates.push(der);
    Ok(())
}

/// RFC 4648 §4. Padding may be missing and its spare bits are not looked at (RFC 9651 §4.2.7): what counts is the DER,
/// and a digest of it is the same however it was spelled.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

fn decode_base64(text: &[u8]) -> Result<Vec<u8>, ForwardedError> {
    BASE64.decode(text).map_err(|_| ForwardedError::Malformed("that is not base64"))
}

#[cfg(test)]
mod golden;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FORMS: [Form; 5] =
        [Form::ClientCert, Form::Xfcc, Form::EscapedPem, Form::AlbEscapedPem, Form::Base64Der];

    #[test]
    fn forms_have_the_names_of_the_configuration() {
        let names = FORMS.map(|form| serde_json::to_value(form).unwrap());
        assert_eq!(names, ["client_cert", "xfcc", "escaped_pem", "alb", "base64_der"]);
    }

    #[test]
    fn an_empty_value_is_no_certificate() {
        for form in FORMS {
            for empty in ["", " ", ",", ";", "::", "\"\"", "Cert=\"\"", "%20"] {
                assert!(parse(form, empty, None).is_err(), "{form:?} {empty:?}");
            }
        }
    }

    #[test]
    fn a_chain_beside_a_form_that_has_none_is_refused() {
        for form in FORMS.into_iter().filter(|form| form.chain_header().is_none()) {
            assert_eq!(parse(form, "AAAA", Some(":AAAA:")), Err(ForwardedError::UnexpectedChain));
        }
    }

    /// DoS: nothing is read of what is too long, the chain's header included.
    #[test]
    fn what_is_longer_than_64_kib_is_not_read() {
        for form in FORMS {
            let long = "A".repeat(MAX_HEADER_BYTES + 1);
            assert_eq!(parse(form, &long, None), Err(ForwardedError::TooLong));
        }
        let half = "A".repeat(MAX_HEADER_BYTES / 2 + 1);
        assert_eq!(parse(Form::ClientCert, &half, Some(&half)), Err(ForwardedError::TooLong));
    }

    proptest! {
        #[test]
        fn any_value_gives_certificates_within_the_limits_or_an_error(
            value in r#"[ -~]{0,80}|(:[A-Za-z0-9+/]{0,12}={0,2}:[,; ]{0,2}){0,8}|((Cert|Chain|Hash|URI)=["\\a-z%0-9;,-]{0,20};?){0,4}"#,
            chain in proptest::option::of("(:[A-Za-z0-9+/=]{0,8}:,? ?){0,8}"),
        ) {
            for form in FORMS {
                if let Ok(certificates) = parse(form, &value, chain.as_deref()) {
                    prop_assert!((1..=MAX_CERTIFICATES).contains(&certificates.len()));
                    prop_assert!(certificates.iter().all(|der| (1..=MAX_CERTIFICATE_BYTES).contains(&der.len())));
                }
            }
        }
    }
}
