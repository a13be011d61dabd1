//! Forms that were not made for this browser, this session or this request; double clicks, two tabs, cookies off
//! (requirements B-19 to B-21; MX-05 to MX-11).

use crate::support::{Answer, Ask, Browser, Callback, Flow, Form, PASSWORD, SCOPE, Seen, own_client};

/// What a foreign page could send instead of the form of `page`.
fn forged(form: &Form, foreign: &[&Form]) -> Vec<(&'static str, Ask)> {
    let mut out = vec![
        ("no proof", form.clone().without("csrf").ask()),
        ("an empty proof", form.clone().with("csrf", "").ask()),
        ("a made-up proof", form.clone().with("csrf", "1.AAAA").ask()),
        ("a proof for another request", form.clone().with("request", "client_id=x").ask()),
        ("no request", form.clone().without("request").ask()),
        ("text/plain", form.ask().with("content-type", "text/plain")),
        ("multipart", form.ask().with("content-type", "multipart/form-data; boundary=x")),
        ("json", form.ask().with("content-type", "application/json")),
        ("no content type", form.ask().without("content-type")),
    ];
    let time = form.value("csrf").split('.').next().unwrap().parse::<i64>().unwrap();
    let later = form.value("csrf").replacen(&time.to_string(), &(time + 1).to_string(), 1);
    out.push(("a proof with another time", form.clone().with("csrf", &later).ask()));
    for other in foreign {
        out.push(("another's proof", form.clone().with("csrf", other.value("csrf")).ask()));
    }
    out
}

/// A login page of a new browser for the same request.
async fn login_page(flow: &Flow, browser: &mut Browser) -> Answer {
    let page = flow.open(browser, &flow.request()).await;
    assert_eq!(page.seen(), Seen::Login);
    page
}

/// B-19, MX-09, MX-10: a login that the page of this browser did not send logs nobody in.
#[tokio::test]
async fn a_login_form_that_is_not_ours_logs_nobody_in() {
    let flow = Flow::standard().await;
    let (mut browser, mut attacker) = (Browser::new(), Browser::new());
    let (own, theirs) = (login_page(&flow, &mut browser).await, login_page(&flow, &mut attacker).await);
    let typed = [("username", "alice"), ("password", PASSWORD)];
    let form = own.form("login").typed(&typed);
    for (title, ask) in forged(&form, &[&theirs.form("login")]) {
        let answer = browser.send(&flow.world, ask).await;
        assert_eq!((answer.status.as_u16(), answer.seen()), (403, Seen::Expired), "{title}");
        assert_eq!(browser.cookie("session"), "", "{title}");
    }
    let get = Ask::get(&format!("{}?{}", form.action, String::from_utf8(form.ask().body).unwrap()));
    assert_eq!(browser.send(&flow.world, get).await.status, 405);
    let answer = browser.send(&flow.world, form.ask()).await;
    assert_eq!(answer.seen(), Seen::Redirect, "the browser's own form is as good as before");
}

/// B-19, B-21, MX-06, MX-09: nothing but the consent page of this session consents.
#[tokio::test]
async fn a_consent_form_that_is_not_ours_grants_nothing() {
    let flow = Flow::standard().await;
    flow.add_user("mallory", None).await;
    let (mut browser, mut attacker, mut same_user) = (Browser::new(), Browser::new(), Browser::new());
    let mut page = Vec::new();
    for (browser, user) in [(&mut browser, "alice"), (&mut attacker, "mallory"), (&mut same_user, "alice")] {
        let login = login_page(&flow, browser).await;
        page.push(flow.log_in(browser, &login, user).await);
    }
    let [own, theirs, same] = [&page[0], &page[1], &page[2]].map(|page| page.form("allow"));
    let selection = flow.open(&mut browser, &flow.request().with("prompt", "select_account")).await;
    let chosen = selection.form("continue");
    for (title, ask) in forged(&own, &[&theirs, &same, &chosen]) {
        let answer = browser.send(&flow.world, ask).await;
        assert_eq!((answer.status.as_u16(), answer.seen()), (403, Seen::Expired), "{title}");
    }
    // A cross-site form comes without our cookies, and the attacker's page with the attacker's.
    for (title, form, seen) in
        [("no cookies", &own, Seen::CookiesOff), ("another's cookies", &own, Seen::Expired)]
    {
        let mut foreign = if seen == Seen::CookiesOff { Browser::new() } else { attacker.clone() };
        let answer = foreign.send(&flow.world, form.ask()).await;
        assert_eq!(answer.seen(), seen, "{title}");
    }
    let get = Ask::get(&format!("{}?{}", own.action, String::from_utf8(own.ask().body).unwrap()));
    assert_eq!(browser.send(&flow.world, get).await.status, 405, "B-21");
    let typed_in =
        flow.request().with("choice", "allow").with("decision", "allow").with("csrf", own.value("csrf"));
    assert_eq!(flow.open(&mut browser, &typed_in).await.seen(), Seen::Consent, "B-21");
    assert_eq!((flow.codes_made(), flow.consents("alice").await), (0, 0));
    let answer = browser.send(&flow.world, own.ask()).await;
    flow.redeem(&Callback::of(&answer).code()).await.token();
}

/// B-20, MX-07, MX-08: nothing that stood in the browser before a login is worth anything after it.
#[tokio::test]
async fn a_login_renews_every_cookie_and_the_old_ones_are_dead() {
    let flow = Flow::standard().await;
    flow.add_user("bruno", None).await;
    let mut browser = Browser::new();
    let login = login_page(&flow, &mut browser).await;
    let before = browser.clone();
    assert!(!before.cookie("browser").is_empty() && before.cookie("session").is_empty());
    let consent = flow.log_in(&mut browser, &login, "alice").await;
    assert_ne!(browser.cookie("browser"), before.cookie("browser"));
    // Whoever planted or saw the cookie of before the login is nobody.
    assert_eq!(flow.open(&mut before.clone(), &flow.request()).await.seen(), Seen::Login);
    assert_eq!(before.clone().send(&flow.world, consent.form("allow").ask()).await.seen(), Seen::Expired);
    let planted = "A".repeat(43);
    let mut victim = Browser::new();
    victim.cookies.insert("__Host-chancela-standard-session".into(), planted.clone());
    let login = login_page(&flow, &mut victim).await;
    flow.log_in(&mut victim, &login, "alice").await;
    assert_ne!(victim.cookie("session"), planted);
    // Another account in the same browser: the first one's session ends.
    let first = browser.clone();
    let again = flow.open(&mut browser, &flow.request().with("prompt", "login")).await;
    flow.log_in(&mut browser, &again, "bruno").await;
    assert_ne!(browser.cookie("session"), first.cookie("session"));
    assert_eq!(flow.open(&mut first.clone(), &flow.request()).await.seen(), Seen::Login);
}

/// MX-05: a proof of one browser's transaction is nothing in another.
#[tokio::test]
async fn a_transaction_of_another_browser_proves_nothing() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let (mut one, mut two) = (Browser::new(), Browser::new());
    flow.pass(&mut two, &flow.request()).await;
    flow.world.clock.advance_seconds(60);
    let request = flow.request().with("prompt", "login");
    let login = flow.open(&mut one, &request).await;
    let typed = [("username", "alice"), ("password", PASSWORD)];
    let answer = one.send(&flow.world, login.form("login").typed(&typed).ask()).await;
    let link = answer.header("location").unwrap().to_owned();
    assert!(link.contains("chancela_transaction="), "{link}");
    assert_eq!(two.open(&flow.world, &link).await.seen(), Seen::Login, "the login was another's");
    assert_eq!(Browser::new().open(&flow.world, &link).await.seen(), Seen::Login);
    let callback = Callback::of(&one.open(&flow.world, &link).await);
    assert!(!callback.code().is_empty());
    // In its own browser it is good for this request alone, and for half an hour.
    let other = link.replace("state=xyz", "state=abc");
    assert_eq!(one.open(&flow.world, &other).await.seen(), Seen::Login);
    flow.world.clock.advance_seconds(31 * 60);
    assert_eq!(one.open(&flow.world, &link).await.seen(), Seen::Login);
}

/// Cookies off: a page that says so, and how to go on.
#[tokio::test]
async fn without_cookies_a_page_says_so() {
    let flow = Flow::standard().await;
    let mut browser = Browser { cookies_off: true, ..Browser::new() };
    let login = login_page(&flow, &mut browser).await;
    let answer = flow.log_in(&mut browser, &login, "alice").await;
    assert_eq!((answer.status.as_u16(), answer.seen()), (400, Seen::CookiesOff));
    let link = crate::support::unescape(&answer.body);
    assert!(link.contains(&format!("href=\"{}?", flow.authorize())), "{link}");
    browser.cookies_off = false;
    let consent = flow.pass(&mut browser, &flow.request()).await;
    assert!(!consent.code().is_empty(), "the way on");
}

/// MX-11: back, refresh and double clicks.
#[tokio::test]
async fn a_login_or_consent_sent_twice_breaks_nothing() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    let login = login_page(&flow, &mut browser).await;
    let typed = [("username", "alice"), ("password", PASSWORD)];
    let before = browser.clone();
    let form = login.form("login").typed(&typed);
    let first = browser.send(&flow.world, form.ask()).await;
    let consent = browser.follow(&flow.world, first).await;
    assert_eq!(consent.seen(), Seen::Consent);
    // The second click went out with the same cookies before the first answer came.
    let mut double = before.clone();
    let second = double.send(&flow.world, form.ask()).await;
    assert_eq!(double.follow(&flow.world, second).await.seen(), Seen::Consent);
    // Back to the login page, and sent again.
    let back = browser.send(&flow.world, form.ask()).await;
    assert_eq!((back.status.as_u16(), back.seen()), (403, Seen::Expired));
    let allow = consent.form("allow").ask();
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(Callback::of(&browser.send(&flow.world, allow.clone()).await).code());
    }
    assert_eq!(flow.consents("alice").await, 1, "one consent, however often it is sent");
    for code in codes {
        flow.redeem(&code).await.token();
    }
}

/// MX-11: two tabs of one browser, each with its own request.
#[tokio::test]
async fn two_tabs_both_reach_their_end() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    let (one, two) = (flow.request().with("state", "one"), flow.request().with("state", "two"));
    let (first, second) = (flow.open(&mut browser, &one).await, flow.open(&mut browser, &two).await);
    let consent = flow.log_in(&mut browser, &first, "alice").await;
    let done = Callback::of(&browser.press(&flow.world, &consent, "allow", &[]).await);
    assert_eq!(done.get("state"), Some("one"));
    // The other tab's page is from before the login: it says so, and its button goes on with its own request.
    let late = flow.log_in(&mut browser, &second, "alice").await;
    assert_eq!((late.status.as_u16(), late.seen()), (403, Seen::Expired));
    let page = crate::support::unescape(&late.body);
    let link = page.split("class=\"button primary\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let done = Callback::of(&browser.open(&flow.world, link).await);
    assert_eq!(done.get("state"), Some("two"));
    assert!(!done.code().is_empty());
}

/// An old page says how to go on, and changes nothing.
#[tokio::test]
async fn a_page_that_lay_open_for_31_minutes_has_expired() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    let login = login_page(&flow, &mut browser).await;
    flow.world.clock.advance_seconds(31 * 60);
    let late = flow.log_in(&mut browser, &login, "alice").await;
    assert_eq!((late.status.as_u16(), late.seen()), (403, Seen::Expired));
    assert!(
        crate::support::unescape(&late.body).contains(&format!("href=\"{}?client_id=", flow.authorize()))
    );
    let login = login_page(&flow, &mut browser).await;
    flow.world.clock.advance_seconds(29 * 60);
    let consent = flow.log_in(&mut browser, &login, "alice").await;
    assert_eq!(consent.seen(), Seen::Consent);
    flow.world.clock.advance_seconds(31 * 60);
    let late = browser.press(&flow.world, &consent, "allow", &[]).await;
    assert_eq!((late.status.as_u16(), late.seen()), (403, Seen::Expired));
    assert_eq!((flow.codes_made(), flow.consents("alice").await), (0, 0));
}

/// B-19: the choice of an account and the second factor have proofs of their own.
#[tokio::test]
async fn one_kind_of_form_cannot_be_sent_as_another() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    let login = login_page(&flow, &mut browser).await;
    let consent = flow.log_in(&mut browser, &login, "alice").await;
    let selection = flow.open(&mut browser, &flow.request().with("prompt", "select_account")).await;
    let account = browser.open(&flow.world, &flow.account()).await;
    let pages = [("login", &login), ("allow", &consent), ("continue", &selection), ("sign_out", &account)];
    for (choice, page) in pages {
        for (other, target) in pages {
            if choice == other {
                continue;
            }
            let mut form = page.form(choice);
            form.action = target.form(other).action;
            let answer = browser.send(&flow.world, form.with("choice", other).ask()).await;
            assert_eq!(answer.seen(), Seen::Expired, "{choice} as {other}");
        }
    }
    assert_eq!(flow.open(&mut browser, &flow.request()).await.seen(), Seen::Consent, "still logged in");
    assert_eq!((flow.codes_made(), flow.consents("alice").await), (0, 0));
}
