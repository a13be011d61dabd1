//! Answers without a token: what was said, what would change it, and how long to wait.

use crate::world::{NOW, acme, endpoints};
use chancela_core::dialect::TokenEndpoint;
use chancela_core::error_code::ErrorCode;
use chancela_core::message::introspection::read_revocation;
use chancela_core::message::token_answer::TokenAnswer;
use chancela_core::message::token_refusal::{RefusalClass, TokenRefusal, WireError};
use chancela_core::message::{HttpAnswer, error_response};
use chancela_core::rejection::{Rejection, Rule};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use proptest::prelude::*;

fn refused(endpoint: &TokenEndpoint, status: u16, headers: &[(&str, &str)], body: &str) -> TokenRefusal {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect();
    let status = StatusCode::from_u16(status).unwrap();
    TokenAnswer::parse(endpoint, &HttpAnswer { status, headers: &headers, body: body.as_bytes() }, NOW)
        .unwrap_err()
}

fn class(status: u16, error: &str) -> RefusalClass {
    let body = if error.is_empty() { String::new() } else { format!(r#"{{"error":"{error}"}}"#) };
    refused(&acme(""), status, &[], &body).class
}

fn wait(status: u16, headers: &[(&str, &str)]) -> Option<u32> {
    refused(&acme(""), status, headers, "").retry_after
}

#[test]
fn each_refusal_says_what_would_change_it() {
    use RefusalClass::{Busy, Credentials, Garbled, Grant, Request};
    for (status, error, expected) in [
        (400, "invalid_client", Credentials),
        (401, "", Credentials),
        (403, "", Credentials),
        (401, "unheard_of", Credentials),
        (401, "invalid_token", Credentials),
        (401, "invalid_scope", Request),
        (400, "invalid_request", Request),
        (400, "unauthorized_client", Request),
        (400, "unsupported_grant_type", Request),
        (400, "invalid_target", Request),
        (400, "unheard_of", Request),
        (404, "", Request),
        (405, "", Request),
        (415, "", Request),
        (307, "", Request),
        (400, "invalid_grant", Grant),
        (401, "invalid_grant", Grant),
        (400, "access_denied", Grant),
        (400, "expired_token", Grant),
        (400, "temporarily_unavailable", Busy),
        (400, "slow_down", Busy),
        (400, "authorization_pending", Busy),
        (408, "", Busy),
        (429, "", Busy),
        (429, "invalid_request", Busy),
        (500, "invalid_grant", Busy),
        (503, "", Busy),
        (200, "", Garbled),
        (200, "unheard_of", Garbled),
        (204, "", Garbled),
    ] {
        assert_eq!(class(status, error), expected, "{status} {error}");
    }
}

/// Every refusal that the server of any dialect writes is understood by the client of that dialect.
#[test]
fn the_class_of_every_rule_survives_every_dialect() {
    let mut classes = Vec::new();
    for (dialect, endpoint) in endpoints() {
        for rule in Rule::ALL {
            let rejection = Rejection::with(*rule, 7);
            let written = error_response::encode(endpoint, "r", rejection);
            let (parts, body) = written.into_parts();
            let answer = HttpAnswer { status: parts.status, headers: &parts.headers, body: &body };
            let refusal = TokenAnswer::parse(endpoint, &answer, NOW).unwrap_err();
            if let Some(WireError::Code(code)) = refusal.error {
                assert_eq!(code, rule.code(), "{} {}", dialect.name, rule.name());
            }
            assert!(refusal.description.is_some(), "{} {}", dialect.name, rule.name());
            classes.push((rule.code(), refusal.status, refusal.class, dialect.name.as_str()));
        }
    }
    let of = |code: ErrorCode| classes.iter().filter(move |(own, ..)| *own == code);
    assert!(of(ErrorCode::TemporarilyUnavailable).all(|(_, _, class, _)| *class == RefusalClass::Busy));
    assert!(of(ErrorCode::InvalidClient).all(|(_, _, class, _)| *class == RefusalClass::Credentials));
}

#[test]
fn a_dialects_shape_is_read_before_the_rfcs() {
    let nested = acme(
        "[errors]\nmembers = [{ name = \"error\", members = [{ name = \"message\", value = \"description\" }, { name = \"details\", value = \"details\" }] }]\n",
    );
    let refusal = refused(
        &nested,
        400,
        &[],
        r#"{"error":{"message":"Erro de validação.","details":{"Token.scope":["O campo scope é obrigatório."],"Token.x":"y"}}}"#,
    );
    assert_eq!((refusal.error, refusal.class), (None, RefusalClass::Request));
    assert_eq!(
        refusal.description.as_deref(),
        Some("Erro de validação. Token.scope: O campo scope é obrigatório.; Token.x: y")
    );
    let plain = refused(&nested, 400, &[], r#"{"error":"invalid_scope","error_description":"d"}"#);
    assert_eq!(
        plain.error,
        Some(WireError::Code(ErrorCode::InvalidScope)),
        "a gateway in front may answer too"
    );
    let array = acme(
        "[errors]\nmembers = [{ name = \"errors\", array = [{ name = \"code\", value = \"error\" }, { name = \"message\", value = \"description\" }] }]\n[errors.code.invalid_client]\nerror = \"AUTH-001\"\n[errors.rule.unknown_scope]\nerror = \"ESC-1\"\nstatus = 403\n",
    );
    let refusal =
        refused(&array, 401, &[], r#"{"errors":[{"code":"AUTH-001","message":"Credenciais inválidas"}]}"#);
    assert_eq!(refusal.error, Some(WireError::Code(ErrorCode::InvalidClient)));
    let refusal = refused(&array, 403, &[], r#"{"errors":[{"code":"ESC-1"}]}"#);
    assert_eq!(
        (refusal.error, refusal.class),
        (Some(WireError::Code(ErrorCode::InvalidScope)), RefusalClass::Request)
    );
    let refusal = refused(&array, 400, &[], r#"{"errors":[{"code":4711}]}"#);
    assert_eq!(refusal.error, Some(WireError::Other("4711".into())));
}

#[test]
fn problems_and_bare_headers_are_read() {
    let problem = acme(
        "[errors]\ncontent_type = \"application/problem+json\"\nmembers = [{ name = \"type\", value = \"error\" }, { name = \"title\", value = \"title\" }, { name = \"status\", value = \"status\" }, { name = \"detail\", value = \"description\" }]\n[errors.code.invalid_scope]\nerror = \"https://pix.example/error/AcessoNegado\"\nstatus = 403\n",
    );
    let body = r#"{"type":"https://pix.example/error/AcessoNegado","title":"Forbidden","status":403}"#;
    let refusal = refused(&problem, 403, &[], body);
    assert_eq!(refusal.error, Some(WireError::Code(ErrorCode::InvalidScope)));
    assert_eq!(refusal.description.as_deref(), Some("Forbidden"), "the title where there is no detail");
    let bare = acme(
        "[errors]\nmembers = []\n[errors.code.invalid_client]\nstatus = 400\nheaders = [[\"X-Ca-Err\", \"3003201\"], [\"Connection\", \"close\"]]\n",
    );
    let refusal = refused(&bare, 400, &[("x-ca-err", "3003201")], "");
    assert_eq!(
        (refusal.error, refusal.class),
        (Some(WireError::Code(ErrorCode::InvalidClient)), RefusalClass::Credentials)
    );
    assert_eq!(refused(&bare, 400, &[("x-ca-err", "1"), ("connection", "close")], "").error, None);
}

/// One text for several errors: the answer's status decides.
#[test]
fn a_word_that_stands_for_several_errors_is_told_apart_by_the_status() {
    let endpoint = acme(
        "[errors.code.invalid_client]\nerror = \"invalid_request\"\nstatus = 401\n[errors.code.invalid_scope]\nerror = \"E\"\nstatus = 422\n[errors.code.invalid_grant]\nerror = \"E\"\nstatus = 409\n",
    );
    let code =
        |status, error: &str| refused(&endpoint, status, &[], &format!(r#"{{"error":"{error}"}}"#)).error;
    let is = |code| Some(WireError::Code(code));
    assert_eq!(code(401, "invalid_request"), is(ErrorCode::InvalidClient));
    assert_eq!(code(400, "invalid_request"), is(ErrorCode::InvalidRequest));
    assert_eq!((code(409, "E"), code(422, "E")), (is(ErrorCode::InvalidGrant), is(ErrorCode::InvalidScope)));
}

#[test]
fn a_wait_is_seconds_or_a_date_and_never_longer_than_a_day() {
    for (value, seconds) in [
        ("120", Some(120)),
        ("0", None),
        ("1.2", Some(2)),
        ("99999999999999999999999", Some(86_400)),
        ("-5", None),
        ("soon", None),
        ("Fri, 15 Jan 2027 08:01:00 GMT", Some(60)),
        ("Fri, 15 Jan 2027 07:00:00 GMT", None),
        ("Fri, 15 Jan 2100 07:00:00 GMT", Some(86_400)),
    ] {
        assert_eq!(wait(503, &[("retry-after", value)]), seconds, "{value}");
    }
    // The server's clock is a minute ahead, so is its date.
    let date = ("date", "Fri, 15 Jan 2027 08:01:00 GMT");
    assert_eq!(wait(503, &[date, ("retry-after", "Fri, 15 Jan 2027 08:01:30 GMT")]), Some(30));
    assert_eq!(wait(503, &[("retry-after", "5"), ("retry-after", "7")]), Some(7));
}

#[test]
fn a_limits_reset_is_a_delta_or_an_epoch_and_counts_when_nothing_is_left() {
    let reset = ("x-ratelimit-reset", "1800000045");
    assert_eq!(wait(429, &[reset]), Some(45));
    assert_eq!(wait(429, &[("x-ratelimit-reset", "1800000045000")]), Some(45));
    assert_eq!(wait(429, &[("ratelimit-reset", "60"), ("retry-after", "30")]), Some(60));
    assert_eq!(wait(401, &[reset, ("x-ratelimit-remaining", "4")]), None, "there are four left");
    assert_eq!(wait(401, &[reset, ("x-ratelimit-remaining", "0")]), Some(45));
    assert_eq!(wait(401, &[reset]), None);
    assert_eq!(wait(429, &[("ratelimit-reset", "999999999")]), Some(86_400));
}

#[test]
fn the_clocks_difference_is_the_dates() {
    let skew = |date: &'static str| {
        let headers = HeaderMap::from_iter([(http::header::DATE, HeaderValue::from_static(date))]);
        HttpAnswer { status: StatusCode::OK, headers: &headers, body: b"" }.clock_skew(NOW)
    };
    assert_eq!(skew("Fri, 15 Jan 2027 08:00:00 GMT"), Some(0));
    assert_eq!(skew("Fri, 15 Jan 2027 07:59:00 GMT"), Some(-60));
    assert_eq!(skew("hoje"), None);
}

#[test]
fn sentences_for_people_end_with_what_to_do() {
    let endpoint = acme("");
    let hostile = "{\"error\":\"invalid_client\",\"error_description\":\"a\\u001b[2J\\r\\nb\\u202e\"}";
    let long = format!(r#"{{"error":"e{}","error_description":"{}"}}"#, "e".repeat(300), "d".repeat(2000));
    let refusals = [
        refused(&endpoint, 401, &[], hostile),
        refused(&endpoint, 400, &[], r#"{"error":"invalid_scope"}"#),
        refused(&endpoint, 400, &[], r#"{"error":"invalid_grant","error_description":"expired"}"#),
        refused(&endpoint, 429, &[("retry-after", "9")], ""),
        refused(&endpoint, 200, &[], "<html>"),
        refused(&endpoint, 302, &[("location", "https://user:pw@login.example:8443/a?token=secret")], ""),
        refused(&endpoint, 302, &[("location", "/elsewhere?token=secret")], ""),
    ];
    let sentences: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(sentences.join("\n"), @r"
    the provider answered 401 invalid_client (a [2J b); check the client id, its secret and certificate, and whether the provider allows this address
    the provider answered 400 invalid_scope; check scope, grant and address against what the provider registered
    the provider answered 400 invalid_grant (expired); log in again
    the provider answered 429; wait and ask again, not before 9 seconds have passed
    the provider answered 200 and no readable token; check that the address is the token endpoint's
    the provider redirects to the host login.example, and credentials do not follow; correct the provider's address
    the provider redirects elsewhere, and credentials do not follow; correct the provider's address
    ");
    let cut = refused(&endpoint, 400, &[], &long);
    assert_eq!(cut.description.map(|text| text.chars().count()), Some(501));
    assert!(matches!(cut.error, Some(WireError::Other(text)) if text.chars().count() == 201));
}

/// RFC 7009 section 2.2.
#[test]
fn a_revocation_is_done_whatever_its_body_and_refused_otherwise() {
    let (endpoint, headers) = (acme(""), HeaderMap::new());
    let read = |status, body| {
        let status = StatusCode::from_u16(status).unwrap();
        read_revocation(&endpoint, &HttpAnswer { status, headers: &headers, body }, NOW)
    };
    assert_eq!(read(200, b"<html>"), Ok(()));
    assert_eq!(read(503, b"").unwrap_err().class, RefusalClass::Busy);
    let refusal = read(400, br#"{"error":"unsupported_token_type"}"#).unwrap_err();
    assert_eq!(refusal.class, RefusalClass::Request);
    assert_eq!(refusal.error, Some(WireError::Other("unsupported_token_type".into())));
}

proptest! {
    #[test]
    fn no_header_makes_the_reader_fail_and_no_wait_is_longer_than_a_day(
        status in 100_u16..600,
        name in proptest::sample::select(vec!["retry-after", "date", "ratelimit-reset", "x-ratelimit-reset", "x-ratelimit-remaining", "location"]),
        values in proptest::collection::vec("[ -~]{0,40}|[0-9]{1,25}", 0..3),
    ) {
        let headers: Vec<(&str, &str)> = values.iter().map(|value| (name, value.as_str())).collect();
        let refusal = refused(&acme(""), status, &headers, "");
        prop_assert!(refusal.retry_after.is_none_or(|seconds| (1..=86_400).contains(&seconds)));
        prop_assert!(refusal.redirected_to.is_none() || (300..400).contains(&status));
    }
}
