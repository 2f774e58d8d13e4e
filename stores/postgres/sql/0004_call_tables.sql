-- Calls, what makes them unique, and the queue of their conversions.
begin;
select pg_advisory_xact_lock(hashtextextended('consentgate/migrations', 0));
set local lock_timeout = '10s';
set local client_min_messages = warning;

create table if not exists consentgate.calls (
    site_id text collate "C" not null,
    call_id uuid not null,
    -- The signature under the first listed key.
    signature_hash bytea,
    -- The id, where the scheme signs one.
    event_id text collate "C",
    fingerprint text collate "C" not null,
    received_at bigint not null,
    marketing text collate "C" not null
        constraint calls_marketing check (marketing in ('pending', 'enqueued', 'skipped')),
    -- The bytes as they came.
    body bytea not null,
    until bigint not null,
    constraint calls_pkey primary key (site_id, call_id)
) with (fillfactor = 90);

create unique index if not exists calls_site_signature_hash_uq
    on consentgate.calls (site_id, signature_hash) where signature_hash is not null;
create unique index if not exists calls_site_event_id_uq
    on consentgate.calls (site_id, event_id) where event_id is not null;
create index if not exists calls_until on consentgate.calls (until);
-- For statements that name the collation, as for claims.
create index if not exists calls_site_fingerprint
    on consentgate.calls (site_id collate "POSIX", fingerprint);
create index if not exists calls_site_until
    on consentgate.calls (site_id collate "POSIX", until);

-- All signatures of a call that has several: keys in rotation, where the scheme signs no id.
create table if not exists consentgate.call_signatures (
    site_id text collate "C" not null,
    signature_hash bytea not null,
    call_id uuid not null,
    constraint call_signatures_call foreign key (site_id, call_id)
        references consentgate.calls (site_id, call_id) on delete cascade
);
create unique index if not exists call_signatures_site_signature_hash_uq
    on consentgate.call_signatures (site_id, signature_hash);
-- For deletes that come with the call's.
create index if not exists call_signatures_call on consentgate.call_signatures (call_id);

-- One row a call, ever: what is final stays, and so nothing is queued twice.
create table if not exists consentgate.conversions (
    site_id text collate "C" not null,
    call_id uuid not null,
    state text collate "C" not null
        constraint conversions_state check (state in ('queued', 'leased', 'sent', 'failed', 'cancelled')),
    -- When it may be taken: of a leased one, the end of its lease.
    due_at bigint not null,
    owner uuid,
    attempts bigint not null default 0,
    constraint conversions_call foreign key (site_id, call_id)
        references consentgate.calls (site_id, call_id) on delete cascade,
    constraint conversions_leased_have_an_owner check ((state = 'leased') = (owner is not null))
) with (fillfactor = 80);

create unique index if not exists conversions_site_call_uq
    on consentgate.conversions (site_id, call_id);
create index if not exists conversions_site_due_at
    on consentgate.conversions (site_id, due_at) where state in ('queued', 'leased');

insert into consentgate.migrations (name) values ('0004_call_tables') on conflict (name) do nothing;
commit;
