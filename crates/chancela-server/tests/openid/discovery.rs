//! Discovery: what a realm in which users log in says of itself (requirements ).

use super::{Scene, library, plan};
use crate::support::{Ask, HOST, RealmPlan, World};
use chancela_core::dialect::TokenFormat;
use chancela_core::jose::JwsAlgorithm;
use chancela_server::control::{Command, KeyUrgency};
use serde_json::{Value, json};

///
#[tokio::test]
async fn one_document_stands_at_every_well_known_place_whatever_the_request_says() {
    let scene = Scene::open("people", TokenFormat::Jwt).await;
    let place = "/people/.well-known/openid-configuration";
    let plain = Ask::get(place).send(&scene.world).await;
    assert_eq!((plain.status.as_u16(), plain.header("content-type")), (200, Some("application/json")));
    for path in [
        place,
        "/.well-known/openid-configuration/people",
        "/people/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/people",
        "/people/connect/.well-known/openid-configuration",
        "/people/connect/acme/.well-known/openid-configuration",
    ] {
        let ask =
            Ask::get(path).header("x-forwarded-host", "evil.test").header("forwarded", "host=evil.test");
        assert_eq!(ask.send(&scene.world).await.body, plain.body, "{path}");
    }
    let unknown =
        Ask::get("/people/connect/globex/.well-known/openid-configuration").send(&scene.world).await;
    assert_eq!(unknown.status, 404);
    let metadata = plain.json();
    assert_eq!(metadata["issuer"], format!("{HOST}/people"));
    for (name, value) in metadata.as_object().unwrap() {
        if name.ends_with("_endpoint") || name.ends_with("_uri") {
            assert!(value.as_str().unwrap().starts_with(&format!("{HOST}/people/")), "{name}");
        }
    }
}

/// the members that OpenID Connect Discovery requires are all there.
#[tokio::test]
async fn it_lists_what_is_served_and_nothing_else() {
    let scene = Scene::open("people", TokenFormat::Sealed).await;
    let read =
        || async { Ask::get("/people/.well-known/openid-configuration").send(&scene.world).await.json() };
    let metadata = read().await;
    for (name, expected) in [
        ("authorization_endpoint", json!(format!("{HOST}/people/oauth/authorize"))),
        ("token_endpoint", json!(format!("{HOST}/people/oauth/token"))),
        ("userinfo_endpoint", json!(format!("{HOST}/people/oauth/userinfo"))),
        ("end_session_endpoint", json!(format!("{HOST}/people/oauth/logout"))),
        ("jwks_uri", json!(format!("{HOST}/people/.well-known/jwks.json"))),
        ("response_types_supported", json!(["code"])),
        ("response_modes_supported", json!(["query", "form_post"])),
        ("subject_types_supported", json!(["public", "pairwise"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        ("authorization_response_iss_parameter_supported", json!(true)),
        ("claims_parameter_supported", json!(true)),
        ("request_parameter_supported", json!(false)),
        ("request_uri_parameter_supported", json!(false)),
        ("prompt_values_supported", json!(["none", "login", "consent", "select_account"])),
        ("ui_locales_supported", json!(["pt-BR", "en"])),
        ("backchannel_logout_supported", json!(true)),
        ("frontchannel_logout_session_supported", json!(true)),
        ("id_token_signing_alg_values_supported", json!(["ES256", "RS256"])),
    ] {
        assert_eq!(metadata[name], expected, "{name}");
    }
    let list = |metadata: &Value, name: &str| metadata[name].as_array().unwrap().clone();
    let mut grants = list(&metadata, "grant_types_supported");
    grants.sort_by_key(ToString::to_string);
    assert_eq!(grants, ["authorization_code", "client_credentials", "refresh_token"]);
    assert!(list(&metadata, "scopes_supported").contains(&json!("openid")));
    assert!(list(&metadata, "claims_supported").contains(&json!("email_verified")));
    scene
        .change_client(&scene.client, |client| {
            client.id_token_signed_response_alg = Some(JwsAlgorithm::Ps256)
        })
        .await;
    let now = read().await;
    assert_eq!(list(&now, "id_token_signing_alg_values_supported"), ["ES256", "RS256", "PS256"]);
    let keys = Ask::get("/people/.well-known/jwks.json").send(&scene.world).await.json();
    for algorithm in list(&now, "id_token_signing_alg_values_supported") {
        assert!(list(&keys, "keys").iter().any(|key| key["alg"] == algorithm), "{algorithm} has a key");
    }
}

/// A realm signs ID tokens with its dialect's algorithm, and always knows RS256 (OpenID Connect Core §15.1).
#[tokio::test]
async fn a_key_of_each_algorithm_is_there_before_a_client_asks() {
    let world = World::with(
        &library(),
        chancela_store::MemoryStore::new(),
        vec![RealmPlan::vantage(), plan("people", TokenFormat::Sealed), RealmPlan::opaque()],
    )
    .await;
    for (realm, expected) in
        [("vantage", vec![JwsAlgorithm::Rs256]), ("people", vec![JwsAlgorithm::Es256, JwsAlgorithm::Rs256])]
    {
        let realm = world.server.realm(realm).unwrap();
        assert_eq!(realm.openid_algorithms(), expected);
        for algorithm in expected {
            assert_eq!(realm.signing_key(algorithm).unwrap().algorithm(), algorithm);
        }
    }
}

/// A client that is imported with an algorithm that the realm has not signed with finds its key published.
#[tokio::test]
async fn importing_a_client_makes_the_key_of_its_algorithm() {
    let scene = Scene::open("people", TokenFormat::Sealed).await;
    let realm = scene.world.server.realm(scene.realm).unwrap();
    assert!(realm.signing_key(JwsAlgorithm::Ed25519).is_none());
    let metadata = json!({
        "client_name": "App", "grant_types": ["authorization_code"], "redirect_uris": ["https://app.example/"],
        "id_token_signed_response_alg": "Ed25519",
    });
    scene.world.control(scene.realm, Command::ClientImport(metadata)).await;
    assert!(realm.signing_key(JwsAlgorithm::Ed25519).is_some());
    let keys = Ask::get("/people/.well-known/jwks.json").send(&scene.world).await.json();
    assert!(keys["keys"].as_array().unwrap().iter().any(|key| key["alg"] == "Ed25519"));
}

/// Realms in which nobody logs in say nothing of users.
#[tokio::test]
async fn a_realm_without_users_is_no_openid_provider() {
    let world = World::open(vec![RealmPlan::celcash()]).await;
    assert_eq!(Ask::get("/celcash/.well-known/openid-configuration").send(&world).await.status, 404);
    let metadata = Ask::get("/celcash/.well-known/oauth-authorization-server").send(&world).await.json();
    for name in ["authorization_endpoint", "userinfo_endpoint", "id_token_signing_alg_values_supported"] {
        assert_eq!(metadata.get(name), None, "{name}");
    }
    assert_eq!(metadata["response_types_supported"], json!([]));
    let rotate = Command::KeyRotate { urgency: KeyUrgency::Now };
    let error = world.try_control("celcash", rotate).await.unwrap_err();
    assert!(error.to_string().contains("signs nothing"), "{error}");
}
