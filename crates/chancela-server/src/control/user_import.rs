//! Importing users: all of a file or nothing, with errors that name the line.

use super::ControlError;
use super::user::{build, end};
use super::user_metadata::{CheckedUser, NewUser, check};
use crate::realm::Realm;
use crate::server::Server;
use chancela_core::effect::Effect;
use chancela_core::record::User;
use chancela_core::secret::Secret;
use chancela_store::{CommitOutcome, Store};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;

/// Most users in one import.
const MAX_IMPORT: usize = 100_000;
/// Most of them with a password in clear: each is hashed, which takes its time.
const MAX_CLEAR: usize = 2_000;

/// A user of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedUser {
    /// Where it stands, in words: `line 3`, `user 3`.
    pub place: String,
    /// The user.
    pub user: Value,
}

/// Adds users. With `replace`, one that exists gets the file's claims, state and password instead of being a mistake.
pub(super) async fn import<S: Store>(
    server: &Server<S>,
    realm: &Arc<Realm>,
    users: Vec<ImportedUser>,
    replace: bool,
) -> Result<Value, ControlError> {
    // All are checked before the first is stored: a mistake in the file changes nothing.
    let checked = checked(realm, users)?;
    let mut new = Vec::new();
    let mut known = Vec::new();
    for (place, user) in checked {
        match server.store.user(&realm.name, &user.tenant, &user.username).await? {
            None => new.push(user),
            Some(before) if replace => known.push((place, before, user)),
            Some(_) => {
                return Err(ControlError::Conflict(format!(
                    "{place}: there is a user {:?} already; leave it out, or import with --replace",
                    user.username
                )));
            }
        }
    }
    let mut effects = Vec::new();
    for user in new {
        let user = build(server, realm, user).await?;
        effects.push(Effect::PutUser { user, expected_version: None });
    }
    let created = effects.len();
    if created > 0 && server.record(effects).await? == CommitOutcome::Conflict {
        return Err(ControlError::Conflict(
            "one of the users was added meanwhile; nothing was imported: repeat it".into(),
        ));
    }
    let (mut replaced, mut unchanged) = (0_usize, 0_usize);
    for (place, before, user) in known {
        let at = |error: ControlError| match error {
            ControlError::Conflict(text) => ControlError::Conflict(format!("{place}: {text}")),
            other => other,
        };
        if update(server, realm, before, user).await.map_err(at)? { replaced += 1 } else { unchanged += 1 }
    }
    Ok(json!({ "created": created, "replaced": replaced, "unchanged": unchanged }))
}

fn checked(realm: &Realm, users: Vec<ImportedUser>) -> Result<Vec<(String, CheckedUser)>, ControlError> {
    if users.len() > MAX_IMPORT {
        return Err(ControlError::Invalid(format!(
            "at most {MAX_IMPORT} users can be imported at once; divide the file"
        )));
    }
    let mut out = Vec::new();
    let mut names = HashSet::new();
    for ImportedUser { place, user } in users {
        let at = |text: String| ControlError::Invalid(format!("{place}: {text}"));
        let user: NewUser = serde_json::from_value(user).map_err(|error| at(error.to_string()))?;
        let user = check(realm, user).map_err(|error| at(error.to_string()))?;
        if !names.insert((user.tenant.clone(), user.username.clone())) {
            return Err(at(format!("{:?} occurs twice; leave one of them out", user.username)));
        }
        out.push((place, user));
    }
    if out.iter().filter(|(_, user)| user.password.is_some()).count() > MAX_CLEAR {
        return Err(ControlError::Invalid(format!(
            "at most {MAX_CLEAR} users with a password in clear can be imported at once; divide the file, or give \
             hashes"
        )));
    }
    Ok(out)
}

/// Whether anything was changed. Nothing that ends sessions is repeated by importing the same file again.
async fn update<S: Store>(
    server: &Server<S>,
    realm: &Arc<Realm>,
    before: User,
    new: CheckedUser,
) -> Result<bool, ControlError> {
    let mut changed = User { claims: new.claims, enabled: new.enabled, ..before.clone() };
    if let Some(password) = new.password {
        let (stored, mut salt) = (before.password_hash.as_deref(), [0; 16]);
        server.entropy.fill(&mut salt)?;
        if !server.passwords.check(stored, Secret::new(password.as_str()), salt).await?.matches {
            changed.password_hash = Some(server.passwords.hash(Secret::new(password), salt).await?.into());
        }
    } else if let Some(hash) = new.password_hash {
        changed.password_hash = Some(hash.into());
    }
    if changed == before {
        return Ok(false);
    }
    if changed.password_hash != before.password_hash || !changed.enabled {
        end(server, realm, &before, changed).await?;
        return Ok(true);
    }
    changed.version += 1;
    let name = changed.username.clone();
    let effect = Effect::PutUser { user: changed, expected_version: Some(before.version) };
    match server.record(vec![effect]).await? {
        CommitOutcome::Committed => Ok(true),
        CommitOutcome::Conflict => {
            Err(ControlError::Conflict(format!("user {name:?} was changed meanwhile; repeat the import")))
        }
    }
}
