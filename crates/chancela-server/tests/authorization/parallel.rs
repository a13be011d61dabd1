//! Many tabs at once, and requests that are long, odd or half ours.

use crate::support::{Answer, Ask, Browser, Callback, Flow, RealmPlan, SCOPE, Seen, own_client, web_client};
use chancela_store::Store;
use chancela_store_sqlite::{Options, SqliteStore};
use std::sync::Arc;

/// Sends the same browser's requests at once.
async fn at_once<S: Store>(flow: &Arc<Flow<S>>, browser: &Browser, asks: Vec<Ask>) -> Vec<Answer> {
    let tasks: Vec<_> = asks
        .into_iter()
        .map(|ask| {
            let (flow, mut browser) = (Arc::clone(flow), browser.clone());
            tokio::spawn(async move { browser.send(&flow.world, ask).await })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

async fn many_tabs<S: Store>(flow: Flow<S>) {
    let mut clients = vec![flow.client.clone()];
    for _ in 0..7 {
        clients.push(flow.register(own_client(SCOPE)).await);
    }
    let mut browser = Browser::new();
    let login = browser.open(&flow.world, &flow.account()).await;
    flow.log_in(&mut browser, &login, "alice").await;
    let flow = Arc::new(flow);
    let asks = clients.iter().cycle().take(32).map(|client| Ask::get(&flow.request_of(client).target()));
    for answer in at_once(&flow, &browser, asks.collect()).await {
        assert!(!Callback::of(&answer).code().is_empty());
    }
    let subject = flow.user("alice").await.subject;
    let sessions = flow.world.server.store.sessions_of(flow.realm, &subject).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].clients.len(), 8, "every application hears of the logout");
}

/// MX-11: eight applications in 32 tabs of one browser.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_tabs_all_reach_their_applications() {
    many_tabs(Flow::with(own_client(SCOPE)).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_tabs_all_reach_their_applications_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
    many_tabs(Flow::over(store, RealmPlan::standard(), own_client(SCOPE)).await).await;
}

/// MX-11: a consent pressed 16 times at once is one consent, and nothing fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_consent_pressed_sixteen_times_at_once_is_one_consent() {
    let flow = Arc::new(Flow::with(web_client(SCOPE)).await);
    let mut browser = Browser::new();
    let login = flow.open(&mut browser, &flow.request()).await;
    let page = flow.log_in(&mut browser, &login, "alice").await;
    let allow = page.form("allow").ask();
    for answer in at_once(&flow, &browser, vec![allow; 16]).await {
        flow.redeem(&Callback::of(&answer).code()).await.token();
    }
    assert_eq!(flow.consents("alice").await, 1);
}

/// More at once count as guesses, which have to wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_login_sent_five_times_at_once_lets_its_user_in() {
    let flow = Arc::new(Flow::with(own_client(SCOPE)).await);
    let mut browser = Browser::new();
    let login = flow.open(&mut browser, &flow.request()).await;
    let typed = [("username", "alice"), ("password", crate::support::PASSWORD)];
    let form = login.form("login").typed(&typed).ask();
    for answer in at_once(&flow, &browser, vec![form; 5]).await {
        assert_eq!(answer.seen(), Seen::Redirect, "{}", answer.body);
    }
}

/// A POST that is too long for a URL is answered at once; it comes without our cookies, so its user logs in.
#[tokio::test]
async fn a_request_too_long_for_a_url_is_answered_where_it_came() {
    let flow = Flow::standard().await;
    let mut browser = Browser::new();
    let state = "ç".repeat(1024);
    let request = flow.request().with("state", &state).with("x", &"y".repeat(3000));
    let answer = browser.send(&flow.world, request.posted()).await;
    assert_eq!(answer.seen(), Seen::Login);
    let consent = flow.log_in(&mut browser, &answer, "alice").await;
    let done = Callback::of(&browser.press(&flow.world, &consent, "allow", &[]).await);
    assert_eq!(done.get("state"), Some(state.as_str()));
}

/// MX-10: a proof that is made up, or meant for something else, is as if it were not there.
#[tokio::test]
async fn a_made_up_proof_in_the_url_is_ignored() {
    let flow = Flow::with(own_client(SCOPE)).await;
    let mut browser = Browser::new();
    flow.pass(&mut browser, &flow.request()).await;
    flow.world.clock.advance_seconds(60);
    let selection = flow.open(&mut browser, &flow.request().with("prompt", "select_account")).await;
    let other = selection.form("continue").value("csrf").to_owned();
    for proof in ["", "x", "1.x", "9999999999999.AAAA", "-1.AAAA", &other] {
        for (prompt, seen) in [("login", Seen::Login), ("select_account", Seen::Selection)] {
            let request = flow.request().with("prompt", prompt).with("chancela_transaction", proof);
            assert_eq!(flow.open(&mut browser, &request).await.seen(), seen, "{proof} {prompt}");
        }
        let request = flow.request().with("chancela_transaction", proof);
        assert_eq!(flow.open(&mut browser, &request).await.seen(), Seen::Redirect, "{proof}");
    }
}
