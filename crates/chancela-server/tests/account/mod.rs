//! The account page: what a user sees and ends, and the second factors.

mod access;
mod factors;

use crate::support::{Answer, Browser, Flow, Seen};
use chancela_store::Store;

/// The account page of a browser in which somebody is logged in.
async fn page<S: Store>(flow: &Flow<S>, browser: &mut Browser) -> Answer {
    let page = browser.open(&flow.world, &flow.account()).await;
    assert_eq!(page.seen(), Seen::Account);
    page
}

/// A browser in which alice logged in on the account page.
async fn logged_in(flow: &Flow) -> Browser {
    let mut browser = Browser::new();
    let login = browser.open(&flow.world, &flow.account()).await;
    assert_eq!(login.seen(), Seen::Login);
    let page = flow.log_in(&mut browser, &login, "alice").await;
    assert_eq!(page.seen(), Seen::Account);
    browser
}
