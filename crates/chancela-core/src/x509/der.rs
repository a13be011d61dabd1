//! DER (X.690) read from strangers, and the object identifiers that reading and writing share. Writing is yasna's.
//!
//! Reading is our own because yasna adds a length that the sender chose to a position without a check. Nothing here
//! copies, recurses or trusts a length.

use yasna::DERWriter;

/// Universal tags and the context tags that the formats of this folder use, as they stand in the encoding.
pub(super) mod tag {
    pub(in crate::x509) const INTEGER: u8 = 0x02;
    pub(in crate::x509) const OCTET_STRING: u8 = 0x04;
    pub(in crate::x509) const NULL: u8 = 0x05;
    pub(in crate::x509) const OID: u8 = 0x06;
    pub(in crate::x509) const BOOLEAN: u8 = 0x01;
    pub(in crate::x509) const SEQUENCE: u8 = 0x30;
    pub(in crate::x509) const SET: u8 = 0x31;
    /// `[0]` around a primitive value.
    pub(in crate::x509) const IMPLICIT_0: u8 = 0x80;

    /// `[n]` around a constructed value.
    pub(in crate::x509) const fn context(n: u8) -> u8 {
        0xa0 | n
    }
}

/// Contents of the object identifiers that this folder reads and writes.
pub(super) mod oid {
    /// `pkcs-7 1`, data (RFC 5652 §4).
    pub(in crate::x509) const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
    /// `pkcs-7 6`, encryptedData (RFC 5652 §8).
    pub(in crate::x509) const ENCRYPTED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06";
    /// `pkcs-9 20`, friendlyName (RFC 2985 §5.5.1).
    pub(in crate::x509) const FRIENDLY_NAME: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x14";
    /// `pkcs-9 21`, localKeyId (RFC 2985 §5.5.2).
    pub(in crate::x509) const LOCAL_KEY_ID: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x15";
    /// `pkcs-9 22 1`, an X.509 certificate in a bag (RFC 7292 §4.2.3).
    pub(in crate::x509) const X509_CERTIFICATE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01";
    /// `pkcs-12 10 1 1`, keyBag (RFC 7292 §4.2.1).
    pub(in crate::x509) const KEY_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x01";
    /// `pkcs-12 10 1 2`, pkcs8ShroudedKeyBag (RFC 7292 §4.2.2).
    pub(in crate::x509) const SHROUDED_KEY_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02";
    /// `pkcs-12 10 1 3`, certBag (RFC 7292 §4.2.3).
    pub(in crate::x509) const CERT_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x03";
    /// `pkcs-12 1`: every encryption of PKCS #12 before PBES2 begins so (RFC 7292 appendix C).
    pub(in crate::x509) const PKCS12_PBE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01";
    /// `pkcs-5`, of which the schemes before PBES2 are 1 to 11 (RFC 8018 appendix A.3).
    pub(in crate::x509) const PKCS5: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05";
    /// `pkcs-5 12`, PBKDF2 (RFC 8018 appendix A.2).
    pub(in crate::x509) const PBKDF2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c";
    /// `pkcs-5 13`, PBES2 (RFC 8018 appendix A.4).
    pub(in crate::x509) const PBES2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
    /// `digestAlgorithm 7`, HMAC with SHA-1.
    pub(in crate::x509) const HMAC_SHA1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x07";
    /// `digestAlgorithm 9`, HMAC with SHA-256.
    pub(in crate::x509) const HMAC_SHA256: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x09";
    /// `digestAlgorithm 11`, HMAC with SHA-512.
    pub(in crate::x509) const HMAC_SHA512: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x0b";
    /// AES-128-CBC.
    pub(in crate::x509) const AES_128_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x02";
    /// AES-256-CBC.
    pub(in crate::x509) const AES_256_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
    /// SHA-1.
    pub(in crate::x509) const SHA1: &[u8] = b"\x2b\x0e\x03\x02\x1a";
    /// SHA-256.
    pub(in crate::x509) const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
    /// SHA-512.
    pub(in crate::x509) const SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";
    /// ECDSA with SHA-256 (RFC 5758 §3.2).
    pub(in crate::x509) const ECDSA_SHA256: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
    /// ECDSA with SHA-384 (RFC 5758 §3.2).
    pub(in crate::x509) const ECDSA_SHA384: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x03";
    /// `id-pkix-ocsp-basic` (RFC 6960 §4.2.1).
    pub(in crate::x509) const OCSP_BASIC: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x01\x01";
    /// `id-pkix-ocsp-nonce` (RFC 9654 §2.1).
    pub(in crate::x509) const OCSP_NONCE: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x01\x02";
    /// `id-ad-ocsp` (RFC 5280 §4.2.2.1).
    pub(in crate::x509) const AD_OCSP: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x01";
    /// `id-ad-caIssuers` (RFC 5280 §4.2.2.1).
    pub(in crate::x509) const AD_CA_ISSUERS: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x02";
}

/// Writes an object identifier from its contents.
pub(super) fn write_oid(writer: DERWriter<'_>, contents: &[u8]) {
    writer.write_tagged_implicit(yasna::tags::TAG_OID, |writer| writer.write_bytes(contents));
}

/// What is left of a sequence of values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Of these values.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the next value has this tag.
    pub(super) fn is_next(&self, tag: u8) -> bool {
        self.0.first() == Some(&tag)
    }

    /// The next value: its tag, its contents, and all of it. Tags above 30, indefinite lengths and lengths that are
    /// longer than they need be are not DER that any format here uses.
    pub(super) fn any(&mut self) -> Option<(u8, &'a [u8], &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = digits.iter().try_fold(0_usize, |length, digit| {
                    length.checked_mul(256)?.checked_add(usize::from(*digit))
                })?;
                if length < 128 || digits.first() == Some(&0) {
                    return None;
                }
                (length, rest)
            }
            _ => return None,
        };
        let (contents, left) = rest.split_at_checked(length)?;
        let whole = self.0.get(..self.0.len() - left.len())?;
        self.0 = left;
        Some((tag, contents, whole))
    }

    /// The contents of the next value, which has this tag.
    pub(super) fn value(&mut self, tag: u8) -> Option<&'a [u8]> {
        if self.is_next(tag) { self.any().map(|(_, contents, _)| contents) } else { None }
    }

    /// The values inside the next value, which has this tag.
    pub(super) fn inside(&mut self, tag: u8) -> Option<Self> {
        self.value(tag).map(Self)
    }

    /// The values inside the next value if it has this tag: `Some(None)` if it has another or there is none.
    pub(super) fn optional(&mut self, tag: u8) -> Option<Option<Self>> {
        if self.is_next(tag) { self.inside(tag).map(Some) } else { Some(None) }
    }

    /// The next value, an INTEGER from 0 to 2^32 - 1.
    pub(super) fn u32(&mut self) -> Option<u32> {
        let contents = self.value(tag::INTEGER)?;
        if contents.is_empty() || contents.first().is_some_and(|first| *first > 0x7f) {
            return None;
        }
        contents
            .iter()
            .try_fold(0_u32, |number, digit| number.checked_mul(256)?.checked_add(u32::from(*digit)))
    }

    /// `Some` if nothing is left.
    pub(super) fn end(self) -> Option<()> {
        self.is_empty().then_some(())
    }

    /// An `AlgorithmIdentifier`: its object identifier and its parameters.
    pub(super) fn algorithm(&mut self) -> Option<(&'a [u8], Self)> {
        let mut algorithm = self.inside(tag::SEQUENCE)?;
        Some((algorithm.value(tag::OID)?, algorithm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_length_that_lies_is_refused() {
        for bytes in [
            &b"\x30\x05\x00"[..],
            b"\x30\x80\x00\x00",
            b"\x30\x81\x05aaaaa",
            b"\x30\x82\x00\x81",
            b"\x30\x84\xff\xff\xff\xff",
            b"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x1f\x81\x00\x00",
            b"\x30",
            b"",
        ] {
            assert!(Reader::new(bytes).any().is_none(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(length in prop_oneof![0..600_usize, 65_000..70_000_usize], number: u32) {
            let contents = vec![0x30; length];
            let der = yasna::construct_der_seq(|writer| {
                writer.next().write_bytes(&contents);
                writer.next().write_u32(number);
            });
            let mut reader = Reader::new(&der);
            prop_assert_eq!(reader.value(tag::OCTET_STRING), Some(contents.as_slice()));
            prop_assert_eq!(reader.u32(), Some(number));
            prop_assert!(reader.end().is_some());
        }
    }
}
