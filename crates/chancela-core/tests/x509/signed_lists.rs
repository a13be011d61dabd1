//! Revocation lists and OCSP.

use crate::world::*;
use chancela_core::id::CertificateSerial;
use chancela_core::record::RevocationReason;
use chancela_core::x509::*;
use proptest::prelude::*;
use x509_parser::prelude::{CertificateRevocationList, FromDer};

fn revoked(number: u8, reason: RevocationReason) -> Revocation {
    Revocation { serial: serial(number), at: now().seconds() - 60, reason }
}

/// I-14.
#[test]
fn openssl_refuses_what_the_list_revokes_and_believes_the_rest() {
    let (root, authority) = authorities();
    let (_, good) = client(&authority, KeyPairKind::P256, 7);
    let (_, bad) = client(&authority, KeyPairKind::P256, 8);
    let lines: Vec<_> =
        RevocationReason::ALL.into_iter().zip(8..).map(|(reason, number)| revoked(number, reason)).collect();
    let number = 1_795_000_000_123;
    let crl = authority.sign_crl(&lines, number, days(7)).unwrap();
    let root_crl = root.sign_crl(&[], 1, days(7)).unwrap();
    let openssl = OpenSsl::new("crl");
    openssl
        .certificates("root.pem", root.chain())
        .certificates("int.pem", &authority.chain()[..1])
        .certificates("good.pem", &[good])
        .certificates("bad.pem", &[bad])
        .file("all.crl", encode_pem("X509 CRL", &crl) + &encode_pem("X509 CRL", &root_crl))
        .file("our.crl", encode_pem("X509 CRL", &crl));
    let verify = "verify -x509_strict -crl_check_all -CAfile root.pem -untrusted int.pem -CRLfile all.crl";
    openssl.run(&format!("{verify} good.pem"));
    assert_says(&openssl.refuse(&format!("{verify} bad.pem")), &["certificate revoked"]);
    openssl.run("crl -in our.crl -CAfile int.pem -noout");
    let text = openssl.run("crl -in our.crl -noout -text");
    assert_says(
        &text,
        &[
            "Version 2 (0x1)",
            &format!("X509v3 CRL Number: \n                {number}\n"),
            "X509v3 Authority Key Identifier",
            "Key Compromise",
            "Affiliation Changed",
            "Superseded",
            "Cessation Of Operation",
        ],
    );
    assert!(!text.contains("Unspecified"), "an unspecified reason is not written (RFC 5280 §5.3.1)");
    let (_, parsed) = CertificateRevocationList::from_der(&crl).unwrap();
    assert_eq!(parsed.iter_revoked_certificates().count(), 5);
}

#[test]
fn a_list_that_ends_before_it_begins_is_not_signed() {
    let (_, authority) = authorities();
    let updates = Validity { not_before: 100, not_after: 100 };
    assert_eq!(authority.sign_crl(&[], 1, updates), Err(AuthorityError::Update));
}

fn state(asked: CertificateSerial) -> CertificateState {
    match asked {
        asked if asked == serial(7) => CertificateState::Good,
        asked if asked == serial(8) => {
            CertificateState::Revoked { at: now().seconds() - 60, reason: RevocationReason::KeyCompromise }
        }
        asked if asked == serial(9) => {
            CertificateState::Revoked { at: now().seconds() - 60, reason: RevocationReason::Unspecified }
        }
        _ => CertificateState::Unknown,
    }
}

fn answer(request: &[u8], authority: &Authority) -> Vec<u8> {
    let next = now().plus_seconds(DAY);
    OcspRequest::parse(request)
        .and_then(|request| request.respond(authority, &state, now(), next))
        .unwrap_or_else(|error| error.response().to_vec())
}

#[test]
fn openssl_believes_the_responder_with_either_hash_and_with_a_nonce() {
    let (root, authority) = authorities();
    let openssl = OpenSsl::new("ocsp");
    openssl.certificates("root.pem", root.chain()).certificates("int.pem", &authority.chain()[..1]);
    for (number, says) in [
        (7, &["c.pem: good"][..]),
        (8, &["c.pem: revoked", "Reason: keyCompromise"]),
        (9, &["c.pem: revoked"]),
        (10, &["c.pem: unknown"]),
    ] {
        let (_, certificate) = client(&authority, KeyPairKind::P256, number);
        openssl.certificates("c.pem", &[certificate]);
        for (hash, nonce) in [("-sha1", "-nonce"), ("-sha256", "-no_nonce")] {
            openssl.run(&format!("ocsp {hash} -issuer int.pem -cert c.pem {nonce} -reqout req.der"));
            let request = openssl.read("req.der");
            let parsed = OcspRequest::parse(&request).unwrap();
            assert_eq!(parsed.serials().collect::<Vec<_>>(), [serial(number)]);
            openssl.file("res.der", answer(&request, &authority));
            // The request as it was, with its nonce; and then what is said of the certificate.
            let verify =
                "ocsp -no_nonce -issuer int.pem -respin res.der -CAfile root.pem -verify_other int.pem";
            let said = openssl.run(&format!("{verify} -reqin req.der -resp_text"));
            assert_says(&said, &["Response verify OK", "Response Type: Basic OCSP Response"]);
            assert_eq!(said.contains("OCSP Nonce"), nonce == "-nonce");
            assert!(!said.contains("WARNING"), "{said}");
            let said = openssl.run(&format!("{verify} {hash} -cert c.pem"));
            assert_says(&said, &["Response verify OK"]);
            assert_says(&said, says);
            assert!(!said.contains("WARNING"), "{said}");
        }
    }
}

#[test]
fn a_request_for_several_certificates_gets_one_answer() {
    let (root, authority) = authorities();
    let openssl = OpenSsl::new("several");
    openssl.certificates("root.pem", root.chain()).certificates("int.pem", &authority.chain()[..1]);
    let serials = |numbers: std::ops::Range<u8>| {
        numbers.map(|n| format!(" -serial 0x{}", hex(&serial(n)))).collect::<String>()
    };
    let request = |numbers| {
        openssl.run(&format!("ocsp -issuer int.pem{} -reqout req.der", serials(numbers)));
        openssl.read("req.der")
    };
    let eight = request(5..13);
    openssl.file("res.der", answer(&eight, &authority));
    let said = openssl
        .run("ocsp -no_nonce -issuer int.pem -reqin req.der -respin res.der -CAfile root.pem -resp_text");
    assert_says(
        &said,
        &["Response verify OK", "Cert Status: good", "Cert Status: revoked", "Cert Status: unknown"],
    );
    assert_eq!(OcspRequest::parse(&request(5..14)), Err(OcspError::Malformed), "nine are too many");
}

fn hex(serial: &CertificateSerial) -> String {
    serial.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn another_authority_s_certificate_is_none_of_our_business() {
    let (root, authority) = authorities();
    let openssl = OpenSsl::new("foreign");
    openssl.certificates("root.pem", root.chain());
    openssl.run("ocsp -issuer root.pem -serial 7 -reqout req.der");
    let request = openssl.read("req.der");
    assert!(!OcspRequest::parse(&request).unwrap().is_for(&authority));
    assert!(OcspRequest::parse(&request).unwrap().is_for(&root));
    openssl.file("res.der", answer(&request, &authority));
    let said = openssl.refuse("ocsp -respin res.der -noverify");
    assert_says(&said, &["unauthorized"]);
    openssl.file("res.der", answer(b"x", &authority));
    assert_says(&openssl.refuse("ocsp -respin res.der -noverify"), &["malformedrequest"]);
    openssl.file("res.der", OcspError::Internal.response());
    assert_says(&openssl.refuse("ocsp -respin res.der -noverify"), &["internalerror"]);
}

/// A request with one certificate and these extensions.
fn request_with(extensions: &[(&[u64], bool, Vec<u8>)]) -> Vec<u8> {
    use yasna::models::ObjectIdentifier;
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_sequence(|writer| {
                writer.next().write_sequence(|writer| {
                    writer.next().write_sequence(|writer| {
                        writer.next().write_sequence(|writer| {
                            writer.next().write_sequence(|writer| {
                                let sha1 = ObjectIdentifier::from_slice(&[1, 3, 14, 3, 2, 26]);
                                writer.next().write_oid(&sha1);
                            });
                            writer.next().write_bytes(&[0; 20]);
                            writer.next().write_bytes(&[0; 20]);
                            writer.next().write_u8(7);
                        });
                    });
                });
                writer.next().write_tagged(yasna::Tag::context(2), |writer| {
                    writer.write_sequence(|writer| {
                        for (oid, critical, value) in extensions {
                            writer.next().write_sequence(|writer| {
                                writer.next().write_oid(&ObjectIdentifier::from_slice(oid));
                                if *critical {
                                    writer.next().write_bool(true);
                                }
                                writer.next().write_bytes(value);
                            });
                        }
                    });
                });
            });
        });
    })
}

/// RFC 9654 §2.1, RFC 6960 §4.4.
#[test]
fn a_nonce_has_1_to_128_octets_and_no_unknown_extension_is_critical() {
    const NONCE: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 1, 2];
    let nonce = |length| yasna::construct_der(|writer| writer.write_bytes(&vec![1; length]));
    let parses = |extensions: &[_]| OcspRequest::parse(&request_with(extensions)).is_ok();
    assert!(parses(&[(NONCE, false, nonce(1))]));
    assert!(parses(&[(NONCE, false, nonce(128))]));
    assert!(!parses(&[(NONCE, false, nonce(0))]));
    assert!(!parses(&[(NONCE, false, nonce(129))]));
    assert!(!parses(&[(NONCE, false, nonce(16)), (NONCE, false, nonce(16))]));
    assert!(parses(&[(&[1, 2, 3], false, vec![])]));
    assert!(!parses(&[(&[1, 2, 3], true, vec![])]));
}

proptest! {
    #[test]
    fn no_bytes_make_the_request_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = OcspRequest::parse(&bytes);
    }

    #[test]
    fn no_damage_to_a_request_makes_the_reader_panic(at in 0_usize..90, byte: u8, cut in 0_usize..90) {
        let mut request = request_with(&[(&[1, 2, 3], false, vec![1; 4])]);
        let length = request.len();
        request[at % length] = byte;
        let _ = OcspRequest::parse(&request);
        prop_assert!(OcspRequest::parse(&request[..cut.min(length - 1)]).is_err());
    }
}
