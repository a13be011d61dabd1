//! What a client certificate says of its holder: subject and alternative names from our record of the client, never from
//! a request (requirement I-10), and the rules that they obey (RFC 5280 §4.1.2.4, §4.2.1.6 and appendix A).

use super::distinguished_name;
use rcgen::string::Ia5String;
use rcgen::{DistinguishedName, SanType};
use serde::{Deserialize, Serialize};

/// Most alternative names in one certificate.
const MAX_ALTERNATIVE_NAMES: usize = 16;
/// Longest alternative name, in bytes: a domain name has no more, and headers that carry certificates are small.
const MAX_ALTERNATIVE_NAME_BYTES: usize = 253;

/// What a client certificate says of its holder.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientProfile {
    /// `CN`.
    pub common_name: String,
    /// `O`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// `C`, two capital letters of ISO 3166.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Further attributes in their order, each kind once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(SubjectAttribute, String)>,
    /// URIs, such as `urn:` of the client's id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alt_uris: Vec<String>,
    /// Domain names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alt_dns: Vec<String>,
    /// Mail addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alt_emails: Vec<String>,
}

/// A further attribute of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectAttribute {
    /// `OU`.
    OrganizationalUnit,
    /// `L`.
    Locality,
    /// `ST`.
    StateOrProvince,
    /// `serialNumber`: the number of the holder in a register, not of the certificate.
    SerialNumber,
    /// `organizationIdentifier` (ITU-T X.520).
    OrganizationIdentifier,
    /// `businessCategory` (RFC 4519 §2.1).
    BusinessCategory,
    /// `jurisdictionCountryName` (CA/Browser Forum EV guidelines §9.2.4).
    JurisdictionCountry,
    /// `UID` (RFC 4519 §2.39).
    UserId,
}

/// How an attribute is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// Its name in errors.
    pub(super) name: &'static str,
    pub(super) oid: &'static [u64],
    /// Most characters.
    pub(super) longest: usize,
    pub(super) form: Form,
}

/// The string type of an attribute's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// UTF8String.
    Utf8,
    /// PrintableString, which the attribute's definition demands.
    Printable,
    /// PrintableString of two capital letters.
    Country,
}

pub(super) const COMMON_NAME: Rule = Rule::new("common_name", &[2, 5, 4, 3], 64, Form::Utf8);
pub(super) const ORGANIZATION: Rule = Rule::new("organization", &[2, 5, 4, 10], 64, Form::Utf8);
pub(super) const COUNTRY: Rule = Rule::new("country", &[2, 5, 4, 6], 2, Form::Country);

impl Rule {
    const fn new(name: &'static str, oid: &'static [u64], longest: usize, form: Form) -> Self {
        Self { name, oid, longest, form }
    }
}

impl SubjectAttribute {
    const fn rule(self) -> Rule {
        use Form::{Country, Printable, Utf8};
        match self {
            Self::OrganizationalUnit => Rule::new("organizational_unit", &[2, 5, 4, 11], 64, Utf8),
            Self::Locality => Rule::new("locality", &[2, 5, 4, 7], 128, Utf8),
            Self::StateOrProvince => Rule::new("state_or_province", &[2, 5, 4, 8], 128, Utf8),
            Self::SerialNumber => Rule::new("serial_number", &[2, 5, 4, 5], 64, Printable),
            Self::OrganizationIdentifier => Rule::new("organization_identifier", &[2, 5, 4, 97], 256, Utf8),
            Self::BusinessCategory => Rule::new("business_category", &[2, 5, 4, 15], 128, Utf8),
            Self::JurisdictionCountry => {
                Rule::new("jurisdiction_country", &[1, 3, 6, 1, 4, 1, 311, 60, 2, 1, 3], 2, Country)
            }
            Self::UserId => Rule::new("user_id", &[0, 9, 2342, 19_200_300, 100, 1, 1], 256, Utf8),
        }
    }
}

/// What a certificate cannot say. The text is the operator's own and is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// A value is empty.
    #[error("{0} is empty; give it a value or leave it out")]
    Empty(&'static str),
    /// A value is longer than its definition allows.
    #[error("{name} is longer than {longest} characters; shorten it")]
    TooLong {
        /// Which one.
        name: &'static str,
        /// Most characters that it may have.
        longest: usize,
    },
    /// A value has a character that its definition does not allow.
    #[error("{0} has a character or a form that RFC 5280 does not allow there; correct it")]
    Form(&'static str),
    /// An attribute stands twice.
    #[error("{0} stands twice in the subject; keep one")]
    Repeated(&'static str),
    /// The certificate would have no alternative name.
    #[error("the certificate has no alternative name; give it a URI, a domain name or a mail address")]
    NoAlternativeName,
    /// It would have too many.
    #[error("the certificate has more than {MAX_ALTERNATIVE_NAMES} alternative names; remove some")]
    TooManyAlternativeNames,
}

impl ClientProfile {
    /// Whether a certificate can say this.
    ///
    /// # Errors
    /// [`ProfileError`] names the first rule that is broken.
    pub fn check(&self) -> Result<(), ProfileError> {
        self.subject()?;
        self.alternative_names().map(|_| ())
    }

    /// The subject.
    pub(super) fn subject(&self) -> Result<DistinguishedName, ProfileError> {
        let country = self.country.iter().map(|text| (COUNTRY, text));
        let organization = self.organization.iter().map(|text| (ORGANIZATION, text));
        let further = self.attributes.iter().map(|(attribute, text)| (attribute.rule(), text));
        let all = country.chain(organization).chain(further).chain([(COMMON_NAME, &self.common_name)]);
        distinguished_name::from_texts(all.map(|(rule, text)| (rule, text.as_str())))
    }

    /// The alternative names.
    pub(super) fn alternative_names(&self) -> Result<Vec<SanType>, ProfileError> {
        let mut names = Vec::new();
        for uri in &self.alt_uris {
            names.push(SanType::URI(ia5("alt_uris", uri, is_uri)?));
        }
        for dns in &self.alt_dns {
            names.push(SanType::DnsName(ia5("alt_dns", dns, is_domain)?));
        }
        for email in &self.alt_emails {
            names.push(SanType::Rfc822Name(ia5("alt_emails", email, is_email)?));
        }
        if names.is_empty() {
            return Err(ProfileError::NoAlternativeName);
        }
        if names.len() > MAX_ALTERNATIVE_NAMES {
            return Err(ProfileError::TooManyAlternativeNames);
        }
        Ok(names)
    }
}

fn ia5(name: &'static str, text: &str, is_good: fn(&str) -> bool) -> Result<Ia5String, ProfileError> {
    if text.is_empty() {
        return Err(ProfileError::Empty(name));
    }
    if text.len() > MAX_ALTERNATIVE_NAME_BYTES {
        return Err(ProfileError::TooLong { name, longest: MAX_ALTERNATIVE_NAME_BYTES });
    }
    if !text.bytes().all(|b| b.is_ascii_graphic()) || !is_good(text) {
        return Err(ProfileError::Form(name));
    }
    Ia5String::try_from(text).map_err(|_| ProfileError::Form(name))
}

/// An absolute URI (RFC 3986 §3.1), as RFC 5280 §4.2.1.6 demands.
fn is_uri(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        !rest.is_empty()
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    })
}

/// A domain name of labels (RFC 1034 §3.5); no wildcard, because it names one client.
fn is_domain(text: &str) -> bool {
    text.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    })
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && is_domain(domain))
}
