//! Distinguished names (RFC 5280 §4.1.2.4): read from DER or from RFC 4514 text, compared as parsed names.
//!
//! A name is never compared as text: the order and the case of what a proxy, a registry or a person wrote are not the
//! name's (requirements H-14, H-15).

mod attribute;
mod attribute_type;
mod prepare;
mod rfc4514;

pub use attribute::Attribute;

use std::fmt;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

/// Most attributes of a name.
pub const MAX_ATTRIBUTES: usize = 64;

/// Longest name, in bytes, in either form.
pub const MAX_BYTES: usize = 16 * 1024;

/// A distinguished name: relative names from the root of the tree down (the country comes first), each of one or more
/// attributes. There is no `==`, because two names that are the same may be written differently: see [`Self::matches`].
#[derive(Debug, Clone)]
pub struct DistinguishedName {
    rdns: Vec<Vec<Attribute>>,
}

/// Why something is no distinguished name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing, or nothing but spaces.
    #[error("the name is empty; write it as in CN=...,O=...,C=BR")]
    Empty,
    /// More than [`MAX_BYTES`].
    #[error("the name is longer than 16 KiB")]
    TooLong,
    /// More than [`MAX_ATTRIBUTES`].
    #[error("the name has more than 64 attributes")]
    TooManyAttributes,
    /// `/C=BR/O=...`, which OpenSSL printed once and which cannot tell a `/` in a value from the next attribute.
    #[error(
        "the name is in the old form of OpenSSL; write it as `openssl x509 -subject -nameopt RFC2253` does"
    )]
    SlashForm,
    /// An attribute without `=`, or with something that RFC 4514 wants escaped.
    #[error("the name is not in the form of RFC 4514; escape , + \" \\ < > ; in values with a backslash")]
    Malformed,
    /// An attribute's type is neither a known short name nor a dotted object identifier.
    #[error("the name has an attribute of an unknown type; write its object identifier, as in 2.5.4.97=...")]
    UnknownAttributeType,
    /// What follows `\` is no escape.
    #[error("the name has a backslash that escapes nothing")]
    BadEscape,
    /// What follows `#` is not the hexadecimal BER of one value, or its text is not of its string type.
    #[error("the name has a value after # that is not the hexadecimal BER of a string")]
    BadValue,
    /// Control or invisible characters, which no certificate authority should sign and which match nothing.
    #[error("the name has a control character or an invisible one")]
    NotPlain,
    /// Not DER of a name.
    #[error("the name is not DER")]
    NotDer,
}

impl DistinguishedName {
    /// Reads the DER of a `Name` (RFC 5280 §4.1.2.4). It may be empty: a certificate may name its holder in alternative
    /// names alone.
    ///
    /// # Errors
    /// It is no DER of a name, or too large.
    pub fn parse_der(der: &[u8]) -> Result<Self, NameError> {
        if der.len() > MAX_BYTES {
            return Err(NameError::TooLong);
        }
        match X509Name::from_der(der) {
            Ok(([], name)) => Self::from_x509(&name),
            _ => Err(NameError::NotDer),
        }
    }

    /// Reads RFC 4514 text, most specific attribute first. Types are the short names of RFC 4514, OpenSSL and Open
    /// Finance Brasil whatever their case, or dotted object identifiers; values are text or `#` and hexadecimal BER of
    /// any string type. Spaces around separators do not count, as in RFC 2253.
    ///
    /// # Errors
    /// What is wrong with the text. A name that could match nothing is refused: an empty one, and one with control or
    /// invisible characters.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        rfc4514::parse(text).map(|rdns| Self { rdns })
    }

    /// As RFC 4514 writes it, in UTF-8. Types are the short names that OpenSSL prints (`-nameopt RFC2253`), for those
    /// that RFC 4514 does not list too (`serialNumber`, `organizationIdentifier`, `jurisdictionC`, ...), because that is
    /// what operators compare with; any other type is its object identifier, with `#` and the hexadecimal value.
    pub fn to_rfc4514(&self) -> String {
        self.to_string()
    }

    /// distinguishedNameMatch (RFC 4517 §4.2.15): the same relative names in the same order, each with the same
    /// attributes in any order. Values are compared by caseIgnoreMatch: NFKC, without case, spaces at the ends
    /// dropped and inner ones collapsed, whatever the ASN.1 string type.
    ///
    /// Stricter than RFC 4518 where trust is at stake: an empty name, and one with a control character, an invisible
    /// one or a string that is not of its type, matches nothing, not even itself.
    pub fn matches(&self, other: &Self) -> bool {
        if self.rdns.is_empty() || self.rdns.len() != other.rdns.len() {
            return false;
        }
        self.rdns.iter().zip(&other.rdns).all(|(own, their)| {
            own.len() == their.len()
                && match (comparable(own), comparable(their)) {
                    (Some(own), Some(their)) => own == their,
                    _ => false,
                }
        })
    }

    /// Whether it has no attribute at all.
    pub const fn is_empty(&self) -> bool {
        self.rdns.is_empty()
    }

    /// Its attributes from the root of the tree down.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.rdns.iter().flatten()
    }

    /// From what x509-parser read.
    ///
    /// # Errors
    /// It is too large.
    pub(super) fn from_x509(name: &X509Name<'_>) -> Result<Self, NameError> {
        if name.as_raw().len() > MAX_BYTES {
            return Err(NameError::TooLong);
        }
        if name.iter_attributes().take(MAX_ATTRIBUTES + 1).count() > MAX_ATTRIBUTES {
            return Err(NameError::TooManyAttributes);
        }
        let rdns = name.iter_rdn().map(|rdn| {
            rdn.iter()
                .map(|one| Attribute::from_any(one.attr_type().as_bytes(), one.attr_value()))
                .collect::<Option<Vec<_>>>()
        });
        Ok(Self { rdns: rdns.collect::<Option<_>>().ok_or(NameError::NotDer)? })
    }
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, rdn) in self.rdns.iter().rev().enumerate() {
            f.write_str(if at == 0 { "" } else { "," })?;
            for (at, attribute) in rdn.iter().rev().enumerate() {
                f.write_str(if at == 0 { "" } else { "+" })?;
                attribute.fmt(f)?;
            }
        }
        Ok(())
    }
}

/// The attributes of one relative name in an order of our own, each prepared for comparison.
fn comparable(rdn: &[Attribute]) -> Option<Vec<(&str, Vec<u8>)>> {
    let mut all = rdn
        .iter()
        .map(|attribute| Some((attribute.oid(), attribute.comparable()?)))
        .collect::<Option<Vec<_>>>()?;
    all.sort_unstable();
    Some(all)
}
