//! Writing PKCS #12.

use super::mac::MacHash;
use super::{Pkcs12Error, bmp};
use crate::entropy::Entropy;
use crate::secret::sha256;
use crate::x509::der::{oid, write_oid};
use crate::x509::pbes2::{self, ITERATIONS};
use aws_lc_rs::hmac;
use yasna::tags::TAG_BMPSTRING;
use yasna::{DERWriter, DERWriterSeq, Tag};

const SALT_BYTES: usize = 16;
const VERSION: u8 = 3;

/// A PKCS #12 file: `key` (PKCS #8) and `chain` (DER, own certificate first) under a password, with the name under which
/// stores show it. It takes a tenth of a second on purpose.
///
/// # Errors
/// [`Pkcs12Error`] if the password or the chain is empty, there are no random numbers or a primitive fails.
pub fn encode_pkcs12(
    key: &[u8],
    chain: &[Vec<u8>],
    friendly_name: &str,
    password: &str,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, Pkcs12Error> {
    if password.is_empty() {
        return Err(Pkcs12Error::EmptyPassword);
    }
    let own = chain.first().ok_or(Pkcs12Error::Certificate)?;
    let attributes = Attributes { name: friendly_name, id: sha256(own) };
    let certificates = certificate_bags(chain, &attributes);
    let certificates = pbes2::encrypt(&certificates, password.as_bytes(), entropy)?;
    let key = pbes2::encrypt(key, password.as_bytes(), entropy)?;
    let safe = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            write_content(writer.next(), oid::ENCRYPTED_DATA, |writer| {
                writer.write_sequence(|writer| {
                    writer.next().write_u8(0);
                    writer.next().write_sequence(|writer| {
                        write_oid(writer.next(), oid::DATA);
                        certificates.write_algorithm(writer.next());
                        let contents = &certificates.ciphertext;
                        let implicit = Tag::context(0);
                        writer.next().write_tagged_implicit(implicit, |writer| writer.write_bytes(contents));
                    });
                });
            });
            let bag = key_bag(&key, &attributes);
            write_content(writer.next(), oid::DATA, |writer| writer.write_bytes(&bag));
        });
    });
    with_mac(&safe, password, entropy)
}

/// What ties the key to its certificate, and how stores show both.
struct Attributes<'a> {
    name: &'a str,
    id: [u8; 32],
}

impl Attributes<'_> {
    fn write(&self, writer: DERWriter<'_>) {
        writer.write_set_of(|writer| {
            if !self.name.is_empty() {
                let name = bmp(self.name);
                attribute(writer.next(), oid::FRIENDLY_NAME, |writer| {
                    writer.write_tagged_implicit(TAG_BMPSTRING, |writer| writer.write_bytes(&name));
                });
            }
            attribute(writer.next(), oid::LOCAL_KEY_ID, |writer| writer.write_bytes(&self.id));
        });
    }
}

fn attribute(writer: DERWriter<'_>, kind: &[u8], value: impl FnOnce(DERWriter<'_>)) {
    writer.write_sequence(|writer| {
        write_oid(writer.next(), kind);
        writer.next().write_set(|writer| value(writer.next()));
    });
}

/// `SafeContents` of the certificates; only the first is of the key.
fn certificate_bags(chain: &[Vec<u8>], attributes: &Attributes<'_>) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            for (above, certificate) in chain.iter().enumerate() {
                let value = |writer: &mut DERWriterSeq<'_>| {
                    write_oid(writer.next(), oid::X509_CERTIFICATE);
                    writer.next().write_tagged(Tag::context(0), |writer| writer.write_bytes(certificate));
                };
                write_bag(writer.next(), oid::CERT_BAG, value, (above == 0).then_some(attributes));
            }
        });
    })
}

/// `SafeContents` of the key.
fn key_bag(key: &pbes2::Encrypted, attributes: &Attributes<'_>) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            let value = |writer: &mut DERWriterSeq<'_>| {
                key.write_algorithm(writer.next());
                writer.next().write_bytes(&key.ciphertext);
            };
            write_bag(writer.next(), oid::SHROUDED_KEY_BAG, value, Some(attributes));
        });
    })
}

/// `SafeBag`, whose value is a sequence.
fn write_bag(
    writer: DERWriter<'_>,
    kind: &[u8],
    value: impl FnOnce(&mut DERWriterSeq<'_>),
    attributes: Option<&Attributes<'_>>,
) {
    writer.write_sequence(|writer| {
        write_oid(writer.next(), kind);
        writer.next().write_tagged(Tag::context(0), |writer| writer.write_sequence(value));
        if let Some(attributes) = attributes {
            attributes.write(writer.next());
        }
    });
}

/// `ContentInfo`.
fn write_content(writer: DERWriter<'_>, kind: &[u8], content: impl FnOnce(DERWriter<'_>)) {
    writer.write_sequence(|writer| {
        write_oid(writer.next(), kind);
        writer.next().write_tagged(Tag::context(0), content);
    });
}

/// `PFX` around an `AuthenticatedSafe`.
fn with_mac(safe: &[u8], password: &str, entropy: &dyn Entropy) -> Result<Vec<u8>, Pkcs12Error> {
    let mut salt = [0; SALT_BYTES];
    entropy.fill(&mut salt)?;
    let mac = hmac::sign(&MacHash::SHA256.key(password, &salt, ITERATIONS.get()), safe);
    Ok(yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_u8(VERSION);
            write_content(writer.next(), oid::DATA, |writer| writer.write_bytes(safe));
            writer.next().write_sequence(|writer| {
                writer.next().write_sequence(|writer| {
                    writer.next().write_sequence(|writer| {
                        write_oid(writer.next(), oid::SHA256);
                        writer.next().write_null();
                    });
                    writer.next().write_bytes(mac.as_ref());
                });
                writer.next().write_bytes(&salt);
                writer.next().write_u32(ITERATIONS.get());
            });
        });
    }))
}
