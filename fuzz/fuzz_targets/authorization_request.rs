//! An authorization request: any bytes give a request or a refusal, what the pages carry is the same request again, and
//! an answer goes to a registered URI alone.

#![no_main]

use chancela_core::authorization::{Policy, validate};
use chancela_core::dialect::{Authorization, ScopeRules};
use chancela_core::message::authorization_request::AuthorizationRequest;
use chancela_core::record::Client;
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};

const CALLBACK: &str = "https://app.example/cb";

static CLIENT: LazyLock<Arc<Client>> = LazyLock::new(|| {
    let text = r#"{"key":1,"realm":"r","client_id":"a","grant_types":["authorization_code"],"scope":"openid read",
        "redirect_uris":["https://app.example/cb"],"require_pkce":false,"enabled":true,"created_at":0,"version":1}"#;
    Arc::new(serde_json::from_str(text).unwrap())
});

fuzz_target!(|data: &[u8]| {
    let Ok(sent) = AuthorizationRequest::parse(data) else { return };
    let written = sent.to_query();
    let again = AuthorizationRequest::parse(written.as_bytes()).unwrap();
    assert_eq!(again.to_query(), written);
    let (rules, scope) = (Authorization::default(), ScopeRules::default());
    let policy = Policy {
        realm: "r",
        rules: &rules,
        scope: &scope,
        exists: &|name| name == "openid",
        resources: &[],
        client: &|_| Some(Arc::clone(&CLIENT)),
    };
    for request in [sent.clone(), sent.with("redirect_uri", CALLBACK).with("client_id", "a")] {
        let target = match validate(&request, &policy) {
            Ok(valid) => Some(valid.target),
            Err(error) => error.answer_to,
        };
        assert!(target.is_none_or(|target| &*target.redirect_uri == CALLBACK));
    }
});
