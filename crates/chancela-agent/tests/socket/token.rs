//! Tokens over the socket.

use crate::endpoint::{Endpoint, Reply, token};
use crate::world::{World, post, until};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_agent::socket::{Ask, Client, ClientError};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

#[tokio::test]
async fn a_token_comes_with_what_a_call_carries_and_is_not_to_be_stored() {
    let world = World::start("").await;
    let answer = world.post(r#"{"provider":"one"}"#).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(
        head.contains("content-type: application/json") && head.contains("cache-control: no-store"),
        "{head}"
    );
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    let documented =
        ["format_version", "provider", "access_token", "token_type", "expires_in", "fingerprint", "headers"];
    assert_eq!(members, documented);
    assert_eq!((&body["format_version"], &body["provider"]), (&1.into(), &"one".into()));
    assert_eq!(body["headers"]["authorization"], format!("Bearer {}", token(0)));
    assert!((295..=300).contains(&body["expires_in"].as_u64().unwrap()));

    let got = world.client().await.token(&Ask::of("one")).await.unwrap();
    assert_eq!((got.access_token.expose(), got.token_type.as_deref()), (&*token(0), Some("Bearer")));
    assert_eq!(
        (got.headers[0].1.to_str().unwrap(), got.headers[0].1.is_sensitive()),
        (&*format!("Bearer {}", token(0)), true)
    );
    assert_eq!(world.endpoint.calls(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_over_fifty_connections_make_one_token_call() {
    let endpoint = Endpoint::start().await;
    endpoint.answers(Reply::token().after(Duration::from_millis(200)));
    let world = World::over(endpoint, "");
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let socket = world.socket.clone();
            tokio::spawn(async move {
                let client = Client::connect(socket).await.unwrap();
                for _ in 0..200 {
                    let got = client.token(&Ask::of("one")).await.unwrap();
                    assert_eq!(got.access_token.expose(), token(0));
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    assert_eq!(world.endpoint.calls(), 1);
    world.stop().await;
}

#[tokio::test]
async fn a_caller_that_hangs_up_stops_nothing() {
    let endpoint = Endpoint::start().await;
    endpoint.answers(Reply::token().after(Duration::from_millis(300)));
    let world = World::over(endpoint, "");
    let mut hasty = UnixStream::connect(&world.socket).await.unwrap();
    hasty.write_all(post(r#"{"provider":"one"}"#).as_bytes()).await.unwrap();
    until("the call is made", async || world.endpoint.calls() == 1).await;
    drop(hasty);
    let got = world.client().await.token(&Ask::of("one")).await.unwrap();
    assert_eq!((got.access_token.expose(), world.endpoint.calls()), (&*token(0), 1));
    world.stop().await;
}

#[tokio::test]
async fn scope_and_least_life_are_the_callers() {
    let world = World::start("").await;
    let client = world.client().await;
    let read = client.token(&Ask::of("one")).await.unwrap();
    let scope = Some("pix.read".to_owned());
    let other = client.token(&Ask { scope, ..Ask::of("one") }).await.unwrap();
    assert_ne!(read.fingerprint, other.fingerprint);
    world.clock.0.fetch_add(100_000, std::sync::atomic::Ordering::Relaxed);
    let long = client.token(&Ask { min_ttl: Some(250), ..Ask::of("one") }).await.unwrap();
    assert!(long.expires_in >= 250 && long.fingerprint != read.fingerprint);
    assert_eq!(world.endpoint.calls(), 3);
    world.stop().await;
}

#[tokio::test]
async fn a_token_that_an_api_refused_is_not_handed_out_again_and_an_old_refusal_is_ignored() {
    let world = World::start("").await;
    let client = world.client().await;
    let ask = Ask::of("one");
    let first = client.token(&ask).await.unwrap();
    let second = client.rejected(&ask, &first).await.unwrap();
    assert_ne!(first.fingerprint, second.fingerprint);
    let third = client.rejected(&ask, &first).await.unwrap();
    assert_eq!((third.fingerprint, world.endpoint.calls()), (second.fingerprint, 2));
    world.stop().await;
}

#[tokio::test]
async fn who_waits_when_the_agent_is_stopped_still_gets_a_token_and_nobody_after() {
    let endpoint = Endpoint::start().await;
    endpoint.answers(Reply::token().after(Duration::from_millis(400)));
    let world = World::over(endpoint, "");
    let (client, socket) = (Arc::new(world.client().await), world.socket.clone());
    let waiting = tokio::spawn(async move { client.token(&Ask::of("one")).await });
    until("the call is made", async || world.endpoint.calls() == 1).await;
    world.stop().await;
    assert_eq!(waiting.await.unwrap().unwrap().access_token.expose(), token(0));
    assert!(!socket.exists(), "the file is gone");
    let error = Client::connect(socket).await.unwrap_err();
    assert!(
        matches!(&error, ClientError::NoAgent { .. }) && error.to_string().contains("chancela agent run")
    );
}

#[tokio::test]
async fn a_client_outlives_its_agent() {
    let world = World::start("").await;
    let client = world.client().await;
    client.token(&Ask::of("one")).await.unwrap();
    let World { folder, endpoint, stop, task, .. } = world;
    stop.unwrap().send(()).unwrap();
    task.await.unwrap().unwrap();
    let news = Arc::new(chancela_agent::socket::News::default());
    let config = crate::world::config(endpoint.port, folder.path(), "");
    let settings =
        chancela_agent::socket::Settings::new(&config.agent, &crate::world::around(), Arc::clone(&news));
    let agent = crate::world::agent(config, &news, &Arc::default());
    let next = tokio::spawn(chancela_agent::socket::serve(agent, settings.unwrap(), std::future::pending()));
    until("it listens", async || Client::connect(client.path()).await.is_ok()).await;
    client.token(&Ask::of("one")).await.unwrap();
    next.abort();
}

/// RFC 9449: nobody gets headers that no API would take, and nobody gets the key.
#[tokio::test]
async fn a_bound_token_comes_with_a_proof_for_the_one_call_that_is_named() {
    let endpoint = Endpoint::start().await;
    endpoint.answers(Reply::with(200, r#"{"access_token":"TOKEN","token_type":"DPoP","expires_in":300}"#));
    let bound = format!(
        "[provider.bound]\ndialect = \"standard\"\naddress = \"http://127.0.0.1:{}\"\nclient_id = \"client\"\n\
         client_secret = \"env:ONE_SECRET\"\ndpop = true\n",
        endpoint.port
    );
    let world = World::over(endpoint, &bound);
    let client = world.client().await;
    let ClientError::Refused(problem) = client.token(&Ask::of("bound")).await.unwrap_err() else {
        panic!("no problem")
    };
    assert_eq!((problem.status, problem.reason.as_str()), (400, "needs_proof"));
    let ask = Ask {
        method: Some("POST".into()),
        url: Some("https://api.example/pix?a=b".into()),
        dpop_nonce: Some("n-1".into()),
        ..Ask::of("bound")
    };
    let got = client.token(&ask).await.unwrap();
    let header = |name: &str| {
        let found = got.headers.iter().find(|(own, _)| own.as_str() == name).unwrap();
        found.1.to_str().unwrap().to_owned()
    };
    assert_eq!(header("authorization"), format!("DPoP {}", token(0)));
    let proof = header("dpop");
    let claims = BASE64URL.decode(proof.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(
        (&claims["htm"], &claims["htu"], &claims["nonce"]),
        (&"POST".into(), &"https://api.example/pix".into(), &"n-1".into())
    );
    assert_eq!(world.endpoint.calls(), 1);
    world.stop().await;
}
