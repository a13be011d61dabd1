//! Revocation lists: attack CA-21, and the half of requirement I-15 that needs no clock of its own.

use crate::pki::*;
use chancela_core::x509::{ChainError, RevocationList, RevocationListError};
use proptest::prelude::*;
use rcgen::{CrlDistributionPoint, CrlIssuingDistributionPoint};
use std::sync::LazyLock;

static ROOT: LazyLock<Entity> = LazyLock::new(|| root(authority("root")));

fn verdict(entities: &[&Entity], lists: &[RevocationList]) -> Option<ChainError> {
    ROOT.anchors().verify(&chain(entities), lists, now()).err()
}

/// CA-19.
#[test]
fn a_revoked_certificate_is_refused_wherever_it_stands() {
    let intermediate = ROOT.issue(authority("intermediate"));
    let leaf = intermediate.issue(client("client"));
    let both = [&leaf, &intermediate];
    assert_eq!(verdict(&both, &[]), None);
    assert_eq!(verdict(&both, &[ROOT.crl(&[8]), intermediate.crl(&[8])]), None);
    assert_eq!(verdict(&both, &[ROOT.crl(&[8]), intermediate.crl(&[7])]), Some(ChainError::Revoked));
    assert_eq!(verdict(&both, &[ROOT.crl(&[7]), intermediate.crl(&[])]), Some(ChainError::Revoked));
    assert_eq!(verdict(&both, &[intermediate.crl(&[7])]), Some(ChainError::Revoked));
}

/// CA-21, I-15.
#[test]
fn a_stale_list_refuses_what_its_issuer_signed() {
    let leaf = ROOT.issue(client("client"));
    let list = |from, to| RevocationList::parse_der(&ROOT.crl_der(&[], from, to)).unwrap();
    let stale = list(NOW - 60, NOW);
    assert_eq!((stale.this_update(), stale.next_update()), (NOW - 60, NOW));
    assert_eq!(verdict(&[&leaf], std::slice::from_ref(&stale)), Some(ChainError::StaleRevocationList));
    assert_eq!(verdict(&[&leaf], &[list(NOW - 60, NOW + 1)]), None);
    // The newest list counts, whatever the order.
    let fresh = list(NOW - 50, NOW + 60);
    assert_eq!(verdict(&[&leaf], &[stale.clone(), fresh.clone()]), None);
    assert_eq!(verdict(&[&leaf], &[fresh, stale]), None);
}

/// CA-21.
#[test]
fn the_list_of_another_issuer_says_nothing_and_a_forged_one_is_not_believed() {
    let leaf = ROOT.issue(client("client"));
    let other = root(authority("other"));
    let impostor = root(authority("root"));
    assert_eq!(verdict(&[&leaf], &[other.crl(&[7])]), None);
    assert_eq!(verdict(&[&leaf], &[impostor.crl(&[])]), Some(ChainError::BadRevocationList));
    let forged = impostor.crl_der(&[], NOW - 60, NOW + 60);
    assert!(!RevocationList::is_signed_by(&forged, &ROOT.certificate()));
    assert!(!RevocationList::is_signed_by(&other.crl_der(&[], NOW, NOW + 60), &ROOT.certificate()));
    let good = ROOT.crl_der(&[7], NOW - 60, NOW + 60);
    assert!(RevocationList::is_signed_by(&good, &ROOT.certificate()));
    assert!(!RevocationList::is_signed_by(&good[1..], &ROOT.certificate()));
    let issuer = RevocationList::parse_der(&good).unwrap();
    assert!(issuer.issuer().matches(&ROOT.certificate().subject));
}

/// CA-21: a list that cannot be believed is not to take the place of one that can.
#[test]
fn a_list_in_a_trusted_authoritys_name_is_signed_by_that_authority() {
    let (renewed, other) = (root(authority("root")), root(authority("other")));
    let check = |issuer: &Entity, trusted: &[&Entity]| {
        let der = issuer.crl_der(&[7], NOW - 60, NOW + 60);
        let authorities: Vec<_> = trusted.iter().map(|own| own.certificate()).collect();
        RevocationList::parse_der(&der).unwrap().check_signature(&der, &authorities)
    };
    assert_eq!(check(&ROOT, &[&ROOT]), Ok(()));
    assert_eq!(check(&renewed, &[&ROOT]), Err(RevocationListError::Signature));
    assert_eq!(check(&renewed, &[&ROOT, &renewed]), Ok(()), "with its new key");
    assert_eq!(check(&other, &[&ROOT]), Ok(()), "perhaps one below");
    for kind in [&rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ECDSA_P521_SHA512, &rcgen::PKCS_ED25519] {
        let own = root_with(authority("root"), rcgen::KeyPair::generate_for(kind).unwrap());
        assert_eq!(check(&own, &[&own]), Ok(()), "{kind:?}");
    }
}

/// An authority that changes its key and keeps its name has two lists for a while.
#[test]
fn a_certificate_is_checked_against_the_list_of_the_key_that_signed_it() {
    let next = root(authority("root"));
    let (leaf, lists) = (ROOT.issue(client("client")), [ROOT.crl(&[]), next.crl(&[7])]);
    assert_eq!(verdict(&[&leaf], &lists), None);
    let [own, other] = lists;
    assert_eq!(verdict(&[&leaf], &[other, own]), None);
    assert_eq!(verdict(&[&leaf], &[next.crl(&[]), ROOT.crl(&[7])]), Some(ChainError::Revoked));
}

/// RFC 5280 §5.2.5: a list for one distribution point does not answer for certificates of another.
#[test]
fn a_partial_list_counts_for_its_own_part() {
    let point = |uri: &str| CrlDistributionPoint { uris: vec![uri.into()] };
    let mut params = client("client");
    params.crl_distribution_points = vec![point("http://crl.example/a")];
    let leaf = ROOT.issue(params);
    let part = |uri: &str| {
        let part = CrlIssuingDistributionPoint { distribution_point: point(uri), scope: None };
        let der = ROOT.partial_crl_der(&[7], (NOW - 60, NOW + 60), Some(part));
        RevocationList::parse_der(&der).unwrap()
    };
    assert_eq!(verdict(&[&leaf], &[part("http://crl.example/b")]), None);
    assert_eq!(
        verdict(&[&leaf], &[part("http://crl.example/b"), part("http://crl.example/a")]),
        Some(ChainError::Revoked)
    );
}

/// CA-21.
#[test]
fn what_is_no_list_is_refused() {
    let good = ROOT.crl_der(&[1, 2, 3], NOW, NOW + 60);
    assert_eq!(
        RevocationList::parse_der(&vec![0x30; 50 * 1024 * 1024]).err(),
        Some(RevocationListError::TooLarge)
    );
    for bad in [&b""[..], b"x", &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &good[..good.len() - 1], &ROOT.der] {
        assert_eq!(RevocationList::parse_der(bad).err(), Some(RevocationListError::Malformed));
    }
    let pem = |count: usize| {
        use base64::Engine;
        let body = base64::engine::general_purpose::STANDARD.encode(&good);
        format!("-----BEGIN X509 CRL-----\r\n{body}\r\n-----END X509 CRL-----\r\n").repeat(count)
    };
    assert!(RevocationList::parse_pem(&pem(1)).is_ok());
    for count in [0, 2] {
        assert_eq!(RevocationList::parse_pem(&pem(count)).err(), Some(RevocationListError::Malformed));
    }
}

/// CA-21, RUSTSEC-2026-0104: `onlySomeReasons` as an empty BIT STRING.
#[test]
fn empty_reasons_make_nobody_panic() {
    let part = CrlIssuingDistributionPoint {
        distribution_point: CrlDistributionPoint { uris: vec!["http://crl.example/a".into()] },
        scope: None,
    };
    let good = ROOT.partial_crl_der(&[7], (NOW - 60, NOW + 60), Some(part));
    // The URI's last four bytes become `[3] onlySomeReasons` of no bytes, or of no bits.
    let uri = good.windows(20).position(|bytes| bytes == b"http://crl.example/a").unwrap();
    for reasons in [&[0x83, 0][..], &[0x83, 1, 0]] {
        let mut bad = good.clone();
        let end = uri + 20;
        bad[end - reasons.len()..end].copy_from_slice(reasons);
        // Lengths: of the URI, and of the two wrappers around it ([0] fullName and [0] distributionPoint).
        let cut = u8::try_from(reasons.len()).unwrap();
        for at in [uri - 1, uri - 3, uri - 5] {
            bad[at] -= cut;
        }
        let list = RevocationList::parse_der(&bad);
        assert!(list.is_err(), "{list:?}");
    }
}

/// No bit of a list can be changed: then it is no list, or one of another issuer, or one with a bad signature.
#[test]
fn a_list_with_a_changed_bit_is_not_believed() {
    let (leaf, ca) = (ROOT.issue(client("client")), ROOT.certificate());
    let good = ROOT.crl_der(&[7, 8], NOW - 60, NOW + 60);
    for (at, bit) in (0..good.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut changed = good.clone();
        changed[at] ^= 1 << bit;
        if let Ok(list) = RevocationList::parse_der(&changed) {
            assert!(!RevocationList::is_signed_by(&changed, &ca), "byte {at}, bit {bit}");
            let verdict = verdict(&[&leaf], &[list]);
            assert_ne!(verdict, Some(ChainError::Revoked), "byte {at}, bit {bit}");
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_of_lists_fail(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(RevocationList::parse_der(&bytes).is_err());
        prop_assert!(!RevocationList::is_signed_by(&bytes, &ROOT.certificate()));
    }
}
