//! OCSP requests (RFC 6960 §4.1), within limits. A requestor's name and signature are read over: who asks changes no
//! answer.

use super::OcspError;
use crate::id::CertificateSerial;
use crate::x509::der::{Reader, oid, tag};

/// Largest request that is looked at, in bytes.
pub const MAX_REQUEST_BYTES: usize = 4096;
/// Most certificates in one request.
const MAX_CERTIFICATES: usize = 8;
/// Most extensions in one place.
const MAX_EXTENSIONS: usize = 8;
/// Longest nonce (RFC 9654 §2.1).
const MAX_NONCE_BYTES: usize = 128;

/// A request for the state of some certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspRequest {
    pub(super) certificates: Vec<CertId>,
    /// The value of the nonce extension, which the answer repeats.
    pub(super) nonce: Option<Vec<u8>>,
}

/// Of which certificate the state is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CertId {
    /// DER of the whole, which the answer repeats.
    pub(super) der: Vec<u8>,
    pub(super) hash: Hash,
    pub(super) name_hash: Vec<u8>,
    pub(super) key_hash: Vec<u8>,
    /// `None` if it is no serial number of ours.
    pub(super) serial: Option<CertificateSerial>,
}

/// By which hash an authority is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    /// What most clients still send; nothing secret depends on it (RFC 6960 §4.3).
    Sha1,
    Sha256,
}

impl OcspRequest {
    /// Reads DER: at most 4 KiB and 8 certificates, with SHA-1 or SHA-256.
    ///
    /// # Errors
    /// [`OcspError::Malformed`].
    pub fn parse(der: &[u8]) -> Result<Self, OcspError> {
        if der.len() > MAX_REQUEST_BYTES {
            return Err(OcspError::Malformed);
        }
        Self::read(der).ok_or(OcspError::Malformed)
    }

    /// The serial numbers that can be ours, to load their state before answering.
    pub fn serials(&self) -> impl Iterator<Item = CertificateSerial> + '_ {
        self.certificates.iter().filter_map(|id| id.serial)
    }

    fn read(der: &[u8]) -> Option<Self> {
        let mut outer = Reader::new(der);
        let mut request = outer.inside(tag::SEQUENCE)?;
        outer.end()?;
        let mut body = request.inside(tag::SEQUENCE)?;
        request.optional(tag::context(0))?;
        request.end()?;
        if let Some(mut version) = body.optional(tag::context(0))? {
            (version.u32()? == 0).then_some(())?;
            version.end()?;
        }
        body.optional(tag::context(1))?;
        let mut list = body.inside(tag::SEQUENCE)?;
        let nonce = match body.optional(tag::context(2))? {
            Some(extensions) => extension_list(extensions)?,
            None => None,
        };
        body.end()?;
        let mut certificates = Vec::new();
        while !list.is_empty() {
            certificates.push(CertId::read(list.inside(tag::SEQUENCE)?)?);
            (certificates.len() <= MAX_CERTIFICATES).then_some(())?;
        }
        (!certificates.is_empty()).then_some(Self { certificates, nonce })
    }
}

impl CertId {
    fn read(mut request: Reader<'_>) -> Option<Self> {
        let (found, contents, der) = request.any()?;
        (found == tag::SEQUENCE).then_some(())?;
        if let Some(extensions) = request.optional(tag::context(0))? {
            extension_list(extensions)?;
        }
        request.end()?;
        let mut id = Reader::new(contents);
        let (algorithm, mut parameters) = id.algorithm()?;
        if !parameters.is_empty() {
            parameters.value(tag::NULL)?.is_empty().then_some(())?;
        }
        parameters.end()?;
        let (hash, length) = match algorithm {
            oid::SHA1 => (Hash::Sha1, 20),
            oid::SHA256 => (Hash::Sha256, 32),
            _ => return None,
        };
        let name_hash = id.value(tag::OCTET_STRING)?.to_vec();
        let key_hash = id.value(tag::OCTET_STRING)?.to_vec();
        let serial = id.value(tag::INTEGER)?;
        id.end()?;
        let is_whole = name_hash.len() == length && key_hash.len() == length && !serial.is_empty();
        let serial = serial.try_into().ok().map(CertificateSerial);
        is_whole.then(|| Self { der: der.to_vec(), hash, name_hash, key_hash, serial })
    }
}

/// Reads `[n] EXPLICIT Extensions`; gives the value of the nonce, if there is one. An extension that is critical and
/// unknown forbids an answer (RFC 6960 §4.4).
fn extension_list(mut wrapped: Reader<'_>) -> Option<Option<Vec<u8>>> {
    let mut list = wrapped.inside(tag::SEQUENCE)?;
    wrapped.end()?;
    let mut nonce = None;
    let mut count = 0;
    while !list.is_empty() {
        count += 1;
        (count <= MAX_EXTENSIONS).then_some(())?;
        let mut extension = list.inside(tag::SEQUENCE)?;
        let kind = extension.value(tag::OID)?;
        let critical = match extension.is_next(tag::BOOLEAN) {
            true => extension.value(tag::BOOLEAN)? == [0xff],
            false => false,
        };
        let value = extension.value(tag::OCTET_STRING)?;
        extension.end()?;
        if kind == oid::OCSP_NONCE {
            let mut inner = Reader::new(value);
            let length = inner.value(tag::OCTET_STRING)?.len();
            inner.end()?;
            ((1..=MAX_NONCE_BYTES).contains(&length) && nonce.is_none()).then_some(())?;
            nonce = Some(value.to_vec());
        } else if critical {
            return None;
        }
    }
    Some(nonce)
}
