//! Rows into records, and the numbers and names that differ between them.

use chancela_core::id::{AccessTokenKey, ClientKey, GrantId};
use chancela_core::record::{AccessToken, Client, Grant, KeyPurpose, KeyRecord, User};
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Error, Result, Row};
use std::sync::Arc;

/// Of `client, issued_at, expires_at, scope, subject, certificate, grant_id`.
pub(crate) fn access_token(key: AccessTokenKey, row: &Row<'_>) -> Result<AccessToken> {
    Ok(AccessToken {
        key,
        client: ClientKey(row.get::<_, i64>(0)?.cast_unsigned()),
        issued_at: row.get(1)?,
        expires_at: row.get(2)?,
        scope: Arc::from(row.get_ref(3)?.as_str()?),
        subject: row.get(4)?,
        certificate: row.get(5)?,
        grant: row.get::<_, Option<[u8; 16]>>(6)?.map(GrantId),
    })
}

/// Of `client, subject, scope, generation, issued_at, rotated_at, refresh_expires_at, expires_at, revoked`.
pub(crate) fn grant(id: GrantId, row: &Row<'_>) -> Result<Grant> {
    Ok(Grant {
        id,
        client: ClientKey(row.get::<_, i64>(0)?.cast_unsigned()),
        subject: row.get(1)?,
        scope: Arc::from(row.get_ref(2)?.as_str()?),
        generation: row.get(3)?,
        issued_at: row.get(4)?,
        rotated_at: row.get(5)?,
        refresh_expires_at: row.get(6)?,
        expires_at: row.get(7)?,
        revoked: row.get(8)?,
    })
}

/// Of `body`.
pub(crate) fn client(row: &Row<'_>) -> Result<Client> {
    let body = row.get_ref(0)?.as_str()?;
    serde_json::from_str(body)
        .map_err(|error| Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))
}

/// Of `realm, tenant, username, subject, password_hash, enabled, version`.
pub(crate) fn user(row: &Row<'_>) -> Result<User> {
    Ok(User {
        realm: row.get(0)?,
        tenant: row.get(1)?,
        username: row.get(2)?,
        subject: row.get(3)?,
        password_hash: row.get(4)?,
        enabled: row.get(5)?,
        version: row.get::<_, i64>(6)?.cast_unsigned(),
    })
}

/// Of `realm, kid, purpose, algorithm, sealed, created_at, not_before, not_after, expires_at`.
pub(crate) fn key(row: &Row<'_>) -> Result<KeyRecord> {
    Ok(KeyRecord {
        realm: row.get(0)?,
        kid: row.get(1)?,
        purpose: purpose(row.get_ref(2)?.as_str()?)?,
        algorithm: row.get(3)?,
        sealed: row.get(4)?,
        created_at: row.get(5)?,
        not_before: row.get(6)?,
        not_after: row.get(7)?,
        expires_at: row.get(8)?,
    })
}

/// A purpose's name in the database.
pub(crate) const fn purpose_name(purpose: KeyPurpose) -> &'static str {
    match purpose {
        KeyPurpose::AccessTokenSigning => "access_token_signing",
        KeyPurpose::Pepper => "pepper",
    }
}

fn purpose(name: &str) -> Result<KeyPurpose> {
    [KeyPurpose::AccessTokenSigning, KeyPurpose::Pepper]
        .into_iter()
        .find(|purpose| purpose_name(*purpose) == name)
        .ok_or_else(|| FromSqlError::Other(format!("unknown key purpose `{name}`").into()).into())
}
