//! What a decision changes. A store applies a list of effects as one atomic, durable unit; where an effect carries a
//! guard and the guard no longer holds, nothing is applied and the caller decides again on what is now true.

use crate::id::{AccessTokenKey, ClientKey, CodeId, GrantId, SessionId};
use crate::record::{
    AccessToken, AuthorizationCode, Client, ClientCertificate, Consent, Crl, Grant, KeyRecord, Revocation,
    ScopeRecord, Session, Spent, User,
};

/// One change. Effects on hot tables come first; see each variant for its guard.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Adds the row of a reference token. Idempotent: the same key again changes nothing.
    InsertAccessToken(AccessToken),
    /// Removes the row of a reference token (RFC 7009). A missing row is no conflict.
    DeleteAccessToken(AccessTokenKey),
    /// Adds a grant. Guard: no grant has this id.
    InsertGrant(Grant),
    /// Moves a grant to its next refresh-token generation. Guard: the grant exists, is not revoked and its generation
    /// is still `expected_generation`.
    RotateGrant {
        /// The grant.
        id: GrantId,
        /// Generation on which the decision was taken; the row then holds this plus one.
        expected_generation: u32,
        /// When it was rotated, seconds since the epoch.
        rotated_at: i64,
        /// New end of the sliding lifetime, seconds since the epoch.
        refresh_expires_at: i64,
    },
    /// Ends a grant's refresh tokens. Idempotent; a missing grant is no conflict. Its access tokens end by
    /// [`Effect::Revoke`].
    RevokeGrant(GrantId),
    /// Remembers a revocation until nothing could be left to revoke. Idempotent.
    Revoke(Revocation),
    /// Adds an authorization code. Guard: no code has this id.
    InsertAuthorizationCode(AuthorizationCode),
    /// Spends an authorization code. Guard: it exists and is not spent.
    SpendAuthorizationCode {
        /// The code.
        id: CodeId,
        /// What becomes of it.
        spent: Spent,
    },
    /// Adds (`expected_version` `None`) or replaces a session. Guard: no session has this id, or the stored version is
    /// the expected one.
    PutSession {
        /// The whole new record.
        session: Session,
        /// Version on which the decision was taken.
        expected_version: Option<u64>,
    },
    /// Ends a session. A missing session is no conflict.
    DeleteSession {
        /// The realm.
        realm: Box<str>,
        /// The session.
        id: SessionId,
    },
    /// Adds or replaces a consent.
    PutConsent(Consent),
    /// Forgets a consent. A missing consent is no conflict.
    DeleteConsent {
        /// The realm.
        realm: Box<str>,
        /// The user.
        subject: Box<str>,
        /// The client.
        client: ClientKey,
    },
    /// Adds (`expected_version` `None`) or replaces a client. Guard: no client of the realm has this `client_id` nor
    /// any client this key, or the stored version is the expected one.
    PutClient {
        /// The whole new record; its `version` is what the row holds afterwards.
        client: Client,
        /// Version on which the decision was taken.
        expected_version: Option<u64>,
    },
    /// Removes a client. Guard: the stored version is `expected_version`.
    DeleteClient {
        /// The record as it was read (names realm, `client_id` and version).
        client: Client,
    },
    /// Adds or replaces a user. Guard as for clients, on (realm, tenant, username); and no other user has the subject.
    PutUser {
        /// The whole new record.
        user: User,
        /// Version on which the decision was taken.
        expected_version: Option<u64>,
    },
    /// Removes a user with all sessions and consents. Guard: the stored version is the record's.
    DeleteUser {
        /// The record as it was read.
        user: User,
    },
    /// Adds or replaces a scope of a realm's catalogue.
    PutScope(ScopeRecord),
    /// Removes a scope of a realm's catalogue. A missing scope is no conflict.
    DeleteScope {
        /// The realm.
        realm: Box<str>,
        /// The scope's name.
        name: Box<str>,
    },
    /// Adds (`expected_version` `None`) or replaces a client certificate. Guard: the realm has none of this serial, or the
    /// stored version is the expected one.
    PutCertificate {
        /// The whole new record; its `version` is what the row holds afterwards.
        certificate: ClientCertificate,
        /// Version on which the decision was taken.
        expected_version: Option<u64>,
    },
    /// Adds or replaces the revocation list of an issuer. Guard: the stored one's number is smaller.
    PutCrl(Crl),
    /// Adds a key. Guard: no key has this id in the realm.
    InsertKey(KeyRecord),
    /// Replaces a key's schedule and certificates (not its material). A missing key is a conflict.
    UpdateKey(KeyRecord),
    /// Removes a key for good, with the revocation list that it signed. A missing key is no conflict.
    DeleteKey {
        /// The realm.
        realm: Box<str>,
        /// The key's id.
        kid: Box<str>,
    },
}
