//! A certificate authority: a key and the chain of certificates that speaks for it. Owns what the certificates of
//! authorities say (RFC 5280 §4.2; requirement I-13); what they say of clients is [`ClientProfile`]'s.
//!
//! An intermediate is constrained to client authentication by its extended key usage, so that whoever holds its key still
//! cannot be believed as a web server. Nothing more stands there: an OCSP answer signed by the authority itself needs no
//! `OCSPSigning` (RFC 6960 §4.2.2.2), only the key usage `digitalSignature`.
//!
//! [`ClientProfile`]: super::ClientProfile

use super::authority_key::AuthorityKey;
use super::distinguished_name;
use super::extension::{Locations, Validity};
use super::installed::{self, InstallError};
use super::profile::{COMMON_NAME, COUNTRY, ORGANIZATION, ProfileError};
use crate::id::CertificateSerial;
use crate::time::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyUsagePurpose, SerialNumber,
};

/// Name of an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthorityName<'a> {
    /// `CN`.
    pub common_name: &'a str,
    /// `O`.
    pub organization: Option<&'a str>,
    /// `C`, two capital letters of ISO 3166.
    pub country: Option<&'a str>,
}

/// Why an authority signed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The name or profile cannot stand in a certificate.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// What was made could not be read back as a certificate of this authority.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The validity is empty, before 1970, after 9999, or outside the authority's own.
    #[error("the validity is empty or outside the authority's own; issue the authority a new certificate")]
    Validity,
    /// The public key is none that a client may have.
    #[error(
        "the public key is not RSA, P-256, P-384 or Ed25519 in the encoding of RFC 5480, RFC 3279 or RFC 8410"
    )]
    PublicKey,
    /// It is the authority's own.
    #[error("the public key is the authority's own")]
    OwnKey,
    /// A location is not a URL that can stand in a certificate.
    #[error("a location is not an http URL of ASCII characters; correct the issuer's address")]
    Location,
    /// The list's next update is not after this one.
    #[error("the next update of a revocation list is not after this one")]
    Update,
    /// The primitive failed.
    #[error("signing failed")]
    Signing,
}

/// A certificate authority.
#[derive(Debug)]
pub struct Authority {
    pub(super) key: AuthorityKey,
    chain: Vec<Vec<u8>>,
    pub(super) locations: Locations,
    pub(super) name: DistinguishedName,
    /// The name as it stands in its certificate, which OCSP requests hash.
    pub(super) raw_name: Vec<u8>,
    /// The subject key identifier of its certificate, which another authority may have chosen.
    pub(super) key_identifier: Vec<u8>,
    pub(super) validity: Validity,
}

impl Authority {
    /// An authority from what was stored: its key and its chain, own certificate first. Only what signing needs is
    /// checked; [`Self::install`] checks the rest, once, when a chain arrives.
    ///
    /// # Errors
    /// [`InstallError`] if the first certificate cannot be read or is of another key.
    pub fn new(key: AuthorityKey, chain: Vec<Vec<u8>>, locations: Locations) -> Result<Self, InstallError> {
        let own = installed::own_certificate(&chain, &key)?;
        Ok(Self {
            key,
            chain,
            locations,
            name: own.0,
            raw_name: own.1,
            key_identifier: own.2,
            validity: own.3,
        })
    }

    /// An authority whose chain an external root signed (see [`super::check_installed`]).
    ///
    /// # Errors
    /// [`InstallError`] names what is wrong with the chain.
    pub fn install(
        key: AuthorityKey,
        chain: Vec<Vec<u8>>,
        locations: Locations,
        now: Timestamp,
    ) -> Result<Self, InstallError> {
        installed::check_installed(&chain, &key, now)?;
        Self::new(key, chain, locations)
    }

    /// A root: self-signed, with one level of authorities below it.
    ///
    /// # Errors
    /// [`AuthorityError`] if name or validity cannot stand in a certificate.
    pub fn root(
        key: AuthorityKey,
        name: &AuthorityName<'_>,
        serial: CertificateSerial,
        validity: Validity,
    ) -> Result<Self, AuthorityError> {
        let mut params = name.params(&key, 1)?;
        validity.write(&mut params)?;
        params.serial_number = Some(SerialNumber::from_slice(&serial.0));
        params.use_authority_key_identifier_extension = true;
        let der = params.self_signed(&key).map_err(|_| AuthorityError::Signing)?.der().to_vec();
        Ok(Self::new(key, vec![der], Locations::default())?)
    }

    /// An intermediate that this root signs: it may sign certificates of clients, revocation lists and OCSP answers, and
    /// no other authority. Its validity ends with the root's at the latest.
    ///
    /// # Errors
    /// [`AuthorityError`] if name or validity cannot stand in a certificate.
    pub fn intermediate(
        &self,
        key: AuthorityKey,
        name: &AuthorityName<'_>,
        serial: CertificateSerial,
        validity: Validity,
    ) -> Result<Self, AuthorityError> {
        if key.public_key() == self.key.public_key() {
            return Err(AuthorityError::OwnKey);
        }
        let mut params = name.params(&key, 0)?;
        params.key_usages.push(KeyUsagePurpose::DigitalSignature);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        validity.within(self.validity)?.write(&mut params)?;
        params.serial_number = Some(SerialNumber::from_slice(&serial.0));
        params.use_authority_key_identifier_extension = true;
        self.locations.write(&mut params)?;
        let der = params.signed_by(&key, &self.issuer()).map_err(|_| AuthorityError::Signing)?.der().to_vec();
        let chain = std::iter::once(der).chain(self.chain.iter().cloned()).collect();
        Ok(Self::new(key, chain, Locations::default())?)
    }

    /// Its key.
    pub const fn key(&self) -> &AuthorityKey {
        &self.key
    }

    /// DER of its chain, own certificate first.
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// The validity of its own certificate.
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// Itself as rcgen knows an issuer.
    pub(super) fn issuer(&self) -> Issuer<'_, &AuthorityKey> {
        let mut params = CertificateParams::default();
        params.distinguished_name = self.name.clone();
        params.key_identifier_method = KeyIdMethod::PreSpecified(self.key_identifier.clone());
        Issuer::new(params, &self.key)
    }
}

impl AuthorityName<'_> {
    /// What the certificate of every authority says: its name, its key, how many levels stand below it.
    fn params(&self, key: &AuthorityKey, levels_below: u8) -> Result<CertificateParams, ProfileError> {
        let texts = [(COUNTRY, self.country), (ORGANIZATION, self.organization)];
        let texts = texts.into_iter().filter_map(|(rule, text)| Some((rule, text?)));
        let mut params = CertificateParams::default();
        params.distinguished_name =
            distinguished_name::from_texts(texts.chain([(COMMON_NAME, self.common_name)]))?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(levels_below));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.key_identifier_method = KeyIdMethod::PreSpecified(key.key_identifier());
        Ok(params)
    }

    /// The request (PKCS #10, RFC 2986) with which an external root is asked for an intermediate's certificate, as PEM.
    ///
    /// # Errors
    /// [`AuthorityError`] if the name cannot stand in a certificate.
    pub fn certificate_signing_request(&self, key: &AuthorityKey) -> Result<String, AuthorityError> {
        let mut params = self.params(key, 0)?;
        params.key_usages.push(KeyUsagePurpose::DigitalSignature);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let request = params.serialize_request(key).map_err(|_| AuthorityError::Signing)?;
        request.pem().map_err(|_| AuthorityError::Signing)
    }
}
