//! `/oauth/logout` and its form.

use super::{CONFIRM, END, OUT, REALM, Stage, commit, session_of};
use crate::support::{Answer, Ask};
use chancela_core::effect::Effect;
use chancela_server::revoked::Presented;
use chancela_store::Store;
use http::{Method, StatusCode};

/// The value of a hidden field.
pub(super) fn hidden(page: &Answer, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.body.split_once(&mark).unwrap_or_else(|| panic!("no {name}: {}", page.body));
    let value = rest.split('"').next().unwrap();
    value.replace("&#38;", "&").replace("&amp;", "&").replace("&#61;", "=").replace("&#37;", "%")
}

fn clears_cookies(answer: &Answer) -> bool {
    let cookies: Vec<&str> =
        answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    ["session=;", "browser=;"]
        .iter()
        .all(|mark| cookies.iter().any(|cookie| cookie.contains(mark) && cookie.contains("Max-Age=0")))
}

/// N-05.
#[tokio::test]
async fn without_a_hint_the_user_is_asked_and_says_yes() {
    let stage = Stage::new().await;
    let parameters =
        [("client_id", &*stage.client.id), ("post_logout_redirect_uri", OUT), ("state", "a&b=c d")];
    let page = stage.get(&parameters).send(&stage.world).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(stage.is_logged_in().await, "a question is no answer");
    let (request, csrf) = (hidden(&page, "request"), hidden(&page, "csrf"));
    let fields = [("request", &*request), ("csrf", &csrf), ("choice", "sign_out")];
    let answer = stage.confirm(&fields).send(&stage.world).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert_eq!(answer.header("location"), Some("https://app.example/out?state=a%26b%3Dc%20d"));
    assert!(clears_cookies(&answer) && !stage.is_logged_in().await);
}

#[tokio::test]
async fn a_user_who_stays_is_still_logged_in() {
    let stage = Stage::new().await;
    let page = stage.get(&[]).send(&stage.world).await;
    let (request, csrf) = ("", hidden(&page, "csrf"));
    let fields = [("request", request), ("csrf", &csrf), ("choice", "stay")];
    let answer = stage.confirm(&fields).send(&stage.world).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, Some("/standard/account"))
    );
    assert!(stage.is_logged_in().await);
}

/// N-05.
#[tokio::test]
async fn a_hint_that_names_the_user_ends_the_session_at_once() {
    let stage = Stage::new().await;
    let hint = stage.hint();
    let parameters = [("id_token_hint", &*hint), ("post_logout_redirect_uri", OUT)];
    let answer = stage.get(&parameters).send(&stage.world).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, Some(OUT)),
        "{}",
        answer.body
    );
    assert!(clears_cookies(&answer) && !stage.is_logged_in().await);
    let again = stage.get(&parameters).send(&stage.world).await;
    assert_eq!((again.status, again.header("location")), (StatusCode::SEE_OTHER, Some(OUT)));
    let alone = stage.get(&[("id_token_hint", &*hint)]).send(&stage.world).await;
    assert_eq!(alone.status, StatusCode::OK, "nobody is there, and there is nowhere to go");
}

/// N-05. Another user's ID token, or an old one that nobody can check, is no yes.
#[tokio::test]
async fn a_hint_of_another_user_is_only_a_question() {
    let mut stage = Stage::new().await;
    let good = stage.user.clone();
    stage.user.subject = "user-ffffffffffffffffffffffffffffffff".into();
    let foreign = stage.hint();
    stage.user = good;
    let page = stage.get(&[("id_token_hint", &*foreign)]).send(&stage.world).await;
    assert_eq!(page.status, StatusCode::OK);
    hidden(&page, "csrf");
    assert!(stage.is_logged_in().await);
}

/// N-05, RU-12. What cannot be verified leads nowhere and ends nothing.
#[tokio::test]
async fn what_cannot_be_verified_is_refused_on_a_page() {
    let stage = Stage::new().await;
    let hint = stage.hint();
    let id = &*stage.client.id;
    let cases: Vec<Vec<(&str, &str)>> = vec![
        vec![("id_token_hint", "a.b.c"), ("post_logout_redirect_uri", OUT)],
        vec![("id_token_hint", &hint[..hint.len() - 3])],
        vec![("id_token_hint", &hint), ("client_id", "another")],
        vec![("client_id", "another"), ("post_logout_redirect_uri", OUT)],
        vec![("id_token_hint", &hint), ("post_logout_redirect_uri", "https://evil.test/")],
        vec![("id_token_hint", &hint), ("post_logout_redirect_uri", "//evil.test")],
        vec![("client_id", id), ("post_logout_redirect_uri", "https://app.example/out#x")],
        vec![("client_id", id), ("client_id", id)],
    ];
    for parameters in cases {
        let answer = stage.get(&parameters).send(&stage.world).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{parameters:?}");
        assert!(answer.header("location").is_none() && !answer.body.contains("evil.test"), "{parameters:?}");
        assert!(answer.body.contains(END), "a way to go on");
        assert!(stage.is_logged_in().await, "{parameters:?}");
    }
}

/// N-05. A foreign page can neither press the button nor make up the form.
#[tokio::test]
async fn a_form_that_is_not_ours_ends_nothing() {
    let stage = Stage::new().await;
    let page = stage.get(&[]).send(&stage.world).await;
    let csrf = hidden(&page, "csrf");
    let other = stage.get(&[("ui_locales", "en")]).send(&stage.world).await;
    let (session, cookies) = session_of(stage.realm(), &stage.user, &stage.record(), "two");
    commit(&stage.world, vec![Effect::PutSession { session, expected_version: None }]).await;
    let yes = ("choice", "sign_out");
    let sent: Vec<Ask> = vec![
        stage.confirm(&[yes]),
        stage.confirm(&[("csrf", "1.AAAA"), yes]),
        stage.confirm(&[("csrf", &hidden(&other, "csrf")), yes]),
        stage.confirm(&[("request", "client_id=x"), ("csrf", &csrf), yes]),
        stage.confirm(&[("csrf", &csrf), yes]).with("cookie", &cookies),
        stage.confirm(&[("csrf", &csrf), yes]).with("content-type", "text/plain"),
        stage.confirm(&[("csrf", &csrf), yes]).method(Method::PUT),
        Ask::get(&format!("{CONFIRM}?csrf={csrf}&choice=sign_out"))
            .header("host", "id.example")
            .header("cookie", &stage.cookies),
    ];
    for ask in sent {
        let answer = ask.send(&stage.world).await;
        assert!(answer.status.is_client_error(), "{ask:?}: {}", answer.status);
        assert!(stage.is_logged_in().await, "{ask:?}");
    }
    stage.world.clock.advance_seconds(31 * 60);
    let late = stage.confirm(&[("csrf", &csrf), yes]).send(&stage.world).await;
    assert!(late.status.is_client_error() && stage.is_logged_in().await);
}

/// An application's form comes back as a GET, with which browsers send the session's cookie.
#[tokio::test]
async fn a_post_becomes_a_get_with_the_same_parameters() {
    let stage = Stage::new().await;
    let hint = stage.hint();
    let fields = [("id_token_hint", &*hint), ("post_logout_redirect_uri", OUT), ("state", "s")];
    let posted = Ask::form(END, &fields).header("host", "id.example").send(&stage.world).await;
    assert_eq!(posted.status, StatusCode::SEE_OTHER);
    let location = posted.header("location").unwrap().to_owned();
    let got = Ask::get(&location).header("host", "id.example").header("cookie", &stage.cookies);
    let answer = got.send(&stage.world).await;
    assert_eq!(answer.header("location"), Some("https://app.example/out?state=s"));
    assert!(!stage.is_logged_in().await);
    for method in [Method::HEAD, Method::PUT, Method::DELETE] {
        let answer = stage.get(&[]).method(method).send(&stage.world).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    }
}

#[tokio::test]
async fn nobody_there_sees_the_end_and_may_go_on() {
    let stage = Stage::new().await;
    let plain = Ask::get(END).header("host", "id.example").send(&stage.world).await;
    assert_eq!(plain.status, StatusCode::OK);
    assert!(!plain.body.contains("<form"), "{}", plain.body);
    let id = &*stage.client.id;
    let query = crate::support::form(&[("client_id", id), ("post_logout_redirect_uri", OUT)]);
    let led = Ask::get(&format!("{END}?{query}")).header("host", "id.example").send(&stage.world).await;
    assert_eq!((led.status, led.header("location")), (StatusCode::SEE_OTHER, Some(OUT)));
}

/// OpenID Connect Front-Channel Logout §2.
#[tokio::test]
async fn applications_in_frames_hear_of_it_before_the_browser_leaves() {
    let front = |client: &mut chancela_core::record::Client| {
        client.frontchannel_logout_uri = Some("https://app.example/front?a=b".into());
    };
    let stage = Stage::reaching(Default::default(), front).await;
    let hint = stage.hint();
    let parameters = [("id_token_hint", &*hint), ("post_logout_redirect_uri", OUT)];
    let page = stage.get(&parameters).send(&stage.world).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(clears_cookies(&page) && !stage.is_logged_in().await);
    let body = page.body.replace("&#38;", "&").replace("&amp;", "&");
    assert!(body.contains("<iframe src=\"https://app.example/front?a=b&iss=https%3A%2F%2Fid.example%2Fstandard&sid=sid-one\""), "{body}");
    assert!(body.contains(&format!("href=\"{OUT}\"")), "{body}");
    let csp = page.header("content-security-policy").unwrap();
    assert!(csp.contains("frame-src https://app.example") && csp.contains("default-src 'none'"), "{csp}");
}

/// OpenID Connect Back-Channel Logout §2.7.
#[tokio::test]
async fn grants_end_with_the_session_but_for_offline_access() {
    let stage = Stage::new().await;
    let ends = stage.grant(1, "openid").await;
    let stays = stage.grant(2, "openid offline_access").await;
    stage.get(&[("id_token_hint", &*stage.hint())]).send(&stage.world).await;
    let left: Vec<_> =
        stage.world.server.store.grants_of(&stage.user.subject).await.unwrap().iter().map(|g| g.id).collect();
    assert_eq!(left, [stays]);
    let covers = |grant| {
        let (client, issued_at) = (stage.record().key, stage.user.created_at);
        let presented = Presented {
            token: None,
            grant: Some(grant),
            subject: None,
            client,
            issued_at,
            certificate: None,
        };
        stage.world.server.revoked.covers(&presented)
    };
    assert!(covers(ends) && !covers(stays));
    assert!(stage.world.server.store.sessions_of(REALM, &stage.user.subject).await.unwrap().is_empty());
}
