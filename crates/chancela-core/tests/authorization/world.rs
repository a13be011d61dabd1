//! A realm with one client and one user, and the shortest way to each step.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::authorization::{
    AuthorizationError, Facts, IssuedCode, Next, Policy, ValidRequest, acr, approve, decide, validate,
};
use chancela_core::client_auth::{self, AuthenticatedClient, Credentials, Method};
use chancela_core::dialect::{Authorization, ClientAuthentication, ParameterNames, Refresh, ScopeRules};
use chancela_core::effect::Effect;
use chancela_core::entropy::{Entropy, EntropyError};
use chancela_core::grant::GrantType;
use chancela_core::grant::refresh_token::{Lifetimes, Terms};
use chancela_core::id::{ClientKey, SessionId};
use chancela_core::message::HttpRequest;
use chancela_core::message::authorization_request::AuthorizationRequest;
use chancela_core::message::body::Parameters;
use chancela_core::pepper::Pepper;
use chancela_core::record::{Authentication, AuthorizationCode, Client, ClientSecret, Session, User};
use chancela_core::rejection::Rule;
use chancela_core::scope::Scope;
use chancela_core::time::Timestamp;
use http::HeaderMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub(crate) const CALLBACK: &str = "https://app.example/cb";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const SUBJECT: &str = "user-00000000000000000000000000000001";

/// Other bytes at each call.
#[derive(Debug)]
pub(crate) struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
        Ok(())
    }
}

pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) user: User,
    pub(crate) session: Session,
    pub(crate) rules: Authorization,
    pub(crate) scope: ScopeRules,
    pub(crate) refresh: Refresh,
    pub(crate) resources: Vec<String>,
    pub(crate) pepper: Pepper,
    pub(crate) entropy: Counting,
}

pub(crate) fn challenge(verifier: &str) -> String {
    BASE64URL.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

impl World {
    pub(crate) fn new() -> Self {
        let pepper = Pepper::from_root(&[1; 32]);
        let client = serde_json::json!({
            "key": 7, "realm": "r", "client_id": "app", "grant_types": ["authorization_code", "refresh_token"],
            "scope": "openid profile read offline_access", "redirect_uris": [CALLBACK], "enabled": true,
            "created_at": 0, "version": 1,
        });
        let mut client: Client = serde_json::from_value(client).unwrap();
        client.secrets =
            vec![ClientSecret { digest: pepper.client_secret("secret"), created_at: 0, expires_at: None }];
        let user = serde_json::json!({
            "realm": "r", "username": "ana", "subject": SUBJECT, "enabled": true, "version": 1,
        });
        let session = Session {
            id: SessionId([1; 16]),
            realm: "r".into(),
            subject: SUBJECT.into(),
            authentication: Authentication {
                auth_time: NOW.seconds() - 100,
                acr: acr::ONE_FACTOR.into(),
                amr: vec!["pwd".into()],
                sid: Some("sid".into()),
            },
            device: "".into(),
            created_at: NOW.seconds() - 100,
            last_seen_at: NOW.seconds() - 100,
            expires_at: NOW.seconds() + 10_000,
            clients: Vec::new(),
            version: 3,
        };
        Self {
            client,
            user: serde_json::from_value(user).unwrap(),
            session,
            rules: Authorization::default(),
            scope: ScopeRules::default(),
            refresh: Refresh {
                policy: chancela_core::dialect::RefreshPolicy::Rotate,
                lifetime: 1000,
                sliding: true,
                absolute_lifetime: 5000,
                ..Refresh::default()
            },
            resources: vec!["https://api.example/".into()],
            pepper,
            entropy: Counting(AtomicU8::new(0)),
        }
    }

    /// A good request, in the form that a client sends it.
    pub(crate) fn request(&self) -> AuthorizationRequest {
        AuthorizationRequest::default()
            .with("client_id", "app")
            .with("redirect_uri", CALLBACK)
            .with("response_type", "code")
            .with("scope", "openid read")
            .with("state", "s t+")
            .with("nonce", "n")
            .with("code_challenge", &challenge(VERIFIER))
            .with("code_challenge_method", "S256")
    }

    pub(crate) fn validate(
        &self,
        request: &AuthorizationRequest,
    ) -> Result<ValidRequest, AuthorizationError> {
        let client = Arc::new(self.client.clone());
        let policy = Policy {
            realm: "r",
            rules: &self.rules,
            scope: &self.scope,
            exists: &|name| ["openid", "profile", "read", "write", "offline_access"].contains(&name),
            resources: &self.resources,
            client: &|id| (id == "app").then(|| Arc::clone(&client)),
        };
        validate(request, &policy)
    }

    /// The rule that a request breaks and whether the client hears of it.
    pub(crate) fn refused(&self, request: &AuthorizationRequest) -> (Rule, bool) {
        let error = self.validate(request).unwrap_err();
        (error.rejection.rule, error.answer_to.is_some())
    }

    pub(crate) fn facts(&self) -> Facts<'_> {
        Facts {
            session: Some((&self.session, &self.user)),
            consent: None,
            began_at: None,
            consent_given_now: None,
            account_chosen: false,
            sub: SUBJECT,
            expected_sub: None,
            revoked_before: 0,
            now: NOW,
        }
    }

    pub(crate) fn code_for(&self, request: &AuthorizationRequest) -> (AuthorizationCode, IssuedCode) {
        let request = self.validate(request).unwrap();
        let facts = Facts { consent_given_now: Some(true), ..self.facts() };
        let Next::Approve(approved) = decide(&request, &facts) else { panic!("not approved") };
        let issued = approve(approved, &self.rules, &self.pepper, &self.entropy).unwrap();
        let Some(Effect::InsertAuthorizationCode(record)) = issued.effects.first() else { panic!("no code") };
        (record.clone(), issued)
    }

    pub(crate) fn authenticate(&self) -> AuthenticatedClient {
        let public = self.client.is_public();
        let policy = ClientAuthentication {
            methods: vec![Method::ClientSecretPost, Method::None],
            ..ClientAuthentication::default()
        };
        let body: &[u8] = if public { b"client_id=app" } else { b"client_id=app&client_secret=secret" };
        let headers = HeaderMap::new();
        let http = HttpRequest {
            method: &http::Method::POST,
            query: None,
            headers: &headers,
            body,
            certificate: None,
        };
        let parameters = Parameters::form(body).unwrap();
        let credentials =
            Credentials::parse(&policy, &ParameterNames::default(), &http, &parameters).unwrap();
        let client = Arc::new(self.client.clone());
        client_auth::verify(&credentials, &policy, &|_| Some(Arc::clone(&client)), &self.pepper, NOW).unwrap()
    }

    pub(crate) fn terms(&self, now: Timestamp) -> Terms<'_> {
        let lifetimes = Lifetimes { refresh_token: self.refresh.lifetime, access_token: 300 };
        Terms { policy: &self.refresh, lifetimes, now }
    }

    pub(crate) fn become_public(&mut self) {
        self.client.token_endpoint_auth_method = Some(Method::None);
        self.client.secrets.clear();
    }

    pub(crate) fn scope_of_client(&mut self, scope: &str) {
        self.client.scope = Scope::parse(scope).unwrap();
    }

    pub(crate) fn grants(&mut self, grants: &[GrantType]) {
        self.client.grant_types = grants.to_vec();
    }

    pub(crate) fn another_client(&mut self) {
        self.client.key = ClientKey(8);
    }
}
