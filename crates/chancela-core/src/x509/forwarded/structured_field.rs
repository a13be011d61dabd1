//! Structured fields (RFC 9651, and RFC 8941 before it) as far as RFC 9440 needs them: an Item or a List of Byte
//! Sequences. Parameters are read and ignored (RFC 9440 defines none); every other type is an error.

use super::{ForwardedError, decode_base64};

/// The Byte Sequence of an Item (RFC 9651 §4.2).
///
/// # Errors
/// [`ForwardedError::Malformed`]; [`ForwardedError::Several`] for a List.
pub fn parse_item(value: &str) -> Result<Vec<u8>, ForwardedError> {
    let mut input = Input(value.trim_matches(' ').as_bytes());
    let bytes = input.member()?;
    match input.0.first() {
        None => Ok(bytes),
        Some(b',') => Err(ForwardedError::Several),
        Some(_) if input.after_white_space() == Some(b',') => Err(ForwardedError::Several),
        Some(_) => Err(ForwardedError::Malformed("something follows the byte sequence")),
    }
}

/// The Byte Sequences of a List (RFC 9651 §4.2.1), none if it is empty.
///
/// # Errors
/// [`ForwardedError::Malformed`]; [`ForwardedError::TooMany`] beyond `most`.
pub fn parse_list(value: &str, most: usize) -> Result<Vec<Vec<u8>>, ForwardedError> {
    let mut input = Input(value.trim_matches(' ').as_bytes());
    let mut members = Vec::new();
    if input.0.is_empty() {
        return Ok(members);
    }
    loop {
        if members.len() == most {
            return Err(ForwardedError::TooMany);
        }
        members.push(input.member()?);
        input.skip_white_space();
        match input.next() {
            None => return Ok(members),
            Some(b',') => input.skip_white_space(),
            Some(_) => return Err(ForwardedError::Malformed("no comma between two members")),
        }
    }
}

/// What has not been read yet.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// Takes `wanted` if it comes next.
    fn take(&mut self, wanted: u8) -> bool {
        let found = self.0.first() == Some(&wanted);
        if found {
            self.next();
        }
        found
    }

    /// Takes the longest run of bytes that are `wanted`.
    fn run(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|byte| !wanted(*byte)).unwrap_or(self.0.len());
        let (run, rest) = self.0.split_at(end);
        self.0 = rest;
        run
    }

    fn skip_white_space(&mut self) {
        self.run(|byte| matches!(byte, b' ' | b'\t'));
    }

    fn after_white_space(&self) -> Option<u8> {
        self.0.iter().copied().find(|byte| !matches!(byte, b' ' | b'\t'))
    }

    /// A Byte Sequence and its parameters.
    fn member(&mut self) -> Result<Vec<u8>, ForwardedError> {
        let bytes = decode_base64(self.byte_sequence()?)?;
        while self.take(b';') {
            self.run(|byte| byte == b' ');
            self.key()?;
            if self.take(b'=') {
                self.bare_item()?;
            }
        }
        Ok(bytes)
    }

    /// The base64 between two colons (§4.2.7).
    fn byte_sequence(&mut self) -> Result<&'a [u8], ForwardedError> {
        let malformed = ForwardedError::Malformed("a byte sequence stands between two colons");
        if !self.take(b':') {
            return Err(malformed);
        }
        let text = self.run(|byte| byte != b':');
        if self.take(b':') { Ok(text) } else { Err(malformed) }
    }

    /// A parameter's name (§4.2.3.3).
    fn key(&mut self) -> Result<(), ForwardedError> {
        let first = self.next();
        if !first.is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'*') {
            return Err(ForwardedError::Malformed("a parameter has no name"));
        }
        self.run(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte));
        Ok(())
    }

    /// A parameter's value (§4.2.3.1). Only where it ends is looked at exactly: nothing reads it.
    fn bare_item(&mut self) -> Result<(), ForwardedError> {
        let malformed = ForwardedError::Malformed("a parameter has no value");
        match self.0.first() {
            Some(b'"') => self.string(),
            Some(b':') => self.byte_sequence().map(drop),
            Some(b'%') if self.0.get(1) == Some(&b'"') => {
                self.next();
                self.string()
            }
            Some(b'?') => {
                self.next();
                let value = self.next();
                if matches!(value, Some(b'0' | b'1')) { Ok(()) } else { Err(malformed) }
            }
            Some(b'@' | b'-' | b'0'..=b'9') => {
                self.next();
                self.run(|byte| byte.is_ascii_digit() || byte == b'.');
                Ok(())
            }
            Some(first) if first.is_ascii_alphabetic() || *first == b'*' => {
                self.run(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte));
                Ok(())
            }
            _ => Err(malformed),
        }
    }

    /// A quoted string (§4.2.5).
    fn string(&mut self) -> Result<(), ForwardedError> {
        let malformed = Err(ForwardedError::Malformed("a quoted parameter does not end"));
        self.next();
        loop {
            match self.next() {
                Some(b'"') => return Ok(()),
                Some(b'\\') if !matches!(self.next(), Some(b'"' | b'\\')) => return malformed,
                Some(b'\\' | b' '..=b'~') => {}
                _ => return malformed,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use proptest::prelude::*;

    #[test]
    fn an_item_is_one_byte_sequence_with_parameters_or_without() {
        for good in [
            ":aGk=:",
            "  :aGk=:  ",
            ":aGk:",
            ":aGl=:",
            ":aGk=:;a",
            ":aGk=:;a=1;b=-2.5;c=\"x\\\"y,\\\\\";d=tok/en;e=:AA==:;f=?1;*g=@17",
            ":aGk=:; a=%\"d%c3%a9\"; b",
        ] {
            assert_eq!(parse_item(good), Ok(b"hi".to_vec()), "{good}");
        }
        assert_eq!(parse_item("::"), Ok(Vec::new()));
    }

    /// HF-02.
    #[test]
    fn two_items_are_not_one() {
        for two in [":aGk=:,:aGk=:", ":aGk=: , :aGk=:", ":aGk=:;a, x", ":aGk=:\t,"] {
            assert_eq!(parse_item(two), Err(ForwardedError::Several), "{two}");
        }
    }

    #[test]
    fn what_is_no_byte_sequence_is_refused() {
        for wrong in [
            "",
            "aGk=",
            ":aGk=",
            "aGk=:",
            ":a Gk=:",
            ":aG\tk=:",
            ":aGk-:",
            ":aGk_:",
            ":a:",
            ":aGk=:x",
            ":aGk=: x",
            ":aGk=:;",
            ":aGk=:;A=1",
            ":aGk=:;a=",
            ":aGk=:;a=\"x",
            ":aGk=:;a=\"\\x\"",
            ":aGk=:;a=?2",
            ":aGk=:;a==",
            ":aGk=: ;a",
            "\"aGk=\"",
            "(:aGk=:)",
            "?1",
            "\t:aGk=:",
            ":aGk=:;a=\"\u{e9}\"",
            ":=aGk:",
            ":aGk====:",
        ] {
            assert!(matches!(parse_item(wrong), Err(ForwardedError::Malformed(_))), "{wrong}");
        }
    }

    #[test]
    fn a_list_has_commas_between_and_none_at_its_end() {
        let two = Ok(vec![b"hi".to_vec(), b"ho".to_vec()]);
        for good in [":aGk=:,:aG8=:", " :aGk=: \t,\t :aG8=:;x=1 "] {
            assert_eq!(parse_list(good, 2), two, "{good}");
        }
        assert_eq!(parse_list("  ", 2), Ok(Vec::new()));
        for wrong in
            [":aGk=:,", ",:aGk=:", ":aGk=:,,:aG8=:", ":aGk=: :aG8=:", "a", "(:aGk=:)", ":aGk=:,(:aG8=:)"]
        {
            assert!(matches!(parse_list(wrong, 6), Err(ForwardedError::Malformed(_))), "{wrong}");
        }
        assert_eq!(parse_list(":aGk=:,:aGk=:,:aGk=:", 2), Err(ForwardedError::TooMany));
    }

    proptest! {
        #[test]
        fn every_byte_sequence_comes_back(members: Vec<Vec<u8>>) {
            let written: Vec<String> =
                members.iter().map(|bytes| format!(":{}:", BASE64_STANDARD.encode(bytes))).collect();
            prop_assert_eq!(parse_list(&written.join(", "), usize::MAX), Ok(members.clone()));
            if let [one] = members.as_slice() {
                prop_assert_eq!(parse_item(&written.concat()), Ok(one.clone()));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in r#"[:;,=\\"?@% a-c1]{0,40}|\PC{0,40}"#) {
            let _ = parse_item(&text);
            let _ = parse_list(&text, 6);
        }
    }
}
