//! The readers' threads: each with a connection of its own, fed by one queue.

use crate::health::Health;
use crate::queue::Queue;
use crate::ring::Laps;
use crate::row;
use crate::statements::Statements;
use chancela_core::id::{AccessTokenKey, GrantId, TokenId};
use chancela_core::record::{AccessToken, Client, Grant, KeyRecord, RevokedToken, ScopeRecord, User};
use chancela_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Result, Row, params};
use std::sync::Arc;

/// Questions answered from one snapshot: taking one costs several system calls.
const TOGETHER: usize = 16;

/// One question, which answers itself.
pub(crate) type Question = Box<dyn FnOnce(&Reader) + Send>;

/// One reader.
pub(crate) struct Reader {
    pub(crate) connection: Connection,
    pub(crate) laps: Arc<Laps>,
    pub(crate) health: Arc<Health>,
    pub(crate) statements: Arc<Statements>,
}

impl Reader {
    /// Serves until the queue is closed and drained.
    pub(crate) fn serve(&self, queue: &Queue<Question>) {
        let mut questions = Vec::with_capacity(TOGETHER);
        while queue.take_some(&mut questions, TOGETHER) {
            // The snapshot begins after the last of them was asked, so each sees what was committed before it.
            let together = questions.len() > 1 && self.run("BEGIN").is_ok();
            for question in questions.drain(..) {
                question(self);
            }
            if together && let Err(error) = self.run("COMMIT") {
                self.health.report(&error);
                self.health.fail("a reader could not end its snapshot");
            }
        }
    }

    fn run(&self, sql: &str) -> Result<usize> {
        self.connection.prepare_cached(sql)?.execute([])
    }

    pub(crate) fn access_token(&self, key: AccessTokenKey) -> Result<Option<AccessToken>> {
        for table in self.laps.candidates(&key) {
            let found = self
                .connection
                .prepare_cached(self.statements.select(table))?
                .query_row(params![key.tick, key.tag], |row| row::access_token(key, row))
                .optional()?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    pub(crate) fn grant(&self, id: GrantId) -> Result<Option<Grant>> {
        let sql = "SELECT client, subject, scope, generation, issued_at, rotated_at, refresh_expires_at, expires_at, \
                   revoked FROM \"grant\" WHERE id = ?1";
        self.connection.prepare_cached(sql)?.query_row([id.0], |row| row::grant(id, row)).optional()
    }

    pub(crate) fn user(&self, realm: &str, tenant: &str, username: &str) -> Result<Option<User>> {
        let sql = "SELECT realm, tenant, username, subject, password_hash, enabled, version FROM user \
                   WHERE realm = ?1 AND username = ?2 AND tenant = ?3";
        self.connection.prepare_cached(sql)?.query_row([realm, username, tenant], row::user).optional()
    }

    pub(crate) fn users_named(&self, realm: &str, username: &str) -> Result<Vec<User>> {
        let sql = "SELECT realm, tenant, username, subject, password_hash, enabled, version FROM user \
                   WHERE realm = ?1 AND username = ?2 ORDER BY tenant LIMIT 2";
        self.all(sql, [realm, username], row::user)
    }

    pub(crate) fn clients(&self) -> Result<Vec<Client>> {
        self.all("SELECT body FROM client ORDER BY realm, client_id", [], row::client)
    }

    pub(crate) fn scopes(&self) -> Result<Vec<ScopeRecord>> {
        self.all("SELECT realm, name, description FROM scope ORDER BY realm, name", [], |row| {
            Ok(ScopeRecord { realm: row.get(0)?, name: row.get(1)?, description: row.get(2)? })
        })
    }

    pub(crate) fn keys(&self) -> Result<Vec<KeyRecord>> {
        let sql = "SELECT realm, kid, purpose, algorithm, sealed, created_at, not_before, not_after, expires_at \
                   FROM key ORDER BY realm, kid";
        self.all(sql, [], row::key)
    }

    pub(crate) fn revoked_tokens(&self, now: Timestamp) -> Result<Vec<RevokedToken>> {
        let sql = "SELECT id, expires_at FROM revoked_token WHERE expires_at > ?1 ORDER BY expires_at, id";
        self.all(sql, [now.seconds()], |row| {
            Ok(RevokedToken { id: TokenId(row.get(0)?), expires_at: row.get(1)? })
        })
    }

    fn all<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.connection.prepare_cached(sql)?.query_map(parameters, read)?.collect()
    }
}
