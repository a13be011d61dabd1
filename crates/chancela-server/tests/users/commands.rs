//! Commands on users and on the clients that they meet.

use crate::support::{RealmPlan, World, new_client};
use chancela_core::client_auth::Method;
use chancela_core::effect::Effect;
use chancela_core::grant::GrantType;
use chancela_core::id::{ClientKey, SessionId};
use chancela_core::record::{ApplicationType, Authentication, RefreshTokenPolicy, Session, SubjectType};
use chancela_server::control::{Command, ControlError, ImportedUser, NewClient, NewUser};
use chancela_server::revoked::Presented;
use chancela_store::{CommitOutcome, Store};
use serde_json::{Value, json};

async fn world() -> World {
    World::open(vec![RealmPlan::standard(), RealmPlan::vantage()]).await
}

fn user(username: &str) -> NewUser {
    NewUser { username: username.into(), password: Some("correct horse".into()), ..NewUser::default() }
}

async fn create(world: &World, realm: &str, new: NewUser) -> Result<Value, ControlError> {
    world.try_control(realm, Command::UserCreate(Box::new(new))).await
}

fn refused(result: Result<Value, ControlError>, words: &str) {
    let error = result.expect_err(words).to_string();
    assert!(error.contains(words), "{words:?} is not in {error:?}");
}

fn name(username: &str) -> (String, Option<String>) {
    (username.into(), None)
}

/// A session of this user.
async fn session(world: &World, subject: &str) -> Session {
    let session = Session {
        id: SessionId([7; 16]),
        realm: "standard".into(),
        subject: subject.into(),
        authentication: Authentication {
            auth_time: 0,
            acr: "1".into(),
            amr: Vec::new(),
            sid: Some("s".into()),
        },
        device: "Firefox".into(),
        created_at: 0,
        last_seen_at: 0,
        expires_at: i64::MAX,
        clients: Vec::new(),
        version: 1,
    };
    let effect = Effect::PutSession { session: session.clone(), expected_version: None };
    assert_eq!(world.server.store.commit(vec![effect]).await.unwrap(), CommitOutcome::Committed);
    session
}

#[tokio::test]
async fn a_user_is_kept_under_the_canonical_name_and_shown_without_secrets() {
    let world = world().await;
    let claims = json!({ "name": "Ana Souza", "email": "ana@example.com", "email_verified": true });
    let new = NewUser { claims: claims.as_object().unwrap().clone(), ..user(" ANA@Example.com") };
    let made = create(&world, "standard", new).await.unwrap();
    assert_eq!((&made["username"], &made["password"]), (&json!("ana@example.com"), &json!(true)));
    assert!(!made.to_string().contains("argon2"), "{made}");
    refused(create(&world, "standard", user("Ana@EXAMPLE.com")).await, "already");
    let (username, tenant) = name("ANA@example.com");
    let shown = world.control("standard", Command::UserShow { username, tenant }).await;
    assert_eq!((&shown["claims"], &shown["sub"]), (&claims, &made["sub"]));
    let listed = world.control("standard", Command::UserList { after: None }).await;
    assert_eq!((&listed["users"][0]["username"], &listed["next"]), (&json!("ana@example.com"), &json!(null)));
}

#[tokio::test]
async fn what_is_wrong_with_a_user_is_said() {
    let world = world().await;
    let with = |name: &str, value: Value| {
        let claims = [(name.to_owned(), value)].into_iter().collect();
        NewUser { claims, ..user("ana") }
    };
    for (new, words) in [
        (user(""), "username"),
        (user("a\u{202e}b"), "username"),
        (NewUser { tenant: Some("acme".into()), ..user("ana") }, "no tenants"),
        (NewUser { password: Some(String::new()), ..user("ana") }, "password"),
        (NewUser { password_hash: Some("$2a$".into()), ..user("ana") }, "give one of them"),
        (NewUser { password: None, password_hash: Some("md5".into()), ..user("ana") }, "bcrypt"),
        (with("sub", json!("x")), "server's own"),
        (with("email", json!("ana")), "e-mail"),
        (with("email_verified", json!("yes")), "true or false"),
        (with("name", json!("a\nb")), "people can see"),
        (with("updated_at", json!("now")), "seconds"),
        (with("blob", json!("x".repeat(20_000))), "bytes"),
    ] {
        refused(create(&world, "standard", new).await, words);
    }
    refused(create(&world, "vantage", user("ana")).await, "acme, globex");
    let no_password = NewUser { password: None, ..user("ana") };
    assert_eq!(create(&world, "standard", no_password).await.unwrap()["password"], false);
}

#[tokio::test]
async fn a_name_of_several_tenants_must_be_told_apart() {
    let world = world().await;
    for tenant in ["acme", "globex"] {
        let new = NewUser { tenant: Some(tenant.into()), ..user("ana") };
        create(&world, "vantage", new).await.unwrap();
    }
    let show =
        |tenant: Option<&str>| Command::UserShow { username: "ana".into(), tenant: tenant.map(Into::into) };
    refused(world.try_control("vantage", show(None)).await, "--tenant");
    assert_eq!(world.control("vantage", show(Some("globex"))).await["tenant"], "globex");
    let unknown = Command::UserShow { username: "bia".into(), tenant: None };
    assert!(matches!(world.try_control("vantage", unknown).await, Err(ControlError::NotFound(_))));
}

/// N-07, G-12: whatever ends, ends at once and stays so.
#[tokio::test]
async fn disabling_a_user_or_changing_the_password_ends_everything() {
    type Make = fn() -> Command;
    let commands: [Make; 4] = [
        || Command::UserSetEnabled { username: "ana".into(), tenant: None, enabled: false },
        || Command::UserSetPassword { username: "ana".into(), tenant: None, password: "another".into() },
        || Command::UserResetFactors { username: "ana".into(), tenant: None },
        || Command::UserDelete { username: "ana".into(), tenant: None },
    ];
    for command in commands {
        let world = world().await;
        let made = create(&world, "standard", user("ana")).await.unwrap();
        let subject = made["sub"].as_str().unwrap();
        let session = session(&world, subject).await;
        world.control("standard", command()).await;
        let store = &world.server.store;
        assert!(store.session("standard", session.id).await.unwrap().is_none(), "{:?}", command());
        let now = world.clock.now().seconds();
        match store.user_of("standard", subject).await.unwrap() {
            Some(user) => assert_eq!(user.tokens_not_before, now + 1, "{:?}", command()),
            None => assert!(matches!(command(), Command::UserDelete { .. })),
        }
        let revoked = store.revocations(world.clock.now()).await.unwrap();
        assert_eq!(revoked.len(), 1, "{:?}", command());
        let token = Presented {
            token: None,
            grant: None,
            subject: Some(subject),
            client: ClientKey(1),
            issued_at: world.clock.now().seconds(),
            certificate: None,
        };
        assert!(world.server.revoked.covers(&token), "in memory as well");
    }
}

fn lines(users: &[Value]) -> Vec<ImportedUser> {
    let line =
        |(at, user): (usize, &Value)| ImportedUser { place: format!("line {}", at + 1), user: user.clone() };
    users.iter().enumerate().map(line).collect()
}

#[tokio::test]
async fn an_import_is_all_or_nothing_and_names_the_line() {
    let world = world().await;
    let import = |users: &[Value], replace| Command::UserImport { users: lines(users), replace };
    let good = json!({ "username": "ana", "password": "correct horse", "claims": { "name": "Ana" } });
    for (bad, words) in [
        (json!({ "username": "bia", "pasword": "x" }), "line 2: unknown field"),
        (json!({ "username": "bia", "password_hash": "md5" }), "line 2: password_hash"),
        (json!({ "username": "ANA" }), "line 2: \"ana\" occurs twice"),
        (json!("bia"), "line 2"),
    ] {
        refused(world.try_control("standard", import(&[good.clone(), bad], false)).await, words);
    }
    let listed = world.control("standard", Command::UserList { after: None }).await;
    assert_eq!(listed["users"], json!([]), "a mistake changes nothing");
    let hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    let hashed = json!({ "username": "bia", "password_hash": hash, "enabled": false });
    let both = [good.clone(), hashed];
    let done = world.control("standard", import(&both, false)).await;
    assert_eq!(done, json!({ "created": 2, "replaced": 0, "unchanged": 0 }));
    refused(world.try_control("standard", import(&both, false)).await, "line 1: there is a user");
    let again = world.control("standard", import(&both, true)).await;
    assert_eq!(again, json!({ "created": 0, "replaced": 0, "unchanged": 2 }), "idempotent");
    let renamed =
        json!({ "username": "ana", "password": "correct horse", "claims": { "name": "Ana Souza" } });
    let before = world.server.store.user("standard", "", "ana").await.unwrap().unwrap();
    let changed = world.control("standard", import(&[renamed], true)).await;
    assert_eq!(changed["replaced"], 1);
    let after = world.server.store.user("standard", "", "ana").await.unwrap().unwrap();
    assert_eq!((after.claims["name"].as_str(), after.tokens_not_before), (Some("Ana Souza"), 0));
    assert_eq!((&after.subject, &after.password_hash), (&before.subject, &before.password_hash));
}

async fn client(world: &World, new: NewClient) -> Result<Value, ControlError> {
    world.try_control("standard", Command::ClientCreate(Box::new(new))).await
}

fn web() -> NewClient {
    NewClient { redirect_uris: vec!["https://app.example/cb".into()], ..new_client("read") }
}

/// M-07 and the rules of the standards for clients.
#[tokio::test]
async fn what_is_wrong_with_a_client_that_sends_users_here_is_said() {
    let world = world().await;
    let public = || NewClient { token_endpoint_auth_method: Some(Method::None), ..web() };
    let text = |text: &str| Some(text.to_owned());
    for (new, words) in [
        (NewClient { client_name: text("a\u{202e}b"), ..web() }, "client_name"),
        (NewClient { client_name: text(&"a".repeat(201)), ..web() }, "client_name"),
        (NewClient { redirect_uris: vec!["http://app.example/cb".into()], ..web() }, "redirect_uris"),
        (NewClient { redirect_uris: vec!["https://app.example/cb#x".into()], ..web() }, "redirect_uris"),
        (NewClient { redirect_uris: vec!["javascript:alert(1)".into()], ..web() }, "redirect_uris"),
        (NewClient { response_types: Some(json!(["token"])), ..web() }, "response_types"),
        (NewClient { authorization_code_lifetime: Some(61), ..web() }, "1 to 60"),
        (NewClient { authorization_code_lifetime: Some(0), ..web() }, "1 to 60"),
        (NewClient { refresh_token_lifetime: Some(0), ..web() }, "refresh_token_lifetime"),
        (NewClient { require_pkce: Some(false), ..public() }, "require_pkce"),
        (
            NewClient { refresh_token_policy: Some(RefreshTokenPolicy::None), ..public() },
            "refresh_token_policy",
        ),
        (
            NewClient { post_logout_redirect_uris: vec!["http://app.example/out".into()], ..web() },
            "post_logout",
        ),
        (NewClient { backchannel_logout_uri: text("http://app.example/out"), ..web() }, "backchannel"),
        (NewClient { backchannel_logout_uri: text("com.example.app:/out"), ..web() }, "backchannel"),
        (NewClient { frontchannel_logout_uri: text("https://other.example/out"), ..web() }, "frontchannel"),
        (
            NewClient { sector_identifier_uri: text("https://other.example/s"), ..web() },
            "sector_identifier_uri",
        ),
        (NewClient { sector_identifier_uri: text("http://app.example/s"), ..web() }, "sector_identifier_uri"),
        (
            NewClient {
                subject_type: SubjectType::Pairwise,
                redirect_uris: vec!["https://a.example/cb".into(), "https://b.example/cb".into()],
                ..web()
            },
            "pairwise",
        ),
    ] {
        refused(client(&world, new).await, words);
    }
}

#[tokio::test]
async fn a_client_shows_what_it_has_and_what_it_is_freed_of() {
    let world = world().await;
    let made = client(&world, web()).await.unwrap();
    assert_eq!(made["grant_types"], json!(["authorization_code", "refresh_token"]));
    for usual in ["require_consent", "require_pkce", "application_type", "subject_type"] {
        assert_eq!(made.get(usual), None, "{made}");
    }
    let made = client(
        &world,
        NewClient {
            application_type: ApplicationType::Native,
            redirect_uris: vec!["http://127.0.0.1/cb".into(), "com.example.app:/cb".into()],
            post_logout_redirect_uris: vec!["http://localhost:5000/out".into()],
            require_consent: Some(false),
            require_pkce: Some(false),
            grant_types: Some(vec![GrantType::AuthorizationCode]),
            authorization_code_lifetime: Some(60),
            refresh_token_policy: Some(RefreshTokenPolicy::Rotate),
            response_types: Some(json!(["code"])),
            ..new_client("read")
        },
    )
    .await
    .unwrap();
    assert_eq!((&made["require_consent"], &made["require_pkce"]), (&json!(false), &json!(false)));
    assert_eq!(
        (&made["application_type"], &made["refresh_token_policy"]),
        (&json!("native"), &json!("rotate"))
    );
}
