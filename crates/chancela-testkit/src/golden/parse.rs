//! Reads a file of golden exchanges.

use super::{BodyRule, Exchange, Source};
use std::iter::Peekable;

/// Where a file is not in the format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct GoldenError {
    /// Line from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

type Numbered<'a> = (usize, &'a str);

/// Reads the exchanges of a file.
///
/// # Errors
/// [`GoldenError`] with the line that is not in the format.
pub fn parse(text: &str) -> Result<Vec<Exchange>, GoldenError> {
    let mut lines = text.lines().enumerate().map(|(n, line)| (n + 1, line)).peekable();
    while let Some((line, text)) = lines.next_if(|(_, text)| !text.starts_with("###")) {
        if !is_comment(text) {
            return Err(wrong(
                line,
                "expected a title (### …) or a comment (// …) before the first exchange",
            ));
        }
    }
    let mut exchanges = Vec::new();
    while let Some(title) = lines.next() {
        let mut block = Vec::new();
        while let Some(line) = lines.next_if(|(_, text)| !text.starts_with("###")) {
            block.push(line);
        }
        exchanges.push(exchange(title, &block)?);
    }
    Ok(exchanges)
}

fn exchange((line, title): Numbered<'_>, block: &[Numbered<'_>]) -> Result<Exchange, GoldenError> {
    let (title, source) = read_title(line, title)?;
    let mut lines = block.iter().copied().peekable();
    let directives = Directives::read(&mut lines)?;
    let (at, request_line) = lines.next().ok_or_else(|| wrong(line, "this exchange has no request"))?;
    let (method, target) = match request_line.split_once(' ') {
        Some((method, target)) if target.starts_with('/') && !target.contains(' ') => (method, target),
        _ => return Err(wrong(at, "expected a request line such as POST /path")),
    };
    let (request_headers, absent) = headers(&mut lines)?;
    if let Some(name) = absent.first() {
        return Err(wrong(at, format!("! {name} has a meaning in answers only")));
    }
    let request_body = body(&mut lines);
    let (at, status_line) =
        lines.next().ok_or_else(|| wrong(line, "this exchange has no answer (HTTP/1.1 …)"))?;
    let status = status_line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.split(' ').next()?.parse().ok());
    let status = status.ok_or_else(|| wrong(at, "expected a status line such as HTTP/1.1 200"))?;
    let (response_headers, absent_headers) = headers(&mut lines)?;
    let response_body = body(&mut lines);
    if let Some((at, _)) = lines.next() {
        return Err(wrong(at, "a second answer in one exchange"));
    }
    Ok(Exchange {
        title,
        source,
        line,
        realm: directives.realm,
        certificate: directives.certificate,
        body_rule: directives.body,
        captures: directives.captures,
        method: method.to_owned(),
        target: target.to_owned(),
        request_headers,
        request_body: request_body.replace("\n&", "&"),
        status,
        response_headers,
        absent_headers,
        response_body,
    })
}

fn read_title(line: usize, text: &str) -> Result<(String, Source), GoldenError> {
    let expected = "expected a title such as ### What it shows [D], with one of S, D, R, C, W, I, ours";
    let rest = text.trim_start_matches('#').trim();
    let (title, mark) =
        rest.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')).ok_or_else(|| wrong(line, expected))?;
    let source = match mark {
        "S" => Source::Seed,
        "D" => Source::Documentation,
        "R" => Source::Recorded,
        "C" => Source::Client,
        "W" => Source::Wire,
        "I" => Source::Inferred,
        "ours" => Source::Ours,
        _ => return Err(wrong(line, expected)),
    };
    if title.trim().is_empty() {
        return Err(wrong(line, expected));
    }
    Ok((title.trim().to_owned(), source))
}

#[derive(Default)]
struct Directives {
    realm: Option<String>,
    certificate: Option<String>,
    body: BodyRule,
    captures: Vec<(String, String)>,
}

impl Directives {
    /// Reads what stands before the request line. A `#` line that is no directive is an error, because a misspelled one
    /// would weaken the test in silence; comments start with `//`.
    fn read<'a>(lines: &mut Peekable<impl Iterator<Item = Numbered<'a>>>) -> Result<Self, GoldenError> {
        let mut out = Self::default();
        while let Some((line, text)) = lines.next_if(|(_, text)| is_comment(text) || text.starts_with('#')) {
            let Some(directive) = text.strip_prefix('#') else { continue };
            match directive.split_once(':').map(|(key, value)| (key.trim(), value.trim())) {
                Some(("realm", realm)) if !realm.is_empty() => out.realm = Some(realm.to_owned()),
                Some(("certificate", label)) if !label.is_empty() => out.certificate = Some(label.to_owned()),
                Some(("body", "json")) => out.body = BodyRule::Json,
                Some(("body", "exact")) => out.body = BodyRule::Exact,
                Some(("body", "crlf")) => out.body = BodyRule::Crlf,
                Some(("capture", capture)) => match capture.split_once('=') {
                    Some((name, member)) => {
                        out.captures.push((name.trim().to_owned(), member.trim().to_owned()))
                    }
                    None => return Err(wrong(line, "expected # capture: NAME = member")),
                },
                _ => {
                    return Err(wrong(
                        line,
                        "expected # realm: NAME, # certificate: LABEL, # body: json, exact or crlf, or # capture: NAME = member; comments start with //",
                    ));
                }
            }
        }
        Ok(out)
    }
}

/// Headers with their values, and names that must be absent.
type Headers = (Vec<(String, String)>, Vec<String>);

fn headers<'a>(lines: &mut Peekable<impl Iterator<Item = Numbered<'a>>>) -> Result<Headers, GoldenError> {
    let mut out = Headers::default();
    while let Some((line, text)) = lines.next_if(|(_, text)| !text.is_empty() && !is_status(text)) {
        if let Some(name) = text.strip_prefix('!') {
            out.1.push(name.trim().to_owned());
        } else if let Some((name, value)) = text.split_once(':') {
            out.0.push((name.trim().to_owned(), value.trim().to_owned()));
        } else {
            return Err(wrong(line, "expected a header (Name: value), or an empty line before the body"));
        }
    }
    Ok(out)
}

/// The lines up to the answer or the end, without empty lines around them.
fn body<'a>(lines: &mut Peekable<impl Iterator<Item = Numbered<'a>>>) -> String {
    let mut out: Vec<&str> = Vec::new();
    while let Some((_, text)) = lines.next_if(|(_, text)| !is_status(text)) {
        out.push(text);
    }
    out.join("\n").trim_matches('\n').to_owned()
}

fn is_status(text: &str) -> bool {
    text.starts_with("HTTP/1.1 ")
}

fn is_comment(text: &str) -> bool {
    text.is_empty() || text.starts_with("//")
}

fn wrong(line: usize, message: impl Into<String>) -> GoldenError {
    GoldenError { line, message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_is_read_with_its_directives_and_a_joined_form() {
        let text = "// preface\n\n### A token [S]\n// why\n# realm: acme-production\n# certificate: demo\n# body: crlf\n# capture: first = access_token\n\
                    POST /token\nX: y: z\n\ngrant_type=a\n&scope=b\n\nHTTP/1.1 200 OK\nA: b\n! C\n\n{\n  \"a\":1\n}\n\n### Next [ours]\nGET /\nHTTP/1.1 405\n";
        let read = parse(text).unwrap();
        assert_eq!(read.len(), 2);
        let first = &read[0];
        assert_eq!((first.title.as_str(), first.source, first.line), ("A token", Source::Seed, 3));
        assert_eq!((first.realm.as_deref(), first.body_rule), (Some("acme-production"), BodyRule::Crlf));
        assert_eq!(first.certificate.as_deref(), Some("demo"));
        assert_eq!(first.captures, [("first".to_owned(), "access_token".to_owned())]);
        assert_eq!(first.request_headers, [("X".to_owned(), "y: z".to_owned())]);
        assert_eq!(first.request_body, "grant_type=a&scope=b");
        assert_eq!((first.status, first.response_body.as_str()), (200, "{\n  \"a\":1\n}"));
        assert_eq!(first.absent_headers, ["C"]);
        assert_eq!(
            (read[1].method.as_str(), read[1].status, read[1].response_body.as_str()),
            ("GET", 405, "")
        );
    }

    #[test]
    fn what_is_not_in_the_format_is_refused_with_its_line() {
        let cases = [
            "stray\n### A [S]\nGET /\nHTTP/1.1 200",
            "### A\nGET /\nHTTP/1.1 200",
            "### A [X]\nGET /\nHTTP/1.1 200",
            "### [S]\nGET /\nHTTP/1.1 200",
            "### A [S]",
            "### A [S]\n# bdoy: exact\nGET /\nHTTP/1.1 200",
            "### A [S]\n# capture: x\nGET /\nHTTP/1.1 200",
            "### A [S]\nGET\nHTTP/1.1 200",
            "### A [S]\nGET /\n! X\nHTTP/1.1 200",
            "### A [S]\nGET /\nno header\nHTTP/1.1 200",
            "### A [S]\nGET /\n\nbody",
            "### A [S]\nGET /\nHTTP/1.1 OK",
            "### A [S]\nGET /\nHTTP/1.1 200\n\n{}\nHTTP/1.1 200",
        ];
        let errors: Vec<String> = cases.iter().map(|case| parse(case).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(errors.join("\n"), @r#"
        line 1: expected a title (### …) or a comment (// …) before the first exchange
        line 1: expected a title such as ### What it shows [D], with one of S, D, R, C, W, I, ours
        line 1: expected a title such as ### What it shows [D], with one of S, D, R, C, W, I, ours
        line 1: expected a title such as ### What it shows [D], with one of S, D, R, C, W, I, ours
        line 1: this exchange has no request
        line 2: expected # realm: NAME, # certificate: LABEL, # body: json, exact or crlf, or # capture: NAME = member; comments start with //
        line 2: expected # capture: NAME = member
        line 2: expected a request line such as POST /path
        line 2: ! X has a meaning in answers only
        line 3: expected a header (Name: value), or an empty line before the body
        line 1: this exchange has no answer (HTTP/1.1 …)
        line 3: expected a status line such as HTTP/1.1 200
        line 6: a second answer in one exchange
        "#);
    }
}
