//! Writing a certification request (RFC 2986): a client's half of [`request`](super::request). It says the subject that the
//! provider documents, and proves that we have the key.

use super::pem::encode_pem;
use super::profile::{ClientProfile, ProfileError};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA512,
};
use rcgen::{
    CertificateParams, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, PKCS_RSA_SHA512,
    PublicKeyData, SignatureAlgorithm, SigningKey,
};
use serde::{Deserialize, Serialize};

/// With which hash an RSA key signs a request; an elliptic curve has the hash of its strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum RequestSignature {
    /// SHA-256.
    #[default]
    #[serde(rename = "SHA-256")]
    Sha256,
    /// SHA-512.
    #[serde(rename = "SHA-512")]
    Sha512,
}

/// Why a request cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeRequestError {
    /// The subject.
    #[error(transparent)]
    Subject(#[from] ProfileError),
    /// The key is neither RSA nor on P-256 or P-384.
    #[error("the key cannot sign a certificate request; make one of RSA, P-256 or P-384")]
    Key,
    /// The primitive failed.
    #[error("the certificate request could not be signed")]
    Signature,
}

/// PEM of a request for a certificate of the PKCS #8 key `pkcs8` with the subject of `subject`; its alternative names are not
/// asked for.
///
/// # Errors
/// [`EncodeRequestError`].
pub fn encode_request(
    pkcs8: &[u8],
    subject: &ClientProfile,
    signature: RequestSignature,
) -> Result<String, EncodeRequestError> {
    let key = RequestKey::read(pkcs8, signature).ok_or(EncodeRequestError::Key)?;
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = subject.subject()?;
    let request = parameters.serialize_request(&key).map_err(|_| EncodeRequestError::Signature)?;
    Ok(encode_pem("CERTIFICATE REQUEST", request.der()))
}

/// The key whose certificate is asked for. The library's own type would keep a copy of it that nobody wipes.
enum RequestKey {
    Rsa(RsaKeyPair, RequestSignature),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
}

impl RequestKey {
    fn read(pkcs8: &[u8], signature: RequestSignature) -> Option<Self> {
        if let Ok(key) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8) {
            return Some(Self::P256(key));
        }
        if let Ok(key) = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, pkcs8) {
            return Some(Self::P384(key));
        }
        RsaKeyPair::from_pkcs8(pkcs8).ok().map(|key| Self::Rsa(key, signature))
    }
}

impl PublicKeyData for RequestKey {
    fn der_bytes(&self) -> &[u8] {
        match self {
            Self::Rsa(key, _) => key.public_key().as_ref(),
            Self::P256(key) | Self::P384(key) => key.public_key().as_ref(),
        }
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self {
            Self::Rsa(_, RequestSignature::Sha256) => &PKCS_RSA_SHA256,
            Self::Rsa(_, RequestSignature::Sha512) => &PKCS_RSA_SHA512,
            Self::P256(_) => &PKCS_ECDSA_P256_SHA256,
            Self::P384(_) => &PKCS_ECDSA_P384_SHA384,
        }
    }
}

impl SigningKey for RequestKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let failed = |_| rcgen::Error::RemoteKeyError;
        // The generator is not asked: the library signs with its own random numbers.
        let random = SystemRandom::new();
        match self {
            Self::P256(key) | Self::P384(key) => {
                Ok(key.sign(&random, message).map_err(failed)?.as_ref().to_vec())
            }
            Self::Rsa(key, hash) => {
                let encoding = match hash {
                    RequestSignature::Sha256 => &RSA_PKCS1_SHA256,
                    RequestSignature::Sha512 => &RSA_PKCS1_SHA512,
                };
                let mut out = vec![0; key.public_modulus_len()];
                key.sign(encoding, &random, message, &mut out).map_err(failed)?;
                Ok(out)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::{CertificateRequest, KeyPairKind, SubjectAttribute, generate_key, public_key_of};
    use x509_parser::certification_request::X509CertificationRequest;
    use x509_parser::prelude::FromDer;

    fn subject() -> ClientProfile {
        ClientProfile {
            common_name: "0a1b2c3d-0000-4000-8000-000000000001".into(),
            organization: Some("Padaria São João".into()),
            country: Some("BR".into()),
            attributes: vec![
                (SubjectAttribute::OrganizationalUnit, "padaria.example".into()),
                (SubjectAttribute::Locality, "São Paulo".into()),
                (SubjectAttribute::StateOrProvince, "SP".into()),
            ],
            ..ClientProfile::default()
        }
    }

    #[test]
    fn the_servers_half_reads_what_the_clients_half_writes() {
        for kind in [KeyPairKind::Rsa2048, KeyPairKind::P256, KeyPairKind::P384] {
            let key = generate_key(kind).unwrap();
            for hash in [RequestSignature::Sha256, RequestSignature::Sha512] {
                let pem = encode_request(&key, &subject(), hash).unwrap();
                let read = CertificateRequest::parse(pem.as_bytes()).unwrap();
                assert_eq!(read.public_key().der(), public_key_of(&key).unwrap(), "{kind:?} {hash:?}");
            }
        }
    }

    #[test]
    fn the_subject_and_the_hash_are_those_that_were_asked_for() {
        let key = generate_key(KeyPairKind::Rsa2048).unwrap();
        let pem = encode_request(&key, &subject(), RequestSignature::Sha512).unwrap();
        let der = crate::x509::decode_pem("CERTIFICATE REQUEST", &pem).unwrap();
        let (_, read) = X509CertificationRequest::from_der(&der).unwrap();
        assert_eq!(read.signature_algorithm.algorithm.to_id_string(), "1.2.840.113549.1.1.13");
        let name = read.certification_request_info.subject.to_string();
        for part in
            ["CN=0a1b2c3d-0000", "OU=padaria.example", "O=Padaria São João", "L=São Paulo", "ST=SP", "C=BR"]
        {
            assert!(name.contains(part), "{part}: {name}");
        }
    }

    #[test]
    fn what_a_name_cannot_say_and_what_cannot_sign_is_refused() {
        let key = generate_key(KeyPairKind::P256).unwrap();
        let wrong = ClientProfile { country: Some("Brasil".into()), ..subject() };
        assert!(matches!(
            encode_request(&key, &wrong, RequestSignature::Sha256),
            Err(EncodeRequestError::Subject(_))
        ));
        assert_eq!(
            encode_request(b"no key", &subject(), RequestSignature::Sha256),
            Err(EncodeRequestError::Key)
        );
    }
}
