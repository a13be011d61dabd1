//! `chancela user …` and the clients that users meet, with the real program.

use crate::support::http::{Answer, Request};
use crate::support::server::{Server, Site};
use crate::support::text;
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery staple";

fn log_in(server: &Server, client: &Value, username: &str, password: &str) -> Answer {
    let fields = [
        ("grant_type", "password"),
        ("scope", "forintegration"),
        ("username", username),
        ("password", password),
    ];
    let request = Request::form(server.url("/bank/auth/oauth/v2/token"), &fields);
    request.basic(text(client, "client_id"), text(client, "client_secret")).send()
}

/// A client that may send users' passwords, and see what became of their tokens.
fn client(site: &Site) -> Value {
    site.done(&[
        "client",
        "create",
        "--realm",
        "bank",
        "--scope",
        "forintegration",
        "--grant-type",
        "password",
        "--may-introspect-any",
    ])
}

fn create(site: &Site, username: &str, more: &[&str]) -> Value {
    let mut arguments = vec!["user", "create", "--realm", "bank", username];
    arguments.extend(more);
    site.run_with_input(&arguments, &format!("{PASSWORD}\n")).json()
}

/// Every command once, with what it must answer.
fn every_command(site: &Site) {
    let claims =
        ["--name", "Ana Souza", "--email", "ana@example.com", "--claim", "phone_number=+5511999990000"];
    let made = create(site, "ANA@example.com", &[&claims[..], &["--claim", "email_verified:=true"]].concat());
    assert_eq!(text(&made, "username"), "ana@example.com");
    let shown = site.done(&["user", "show", "--realm", "bank", "Ana@Example.com"]);
    assert_eq!(shown, made);
    assert_eq!(shown["claims"]["phone_number"], "+5511999990000");
    assert_eq!(shown["claims"]["email_verified"], true);
    assert!(!shown.to_string().contains("argon2"), "{shown}");
    site.run_with_input(&["user", "create", "--realm", "bank", "bia", "--claim", "x"], "p\n")
        .failed(2, &["NAME=TEXT"]);
    site.run_with_input(&["user", "create", "--realm", "bank", "bia", "--claim", "sub=x"], "p\n")
        .failed(2, &["server's own"]);

    let bia = site.done(&["user", "create", "--realm", "bank", "bia", "--no-password"]);
    assert_eq!(bia["password"], false);
    let file = site.write("password", "from a file\nsecond line\n");
    let file = file.to_str().unwrap();
    let set = site.done(&["user", "set-password", "--realm", "bank", "bia", "--password-file", file]);
    assert_eq!(set["password"], true);
    let listed = site.done(&["user", "list", "--realm", "bank"]);
    let names: Vec<&str> = listed.as_array().unwrap().iter().map(|user| text(user, "username")).collect();
    assert_eq!(names, ["ana@example.com", "bia"]);

    assert_eq!(site.done(&["user", "disable", "--realm", "bank", "bia"])["enabled"], false);
    assert_eq!(site.done(&["user", "enable", "--realm", "bank", "bia"])["enabled"], true);
    assert_eq!(site.done(&["user", "reset-factors", "--realm", "bank", "bia"])["enabled"], true);
    assert_eq!(site.done(&["user", "delete", "--realm", "bank", "BIA"]), json!({ "deleted": "bia" }));
    site.run(&["user", "show", "--realm", "bank", "bia"]).failed(3, &["bia", "user list"]);

    let lines = site.write(
        "users.jsonl",
        "{\"username\":\"caio\",\"password\":\"s3nha do caio\"}\n\n\
         {\"username\":\"duda\",\"password_hash\":\"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\"}\n",
    );
    let lines = lines.to_str().unwrap();
    let done = site.done(&["user", "import", "--realm", "bank", lines]);
    assert_eq!(done, json!({ "created": 2, "replaced": 0, "unchanged": 0 }));
    site.run(&["user", "import", "--realm", "bank", lines]).failed(4, &["line 1", "--replace"]);
    let done = site.done(&["user", "import", "--realm", "bank", "--replace", lines]);
    assert_eq!(done["unchanged"], 2);
    let array = r#"[{"username":"eva"},{"username":"fabio","password_hash":"md5"}]"#;
    site.run_with_input(&["user", "import", "--realm", "bank"], array)
        .failed(2, &["user 2", "password_hash"]);
    site.run_with_input(&["user", "import", "--realm", "bank"], "{\"username\":\n").failed(2, &["line 1"]);
    site.run(&["user", "show", "--realm", "bank", "eva"]).failed(3, &["eva"]);
}

#[test]
fn every_command_on_users_works_while_the_server_runs() {
    let site = Site::new();
    let server = site.serve();
    every_command(&site);
    let client = client(&site);
    log_in(&server, &client, "ANA@example.com", PASSWORD).token();
    log_in(&server, &client, "duda", "U*U").token();
    log_in(&server, &client, "caio", "s3nha do caio").token();
}

#[test]
fn every_command_on_users_works_while_no_server_runs() {
    let site = Site::new();
    every_command(&site);
    let server = site.serve();
    log_in(&server, &client(&site), "ana@example.com", PASSWORD).token();
}

/// N-07, G-12.
#[test]
fn a_disabled_user_and_an_old_password_open_nothing_any_more() {
    let site = Site::new();
    let server = site.serve();
    let client = client(&site);
    let is_active = |token: &str| {
        let request = Request::form(server.url("/bank/oauth/introspect"), &[("token", token)]);
        let answer = request.basic(text(&client, "client_id"), text(&client, "client_secret")).send();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["active"] == true
    };
    create(&site, "ana", &[]);
    let token = log_in(&server, &client, "ana", PASSWORD).token();
    assert!(is_active(&token));
    site.done(&["user", "disable", "--realm", "bank", "ana"]);
    assert!(!is_active(&token));
    assert_eq!(log_in(&server, &client, "ana", PASSWORD).status, 400);
    site.done(&["user", "enable", "--realm", "bank", "ana"]);
    assert!(!is_active(&token), "a token from before");

    // Tokens are as old as their second: the next one is not the last one's.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let token = log_in(&server, &client, "ana", PASSWORD).token();
    assert!(is_active(&token));
    let change = ["user", "set-password", "--realm", "bank", "ana"];
    site.run_with_input(&change, "another password\n").json();
    assert!(!is_active(&token));
    assert_eq!(log_in(&server, &client, "ana", PASSWORD).status, 400);
    log_in(&server, &client, "ana", "another password").token();
}

#[test]
fn a_client_of_the_browser_is_created_with_flags_and_imported_with_metadata() {
    let site = Site::new();
    let made = site.done(&[
        "client",
        "create",
        "--realm",
        "main",
        "--public",
        "--native",
        "--redirect-uri",
        "http://127.0.0.1/cb",
        "--redirect-uri",
        "com.example.app:/cb",
        "--no-consent",
        "--scope",
        "read",
    ]);
    assert_eq!(made["grant_types"], json!(["authorization_code", "refresh_token"]));
    assert_eq!((&made["require_consent"], &made["application_type"]), (&json!(false), &json!("native")));
    assert_eq!(made.get("client_secret"), None);
    let shown = site.done(&["client", "show", "--realm", "main", text(&made, "client_id")]);
    assert_eq!(shown["redirect_uris"], json!(["http://127.0.0.1/cb", "com.example.app:/cb"]));

    let uri = ["--redirect-uri", "javascript:alert(1)"];
    site.run(&[&["client", "create", "--realm", "main"][..], &uri].concat()).failed(2, &["redirect_uris"]);
    let metadata = json!({
        "client_id": "portal", "client_secret": "a secret of the portal", "scope": "read",
        "redirect_uris": ["https://portal.example/cb"], "response_types": ["code"],
        "post_logout_redirect_uris": ["https://portal.example/bye"],
        "backchannel_logout_uri": "https://portal.example/logout", "backchannel_logout_session_required": true,
        "subject_type": "pairwise", "sector_identifier_uri": "https://portal.example/sector.json",
        "id_token_signed_response_alg": "RS256", "default_max_age": 3600,
        "authorization_code_lifetime": 45, "access_token_lifetime": 600, "refresh_token_lifetime": 86400,
        "refresh_token_policy": "rotate", "require_pkce": true, "may_introspect_any": false,
    });
    let imported =
        site.run_with_input(&["client", "import", "--realm", "main"], &metadata.to_string()).json();
    assert_eq!(imported["sector_identifier"], "portal.example");
    for kept in
        ["subject_type", "authorization_code_lifetime", "refresh_token_policy", "backchannel_logout_uri"]
    {
        assert_eq!(imported[kept], metadata[kept], "{kept}");
    }
    let wrong = json!({ "redirect_uris": ["https://a.example/cb"], "response_types": ["code", "token"] });
    site.run_with_input(&["client", "import", "--realm", "main"], &wrong.to_string())
        .failed(2, &["client 1", "response_types"]);
}
