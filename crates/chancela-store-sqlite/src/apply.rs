//! Effects into SQL, within the writer's open transaction.
//!
//! Owns the guards: each is the row count of its own statement, so that checking and changing are one act. Rows of
//! records are written in `put`. Does not own the transaction around them (`writer`).

use crate::ring::{Laps, Table};
use crate::row::spent_column;
use crate::statements::{Statements, clear, delete};
use chancela_core::effect::Effect;
use chancela_core::id::AccessTokenKey;
use chancela_core::record::AccessToken;
use chancela_store::{CommitOutcome, StoreError};
use rusqlite::{CachedStatement, Connection, Params, Result, params};

/// What became of one list: an answer, or an error that concerns it alone.
pub(crate) type Outcome = std::result::Result<CommitOutcome, StoreError>;

/// Rows that one effect changed: 1 if its guard held.
pub(crate) type Changed = std::result::Result<usize, Failure>;

/// What keeps an effect from being applied at all.
pub(crate) enum Failure {
    /// It concerns the one list.
    List(StoreError),
    /// It ends the transaction.
    Engine(rusqlite::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::List(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::List(StoreError::Engine(error.to_string()))
    }
}

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
        match self.change(effect) {
            Ok(changed) => Ok(Ok(changed == 1)),
            Err(Failure::List(error)) => Ok(Err(error)),
            Err(Failure::Engine(error)) => Err(error),
        }
    }

    /// 1 if the effect's guard held.
    fn change(&self, effect: &Effect) -> Changed {
        match effect {
            Effect::InsertAccessToken(_) | Effect::DeleteAccessToken(_) => Ok(1),
            Effect::InsertGrant(grant) => self.insert_grant(grant),
            Effect::RotateGrant { id, expected_generation, rotated_at, refresh_expires_at } => {
                let next = expected_generation.saturating_add(1);
                let row = params![id.0, expected_generation, next, rotated_at, refresh_expires_at];
                Ok(self.run(
                    "UPDATE \"grant\" SET generation = ?3, rotated_at = ?4, refresh_expires_at = ?5 \
                     WHERE id = ?1 AND generation = ?2 AND revoked = 0",
                    row,
                )?)
            }
            Effect::RevokeGrant(id) => {
                self.any("UPDATE \"grant\" SET revoked = 1 WHERE id = ?1 AND revoked = 0", [id.0])
            }
            Effect::Revoke(revocation) => self.revoke(revocation),
            Effect::InsertAuthorizationCode(code) => self.insert_authorization_code(code),
            Effect::SpendAuthorizationCode { id, spent } => Ok(self.run(
                "UPDATE authorization_code SET spent = ?2 WHERE id = ?1 AND spent IS NULL",
                params![id.0, spent_column(spent)],
            )?),
            Effect::PutSession { session, expected_version } => self.put_session(session, *expected_version),
            Effect::DeleteSession { realm, id } => {
                self.any("DELETE FROM session WHERE realm = ?1 AND id = ?2", params![realm, id.0])
            }
            Effect::PutConsent(consent) => self.put_consent(consent),
            Effect::DeleteConsent { realm, subject, client } => self.any(
                "DELETE FROM consent WHERE realm = ?1 AND subject = ?2 AND client = ?3",
                params![realm, subject, client.0.cast_signed()],
            ),
            Effect::PutUser { user, expected_version } => self.put_user(user, *expected_version),
            Effect::DeleteUser { user } => self.delete_user(user),
            Effect::PutClient { client, expected_version } => self.put_client(client, *expected_version),
            Effect::DeleteClient { client } => self.delete_client(client),
            Effect::PutScope(scope) => Ok(self.run(
                "INSERT OR REPLACE INTO scope VALUES (?1, ?2, ?3)",
                params![scope.realm, scope.name, scope.description],
            )?),
            Effect::DeleteScope { realm, name } => {
                self.any("DELETE FROM scope WHERE realm = ?1 AND name = ?2", params![realm, name])
            }
            Effect::PutCertificate { certificate, expected_version } => {
                self.put_certificate(certificate, *expected_version)
            }
            Effect::PutCrl(crl) => self.put_crl(crl),
            Effect::InsertKey(key) => self.insert_key(key),
            Effect::UpdateKey(key) => self.update_key(key),
            Effect::DeleteKey { realm, kid } => {
                self.run("DELETE FROM crl WHERE realm = ?1 AND issuer = ?2", params![realm, kid])?;
                self.any("DELETE FROM key WHERE realm = ?1 AND kid = ?2", params![realm, kid])
            }
        }
    }

    /// Runs what carries no guard.
    fn any(&self, sql: &str, parameters: impl Params) -> Changed {
        self.run(sql, parameters)?;
        Ok(1)
    }

    pub(crate) fn run(&self, sql: &str, parameters: impl Params) -> Result<usize> {
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
                | Effect::InsertAuthorizationCode(_)
                | Effect::SpendAuthorizationCode { .. }
                | Effect::PutSession { .. }
                | Effect::PutClient { .. }
                | Effect::DeleteClient { .. }
                | Effect::PutUser { .. }
                | Effect::DeleteUser { .. }
                | Effect::PutCertificate { .. }
                | Effect::PutCrl(_)
                | Effect::InsertKey(_)
                | Effect::UpdateKey(_)
        )
    };
    effects.iter().filter(|effect| !is_hot(effect)).skip(1).any(guarded)
}
