//! Chains: requirement H-13's first half, attacks CA-19, CA-20 and CE-12.

use crate::pki::*;
use chancela_core::secret::sha256;
use chancela_core::time::Timestamp;
use chancela_core::x509::{AnchorError, Certificate, ChainError, PresentedChain, TrustAnchors};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyUsagePurpose,
    NameConstraints, SanType,
};

fn refusal(anchors: &TrustAnchors, entities: &[&Entity]) -> ChainError {
    anchors.verify(&chain(entities), &[], now()).expect_err("was believed")
}

fn with(mut params: CertificateParams, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    change(&mut params);
    params
}

#[test]
fn a_good_chain_names_every_authority_that_it_passed() {
    let ca = root(authority("root"));
    let intermediate = ca.issue(authority("intermediate"));
    let leaf = intermediate.issue(client("client"));
    let other = root(authority("other"));
    // Order does not count, and neither does a certificate that is not on the path.
    let verified = ca.anchors().verify(&chain(&[&leaf, &other, &intermediate]), &[], now()).unwrap();
    assert_eq!(verified.anchor, sha256(&ca.der));
    assert_eq!(verified.issuers, [sha256(&intermediate.der), sha256(&ca.der)]);
    let direct = ca.issue(client("client"));
    let verified = ca.anchors().verify(&chain(&[&direct]), &[], now()).unwrap();
    assert_eq!(verified.issuers, [verified.anchor]);
}

#[test]
fn both_certificates_of_a_renewed_authority_are_named() {
    let old = root(authority("root"));
    let new = with(authority("root"), |params| params.not_after = at(NOW + 99_999));
    let new_der = new.self_signed(&old.key).unwrap().der().to_vec();
    let new = Certificate::parse_der(&new_der).unwrap();
    let anchors = TrustAnchors::new(vec![old.certificate(), new.clone()]).unwrap();
    let leaf = chain(&[&old.issue(with(client("c"), |params| params.not_after = at(NOW + 99_999)))]);
    let verified = anchors.verify(&leaf, &[], now()).unwrap();
    assert_eq!(verified.issuers, [sha256(&old.der), new.sha256]);
    let later = Timestamp::from_seconds(NOW + 50_000);
    assert_eq!(anchors.verify(&leaf, &[], later).unwrap().issuers, [new.sha256]);
    assert_eq!(old.anchors().verify(&leaf, &[], later), Err(ChainError::AnchorOutsideValidity));
}

/// CA-19.
#[test]
fn a_certificate_is_good_from_its_first_to_its_last_second() {
    let ca = root(authority("root"));
    for (not_before, not_after, expected) in [
        (NOW - 9, NOW, None),
        (NOW, NOW + 9, None),
        (NOW - 9, NOW - 1, Some(ChainError::Expired)),
        (NOW + 1, NOW + 9, Some(ChainError::NotYetValid)),
    ] {
        let leaf = ca.issue(with(client("client"), |params| {
            params.not_before = at(not_before);
            params.not_after = at(not_after);
        }));
        assert_eq!(ca.anchors().verify(&chain(&[&leaf]), &[], now()).err(), expected);
        let intermediate = ca.issue(with(authority("intermediate"), |params| {
            params.not_before = at(not_before);
            params.not_after = at(not_after);
        }));
        let leaf = intermediate.issue(client("client"));
        assert_eq!(ca.anchors().verify(&chain(&[&leaf, &intermediate]), &[], now()).err(), expected);
    }
}

/// CA-19.
#[test]
fn a_certificate_for_something_else_is_refused() {
    let ca = root(authority("root"));
    let usage = |purposes: Vec<ExtendedKeyUsagePurpose>| {
        let leaf = ca.issue(with(client("client"), |params| params.extended_key_usages = purposes));
        let expected = leaf.certificate().client_auth;
        let verdict = ca.anchors().verify(&chain(&[&leaf]), &[], now());
        assert_eq!(verdict.is_ok(), expected);
        verdict.err()
    };
    use ExtendedKeyUsagePurpose::{Any, ClientAuth, ServerAuth};
    assert_eq!(usage(vec![]), None);
    assert_eq!(usage(vec![ServerAuth, ClientAuth]), None);
    assert_eq!(usage(vec![ServerAuth]), Some(ChainError::ExtendedKeyUsage));
    assert_eq!(usage(vec![Any]), Some(ChainError::ExtendedKeyUsage));
    let server_ca =
        ca.issue(with(authority("servers"), |params| params.extended_key_usages = vec![ServerAuth]));
    let leaf = server_ca.issue(client("client"));
    assert_eq!(refusal(&ca.anchors(), &[&leaf, &server_ca]), ChainError::ExtendedKeyUsage);
    let encipherment = ca.issue(with(client("client"), |params| {
        params.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
    }));
    assert_eq!(refusal(&ca.anchors(), &[&encipherment]), ChainError::KeyUsage);
}

/// CA-19: an authority is no client, not even one that is trusted.
#[test]
fn an_authority_is_no_client() {
    let ca = root(authority("root"));
    assert_eq!(refusal(&ca.anchors(), &[&ca]), ChainError::AuthorityAsClient);
    let leaf = ca.issue(with(client("client"), |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }));
    assert_eq!(refusal(&ca.anchors(), &[&leaf]), ChainError::AuthorityAsClient);
}

/// CE-12.
#[test]
fn a_client_is_no_authority() {
    let ca = root(authority("root"));
    let leaf = ca.issue(client("client"));
    let forged = leaf.issue(client("victim"));
    assert_eq!(refusal(&ca.anchors(), &[&forged, &leaf]), ChainError::NotAnAuthority);
    // CA:TRUE, but its key may not sign certificates.
    let half = ca.issue(with(authority("half"), |params| params.key_usages = vec![KeyUsagePurpose::CrlSign]));
    let forged = half.issue(client("victim"));
    assert_eq!(refusal(&ca.anchors(), &[&forged, &half]), ChainError::NotAnAuthority);
    // Nor does it become one in our own file.
    for (entity, expected) in [(&leaf, AnchorError::NotAnAuthority), (&half, AnchorError::NotAnAuthority)] {
        assert_eq!(TrustAnchors::new(vec![entity.certificate()]).err(), Some(expected));
    }
}

/// CA-19, CE-12.
#[test]
fn other_authorities_are_not_believed() {
    let ca = root(authority("root"));
    let stranger = root(authority("stranger"));
    let impostor = root(authority("root"));
    assert_eq!(refusal(&ca.anchors(), &[&stranger.issue(client("c"))]), ChainError::UnknownIssuer);
    assert_eq!(refusal(&ca.anchors(), &[&stranger.issue(client("c")), &stranger]), ChainError::UnknownIssuer);
    assert_eq!(refusal(&ca.anchors(), &[&impostor.issue(client("c")), &impostor]), ChainError::Signature);
    assert_eq!(refusal(&ca.anchors(), &[&root(client("self-signed"))]), ChainError::UnknownIssuer);
    assert_eq!(refusal(&TrustAnchors::default(), &[&ca.issue(client("c"))]), ChainError::UnknownIssuer);
    let short = ca.issue(with(authority("short"), |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    }));
    let below = short.issue(authority("below"));
    let leaf = below.issue(client("c"));
    assert_eq!(refusal(&ca.anchors(), &[&leaf, &below, &short]), ChainError::PathTooLong);
    assert!(ca.anchors().verify(&chain(&[&short.issue(client("c")), &short]), &[], now()).is_ok());
}

/// CA-19: made by openssl, because rcgen makes no such certificates.
#[test]
fn weak_signatures_and_keys_are_refused() {
    let anchors = TrustAnchors::from_pem(include_str!("fixtures/old_ca.pem")).unwrap();
    let verdict = |pem: &str| {
        let leaf = Certificate::parse_pem_chain(pem).unwrap().remove(0);
        anchors.verify(&PresentedChain::parse([&*leaf.der]).unwrap(), &[], now()).err()
    };
    assert_eq!(verdict(include_str!("fixtures/leaf_sha256.pem")), None);
    assert_eq!(verdict(include_str!("fixtures/leaf_sha1.pem")), Some(ChainError::SignatureAlgorithm));
    assert_eq!(verdict(include_str!("fixtures/leaf_rsa1024.pem")), Some(ChainError::WeakKey));
    let weak = TrustAnchors::from_pem(include_str!("fixtures/weak_ca.pem"));
    assert_eq!(weak.err(), Some(AnchorError::WeakKey));
}

/// CA-20.
#[test]
fn long_and_large_chains_are_not_even_read() {
    let ca = root(authority("root"));
    let mut entities = vec![ca.issue(authority("0"))];
    for depth in 1..20 {
        let next = entities.last().unwrap().issue(authority(&depth.to_string()));
        entities.push(next);
    }
    entities.push(entities.last().unwrap().issue(client("client")));
    let ders = |count: usize| entities.iter().rev().take(count).map(|entity| &*entity.der);
    assert_eq!(PresentedChain::parse(ders(21)).err(), Some(ChainError::TooManyCertificates));
    assert_eq!(PresentedChain::parse(ders(7)).err(), Some(ChainError::TooManyCertificates));
    assert_eq!(PresentedChain::parse(ders(6)).unwrap().intermediates.len(), 5);
    assert_eq!(PresentedChain::parse(ders(0)).err(), Some(ChainError::Empty));
    let large = vec![0x30; 1024 * 1024];
    assert_eq!(PresentedChain::parse([&*large]).err(), Some(ChainError::CertificateTooLarge));
    assert_eq!(PresentedChain::parse([&b"x"[..]]).err(), Some(ChainError::Malformed));
    let (leaf, tail) = (&entities[20].der, [&entities[0].der[..], b"x"].concat());
    assert_eq!(PresentedChain::parse([&**leaf, &*tail]).err(), Some(ChainError::Malformed));
}

/// CA-20: two authorities that signed each other lead nowhere, and soon.
#[test]
fn authorities_that_signed_each_other_end() {
    let (a, b) = (root(authority("a")), root(authority("b")));
    let clone = |entity: &Entity| rcgen::KeyPair::try_from(entity.key.serialized_der()).unwrap();
    let a_by_b = b.issue_for(authority("a"), clone(&a));
    let b_by_a = a.issue_for(authority("b"), clone(&b));
    let leaf = a.issue(client("client"));
    let ca = root(authority("root"));
    let all = [&leaf, &a_by_b, &b_by_a, &a, &b, &a_by_b];
    assert_eq!(refusal(&ca.anchors(), &all), ChainError::UnknownIssuer);
}

/// CA-20: as many constraints as fit in a certificate, against as many names.
#[test]
fn name_constraints_hold_and_many_of_them_end() {
    let ca = root(authority("root"));
    let constrained = |names: Vec<String>| {
        ca.issue(with(authority("constrained"), |params| {
            let permitted_subtrees = names.into_iter().map(GeneralSubtree::DnsName).collect();
            params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: vec![] });
        }))
    };
    let named = |issuer: &Entity, names: Vec<String>| {
        issuer.issue(with(client("client"), |params| {
            let names = names.into_iter().map(|name| SanType::DnsName(name.try_into().unwrap()));
            params.subject_alt_names = names.collect();
        }))
    };
    let one = constrained(vec!["good.example".into()]);
    let good = named(&one, vec!["a.good.example".into()]);
    assert!(ca.anchors().verify(&chain(&[&good, &one]), &[], now()).is_ok());
    let bad = named(&one, vec!["evil.example".into()]);
    assert_eq!(refusal(&ca.anchors(), &[&bad, &one]), ChainError::NameConstraints);
    let many = constrained((0..1200).map(|n| format!("{n}.b")).collect());
    let leaf = named(&many, (0..1200).map(|n| format!("{n}.a")).collect());
    let verdict = refusal(&ca.anchors(), &[&leaf, &many]);
    assert!(matches!(verdict, ChainError::NameConstraints | ChainError::TooComplex), "{verdict:?}");
}
