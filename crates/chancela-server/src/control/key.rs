//! Commands on a realm's keys.

use super::{ControlError, KeyUrgency};
use crate::key_ring::{self, schedule};
use crate::realm::Realm;
use crate::server::Server;
use chancela_core::record::{KeyPurpose, KeyRecord};
use chancela_store::Store;
use serde_json::{Value, json};

pub(super) async fn list<S: Store>(server: &Server<S>, realm: &Realm) -> Result<Value, ControlError> {
    let now = server.clock.now().seconds();
    let mut records: Vec<KeyRecord> = server.store.keys().await?;
    records.retain(|record| *record.realm == *realm.name);
    records.sort_by_key(|record| (record.not_before, record.created_at));
    Ok(records.iter().map(|record| describe(record, now)).collect())
}

pub(super) async fn rotate<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    urgency: KeyUrgency,
) -> Result<Value, ControlError> {
    let urgency = match urgency {
        KeyUrgency::Planned => schedule::Urgency::Planned,
        KeyUrgency::Now => schedule::Urgency::Now,
        KeyUrgency::Compromised => schedule::Urgency::Compromised,
    };
    let algorithms = realm.algorithms();
    if algorithms.is_empty() {
        return Err(ControlError::Invalid(
            "the realm signs nothing, so it has no signing key to rotate".into(),
        ));
    }
    key_ring::rotate(
        &server.store,
        &server.kek,
        &realm.name,
        &algorithms,
        realm.key_policy(),
        urgency,
        server.clock.now(),
    )
    .await?;
    server.maintain_realm_keys(realm).await?;
    list(server, realm).await
}

fn describe(record: &KeyRecord, now: i64) -> Value {
    let state = match record {
        _ if record.purpose == KeyPurpose::Pepper => "active",
        _ if now >= record.expires_at => "expired",
        _ if now >= record.not_after => "retired",
        _ if now >= record.not_before => "active",
        _ => "published",
    };
    let time = |at: i64| if at == i64::MAX { Value::Null } else { Value::from(at) };
    json!({
        "kid": record.kid,
        "purpose": record.purpose,
        "algorithm": record.algorithm,
        "state": state,
        "created_at": record.created_at,
        "not_before": record.not_before,
        "not_after": time(record.not_after),
        "expires_at": time(record.expires_at),
    })
}
