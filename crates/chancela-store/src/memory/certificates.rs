//! Client certificates and revocation lists, with the index by expiry that other stores get from their engine.
//!
//! As in [`super::people`], each record is put in its place, or taken from it, by one function, which also undoes.

use super::cold::{Undo, place};
use chancela_core::id::CertificateSerial;
use chancela_core::record::{ClientCertificate, Crl};
use chancela_core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// (realm, serial number).
pub(super) type CertificateName = (Box<str>, CertificateSerial);
/// (realm, `kid` of the issuer).
pub(super) type CrlName = (Box<str>, Box<str>);

#[derive(Debug, Default)]
pub(super) struct Certificates {
    certificates: BTreeMap<CertificateName, ClientCertificate>,
    by_expiry: BTreeSet<(i64, CertificateName)>,
    crls: BTreeMap<CrlName, Crl>,
}

impl Certificates {
    /// `false` if the guard does not hold; then nothing was changed, as in the next.
    pub(super) fn put(
        &mut self,
        certificate: ClientCertificate,
        expected_version: Option<u64>,
        undo: &mut Vec<Undo>,
    ) -> bool {
        let name = (certificate.realm.clone(), certificate.serial);
        if self.certificates.get(&name).map(|stored| stored.version) != expected_version {
            return false;
        }
        undo.push(Undo::Certificate(name.clone(), self.place(name, Some(certificate)).map(Box::new)));
        true
    }

    pub(super) fn put_crl(&mut self, crl: Crl, undo: &mut Vec<Undo>) -> bool {
        let name = (crl.realm.clone(), crl.issuer.clone());
        if self.crls.get(&name).is_some_and(|stored| stored.number >= crl.number) {
            return false;
        }
        undo.push(Undo::Crl(name.clone(), self.place_crl(name, Some(crl))));
        true
    }

    pub(super) fn delete_crl(&mut self, name: CrlName, undo: &mut Vec<Undo>) {
        undo.push(Undo::Crl(name.clone(), self.place_crl(name, None)));
    }

    /// Answers what stood there, as the next.
    pub(super) fn place(
        &mut self,
        name: CertificateName,
        certificate: Option<ClientCertificate>,
    ) -> Option<ClientCertificate> {
        if let Some(old) = self.certificates.get(&name) {
            self.by_expiry.remove(&(old.expires_at, name.clone()));
        }
        if let Some(certificate) = &certificate {
            self.by_expiry.insert((certificate.expires_at, name.clone()));
        }
        place(&mut self.certificates, name, certificate)
    }

    pub(super) fn place_crl(&mut self, name: CrlName, crl: Option<Crl>) -> Option<Crl> {
        place(&mut self.crls, name, crl)
    }

    pub(super) fn alive(&self, now: Timestamp) -> Vec<ClientCertificate> {
        let alive = |certificate: &&ClientCertificate| certificate.expires_at > now.seconds();
        self.certificates.values().filter(alive).cloned().collect()
    }

    pub(super) fn crls(&self) -> Vec<Crl> {
        self.crls.values().cloned().collect()
    }

    /// Removes certificates with `expires_at <= now`, at most `slice`.
    pub(super) fn expire(&mut self, now: Timestamp, slice: u64) -> u64 {
        let mut removed = 0;
        while removed < slice {
            match self.by_expiry.first() {
                Some((expires_at, name)) if *expires_at <= now.seconds() => {
                    let name = name.clone();
                    self.place(name, None);
                }
                _ => break,
            }
            removed += 1;
        }
        removed
    }
}
