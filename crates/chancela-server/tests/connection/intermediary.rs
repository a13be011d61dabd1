//! What stands between connections and endpoints: it sees the whole request first, and decides what goes out.

use super::{Running, statuses};
use bytes::Bytes;
use chancela_server::extension::{Answer, Arriving, Closed, Intermediary, Passage};
use chancela_server::router::Route;
use http_body_util::{BodyExt, Full};
use std::sync::{Arc, Mutex};

/// Does with each request what its turn says, and remembers what it saw of it.
#[derive(Debug, Default)]
struct Tester {
    seen: Mutex<Vec<(bool, Bytes)>>,
}

impl Intermediary for Tester {
    fn pass<'a>(&'a self, arriving: Arriving<'a>, answer: Answer<'a>) -> Passage<'a> {
        Box::pin(async move {
            let turn = {
                let mut seen = self.seen.lock().unwrap();
                seen.push((matches!(arriving.route, Some(Route::Token(..))), arriving.body.clone()));
                seen.len()
            };
            match turn {
                1 => Err(Closed),
                2 => {
                    answer.await;
                    Err(Closed)
                }
                _ => Ok(answer
                    .await
                    .map(|body| Full::new(body).map_err(|never| match never {}).boxed_unsync())),
            }
        })
    }
}

#[test]
fn an_answer_is_committed_before_the_intermediary_has_it_and_not_begun_before_it_is_wanted() {
    let tester = Arc::new(Tester::default());
    let running = Running::through(Some(Arc::clone(&tester) as Arc<dyn Intermediary>));
    let issued = || running.issued();
    let (good, before) = (running.good(), issued());
    assert_eq!(running.say(good.as_bytes()), "");
    assert_eq!(issued(), before, "refused before the endpoint");
    assert_eq!(running.say(good.as_bytes()), "");
    assert_eq!(issued(), before + 1, "lost after it");
    assert_eq!(statuses(&running.say(format!("{good}{good}").as_bytes())), ["200", "200"]);
    assert_eq!(issued(), before + 3);
    assert_eq!(statuses(&running.say(b"GET /nowhere HTTP/1.1\r\nHost: id.example\r\n\r\n")), ["404"]);
    let seen = tester.seen.lock().unwrap();
    let tokens = [(); 4].map(|()| (true, Bytes::from_static(b"grant_type=client_credentials")));
    assert_eq!((&seen[..4], &seen[4]), (&tokens[..], &(false, Bytes::new())));
}

#[test]
fn a_head_in_two_readings_is_refused_before_any_intermediary_sees_it() {
    let tester = Arc::new(Tester::default());
    let running = Running::through(Some(Arc::clone(&tester) as Arc<dyn Intermediary>));
    let answer = running.say(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    assert_eq!(statuses(&answer), ["400"]);
    assert!(answer.to_lowercase().contains("connection: close") && tester.seen.lock().unwrap().is_empty());
}
