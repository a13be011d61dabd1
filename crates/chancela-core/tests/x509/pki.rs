//! Certificate authorities of the tests, made with rcgen.

use chancela_core::time::Timestamp;
use chancela_core::x509::{Certificate, PresentedChain, RevocationList, TrustAnchors};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CrlIssuingDistributionPoint,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, RevokedCertParams, SerialNumber,
};
use time::OffsetDateTime;

/// The time at which the tests look at certificates.
pub(crate) const NOW: i64 = 2_000_000_000;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_seconds(NOW)
}

pub(crate) fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

/// A key and a certificate.
pub(crate) struct Entity {
    pub(crate) params: CertificateParams,
    pub(crate) key: KeyPair,
    pub(crate) der: Vec<u8>,
}

/// Parameters that are good for a day around [`NOW`].
pub(crate) fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = at(NOW - 43_200);
    params.not_after = at(NOW + 43_200);
    params.serial_number = Some(SerialNumber::from(7u64));
    params.use_authority_key_identifier_extension = true;
    params
}

pub(crate) fn authority(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

pub(crate) fn client(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

pub(crate) fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

pub(crate) fn root(params: CertificateParams) -> Entity {
    root_with(params, key())
}

pub(crate) fn root_with(params: CertificateParams, key: KeyPair) -> Entity {
    let der = params.self_signed(&key).unwrap().der().to_vec();
    Entity { params, key, der }
}

impl Entity {
    pub(crate) fn issue(&self, params: CertificateParams) -> Self {
        self.issue_for(params, key())
    }

    pub(crate) fn issue_for(&self, params: CertificateParams, key: KeyPair) -> Self {
        let issuer = Issuer::from_params(&self.params, &self.key);
        let der = params.signed_by(&key, &issuer).unwrap().der().to_vec();
        Self { params, key, der }
    }

    pub(crate) fn certificate(&self) -> Certificate {
        Certificate::parse_der(&self.der).unwrap()
    }

    pub(crate) fn anchors(&self) -> TrustAnchors {
        TrustAnchors::new(vec![self.certificate()]).unwrap()
    }

    /// DER of its revocation list from `this_update` to `next_update`.
    pub(crate) fn crl_der(&self, revoked: &[u64], this_update: i64, next_update: i64) -> Vec<u8> {
        self.partial_crl_der(revoked, (this_update, next_update), None)
    }

    pub(crate) fn partial_crl_der(
        &self,
        revoked: &[u64],
        times: (i64, i64),
        issuing_distribution_point: Option<CrlIssuingDistributionPoint>,
    ) -> Vec<u8> {
        let revoked_certs = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: at(NOW - 60),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: at(times.0),
            next_update: at(times.1),
            crl_number: SerialNumber::from(1u64),
            issuing_distribution_point,
            revoked_certs: revoked_certs.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&Issuer::from_params(&self.params, &self.key)).unwrap().der().to_vec()
    }

    /// A list that is fresh at [`NOW`].
    pub(crate) fn crl(&self, revoked: &[u64]) -> RevocationList {
        RevocationList::parse_der(&self.crl_der(revoked, NOW - 60, NOW + 60)).unwrap()
    }
}

pub(crate) fn chain(entities: &[&Entity]) -> PresentedChain {
    PresentedChain::parse(entities.iter().map(|entity| &*entity.der)).unwrap()
}
