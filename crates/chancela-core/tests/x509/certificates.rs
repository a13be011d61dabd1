//! What is read of a certificate.

use crate::pki::*;
use chancela_core::secret::{hex, sha256};
use chancela_core::x509::{Certificate, CertificateError};
use rcgen::{CustomExtension, SanType};

#[test]
fn names_serial_and_key_are_read() {
    let mut params = client("client");
    params.subject_alt_names = vec![
        SanType::DnsName("a.example".try_into().unwrap()),
        SanType::URI("https://a.example/x".try_into().unwrap()),
        SanType::Rfc822Name("a@example".try_into().unwrap()),
        SanType::IpAddress([192, 0, 2, 1].into()),
        SanType::IpAddress([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into()),
    ];
    let ca = root(authority("root"));
    let entity = ca.issue(params);
    let read = entity.certificate();
    assert_eq!(*read.der, *entity.der);
    assert_eq!(read.sha256, sha256(&entity.der));
    assert_eq!(read.public_key_sha256, sha256(read.public_key_der()));
    assert_eq!(*read.serial, [7]);
    assert!(read.subject.to_rfc4514().ends_with("CN=client"), "{}", read.subject);
    assert!(read.issuer.matches(&ca.certificate().subject));
    assert_eq!(*read.alt_names.dns, ["a.example".into()]);
    assert_eq!(*read.alt_names.uris, ["https://a.example/x".into()]);
    assert_eq!(*read.alt_names.emails, ["a@example".into()]);
    let ips: Vec<String> = read.alt_names.ips.iter().map(ToString::to_string).collect();
    assert_eq!(ips, ["192.0.2.1", "2001:db8::1"]);
    assert!(!read.is_ca && !read.subject.matches(&read.issuer) && read.client_auth && read.may_sign());
    assert!(!read.may_sign_certificates());
    let ca = ca.certificate();
    assert!(ca.is_ca && ca.subject.matches(&ca.issuer) && ca.may_sign_certificates() && !ca.may_sign());
}

/// CA-18: a name with a NUL names nobody.
#[test]
fn alternative_names_with_control_characters_are_left_out() {
    let mut params = client("client");
    let names = b"\x30\x16\x82\x09a.example\x82\x09a.ex\0mple";
    params.custom_extensions = vec![CustomExtension::from_oid_content(&[2, 5, 29, 17], names.to_vec())];
    let read = root(authority("root")).issue(params).certificate();
    assert_eq!(*read.alt_names.dns, ["a.example".into()]);
}

/// `openssl x509 -fingerprint -sha256` and `-serial` say the same.
#[test]
fn files_of_certificates_are_read_in_their_order() {
    let (ca, leaf) = (include_str!("fixtures/old_ca.pem"), include_str!("fixtures/leaf_sha256.pem"));
    let file = format!("subject=...\r\n{leaf}\n-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n{ca}");
    let read = Certificate::parse_pem_chain(&file).unwrap();
    assert_eq!(read.len(), 2);
    assert_eq!(hex(&read[0].serial), "07");
    assert!(read[1].is_ca && read[0].issuer.matches(&read[1].subject));
    for (bad, expected) in [
        (String::new(), CertificateError::NoCertificate),
        ("-----BEGIN CERTIFICATE-----".into(), CertificateError::Malformed),
        (ca.replace("MII", "MI!"), CertificateError::Malformed),
        (ca.replace("-----END CERTIFICATE", "-----END OTHER"), CertificateError::Malformed),
        (ca.repeat(257), CertificateError::TooLarge),
        (" ".repeat(3 * 1024 * 1024), CertificateError::TooLarge),
    ] {
        assert_eq!(Certificate::parse_pem_chain(&bad).err(), Some(expected));
    }
}
