//! Reading PKCS #12, within limits. Nothing is decrypted before the MAC is right.

use super::Pkcs12Error;
use super::mac::MacHash;
use crate::x509::der::{Reader, oid, tag};
use crate::x509::key_pair::public_key_of;
use crate::x509::pbes2::{self, MAX_ITERATIONS};
use crate::x509::pkcs8;
use aws_lc_rs::hmac;
use std::fmt;
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

/// Largest file that is looked at, in bytes.
const MAX_BYTES: usize = 128 * 1024;
/// Most certificates in a file.
const MAX_CERTIFICATES: usize = 16;
/// Most parts of a file; each may cost a derivation.
const MAX_CONTENTS: usize = 4;

/// What a PKCS #12 file holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Pkcs12 {
    /// The private key, PKCS #8.
    pub key: Zeroizing<Vec<u8>>,
    /// DER of the certificates: the key's own first, then its issuer's and so on.
    pub chain: Vec<Vec<u8>>,
}

impl fmt::Debug for Pkcs12 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pkcs12({} certificates)", self.chain.len())
    }
}

/// What was found so far.
#[derive(Default)]
struct Found {
    keys: Vec<Zeroizing<Vec<u8>>>,
    certificates: Vec<Vec<u8>>,
}

/// Reads a file: one private key, and the certificates that lead up from it; others in the file are left out.
///
/// For whoever authenticates with a certificate that came as such a file (PFX): the client side. The server only writes
/// them.
///
/// # Errors
/// [`Pkcs12Error`] says whether file or password is wrong, and what to do with a file of an older kind.
pub fn decode_pkcs12(der: &[u8], password: &str) -> Result<Pkcs12, Pkcs12Error> {
    if der.len() > MAX_BYTES {
        return Err(Pkcs12Error::Malformed);
    }
    let safe = verified(der, password)?;
    let mut contents = Reader::new(safe).inside(tag::SEQUENCE).ok_or(Pkcs12Error::Malformed)?;
    let mut found = Found::default();
    let mut count = 0;
    while !contents.is_empty() {
        count += 1;
        if count > MAX_CONTENTS {
            return Err(Pkcs12Error::Malformed);
        }
        let (kind, content) = content_info(&mut contents).ok_or(Pkcs12Error::Malformed)?;
        match kind {
            oid::DATA => found.add(data(content).ok_or(Pkcs12Error::Malformed)?, password)?,
            oid::ENCRYPTED_DATA => found.add(&opened(content, password)?, password)?,
            _ => return Err(Pkcs12Error::Unsupported),
        }
    }
    found.ordered()
}

/// The `AuthenticatedSafe` of a `PFX` whose MAC is right.
fn verified<'a>(der: &'a [u8], password: &str) -> Result<&'a [u8], Pkcs12Error> {
    let parts = || {
        let mut outer = Reader::new(der);
        let mut pfx = outer.inside(tag::SEQUENCE)?;
        outer.end()?;
        (pfx.u32()? == 3).then_some(())?;
        let (kind, content) = content_info(&mut pfx)?;
        Some((kind, content, pfx))
    };
    let (kind, content, mut pfx) = parts().ok_or(Pkcs12Error::Malformed)?;
    if kind != oid::DATA || pfx.is_empty() {
        // Signed instead of protected by a password, or not protected at all.
        return Err(Pkcs12Error::Unsupported);
    }
    let mut mac = || {
        let mut data = pfx.inside(tag::SEQUENCE)?;
        let mut info = data.inside(tag::SEQUENCE)?;
        let (algorithm, _) = info.algorithm()?;
        let mac = info.value(tag::OCTET_STRING)?;
        let salt = data.value(tag::OCTET_STRING)?;
        let iterations = if data.is_empty() { 1 } else { data.u32()? };
        Some((algorithm, mac, salt, iterations))
    };
    let safe = data(content).ok_or(Pkcs12Error::Malformed)?;
    let (algorithm, mac, salt, iterations) = mac().ok_or(Pkcs12Error::Malformed)?;
    let hash = MacHash::from_oid(algorithm).ok_or(Pkcs12Error::Unsupported)?;
    if iterations == 0 || iterations > MAX_ITERATIONS {
        return Err(Pkcs12Error::Unsupported);
    }
    let key = hash.key(password, salt, iterations);
    hmac::verify(&key, safe, mac).map_err(|_| Pkcs12Error::WrongPassword)?;
    Ok(safe)
}

/// `ContentInfo`: its type and its content.
fn content_info<'a>(reader: &mut Reader<'a>) -> Option<(&'a [u8], Reader<'a>)> {
    let mut info = reader.inside(tag::SEQUENCE)?;
    let kind = info.value(tag::OID)?;
    let content = info.inside(tag::context(0))?;
    info.end()?;
    Some((kind, content))
}

fn data<'a>(mut content: Reader<'a>) -> Option<&'a [u8]> {
    let bytes = content.value(tag::OCTET_STRING)?;
    content.end().map(|()| bytes)
}

/// The content of an `EncryptedData` (RFC 5652 §8).
fn opened(mut content: Reader<'_>, password: &str) -> Result<Zeroizing<Vec<u8>>, Pkcs12Error> {
    let mut parts = || {
        let mut data = content.inside(tag::SEQUENCE)?;
        data.u32()?;
        let mut info = data.inside(tag::SEQUENCE)?;
        (info.value(tag::OID)? == oid::DATA).then_some(())?;
        let algorithm = info.algorithm()?;
        Some((algorithm, info.value(tag::IMPLICIT_0)?))
    };
    let (algorithm, ciphertext) = parts().ok_or(Pkcs12Error::Malformed)?;
    Ok(pbes2::decrypt(algorithm, ciphertext, password.as_bytes())?)
}

impl Found {
    /// Takes keys and certificates out of a `SafeContents`. Bags of other kinds (revocation lists, secrets) are none of
    /// ours.
    fn add(&mut self, safe_contents: &[u8], password: &str) -> Result<(), Pkcs12Error> {
        let mut bags = Reader::new(safe_contents).inside(tag::SEQUENCE).ok_or(Pkcs12Error::Malformed)?;
        while !bags.is_empty() {
            let (kind, value) = bag(&mut bags).ok_or(Pkcs12Error::Malformed)?;
            match kind {
                oid::KEY_BAG => self.keys.push(Zeroizing::new(value.to_vec())),
                // Counted first: decrypting each of many would take long.
                oid::SHROUDED_KEY_BAG if self.keys.is_empty() => {
                    self.keys.push(pkcs8::open(value, password)?)
                }
                oid::SHROUDED_KEY_BAG => return Err(Pkcs12Error::Key),
                oid::CERT_BAG => self.certificates.extend(certificate(value)),
                _ => {}
            }
            if self.certificates.len() > MAX_CERTIFICATES {
                return Err(Pkcs12Error::Malformed);
            }
        }
        Ok(())
    }

    /// The key and its chain.
    fn ordered(mut self) -> Result<Pkcs12, Pkcs12Error> {
        let (Some(key), true) = (self.keys.pop(), self.keys.is_empty()) else { return Err(Pkcs12Error::Key) };
        let spki = public_key_of(&key).ok_or(Pkcs12Error::Key)?;
        let mut left: Vec<_> = self.certificates.iter().filter_map(|der| parse(der)).collect();
        let mut chain = Vec::new();
        let mut at = left.iter().position(|certificate| certificate.public_key().raw == spki);
        while let Some(next) = at {
            let certificate = left.swap_remove(next);
            at = left.iter().position(|above| above.subject().as_raw() == certificate.issuer().as_raw());
            chain.push(certificate.as_raw().to_vec());
        }
        if chain.is_empty() { Err(Pkcs12Error::Certificate) } else { Ok(Pkcs12 { key, chain }) }
    }
}

/// `SafeBag`: its type and the whole of its value.
fn bag<'a>(bags: &mut Reader<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let mut bag = bags.inside(tag::SEQUENCE)?;
    let kind = bag.value(tag::OID)?;
    let value = bag.value(tag::context(0))?;
    if !bag.is_empty() {
        bag.value(tag::SET)?;
    }
    bag.end().map(|()| (kind, value))
}

/// The certificate in a `CertBag`; `None` for one of another kind.
fn certificate(value: &[u8]) -> Option<Vec<u8>> {
    let mut bag = Reader::new(value).inside(tag::SEQUENCE)?;
    (bag.value(tag::OID)? == oid::X509_CERTIFICATE).then_some(())?;
    bag.inside(tag::context(0))?.value(tag::OCTET_STRING).map(<[u8]>::to_vec)
}

fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    rest.is_empty().then_some(certificate)
}
