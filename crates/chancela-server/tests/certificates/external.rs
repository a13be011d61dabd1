//! A root outside signs the realm's authority (I-13).

use super::*;
use chancela_core::time::Timestamp;
use chancela_server::control::Command;
use chancela_testkit::FakeClock;
use serde_json::{Value, json};
use std::path::Path;

const CONFIG: &str = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n\
                      extendedKeyUsage=clientAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

/// What an offline root does with the request, in PEM with its own certificate behind.
fn signed(clock: &FakeClock, folder: &Path, (csr, root): (&str, &str), extensions: &str) -> String {
    std::fs::write(folder.join("a.csr"), csr).unwrap();
    std::fs::write(folder.join("a.cnf"), extensions).unwrap();
    openssl(
        folder,
        &format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout {root}.key -out {root}.pem -subj /CN={root} -days 7000 -addext keyUsage=critical,keyCertSign,cRLSign"
        ),
    );
    openssl(
        folder,
        &format!("x509 -req -in a.csr -CA {root}.pem -CAkey {root}.key -out a.pem -extfile a.cnf -days 1800"),
    );
    // OpenSSL dates by the machine's clock, which the file's date tells.
    let made = std::fs::metadata(folder.join("a.pem")).unwrap().modified().unwrap();
    let made = made.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    clock.set(Timestamp::from_seconds(i64::try_from(made).unwrap() + 1));
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    read("a.pem") + &read(&format!("{root}.pem"))
}

async fn request(bank: &Bank) -> String {
    bank.world.control(REALM, Command::AuthorityRequest).await["csr"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_authority_signs_from_the_moment_a_root_outside_signed_it() {
    let bank = Bank::with(|plan| plan.authority().external_root = true).await;
    bank.world.maintain_certificates().await;
    let early = bank.order(&KeyPair::generate().unwrap()).await;
    assert_eq!(early.status, 503, "{}", early.body);
    let csr = request(&bank).await;
    assert_eq!(csr[60..200], request(&bank).await[60..200], "it waits with one key");
    let folder = tempfile::tempdir().unwrap();
    let chain = signed(&bank.world.clock, folder.path(), (&csr, "root"), CONFIG);
    let shown = bank.world.control(REALM, Command::AuthorityInstall { chain: chain.clone() }).await;
    let kid = shown[0]["kid"].as_str().unwrap();
    let holder = bank.ordered().await;
    let id = bank.world.register(REALM, crate::support::certificate_client("read")).await;
    let own = bank.world.certify(REALM, &id, None).await;
    assert_eq!(bank.world.mtls_token(REALM, &id, "read", &own).await.status, 200);
    assert_ne!(holder.serial, own.serial);
    // Whoever trusts the root trusts the certificate.
    let leaf = chancela_core::x509::encode_pem("CERTIFICATE", own.der());
    std::fs::write(folder.path().join("leaf.pem"), leaf).unwrap();
    let at = bank.world.clock.now().seconds();
    openssl(
        folder.path(),
        &format!("verify -attime {at} -purpose sslclient -CAfile root.pem -untrusted a.pem leaf.pem"),
    );
    assert!(!kid.is_empty());
    let again: Value = bank.world.control(REALM, Command::AuthorityShow).await;
    assert_eq!(again.as_array().unwrap().len(), 1);
}

/// What is not this authority's, or no authority, is not installed; the operator hears why.
#[tokio::test]
async fn a_chain_that_does_not_fit_is_refused() {
    let bank = Bank::with(|plan| plan.authority().external_root = true).await;
    bank.world.maintain_certificates().await;
    let csr = request(&bank).await;
    let folder = tempfile::tempdir().unwrap();
    let no_authority =
        signed(&bank.world.clock, folder.path(), (&csr, "root"), "basicConstraints=critical,CA:FALSE\n");
    let other_key = request_pem(&KeyPair::generate().unwrap());
    let foreign = signed(&bank.world.clock, folder.path(), (&other_key, "root"), CONFIG);
    let good = signed(&bank.world.clock, folder.path(), (&csr, "root"), CONFIG);
    let (own, _) = good.split_once("-----END CERTIFICATE-----\n").unwrap();
    let other = signed(&bank.world.clock, folder.path(), (&csr, "other"), CONFIG);
    let (_, other_root) = other.split_once("-----END CERTIFICATE-----\n").unwrap();
    for (title, chain) in [
        ("nothing", String::new()),
        ("no authority", no_authority),
        ("another key", foreign),
        ("another root", format!("{own}-----END CERTIFICATE-----\n{other_root}")),
    ] {
        let refused = bank.world.try_control(REALM, Command::AuthorityInstall { chain }).await;
        assert!(refused.is_err(), "{title}: {refused:?}");
    }
    assert_eq!(bank.world.control(REALM, Command::AuthorityShow).await, json!([]));
    assert_eq!(bank.order(&KeyPair::generate().unwrap()).await.status, 503);
}

/// An authority with a root of its own has nothing to install.
#[tokio::test]
async fn without_external_root_there_is_no_request() {
    let bank = Bank::open().await;
    assert!(bank.world.try_control(REALM, Command::AuthorityRequest).await.is_err());
}
