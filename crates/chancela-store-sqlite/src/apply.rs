//! Effects into SQL, within the writer's open transaction.
//!
//! Owns the guards: each is the row count of its own statement, so that checking and changing are one act. Does not
//! own the transaction around them (`writer`).

use crate::ring::{Laps, Table};
use crate::row::purpose_name;
use crate::statements::{Statements, clear, delete};
use chancela_core::effect::Effect;
use chancela_core::id::AccessTokenKey;
use chancela_core::record::{AccessToken, Client, Grant, KeyRecord, User};
use chancela_store::{CommitOutcome, StoreError};
use rusqlite::{CachedStatement, Connection, Params, Result, params};

/// What became of one list: an answer, or an error that concerns it alone.
pub(crate) type Outcome = std::result::Result<CommitOutcome, StoreError>;

/// Applies the lists of one transaction.
pub(crate) struct Applier<'c> {
    connection: &'c Connection,
    laps: &'c Laps,
    statements: &'c Statements,
    /// The last table that a token was added to: the next one almost always goes to the same.
    insert: Option<(Table, CachedStatement<'c>)>,
}

impl<'c> Applier<'c> {
    pub(crate) fn new(connection: &'c Connection, laps: &'c Laps, statements: &'c Statements) -> Self {
        Self { connection, laps, statements, insert: None }
    }

    /// Applies one list as a whole or not at all. An `Err` is the engine's and ends the transaction.
    ///
    /// Effects on tokens carry no guard and touch nothing that a guard reads, so they come last: then a list with one
    /// guard needs no savepoint, and a table is never emptied in a list that is rolled back.
    pub(crate) fn list(&mut self, effects: &[Effect]) -> Result<Outcome> {
        if let [Effect::InsertAccessToken(token)] = effects {
            self.insert_access_token(token)?;
            return Ok(Ok(CommitOutcome::Committed));
        }
        let savepoint = needs_savepoint(effects);
        if savepoint {
            self.run("SAVEPOINT list", [])?;
        }
        let mut outcome = Ok(true);
        for effect in effects.iter().filter(|effect| !is_hot(effect)) {
            outcome = self.cold(effect)?;
            if !matches!(outcome, Ok(true)) {
                break;
            }
        }
        if savepoint {
            if !matches!(outcome, Ok(true)) {
                self.run("ROLLBACK TO list", [])?;
            }
            self.run("RELEASE list", [])?;
        }
        match outcome {
            Err(error) => return Ok(Err(error)),
            Ok(false) => return Ok(Ok(CommitOutcome::Conflict)),
            Ok(true) => {}
        }
        for effect in effects {
            match effect {
                Effect::InsertAccessToken(token) => self.insert_access_token(token)?,
                Effect::DeleteAccessToken(key) => self.delete_access_token(key)?,
                _ => {}
            }
        }
        Ok(Ok(CommitOutcome::Committed))
    }

    fn insert_access_token(&mut self, token: &AccessToken) -> Result<()> {
        let AccessToken { key, client, issued_at, expires_at, scope, subject, certificate, grant } = token;
        if self.laps.other_in_use() && self.holds(Table::Other, key)? {
            return Ok(()); // the same key again changes nothing
        }
        let place = self.laps.place(token);
        if place.empty_first {
            // However large: nobody has called `expire` for the eight minutes (two days) since this lap ended.
            self.run(&clear(place.table), [])?;
            self.laps.note(place.table, None);
        }
        self.laps.note_row(place.table, key.tick);
        let statement = match &mut self.insert {
            Some((table, statement)) if *table == place.table => statement,
            last => {
                let statement = self.connection.prepare_cached(self.statements.insert(place.table))?;
                &mut last.insert((place.table, statement)).1
            }
        };
        statement.execute(params![
            key.tick,
            key.tag,
            client.0.cast_signed(),
            issued_at,
            expires_at,
            &**scope,
            subject.as_deref(),
            certificate,
            grant.as_ref().map(|grant| grant.0),
        ])?;
        Ok(())
    }

    fn holds(&self, table: Table, key: &AccessTokenKey) -> Result<bool> {
        self.connection.prepare_cached(self.statements.select(table))?.exists(params![key.tick, key.tag])
    }

    fn delete_access_token(&self, key: &AccessTokenKey) -> Result<()> {
        for table in self.laps.candidates(key) {
            self.run(&delete(table), params![key.tick, key.tag])?;
        }
        Ok(())
    }

    /// Whether the effect's guard held. The inner error is the list's, the outer the engine's.
    fn cold(&self, effect: &Effect) -> Result<std::result::Result<bool, StoreError>> {
        let changed = match effect {
            Effect::InsertAccessToken(_) | Effect::DeleteAccessToken(_) => 1,
            Effect::InsertGrant(grant) => self.insert_grant(grant)?,
            Effect::RotateGrant { id, expected_generation, rotated_at, refresh_expires_at } => self.run(
                "UPDATE \"grant\" SET generation = ?3, rotated_at = ?4, refresh_expires_at = ?5 \
                 WHERE id = ?1 AND generation = ?2 AND revoked = 0",
                params![
                    id.0,
                    expected_generation,
                    expected_generation.saturating_add(1),
                    rotated_at,
                    refresh_expires_at
                ],
            )?,
            Effect::RevokeGrant(id) => {
                self.run("UPDATE \"grant\" SET revoked = 1 WHERE id = ?1 AND revoked = 0", [id.0])?;
                1
            }
            Effect::RevokeToken(token) => {
                let row = params![token.expires_at, token.id.0];
                self.run("INSERT OR IGNORE INTO revoked_token VALUES (?1, ?2)", row)?;
                1
            }
            Effect::PutClient { client, expected_version } => match serde_json::to_string(client) {
                Ok(body) => self.put_client(client, &body, *expected_version)?,
                Err(error) => return Ok(Err(StoreError::Engine(error.to_string()))),
            },
            Effect::DeleteClient { client } => self.run(
                "DELETE FROM client WHERE realm = ?1 AND client_id = ?2 AND key = ?3 AND version = ?4",
                params![
                    client.realm,
                    client.client_id,
                    client.key.0.cast_signed(),
                    client.version.cast_signed()
                ],
            )?,
            Effect::PutUser { user, expected_version } => self.put_user(user, *expected_version)?,
            Effect::PutScope(scope) => self.run(
                "INSERT OR REPLACE INTO scope VALUES (?1, ?2, ?3)",
                params![scope.realm, scope.name, scope.description],
            )?,
            Effect::DeleteScope { realm, name } => {
                self.run("DELETE FROM scope WHERE realm = ?1 AND name = ?2", params![realm, name])?;
                1
            }
            Effect::InsertKey(key) => self.insert_key(key)?,
            Effect::UpdateKey(key) => self.run(
                "UPDATE key SET created_at = ?3, not_before = ?4, not_after = ?5, expires_at = ?6 \
                 WHERE realm = ?1 AND kid = ?2",
                params![key.realm, key.kid, key.created_at, key.not_before, key.not_after, key.expires_at],
            )?,
            Effect::DeleteKey { realm, kid } => {
                self.run("DELETE FROM key WHERE realm = ?1 AND kid = ?2", params![realm, kid])?;
                1
            }
        };
        Ok(Ok(changed == 1))
    }

    fn insert_grant(&self, grant: &Grant) -> Result<usize> {
        self.run(
            "INSERT OR IGNORE INTO \"grant\" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                grant.id.0,
                grant.client.0.cast_signed(),
                grant.subject,
                &*grant.scope,
                grant.generation,
                grant.issued_at,
                grant.rotated_at,
                grant.refresh_expires_at,
                grant.expires_at,
                grant.revoked
            ],
        )
    }

    fn put_client(&self, client: &Client, body: &str, expected_version: Option<u64>) -> Result<usize> {
        let Client { key, realm, client_id, version, .. } = client;
        let (key, version) = (key.0.cast_signed(), version.cast_signed());
        match expected_version {
            None => self.run(
                "INSERT OR IGNORE INTO client (realm, client_id, key, version, body) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![realm, client_id, key, version, body],
            ),
            Some(expected) => self.run(
                "UPDATE client SET version = ?4, body = ?5 \
                 WHERE realm = ?1 AND client_id = ?2 AND key = ?3 AND version = ?6",
                params![realm, client_id, key, version, body, expected.cast_signed()],
            ),
        }
    }

    fn put_user(&self, user: &User, expected_version: Option<u64>) -> Result<usize> {
        let User { realm, tenant, username, subject, password_hash, enabled, version } = user;
        let version = version.cast_signed();
        match expected_version {
            None => self.run(
                "INSERT OR IGNORE INTO user (realm, tenant, username, subject, password_hash, enabled, version) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![realm, tenant, username, subject, password_hash, enabled, version],
            ),
            Some(expected) => self.run(
                "UPDATE user SET subject = ?4, password_hash = ?5, enabled = ?6, version = ?7 \
                 WHERE realm = ?1 AND tenant = ?2 AND username = ?3 AND version = ?8",
                params![realm, tenant, username, subject, password_hash, enabled, version, expected.cast_signed()],
            ),
        }
    }

    fn insert_key(&self, key: &KeyRecord) -> Result<usize> {
        let KeyRecord {
            realm,
            kid,
            purpose,
            algorithm,
            sealed,
            created_at,
            not_before,
            not_after,
            expires_at,
        } = key;
        let purpose = purpose_name(*purpose);
        self.run(
            "INSERT OR IGNORE INTO key VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![realm, kid, purpose, algorithm, sealed, created_at, not_before, not_after, expires_at],
        )
    }

    fn run(&self, sql: &str, parameters: impl Params) -> Result<usize> {
        self.connection.prepare_cached(sql)?.execute(parameters)
    }
}

fn is_hot(effect: &Effect) -> bool {
    matches!(effect, Effect::InsertAccessToken(_) | Effect::DeleteAccessToken(_))
}

/// Whether a guard stands behind another effect of its list, which a failure would have to undo.
fn needs_savepoint(effects: &[Effect]) -> bool {
    let guarded = |effect: &Effect| {
        matches!(
            effect,
            Effect::InsertGrant(_)
                | Effect::RotateGrant { .. }
                | Effect::PutClient { .. }
                | Effect::DeleteClient { .. }
                | Effect::PutUser { .. }
                | Effect::InsertKey(_)
                | Effect::UpdateKey(_)
        )
    };
    effects.iter().filter(|effect| !is_hot(effect)).skip(1).any(guarded)
}
