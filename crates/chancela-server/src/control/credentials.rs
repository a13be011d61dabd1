//! Generated client ids and secrets in the shape that a dialect's partners know.

use chancela_core::dialect::CredentialFormat;
use chancela_core::entropy::{Entropy, EntropyError};
use chancela_core::secret::{Secret, hex};
use chancela_core::token::checksum;

/// A new client id.
///
/// # Errors
/// [`EntropyError`] if there are no random numbers.
pub fn client_id(format: &CredentialFormat, entropy: &dyn Entropy) -> Result<String, EntropyError> {
    match format {
        CredentialFormat::Own => Ok(format!("c-{}", hex(&random::<16>(entropy)?))),
        other => generate(other, entropy),
    }
}

/// A new client secret.
///
/// # Errors
/// [`EntropyError`] if there are no random numbers.
pub fn client_secret(format: &CredentialFormat, entropy: &dyn Entropy) -> Result<Secret, EntropyError> {
    generate(format, entropy).map(Secret::new)
}

/// A secret in this server's own shape: a prefix that scanners find, 256 random bits, a checksum.
///
/// # Errors
/// [`EntropyError`] if there are no random numbers.
pub fn own_secret(prefix: &str, entropy: &dyn Entropy) -> Result<String, EntropyError> {
    let mut text = format!("{prefix}{}", hex(&random::<32>(entropy)?));
    checksum::append(&mut text);
    Ok(text)
}

fn generate(format: &CredentialFormat, entropy: &dyn Entropy) -> Result<String, EntropyError> {
    Ok(match format {
        CredentialFormat::Own => own_secret("chancela_cs_", entropy)?,
        CredentialFormat::Uuid => {
            let mut bytes = random::<16>(entropy)?;
            bytes[6] = 0x40 | (bytes[6] & 0x0f);
            bytes[8] = 0x80 | (bytes[8] & 0x3f);
            let text = hex(&bytes);
            [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
        }
        CredentialFormat::Hex { prefix, length } => {
            let mut text = String::new();
            while text.len() < usize::from(*length) {
                text.push_str(&hex(&random::<16>(entropy)?));
            }
            format!("{prefix}{}", &text[..usize::from(*length)])
        }
        CredentialFormat::Digits { length } => {
            let mut text = String::new();
            while text.len() < usize::from(*length) {
                // Bytes from 250 on would make the low digits more likely.
                let [byte] = random::<1>(entropy)?;
                if byte < 250 {
                    text.push(char::from(b'0' + byte % 10));
                }
            }
            text
        }
    })
}

fn random<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], EntropyError> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}
