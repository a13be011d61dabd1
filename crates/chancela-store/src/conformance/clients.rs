//! Clients and their guards.

use super::samples::{client, put};
use super::{Fixture, committed, conflict};
use crate::Store;
use chancela_core::effect::Effect;
use chancela_core::id::ClientKey;
use chancela_core::record::Client;

/// All clients, by name.
async fn all(store: &impl Store) -> Vec<Client> {
    let mut clients = store.clients().await.unwrap();
    clients.sort_by(|a, b| (&a.realm, &a.client_id).cmp(&(&b.realm, &b.client_id)));
    clients
}

pub async fn a_client_reads_back_in_every_field<F: Fixture>(fixture: F) {
    let store = fixture.open();
    assert_eq!(all(&store).await, []);
    let clients = [client(1, "a"), client(2, "b")];
    for client in &clients {
        committed(&store, vec![put(client, None)]).await;
    }
    assert_eq!(all(&store).await, clients);
}

pub async fn a_second_client_of_the_same_name_or_key_is_a_conflict<F: Fixture>(fixture: F) {
    let store = fixture.open();
    committed(&store, vec![put(&client(1, "a"), None)]).await;
    conflict(&store, vec![put(&client(2, "a"), None)]).await;
    conflict(&store, vec![put(&client(1, "b"), None)]).await;
    conflict(&store, vec![put(&client(1, "a"), None)]).await;
    assert_eq!(all(&store).await, [client(1, "a")]);
}

pub async fn the_same_client_id_in_another_realm_is_another_client<F: Fixture>(fixture: F) {
    let store = fixture.open();
    let other = Client { realm: "other".into(), ..client(2, "a") };
    committed(&store, vec![put(&client(1, "a"), None), put(&other, None)]).await;
    committed(&store, vec![Effect::DeleteClient { client: client(1, "a") }]).await;
    assert_eq!(all(&store).await, [other]);
}

pub async fn replacing_needs_the_expected_version<F: Fixture>(fixture: F) {
    let store = fixture.open();
    committed(&store, vec![put(&client(1, "a"), None)]).await;
    let changed = Client { version: 2, enabled: false, secrets: Vec::new(), ..client(1, "a") };
    conflict(&store, vec![put(&changed, Some(0))]).await;
    conflict(&store, vec![put(&changed, Some(2))]).await;
    conflict(&store, vec![put(&changed, None)]).await;
    assert_eq!(all(&store).await, [client(1, "a")]);
    committed(&store, vec![put(&changed, Some(1))]).await;
    conflict(&store, vec![put(&changed, Some(1))]).await;
    assert_eq!(all(&store).await, [changed]);
}

pub async fn replacing_a_missing_client_is_a_conflict<F: Fixture>(fixture: F) {
    let store = fixture.open();
    conflict(&store, vec![put(&client(1, "a"), Some(1))]).await;
    assert_eq!(all(&store).await, []);
}

pub async fn replacing_under_another_key_is_a_conflict<F: Fixture>(fixture: F) {
    let store = fixture.open();
    committed(&store, vec![put(&client(1, "a"), None)]).await;
    conflict(&store, vec![put(&client(2, "a"), Some(1))]).await;
    assert_eq!(all(&store).await, [client(1, "a")]);
}

pub async fn deleting_needs_the_version_that_was_read<F: Fixture>(fixture: F) {
    let store = fixture.open();
    conflict(&store, vec![Effect::DeleteClient { client: client(1, "a") }]).await;
    committed(&store, vec![put(&client(1, "a"), None)]).await;
    for other in [Client { version: 2, ..client(1, "a") }, client(2, "a")] {
        conflict(&store, vec![Effect::DeleteClient { client: other }]).await;
    }
    assert_eq!(all(&store).await, [client(1, "a")]);
    committed(&store, vec![Effect::DeleteClient { client: client(1, "a") }]).await;
    conflict(&store, vec![Effect::DeleteClient { client: client(1, "a") }]).await;
    assert_eq!(all(&store).await, []);
}

pub async fn a_deleted_client_can_be_registered_again<F: Fixture>(fixture: F) {
    let store = fixture.open();
    committed(&store, vec![put(&client(1, "a"), None)]).await;
    committed(&store, vec![Effect::DeleteClient { client: client(1, "a") }]).await;
    let again = Client { key: ClientKey(1), ..client(1, "b") };
    committed(&store, vec![put(&again, None), put(&client(2, "a"), None)]).await;
    assert_eq!(all(&store).await, [client(2, "a"), again]);
}
