//! What tokens are bound to (RFC 8705 §3), and what ends them.

use super::*;
use crate::support::{Answer, Ask, Flow, PASSWORD, SCOPE, at, claims, new_client, own_client};
use bytes::Bytes;
use chancela_core::grant::GrantType;
use http::Method as HttpMethod;
use hyper::body::{Body, Frame};
use serde_json::json;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::oneshot;

const FORMATS: [TokenFormat; 3] = [TokenFormat::Jwt, TokenFormat::Sealed, TokenFormat::Opaque];

impl Bank {
    async fn verify(&self, token: &str, holder: Option<&Holder>) -> Answer {
        let ask = Ask::get("/bank/oauth/verify").bearer(token);
        let ask = match holder {
            Some(holder) => ask.showing(holder),
            None => ask,
        };
        ask.send(&self.world).await
    }
}

/// I-01, I-02, I-03: 43 characters in the token, in introspection and at resources.
#[tokio::test]
async fn a_bound_token_names_its_certificate_and_works_with_no_other() {
    for format in FORMATS {
        let bank = Bank::of(format).await;
        let client = bank.world.register(REALM, certificate_client()).await;
        let (own, other) =
            (bank.world.certify(REALM, &client, None).await, bank.world.certify(REALM, &client, None).await);
        let token = bank.world.mtls_token(REALM, &client, "read", &own).await.token();
        let thumbprint = own.thumbprint();
        assert_eq!(thumbprint.len(), 43);
        let seen = bank.world.introspected(REALM, &bank.resource_server, &token).await;
        assert_eq!(seen["cnf"], json!({ "x5t#S256": thumbprint }), "{format:?}");
        if format == TokenFormat::Jwt {
            assert_eq!(claims(&token)["cnf"], json!({ "x5t#S256": thumbprint }));
        }
        let good = bank.verify(&token, Some(&own)).await;
        assert_eq!(good.status, 204, "{format:?} {}", good.body);
        assert_eq!(good.header("chancela-certificate"), Some(&*thumbprint));
        for holder in [None, Some(&other)] {
            let refused = bank.verify(&token, holder).await;
            assert_eq!(refused.status, 401);
            let challenge = refused.header("www-authenticate").unwrap();
            assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        }
    }
}

/// I-14: from the revocation on, neither the certificate nor what is bound to it is good for anything.
#[tokio::test]
async fn a_revoked_certificate_takes_its_tokens_along() {
    for format in FORMATS {
        let bank = Bank::of(format).await;
        let client = bank.world.register(REALM, certificate_client()).await;
        let (own, other) =
            (bank.world.certify(REALM, &client, None).await, bank.world.certify(REALM, &client, None).await);
        let token = bank.world.mtls_token(REALM, &client, "read", &own).await.token();
        let survivor = bank.world.mtls_token(REALM, &client, "read", &other).await.token();
        assert!(bank.is_active(&token).await);
        bank.world.revoke_certificate(REALM, &own).await;
        assert!(!bank.is_active(&token).await, "{format:?}");
        assert_eq!(bank.verify(&token, Some(&own)).await.status, 401, "{format:?}");
        let again = bank.world.mtls_token(REALM, &client, "read", &own).await;
        assert_eq!(again.refusal(), (401, "invalid_client".into()));
        assert!(again.body.contains("revoked"), "{}", again.body);
        assert!(bank.is_active(&survivor).await, "the other certificate's");
        assert_eq!(bank.status(&client, &other).await, 200);
    }
}

/// I-16: to the second.
#[tokio::test]
async fn no_token_outlives_its_certificate() {
    for format in FORMATS {
        let bank = Bank::of(format).await;
        let client = bank.client("CN=padaria").await;
        let mut params = client_params("padaria");
        params.not_after = at(START + 100);
        let holder = bank.root.issue(&params);
        let answer = bank.world.mtls_token(REALM, &client, "read", &holder).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json()["expires_in"], json!(100), "{format:?}");
        let token = answer.token();
        let seen = bank.world.introspected(REALM, &bank.resource_server, &token).await;
        assert_eq!(seen["exp"], json!(START + 100));
        bank.world.clock.advance_seconds(99);
        assert!(bank.is_active(&token).await);
        bank.world.clock.advance_seconds(1);
        assert!(!bank.is_active(&token).await, "{format:?}");
    }
}

/// I-06.
#[tokio::test]
async fn a_client_that_is_registered_for_bound_tokens_gets_no_others() {
    let bank = Bank::open().await;
    let new = NewClient { tls_client_certificate_bound_access_tokens: true, ..new_client("read") };
    let client = bank.world.client(REALM, new).await;
    let refused = bank.world.secret_token(REALM, &client, "read").await;
    assert_eq!(refused.refusal(), (401, "invalid_client".into()));
    let holder = bank.root.issue(&client_params("anything"));
    let fields = [("grant_type", "client_credentials"), ("scope", "read")];
    let ask = Ask::form("/bank/oauth/token", &fields).header("authorization", client.basic());
    let token = ask.clone().showing(&holder).send(&bank.world).await.token();
    assert_eq!(claims(&token)["cnf"]["x5t#S256"], json!(holder.thumbprint()));
    let stranger = Holder::self_signed(&client_params("anything"));
    let refused = ask.showing(&stranger).send(&bank.world).await;
    assert_eq!(refused.refusal(), (401, "invalid_client".into()), "I-07: of no trusted authority");
}

/// Whoever has a secret and asks for nothing special gets what it got before, whatever the connection shows.
#[tokio::test]
async fn other_clients_are_left_alone() {
    let bank = Bank::open().await;
    let client = bank.world.client(REALM, new_client("read")).await;
    let fields = [("grant_type", "client_credentials"), ("scope", "read")];
    let ask = Ask::form("/bank/oauth/token", &fields).header("authorization", client.basic());
    let good = bank.root.issue(&client_params("anything"));
    let stranger = Holder::self_signed(&client_params("anything"));
    for ask in [ask.clone(), ask.clone().showing(&good), ask.showing(&stranger)] {
        let token = ask.send(&bank.world).await.token();
        assert_eq!(claims(&token).get("cnf"), None);
        assert_eq!(bank.verify(&token, None).await.status, 204);
    }
}

/// A scope that only bound tokens have.
#[tokio::test]
async fn a_bound_scope_is_granted_with_a_certificate_alone() {
    let bank = Bank::with(|plan| plan.mtls().bound_scopes = vec!["pix.write".into()]).await;
    let client = bank.world.client(REALM, new_client("read pix.write")).await;
    let holder = bank.root.issue(&client_params("anything"));
    let ask = |scope: &str| {
        let fields = [("grant_type", "client_credentials"), ("scope", scope)];
        Ask::form("/bank/oauth/token", &fields).header("authorization", client.basic())
    };
    let plain = ask("read").send(&bank.world).await.token();
    assert_eq!(claims(&plain).get("cnf"), None);
    for scope in ["pix.write", "read pix.write"] {
        let refused = ask(scope).send(&bank.world).await;
        assert_eq!(refused.refusal(), (400, "invalid_scope".into()));
        let token = ask(scope).showing(&holder).send(&bank.world).await.token();
        assert_eq!(claims(&token)["cnf"]["x5t#S256"], json!(holder.thumbprint()), "{scope}");
    }
    let plain = ask("read").showing(&holder).send(&bank.world).await.token();
    assert_eq!(claims(&plain).get("cnf"), None, "nothing asks for it");
}

/// What the connection shows counts only where a scope asks for it: an agent shows its certificate everywhere.
#[tokio::test]
async fn a_certificate_that_binds_nothing_hinders_nothing_that_needs_none() {
    let bank = Bank::with(|plan| plan.mtls().bound_scopes = vec!["pix.write".into()]).await;
    let client = bank.world.client(REALM, new_client("read pix.write")).await;
    let mut expired = client_params("anything");
    expired.not_after = at(START - 1);
    let revoked = bank.world.certify(REALM, &client.id, None).await;
    bank.world.revoke_certificate(REALM, &revoked).await;
    for (title, holder) in [
        ("untrusted", Holder::self_signed(&client_params("anything"))),
        ("expired", bank.root.issue(&expired)),
        ("revoked", revoked),
    ] {
        let ask = |scope: &str| {
            let fields = [("grant_type", "client_credentials"), ("scope", scope)];
            let ask = Ask::form("/bank/oauth/token", &fields).header("authorization", client.basic());
            ask.showing(&holder)
        };
        let answer = ask("read").send(&bank.world).await;
        assert_eq!(answer.status, 200, "{title}: {}", answer.body);
        assert_eq!(claims(&answer.token()).get("cnf"), None, "{title}");
        let refused = ask("pix.write").send(&bank.world).await;
        assert_eq!(refused.refusal(), (401, "invalid_client".into()), "{title}");
        assert!(refused.body.contains("certificate"), "{title}: {}", refused.body);
    }
}

async fn people(client: NewClient, root: &Root, format: TokenFormat) -> Flow {
    let mut plan = plan(root);
    plan.config.access_token_format = Some(format);
    Box::pin(Flow::of(plan, client)).await
}

/// I-05: a public client has nothing but its certificate to show, so its refresh tokens need it too.
#[tokio::test]
async fn a_public_clients_refresh_tokens_are_bound_with_its_access_tokens() {
    for format in FORMATS {
        let root = Root::new("Partner root");
        let new = NewClient {
            token_endpoint_auth_method: Some(Method::None),
            tls_client_certificate_bound_access_tokens: true,
            ..own_client(SCOPE)
        };
        let flow = people(new, &root, format).await;
        let (own, other) = (root.issue(&client_params("a")), root.issue(&client_params("b")));
        let code = flow.code(&flow.request().with("scope", "openid offline_access")).await;
        let first = flow.redemption(&code).showing(&own).send(&flow.world).await;
        let (access, refresh) = (first.token(), first.text("refresh_token"));
        assert_eq!(flow.introspect(&access).await["cnf"]["x5t#S256"], json!(own.thumbprint()), "{format:?}");
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
        let ask = flow.ask(&flow.client, &fields);
        assert_eq!(ask.clone().send(&flow.world).await.status, 401, "I-06: no certificate");
        let refused = ask.clone().showing(&other).send(&flow.world).await;
        assert_eq!(refused.refusal(), (400, "invalid_grant".into()), "another certificate");
        let second = ask.showing(&own).send(&flow.world).await;
        let access = second.token();
        assert_eq!(flow.introspect(&access).await["cnf"]["x5t#S256"], json!(own.thumbprint()));
        let ask = Ask::get(&format!("/{REALM}/oauth/userinfo")).bearer(&access);
        assert_eq!(ask.clone().showing(&own).send(&flow.world).await.status, 200, "{format:?}");
        assert_eq!(ask.clone().send(&flow.world).await.status, 401);
        assert_eq!(ask.method(HttpMethod::POST).showing(&other).send(&flow.world).await.status, 401);
    }
}

/// I-05, I-14: a confidential client refreshes with whichever certificate authenticates it now, and with none that was
/// revoked.
#[tokio::test]
async fn a_confidential_clients_refresh_tokens_survive_its_certificate() {
    let root = Root::new("Partner root");
    let new = NewClient { token_endpoint_auth_method: Some(Method::TlsClientAuth), ..own_client(SCOPE) };
    let flow = people(new, &root, TokenFormat::Jwt).await;
    let old = flow.world.certify(REALM, &flow.client.id, None).await;
    let code = flow.code(&flow.request().with("scope", "openid offline_access")).await;
    let first = flow.redemption(&code).showing(&old).send(&flow.world).await;
    let (access, refresh) = (first.token(), first.text("refresh_token"));
    let young = flow.world.certify(REALM, &flow.client.id, None).await;
    flow.world.revoke_certificate(REALM, &old).await;
    assert!(!flow.is_active(&access).await);
    let ask = Ask::get(&format!("/{REALM}/oauth/userinfo")).bearer(&access).showing(&old);
    assert_eq!(ask.send(&flow.world).await.status, 401);
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let ask = flow.ask(&flow.client, &fields);
    let refused = ask.clone().showing(&old).send(&flow.world).await;
    assert_eq!(refused.refusal(), (401, "invalid_client".into()));
    let access = ask.showing(&young).send(&flow.world).await.token();
    assert_eq!(claims(&access)["cnf"]["x5t#S256"], json!(young.thumbprint()));
}

/// The password grant, where a dialect has it.
#[tokio::test]
async fn tokens_of_a_password_are_bound_too() {
    let root = Root::new("Partner root");
    let new = NewClient {
        grant_types: Some(vec![GrantType::Password]),
        scope: Some("forintegration".into()),
        tls_client_certificate_bound_access_tokens: true,
        ..NewClient::default()
    };
    let flow = Flow::of(RealmPlan::bs2().with_mtls(&[&root]), new).await;
    let holder = root.issue(&client_params("a"));
    let fields = [
        ("grant_type", "password"),
        ("username", "alice"),
        ("password", PASSWORD),
        ("scope", "forintegration"),
    ];
    let ask = flow.ask(&flow.client, &fields);
    assert_eq!(ask.clone().send(&flow.world).await.status, 401);
    let token = ask.showing(&holder).send(&flow.world).await.token();
    let seen = flow.introspect(&token).await;
    assert_eq!(seen["cnf"]["x5t#S256"], json!(holder.thumbprint()), "{seen}");
}

/// A body that takes its time.
struct Late(Option<oneshot::Receiver<Bytes>>);

impl Body for Late {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(coming) = self.0.as_mut() else { return Poll::Ready(None) };
        let bytes = std::task::ready!(Pin::new(coming).poll(context));
        self.0 = None;
        Poll::Ready(bytes.ok().map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// What is said of a certificate is said when the whole request has come.
#[tokio::test]
async fn a_certificate_that_is_revoked_during_the_body_authenticates_nobody() {
    let bank = Bank::open().await;
    let client = bank.world.register(REALM, certificate_client()).await;
    for revoked in [false, true] {
        let holder = bank.world.certify(REALM, &client, None).await;
        let token = bank.world.mtls_token(REALM, &client, "read", &holder).await.token();
        let ask = Ask::form("/bank/oauth/introspect", &[("client_id", client.as_str()), ("token", &token)]);
        let ask = ask.showing(&holder);
        let (send, late) = oneshot::channel();
        let (head, _) = ask.request().into_parts();
        let request = http::Request::from_parts(head, Late(Some(late)));
        let world = &bank.world;
        let answering = chancela_server::endpoint::respond(&world.server, &world.router, &ask.peer, request);
        let sending = async {
            if revoked {
                world.revoke_certificate(REALM, &holder).await;
            }
            send.send(ask.body.clone().into()).unwrap();
        };
        let (response, ()) = tokio::join!(answering, sending);
        assert_eq!(response.status(), if revoked { 401 } else { 200 });
    }
}
