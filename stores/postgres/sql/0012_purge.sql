-- The effect `purge` of each role: what is over, oldest first, in one small batch.
begin;
select pg_advisory_xact_lock(hashtextextended('consentgate/migrations', 0));
set local lock_timeout = '10s';
set local client_min_messages = warning;

create or replace function consentgate.purge_limit(request jsonb) returns bigint
language plpgsql immutable
as $$
begin
    if (request ->> 'limit') is null then
        raise exception 'purge: no limit' using errcode = 'invalid_parameter_value';
    end if;
    return least((request ->> 'limit')::numeric, 9000000000000000000)::bigint;
end $$;

create or replace function consentgate.purge_admission(request jsonb) returns jsonb
language plpgsql volatile security invoker
set search_path = consentgate, pg_temp
set lock_timeout = '800ms'
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    most constant bigint := purge_limit(request);
    now constant bigint := now_ms();
    removed bigint := 0;
begin
    perform must_be_read_committed();
    -- Here and below in the order in which the parts of their counts are taken.
    removed := drop_counted('buckets', now, most);
    removed := removed + drop_counted('claims', now, most - removed);
    if removed = 0 then
        perform recount_oldest(array['buckets', 'claims']);
    end if;
    return jsonb_build_object('outcome', 'purged', 'removed', removed);
end $$;

create or replace function consentgate.purge_sessions(request jsonb) returns jsonb
language plpgsql volatile security invoker
set search_path = consentgate, pg_temp
set lock_timeout = '800ms'
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    most constant bigint := purge_limit(request);
    now constant bigint := now_ms();
    removed bigint := 0;
begin
    perform must_be_read_committed();
    removed := drop_counted('floors', now, most);
    removed := removed + drop_counted('sessions', now, most - removed);
    removed := removed + drop_counted('statements', now, most - removed);
    removed := removed + drop_counted('tombstones', now, most - removed);
    if removed = 0 then
        perform recount_oldest(array['floors', 'sessions', 'statements', 'tombstones']);
    end if;
    return jsonb_build_object('outcome', 'purged', 'removed', removed);
end $$;

-- Tombstones as well: sessions may be kept elsewhere.
create or replace function consentgate.purge_calls(request jsonb) returns jsonb
language plpgsql volatile security invoker
set search_path = consentgate, pg_temp
set lock_timeout = '800ms'
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    most constant bigint := purge_limit(request);
    now constant bigint := now_ms();
    removed bigint := 0;
begin
    perform must_be_read_committed();
    removed := drop_counted('calls', now, most);
    removed := removed + drop_counted('tombstones', now, most - removed);
    if removed = 0 then
        perform recount_oldest(array['calls', 'calls_bytes', 'tombstones']);
    end if;
    return jsonb_build_object('outcome', 'purged', 'removed', removed);
end $$;

insert into consentgate.migrations (name) values ('0012_purge') on conflict (name) do nothing;
commit;
