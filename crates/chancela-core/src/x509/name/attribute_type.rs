//! Types of attributes: object identifiers and their short names (RFC 4514 §3, RFC 4519, RFC 5280 appendix A.1, and the
//! names that OpenSSL and Open Finance Brasil use).

/// Object identifier, the name that OpenSSL prints, and the other names that are understood.
const TYPES: &[(&str, &str, &[&str])] = &[
    ("2.5.4.3", "CN", &["commonName"]),
    ("2.5.4.4", "SN", &["surname"]),
    ("2.5.4.5", "serialNumber", &[]),
    ("2.5.4.6", "C", &["countryName"]),
    ("2.5.4.7", "L", &["localityName"]),
    ("2.5.4.8", "ST", &["S", "stateOrProvinceName"]),
    ("2.5.4.9", "street", &["streetAddress"]),
    ("2.5.4.10", "O", &["organizationName"]),
    ("2.5.4.11", "OU", &["organizationalUnitName", "organizationUnitName"]),
    ("2.5.4.12", "title", &["T"]),
    ("2.5.4.13", "description", &[]),
    ("2.5.4.15", "businessCategory", &[]),
    ("2.5.4.16", "postalAddress", &[]),
    ("2.5.4.17", "postalCode", &[]),
    ("2.5.4.18", "postOfficeBox", &[]),
    ("2.5.4.20", "telephoneNumber", &[]),
    ("2.5.4.41", "name", &[]),
    ("2.5.4.42", "GN", &["givenName", "G"]),
    ("2.5.4.43", "initials", &[]),
    ("2.5.4.44", "generationQualifier", &[]),
    ("2.5.4.45", "x500UniqueIdentifier", &[]),
    ("2.5.4.46", "dnQualifier", &[]),
    ("2.5.4.65", "pseudonym", &[]),
    ("2.5.4.97", "organizationIdentifier", &[]),
    ("0.9.2342.19200300.100.1.1", "UID", &["userId"]),
    ("0.9.2342.19200300.100.1.25", "DC", &["domainComponent"]),
    ("1.2.840.113549.1.9.1", "emailAddress", &["E", "email"]),
    ("1.2.840.113549.1.9.2", "unstructuredName", &[]),
    ("1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL", &["jurisdictionLocalityName"]),
    ("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST", &["jurisdictionStateOrProvinceName"]),
    ("1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC", &["jurisdictionCountryName"]),
];

/// The short name to print, if there is one.
pub(super) fn name(oid: &str) -> Option<&'static str> {
    TYPES.iter().find(|(known, ..)| *known == oid).map(|(_, name, _)| *name)
}

/// The object identifier of what somebody wrote: a short name in any case, or a dotted object identifier, which may
/// have the `OID.` of RFC 1779 before it.
pub(super) fn parse(text: &str) -> Option<Box<str>> {
    let known = TYPES.iter().find(|(_, name, others)| {
        name.eq_ignore_ascii_case(text) || others.iter().any(|other| other.eq_ignore_ascii_case(text))
    });
    if let Some((oid, ..)) = known {
        return Some((*oid).into());
    }
    let dotted = match text.split_at_checked(4) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("oid.") => rest,
        _ => text,
    };
    is_dotted(dotted).then(|| dotted.into())
}

/// The dotted form of the content of a DER object identifier (X.690 §8.19); none if an arc has more than 64 bits.
pub(super) fn dotted(content: &[u8]) -> Option<Box<str>> {
    if content.last()? & 0x80 != 0 {
        return None;
    }
    let mut out = String::new();
    let mut arc = 0u64;
    for byte in content {
        arc = arc.checked_mul(128)? | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        if out.is_empty() {
            let first = (arc / 40).min(2);
            out = format!("{first}.{}", arc - first * 40);
        } else {
            out.push('.');
            out.push_str(&arc.to_string());
        }
        arc = 0;
    }
    Some(out.into())
}

/// Whether this is a dotted object identifier in its one form: no leading zeros, and arcs that [`dotted`] can give.
fn is_dotted(text: &str) -> bool {
    let arcs: Option<Vec<u64>> = text
        .split('.')
        .map(|arc| {
            let canonical = arc.bytes().all(|b| b.is_ascii_digit()) && (arc == "0" || !arc.starts_with('0'));
            if canonical { arc.parse().ok() } else { None }
        })
        .collect();
    match arcs.as_deref() {
        Some([0 | 1, second, ..]) => *second < 40,
        Some([2, second, ..]) => *second <= u64::MAX - 80,
        _ => false,
    }
}
