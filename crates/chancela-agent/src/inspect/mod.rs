//! What a token says of itself, for people: taken apart, not believed. Whether its signature is good is in [`verify`].
//!
//! Owns the forms of tokens and what is doubtful about one. Does not own where the token comes from, and shows neither the
//! token nor its signature.

mod doubt;
mod keys;

pub use doubt::Expected;
pub use keys::{KeysError, Verification, fetch_keys, verify};

use crate::engine::Fingerprint;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, alphabet::Alphabet};
use chancela_core::secret::Secret;
use serde_json::{Map, Value};

/// A token taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspected {
    /// Its form, and what can be read of it.
    pub form: Form,
    /// Bytes.
    pub length: usize,
    /// Its name in logs and in the agent's status.
    pub fingerprint: Fingerprint,
}

/// The form of a token.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// A signed JWT (RFC 7519), or one that says it needs no signature.
    Jwt {
        /// Its header.
        header: Map<String, Value>,
        /// Its claims.
        claims: Map<String, Value>,
    },
    /// An encrypted one (RFC 7516), of which the header alone can be read.
    Encrypted {
        /// Its header.
        header: Map<String, Value>,
    },
    /// One whose meaning is the provider's alone.
    Opaque {
        /// What its characters are.
        alphabet: &'static str,
    },
}

impl Inspected {
    /// Takes a token apart. Every text is one.
    pub fn of(token: &Secret) -> Self {
        let text = token.expose();
        let form = signed(text).or_else(|| encrypted(text));
        let form = form.unwrap_or_else(|| Form::Opaque { alphabet: alphabet(text) });
        Self { form, length: text.len(), fingerprint: Fingerprint::of(text) }
    }

    /// A claim, if there are any.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        match &self.form {
            Form::Jwt { claims, .. } => claims.get(name),
            _ => None,
        }
    }

    /// A claim that is a time, in seconds since the epoch. Some servers write them as texts or with parts of a second.
    pub fn time(&self, name: &str) -> Option<i64> {
        let number = |text: &str| text.split('.').next()?.parse().ok();
        match self.claim(name)? {
            Value::Number(value) => number(&value.to_string()),
            Value::String(value) => number(value),
            _ => None,
        }
    }
}

const fn lenient(alphabet: &Alphabet) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, config)
}

/// An object in base64url; padding that does not belong there does not matter to whoever looks.
fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&lenient(&URL_SAFE).decode(part).ok()?).ok()
}

fn signed(text: &str) -> Option<Form> {
    let mut parts = text.split('.');
    let (header, claims, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    Some(Form::Jwt { header: object(header)?, claims: object(claims)? })
}

fn encrypted(text: &str) -> Option<Form> {
    let header = text.split('.').next().filter(|_| text.split('.').count() == 5)?;
    Some(Form::Encrypted { header: object(header)? })
}

/// What the characters of an opaque token are.
fn alphabet(text: &str) -> &'static str {
    let all = |fits: fn(char) -> bool| text.chars().all(fits);
    let is_uuid = || {
        let lengths = text.split('-').map(str::len);
        lengths.eq([8, 4, 4, 4, 12]) && all(|c| c.is_ascii_hexdigit() || c == '-')
    };
    match () {
        () if text.is_empty() => "nothing",
        () if all(|c| c.is_ascii_digit()) => "decimal digits",
        () if is_uuid() => "a UUID",
        () if all(|c| c.is_ascii_hexdigit()) => "hexadecimal digits",
        () if all(|c| c.is_ascii_alphanumeric()) => "letters and digits",
        () if lenient(&URL_SAFE).decode(text).is_ok() => "base64url",
        () if lenient(&STANDARD).decode(text).is_ok() => "base64",
        () if all(|c| c.is_ascii_alphanumeric() || "-._~+/=".contains(c)) => "what RFC 6750 allows",
        () if all(|c| c.is_ascii_graphic()) => "characters that RFC 6750 does not allow",
        () => "blanks, or characters that no header may have",
    }
}

#[cfg(test)]
mod tests;
