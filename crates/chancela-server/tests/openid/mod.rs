//! What tokens of users are worth, in every format: what they say, and how they end.

mod discovery;
mod growth;
mod revocation;
mod userinfo;

use crate::support::{Answer, Ask, ClientFacts, HOST, RealmPlan, World, new_client};
use chancela_core::dialect::{Library, TokenFormat};
use chancela_core::effect::Effect;
use chancela_core::grant::GrantType;
use chancela_core::id::GrantId;
use chancela_core::record::{Client, Grant, GrantDetails, User};
use chancela_core::secret::{hex, sha256};
use chancela_core::token::refresh::RefreshTokenRef;
use chancela_server::control::NewClient;
use chancela_store::{CommitOutcome, MemoryStore, Store};
use serde_json::{Value, json};

/// A dialect with the grants of users.
const DIALECT: &str = r#"
format = 1
name = "people"
title = "People"
sources = ["OpenID Connect Core"]

[environments.default]

[token_endpoint.token]
paths = ["/oauth/token"]

[endpoints]
discovery = ["/connect/.well-known/openid-configuration", "/connect/{tenant}/.well-known/openid-configuration"]

[request.grants]
authorization_code = "authorization_code"
refresh_token = "refresh_token"
client_credentials = "client_credentials"

[refresh]
policy = "rotate"

[scopes]
openid = "Know who the user is"
profile = "Know the user's name"
email = "Know the user's address"
read = "Read"
"#;

/// Formats of access tokens, and the names of their realms.
const FORMATS: [(&str, TokenFormat); 5] = [
    ("jwt", TokenFormat::Jwt),
    ("sealed", TokenFormat::Sealed),
    ("opaque", TokenFormat::Opaque),
    ("uuid", TokenFormat::Uuid),
    ("hex", TokenFormat::Hex),
];

fn library() -> Library {
    let mut library = Library::builtin();
    library.add("people", "people.toml", DIALECT);
    library
}

fn plan(name: &'static str, format: TokenFormat) -> RealmPlan {
    let mut plan = RealmPlan::new(name, "people", "default");
    plan.config.access_token_format = Some(format);
    plan.config.tenants = vec!["acme".into()];
    plan
}

/// A realm with a user, two clients and a resource server.
struct Scene<S = MemoryStore> {
    world: World<S>,
    realm: &'static str,
    client: ClientFacts,
    other: ClientFacts,
    server: ClientFacts,
}

/// What a login gives.
struct Tokens {
    access: String,
    refresh: String,
}

impl Scene {
    async fn open(name: &'static str, format: TokenFormat) -> Self {
        Self::over(MemoryStore::new(), name, format).await
    }
}

impl<S: Store> Scene<S> {
    async fn over(store: S, realm: &'static str, format: TokenFormat) -> Self {
        let world = World::with(&library(), store, vec![plan(realm, format)]).await;
        let grants =
            vec![GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials];
        let new =
            || NewClient { grant_types: Some(grants.clone()), ..new_client("openid profile email read") };
        let (client, other) = (world.client(realm, new()).await, world.client(realm, new()).await);
        let server = NewClient { may_introspect_any: true, grant_types: Some(Vec::new()), ..new_client("") };
        let server = world.client(realm, server).await;
        let scene = Self { world, realm, client, other, server };
        for name in ["alice", "bruno"] {
            let id = hex(&sha256(name.as_bytes())[..16]);
            let user = serde_json::from_value(json!({
                "realm": realm, "tenant": "acme", "username": name, "subject": format!("user-{id}"), "enabled": true,
                "version": 1,
                "claims": { "name": name, "email": format!("{name}@example.com"), "email_verified": true },
            }));
            scene.commit(vec![Effect::PutUser { user: user.unwrap(), expected_version: None }]).await;
        }
        scene
    }

    async fn user(&self, name: &str) -> User {
        self.world.server.store.user(self.realm, "acme", name).await.unwrap().unwrap()
    }

    async fn change_user(&self, name: &str, change: impl FnOnce(&mut User)) {
        let before = self.user(name).await;
        let mut user = User { version: before.version + 1, ..before.clone() };
        change(&mut user);
        self.commit(vec![Effect::PutUser { user, expected_version: Some(before.version) }]).await;
    }

    async fn change_client(&self, facts: &ClientFacts, change: impl FnOnce(&mut Client)) {
        let realm = self.world.server.realm(self.realm).unwrap();
        let before = realm.directory.client(&facts.id).unwrap();
        let mut client = Client { version: before.version + 1, ..(*before).clone() };
        change(&mut client);
        let expected_version = Some(before.version);
        self.commit(vec![Effect::PutClient { client: client.clone(), expected_version }]).await;
        realm.directory.put(client);
        self.world.server.complete_keys(realm).await.unwrap();
    }

    async fn commit(&self, effects: Vec<Effect>) {
        assert_eq!(self.world.server.record(effects).await.unwrap(), CommitOutcome::Committed);
    }

    fn path(&self, path: &str) -> String {
        format!("/{}{path}", self.realm)
    }

    async fn token_request(&self, client: &ClientFacts, fields: &[(&str, &str)]) -> Answer {
        let ask = Ask::form(&self.path("/oauth/token"), fields);
        ask.header("authorization", client.basic()).send(&self.world).await
    }

    /// Tokens of a grant that a user gave this moment, from the token endpoint.
    async fn log_in_at(&self, client: &ClientFacts, user: &str, scope: &str) -> Tokens {
        let realm = self.world.server.realm(self.realm).unwrap();
        let (now, mut random) = (self.world.clock.now().seconds(), [0; 10]);
        self.world.server.entropy.fill(&mut random).unwrap();
        let grant = Grant {
            id: GrantId::new(now + 86_400, random),
            client: realm.directory.client(&client.id).unwrap().key,
            subject: self.user(user).await.subject,
            scope: scope.into(),
            generation: 0,
            issued_at: now,
            rotated_at: now,
            refresh_expires_at: now + 7200,
            expires_at: now + 7200,
            revoked: false,
            details: GrantDetails { tenant: Some("acme".into()), ..GrantDetails::default() },
        };
        let refresh = RefreshTokenRef { grant: grant.id, generation: 0 }.encode(&realm.pepper);
        self.commit(vec![Effect::InsertGrant(grant)]).await;
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
        let answer = self.token_request(client, &fields).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let text = |member: &str| answer.json()[member].as_str().unwrap().to_owned();
        Tokens { access: text("access_token"), refresh: text("refresh_token") }
    }

    async fn log_in(&self, user: &str) -> Tokens {
        self.log_in_at(&self.client, user, "openid profile").await
    }

    async fn introspect(&self, token: &str) -> Value {
        let ask = Ask::form(&self.path("/oauth/introspect"), &[("token", token)]);
        let answer = ask.header("authorization", self.server.basic()).send(&self.world).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(
            answer.json()["active"] == json!(true) || answer.body == "{\"active\":false}",
            "{}",
            answer.body
        );
        answer.json()
    }

    async fn is_active(&self, token: &str) -> bool {
        self.introspect(token).await["active"] == json!(true)
    }

    async fn userinfo(&self, token: &str) -> Answer {
        let ask = Ask::get(&self.path("/oauth/userinfo"));
        ask.header("authorization", format!("Bearer {token}")).send(&self.world).await
    }

    fn issuer(&self) -> String {
        format!("{HOST}/{}", self.realm)
    }
}
