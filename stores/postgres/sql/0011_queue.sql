-- The queue of conversions: the effects `enqueue`, `take` and `finish`; and `erase`, which ends calls and their jobs.
begin;
select pg_advisory_xact_lock(hashtextextended('consentgate/migrations', 0));
set local lock_timeout = '10s';
set local client_min_messages = warning;

create or replace function consentgate.confirm_sale_and_enqueue(request jsonb) returns jsonb
language plpgsql volatile security invoker
set search_path = consentgate, pg_temp
set lock_timeout = '800ms'
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    site constant text := request ->> 'site';
    call constant uuid := (request ->> 'call_id')::uuid;
    stands_until bigint;
    now bigint;
begin
    perform must_be_read_committed();
    if jsonb_typeof(request -> 'scopes') is distinct from 'array' then
        raise exception 'enqueue: no scopes' using errcode = 'invalid_parameter_value';
    end if;
    perform pg_advisory_xact_lock_shared(
        lock_key('person', site, (request ->> 'pseudonym')::uuid::text));
    stands_until := session_stands_until(request, request -> 'scopes');
    if stands_until is null then
        return jsonb_build_object('outcome', 'moved');
    end if;
    -- A job that was made before is met without waiting for whoever is at work on the row.
    if not exists (select from conversions v where v.site_id = site and v.call_id = call) then
        perform 1 from calls c where c.site_id = site and c.call_id = call for no key update;
    end if;
    now := now_ms();
    if stands_until <= now then
        return jsonb_build_object('outcome', 'moved');
    elsif not exists (
        select from calls c where c.site_id = site and c.call_id = call and c.until + 0 > now
    ) then
        return jsonb_build_object('outcome', 'missing');
    elsif not put_job(site, call, now + (request ->> 'delay_ms')::bigint) then
        return jsonb_build_object('outcome', 'already');
    end if;
    -- The row lives longer now, and with it what makes it the only one of its event.
    update calls c
        set marketing = 'enqueued', until = greatest(c.until, now + (request ->> 'keep_ms')::bigint)
        where c.site_id = site and c.call_id = call;
    return jsonb_build_object('outcome', 'enqueued');
end $$;

create or replace function consentgate.take_conversions(request jsonb) returns jsonb
language plpgsql volatile security invoker
set search_path = consentgate, pg_temp
set lock_timeout = '800ms'
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    site constant text := request ->> 'site';
    taker constant uuid := (request ->> 'owner')::uuid;
    most constant bigint := least((request ->> 'limit')::numeric, 1000000)::bigint;
    now constant bigint := now_ms();
    due record;
    jobs jsonb[] := '{}';
begin
    perform must_be_read_committed();
    if most is null or request ->> 'limit' is null then
        raise exception 'take: no limit' using errcode = 'invalid_parameter_value';
    end if;
    for due in
        select v.call_id, v.attempts + 1 as attempts,
            c.fingerprint, c.event_id, c.received_at, c.body
            from conversions v
            cross join lateral (
                select * from calls
                where site_id = site and call_id = v.call_id and until + 0 > now offset 0
            ) c
            where v.site_id = site and v.state in ('queued', 'leased') and v.due_at <= now
            order by v.due_at, v.call_id limit most for update of v skip locked
    loop
        update conversions v
            set state = 'leased', owner = taker, attempts = due.attempts,
                due_at = now + (request ->> 'lease_ms')::bigint
            where v.site_id = site and v.call_id = due.call_id;
        jobs := jobs || jsonb_build_object('call_id', replace(due.call_id::text, '-', ''),
            'fingerprint', due.fingerprint, 'event_id', due.event_id,
            'received_at_ms', due.received_at,
            'body', replace(encode(due.body, 'base64'), e'\n', ''), 'attempts', due.attempts);
    end loop;
    return jsonb_build_object('jobs', to_jsonb(jobs));
end $$;

create or replace function consentgate.finish_conversion(request jsonb) returns jsonb
language plpgsql volatile security invoker
set search_path = consentgate, pg_temp
set lock_timeout = '800ms'
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    site constant text := request ->> 'site';
    ending constant text := request ->> 'result';
    now constant bigint := now_ms();
begin
    perform must_be_read_committed();
    if ending is null or ending not in ('sent', 'failed', 'cancelled', 'retry') then
        raise exception 'finish: no result' using errcode = 'invalid_parameter_value';
    end if;
    update conversions v
        set owner = null, state = case ending when 'retry' then 'queued' else ending end,
            due_at = case ending when 'retry' then now + (request ->> 'delay_ms')::bigint
                else v.due_at end
        from calls c
        where v.site_id = site and v.call_id = (request ->> 'call_id')::uuid
            and v.owner = (request ->> 'owner')::uuid and v.state = 'leased'
            and c.site_id = v.site_id and c.call_id = v.call_id and c.until + 0 > now;
    return jsonb_build_object('outcome', case when found then 'finished' else 'lost' end);
end $$;

create or replace function consentgate.erase_calls(request jsonb) returns jsonb
language plpgsql volatile security invoker
set search_path = consentgate, pg_temp
set lock_timeout = '800ms'
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    site constant text := request ->> 'site';
    tombstone record;
    erased record;
begin
    perform must_be_read_committed();
    -- Whoever records a call of this person shares this lock: it has committed, or will see the tombstone.
    perform pg_advisory_xact_lock(lock_key('person', site, (request ->> 'pseudonym')::uuid::text));
    tombstone := put_tombstone(request);
    if not tombstone.fits then
        perform count_change(site, 'tombstones', tombstone.change);
        return jsonb_build_object('outcome', 'full');
    end if;
    with gone as (
        delete from calls c
            where c.site_id collate "POSIX" = site and c.fingerprint = request ->> 'fingerprint'
            returning octet_length(c.body) as bytes
    )
    select count(*) as calls, coalesce(sum(bytes), 0) as bytes into erased from gone;
    perform count_change(site, 'calls', -erased.calls);
    perform count_change(site, 'calls_bytes', -erased.bytes);
    perform count_change(site, 'tombstones', tombstone.change);
    return jsonb_build_object('outcome', 'erased');
end $$;

insert into consentgate.migrations (name) values ('0011_queue') on conflict (name) do nothing;
commit;
