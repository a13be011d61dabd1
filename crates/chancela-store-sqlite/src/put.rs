//! Records into rows: the statements behind the effects that carry one. What a guard is, `apply` says.

use crate::apply::{Applier, Changed};
use crate::row::{chain_column, purpose_name, revocation_columns, spent_column};
use chancela_core::record::{
    AuthorizationCode, Client, ClientCertificate, Consent, Crl, Grant, KeyRecord, Revocation, Session, User,
};
use rusqlite::params;

impl Applier<'_> {
    pub(crate) fn insert_grant(&self, grant: &Grant) -> Changed {
        let details = serde_json::to_string(&grant.details)?;
        Ok(self.run(
            "INSERT OR IGNORE INTO \"grant\" (id, client, subject, scope, generation, issued_at, rotated_at, \
             refresh_expires_at, expires_at, revoked, details) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
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
                grant.revoked,
                details
            ],
        )?)
    }

    pub(crate) fn insert_authorization_code(&self, code: &AuthorizationCode) -> Changed {
        Ok(self.run(
            "INSERT OR IGNORE INTO authorization_code (id, spent, body) VALUES (?1, ?2, ?3)",
            params![code.id.0, code.spent.as_ref().map(spent_column), serde_json::to_string(code)?],
        )?)
    }

    pub(crate) fn revoke(&self, Revocation { what, expires_at }: &Revocation) -> Changed {
        let (kind, what, client, issued_before) = revocation_columns(what);
        self.run(
            "INSERT OR IGNORE INTO revocation (expires_at, kind, what, client, issued_before) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![expires_at, kind, what, client, issued_before],
        )?;
        Ok(1)
    }

    pub(crate) fn put_session(&self, session: &Session, expected_version: Option<u64>) -> Changed {
        let Session { id, realm, subject, created_at, expires_at, version, .. } = session;
        let (version, body) = (version.cast_signed(), serde_json::to_string(session)?);
        Ok(match expected_version {
            None => self.run(
                "INSERT OR IGNORE INTO session (realm, id, subject, created_at, expires_at, version, body) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![realm, id.0, subject, created_at, expires_at, version, body],
            )?,
            Some(expected) => self.run(
                "UPDATE session SET subject = ?3, created_at = ?4, expires_at = ?5, version = ?6, body = ?7 \
                 WHERE realm = ?1 AND id = ?2 AND version = ?8",
                params![realm, id.0, subject, created_at, expires_at, version, body, expected.cast_signed()],
            )?,
        })
    }

    pub(crate) fn put_consent(&self, consent: &Consent) -> Changed {
        let Consent { realm, subject, client, scope, granted_at } = consent;
        Ok(self.run(
            "INSERT OR REPLACE INTO consent (realm, subject, client, scope, granted_at) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![realm, subject, client.0.cast_signed(), &**scope, granted_at],
        )?)
    }

    /// The index on subjects makes another user's a row that is not changed.
    pub(crate) fn put_user(&self, user: &User, expected_version: Option<u64>) -> Changed {
        let User { realm, tenant, username, subject, version, .. } = user;
        let (version, body) = (version.cast_signed(), serde_json::to_string(user)?);
        Ok(match expected_version {
            None => self.run(
                "INSERT OR IGNORE INTO user (realm, username, tenant, subject, version, body) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![realm, username, tenant, subject, version, body],
            )?,
            Some(expected) => self.run(
                "UPDATE OR IGNORE user SET subject = ?4, version = ?5, body = ?6 \
                 WHERE realm = ?1 AND username = ?2 AND tenant = ?3 AND version = ?7",
                params![realm, username, tenant, subject, version, body, expected.cast_signed()],
            )?,
        })
    }

    /// The guard comes first: where it fails, nothing was changed.
    pub(crate) fn delete_user(&self, user: &User) -> Changed {
        let User { realm, tenant, username, subject, version, .. } = user;
        let changed = self.run(
            "DELETE FROM user WHERE realm = ?1 AND username = ?2 AND tenant = ?3 AND subject = ?4 AND version = ?5",
            params![realm, username, tenant, subject, version.cast_signed()],
        )?;
        if changed == 1 {
            self.run("DELETE FROM session WHERE realm = ?1 AND subject = ?2", params![realm, subject])?;
            self.run("DELETE FROM consent WHERE realm = ?1 AND subject = ?2", params![realm, subject])?;
        }
        Ok(changed)
    }

    pub(crate) fn put_client(&self, client: &Client, expected_version: Option<u64>) -> Changed {
        let Client { key, realm, client_id, version, .. } = client;
        let (key, version) = (key.0.cast_signed(), version.cast_signed());
        let body = serde_json::to_string(client)?;
        Ok(match expected_version {
            None => self.run(
                "INSERT OR IGNORE INTO client (realm, client_id, key, version, body) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![realm, client_id, key, version, body],
            )?,
            Some(expected) => self.run(
                "UPDATE client SET version = ?4, body = ?5 \
                 WHERE realm = ?1 AND client_id = ?2 AND key = ?3 AND version = ?6",
                params![realm, client_id, key, version, body, expected.cast_signed()],
            )?,
        })
    }

    pub(crate) fn delete_client(&self, client: &Client) -> Changed {
        let Client { key, realm, client_id, version, .. } = client;
        Ok(self.run(
            "DELETE FROM client WHERE realm = ?1 AND client_id = ?2 AND key = ?3 AND version = ?4",
            params![realm, client_id, key.0.cast_signed(), version.cast_signed()],
        )?)
    }

    pub(crate) fn put_certificate(
        &self,
        certificate: &ClientCertificate,
        expected_version: Option<u64>,
    ) -> Changed {
        let ClientCertificate { realm, serial, client, expires_at, version, .. } = certificate;
        let (client, version) = (client.0.cast_signed(), version.cast_signed());
        let body = serde_json::to_string(certificate)?;
        Ok(match expected_version {
            None => self.run(
                "INSERT OR IGNORE INTO certificate (realm, serial, client, expires_at, version, body) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![realm, serial.0, client, expires_at, version, body],
            )?,
            Some(expected) => self.run(
                "UPDATE certificate SET client = ?3, expires_at = ?4, version = ?5, body = ?6 \
                 WHERE realm = ?1 AND serial = ?2 AND version = ?7",
                params![realm, serial.0, client, expires_at, version, body, expected.cast_signed()],
            )?,
        })
    }

    pub(crate) fn put_crl(&self, crl: &Crl) -> Changed {
        let Crl { realm, issuer, number, der, this_update, next_update } = crl;
        Ok(self.run(
            "INSERT INTO crl (realm, issuer, number, der, this_update, next_update) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (realm, issuer) DO UPDATE SET number = excluded.number, der = excluded.der, \
             this_update = excluded.this_update, next_update = excluded.next_update \
             WHERE number < excluded.number",
            params![realm, issuer, number.to_be_bytes(), der, this_update, next_update],
        )?)
    }

    pub(crate) fn insert_key(&self, key: &KeyRecord) -> Changed {
        Ok(self.run(
            "INSERT OR IGNORE INTO key (realm, kid, purpose, algorithm, sealed, created_at, not_before, \
             not_after, expires_at, chain) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                key.realm,
                key.kid,
                purpose_name(key.purpose),
                key.algorithm,
                key.sealed,
                key.created_at,
                key.not_before,
                key.not_after,
                key.expires_at,
                chain_column(&key.chain)?
            ],
        )?)
    }

    pub(crate) fn update_key(&self, key: &KeyRecord) -> Changed {
        let KeyRecord { realm, kid, created_at, not_before, not_after, expires_at, chain, .. } = key;
        Ok(self.run(
            "UPDATE key SET created_at = ?3, not_before = ?4, not_after = ?5, expires_at = ?6, chain = ?7 \
             WHERE realm = ?1 AND kid = ?2",
            params![realm, kid, created_at, not_before, not_after, expires_at, chain_column(chain)?],
        )?)
    }
}
