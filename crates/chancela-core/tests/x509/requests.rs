//! Certification requests and keys: requirements I-10 and I-11, attacks CE-01, CE-02, CE-03 and CE-05.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chancela_core::x509::{Certificate, CertificateRequest, KeyError, KeyKind, PublicKey, RequestError};
use proptest::prelude::*;

const P256: &str = include_str!("fixtures/csr_p256.pem");

fn parse(bytes: impl AsRef<[u8]>) -> Result<CertificateRequest, RequestError> {
    CertificateRequest::parse(bytes.as_ref())
}

fn der(pem: &str) -> Vec<u8> {
    STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap()
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// I-11.
#[test]
fn good_keys_with_proof_of_possession_are_accepted() {
    for (text, expected) in [
        (P256, KeyKind::P256),
        (include_str!("fixtures/csr_secp384r1.pem"), KeyKind::P384),
        (include_str!("fixtures/csr_ed25519.pem"), KeyKind::Ed25519),
    ] {
        assert_eq!(*parse(text).unwrap().public_key().kind(), expected);
    }
    for text in [include_str!("fixtures/csr_rsa2048.pem"), include_str!("fixtures/csr_rsa2048_pss.pem")] {
        let key = parse(text).unwrap().into_public_key();
        assert!(matches!(key.kind(), KeyKind::Rsa { modulus, exponent }
            if modulus.len() == 256 && **exponent == [1, 0, 1]));
        assert_eq!(key.check(), Ok(()));
    }
}

/// The certificate was made with the request's key.
#[test]
fn the_key_of_a_request_is_the_key_of_its_certificate() {
    let certificate = Certificate::parse_pem_chain(include_str!("fixtures/victim.pem")).unwrap().remove(0);
    let request = parse(P256).unwrap();
    assert_eq!(request.public_key().sha256(), certificate.public_key_sha256);
    assert_eq!(request.public_key().der(), certificate.public_key_der());
    assert_eq!(certificate.public_key().as_ref(), Some(request.public_key()));
}

/// CE-05, I-11.
#[test]
fn weak_and_strange_keys_are_refused() {
    for (text, expected) in [
        (include_str!("fixtures/csr_rsa1024.pem"), KeyError::RsaTooShort),
        (include_str!("fixtures/csr_rsa_e3.pem"), KeyError::RsaExponent),
        (include_str!("fixtures/csr_roca.pem"), KeyError::RsaRoca),
        (include_str!("fixtures/csr_close_primes.pem"), KeyError::RsaClosePrimes),
        (include_str!("fixtures/csr_rsa_pss_key.pem"), KeyError::UnsupportedAlgorithm),
        (include_str!("fixtures/csr_ed448.pem"), KeyError::UnsupportedAlgorithm),
        (include_str!("fixtures/csr_prime192v1.pem"), KeyError::UnsupportedCurve),
        (include_str!("fixtures/csr_secp256k1.pem"), KeyError::UnsupportedCurve),
        (include_str!("fixtures/csr_secp521r1.pem"), KeyError::UnsupportedCurve),
    ] {
        assert_eq!(parse(text).err(), Some(RequestError::Key(expected)));
    }
}

/// CE-02.
#[test]
fn a_signature_of_old_is_refused() {
    for text in [include_str!("fixtures/csr_sha1.pem"), include_str!("fixtures/csr_md5.pem")] {
        assert_eq!(parse(text).err(), Some(RequestError::SignatureAlgorithm));
    }
}

/// CE-02, CE-03: the key of somebody else, and any change of what was signed.
#[test]
fn a_request_that_its_own_key_did_not_sign_is_refused() {
    let (own, victim) = (der(include_str!("fixtures/csr_ed25519.pem")), parse(P256).unwrap());
    assert_eq!(parse(&own).err(), None);
    let mut changed = own.clone();
    let name = own.windows(8).position(|bytes| bytes == b"anything").unwrap();
    changed[name] = b'b';
    assert_eq!(parse(&changed).err(), Some(RequestError::Signature));
    let mut signature = own.clone();
    *signature.last_mut().unwrap() ^= 1;
    assert_eq!(parse(&signature).err(), Some(RequestError::Signature));
    // A victim's point under the attacker's signature.
    let greedy = der(include_str!("fixtures/csr_greedy.pem"));
    let point = greedy.windows(2).position(|bytes| bytes == [0, 4]).unwrap() + 2;
    let mut stolen = greedy.clone();
    stolen[point..point + 8].reverse();
    assert_eq!(parse(&stolen).err(), Some(RequestError::Signature));
    assert_eq!(victim.public_key(), parse(&greedy).unwrap().public_key());
}

/// CE-01, I-10: there is nothing in a request but its key, so what it asks for cannot reach a certificate.
#[test]
fn what_a_greedy_request_asks_for_is_not_read_out() {
    let greedy = parse(include_str!("fixtures/csr_greedy.pem")).unwrap();
    let plain = parse(P256).unwrap();
    assert_eq!(format!("{greedy:?}"), format!("{plain:?}"));
}

#[test]
fn a_request_is_read_in_pem_of_every_tool_and_in_der() {
    let body = der(P256);
    let text = format!("Certificate Request:\r\n  Data:\r\n{}", P256.replace('\n', "\r\n"));
    for good in [body.clone(), text.into_bytes(), pem("NEW CERTIFICATE REQUEST", &body).into_bytes()] {
        assert!(parse(good).is_ok());
    }
    for (bad, expected) in [
        (P256.repeat(2), RequestError::MoreThanOne),
        (pem("CERTIFICATE", &body), RequestError::Malformed),
        (P256.replace("-----END", "----END"), RequestError::Malformed),
        (
            P256.replace("-----END CERTIFICATE REQUEST", "-----END NEW CERTIFICATE REQUEST"),
            RequestError::Malformed,
        ),
        (pem("CERTIFICATE REQUEST", &[body.clone(), vec![0]].concat()), RequestError::Malformed),
        (include_str!("fixtures/victim.pem").into(), RequestError::Malformed),
        (String::new(), RequestError::Malformed),
        (" ".repeat(1024 * 1024), RequestError::TooLarge),
    ] {
        assert_eq!(parse(&bad).err(), Some(expected), "{bad:.60}");
    }
}

/// CE-05: DER that nests without end.
#[test]
fn nested_der_ends() {
    for byte in [0x30, 0x31, 0xa0] {
        assert_eq!(parse([byte, 0x80].repeat(8000)).err(), Some(RequestError::Malformed));
        let mut nested = vec![];
        while nested.len() < 16_000 {
            let length = u16::try_from(nested.len()).unwrap().to_be_bytes();
            nested = [&[byte, 0x82, length[0], length[1]], &*nested].concat();
        }
        assert_eq!(parse(nested).err(), Some(RequestError::Malformed));
    }
}

/// DER of a sequence.
fn sequence(write: impl FnOnce(&mut yasna::DERWriterSeq<'_>)) -> Vec<u8> {
    yasna::construct_der(|writer| writer.write_sequence(write))
}

/// DER of an RSA key with these numbers.
fn rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let key = sequence(|out| {
        out.next().write_bigint_bytes(modulus, true);
        out.next().write_bigint_bytes(exponent, true);
    });
    sequence(|out| {
        out.next().write_sequence(|out| {
            out.next()
                .write_oid(&yasna::models::ObjectIdentifier::from_slice(&[1, 2, 840, 113_549, 1, 1, 1]));
            out.next().write_null();
        });
        out.next().write_bitvec_bytes(&key, key.len() * 8);
    })
}

fn good_modulus() -> Vec<u8> {
    match parse(include_str!("fixtures/csr_rsa2048.pem")).unwrap().public_key().kind() {
        KeyKind::Rsa { modulus, .. } => modulus.to_vec(),
        other => panic!("{other:?}"),
    }
}

/// CE-05, I-11.
#[test]
fn the_numbers_of_an_rsa_key_have_their_bounds() {
    let check = |modulus: &[u8], exponent: &[u8]| {
        let der = rsa(modulus, exponent);
        let key = PublicKey::parse_der(&der).unwrap();
        assert_eq!(key.der(), der);
        key.check()
    };
    let good = good_modulus();
    for (exponent, expected) in [
        (&[1, 0, 1][..], Ok(())),
        (&[0xff, 0xff, 0xff, 0xff], Ok(())),
        (&[1, 0, 0, 0, 1], Err(KeyError::RsaExponent)),
        (&[1, 0, 0], Err(KeyError::RsaExponent)),
        (&[0xff, 0xff], Err(KeyError::RsaExponent)),
        (&[3], Err(KeyError::RsaExponent)),
        (&[1], Err(KeyError::RsaExponent)),
        (&[0], Err(KeyError::RsaExponent)),
        (&[1; 256], Err(KeyError::RsaExponent)),
    ] {
        assert_eq!(check(&good, exponent), expected, "{exponent:?}");
    }
    let mut odd = vec![0xff; 256];
    odd[0] = 0x7f;
    assert_eq!(check(&odd, &[1, 0, 1]), Err(KeyError::RsaTooShort));
    assert_eq!(check(&[1; 513], &[1, 0, 1]), Err(KeyError::RsaTooLong));
    assert_eq!(check(&[0xff; 2048], &[1, 0, 1]), Err(KeyError::RsaTooLong));
    let mut even = good.clone();
    *even.last_mut().unwrap() &= 0xfe;
    assert_eq!(check(&even, &[1, 0, 1]), Err(KeyError::RsaSmallFactor));
}

/// CE-05: any small prime is found.
#[test]
fn a_modulus_with_a_small_factor_is_refused() {
    let good = good_modulus();
    let times = |factor: u32| {
        let mut carry = 0;
        let mut product: Vec<u8> = good
            .iter()
            .rev()
            .map(|byte| {
                carry += u32::from(*byte) * factor;
                let low = carry.to_le_bytes()[0];
                carry >>= 8;
                low
            })
            .collect();
        product.extend(carry.to_le_bytes());
        while product.last() == Some(&0) {
            product.pop();
        }
        product.reverse();
        PublicKey::parse_der(&rsa(&product, &[1, 0, 1])).unwrap().check()
    };
    for prime in [2, 3, 5, 167, 173, 997, 1999] {
        assert_eq!(times(prime), Err(KeyError::RsaSmallFactor), "{prime}");
    }
    for other in [1, 2003, 65_537] {
        assert_eq!(times(other), Ok(()), "{other}");
    }
}

/// Two encodings of one key would have two digests, and a key that is used twice would not show.
#[test]
fn only_the_one_encoding_of_a_key_is_read() {
    let good = rsa(&good_modulus(), &[1, 0, 1]);
    assert!(PublicKey::parse_der(&good).is_ok());
    let null = good.windows(2).position(|bytes| bytes == [5, 0]).unwrap();
    let mut without_null = good.clone();
    without_null.drain(null..null + 2);
    without_null[5] -= 2;
    let length = u16::from_be_bytes([good[2], good[3]]) - 2;
    without_null[2..4].copy_from_slice(&length.to_be_bytes());
    let p256 = parse(P256).unwrap().into_public_key().der().to_vec();
    let mut compressed = p256[..p256.len() - 32].to_vec();
    compressed[1] -= 32;
    compressed[24] -= 32;
    compressed[26] = 2;
    for bad in [without_null, [good, vec![0]].concat(), compressed, vec![], vec![0x30, 0]] {
        assert_eq!(PublicKey::parse_der(&bad).err(), Some(KeyError::Malformed));
    }
}

/// CE-02: no bit of what was signed can be changed. The library forgives a tag of the envelope that lost a bit.
#[test]
fn a_request_with_a_changed_bit_is_refused_or_says_the_same() {
    for pem in [P256, include_str!("fixtures/csr_ed25519.pem"), include_str!("fixtures/csr_rsa2048.pem")] {
        let good = der(pem);
        let key = parse(&good).unwrap().into_public_key();
        let end = 8 + usize::from(u16::from_be_bytes([good[6], good[7]]));
        let signed = if good[1] == 0x82 { 4..end } else { 3..5 + usize::from(good[4]) };
        for (at, bit) in (0..good.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut changed = good.clone();
            changed[at] ^= 1 << bit;
            if let Ok(request) = parse(&changed) {
                assert!(!signed.contains(&at) && *request.public_key() == key, "byte {at}, bit {bit}");
            }
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_of_requests_fail(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(parse(&bytes).is_err());
        prop_assert!(PublicKey::parse_der(&bytes).is_err());
    }
}
