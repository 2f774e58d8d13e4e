-- Violations of tenants' borders, as the guards of gates wrote them down. Rows come and go whole; none is ever changed.
--
-- Row-level security without a policy: whoever is not the table's owner, and has no bypassrls, sees and writes nothing
-- here, whatever else is granted. Gates write by `append_audit` alone, which acts with the owner's rights.
begin;
select pg_advisory_xact_lock(hashtextextended('consentgate/migrations', 0));
set local lock_timeout = '10s';
set local client_min_messages = warning;

create table if not exists consentgate.security_audit_logs (
    -- Who wrote it, and the how-manieth of that writer: kept a second time, a record is still one.
    writer uuid not null,
    sequence bigint not null
        constraint security_audit_logs_sequence check (sequence between 1 and 9007199254740991),
    -- When it was written, by the clock of the gate.
    at timestamptz not null,
    -- The tenant of whoever tried.
    tenant text collate "C",
    kind text collate "C" not null
        constraint security_audit_logs_kind check (kind in (
            'unauthenticated', 'verifier_failed', 'malformed_id', 'missing_tenant', 'cross_tenant', 'forbidden')),
    operation text collate "C" not null
        constraint security_audit_logs_operation check (operation in (
            'authenticate', 'connect', 'request', 'create_session', 'message', 'find_session')),
    severity text collate "C" not null
        constraint security_audit_logs_severity check (severity in ('low', 'medium', 'high', 'critical')),
    -- Who tried: a keyed hash.
    subject uuid,
    outcome text collate "C" not null
        constraint security_audit_logs_outcome check (outcome in ('denied', 'hidden', 'unavailable')),
    -- When it came here: much later than `at` where this database was out of reach.
    recorded_at timestamptz not null default to_timestamp(consentgate.now_ms() / 1000.0),
    constraint security_audit_logs_pkey primary key (writer, sequence)
);
create index if not exists security_audit_logs_tenant_at on consentgate.security_audit_logs (tenant, at);
create index if not exists security_audit_logs_kind on consentgate.security_audit_logs (kind);
create index if not exists security_audit_logs_severity on consentgate.security_audit_logs (severity);
create index if not exists security_audit_logs_subject_at on consentgate.security_audit_logs (subject, at);

alter table consentgate.security_audit_logs enable row level security;

-- Keeps all of these records or none; how many were new. In the order of the key, so that two who bring the same
-- records wait for each other and never in a circle.
create or replace function consentgate.append_audit(request jsonb) returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    with added as (
        insert into consentgate.security_audit_logs
            (writer, sequence, at, tenant, kind, operation, severity, subject, outcome)
        select r.writer, r.sequence, r.at, r.tenant, r.kind, r.operation, r.severity, r.subject, r.outcome
        from jsonb_to_recordset(request -> 'records') as r (
            writer uuid, sequence bigint, at timestamptz, tenant text, kind text, operation text, severity text,
            subject uuid, outcome text)
        order by r.writer, r.sequence
        on conflict (writer, sequence) do nothing
        returning 1
    )
    select jsonb_build_object('added', count(*)) from added
$$;

revoke all on consentgate.security_audit_logs from public;
revoke all on function consentgate.append_audit(jsonb) from public;

insert into consentgate.migrations (name) values ('0015_audit') on conflict (name) do nothing;
commit;
