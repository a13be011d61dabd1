//! RFC 7662: the endpoint's answers, the cache, and what happens when there is no answer.

use crate::world::*;
use chancela_verify::{
    CacheLimits, Introspect, IntrospectError, Introspection, Introspector, LiveVerifier, Refusal, Settings,
    Timestamp, VerifiedToken, Verify, WithIntrospection,
};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// An authorization server that gives one answer, which can be changed, and counts the questions.
#[derive(Clone)]
struct Endpoint {
    answer: Arc<Mutex<Result<String, IntrospectError>>>,
    asked: Arc<AtomicUsize>,
}

impl Endpoint {
    fn new(answer: &Value) -> Self {
        Self { answer: Arc::new(Mutex::new(Ok(answer.to_string()))), asked: Arc::default() }
    }

    fn set(&self, answer: Result<String, IntrospectError>) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Introspect for Endpoint {
    async fn introspect(&self, _token: &str) -> Result<Introspection, IntrospectError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let answer = self.answer.lock().unwrap().clone();
        Introspection::parse(answer?.as_bytes())
    }
}

fn introspector(endpoint: &Endpoint, limits: CacheLimits) -> Introspector<Endpoint> {
    Introspector::new(endpoint.clone(), Settings::new(ISSUER, AUDIENCE)).unwrap().with_cache(limits)
}

fn active(changes: &Value) -> Value {
    let mut answer = with(changes);
    answer["active"] = true.into();
    answer
}

async fn ask(endpoint: &Endpoint, presented: Option<&[u8]>) -> Result<VerifiedToken, Refusal> {
    introspector(endpoint, CacheLimits::NONE).check("opaque", presented, NOW).await
}

#[tokio::test]
async fn an_answer_is_checked_like_a_jwt() {
    let own = certificate();
    let good = ask(&Endpoint::new(&active(&json!({}))), None).await.unwrap();
    assert_eq!(good.scope.as_str(), "pix.read cob.read");
    let least = json!({"active": true, "aud": AUDIENCE});
    assert!(ask(&Endpoint::new(&least), None).await.is_ok(), "every other claim is optional");
    assert!(ask(&Endpoint::new(&active(&json!({"token_type": "bearer"}))), None).await.is_ok());
    let bound = active(&json!({"cnf": {"x5t#S256": thumbprint(&own)}}));
    assert!(ask(&Endpoint::new(&bound), Some(&own)).await.is_ok());
    for (answer, expected) in [
        (json!({"active": false}), Refusal::Inactive),
        (active(&json!({"aud": "other"})), Refusal::Audience),
        (json!({"active": true}), Refusal::Audience),
        (json!({"active": true, "aud": []}), Refusal::Audience),
        (active(&json!({"iss": "other"})), Refusal::Issuer),
        (active(&json!({"exp": NOW.seconds()})), Refusal::Expired),
        (active(&json!({"cnf": {"jkt": "x"}})), Refusal::UnknownConfirmation),
        (active(&json!({"token_type": "DPoP"})), Refusal::Kind),
        (active(&json!({"token_type": "refresh_token"})), Refusal::Kind),
        (bound, Refusal::CertificateMissing),
    ] {
        assert_eq!(ask(&Endpoint::new(&answer), None).await, Err(expected), "{answer}");
    }
}

/// A reference token may have been issued for another resource server; an answer without `aud` does not say.
#[tokio::test]
async fn an_answer_without_an_audience_is_good_only_by_danger_or_beside_a_jwt_that_has_it() {
    let endpoint = Endpoint::new(&json!({"active": true}));
    let mut any = Settings::new(ISSUER, AUDIENCE);
    any.danger_any_audience = true;
    let any = Introspector::new(endpoint.clone(), any).unwrap();
    assert!(any.check("opaque", None, NOW).await.is_ok());
    let beside = |change: fn(&mut Settings)| {
        let local = Arc::new(LiveVerifier::new(verifier(change)));
        WithIntrospection::new(local, introspector(&endpoint, CacheLimits::NONE))
    };
    assert!(beside(|_| ()).check(&token(&json!({})), None, NOW).await.is_ok());
    let other = token(&json!({"aud": "other"}));
    let careless = beside(|settings| settings.danger_any_audience = true);
    assert_eq!(careless.check(&other, None, NOW).await, Err(Refusal::Audience));
}

#[tokio::test]
async fn what_is_no_answer_says_nothing_about_the_token_and_the_request_is_refused() {
    let endpoint = Endpoint::new(&Value::Null);
    for body in [
        "",
        "{}",
        "[]",
        r#"{"active":"true"}"#,
        r#"{"active":1}"#,
        r#"{"active":false,"active":true}"#,
        r#"{"active":true,"exp":"1"}"#,
    ] {
        endpoint.set(Ok(body.into()));
        assert_eq!(ask(&endpoint, None).await, Err(Refusal::Unchecked(IntrospectError::Malformed)), "{body}");
    }
    for error in [IntrospectError::Unreachable, IntrospectError::Status(401)] {
        endpoint.set(Err(error));
        let refusal = ask(&endpoint, None).await.unwrap_err();
        assert_eq!(refusal, Refusal::Unchecked(error));
        assert_eq!(refusal.challenge("pix").status, 503, "it is not the client's fault");
    }
    let long = format!("{{\"active\":true,\"x\":\"{}\"}}", "x".repeat(64 * 1024));
    assert_eq!(Introspection::parse(long.as_bytes()), Err(IntrospectError::Malformed));
}

#[tokio::test]
async fn what_can_be_no_token_is_not_asked_about() {
    let endpoint = Endpoint::new(&active(&json!({})));
    let introspector = introspector(&endpoint, CacheLimits::NONE);
    for bad in ["", "a&token_type_hint=x", "a b", "\u{e7}", "a\r\nb"] {
        assert_eq!(introspector.check(bad, None, NOW).await, Err(Refusal::Malformed), "{bad}");
    }
    let long = "a".repeat(16 * 1024 + 1);
    assert_eq!(introspector.check(&long, None, NOW).await, Err(Refusal::TooLong));
    assert_eq!(endpoint.asked(), 0);
}

/// N-04: a revoked token dies within the bound that the cache states.
#[tokio::test]
async fn an_active_answer_is_kept_for_its_age_and_checked_anew_each_time() {
    let own = certificate();
    let endpoint = Endpoint::new(&active(&json!({"cnf": {"x5t#S256": thumbprint(&own)}})));
    let introspector = introspector(&endpoint, CacheLimits { entries: 8, max_age: 5 });
    let at = |seconds: i64| -> Timestamp { NOW.plus_seconds(seconds) };
    assert!(introspector.check("t", Some(&own), at(0)).await.is_ok());
    endpoint.set(Ok(json!({"active": false}).to_string()));
    assert!(introspector.check("t", Some(&own), at(4)).await.is_ok());
    let thief = introspector.check("t", Some(&certificate()), at(4)).await;
    assert_eq!((thief, endpoint.asked()), (Err(Refusal::CertificateMismatch), 1));
    assert_eq!(introspector.check("t", Some(&own), at(5)).await, Err(Refusal::Inactive));
    assert_eq!(introspector.check("t", Some(&own), at(5)).await, Err(Refusal::Inactive));
    assert_eq!(endpoint.asked(), 3, "inactive answers are not kept");
}

#[tokio::test]
async fn a_revoked_jwt_is_refused_and_a_bad_one_is_not_asked_about() {
    let endpoint = Endpoint::new(&active(&json!({})));
    let local = Arc::new(LiveVerifier::new(verifier(|_| ())));
    let both = WithIntrospection::new(local, introspector(&endpoint, CacheLimits::NONE));
    assert!(both.check(&token(&json!({})), None, NOW).await.is_ok());
    endpoint.set(Ok(json!({"active": false}).to_string()));
    assert_eq!(both.check(&token(&json!({})), None, NOW).await, Err(Refusal::Inactive));
    let asked = endpoint.asked();
    assert_eq!(both.check(&token(&json!({"exp": 1})), None, NOW).await, Err(Refusal::Expired));
    assert_eq!(endpoint.asked(), asked);
}

#[tokio::test]
async fn without_an_answer_only_danger_lets_a_request_pass_and_never_an_inactive_token() {
    let endpoint = Endpoint::new(&Value::Null);
    let local = Arc::new(LiveVerifier::new(verifier(|_| ())));
    let both = || WithIntrospection::new(Arc::clone(&local), introspector(&endpoint, CacheLimits::NONE));
    endpoint.set(Err(IntrospectError::Unreachable));
    let unchecked = Err(Refusal::Unchecked(IntrospectError::Unreachable));
    assert_eq!(both().check(&token(&json!({})), None, NOW).await, unchecked);
    let open = both().danger_fail_open();
    assert!(open.check(&token(&json!({})), None, NOW).await.is_ok());
    assert_eq!(open.check(&token(&json!({"aud": "other"})), None, NOW).await, Err(Refusal::Audience));
    endpoint.set(Ok(json!({"active": false}).to_string()));
    assert_eq!(open.check(&token(&json!({})), None, NOW).await, Err(Refusal::Inactive));
}
