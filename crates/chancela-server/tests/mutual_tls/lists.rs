//! Revocation lists of authorities outside (CA-19, CA-21, I-14, I-15): what they say, and what follows when they cannot be
//! believed.

use super::*;
use crate::support::{Answer, Ask, new_client};
use chancela_core::x509::encode_pem;
use rcgen::SerialNumber;
use std::path::Path;
use std::time::Duration;
use tempfile::NamedTempFile;

const HOUR: i64 = 3600;

/// Writes a file anew, seconds after whatever stood there before.
fn rewrite(path: &Path, text: &str) {
    let before = std::fs::metadata(path).unwrap().modified().unwrap();
    std::fs::write(path, text).unwrap();
    let later = before + Duration::from_secs(2);
    std::fs::File::open(path).unwrap().set_modified(later).unwrap();
}

fn list(text: &str) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn numbered(root: &Root, serial: u64) -> Holder {
    let mut params = client_params("padaria");
    params.serial_number = Some(SerialNumber::from(serial));
    root.issue(&params)
}

impl Bank {
    /// With these lists.
    async fn listing(root: Root, lists: &[&NamedTempFile], self_signed: bool) -> Self {
        let mut plan = plan(&root);
        plan.mtls().crls = lists.iter().map(|file| file.path().to_owned()).collect();
        plan.mtls().self_signed = self_signed;
        let world = World::open(vec![plan]).await;
        let resource_server = world.client(REALM, resource_server()).await;
        Self { world, root, resource_server }
    }

    /// A client with a secret whose tokens are bound.
    async fn bound_client(&self) -> ClientFacts {
        let new = NewClient { tls_client_certificate_bound_access_tokens: true, ..new_client("read") };
        self.world.client(REALM, new).await
    }

    async fn bound(&self, client: &ClientFacts, chain: &[Vec<u8>]) -> Answer {
        let fields = [("grant_type", "client_credentials"), ("scope", "read")];
        let ask = Ask::form("/bank/oauth/token", &fields).header("authorization", client.basic());
        ask.showing_chain(chain).send(&self.world).await
    }
}

/// CA-19, I-14: an outside authority's list counts, also when it changes.
#[tokio::test]
async fn an_outside_authoritys_revocation_list_counts_and_is_read_again() {
    let root = Root::new("Partner root");
    let file = list(&root.crl(&[7]));
    let bank = Bank::listing(root, &[&file], false).await;
    let client = bank.client("CN=padaria").await;
    let [revoked, good] = [7, 8].map(|serial| numbered(&bank.root, serial));
    assert_eq!(bank.status(&client, &good).await, 200);
    assert_eq!(bank.status(&client, &revoked).await, 401);
    rewrite(file.path(), &bank.root.crl(&[7, 8]));
    bank.world.server.reload_trust().await;
    assert_eq!(bank.status(&client, &good).await, 401);
}

/// CA-21, I-15: where certificates that nobody issued are of use too, one of an authority does not become such a one when
/// that authority's list is stale, or when its holder hides the way to the list.
#[tokio::test]
async fn a_stale_list_does_not_make_an_authoritys_certificates_as_good_as_self_signed_ones() {
    let root = Root::new("Partner root");
    let file = list(&root.crl_until(&[7], START + HOUR));
    let bank = Bank::listing(root, &[&file], true).await;
    let [revoked, good] = [7, 8].map(|serial| numbered(&bank.root, serial));
    let client = bank.bound_client().await;
    let registered = bank.world.register(REALM, self_signed_client(&revoked)).await;
    let own = Holder::self_signed(&client_params("padaria"));
    assert_eq!(bank.bound(&client, &revoked.chain).await.refusal(), (401, "invalid_client".into()));
    let answer = bank.bound(&client, &good.chain).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    bank.world.clock.advance_seconds(HOUR - 60);
    let token = bank.bound(&client, &good.chain).await.token();
    let verify = Ask::get("/bank/oauth/verify").bearer(&token).showing(&good);
    assert_eq!(verify.clone().send(&bank.world).await.status, 204);
    bank.world.clock.advance_seconds(60);
    for holder in [&revoked, &good] {
        assert_eq!(
            bank.bound(&client, &holder.chain).await.refusal(),
            (401, "invalid_client".into()),
            "the list is stale"
        );
    }
    assert_eq!(bank.status(&registered, &revoked).await, 401, "its key is registered");
    assert_eq!(verify.send(&bank.world).await.status, 401);
    let answer = bank.bound(&client, &own.chain).await;
    assert_eq!(answer.status, 200, "nobody issued it: {}", answer.body);
}

/// CA-21: so too with an issuer below the anchor, whose list is by another key, and which may be left out of the chain.
#[tokio::test]
async fn a_list_that_is_not_reached_or_not_believed_leaves_its_issuers_certificates_without_use() {
    for forged in [false, true] {
        let root = Root::new("Partner root");
        let below = root.below("Partner");
        let file = list(&if forged { Root::new("Partner").crl(&[]) } else { below.crl(&[7]) });
        let bank = Bank::listing(root, &[&file], true).await;
        let client = bank.bound_client().await;
        let leaf = numbered(&below, 7);
        for chain in [vec![leaf.der().to_vec(), below.der.clone()], leaf.chain] {
            let refused = bank.bound(&client, &chain).await;
            assert_eq!(refused.refusal(), (401, "invalid_client".into()), "{forged}, {} shown", chain.len());
        }
    }
}

/// I-14: what stands in one file counts, whatever stands in another.
#[tokio::test]
async fn a_file_that_cannot_be_used_holds_up_no_list() {
    let (root, other) = (Root::new("Partner root"), Root::new("Other root"));
    let [own, others] = [&root, &other].map(|root| list(&root.crl(&[])));
    let bank = Bank::listing(root, &[&others, &own], false).await;
    let client = bank.client("CN=padaria").await;
    let [seven, eight] = [7, 8].map(|serial| numbered(&bank.root, serial));
    assert_eq!(bank.status(&client, &seven).await, 200);
    rewrite(others.path(), "half of a list");
    rewrite(bank.root.file.path(), "half of an authority");
    rewrite(own.path(), &bank.root.crl(&[7]));
    bank.world.server.reload_trust().await;
    assert_eq!(bank.status(&client, &seven).await, 401);
    assert_eq!(bank.status(&client, &eight).await, 200, "the authority before stays");
    std::fs::remove_file(others.path()).unwrap();
    rewrite(own.path(), &bank.root.crl(&[7, 8]));
    bank.world.server.reload_trust().await;
    assert_eq!(bank.status(&client, &eight).await, 401);
}

/// CA-21: another authority's list under the same name would turn away every client of the right one.
#[tokio::test]
async fn a_forged_list_takes_no_good_ones_place() {
    let root = Root::new("Partner root");
    let file = list(&root.crl(&[7]));
    let bank = Bank::listing(root, &[&file], false).await;
    let client = bank.client("CN=padaria").await;
    let [revoked, good] = [7, 8].map(|serial| numbered(&bank.root, serial));
    let next = Root::new("Partner root");
    rewrite(file.path(), &next.crl(&[8]));
    bank.world.server.reload_trust().await;
    assert_eq!(bank.status(&client, &good).await, 200);
    assert_eq!(bank.status(&client, &revoked).await, 401, "the list before stays in use");
    // The same list is good as soon as the authority's new certificate is trusted.
    let both = [&bank.root, &next].map(|root| encode_pem("CERTIFICATE", &root.der)).concat();
    rewrite(bank.root.file.path(), &both);
    bank.world.server.reload_trust().await;
    assert_eq!(bank.status(&client, &numbered(&next, 8)).await, 401);
    assert_eq!(bank.status(&client, &numbered(&next, 7)).await, 200);
    rewrite(file.path(), &bank.root.crl(&[]));
    bank.world.server.reload_trust().await;
    assert_eq!(bank.status(&client, &revoked).await, 200);
}

/// I-14: files are read and the realm's own authority changes in one moment.
#[tokio::test]
async fn a_list_that_was_read_is_not_forgotten_when_the_realms_own_authority_changes() {
    let root = Root::new("Partner root");
    let file = list(&root.crl(&[]));
    let bank = Bank::listing(root, &[&file], false).await;
    let client = bank.client("CN=padaria").await;
    let holder = numbered(&bank.root, 7);
    let lists = [bank.root.crl(&[7]), bank.root.crl(&[])];
    let realm = bank.world.server.realm(REALM).unwrap();
    for (round, expected) in (0..400).zip([401, 200].into_iter().cycle()) {
        rewrite(file.path(), &lists[round % 2]);
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| realm.trust.show_authorities(&Vec::new()));
            }
            realm.trust.reload();
        });
        assert_eq!(bank.status(&client, &holder).await, expected, "round {round}");
    }
}

/// A file without end is read as far as a list could go, and no longer; and not by those who serve.
#[tokio::test]
async fn a_file_without_end_is_not_read_to_its_end_and_holds_up_nobody() {
    let root = Root::new("Partner root");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list");
    std::fs::write(&path, root.crl(&[7])).unwrap();
    let mut plan = plan(&root);
    plan.mtls().crls = vec![path.clone()];
    let world = World::open(vec![plan]).await;
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
    let turns = async {
        let mut turns = 0_u32;
        loop {
            tokio::task::yield_now().await;
            turns += 1;
            if turns > 1000 {
                return;
            }
        }
    };
    // The one thread of this runtime goes on while the file is read.
    tokio::select! {
        biased;
        () = world.server.reload_trust() => panic!("nothing else had a turn"),
        () = turns => {}
    }
    world.server.reload_trust().await;
    let bank = Bank { resource_server: world.client(REALM, resource_server()).await, world, root };
    let client = bank.client("CN=padaria").await;
    assert_eq!(bank.status(&client, &numbered(&bank.root, 7)).await, 401, "the list before stays");
}
