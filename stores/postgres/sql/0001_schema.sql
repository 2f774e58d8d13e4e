-- The schema, what was applied to it, and the few helpers that everything else stands on.
-- Every file may be run again, and by several at once: it holds one lock, and creates only what is missing.
begin;
select pg_advisory_xact_lock(hashtextextended('consentgate/migrations', 0));
-- A migration that has to wait for a table must not keep the writers behind it waiting for long.
set local lock_timeout = '10s';
set local client_min_messages = warning;

create schema if not exists consentgate;
revoke all on schema consentgate from public;

create table if not exists consentgate.migrations (
    name text primary key,
    applied_at timestamptz not null default clock_timestamp()
);

-- The only place that asks for the time: whole milliseconds since 1970-01-01 UTC, cut.
create or replace function consentgate.now_ms() returns bigint
language sql volatile parallel safe
as $$ select floor(extract(epoch from clock_timestamp()) * 1000)::bigint $$;

-- The functions wait for a lock and then look again. Under a stricter isolation they would look at the state from
-- before they waited, and miss a withdrawal that has committed meanwhile.
create or replace function consentgate.must_be_read_committed() returns void
language plpgsql volatile
as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'consentgate needs the isolation level read committed'
            using errcode = 'invalid_transaction_state';
    end if;
end $$;

-- What a lock is taken on: a claim, a bucket, a person, a name of a call. Two that share a key only wait for each other.
create or replace function consentgate.lock_key(kind text, site text, name text) returns bigint
language sql immutable parallel safe
as $$ select hashtextextended(kind || chr(31) || site || chr(31) || name, 0) $$;

-- Takes locks to the end of the transaction, always in the same order: no two that come this way wait in a circle.
-- Locks of this kind need no row to stand on, so what is absent can be locked as well, and nothing is written.
create or replace function consentgate.lock_all(keys bigint[]) returns void
language plpgsql volatile
as $$
declare
    key bigint;
begin
    for key in select distinct k from unnest(keys) k order by k loop
        perform pg_advisory_xact_lock(key);
    end loop;
end $$;

insert into consentgate.migrations (name) values ('0001_schema') on conflict (name) do nothing;
commit;
