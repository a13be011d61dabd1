//! The certificates of a realm in memory, as exact as its clients are: every change passes through this process.

use chancela_core::id::{CertificateSerial, ClientKey};
use chancela_core::issuance::{self, KnownKey};
use chancela_core::record::{CertificateStatus, ClientCertificate};
use chancela_core::time::Timestamp;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// All of them.
#[derive(Debug, Default)]
pub struct Register(RwLock<Entries>);

#[derive(Debug, Default)]
struct Entries {
    by_serial: BTreeMap<CertificateSerial, Arc<ClientCertificate>>,
    of_client: HashMap<ClientKey, HashSet<CertificateSerial>>,
    of_key: HashMap<[u8; 32], HashSet<CertificateSerial>>,
    of_digest: HashMap<[u8; 32], CertificateSerial>,
}

impl Register {
    /// Adds or replaces a record.
    pub fn put(&self, record: ClientCertificate) {
        let mut entries = self.write();
        let serial = record.serial;
        entries.of_client.entry(record.client).or_default().insert(serial);
        if let Some(issued) = record.issued() {
            entries.of_key.entry(issued.key_identity).or_default().insert(serial);
            entries.of_digest.insert(issued.sha256, serial);
        }
        entries.by_serial.insert(serial, Arc::new(record));
    }

    /// The record of a serial number.
    pub fn get(&self, serial: CertificateSerial) -> Option<Arc<ClientCertificate>> {
        self.read().by_serial.get(&serial).cloned()
    }

    /// The record of a certificate, by the SHA-256 of its DER.
    pub fn of_digest(&self, sha256: &[u8; 32]) -> Option<Arc<ClientCertificate>> {
        let entries = self.read();
        entries.by_serial.get(entries.of_digest.get(sha256)?).cloned()
    }

    /// A client's records, oldest first.
    pub fn of_client(&self, client: ClientKey) -> Vec<Arc<ClientCertificate>> {
        let entries = self.read();
        let serials = entries.of_client.get(&client).into_iter().flatten();
        let mut own: Vec<_> = serials.filter_map(|serial| entries.by_serial.get(serial).cloned()).collect();
        own.sort_by_key(|record| (record.created_at, record.serial));
        own
    }

    /// All records, oldest first.
    pub fn all(&self) -> Vec<Arc<ClientCertificate>> {
        let mut all: Vec<_> = self.read().by_serial.values().cloned().collect();
        all.sort_by_key(|record| (record.created_at, record.serial));
        all
    }

    /// What is known of a public key, by its identity, that `client` shows.
    pub fn key(&self, identity: &[u8; 32], client: ClientKey) -> KnownKey {
        let entries = self.read();
        let Some(serials) = entries.of_key.get(identity) else { return KnownKey::New };
        let own = |record: &Arc<ClientCertificate>| {
            record.client == client && matches!(record.status, CertificateStatus::Issued(_))
        };
        let mut records = serials.iter().filter_map(|serial| entries.by_serial.get(serial));
        if records.all(own) { KnownKey::Own } else { KnownKey::Taken }
    }

    /// How many of a client's records count against its limit.
    pub fn valid(&self, client: ClientKey, now: Timestamp) -> usize {
        self.of_client(client).iter().filter(|record| issuance::counts(record, now)).count()
    }

    /// Whether a certificate is good as far as revocations go.
    pub fn is_issued(&self, serial: CertificateSerial) -> bool {
        self.get(serial).is_some_and(|record| matches!(record.status, CertificateStatus::Issued(_)))
    }

    /// What was issued to whoever showed the certificate of `serial`, and so on: what its thief may have got.
    pub fn renewals_of(&self, serial: CertificateSerial) -> Vec<CertificateSerial> {
        let Some(first) = self.get(serial) else { return Vec::new() };
        let own = self.of_client(first.client);
        let mut found = vec![serial];
        let mut at = 0;
        while let Some(parent) = found.get(at).copied() {
            at += 1;
            let children = own.iter().filter(|record| record.renews == Some(parent));
            let new: Vec<_> =
                children.map(|record| record.serial).filter(|own| !found.contains(own)).collect();
            found.extend(new);
        }
        found.remove(0);
        found
    }

    /// When a client's last `count` records were made, the oldest of them; `None` if there are fewer.
    pub fn window_began(&self, client: ClientKey, count: u16) -> Option<i64> {
        let own = self.of_client(client);
        let first = own.len().checked_sub(usize::from(count))?;
        own.get(first).map(|record| record.created_at)
    }

    /// Forgets records that the store has dropped too.
    pub fn expire(&self, now: Timestamp) {
        let mut entries = self.write();
        let dead = |record: &Arc<ClientCertificate>| record.expires_at < now.seconds();
        let gone: Vec<_> = entries.by_serial.values().filter(|record| dead(record)).cloned().collect();
        for record in gone {
            entries.by_serial.remove(&record.serial);
            drop_from(&mut entries.of_client, &record.client, record.serial);
            if let Some(issued) = record.issued() {
                drop_from(&mut entries.of_key, &issued.key_identity, record.serial);
                entries.of_digest.remove(&issued.sha256);
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Entries> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn drop_from<K: std::hash::Hash + Eq>(
    map: &mut HashMap<K, HashSet<CertificateSerial>>,
    key: &K,
    serial: CertificateSerial,
) {
    if let Some(serials) = map.get_mut(key) {
        serials.remove(&serial);
        if serials.is_empty() {
            map.remove(key);
        }
    }
}
