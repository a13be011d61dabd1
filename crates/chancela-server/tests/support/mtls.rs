//! Client certificates: authorities that a test makes, holders of certificates, and realms that ask for them.

use super::{Answer, Ask, ClientFacts, RealmPlan, World};
use chancela_core::client_auth::Method;
use chancela_core::x509::{decode_pem, encode_pem};
use chancela_server::certificate_authority::config::{AuthorityConfig, MutualTlsConfig};
use chancela_server::control::{Command, NewClient};
use chancela_server::transport::peer::{Channel, Peer, PeerCertificates};
use chancela_store::Store;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber, SigningKey,
};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::NamedTempFile;

/// Where every world's clock starts, in seconds since the epoch.
pub const START: i64 = 1_767_700_800;

/// A certificate's idea of a time.
pub fn at(seconds: i64) -> time::OffsetDateTime {
    rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds.try_into().unwrap())
}

/// A client's certificate for a day around [`START`].
pub fn client_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = at(START - 43_200);
    params.not_after = at(START + 43_200);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// A key and its certificate, as a connection shows it.
pub struct Holder {
    pub key: KeyPair,
    /// DER, own certificate first.
    pub chain: Vec<Vec<u8>>,
    /// In hexadecimal, where the realm's authority issued it.
    pub serial: String,
}

impl Holder {
    pub fn der(&self) -> &[u8] {
        &self.chain[0]
    }

    /// What tokens are bound to: base64url of the SHA-256.
    pub fn thumbprint(&self) -> String {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        URL_SAFE_NO_PAD.encode(chancela_core::secret::sha256(self.der()))
    }

    /// A certificate that nobody else signed.
    pub fn self_signed(params: &CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let chain = vec![params.self_signed(&key).unwrap().der().to_vec()];
        Self { key, chain, serial: String::new() }
    }

    /// The `jwks` of a client that registers its certificate.
    pub fn jwks(&self) -> Value {
        use base64::{Engine, engine::general_purpose::STANDARD};
        serde_json::json!({ "keys": [{ "kty": "EC", "x5c": [STANDARD.encode(self.der())] }] })
    }
}

/// A certificate authority that a realm may trust.
pub struct Root {
    pub params: CertificateParams,
    pub key: KeyPair,
    pub der: Vec<u8>,
    pub file: NamedTempFile,
}

impl Root {
    pub fn new(name: &str) -> Self {
        Self::signed(name, |params, key| params.self_signed(key))
    }

    /// An authority below this one.
    pub fn below(&self, name: &str) -> Self {
        Self::signed(name, |params, key| params.signed_by(key, &self.issuer()))
    }

    fn signed(
        name: &str,
        sign: impl FnOnce(&CertificateParams, &KeyPair) -> Result<rcgen::Certificate, rcgen::Error>,
    ) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = at(START - 86_400);
        params.not_after = at(START + 3650 * 86_400);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let own = sign(&params, &key).unwrap();
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), own.pem()).unwrap();
        Self { params, key, der: own.der().to_vec(), file }
    }

    pub fn issue(&self, params: &CertificateParams) -> Holder {
        self.issue_for(params, KeyPair::generate().unwrap())
    }

    pub fn issue_for(&self, params: &CertificateParams, key: KeyPair) -> Holder {
        let mut params = params.clone();
        params.use_authority_key_identifier_extension = true;
        let chain = vec![params.signed_by(&key, &self.issuer()).unwrap().der().to_vec()];
        Holder { key, chain, serial: String::new() }
    }

    pub fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }

    /// The revocation list of these serial numbers, in PEM.
    pub fn crl(&self, serials: &[u64]) -> String {
        self.crl_until(serials, START + 86_400)
    }

    /// The same with the next list due at `next_update`.
    pub fn crl_until(&self, serials: &[u64], next_update: i64) -> String {
        let revoked = serials.iter().map(|serial| rcgen::RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: at(START - 60),
            reason_code: None,
            invalidity_date: None,
        });
        let list = rcgen::CertificateRevocationListParams {
            this_update: at(START - 60),
            next_update: at(next_update),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: rcgen::KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer()).unwrap().pem().unwrap()
    }
}

/// A certificate request of a key, in DER.
pub fn request(key: &impl SigningKey) -> Vec<u8> {
    CertificateParams::default().serialize_request(key).unwrap().der().to_vec()
}

/// The same in PEM.
pub fn request_pem(key: &impl SigningKey) -> String {
    encode_pem("CERTIFICATE REQUEST", &request(key))
}

impl RealmPlan {
    /// Asks for client certificates, has an authority of its own and trusts these.
    pub fn with_mtls(mut self, trusted: &[&Root]) -> Self {
        self.config.mtls = Some(MutualTlsConfig {
            url: format!("https://mtls.example/{}", self.name),
            trust: trusted.iter().map(|root| root.file.path().to_owned()).collect::<Vec<PathBuf>>(),
            crls: Vec::new(),
            self_signed: false,
            bound_scopes: Vec::new(),
            registration: true,
        });
        // Tests order more in an hour than clients should.
        let usual = AuthorityConfig::default();
        self.config.certificate_authority = Some(AuthorityConfig { max_per_hour: 100, ..usual });
        self
    }

    pub fn mtls(&mut self) -> &mut MutualTlsConfig {
        self.config.mtls.as_mut().unwrap()
    }

    pub fn authority(&mut self) -> &mut AuthorityConfig {
        self.config.certificate_authority.as_mut().unwrap()
    }
}

impl Ask {
    /// Over a connection that shows this certificate.
    pub fn showing(self, holder: &Holder) -> Self {
        self.showing_chain(&holder.chain)
    }

    pub fn showing_chain(mut self, chain: &[Vec<u8>]) -> Self {
        let chain = chain.iter().map(|der| der.clone().into()).collect();
        let certificates = Some(Arc::new(PeerCertificates::new(chain)));
        self.peer = Peer { channel: Channel::MutualTls, certificates, ..self.peer };
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.with("authorization", format!("Bearer {token}"))
    }
}

/// A client that authenticates with a certificate.
pub fn certificate_client(scope: &str) -> NewClient {
    NewClient {
        scope: Some(scope.into()),
        token_endpoint_auth_method: Some(Method::TlsClientAuth),
        ..NewClient::default()
    }
}

impl<S: Store> World<S> {
    /// What time demands of every realm's certificate authority.
    pub async fn maintain_certificates(&self) {
        for realm in &self.server.realms {
            let now = self.server.clock.now();
            chancela_server::certificate_authority::maintain(&self.server, realm, now).await.unwrap();
            chancela_server::certificate_authority::warn(&self.server, realm, now).await;
        }
    }

    /// A client without a secret: its id.
    pub async fn register(&self, realm: &str, new: NewClient) -> String {
        let shown = self.control(realm, Command::ClientCreate(Box::new(new))).await;
        shown["client_id"].as_str().unwrap().to_owned()
    }

    /// A certificate of the realm's own authority.
    pub async fn certify(&self, realm: &str, client_id: &str, days: Option<u16>) -> Holder {
        let key = KeyPair::generate().unwrap();
        let csr = request_pem(&key);
        let command = Command::CertificateIssue { client_id: client_id.into(), csr, days };
        let shown = self.control(realm, command).await;
        holder_of(key, &shown["certificate"], &shown["serial_number"])
    }

    pub async fn revoke_certificate(&self, realm: &str, holder: &Holder) {
        let reason = chancela_core::record::RevocationReason::KeyCompromise;
        self.control(realm, Command::CertificateRevoke { serial: holder.serial.clone(), reason }).await;
    }

    /// A token of a client that has nothing but its certificate.
    pub async fn mtls_token(&self, realm: &str, client_id: &str, scope: &str, holder: &Holder) -> Answer {
        let fields = [("grant_type", "client_credentials"), ("client_id", client_id), ("scope", scope)];
        Ask::form(&format!("/{realm}/oauth/token"), &fields).showing(holder).send(self).await
    }

    pub async fn secret_token(&self, realm: &str, client: &ClientFacts, scope: &str) -> Answer {
        let fields = [("grant_type", "client_credentials"), ("scope", scope)];
        let ask = Ask::form(&format!("/{realm}/oauth/token"), &fields);
        ask.header("authorization", client.basic()).send(self).await
    }

    pub async fn introspected(&self, realm: &str, resource_server: &ClientFacts, token: &str) -> Value {
        let ask = Ask::form(&format!("/{realm}/oauth/introspect"), &[("token", token)]);
        let answer = ask.header("authorization", resource_server.basic()).send(self).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }
}

/// What was issued for a key.
pub fn holder_of(key: KeyPair, pem: &Value, serial: &Value) -> Holder {
    let chain = vec![decode_pem("CERTIFICATE", pem.as_str().unwrap()).unwrap().to_vec()];
    Holder { key, chain, serial: serial.as_str().unwrap_or_default().to_owned() }
}

/// A client that may ask about every token.
pub fn resource_server() -> NewClient {
    NewClient { may_introspect_any: true, grant_types: Some(Vec::new()), ..NewClient::default() }
}
