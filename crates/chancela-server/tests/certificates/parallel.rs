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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_orders_at_once_give_two_certificates_in_memory() {
    storm(MemoryStore::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_orders_at_once_give_two_certificates_in_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    storm(SqliteStore::open(directory.path(), Options::default()).unwrap()).await;
}
