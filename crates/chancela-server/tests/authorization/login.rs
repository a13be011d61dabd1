//! The login page: the same for everybody, slow for guessers, open for owners (requirements O-04, O-05; EN-01, EN-02).

use crate::support::{Answer, Browser, Flow, PASSWORD, RealmPlan, SCOPE, Seen, own_client, web_client};
use chancela_server::control::{Command, NewUser};
use chancela_store::Store;

async fn attempt(flow: &Flow, browser: &mut Browser, user: &str, password: &str) -> Answer {
    let page = flow.open(browser, &flow.request()).await;
    assert_eq!(page.seen(), Seen::Login);
    let typed = [("username", user), ("password", password)];
    browser.press(&flow.world, &page, "login", &typed).await
}

/// What somebody sees of a refusal, but for what they typed and what differs at every page.
fn appearance(answer: &Answer, typed: &str) -> (u16, Vec<String>, usize) {
    let mut headers: Vec<String> =
        answer.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    headers.sort();
    (answer.status.as_u16(), headers, answer.body.len() - typed.len())
}

/// EN-01, O-04: an unknown user, a wrong password, a disabled user and one without a password look the same.
#[tokio::test]
async fn nobody_learns_which_users_exist() {
    let flow = Flow::standard().await;
    flow.add_user("disabled", None).await;
    let off = Command::UserSetEnabled { username: "disabled".into(), tenant: None, enabled: false };
    flow.world.control(flow.realm, off).await;
    let keyless = NewUser { username: "keyless".into(), ..NewUser::default() };
    flow.world.control(flow.realm, Command::UserCreate(Box::new(keyless))).await;
    let mut seen = Vec::new();
    for (user, password) in [
        ("alice", "wrong password"),
        ("nobody", "wrong password"),
        ("nobody", PASSWORD),
        ("disabled", PASSWORD),
        ("disabled", "wrong password"),
        ("keyless", "wrong password"),
        ("ALICE", "wrong password"),
        ("a\0", PASSWORD),
    ] {
        let mut browser = Browser::new();
        let answer = attempt(&flow, &mut browser, user, password).await;
        assert_eq!(answer.seen(), Seen::Login, "{user}");
        assert!(answer.body.contains("Wrong username or password"), "{user}");
        assert!(!answer.body.contains(password), "{user}");
        assert_eq!(browser.cookie("session"), "");
        if user != "a\0" {
            seen.push((user, appearance(&answer, user)));
        }
    }
    assert!(seen.iter().all(|(_, own)| *own == seen[0].1), "{seen:?}");
}

/// O-05: a guesser waits, and is told how long; the owner on a known device and the owner elsewhere get in.
#[tokio::test]
async fn a_guesser_waits_and_the_owner_gets_in() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let mut owner = Browser::at("198.51.100.7");
    flow.pass(&mut owner, &flow.request()).await.code();
    assert!(!owner.cookie("device").is_empty());
    let mut guesser = Browser::at("198.51.100.7");
    for _ in 0..6 {
        assert_eq!(attempt(&flow, &mut guesser, "alice", "wrong password").await.status, 200);
    }
    let waits = attempt(&flow, &mut guesser, "alice", PASSWORD).await;
    assert_eq!((waits.status.as_u16(), waits.seen()), (429, Seen::Login), "even the right password");
    let seconds: i64 = waits.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=300).contains(&seconds) && waits.body.contains(&seconds.to_string()), "{}", waits.body);
    // The same address, but a browser in which alice logged in before.
    let login = flow.open(&mut owner, &flow.request().with("prompt", "login")).await;
    assert_eq!(flow.log_in(&mut owner, &login, "alice").await.seen(), Seen::Redirect);
    let mut elsewhere = Browser::at("203.0.113.9");
    assert_eq!(attempt(&flow, &mut elsewhere, "alice", PASSWORD).await.seen(), Seen::Redirect);
    flow.world.clock.advance_seconds(seconds);
    assert_eq!(attempt(&flow, &mut guesser, "alice", PASSWORD).await.seen(), Seen::Redirect);
}

/// O-05: a hundred guesses from everywhere lock nobody out.
#[tokio::test]
async fn a_hundred_guesses_from_everywhere_are_no_lockout() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let mut owner = Browser::at("198.51.100.7");
    flow.pass(&mut owner, &flow.request()).await.code();
    for n in 0..102 {
        let mut guesser = Browser::at(&format!("10.{n}.0.1"));
        attempt(&flow, &mut guesser, "alice", "wrong password").await;
    }
    let mut stranger = Browser::at("203.0.113.9");
    assert_eq!(attempt(&flow, &mut stranger, "alice", PASSWORD).await.status, 429);
    let login = flow.open(&mut owner, &flow.request().with("prompt", "login")).await;
    assert_eq!(flow.log_in(&mut owner, &login, "alice").await.seen(), Seen::Redirect, "the owner's browser");
    flow.world.clock.advance_seconds(2);
    let answer = attempt(&flow, &mut stranger, "alice", PASSWORD).await;
    assert_eq!(answer.seen(), Seen::Redirect, "the owner on a new device waits a moment");
}

/// EN-02: however a name is written, it is one account.
#[tokio::test]
async fn every_spelling_of_a_name_counts_as_one() {
    let flow = Flow::standard().await;
    let mut guesser = Browser::at("198.51.100.7");
    for name in ["alice", "ALICE", " alice ", "Alice", "aLiCe", "ａｌｉｃｅ"] {
        attempt(&flow, &mut guesser, name, "wrong password").await;
    }
    assert_eq!(attempt(&flow, &mut guesser, "alice", PASSWORD).await.status, 429);
}

/// Empty fields are no attempt; nothing that was typed is lost but the password.
#[tokio::test]
async fn a_form_that_was_not_filled_in_asks_again() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    for (user, password) in [("", ""), ("alice", ""), ("", PASSWORD)] {
        let answer = attempt(&flow, &mut browser, user, password).await;
        assert_eq!((answer.status.as_u16(), answer.seen()), (200, Seen::Login));
        assert!(!answer.body.contains(PASSWORD));
    }
    let hinted = flow.open(&mut browser, &flow.request().with("login_hint", "alice")).await;
    assert!(hinted.body.contains("value=\"alice\""));
}

/// A name that stands in two tenants is asked for its tenant; a client of one tenant needs none.
#[tokio::test]
async fn a_name_of_two_tenants_chooses_one() {
    let mut plan = RealmPlan::standard();
    plan.config.tenants = vec!["acme".into(), "globex".into()];
    let flow = Flow::of(plan, web_client(SCOPE)).await;
    flow.add_user("alice", Some("globex")).await;
    let mut browser = Browser::new();
    let page = flow.open(&mut browser, &flow.request()).await;
    assert!(page.body.contains("name=\"tenant\""));
    let again = flow.log_in(&mut browser, &page, "alice").await;
    assert_eq!(again.seen(), Seen::Login, "which of the two?");
    let typed = [("username", "alice"), ("password", PASSWORD), ("tenant", "globex")];
    let consent = browser.press(&flow.world, &again, "login", &typed).await;
    assert_eq!(consent.seen(), Seen::Consent);
    flow.change_client(&flow.client, |client| client.tenant = Some("acme".into())).await;
    let page = flow.open(&mut browser, &flow.request()).await;
    assert_eq!(page.seen(), Seen::Login, "who is logged in is of another tenant");
    assert!(!page.body.contains("name=\"tenant\""));
    let typed = [("username", "alice"), ("password", PASSWORD), ("tenant", "globex")];
    let form = page.form("login").typed(&typed);
    let answer = browser.send(&flow.world, form.ask()).await;
    let consent = browser.follow(&flow.world, answer).await;
    assert_eq!(consent.seen(), Seen::Consent);
    let subject = flow.world.server.store.user(flow.realm, "acme", "alice").await.unwrap().unwrap().subject;
    let answer = browser.press(&flow.world, &consent, "allow", &[]).await;
    let tokens = flow.redeem(&crate::support::Callback::of(&answer).code()).await;
    assert_eq!(flow.introspect(&tokens.token()).await["sub"], *subject, "the client's tenant decides");
}
