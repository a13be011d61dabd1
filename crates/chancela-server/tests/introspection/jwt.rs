//! JWT access tokens: signatures checked from the published keys alone, and forgeries.

use super::Scene;
use crate::support::{Ask, RealmPlan, verify_jws};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::jose::JwsAlgorithm;
use serde_json::{Value, json};

async fn jwks(scene: &Scene) -> Value {
    Ask::get(&format!("/{}/.well-known/jwks.json", scene.realm)).send(&scene.world).await.json()
}

/// F-09, K-01, K-07: RFC 9068, in each algorithm.
#[tokio::test]
async fn every_algorithm_verifies_from_the_published_keys_alone() {
    for (name, algorithm) in [
        ("es256", JwsAlgorithm::Es256),
        ("rs256", JwsAlgorithm::Rs256),
        ("ps256", JwsAlgorithm::Ps256),
        ("eddsa", JwsAlgorithm::EdDsa),
        ("ed25519", JwsAlgorithm::Ed25519),
    ] {
        let scene = Scene::open(RealmPlan::signed(name, algorithm)).await;
        let (token, keys) = (scene.token().await, jwks(&scene).await);
        let (header, claims) = verify_jws(&keys, &token).unwrap();
        assert_eq!((&header["alg"], &header["typ"]), (&json!(algorithm.as_str()), &json!("at+jwt")));
        let now = scene.world.clock.now().seconds();
        let issuer = format!("https://id.example/{name}");
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(issuer), &json!(issuer)));
        assert_eq!(
            (&claims["sub"], &claims["client_id"]),
            (&json!(scene.client.id), &json!(scene.client.id))
        );
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(now), &json!(now + 300)));
        assert_eq!(claims["scope"], "read");
        assert!(claims["jti"].as_str().unwrap().len() >= 22);
        for key in keys["keys"].as_array().unwrap() {
            for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                assert!(key.get(private).is_none(), "{private}");
            }
        }
        assert!(scene.active(&scene.server, &token).await);
    }
}

fn encode(value: &Value) -> String {
    BASE64URL.encode(value.to_string())
}

/// K-01 to K-05: everything that is not exactly what was signed is no token.
#[tokio::test]
async fn forgeries_are_no_tokens() {
    for (name, algorithm) in
        [("es256", JwsAlgorithm::Es256), ("rs256", JwsAlgorithm::Rs256), ("eddsa", JwsAlgorithm::EdDsa)]
    {
        let scene = Scene::open(RealmPlan::signed(name, algorithm)).await;
        let token = scene.token().await;
        assert!(scene.active(&scene.server, &token).await, "in the cache");
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts[..] else { panic!() };
        let read = |text: &str| serde_json::from_slice::<Value>(&BASE64URL.decode(text).unwrap()).unwrap();
        let with = |name: &str, value: Value| {
            let mut header = read(header);
            header[name] = value;
            encode(&header)
        };
        let keys = jwks(&scene).await;
        let public = keys["keys"][0].to_string();
        let mut longer = read(payload);
        longer["exp"] = json!(99_999_999_999_i64);
        let hmac = {
            let header = with("alg", json!("HS256"));
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, public.as_bytes());
            let message = format!("{header}.{payload}");
            format!("{message}.{}", BASE64URL.encode(aws_lc_rs::hmac::sign(&key, message.as_bytes())))
        };
        let zero = BASE64URL.encode([0_u8; 64]);
        let forged = [
            format!("{}.{payload}.", with("alg", json!("none"))),
            format!("{}.{payload}.{signature}", with("alg", json!("NONE"))),
            hmac,
            format!("{}.{payload}.{signature}", with("kid", json!("other"))),
            format!("{}.{payload}.{signature}", with("kid", Value::Null)),
            format!("{}.{payload}.{signature}", with("crit", json!(["exp"]))),
            format!("{}.{payload}.{signature}", with("typ", json!("JWT"))),
            format!("{}.{payload}.{signature}", with("jwk", keys["keys"][0].clone())),
            format!("{header}.{payload}."),
            format!("{header}.{payload}"),
            format!("{header}.{payload}.{zero}"),
            format!("{header}.{payload}.{signature}AA"),
            format!("{header}.{payload}.{signature}="),
            format!("{header}.{payload}.{signature}.x"),
            format!("{header}.{payload}.{}", &signature[1..]),
            format!("{header}.{}.{signature}", encode(&longer)),
            format!("{header}..{signature}"),
            format!("{header}=.{payload}.{signature}"),
            format!(" {token}"),
            format!("{token} "),
            format!("{token}\n"),
            format!("Bearer {token}"),
            token.to_uppercase(),
            "eyJ".into(),
            "eyJ..".into(),
            format!("eyJ{}", ".".repeat(16_000)),
            format!("eyJ{}", "A".repeat(16_380)),
        ];
        for forged in forged {
            assert!(!scene.active(&scene.server, &forged).await, "{name}: {forged}");
        }
        assert!(scene.active(&scene.server, &token).await);
    }
}

/// The order of P-256.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The other signature of the same message: (r, n - s).
fn malleated(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut bytes = BASE64URL.decode(signature).unwrap();
    let mut borrow = 0_i16;
    for at in (0..32).rev() {
        let mut digit = i16::from(ORDER[at]) - i16::from(bytes[32 + at]) - borrow;
        borrow = i16::from(digit < 0);
        digit += 256 * borrow;
        bytes[32 + at] = u8::try_from(digit).unwrap();
    }
    format!("{signed}.{}", BASE64URL.encode(bytes))
}

/// N-04: an ECDSA signature can be altered by anybody and stay good; the revocation must hold for both spellings.
#[tokio::test]
async fn a_revoked_token_stays_revoked_with_its_other_signature() {
    let scene = Scene::open(RealmPlan::signed("es256", JwsAlgorithm::Es256)).await;
    let token = scene.token().await;
    let other = malleated(&token);
    assert_ne!(token, other);
    assert!(
        verify_jws(&jwks(&scene).await, &other).is_some(),
        "the altered signature is good by ECDSA's rules"
    );
    assert_eq!(scene.active(&scene.server, &other).await, scene.active(&scene.server, &token).await);
    scene.revoke(&scene.client, &other).await;
    assert!(!scene.active(&scene.server, &token).await);
    assert!(!scene.active(&scene.server, &other).await);
    let third = scene.token().await;
    scene.revoke(&scene.client, &third).await;
    assert!(!scene.active(&scene.server, &malleated(&third)).await);
}
