-- Version 1. A row a violation, named by its writer and sequence. Times are texts: RFC 3339 in UTC with milliseconds, all
-- of one length, so they sort by time.
CREATE TABLE security_audit_logs (
    writer TEXT NOT NULL CHECK (length(writer) = 32 AND writer NOT GLOB '*[^0-9a-f]*'),
    sequence INTEGER NOT NULL CHECK (sequence BETWEEN 1 AND 9007199254740991),
    at TEXT NOT NULL CHECK (length(at) = 24),
    tenant TEXT,
    kind TEXT NOT NULL CHECK (kind IN (
        'unauthenticated', 'verifier_failed', 'malformed_id', 'missing_tenant', 'cross_tenant',
        'forbidden'
    )),
    operation TEXT NOT NULL CHECK (operation IN (
        'authenticate', 'connect', 'request', 'create_session', 'message', 'find_session'
    )),
    severity TEXT NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
    subject TEXT CHECK (length(subject) = 32 AND subject NOT GLOB '*[^0-9a-f]*'),
    outcome TEXT NOT NULL CHECK (outcome IN ('denied', 'hidden', 'unavailable')),
    recorded_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    PRIMARY KEY (writer, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX security_audit_logs_at ON security_audit_logs (at);
CREATE INDEX security_audit_logs_tenant_at ON security_audit_logs (tenant, at);
CREATE INDEX security_audit_logs_kind ON security_audit_logs (kind);
CREATE INDEX security_audit_logs_severity ON security_audit_logs (severity);
CREATE INDEX security_audit_logs_subject_at ON security_audit_logs (subject, at);

CREATE TRIGGER security_audit_logs_unchanged BEFORE UPDATE ON security_audit_logs BEGIN
    SELECT RAISE(ABORT, 'a record is never changed');
END;
