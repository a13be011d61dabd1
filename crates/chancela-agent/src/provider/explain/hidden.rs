//! Takes secrets out of a request that people read. Owns every spelling that a request gives a text: as it is, in a form
//! or an address, in JSON, in base64 alone and with an id before it. Does not own which texts are secret.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use chancela_core::secret::Secret;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use zeroize::Zeroizing;

/// What stands where a secret would.
pub(super) const HIDDEN: &str = "***";
/// What a form escapes (WHATWG URL section 5.2), and what most other writers leave.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Texts that nobody may see.
pub(in crate::provider) struct Hidden<'a> {
    /// As they are, the longest first: a short one may stand within a long one.
    plain: Vec<Secret>,
    /// In all other spellings, the longest first.
    spelled: Vec<Zeroizing<String>>,
    /// Names of parameters with secret values.
    names: &'a [&'a str],
}

impl<'a> Hidden<'a> {
    /// `ids` are those that may stand before a secret in base64.
    pub(in crate::provider) fn new(mut plain: Vec<Secret>, ids: &[Secret], names: &'a [&'a str]) -> Self {
        plain.retain(|secret| !secret.expose().is_empty());
        plain.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        let mut spelled: Vec<_> = plain.iter().flat_map(|secret| spellings(secret.expose(), ids)).collect();
        spelled.sort_by_key(|text| std::cmp::Reverse(text.len()));
        Self { plain, spelled, names }
    }

    /// An address or a header's value without secrets.
    pub(in crate::provider) fn text(&self, text: &str) -> String {
        let spelled = self.spelled.iter().map(|secret| secret.as_str());
        spelled.fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
    }

    /// A body without secrets: a form, or a JSON object.
    pub(super) fn body(&self, body: &str) -> String {
        // How a writer escapes is its own affair, so each value is compared as a reader reads it.
        let read = if body.starts_with('{') { self.json(body) } else { self.form(body) };
        self.text(&read)
    }

    fn form(&self, body: &str) -> String {
        let pairs = body.split('&').map(|pair| {
            let Some((name, value)) = pair.split_once('=') else { return pair.to_owned() };
            let plain = value.replace('+', " ");
            let plain = Zeroizing::new(percent_decode_str(&plain).decode_utf8_lossy().into_owned());
            let hide = self.names.contains(&name) || self.has(&plain);
            if hide { format!("{name}={HIDDEN}") } else { pair.to_owned() }
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    fn json(&self, body: &str) -> String {
        let mut out = String::with_capacity(body.len());
        let (mut rest, mut name) = (body, String::new());
        while let Some(begin) = rest.find('"') {
            let (before, literal) = rest.split_at(begin);
            let length = literal_length(literal);
            let (literal, after) = literal.split_at(length);
            let plain: Zeroizing<String> =
                serde_json::from_str(literal).map_or_else(|_| Zeroizing::default(), Zeroizing::new);
            out.push_str(before);
            let is_name = after.trim_start().starts_with(':');
            let hide = !is_name && (self.names.contains(&name.as_str()) || self.has(&plain));
            out.push_str(if hide { "\"***\"" } else { literal });
            if is_name {
                name.clone_from(&plain);
            }
            rest = after;
        }
        out + rest
    }

    fn has(&self, text: &str) -> bool {
        self.plain.iter().any(|secret| text.contains(secret.expose()))
    }
}

/// The length of the string literal at the beginning of a JSON text, with its quotes.
fn literal_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

fn spellings(secret: &str, ids: &[Secret]) -> Vec<Zeroizing<String>> {
    let mut out = in_text(secret);
    let pairs = ids.iter().map(|id| Zeroizing::new(format!("{}:{secret}", id.expose())));
    let written = ids.iter().map(|id| {
        let form = |text| utf8_percent_encode(text, FORM).to_string().replace("%20", "+");
        Zeroizing::new(format!("{}:{}", form(id.expose()), form(secret)))
    });
    let alone = std::iter::once(Zeroizing::new(secret.to_owned()));
    for text in alone.chain(pairs).chain(written) {
        for alphabet in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
            // Base64 may be escaped itself.
            out.extend(in_text(&alphabet.encode(text.as_bytes())));
        }
    }
    out
}

/// As it is, as a form or an address has it, and as JSON has it.
fn in_text(text: &str) -> Vec<Zeroizing<String>> {
    let json = serde_json::to_string(text).unwrap_or_default();
    let json = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or(text).to_owned();
    let escaped = [FORM, UNRESERVED, NON_ALPHANUMERIC].map(|set| utf8_percent_encode(text, set).to_string());
    let mut out = vec![text.to_owned(), json.replace('/', "\\/"), json];
    for text in escaped {
        out.extend([text.replace("%20", "+"), text]);
    }
    out.into_iter().filter(|text| !text.is_empty()).map(Zeroizing::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hidden(secrets: &[&str]) -> Hidden<'static> {
        Hidden::new(
            secrets.iter().map(|text| Secret::new(*text)).collect(),
            &[Secret::new("my id")],
            &["password"],
        )
    }

    #[test]
    fn a_secret_within_another_leaves_nothing_of_it() {
        let hidden = hidden(&["abc", "abcdef", "xyzabc"]);
        assert_eq!(hidden.text("abcdef xyzabc abc"), "*** *** ***");
        assert_eq!(hidden.body("a=xabcdefy&b=1"), "a=***&b=1");
    }

    #[test]
    fn a_parameter_with_the_name_of_a_secret_is_hidden_whatever_it_has() {
        let hidden = hidden(&[]);
        assert_eq!(hidden.body("username=a&password=new%20one&x=1"), "username=a&password=***&x=1");
        let json = r#"{"a":"\"b\\","password" : "n\u0065w","list":["c","password"],"n":1}"#;
        let told = r#"{"a":"\"b\\","password" : "***","list":["c","password"],"n":1}"#;
        assert_eq!(hidden.body(json), told);
    }

    #[test]
    fn escapes_that_we_would_not_write_hide_nothing_from_us() {
        let hidden = hidden(&["pä/ss w\"rd"]);
        for body in [
            r#"{"k":"p\u00e4\/ss w\u0022rd"}"#,
            r#"{"k":"before p\u00E4/ss\u0020w\"rd after"}"#,
            "k=p%c3%a4%2fss+w%22rd",
            "k=%70%C3%A4/ss%20w%22rd",
        ] {
            assert!(
                matches!(hidden.body(body).as_str(), r#"{"k":"***"}"# | "k=***"),
                "{}",
                hidden.body(body)
            );
        }
    }

    proptest! {
        #[test]
        fn nothing_of_a_secret_is_left_in_any_spelling(secret in "[^a-z*]{8,40}", id in "[A-Z :]{0,9}") {
            let ids = [Secret::new(id.as_str())];
            let hidden = Hidden::new(vec![Secret::new(secret.as_str())], &ids, &[]);
            let pair = format!("{id}:{secret}");
            for text in [secret.clone(), STANDARD.encode(&secret), STANDARD.encode(&pair), URL_SAFE_NO_PAD.encode(&pair)] {
                prop_assert_eq!(hidden.text(&format!("a {text} b")), "a *** b");
                let form = utf8_percent_encode(&text, FORM).to_string();
                prop_assert_eq!(hidden.body(&format!("a=b&c={form}")), "a=b&c=***");
                let json = serde_json::to_string(&text).unwrap();
                prop_assert_eq!(hidden.body(&format!("{{\"a\":\"b\",\"c\":{json}}}")), "{\"a\":\"b\",\"c\":\"***\"}");
            }
        }

        #[test]
        fn no_body_makes_it_stumble(body in ".{0,60}", secret in ".{0,3}") {
            let told = hidden(&[secret.as_str()]).body(&body);
            prop_assert!(secret.is_empty() || secret.contains('*') || "*".repeat(9).contains(&secret) || !told.contains(&secret));
        }
    }
}
