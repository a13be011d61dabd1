//! The fields of a `multipart/form-data` body (RFC 7578), as far as a token request has any: names and texts. A file is
//! not a parameter, and neither is anything with an encoding of its own.
//!
//! Total and linear: any bytes give parameters or a [`Rejection`]. What a parameter may be, and how long, is the business of
//! [`super::body`].

use super::HttpRequest;
use super::body::{MAX_PARAMETERS, Parameters, Value};
use crate::rejection::{Rejection, Rule};
use http::header::CONTENT_TYPE;
use std::borrow::Cow;

/// Longest boundary in bytes (RFC 2046 §5.1.1).
const MAX_BOUNDARY_BYTES: usize = 70;

impl<'a> Parameters<'a> {
    /// Reads a multipart body, whose boundary the content type names.
    ///
    /// # Errors
    /// The rule that the body breaks.
    pub fn multipart(http: &HttpRequest<'a>) -> Result<Self, Rejection> {
        let mut out = Self::default();
        for (name, text) in fields(http)? {
            out.push(Cow::Owned(name), Value::Text(Cow::Borrowed(text)))?;
        }
        Ok(out)
    }
}

/// Names and texts in their order; no more than there may be, lest the rest be read for nothing.
fn fields<'a>(http: &HttpRequest<'a>) -> Result<Vec<(String, &'a str)>, Rejection> {
    let malformed = Rejection::from(Rule::MalformedBody);
    let kind = http.single_header(CONTENT_TYPE.as_str()).ok().flatten().unwrap_or_default();
    let delimiter = format!("\r\n--{}", boundary(kind).ok_or(malformed)?);
    // The first delimiter stands at the start, without the line break that belongs to the others (RFC 2046 §5.1.1).
    let mut rest = http.body.strip_prefix(&delimiter.as_bytes()[2..]).ok_or(malformed)?;
    let mut out = Vec::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        if out.len() == MAX_PARAMETERS {
            let limit = u32::try_from(MAX_PARAMETERS).unwrap_or(u32::MAX);
            return Err(Rejection::with(Rule::TooManyParameters, limit));
        }
        let end = find(part, delimiter.as_bytes()).ok_or(malformed)?;
        out.push(field(&part[..end]).ok_or(malformed)?);
        rest = &part[end + delimiter.len()..];
    }
    // What stands behind the last delimiter is nobody's.
    if rest.starts_with(b"--") { Ok(out) } else { Err(malformed) }
}

/// The boundary that the content type names, with or without quotes.
fn boundary(kind: &str) -> Option<&str> {
    let value = kind.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&b);
    ((1..=MAX_BOUNDARY_BYTES).contains(&value.len()) && value.bytes().all(allowed)).then_some(value)
}

/// One part: its headers, an empty line, its text.
fn field(part: &[u8]) -> Option<(String, &str)> {
    let at = find(part, b"\r\n\r\n")?;
    let headers = std::str::from_utf8(&part[..at]).ok()?;
    let text = std::str::from_utf8(&part[at + 4..]).ok()?;
    let mut name = None;
    for line in headers.split("\r\n") {
        let (header, value) = line.split_once(':')?;
        if header.eq_ignore_ascii_case("content-transfer-encoding") {
            return None;
        }
        if header.eq_ignore_ascii_case("content-disposition") {
            let own = field_name(value.trim())?;
            if name.replace(own).is_some() {
                return None;
            }
        }
    }
    Some((name?, text))
}

/// The name in `form-data; name="…"`; none if there is anything else in it, such as a file's name.
fn field_name(disposition: &str) -> Option<String> {
    let rest = disposition.strip_prefix("form-data")?.trim_start().strip_prefix(';')?.trim();
    let value = rest.strip_prefix("name=")?;
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"')?,
        None => value,
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    (!value.is_empty() && value.bytes().all(plain)).then(|| value.to_owned())
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderValue, Method};
    use proptest::prelude::*;

    fn read(kind: &str, body: &[u8]) -> Result<Vec<(String, String)>, Rejection> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
        let http =
            HttpRequest { method: &Method::POST, query: None, headers: &headers, body, certificate: None };
        let own = |(name, text): (String, &str)| (name, text.to_owned());
        fields(&http).map(|fields| fields.into_iter().map(own).collect())
    }

    fn write(boundary: &str, fields: &[(&str, &str)]) -> String {
        let part = |(name, text): &(&str, &str)| {
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
        };
        format!("{}--{boundary}--\r\n", fields.iter().map(part).collect::<String>())
    }

    const KIND: &str = "multipart/form-data; boundary=X";

    /// RFC 7578 section 4.1 and 4.2, as curl and browsers write it.
    #[test]
    fn fields_are_read_as_clients_write_them() {
        let body =
            write("X", &[("client_id", "a b&=%"), ("grant_type", "client_credentials"), ("scope", "")]);
        let wanted = [("client_id", "a b&=%"), ("grant_type", "client_credentials"), ("scope", "")];
        let wanted = wanted.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(read(KIND, body.as_bytes()).unwrap(), wanted);
        assert_eq!(
            read("multipart/form-data; charset=utf-8; Boundary=\"X\"", body.as_bytes()).unwrap(),
            wanted
        );
        let typed = "--X\r\ncontent-disposition: form-data; name=a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\né\r\n\r\n--X--";
        assert_eq!(read(KIND, typed.as_bytes()).unwrap(), [("a".to_owned(), "é\r\n".to_owned())]);
    }

    #[test]
    fn what_is_no_list_of_texts_is_refused() {
        let part = |headers: &str| format!("--X\r\n{headers}\r\n\r\nv\r\n--X--\r\n");
        let good = "Content-Disposition: form-data; name=\"a\"";
        assert!(read(KIND, part(good).as_bytes()).is_ok());
        for headers in [
            "Content-Type: text/plain",
            "Content-Disposition: form-data; name=\"a\"; filename=\"b\"",
            "Content-Disposition: attachment; name=\"a\"",
            "Content-Disposition: form-data; name=\"\"",
            "Content-Disposition: form-data; name=\"a",
            "Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"",
            "Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64",
        ] {
            assert_eq!(
                read(KIND, part(headers).as_bytes()).unwrap_err().rule,
                Rule::MalformedBody,
                "{headers}"
            );
        }
        for body in ["", "--X", "--X\r\n", "preamble\r\n--X--", "--Y--", &part(good)[..20]] {
            assert_eq!(read(KIND, body.as_bytes()).unwrap_err().rule, Rule::MalformedBody, "{body}");
        }
        for kind in
            ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=a*b"]
        {
            assert_eq!(read(kind, part(good).as_bytes()).unwrap_err().rule, Rule::MalformedBody, "{kind}");
        }
        let many = vec![("a", "b"); MAX_PARAMETERS + 1];
        assert_eq!(read(KIND, write("X", &many).as_bytes()).unwrap_err().rule, Rule::TooManyParameters);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_fail(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(KIND, &body);
            let _ = read(KIND, &[b"--X\r\n", &body[..]].concat());
        }

        #[test]
        fn what_is_written_is_read_back(name in "[a-z_]{1,20}", text in "[^-]{0,60}", boundary in "[A-Za-z0-9]{1,70}") {
            let body = write(&boundary, &[(&name, &text), ("last", "")]);
            let kind = format!("multipart/form-data; boundary={boundary}");
            prop_assert_eq!(&read(&kind, body.as_bytes()).unwrap()[0], &(name, text));
        }
    }
}
