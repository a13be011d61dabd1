//! Authorities, clients and the `openssl` program.

use chancela_core::entropy::{Entropy, EntropyError};
use chancela_core::id::CertificateSerial;
use chancela_core::time::Timestamp;
use chancela_core::x509::{
    Authority, AuthorityKey, AuthorityKeyKind, AuthorityName, ClientProfile, KeyPairKind, Locations,
    SubjectAttribute, Validity, encode_pem, generate_key, public_key_of,
};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) const DAY: i64 = 86_400;
pub(crate) const CRL_URL: &str = "http://id.example/ca/ab.crl";
pub(crate) const OCSP_URL: &str = "http://id.example/ca/ocsp";
pub(crate) const ISSUER_URL: &str = "http://id.example/ca/ab.der";

/// The openssl program judges by the clock, so the tests do.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_seconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64)
}

pub(crate) fn days(count: i64) -> Validity {
    Validity::starting(now().plus_seconds(-60), count * DAY)
}

pub(crate) fn serial(number: u8) -> CertificateSerial {
    CertificateSerial::from_random([number; 16])
}

pub(crate) fn key(kind: AuthorityKeyKind) -> AuthorityKey {
    AuthorityKey::from_pkcs8(&AuthorityKey::generate(kind).unwrap()).unwrap()
}

pub(crate) fn name(common_name: &str) -> AuthorityName<'_> {
    AuthorityName { common_name, organization: Some("Banco São João S.A."), country: Some("BR") }
}

pub(crate) fn locations() -> Locations {
    Locations { crl: Some(CRL_URL.into()), ocsp: Some(OCSP_URL.into()), issuer: Some(ISSUER_URL.into()) }
}

/// A root of 20 years and an intermediate of 5.
pub(crate) fn authorities() -> (Authority, Authority) {
    authorities_at(locations())
}

/// The same, where the state of what the intermediate signs is published here.
pub(crate) fn authorities_at(locations: Locations) -> (Authority, Authority) {
    let root = Authority::root(key(AuthorityKeyKind::P384), &name("Root"), serial(1), days(7300)).unwrap();
    let pkcs8 = AuthorityKey::generate(AuthorityKeyKind::P256).unwrap();
    let key = || AuthorityKey::from_pkcs8(&pkcs8).unwrap();
    let made = root.intermediate(key(), &name("Issuing"), serial(2), days(1825)).unwrap();
    let intermediate = Authority::new(key(), made.chain().to_vec(), locations).unwrap();
    (root, intermediate)
}

pub(crate) fn profile() -> ClientProfile {
    ClientProfile {
        common_name: "Padaria do Zé".into(),
        organization: Some("Padaria Ltda".into()),
        country: Some("BR".into()),
        attributes: vec![
            (SubjectAttribute::SerialNumber, "12345678000195".into()),
            (SubjectAttribute::OrganizationIdentifier, "NTRBR-12345678000195".into()),
            (SubjectAttribute::UserId, "5f69111c".into()),
        ],
        alt_uris: vec!["urn:client:5f69111c".into()],
        ..ClientProfile::default()
    }
}

/// A client's key and its certificate.
pub(crate) fn client(authority: &Authority, kind: KeyPairKind, number: u8) -> (Vec<u8>, Vec<u8>) {
    let pkcs8 = generate_key(kind).unwrap().to_vec();
    let spki = public_key_of(&pkcs8).unwrap();
    let certificate = authority.issue(&profile(), &spki, serial(number), days(365)).unwrap();
    (pkcs8, certificate)
}

/// Different bytes each time.
pub(crate) struct Counting(AtomicU64);

impl Counting {
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(1))
    }
}

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for byte in bytes {
            *byte = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).to_be_bytes()[0];
        }
        Ok(())
    }
}

/// A folder of one test, from which `openssl` runs.
pub(crate) struct OpenSsl(PathBuf);

impl OpenSsl {
    pub(crate) fn new(test: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("x509").join(test);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.0.join(name), bytes).unwrap();
        self
    }

    pub(crate) fn certificates(&self, name: &str, certificates: &[Vec<u8>]) -> &Self {
        let pem: String = certificates.iter().map(|der| encode_pem("CERTIFICATE", der)).collect();
        self.file(name, pem)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.join(name)).unwrap()
    }

    /// What it says to these arguments, which are divided at spaces; it must end well.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &str) -> String {
        let (good, said) = self.try_run(arguments);
        assert!(good, "openssl {arguments}\n{said}");
        said
    }

    /// What it says to these arguments; it must not end well.
    #[track_caller]
    pub(crate) fn refuse(&self, arguments: &str) -> String {
        let (good, said) = self.try_run(arguments);
        assert!(!good, "openssl {arguments}\n{said}");
        said
    }

    fn try_run(&self, arguments: &str) -> (bool, String) {
        let out = Command::new("openssl").args(arguments.split(' ')).current_dir(&self.0).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        (out.status.success(), said)
    }
}

#[track_caller]
pub(crate) fn assert_says(said: &str, lines: &[&str]) {
    for line in lines {
        assert!(said.contains(line), "{line:?} is not in\n{said}");
    }
}
