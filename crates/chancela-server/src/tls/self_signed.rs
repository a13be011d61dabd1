//! Certificates for trying things out: an authority that signs one server's certificate and then forgets its key, so that
//! trusting it trusts nothing else (RFC 5280).

use chancela_core::time::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls::pki_types::ServerName;
use std::time::Duration;
use zeroize::Zeroizing;

/// Longest validity in days: what Mozilla recommends at most for a server's certificate.
pub const MAX_DAYS: u16 = 365;
/// Names that every certificate has.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// How long before its making a certificate is valid, for clocks that are behind.
const BEFORE: Duration = Duration::from_secs(3600);

/// A server's certificate and the authority that signed it.
pub struct SelfSigned {
    /// The authority's certificate in PEM; clients trust it.
    pub ca_pem: String,
    /// The server's certificate chain in PEM.
    pub chain_pem: String,
    /// The server's private key in PEM.
    pub key_pem: Zeroizing<String>,
}

/// Why no certificate can be made; the text ends with what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelfSignedError {
    /// Not a name or an address.
    #[error("{0:?} is neither a host name nor an IP address; write login.example.com or 192.0.2.1")]
    Host(String),
    /// Too short or too long.
    #[error("{0} days are not possible; choose 1 to {MAX_DAYS}")]
    Days(u16),
    /// The library failed.
    #[error("making the certificate failed ({0}); try again")]
    Making(String),
}

impl From<rcgen::Error> for SelfSignedError {
    fn from(error: rcgen::Error) -> Self {
        Self::Making(error.to_string())
    }
}

/// Makes a P-256 certificate for this machine's own names and for `hosts` (names or addresses), valid for `days` from
/// `now`.
///
/// # Errors
/// [`SelfSignedError`].
pub fn make(hosts: &[String], days: u16, now: Timestamp) -> Result<SelfSigned, SelfSignedError> {
    Ok(Making::begin(hosts, days, now)?.made()?)
}

/// The same, and the chain in PEM of a certificate of the same authority and key that expired the day before `now`: to see
/// what clients make of one.
///
/// # Errors
/// [`SelfSignedError`].
pub fn make_with_expired(
    hosts: &[String],
    days: u16,
    now: Timestamp,
) -> Result<(SelfSigned, String), SelfSignedError> {
    let making = Making::begin(hosts, days, now)?;
    let expired = making.server(1, now.plus_seconds(-2 * 24 * 3600))?;
    Ok((making.made()?, expired))
}

/// An authority that still has its key, and the server's key.
struct Making<'a> {
    hosts: &'a [String],
    days: u16,
    now: Timestamp,
    ca_pem: String,
    issuer: Issuer<'static, KeyPair>,
    key: KeyPair,
}

impl<'a> Making<'a> {
    fn begin(hosts: &'a [String], days: u16, now: Timestamp) -> Result<Self, SelfSignedError> {
        if days == 0 || days > MAX_DAYS {
            return Err(SelfSignedError::Days(days));
        }
        if let Some(wrong) = hosts.iter().find(|host| ServerName::try_from(host.as_str()).is_err()) {
            return Err(SelfSignedError::Host(wrong.clone()));
        }
        let mut authority = parameters(Vec::new(), "Chancela test authority", days, now)?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let ca_pem = authority.self_signed(&authority_key)?.pem();
        let issuer = Issuer::new(authority, authority_key);
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        Ok(Self { hosts, days, now, ca_pem, issuer, key })
    }

    /// The server's certificate in PEM, valid for `days` from `now`.
    fn server(&self, days: u16, now: Timestamp) -> Result<String, rcgen::Error> {
        let mut names: Vec<String> = LOCAL.map(str::to_owned).into();
        names.extend(self.hosts.iter().filter(|host| !LOCAL.contains(&host.as_str())).cloned());
        let mut server = parameters(names, "Chancela test server", days, now)?;
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.use_authority_key_identifier_extension = true;
        Ok(server.signed_by(&self.key, &self.issuer)?.pem())
    }

    fn made(self) -> Result<SelfSigned, rcgen::Error> {
        let chain_pem = self.server(self.days, self.now)?;
        Ok(SelfSigned { ca_pem: self.ca_pem, chain_pem, key_pem: Zeroizing::new(self.key.serialize_pem()) })
    }
}

fn parameters(
    names: Vec<String>,
    title: &str,
    days: u16,
    now: Timestamp,
) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(names)?;
    let now = Duration::from_secs(u64::try_from(now.seconds()).unwrap_or_default());
    let begin = rcgen::date_time_ymd(1970, 1, 1) + now.saturating_sub(BEFORE);
    parameters.not_before = begin;
    parameters.not_after = begin + Duration::from_secs(u64::from(days) * 24 * 3600);
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, title);
    Ok(parameters)
}

impl std::fmt::Debug for SelfSigned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SelfSigned").field("ca_pem", &self.ca_pem).finish_non_exhaustive()
    }
}
