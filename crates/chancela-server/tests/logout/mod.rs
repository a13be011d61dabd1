//! Logout: the endpoint as browsers meet it, and what applications hear of it.

mod backchannel;
mod endpoint;

use crate::support::{Ask, ClientFacts, RealmPlan, World, new_client};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::effect::Effect;
use chancela_core::id::{GrantId, SessionId};
use chancela_core::openid::id_token::IdToken;
use chancela_core::pepper::MacPurpose;
use chancela_core::record::{Authentication, Client, Grant, GrantDetails, Session, User};
use chancela_server::config::Outbound;
use chancela_server::realm::Realm;
use chancela_store::{CommitOutcome, Store};
use std::sync::Arc;

const REALM: &str = "standard";
const END: &str = "/standard/oauth/logout";
const CONFIRM: &str = "/standard/oauth/logout/confirm";
const OUT: &str = "https://app.example/out";

/// A realm with a user who is logged in in one browser, and a client that the user entered with it.
struct Stage {
    world: World,
    client: ClientFacts,
    user: User,
    session: Session,
    /// The `Cookie` header of the user's browser.
    cookies: String,
}

impl Stage {
    async fn new() -> Self {
        Self::reaching(Outbound::default(), |_| {}).await
    }

    /// With connections to others, and a client as `amend` makes it.
    async fn reaching(outbound: Outbound, amend: impl FnOnce(&mut Client)) -> Self {
        let world = World::reaching(outbound, vec![RealmPlan::standard()]).await;
        let client = world.client(REALM, new_client("openid offline_access")).await;
        world.user(REALM, "alice", "a long enough password", None).await;
        let user = world.server.store.user(REALM, "", "alice").await.unwrap().unwrap();
        let realm = world.server.realm(REALM).unwrap();
        let mut record = Client::clone(&realm.directory.client(&client.id).unwrap());
        record.post_logout_redirect_uris = vec![OUT.into()];
        amend(&mut record);
        let (session, cookies) = session_of(realm, &user, &record, "one");
        let expected_version = Some(record.version);
        record.version += 1;
        commit(
            &world,
            vec![
                Effect::PutClient { client: record.clone(), expected_version },
                Effect::PutSession { session: session.clone(), expected_version: None },
            ],
        )
        .await;
        realm.directory.put(record);
        Self { world, client, user, session, cookies }
    }

    fn realm(&self) -> &Arc<Realm> {
        self.world.server.realm(REALM).unwrap()
    }

    fn record(&self) -> Arc<Client> {
        self.realm().directory.client(&self.client.id).unwrap()
    }

    /// An ID token that the client has.
    fn hint(&self) -> String {
        let client = self.record();
        let id_token = IdToken {
            issuer: &self.realm().issuer,
            pepper: &self.realm().pepper,
            client: &client,
            user: &self.user,
            authentication: &self.session.authentication,
            requested: &[],
            nonce: None,
            access_token: None,
            code: None,
            lifetime: 300,
        };
        let key = self.realm().id_token_key(&client).unwrap();
        id_token.issue(&key, self.world.server.clock.now()).unwrap()
    }

    /// A GET of the endpoint by the user's browser.
    fn get(&self, parameters: &[(&str, &str)]) -> Ask {
        let query = crate::support::form(parameters);
        let target = if query.is_empty() { END.to_owned() } else { format!("{END}?{query}") };
        Ask::get(&target).header("host", "id.example").header("cookie", &self.cookies)
    }

    /// The logout form as a browser sends it.
    fn confirm(&self, fields: &[(&str, &str)]) -> Ask {
        Ask::form(CONFIRM, fields).header("host", "id.example").header("cookie", &self.cookies)
    }

    async fn is_logged_in(&self) -> bool {
        self.world.server.store.session(REALM, self.session.id).await.unwrap().is_some()
    }

    async fn grant(&self, at: u8, scope: &str) -> GrantId {
        let now = self.world.server.clock.now().seconds();
        let id = GrantId::new(now + 3600, [at; 10]);
        let authentication = Some(self.session.authentication.clone());
        let grant = Grant {
            id,
            client: self.record().key,
            subject: self.user.subject.clone(),
            scope: scope.into(),
            generation: 0,
            issued_at: now,
            rotated_at: now,
            refresh_expires_at: now + 3600,
            expires_at: now + 3600,
            revoked: false,
            details: GrantDetails { authentication, ..GrantDetails::default() },
        };
        commit(&self.world, vec![Effect::InsertGrant(grant)]).await;
        id
    }
}

async fn commit(world: &World, effects: Vec<Effect>) {
    assert_eq!(world.server.store.commit(effects).await.unwrap(), CommitOutcome::Committed);
}

/// A session of `user` in which `client` was entered, and the browser's cookies.
fn session_of(realm: &Realm, user: &User, client: &Client, name: &str) -> (Session, String) {
    let cookie = BASE64URL.encode(name.repeat(11).as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&realm.pepper.mac(MacPurpose::Session, cookie.as_bytes())[..16]);
    let authentication = Authentication {
        auth_time: user.created_at,
        acr: "urn:chancela:acr:1fa".into(),
        amr: vec!["pwd".into()],
        sid: Some(format!("sid-{name}").into()),
    };
    let session = Session {
        id: SessionId(id),
        realm: REALM.into(),
        subject: user.subject.clone(),
        authentication,
        device: "".into(),
        created_at: user.created_at,
        last_seen_at: user.created_at,
        expires_at: user.created_at + 3600,
        clients: vec![client.key],
        version: 1,
    };
    let names = |kind| format!("__Host-chancela-{REALM}-{kind}");
    let cookies = format!("{}={cookie}; {}=browser-{name}", names("session"), names("browser"));
    (session, cookies)
}
