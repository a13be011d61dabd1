//! Reading RFC 4514 text: `CN=...,O=...+2.5.4.97=#0c...,C=BR`.

use super::attribute::Attribute;
use super::{MAX_ATTRIBUTES, MAX_BYTES, NameError, attribute_type};
use crate::text::is_plain;

/// The relative names from the root down: the text has them the other way round (RFC 4514 §2.1).
pub(super) fn parse(text: &str) -> Result<Vec<Vec<Attribute>>, NameError> {
    if text.len() > MAX_BYTES {
        return Err(NameError::TooLong);
    }
    let mut rest = text.trim_start_matches(' ');
    if rest.is_empty() {
        return Err(NameError::Empty);
    }
    if rest.starts_with('/') {
        return Err(NameError::SlashForm);
    }
    let mut rdns = Vec::new();
    let mut rdn = Vec::new();
    for _ in 0..MAX_ATTRIBUTES {
        let (attribute, after) = attribute(rest)?;
        rdn.push(attribute);
        if let Some(next) = after.strip_prefix('+') {
            rest = next;
            continue;
        }
        rdn.reverse();
        rdns.push(std::mem::take(&mut rdn));
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => {
                rdns.reverse();
                return Ok(rdns);
            }
        }
    }
    Err(NameError::TooManyAttributes)
}

/// One attribute, and what follows it: a separator, or nothing.
fn attribute(text: &str) -> Result<(Attribute, &str), NameError> {
    let (name, rest) = text.split_once('=').ok_or(NameError::Malformed)?;
    let name = name.trim_matches(' ');
    if name.contains([',', '+', '"', '\\', ';']) {
        return Err(NameError::Malformed);
    }
    let oid = attribute_type::parse(name).ok_or(NameError::UnknownAttributeType)?;
    let rest = rest.trim_start_matches(' ');
    let (attribute, after) = match rest.strip_prefix('#') {
        Some(digits) => {
            let (digits, after) = digits.split_at(digits.find([',', '+']).unwrap_or(digits.len()));
            let ber = from_hex(digits.trim_end_matches(' ')).ok_or(NameError::BadValue)?;
            (Attribute::from_ber(oid, &ber).ok_or(NameError::BadValue)?, after)
        }
        None => {
            let (value, after) = value(rest)?;
            (Attribute::from_text(oid, &value), after)
        }
    };
    if attribute.text().is_some_and(|text| !is_plain(text)) {
        return Err(NameError::NotPlain);
    }
    Ok((attribute, after))
}

/// A value as text, without the spaces after it that are not escaped, and what follows it.
fn value(text: &str) -> Result<(String, &str), NameError> {
    let mut bytes = Vec::new();
    let mut kept = 0;
    let mut chars = text.char_indices();
    let mut after = "";
    while let Some((at, c)) = chars.next() {
        match c {
            ',' | '+' => {
                after = text.get(at..).unwrap_or_default();
                break;
            }
            '"' | ';' | '<' | '>' | '\0' => return Err(NameError::Malformed),
            '\\' => bytes.push(escaped(&mut chars)?),
            c => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        if c != ' ' {
            kept = bytes.len();
        }
    }
    bytes.truncate(kept);
    Ok((String::from_utf8(bytes).map_err(|_| NameError::BadEscape)?, after))
}

/// The byte that what follows a backslash stands for (RFC 4514 §3, `pair`).
fn escaped(chars: &mut std::str::CharIndices<'_>) -> Result<u8, NameError> {
    let (_, first) = chars.next().ok_or(NameError::BadEscape)?;
    match first {
        ' ' | '"' | '#' | '+' | ',' | ';' | '<' | '=' | '>' | '\\' => {
            u8::try_from(first).map_err(|_| NameError::BadEscape)
        }
        first => {
            let second = chars.next().map(|(_, second)| second).ok_or(NameError::BadEscape)?;
            pair(first, second).ok_or(NameError::BadEscape)
        }
    }
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let mut chars = digits.chars();
    let mut out = Vec::with_capacity(digits.len() / 2);
    while let Some(first) = chars.next() {
        out.push(pair(first, chars.next()?)?);
    }
    Some(out)
}

fn pair(first: char, second: char) -> Option<u8> {
    u8::try_from(first.to_digit(16)? << 4 | second.to_digit(16)?).ok()
}
