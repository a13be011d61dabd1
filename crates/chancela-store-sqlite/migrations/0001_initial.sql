-- Times are seconds since the epoch; `tick` is 1/64 s. No table holds a secret or a token in clear.
CREATE TABLE client (
    realm TEXT NOT NULL,
    client_id TEXT NOT NULL,
    key INTEGER NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    body TEXT NOT NULL, -- JSON
    PRIMARY KEY (realm, client_id)
) STRICT;

CREATE TABLE user (
    realm TEXT NOT NULL,
    username TEXT NOT NULL,
    tenant TEXT NOT NULL,
    subject TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (realm, username, tenant)
) STRICT, WITHOUT ROWID;

CREATE TABLE scope (
    realm TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (realm, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE key (
    realm TEXT NOT NULL,
    kid TEXT NOT NULL,
    purpose TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (realm, kid)
) STRICT;

-- `id` begins with the expiry second, so rows are added near the end and removed from the beginning.
CREATE TABLE "grant" (
    id BLOB NOT NULL PRIMARY KEY,
    client INTEGER NOT NULL,
    subject TEXT NOT NULL,
    scope TEXT NOT NULL,
    generation INTEGER NOT NULL,
    issued_at INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    refresh_expires_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE revoked_token (
    expires_at INTEGER NOT NULL,
    id BLOB NOT NULL,
    PRIMARY KEY (expires_at, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), count INTEGER NOT NULL) STRICT;
INSERT INTO probe VALUES (1, 0);

-- For people with `sqlite3`: what is kept, without digests, hashes and sealed keys.
CREATE VIEW audit_client AS SELECT
    realm, client_id, key, version,
    json_extract(body, '$.client_name') AS client_name,
    json_extract(body, '$.enabled') AS enabled,
    json_extract(body, '$.grant_types') AS grant_types,
    json_extract(body, '$.scope') AS scope,
    json_array_length(body, '$.secrets') AS secrets,
    datetime(json_extract(body, '$.created_at'), 'unixepoch') AS created_at
FROM client;

CREATE VIEW audit_user AS SELECT realm, tenant, username, subject, enabled, version FROM user;

CREATE VIEW audit_key AS SELECT
    realm, kid, purpose, algorithm,
    datetime(created_at, 'unixepoch') AS created_at, datetime(not_before, 'unixepoch') AS not_before,
    datetime(not_after, 'unixepoch') AS not_after, datetime(expires_at, 'unixepoch') AS expires_at
FROM key;

CREATE VIEW audit_grant AS SELECT
    lower(hex(g.id)) AS id, c.realm, c.client_id, g.subject, g.scope, g.generation, g.revoked,
    datetime(g.issued_at, 'unixepoch') AS issued_at, datetime(g.rotated_at, 'unixepoch') AS rotated_at,
    datetime(g.expires_at, 'unixepoch') AS expires_at
FROM "grant" AS g LEFT JOIN client AS c ON c.key = g.client;

CREATE VIEW audit_revoked_token AS SELECT
    lower(hex(id)) AS id, datetime(expires_at, 'unixepoch') AS expires_at
FROM revoked_token;
