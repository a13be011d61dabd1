//! Ceremonies from end to end: the specification's vectors, an authenticator of our own for every algorithm, and every
//! way in which an answer can be wrong.

mod authenticator;
mod laws;
mod vectors;

use super::*;
use crate::authentication::factor::PasskeyProof;
use crate::authentication::tests::{pepper, user};
use crate::record::User;
use assertion::Response;
use authenticator::{Authenticator, Says};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::json;
use vectors::{NONE_ES256, PACKED_SELF_ES256, Vector};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
}

fn text(hex: &str) -> String {
    BASE64URL.encode(bytes(hex))
}

fn party() -> RelyingParty {
    RelyingParty::of_issuer("https://example.org/login", "Example").unwrap()
}

fn specified(vector: &Vector) -> (String, String) {
    let id = text(vector.credential_id);
    let created = json!({
        "type": "public-key", "id": id, "rawId": id, "clientExtensionResults": {},
        "response": {
            "clientDataJSON": text(vector.registration_client_data),
            "attestationObject": text(vector.attestation_object),
            "transports": ["internal"],
        },
    });
    let got = json!({
        "type": "public-key", "id": id, "rawId": id, "authenticatorAttachment": "platform",
        "response": {
            "clientDataJSON": text(vector.assertion_client_data),
            "authenticatorData": text(vector.authenticator_data),
            "signature": text(vector.signature),
            "userHandle": null,
        },
    });
    (created.to_string(), got.to_string())
}

#[test]
fn the_vectors_of_the_specification_are_good() {
    for (vector, verified_first) in [(&NONE_ES256, false), (&PACKED_SELF_ES256, true)] {
        let (created, got) = specified(vector);
        let challenge = bytes(vector.registration_challenge);
        let registered =
            registration::verify(&created, &party(), &challenge, UserVerification::Preferred).unwrap();
        assert_eq!(registered.id, bytes(vector.credential_id));
        assert_eq!((registered.user_verified, registered.backed_up), (verified_first, true));
        let user = registered.add_to(&user(), "Phone", NOW).unwrap();
        let challenge = bytes(vector.assertion_challenge);
        let response = Response::parse(&got).unwrap();
        let asserted = response.verify(&party(), &user, &challenge, UserVerification::Preferred).unwrap();
        assert_eq!(asserted.proof, PasskeyProof::Present);
        let after = asserted.spend(&user, NOW);
        assert_eq!(after.version, user.version + 1);
        assert_eq!(after.passkeys[0].last_used_at, Some(NOW.seconds()));
        let refused = response.verify(&party(), &user, &challenge, UserVerification::Required);
        assert_eq!(refused, Err(Refused::UserNotVerified));
    }
}

/// A registered passkey.
fn registered(authenticator: &Authenticator) -> User {
    let challenge = challenge(&pepper(), Ceremony::Registration, b"browser", NOW);
    let created = authenticator.create(&challenge, &Says::default());
    let registered =
        registration::verify(&created, &party(), &challenge, UserVerification::Required).unwrap();
    registered.add_to(&user(), "Key", NOW).unwrap()
}

fn log_in(authenticator: &Authenticator, user: &User, says: &Says) -> Result<User, Refused> {
    let challenge = challenge(&pepper(), Ceremony::Assertion, b"browser", NOW);
    let response = Response::parse(&authenticator.get(&challenge, says))?;
    response
        .verify(&party(), user, &challenge, UserVerification::Required)
        .map(|asserted| asserted.spend(user, NOW))
}

#[test]
fn every_algorithm_registers_and_logs_in() {
    for authenticator in Authenticator::of_every_algorithm() {
        let user = registered(&authenticator);
        let says = Says { handle: Some(user.subject.to_string()), sign_count: 1, ..Says::default() };
        let after = log_in(&authenticator, &user, &says).unwrap();
        assert_eq!(after.passkeys[0].sign_count, 1);
    }
}

#[test]
fn a_discoverable_credential_names_its_user() {
    let authenticator = Authenticator::es256();
    let user = registered(&authenticator);
    let says = Says { handle: Some(user.subject.to_string()), ..Says::default() };
    let response = Response::parse(&authenticator.get(&[1; 32], &says)).unwrap();
    assert_eq!(response.subject(), Some(&*user.subject));
    let other = User { subject: "user-other".into(), ..user };
    assert_eq!(log_in(&authenticator, &other, &says), Err(Refused::Passkey));
}

/// EN-03, and WebAuthn Level 3 §7.2 step by step.
#[test]
fn each_thing_that_is_wrong_is_refused() {
    let authenticator = Authenticator::es256();
    let user = registered(&authenticator);
    let good = Says::default;
    for (says, refused) in [
        (Says { kind: "webauthn.create", ..good() }, Refused::OtherCeremony),
        (Says { origin: "https://example.org.evil.example", ..good() }, Refused::Origin),
        (Says { origin: "https://sub.example.org", ..good() }, Refused::Origin),
        (Says { origin: "https://example.org:8443", ..good() }, Refused::Origin),
        (Says { origin: "http://example.org", ..good() }, Refused::Origin),
        (Says { cross_origin: json!(true), ..good() }, Refused::Origin),
        (Says { cross_origin: json!("false"), ..good() }, Refused::Malformed),
        (Says { challenge: Some(vec![0; 32]), ..good() }, Refused::Challenge),
        (Says { challenge: Some(Vec::new()), ..good() }, Refused::Challenge),
        (Says { rp_id: "evil.example", ..good() }, Refused::RelyingParty),
        (Says { flags: 0x04, ..good() }, Refused::UserNotPresent),
        (Says { flags: 0x01, ..good() }, Refused::UserNotVerified),
        (Says { flags: 0x15, ..good() }, Refused::Malformed),
        (Says { flags: 0x85, ..good() }, Refused::Malformed),
        (Says { trailing: vec![0], ..good() }, Refused::Malformed),
        (Says { spoil_signature: true, ..good() }, Refused::Signature),
        (Says { id: Some(vec![9; 16]), ..good() }, Refused::Passkey),
    ] {
        assert_eq!(log_in(&authenticator, &user, &says), Err(refused), "{says:?}");
    }
    assert!(log_in(&authenticator, &user, &good()).is_ok());
    let other = Authenticator { id: authenticator.id.clone(), ..Authenticator::es256() };
    assert_eq!(log_in(&other, &user, &good()), Err(Refused::Signature));
}

#[test]
fn a_counter_only_goes_forward() {
    let authenticator = Authenticator::es256();
    let user = registered(&authenticator);
    let at = |user: &User, sign_count| log_in(&authenticator, user, &Says { sign_count, ..Says::default() });
    let user = at(&user, 0).unwrap();
    let user = at(&user, 5).unwrap();
    for stale in [0, 4, 5] {
        assert_eq!(at(&user, stale), Err(Refused::Counter));
    }
    assert_eq!(at(&user, 6).unwrap().passkeys[0].sign_count, 6);
}

#[test]
fn an_answer_means_nothing_in_another_browser_moment_or_ceremony() {
    let (pepper, later) = (pepper(), NOW.plus_seconds(1));
    let own = challenge(&pepper, Ceremony::Assertion, b"browser", NOW);
    assert_ne!(own, challenge(&pepper, Ceremony::Assertion, b"another", NOW));
    assert_ne!(own, challenge(&pepper, Ceremony::Assertion, b"browser", later));
    assert_ne!(own, challenge(&pepper, Ceremony::Registration, b"browser", NOW));
}

#[test]
fn a_registration_that_is_wrong_adds_nothing() {
    let authenticator = Authenticator::es256();
    let challenge = [7; 32];
    let verify = |says: &Says, verification| {
        registration::verify(&authenticator.create(&challenge, says), &party(), &challenge, verification)
    };
    let good = Says::default;
    for (says, refused) in [
        (Says { kind: "webauthn.get", ..good() }, Refused::OtherCeremony),
        (Says { origin: "https://evil.example", ..good() }, Refused::Origin),
        (Says { challenge: Some(vec![8; 32]), ..good() }, Refused::Challenge),
        (Says { rp_id: "evil.example", ..good() }, Refused::RelyingParty),
        (Says { flags: 0x01, ..good() }, Refused::UserNotVerified),
        (Says { flags: 0x04, ..good() }, Refused::UserNotPresent),
        (Says { id: Some(Vec::new()), ..good() }, Refused::UnsupportedKey),
        (Says { id: Some(vec![1; 1024]), ..good() }, Refused::UnsupportedKey),
        (Says { trailing: vec![0xa0], ..good() }, Refused::Malformed),
    ] {
        assert_eq!(verify(&says, UserVerification::Required), Err(refused), "{says:?}");
    }
    let registered = verify(&good(), UserVerification::Required).unwrap();
    let once = registered.add_to(&user(), "Key", NOW).unwrap();
    assert_eq!(registered.add_to(&once, "Key again", NOW), Err(Refused::Passkey));
    for name in ["", " ", "a\nb", "a\u{202e}b", &"a".repeat(101)] {
        assert_eq!(registered.add_to(&user(), name, NOW), Err(Refused::Passkey), "{name:?}");
    }
    let full = User { passkeys: vec![once.passkeys[0].clone(); MAX_PASSKEYS], ..user() };
    let other = registration::Registered { id: vec![1], ..registered };
    assert_eq!(other.add_to(&full, "One more", NOW), Err(Refused::Passkey));
}

#[test]
fn only_origins_where_browsers_have_passkeys_are_relying_parties() {
    let of = |issuer| RelyingParty::of_issuer(issuer, "Bank").map(|party| (party.id, party.origin));
    let is = |id: &str, origin: &str| Some((id.into(), origin.into()));
    assert_eq!(of("https://ID.Example/bank"), is("id.example", "https://id.example"));
    assert_eq!(of("https://id.example:443"), is("id.example", "https://id.example"));
    assert_eq!(of("https://id.example:8443/x"), is("id.example", "https://id.example:8443"));
    assert_eq!(of("http://localhost:8080/main"), is("localhost", "http://localhost:8080"));
    for other in ["http://id.example", "https://127.0.0.1", "http://127.0.0.1:8080", "https://[::1]:1", "x"] {
        assert_eq!(of(other), None, "{other}");
    }
}

#[test]
fn a_browser_is_asked_for_what_is_verified() {
    let authenticator = Authenticator::es256();
    let user = registered(&authenticator);
    let asked = options::creation(&party(), &user, b"challenge", UserVerification::Required);
    assert_eq!(asked["user"]["id"], BASE64URL.encode(&*user.subject));
    assert_eq!(asked["excludeCredentials"][0]["id"], BASE64URL.encode(&authenticator.id));
    assert_eq!(asked["authenticatorSelection"]["residentKey"], "required");
    assert_eq!((&asked["attestation"], &asked["rp"]["id"]), (&json!("none"), &json!("example.org")));
    assert_eq!(asked["pubKeyCredParams"].as_array().unwrap().len(), 3);
    let asked = options::request(&party(), b"challenge", &[], UserVerification::Required);
    assert_eq!((&asked["allowCredentials"], &asked["userVerification"]), (&json!([]), &json!("required")));
    let asked = options::request(&party(), b"c", &user.passkeys, UserVerification::Preferred);
    assert_eq!(asked["allowCredentials"].as_array().map(Vec::len), Some(1));
}
