//! The schema: numbered migrations, each applied once, in one transaction, and remembered by its checksum.
//!
//! Owns what tables there are. A store that a newer program wrote is refused, because this one does not know what its
//! rows mean; going back means restoring the backup made before the upgrade.

use crate::error::OpenError;
use crate::ring::{Table, long_slots, short_slots};
use chancela_core::secret::{hex, sha256};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::fmt::Write as _;
use std::path::Path;

/// `Chan` in ASCII: tells this file from other programs' databases (`PRAGMA application_id`).
const APPLICATION_ID: i32 = 0x4368_616e;

/// The migrations in order; the first has number 1. A line is added, never changed.
fn migrations() -> [String; 3] {
    let later =
        [include_str!("../migrations/0002_people.sql"), include_str!("../migrations/0003_certificates.sql")];
    let [second, third] = later.map(str::to_owned);
    [initial(), second, third]
}

/// Tables that a person would write, and the rings' tables, which a loop writes better.
fn initial() -> String {
    let mut sql = include_str!("../migrations/0001_initial.sql").to_owned();
    let short = short_slots().map(Table::Short);
    for table in short.chain(long_slots().map(Table::Long)).chain([Table::Other]) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            sql,
            "CREATE TABLE {} (tick INTEGER NOT NULL, tag BLOB NOT NULL, client INTEGER NOT NULL, \
             issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, scope TEXT NOT NULL, subject TEXT, \
             certificate BLOB, grant_id BLOB, PRIMARY KEY (tick, tag)) WITHOUT ROWID;",
            table.name()
        );
    }
    sql
}

/// Brings the database to this program's schema.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let migrations = migrations();
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    refuse_strangers(connection, path, known)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION_ID};
         CREATE TABLE IF NOT EXISTS migration (
             number INTEGER PRIMARY KEY, checksum TEXT NOT NULL, applied_at TEXT NOT NULL
         ) STRICT;"
    ))?;
    for (number, sql) in (1i64..).zip(&migrations) {
        let checksum = hex(&sha256(sql.as_bytes()));
        let applied: Option<String> = transaction
            .query_row("SELECT checksum FROM migration WHERE number = ?1", [number], |row| row.get(0))
            .optional()?;
        match applied {
            Some(applied) if applied == checksum => {}
            Some(_) => return Err(OpenError::MigrationChanged(number)),
            None => {
                transaction.execute_batch(sql)?;
                transaction.execute(
                    "INSERT INTO migration VALUES (?1, ?2, datetime('now'))",
                    params![number, checksum],
                )?;
            }
        }
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

/// Refuses other programs' files and newer schemas before anything is written.
fn refuse_strangers(connection: &Connection, path: &Path, known: i64) -> Result<(), OpenError> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && (application != 0 || tables != 0) {
        return Err(OpenError::NotAStore(path.to_owned()));
    }
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > known {
        return Err(OpenError::SchemaTooNew { found, known });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, SqliteStore};
    use chancela_core::effect::Effect;
    use chancela_core::id::{ClientKey, TokenId};
    use chancela_core::record::{
        Client, Grant, GrantDetails, KeyPurpose, KeyRecord, Revocation, Revoked, User,
    };
    use chancela_core::time::Timestamp;
    use chancela_store::Store;
    use chancela_store::conformance::committed;
    use chancela_store::conformance::samples::{
        NOW, certificate, client, code, crl, grant, key, put_certificate, put_user, revoked, tag, token, user,
    };
    use tempfile::TempDir;

    /// A change to an applied migration would lock every existing store out.
    #[test]
    fn applied_migrations_are_what_they_were() {
        let checksums = migrations().map(|sql| hex(&sha256(sql.as_bytes())));
        assert_eq!(
            checksums,
            [
                "eb8de66647f92fbec316d66a892c4b99e1360e93899b786b9229a6668ce0bd37",
                "a256199b4d571adb8b15ee223f450a4430b8f5a026acee7835b79dffbae2253c",
                "bc832c8339a5d6af92eac124a4c68b7f09d07da35c2fce2fc4de6da32f8e9700",
            ]
        );
    }

    /// A store as the program of schema 1 left it, with the rows of `sql`.
    fn first_schema(sql: &str) -> TempDir {
        schema(1, sql)
    }

    /// A store as the program that knew the first `known` migrations left it, with the rows of `sql`.
    fn schema(known: usize, sql: &str) -> TempDir {
        let directory = TempDir::new().unwrap();
        let connection = Connection::open(directory.path().join("chancela.db")).unwrap();
        connection
            .execute_batch(&format!(
                "PRAGMA journal_mode = WAL;
                 PRAGMA application_id = {APPLICATION_ID};
                 CREATE TABLE migration (
                     number INTEGER PRIMARY KEY, checksum TEXT NOT NULL, applied_at TEXT NOT NULL
                 ) STRICT;
                 PRAGMA user_version = {known};"
            ))
            .unwrap();
        for (number, migration) in (1i64..).zip(migrations()).take(known) {
            connection.execute_batch(&migration).unwrap();
            let row = params![number, hex(&sha256(migration.as_bytes()))];
            connection.execute("INSERT INTO migration VALUES (?1, ?2, datetime('now'))", row).unwrap();
        }
        connection.execute_batch(sql).unwrap();
        directory
    }

    /// As that program wrote it: without a key that it did not know.
    const OLD_CLIENT: &str = r#"{"key":5,"realm":"bank","client_id":"a","client_name":"Padaria","secrets":[],
        "grant_types":["client_credentials"],"scope":"pix:read","redirect_uris":[],"access_token_lifetime":300,
        "may_introspect_any":false,"partner":false,"enabled":true,"tokens_not_before":0,"created_at":1,"version":3}"#;

    #[tokio::test]
    async fn a_store_of_the_first_schema_keeps_all_that_it_held() {
        let id = hex(&grant(1).id.0);
        let dead = hex(&grant(2).id.0);
        let directory = first_schema(&format!(
            "INSERT INTO user VALUES ('bank', 'maria', 'acme', 'user-1', '$argon2id$x', 1, 7);
             INSERT INTO user VALUES ('bank', 'maria', '', 'user-2', 'odd \"'' ç ' || char(0, 10, 92), 0, -1);
             INSERT INTO user VALUES ('other', 'maria', '', 'user-3', '', 1, 1);
             INSERT INTO \"grant\" VALUES (x'{id}', 5, 'user-1', 'openid', 3, 1, 2, 9, 10, 0);
             INSERT INTO \"grant\" VALUES (x'{dead}', 5, 'user-1', 'openid', 3, 1, 2, 9, 10, 1);
             INSERT INTO revoked_token VALUES ({}, x'{}');
             INSERT INTO revoked_token VALUES ({}, x'{}');
             INSERT INTO client VALUES ('bank', 'a', 5, 3, '{OLD_CLIENT}');
             INSERT INTO scope VALUES ('bank', 'pix:read', 'Ler');",
            NOW + 10,
            hex(&tag(1)),
            NOW + 20,
            hex(&tag(2)),
        ));
        for _ in 0..2 {
            let store = SqliteStore::open(directory.path(), Options::default()).unwrap(); // the second time: nothing to do
            let migrated = |tenant: &str, subject: &str, password_hash: &str, version| User {
                subject: subject.into(),
                password_hash: Some(password_hash.into()),
                claims: serde_json::Map::new(),
                totp: None,
                passkeys: Vec::new(),
                recovery_codes: Vec::new(),
                created_at: 0,
                version,
                ..user(tenant, "maria")
            };
            let maria = migrated("acme", "user-1", "$argon2id$x", 7);
            let disabled = User { enabled: false, ..migrated("", "user-2", "odd \"' ç \0\n\\", u64::MAX) };
            assert_eq!(store.user("bank", "acme", "maria").await.unwrap(), Some(maria.clone()));
            assert_eq!(store.user_of("bank", "user-1").await.unwrap(), Some(maria.clone()));
            assert_eq!(store.users("bank", None, 9).await.unwrap(), [disabled, maria]);
            assert_eq!(store.users("other", None, 9).await.unwrap().len(), 1);
            let family = store.grants_of("user-1").await.unwrap();
            assert_eq!(family.len(), 1, "not the revoked one");
            assert_eq!((family[0].id, family[0].generation), (grant(1).id, 3));
            assert_eq!(family[0].details, GrantDetails::default());
            assert!(store.grant(grant(2).id).await.unwrap().unwrap().revoked);
            let revocations = store.revocations(Timestamp::from_seconds(NOW)).await.unwrap();
            assert_eq!(revocations, [revoked(1, NOW + 10), revoked(2, NOW + 20)]);
            let Client { client_id, version, require_consent, require_pkce, .. } =
                store.clients().await.unwrap().remove(0);
            assert_eq!((&*client_id, version, require_consent, require_pkce), ("a", 3, true, None));
            assert_eq!(store.scopes().await.unwrap().len(), 1);
        }
    }

    /// Keys without certificates, and revocations of every kind that it knew, whose table is made anew.
    #[tokio::test]
    async fn a_store_of_the_second_schema_keeps_all_that_it_held() {
        let directory = schema(
            2,
            &format!(
                "INSERT INTO key VALUES
                     ('bank', 'k', 'access_token_signing', 'ES256', x'0001feff', {0}, {0} + 1, {0} + 2, {0} + 3),
                     ('bank', 'p', 'pepper', 'ES256', x'', {0}, {0} + 1, {0} + 2, {0} + 3);
                 INSERT INTO revocation VALUES
                     ({0} + 10, 'token', x'{1}', 0, 0),
                     ({0} + 20, 'grant', x'{2}', 0, 0),
                     ({0} + 30, 'subject', x'6d61726961', 0, 7),
                     ({0} + 40, 'subject_at_client', x'6d61726961', -1, 7);",
                NOW,
                hex(&tag(1)),
                hex(&grant(1).id.0),
            ),
        );
        let subject = |client| Revoked::Subject { subject: "maria".into(), client, issued_before: 7 };
        let kinds = [
            Revoked::Token(TokenId(tag(1))),
            Revoked::Grant(grant(1).id),
            subject(None),
            subject(Some(ClientKey(u64::MAX))),
        ];
        let mut revocations: Vec<_> =
            (1..).zip(kinds).map(|(n, what)| Revocation { what, expires_at: NOW + 10 * n }).collect();
        let pepper = KeyRecord { purpose: KeyPurpose::Pepper, sealed: Vec::new(), ..key("p") };
        let mut keys = [key("k"), pepper];
        let now = Timestamp::from_seconds(NOW);
        {
            let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
            assert_eq!(store.keys().await.unwrap(), keys);
            assert_eq!(store.revocations(now).await.unwrap(), revocations);
            assert_eq!(store.certificates(now).await.unwrap(), []);
            assert_eq!(store.crls().await.unwrap(), []);
            let what = Revoked::Certificate([7; 32]);
            revocations.push(Revocation { what, expires_at: NOW + 90 });
            keys[0].chain = vec![vec![1, 2, 3]];
            let changes = vec![
                Effect::Revoke(revocations[4].clone()),
                Effect::UpdateKey(keys[0].clone()),
                put_certificate(&certificate(1), None),
                Effect::PutCrl(crl("k", 1)),
            ];
            committed(&store, changes).await;
        }
        let store = SqliteStore::open(directory.path(), Options::default()).unwrap(); // nothing to do
        assert_eq!(store.keys().await.unwrap(), keys);
        assert_eq!(store.revocations(now).await.unwrap(), revocations);
        assert_eq!(store.certificates(now).await.unwrap(), [certificate(1)]);
        assert_eq!(store.crls().await.unwrap(), [crl("k", 1)]);
    }

    /// What was carried over is no second kind of record.
    #[tokio::test]
    async fn a_migrated_store_takes_every_change() {
        let directory = first_schema(
            "INSERT INTO user VALUES ('bank', 'maria', '', 'user-1', 'x', 1, 1);
             INSERT INTO \"grant\" VALUES (zeroblob(16), 5, 'user-1', 'openid', 3, 1, 2, 9, 10, 0);
             INSERT INTO revoked_token VALUES (7, zeroblob(16));",
        );
        let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
        let changed = User { version: 2, ..user("", "maria") };
        committed(&store, vec![put_user(&changed, Some(1))]).await;
        assert_eq!(store.user("bank", "", "maria").await.unwrap(), Some(changed.clone()));
        let rest = vec![
            Effect::InsertGrant(Grant { subject: changed.subject.clone(), ..grant(1) }),
            Effect::InsertAuthorizationCode(code(1)),
            Effect::InsertAccessToken(token(1, NOW, 300)),
            Effect::PutClient { client: client(1, "a"), expected_version: None },
            Effect::DeleteUser { user: changed },
        ];
        committed(&store, rest).await;
        assert_eq!(
            store.expire(Timestamp::from_seconds(NOW)).await.unwrap().rows,
            2,
            "the old grant and revocation"
        );
    }

    /// A migration is applied whole or not at all: the old program can still open what the new one could not take.
    #[tokio::test]
    async fn a_store_that_cannot_be_migrated_stays_as_it_was() {
        let directory = first_schema(
            "INSERT INTO user VALUES ('bank', 'maria', '', 'user-1', 'x', 1, 1);
             INSERT INTO user VALUES ('bank', 'joao', '', 'user-1', 'x', 1, 1);",
        );
        let refused = SqliteStore::open(directory.path(), Options::default()).unwrap_err();
        assert!(refused.to_string().contains("user.subject"), "{refused}");
        let connection = Connection::open(directory.path().join("chancela.db")).unwrap();
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        let users: i64 =
            connection.query_row("SELECT count(password_hash) FROM user", [], |row| row.get(0)).unwrap();
        assert_eq!((version, users), (1, 2));
        connection.execute("DELETE FROM user WHERE username = 'joao'", []).unwrap();
        drop(connection);
        drop(SqliteStore::open(directory.path(), Options::default()).unwrap());
    }
}
