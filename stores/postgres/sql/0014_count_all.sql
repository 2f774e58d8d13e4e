-- Once: counts what was written before every table was counted, and takes away what only earlier versions used.
begin;
select pg_advisory_xact_lock(hashtextextended('consentgate/migrations', 0));
set local lock_timeout = '10s';
set local client_min_messages = warning;

drop table if exists consentgate.claims_used;
drop function if exists consentgate.floors_per_site_max();
drop function if exists consentgate.recount_oldest(text);
drop function if exists consentgate.drop_claims_of(text, bigint, bigint);
drop function if exists consentgate.drop_sessions_of(text, bigint, bigint);
drop function if exists consentgate.drop_calls_of(text, bigint, bigint);
drop function if exists consentgate.drop_from(text, bigint, bigint);
drop function if exists consentgate.leave_tombstone(jsonb, bigint);

do $$
declare
    counted record;
begin
    if exists (select from consentgate.migrations where name = '0014_count_all') then
        return;
    end if;
    -- In the order in which the parts of counts are taken.
    for counted in
        select kind, site_id from (
            select 'buckets' as kind, site_id from consentgate.buckets
            union all select unnest(array['calls', 'calls_bytes']), site_id from consentgate.calls
            union all select 'claims', site_id from consentgate.claims
            union all select 'floors', site_id from consentgate.floors
            union all select 'sessions', site_id from consentgate.sessions
            union all select 'statements', site_id from consentgate.statements
            union all select 'tombstones', site_id from consentgate.tombstones
        ) kept
        group by kind, site_id
        order by case kind when 'calls_bytes' then 'calls' else kind end, site_id, kind
    loop
        perform consentgate.recount(counted.site_id, counted.kind);
    end loop;
end $$;

insert into consentgate.migrations (name) values ('0014_count_all') on conflict (name) do nothing;
commit;
