-- The effect `admit`: all claims of an event and a token from each bucket, or nothing.
--
-- Here and in all that follows rows are looked up by their whole key, one key at a time (`offset 0`, loops), and the
-- index on time is kept out of it (`+ 0`). A plan outlives its statistics: one that was made while a table was nearly
-- empty would else read all rows of a site for each call, once there are many. As each look-up has one way only, it is
-- planned once a connection and not at each call.
begin;
select pg_advisory_xact_lock(hashtextextended('consentgate/migrations', 0));
set local lock_timeout = '10s';
set local client_min_messages = warning;

-- `s:<hex>` or `e:<hex>` as the key of a claim.
create or replace function consentgate.claim_key(name text) returns bytea
language sql immutable parallel safe
as $$ select left(name, 1)::bytea || decode(substr(name, 3), 'hex') $$;

-- The locks of claims, and then those of buckets. Whoever takes or ends a claim, and whoever changes a bucket, holds its
-- lock from before it reads to after it has committed; so of two that bring the same new claims one is admitted, and the
-- other finds them.
create or replace function consentgate.lock_admission(site text, claims jsonb, buckets jsonb) returns void
language plpgsql volatile
as $$
begin
    perform consentgate.lock_all(array(
        select consentgate.lock_key('claim', site, name) from jsonb_array_elements_text(claims) name));
    perform consentgate.lock_all(array(
        select consentgate.lock_key('bucket', site, bucket ->> 'key')
        from jsonb_array_elements(buckets) bucket));
end $$;

-- How many of these claims have a row, over or not. Locked, so that no purge drops it meanwhile; in the order given,
-- which is that of the keys.
create or replace function consentgate.lock_claims(site text, keys bytea[]) returns bigint
language plpgsql volatile
as $$
begin
    return (
        select count(*) from unnest(keys) k (claim)
        cross join lateral (
            select from consentgate.claims c where c.site_id = site and c.claim = k.claim offset 0 for update
        ) locked);
end $$;

-- The same of buckets.
create or replace function consentgate.lock_buckets(site text, keys uuid[]) returns bigint
language plpgsql volatile
as $$
begin
    return (
        select count(*) from unnest(keys) k (bucket)
        cross join lateral (
            select from consentgate.buckets b where b.site_id = site and b.bucket = k.bucket offset 0 for update
        ) locked);
end $$;

create or replace function consentgate.admit(request jsonb) returns jsonb
language plpgsql volatile security invoker
set search_path = consentgate, pg_temp
set lock_timeout = '800ms'
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    site constant text := request ->> 'site';
    lease constant bigint := (request ->> 'lease_ms')::bigint;
    keep constant bigint := (request ->> 'keep_ms')::bigint;
    most constant numeric := coalesce((request ->> 'claims_per_site_max')::numeric, 0);
    most_buckets constant numeric := coalesce((request ->> 'buckets_per_site_max')::numeric, 0);
    asked_for bytea[];
    keys bytea[];
    key bytea;
    locked boolean := false;
    now bigint;
    known record;
    fresh bigint;
    dropped bigint := 0;
    fresh_buckets bigint := 0;
    dropped_buckets bigint := 0;
    asked record;
    denied_for bigint;
    denied_by bigint;
    bucket_keys uuid[] := '{}';
    bucket_levels bigint[] := '{}';
    full_from bigint;
    level bigint;
begin
    perform must_be_read_committed();
    -- Each once: in the order of the request to judge them, in that of the keys to lock their rows. Copies of a done
    -- event hold no lock beside these, and would wait for each other in a circle.
    asked_for := array(
        select claim_key(name)
        from jsonb_array_elements_text(request -> 'claims') with ordinality q (name, place)
        group by name order by min(place));
    keys := array(select k from unnest(asked_for) k order by k);

    -- Judged first without a lock: copies of an event that is done or held wait for nobody. Only what seems free is
    -- locked, and judged again.
    loop
        now := now_ms();
        -- What is over is the same as absent. A lease that a clock set back has made too long is cut, and kept so.
        select bool_or(c.result = 'accepted') as accepted,
            bool_or(c.result = 'refused') as refused,
            (array_agg(c.call_id order by k.place) filter (where c.result = 'accepted'))[1] as call_id,
            max(least(c.lease_until - now, lease)) filter (where c.lease_until > now) as rest,
            coalesce(bool_or(c.lease_until <= now), false) as lapsed,
            coalesce(bool_or(c.lease_until > now + lease), false) as ahead
            into known
            from unnest(asked_for) with ordinality k (claim, place)
            cross join lateral (
                select * from claims where site_id = site and claim = k.claim and forget_at + 0 > now offset 0
            ) c;
        if known.ahead then
            foreach key in array keys loop
                update claims set lease_until = now + lease
                    where site_id = site and claim = key and forget_at + 0 > now
                        and lease_until > now + lease;
            end loop;
        end if;
        if known.accepted or known.refused then
            -- A re-sent event must not outlive the memory of its first delivery.
            foreach key in array keys loop
                update claims set forget_at = greatest(forget_at, now + keep)
                    where site_id = site and claim = key and forget_at + 0 > now and result is not null;
            end loop;
            if known.accepted then
                return jsonb_build_object('outcome', 'done', 'result', 'accepted',
                    'call_id', replace(known.call_id::text, '-', ''));
            end if;
            return jsonb_build_object('outcome', 'done', 'result', 'refused');
        elsif known.rest is not null then
            return jsonb_build_object('outcome', 'held', 'retry_ms', known.rest);
        end if;
        exit when locked;
        perform lock_admission(site, request -> 'claims', request -> 'buckets');
        locked := true;
    end loop;

    -- Room for those that are new, once what is over has given up its own. A row that is over has its place already.
    fresh := cardinality(keys) - lock_claims(site, keys);
    if fresh > 0 and used(site, 'claims') + fresh > most then
        select o.dropped into dropped from drop_over('claims', site, now, 1000) o;
        -- Some of these may have been among them.
        fresh := cardinality(keys) - lock_claims(site, keys);
        if used(site, 'claims') - dropped + fresh > most then
            perform count_change(site, 'claims', -dropped);
            return jsonb_build_object('outcome', 'full');
        end if;
    end if;

    if not known.lapsed then
        for asked in
            select (q.value ->> 'key')::uuid as key, q.place - 1 as place,
                (q.value ->> 'interval_ms')::bigint as step,
                (q.value ->> 'interval_ms')::bigint * (q.value ->> 'burst')::bigint as span,
                (select b.full_at from buckets b
                    where b.site_id = site and b.bucket = (q.value ->> 'key')::uuid
                        and b.full_at + 0 > now) as full_at
                from jsonb_array_elements(request -> 'buckets') with ordinality q (value, place)
                order by q.place
        loop
            full_from := now + asked.span;
            level := greatest(now, least(coalesce(asked.full_at, now), full_from)) + asked.step;
            if level <= full_from then
                bucket_keys := bucket_keys || asked.key;
                bucket_levels := bucket_levels || level;
            else
                -- A bucket emptier than empty, after a clock set back, is cut, and kept so.
                if asked.full_at > full_from then
                    update buckets b set full_at = full_from
                        where b.site_id = site and b.bucket = asked.key;
                end if;
                if denied_for is null or level - full_from > denied_for then
                    denied_for := level - full_from;
                    denied_by := asked.place;
                end if;
            end if;
        end loop;
        if denied_for is not null then
            perform count_change(site, 'claims', -dropped);
            return jsonb_build_object('outcome', 'limited', 'retry_ms', denied_for, 'bucket', denied_by);
        end if;
        -- Room for them, as for claims.
        fresh_buckets := cardinality(bucket_keys) - lock_buckets(site, bucket_keys);
        if fresh_buckets > 0 and used(site, 'buckets') + fresh_buckets > most_buckets then
            select o.dropped into dropped_buckets from drop_over('buckets', site, now, 1000) o;
            fresh_buckets := cardinality(bucket_keys) - lock_buckets(site, bucket_keys);
            if used(site, 'buckets') - dropped_buckets + fresh_buckets > most_buckets then
                perform count_change(site, 'buckets', -dropped_buckets);
                perform count_change(site, 'claims', -dropped);
                return jsonb_build_object('outcome', 'full');
            end if;
        end if;
        insert into buckets as b (site_id, bucket, full_at)
            select site, taken.key, taken.level from unnest(bucket_keys, bucket_levels) taken (key, level)
            on conflict (site_id, bucket) do update set full_at = excluded.full_at;
    end if;

    insert into claims (site_id, claim, owner, lease_until, forget_at)
        select site, k, (request ->> 'owner')::uuid, now + lease, now + keep from unnest(keys) k
        on conflict (site_id, claim) do update
            set owner = excluded.owner, lease_until = excluded.lease_until, result = null,
                call_id = null, forget_at = excluded.forget_at;
    perform count_change(site, 'buckets', fresh_buckets - dropped_buckets);
    perform count_change(site, 'claims', fresh - dropped);
    return jsonb_build_object('outcome', 'admitted', 'takeover', known.lapsed);
end $$;

insert into consentgate.migrations (name) values ('0007_admit') on conflict (name) do nothing;
commit;
