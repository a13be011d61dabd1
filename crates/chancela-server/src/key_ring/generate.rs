//! New private keys.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use chancela_core::jose::{JwsAlgorithm, JwsError};
use zeroize::Zeroizing;

/// A new key in PKCS#8. RSA has 2048 bits: twice the speed of 3072 at the strength that FAPI asks for, and it lives
/// 90 days.
///
/// # Errors
/// [`JwsError::Key`] if the primitive fails.
pub fn generate_pkcs8(algorithm: JwsAlgorithm) -> Result<Zeroizing<Vec<u8>>, JwsError> {
    let failed = JwsError::Key(algorithm.as_str());
    let der = match algorithm {
        JwsAlgorithm::Rs256 | JwsAlgorithm::Ps256 => {
            let key = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| failed)?;
            key.as_der().map_err(|_| failed)?.as_ref().to_vec()
        }
        JwsAlgorithm::Es256 => {
            let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| failed)?;
            key.to_pkcs8v1().map_err(|_| failed)?.as_ref().to_vec()
        }
        JwsAlgorithm::EdDsa | JwsAlgorithm::Ed25519 => {
            let key = Ed25519KeyPair::generate().map_err(|_| failed)?;
            key.to_pkcs8().map_err(|_| failed)?.as_ref().to_vec()
        }
    };
    Ok(Zeroizing::new(der))
}
