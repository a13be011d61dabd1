//! Answers with a token, in every way in which servers write them.

use crate::world::{NOW, acme, endpoints};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::dialect::TokenEndpoint;
use chancela_core::message::HttpAnswer;
use chancela_core::message::token_answer::{JwtHint, MAX_ANSWER_BYTES, MAX_TOKEN_BYTES, TokenAnswer};
use chancela_core::message::token_refusal::{RefusalClass, TokenRefusal};
use chancela_core::message::token_response::TokenResponse;
use chancela_core::scope::Scope;
use chancela_core::secret::{Secret, hex};
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;

fn answered(endpoint: &TokenEndpoint, status: u16, body: &[u8]) -> Result<TokenAnswer, TokenRefusal> {
    let (status, headers) = (StatusCode::from_u16(status).unwrap(), HeaderMap::new());
    TokenAnswer::parse(endpoint, &HttpAnswer { status, headers: &headers, body }, NOW)
}

fn read(body: &str) -> TokenAnswer {
    answered(&acme(""), 200, body.as_bytes()).unwrap_or_else(|refusal| panic!("{body}: {refusal}"))
}

fn class(body: &str) -> RefusalClass {
    answered(&acme(""), 200, body.as_bytes()).expect_err(body).class
}

#[test]
fn a_lifetime_is_read_in_every_spelling() {
    for (written, seconds) in [
        ("600", Some(600)),
        ("\"600\"", Some(600)),
        ("\" 600 \"", Some(600)),
        ("600.0", Some(600)),
        ("\"600.0\"", Some(600)),
        ("599.9", Some(599)),
        ("6e2", Some(600)),
        ("-5", Some(-5)),
        ("0", Some(0)),
        ("1e30", Some(i64::MAX)),
        ("18446744073709551615", Some(i64::MAX)),
        ("null", None),
        ("\"\"", None),
        ("\"soon\"", None),
        ("\"NaN\"", None),
        ("\"inf\"", None),
        ("true", None),
        ("[600]", None),
    ] {
        let answer = read(&format!(r#"{{"access_token":"t","expires_in":{written}}}"#));
        assert_eq!(answer.expires_in, seconds, "{written}");
    }
    assert_eq!(read(r#"{"access_token":"t"}"#).expires_in, None);
}

#[test]
fn a_point_in_time_is_read_where_the_dialect_has_one() {
    let endpoint = acme(
        "[response]\nmembers = [{ name = \"token\", value = \"access_token\" }, { name = \"expires_in\", value = \"expires_at\" }, { name = \"until\", value = \"expires_at_iso\" }]\n",
    );
    for (member, at) in [
        (r#""expires_in":1800000600"#, Some(1_800_000_600)),
        (r#""expires_in":"1800000600""#, Some(1_800_000_600)),
        (r#""expires_in":1800000600123"#, Some(1_800_000_600)),
        (r#""until":"2027-01-15T08:10:00Z""#, Some(1_800_000_600)),
        (r#""until":"2027-01-15T05:10:00.5-03:00""#, Some(1_800_000_600)),
        (r#""until":"amanhã""#, None),
    ] {
        let body = format!(r#"{{"token":"t",{member}}}"#);
        let answer = answered(&endpoint, 200, body.as_bytes()).unwrap();
        assert_eq!((answer.expires_at, answer.expires_in), (at, None), "{member}: it is no lifetime");
    }
}

#[test]
fn a_dialects_own_names_win_over_the_usual_ones() {
    let endpoint = acme(
        "[response]\nmembers = [{ name = \"accessToken\", value = \"access_token\" }, { name = \"tokenExpirationTime\", value = \"expires_in_text\" }]\n",
    );
    let own = answered(
        &endpoint,
        200,
        br#"{"access_token":"b","accessToken":"a","tokenExpirationTime":"9","expires_in":1}"#,
    );
    let own = own.unwrap();
    assert_eq!((own.access_token.expose(), own.expires_in), ("a", Some(9)));
    let usual = answered(&endpoint, 200, br#"{"access_token":"b","expires_in":1}"#).unwrap();
    assert_eq!(
        (usual.access_token.expose(), usual.expires_in),
        ("b", Some(1)),
        "what the RFC says is understood too"
    );
}

#[test]
fn a_scope_is_text_or_an_array_and_says_what_was_withheld() {
    let granted = |written: &str| read(&format!(r#"{{"access_token":"t","scope":{written}}}"#)).scope;
    assert_eq!(granted("\"a  b\"").as_deref(), Some("a b"));
    assert_eq!(granted("[\"a\",\"b c\"]").as_deref(), Some("a b c"));
    assert_eq!(granted("\"a \\u001b[31m b\"").as_deref(), Some("a b"), "what no scope may hold is left out");
    assert_eq!(granted("\"\"").as_deref(), Some(""));
    assert_eq!((granted("null"), granted("7")), (None, None));
    let fewer = read(r#"{"access_token":"t","scope":"pix.read"}"#);
    assert_eq!(fewer.withheld(&acme(""), ["pix.read", "pix.write"]), ["pix.write"]);
    assert_eq!(read(r#"{"access_token":"t"}"#).withheld(&acme(""), ["pix.read"]), [""; 0]);
    let upper = acme(
        "[response]\nmembers = [{ name = \"access_token\", value = \"access_token\" }, { name = \"scope\", value = \"scope_upper\" }]\n",
    );
    let answer = answered(&upper, 200, br#"{"access_token":"t","scope":"PIX.READ"}"#).unwrap();
    assert_eq!(answer.withheld(&upper, ["pix.read", "cob.read"]), ["cob.read"]);
}

#[test]
fn any_success_status_layout_and_beginning_is_read() {
    for status in [200, 201, 202, 203, 299] {
        assert!(answered(&acme(""), status, br#"{"access_token":"t"}"#).is_ok(), "{status}");
    }
    for body in [
        "{\r\n  \"access_token\" : \"t\",\r\n  \"token_type\":\"bearer\"\r\n}\r\n",
        "\u{feff}{\"access_token\":\"t\",\"token_type\":\"bearer\",\"claims\":{\"x\":[1,null]}}",
        "{\"access_token\":\"t\\r\\n\",\"token_type\":\"bearer\",\"refresh_token\":\"\",\"id_token\":null}",
    ] {
        let answer = read(body);
        assert_eq!((answer.access_token.expose(), answer.token_type.as_deref()), ("t", Some("bearer")));
        assert_eq!((answer.refresh_token, answer.id_token), (None, None));
    }
    let latin = answered(&acme(""), 200, b"{\"access_token\":\"t\",\"name\":\"Jo\xe3o\"}").unwrap();
    assert_eq!(latin.access_token.expose(), "t", "an encoding error elsewhere costs no token");
    assert_eq!(read(r#"{"access_token":"t","token_type":{"a":1}}"#).token_type, None);
}

#[test]
fn what_cannot_be_sent_on_is_no_token() {
    for token in ["", "a b", "a\\r\\nb", "a\\u0000", "ção", "a\\tb", "\\r\\n", " a"] {
        assert_eq!(class(&format!(r#"{{"access_token":"{token}"}}"#)), RefusalClass::Garbled, "{token:?}");
    }
    for token in ["1", "true", "{}", "[\"t\"]", "null"] {
        assert_eq!(class(&format!(r#"{{"access_token":{token}}}"#)), RefusalClass::Garbled, "{token}");
    }
    // What was spent for it is spent, and its successor is not readable.
    assert_eq!(class(r#"{"access_token":"t","refresh_token":"a b"}"#), RefusalClass::Garbled);
    let longest = "t".repeat(MAX_TOKEN_BYTES);
    assert_eq!(read(&format!(r#"{{"access_token":"{longest}"}}"#)).access_token.expose(), longest);
    assert_eq!(class(&format!(r#"{{"access_token":"{longest}t"}}"#)), RefusalClass::Garbled);
}

#[test]
fn an_unreadable_success_is_garbled_and_an_error_in_it_is_that_error() {
    let deep = format!(r#"{{"access_token":"t","a":{}{}}}"#, "[".repeat(40), "]".repeat(40));
    let large = format!(r#"{{"access_token":"t","a":"{}"}}"#, "x".repeat(MAX_ANSWER_BYTES));
    for body in [
        "",
        "<html><body>Bem-vindo</body></html>",
        r#"{"access_token":"t","#,
        r#"{"access_token":"a","access_token":"b"}"#,
        r#"{"access_token":"a","x":1,"x":2}"#,
        r#"["access_token","t"]"#,
        "\"t\"",
        "{}",
        "access_token=t",
        &deep,
        &large,
    ] {
        assert_eq!(class(body), RefusalClass::Garbled, "{}", &body[..body.len().min(60)]);
    }
    assert_eq!(class(r#"{"error":"invalid_client"}"#), RefusalClass::Credentials);
    assert_eq!(class(r#"{"error":"invalid_grant"}"#), RefusalClass::Grant);
}

fn jwt(claims: &str) -> Secret {
    Secret::new(format!("{}.{}.c2ln", BASE64URL.encode(r#"{"alg":"none"}"#), BASE64URL.encode(claims)))
}

#[test]
fn a_jwt_gives_its_times_and_its_certificate_without_being_believed() {
    let digest = [7_u8; 32];
    for thumbprint in [
        BASE64URL.encode(digest),
        BASE64URL.encode(hex(&digest)),
        BASE64URL.encode(hex(&digest).to_uppercase()),
    ] {
        let hint = JwtHint::of(&jwt(&format!(
            r#"{{"exp":1800000600,"nbf":"1800000000","iat":1.8e9,"cnf":{{"x5t#S256":"{thumbprint}"}}}}"#
        )));
        let hint = hint.unwrap();
        assert_eq!(
            (hint.exp, hint.nbf, hint.iat),
            (Some(1_800_000_600), Some(1_800_000_000), Some(1_800_000_000))
        );
        assert_eq!((hint.is_bound_to(&digest), hint.is_bound_to(&[8; 32])), (Some(true), Some(false)));
    }
    let bare = JwtHint::of(&jwt("{}")).unwrap();
    assert_eq!((bare.exp, bare.is_bound_to(&digest)), (None, None));
    for token in
        ["", "opaque", "a.b.c", "36ee37ec-a475-4068-8f6e-e08dd2b8880d", "e30.e30.e30.e30.e30", "e30.W10.x"]
    {
        assert_eq!(JwtHint::of(&Secret::new(token)), None, "{token}");
    }
}

/// LG-04.
#[test]
fn debug_of_an_answer_shows_no_token() {
    let answer = read(r#"{"access_token":"hidden-a","refresh_token":"hidden-b","id_token":"hidden-c"}"#);
    assert!(!format!("{answer:?}").contains("hidden"));
}

/// Whatever a body is, a token is one that a header takes.
fn obeys(answer: &TokenAnswer) -> bool {
    let tokens = [Some(&answer.access_token), answer.refresh_token.as_ref(), answer.id_token.as_ref()];
    tokens.into_iter().flatten().all(|token| {
        let text = token.expose();
        !text.is_empty() && text.len() <= MAX_TOKEN_BYTES && text.bytes().all(|b| (0x21..=0x7e).contains(&b))
    })
}

proptest! {
    /// What this server writes for any dialect, its client reads.
    #[test]
    fn what_a_server_writes_its_client_reads(
        at in any::<proptest::sample::Index>(),
        access_token in "[!-~]{1,80}",
        expires_in: u32,
        scope in "[a-z.]{1,8}( [a-z.]{1,8}){0,3}",
        refresh in proptest::option::of(("[!-~]{1,80}", any::<u32>())),
        id_token in proptest::option::of("[!-~]{1,80}"),
    ) {
        let all: Vec<_> = endpoints().collect();
        let (_, endpoint) = all[at.index(all.len())];
        let scope = Scope::parse(&scope).unwrap();
        let written = TokenResponse {
            access_token: access_token.clone(),
            expires_in,
            expires_at: NOW.seconds() + i64::from(expires_in),
            scope: scope.clone(),
            refresh_token: refresh.clone(),
            id_token: id_token.clone(),
        }
        .encode(endpoint);
        let (parts, body) = written.into_parts();
        let answer = HttpAnswer { status: parts.status, headers: &parts.headers, body: &body };
        let read = TokenAnswer::parse(endpoint, &answer, NOW).unwrap();
        prop_assert_eq!(read.access_token.expose(), access_token);
        prop_assert_eq!(read.expires_in, Some(i64::from(expires_in)));
        let has = |name: &str| endpoint.response.members.iter().any(|member| member.name == name);
        prop_assert_eq!(read.scope.is_some(), has("scope"));
        prop_assert!(read.withheld(endpoint, scope.iter()).is_empty());
        let text = |secret: Option<Secret>| secret.map(|secret| secret.expose().to_owned());
        prop_assert_eq!(text(read.refresh_token), refresh.clone().filter(|_| has("refresh_token")).map(|(token, _)| token));
        let refresh_life = refresh.filter(|_| has("refresh_token_expires_in")).map(|(_, life)| i64::from(life));
        prop_assert_eq!(read.refresh_expires_in, refresh_life);
        prop_assert_eq!(text(read.id_token), id_token.filter(|_| has("id_token")));
    }

    #[test]
    fn no_answer_makes_the_reader_fail_and_every_token_fits_a_header(
        at in any::<proptest::sample::Index>(),
        status in 100_u16..600,
        members in proptest::collection::vec((
            proptest::sample::select(vec!["access_token", "refresh_token", "id_token", "scope", "expires_in", "error", "token_type", "error_description"]),
            prop_oneof![Just("null".to_owned()), "\"\\PC{0,6}\"", "-?[0-9]{1,25}(\\.[0-9]{1,3})?", Just("{\"message\":\"m\",\"details\":{\"a\":[\"b\"]}}".to_owned()), Just("\"good\"".to_owned())],
        ), 0..5),
        bytes in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let all: Vec<_> = endpoints().collect();
        let (_, endpoint) = all[at.index(all.len())];
        let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        for body in [format!("{{{}}}", members.join(",")).into_bytes(), bytes] {
            match answered(endpoint, status, &body) {
                Ok(answer) => prop_assert!(obeys(&answer) && (200..300).contains(&status)),
                Err(refusal) => prop_assert!(!refusal.to_string().is_empty()),
            }
        }
    }
}
