-- Client certificates of the realms' own authorities, their revocation lists, and the certificates of their keys.
DROP VIEW audit_key;
DROP VIEW audit_revocation;

-- The certificates one after the other, each behind its length in four bytes, the high one first.
ALTER TABLE key ADD COLUMN chain BLOB NOT NULL DEFAULT x'';

CREATE TABLE certificate (
    realm TEXT NOT NULL,
    serial BLOB NOT NULL,
    client INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, -- of the record
    version INTEGER NOT NULL,
    body TEXT NOT NULL, -- JSON
    PRIMARY KEY (realm, serial)
) STRICT;
CREATE INDEX certificate_expiry ON certificate (expires_at);

-- `number` is eight bytes, the high one first: they compare as the numbers do, with all 64 bits.
CREATE TABLE crl (
    realm TEXT NOT NULL,
    issuer TEXT NOT NULL, -- a key's `kid`
    number BLOB NOT NULL,
    this_update INTEGER NOT NULL,
    next_update INTEGER NOT NULL,
    der BLOB NOT NULL,
    PRIMARY KEY (realm, issuer)
) STRICT;

-- A check cannot be changed. `what` of a certificate is the SHA-256 of its DER; the rest is as it was.
ALTER TABLE revocation RENAME TO revocation_0002;
CREATE TABLE revocation (
    expires_at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('token', 'grant', 'subject', 'subject_at_client', 'certificate')),
    what BLOB NOT NULL,
    client INTEGER NOT NULL,
    issued_before INTEGER NOT NULL,
    PRIMARY KEY (expires_at, kind, what, client, issued_before)
) STRICT, WITHOUT ROWID;
INSERT INTO revocation SELECT expires_at, kind, what, client, issued_before FROM revocation_0002;
DROP TABLE revocation_0002;

-- For people with `sqlite3`: what is kept, without digests of secrets and sealed keys. The SHA-256 of a certificate is
-- public: it is what tokens are bound to.
CREATE VIEW audit_key AS SELECT
    realm, kid, purpose, algorithm, length(chain) > 0 AS certified,
    datetime(created_at, 'unixepoch') AS created_at, datetime(not_before, 'unixepoch') AS not_before,
    datetime(not_after, 'unixepoch') AS not_after, datetime(expires_at, 'unixepoch') AS expires_at
FROM key;

CREATE VIEW audit_certificate AS SELECT
    realm, lower(hex(serial)) AS serial, client_id, version, status,
    json_extract(issued, '$.subject') AS subject,
    json_extract(issued, '$.issuer') AS issuer,
    json_extract(issued, '$.sha256') AS sha256,
    datetime(json_extract(issued, '$.not_before'), 'unixepoch') AS not_before,
    datetime(json_extract(issued, '$.not_after'), 'unixepoch') AS not_after,
    datetime(json_extract(body, '$.status.revoked.at'), 'unixepoch') AS revoked_at,
    json_extract(body, '$.status.revoked.reason') AS reason,
    datetime(json_extract(body, '$.created_at'), 'unixepoch') AS created_at,
    datetime(expires_at, 'unixepoch') AS expires_at
FROM (SELECT
    realm, serial, version, expires_at, body,
    json_extract(body, '$.client_id') AS client_id,
    CASE
        WHEN json_type(body, '$.status') = 'text' THEN json_extract(body, '$.status')
        WHEN json_type(body, '$.status.requested') IS NOT NULL THEN 'requested'
        WHEN json_type(body, '$.status.issued') IS NOT NULL THEN 'issued'
        ELSE 'revoked'
    END AS status,
    coalesce(json_extract(body, '$.status.issued'), json_extract(body, '$.status.revoked.certificate')) AS issued
FROM certificate);

CREATE VIEW audit_crl AS SELECT
    realm, issuer, lower(hex(number)) AS number,
    datetime(this_update, 'unixepoch') AS this_update, datetime(next_update, 'unixepoch') AS next_update,
    length(der) AS bytes
FROM crl;

CREATE VIEW audit_revocation AS SELECT
    r.kind,
    iif(r.kind IN ('token', 'grant', 'certificate'), lower(hex(r.what)), CAST(r.what AS TEXT)) AS what,
    c.client_id,
    datetime(nullif(r.issued_before, 0), 'unixepoch') AS issued_before,
    datetime(r.expires_at, 'unixepoch') AS expires_at
FROM revocation AS r LEFT JOIN client AS c ON r.kind = 'subject_at_client' AND c.key = r.client;
