//! The middleware before a real service.

use crate::world::*;
use chancela_verify::{
    ClientCertificateDer, LiveVerifier, Refusal, VerifiedToken, VerifyLayer, bearer_token,
};
use http::{Request, Response};
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use tower::{Layer, ServiceExt, service_fn};

/// Answers with the name of the client whose token it was shown.
async fn whoami(request: Request<String>) -> Result<Response<String>, Infallible> {
    let token = request.extensions().get::<Arc<VerifiedToken>>().expect("the layer puts it there");
    Ok(Response::new(token.client_id.as_deref().unwrap_or("nobody").to_owned()))
}

async fn call(request: Request<String>) -> Response<String> {
    let verifier = Arc::new(LiveVerifier::new(verifier(|_| ())));
    let layer = VerifyLayer::new(verifier).realm("pix").require_scope(&["pix.read"]).clock(|| NOW);
    layer.layer(service_fn(whoami)).oneshot(request).await.unwrap()
}

fn request(uri: &str, authorization: &[&str]) -> Request<String> {
    let mut request = Request::builder().uri(uri);
    for value in authorization {
        request = request.header("authorization", *value);
    }
    request.body(String::new()).unwrap()
}

fn challenge(response: &Response<String>) -> &str {
    response.headers().get("www-authenticate").map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_good_token_reaches_the_service_with_what_it_says() {
    let response = call(request("/cob", &[&format!("Bearer {}", token(&json!({})))])).await;
    assert_eq!((response.status().as_u16(), response.body().as_str()), (200, "client-1"));
}

/// I-03.
#[tokio::test]
async fn the_certificate_comes_from_the_extension_and_never_from_a_header() {
    let own = certificate();
    let bearer = format!("Bearer {}", token(&json!({"cnf": {"x5t#S256": thumbprint(&own)}})));
    let send = |der: Option<&[u8]>| {
        let mut request = request("/cob", &[&bearer]);
        request.headers_mut().insert("client-cert", "ignored".parse().unwrap());
        if let Some(der) = der {
            request.extensions_mut().insert(ClientCertificateDer(der.into()));
        }
        call(request)
    };
    assert_eq!(send(Some(&own)).await.status(), 200);
    let other = certificate();
    for (der, refusal) in
        [(Some(&other[..]), Refusal::CertificateMismatch), (None, Refusal::CertificateMissing)]
    {
        let response = send(der).await;
        assert_eq!(response.status(), 401);
        assert_eq!(response.extensions().get::<Refusal>(), Some(&refusal), "a log around the layer sees why");
        assert!(challenge(&response).contains("error=\"invalid_token\""));
    }
}

#[tokio::test]
async fn refusals_are_answered_as_rfc_6750_says_and_repeat_nothing() {
    let bearer = format!("Bearer {}", token(&json!({})));
    let poor = format!("Bearer {}", token(&json!({"scope": "cob.read"})));
    let in_query = format!("/cob?x=1&access_token={}", token(&json!({})));
    for (uri, authorization, status, expected) in [
        ("/", vec![], 401, "Bearer realm=\"pix\""),
        ("/", vec!["Basic c2VjcmV0OnNlY3JldA=="], 401, "Bearer realm=\"pix\""),
        ("/", vec!["Bearer secret"], 401, "error=\"invalid_token\""),
        ("/", vec![&*bearer, &*bearer], 400, "error=\"invalid_request\""),
        ("/", vec!["Bearer secret secret"], 400, "error=\"invalid_request\""),
        (&*in_query, vec![], 400, "error=\"invalid_request\""),
        (&*in_query, vec![&*bearer], 400, "error=\"invalid_request\""),
        ("/cob?access_token&x=1", vec![&*bearer], 400, "error=\"invalid_request\""),
        ("/", vec![&*poor], 403, "error=\"insufficient_scope\""),
    ] {
        let response = call(request(uri, &authorization)).await;
        let challenge = challenge(&response);
        assert_eq!(response.status().as_u16(), status, "{authorization:?}");
        assert!(challenge.contains(expected) && !challenge.contains("secret"), "{challenge}");
        assert!(response.body().is_empty());
        assert_eq!(response.headers()["cache-control"], "no-store");
        if status == 403 {
            assert!(challenge.ends_with(", scope=\"pix.read\""), "{challenge}");
        }
    }
}

#[tokio::test]
async fn the_service_within_may_read_the_token_too() {
    let echo = service_fn(|request: Request<String>| async move {
        Ok::<_, Infallible>(Response::new(bearer_token(request.headers()).unwrap().to_owned()))
    });
    let token = token(&json!({}));
    let layer = VerifyLayer::new(Arc::new(verifier(|_| ()))).clock(|| NOW);
    let response = layer.layer(echo).oneshot(request("/", &[&format!("Bearer {token}")])).await.unwrap();
    assert_eq!(*response.body(), token);
}
