-- The effect `settle`: only claims that the owner still holds change.
begin;
select pg_advisory_xact_lock(hashtextextended('consentgate/migrations', 0));
set local lock_timeout = '10s';
set local client_min_messages = warning;

create or replace function consentgate.settle(request jsonb) returns jsonb
language plpgsql volatile security invoker
set search_path = consentgate, pg_temp
set lock_timeout = '800ms'
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    site constant text := request ->> 'site';
    holder constant uuid := (request ->> 'owner')::uuid;
    refund constant jsonb := case when request ->> 'action' = 'release'
        then request -> 'refund' else '[]' end;
    keys bytea[];
    key bytea;
    now bigint;
    settled bigint := 0;
    bucket_key uuid;
    step bigint;
begin
    perform must_be_read_committed();
    perform lock_admission(site, request -> 'claims', refund);
    now := now_ms();
    keys := array(
        select distinct claim_key(name) from jsonb_array_elements_text(request -> 'claims') name order by 1);

    if request ->> 'action' = 'commit' then
        foreach key in array keys loop
            update claims
                set owner = null, lease_until = null, result = request ->> 'result',
                    call_id = (request ->> 'call_id')::uuid,
                    forget_at = now + (request ->> 'keep_ms')::bigint
                where site_id = site and claim = key and forget_at + 0 > now and owner = holder;
            settled := settled + found::int;
        end loop;
    elsif request ->> 'action' = 'release' then
        foreach key in array keys loop
            delete from claims
                where site_id = site and claim = key and forget_at + 0 > now and owner = holder;
            settled := settled + found::int;
        end loop;
        -- Where somebody took over a part of it, without spending a token, this one stays spent.
        if settled > 0 and settled = cardinality(keys) then
            for bucket_key, step in
                select (value ->> 'key')::uuid, (value ->> 'interval_ms')::bigint
                from jsonb_array_elements(refund)
            loop
                update buckets set full_at = greatest(0, full_at - step)
                    where site_id = site and bucket = bucket_key and full_at + 0 > now;
            end loop;
        end if;
        perform count_change(site, 'claims', -settled);
    else
        raise exception 'settle: neither commit nor release' using errcode = 'invalid_parameter_value';
    end if;
    return jsonb_build_object('outcome', case when settled > 0 then 'settled' else 'lost' end);
end $$;

insert into consentgate.migrations (name) values ('0008_settle') on conflict (name) do nothing;
commit;
