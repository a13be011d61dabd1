//! Applications, sessions and the password.

use super::{logged_in, page};
use crate::support::{Ask, Browser, Callback, Flow, PASSWORD, SCOPE, Seen, own_client, unescape, web_client};
use chancela_server::control::NewClient;
use chancela_store::Store;

const NEW: &str = "another horse, another battery";

/// A consent that is taken back is gone at once: tokens, refreshing, and the memory of it.
#[tokio::test]
async fn taking_back_a_consent_ends_the_tokens_at_once() {
    let flow = Flow::standard().await;
    let other = flow.register(NewClient { client_name: Some("Oficina".into()), ..web_client(SCOPE) }).await;
    let mut browser = Browser::new();
    let code = flow.pass(&mut browser, &flow.request().with("scope", "openid read")).await.code();
    let tokens = flow.redeem(&code).await;
    let code = flow.pass(&mut browser, &flow.request_of(&other)).await.code();
    let kept = flow.redemption_by(&other, &code).send(&flow.world).await;
    let account = page(&flow, &mut browser).await;
    let text = unescape(&account.body);
    for words in ["Padaria", "Oficina", "Identify you", "Read your data"] {
        assert!(text.contains(words), "{words}");
    }
    let key = text.split("<bdi>Padaria</bdi>").nth(1).unwrap().split("name=\"application\" value=\"").nth(1);
    let key = key.unwrap().split('"').next().unwrap().to_owned();
    let form = account.form("revoke_application").with("application", &key);
    let done = browser.send(&flow.world, form.ask()).await;
    assert_eq!(done.seen(), Seen::Redirect);
    let after = browser.follow(&flow.world, done).await;
    assert!(after.body.contains("role=\"status\"") && !after.body.contains("Padaria"), "{}", after.body);
    assert!(!flow.is_active(&tokens.token()).await);
    assert_eq!(flow.userinfo(&tokens.token()).await.status, 401);
    assert_eq!(flow.refresh(&tokens.text("refresh_token")).await.refusal(), (400, "invalid_grant".into()));
    assert!(flow.is_active(&kept.token()).await, "another application's");
    assert_eq!(flow.open(&mut browser, &flow.request()).await.seen(), Seen::Consent, "asked again");
    flow.world.clock.advance_seconds(1);
    let code = flow.pass(&mut browser, &flow.request()).await.code();
    assert!(flow.is_active(&flow.redeem(&code).await.token()).await, "a new consent is a new beginning");
}

/// A user sees where they are logged in, and ends it from elsewhere.
#[tokio::test]
async fn a_session_is_ended_from_another_browser() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let mut stolen = Browser::new();
    stolen.headers.push(("user-agent".into(), "Mozilla/5.0 (iPhone) Safari/604.1".into()));
    let code = flow.pass(&mut stolen, &flow.request().with("scope", "openid")).await.code();
    let tokens = flow.redeem(&code).await;
    let mut browser = logged_in(&flow).await;
    let account = page(&flow, &mut browser).await;
    assert!(account.body.contains("Safari, iPhone"));
    let after = browser.press(&flow.world, &account, "end_session", &[]).await;
    assert!(!after.body.contains("Safari, iPhone"));
    assert_eq!(stolen.open(&flow.world, &flow.account()).await.seen(), Seen::Login);
    assert_eq!(flow.open(&mut stolen, &flow.request()).await.seen(), Seen::Login);
    assert!(!flow.is_active(&tokens.token()).await, "tokens of that login");
    assert_eq!(page(&flow, &mut browser).await.seen(), Seen::Account, "this browser stays");
}

/// G-12: a new password ends every other session and every token; this browser goes on.
#[tokio::test]
async fn a_new_password_ends_everything_else() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let (mut other, mut browser) = (logged_in(&flow).await, Browser::new());
    let code = flow.pass(&mut browser, &flow.request()).await.code();
    let tokens = flow.redeem(&code).await;
    let account = page(&flow, &mut browser).await;
    let change = |current: &str, new: &str, repeated: &str| {
        let typed = [("current_password", current), ("new_password", new), ("repeated_password", repeated)];
        account.form("change_password").typed(&typed).ask()
    };
    for (title, ask) in [
        ("wrong", change("wrong password", NEW, NEW)),
        ("no current one", change("", NEW, NEW)),
        ("they differ", change(PASSWORD, NEW, "x")),
        ("short", change(PASSWORD, "short", "short")),
        ("common", change(PASSWORD, "Password12345", "Password12345")),
        ("the same", change(PASSWORD, PASSWORD, PASSWORD)),
        ("endless", change(PASSWORD, &"p".repeat(5000), &"p".repeat(5000))),
    ] {
        let answer = browser.send(&flow.world, ask).await;
        assert_eq!(answer.seen(), Seen::Account, "{title}");
        assert!(answer.body.contains("role=\"alert\""), "{title}");
    }
    assert!(flow.is_active(&tokens.token()).await);
    let done = browser.send(&flow.world, change(PASSWORD, NEW, NEW)).await;
    assert_eq!(done.seen(), Seen::Redirect);
    assert!(!flow.is_active(&tokens.token()).await);
    assert_eq!(flow.refresh(&tokens.text("refresh_token")).await.status, 400);
    assert_eq!(other.open(&flow.world, &flow.account()).await.seen(), Seen::Login);
    assert_eq!(page(&flow, &mut browser).await.seen(), Seen::Account);
    let mut new = Browser::new();
    let login = flow.open(&mut new, &flow.request()).await;
    assert_eq!(flow.log_in(&mut new, &login, "alice").await.seen(), Seen::Login, "the old password");
    let typed = [("username", "alice"), ("password", NEW)];
    let answer = new.press(&flow.world, &login, "login", &typed).await;
    assert!(!Callback::of(&answer).code().is_empty());
    flow.world.clock.advance_seconds(2);
    let code = flow.pass(&mut browser, &flow.request()).await.code();
    assert!(flow.is_active(&flow.redeem(&code).await.token()).await, "the session that stayed is good");
}

/// B-19: the account page's forms are its own browser's.
#[tokio::test]
async fn an_account_form_that_is_not_ours_changes_nothing() {
    let flow = Flow::standard().await;
    let (mut browser, mut same_user) = (logged_in(&flow).await, logged_in(&flow).await);
    flow.pass(&mut browser, &flow.request()).await.code();
    let (own, other) = (page(&flow, &mut browser).await, page(&flow, &mut same_user).await);
    let foreign = other.form("sign_out").value("csrf").to_owned();
    for choice in ["revoke_application", "end_session", "sign_out", "sign_out_everywhere", "start_totp"] {
        let form = own.form(choice);
        for (title, ask) in [
            ("no proof", form.clone().without("csrf").ask()),
            ("another session's", form.clone().with("csrf", &foreign).ask()),
            ("text/plain", form.ask().with("content-type", "text/plain")),
        ] {
            let answer = browser.send(&flow.world, ask).await;
            assert_eq!((answer.status.as_u16(), answer.seen()), (403, Seen::Expired), "{choice}: {title}");
        }
        let query = String::from_utf8(form.ask().body).unwrap();
        let get = Ask::get(&format!("{}?{query}", form.action));
        assert_eq!(browser.send(&flow.world, get).await.seen(), Seen::Account, "{choice} by GET");
    }
    assert_eq!(flow.consents("alice").await, 1);
    assert_eq!(page(&flow, &mut same_user).await.seen(), Seen::Account);
}

/// Whoever signs out is out, whatever cookie they kept.
#[tokio::test]
async fn signing_out_ends_the_session_for_whoever_has_its_cookie() {
    let flow = Flow::standard().await;
    for choice in ["sign_out", "sign_out_everywhere"] {
        let (mut browser, mut elsewhere) = (logged_in(&flow).await, logged_in(&flow).await);
        let mut copy = browser.clone();
        let account = page(&flow, &mut browser).await;
        let end = browser.press(&flow.world, &account, choice, &[]).await;
        assert_eq!(end.seen(), Seen::SignedOut, "{}", end.body);
        assert_eq!(browser.cookie("session"), "");
        assert_ne!(browser.cookie("browser"), copy.cookie("browser"), "another anonymous browser");
        assert_eq!(copy.open(&flow.world, &flow.account()).await.seen(), Seen::Login);
        let left = elsewhere.open(&flow.world, &flow.account()).await.seen();
        assert_eq!(left == Seen::Account, choice == "sign_out");
        flow.world.clock.advance_seconds(2);
    }
}

/// A session ends by itself, and with its user.
#[tokio::test]
async fn a_session_ends_after_twelve_hours_and_with_its_user() {
    use chancela_server::control::Command;
    let flow = Flow::standard().await;
    let mut browser = logged_in(&flow).await;
    flow.world.clock.advance_seconds(12 * 3600 - 1);
    page(&flow, &mut browser).await;
    flow.world.clock.advance_seconds(1);
    assert_eq!(browser.open(&flow.world, &flow.account()).await.seen(), Seen::Login);
    let mut browser = logged_in(&flow).await;
    for enabled in [false, true] {
        let command = Command::UserSetEnabled { username: "alice".into(), tenant: None, enabled };
        flow.world.control(flow.realm, command).await;
        assert_eq!(browser.open(&flow.world, &flow.account()).await.seen(), Seen::Login);
    }
}

/// O-05: guessing the current password of an open session is guessing.
#[tokio::test]
async fn guesses_at_the_current_password_wait() {
    let flow = Flow::standard().await;
    let mut browser = logged_in(&flow).await;
    let account = page(&flow, &mut browser).await;
    let typed = [("current_password", "wrong password"), ("new_password", NEW), ("repeated_password", NEW)];
    let form = account.form("change_password").typed(&typed);
    let mut waits = false;
    for _ in 0..8 {
        let answer = browser.send(&flow.world, form.ask()).await;
        waits |= answer.body.contains("second");
    }
    assert!(waits);
    let typed = [("current_password", PASSWORD), ("new_password", NEW), ("repeated_password", NEW)];
    let answer = browser.send(&flow.world, account.form("change_password").typed(&typed).ask()).await;
    assert_eq!(answer.seen(), Seen::Account, "even the right one");
}

/// B-20: a user who logs in where another was ends the other's session, with what was granted in it.
#[tokio::test]
async fn another_users_login_ends_the_session_that_was_there() {
    let flow = Flow::with(own_client(SCOPE)).await;
    flow.add_user("bruno", None).await;
    let mut browser = Browser::new();
    let code = flow.pass_as(&mut browser, &flow.request(), "alice").await.code();
    let tokens = flow.redeem(&code).await;
    let mut elsewhere = logged_in(&flow).await;
    flow.pass_as(&mut browser, &flow.request().with("prompt", "login"), "bruno").await.code();
    let subject = flow.user("alice").await.subject;
    let sessions = flow.world.server.store.sessions_of(flow.realm, &subject).await.unwrap();
    assert_eq!(sessions.len(), 1, "the one elsewhere");
    assert_eq!(page(&flow, &mut elsewhere).await.seen(), Seen::Account);
    assert!(!flow.is_active(&tokens.token()).await);
    assert_eq!(flow.refresh(&tokens.text("refresh_token")).await.refusal(), (400, "invalid_grant".into()));
}
