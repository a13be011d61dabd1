//! What comes next for a good request, and what an approval leaves behind.

use crate::world::{NOW, SUBJECT, VERIFIER, World, challenge};
use chancela_core::authorization::{Facts, Next, acr, decide};
use chancela_core::effect::Effect;
use chancela_core::message::authorization_request::AuthorizationRequest;
use chancela_core::record::{Consent, Passkey};
use chancela_core::time::Timestamp;
use chancela_core::token::authorization_code;
use proptest::prelude::*;

/// The decision in one word.
fn next(world: &World, request: &AuthorizationRequest, facts: &Facts<'_>) -> String {
    let request = world.validate(request).unwrap();
    match decide(&request, facts) {
        Next::Login { reason } => format!("login {reason:?}"),
        Next::SelectAccount => "select_account".into(),
        Next::StepUp { acr } => format!("step_up {acr}"),
        Next::Consent { missing } => format!("consent {missing}"),
        Next::Refuse(rejection) => rejection.rule.name().into(),
        Next::Approve(_) => "approve".into(),
    }
}

fn consent(scope: &str) -> Consent {
    Consent {
        realm: "r".into(),
        subject: SUBJECT.into(),
        client: chancela_core::id::ClientKey(7),
        scope: scope.into(),
        granted_at: 0,
    }
}

fn passkey() -> Passkey {
    let (id, name, public_key) = ("i".into(), "n".into(), "k".into());
    Passkey { id, name, public_key, sign_count: 0, created_at: 0, last_used_at: None }
}

/// B-23.
#[test]
fn without_a_page_every_question_is_an_error() {
    let world = World::new();
    let allowed = consent("openid read");
    let silent = world.request().with("prompt", "none");
    let facts = Facts { consent: Some(&allowed), ..world.facts() };
    assert_eq!(next(&world, &silent, &facts), "approve");
    assert_eq!(next(&world, &silent, &Facts { session: None, ..facts }), "login_required");
    assert_eq!(next(&world, &silent, &Facts { consent: None, ..facts }), "consent_required");
    assert_eq!(next(&world, &silent, &Facts { expected_sub: Some("other"), ..facts }), "login_required");
    assert_eq!(next(&world, &silent.with("max_age", "10"), &facts), "login_required");
}

#[test]
fn a_login_is_asked_for_when_there_is_none_or_it_is_no_longer_good() {
    let mut world = World::new();
    let request = world.request();
    assert_eq!(next(&world, &request, &Facts { session: None, ..world.facts() }), "login NoSession");
    let late = Facts { now: Timestamp::from_seconds(world.session.expires_at), ..world.facts() };
    assert_eq!(next(&world, &request, &late), "login NoSession");
    world.user.tokens_not_before = world.session.created_at + 1;
    assert_eq!(next(&world, &request, &world.facts()), "login NoSession");
    world.user.tokens_not_before = 0;
    world.user.enabled = false;
    assert_eq!(next(&world, &request, &world.facts()), "login NoSession");
    world.user.enabled = true;
    world.client.tenant = Some("another".into());
    assert_eq!(next(&world, &request, &world.facts()), "login NoSession");
    world.user.tenant = "another".into();
    assert_eq!(next(&world, &request, &world.facts()), "consent openid read");
    world.session.subject = "user-2".into();
    assert_eq!(next(&world, &request, &world.facts()), "login NoSession");
}

#[test]
fn a_demanded_login_is_answered_by_one_of_this_transaction() {
    let world = World::new();
    let auth_time = world.session.authentication.auth_time;
    let before = Some(Timestamp::from_millis(auth_time * 1000 + 999));
    let after = Some(Timestamp::from_seconds(auth_time + 1));
    for (name, value, asked) in [
        ("prompt", "login", "login Prompt"),
        ("max_age", "99", "login TooOld"),
        ("max_age", "0", "login TooOld"),
        ("prompt", "select_account", "select_account"),
    ] {
        let request = world.request().with(name, value);
        assert_eq!(next(&world, &request, &world.facts()), asked);
        assert_eq!(next(&world, &request, &Facts { began_at: after, ..world.facts() }), asked);
        let fresh = Facts { began_at: before, ..world.facts() };
        assert_eq!(next(&world, &request, &fresh), "consent openid read");
    }
    let request = world.request().with("max_age", "100");
    assert_eq!(next(&world, &request, &world.facts()), "consent openid read");
    let request = world.request().with("prompt", "select_account");
    let chosen = Facts { account_chosen: true, ..world.facts() };
    assert_eq!(next(&world, &request, &chosen), "consent openid read");
}

#[test]
fn a_clients_default_age_counts_where_the_request_names_none() {
    let mut world = World::new();
    world.client.default_max_age = Some(50);
    assert_eq!(next(&world, &world.request(), &world.facts()), "login TooOld");
    let request = world.request().with("max_age", "1000");
    assert_eq!(next(&world, &request, &world.facts()), "consent openid read");
}

#[test]
fn another_user_than_the_expected_one_logs_in() {
    let world = World::new();
    let other = Facts { expected_sub: Some("user-2"), ..world.facts() };
    assert_eq!(next(&world, &world.request(), &other), "login OtherUser");
    let claims = r#"{"id_token":{"sub":{"value":"user-2"}}}"#;
    assert_eq!(next(&world, &world.request().with("claims", claims), &world.facts()), "login OtherUser");
    let same = Facts { expected_sub: Some(SUBJECT), ..world.facts() };
    assert_eq!(next(&world, &world.request(), &same), "consent openid read");
}

#[test]
fn consent_is_remembered_until_more_is_asked() {
    let mut world = World::new();
    let allowed = consent("openid read");
    assert_eq!(
        next(&world, &world.request(), &Facts { consent: Some(&allowed), ..world.facts() }),
        "approve"
    );
    let more = world.request().with("scope", "openid read offline_access");
    let known = Facts { consent: Some(&allowed), ..world.facts() };
    assert_eq!(next(&world, &more, &known), "consent offline_access");
    let again = world.request().with("prompt", "consent");
    assert_eq!(next(&world, &again, &known), "consent openid read");
    assert_eq!(next(&world, &again, &Facts { consent_given_now: Some(true), ..known }), "approve");
    assert_eq!(next(&world, &again, &Facts { consent_given_now: Some(false), ..known }), "consent_refused");
    world.client.require_consent = false;
    assert_eq!(next(&world, &world.request(), &world.facts()), "approve");
    assert_eq!(next(&world, &again, &world.facts()), "consent openid read");
}

#[test]
fn a_first_request_without_scope_is_asked_too() {
    let mut world = World::new();
    world.scope.when_absent = chancela_core::dialect::WhenScopeAbsent::None;
    assert_eq!(next(&world, &world.request().without("scope"), &world.facts()), "consent ");
}

/// An answer to the consent page does not stand in for a login.
#[test]
fn a_consent_without_a_session_is_none() {
    let world = World::new();
    let facts = Facts { session: None, consent_given_now: Some(true), ..world.facts() };
    assert_eq!(next(&world, &world.request(), &facts), "login NoSession");
}

#[test]
fn an_essential_context_class_is_reached_or_refused() {
    let mut world = World::new();
    let claims = |class: &str| format!(r#"{{"id_token":{{"acr":{{"essential":true,"value":"{class}"}}}}}}"#);
    let request = world.request().with("claims", &claims(acr::TWO_FACTORS));
    let unmet = "unmet_authentication_requirements";
    assert_eq!(next(&world, &request, &world.facts()), unmet);
    world.user.passkeys.push(passkey());
    assert_eq!(next(&world, &request, &world.facts()), format!("step_up {}", acr::TWO_FACTORS));
    let silent = request.clone().with("prompt", "none");
    assert_eq!(next(&world, &silent, &world.facts()), "login_required");
    world.session.authentication.acr = acr::PHISHING_RESISTANT.into();
    assert_eq!(next(&world, &request, &world.facts()), "consent openid read");
    let strange = world.request().with("claims", &claims("urn:strange"));
    assert_eq!(next(&world, &strange, &world.facts()), unmet);
}

#[test]
fn a_wished_context_class_is_asked_for_once() {
    let mut world = World::new();
    let request = world.request().with("acr_values", "urn:strange phr");
    assert_eq!(next(&world, &request, &world.facts()), "consent openid read", "the user cannot");
    world.user.passkeys.push(passkey());
    assert_eq!(next(&world, &request, &world.facts()), "step_up phr");
    let fresh = Facts { began_at: Some(Timestamp::from_seconds(0)), ..world.facts() };
    assert_eq!(next(&world, &request, &fresh), "consent openid read", "the user did not want to");
}

/// E-06.
#[test]
fn an_approval_leaves_a_code_a_consent_and_a_mark_in_the_session() {
    let mut world = World::new();
    world.user.tenant = "t".into();
    let claims = r#"{"userinfo":{"email":null}}"#;
    let request = world.request().with("claims", claims).with("resource", "https://api.example/");
    let valid = world.validate(&request).unwrap();
    let before = consent("profile");
    let facts = Facts { consent: Some(&before), consent_given_now: Some(true), ..world.facts() };
    let Next::Approve(approved) = decide(&valid, &facts) else { panic!("not approved") };
    let issued =
        chancela_core::authorization::approve(approved, &world.rules, &world.pepper, &world.entropy).unwrap();
    let [
        Effect::InsertAuthorizationCode(code),
        Effect::PutConsent(consent),
        Effect::PutSession { session, expected_version },
    ] = issued.effects.as_slice()
    else {
        panic!("{:?}", issued.effects)
    };
    assert_eq!(authorization_code::parse(&issued.code, &world.pepper), Some(code.id));
    assert_eq!((code.issued_at, code.expires_at), (NOW.seconds(), NOW.seconds() + 30));
    assert!(code.id.dropped_at() > code.expires_at, "a replay is recognised");
    assert_eq!((&*code.subject, &*code.scope, code.nonce.as_deref()), (SUBJECT, "openid read", Some("n")));
    assert_eq!(code.code_challenge, chancela_core::pkce::parse_challenge(&challenge(VERIFIER)));
    assert_eq!(code.details.tenant.as_deref(), Some("t"));
    assert_eq!(code.details.resource.as_deref(), Some("https://api.example/"));
    assert_eq!(code.details.authentication, Some(world.session.authentication.clone()));
    assert!(code.details.claims.contains_key("userinfo"));
    assert_eq!(&*consent.scope, "profile openid read");
    assert_eq!(
        (session.clients.as_slice(), *expected_version, session.version),
        (&[world.client.key][..], Some(3), 4)
    );
}

/// E-01.
#[test]
fn a_code_lives_as_long_as_client_and_dialect_say_within_the_cap() {
    let mut world = World::new();
    let lifetime = |world: &World| {
        let (code, _) = world.code_for(&world.request());
        code.expires_at - code.issued_at
    };
    assert_eq!(lifetime(&world), 30);
    for (own, dialect, expected) in [(45, 30, 45), (61, 30, 60), (0, 30, 1), (600, 300, 300), (10, 300, 10)] {
        world.client.authorization_code_lifetime = Some(own);
        world.rules.code_lifetime = dialect;
        assert_eq!(lifetime(&world), expected, "{own} {dialect}");
    }
}

proptest! {
    /// B-23: whatever is known, `prompt=none` shows no page; and nothing is approved without a live session of an
    /// enabled user, nor without consent.
    #[test]
    fn silence_shows_nothing_and_approval_needs_a_user_who_said_yes(
        none: bool, logged_in: bool, enabled: bool, began in proptest::option::of(-200_i64..200),
        age in proptest::option::of(0_u32..200), allowed in proptest::option::of("(openid|read|profile)( read)?"),
        given in proptest::option::of(any::<bool>()), expected: bool, not_before in -200_i64..200,
    ) {
        let mut world = World::new();
        world.user.enabled = enabled;
        world.user.tokens_not_before = NOW.seconds() + not_before;
        let mut request = world.request();
        if none { request = request.with("prompt", "none"); }
        if let Some(age) = age { request = request.with("max_age", &age.to_string()); }
        let allowed = allowed.map(|scope| consent(&scope));
        let facts = Facts {
            session: Some((&world.session, &world.user)).filter(|_| logged_in),
            consent: allowed.as_ref(),
            began_at: began.map(|offset| NOW.plus_seconds(offset)),
            consent_given_now: given,
            expected_sub: Some("other").filter(|_| expected),
            ..world.facts()
        };
        let word = next(&world, &request, &facts);
        if none {
            prop_assert!(word == "approve" || word.ends_with("_required") || word == "consent_refused", "{}", word);
        }
        if word == "approve" {
            prop_assert!(logged_in && enabled && !expected);
            prop_assert!(world.session.created_at >= world.user.tokens_not_before);
            prop_assert!(given == Some(true) || allowed.is_some_and(|c| c.scope.contains("openid") && c.scope.contains("read")));
        }
    }
}
