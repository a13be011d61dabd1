//! How a provider's client certificate is obtained and renewed, in the words of the file: `[provider.NAME.enrollment]`. Where
//! certificate, id and secret come to rest stands in `[provider.NAME]`: an enrolment writes what a token request reads.

use super::{Given, Place, Span};
use chancela_core::x509::{ClientProfile, SubjectAttribute};
use serde::Deserialize;

/// How a provider's client certificate is obtained and renewed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EnrollmentConfig {
    /// Who we are before there is a certificate, where that is another client: then the certificate registers its own.
    pub client_id: Option<Given>,
    /// That one's secret.
    pub client_secret: Option<Place>,
    /// A token that the provider gave for the order, in the place of id and secret.
    pub token: Option<Place>,
    /// The token endpoint at which id and secret get a token for the order, where the dialect leaves a choice.
    pub endpoint: Option<String>,
    /// That endpoint's address, where it is neither the provider's nor the environment's.
    pub address: Option<String>,
    /// The address at which certificates are ordered, where it is none of these.
    pub certificate_address: Option<String>,
    /// Our organization at the provider, where the path of an order or a registration names it.
    pub organization: Option<Given>,
    /// What a certificate request says of us beside the `client_id`.
    pub subject: SubjectConfig,
    /// How long the certificate is to be good; the provider's usual life if absent.
    pub lifetime: Option<Span>,
    /// How long before its end it is renewed without anybody asking; never if absent.
    pub renew_before: Option<Span>,
}

/// What a certificate request says of us beside the `client_id`, which is its common name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SubjectConfig {
    /// `O`.
    pub organization: Option<String>,
    /// `OU`.
    pub organizational_unit: Option<String>,
    /// `L`.
    pub locality: Option<String>,
    /// `ST`.
    pub state_or_province: Option<String>,
    /// `C`.
    pub country: Option<String>,
}

impl SubjectConfig {
    /// The subject of a request of this client.
    pub fn of(&self, client_id: &str) -> ClientProfile {
        let further = [
            (SubjectAttribute::StateOrProvince, &self.state_or_province),
            (SubjectAttribute::Locality, &self.locality),
            (SubjectAttribute::OrganizationalUnit, &self.organizational_unit),
        ];
        let further = further.into_iter().filter_map(|(attribute, text)| Some((attribute, text.clone()?)));
        ClientProfile {
            common_name: client_id.to_owned(),
            organization: self.organization.clone(),
            country: self.country.clone(),
            attributes: further.collect(),
            ..ClientProfile::default()
        }
    }
}
