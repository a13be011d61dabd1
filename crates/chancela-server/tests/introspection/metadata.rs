//! Metadata and routing: configuration decides, nothing that a request says.

use crate::support::{Ask, HOST, RealmPlan, World, new_client};
use chancela_core::dialect::Library;
use chancela_server::config::Config;
use chancela_server::control::{Command, NewClient};
use http::Method;
use proptest::prelude::*;

/// HF-05.
#[tokio::test]
async fn metadata_is_what_configuration_says_whatever_the_request_says() {
    let world = World::open(vec![RealmPlan::opaque(), RealmPlan::celcash()]).await;
    for path in
        ["/opaque/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/opaque"]
    {
        let plain = Ask::get(path).header("host", "id.example").send(&world).await;
        for ask in [
            Ask::get(path),
            Ask::get(path).header("host", "evil.test"),
            Ask::get(path).header("host", "evil.test, id.example"),
            Ask::get(path).header("host", b"\xff"),
            Ask::get(&format!("http://evil.test{path}")),
            Ask::get(path).header("x-forwarded-host", "evil.test").header("x-forwarded-proto", "http"),
            Ask::get(path)
                .header("forwarded", "host=evil.test;proto=http")
                .header("x-forwarded-prefix", "/evil"),
            Ask::get(path).header("x-original-url", "/evil").header("x-rewrite-url", "/evil"),
        ] {
            assert_eq!(ask.send(&world).await.body, plain.body, "{ask:?}");
        }
        let metadata = plain.json();
        assert_eq!(metadata["issuer"], format!("{HOST}/opaque"));
        for (name, value) in metadata.as_object().unwrap() {
            if name.ends_with("_endpoint") || name.ends_with("_uri") {
                assert!(value.as_str().unwrap().starts_with(&format!("{HOST}/opaque/")), "{name}");
            }
        }
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::TRACE] {
            let answer = Ask::get(path).method(method).send(&world).await;
            assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some("GET, HEAD")));
        }
    }
    assert!(
        Ask::get("/opaque/.well-known/oauth-authorization-server")
            .send(&world)
            .await
            .body
            .contains("celcash")
            .eq(&false)
    );
}

/// HS-06: one spelling of each path.
#[tokio::test]
async fn only_the_canonical_path_leads_anywhere() {
    let world = World::open(vec![RealmPlan::standard(), RealmPlan::vantage()]).await;
    let client = world.client("standard", new_client("read")).await;
    let ask = Ask::form("/", &[("grant_type", "client_credentials")]).header("authorization", client.basic());
    assert_eq!(ask.clone().target("/standard/oauth/token").send(&world).await.status, 200);
    for path in [
        "/",
        "//",
        "*",
        "/standard",
        "/standard/",
        "/standard/oauth",
        "/standard/oauth/",
        "/standard/oauth/token/",
        "//standard/oauth/token",
        "/standard//oauth/token",
        "/standard/./oauth/token",
        "/standard/x/../oauth/token",
        "/standard/oauth/token%2f",
        "/standard/oauth/%74oken",
        "/standard/oauth/token;x",
        "/standard/oauth/token;/..",
        "/STANDARD/OAUTH/TOKEN",
        "/standard/oauth/Token",
        "/oauth/token",
        "/standard/oauth/token%00",
        "/standard/oauth/token%20",
        "/standard/oauth/token.json",
        "/standard/..;/oauth/token",
        "/standard\\oauth\\token",
        "/vantage/auth2//connect/token",
        "/vantage/auth2/acme/x/connect/token",
        "/vantage/auth2/acme%2fx/connect/token",
        "/vantage/auth2/../connect/token",
        "/admin",
        "/metrics",
        "/readyz",
        "/livez",
        "/sandbox.json",
    ] {
        let answer = ask.clone().target(path).send(&world).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
        assert!(!answer.body.contains("standard"), "{path}: {}", answer.body);
    }
}

/// HF-05: with several hosts, a request is for the host that it names, or misdirected.
#[tokio::test]
async fn with_several_hosts_an_unknown_host_is_misdirected() {
    let mut other = RealmPlan::new("other", "standard", "default");
    other.config.issuer = "https://other.example:8443".into();
    let world = World::open(vec![RealmPlan::standard(), other]).await;
    let path = "/.well-known/oauth-authorization-server";
    for (hosts, expected) in [
        (vec!["other.example:8443"], 200),
        (vec!["OTHER.example:8443"], 200),
        (vec!["id.example"], 404),
        (vec!["evil.test"], 421),
        (vec!["other.example"], 421),
        (vec!["other.example:8443, id.example"], 421),
        (vec!["other.example:8443@evil.test"], 421),
        (vec![""], 421),
        (vec![], 421),
    ] {
        let ask = hosts.iter().fold(Ask::get(path), |ask, host| ask.header("host", host));
        let answer = ask.send(&world).await;
        assert_eq!(answer.status, expected, "{hosts:?}");
        assert!(!answer.body.contains("evil"), "{hosts:?}: {}", answer.body);
    }
}

/// The exception for plain HTTP is for this machine alone, however a host is called.
#[test]
fn only_a_loopback_address_may_have_a_plain_http_issuer() {
    let secure = |issuer: &str| {
        let mut plan = RealmPlan::standard();
        plan.config.issuer = issuer.into();
        let text = format!(
            "data = \"x\"\n[realm.standard]\ndialect = \"standard\"\nissuer = {:?}\n",
            plan.config.issuer
        );
        Config::parse("t", &text).unwrap().check(&Library::builtin()).is_ok()
    };
    for good in [
        "http://127.0.0.1",
        "http://127.0.0.1:80/x",
        "http://[::1]",
        "http://[::1]:80",
        "http://localhost:8080",
        "https://a.example",
    ] {
        assert!(secure(good), "{good}");
    }
    for bad in [
        "http://127.evil.test",
        "http://127.0.0.1.evil.test:80",
        "http://localhost.evil.test",
        "http://a.example",
        "http://[::2]",
    ] {
        assert!(!secure(bad), "{bad}");
    }
}

/// A realm that another one shadows would lose its requests to it.
#[test]
fn no_two_realms_are_at_one_place() {
    let check = |[a, a_mtls, b, b_mtls]: [&str; 4]| {
        let realm = |name, issuer, mtls| {
            format!(
                "[realm.{name}]\ndialect = \"standard\"\nissuer = \"https://{issuer}\"\n\
                 mtls = {{ url = \"https://{mtls}\", self_signed = true }}\n"
            )
        };
        let listen = "[listen.mtls]\naddress = \"127.0.0.1:0\"\ncertificate = \"c\"\nkey = \"k\"\n";
        let text = format!("data = \"x\"\n{listen}{}{}", realm("a", a, a_mtls), realm("b", b, b_mtls));
        Config::parse("t", &text).unwrap().check(&Library::builtin()).map_err(|error| error.to_string())
    };
    for (good, why) in [
        (["id.test/a", "mtls.test/a", "id.test/b", "mtls.test/b"], "hosts are shared"),
        (["id.test/a", "id.test/a", "id.test/b", "id.test/b"], "a realm's two URLs are one"),
        (["id.test", "mtls.test", "id.test/b", "mtls.test/b"], "a path below another"),
        (["id.test/x", "mtls.test/x", "id.test:8443/x", "mtls.test:8443/x"], "ports"),
    ] {
        assert_eq!(check(good), Ok(()), "{why}");
    }
    for (bad, says) in [
        (
            ["id.test/x", "mtls.test/a", "id.test/x", "mtls.test/b"],
            "realm.b: issuer: is the place of realm.a's issuer",
        ),
        (
            ["id.test/x", "mtls.test/a", "ID.test/x", "mtls.test/b"],
            "realm.b: issuer: is the place of realm.a's issuer",
        ),
        (
            ["id.test/a", "mtls.test/x", "id.test/b", "mtls.test/x"],
            "realm.b: mtls.url: is the place of realm.a's mtls.url",
        ),
        (
            ["id.test/a", "mtls.test/a", "id.test/b", "id.test/a"],
            "realm.b: mtls.url: is the place of realm.a's issuer",
        ),
        (
            ["id.test/a", "id.test/b", "id.test/b", "mtls.test/b"],
            "realm.b: issuer: is the place of realm.a's mtls.url",
        ),
    ] {
        let error = check(bad).unwrap_err();
        assert!(error.contains(says) && error.ends_with("of its own"), "{error}");
    }
}

/// F-11.
#[tokio::test]
async fn no_client_can_be_taken_for_a_user() {
    let world = World::open(vec![RealmPlan::standard()]).await;
    let new = NewClient { client_id: Some("user-0123".into()), ..new_client("read") };
    assert!(world.try_control("standard", Command::ClientCreate(Box::new(new))).await.is_err());
    let metadata = serde_json::json!([{ "client_id": "user-0123", "client_secret": "x" }]);
    assert!(world.try_control("standard", Command::ClientImport(metadata)).await.is_err());
}

proptest! {
    /// A configuration is one that can be checked, or an error that says where.
    #[test]
    fn no_text_makes_the_reader_of_configurations_fail(text in "\\PC{0,80}", issuer in "(https?://)?[a-z.:@#?/%\\[\\]0-9-]{0,30}") {
        let whole = format!("data = \"x\"\n[realm.standard]\ndialect = \"standard\"\nissuer = {issuer:?}\n");
        for text in [text.clone(), format!("{whole}{text}"), whole] {
            match Config::parse("c.toml", &text) {
                Ok(config) => drop(config.check(&Library::builtin())),
                Err(error) => prop_assert!(error.to_string().starts_with("c.toml:"), "{}", error),
            }
        }
    }
}
