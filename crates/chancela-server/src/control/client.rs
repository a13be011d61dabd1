//! Commands on clients. What a client may be, and how it is shown, is [`super::client_metadata`]'s.

use super::ControlError;
use super::client_metadata::{NewClient, build, describe, described_with};
use super::credentials;
use crate::realm::Realm;
use crate::server::Server;
use chancela_core::effect::Effect;
use chancela_core::record::{Client, ClientSecret, RevocationReason};
use chancela_core::rejection::Rule;
use chancela_core::secret::Secret;
use chancela_store::{CommitOutcome, Store};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;

/// Most tries to change a client that changes meanwhile.
const MAX_ROUNDS: usize = 64;

/// Most clients in one import.
const MAX_IMPORT: usize = 100_000;

pub(super) async fn create<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    new: NewClient,
) -> Result<Value, ControlError> {
    let (client, secret) = build(server, realm, new)?;
    insert(server, realm, client, secret).await
}

/// Imports one object or an array, all of it or nothing.
pub(super) async fn import<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    metadata: Value,
) -> Result<Value, ControlError> {
    let (items, single) = match metadata {
        Value::Array(items) => (items, false),
        object => (vec![object], true),
    };
    if items.len() > MAX_IMPORT {
        return Err(ControlError::Invalid(format!(
            "at most {MAX_IMPORT} clients can be imported at once; divide the file"
        )));
    }
    // All are checked before the first is stored: a mistake in the file changes nothing.
    let mut built: Vec<(Client, Option<Secret>)> = Vec::new();
    let mut ids = HashSet::new();
    for (index, item) in items.into_iter().enumerate() {
        let at = |text: String| ControlError::Invalid(format!("client {}: {text}", index + 1));
        let new: NewClient = serde_json::from_value(item).map_err(|error| at(error.to_string()))?;
        let client = build(server, realm, new).map_err(|error| at(error.to_string()))?;
        if realm.directory.client(&client.0.client_id).is_some() {
            return Err(ControlError::Conflict(format!(
                "client {}: the realm has a client {:?} already; delete it first or leave it out",
                index + 1,
                client.0.client_id
            )));
        }
        if !ids.insert(client.0.client_id.clone()) {
            let text =
                format!("client {}: {:?} occurs twice; leave one of them out", index + 1, client.0.client_id);
            return Err(ControlError::Conflict(text));
        }
        built.push(client);
    }
    let put =
        |(client, _): &(Client, _)| Effect::PutClient { client: client.clone(), expected_version: None };
    if server.record(built.iter().map(put).collect()).await? == CommitOutcome::Conflict {
        return Err(ControlError::Conflict(
            "a client_id occurs twice, or exists already; nothing was imported".into(),
        ));
    }
    let mut shown: Vec<Value> = Vec::new();
    for (client, secret) in built {
        shown.push(described_with(&client, secret.as_ref()));
        realm.directory.put(client);
    }
    server.complete_keys(realm).await?;
    Ok(if single { shown.pop().unwrap_or(Value::Null) } else { Value::Array(shown) })
}

pub(super) fn list(realm: &Realm) -> Value {
    realm.directory.clients().iter().map(|client| describe(client)).collect()
}

pub(super) fn show(realm: &Realm, client_id: &str) -> Result<Value, ControlError> {
    find(realm, client_id).map(|client| describe(&client))
}

pub(super) async fn rotate_secret<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    client_id: &str,
    overlap: u32,
) -> Result<Value, ControlError> {
    let client = find(realm, client_id)?;
    let now = server.clock.now().seconds();
    let secret = credentials::client_secret(&realm.dialect.credentials.client_secret, &*server.entropy)?;
    let made = ClientSecret {
        digest: realm.pepper.client_secret(secret.expose()),
        created_at: now,
        expires_at: None,
    };
    let changed = replace(server, realm, &client, |new| {
        let live = new.secrets.iter().filter(|old| old.expires_at.is_none_or(|at| now < at));
        let old = live.max_by_key(|old| old.created_at).filter(|_| overlap > 0).map(|old| {
            let end = now + i64::from(overlap);
            ClientSecret { expires_at: Some(old.expires_at.map_or(end, |at| at.min(end))), ..*old }
        });
        new.secrets = std::iter::once(made).chain(old).collect();
    })
    .await?;
    Ok(described_with(&changed, Some(&secret)))
}

pub(super) async fn set_enabled<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    client_id: &str,
    enabled: bool,
) -> Result<Value, ControlError> {
    let client = find(realm, client_id)?;
    let _turn = registrations(realm).await;
    let changed = switch(server, realm, &client, enabled).await?;
    // What a client registered with its certificate ends with it. It does not come back with it: each says for itself.
    for registered in realm.directory.registered_by(client.key).iter().filter(|own| own.enabled && !enabled) {
        switch(server, realm, registered, false).await?;
    }
    Ok(describe(&changed))
}

/// Keeps clients from registering others meanwhile.
async fn registrations(realm: &Realm) -> Option<tokio::sync::MutexGuard<'_, ()>> {
    match &realm.certificate_authority {
        Some(authority) => Some(authority.registrations.lock().await),
        None => None,
    }
}

async fn switch<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    client: &Client,
    enabled: bool,
) -> Result<Client, ControlError> {
    let now = server.clock.now().seconds();
    replace(server, realm, client, |new| {
        // Tokens from before a pause stay dead after it, those of this second too.
        if new.enabled && !enabled {
            new.tokens_not_before = now + 1;
        }
        new.enabled = enabled;
    })
    .await
}

/// Ends all tokens of a client that were issued until now, those of this second too.
pub(super) async fn end_tokens<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    client: &Client,
) -> Result<(), ControlError> {
    let now = server.clock.now().seconds();
    replace(server, realm, client, |new| new.tokens_not_before = now + 1).await.map(drop)
}

pub(super) async fn delete<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    client_id: &str,
) -> Result<Value, ControlError> {
    let client = find(realm, client_id)?;
    let _turn = registrations(realm).await;
    // First it may do nothing any more, so that nothing comes behind what is ended next.
    switch(server, realm, &client, false).await?;
    for registered in realm.directory.registered_by(client.key) {
        remove(server, realm, &registered).await?;
    }
    if let Some(authority) = &realm.certificate_authority {
        for record in authority.register.of_client(client.key) {
            let reason = RevocationReason::CessationOfOperation;
            match authority.revoke(server, record.serial, reason).await {
                Ok(_) => {}
                // It was never issued, or is revoked already.
                Err(rejection) if rejection.rule == Rule::UnknownCertificate => {}
                Err(rejection) => return Err(ControlError::Failed(rejection.to_string())),
            }
        }
    }
    remove(server, realm, &client).await?;
    Ok(json!({ "deleted": client_id }))
}

/// Removes a client, however often it changes meanwhile.
async fn remove<S: Store>(server: &Server<S>, realm: &Realm, client: &Client) -> Result<(), ControlError> {
    for _ in 0..MAX_ROUNDS {
        let now = realm.directory.client_of(client.key).ok_or_else(|| gone(&client.client_id))?;
        let removed = Effect::DeleteClient { client: (*now).clone() };
        if server.record(vec![removed]).await? == CommitOutcome::Committed {
            realm.directory.remove(&now);
            return Ok(());
        }
    }
    Err(changed_meanwhile(&client.client_id))
}

fn gone(client_id: &str) -> ControlError {
    ControlError::NotFound(format!("client {client_id:?} is gone already"))
}

pub(super) fn find(realm: &Realm, client_id: &str) -> Result<Arc<Client>, ControlError> {
    realm.directory.client(client_id).ok_or_else(|| {
        ControlError::NotFound(format!(
            "the realm has no client {client_id:?}; `chancela client list` shows what it has"
        ))
    })
}

fn changed_meanwhile(client_id: &str) -> ControlError {
    ControlError::Conflict(format!(
        "client {client_id:?} was changed by somebody else meanwhile; look again and repeat"
    ))
}

/// Changes a client, however often it changes itself meanwhile: an operator does not wait for a client.
async fn replace<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    client: &Client,
    change: impl Fn(&mut Client),
) -> Result<Client, ControlError> {
    for _ in 0..MAX_ROUNDS {
        let now = realm.directory.client_of(client.key).ok_or_else(|| gone(&client.client_id))?;
        let mut new = (*now).clone();
        change(&mut new);
        new.version += 1;
        let effect = Effect::PutClient { client: new.clone(), expected_version: Some(now.version) };
        if server.record(vec![effect]).await? == CommitOutcome::Committed {
            realm.directory.put(new.clone());
            server.complete_keys(realm).await?;
            return Ok(new);
        }
    }
    Err(changed_meanwhile(&client.client_id))
}

async fn insert<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    client: Client,
    secret: Option<Secret>,
) -> Result<Value, ControlError> {
    let shown = described_with(&client, secret.as_ref());
    let effect = Effect::PutClient { client: client.clone(), expected_version: None };
    match server.record(vec![effect]).await? {
        CommitOutcome::Committed => realm.directory.put(client),
        CommitOutcome::Conflict => {
            return Err(ControlError::Conflict(format!(
                "the realm has a client {:?} already; choose another client_id",
                client.client_id
            )));
        }
    }
    server.complete_keys(realm).await?;
    Ok(shown)
}
