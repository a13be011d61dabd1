//! Commands on a realm's scope catalogue.

use super::ControlError;
use crate::realm::Realm;
use crate::server::Server;
use chancela_core::dialect::ScopeMeaning;
use chancela_core::effect::Effect;
use chancela_core::record::ScopeRecord;
use chancela_core::scope::Scope;
use chancela_store::{CommitOutcome, Store};
use serde_json::{Value, json};

pub(super) async fn create<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    name: &str,
    description: &str,
) -> Result<Value, ControlError> {
    let one = Scope::parse(name).is_ok_and(|scope| scope.len() == 1 && scope.as_str() == name);
    if !one {
        return Err(ControlError::Invalid(format!(
            "{name:?} is not one scope (RFC 6749 section 3.3): no spaces, quotes or accents"
        )));
    }
    let record =
        ScopeRecord { realm: realm.name.as_str().into(), name: name.into(), description: description.into() };
    commit(server, Effect::PutScope(record)).await?;
    realm.directory.put_scope(name, ScopeMeaning::Text(description.to_owned()));
    Ok(json!({ "name": name, "description": description }))
}

pub(super) fn list(realm: &Realm) -> Value {
    let scopes = realm.directory.scopes();
    scopes.iter().map(|(name, description)| json!({ "name": name, "description": description })).collect()
}

pub(super) async fn delete<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    name: &str,
) -> Result<Value, ControlError> {
    if !realm.directory.has_scope(name) {
        return Err(ControlError::NotFound(format!(
            "the realm has no scope {name:?}; `chancela scope list` shows what it has"
        )));
    }
    if realm.dialect.scopes.contains_key(name) {
        return Err(ControlError::Invalid(format!(
            "scope {name:?} belongs to the dialect; take it from the clients instead"
        )));
    }
    let using = realm.directory.clients().iter().filter(|client| client.scope.contains(name)).count();
    if using > 0 {
        return Err(ControlError::Conflict(format!(
            "{using} clients have the scope {name:?}; take it from them first"
        )));
    }
    commit(server, Effect::DeleteScope { realm: realm.name.as_str().into(), name: name.into() }).await?;
    realm.directory.remove_scope(name);
    Ok(json!({ "deleted": name }))
}

async fn commit<S: Store>(server: &Server<S>, effect: Effect) -> Result<(), ControlError> {
    match server.record(vec![effect]).await? {
        CommitOutcome::Committed => Ok(()),
        CommitOutcome::Conflict => Err(ControlError::Conflict("the scope changed meanwhile; repeat".into())),
    }
}
