-- Version 1. Times are whole milliseconds since 1970; what is over is never seen, dropped or not.
-- Keys stand in the tables themselves (WITHOUT ROWID): one tree a table to look up, and one to find what is over.

-- Gives every state of a session its version, never the same twice.
CREATE TABLE counter (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO counter (id, version) VALUES (1, 0);

-- Entries of each table at each site, over or not; kept by the triggers below.
CREATE TABLE usage (
    site TEXT NOT NULL,
    what INTEGER NOT NULL,
    n INTEGER NOT NULL CHECK (n >= 0),
    PRIMARY KEY (site, what)
) STRICT, WITHOUT ROWID;

-- key: `s` or `e`, and the hash. state: 0 held, 1 accepted, 2 refused. name: the owner, then the call.
CREATE TABLE claims (
    site TEXT NOT NULL,
    key BLOB NOT NULL CHECK (length(key) = 33),
    state INTEGER NOT NULL,
    name BLOB,
    lease_until INTEGER,
    until INTEGER NOT NULL,
    PRIMARY KEY (site, key),
    CHECK (CASE state
        WHEN 0 THEN name IS NOT NULL AND length(name) = 16 AND lease_until IS NOT NULL
        WHEN 1 THEN name IS NOT NULL AND length(name) = 16 AND lease_until IS NULL
        WHEN 2 THEN name IS NULL AND lease_until IS NULL
        ELSE 0 END)
) STRICT, WITHOUT ROWID;
CREATE INDEX claims_until ON claims (site, until);

-- until: when the bucket is full again, and cannot be told from an absent one.
CREATE TABLE buckets (
    site TEXT NOT NULL,
    key BLOB NOT NULL CHECK (length(key) = 16),
    until INTEGER NOT NULL,
    PRIMARY KEY (site, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX buckets_until ON buckets (site, until);

-- scopes: a JSON array of texts.
CREATE TABLE sessions (
    site TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    scopes TEXT NOT NULL,
    granted_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    policy_version INTEGER,
    gpc INTEGER NOT NULL CHECK (gpc IN (0, 1)),
    narrowed INTEGER NOT NULL CHECK (narrowed IN (0, 1)),
    until INTEGER NOT NULL,
    PRIMARY KEY (site, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_until ON sessions (site, until);

-- Under the pseudonym alone, never beside the fingerprint.
CREATE TABLE floors (
    site TEXT NOT NULL,
    key BLOB NOT NULL CHECK (length(key) = 16),
    at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (site, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX floors_until ON floors (site, until);

CREATE TABLE tombstones (
    site TEXT NOT NULL,
    key BLOB NOT NULL CHECK (length(key) = 16),
    at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (site, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_until ON tombstones (site, until);

-- Idempotency keys of grants.
CREATE TABLE statements (
    site TEXT NOT NULL,
    key BLOB NOT NULL CHECK (length(key) = 16),
    until INTEGER NOT NULL,
    PRIMARY KEY (site, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX statements_until ON statements (site, until);

-- With a rowid: bodies are large, and rows are added in order.
CREATE TABLE calls (
    id INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    key BLOB NOT NULL CHECK (length(key) = 16),
    signature_hash BLOB NOT NULL CHECK (length(signature_hash) = 32),
    event_id TEXT,
    fingerprint TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX calls_site_key_uq ON calls (site, key);
CREATE UNIQUE INDEX calls_site_signature_hash_uq ON calls (site, signature_hash);
CREATE UNIQUE INDEX calls_site_event_id_uq ON calls (site, event_id) WHERE event_id IS NOT NULL;
CREATE INDEX calls_site_fingerprint ON calls (site, fingerprint);
CREATE INDEX calls_until ON calls (site, until);

-- The signatures under the other keys, where no id is signed.
CREATE TABLE call_signatures (
    site TEXT NOT NULL,
    signature_hash BLOB NOT NULL CHECK (length(signature_hash) = 32),
    call INTEGER NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    PRIMARY KEY (site, signature_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX call_signatures_call ON call_signatures (call);

-- due_at: when the job may be taken; while it is leased, when the lease is over.
-- ending: NULL while it is open, then 1 sent, 2 cancelled, 3 failed.
CREATE TABLE jobs (
    call INTEGER PRIMARY KEY REFERENCES calls (id) ON DELETE CASCADE,
    site TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    owner BLOB CHECK (length(owner) = 16),
    attempts INTEGER NOT NULL DEFAULT 0,
    ending INTEGER CHECK (ending IN (1, 2, 3))
) STRICT;
CREATE INDEX jobs_due ON jobs (site, due_at) WHERE ending IS NULL;

CREATE TRIGGER claims_more AFTER INSERT ON claims BEGIN
    INSERT INTO usage VALUES (new.site, 0, 1) ON CONFLICT (site, what) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER claims_less AFTER DELETE ON claims BEGIN
    UPDATE usage SET n = n - 1 WHERE site = old.site AND what = 0;
    DELETE FROM usage WHERE site = old.site AND what = 0 AND n = 0;
END;
CREATE TRIGGER buckets_more AFTER INSERT ON buckets BEGIN
    INSERT INTO usage VALUES (new.site, 1, 1) ON CONFLICT (site, what) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER buckets_less AFTER DELETE ON buckets BEGIN
    UPDATE usage SET n = n - 1 WHERE site = old.site AND what = 1;
    DELETE FROM usage WHERE site = old.site AND what = 1 AND n = 0;
END;
CREATE TRIGGER sessions_more AFTER INSERT ON sessions BEGIN
    INSERT INTO usage VALUES (new.site, 2, 1) ON CONFLICT (site, what) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER sessions_less AFTER DELETE ON sessions BEGIN
    UPDATE usage SET n = n - 1 WHERE site = old.site AND what = 2;
    DELETE FROM usage WHERE site = old.site AND what = 2 AND n = 0;
END;
CREATE TRIGGER floors_more AFTER INSERT ON floors BEGIN
    INSERT INTO usage VALUES (new.site, 3, 1) ON CONFLICT (site, what) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER floors_less AFTER DELETE ON floors BEGIN
    UPDATE usage SET n = n - 1 WHERE site = old.site AND what = 3;
    DELETE FROM usage WHERE site = old.site AND what = 3 AND n = 0;
END;
CREATE TRIGGER tombstones_more AFTER INSERT ON tombstones BEGIN
    INSERT INTO usage VALUES (new.site, 4, 1) ON CONFLICT (site, what) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER tombstones_less AFTER DELETE ON tombstones BEGIN
    UPDATE usage SET n = n - 1 WHERE site = old.site AND what = 4;
    DELETE FROM usage WHERE site = old.site AND what = 4 AND n = 0;
END;
CREATE TRIGGER statements_more AFTER INSERT ON statements BEGIN
    INSERT INTO usage VALUES (new.site, 5, 1) ON CONFLICT (site, what) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER statements_less AFTER DELETE ON statements BEGIN
    UPDATE usage SET n = n - 1 WHERE site = old.site AND what = 5;
    DELETE FROM usage WHERE site = old.site AND what = 5 AND n = 0;
END;
-- 7: the bytes of the bodies.
CREATE TRIGGER calls_more AFTER INSERT ON calls BEGIN
    INSERT INTO usage VALUES (new.site, 6, 1) ON CONFLICT (site, what) DO UPDATE SET n = n + 1;
    INSERT INTO usage VALUES (new.site, 7, length(new.body))
        ON CONFLICT (site, what) DO UPDATE SET n = n + length(new.body);
END;
CREATE TRIGGER calls_less AFTER DELETE ON calls BEGIN
    UPDATE usage SET n = n - 1 WHERE site = old.site AND what = 6;
    UPDATE usage SET n = n - length(old.body) WHERE site = old.site AND what = 7;
    DELETE FROM usage WHERE site = old.site AND what = 7
        AND NOT EXISTS (SELECT 1 FROM usage WHERE site = old.site AND what = 6 AND n > 0);
    DELETE FROM usage WHERE site = old.site AND what = 6 AND n = 0;
END;
