-- The effect `record`: the call and its conversion's place in the queue, in one transaction; and the effect `find`.
begin;
select pg_advisory_xact_lock(hashtextextended('consentgate/migrations', 0));
set local lock_timeout = '10s';
set local client_min_messages = warning;

-- Until when the session that was judged is kept; null if it is not that one any more. Its row stays locked: a withdrawal
-- that has committed is seen, one that comes later waits. `needed`: scopes that it must have, besides.
create or replace function consentgate.session_stands_until(request jsonb, needed jsonb) returns bigint
language plpgsql volatile
as $$
declare
    stored record;
begin
    if (request ->> 'session_version') is null then
        return 9223372036854775807;
    end if;
    select s.version, s.scopes, s.until into stored from consentgate.sessions s
        where s.site_id = request ->> 'site' and s.fingerprint = request ->> 'fingerprint' for share;
    if found and stored.version = (request ->> 'session_version')::bigint
        and to_jsonb(stored.scopes) @> needed
    then
        return stored.until;
    end if;
    return null;
end $$;

-- The one job of a call.
create or replace function consentgate.put_job(site text, call uuid, due bigint) returns boolean
language plpgsql volatile
as $$
begin
    insert into consentgate.conversions (site_id, call_id, state, due_at) values (site, call, 'queued', due)
        on conflict (site_id, call_id) do nothing;
    return found;
end $$;

-- Calls that go by one of these names, over or not; in the order of the names. Stable, so that it becomes part of the
-- caller's plan, and sees what the caller's statement sees.
create or replace function consentgate.calls_named(site text, hashes bytea[], event text)
returns table (call_id uuid, marketing text, until bigint, rank bigint)
language sql stable
as $$
    select c.call_id, c.marketing, c.until, k.place
        from unnest(hashes) with ordinality k (hash, place)
        cross join lateral (
            select * from consentgate.calls
            where site_id = site and signature_hash = k.hash and signature_hash is not null offset 0
        ) c
    union all
    select c.call_id, c.marketing, c.until, k.place
        from unnest(hashes) with ordinality k (hash, place)
        cross join lateral (
            select * from consentgate.call_signatures where site_id = site and signature_hash = k.hash offset 0
        ) s
        cross join lateral (
            select * from consentgate.calls where site_id = site and call_id = s.call_id offset 0
        ) c
    union all
    select c.call_id, c.marketing, c.until, 1000000
        from consentgate.calls c
        where c.site_id = site and c.event_id = event and c.event_id is not null
    order by 4
$$;

create or replace function consentgate.record_call(request jsonb, body bytea) returns jsonb
language plpgsql volatile security invoker
set search_path = consentgate, pg_temp
set lock_timeout = '800ms'
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    site constant text := request ->> 'site';
    person constant uuid := (request ->> 'pseudonym')::uuid;
    event constant text := request ->> 'event_id';
    call constant uuid := (request ->> 'call_id')::uuid;
    most constant numeric := coalesce((request ->> 'calls_per_site_max')::numeric, 0);
    most_bytes constant numeric := coalesce((request ->> 'calls_bytes_per_site_max')::numeric, 0);
    size constant bigint := octet_length(body);
    verdict text := request ->> 'marketing';
    hashes bytea[];
    stands_until bigint;
    locked boolean := false;
    now bigint;
    met record;
    gone record;
    dropped bigint := 0;
    dropped_bytes bigint := 0;
    said jsonb;
begin
    perform must_be_read_committed();
    if verdict is null or verdict not in ('pending', 'skipped') then
        raise exception 'record: no verdict' using errcode = 'invalid_parameter_value';
    end if;
    hashes := array(
        select decode(hash, 'hex') from (
            select request ->> 'signature_hash' as hash, 0 as place
            union all
            select more.hash, more.place
            from jsonb_array_elements_text(request -> 'more_signature_hashes')
                with ordinality more (hash, place)
        ) named order by place);
    perform pg_advisory_xact_lock_shared(lock_key('person', site, person::text));
    stands_until := session_stands_until(request, '[]');
    if stands_until is null then
        return jsonb_build_object('outcome', 'moved');
    end if;
    -- Looked for first without a lock: copies of a call that is there wait for nobody. Then once more, with its names
    -- locked: each statement looks anew, and sees what the one that was waited for has committed.
    loop
        now := now_ms();
        if stands_until <= now or exists (
            select from tombstones t
            where t.site_id = site and t.pseudonym = person and t.until + 0 > now
                and t.at >= (request ->> 'changed_at_ms')::bigint
        ) then
            return jsonb_build_object('outcome', 'moved');
        end if;
        select n.* into met from calls_named(site, hashes, event) n where n.until + 0 > now limit 1;
        if found then
            said := meet_call(site, met.call_id, verdict, now + (request ->> 'delay_ms')::bigint);
        end if;
        -- Null also where it was dropped or erased since it was looked for.
        if said is not null then
            return said;
        end if;
        exit when locked;
        perform lock_all(
            array(select lock_key('signature', site, encode(hash, 'hex')) from unnest(hashes) hash)
            || case when event is null then '{}' else array[lock_key('event', site, event)] end);
        locked := true;
    end loop;
    -- A call that is over is the same as absent, and so are its names.
    for met in select distinct n.call_id from calls_named(site, hashes, event) n loop
        delete from calls c where c.site_id = site and c.call_id = met.call_id and c.until + 0 <= now
            returning octet_length(c.body) as bytes into gone;
        if found then
            dropped := dropped + 1;
            dropped_bytes := dropped_bytes + gone.bytes;
        end if;
    end loop;
    if used(site, 'calls') - dropped + 1 > most or used(site, 'calls_bytes') - dropped_bytes + size > most_bytes then
        gone := drop_over('calls', site, now, 1000);
        dropped := dropped + gone.dropped;
        dropped_bytes := dropped_bytes + gone.bytes;
        if used(site, 'calls') - dropped + 1 > most or used(site, 'calls_bytes') - dropped_bytes + size > most_bytes
        then
            perform count_change(site, 'calls', -dropped);
            perform count_change(site, 'calls_bytes', -dropped_bytes);
            return jsonb_build_object('outcome', 'full');
        end if;
    end if;

    insert into calls as c (site_id, call_id, signature_hash, event_id, fingerprint, received_at, marketing,
            body, until)
        values (site, call, hashes[1], event, request ->> 'fingerprint',
            (request ->> 'received_at_ms')::bigint,
            case verdict when 'pending' then 'enqueued' else 'skipped' end,
            record_call.body, now + (request ->> 'keep_ms')::bigint)
        on conflict do nothing;
    if not found then
        -- Somebody writes calls by statements of their own; theirs has committed by now.
        select n.* into met from calls_named(site, hashes, event) n where n.until + 0 > now limit 1;
        if found then
            said := meet_call(site, met.call_id, verdict, now + (request ->> 'delay_ms')::bigint);
        end if;
        if said is null then
            raise exception 'record: the call is in the way of itself' using errcode = 'unique_violation';
        end if;
        perform count_change(site, 'calls', -dropped);
        perform count_change(site, 'calls_bytes', -dropped_bytes);
        return said;
    end if;
    if cardinality(hashes) > 1 then
        insert into call_signatures (site_id, signature_hash, call_id)
            select site, hash, call from (select distinct hash from unnest(hashes) hash) named;
    end if;
    if verdict = 'pending' then
        perform put_job(site, call, now + (request ->> 'delay_ms')::bigint);
    end if;
    perform count_change(site, 'calls', 1 - dropped);
    perform count_change(site, 'calls_bytes', size - dropped_bytes);
    return jsonb_build_object('outcome', 'inserted',
        'marketing', case verdict when 'pending' then 'enqueued' else 'skipped' end);
end $$;

-- A row of the same event, or null if it is gone. One whose verdict is still pending goes on with the verdict at hand.
create or replace function consentgate.meet_call(site text, call uuid, verdict text, due bigint) returns jsonb
language plpgsql volatile
as $$
declare
    kept text;
begin
    select c.marketing into kept from consentgate.calls c where c.site_id = site and c.call_id = call;
    if not found then
        return null;
    end if;
    if kept = 'pending' then
        kept := case verdict when 'pending' then 'enqueued' else 'skipped' end;
        update consentgate.calls c set marketing = kept
            where c.site_id = site and c.call_id = call and c.marketing = 'pending';
        if kept = 'enqueued' then
            perform consentgate.put_job(site, call, due);
        end if;
    end if;
    return jsonb_build_object('outcome', 'exists', 'call_id', replace(call::text, '-', ''),
        'marketing', kept);
end $$;

create or replace function consentgate.find_call(request jsonb) returns jsonb
language plpgsql volatile security invoker
set search_path = consentgate, pg_temp
set lock_timeout = '800ms'
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    now constant bigint := now_ms();
begin
    return jsonb_build_object('call', (
        select jsonb_build_object('fingerprint', c.fingerprint) from calls c
        where c.site_id = request ->> 'site' and c.call_id = (request ->> 'call_id')::uuid
            and c.until + 0 > now));
end $$;

insert into consentgate.migrations (name) values ('0010_record_call') on conflict (name) do nothing;
commit;
