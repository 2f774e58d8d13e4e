-- What is known of one person, under one lock: the effects `find`, `put` and `delete` of the role `sessions`.
--
-- Locks are taken in one order everywhere: the person, then the session's row, then the names of a call, then its row,
-- then a part of a count. A put, a delete and an erasure hold the person alone; recording and enqueueing share it.
begin;
select pg_advisory_xact_lock(hashtextextended('consentgate/migrations', 0));
set local lock_timeout = '10s';
set local client_min_messages = warning;

create or replace function consentgate.find_session(request jsonb) returns jsonb
language plpgsql volatile security invoker
set search_path = consentgate, pg_temp
set lock_timeout = '800ms'
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    site constant text := request ->> 'site';
    person constant uuid := (request ->> 'pseudonym')::uuid;
    now constant bigint := now_ms();
begin
    -- One statement: the session and its floor are of the same moment.
    return jsonb_build_object(
        'session', (
            select jsonb_build_object('version', s.version, 'scopes', to_jsonb(s.scopes),
                'granted_at_ms', s.granted_at, 'changed_at_ms', s.changed_at,
                'policy_version', s.policy_version, 'gpc', s.gpc, 'narrowed', s.narrowed)
            from sessions s
            where s.site_id = site and s.fingerprint = request ->> 'fingerprint' and s.until + 0 > now),
        'floor_ms', greatest(
            (select f.at from floors f where f.site_id = site and f.pseudonym = person and f.until + 0 > now),
            (select t.at from tombstones t
                where t.site_id = site and t.pseudonym = person and t.until + 0 > now)));
end $$;

create or replace function consentgate.put_session(request jsonb) returns jsonb
language plpgsql volatile security invoker
set search_path = consentgate, pg_temp
set lock_timeout = '800ms'
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    site constant text := request ->> 'site';
    print constant text := request ->> 'fingerprint';
    person constant uuid := (request ->> 'pseudonym')::uuid;
    narrowing constant boolean := (request ->> 'narrowing')::boolean;
    state constant jsonb := nullif(request -> 'session', 'null');
    left_floor jsonb := nullif(request -> 'floor', 'null');
    statement jsonb := nullif(request -> 'idempotency', 'null');
    most constant numeric := coalesce((request ->> 'sessions_per_site_max')::numeric, 0);
    most_floors constant numeric := coalesce((request ->> 'floors_per_site_max')::numeric, 0);
    most_statements constant numeric := coalesce((request ->> 'idempotency_per_site_max')::numeric, 0);
    now bigint;
    stored record;
    lowest bigint;
    is_new boolean;
    room record;
    -- By how much the counts change.
    floors_by bigint := 0;
    sessions_by bigint := 0;
    statements_by bigint := 0;
begin
    perform must_be_read_committed();
    if narrowing is null then
        raise exception 'put: narrowing is missing' using errcode = 'invalid_parameter_value';
    end if;
    perform pg_advisory_xact_lock(lock_key('person', site, person::text));
    -- Locked as well: somebody may change sessions by statements of their own.
    select s.version, s.until into stored from sessions s
        where s.site_id = site and s.fingerprint = print for update;
    now := now_ms();

    if not narrowing and statement is not null and exists (
        select from statements s
        where s.site_id = site and s.key = (statement ->> 'key')::uuid and s.until + 0 > now
    ) then
        return jsonb_build_object('outcome', 'repeated');
    end if;
    if (case when stored.until > now then stored.version end)
        is distinct from (request ->> 'expected')::bigint
    then
        return jsonb_build_object('outcome', 'conflict');
    end if;
    lowest := greatest(
        (select f.at from floors f where f.site_id = site and f.pseudonym = person and f.until + 0 > now),
        (select t.at from tombstones t where t.site_id = site and t.pseudonym = person and t.until + 0 > now));
    if not narrowing and state is not null and (state ->> 'changed_at_ms')::bigint <= lowest then
        return jsonb_build_object('outcome', 'conflict');
    end if;
    -- A row that is over has its place already; locked, so that nobody drops it meanwhile.
    is_new := state is not null and stored.version is null;
    if is_new and not narrowing then
        room := make_room('sessions', site, now, most);
        sessions_by := -room.dropped;
        if not room.fits then
            perform count_change(site, 'sessions', sessions_by);
            return jsonb_build_object('outcome', 'full');
        end if;
    end if;
    sessions_by := sessions_by + is_new::int;
    perform from statements s where s.site_id = site and s.key = (statement ->> 'key')::uuid for update;
    if statement is not null and not found then
        room := make_room('statements', site, now, most_statements);
        statements_by := room.fits::int - room.dropped;
        if not room.fits and not narrowing then
            perform count_change(site, 'sessions', sessions_by - is_new::int);
            perform count_change(site, 'statements', statements_by);
            return jsonb_build_object('outcome', 'full');
        elsif not room.fits then
            -- What takes something away is never refused for want of room; then its key is not remembered.
            statement := null;
        end if;
    end if;
    -- A floor is best effort: where a site has too many, the one that ends first makes way.
    perform from floors f where f.site_id = site and f.pseudonym = person for update;
    if left_floor is not null and not found then
        floors_by := 1;
        if used(site, 'floors') >= most_floors then
            delete from floors where ctid = any (array(
                select ctid from floors where site_id = site order by until limit 1 for update skip locked));
            floors_by := 0;
            if not found then
                left_floor := null;
            end if;
        end if;
    end if;
    if left_floor is not null then
        insert into floors as f (site_id, pseudonym, at, until)
            values (site, person, (left_floor ->> 'at_ms')::bigint,
                now + (left_floor ->> 'keep_ms')::bigint)
            on conflict (site_id, pseudonym) do update
                set at = case when f.until > now then greatest(f.at, excluded.at) else excluded.at end,
                    until = greatest(f.until, excluded.until);
    end if;
    if statement is not null then
        insert into statements as s (site_id, key, until)
            values (site, (statement ->> 'key')::uuid, now + (statement ->> 'keep_ms')::bigint)
            on conflict (site_id, key) do update set until = excluded.until;
    end if;
    if state is not null then
        insert into sessions (site_id, fingerprint, version, scopes, granted_at, changed_at,
                policy_version, gpc, narrowed, until)
            values (site, print, nextval('consentgate.session_versions'),
                array(select jsonb_array_elements_text(state -> 'scopes')),
                (state ->> 'granted_at_ms')::bigint, (state ->> 'changed_at_ms')::bigint,
                (state ->> 'policy_version')::bigint, (state ->> 'gpc')::boolean,
                (state ->> 'narrowed')::boolean, now + (request ->> 'keep_ms')::bigint)
            on conflict (site_id, fingerprint) do update
                set version = excluded.version, scopes = excluded.scopes,
                    granted_at = excluded.granted_at, changed_at = excluded.changed_at,
                    policy_version = excluded.policy_version, gpc = excluded.gpc,
                    narrowed = excluded.narrowed, until = excluded.until;
    end if;
    perform count_change(site, 'floors', floors_by);
    perform count_change(site, 'sessions', sessions_by);
    perform count_change(site, 'statements', statements_by);
    return jsonb_build_object('outcome', 'stored');
end $$;

-- A tombstone, for whoever holds the person alone. The newest wins, and none ends before its time. Whether there was room
-- for it, and by how much the count changes, which the caller sees to.
create or replace function consentgate.put_tombstone(request jsonb, out fits boolean, out change bigint)
language plpgsql volatile
as $$
declare
    site constant text := request ->> 'site';
    person constant uuid := (request ->> 'pseudonym')::uuid;
    now constant bigint := consentgate.now_ms();
    room record;
begin
    perform from consentgate.tombstones t where t.site_id = site and t.pseudonym = person for update;
    fits := found;
    change := 0;
    if not fits then
        room := consentgate.make_room('tombstones', site, now,
            coalesce((request ->> 'tombstones_per_site_max')::numeric, 0));
        fits := room.fits;
        change := fits::int - room.dropped;
    end if;
    if fits then
        insert into consentgate.tombstones as t (site_id, pseudonym, at, until)
            values (site, person, (request #>> '{tombstone,at_ms}')::bigint,
                now + (request #>> '{tombstone,keep_ms}')::bigint)
            on conflict (site_id, pseudonym) do update
                set at = case when t.until > now then greatest(t.at, excluded.at) else excluded.at end,
                    until = greatest(t.until, excluded.until);
    end if;
end $$;

create or replace function consentgate.delete_session(request jsonb) returns jsonb
language plpgsql volatile security invoker
set search_path = consentgate, pg_temp
set lock_timeout = '800ms'
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    site constant text := request ->> 'site';
    tombstone record;
    deleted bigint := 0;
begin
    perform must_be_read_committed();
    perform pg_advisory_xact_lock(lock_key('person', site, (request ->> 'pseudonym')::uuid::text));
    tombstone := put_tombstone(request);
    if tombstone.fits then
        delete from sessions s where s.site_id = site and s.fingerprint = request ->> 'fingerprint';
        get diagnostics deleted = row_count;
    end if;
    perform count_change(site, 'sessions', -deleted);
    perform count_change(site, 'tombstones', tombstone.change);
    return jsonb_build_object('outcome', case when tombstone.fits then 'deleted' else 'full' end);
end $$;

insert into consentgate.migrations (name) values ('0009_persons') on conflict (name) do nothing;
commit;
