//! Logins as a client begins them: what its provider accepts, to the byte.

use crate::world::{VERIFIER, endpoints};
use chancela_core::authorization::{Policy, ResponseMode, validate};
use chancela_core::dialect::Dialect;
use chancela_core::message::authorization_request::{AuthorizationRequest, Login, LoginError};
use chancela_core::pkce;
use chancela_core::record::Client;
use chancela_core::scope::Scope;
use chancela_core::secret::Secret;
use proptest::prelude::*;
use std::sync::Arc;

const CALLBACK: &str = "http://127.0.0.1:8976/callback";

/// Every dialect with an authorization endpoint that gives codes.
fn dialects() -> impl Iterator<Item = &'static Dialect> {
    let gives_codes = |(dialect, endpoint): (&'static Dialect, _)| {
        let endpoint: &chancela_core::dialect::TokenEndpoint = endpoint;
        let codes = chancela_core::dialect::Grant::AuthorizationCode;
        endpoint.request.grants.values().any(|grant| *grant == codes).then_some(dialect)
    };
    endpoints().filter_map(gives_codes)
}

fn scope(dialect: &Dialect) -> Scope {
    let usual = dialect.scopes.keys().next().unwrap();
    Scope::parse(dialect.authorization.scope_exactly.as_deref().unwrap_or(usual)).unwrap()
}

fn login<'a>(scope: &'a Scope, verifier: &'a Secret) -> Login<'a> {
    Login {
        client_id: "app",
        redirect_uri: CALLBACK,
        scope: Some(scope),
        state: "s t+",
        nonce: Some("n"),
        code_verifier: verifier,
        resource: None,
        more: &[],
    }
}

#[test]
fn the_url_to_open_has_everything_that_each_dialect_demands() {
    let verifier = Secret::new(VERIFIER);
    let mut urls = Vec::new();
    for dialect in dialects() {
        let scope = scope(dialect);
        let request = AuthorizationRequest::begin(&dialect.authorization, &login(&scope, &verifier)).unwrap();
        urls.push(request.url(&format!("https://id.example{}", dialect.endpoints.authorization)));
    }
    insta::assert_snapshot!(urls.join("\n"));
    let request = AuthorizationRequest::default().with("a", "b");
    assert_eq!(
        request.url("https://id.example/authorize?tenant=1"),
        "https://id.example/authorize?tenant=1&a=b"
    );
}

#[test]
fn what_the_provider_would_refuse_does_not_begin() {
    let verifier = Secret::new(VERIFIER);
    let strict = dialects().find(|dialect| dialect.authorization.scope_exactly.is_some()).unwrap();
    let (exact, other) = (scope(strict), Scope::parse("openid").unwrap());
    let good = login(&exact, &verifier);
    let begin = |login: &Login<'_>| AuthorizationRequest::begin(&strict.authorization, login);
    assert!(begin(&good).is_ok());
    let fixed = strict.authorization.parameters[0].name.as_str();
    for (login, error) in [
        (Login { scope: Some(&other), ..good }, LoginError::ScopeNotExact(exact.to_string())),
        (Login { scope: None, ..good }, LoginError::ScopeNotExact(exact.to_string())),
        (Login { nonce: None, ..good }, LoginError::MissingNonce),
        (Login { state: "", ..good }, LoginError::Length("state")),
        (Login { client_id: "", ..good }, LoginError::Length("client id")),
        (Login { redirect_uri: "/callback", ..good }, LoginError::RedirectUri),
        (Login { redirect_uri: "https://app.example/cb#x", ..good }, LoginError::RedirectUri),
        (Login { more: &[("state", "other")], ..good }, LoginError::Parameter("state".into())),
        (Login { more: &[(fixed, "other")], ..good }, LoginError::Parameter(fixed.into())),
    ] {
        assert_eq!(begin(&login), Err(error));
    }
    let optional = strict.authorization.scope_optional.as_deref().unwrap();
    let both = Scope::parse(&format!("{exact} {optional}")).unwrap();
    assert!(begin(&login(&both, &verifier)).is_ok());
}

proptest! {
    /// PK-01: what a client begins, its provider accepts, with the proof key.
    #[test]
    fn every_dialects_server_accepts_what_its_client_begins(
        at in any::<proptest::sample::Index>(),
        state in "\\PC{1,60}",
        nonce in "\\PC{1,60}",
        random: [u8; 32],
        hint in proptest::option::of("\\PC{1,40}"),
    ) {
        let all: Vec<_> = dialects().collect();
        let dialect = all[at.index(all.len())];
        let (scope, verifier) = (scope(dialect), pkce::verifier(&random));
        let client: Client = serde_json::from_value(serde_json::json!({
            "key": 7, "realm": "r", "client_id": "app", "grant_types": ["authorization_code"],
            "scope": scope, "redirect_uris": [CALLBACK], "application_type": "native", "enabled": true,
            "created_at": 0, "version": 1,
        })).unwrap();
        let more: Vec<(&str, &str)> = hint.iter().map(|hint| ("login_hint", hint.as_str())).collect();
        let login = Login { state: &state, nonce: Some(&nonce), more: &more, ..login(&scope, &verifier) };
        let request = AuthorizationRequest::begin(&dialect.authorization, &login).unwrap();
        let url = request.url("https://id.example/authorize");
        let query = url.split_once('?').unwrap().1;
        let policy = Policy {
            realm: "r",
            rules: &dialect.authorization,
            scope: &dialect.token_endpoints[0].scope,
            exists: &|name| dialect.scopes.contains_key(name),
            resources: &[],
            client: &|id| (id == "app").then(|| Arc::new(client.clone())),
        };
        let valid = validate(&AuthorizationRequest::parse(query.as_bytes()).unwrap(), &policy);
        let valid = valid.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&valid.scope, &scope);
        prop_assert_eq!(valid.target.state.as_deref(), Some(state.as_str()));
        prop_assert_eq!(valid.nonce.as_deref(), Some(nonce.as_str()));
        prop_assert_eq!(valid.target.response_mode, ResponseMode::Query);
        prop_assert!(pkce::verify(&valid.code_challenge.unwrap(), verifier.expose()));
    }
}
