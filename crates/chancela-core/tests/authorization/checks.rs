//! Which requests are good, and to whom an error may be told.

use crate::world::{CALLBACK, World};
use chancela_core::authorization::ResponseMode;
use chancela_core::client_auth::Method;
use chancela_core::dialect::{FixedParameter, WhenScopeAbsent};
use chancela_core::grant::GrantType;
use chancela_core::message::authorization_request::AuthorizationRequest;
use chancela_core::rejection::Rule;
use proptest::prelude::*;

const EVIL: &str = "https://evil.test/cb";

#[test]
fn a_good_request_is_read_whole() {
    let world = World::new();
    let request = world
        .request()
        .with("response_mode", "form_post")
        .with("prompt", "login consent")
        .with("max_age", "60")
        .with("acr_values", "urn:a b")
        .with("resource", "https://api.example/")
        .with("login_hint", "ana")
        .with("claims", r#"{"userinfo":{"email":null}}"#)
        .with("display", "popup")
        .with("unknown", "x");
    let valid = world.validate(&request).unwrap();
    assert_eq!(&*valid.target.redirect_uri, CALLBACK);
    assert_eq!(valid.target.response_mode, ResponseMode::FormPost);
    assert_eq!(valid.target.state.as_deref(), Some("s t+"));
    assert_eq!(valid.scope.as_str(), "openid read");
    assert_eq!(valid.nonce.as_deref(), Some("n"));
    assert!(valid.code_challenge.is_some() && valid.redirect_uri_given);
    assert!(valid.prompt.login && valid.prompt.consent && !valid.prompt.none);
    assert_eq!(valid.max_age, Some(60));
    assert_eq!(valid.resource.as_deref(), Some("https://api.example/"));
    assert_eq!(valid.login_hint.as_deref(), Some("ana"));
    assert!(valid.claims.as_map().contains_key("userinfo"));
    let again = AuthorizationRequest::parse(request.to_query().as_bytes()).unwrap();
    assert_eq!(again, request, "what the pages carry is the same request");
}

/// B-07.
#[test]
fn without_a_trusted_client_and_uri_nobody_is_told() {
    let mut world = World::new();
    let request = world.request();
    assert_eq!(world.refused(&request.clone().without("client_id")), (Rule::MissingClientId, false));
    assert_eq!(
        world.refused(&request.clone().with("client_id", "nobody")),
        (Rule::UnknownClientAtAuthorization, false)
    );
    assert_eq!(world.refused(&request.clone().without("redirect_uri")), (Rule::MissingRedirectUri, false));
    for uri in [EVIL, "https://app.example/cb/", "javascript:alert(1)", "//evil.test"] {
        let request = request.clone().with("redirect_uri", uri);
        assert_eq!(world.refused(&request), (Rule::UnregisteredRedirectUri, false), "{uri}");
    }
    world.client.enabled = false;
    assert_eq!(world.refused(&request), (Rule::UnknownClientAtAuthorization, false));
    world.client.enabled = true;
    world.client.realm = "another".into();
    assert_eq!(world.refused(&request), (Rule::UnknownClientAtAuthorization, false));
}

/// RU-15.
#[test]
fn a_redirect_uri_sent_twice_leads_nowhere() {
    let world = World::new();
    for (first, second) in [(CALLBACK, EVIL), (EVIL, CALLBACK), (CALLBACK, CALLBACK)] {
        let query = world.request().without("redirect_uri").to_query();
        let query = format!("redirect_uri={first}&{query}&redirect_uri={second}");
        let request = AuthorizationRequest::parse(query.as_bytes()).unwrap();
        assert_eq!(world.refused(&request), (Rule::DuplicateParameter, false));
    }
    let query = world.request().to_query() + "&client_id=app";
    let request = AuthorizationRequest::parse(query.as_bytes()).unwrap();
    assert_eq!(world.refused(&request), (Rule::DuplicateParameter, false));
}

/// Requests with one thing wrong, and the rule.
fn wrong(world: &World) -> Vec<(AuthorizationRequest, Rule)> {
    let good = || world.request();
    let twice = |name: &str| {
        let query = good().to_query() + &format!("&{name}=x&{name}=x");
        AuthorizationRequest::parse(query.as_bytes()).unwrap()
    };
    let with = |name: &str, value: &str| good().with(name, value);
    let long = "x".repeat(3000);
    vec![
        (twice("state"), Rule::DuplicateParameter),
        (twice("unknown"), Rule::DuplicateParameter),
        (good().without("response_type"), Rule::MissingResponseType),
        (with("response_type", "token"), Rule::UnsupportedResponseType),
        (with("response_type", "id_token"), Rule::UnsupportedResponseType),
        (with("response_type", "code token"), Rule::UnsupportedResponseType),
        (with("response_mode", "fragment"), Rule::UnsupportedResponseMode),
        (with("response_mode", "jwt"), Rule::UnsupportedResponseMode),
        (with("response_mode", "form_post.jwt"), Rule::UnsupportedResponseMode),
        (with("request", "e30.e30."), Rule::RequestObjectNotSupported),
        (with("request_uri", EVIL), Rule::RequestUriNotSupported),
        (with("registration", "{}"), Rule::RegistrationNotSupported),
        (with("state", &long), Rule::StateTooLong),
        (with("nonce", &long), Rule::NonceTooLong),
        (with("login_hint", &long), Rule::LoginHintTooLong),
        (with("ui_locales", &long), Rule::UiLocalesTooLong),
        (good().without("code_challenge"), Rule::MissingCodeChallenge),
        (good().without("code_challenge_method"), Rule::UnsupportedCodeChallengeMethod),
        (with("code_challenge_method", "plain"), Rule::UnsupportedCodeChallengeMethod),
        (with("code_challenge_method", "s256"), Rule::UnsupportedCodeChallengeMethod),
        (with("code_challenge_method", "S512"), Rule::UnsupportedCodeChallengeMethod),
        (with("code_challenge", "short"), Rule::MalformedCodeChallenge),
        (with("prompt", "none login"), Rule::MalformedPrompt),
        (with("prompt", "create"), Rule::MalformedPrompt),
        (with("max_age", "-1"), Rule::MalformedMaxAge),
        (with("max_age", "+1"), Rule::MalformedMaxAge),
        (with("max_age", "99999999999"), Rule::MalformedMaxAge),
        (with("claims", "[]"), Rule::MalformedClaims),
        (with("scope", "openid unheard.of"), Rule::UnknownScope),
        (with("scope", "openid write"), Rule::UngrantedScope),
        (with("scope", "openid \"x"), Rule::MalformedScope),
        (with("resource", "https://other.example/"), Rule::UnknownResource),
        (with("resource", "https://api.example/#x"), Rule::UnknownResource),
    ]
}

/// PK-03, PK-04, PK-05, B-13: each error of RFC 6749 §4.1.2.1 goes back to the client.
#[test]
fn what_else_is_wrong_the_client_hears() {
    let world = World::new();
    for (request, rule) in wrong(&world) {
        assert_eq!(world.refused(&request), (rule, true));
        let target = world.validate(&request).unwrap_err().answer_to.unwrap();
        assert_eq!(&*target.redirect_uri, CALLBACK);
        let state = request.single("state").ok().flatten();
        assert_eq!(target.state.as_deref(), state, "{rule:?}");
    }
}

/// RU-09, RU-10, RU-17.
#[test]
fn an_unregistered_uri_together_with_any_other_error_leads_nowhere() {
    let world = World::new();
    for (request, _) in wrong(&world) {
        for more in ["none", "login"] {
            let request = request.clone().with("redirect_uri", EVIL).with("prompt", more);
            let (_, told) = world.refused(&request);
            assert!(!told);
        }
    }
}

#[test]
fn a_client_without_the_grant_is_told_so() {
    let mut world = World::new();
    world.grants(&[GrantType::ClientCredentials]);
    assert_eq!(world.refused(&world.request()), (Rule::UnauthorizedGrantType, true));
}

/// D-01, PK-03.
#[test]
fn a_challenge_is_left_out_only_where_client_or_dialect_say_so() {
    let mut world = World::new();
    let bare = world.request().without("code_challenge").without("code_challenge_method");
    let left_out = |world: &World| world.validate(&bare).is_ok();
    assert!(!left_out(&world));
    world.client.require_pkce = Some(false);
    assert!(left_out(&world));
    assert_eq!(
        world.refused(&world.request().without("code_challenge")).0,
        Rule::MissingCodeChallenge,
        "a method without a challenge is half of a request"
    );
    world.client.require_pkce = None;
    world.rules.danger_pkce_optional = true;
    assert!(left_out(&world));
    world.client.require_pkce = Some(true);
    assert!(!left_out(&world));
    world.client.require_pkce = Some(false);
    world.client.token_endpoint_auth_method = Some(Method::None);
    assert!(!left_out(&world), "a public client always needs one");
}

#[test]
fn the_redirect_uri_may_be_left_out_where_there_is_one_and_no_openid() {
    let mut world = World::new();
    let request = world.request().without("redirect_uri").with("scope", "read");
    let valid = world.validate(&request).unwrap();
    assert_eq!((&*valid.target.redirect_uri, valid.redirect_uri_given), (CALLBACK, false));
    assert_eq!(world.refused(&request.clone().with("scope", "read openid")).0, Rule::MissingRedirectUri);
    world.client.redirect_uris.push("https://app.example/other".into());
    assert_eq!(world.refused(&request), (Rule::MissingRedirectUri, false));
}

#[test]
fn a_dialects_own_parameters_and_scope_are_demanded() {
    let mut world = World::new();
    world.rules.parameters = vec![FixedParameter { name: "productId".into(), value: "p".into() }];
    world.rules.scope_exactly = Some("openid read".into());
    world.rules.scope_optional = Some("offline_access".into());
    assert_eq!(world.refused(&world.request()), (Rule::ExtraParameterMissing, true));
    let request = world.request().with("productId", "p");
    let scope = |world: &World, scope: &str| {
        world.validate(&request.clone().with("scope", scope)).map(|valid| valid.scope.as_str().to_owned())
    };
    assert_eq!(scope(&world, "read openid").unwrap(), "read openid");
    assert_eq!(scope(&world, "openid read offline_access").unwrap(), "openid read offline_access");
    for wrong in ["openid", "openid read profile", "offline_access"] {
        assert_eq!(scope(&world, wrong).unwrap_err().rejection.rule, Rule::ScopeNotExact, "{wrong}");
    }
    assert_eq!(world.refused(&request.clone().without("scope")).0, Rule::MissingScope);
    world.scope_of_client("openid read");
    assert_eq!(scope(&world, "openid read offline_access").unwrap(), "openid read");
}

/// OpenID Connect Core §11.
#[test]
fn offline_access_is_ignored_where_no_refresh_token_could_come_of_it() {
    let mut world = World::new();
    let request = world.request().with("scope", "openid offline_access");
    let scope = |world: &World| world.validate(&request).unwrap().scope.as_str().to_owned();
    assert_eq!(scope(&world), "openid offline_access");
    world.grants(&[GrantType::AuthorizationCode]);
    assert_eq!(scope(&world), "openid");
    world.grants(&[GrantType::AuthorizationCode, GrantType::RefreshToken]);
    world.scope_of_client("openid");
    assert_eq!(scope(&world), "openid");
}

#[test]
fn several_resources_are_one_too_many() {
    let world = World::new();
    let query = world.request().to_query() + "&resource=https://api.example/&resource=https://api.example/";
    let request = AuthorizationRequest::parse(query.as_bytes()).unwrap();
    assert_eq!(world.refused(&request), (Rule::UnknownResource, true));
}

#[test]
fn an_absent_scope_is_what_the_dialect_says() {
    let mut world = World::new();
    let request = world.request().without("scope");
    assert_eq!(world.validate(&request).unwrap().scope, world.client.scope);
    world.scope.when_absent = WhenScopeAbsent::Reject;
    assert_eq!(world.refused(&request), (Rule::MissingScope, true));
}

fn parameter() -> impl Strategy<Value = (String, String)> {
    let names = [
        "client_id",
        "redirect_uri",
        "response_type",
        "response_mode",
        "scope",
        "state",
        "nonce",
        "prompt",
        "code_challenge",
        "code_challenge_method",
        "max_age",
        "claims",
        "acr_values",
        "resource",
        "request",
    ];
    let values = prop_oneof![
        ".{0,30}",
        proptest::sample::select(vec![
            "app",
            CALLBACK,
            EVIL,
            "code",
            "query",
            "openid read",
            "S256",
            "none",
            "{}"
        ])
        .prop_map(str::to_owned),
    ];
    (proptest::sample::select(names.to_vec()).prop_map(str::to_owned), values)
}

proptest! {
    /// B-07, RU-09: whatever is sent, an answer goes to a registered URI alone, and nothing is granted beyond what the
    /// client may have.
    #[test]
    fn answers_go_to_registered_uris_alone(changes in proptest::collection::vec(parameter(), 0..5)) {
        let world = World::new();
        let query = changes.iter().fold(world.request(), |request, (name, value)| request.with(name, value)).to_query();
        let request = AuthorizationRequest::parse(query.as_bytes()).unwrap();
        match world.validate(&request) {
            Ok(valid) => {
                prop_assert_eq!(&*valid.target.redirect_uri, CALLBACK);
                prop_assert!(valid.scope.is_subset_of(&world.client.scope));
                prop_assert!(valid.code_challenge.is_some());
            }
            Err(error) => if let Some(target) = error.answer_to {
                prop_assert_eq!(&*target.redirect_uri, CALLBACK);
            },
        }
    }
}
