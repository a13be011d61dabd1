//! Which certificates are believed at all (CA-19, CE-12).

use super::*;
use crate::support::at;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa};

fn changed(change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = client_params("padaria");
    change(&mut params);
    params
}

/// CA-19.
#[tokio::test]
async fn a_certificate_outside_its_time_or_for_something_else_is_refused() {
    let bank = Bank::open().await;
    let client = bank.client("CN=padaria").await;
    assert_eq!(bank.status(&client, &bank.root.issue(&client_params("padaria"))).await, 200);
    for (title, params) in [
        ("expired a second ago", changed(|own| own.not_after = at(START - 1))),
        ("good in a second", changed(|own| own.not_before = at(START + 1))),
        ("a server's", changed(|own| own.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth])),
        ("an authority's", changed(|own| own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))),
    ] {
        let answer = bank.world.mtls_token(REALM, &client, "read", &bank.root.issue(&params)).await;
        assert_eq!(answer.refusal(), (401, "invalid_client".into()), "{title}");
    }
    let other = Root::new("Partner root");
    assert_eq!(bank.status(&client, &other.issue(&client_params("padaria"))).await, 401, "another root's");
    let mut below = other.issue(&client_params("padaria"));
    below.chain.push(other.der.clone());
    assert_eq!(bank.status(&client, &below).await, 401, "with the root that nobody trusts");
    assert_eq!(bank.status(&client, &Holder::self_signed(&client_params("padaria"))).await, 401);
}

/// CE-12: a client's certificate issues nothing.
#[tokio::test]
async fn a_clients_certificate_is_no_issuer() {
    let bank = Bank::open().await;
    let client = bank.client("CN=padaria").await;
    let leaf = bank.root.issue(&client_params("other"));
    let mut params = client_params("padaria");
    params.use_authority_key_identifier_extension = true;
    let above = client_params("other");
    let issuer = rcgen::Issuer::from_params(&above, &leaf.key);
    let key = rcgen::KeyPair::generate().unwrap();
    let der = params.signed_by(&key, &issuer).unwrap().der().to_vec();
    let forged = Holder { key, chain: vec![der, leaf.chain[0].clone()], serial: String::new() };
    assert_eq!(bank.status(&client, &forged).await, 401);
}

/// CE-12: what one realm's authority issued is nothing to another realm, though the name is the same.
#[tokio::test]
async fn another_realms_authority_is_a_stranger() {
    let plans = ["one", "two"].map(|name| RealmPlan::new(name, "standard", "default").with_mtls(&[]));
    let world = World::open(plans.into()).await;
    let own = world.register("one", certificate_client()).await;
    let holder = world.certify("one", &own, None).await;
    let dn = world.server.realm("one").unwrap().certificate_authority.as_ref().unwrap().register.all()[0]
        .issued()
        .unwrap()
        .subject
        .to_string();
    let new = NewClient { tls_client_auth_subject_dn: Some(dn), ..certificate_client() };
    let here = world.register("one", new.clone()).await;
    let there = world.register("two", new).await;
    assert_eq!(world.mtls_token("one", &here, "read", &holder).await.status, 200);
    let answer = world.mtls_token("two", &there, "read", &holder).await;
    assert_eq!(answer.refusal(), (401, "invalid_client".into()));
}
