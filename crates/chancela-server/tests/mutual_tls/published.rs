//! What the metadata says of mutual TLS.

use super::*;
use crate::support::Ask;
use chancela_server::router::Router;
use serde_json::{Value, json};
use std::sync::Arc;

async fn metadata(world: &World, realm: &str) -> Value {
    Ask::get(&format!("/{realm}/.well-known/oauth-authorization-server")).send(world).await.json()
}

///
#[tokio::test]
async fn methods_and_aliases_are_listed_where_they_work() {
    let root = Root::new("Partner root");
    let mut both = RealmPlan::new("both", "standard", "default").with_mtls(&[&root]);
    both.mtls().self_signed = true;
    let world = World::open(vec![RealmPlan::standard(), plan(&root), both]).await;
    let methods = |document: &Value| -> Vec<String> {
        let own = document["token_endpoint_auth_methods_supported"].as_array().unwrap();
        own.iter().map(|method| method.as_str().unwrap().to_owned()).collect()
    };
    let off = metadata(&world, "standard").await;
    assert_eq!(methods(&off), ["client_secret_basic", "client_secret_post", "none"]);
    assert_eq!(off.get("mtls_endpoint_aliases"), None);
    assert_eq!(off.get("registration_endpoint"), None);
    assert_ne!(off["tls_client_certificate_bound_access_tokens"], json!(true));
    let on = metadata(&world, REALM).await;
    assert_eq!(methods(&on), ["client_secret_basic", "client_secret_post", "tls_client_auth", "none"]);
    assert_eq!(on["tls_client_certificate_bound_access_tokens"], json!(true));
    let at = |path: &str| json!(format!("https://mtls.example/{REALM}{path}"));
    let aliases = on["mtls_endpoint_aliases"].as_object().unwrap();
    for (name, path) in [
        ("token_endpoint", "/oauth/token"),
        ("introspection_endpoint", "/oauth/introspect"),
        ("revocation_endpoint", "/oauth/revoke"),
        ("userinfo_endpoint", "/oauth/userinfo"),
        ("registration_endpoint", "/oauth/register"),
    ] {
        assert_eq!(aliases[name], at(path), "{name}");
    }
    assert_eq!(aliases.len(), 5);
    assert!(methods(&metadata(&world, "both").await).contains(&"self_signed_tls_client_auth".into()));
}

/// what is not listed is not accepted.
#[tokio::test]
async fn a_method_that_is_not_listed_does_not_work() {
    let world = World::open(vec![RealmPlan::standard()]).await;
    let new = certificate_client();
    let created =
        world.try_control("standard", chancela_server::control::Command::ClientCreate(Box::new(new))).await;
    if let Ok(shown) = created {
        let id = shown["client_id"].as_str().unwrap();
        let holder = Root::new("Partner root").issue(&client_params("padaria"));
        let answer = world.mtls_token("standard", id, "read", &holder).await;
        assert_eq!(answer.refusal(), (401, "invalid_client".into()));
    }
}

/// The listener that asks for certificates serves machines: no page, and the same endpoints.
#[tokio::test]
async fn the_mutual_tls_listener_has_endpoints_and_no_pages() {
    let Bank { mut world, root, .. } = Bank::open().await;
    let client = world.register(REALM, certificate_client()).await;
    let holder = world.certify(REALM, &client, None).await;
    let mut routers = [Router::for_mtls(&world.server.realms), Router::for_proxy(&world.server.realms)];
    for router in &mut routers {
        router.add_resources(&world.server.realms, "/resource");
    }
    let login = |host: &str| Ask::get("/bank/oauth/authorize?client_id=x").header("host", host);
    for router in routers {
        world.router = Arc::new(router);
        let fields = [("grant_type", "client_credentials"), ("client_id", &*client), ("scope", "read")];
        let ask = Ask::form("/bank/oauth/token", &fields).header("host", "mtls.example").showing(&holder);
        let token = ask.send(&world).await.token();
        assert_eq!(login("mtls.example").send(&world).await.status, 404);
        let resource = Ask::get("/bank/resource").header("host", "mtls.example").bearer(&token);
        let seen = resource.clone().showing(&holder).send(&world).await;
        assert_eq!(seen.status, 200, "{}", seen.body);
        assert_eq!(seen.json()["cnf"]["x5t#S256"], json!(holder.thumbprint()));
        let stranger = root.issue(&client_params("other"));
        for ask in [resource.clone(), resource.showing(&stranger)] {
            let refused = ask.send(&world).await;
            assert_eq!(refused.status, 401);
            assert!(refused.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
        }
    }
    assert_ne!(login("id.example").send(&world).await.status, 404, "a proxy passes pages on too");
    assert_eq!(login("evil.example").send(&world).await.status, 421);
}
