//! `client_secret_basic`: RFC 6749 §2.3.1 over RFC 7617.
//!
//! RFC 6749 form-encodes id and secret before joining them; most bank clients join them as they are. Both readings are
//! tried where they differ, so neither kind of client breaks.

use super::Method;
use super::credentials::{Credentials, Text};
use crate::dialect::{BasicEncoding, TrailingNewline};
use crate::message::body::form_decode;
use crate::rejection::{Rejection, Rule};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// Standard alphabet; padding may be missing, as some clients send it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads an `Authorization` header.
pub(super) fn parse(header: &str, newline: TrailingNewline) -> Result<Credentials<'static>, Rejection> {
    let malformed = Rejection::from(Rule::MalformedAuthorization);
    let (scheme, rest) = header.split_once(' ').ok_or(malformed)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(malformed);
    }
    parse_pair(rest.trim_start(), newline)
}

/// Reads base64 of `id:secret`.
pub(super) fn parse_pair(text: &str, newline: TrailingNewline) -> Result<Credentials<'static>, Rejection> {
    let malformed = Rejection::from(Rule::MalformedAuthorization);
    let bytes = BASE64.decode(text).map_err(|_| malformed)?;
    let mut pair = Zeroizing::new(String::from_utf8(bytes).map_err(|_| malformed)?);
    let trimmed = pair.trim_end_matches(['\r', '\n']).len();
    if trimmed < pair.len() {
        match newline {
            TrailingNewline::Trim => pair.truncate(trimmed),
            TrailingNewline::Reject => return Err(Rule::SecretEndsInNewline.into()),
        }
    }
    let colon = pair.find(':').filter(|at| *at > 0).ok_or(malformed)?;
    Ok(Credentials { method: Method::ClientSecretBasic, text: Text::Pair(pair, colon), certificate: None })
}

/// The pair with both halves form-decoded, if that is another text.
pub(super) fn form_decoded(id: &str, secret: &str) -> Option<Credentials<'static>> {
    let encoded = |text: &str| text.bytes().any(|b| matches!(b, b'%' | b'+'));
    if !encoded(id) && !encoded(secret) {
        return None;
    }
    let (id, secret) = (form_decode(id.as_bytes()).ok()?, form_decode(secret.as_bytes()).ok()?);
    let pair = Zeroizing::new(format!("{id}:{secret}"));
    Some(Credentials {
        method: Method::ClientSecretBasic,
        text: Text::Pair(pair, id.len()),
        certificate: None,
    })
}

/// Base64 of a pair, as the endpoint reads it. Where it reads both ways the pair goes as it is, which more servers
/// understand, unless the id has a colon; `None` if the pair cannot be told apart.
pub(super) fn encode(id: &str, secret: &str, encoding: BasicEncoding) -> Option<Zeroizing<String>> {
    let raw = match encoding {
        BasicEncoding::Form => false,
        BasicEncoding::Either => !id.contains(':'),
        BasicEncoding::Raw if id.contains(':') => return None,
        BasicEncoding::Raw => true,
    };
    // Room for the longest, so that no copy is left behind when it grows.
    let mut pair = Zeroizing::new(String::with_capacity(3 * (id.len() + secret.len()) + 1));
    if raw {
        pair.push_str(id);
        pair.push(':');
        pair.push_str(secret);
    } else {
        pair.extend(form_urlencoded::byte_serialize(id.as_bytes()));
        pair.push(':');
        pair.extend(form_urlencoded::byte_serialize(secret.as_bytes()));
    }
    Some(Zeroizing::new(BASE64.encode(pair.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(pair: &[u8]) -> String {
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
    }

    #[test]
    fn what_is_not_basic_is_refused_without_a_panic() {
        for text in ["", "Basic", "Basic ", "Basic !!!", "Bearer abc", "Basic Y29sb24", "Basic OnNlY3JldA=="]
        {
            assert_eq!(
                parse(text, TrailingNewline::Reject).unwrap_err().rule,
                Rule::MalformedAuthorization,
                "{text}"
            );
        }
        assert_eq!(
            parse(&header(b"id:\xff"), TrailingNewline::Reject).unwrap_err().rule,
            Rule::MalformedAuthorization
        );
    }

    #[test]
    fn the_scheme_word_is_case_insensitive_and_padding_may_be_missing() {
        for text in ["basic aWQ6c2U=", "BASIC  aWQ6c2U", "Basic aWQ6c2U="] {
            let credentials = parse(text, TrailingNewline::Reject).unwrap();
            assert_eq!((credentials.client_id(), credentials.secret()), ("id", Some("se")));
        }
    }

    #[test]
    fn the_first_colon_divides() {
        let credentials = parse(&header(b"id:a:b"), TrailingNewline::Reject).unwrap();
        assert_eq!((credentials.client_id(), credentials.secret()), ("id", Some("a:b")));
    }

    #[test]
    fn a_trailing_line_break_is_trimmed_or_refused_as_the_dialect_says() {
        for pair in [&b"id:secret\n"[..], b"id:secret\r\n"] {
            assert_eq!(
                parse(&header(pair), TrailingNewline::Reject).unwrap_err().rule,
                Rule::SecretEndsInNewline
            );
            assert_eq!(parse(&header(pair), TrailingNewline::Trim).unwrap().secret(), Some("secret"));
        }
    }

    proptest! {
        #[test]
        fn both_encodings_of_any_pair_are_understood(id in "[ -9;-~é]{1,20}", secret in "[!-~ ü]{1,30}") {
            let raw = parse(&header(format!("{id}:{secret}").as_bytes()), TrailingNewline::Reject).unwrap();
            prop_assert_eq!((raw.client_id(), raw.secret()), (id.as_str(), Some(secret.as_str())));
            let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", encode(&id), encode(&secret));
            let sent = parse(&header(pair.as_bytes()), TrailingNewline::Reject).unwrap();
            let read = sent.form_decoded().unwrap_or(sent);
            prop_assert_eq!((read.client_id(), read.secret()), (id.as_str(), Some(secret.as_str())));
        }

        #[test]
        fn no_text_makes_the_reader_fail(text in ".{0,100}") {
            let _ = parse(&text, TrailingNewline::Trim);
            let _ = parse_pair(&text, TrailingNewline::Reject);
        }
    }
}
