//! The keys of a realm's certificate authority: a root and, below it, the authority that signs; or that one alone, below a
//! root outside. Sealed at rest like all keys. A new signing authority is made when the one in use is three years old; it
//! signs from then on, and the certificates of the old one are believed until they expire (requirements.md 3.4).

use crate::key_ring::KeyRingError;
use crate::key_ring::kek::Kek;
use chancela_core::effect::Effect;
use chancela_core::entropy::Entropy;
use chancela_core::id::CertificateSerial;
use chancela_core::record::{KeyPurpose, KeyRecord};
use chancela_core::time::Timestamp;
use chancela_core::x509::{Authority, AuthorityKey, AuthorityKeyKind, AuthorityName, Locations, Validity};
use chancela_store::{CommitOutcome, Store};
use std::sync::Arc;

/// Seconds of a year.
const YEAR: i64 = 365 * 86_400;
/// Lifetime of a root.
const ROOT_LIFETIME: i64 = 20 * YEAR;
/// Lifetime of a signing authority.
const ISSUING_LIFETIME: i64 = 5 * YEAR;
/// Age at which a signing authority is replaced.
const ISSUING_AGE: i64 = 3 * YEAR;

/// What the authority of a realm is called, and where it is found.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The realm's name.
    pub realm: String,
    /// `O`.
    pub organization: String,
    /// `C`.
    pub country: Option<String>,
    /// Whether its root is elsewhere.
    pub external_root: bool,
    /// URL below which lists and certificates are.
    pub files_url: String,
    /// URL of the OCSP responder.
    pub ocsp_url: String,
}

impl Identity {
    /// Where the state of what the authority of `kid` issued can be looked up.
    pub fn locations(&self, kid: &str) -> Locations {
        Locations {
            crl: Some(format!("{}/{kid}.crl", self.files_url)),
            ocsp: Some(self.ocsp_url.clone()),
            issuer: Some(format!("{}/{kid}.cer", self.files_url)),
        }
    }

    fn name<'a>(&'a self, common_name: &'a str) -> AuthorityName<'a> {
        AuthorityName {
            common_name,
            organization: Some(&self.organization),
            country: self.country.as_deref(),
        }
    }
}

/// The authorities of a realm, newest first: the first signs, the others answer for what they signed.
pub type Authorities = Vec<Arc<Authority>>;

/// Makes what is missing and answers the authorities that have a certificate.
///
/// # Errors
/// [`KeyRingError`].
pub async fn maintain<S: Store>(
    store: &S,
    kek: &Kek,
    identity: &Identity,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Authorities, KeyRingError> {
    for _ in 0..4 {
        let records = of_realm(store, &identity.realm).await?;
        let newest = newest(&records, KeyPurpose::CertificateIssuing);
        let young = newest.is_some_and(|record| now.seconds() < record.not_before + ISSUING_AGE);
        if young || (identity.external_root && newest.is_some()) {
            return open(&records, kek, identity);
        }
        let effects = if identity.external_root {
            vec![Effect::InsertKey(waiting(kek, identity, now)?)]
        } else {
            below_own_root(&records, kek, identity, now, entropy)?
        };
        if store.commit(effects).await? == CommitOutcome::Committed {
            tracing::info!(target: "audit", realm = identity.realm, "the certificate authority has a new key");
        }
    }
    Err(KeyRingError::Contended)
}

/// The request for the certificate of the newest authority, in PEM, for a root outside.
///
/// # Errors
/// [`KeyRingError`].
pub async fn request<S: Store>(store: &S, kek: &Kek, identity: &Identity) -> Result<String, KeyRingError> {
    let records = of_realm(store, &identity.realm).await?;
    let record = newest(&records, KeyPurpose::CertificateIssuing).ok_or(KeyRingError::Contended)?;
    let key = key_of(record, kek)?;
    identity.name(&issuing_name(identity)).certificate_signing_request(&key).map_err(failed)
}

/// Takes the chain that a root outside signed, own certificate first.
///
/// # Errors
/// [`KeyRingError`] that says what is wrong with the chain.
pub async fn install<S: Store>(
    store: &S,
    kek: &Kek,
    identity: &Identity,
    chain: Vec<Vec<u8>>,
    now: Timestamp,
) -> Result<(), KeyRingError> {
    let records = of_realm(store, &identity.realm).await?;
    let record = newest(&records, KeyPurpose::CertificateIssuing).ok_or(KeyRingError::Contended)?;
    let locations = identity.locations(&record.kid);
    let authority = Authority::install(key_of(record, kek)?, chain, locations, now).map_err(failed)?;
    let not_after = authority.validity().not_after;
    let changed =
        KeyRecord { chain: authority.chain().to_vec(), not_after, expires_at: not_after, ..record.clone() };
    match store.commit(vec![Effect::UpdateKey(changed)]).await? {
        CommitOutcome::Committed => Ok(()),
        CommitOutcome::Conflict => Err(KeyRingError::Contended),
    }
}

async fn of_realm<S: Store>(store: &S, realm: &str) -> Result<Vec<KeyRecord>, KeyRingError> {
    Ok(store.keys().await?.into_iter().filter(|record| *record.realm == *realm).collect())
}

fn newest(records: &[KeyRecord], purpose: KeyPurpose) -> Option<&KeyRecord> {
    let own = records.iter().filter(|record| record.purpose == purpose);
    own.max_by(|a, b| (a.not_before, &a.kid).cmp(&(b.not_before, &b.kid)))
}

fn open(records: &[KeyRecord], kek: &Kek, identity: &Identity) -> Result<Authorities, KeyRingError> {
    let issuing = records.iter().filter(|record| record.purpose == KeyPurpose::CertificateIssuing);
    let mut signed: Vec<_> = issuing.filter(|record| !record.chain.is_empty()).collect();
    signed.sort_by(|a, b| (b.not_before, &b.kid).cmp(&(a.not_before, &a.kid)));
    let open = |record: &&KeyRecord| {
        let locations = identity.locations(&record.kid);
        let authority = Authority::new(key_of(record, kek)?, record.chain.clone(), locations);
        Ok(Arc::new(authority.map_err(failed)?))
    };
    signed.iter().map(open).collect()
}

/// A signing authority below the realm's own root, which is made first if there is none.
fn below_own_root(
    records: &[KeyRecord],
    kek: &Kek,
    identity: &Identity,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Vec<Effect>, KeyRingError> {
    let mut effects = Vec::new();
    let root = match newest(records, KeyPurpose::CertificateRoot) {
        Some(record) => {
            let key = key_of(record, kek)?;
            Authority::new(key, record.chain.clone(), identity.locations(&record.kid)).map_err(failed)?
        }
        None => {
            let name = format!("{} root", issuing_name(identity));
            let (pkcs8, key) = new_key(AuthorityKeyKind::P384)?;
            let validity = Validity::starting(now, ROOT_LIFETIME);
            let root =
                Authority::root(key, &identity.name(&name), serial(entropy)?, validity).map_err(failed)?;
            let made = record(kek, identity, KeyPurpose::CertificateRoot, &root, (&pkcs8, now))?;
            effects.push(Effect::InsertKey(made));
            root
        }
    };
    let (pkcs8, key) = new_key(AuthorityKeyKind::P256)?;
    let validity = Validity::starting(now, ISSUING_LIFETIME);
    let name = issuing_name(identity);
    let issuing =
        root.intermediate(key, &identity.name(&name), serial(entropy)?, validity).map_err(failed)?;
    let made = record(kek, identity, KeyPurpose::CertificateIssuing, &issuing, (&pkcs8, now))?;
    effects.push(Effect::InsertKey(made));
    Ok(effects)
}

/// A key that has no certificate yet.
fn waiting(kek: &Kek, identity: &Identity, now: Timestamp) -> Result<KeyRecord, KeyRingError> {
    let (pkcs8, key) = new_key(AuthorityKeyKind::P256)?;
    seal(kek, identity, KeyPurpose::CertificateIssuing, (&key, &pkcs8), (Vec::new(), now.seconds(), i64::MAX))
}

fn record(
    kek: &Kek,
    identity: &Identity,
    purpose: KeyPurpose,
    authority: &Authority,
    (pkcs8, now): (&[u8], Timestamp),
) -> Result<KeyRecord, KeyRingError> {
    let not_after = authority.validity().not_after;
    let chain = (authority.chain().to_vec(), now.seconds(), not_after);
    seal(kek, identity, purpose, (authority.key(), pkcs8), chain)
}

fn seal(
    kek: &Kek,
    identity: &Identity,
    purpose: KeyPurpose,
    (key, pkcs8): (&AuthorityKey, &[u8]),
    (chain, not_before, not_after): (Vec<Vec<u8>>, i64, i64),
) -> Result<KeyRecord, KeyRingError> {
    let algorithm = match key.kind() {
        AuthorityKeyKind::P256 => "ES256",
        AuthorityKeyKind::P384 => "ES384",
    };
    let mut record = KeyRecord {
        realm: identity.realm.as_str().into(),
        kid: key.kid().into(),
        purpose,
        algorithm: algorithm.into(),
        sealed: Vec::new(),
        chain,
        created_at: not_before,
        not_before,
        not_after,
        expires_at: not_after,
    };
    record.sealed = kek.seal(&record, pkcs8)?;
    Ok(record)
}

fn new_key(kind: AuthorityKeyKind) -> Result<(zeroize::Zeroizing<Vec<u8>>, AuthorityKey), KeyRingError> {
    let pkcs8 = AuthorityKey::generate(kind).map_err(failed)?;
    let key = AuthorityKey::from_pkcs8(&pkcs8).map_err(failed)?;
    Ok((pkcs8, key))
}

fn key_of(record: &KeyRecord, kek: &Kek) -> Result<AuthorityKey, KeyRingError> {
    AuthorityKey::from_pkcs8(&kek.open(record)?).map_err(failed)
}

fn serial(entropy: &dyn Entropy) -> Result<CertificateSerial, KeyRingError> {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes)?;
    Ok(CertificateSerial::from_random(bytes))
}

fn issuing_name(identity: &Identity) -> String {
    let mut name = format!("Chancela {} client authority", identity.realm);
    name.truncate(58);
    name
}

fn failed(error: impl std::fmt::Display) -> KeyRingError {
    KeyRingError::Authority(error.to_string())
}
