//! Certificates of clients, from the order to the end: the realm's own authority as clients and relying parties meet it.

mod approval;
mod bankly;
mod compromise;
mod external;
mod interrupted;
mod lineage;
mod order;
mod parallel;
mod published;
mod registration;
mod renewal;
mod warnings;

use crate::support::{
    Answer, Ask, ClientFacts, Holder, RealmPlan, World, holder_of, new_client, request, request_pem,
};
use chancela_store::{MemoryStore, Store};
use rcgen::KeyPair;
use std::process::Command as Program;
use std::sync::Arc;

const REALM: &str = "bank";
const SCOPE: &str = "certificate.create read write";

/// A realm with an authority, and a client that may order certificates.
struct Bank<S = MemoryStore> {
    world: Arc<World<S>>,
    client: ClientFacts,
}

fn plan() -> RealmPlan {
    RealmPlan::new(REALM, "standard", "default").with_mtls(&[])
}

impl Bank {
    async fn open() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut RealmPlan)) -> Self {
        let mut plan = plan();
        change(&mut plan);
        Self::over(MemoryStore::new(), plan).await
    }
}

impl<S: Store> Bank<S> {
    async fn over(store: S, plan: RealmPlan) -> Self {
        let world = Arc::new(World::over(store, vec![plan]).await);
        let client = world.client(REALM, new_client(SCOPE)).await;
        Self { world, client }
    }

    async fn token(&self) -> String {
        self.world.secret_token(REALM, &self.client, "certificate.create").await.token()
    }

    /// An order of the client's, without a body.
    async fn ask(&self) -> Ask {
        Ask::post("/bank/certificates").bearer(&self.token().await)
    }

    async fn order(&self, key: &KeyPair) -> Answer {
        self.ask()
            .await
            .header("content-type", "application/pkcs10")
            .body(request(key))
            .send(&self.world)
            .await
    }

    async fn ordered(&self) -> Holder {
        let key = KeyPair::generate().unwrap();
        let answer = self.order(&key).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let json = answer.json();
        holder_of(key, &json["certificate"], &json["serial_number"])
    }
}

/// What OpenSSL says, or an error that shows what it said.
fn openssl(folder: &std::path::Path, arguments: &str) -> String {
    let outcome = Program::new("openssl").current_dir(folder).args(arguments.split(' ')).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(outcome.status.success(), "openssl {arguments}: {}", text(&outcome.stderr));
    text(&outcome.stdout)
}
