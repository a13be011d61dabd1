//! Commands on users.

use super::ControlError;
use crate::password;
use crate::realm::Realm;
use crate::server::Server;
use chancela_core::effect::Effect;
use chancela_core::record::User;
use chancela_core::secret::hex;
use chancela_store::{CommitOutcome, Store};
use serde_json::{Map, Value, json};

/// What the `sub` of every user begins with; no client id may (requirement F-11).
pub(super) const SUBJECT_PREFIX: &str = "user-";

pub(super) async fn create<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    username: &str,
    given: &str,
    tenant: Option<&str>,
) -> Result<Value, ControlError> {
    if username.is_empty() || username.len() > 255 || given.is_empty() || given.len() > 1024 {
        return Err(ControlError::Invalid("a username has 1 to 255 bytes and a password 1 to 1024".into()));
    }
    let tenant = tenant.unwrap_or("");
    let known = realm.tenants.iter().any(|own| own == tenant);
    if known == tenant.is_empty() && !(tenant.is_empty() && realm.tenants.is_empty()) {
        return Err(ControlError::Invalid(format!("tenant: must be one of {}", realm.tenants.join(", "))));
    }
    let (mut id, mut salt) = ([0; 16], [0; 16]);
    server.entropy.fill(&mut id)?;
    server.entropy.fill(&mut salt)?;
    let owned = given.to_owned();
    let hashed = tokio::task::spawn_blocking(move || password::hash(&owned, &salt)).await;
    let password_hash = hashed.map_err(|error| ControlError::Failed(error.to_string()))??;
    let user = User {
        realm: realm.name.as_str().into(),
        tenant: tenant.into(),
        username: username.into(),
        // A subject can never be a client id: those may not have this prefix (requirement F-11).
        subject: format!("{SUBJECT_PREFIX}{}", hex(&id)).into(),
        password_hash: Some(password_hash.into()),
        claims: Map::new(),
        totp: None,
        passkeys: Vec::new(),
        recovery_codes: Vec::new(),
        enabled: true,
        tokens_not_before: 0,
        created_at: server.clock.now().seconds(),
        version: 1,
    };
    let shown = json!({ "username": username, "tenant": Some(tenant).filter(|t| !t.is_empty()), "sub": &*user.subject });
    match server.store.commit(vec![Effect::PutUser { user, expected_version: None }]).await? {
        CommitOutcome::Committed => Ok(shown),
        CommitOutcome::Conflict => {
            Err(ControlError::Conflict(format!("there is a user {username:?} already")))
        }
    }
}
