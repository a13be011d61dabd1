//! Introspection, revocation, JWKS and metadata: what is believed of a token, by whom, and until when.

mod jwt;
mod metadata;

use crate::support::{Answer, Ask, ClientFacts, RealmPlan, World, new_client};
use chancela_core::jose::JwsAlgorithm;
use chancela_server::control::{Command, KeyUrgency, NewClient};
use http::Method;

/// A realm of tokens in one format, with a client, another client, and a resource server.
struct Scene {
    world: World,
    realm: &'static str,
    client: ClientFacts,
    other: ClientFacts,
    server: ClientFacts,
}

impl Scene {
    async fn open(plan: RealmPlan) -> Self {
        let realm = plan.name;
        let world = World::open(vec![plan, RealmPlan::new("elsewhere", "standard", "default")]).await;
        let client = world.client(realm, new_client("read write")).await;
        let other = world.client(realm, new_client("read write")).await;
        let server = NewClient { may_introspect_any: true, grant_types: Some(Vec::new()), ..new_client("") };
        let server = world.client(realm, server).await;
        Self { world, realm, client, other, server }
    }

    async fn both() -> [Self; 2] {
        [
            Self::open(RealmPlan::opaque()).await,
            Self::open(RealmPlan::signed("signed", JwsAlgorithm::Es256)).await,
        ]
    }

    async fn token(&self) -> String {
        let fields = [("grant_type", "client_credentials"), ("scope", "read")];
        let ask = Ask::form(&format!("/{}/oauth/token", self.realm), &fields);
        ask.header("authorization", self.client.basic()).send(&self.world).await.token()
    }

    fn ask(&self, endpoint: &str, as_client: &ClientFacts, token: &str) -> Ask {
        let target = format!("/{}/oauth/{endpoint}", self.realm);
        Ask::form(&target, &[("token", token)]).header("authorization", as_client.basic())
    }

    async fn introspect(&self, as_client: &ClientFacts, token: &str) -> Answer {
        self.ask("introspect", as_client, token).send(&self.world).await
    }

    async fn active(&self, as_client: &ClientFacts, token: &str) -> bool {
        let answer = self.introspect(as_client, token).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let active = answer.json()["active"].as_bool().unwrap();
        assert!(active || answer.body == "{\"active\":false}", "N-02: {}", answer.body);
        active
    }

    async fn revoke(&self, as_client: &ClientFacts, token: &str) {
        let answer = self.ask("revoke", as_client, token).send(&self.world).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    }
}

/// N-01, N-02.
#[tokio::test]
async fn a_token_is_shown_to_its_client_and_to_resource_servers_until_it_dies() {
    for scene in Scene::both().await {
        let token = scene.token().await;
        assert!(scene.active(&scene.client, &token).await);
        assert!(scene.active(&scene.server, &token).await);
        assert!(!scene.active(&scene.other, &token).await, "a foreign token is nothing");
        let answer = scene.introspect(&scene.server, &token).await.json();
        assert_eq!(answer["client_id"], scene.client.id.as_str());
        assert_eq!(answer["scope"], "read");
        assert_eq!(answer["exp"].as_i64().unwrap() - answer["iat"].as_i64().unwrap(), 300);
        scene.world.clock.advance_seconds(299);
        assert!(scene.active(&scene.server, &token).await);
        scene.world.clock.advance_seconds(1);
        assert!(!scene.active(&scene.server, &token).await, "dead at the second of exp, cached or not");
    }
}

/// N-07.
#[tokio::test]
async fn a_pause_or_the_end_of_a_client_ends_its_tokens() {
    for scene in Scene::both().await {
        let token = scene.token().await;
        assert!(scene.active(&scene.server, &token).await);
        scene.world.clock.advance_seconds(1);
        scene.world.enable(scene.realm, &scene.client, false).await;
        assert!(!scene.active(&scene.server, &token).await);
        assert_eq!(scene.introspect(&scene.client, &token).await.status, 401);
        scene.world.enable(scene.realm, &scene.client, true).await;
        assert!(!scene.active(&scene.server, &token).await, "what was issued before the pause stays dead");
        let token = scene.token().await;
        assert!(scene.active(&scene.server, &token).await);
        // Issued in the second of a pause, a token counts as issued in the next one; times are whole seconds.
        scene.world.clock.advance_seconds(2);
        scene.world.control(scene.realm, Command::ClientDelete { client_id: scene.client.id.clone() }).await;
        assert!(!scene.active(&scene.server, &token).await);
        let again = NewClient {
            client_id: Some(scene.client.id.clone()),
            client_secret: Some(scene.client.secret.clone()),
            ..new_client("read write")
        };
        scene.world.client(scene.realm, again).await;
        assert!(
            !scene.active(&scene.server, &token).await,
            "another client of the same id has not inherited them"
        );
    }
}

/// N-03, N-04: only one's own, for good, and at once.
#[tokio::test]
async fn a_client_ends_its_own_tokens_and_no_others() {
    for scene in Scene::both().await {
        let (token, second) = (scene.token().await, scene.token().await);
        scene.revoke(&scene.other, &token).await;
        scene.revoke(&scene.server, &token).await;
        assert!(scene.active(&scene.server, &token).await, "a foreign token is not touched");
        for unknown in ["x", "chancela_at_x", "eyJ.eyJ.x", "36ee37ec-a475-4068-8f6e-e08dd2b8880d", "\0", "é"]
        {
            scene.revoke(&scene.client, unknown).await;
        }
        scene.revoke(&scene.client, &token).await;
        scene.revoke(&scene.client, &token).await;
        assert!(!scene.active(&scene.server, &token).await);
        assert!(scene.active(&scene.server, &second).await);
        scene.world.clock.advance_seconds(298);
        scene.world.server.revoked.expire(scene.world.clock.now());
        assert!(
            !scene.active(&scene.server, &token).await,
            "remembered as long as the token would have lived"
        );
    }
}

/// Every wrong way to ask, with credentials of every wrong kind.
#[tokio::test]
async fn introspection_and_revocation_refuse_like_the_token_endpoint() {
    let scene = Scene::open(RealmPlan::opaque()).await;
    let elsewhere =
        scene.world.client("elsewhere", NewClient { may_introspect_any: true, ..new_client("") }).await;
    let token = scene.token().await;
    for endpoint in ["introspect", "revoke"] {
        let ask = scene.ask(endpoint, &scene.client, &token);
        let bare = ask.clone().without("authorization");
        let wrong = ClientFacts { secret: "wrong".into(), ..scene.client.clone() };
        let form = |fields: &[(&str, &str)]| bare.clone().body(crate::support::form(fields));
        let (id, secret) = (scene.client.id.as_str(), scene.client.secret.as_str());
        for (status, title, ask) in [
            (405, "GET", ask.clone().method(Method::GET)),
            (405, "HEAD", ask.clone().method(Method::HEAD)),
            (415, "JSON", ask.clone().with("content-type", "application/json").body("{}")),
            (415, "no content type", ask.clone().without("content-type")),
            (413, "a large body", ask.clone().body("a".repeat(65_537))),
            (401, "no credentials", bare.clone()),
            (401, "a wrong secret", bare.clone().header("authorization", wrong.basic())),
            (401, "a client of another realm", bare.clone().header("authorization", elsewhere.basic())),
            (
                401,
                "a token instead of credentials",
                bare.clone().header("authorization", format!("Bearer {token}")),
            ),
            (400, "Basic and body", ask.clone().and(&format!("&client_secret={secret}"))),
            (400, "Authorization twice", ask.clone().header("authorization", scene.client.basic())),
            (400, "no token", ask.clone().body("")),
            (400, "an empty token", ask.clone().body("token=")),
            (400, "the token twice", ask.clone().and("&token=x")),
            (400, "the token in the query", ask.clone().target(&format!("{}?token={token}", ask.target))),
            (400, "a token beyond 16 KiB", ask.clone().body(format!("token={}", "x".repeat(16_385)))),
            (
                200,
                "credentials in the body",
                form(&[("token", "x"), ("client_id", id), ("client_secret", secret)]),
            ),
        ] {
            let answer = ask.send(&scene.world).await;
            assert_eq!(answer.status, status, "{endpoint} {title}: {}", answer.body);
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{endpoint} {title}");
            assert!(!answer.body.contains(&token));
        }
    }
    assert!(scene.active(&scene.server, &token).await);
}

/// A compromised key takes every token along that it signed, also those whose signature was checked before.
#[tokio::test]
async fn tokens_of_a_destroyed_key_are_dead_although_they_were_verified() {
    let scene = Scene::open(RealmPlan::signed("signed", JwsAlgorithm::Es256)).await;
    let token = scene.token().await;
    assert!(scene.active(&scene.server, &token).await);
    scene.world.control("signed", Command::KeyRotate { urgency: KeyUrgency::Now }).await;
    assert!(scene.active(&scene.server, &token).await, "a planned or quick rotation kills nothing");
    let fresh = scene.token().await;
    scene.world.control("signed", Command::KeyRotate { urgency: KeyUrgency::Compromised }).await;
    assert!(!scene.active(&scene.server, &token).await);
    assert!(!scene.active(&scene.server, &fresh).await);
    assert!(scene.active(&scene.server, &scene.token().await).await);
}

/// The same, with introspection going on all the while: a check that began with the old keys must not be remembered.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_check_that_overlaps_the_end_of_a_key_outlives_it() {
    let scene = Scene::open(RealmPlan::signed("signed", JwsAlgorithm::Es256)).await;
    let scene = std::sync::Arc::new(scene);
    for _ in 0..20 {
        let mut tokens = Vec::new();
        for _ in 0..8 {
            tokens.push(scene.token().await);
        }
        let asking: Vec<_> = tokens
            .iter()
            .cloned()
            .map(|token| {
                let scene = std::sync::Arc::clone(&scene);
                tokio::spawn(async move {
                    for _ in 0..20 {
                        scene.active(&scene.server, &token).await;
                    }
                })
            })
            .collect();
        tokio::task::yield_now().await;
        scene.world.control("signed", Command::KeyRotate { urgency: KeyUrgency::Compromised }).await;
        for task in asking {
            task.await.unwrap();
        }
        for token in &tokens {
            assert!(!scene.active(&scene.server, token).await);
        }
    }
}

/// Tokens, clients and secrets of one realm mean nothing in another, also where the ids are equal.
#[tokio::test]
async fn nothing_of_one_realm_means_anything_in_another() {
    let world = World::open(vec![
        RealmPlan::new("one", "standard", "default"),
        RealmPlan::new("two", "standard", "default"),
        RealmPlan::bs2(),
        RealmPlan::bs2_production(),
    ])
    .await;
    for (one, two, token_path) in
        [("one", "two", "/oauth/token"), ("bs2", "bs2-production", "/auth/oauth/v2/token")]
    {
        let same = |secret: &str| NewClient {
            client_id: Some("same".into()),
            client_secret: Some(secret.into()),
            may_introspect_any: true,
            ..NewClient::default()
        };
        let (a, b) = (world.client(one, same("a")).await, world.client(two, same("b")).await);
        let ask = |realm: &str, client: &ClientFacts| {
            Ask::form(&format!("/{realm}{token_path}"), &[("grant_type", "client_credentials")])
                .header("authorization", client.basic())
        };
        assert_eq!(ask(two, &a).send(&world).await.status, 401);
        assert_eq!(ask(one, &b).send(&world).await.status, 401);
        let token = ask(one, &a).send(&world).await.token();
        for (realm, client, expected) in [(one, &a, true), (two, &b, false)] {
            let path = world.server.realm(realm).unwrap().dialect.endpoints.introspection.clone();
            let question = Ask::form(&format!("/{realm}{path}"), &[("token", &token)]);
            let answer = question.header("authorization", client.basic()).send(&world).await;
            assert_eq!(answer.json()["active"], expected, "{realm}");
        }
    }
}
