//! What the author of a wrong file reads: the file, the line or key, and what is allowed.

use super::{HEAD, try_load};

fn error(tables: &str) -> String {
    try_load(&[("acme", &format!("{HEAD}{tables}"))]).unwrap_err().to_string()
}

#[test]
fn an_unknown_key_names_file_line_and_allowed_keys() {
    insta::assert_snapshot!(error("[request]\nencoding = [\"form\"]\n"), @"acme.toml:12: unknown field `encoding`, expected one of `encodings`, `json_labelled_as_form`, `grant_type_in`, `names`, `grants`, `default_grant`, `scope_as`, `headers`");
    insta::assert_snapshot!(error("[token]\nlifetime = 60\n[token.jwt]\nalgoritm = \"RS256\"\n"), @"acme.toml:14: unknown field `algoritm`, expected one of `algorithm`, `typ`, `kid`, `claims`, `thumbprint`");
    insta::assert_snapshot!(error("[tokens]\nlifetime = 60\n"), @"acme.toml:11: unknown field `tokens`, expected one of `format`, `name`, `title`, `extends`, `sources`, `environments`, `credentials`, `scopes`, `token_endpoint`, `authorization`, `device_authorization`, `endpoints`, `certificate_issuance`, `registration`, `marks`, `request`, `client_authentication`, `scope`, `token`, `response`, `errors`, `refresh`, `rate_limit`, `api`");
    insta::assert_snapshot!(error("[token_endpoint.token.scopes]\nmax = 10\n"), @"acme.toml:11: unknown field `scopes`, expected one of `paths`, `requires`, `request`, `client_authentication`, `scope`, `token`, `response`, `errors`, `refresh`, `rate_limit`, `api`");
}

#[test]
fn an_unknown_choice_lists_the_choices() {
    insta::assert_snapshot!(error("[token]\nformat = \"guid\"\n"), @"acme.toml:12: unknown variant `guid`, expected one of `jwt`, `opaque`, `sealed`, `uuid`, `hex`");
    insta::assert_snapshot!(error("[token_endpoint.token.request.grants]\ntoken = \"implicit\"\n"), @"acme.toml:12: unknown variant `implicit`, expected one of `client_credentials`, `authorization_code`, `refresh_token`, `danger_password`");
    insta::assert_snapshot!(error("[client_authentication]\nmethods = [\"basic\"]\n"), @"acme.toml:12: unknown variant `basic`, expected one of `client_secret_basic`, `client_secret_post`, `tls_client_auth`, `self_signed_tls_client_auth`, `private_key_jwt`, `none`");
    insta::assert_snapshot!(error("[token.jwt]\nalgorithm = \"none\"\n"), @"acme.toml:12: unknown variant `none`, expected one of `RS256`, `PS256`, `ES256`, `EdDSA`, `Ed25519`");
    insta::assert_snapshot!(error("[errors.code.bad_request]\nstatus = 400\n"), @"acme.toml:11: unknown variant `bad_request`, expected one of `invalid_request`, `invalid_client`, `invalid_grant`, `unauthorized_client`, `unsupported_grant_type`, `invalid_scope`, `invalid_token`, `insufficient_scope`, `access_denied`, `unsupported_response_type`, `login_required`, `consent_required`, `interaction_required`, `account_selection_required`, `request_not_supported`, `request_uri_not_supported`, `registration_not_supported`, `invalid_client_metadata`, `invalid_target`, `unmet_authentication_requirements`, `temporarily_unavailable`, `server_error`");
    insta::assert_snapshot!(error("[credentials]\nclient_id = { format = \"guid\" }\n"), @"acme.toml:12: unknown variant `guid`, expected one of `own`, `uuid`, `hex`, `digits`");
    insta::assert_snapshot!(error("[refresh]\npolicy = \"reuse\"\n"), @"acme.toml:12: unknown variant `reuse`, expected one of `none`, `rotate`, `fixed`, `uses`");
    insta::assert_snapshot!(error("[marks]\ntitle = \"guessed\"\n"), @"acme.toml:12: unknown variant `guessed`, expected one of `client`, `recorded`, `wire`, `inferred`, `ours`");
}

#[test]
fn an_unknown_rule_lists_the_rules() {
    let text = error("[errors.rule.wrong_pasword]\nstatus = 400\n");
    assert!(
        text.starts_with(
            "acme.toml:11: unknown variant `wrong_pasword`, expected one of `method_not_allowed`"
        ),
        "{text}"
    );
    assert!(text.contains("`wrong_password`"), "{text}");
}

#[test]
fn what_is_not_toml_names_the_line() {
    insta::assert_snapshot!(error("[token\n"), @"acme.toml:11: unclosed table, expected `]`");
    insta::assert_snapshot!(error("[token]\nlifetime = \"1h\"\n"), @r#"acme.toml:12: invalid type: string "1h", expected u32"#);
    insta::assert_snapshot!(error("[token]\nlifetime = 1\nlifetime = 2\n"), @"acme.toml:13: duplicate key");
}

#[test]
fn what_a_file_extends_must_exist_and_not_be_a_circle() {
    let child = |base: &str| HEAD.replacen("title", &format!("extends = {base:?}\ntitle"), 1);
    insta::assert_snapshot!(try_load(&[("acme", &child("base/engine"))]).unwrap_err(), @r#"acme.toml: extends: there is no file "base/engine"; known are: acme"#);
    insta::assert_snapshot!(try_load(&[("acme", &child("acme"))]).unwrap_err(), @"acme.toml: extends: the chain of base files is a circle or longer than four files");
    let engine = "extends = \"acme\"";
    insta::assert_snapshot!(try_load(&[("acme", &child("base/engine")), ("base/engine", engine)]).unwrap_err(), @"acme.toml: extends: the chain of base files is a circle or longer than four files");
    let broken = "[token]\nlifetimes = 1";
    insta::assert_snapshot!(try_load(&[("acme", &child("base/engine")), ("base/engine", broken)]).unwrap_err(), @"base/engine.toml:2: unknown field `lifetimes`, expected one of `format`, `lifetime`, `jwt`, `id_token`, `header`, `scheme`");
}

#[test]
fn a_mark_stands_for_a_key_of_the_same_file() {
    insta::assert_snapshot!(error("[marks]\n\"token.lifetime\" = \"inferred\"\n"), @r#"acme.toml: marks."token.lifetime": names no key of this file"#);
    insta::assert_snapshot!(error("[marks]\n\"title.length\" = \"inferred\"\n"), @r#"acme.toml: marks."title.length": names no key of this file"#);
    insta::assert_snapshot!(error("[marks]\n\"token lifetime\" = \"inferred\"\n"), @r#"acme.toml: marks."token lifetime": is not a dotted TOML key"#);
    let base = "[token]\nlifetime = 60\n";
    let child = format!(
        "{}[marks]\n\"token.lifetime\" = \"ours\"\n",
        HEAD.replacen("title", "extends = \"base/e\"\ntitle", 1)
    );
    insta::assert_snapshot!(try_load(&[("acme", &child), ("base/e", base)]).unwrap_err(), @r#"acme.toml: marks."token.lifetime": names no key of this file"#);
}

#[test]
fn a_quoted_part_of_a_mark_may_have_a_dot() {
    let tables = "[scopes]\n\"pix.read\" = \"x\"\n[marks]\n'scopes.\"pix.read\"' = \"client\"\n\"request.grants\" = \"ours\"\n";
    assert_eq!(super::acme(tables).marks.len(), 2);
    assert!(
        error("[scopes]\n\"pix.read\" = \"x\"\n[marks]\n\"scopes.pix.read\" = \"client\"\n")
            .contains("names no key")
    );
}

#[test]
fn a_file_says_which_vocabulary_and_whose_dialect_it_is() {
    let with =
        |old: &str, new: &str| try_load(&[("acme", &HEAD.replacen(old, new, 1))]).unwrap_err().to_string();
    insta::assert_snapshot!(with("format = 1", "format = 2"), @"acme.toml: format: must be 1, the version of the vocabulary");
    insta::assert_snapshot!(with("format = 1", ""), @"acme.toml: format: must be 1, the version of the vocabulary");
    insta::assert_snapshot!(with("name = \"acme\"", "name = \"emca\""), @r#"acme.toml: name: must be "acme", the file's name"#);
    insta::assert_snapshot!(with("[\"docs.acme.example\"]", "[]"), @"acme.toml: title, sources: must not be empty: say whose dialect it is and what it rests on");
    insta::assert_snapshot!(with("[environments.production]", ""), @"acme.toml: environments: there must be at least one [environments.<name>]");
    insta::assert_snapshot!(with("[token_endpoint.token]\npaths = [\"/oauth/token\"]", ""), @"acme.toml: token_endpoint: there must be at least one [token_endpoint.<name>]");
    insta::assert_snapshot!(with("paths = [\"/oauth/token\"]", ""), @"acme.toml: token_endpoint.token.paths: there must be at least one path");
    insta::assert_snapshot!(with("client_credentials = \"client_credentials\"", ""), @"acme.toml: token_endpoint.token.request.grants: must say what each grant_type value means");
}

#[test]
fn a_path_is_canonical() {
    for path in [
        "oauth/token",
        "/oauth//token",
        "/oauth/../token",
        "/oauth/./token",
        "/o%61uth",
        "/{tenant}/{tenant}",
        "/a?b",
        "/á",
    ] {
        let text = try_load(&[("acme", &HEAD.replacen("/oauth/token", path, 1))]).unwrap_err().to_string();
        assert!(text.starts_with("acme.toml: token_endpoint.token.paths: "), "{text}");
    }
    insta::assert_snapshot!(try_load(&[("acme", &HEAD.replacen("/oauth/token", "/a b", 1))]).unwrap_err(), @r#"acme.toml: token_endpoint.token.paths: "/a b" is not a canonical path (letters, digits, - . _ ~ and one {tenant} segment)"#);
}

#[test]
fn a_lifetime_fits_the_tokens_format() {
    insta::assert_snapshot!(error("[token]\nformat = \"uuid\"\nlifetime = 2592000\n"), @"acme.toml: token_endpoint.token.token.lifetime: must be from 1 to 432000 seconds for this token format");
    insta::assert_snapshot!(error("[token]\nlifetime = 0\n"), @"acme.toml: token_endpoint.token.token.lifetime: must be from 1 to 31536000 seconds for this token format");
    insta::assert_snapshot!(error("[environments.sandbox]\naccess_token_lifetime = 0\n"), @"acme.toml: environments.sandbox.access_token_lifetime: must be from 1 to 31536000 seconds for this token format");
}

#[test]
fn tables_do_not_contradict_each_other() {
    insta::assert_snapshot!(error("[request]\nencodings = []\n"), @"acme.toml: token_endpoint.token.request.encodings: must name at least one of form, json, multipart");
    insta::assert_snapshot!(error("[client_authentication]\nmethods = []\n"), @"acme.toml: token_endpoint.token.client_authentication.methods: must name at least one method");
    insta::assert_snapshot!(error("[refresh]\npolicy = \"uses\"\n"), @"acme.toml: token_endpoint.token.refresh.uses: must say how many uses a refresh token has");
    insta::assert_snapshot!(error("[response]\nstatus = 302\n"), @"acme.toml: token_endpoint.token.response.status: must be a status from 200 to 299");
    insta::assert_snapshot!(error("[response]\nheaders = [[\"X Y\", \"z\"]]\n"), @"acme.toml: token_endpoint.token.response: has a header that HTTP does not allow");
    insta::assert_snapshot!(error("[[response.members]]\nname = \"a\"\n"), @"acme.toml: token_endpoint.token.response.members: each member needs exactly one of value, literal and number");
    insta::assert_snapshot!(error("[[token.jwt.claims]]\nname = \"a\"\nvalue = \"issuer\"\nliteral = \"b\"\n"), @"acme.toml: token_endpoint.token.token.jwt.claims: each claim needs exactly one of value and literal");
    insta::assert_snapshot!(error("[[errors.members]]\nname = \"a\"\nmembers = [{ name = \"b\" }]\n"), @"acme.toml: token_endpoint.token.errors.members: each member needs exactly one of value, literal, members and array");
    insta::assert_snapshot!(error("[errors.code.invalid_scope]\nstatus = 200\n"), @"acme.toml: token_endpoint.token.errors.code.invalid_scope.status: must be a status from 400 to 599");
    insta::assert_snapshot!(error("[errors.rule.unknown_scope]\nheaders = [[\"X\", \"a\\nb\"]]\n"), @"acme.toml: token_endpoint.token.errors.rule.unknown_scope.headers: has a header that HTTP does not allow");
    insta::assert_snapshot!(error("[errors]\nwww_authenticate = \"a\\nb\"\n"), @"acme.toml: token_endpoint.token.errors.www_authenticate: is not a value that HTTP allows in a header");
    insta::assert_snapshot!(error("[scopes]\n\"a b\" = \"two\"\n"), @r#"acme.toml: scopes."a b": is not one scope-token (RFC 6749 section 3.3)"#);
    insta::assert_snapshot!(error("[scope]\nexactly = \"a b\"\n[scopes]\na = \"one\"\n"), @r#"acme.toml: token_endpoint.token.scope.exactly: "b" is not in [scopes]"#);
    insta::assert_snapshot!(error("[scope]\nexactly = \"\\\"\"\n"), @"acme.toml: token_endpoint.token.scope.exactly: the scope contains a character that no scope may contain");
}

#[test]
fn addresses_are_those_of_token_endpoints_that_there_are() {
    insta::assert_snapshot!(error("[environments.sandbox]\nbase_urls = { pix = \"https://pix.acme.example\" }\n"), @r#"acme.toml: environments.sandbox.base_urls: "pix" is not a token endpoint"#);
    for url in [
        "",
        "acme.example",
        "ftp://acme.example",
        "https://",
        "https:///oauth",
        "https://acme.example/",
        "https://acme.example?a=b",
        "https://ana@acme.example",
        "https://acme .example",
    ] {
        for key in ["base_url", "base_urls.token"] {
            let text = error(&format!("[environments.sandbox]\n{key} = {url:?}\n"));
            assert!(text.contains("environments.sandbox.base_url, base_urls: "), "{url}: {text}");
            assert!(text.contains("is not https://host"), "{url}: {text}");
        }
    }
}

#[test]
fn what_a_call_carries_has_one_source_and_a_free_name() {
    insta::assert_snapshot!(error("[api]\nheader = []\n"), @"acme.toml:12: unknown field `header`, expected one of `mutual_tls`, `headers`, `query`");
    insta::assert_snapshot!(error("[[api.headers]]\nname = \"X-Key\"\nvalue = \"client_secret\"\n"), @"acme.toml:13: unknown variant `client_secret`, expected `client_id` or `fresh`");
    insta::assert_snapshot!(error("[[api.headers]]\nname = \"X-Key\"\n"), @r#"acme.toml: token_endpoint.token.api: "X-Key" needs exactly one of value, literal and credential"#);
    insta::assert_snapshot!(error("[[api.query]]\nname = \"key\"\nvalue = \"fresh\"\nliteral = \"a\"\n"), @r#"acme.toml: token_endpoint.token.api: "key" needs exactly one of value, literal and credential"#);
    insta::assert_snapshot!(error("[[api.headers]]\nname = \"X-Key\"\nliteral = \"a\\nb\"\n"), @r#"acme.toml: token_endpoint.token.api: "X-Key" has a literal that HTTP does not allow"#);
    insta::assert_snapshot!(error("[[api.headers]]\nname = \"X-Key\"\ncredential = \"App Key\"\n"), @r#"acme.toml: token_endpoint.token.api: "X-Key" needs a credential of lower-case letters, digits and _"#);
    insta::assert_snapshot!(error("[[api.query]]\nname = \"a&b\"\nliteral = \"c\"\n"), @r#"acme.toml: token_endpoint.token.api: "a&b" is not a name of letters, digits and - . _ ~"#);
    for name in ["", "X Key", "Host", "Content-Length", "authorization"] {
        let text = error(&format!("[[api.headers]]\nname = {name:?}\nvalue = \"fresh\"\n"));
        assert!(text.ends_with("is not a header that HTTP leaves free, or is the token's"), "{text}");
    }
    let twice = "[api]\nheaders = [{ name = \"key\", literal = \"a\" }]\nquery = [{ name = \"Key\", literal = \"a\" }]\n";
    insta::assert_snapshot!(error(twice), @r#"acme.toml: token_endpoint.token.api: "Key" occurs twice"#);
}

#[test]
fn a_new_secret_goes_to_clients_that_make_their_keys_and_renewals_have_a_path_of_their_own() {
    insta::assert_snapshot!(error("[certificate_issuance]\nrenewal_path = \"/certificates\"\n"), @"acme.toml: certificate_issuance.renewal_path: is not a canonical path of its own");
    insta::assert_snapshot!(error("[certificate_issuance]\nrenewal_path = \"/renew/{organization}/x\"\n"), @"acme.toml: certificate_issuance.renewal_path: is not a canonical path of its own");
    insta::assert_snapshot!(error("[certificate_issuance]\ndanger_client_secret_line = \"a\\nb\"\n"), @"acme.toml: certificate_issuance.danger_client_secret_line: is for keys that clients make, and at most 64 printable characters");
    let made = "[certificate_issuance]\nkey = \"danger_server\"\ndanger_client_secret_line = \"Secret: \"\nmembers = [{ name = \"k\", value = \"private_key\" }]\n";
    insta::assert_snapshot!(error(made), @"acme.toml: certificate_issuance.danger_client_secret_line: is for keys that clients make, and at most 64 printable characters");
}

#[test]
fn a_chain_has_two_steps() {
    let step = |from: &str| {
        format!(
            "[token_endpoint.second]\npaths = [\"/two\"]\nrequires.access_token = {{ header = \"t\", from = {from:?} }}\n"
        )
    };
    insta::assert_snapshot!(error(&step("first")), @"acme.toml: token_endpoint.second.requires.access_token.from: must name another token endpoint");
    insta::assert_snapshot!(error(&step("second")), @"acme.toml: token_endpoint.second.requires.access_token.from: must name another token endpoint");
    let third =
        step("second").replace("[token_endpoint.second]", "[token_endpoint.third]").replace("/two", "/three");
    insta::assert_snapshot!(error(&format!("{}{third}", step("token"))), @"acme.toml: token_endpoint.third.requires.access_token.from: must name a first step, which requires no token itself");
}

#[test]
fn an_unknown_dialect_lists_the_known_ones() {
    insta::assert_snapshot!(chancela_core::dialect::Library::builtin().load("acme").unwrap_err(), @r#"there is no dialect "acme"; known are: banco-do-brasil, bankly, bs2, btg, celcash, celcoin, cora, efi, inter, itau, santander, semear, sicoob, standard, vantage"#);
}

#[test]
fn the_authorization_endpoint_is_checked_too() {
    insta::assert_snapshot!(error("[authorization]\ncode_lifetime = 601\n"), @"acme.toml: authorization.code_lifetime: must be from 1 to 600 seconds");
    insta::assert_snapshot!(error("[authorization]\nscope_exactly = \"unheard.of\"\n"), @"acme.toml: authorization.scope_exactly: must be a list of names in [scopes]");
    insta::assert_snapshot!(error("[authorization]\nparameters = [{ name = \"state\", value = \"x\" }]\n"), @"acme.toml: authorization.parameters: each needs a value and a name that no specification has");
    insta::assert_snapshot!(error("[authorization]\nerror_fragment = \"a b\"\n"), @"acme.toml: authorization.error_fragment: must be letters, digits and - . _ ~ =");
    insta::assert_snapshot!(error("[endpoints]\nuserinfo = \"/a/../b\"\n"), @r#"acme.toml: endpoints.userinfo: "/a/../b" is not a canonical path (letters, digits, - . _ ~)"#);
}
