//! Password-based encryption, PBES2 (RFC 8018 §6.2): written with PBKDF2-HMAC-SHA-256 and AES-256-CBC, read with what
//! else is not broken. CBC proves nothing: that a password was right shows in what comes out, or in a MAC around it.

use super::der::{Reader, oid, tag, write_oid};
use crate::entropy::{Entropy, EntropyError};
use aws_lc_rs::cipher::{
    AES_128, AES_256, Algorithm, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use std::num::NonZeroU32;
use yasna::DERWriter;
use zeroize::Zeroizing;

/// Iterations that we write: some 40 ms of one processor, for which a request waits. Where a rule asks for 64 characters,
/// guessing is hopeless at any count; where an operator chose a short password, this is a third of what OWASP asks for a
/// table of many people's passwords.
pub(super) const ITERATIONS: NonZeroU32 = NonZeroU32::MIN.saturating_add(209_999);
/// Most iterations that we read, so that a stranger's file holds us for half a second at most.
pub(super) const MAX_ITERATIONS: u32 = 2_000_000;
const SALT_BYTES: usize = 16;
const IV_BYTES: usize = 16;

/// Why something encrypted stayed so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncryptionError {
    /// It is not in the format.
    #[error("not an encrypted private key in DER or PEM; export it again")]
    Malformed,
    /// It is encrypted with something older than PBES2.
    #[error(
        "encrypted with an algorithm older than PBES2; convert it with `openssl pkcs8 -in old.pem -topk8 -v2 aes-256-cbc -out new.pem`"
    )]
    Legacy,
    /// It is encrypted with something that we do not read.
    #[error(
        "encrypted with something other than AES-CBC and PBKDF2 of at most {MAX_ITERATIONS} iterations; export it with openssl's defaults"
    )]
    Unsupported,
    /// The password is another one.
    #[error("the password is wrong, or the file is damaged")]
    WrongPassword,
    /// There were no random numbers.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The primitive failed.
    #[error("encryption failed")]
    Failed,
}

/// What was encrypted, and how.
pub(super) struct Encrypted {
    salt: [u8; SALT_BYTES],
    iv: [u8; IV_BYTES],
    pub(super) ciphertext: Vec<u8>,
}

/// Encrypts under a password.
pub(super) fn encrypt(
    plaintext: &[u8],
    password: &[u8],
    entropy: &dyn Entropy,
) -> Result<Encrypted, EncryptionError> {
    let (mut salt, mut iv) = ([0; SALT_BYTES], [0; IV_BYTES]);
    entropy.fill(&mut salt)?;
    entropy.fill(&mut iv)?;
    let mut key = Zeroizing::new([0; 32]);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ITERATIONS, &salt, password, key.as_mut());
    let key = UnboundCipherKey::new(&AES_256, key.as_ref()).map_err(|_| EncryptionError::Failed)?;
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).map_err(|_| EncryptionError::Failed)?;
    // Room for the padding, so that the plaintext is not left behind where a longer buffer was needed.
    let mut ciphertext = Vec::with_capacity(plaintext.len() + IV_BYTES);
    ciphertext.extend_from_slice(plaintext);
    let context = EncryptionContext::Iv128(FixedLength::from(iv));
    key.less_safe_encrypt(&mut ciphertext, context).map_err(|_| EncryptionError::Failed)?;
    Ok(Encrypted { salt, iv, ciphertext })
}

impl Encrypted {
    /// Writes its `AlgorithmIdentifier`.
    pub(super) fn write_algorithm(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|writer| {
            write_oid(writer.next(), oid::PBES2);
            writer.next().write_sequence(|writer| {
                writer.next().write_sequence(|writer| {
                    write_oid(writer.next(), oid::PBKDF2);
                    writer.next().write_sequence(|writer| {
                        writer.next().write_bytes(&self.salt);
                        writer.next().write_u32(ITERATIONS.get());
                        writer.next().write_sequence(|writer| {
                            write_oid(writer.next(), oid::HMAC_SHA256);
                            writer.next().write_null();
                        });
                    });
                });
                writer.next().write_sequence(|writer| {
                    write_oid(writer.next(), oid::AES_256_CBC);
                    writer.next().write_bytes(&self.iv);
                });
            });
        });
    }
}

/// How something that we read was encrypted.
struct Scheme<'a> {
    prf: pbkdf2::Algorithm,
    salt: &'a [u8],
    iterations: NonZeroU32,
    cipher: &'static Algorithm,
    key_length: usize,
    iv: [u8; IV_BYTES],
}

/// Decrypts what is encrypted by an algorithm, given its object identifier and parameters.
pub(super) fn decrypt(
    algorithm: (&[u8], Reader<'_>),
    ciphertext: &[u8],
    password: &[u8],
) -> Result<Zeroizing<Vec<u8>>, EncryptionError> {
    let (kind, mut parameters) = algorithm;
    if kind.starts_with(oid::PKCS12_PBE) || (kind != oid::PBES2 && kind.starts_with(oid::PKCS5)) {
        return Err(EncryptionError::Legacy);
    }
    if kind != oid::PBES2 {
        return Err(EncryptionError::Unsupported);
    }
    let scheme = Scheme::read(&mut parameters)?;
    let mut key = Zeroizing::new([0; 32]);
    let key = key.get_mut(..scheme.key_length).ok_or(EncryptionError::Failed)?;
    pbkdf2::derive(scheme.prf, scheme.iterations, scheme.salt, password, key);
    let key = UnboundCipherKey::new(scheme.cipher, key).map_err(|_| EncryptionError::Failed)?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(|_| EncryptionError::Failed)?;
    // The library looks at the last byte for the padding before it looks whether there is one.
    if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(IV_BYTES) {
        return Err(EncryptionError::Malformed);
    }
    let mut plaintext = Zeroizing::new(ciphertext.to_vec());
    let context = DecryptionContext::Iv128(FixedLength::from(scheme.iv));
    let length = key.decrypt(&mut plaintext, context).map_err(|_| EncryptionError::WrongPassword)?.len();
    plaintext.truncate(length);
    Ok(plaintext)
}

impl<'a> Scheme<'a> {
    fn read(parameters: &mut Reader<'a>) -> Result<Self, EncryptionError> {
        let mut parts = parameters.inside(tag::SEQUENCE).ok_or(EncryptionError::Malformed)?;
        let (kdf, mut derivation) = parts.algorithm().ok_or(EncryptionError::Malformed)?;
        let (cipher, mut iv) = parts.algorithm().ok_or(EncryptionError::Malformed)?;
        let (cipher, key_length) = match cipher {
            oid::AES_128_CBC => (&AES_128, 16),
            oid::AES_256_CBC => (&AES_256, 32),
            _ => return Err(EncryptionError::Unsupported),
        };
        if kdf != oid::PBKDF2 {
            return Err(EncryptionError::Unsupported);
        }
        let iv = iv.value(tag::OCTET_STRING).and_then(|iv| iv.try_into().ok());
        let derivation = Derivation::read(&mut derivation).ok_or(EncryptionError::Malformed)?;
        let other_length = derivation.key_length.is_some_and(|stated| stated != key_length);
        if derivation.iterations.get() > MAX_ITERATIONS || other_length {
            return Err(EncryptionError::Unsupported);
        }
        Ok(Self {
            prf: match derivation.prf {
                oid::HMAC_SHA1 => pbkdf2::PBKDF2_HMAC_SHA1,
                oid::HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
                oid::HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
                _ => return Err(EncryptionError::Unsupported),
            },
            salt: derivation.salt,
            iterations: derivation.iterations,
            cipher,
            key_length,
            iv: iv.ok_or(EncryptionError::Malformed)?,
        })
    }
}

/// `PBKDF2-params` (RFC 8018 appendix A.2).
struct Derivation<'a> {
    salt: &'a [u8],
    iterations: NonZeroU32,
    key_length: Option<usize>,
    prf: &'a [u8],
}

impl<'a> Derivation<'a> {
    fn read(algorithm: &mut Reader<'a>) -> Option<Self> {
        let mut parameters = algorithm.inside(tag::SEQUENCE)?;
        let salt = parameters.value(tag::OCTET_STRING)?;
        let iterations = NonZeroU32::new(parameters.u32()?)?;
        let key_length = match parameters.is_next(tag::INTEGER) {
            true => Some(usize::try_from(parameters.u32()?).ok()?),
            false => None,
        };
        let prf = if parameters.is_empty() { oid::HMAC_SHA1 } else { parameters.algorithm()?.0 };
        Some(Self { salt, iterations, key_length, prf })
    }
}
