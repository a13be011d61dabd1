//! Distinguished names in the form in which certificates are written: made of texts, or taken over from a certificate of
//! ours so that what it signs names it byte for byte (RFC 5280 §4.1.2.4, §6.1.3).

use super::profile::{Form, ProfileError, Rule};
use rcgen::string::{BmpString, Ia5String, PrintableString};
use rcgen::{DistinguishedName, DnType, DnValue};
use x509_parser::der_parser::asn1_rs::Tag;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// A name of texts, in their order.
pub(super) fn from_texts<'a>(
    texts: impl Iterator<Item = (Rule, &'a str)>,
) -> Result<DistinguishedName, ProfileError> {
    let mut name = DistinguishedName::new();
    for (rule, text) in texts {
        let kind = DnType::CustomDnType(rule.oid.to_vec());
        if name.get(&kind).is_some() {
            return Err(ProfileError::Repeated(rule.name));
        }
        name.push(kind, value(rule, text)?);
    }
    Ok(name)
}

/// The name of a certificate. `None` if it has an attribute twice, several in one part, or one that is no string: such a
/// name could not be written back as it was.
pub(super) fn from_certificate(name: &X509Name<'_>) -> Option<DistinguishedName> {
    let mut out = DistinguishedName::new();
    for part in name.iter() {
        let mut attributes = part.iter();
        let (Some(attribute), None) = (attributes.next(), attributes.next()) else { return None };
        let kind = DnType::CustomDnType(attribute.attr_type().iter()?.collect());
        if out.get(&kind).is_some() {
            return None;
        }
        out.push(kind, value_of(attribute)?);
    }
    Some(out)
}

fn value(rule: Rule, text: &str) -> Result<DnValue, ProfileError> {
    if text.is_empty() {
        return Err(ProfileError::Empty(rule.name));
    }
    if text.chars().count() > rule.longest {
        return Err(ProfileError::TooLong { name: rule.name, longest: rule.longest });
    }
    // A name is shown in lists and logs: nothing in it may move the cursor, and white space around it would make two
    // names look the same.
    if text.chars().any(char::is_control) || text.trim() != text {
        return Err(ProfileError::Form(rule.name));
    }
    if rule.form == Form::Utf8 {
        return Ok(DnValue::Utf8String(text.to_owned()));
    }
    if rule.form == Form::Country && !(text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase())) {
        return Err(ProfileError::Form(rule.name));
    }
    let printable = PrintableString::try_from(text).map_err(|_| ProfileError::Form(rule.name))?;
    Ok(DnValue::PrintableString(printable))
}

fn value_of(attribute: &AttributeTypeAndValue<'_>) -> Option<DnValue> {
    let value = attribute.attr_value();
    let text = || std::str::from_utf8(value.data).ok();
    Some(match value.tag() {
        Tag::Utf8String => DnValue::Utf8String(text()?.to_owned()),
        Tag::PrintableString => DnValue::PrintableString(PrintableString::try_from(text()?).ok()?),
        Tag::Ia5String => DnValue::Ia5String(Ia5String::try_from(text()?).ok()?),
        Tag::BmpString => DnValue::BmpString(BmpString::from_utf16be(value.data.to_vec()).ok()?),
        _ => return None,
    })
}
