//! Rows into records, and the numbers and names that differ between them.

use chancela_core::id::{AccessTokenKey, ClientKey, GrantId, TokenId};
use chancela_core::record::{
    AccessToken, AuthorizationCode, Consent, Grant, KeyPurpose, KeyRecord, Revocation, Revoked, Spent,
};
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Error, Result, Row};
use serde::de::DeserializeOwned;
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

/// Of [`GRANT`].
pub(crate) fn grant(row: &Row<'_>) -> Result<Grant> {
    Ok(Grant {
        id: GrantId(row.get(0)?),
        client: ClientKey(row.get::<_, i64>(1)?.cast_unsigned()),
        subject: row.get(2)?,
        scope: Arc::from(row.get_ref(3)?.as_str()?),
        generation: row.get(4)?,
        issued_at: row.get(5)?,
        rotated_at: row.get(6)?,
        refresh_expires_at: row.get(7)?,
        expires_at: row.get(8)?,
        revoked: row.get(9)?,
        details: json(row, 10)?,
    })
}

/// The columns that [`grant`] reads, and their table.
pub(crate) const GRANT: &str = "SELECT id, client, subject, scope, generation, issued_at, rotated_at, \
    refresh_expires_at, expires_at, revoked, details FROM \"grant\"";

/// Of `body, spent`.
pub(crate) fn authorization_code(row: &Row<'_>) -> Result<AuthorizationCode> {
    let spent = match row.get_ref(1)?.as_blob_or_null()? {
        None => None,
        Some([]) => Some(Spent::Burnt),
        Some(_) => Some(Spent::Redeemed(GrantId(row.get(1)?))),
    };
    Ok(AuthorizationCode { spent, ..json(row, 0)? })
}

/// `spent` in the database.
pub(crate) fn spent_column(spent: &Spent) -> &[u8] {
    match spent {
        Spent::Burnt => &[],
        Spent::Redeemed(grant) => &grant.0,
    }
}

/// Of `realm, subject, client, scope, granted_at`.
pub(crate) fn consent(row: &Row<'_>) -> Result<Consent> {
    Ok(Consent {
        realm: row.get(0)?,
        subject: row.get(1)?,
        client: ClientKey(row.get::<_, i64>(2)?.cast_unsigned()),
        scope: Arc::from(row.get_ref(3)?.as_str()?),
        granted_at: row.get(4)?,
    })
}

/// Of `expires_at, kind, what, client, issued_before`.
pub(crate) fn revocation(row: &Row<'_>) -> Result<Revocation> {
    let subject = |client| -> Result<Revoked> {
        let subject = str::from_utf8(row.get_ref(2)?.as_blob()?).map_err(FromSqlError::other)?;
        Ok(Revoked::Subject { subject: subject.into(), client, issued_before: row.get(4)? })
    };
    let what = match row.get_ref(1)?.as_str()? {
        "token" => Revoked::Token(TokenId(row.get(2)?)),
        "grant" => Revoked::Grant(GrantId(row.get(2)?)),
        "subject" => subject(None)?,
        "subject_at_client" => subject(Some(ClientKey(row.get::<_, i64>(3)?.cast_unsigned())))?,
        kind => return Err(FromSqlError::Other(format!("unknown kind of revocation `{kind}`").into()).into()),
    };
    Ok(Revocation { what, expires_at: row.get(0)? })
}

/// `kind, what, client, issued_before` in the database.
pub(crate) fn revocation_columns(what: &Revoked) -> (&'static str, &[u8], i64, i64) {
    match what {
        Revoked::Token(id) => ("token", &id.0, 0, 0),
        Revoked::Grant(id) => ("grant", &id.0, 0, 0),
        Revoked::Subject { subject, client: None, issued_before } => {
            ("subject", subject.as_bytes(), 0, *issued_before)
        }
        Revoked::Subject { subject, client: Some(client), issued_before } => {
            ("subject_at_client", subject.as_bytes(), client.0.cast_signed(), *issued_before)
        }
    }
}

/// Of `body`.
pub(crate) fn body<T: DeserializeOwned>(row: &Row<'_>) -> Result<T> {
    json(row, 0)
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|error| Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
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
