//! `Client-Cert` and `Client-Cert-Chain` (RFC 9440 §2.2 and §2.3).

use super::structured_field::{parse_item, parse_list};
use super::{ForwardedError, MAX_CERTIFICATES, push};

/// The client's certificate in `value`, then those of `chain`, which holds the rest and never the client's own.
///
/// # Errors
/// [`ForwardedError`].
pub fn parse(value: &str, chain: Option<&str>) -> Result<Vec<Vec<u8>>, ForwardedError> {
    let mut certificates = Vec::new();
    push(&mut certificates, parse_item(value)?)?;
    for der in parse_list(chain.unwrap_or_default(), MAX_CERTIFICATES)? {
        push(&mut certificates, der)?;
    }
    Ok(certificates)
}

/// The value of `Client-Cert` for a certificate in DER: what a proxy writes.
pub fn encode(der: &[u8]) -> String {
    use base64::Engine;
    format!(":{}:", super::BASE64.encode(der))
}

#[cfg(test)]
mod tests {
    use super::super::MAX_CERTIFICATE_BYTES;
    use super::*;

    /// I-04: the example of RFC 9440, figures 2 and 3, is a certificate and its chain.
    #[test]
    fn certificate_and_chain_come_leaf_first() {
        let chain = format!("{}, {}", encode(b"intermediate"), encode(b"root"));
        assert_eq!(
            parse(&encode(b"leaf"), Some(&chain)),
            Ok(vec![b"leaf".to_vec(), b"intermediate".to_vec(), b"root".to_vec()])
        );
        assert_eq!(parse(&encode(b"leaf"), None), Ok(vec![b"leaf".to_vec()]));
        assert_eq!(parse(&encode(b"leaf"), Some("")), Ok(vec![b"leaf".to_vec()]));
    }

    /// HF-02.
    #[test]
    fn two_certificates_in_the_item_are_refused() {
        let two = format!("{}, {}", encode(b"victim"), encode(b"own"));
        assert_eq!(parse(&two, None), Err(ForwardedError::Several));
    }

    /// Providers' pages and old proxies put PEM or bare base64 there.
    #[test]
    fn what_is_not_rfc_9440_is_refused() {
        for wrong in
            ["-----BEGIN CERTIFICATE----- AAAA -----END CERTIFICATE-----", "MIIB", "%3AAAAA%3A", ":MIIB"]
        {
            assert!(matches!(parse(wrong, None), Err(ForwardedError::Malformed(_))), "{wrong}");
        }
        assert_eq!(parse("::", None), Err(ForwardedError::NoCertificate));
        assert_eq!(parse(":AAAA:", Some("::")), Err(ForwardedError::NoCertificate));
    }

    #[test]
    fn certificates_are_bounded_in_number_and_size() {
        let chain = |n: usize| vec![encode(b"x"); n].join(",");
        assert_eq!(parse(":AAAA:", Some(&chain(5))).map(|all| all.len()), Ok(6));
        assert_eq!(parse(":AAAA:", Some(&chain(6))), Err(ForwardedError::TooMany));
        assert!(parse(&encode(&[1; MAX_CERTIFICATE_BYTES]), None).is_ok());
        assert_eq!(parse(&encode(&[1; MAX_CERTIFICATE_BYTES + 1]), None), Err(ForwardedError::TooLarge));
    }
}
