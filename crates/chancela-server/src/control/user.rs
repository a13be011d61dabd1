//! Commands on users. What a user may be, and how it is shown, is [`super::user_metadata`]'s.

use super::ControlError;
use super::user_metadata::{CheckedUser, NewUser, check, check_password, check_tenant, describe};
use crate::realm::Realm;
use crate::server::Server;
use crate::{login, logout};
use chancela_core::effect::Effect;
use chancela_core::record::User;
use chancela_core::revocation::{self, Moment};
use chancela_core::secret::{Secret, hex};
use chancela_store::{CommitOutcome, Store};
use serde_json::{Value, json};
use std::sync::Arc;

/// What the `sub` of every user begins with; no client id may (requirement F-11).
pub(super) const SUBJECT_PREFIX: &str = "user-";
/// Most users of one page of a list.
const PAGE: u32 = 1000;

pub(super) async fn create<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    new: NewUser,
) -> Result<Value, ControlError> {
    let user = build(server, realm, check(realm, new)?).await?;
    let shown = describe(&user);
    let name = user.username.clone();
    match server.record(vec![Effect::PutUser { user, expected_version: None }]).await? {
        CommitOutcome::Committed => Ok(shown),
        CommitOutcome::Conflict => {
            Err(ControlError::Conflict(format!("there is a user {name:?} already; choose another name")))
        }
    }
}

/// A new record, with its password hashed.
pub(super) async fn build<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    new: CheckedUser,
) -> Result<User, ControlError> {
    let mut id = [0; 16];
    server.entropy.fill(&mut id)?;
    let password_hash = match new.password {
        Some(password) => Some(hash(server, password).await?),
        None => new.password_hash.map(Into::into),
    };
    Ok(User {
        realm: realm.name.as_str().into(),
        tenant: new.tenant.into(),
        username: new.username,
        // A subject can never be a client id: those may not have this prefix (requirement F-11).
        subject: format!("{SUBJECT_PREFIX}{}", hex(&id)).into(),
        password_hash,
        claims: new.claims,
        totp: None,
        passkeys: Vec::new(),
        recovery_codes: Vec::new(),
        enabled: new.enabled,
        tokens_not_before: 0,
        created_at: server.clock.now().seconds(),
        version: 1,
    })
}

/// One page of users in the order of names, after `after`.
pub(super) async fn list<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    after: Option<(String, String)>,
) -> Result<Value, ControlError> {
    let after = after.as_ref().map(|(name, tenant)| (name.as_str(), tenant.as_str()));
    let users = server.store.users(&realm.name, after, PAGE).await?;
    let full = users.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
    let next = users.last().filter(|_| full).map(|last| json!([last.username, last.tenant]));
    Ok(json!({ "users": users.iter().map(describe).collect::<Value>(), "next": next }))
}

pub(super) async fn show<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    name: (&str, Option<&str>),
) -> Result<Value, ControlError> {
    find(server, realm, name).await.map(|user| describe(&user))
}

/// Disabling ends everything that the user has, at once and for good (requirement N-07).
pub(super) async fn set_enabled<S: Store>(
    server: &Server<S>,
    realm: &Arc<Realm>,
    name: (&str, Option<&str>),
    enabled: bool,
) -> Result<Value, ControlError> {
    let user = find(server, realm, name).await?;
    let changed = User { enabled, ..user.clone() };
    if enabled { replace(server, &user, changed).await } else { end(server, realm, &user, changed).await }
}

/// Ends everything that was reached with the old password (requirement G-12).
pub(super) async fn set_password<S: Store>(
    server: &Server<S>,
    realm: &Arc<Realm>,
    name: (&str, Option<&str>),
    password: String,
) -> Result<Value, ControlError> {
    check_password(&password)?;
    let user = find(server, realm, name).await?;
    let changed = User { password_hash: Some(hash(server, password).await?), ..user.clone() };
    end(server, realm, &user, changed).await
}

/// For a user who lost them: the password alone is enough again, and everything that the factors reached ends.
pub(super) async fn reset_factors<S: Store>(
    server: &Server<S>,
    realm: &Arc<Realm>,
    name: (&str, Option<&str>),
) -> Result<Value, ControlError> {
    let user = find(server, realm, name).await?;
    let changed = User { totp: None, passkeys: Vec::new(), recovery_codes: Vec::new(), ..user.clone() };
    end(server, realm, &user, changed).await
}

pub(super) async fn delete<S: Store>(
    server: &Server<S>,
    realm: &Arc<Realm>,
    name: (&str, Option<&str>),
) -> Result<Value, ControlError> {
    let user = find(server, realm, name).await?;
    // First of all nothing is left to be used; a record that is gone could say nothing of tokens any more.
    let disabled = User { enabled: false, ..user.clone() };
    end(server, realm, &user, disabled).await?;
    let user = server.store.user_of(&realm.name, &user.subject).await?.unwrap_or(user);
    let shown = json!({ "deleted": &*user.username });
    match server.record(vec![Effect::DeleteUser { user: user.clone() }]).await? {
        CommitOutcome::Committed => Ok(shown),
        CommitOutcome::Conflict => Err(changed_meanwhile(&user.username)),
    }
}

/// The user of a name.
pub(super) async fn find<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    (name, tenant): (&str, Option<&str>),
) -> Result<User, ControlError> {
    if let Some(tenant) = tenant {
        check_tenant(realm, tenant)?;
    }
    let mut found = login::named(server, realm, tenant, name).await?;
    if found.len() > 1 {
        return Err(ControlError::Invalid(format!(
            "{name:?} stands in several tenants; say which with --tenant"
        )));
    }
    found.pop().ok_or_else(|| {
        ControlError::NotFound(format!(
            "the realm has no user {name:?}; `chancela user list` shows whom it has"
        ))
    })
}

async fn replace<S: Store>(server: &Server<S>, user: &User, changed: User) -> Result<Value, ControlError> {
    let changed = User { version: user.version + 1, ..changed };
    let shown = describe(&changed);
    let effect = Effect::PutUser { user: changed, expected_version: Some(user.version) };
    match server.record(vec![effect]).await? {
        CommitOutcome::Committed => Ok(shown),
        CommitOutcome::Conflict => Err(changed_meanwhile(&user.username)),
    }
}

/// Writes `changed` and ends every session, grant and token of the user with it.
pub(super) async fn end<S: Store>(
    server: &Server<S>,
    realm: &Arc<Realm>,
    user: &User,
    changed: User,
) -> Result<Value, ControlError> {
    let shown = describe(&changed);
    let moment = Moment { now: server.clock.now(), longest_token: realm.longest_access_token() };
    let sessions = server.store.sessions_of(&realm.name, &user.subject).await?;
    let grants = server.store.grants_of(&user.subject).await?;
    let effects = revocation::everything(user, changed, &grants, &sessions, None, moment);
    match server.record(effects).await? {
        CommitOutcome::Committed => {
            logout::tell(server, realm, &sessions);
            Ok(shown)
        }
        CommitOutcome::Conflict => Err(changed_meanwhile(&user.username)),
    }
}

async fn hash<S: Store>(server: &Server<S>, password: String) -> Result<Box<str>, ControlError> {
    let mut salt = [0; 16];
    server.entropy.fill(&mut salt)?;
    Ok(server.passwords.hash(Secret::new(password), salt).await?.into())
}

fn changed_meanwhile(name: &str) -> ControlError {
    ControlError::Conflict(format!(
        "user {name:?} was changed by somebody else meanwhile; look again and repeat"
    ))
}
