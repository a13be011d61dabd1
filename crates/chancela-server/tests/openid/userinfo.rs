//! `/oauth/userinfo` (requirement F-18).

use super::{FORMATS, Scene};
use crate::support::{Ask, RealmPlan, World, verify_jws};
use chancela_core::dialect::TokenFormat;
use chancela_core::effect::Effect;
use chancela_core::jose::JwsAlgorithm;
use chancela_core::openid::claims::ClaimsRequest;
use chancela_core::openid::id_token::IdToken;
use chancela_core::openid::logout_token::LogoutToken;
use chancela_core::record::Authentication;
use chancela_testkit::Seeded;
use http::Method;
use serde_json::json;

#[tokio::test]
async fn it_answers_what_the_tokens_scope_stands_for() {
    for (realm, format) in FORMATS {
        let scene = Scene::open(realm, format).await;
        let sub = scene.user("alice").await.subject;
        for (scope, expected) in [
            ("openid", json!({ "sub": sub })),
            ("openid profile", json!({ "sub": sub, "name": "alice" })),
            (
                "openid email read",
                json!({ "sub": sub, "email": "alice@example.com", "email_verified": true }),
            ),
        ] {
            let token = scene.log_in_at(&scene.client, "alice", scope).await.access;
            let answer = scene.userinfo(&token).await;
            assert_eq!((answer.status.as_u16(), answer.json()), (200, expected), "{format:?}");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert_eq!(answer.header("content-type"), Some("application/json"));
        }
    }
}

/// F-18, RFC 6750.
#[tokio::test]
async fn the_token_comes_in_the_header_or_the_form_and_a_bad_one_is_challenged() {
    let scene = Scene::open("sealed", TokenFormat::Sealed).await;
    let tokens = scene.log_in("alice").await;
    let path = scene.path("/oauth/userinfo");
    let header = |ask: Ask, text: &str| ask.header("authorization", text);
    let bearer = format!("Bearer {}", tokens.access);
    let form = || Ask::form(&path, &[("access_token", tokens.access.as_str())]);
    let (get, post) = (Ask::get(&path), Ask::post(&path));
    let only_read = scene.log_in_at(&scene.client, "alice", "read").await.access;
    for (status, challenge, title, ask) in [
        (200, "", "GET", header(get.clone(), &bearer)),
        (200, "", "POST", header(post.clone(), &bearer)),
        (200, "", "a form", form()),
        (401, "Bearer realm=\"sealed\"", "nothing", get.clone()),
        (
            401,
            "Bearer realm=\"sealed\"",
            "the query",
            Ask::get(&format!("{path}?access_token={}", tokens.access)),
        ),
        (401, "Bearer realm=\"sealed\"", "Basic", header(get.clone(), &scene.client.basic())),
        (401, "error=\"invalid_token\"", "junk", header(get.clone(), "Bearer x")),
        (
            401,
            "error=\"invalid_token\"",
            "a refresh token",
            header(get.clone(), &format!("Bearer {}", tokens.refresh)),
        ),
        (400, "error=\"invalid_request\"", "both", header(form(), &bearer)),
        (
            403,
            "error=\"insufficient_scope\"",
            "no openid",
            header(get.clone(), &format!("Bearer {only_read}")),
        ),
        (405, "", "PUT", header(get.clone().method(Method::PUT), &bearer)),
    ] {
        let answer = ask.send(&scene.world).await;
        assert_eq!(answer.status, status, "{title}: {}", answer.body);
        let told = answer.header("www-authenticate").unwrap_or_default();
        assert!(told.contains(challenge), "{title}: {told}");
        assert!(status != 401 || challenge.contains("error") == told.contains("error"), "{title}: {told}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{title}");
        assert!(!answer.body.contains(&tokens.access));
    }
}

/// N-07, F-08: the user counts, and whom the token is for.
#[tokio::test]
async fn a_token_that_speaks_for_no_enabled_user_here_is_refused() {
    for (realm, format) in FORMATS {
        let scene = Scene::open(realm, format).await;
        let fields = [("grant_type", "client_credentials"), ("scope", "openid")];
        let own = scene.token_request(&scene.client, &fields).await.token();
        assert_eq!(scene.userinfo(&own).await.status, 401, "{format:?}: a client is no user");
        let token = scene.log_in("alice").await.access;
        assert_eq!(scene.userinfo(&token).await.status, 200);
        let now = scene.world.clock.now().seconds();
        scene.change_user("alice", |user| user.tokens_not_before = now + 1).await;
        assert_eq!(
            scene.userinfo(&token).await.status,
            401,
            "{format:?}: issued before the password changed"
        );
        scene.world.clock.advance_seconds(1);
        let token = scene.log_in("alice").await.access;
        assert_eq!(scene.userinfo(&token).await.status, 200, "{format:?}: issued after it");
        scene.change_user("alice", |user| user.enabled = false).await;
        assert_eq!(scene.userinfo(&token).await.status, 401, "{format:?}: a disabled user");
    }
}

#[tokio::test]
async fn a_client_that_wants_it_signed_gets_a_jwt_of_its_algorithm_at_once() {
    let scene = Scene::open("jwt", TokenFormat::Jwt).await;
    for algorithm in JwsAlgorithm::ALL {
        scene
            .change_client(&scene.client, |client| client.userinfo_signed_response_alg = Some(algorithm))
            .await;
        let token = scene.log_in("alice").await.access;
        let answer = scene.userinfo(&token).await;
        assert_eq!(answer.header("content-type"), Some("application/jwt"));
        let keys = Ask::get(&scene.path("/.well-known/jwks.json")).send(&scene.world).await.json();
        let (header, claims) = verify_jws(&keys, &answer.body).unwrap();
        assert_eq!((header["alg"].as_str(), header.get("typ")), (Some(algorithm.as_str()), None));
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(scene.issuer()), &json!(scene.client.id)));
        assert_eq!(claims["name"], "alice");
        assert!(!scene.is_active(&answer.body).await, "F-10: it is no access token");
    }
}

#[tokio::test]
async fn claims_that_the_grant_asked_for_singly_are_answered() {
    let scene = Scene::open("sealed", TokenFormat::Sealed).await;
    let tokens = scene.log_in_at(&scene.client, "alice", "openid").await;
    let shown = chancela_server::control::Command::TokenInspect { token: tokens.access.clone() };
    let shown = scene.world.control(scene.realm, shown).await;
    let id = chancela_core::secret::from_hex(shown["grant"].as_str().unwrap()).unwrap();
    let id = chancela_core::id::GrantId(id);
    let mut grant = chancela_store::Store::grant(&scene.world.server.store, id).await.unwrap().unwrap();
    let request =
        ClaimsRequest::parse(r#"{"userinfo":{"email":{"essential":true}},"id_token":{"name":null}}"#);
    grant.details.claims = request.unwrap().into_map();
    grant.id.0[15] ^= 1;
    scene.commit(vec![Effect::InsertGrant(grant.clone())]).await;
    // The access token of a grant with that id.
    let realm = scene.world.server.realm(scene.realm).unwrap();
    let client = realm.directory.client(&scene.client.id).unwrap();
    let token = chancela_core::token::sealed::SealedToken {
        client: client.key,
        issued_at: scene.world.clock.now().seconds(),
        expires_at: scene.world.clock.now().seconds() + 300,
        grant: Some(grant.id),
        subject: Some(grant.subject),
        tenant: None,
        audience: None,
        certificate: None,
        scope: "openid".into(),
    };
    let text = token.seal(&realm.issuer, &realm.pepper, [1; 12]);
    let sub = scene.user("alice").await.subject;
    assert_eq!(scene.userinfo(&text).await.json(), json!({ "sub": sub, "email": "alice@example.com" }));
    for (audience, certificate) in [(Some("https://other.example".into()), None), (None, Some([1; 32]))] {
        let other = chancela_core::token::sealed::SealedToken { audience, certificate, ..token.clone() };
        let text = other.seal(&realm.issuer, &realm.pepper, [2; 12]);
        assert_eq!(
            scene.userinfo(&text).await.status,
            401,
            "for another resource, or bound to a certificate"
        );
    }
}

/// F-10, JW-20: neither an ID token nor a logout token is an access token, and no token is one of another realm.
#[tokio::test]
async fn no_other_kind_of_token_opens_it() {
    let scene = Scene::open("jwt", TokenFormat::Jwt).await;
    let realm = scene.world.server.realm(scene.realm).unwrap();
    let client = realm.directory.client(&scene.client.id).unwrap();
    let user = scene.user("alice").await;
    let key = realm.id_token_key(&client).unwrap();
    let now = scene.world.clock.now();
    let authentication = Authentication {
        auth_time: now.seconds(),
        acr: "urn:chancela:acr:1fa".into(),
        amr: vec!["pwd".into()],
        sid: None,
    };
    let id_token = IdToken {
        issuer: &realm.issuer,
        pepper: &realm.pepper,
        client: &client,
        user: &user,
        authentication: &authentication,
        requested: &[],
        nonce: None,
        access_token: None,
        code: None,
        lifetime: 300,
    };
    let logout =
        LogoutToken { issuer: &realm.issuer, client_id: &client.client_id, sub: Some("x"), sid: None };
    for token in [id_token.issue(&key, now).unwrap(), logout.issue(&key, &Seeded::new(1), now).unwrap()] {
        assert!(!scene.is_active(&token).await);
        assert_eq!(scene.userinfo(&token).await.status, 401);
    }
}

/// Realms in which nobody logs in have no such endpoint.
#[tokio::test]
async fn where_nobody_logs_in_there_is_none() {
    let world = World::open(vec![RealmPlan::celcash()]).await;
    assert_eq!(Ask::get("/celcash/oauth/userinfo").send(&world).await.status, 404);
}
