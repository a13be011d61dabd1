//! Judges an answer, and says what differs so that one need not run it again.

use super::fixtures::Fixtures;
use super::json::Json;
use super::pattern::Pattern;
use super::{BodyRule, Captures, Exchange};
use http::HeaderMap;
use std::fmt::Write as _;

pub(super) fn check(
    exchange: &Exchange,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    fixtures: &Fixtures,
) -> Result<Captures, String> {
    let mut faults = Vec::new();
    if status != exchange.status {
        faults.push(format!("status: expected {}, got {status}", exchange.status));
    }
    check_headers(exchange, headers, fixtures, &mut faults);
    let compared = match exchange.body_rule {
        BodyRule::Json if !exchange.response_body.is_empty() => {
            check_json(&exchange.response_body, body, fixtures, &mut faults)
        }
        BodyRule::Json | BodyRule::Exact => check_bytes(&exchange.response_body, body, fixtures, &mut faults),
        BodyRule::Crlf => {
            check_bytes(&exchange.response_body.replace('\n', "\r\n"), body, fixtures, &mut faults)
        }
    };
    if let Err(fault) = compared {
        faults.push(fault);
    }
    let captures = capture(exchange, body, &mut faults);
    if faults.is_empty() { Ok(captures) } else { Err(report(exchange, &faults, status, headers, body)) }
}

fn check_headers(exchange: &Exchange, headers: &HeaderMap, fixtures: &Fixtures, faults: &mut Vec<String>) {
    for (name, wanted) in &exchange.response_headers {
        let got: Vec<_> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        match Pattern::read(wanted, fixtures) {
            Ok(pattern) if got.iter().any(|value| pattern.matches(value)) => {}
            Ok(_) if got.is_empty() => faults.push(format!("header {name}: expected {wanted:?}, is absent")),
            Ok(_) => faults.push(format!("header {name}: expected {wanted:?}, got {:?}", got.join(", "))),
            Err(fault) => faults.push(fault),
        }
    }
    for name in &exchange.absent_headers {
        if let Some(value) = headers.get(name) {
            faults.push(format!("header {name}: must be absent, got {value:?}"));
        }
    }
}

fn check_json(
    template: &str,
    body: &[u8],
    fixtures: &Fixtures,
    faults: &mut Vec<String>,
) -> Result<(), String> {
    // A number's placeholder stands bare in the template, where JSON has no room for it.
    let quoted = template.replace("\"{{number}}\"", "{{number}}").replace("{{number}}", "\"{{number}}\"");
    let wanted =
        Json::parse(quoted.as_bytes()).map_err(|error| format!("the golden's body is not JSON: {error}"))?;
    let got = Json::parse(body).map_err(|error| format!("body: is not JSON: {error}"))?;
    compare("$", &wanted, &got, fixtures, faults)
}

fn compare(
    at: &str,
    wanted: &Json,
    got: &Json,
    fixtures: &Fixtures,
    faults: &mut Vec<String>,
) -> Result<(), String> {
    match (wanted, got) {
        (Json::Object(wanted), Json::Object(got)) => {
            let names =
                |members: &[(String, Json)]| members.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
            if names(wanted) != names(got) {
                let (wanted, got) = (names(wanted).join(", "), names(got).join(", "));
                faults.push(format!("body {at}: expected the members {wanted}, got {got}"));
                return Ok(());
            }
            for ((name, wanted), (_, got)) in wanted.iter().zip(got) {
                compare(&format!("{at}.{name}"), wanted, got, fixtures, faults)?;
            }
        }
        (Json::Array(wanted), Json::Array(got)) if wanted.len() == got.len() => {
            for (n, (wanted, got)) in wanted.iter().zip(got).enumerate() {
                compare(&format!("{at}[{n}]"), wanted, got, fixtures, faults)?;
            }
        }
        (Json::Text(wanted), Json::Number(_)) if wanted == "{{number}}" => {}
        (Json::Text(template), Json::Text(text)) if template != "{{number}}" => {
            if !Pattern::read(template, fixtures)?.matches(text) {
                faults.push(format!("body {at}: expected {template:?}, got {text:?}"));
            }
        }
        (wanted, got) if wanted == got => {}
        (wanted, got) => faults.push(format!("body {at}: expected {wanted}, got {got}")),
    }
    Ok(())
}

fn check_bytes(
    template: &str,
    body: &[u8],
    fixtures: &Fixtures,
    faults: &mut Vec<String>,
) -> Result<(), String> {
    let text = String::from_utf8_lossy(body);
    if Pattern::read(template, fixtures)?.matches(&text) {
        return Ok(());
    }
    let mut diff = String::from("body: not the same bytes");
    let (wanted, got): (Vec<&str>, Vec<&str>) =
        (template.split_inclusive('\n').collect(), text.split_inclusive('\n').collect());
    for n in 0..wanted.len().max(got.len()) {
        let (wanted, got) = (wanted.get(n).copied(), got.get(n).copied());
        let same = match (wanted, got) {
            (Some(wanted), Some(got)) => Pattern::read(wanted, fixtures)?.matches(got),
            _ => false,
        };
        for (sign, line) in [('-', wanted), ('+', got)] {
            if let Some(line) = line.filter(|_| !same) {
                let _ = write!(diff, "\n  {sign} {line:?}");
            }
        }
    }
    faults.push(diff);
    Ok(())
}

fn capture(exchange: &Exchange, body: &[u8], faults: &mut Vec<String>) -> Captures {
    let mut out = Captures::new();
    if exchange.captures.is_empty() {
        return out;
    }
    let json = Json::parse(body).unwrap_or(Json::Null);
    for (name, member) in &exchange.captures {
        match json.member(member) {
            Some(value) => drop(out.insert(name.clone(), value.to_owned())),
            None => faults.push(format!("capture {name}: the answer has no text member {member:?}")),
        }
    }
    out
}

fn report(exchange: &Exchange, faults: &[String], status: u16, headers: &HeaderMap, body: &[u8]) -> String {
    let mut out = format!("line {}, {:?}:\n", exchange.line, exchange.title);
    for fault in faults {
        let _ = writeln!(out, "  {fault}");
    }
    let _ = writeln!(out, "the answer was:\n  HTTP/1.1 {status}");
    for (name, value) in headers {
        let _ = writeln!(out, "  {name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    let _ = writeln!(out, "  {:?}", String::from_utf8_lossy(body));
    out
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::tests::acme;
    use super::super::parse;
    use super::*;
    use http::HeaderValue;

    fn judge(
        golden: &str,
        status: u16,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> Result<Captures, String> {
        let exchange = parse(golden).unwrap().remove(0);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        exchange.check(status, &map, body.as_bytes(), &acme())
    }

    const TOKEN: &str = "### A token [S]\n# capture: first = access_token\nPOST /t\nHTTP/1.1 200\nCache-Control: no-store\n! Pragma\n\n\
        {\"access_token\": \"{{uuid}}\", \"expires_in\": {{number}}, \"scope\": \"a {{any}}\"}";

    #[test]
    fn an_answer_as_documented_gives_its_captures() {
        let body = "{\n\"access_token\":\"36ee37ec-a475-4068-8f6e-e08dd2b8880d\",\"expires_in\":420,\"scope\":\"a b\"}";
        let captures = judge(TOKEN, 200, &[("cache-control", "no-store"), ("date", "x")], body).unwrap();
        assert_eq!(captures["first"], "36ee37ec-a475-4068-8f6e-e08dd2b8880d");
    }

    #[test]
    fn everything_that_differs_is_named_at_once() {
        let body = r#"{"access_token":"no","expires_in":"420","scope":"b"}"#;
        let fault = judge(TOKEN, 201, &[("pragma", "no-cache")], body).unwrap_err();
        insta::assert_snapshot!(fault, @r#"
        line 1, "A token":
          status: expected 200, got 201
          header Cache-Control: expected "no-store", is absent
          header Pragma: must be absent, got "no-cache"
          body $.access_token: expected "{{uuid}}", got "no"
          body $.expires_in: expected "{{number}}", got "420"
          body $.scope: expected "a {{any}}", got "b"
        the answer was:
          HTTP/1.1 201
          pragma: no-cache
          "{\"access_token\":\"no\",\"expires_in\":\"420\",\"scope\":\"b\"}"
        "#);
    }

    #[test]
    fn another_order_and_a_repeated_member_are_differences() {
        let body = r#"{"expires_in":420,"access_token":"x","scope":"a b","scope":"a b"}"#;
        insta::assert_snapshot!(judge(TOKEN, 200, &[("cache-control", "no-store")], body).unwrap_err(), @r#"
        line 1, "A token":
          body $: expected the members access_token, expires_in, scope, got expires_in, access_token, scope, scope
        the answer was:
          HTTP/1.1 200
          cache-control: no-store
          "{\"expires_in\":420,\"access_token\":\"x\",\"scope\":\"a b\",\"scope\":\"a b\"}"
        "#);
    }

    #[test]
    fn bytes_are_compared_with_crlf_where_the_golden_says_so() {
        let golden = "### E [R]\n# body: crlf\nPOST /t\nHTTP/1.1 401\n\n{\n  \"error\":\"{{any}}\"\n}";
        assert!(judge(golden, 401, &[], "{\r\n  \"error\":\"x\"\r\n}").is_ok());
        insta::assert_snapshot!(judge(golden, 401, &[], "{\n  \"error\": \"x\"\n}").unwrap_err(), @r#"
        line 1, "E":
          body: not the same bytes
          - "{\r\n"
          + "{\n"
          - "  \"error\":\"{{any}}\"\r\n"
          + "  \"error\": \"x\"\n"
        the answer was:
          HTTP/1.1 401
          "{\n  \"error\": \"x\"\n}"
        "#);
    }

    #[test]
    fn an_answer_without_a_body_must_have_none() {
        let golden = "### E [ours]\nPOST /t\nHTTP/1.1 403\n";
        assert!(judge(golden, 403, &[], "").is_ok());
        assert!(judge(golden, 403, &[], "{}").is_err());
    }

    #[test]
    fn a_request_is_written_with_credentials_in_place() {
        let golden = "### R [S]\nPOST /a/t\nContent-Type: application/x-www-form-urlencoded\nAuthorization: Basic {{basic:demo}}\n\n\
            a={{client_secret:demo}}\n&b=c\n\nHTTP/1.1 200\n";
        let request = parse(golden).unwrap()[0].request(&acme()).unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/a/t"));
        assert_eq!(request.headers()["authorization"], "Basic aWQ6cysiMQ==");
        assert_eq!(&request.body()[..], b"a=s%2B%221&b=c");
        let golden = "### R [S]\nPOST /{{tenant}}/t\nHTTP/1.1 200\n";
        insta::assert_snapshot!(parse(golden).unwrap()[0].request(&acme()).unwrap_err(), @r#"line 1, "R": {{tenant}} stands for nothing in this realm"#);
    }
}
