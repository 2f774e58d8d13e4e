-- Dropping what is over, in batches: of all sites, or of one site that is short of room (then the caller counts).
-- Rows that somebody is at work on are left for the next time.
begin;
select pg_advisory_xact_lock(hashtextextended('consentgate/migrations', 0));
set local lock_timeout = '10s';
set local client_min_messages = warning;

create or replace function consentgate.drop_claims_of(site text, now bigint, most bigint) returns bigint
language plpgsql volatile
as $$
declare
    dropped bigint;
begin
    with over as materialized (
        select ctid from consentgate.claims where site_id collate "POSIX" = site and forget_at <= now
        order by forget_at limit most for update skip locked
    )
    delete from consentgate.claims where ctid = any (array(select ctid from over));
    get diagnostics dropped = row_count;
    return dropped;
end $$;

create or replace function consentgate.drop_sessions_of(site text, now bigint, most bigint) returns bigint
language plpgsql volatile
as $$
declare
    dropped bigint;
begin
    with over as materialized (
        select ctid from consentgate.sessions where site_id collate "POSIX" = site and until <= now
        order by until limit most for update skip locked
    )
    delete from consentgate.sessions where ctid = any (array(select ctid from over));
    get diagnostics dropped = row_count;
    return dropped;
end $$;

create or replace function consentgate.drop_calls_of(site text, now bigint, most bigint) returns bigint
language plpgsql volatile
as $$
declare
    dropped bigint;
begin
    with over as materialized (
        select ctid from consentgate.calls where site_id collate "POSIX" = site and until <= now
        order by until limit most for update skip locked
    )
    delete from consentgate.calls where ctid = any (array(select ctid from over));
    get diagnostics dropped = row_count;
    return dropped;
end $$;

-- Of a table that is not counted by site: tombstones, statements, buckets.
create or replace function consentgate.drop_from(what text, now bigint, most bigint) returns bigint
language plpgsql volatile
as $$
declare
    dropped bigint;
begin
    if most <= 0 then
        return 0;
    end if;
    execute format(
        'with over as materialized (
             select ctid from consentgate.%1$I where %2$I <= $1
             order by %2$I limit $2 for update skip locked
         )
         delete from consentgate.%1$I where ctid = any (array(select ctid from over))',
        what, case what when 'buckets' then 'full_at' else 'until' end
    ) using now, most;
    get diagnostics dropped = row_count;
    return dropped;
end $$;

-- Of a table that is counted by site: claims, sessions, floors, calls. The parts are taken in the order of the sites.
create or replace function consentgate.drop_counted(what text, now bigint, most bigint) returns bigint
language plpgsql volatile
as $$
declare
    site record;
    dropped bigint := 0;
begin
    if most <= 0 then
        return 0;
    end if;
    for site in execute format(
        'with over as materialized (
             select ctid from consentgate.%1$I where %2$I <= $1
             order by %2$I limit $2 for update skip locked
         ), gone as (
             delete from consentgate.%1$I where ctid = any (array(select ctid from over)) returning site_id
         )
         select site_id, count(*) as n from gone group by site_id order by site_id',
        what, case what when 'claims' then 'forget_at' else 'until' end
    ) using now, most loop
        perform consentgate.count_change(site.site_id, what, -site.n);
        dropped := dropped + site.n;
    end loop;
    return dropped;
end $$;

insert into consentgate.migrations (name) values ('0006_drop') on conflict (name) do nothing;
commit;
