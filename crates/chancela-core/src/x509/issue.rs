//! Issuing certificates of clients (RFC 5280 §4.2; requirement I-09).

use super::authority::{Authority, AuthorityError};
use super::authority_key::key_identifier;
use super::extension::Validity;
use super::profile::ClientProfile;
use crate::id::CertificateSerial;
use rcgen::{
    CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData, SerialNumber, SignatureAlgorithm,
};
use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo, X509Certificate};

/// A client's public key as rcgen takes it.
struct ClientPublicKey {
    bits: Vec<u8>,
    algorithm: &'static SignatureAlgorithm,
}

impl Authority {
    /// The certificate of a client: DER. Everything in it is ours but the public key, `public_key` (DER of a
    /// `SubjectPublicKeyInfo`); its validity is cut to the authority's own. The strength of the key is not asked here.
    ///
    /// # Errors
    /// [`AuthorityError`] if the profile breaks a rule, the key is of no kind that clients may have or the authority's
    /// own, or nothing is left of the validity.
    pub fn issue(
        &self,
        profile: &ClientProfile,
        public_key: &[u8],
        serial: CertificateSerial,
        validity: Validity,
    ) -> Result<Vec<u8>, AuthorityError> {
        if public_key == self.key.public_key() {
            return Err(AuthorityError::OwnKey);
        }
        let key = ClientPublicKey::parse(public_key).ok_or(AuthorityError::PublicKey)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = profile.subject()?;
        params.subject_alt_names = profile.alternative_names()?;
        params.serial_number = Some(SerialNumber::from_slice(&serial.0));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if key.algorithm == &PKCS_RSA_SHA256 {
            params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.key_identifier_method = KeyIdMethod::PreSpecified(key_identifier(&key.bits));
        params.use_authority_key_identifier_extension = true;
        validity.within(self.validity)?.write(&mut params)?;
        self.locations.write(&mut params)?;
        let issued = params.signed_by(&key, &self.issuer()).map_err(|_| AuthorityError::Signing)?;
        self.check_named(issued.der())?;
        Ok(issued.der().to_vec())
    }

    /// A certificate whose issuer is not our subject byte for byte would be believed by nobody; it must not leave.
    fn check_named(&self, der: &[u8]) -> Result<(), AuthorityError> {
        match X509Certificate::from_der(der) {
            Ok((_, issued)) if issued.issuer().as_raw() == self.raw_name => Ok(()),
            _ => Err(AuthorityError::Signing),
        }
    }
}

impl ClientPublicKey {
    fn parse(spki: &[u8]) -> Option<Self> {
        let (_, parsed) = SubjectPublicKeyInfo::from_der(spki).ok()?;
        let bits = parsed.subject_public_key.data.to_vec();
        let known = [&PKCS_RSA_SHA256, &PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519];
        // The one whose encoding gives back what came in: parameters, unused bits and what follows are then right too.
        let candidates = known.into_iter().map(|algorithm| Self { bits: bits.clone(), algorithm });
        candidates.into_iter().find(|key| key.subject_public_key_info() == spki)
    }
}

impl PublicKeyData for ClientPublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.bits
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}
