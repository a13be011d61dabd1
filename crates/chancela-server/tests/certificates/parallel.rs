//! CE-06: many orders at once.

use super::*;
use chancela_store_sqlite::{Options, SqliteStore};
use std::collections::HashSet;

async fn storm<S: Store>(store: S) {
    let bank = Arc::new(Bank::over(store, plan()).await);
    let token = bank.token().await;
    let orders: Vec<_> = (0..32)
        .map(|_| {
            let (bank, token) = (Arc::clone(&bank), token.clone());
            tokio::spawn(async move {
                let key = KeyPair::generate().unwrap();
                let ask = Ask::post("/bank/certificates").header("content-type", "application/pkcs10");
                ask.bearer(&token).body(request(&key)).send(&bank.world).await
            })
        })
        .collect();
    let mut serials = HashSet::new();
    let mut refused = 0;
    for order in orders {
        let answer = order.await.unwrap();
        match answer.status.as_u16() {
            201 => assert!(serials.insert(answer.text("serial_number")), "a serial number twice"),
            409 => refused += 1,
            other => panic!("{other} {}", answer.body),
        }
    }
    assert_eq!((serials.len(), refused), (2, 30));
    let kept = bank.world.server.store.certificates(bank.world.clock.now()).await.unwrap();
    assert_eq!(kept.len(), 2);
}

/// Programs that start together register one client; and the limit holds for those that ask for different ones.
async fn rush<S: Store>(store: S, same: bool) -> usize {
    let bank = Arc::new(Bank::over(store, plan()).await);
    let holder = Arc::new(bank.ordered().await);
    let asked: Vec<_> = (0..32)
        .map(|number| {
            let (bank, holder) = (Arc::clone(&bank), Arc::clone(&holder));
            let name = if same { "App".to_owned() } else { format!("App {number}") };
            let body = serde_json::json!({ "client_name": name }).to_string();
            tokio::spawn(async move {
                Ask::json("/bank/oauth/register", body).showing(&holder).send(&bank.world).await
            })
        })
        .collect();
    let mut ids = HashSet::new();
    for asked in asked {
        let answer = asked.await.unwrap();
        match answer.status.as_u16() {
            201 => drop(ids.insert(answer.text("client_id"))),
            other => assert_eq!((other, same), (400, false), "{}", answer.body),
        }
    }
    assert_eq!(bank.world.server.store.clients().await.unwrap().len(), ids.len() + 1);
    ids.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_registrations_at_once_keep_the_limit_in_memory() {
    assert_eq!(rush(MemoryStore::new(), true).await, 1);
    assert_eq!(rush(MemoryStore::new(), false).await, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_registrations_at_once_keep_the_limit_in_sqlite() {
    for (same, expected) in [(true, 1), (false, 20)] {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
        assert_eq!(rush(store, same).await, expected);
    }
}

/// CE-06, CE-11, I-14: what was decided holds after a restart, and no serial number comes again.
#[tokio::test]
async fn a_restart_forgets_neither_certificates_nor_their_end() {
    let directory = tempfile::tempdir().unwrap();
    let open = || SqliteStore::open(directory.path(), Options::default()).unwrap();
    let bank = Bank::over(open(), plan()).await;
    let id = bank.world.register(REALM, crate::support::certificate_client("read")).await;
    let (good, bad) =
        (bank.world.certify(REALM, &id, None).await, bank.world.certify(REALM, &id, None).await);
    let token = bank.world.mtls_token(REALM, &id, "read", &bad).await.token();
    bank.world.clock.advance_seconds(60);
    bank.world.revoke_certificate(REALM, &bad).await;
    let number = |world: &World<SqliteStore>| {
        let own = world.server.realm(REALM).unwrap().certificate_authority.as_ref().unwrap();
        own.list(&own.authorities()[0].key().kid()).map(|list| list.number)
    };
    let before = number(&bank.world).unwrap();
    drop(bank);

    // The clock starts anew, before the revocation.
    let world = World::over(open(), vec![plan()]).await;
    assert_eq!(number(&world), Some(before));
    assert_eq!(world.mtls_token(REALM, &id, "read", &good).await.status, 200);
    let refused = world.mtls_token(REALM, &id, "read", &bad).await;
    assert_eq!(refused.refusal(), (401, "invalid_client".into()));
    let verify = Ask::get("/bank/oauth/verify").bearer(&token).showing(&bad).send(&world).await;
    assert_eq!(verify.status, 401);
    let young = world.certify(REALM, &id, None).await;
    assert!(![&good.serial, &bad.serial].contains(&&young.serial));
    world.revoke_certificate(REALM, &young).await;
    assert!(number(&world).unwrap() > before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_orders_at_once_give_two_certificates_in_memory() {
    storm(MemoryStore::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_orders_at_once_give_two_certificates_in_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    storm(SqliteStore::open(directory.path(), Options::default()).unwrap()).await;
}
