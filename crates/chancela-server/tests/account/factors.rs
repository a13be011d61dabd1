//! One-time passwords and recovery codes: enrolled here, asked for at the login (requirements O-06, EN-03).

use super::{logged_in, page};
use crate::support::{Answer, Browser, Callback, Flow, SCOPE, Seen, claims, own_client, unescape};
use aws_lc_rs::hmac;

/// An authenticator app.
struct App(Vec<u8>);

impl App {
    /// Reads the key that the page shows.
    fn scan(page: &Answer) -> Self {
        let (_, rest) = page.body.split_once("class=\"secret\"><code>").unwrap();
        let (mut bits, mut count, mut secret) = (0_u64, 0, Vec::new());
        for c in rest.split('<').next().unwrap().chars().filter(char::is_ascii_alphanumeric) {
            let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap();
            (bits, count) = ((bits << 5) | value as u64, count + 5);
            if count >= 8 {
                count -= 8;
                secret.push((bits >> count) as u8);
                bits &= (1 << count) - 1;
            }
        }
        assert_eq!(secret.len(), 20);
        Self(secret)
    }

    fn code(&self, flow: &Flow) -> String {
        self.code_in(flow, 0)
    }

    /// RFC 6238, some steps from now.
    fn code_in(&self, flow: &Flow, steps: i64) -> String {
        let step = flow.world.clock.now().seconds() / 30 + steps;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let offset = usize::from(tag.as_ref()[19] & 15);
        let word = u32::from_be_bytes(tag.as_ref()[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", word % 1_000_000)
    }
}

/// Alice with an app, and the browser in which she enrolled it.
async fn enrolled() -> (Flow, Browser, App) {
    let flow = Flow::with(own_client(SCOPE)).await;
    let mut browser = logged_in(&flow).await;
    let account = page(&flow, &mut browser).await;
    let pending = browser.press(&flow.world, &account, "start_totp", &[]).await;
    let app = App::scan(&pending);
    let wrong = browser.press(&flow.world, &pending, "confirm_totp", &[("code", "000000")]).await;
    assert!(wrong.body.contains("role=\"alert\"") && flow.user("alice").await.totp.is_none());
    let done = browser.press(&flow.world, &wrong, "confirm_totp", &[("code", &app.code(&flow))]).await;
    assert!(done.body.contains("value=\"remove_totp\""), "{}", done.body);
    flow.world.clock.advance_seconds(60);
    (flow, browser, app)
}

/// The page that asks for the second factor, in a new browser.
async fn asked(flow: &Flow, browser: &mut Browser) -> Answer {
    let login = flow.open(browser, &flow.request()).await;
    let factor = flow.log_in(browser, &login, "alice").await;
    assert_eq!(factor.seen(), Seen::Factor, "{}", factor.body);
    assert_eq!(browser.cookie("session"), "", "half a login is none");
    factor
}

/// O-06: enrolled, asked for, good once, and the ID token says so.
#[tokio::test]
async fn a_one_time_password_is_asked_for_and_good_once() {
    let (flow, _, app) = enrolled().await;
    let mut browser = Browser::new();
    let factor = asked(&flow, &mut browser).await;
    for wrong in ["", "000000", "12345", "abcdef", &app.code_in(&flow, -3), &app.code_in(&flow, 3)] {
        let answer = browser.press(&flow.world, &factor, "totp", &[("code", wrong)]).await;
        if answer.status != 429 {
            assert_eq!(answer.seen(), Seen::Factor, "{wrong}");
        }
        flow.world.clock.advance_seconds(30);
        if wrong == "12345" {
            break;
        }
    }
    let code = app.code(&flow);
    let done = browser.press(&flow.world, &factor, "totp", &[("code", &code)]).await;
    let tokens = flow.redeem(&Callback::of(&done).code()).await;
    let said = claims(&tokens.text("id_token"));
    assert_eq!(said["acr"], "urn:chancela:acr:2fa");
    let amr: Vec<&str> = said["amr"].as_array().unwrap().iter().map(|own| own.as_str().unwrap()).collect();
    assert!(amr.contains(&"pwd") && amr.contains(&"otp") && amr.contains(&"mfa"), "{amr:?}");
    let mut other = Browser::new();
    let factor = asked(&flow, &mut other).await;
    let reused = other.press(&flow.world, &factor, "totp", &[("code", &code)]).await;
    assert_eq!(reused.seen(), Seen::Factor, "EN-03: a code is good once");
    assert_eq!(other.cookie("session"), "");
    flow.world.clock.advance_seconds(30);
    let done = other.press(&flow.world, &reused, "totp", &[("code", &app.code(&flow))]).await;
    assert_eq!(done.seen(), Seen::Redirect);
}

/// EN-03: two tabs, one code: one login.
#[tokio::test]
async fn one_code_in_two_browsers_lets_one_in() {
    let (flow, _, app) = enrolled().await;
    let (mut one, mut two) = (Browser::new(), Browser::new());
    let (first, second) = (asked(&flow, &mut one).await, asked(&flow, &mut two).await);
    let code = app.code(&flow);
    let sent = |page: &Answer| page.form("totp").typed(&[("code", &code)]).ask();
    let (a, b) = tokio::join!(one.send(&flow.world, sent(&first)), two.send(&flow.world, sent(&second)));
    assert_eq!([a.seen(), b.seen()].iter().filter(|seen| **seen == Seen::Redirect).count(), 1);
}

/// EN-03: guessing ends the login, and the password alone opens nothing.
#[tokio::test]
async fn guesses_at_a_second_factor_end_the_login() {
    let (flow, _, app) = enrolled().await;
    let mut browser = Browser::new();
    let factor = asked(&flow, &mut browser).await;
    for n in 0..5 {
        let answer = browser.press(&flow.world, &factor, "totp", &[("code", &format!("{n:06}"))]).await;
        assert_eq!(answer.seen(), Seen::Factor);
    }
    let right = browser.press(&flow.world, &factor, "totp", &[("code", &app.code(&flow))]).await;
    assert_eq!(right.status, 429, "{}", right.body);
    assert!(right.header("retry-after").is_some());
    assert_eq!(browser.cookie("session"), "");
    flow.world.clock.advance_seconds(60);
    let again = asked(&flow, &mut browser).await;
    let done = browser.press(&flow.world, &again, "totp", &[("code", &app.code(&flow))]).await;
    assert_eq!(done.seen(), Seen::Redirect, "a new login is a new beginning");
}

/// The note between the pages opens for five minutes, in its browser, for its request.
#[tokio::test]
async fn half_a_login_is_nothing_elsewhere_or_later() {
    let (flow, _, app) = enrolled().await;
    let (mut browser, mut other) = (Browser::new(), Browser::new());
    let (factor, theirs) = (asked(&flow, &mut browser).await, asked(&flow, &mut other).await);
    let note = theirs.form("totp").value("note").to_owned();
    let code = app.code(&flow);
    for (title, form) in [
        ("another's note", factor.form("totp").with("note", &note)),
        ("no note", factor.form("totp").without("note")),
        ("a made-up note", factor.form("totp").with("note", &"A".repeat(100))),
    ] {
        let answer = browser.send(&flow.world, form.typed(&[("code", &code)]).ask()).await;
        assert_eq!(answer.seen(), Seen::Login, "{title}");
    }
    flow.world.clock.advance_seconds(301);
    let late = browser.press(&flow.world, &factor, "totp", &[("code", &app.code(&flow))]).await;
    assert_eq!(late.seen(), Seen::Login);
    let wrong = flow.open(&mut other, &flow.request().with("state", "another")).await;
    let mut moved = factor.form("totp");
    moved = moved.with("request", wrong.form("login").value("request"));
    assert_eq!(other.send(&flow.world, moved.ask()).await.seen(), Seen::Expired);
}

/// O-06: each recovery code lets its user in once.
#[tokio::test]
async fn a_recovery_code_is_good_once() {
    let (flow, mut browser, _) = enrolled().await;
    let account = page(&flow, &mut browser).await;
    let shown = browser.press(&flow.world, &account, "make_recovery_codes", &[]).await;
    let list = unescape(&shown.body);
    let (_, list) = list.split_once("class=\"codes\"").unwrap();
    let codes: Vec<&str> =
        list.split("<code>").skip(1).map(|rest| rest.split('<').next().unwrap()).take(10).collect();
    let again = page(&flow, &mut browser).await;
    assert!(!again.body.contains(codes[0]), "shown once");
    let mut new = Browser::new();
    let factor = asked(&flow, &mut new).await;
    let done = new.press(&flow.world, &factor, "recovery", &[("recovery_code", codes[0])]).await;
    let token = flow.redeem(&Callback::of(&done).code()).await.text("id_token");
    assert_eq!(claims(&token)["acr"], "urn:chancela:acr:2fa");
    let mut new = Browser::new();
    let factor = asked(&flow, &mut new).await;
    let reused = new.press(&flow.world, &factor, "recovery", &[("recovery_code", codes[0])]).await;
    assert_eq!(reused.seen(), Seen::Factor);
    let other = new.press(&flow.world, &factor, "recovery", &[("recovery_code", codes[1])]).await;
    assert_eq!(other.seen(), Seen::Redirect);
}

/// OpenID Connect Core §5.5.1.1: a stronger class is asked for by a page, and told where no page may be shown.
#[tokio::test]
async fn an_essential_class_is_reached_by_a_step_up() {
    let (flow, mut browser, app) = enrolled().await;
    let essential = r#"{"id_token":{"acr":{"essential":true,"values":["urn:chancela:acr:2fa"]}}}"#;
    let request = flow.request().with("claims", essential);
    let silent = request.clone().with("prompt", "none");
    let answer = flow.open(&mut browser, &silent).await;
    assert_eq!(Callback::of(&answer).error(), "login_required", "the session has the password alone");
    let before = browser.clone();
    let factor = flow.open(&mut browser, &request).await;
    assert_eq!(factor.seen(), Seen::Factor);
    let done = browser.press(&flow.world, &factor, "totp", &[("code", &app.code(&flow))]).await;
    let token = flow.redeem(&Callback::of(&done).code()).await.text("id_token");
    assert_eq!(claims(&token)["acr"], "urn:chancela:acr:2fa");
    assert_ne!(browser.cookie("session"), before.cookie("session"), "B-20: a step-up is a new session");
    assert_eq!(before.clone().open(&flow.world, &flow.account()).await.seen(), Seen::Login);
    let answer = flow.open(&mut browser, &silent).await;
    assert!(!Callback::of(&answer).code().is_empty());
}

/// Whoever finds an open browser cannot make the account theirs.
#[tokio::test]
async fn factors_change_only_soon_after_a_login() {
    let (flow, mut browser, _) = enrolled().await;
    let account = page(&flow, &mut browser).await;
    flow.world.clock.advance_seconds(15 * 60 + 1);
    for choice in ["remove_totp", "make_recovery_codes", "start_totp"] {
        let answer = browser.press(&flow.world, &account, choice, &[]).await;
        assert_eq!(answer.seen(), Seen::Login, "{choice}");
    }
    assert!(flow.user("alice").await.totp.is_some());
}

/// A key that was shown in one browser is confirmed in no other, and not for another user.
#[tokio::test]
async fn a_pending_key_is_its_own_browsers() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let (mut browser, mut other) = (logged_in(&flow).await, logged_in(&flow).await);
    let account = page(&flow, &mut browser).await;
    let pending = browser.press(&flow.world, &account, "start_totp", &[]).await;
    let (app, sealed) = (App::scan(&pending), pending.form("confirm_totp").value("sealed").to_owned());
    let account = page(&flow, &mut other).await;
    let form = account.form("start_totp").with("choice", "confirm_totp").with("sealed", &sealed);
    let answer = other.send(&flow.world, form.typed(&[("code", &app.code(&flow))]).ask()).await;
    assert_eq!(answer.seen(), Seen::Account);
    assert!(flow.user("alice").await.totp.is_none());
    assert_ne!(App::scan(&answer).0, app.0, "a new key is shown");
}

/// Without a second factor recovery codes would be a second password.
#[tokio::test]
async fn recovery_codes_go_with_the_last_factor_and_with_new_ones() {
    let (flow, mut browser, app) = enrolled().await;
    let codes = |page: &Answer| -> Vec<String> {
        let (_, list) = page.body.split_once("class=\"codes\"").unwrap();
        list.split("<code>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
    };
    let account = page(&flow, &mut browser).await;
    let old = codes(&browser.press(&flow.world, &account, "make_recovery_codes", &[]).await);
    let account = page(&flow, &mut browser).await;
    let new = codes(&browser.press(&flow.world, &account, "make_recovery_codes", &[]).await);
    let mut third = Browser::new();
    let factor = asked(&flow, &mut third).await;
    let refused = third.press(&flow.world, &factor, "recovery", &[("recovery_code", &old[0])]).await;
    assert_eq!(refused.seen(), Seen::Factor, "replaced");
    let done = third.press(&flow.world, &factor, "recovery", &[("recovery_code", &new[0])]).await;
    assert_eq!(done.seen(), Seen::Redirect);
    let account = page(&flow, &mut browser).await;
    browser.press(&flow.world, &account, "remove_totp", &[]).await;
    let alice = flow.user("alice").await;
    assert!(alice.totp.is_none() && alice.recovery_codes.is_empty());
    let mut new = Browser::new();
    let login = flow.open(&mut new, &flow.request()).await;
    assert_eq!(flow.log_in(&mut new, &login, "alice").await.seen(), Seen::Redirect);
    drop(app);
}

/// CD-06: a user who was disabled between the password and the code does not get in.
#[tokio::test]
async fn a_user_disabled_between_the_two_factors_does_not_get_in() {
    use chancela_server::control::Command;
    let (flow, _, app) = enrolled().await;
    let mut browser = Browser::new();
    let factor = asked(&flow, &mut browser).await;
    let off = Command::UserSetEnabled { username: "alice".into(), tenant: None, enabled: false };
    flow.world.control(flow.realm, off).await;
    let answer = browser.press(&flow.world, &factor, "totp", &[("code", &app.code(&flow))]).await;
    assert_eq!(answer.seen(), Seen::Login);
    assert_eq!(browser.cookie("session"), "");
}

/// O-02: a password that was changed between the two factors ends the login that began with the old one.
#[tokio::test]
async fn a_password_changed_between_the_two_factors_ends_the_login() {
    use chancela_server::control::Command;
    let (flow, _, app) = enrolled().await;
    let mut browser = Browser::new();
    let factor = asked(&flow, &mut browser).await;
    let password = "another horse, another battery";
    let change =
        Command::UserSetPassword { username: "alice".into(), tenant: None, password: password.into() };
    flow.world.control(flow.realm, change).await;
    flow.world.clock.advance_seconds(2);
    let answer = browser.press(&flow.world, &factor, "totp", &[("code", &app.code(&flow))]).await;
    assert_eq!(answer.seen(), Seen::Login, "the note is of the old password");
    assert_eq!(browser.cookie("session"), "");
}
