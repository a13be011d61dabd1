//! Rows into records, and the numbers and names that differ between them.

use chancela_core::id::{AccessTokenKey, ClientKey, GrantId, TokenId};
use chancela_core::record::{
    AccessToken, AuthorizationCode, Consent, Crl, Grant, KeyPurpose, KeyRecord, Revocation, Revoked, Spent,
};
use chancela_store::StoreError;
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
        "certificate" => Revoked::Certificate(row.get(2)?),
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
        Revoked::Certificate(sha256) => ("certificate", sha256, 0, 0),
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

/// Of `realm, issuer, number, der, this_update, next_update`.
pub(crate) fn crl(row: &Row<'_>) -> Result<Crl> {
    Ok(Crl {
        realm: row.get(0)?,
        issuer: row.get(1)?,
        number: u64::from_be_bytes(row.get(2)?),
        der: row.get(3)?,
        this_update: row.get(4)?,
        next_update: row.get(5)?,
    })
}

/// Of `realm, kid, purpose, algorithm, sealed, created_at, not_before, not_after, expires_at, chain`.
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
        chain: chain(row.get_ref(9)?.as_blob()?)?,
    })
}

/// A chain in the database: each certificate behind its length.
pub(crate) fn chain_column(chain: &[Vec<u8>]) -> std::result::Result<Vec<u8>, StoreError> {
    let mut column = Vec::with_capacity(chain.iter().map(|der| der.len() + 4).sum());
    for der in chain {
        let length = u32::try_from(der.len());
        let length = length.map_err(|_| StoreError::Engine("a certificate of more than 4 GiB".to_owned()))?;
        column.extend_from_slice(&length.to_be_bytes());
        column.extend_from_slice(der);
    }
    Ok(column)
}

fn chain(mut column: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut chain = Vec::new();
    while !column.is_empty() {
        let (der, rest) = first_of_chain(column)
            .ok_or_else(|| FromSqlError::Other("a chain of certificates that was cut off".into()))?;
        chain.push(der.to_vec());
        column = rest;
    }
    Ok(chain)
}

fn first_of_chain(column: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = column.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// A purpose's name in the database.
pub(crate) const fn purpose_name(purpose: KeyPurpose) -> &'static str {
    match purpose {
        KeyPurpose::AccessTokenSigning => "access_token_signing",
        KeyPurpose::CertificateRoot => "certificate_root",
        KeyPurpose::CertificateIssuing => "certificate_issuing",
        KeyPurpose::Pepper => "pepper",
    }
}

const PURPOSES: [KeyPurpose; 4] = [
    KeyPurpose::AccessTokenSigning,
    KeyPurpose::CertificateRoot,
    KeyPurpose::CertificateIssuing,
    KeyPurpose::Pepper,
];

fn purpose(name: &str) -> Result<KeyPurpose> {
    PURPOSES
        .into_iter()
        .find(|purpose| purpose_name(*purpose) == name)
        .ok_or_else(|| FromSqlError::Other(format!("unknown key purpose `{name}`").into()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_that_was_cut_off_is_an_error_and_no_shorter_chain() {
        let whole = [vec![1; 300], Vec::new(), vec![2]];
        let column = chain_column(&whole).unwrap();
        assert_eq!(chain(&column).unwrap(), whole);
        let ends = [0, 304, 308]; // behind a whole certificate, which no reader can tell
        for end in (0..column.len()).filter(|end| !ends.contains(end)) {
            assert!(chain(&column[..end]).is_err(), "{end}");
        }
        assert!(chain(&[0xff; 9]).is_err());
    }
}
