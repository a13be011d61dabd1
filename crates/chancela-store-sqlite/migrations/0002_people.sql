-- Users as JSON, like clients; what belongs to them: codes, sessions, consents; and revocations of more than one token.
DROP VIEW audit_user;
DROP VIEW audit_revoked_token;

ALTER TABLE user RENAME TO user_0001;
CREATE TABLE user (
    realm TEXT NOT NULL,
    username TEXT NOT NULL,
    tenant TEXT NOT NULL,
    subject TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL, -- JSON
    PRIMARY KEY (realm, username, tenant)
) STRICT;
INSERT INTO user SELECT realm, username, tenant, subject, version, json_object(
    'realm', realm,
    'tenant', tenant,
    'username', username,
    'subject', subject,
    'password_hash', password_hash,
    'enabled', json(iif(enabled, 'true', 'false')),
    'version', json(printf('%u', version))
) FROM user_0001;
DROP TABLE user_0001;
-- Grants and revocations name a subject without a realm, so no two realms share one.
CREATE UNIQUE INDEX user_subject ON user (subject);

ALTER TABLE "grant" ADD COLUMN details TEXT NOT NULL DEFAULT '{}'; -- JSON
CREATE INDEX grant_of ON "grant" (subject) WHERE revoked = 0;

-- `id` begins with the second at which the row may go. `spent` is empty where the code was burnt, else the grant.
CREATE TABLE authorization_code (
    id BLOB NOT NULL PRIMARY KEY,
    spent BLOB,
    body TEXT NOT NULL -- JSON, as it was issued
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    realm TEXT NOT NULL,
    id BLOB NOT NULL, -- a keyed digest
    subject TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL, -- JSON
    PRIMARY KEY (realm, id)
) STRICT;
CREATE INDEX session_of ON session (realm, subject, created_at);
CREATE INDEX session_expiry ON session (expires_at);

CREATE TABLE consent (
    realm TEXT NOT NULL,
    subject TEXT NOT NULL,
    client INTEGER NOT NULL,
    scope TEXT NOT NULL,
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (realm, subject, client)
) STRICT, WITHOUT ROWID;

-- `what` is the id of a token or grant, or a subject's text; `client` and `issued_before` are 0 where the kind has none.
CREATE TABLE revocation (
    expires_at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('token', 'grant', 'subject', 'subject_at_client')),
    what BLOB NOT NULL,
    client INTEGER NOT NULL,
    issued_before INTEGER NOT NULL,
    PRIMARY KEY (expires_at, kind, what, client, issued_before)
) STRICT, WITHOUT ROWID;
INSERT INTO revocation SELECT expires_at, 'token', id, 0, 0 FROM revoked_token;
DROP TABLE revoked_token;

-- For people with `sqlite3`: what is kept, without digests, hashes and sealed keys.
CREATE VIEW audit_user AS SELECT
    realm, tenant, username, subject, version,
    json_extract(body, '$.enabled') AS enabled,
    json_type(body, '$.password_hash') IS NOT NULL AS password,
    json_type(body, '$.totp') IS NOT NULL AS totp,
    coalesce(json_array_length(body, '$.passkeys'), 0) AS passkeys,
    coalesce(json_array_length(body, '$.recovery_codes'), 0) AS recovery_codes,
    datetime(nullif(json_extract(body, '$.created_at'), 0), 'unixepoch') AS created_at
FROM user;

CREATE VIEW audit_authorization_code AS SELECT
    lower(hex(a.id)) AS id, c.realm, c.client_id,
    json_extract(a.body, '$.subject') AS subject, json_extract(a.body, '$.scope') AS scope,
    json_extract(a.body, '$.redirect_uri') AS redirect_uri,
    CASE WHEN a.spent IS NULL THEN NULL WHEN length(a.spent) = 0 THEN 'burnt' ELSE 'redeemed' END AS spent,
    lower(hex(nullif(a.spent, x''))) AS "grant",
    datetime(json_extract(a.body, '$.issued_at'), 'unixepoch') AS issued_at,
    datetime(json_extract(a.body, '$.expires_at'), 'unixepoch') AS expires_at
FROM authorization_code AS a LEFT JOIN client AS c ON c.key = json_extract(a.body, '$.client');

CREATE VIEW audit_session AS SELECT
    realm, subject, version,
    json_extract(body, '$.device') AS device,
    json_extract(body, '$.authentication.acr') AS acr,
    json_extract(body, '$.authentication.amr') AS amr,
    json_extract(body, '$.authentication.sid') AS sid,
    datetime(json_extract(body, '$.authentication.auth_time'), 'unixepoch') AS auth_time,
    datetime(created_at, 'unixepoch') AS created_at,
    datetime(json_extract(body, '$.last_seen_at'), 'unixepoch') AS last_seen_at,
    datetime(expires_at, 'unixepoch') AS expires_at
FROM session;

CREATE VIEW audit_consent AS SELECT
    s.realm, s.subject, c.client_id, s.scope, datetime(s.granted_at, 'unixepoch') AS granted_at
FROM consent AS s LEFT JOIN client AS c ON c.key = s.client;

CREATE VIEW audit_revocation AS SELECT
    r.kind,
    iif(r.kind IN ('token', 'grant'), lower(hex(r.what)), CAST(r.what AS TEXT)) AS what,
    c.client_id,
    datetime(nullif(r.issued_before, 0), 'unixepoch') AS issued_before,
    datetime(r.expires_at, 'unixepoch') AS expires_at
FROM revocation AS r LEFT JOIN client AS c ON r.kind = 'subject_at_client' AND c.key = r.client;
