//! A realm's keys: generated on first start, sealed at rest, rotated on a schedule with publish-before-use and overlap.
//!
//! [`schedule`] decides (pure), [`kek`] seals; this file loads, acts and shows the result to requests as one snapshot
//! that is swapped whole.

mod generate;
pub mod kek;
pub mod schedule;

pub use generate::generate_pkcs8;

use chancela_core::dialect::{Token, TokenFormat};
use chancela_core::effect::Effect;
use chancela_core::entropy::Entropy;
use chancela_core::jose::{JwsAlgorithm, JwsError, JwtKind, Signer, SigningKey, VerifyingKey};
use chancela_core::pepper::Pepper;
use chancela_core::record::{KeyPurpose, KeyRecord};
use chancela_core::secret::hex;
use chancela_core::time::Timestamp;
use chancela_store::{CommitOutcome, Store, StoreError};
use kek::{Kek, KekError};
use schedule::Action;
use std::sync::Arc;
use zeroize::Zeroizing;

use crate::realm::RealmEndpoint;
use crate::verified::VerifiedTokens;

/// Name of the pepper's algorithm in records.
const PEPPER_ALGORITHM: &str = "HMAC-SHA-256";

/// Why the keys of a realm are not usable.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Sealing or opening.
    #[error(transparent)]
    Kek(#[from] KekError),
    /// A key's material.
    #[error("key {kid}: {error}")]
    Key {
        /// The key.
        kid: String,
        /// What is wrong.
        error: JwsError,
    },
    /// A certificate authority's key or certificate.
    #[error("certificate authority: {0}")]
    Authority(String),
    /// No random numbers.
    #[error(transparent)]
    Entropy(#[from] chancela_core::entropy::EntropyError),
    /// Another process changed the keys again and again meanwhile.
    #[error("the keys of the realm changed while they were rotated; try again")]
    Contended,
}

/// What requests see of a realm's signing keys at one time.
#[derive(Debug, Default)]
pub struct KeySet {
    /// For each token endpoint of the realm, the key in use with its header; none where tokens are not signed.
    pub signers: Vec<Option<Signer>>,
    /// For each algorithm, the key in use: for JWTs that are no access tokens.
    pub signing: Vec<Arc<SigningKey>>,
    /// Seconds that the longest access token lived while a key was in use that is still published.
    pub longest_token: u32,
    /// Every published key.
    pub verifying: Vec<VerifyingKey>,
    /// The JWKS document.
    pub jwks: bytes::Bytes,
    /// Tokens whose signature was checked with exactly these keys. A check that began with other keys is remembered
    /// among theirs, so it cannot outlive them.
    pub verified: Arc<VerifiedTokens>,
}

impl KeySet {
    /// The key in use of an algorithm.
    pub fn signing_key(&self, algorithm: JwsAlgorithm) -> Option<&Arc<SigningKey>> {
        self.signing.iter().find(|key| key.algorithm() == algorithm)
    }
}

/// Algorithms that a realm signs with, each once: those of its access tokens, and where users log in those of
/// [`openid_algorithms`].
pub fn algorithms(
    endpoints: &[RealmEndpoint],
    registered: impl Iterator<Item = JwsAlgorithm>,
) -> Vec<JwsAlgorithm> {
    let tokens = endpoints.iter().map(|endpoint| &endpoint.dialect.token);
    let jwt = tokens.filter(|token| token.format == TokenFormat::Jwt).map(|token| token.jwt.algorithm);
    each_once(jwt.chain(openid_algorithms(endpoints, registered)))
}

/// Algorithms of ID tokens and what else is signed for a client, each once: the dialect's, RS256, which every OpenID
/// Provider signs with (OpenID Connect Core §15.1), and those that clients are `registered` with. None where nobody logs
/// in.
pub fn openid_algorithms(
    endpoints: &[RealmEndpoint],
    registered: impl Iterator<Item = JwsAlgorithm>,
) -> Vec<JwsAlgorithm> {
    let mut out: Vec<_> = endpoints
        .iter()
        .filter(|endpoint| endpoint.has_users())
        .map(|endpoint| endpoint.dialect.token.id_token.algorithm)
        .collect();
    if !out.is_empty() {
        out.push(JwsAlgorithm::Rs256);
        out.extend(registered);
    }
    each_once(out.into_iter())
}

fn each_once(all: impl Iterator<Item = JwsAlgorithm>) -> Vec<JwsAlgorithm> {
    let mut out = Vec::new();
    for algorithm in all {
        if !out.contains(&algorithm) {
            out.push(algorithm);
        }
    }
    out
}

/// Keys of one realm among `records`.
fn of_realm<'r>(records: &'r [KeyRecord], realm: &'r str) -> impl Iterator<Item = &'r KeyRecord> {
    records.iter().filter(move |record| &*record.realm == realm)
}

/// Does what the schedule says for a realm until nothing is left to do, and answers all records as they then are.
///
/// # Errors
/// [`KeyRingError`].
pub async fn maintain<S: Store>(
    store: &S,
    kek: &Kek,
    realm: &str,
    algorithms: &[JwsAlgorithm],
    policy: schedule::Policy,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Vec<KeyRecord>, KeyRingError> {
    for _ in 0..8 {
        let records: Vec<KeyRecord> = of_realm(&store.keys().await?, realm).cloned().collect();
        let mut effects = Vec::new();
        if !records.iter().any(|record| record.purpose == KeyPurpose::Pepper) {
            effects.push(Effect::InsertKey(new_pepper(kek, realm, now, entropy)?));
        }
        for algorithm in algorithms {
            for action in schedule::plan(&records, *algorithm, policy, now.seconds()) {
                effects.push(effect_of(action, kek, realm, *algorithm, now)?);
            }
        }
        if effects.is_empty() {
            return Ok(records);
        }
        if store.commit(effects).await? == CommitOutcome::Committed {
            tracing::info!(realm, "keys changed by schedule");
        }
    }
    Err(KeyRingError::Contended)
}

/// Rotates the keys of a realm because an operator says so.
///
/// # Errors
/// [`KeyRingError`].
pub async fn rotate<S: Store>(
    store: &S,
    kek: &Kek,
    realm: &str,
    algorithms: &[JwsAlgorithm],
    policy: schedule::Policy,
    urgency: schedule::Urgency,
    now: Timestamp,
) -> Result<(), KeyRingError> {
    let records: Vec<KeyRecord> = of_realm(&store.keys().await?, realm).cloned().collect();
    let mut effects = Vec::new();
    for algorithm in algorithms {
        for action in schedule::rotate(&records, *algorithm, policy, urgency, now.seconds()) {
            effects.push(effect_of(action, kek, realm, *algorithm, now)?);
        }
    }
    match store.commit(effects).await? {
        CommitOutcome::Committed => Ok(()),
        CommitOutcome::Conflict => Err(KeyRingError::Contended),
    }
}

fn effect_of(
    action: Action,
    kek: &Kek,
    realm: &str,
    algorithm: JwsAlgorithm,
    now: Timestamp,
) -> Result<Effect, KeyRingError> {
    Ok(match action {
        Action::Create { not_before, not_after, expires_at } => {
            let key = generate_pkcs8(algorithm)
                .and_then(|pkcs8| SigningKey::from_pkcs8(algorithm, &pkcs8))
                .map_err(|error| KeyRingError::Key { kid: "new".into(), error })?;
            let mut record = KeyRecord {
                realm: realm.into(),
                kid: key.jwk().kid().into(),
                purpose: KeyPurpose::AccessTokenSigning,
                algorithm: algorithm.as_str().into(),
                sealed: Vec::new(),
                chain: Vec::new(),
                created_at: now.seconds(),
                not_before,
                not_after,
                expires_at,
            };
            record.sealed = kek.seal(&record, key.pkcs8())?;
            Effect::InsertKey(record)
        }
        Action::Reschedule(record) => Effect::UpdateKey(record),
        Action::Destroy { realm, kid } => Effect::DeleteKey { realm, kid },
    })
}

fn new_pepper(
    kek: &Kek,
    realm: &str,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<KeyRecord, KeyRingError> {
    let (mut root, mut id) = (Zeroizing::new([0; 32]), [0; 8]);
    entropy.fill(&mut *root)?;
    entropy.fill(&mut id)?;
    let mut record = KeyRecord {
        realm: realm.into(),
        kid: format!("pepper-{}", hex(&id)).into(),
        purpose: KeyPurpose::Pepper,
        algorithm: PEPPER_ALGORITHM.into(),
        sealed: Vec::new(),
        chain: Vec::new(),
        created_at: now.seconds(),
        not_before: now.seconds(),
        not_after: i64::MAX,
        expires_at: i64::MAX,
    };
    record.sealed = kek.seal(&record, &*root)?;
    Ok(record)
}

/// Opens the realm's pepper. With several (two first starts at once), the oldest counts, and of equals the smallest id.
///
/// # Errors
/// [`KeyRingError`].
pub fn pepper(records: &[KeyRecord], kek: &Kek) -> Result<Pepper, KeyRingError> {
    let mut peppers: Vec<_> = records.iter().filter(|record| record.purpose == KeyPurpose::Pepper).collect();
    peppers.sort_by(|a, b| (a.created_at, &a.kid).cmp(&(b.created_at, &b.kid)));
    let record = peppers.first().ok_or(KeyRingError::Contended)?;
    let root = kek.open(record)?;
    let root: Zeroizing<[u8; 32]> = Zeroizing::new(
        root.as_slice().try_into().map_err(|_| KekError::Open { kid: record.kid.to_string() })?,
    );
    Ok(Pepper::from_root(&root))
}

/// Opens the signing keys and builds what requests see at `now`.
///
/// # Errors
/// [`KeyRingError`].
pub fn key_set(
    records: &[KeyRecord],
    kek: &Kek,
    endpoints: &[RealmEndpoint],
    now: Timestamp,
) -> Result<KeySet, KeyRingError> {
    let now = now.seconds();
    let published = records.iter().filter(|record| {
        record.purpose == KeyPurpose::AccessTokenSigning
            && record.created_at <= now
            && now < record.expires_at
    });
    let mut verifying = Vec::new();
    let mut longest_token = 0;
    let mut current: Vec<(i64, Arc<SigningKey>)> = Vec::new();
    for record in published {
        let unusable = |error| KeyRingError::Key { kid: record.kid.to_string(), error };
        let algorithm = JwsAlgorithm::parse(&record.algorithm).ok_or(unusable(JwsError::Key("known")))?;
        let key = SigningKey::from_pkcs8(algorithm, &kek.open(record)?).map_err(unusable)?;
        verifying.push(key.verifying_key());
        longest_token = schedule::longest_token(record).max(longest_token);
        if record.not_before <= now && now < record.not_after {
            current.push((record.not_before, Arc::new(key)));
        }
    }
    // The newest of each algorithm comes first.
    current.sort_by_key(|(not_before, _)| std::cmp::Reverse(*not_before));
    let signing: Vec<_> = current.into_iter().map(|(_, key)| key).collect();
    let signer = |token: &Token| {
        let key = signing.iter().find(|key| key.algorithm() == token.jwt.algorithm)?;
        let kind = JwtKind { typ: Some(&token.jwt.typ), kid: token.jwt.kid };
        (token.format == TokenFormat::Jwt).then(|| Signer::new(Arc::clone(key), kind))
    };
    let signers = endpoints.iter().map(|endpoint| signer(&endpoint.dialect.token)).collect();
    let keys: Vec<_> = verifying.iter().map(VerifyingKey::jwk).collect();
    let jwks = serde_json::to_vec(&serde_json::json!({ "keys": keys })).unwrap_or_default().into();
    Ok(KeySet { signers, signing, longest_token, verifying, jwks, verified: Arc::default() })
}
