//! Guesses at passwords through the dialects' password grant, which asks as the login page does.

use crate::support::{Answer, Ask, ClientFacts, RealmPlan, World, new_client};
use chancela_core::effect::Effect;
use chancela_core::grant::GrantType;
use chancela_core::record::{Totp, User};
use chancela_server::control::{Command, NewClient, NewUser};
use chancela_store::{CommitOutcome, Store};

const PASSWORD: &str = "correct horse battery staple";

struct Realm {
    world: World,
    client: ClientFacts,
}

impl Realm {
    /// A bank whose clients may send users' passwords.
    async fn open() -> Self {
        Self::behind(&[]).await
    }

    async fn behind(proxies: &[&str]) -> Self {
        let world = World::behind(proxies, vec![RealmPlan::bs2()]).await;
        let grants = Some(vec![GrantType::Password]);
        let client =
            world.client("bs2", NewClient { grant_types: grants, ..new_client("forintegration") }).await;
        world.user("bs2", "ana@example.com", PASSWORD, None).await;
        Self { world, client }
    }

    fn ask(&self, username: &str, password: &str) -> Ask {
        let fields = [
            ("grant_type", "password"),
            ("scope", "forintegration"),
            ("username", username),
            ("password", password),
        ];
        Ask::form("/bs2/auth/oauth/v2/token", &fields).header("authorization", self.client.basic())
    }

    async fn send(&self, username: &str, password: &str) -> Answer {
        self.ask(username, password).send(&self.world).await
    }

    async fn user(&self) -> User {
        self.world.server.store.user("bs2", "", "ana@example.com").await.unwrap().unwrap()
    }

    async fn write(&self, user: User) {
        let effect = Effect::PutUser { expected_version: Some(user.version), user };
        assert_eq!(self.world.server.store.commit(vec![effect]).await.unwrap(), CommitOutcome::Committed);
    }
}

/// Schema 1 kept names as they were typed.
#[tokio::test]
async fn a_user_who_was_added_before_names_had_a_canonical_form_still_logs_in() {
    let realm = Realm::open().await;
    let ana = realm.user().await;
    let maria = User { username: "Maria".into(), subject: "user-1".into(), ..ana };
    let put = Effect::PutUser { user: maria, expected_version: None };
    assert_eq!(realm.world.server.store.commit(vec![put]).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(realm.send("Maria", PASSWORD).await.status, 200);
    assert_eq!(realm.send("maria", PASSWORD).await.status, 400, "there is nobody of the canonical name");
}

/// EN-02, O-05: one person has one counter, however the name is written.
#[tokio::test]
async fn every_way_to_write_a_name_is_counted_as_one() {
    let realm = Realm::open().await;
    let spellings =
        ["ana@example.com", "ANA@EXAMPLE.COM", " ana@example.com", "Ana@Example.com", "ａna@example.com"];
    for name in spellings {
        assert_eq!(realm.send(name, "wrong").await.status, 400, "{name}");
    }
    assert_eq!(realm.send("aNa@example.com", "wrong").await.status, 400);
    let waits = realm.send("ana@example.com", PASSWORD).await;
    assert_eq!((waits.status.as_u16(), waits.header("retry-after")), (429, Some("1")));
    realm.world.clock.advance_seconds(1);
    assert_eq!(realm.send("ANA@example.com", PASSWORD).await.status, 200);
    for _ in 0..5 {
        assert_eq!(realm.send("ana@example.com", "wrong").await.status, 400, "a success starts anew");
    }
}

/// EN-01, O-04: unknown, wrong and disabled are one answer, and all are counted.
#[tokio::test]
async fn nobody_learns_which_names_exist() {
    let realm = Realm::open().await;
    realm.world.user("bs2", "caio", PASSWORD, None).await;
    let disable = Command::UserSetEnabled { username: "caio".into(), tenant: None, enabled: false };
    realm.world.control("bs2", disable).await;
    let mut seen = Vec::new();
    for (name, password, peer) in [
        ("ana@example.com", "wrong", "192.0.2.1"),
        ("nobody", "wrong", "198.51.100.1"),
        ("caio", PASSWORD, "203.0.113.1"),
        ("a\u{202e}b", "wrong", "203.0.114.1"),
    ] {
        let mut answers = Vec::new();
        for _ in 0..8 {
            let answer = realm.ask(name, password).from(peer).send(&realm.world).await;
            answers.push((answer.status, answer.body.clone(), answer.headers.len()));
        }
        seen.push(answers);
    }
    assert_eq!(seen[0][5].0, 400);
    assert_eq!(seen[0][6].0, 429);
    assert!(seen.iter().all(|answers| *answers == seen[0]), "{seen:#?}");
}

/// Requirements.md 5.2: nobody outside keeps an owner out.
#[tokio::test]
async fn guesses_from_elsewhere_do_not_keep_the_owner_out() {
    let realm = Realm::open().await;
    for _ in 0..20 {
        realm.ask("ana@example.com", "wrong").from("198.51.100.7").send(&realm.world).await;
    }
    let attacker = realm.ask("ana@example.com", PASSWORD).from("198.51.100.99").send(&realm.world).await;
    assert_eq!(attacker.status, 429);
    assert_eq!(realm.send("ana@example.com", PASSWORD).await.status, 200);
}

/// HF-03.
#[tokio::test]
async fn only_a_trusted_proxy_says_where_a_guess_comes_from() {
    let realm = Realm::open().await;
    for number in 0..6 {
        let forged = format!("203.0.{number}.1");
        let ask = realm.ask("ana@example.com", "wrong").header("x-forwarded-for", forged);
        assert_eq!(ask.send(&realm.world).await.status, 400);
    }
    let ask = realm.ask("ana@example.com", PASSWORD).header("x-forwarded-for", "203.0.113.99");
    assert_eq!(ask.send(&realm.world).await.status, 429);

    let realm = Realm::behind(&["192.0.2.0/24"]).await;
    let from = |source: &str| realm.ask("ana@example.com", "wrong").header("x-forwarded-for", source);
    for _ in 0..6 {
        assert_eq!(from("1.2.3.4, 203.0.113.1").send(&realm.world).await.status, 400);
    }
    assert_eq!(from("9.9.9.9, 203.0.113.1").send(&realm.world).await.status, 429);
    assert_eq!(from("203.0.114.1").send(&realm.world).await.status, 400);
}

/// O-02: on login as on set.
#[tokio::test]
async fn passwords_are_capped_before_they_are_hashed() {
    let realm = Realm::open().await;
    let longest = "p".repeat(256);
    realm.world.user("bs2", "lia", &longest, None).await;
    assert_eq!(realm.send("lia", &longest).await.status, 200);
    assert_eq!(realm.send("lia", &format!("{longest}p")).await.status, 400);
    let new =
        NewUser { username: "léo".into(), password: Some(format!("{longest}p")), ..NewUser::default() };
    assert!(realm.world.try_control("bs2", Command::UserCreate(Box::new(new))).await.is_err());
}

/// O-01: a hash of another system, or an old one of ours, is good once and then replaced.
#[tokio::test]
async fn a_weaker_hash_is_renewed_at_login() {
    let realm = Realm::open().await;
    // "U*U" of crypt_blowfish's vectors.
    let old = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    let user = realm.user().await;
    let changed = User { password_hash: Some(old.into()), ..user.clone() };
    realm.write(changed).await;
    assert_eq!(realm.send("ana@example.com", "wrong").await.status, 400);
    assert_eq!(realm.user().await.password_hash.as_deref(), Some(old));
    assert_eq!(realm.send("ana@example.com", "U*U").await.status, 200);
    let renewed = realm.user().await;
    assert!(renewed.password_hash.as_deref().unwrap().starts_with("$argon2id$"));
    assert!(renewed.version > user.version);
    assert_eq!(realm.send("ana@example.com", "U*U").await.status, 200);
    assert_eq!(realm.user().await, renewed, "once");
}

/// The grant has no place for a second factor, and is no way around it.
#[tokio::test]
async fn whoever_has_a_second_factor_is_refused_like_a_wrong_password() {
    let realm = Realm::open().await;
    let wrong = realm.send("ana@example.com", "wrong").await;
    let totp = Some(Totp { sealed: "x".into(), last_step: 0, created_at: 0 });
    realm.write(User { totp, ..realm.user().await }).await;
    let refused = realm.send("ana@example.com", PASSWORD).await;
    assert_eq!((refused.status, &refused.body), (wrong.status, &wrong.body));
}
