//! Base64 of DER without anything around it: HAProxy's `ssl_c_der,base64`, and Traefik's PEM without its armour, with
//! commas between the certificates that the client sent.
//!
//! A comma is also what joins two headers of one name, the client's and the proxy's. So a list counts only if each
//! certificate signed the one before it: what a client writes in front of its own certificate was not signed by that.

use super::{ForwardedError, decode_base64, push};
use x509_parser::prelude::{FromDer, X509Certificate};

/// The certificates of `value`, the client's first.
///
/// # Errors
/// [`ForwardedError`].
pub fn parse(value: &str) -> Result<Vec<Vec<u8>>, ForwardedError> {
    let mut certificates = Vec::new();
    for part in value.split(',') {
        push(&mut certificates, decode_base64(part.as_bytes())?)?;
    }
    let each_signed_the_one_before =
        certificates.iter().zip(certificates.iter().skip(1)).all(|(subject, issuer)| signed(issuer, subject));
    if each_signed_the_one_before { Ok(certificates) } else { Err(ForwardedError::SeveralHops) }
}

/// Whether the key of `issuer` signed `subject`, by name and by signature.
fn signed(issuer: &[u8], subject: &[u8]) -> bool {
    let (Ok((_, issuer)), Ok((_, subject))) =
        (X509Certificate::from_der(issuer), X509Certificate::from_der(subject))
    else {
        return false;
    };
    subject.issuer() == issuer.subject() && subject.verify_signature(Some(issuer.public_key())).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use proptest::prelude::*;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    fn named(name: &str, ca: bool) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        if ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        params
    }

    /// A certificate authority, and a certificate that it signed.
    fn pair(authority: &str) -> (Vec<u8>, Vec<u8>) {
        let key = KeyPair::generate().unwrap();
        let root = named(authority, true).self_signed(&key).unwrap();
        let issuer = Issuer::from_params(&named(authority, true), &key).der_of(&named("client", false));
        (issuer, root.der().to_vec())
    }

    trait Sign {
        fn der_of(&self, params: &CertificateParams) -> Vec<u8>;
    }

    impl Sign for Issuer<'_, &KeyPair> {
        fn der_of(&self, params: &CertificateParams) -> Vec<u8> {
            params.signed_by(&KeyPair::generate().unwrap(), self).unwrap().der().to_vec()
        }
    }

    fn list(certificates: &[&[u8]]) -> String {
        certificates.iter().map(|der| BASE64_STANDARD.encode(der)).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn one_certificate_and_a_chain_are_read() {
        let (leaf, root) = pair("authority");
        assert_eq!(parse(&list(&[&leaf])), Ok(vec![leaf.clone()]));
        assert_eq!(parse(&list(&[&leaf, &root])), Ok(vec![leaf, root]));
    }

    /// HF-02: the client wrote a victim's certificate, the proxy added the real one, and something joined the two. Not even
    /// a self-made certificate with the name of the victim's authority helps.
    #[test]
    fn two_hops_joined_by_a_comma_are_refused() {
        let (victim, _) = pair("authority");
        let (own, _) = pair("own");
        let (_, namesake) = pair("authority");
        for joined in [[&victim, &own], [&victim, &victim], [&victim, &namesake]] {
            let joined = joined.map(Vec::as_slice);
            assert_eq!(parse(&list(&joined)), Err(ForwardedError::SeveralHops));
        }
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for wrong in [
            "-----BEGIN CERTIFICATE-----",
            ":MIIB:",
            "MI IB",
            "MIIB, MIIB",
            "%4d%49",
            "MI-_",
            "\"MIIB\"",
            "M",
        ] {
            assert!(matches!(parse(wrong), Err(ForwardedError::Malformed(_))), "{wrong}");
        }
        for empty in ["", ",", "MIIB,"] {
            assert_eq!(parse(empty), Err(ForwardedError::NoCertificate), "{empty}");
        }
        assert_eq!(parse(&["MIIB"; 7].join(",")), Err(ForwardedError::TooMany));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in r"[A-Za-z0-9+/=,]{0,60}|\PC{0,40}") {
            let _ = parse(&text);
        }
    }
}
