//! Commands on clients, scopes, keys, users and tokens: the same with a running server, which follows at once, and
//! without one.

use crate::support::http::{Answer, Request, get};
use crate::support::server::{Server, Site};
use crate::support::{members, text};
use serde_json::{Value, json};

const TOKEN: &str = "/main/oauth/token";

fn token_with(server: &Server, id: &str, secret: &str) -> Answer {
    let fields = [("grant_type", "client_credentials"), ("scope", "read")];
    Request::form(server.url(TOKEN), &fields).basic(id, secret).send()
}

fn token_of(server: &Server, client: &Value) -> Answer {
    token_with(server, text(client, "client_id"), text(client, "client_secret"))
}

fn is_active(server: &Server, asker: &Value, token: &str) -> bool {
    let paths = metadata(server);
    let path = text(&paths, "introspection_endpoint").strip_prefix("http://127.0.0.1:1").unwrap();
    let answer = Request::form(server.url(path), &[("token", token)])
        .basic(text(asker, "client_id"), text(asker, "client_secret"))
        .send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["active"].as_bool().unwrap()
}

fn metadata(server: &Server) -> Value {
    get(&server.url("/.well-known/oauth-authorization-server/main")).json()
}

fn resource_server(site: &Site) -> Value {
    site.done(&["client", "create", "--realm", "main", "--grant-type", "", "--may-introspect-any"])
}

fn reader(site: &Site) -> Value {
    site.done(&["client", "create", "--realm", "main", "--scope", "read"])
}

/// Published keys of the access tokens' algorithm; ID tokens have one more.
fn kids(server: &Server) -> Vec<String> {
    let set = get(&server.url("/main/.well-known/jwks.json")).json();
    let keys = set["keys"].as_array().unwrap().iter().filter(|key| key["alg"] == "ES256");
    keys.map(|key| text(key, "kid").to_owned()).collect()
}

/// The kid in a JWT's header.
fn kid_of(token: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    text(&serde_json::from_slice(&header).unwrap(), "kid").to_owned()
}

/// Every command once, with what it must answer. Leaves one client with a known secret behind.
fn every_command(site: &Site) {
    let made =
        site.done(&["client", "create", "--realm", "main", "--name", "Ledger", "--scope", "read write"]);
    assert_eq!(members(&made)[..2], ["client_id", "client_secret"]);
    let (id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
    assert!(secret.len() >= 43, "256 bits: {}", secret.len());
    for arguments in
        [vec!["client", "show", "--realm", "main", id], vec!["client", "list", "--realm", "main"]]
    {
        let outcome = site.run(&arguments);
        assert!(outcome.stdout.contains(id) && outcome.stdout.contains("Ledger"), "{outcome:?}");
        assert!(!outcome.stdout.contains(secret) && !outcome.stdout.contains("digest"), "{outcome:?}");
    }
    let shown = site.done(&["client", "show", "--realm", "main", id]);
    assert_eq!((&shown["client_name"], &shown["scope"]), (&json!("Ledger"), &json!("read write")));
    assert_eq!((&shown["enabled"], &shown["active_secrets"]), (&json!(true), &json!(1)));
    let rotated = site.done(&["client", "rotate-secret", "--realm", "main", id]);
    assert_ne!(text(&rotated, "client_secret"), secret);
    assert_eq!(rotated["active_secrets"], 2);
    assert_eq!(site.done(&["client", "disable", "--realm", "main", id])["enabled"], false);
    assert_eq!(site.done(&["client", "enable", "--realm", "main", id])["enabled"], true);
    assert_eq!(site.done(&["client", "delete", "--realm", "main", id]), json!({ "deleted": id }));
    site.run(&["client", "show", "--realm", "main", id]).failed(3, &[id, "client list"]);
    site.run(&["client", "delete", "--realm", "main", id]).failed(3, &[id]);
    site.run(&["client", "list", "--realm", "nowhere"]).failed(3, &["nowhere", "bank, main"]);

    let file = site
        .write("client.json", r#"{"client_id":"imported","client_secret":"kept-as-it-was","scope":"read"}"#);
    let file = file.to_str().unwrap();
    assert_eq!(site.done(&["client", "import", "--realm", "main", file])["client_id"], "imported");
    site.run(&["client", "import", "--realm", "main", file]).failed(4, &["imported", "already"]);

    let made =
        site.done(&["scope", "create", "--realm", "main", "orders.read", "--description", "Read orders"]);
    assert_eq!(made, json!({ "name": "orders.read", "description": "Read orders" }));
    let listed = site.done(&["scope", "list", "--realm", "main"]);
    assert!(listed.as_array().unwrap().contains(&made), "{listed}");
    assert_eq!(
        site.done(&["scope", "delete", "--realm", "main", "orders.read"]),
        json!({ "deleted": "orders.read" })
    );
    site.run(&["scope", "delete", "--realm", "main", "orders.read"]).failed(3, &["scope list"]);
    site.run(&["scope", "delete", "--realm", "main", "read"]).failed(2, &["dialect"]);
    site.run(&["scope", "create", "--realm", "main", "two words"]).failed(2, &["one scope"]);

    let keys = site.done(&["key", "list", "--realm", "main"]);
    let signing =
        |keys: &Value| keys.as_array().unwrap().iter().filter(|key| key["algorithm"] == "ES256").count();
    assert_eq!(signing(&keys), 1);
    assert!(!keys.to_string().contains("sealed"));
    let keys = site.done(&["key", "rotate", "--realm", "main", "--urgency", "planned"]);
    assert_eq!(signing(&keys), 2);

    let password = "correct horse battery staple";
    let made = site.run_with_input(&["user", "create", "--realm", "bank", "ana"], &format!("{password}\n"));
    assert_eq!(made.json()["username"], "ana");
    assert!(!made.stdout.contains(password));
    site.run_with_input(&["user", "create", "--realm", "bank", "ana"], "other\n").failed(4, &["ana"]);
    site.run(&["user", "create", "--realm", "bank", "bruno"]).failed(2, &["password", "standard input"]);

    let inspected = site.run_with_input(&["token", "inspect", "--realm", "main"], "no-such-token\n").json();
    assert_eq!(inspected["active"], false);
}

#[test]
fn every_command_works_while_the_server_runs() {
    let site = Site::new();
    let mut server = site.serve();
    every_command(&site);
    token_with(&server, "imported", "kept-as-it-was").token();
    assert_eq!(server.process.stop(), Some(0));
}

#[test]
fn every_command_works_while_no_server_runs_and_the_server_finds_it_all_later() {
    let site = Site::new();
    every_command(&site);
    let server = site.serve();
    token_with(&server, "imported", "kept-as-it-was").token();
    let client = site.done(&[
        "client",
        "create",
        "--realm",
        "bank",
        "--scope",
        "forintegration",
        "--grant-type",
        "password",
    ]);
    let fields = [
        ("grant_type", "password"),
        ("scope", "forintegration"),
        ("username", "ana"),
        ("password", "correct horse battery staple"),
    ];
    let request = Request::form(server.url("/bank/auth/oauth/v2/token"), &fields);
    request.basic(text(&client, "client_id"), text(&client, "client_secret")).send().token();
}

#[test]
fn a_new_client_and_a_new_scope_work_at_once() {
    let site = Site::new();
    let server = site.serve();
    site.run(&["client", "create", "--realm", "main", "--scope", "orders.read"])
        .failed(2, &["orders.read", "scope create"]);
    site.done(&["scope", "create", "--realm", "main", "orders.read"]);
    let client = site.done(&["client", "create", "--realm", "main", "--scope", "orders.read"]);
    let fields = [("grant_type", "client_credentials"), ("scope", "orders.read")];
    let request = Request::form(server.url(TOKEN), &fields);
    let answer = request.basic(text(&client, "client_id"), text(&client, "client_secret")).send();
    assert_eq!((answer.status, &answer.json()["scope"]), (200, &json!("orders.read")));
    site.run(&["scope", "delete", "--realm", "main", "orders.read"]).failed(4, &["1 clients"]);
}

#[test]
fn the_tokens_of_a_disabled_client_are_inactive_at_once_and_stay_so() {
    let site = Site::new();
    let server = site.serve();
    let (asker, client) = (resource_server(&site), reader(&site));
    let id = text(&client, "client_id");
    let token = token_of(&server, &client).token();
    assert!(is_active(&server, &asker, &token));
    site.done(&["client", "disable", "--realm", "main", id]);
    assert!(!is_active(&server, &asker, &token));
    assert_eq!(token_of(&server, &client).status, 401);
    site.done(&["client", "enable", "--realm", "main", id]);
    assert!(!is_active(&server, &asker, &token), "a token from before the pause");
}

/// N-04: at once, whatever the running server remembers of the token.
#[test]
fn an_operator_ends_a_token_or_all_of_a_client() {
    let site = Site::new();
    let server = site.serve();
    let (asker, client) = (resource_server(&site), reader(&site));
    let (one, two) = (token_of(&server, &client).token(), token_of(&server, &client).token());
    assert!(is_active(&server, &asker, &one) && is_active(&server, &asker, &two));
    let ended = site.run_with_input(&["token", "revoke", "--realm", "main"], &format!("{one}\n"));
    assert_eq!(ended.json()["revoked"], "access_token");
    assert!(!is_active(&server, &asker, &one) && is_active(&server, &asker, &two));
    site.run_with_input(&["token", "revoke", "--realm", "main"], &format!("{one}\n")).failed(3, &["revoked"]);
    site.done(&["token", "revoke", "--realm", "main", "--client", text(&client, "client_id")]);
    assert!(!is_active(&server, &asker, &two));
    site.run(&["token", "revoke", "--realm", "main", "--user", "nobody"]).failed(3, &["nobody"]);
    site.run(&["token", "revoke", "--realm", "main", "--grant", "x"]).failed(2, &["hexadecimal"]);
}

#[test]
fn a_client_that_was_enabled_again_obtains_good_tokens_at_once() {
    let site = Site::new();
    let server = site.serve();
    let (asker, client) = (resource_server(&site), reader(&site));
    let id = text(&client, "client_id");
    site.done(&["client", "disable", "--realm", "main", id]);
    site.done(&["client", "enable", "--realm", "main", id]);
    let token = token_of(&server, &client).token();
    assert!(is_active(&server, &asker, &token));
}

#[test]
fn the_tokens_of_a_deleted_client_are_inactive_at_once_whatever_their_format() {
    let site = Site::new();
    let server = site.serve();
    let (asker, client) = (resource_server(&site), reader(&site));
    let token = token_of(&server, &client).token();
    site.done(&["client", "delete", "--realm", "main", text(&client, "client_id")]);
    assert!(!is_active(&server, &asker, &token));
    assert_eq!(token_of(&server, &client).status, 401);

    let client = site.done(&["client", "create", "--realm", "bank", "--scope", "pix.read"]);
    let fields = [("grant_type", "client_credentials"), ("scope", "pix.read")];
    let request = Request::form(server.url("/bank/auth/oauth/v2/token"), &fields);
    let token = request.basic(text(&client, "client_id"), text(&client, "client_secret")).send().token();
    let inspect = || site.run_with_input(&["token", "inspect", "--realm", "bank"], &token).json();
    assert_eq!((&inspect()["active"], &inspect()["client_id"]), (&json!(true), &client["client_id"]));
    site.done(&["client", "delete", "--realm", "bank", text(&client, "client_id")]);
    assert_eq!(inspect()["active"], false);
}

#[test]
fn a_client_that_is_made_again_under_the_same_id_does_not_revive_tokens() {
    let site = Site::new();
    let server = site.serve();
    let asker = resource_server(&site);
    let file = site.write("c.json", r#"{"client_id":"phoenix","client_secret":"same","scope":"read"}"#);
    let import = ["client", "import", "--realm", "main", file.to_str().unwrap()];
    site.done(&import);
    let token = token_with(&server, "phoenix", "same").token();
    site.done(&["client", "delete", "--realm", "main", "phoenix"]);
    let issued = std::time::SystemTime::now();
    // Times in tokens are whole seconds.
    crate::support::await_some("another second", || {
        (issued.elapsed().unwrap().as_millis() >= 1000).then_some(())
    });
    site.done(&import);
    assert!(!is_active(&server, &asker, &token));
}

#[test]
fn the_old_secret_works_during_the_overlap_and_never_without_one() {
    let site = Site::new();
    let server = site.serve();
    let client = reader(&site);
    let id = text(&client, "client_id");
    let second = site.done(&["client", "rotate-secret", "--realm", "main", id]);
    token_of(&server, &client).token();
    token_of(&server, &second).token();
    let third = site.done(&["client", "rotate-secret", "--realm", "main", id, "--overlap", "0"]);
    for old in [&client, &second] {
        assert_eq!(token_of(&server, old).status, 401);
    }
    token_of(&server, &third).token();
    let fourth = site.done(&["client", "rotate-secret", "--realm", "main", id, "--overlap", "1"]);
    crate::support::await_some("the end of the overlap", || {
        (token_of(&server, &third).status == 401).then_some(())
    });
    token_of(&server, &fourth).token();
}

#[test]
fn an_import_keeps_ids_secrets_and_keys_and_takes_a_list() {
    let site = Site::new();
    let server = site.serve();
    let jwks = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "k1", "x": "AA", "y": "AA" }] });
    let metadata = json!([
        { "client_id": "um", "client_secret": "segredo-um", "scope": "read", "client_name": "Um", "jwks": jwks },
        { "client_id": "dois", "client_secret": "s p:a%c+e&é", "scope": "read", "grant_types": ["client_credentials"],
          "redirect_uris": ["https://partner.example/cb"], "contacts": ["ops@partner.example"] },
        { "client_name": "generated", "scope": "read" },
    ]);
    let shown =
        site.run_with_input(&["client", "import", "--realm", "main", "-"], &metadata.to_string()).json();
    assert_eq!(shown.as_array().unwrap().len(), 3);
    token_with(&server, "um", "segredo-um").token();
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", "dois"),
        ("client_secret", "s p:a%c+e&é"),
        ("scope", "read"),
    ];
    Request::form(server.url(TOKEN), &fields).send().token();
    token_of(&server, &shown[2]).token();
    assert_eq!(site.done(&["client", "show", "--realm", "main", "um"])["jwks"], jwks);
    let dois = site.done(&["client", "show", "--realm", "main", "dois"]);
    assert_eq!(dois["redirect_uris"], json!(["https://partner.example/cb"]));
}

#[test]
fn an_import_with_a_mistake_names_it_and_changes_nothing() {
    let site = Site::new();
    let _server = site.serve();
    let good = json!({ "client_id": "good", "scope": "read" });
    for (bad, words) in [
        (json!({ "client_id": "bad", "colour": "blue" }), vec!["client 2", "colour"]),
        (json!({ "client_id": "bad", "scope": "unheard.of" }), vec!["client 2", "unheard.of"]),
        (json!({ "client_id": "", "scope": "read" }), vec!["client 2", "client_id"]),
        (
            json!({ "client_id": "bad", "client_secret": "ends in a line break\n" }),
            vec!["client 2", "client_secret"],
        ),
        (json!({ "client_id": "bad", "grant_types": ["telepathy"] }), vec!["client 2", "telepathy"]),
    ] {
        let file = json!([good, bad]).to_string();
        site.run_with_input(&["client", "import", "--realm", "main"], &file).failed(2, &words);
        assert_eq!(site.done(&["client", "list", "--realm", "main"]), json!([]));
    }
    let twice = json!([good, good]).to_string();
    site.run_with_input(&["client", "import", "--realm", "main"], &twice).failed(4, &["client 2", "good"]);
    assert_eq!(site.done(&["client", "list", "--realm", "main"]), json!([]), "the same id twice");
    site.run_with_input(&["client", "import", "--realm", "main"], "{").failed(2, &["JSON"]);
}

#[test]
fn a_key_that_is_rotated_now_goes_on_verifying_what_it_signed() {
    let site = Site::new();
    let server = site.serve();
    let (asker, client) = (resource_server(&site), reader(&site));
    let old = token_of(&server, &client).token();
    site.done(&["key", "rotate", "--realm", "main", "--urgency", "now"]);
    let new = token_of(&server, &client).token();
    assert_ne!(kid_of(&new), kid_of(&old));
    let published = kids(&server);
    assert!(published.contains(&kid_of(&old)) && published.contains(&kid_of(&new)), "{published:?}");
    assert!(is_active(&server, &asker, &old) && is_active(&server, &asker, &new));
}

#[test]
fn a_planned_key_is_published_before_it_signs() {
    let site = Site::new();
    let server = site.serve();
    let client = reader(&site);
    let before = kid_of(&token_of(&server, &client).token());
    site.done(&["key", "rotate", "--realm", "main"]);
    assert_eq!(kids(&server).len(), 2);
    assert_eq!(kid_of(&token_of(&server, &client).token()), before);
}

#[test]
fn what_a_compromised_key_signed_is_dead_at_once() {
    let site = Site::new();
    let server = site.serve();
    let (asker, client) = (resource_server(&site), reader(&site));
    let old = token_of(&server, &client).token();
    assert!(is_active(&server, &asker, &old));
    site.done(&["key", "rotate", "--realm", "main", "--urgency", "compromised"]);
    assert!(!is_active(&server, &asker, &old));
    assert_eq!(kids(&server).len(), 1);
    let new = token_of(&server, &client).token();
    assert_eq!(kids(&server), [kid_of(&new)]);
    assert!(is_active(&server, &asker, &new));
}

#[test]
fn a_realm_that_signs_nothing_has_no_key_to_rotate() {
    let realms = "[realm.card]\nissuer = \"http://127.0.0.1:1/card\"\ndialect = \"celcash\"\n\
                  environment = \"sandbox\"\nsecurity_profile = \"legacy\"\n";
    let site = Site::with("", realms);
    site.run(&["key", "rotate", "--realm", "card"]).failed(2, &["signs nothing"]);
}

#[test]
fn an_inspected_token_says_whose_it_is_and_the_token_is_not_repeated() {
    let site = Site::new();
    let server = site.serve();
    let client = reader(&site);
    let token = token_of(&server, &client).token();
    let outcome = site.run_with_input(&["token", "inspect", "--realm", "main"], &format!("{token}\n"));
    let shown = outcome.json();
    assert_eq!(
        (&shown["active"], &shown["client_id"], &shown["scope"]),
        (&json!(true), &client["client_id"], &json!("read"))
    );
    assert!(!outcome.stdout.contains(&token));
    let elsewhere = site.run_with_input(&["token", "inspect", "--realm", "bank"], &token).json();
    assert_eq!(elsewhere["active"], false, "a token of another realm");
}

#[test]
fn one_realms_credentials_are_worth_nothing_in_another() {
    let site = Site::new();
    let server = site.serve();
    let client = site.done(&["client", "create", "--realm", "bank", "--scope", "pix.read"]);
    assert_eq!(token_of(&server, &client).status, 401);
}

#[test]
fn results_for_people_are_lines_and_failures_leave_standard_output_empty() {
    let site = Site::new();
    let config = site.config();
    let config = config.to_str().unwrap();
    let made = crate::support::process::run(&[
        "client", "create", "--realm", "main", "--scope", "read", "--config", config,
    ]);
    assert_eq!(made.code, 0);
    assert!(made.stdout.lines().any(|line| line.starts_with("client_secret ")), "{made:?}");
    let failed =
        crate::support::process::run(&["client", "show", "--realm", "main", "nobody", "--config", config]);
    failed.failed(3, &["nobody"]);
    assert_eq!(failed.stdout, "");
}
