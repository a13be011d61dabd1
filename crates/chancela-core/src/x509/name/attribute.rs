//! One attribute of a distinguished name: its type and its value (RFC 5280 §4.1.2.4, appendix A.1).

use super::{attribute_type, prepare};
use crate::secret::hex;
use std::fmt;
use x509_parser::asn1_rs::{Any, Class, FromBer, FromDer, Tag, ToDer};

/// A type and a value.
#[derive(Debug, Clone)]
pub struct Attribute {
    oid: Box<str>,
    value: Value,
}

#[derive(Debug, Clone)]
enum Value {
    /// Text of any string type.
    Text(Box<str>),
    /// DER of something that is no string.
    Other(Box<[u8]>),
    /// DER of a string whose bytes are not of its type, which matches nothing.
    Unreadable(Box<[u8]>),
}

impl Attribute {
    /// Its type: a dotted object identifier.
    pub fn oid(&self) -> &str {
        &self.oid
    }

    /// Its value, if that is a string.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Other(_) | Value::Unreadable(_) => None,
        }
    }

    pub(super) fn from_text(oid: Box<str>, text: &str) -> Self {
        Self { oid, value: Value::Text(text.into()) }
    }

    /// From the BER of a value that somebody wrote after `#`. Strings must be readable, anything else must be DER.
    pub(super) fn from_ber(oid: Box<str>, ber: &[u8]) -> Option<Self> {
        if let Ok(([], any)) = Any::from_ber(ber)
            && let Some(text) = text(&any)
        {
            return Some(Self { oid, value: Value::Text(text.into()) });
        }
        match Any::from_der(ber) {
            Ok(([], any)) if !is_string(&any) => Some(Self { oid, value: Value::Other(ber.into()) }),
            _ => None,
        }
    }

    /// From the content of an object identifier and a value as x509-parser read them.
    pub(super) fn from_any(oid: &[u8], any: &Any<'_>) -> Option<Self> {
        let value = match text(any) {
            Some(text) => Value::Text(text.into()),
            None if is_string(any) => Value::Unreadable(any.to_der_vec().ok()?.into()),
            None => Value::Other(any.to_der_vec().ok()?.into()),
        };
        Some(Self { oid: attribute_type::dotted(oid)?, value })
    }

    /// The value in the form in which equal ones are equal bytes; none if it matches nothing.
    pub(super) fn comparable(&self) -> Option<Vec<u8>> {
        match &self.value {
            Value::Text(text) => prepare::prepare(text).map(String::into_bytes),
            Value::Other(der) => Some(der.to_vec()),
            Value::Unreadable(_) => None,
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = attribute_type::name(&self.oid);
        write!(f, "{}=", name.unwrap_or(&self.oid))?;
        match &self.value {
            Value::Text(text) if name.is_some() => escape(f, text),
            Value::Text(text) => write!(f, "#{}", hex(&utf8_string(text))),
            Value::Other(der) | Value::Unreadable(der) => write!(f, "#{}", hex(der)),
        }
    }
}

/// Escapes what RFC 4514 §2.4 wants escaped, and control characters, which must not reach a log as they are.
fn escape(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let last = text.chars().count().saturating_sub(1);
    for (at, c) in text.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{c}")?,
            '#' if at == 0 => f.write_str("\\#")?,
            ' ' if at == 0 || at == last => f.write_str("\\ ")?,
            c if c.is_control() => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    write!(f, "\\{byte:02X}")?;
                }
            }
            c => write!(f, "{c}")?,
        }
    }
    Ok(())
}

/// DER of a `UTF8String`.
fn utf8_string(text: &str) -> Vec<u8> {
    yasna::construct_der(|writer| writer.write_utf8_string(text))
}

fn is_string(any: &Any<'_>) -> bool {
    any.class() == Class::Universal
        && matches!(
            any.tag(),
            Tag::Utf8String
                | Tag::PrintableString
                | Tag::Ia5String
                | Tag::NumericString
                | Tag::VisibleString
                | Tag::T61String
                | Tag::BmpString
                | Tag::UniversalString
        )
}

/// The text of a string type. Teletex is taken for Latin-1, as everybody writes it.
fn text(any: &Any<'_>) -> Option<String> {
    if !is_string(any) || any.header.is_constructed() {
        return None;
    }
    let bytes = any.data;
    match any.tag() {
        Tag::Utf8String => std::str::from_utf8(bytes).ok().map(str::to_owned),
        Tag::T61String => Some(bytes.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let (pairs, rest) = bytes.as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().copied().map(u16::from_be_bytes).collect();
            String::from_utf16(&units).ok().filter(|_| rest.is_empty())
        }
        Tag::UniversalString => {
            let (quads, rest) = bytes.as_chunks::<4>();
            let text = quads.iter().copied().map(|quad| char::from_u32(u32::from_be_bytes(quad)));
            text.collect::<Option<String>>().filter(|_| rest.is_empty())
        }
        _ => std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii()).map(str::to_owned),
    }
}
