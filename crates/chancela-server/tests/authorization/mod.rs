//! The authorization endpoint and its pages, as browsers, clients and attackers meet them.

mod bs2;
mod changes;
mod consent;
mod errors;
mod exchange;
mod forms;
mod login;
mod neighbours;
mod parallel;
mod prompt;
mod redirect_uri;
mod vantage;

use crate::support::{Browser, Callback, Flow, HOST, Request, Seen};
use chancela_store::Store;

/// Asserts that a request ends on an error page of ours: nothing leads away, and no code was made.
async fn refused_here<S: Store>(flow: &Flow<S>, browser: &mut Browser, request: &Request, title: &str) {
    let before = flow.codes_made();
    let answer = flow.open(browser, request).await;
    assert_eq!((answer.status.as_u16(), answer.seen()), (400, Seen::Failure), "{title}");
    assert!(answer.header("location").is_none(), "{title}");
    assert!(!answer.body.contains("evil"), "{title}: {}", answer.body);
    assert_eq!(flow.codes_made(), before, "{title}");
}

/// Asserts that the client hears this error, with the issuer and the state.
fn told(flow: &Flow<impl Store>, callback: &Callback, error: &str, title: &str) {
    assert_eq!(callback.error(), error, "{title}");
    assert_eq!(callback.get("iss"), Some(format!("{HOST}/{}", flow.realm).as_str()), "B-12: {title}");
    assert!(callback.get("error_description").is_some_and(|text| !text.is_empty()), "{title}");
}
