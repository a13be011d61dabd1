//! Signing certificates: decide, sign, commit, and only then answer.

use super::CertificateAuthority;
use crate::realm::Realm;
use crate::server::Server;
use chancela_core::effect::Effect;
use chancela_core::id::{CertificateSerial, ClientKey};
use chancela_core::issuance::{self, Facts, KnownKey, Verdict, Wanted};
use chancela_core::record::{CertificateStatus, Client, ClientCertificate, ClientSecret, IssuedCertificate};
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::secret::Secret;
use chancela_core::time::Timestamp;
use chancela_core::x509::{
    Authority, Certificate, ClientProfile, KeyPairKind, PublicKey, SubjectAttribute, Validity, encode_pem,
    encrypt_private_key, generate_key, public_key_of,
};
use chancela_store::{CommitOutcome, Store};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Most rounds of a commit that others disturb.
const MAX_ROUNDS: usize = 8;
/// Longest `CN` (RFC 5280 appendix A.1).
const MAX_COMMON_NAME: usize = 64;

/// Where the key of a certificate comes from.
#[derive(Debug)]
pub enum OrderKey {
    /// The client has it; possession was proven.
    Public(PublicKey),
    /// It is made here, and leaves encrypted under this passphrase.
    Made(Secret),
}

/// What is asked for.
#[derive(Debug)]
pub struct Order {
    /// Whose certificate it will be.
    pub client: ClientKey,
    /// Where its key comes from.
    pub key: OrderKey,
    /// Lifetime in seconds; the longest if `None`.
    pub lifetime: Option<u32>,
    /// The certificate that proves who asks, where it is a renewal.
    pub renews: Option<Arc<ClientCertificate>>,
    /// Whether an operator asks, whom the limit on orders in an hour does not concern.
    pub by_operator: bool,
    /// What takes the place of the client's secrets when the certificate is issued.
    pub client_secret: Option<ClientSecret>,
}

/// What became of an order.
#[derive(Debug)]
pub struct Issued {
    /// The record.
    pub record: ClientCertificate,
    /// The certificate in PEM; empty while it waits for approval.
    pub certificate_pem: String,
    /// The authorities' certificates in PEM.
    pub chain_pem: String,
    /// The encrypted key in PEM, if it was made here.
    pub private_key_pem: Option<Zeroizing<String>>,
}

impl CertificateAuthority {
    /// Issues a certificate to a client, or notes its request.
    ///
    /// # Errors
    /// The rule that the request breaks.
    pub async fn order<S: Store>(
        &self,
        server: &Server<S>,
        realm: &Realm,
        Order { client, key, lifetime, renews, by_operator, client_secret }: Order,
    ) -> Result<Issued, Rejection> {
        let decide = |key: Option<&PublicKey>, now| {
            let client = realm.directory.client_of(client).ok_or(Rule::UnknownClient)?;
            let facts = Facts {
                client: &client,
                valid: self.register.valid(client.key, now),
                window_began: match by_operator {
                    true => None,
                    false => self.register.window_began(client.key, self.policy().max_per_hour),
                },
                key: key.map_or(KnownKey::New, |key| self.known_key(realm, key, client.key)),
                now,
            };
            let wanted = Wanted { lifetime, renews: renews.as_deref() };
            let verdict = issuance::decide(&facts, self.policy(), wanted)?;
            Ok::<_, Rejection>((verdict, client))
        };
        // Nobody waits for a key that somebody else makes, but those who want one made too; and none is made that no
        // certificate would be issued for.
        let (public_key, private_key_pem, _making) = match key {
            OrderKey::Public(key) => (key, None, None),
            OrderKey::Made(passphrase) => {
                let making = self.making.lock().await;
                decide(None, server.clock.now())?;
                let (public, pem) = make_key(passphrase, server).await?;
                (public, Some(pem), Some(making))
            }
        };
        let _turn = self.turn.lock().await;
        // CE-08: it may have been revoked while this order waited for its turn.
        if renews.as_ref().is_some_and(|old| !self.register.is_issued(old.serial)) {
            return Err(Rule::RevokedClientCertificate.into());
        }
        for _ in 0..MAX_ROUNDS {
            let now = server.clock.now();
            let (verdict, client) = decide(Some(&public_key), now)?;
            let serial = serial(server)?;
            let record = match verdict {
                Verdict::Issue(lifetime) => {
                    let signed = self.sign(&client, public_key.der(), serial, (lifetime, now))?;
                    issuance::issued(&client, serial, signed, now)
                }
                Verdict::AwaitApproval(lifetime) => {
                    issuance::requested(&client, serial, (public_key.der().to_vec(), lifetime), now)
                }
            };
            let record = match &renews {
                Some(old) => issuance::renewal(record, old),
                None => record,
            };
            if self.commit_new(server, realm, (&client, client_secret.as_ref()), &record).await? {
                return Ok(self.answer(record, private_key_pem));
            }
        }
        Err(Rule::Overloaded.into())
    }

    /// Signs a request that waits, because an operator says so.
    ///
    /// # Errors
    /// The rule that keeps it from being signed.
    pub async fn approve<S: Store>(
        &self,
        server: &Server<S>,
        realm: &Realm,
        serial: CertificateSerial,
    ) -> Result<ClientCertificate, Rejection> {
        let _turn = self.turn.lock().await;
        let request = self.register.get(serial).ok_or(Rule::UnknownCertificate)?;
        let CertificateStatus::Requested { public_key, lifetime } = &request.status else {
            return Err(Rule::UnknownCertificate.into());
        };
        // CE-08: who asks by a certificate has to have it still when the answer comes.
        if request.renews.is_some_and(|old| !self.register.is_issued(old)) {
            return Err(Rule::RevokedClientCertificate.into());
        }
        let client = realm.directory.client_of(request.client).ok_or(Rule::UnknownClient)?;
        let now = server.clock.now();
        let key = PublicKey::parse_der(public_key).map_err(|_| Rule::WeakKey)?;
        let facts = Facts {
            client: &client,
            valid: self.register.valid(client.key, now),
            window_began: None,
            key: self.known_key(realm, &key, client.key),
            now,
        };
        issuance::decide_approval(&facts, &request)?;
        let signed = self.sign(&client, public_key, serial, (*lifetime, now))?;
        let record = issuance::approved(&request, signed);
        let record = match request.renews.and_then(|old| self.register.get(old)) {
            Some(old) => issuance::renewal(record, &old),
            None => record,
        };
        self.replace(server, &request, record).await
    }

    /// Refuses a request that waits.
    ///
    /// # Errors
    /// [`Rule::UnknownCertificate`] if there is none.
    pub async fn refuse<S: Store>(
        &self,
        server: &Server<S>,
        serial: CertificateSerial,
    ) -> Result<ClientCertificate, Rejection> {
        let _turn = self.turn.lock().await;
        let request = self.register.get(serial).ok_or(Rule::UnknownCertificate)?;
        if !matches!(request.status, CertificateStatus::Requested { .. }) {
            return Err(Rule::UnknownCertificate.into());
        }
        self.replace(server, &request, issuance::refused(&request)).await
    }

    /// A record with its certificates in PEM.
    pub fn answer(&self, record: ClientCertificate, private_key_pem: Option<Zeroizing<String>>) -> Issued {
        let (mut certificate_pem, mut chain_pem) = (String::new(), String::new());
        if let Some(issued) = record.issued() {
            certificate_pem = encode_pem("CERTIFICATE", &issued.der);
            if let Some(authority) = self.authority(&issued.issuer) {
                chain_pem = authority.chain().iter().map(|der| encode_pem("CERTIFICATE", der)).collect();
            }
        }
        Issued { record, certificate_pem, chain_pem, private_key_pem }
    }

    /// Whether the key is new, the client's own, or one that it may not have.
    fn known_key(&self, realm: &Realm, key: &PublicKey, client: ClientKey) -> KnownKey {
        let (sha256, identity) = (key.sha256(), key.identity());
        let authorities = self.authorities();
        let is_ours = authorities.iter().any(|own| own.key().public_key_sha256() == sha256)
            || realm.keys.load().verifying.iter().any(|own| own.is_of(key.der()));
        if is_ours { KnownKey::Taken } else { self.register.key(&identity, client) }
    }

    fn sign(
        &self,
        client: &Client,
        public_key: &[u8],
        serial: CertificateSerial,
        (lifetime, now): (u32, Timestamp),
    ) -> Result<IssuedCertificate, Rejection> {
        let authority = self.signing()?;
        let validity = Validity::starting(now, i64::from(lifetime));
        let der = authority.issue(&profile(client), public_key, serial, validity).map_err(|error| {
            tracing::error!(realm = self.identity.realm, %error, "no certificate could be signed");
            Rejection::from(Rule::IssuingSuspended)
        })?;
        issued(der, &authority).ok_or_else(|| Rule::IssuingSuspended.into())
    }

    /// Commits a new record with the client's, whose version guards the limit; `false` if the client changed meanwhile.
    async fn commit_new<S: Store>(
        &self,
        server: &Server<S>,
        realm: &Realm,
        (client, secret): (&Client, Option<&ClientSecret>),
        record: &ClientCertificate,
    ) -> Result<bool, Rejection> {
        let mut changed = Client { version: client.version + 1, ..client.clone() };
        if let Some(secret) = secret.filter(|_| record.issued().is_some()) {
            changed.secrets = vec![*secret];
        }
        let effects = vec![
            Effect::PutClient { client: changed.clone(), expected_version: Some(client.version) },
            Effect::PutCertificate { certificate: record.clone(), expected_version: None },
        ];
        if server.commit(effects).await? == CommitOutcome::Conflict {
            return Ok(false);
        }
        realm.directory.put(changed);
        self.register.put(record.clone());
        audit(record, "ordered");
        Ok(true)
    }

    pub(super) async fn replace<S: Store>(
        &self,
        server: &Server<S>,
        old: &Arc<ClientCertificate>,
        new: ClientCertificate,
    ) -> Result<ClientCertificate, Rejection> {
        let put = Effect::PutCertificate { certificate: new.clone(), expected_version: Some(old.version) };
        server.must_commit(vec![put]).await?;
        self.register.put(new.clone());
        audit(&new, "changed");
        Ok(new)
    }
}

/// One line for each change of a certificate.
pub(super) fn audit(record: &ClientCertificate, what: &'static str) {
    let serial = chancela_core::secret::hex(&record.serial.0);
    let (realm, client) = (&*record.realm, &*record.client_id);
    let status = chancela_core::message::certificate_order::status(&record.status);
    tracing::info!(target: "audit", realm, client, serial, status, what, "certificate");
}

/// The public half of a new key, and the private one encrypted under the passphrase.
async fn make_key<S: Store>(
    passphrase: Secret,
    server: &Server<S>,
) -> Result<(PublicKey, Zeroizing<String>), Rejection> {
    let entropy = Arc::clone(&server.entropy);
    let failed = || Rejection::from(Rule::IssuingSuspended);
    let made = server.passwords.work(move || {
        let key = generate_key(KeyPairKind::Rsa2048).ok()?;
        let pem = encrypt_private_key(&key, passphrase.expose(), &*entropy).ok()?;
        let public = PublicKey::parse_der(&public_key_of(&key)?).ok()?;
        Some((public, Zeroizing::new(pem)))
    });
    made.await.ok_or(Rule::Overloaded)?.ok_or_else(failed)
}

fn serial<S: Store>(server: &Server<S>) -> Result<CertificateSerial, Rejection> {
    let mut bytes = [0; 16];
    server.entropy.fill(&mut bytes).map_err(|_| Rule::IssuingSuspended)?;
    Ok(CertificateSerial::from_random(bytes))
}

/// What a client's certificates say: all of it from our record (requirement I-10). `UID` makes the subject the client's
/// own: ids are unique in a realm.
fn profile(client: &Client) -> ClientProfile {
    let id = client.client_id.to_string();
    let name = if id.chars().count() <= MAX_COMMON_NAME { id.clone() } else { "client".into() };
    let organization = client.organization.as_deref().map(|own| own.chars().take(MAX_COMMON_NAME).collect());
    let encoded = percent_encoding::utf8_percent_encode(&id, percent_encoding::NON_ALPHANUMERIC);
    ClientProfile {
        common_name: name,
        organization,
        attributes: vec![(SubjectAttribute::UserId, id.clone())],
        alt_uris: vec![format!("urn:chancela:{}:{encoded}", client.realm)],
        ..ClientProfile::default()
    }
}

fn issued(der: Vec<u8>, authority: &Authority) -> Option<IssuedCertificate> {
    let read = Certificate::parse_der(&der)?;
    Some(IssuedCertificate {
        sha256: read.sha256,
        key_identity: read.public_key()?.identity(),
        issuer: authority.key().kid().into(),
        subject: read.subject.to_rfc4514().into(),
        not_before: read.not_before,
        not_after: read.not_after,
        der,
    })
}
