//! The tower layer with a bound token: a proof for each request, and a second one where an API wants its nonce.

use super::world::{Provider, proven, token};
use bytes::Bytes;
use chancela_agent::layer::{AuthorizeError, AuthorizeLayer, Replay};
use http::{Request, Response};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tower::{Layer, ServiceExt, service_fn};

/// What an API saw: the word before the token, the token, and the proof's nonce.
type Seen = Vec<(String, Option<String>)>;

/// Sends a request to an API that answers with these statuses and challenges, one after the other.
async fn send(
    provider: &Provider,
    replay: Replay,
    request: Request<Bytes>,
    answers: &[(u16, &'static str)],
) -> (u16, Seen) {
    let agent = provider.agent("method = \"none\"\ndpop = true\n");
    let source = agent.provider("signing").unwrap();
    let (seen, left) = (Arc::new(Mutex::new(Seen::new())), Arc::new(Mutex::new(answers.to_vec())));
    let noted = Arc::clone(&seen);
    let api = service_fn(move |request: Request<Bytes>| {
        let (claims, _) = proven(request.headers()["dpop"].to_str().unwrap());
        assert_eq!(claims["htm"].as_str(), Some(request.method().as_str()));
        assert_eq!(claims["htu"].as_str(), Some("https://api.example/a"));
        assert_eq!(*request.body(), "body");
        let token = request.headers()["authorization"].to_str().unwrap().to_owned();
        noted.lock().unwrap().push((token, claims.get("nonce").map(|nonce| nonce.as_str().unwrap().into())));
        let (status, challenge) = left.lock().unwrap().remove(0);
        let answer = Response::builder().status(status).header("www-authenticate", challenge);
        let answer = if challenge.is_empty() { answer } else { answer.header("dpop-nonce", "n") };
        async move { Ok::<_, Infallible>(answer.body(()).unwrap()) }
    });
    let client = AuthorizeLayer::new(source).replay(replay).layer(api);
    let answer = client.oneshot(request).await.unwrap();
    let seen = seen.lock().unwrap().clone();
    (answer.status().as_u16(), seen)
}

const CHALLENGE: (u16, &str) = (401, "DPoP error=\"use_dpop_nonce\"");
const REFUSAL: (u16, &str) = (401, "");

fn request(method: &str) -> Request<Bytes> {
    let request = Request::builder().method(method).uri("https://api.example/a?b").header("dpop", "smuggled");
    request.header("authorization", "Bearer smuggled").body(Bytes::from_static(b"body")).unwrap()
}

#[tokio::test]
async fn an_api_that_wants_its_nonce_gets_it_once_with_the_same_token_whatever_the_method() {
    for method in ["GET", "POST"] {
        let provider = Provider::start().await;
        provider.will_grant("a", "DPoP");
        let (status, seen) =
            send(&provider, Replay::SafeMethods, request(method), &[CHALLENGE, (200, "")]).await;
        let bound = "DPoP a".to_owned();
        assert_eq!((status, seen), (200, vec![(bound.clone(), None), (bound, Some("n".into()))]));
        assert_eq!(provider.asked().len(), 1, "a challenge renews no token");
    }
}

#[tokio::test]
async fn an_api_that_is_never_content_gets_two_requests_and_its_401_is_the_answer() {
    let provider = Provider::start().await;
    provider.will_grant("a", "DPoP");
    let (status, seen) = send(&provider, Replay::SafeMethods, request("GET"), &[CHALLENGE, CHALLENGE]).await;
    assert_eq!((status, seen.len()), (401, 2));
}

#[tokio::test]
async fn who_wants_nothing_sent_twice_gets_the_challenge() {
    let provider = Provider::start().await;
    provider.will_grant("a", "DPoP");
    let (status, seen) = send(&provider, Replay::Never, request("GET"), &[CHALLENGE]).await;
    assert_eq!((status, seen.len()), (401, 1));
}

#[tokio::test]
async fn a_refused_token_is_renewed_and_only_a_safe_request_is_sent_again() {
    for (method, sent) in [("GET", 2), ("POST", 1)] {
        let provider = Provider::start().await;
        provider.will_grant("a", "DPoP");
        provider.will_grant("b", "DPoP");
        let (_, seen) = send(&provider, Replay::SafeMethods, request(method), &[REFUSAL, (200, "")]).await;
        assert_eq!(seen.len(), sent, "{method}");
        assert!(sent == 1 || seen[1].0 == "DPoP b");
    }
}

#[tokio::test]
async fn a_request_without_a_whole_address_is_not_sent() {
    let provider = Provider::start().await;
    provider.will_grant("a", "DPoP");
    let agent = provider.agent("method = \"none\"\ndpop = true\n");
    token(&agent).await.unwrap();
    let api =
        service_fn(|_: Request<()>| async { panic!("it was sent") as Result<Response<()>, Infallible> });
    let source = agent.provider("signing").unwrap();
    let refused = AuthorizeLayer::new(source).layer(api).oneshot(Request::get("/a").body(()).unwrap()).await;
    let refused = refused.unwrap_err();
    assert!(matches!(refused, AuthorizeError::Token(_)), "{refused}");
}
