//! Encrypted private keys: `EncryptedPrivateKeyInfo` (RFC 5958 §3) as PEM.

use super::der::{Reader, tag};
use super::pbes2::{self, EncryptionError};
use super::pem::{decode_pem, encode_pem};
use crate::entropy::Entropy;
use zeroize::Zeroizing;

const LABEL: &str = "ENCRYPTED PRIVATE KEY";
/// Largest file that is looked at, in bytes: a key of RSA 4096 has a twentieth.
const MAX_BYTES: usize = 64 * 1024;

/// A PKCS #8 private key encrypted under a passphrase: PEM `ENCRYPTED PRIVATE KEY`, PBES2 with PBKDF2-HMAC-SHA-256 and
/// AES-256-CBC. It takes tens of milliseconds on purpose.
///
/// # Errors
/// [`EncryptionError`] if there are no random numbers or a primitive fails.
pub fn encrypt_private_key(
    pkcs8: &[u8],
    passphrase: &str,
    entropy: &dyn Entropy,
) -> Result<String, EncryptionError> {
    let encrypted = pbes2::encrypt(pkcs8, passphrase.as_bytes(), entropy)?;
    let der = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            encrypted.write_algorithm(writer.next());
            writer.next().write_bytes(&encrypted.ciphertext);
        });
    });
    Ok(encode_pem(LABEL, &der))
}

/// The PKCS #8 private key in a PEM `ENCRYPTED PRIVATE KEY`.
///
/// # Errors
/// [`EncryptionError`] says whether the file or the passphrase is wrong.
pub fn decrypt_private_key(pem: &str, passphrase: &str) -> Result<Zeroizing<Vec<u8>>, EncryptionError> {
    if pem.len() > MAX_BYTES {
        return Err(EncryptionError::Malformed);
    }
    let der = decode_pem(LABEL, pem).ok_or(EncryptionError::Malformed)?;
    open(&der, passphrase)
}

/// Decrypts DER of an `EncryptedPrivateKeyInfo`.
pub(super) fn open(der: &[u8], passphrase: &str) -> Result<Zeroizing<Vec<u8>>, EncryptionError> {
    let mut outer = Reader::new(der);
    let parts = outer.inside(tag::SEQUENCE).and_then(|mut info| {
        let algorithm = info.algorithm()?;
        let ciphertext = info.value(tag::OCTET_STRING)?;
        info.end().map(|()| (algorithm, ciphertext))
    });
    let (algorithm, ciphertext) = parts.ok_or(EncryptionError::Malformed)?;
    let pkcs8 = pbes2::decrypt(algorithm, ciphertext, passphrase.as_bytes())?;
    // Of 256 wrong passphrases one leaves bytes that look padded.
    if is_private_key(&pkcs8) { Ok(pkcs8) } else { Err(EncryptionError::WrongPassword) }
}

/// Whether these bytes have the form of a `PrivateKeyInfo`.
fn is_private_key(der: &[u8]) -> bool {
    let mut outer = Reader::new(der);
    let info = outer.inside(tag::SEQUENCE).and_then(|mut info| {
        info.u32()?;
        info.algorithm()?;
        info.value(tag::OCTET_STRING)
    });
    info.is_some() && outer.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Seeded;
    use crate::x509::{KeyPairKind, generate_key};

    #[test]
    fn a_key_comes_back_under_its_passphrase_alone() {
        let key = generate_key(KeyPairKind::P256).unwrap();
        let pem = encrypt_private_key(&key, "açúcar", &Seeded::new(1)).unwrap();
        assert_eq!(decrypt_private_key(&pem, "açúcar").unwrap(), key);
        assert_eq!(decrypt_private_key(&pem, "acucar").unwrap_err(), EncryptionError::WrongPassword);
        assert_eq!(decrypt_private_key("", "açúcar").unwrap_err(), EncryptionError::Malformed);
    }

    #[test]
    fn salt_and_vector_are_new_each_time() {
        let key = generate_key(KeyPairKind::P256).unwrap();
        let entropy = Seeded::new(1);
        let first = encrypt_private_key(&key, "x", &entropy).unwrap();
        assert_ne!(first, encrypt_private_key(&key, "x", &entropy).unwrap());
    }
}
