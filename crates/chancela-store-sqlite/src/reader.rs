//! The readers' threads: each with a connection of its own, fed by one queue.

use crate::health::Health;
use crate::queue::Queue;
use crate::ring::Laps;
use crate::row::{self, GRANT};
use crate::statements::Statements;
use chancela_core::id::{AccessTokenKey, ClientKey, CodeId, GrantId, SessionId};
use chancela_core::record::{
    AccessToken, AuthorizationCode, Client, ClientCertificate, Consent, Crl, Grant, KeyRecord, Revocation,
    ScopeRecord, Session, User,
};
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
        self.one(&format!("{GRANT} WHERE id = ?1"), [id.0], row::grant)
    }

    pub(crate) fn grants_of(&self, subject: &str) -> Result<Vec<Grant>> {
        self.all(&format!("{GRANT} WHERE subject = ?1 AND revoked = 0 ORDER BY id"), [subject], row::grant)
    }

    pub(crate) fn user(&self, realm: &str, tenant: &str, username: &str) -> Result<Option<User>> {
        let sql = "SELECT body FROM user WHERE realm = ?1 AND username = ?2 AND tenant = ?3";
        self.one(sql, [realm, username, tenant], row::body)
    }

    pub(crate) fn users_named(&self, realm: &str, username: &str) -> Result<Vec<User>> {
        let sql = "SELECT body FROM user WHERE realm = ?1 AND username = ?2 ORDER BY tenant LIMIT 2";
        self.all(sql, [realm, username], row::body)
    }

    pub(crate) fn user_of(&self, realm: &str, subject: &str) -> Result<Option<User>> {
        self.one("SELECT body FROM user WHERE subject = ?2 AND realm = ?1", [realm, subject], row::body)
    }

    pub(crate) fn users(&self, realm: &str, after: Option<&[String; 2]>, limit: u32) -> Result<Vec<User>> {
        let Some([username, tenant]) = after else {
            let sql = "SELECT body FROM user WHERE realm = ?1 ORDER BY username, tenant LIMIT ?2";
            return self.all(sql, params![realm, limit], row::body);
        };
        let sql = "SELECT body FROM user WHERE realm = ?1 AND (username, tenant) > (?2, ?3) \
                   ORDER BY username, tenant LIMIT ?4";
        self.all(sql, params![realm, username, tenant, limit], row::body)
    }

    pub(crate) fn authorization_code(&self, id: CodeId) -> Result<Option<AuthorizationCode>> {
        let sql = "SELECT body, spent FROM authorization_code WHERE id = ?1";
        self.one(sql, [id.0], row::authorization_code)
    }

    pub(crate) fn session(&self, realm: &str, id: SessionId) -> Result<Option<Session>> {
        self.one("SELECT body FROM session WHERE realm = ?1 AND id = ?2", params![realm, id.0], row::body)
    }

    pub(crate) fn sessions_of(&self, realm: &str, subject: &str) -> Result<Vec<Session>> {
        let sql = "SELECT body FROM session WHERE realm = ?1 AND subject = ?2 \
                   ORDER BY created_at DESC, id LIMIT 256";
        self.all(sql, [realm, subject], row::body)
    }

    pub(crate) fn consent(&self, realm: &str, subject: &str, client: ClientKey) -> Result<Option<Consent>> {
        let sql = "SELECT realm, subject, client, scope, granted_at FROM consent \
                   WHERE realm = ?1 AND subject = ?2 AND client = ?3";
        self.one(sql, params![realm, subject, client.0.cast_signed()], row::consent)
    }

    pub(crate) fn consents_of(&self, realm: &str, subject: &str) -> Result<Vec<Consent>> {
        let sql = "SELECT realm, subject, client, scope, granted_at FROM consent \
                   WHERE realm = ?1 AND subject = ?2 ORDER BY client";
        self.all(sql, [realm, subject], row::consent)
    }

    pub(crate) fn clients(&self) -> Result<Vec<Client>> {
        self.all("SELECT body FROM client ORDER BY realm, client_id", [], row::body)
    }

    pub(crate) fn scopes(&self) -> Result<Vec<ScopeRecord>> {
        self.all("SELECT realm, name, description FROM scope ORDER BY realm, name", [], |row| {
            Ok(ScopeRecord { realm: row.get(0)?, name: row.get(1)?, description: row.get(2)? })
        })
    }

    pub(crate) fn keys(&self) -> Result<Vec<KeyRecord>> {
        let sql = "SELECT realm, kid, purpose, algorithm, sealed, created_at, not_before, not_after, expires_at, \
                   chain FROM key ORDER BY realm, kid";
        self.all(sql, [], row::key)
    }

    pub(crate) fn certificates(&self, now: Timestamp) -> Result<Vec<ClientCertificate>> {
        let sql = "SELECT body FROM certificate WHERE expires_at > ?1 ORDER BY realm, serial";
        self.all(sql, [now.seconds()], row::body)
    }

    pub(crate) fn crls(&self) -> Result<Vec<Crl>> {
        let sql =
            "SELECT realm, issuer, number, der, this_update, next_update FROM crl ORDER BY realm, issuer";
        self.all(sql, [], row::crl)
    }

    pub(crate) fn revocations(&self, now: Timestamp) -> Result<Vec<Revocation>> {
        let sql = "SELECT expires_at, kind, what, client, issued_before FROM revocation \
                   WHERE expires_at > ?1 ORDER BY expires_at";
        self.all(sql, [now.seconds()], row::revocation)
    }

    fn one<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.connection.prepare_cached(sql)?.query_row(parameters, read).optional()
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
