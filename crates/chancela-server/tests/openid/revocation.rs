//! Every way in which a user's tokens end, for every format (requirements N-03, N-04, N-07).

use super::{FORMATS, Scene, Tokens, library, plan};
use crate::support::{Ask, ClientFacts, World};
use chancela_core::dialect::TokenFormat;
use chancela_server::control::{Command, ControlError};
use chancela_store::Store;
use chancela_store_sqlite::{Options, SqliteStore};
use serde_json::json;

impl<S: Store> Scene<S> {
    async fn revoke(&self, client: &ClientFacts, token: &str) {
        let ask = Ask::form(&self.path("/oauth/revoke"), &[("token", token)]);
        let answer = ask.header("authorization", client.basic()).send(&self.world).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    }

    async fn control(&self, command: Command) {
        self.world.control(self.realm, command).await;
    }

    async fn refresh(&self, client: &ClientFacts, token: &str) -> u16 {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.token_request(client, &fields).await.status.as_u16()
    }

    async fn grant_of(&self, token: &str) -> String {
        let shown = self.world.control(self.realm, Command::TokenInspect { token: token.into() }).await;
        shown["grant"].as_str().unwrap().to_owned()
    }
}

/// A way to end tokens, and what else than the token itself it ends.
struct End {
    name: &'static str,
    refresh: bool,
    same_user: bool,
    other_client: bool,
    other_user: bool,
}

const ENDS: [End; 8] = [
    End {
        name: "the access token",
        refresh: false,
        same_user: false,
        other_client: false,
        other_user: false,
    },
    End {
        name: "the refresh token",
        refresh: true,
        same_user: false,
        other_client: false,
        other_user: false,
    },
    End {
        name: "the token, by an operator",
        refresh: false,
        same_user: false,
        other_client: false,
        other_user: false,
    },
    End {
        name: "the grant, by an operator",
        refresh: true,
        same_user: false,
        other_client: false,
        other_user: false,
    },
    End { name: "a replay", refresh: true, same_user: false, other_client: false, other_user: false },
    End {
        name: "the user at the client",
        refresh: true,
        same_user: true,
        other_client: false,
        other_user: false,
    },
    End { name: "the user", refresh: true, same_user: true, other_client: true, other_user: false },
    End { name: "the client", refresh: true, same_user: true, other_client: false, other_user: true },
];

async fn end(scene: &Scene, way: &str, tokens: &Tokens) {
    let all = |client: bool, user: bool| Command::TokenRevokeAll {
        client_id: client.then(|| scene.client.id.clone()),
        user: user.then(|| "alice".into()),
        tenant: user.then(|| "acme".into()),
    };
    let token = tokens.access.clone();
    match way {
        "the access token" => scene.revoke(&scene.client, &token).await,
        "the refresh token" => scene.revoke(&scene.client, &tokens.refresh).await,
        "the token, by an operator" => scene.control(Command::TokenRevoke { token }).await,
        "the grant, by an operator" => {
            let grant = scene.grant_of(&token).await;
            scene.control(Command::TokenRevokeGrant { grant }).await;
        }
        "a replay" => {
            // Two generations on, beyond every grace.
            let mut refresh = tokens.refresh.clone();
            for _ in 0..2 {
                let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
                let answer = scene.token_request(&scene.client, &fields).await.json();
                refresh = answer["refresh_token"].as_str().unwrap().to_owned();
            }
            assert!(scene.is_active(&token).await);
            assert_eq!(scene.refresh(&scene.client, &tokens.refresh).await, 400);
        }
        "the user at the client" => scene.control(all(true, true)).await,
        "the user" => scene.control(all(false, true)).await,
        "the client" => scene.control(all(true, false)).await,
        other => panic!("{other}"),
    }
}

/// N-03, N-04, N-07: at once, and nothing else.
#[tokio::test]
async fn a_users_token_ends_in_every_way_and_others_live_on() {
    for (realm, format) in FORMATS {
        let scene = Scene::open(realm, format).await;
        for way in ENDS {
            let title = format!("{format:?} {}", way.name);
            scene.world.clock.advance_seconds(3);
            let tokens = scene.log_in("alice").await;
            let again = scene.log_in("alice").await;
            let elsewhere = scene.log_in_at(&scene.other, "alice", "openid").await;
            let bruno = scene.log_in("bruno").await;
            scene.revoke(&scene.other, &tokens.access).await;
            scene.revoke(&scene.other, &tokens.refresh).await;
            assert!(scene.is_active(&tokens.access).await, "{title}: a foreign token is not touched");
            end(&scene, way.name, &tokens).await;
            assert!(!scene.is_active(&tokens.access).await, "{title}");
            let mut expected = 200;
            if way.refresh {
                expected = 400;
            }
            assert_eq!(scene.refresh(&scene.client, &tokens.refresh).await, expected, "{title}: refresh");
            for (what, token, dead) in [
                ("the same user's", &again.access, way.same_user),
                ("the other client's", &elsewhere.access, way.other_client),
                ("the other user's", &bruno.access, way.other_user),
            ] {
                assert_eq!(scene.is_active(token).await, !dead, "{title}: {what}");
            }
            scene.world.clock.advance_seconds(2);
            let new = scene.log_in("alice").await;
            assert!(scene.is_active(&new.access).await, "{title}: a new login is good");
        }
    }
}

/// N-04: what was revoked is revoked after a restart, by what the store kept.
#[tokio::test]
async fn revocations_outlive_the_process() {
    for (realm, format) in FORMATS {
        let directory = tempfile::tempdir().unwrap();
        let open = || SqliteStore::open(directory.path(), Options::default()).unwrap();
        let scene = Scene::over(open(), realm, format).await;
        let one = scene.log_in("alice").await;
        let two = scene.log_in_at(&scene.other, "alice", "openid").await;
        let three = scene.log_in("bruno").await;
        let (four, five) =
            (scene.log_in("bruno").await, scene.log_in_at(&scene.other, "bruno", "openid").await);
        scene.revoke(&scene.client, &one.access).await;
        let user = Command::TokenRevokeAll {
            client_id: Some(scene.other.id.clone()),
            user: Some(scene.user("alice").await.subject.into()),
            tenant: None,
        };
        scene.control(user).await;
        scene.revoke(&scene.client, &three.refresh).await;
        let Scene { world, client, other, server, .. } = scene;
        drop(world);
        let world = World::with(&library(), open(), vec![plan(realm, format)]).await;
        let scene = Scene { world, realm, client, other, server };
        for (token, good) in [(&one, false), (&two, false), (&three, false), (&four, true), (&five, true)] {
            assert_eq!(scene.is_active(&token.access).await, good, "{format:?}");
        }
        scene.world.clock.advance_seconds(361);
        scene.world.server.revoked.expire(scene.world.clock.now());
        assert!(scene.world.server.revoked.is_empty(), "nothing is kept longer than a token could live");
    }
}

/// A client that once had long-lived tokens: their revocation is remembered as long as they would live.
#[tokio::test]
async fn a_grants_revocation_outlives_the_longest_token_that_the_client_had() {
    let scene = Scene::open("sealed", TokenFormat::Sealed).await;
    scene.change_client(&scene.client, |client| client.access_token_lifetime = Some(7200)).await;
    let tokens = scene.log_in("alice").await;
    scene.change_client(&scene.client, |client| client.access_token_lifetime = None).await;
    scene.revoke(&scene.client, &tokens.refresh).await;
    scene.world.clock.advance_seconds(7199);
    scene.world.server.revoked.expire(scene.world.clock.now());
    assert!(!scene.is_active(&tokens.access).await);
}

#[tokio::test]
async fn an_operator_hears_what_cannot_be_revoked() {
    let scene = Scene::open("sealed", TokenFormat::Sealed).await;
    let all = |client_id: Option<&str>, user: Option<&str>| Command::TokenRevokeAll {
        client_id: client_id.map(Into::into),
        user: user.map(Into::into),
        tenant: None,
    };
    for (command, found) in [
        (Command::TokenRevoke { token: "x".into() }, false),
        (Command::TokenRevokeGrant { grant: "0".repeat(32) }, false),
        (Command::TokenRevokeGrant { grant: "x".into() }, true),
        (all(Some("nobody"), None), false),
        (all(None, Some("nobody")), false),
        (all(None, None), true),
    ] {
        let error = scene.world.try_control(scene.realm, command.clone()).await.unwrap_err();
        assert_eq!(matches!(error, ControlError::Invalid(_)), found, "{command:?}: {error}");
        assert_eq!(matches!(error, ControlError::NotFound(_)), !found, "{command:?}: {error}");
    }
}

/// What an operator sees is the user's own subject; what resource servers and the client see is the client's name of them.
#[tokio::test]
async fn a_pairwise_client_has_one_name_of_the_user_everywhere() {
    for (realm, format) in FORMATS {
        let scene = Scene::open(realm, format).await;
        let public = scene.user("alice").await.subject;
        scene
            .change_client(&scene.client, |client| {
                client.subject_type = chancela_core::record::SubjectType::Pairwise;
                client.redirect_uris = vec!["https://app.example/".into()];
            })
            .await;
        let own = scene.log_in("alice").await.access;
        let other = scene.log_in_at(&scene.other, "alice", "openid").await.access;
        let name = scene.introspect(&own).await["sub"].clone();
        assert_ne!(name, json!(public), "{format:?}");
        assert_eq!(scene.userinfo(&own).await.json()["sub"], name, "{format:?}");
        assert_eq!(scene.introspect(&other).await["sub"], json!(public), "{format:?}");
        let shown = scene.world.control(scene.realm, Command::TokenInspect { token: own }).await;
        assert_eq!(shown["sub"], json!(public), "{format:?}");
    }
}
