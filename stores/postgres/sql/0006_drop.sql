-- Dropping what is over, in batches: of all sites, or of one site that is short of room (then the caller counts).
-- Rows that somebody is at work on are left for the next time.
begin;
select pg_advisory_xact_lock(hashtextextended('consentgate/migrations', 0));
set local lock_timeout = '10s';
set local client_min_messages = warning;

-- The column that says when a row is over.
create or replace function consentgate.end_of(kind text) returns text
language sql immutable parallel safe
as $$ select case kind when 'buckets' then 'full_at' when 'claims' then 'forget_at' else 'until' end $$;

-- How many rows of a site were dropped, and how many bytes of bodies with them.
create or replace function consentgate.drop_over(
    kind text, site text, now bigint, most bigint, out dropped bigint, out bytes bigint)
language plpgsql volatile
as $$
begin
    execute format(
        'with over as materialized (
             select ctid from consentgate.%1$I where site_id collate "POSIX" = $1 and %2$I <= $2
             order by %2$I limit $3 for update skip locked
         ), gone as (
             delete from consentgate.%1$I where ctid = any (array(select ctid from over)) returning %3$s as bytes
         )
         select count(*), coalesce(sum(bytes), 0) from gone',
        kind, consentgate.end_of(kind), case kind when 'calls' then 'octet_length(body)' else '0' end
    ) into dropped, bytes using site, now, most;
end $$;

-- Whether a site has room for one more, once what is over has given up its own; and how many that was.
create or replace function consentgate.make_room(
    kind text, site text, now bigint, most numeric, out fits boolean, out dropped bigint)
language plpgsql volatile
as $$
begin
    dropped := 0;
    fits := consentgate.used(site, kind) + 1 <= most;
    if not fits then
        select o.dropped into dropped from consentgate.drop_over(kind, site, now, 1000) o;
        fits := consentgate.used(site, kind) - dropped + 1 <= most;
    end if;
end $$;

-- Of all sites, and counted. The parts are taken in the order of the sites.
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
             delete from consentgate.%1$I where ctid = any (array(select ctid from over))
             returning site_id, %3$s as bytes
         )
         select site_id, count(*) as n, sum(bytes) as bytes from gone group by site_id order by site_id',
        what, consentgate.end_of(what), case what when 'calls' then 'octet_length(body)' else '0' end
    ) using now, most loop
        perform consentgate.count_change(site.site_id, what, -site.n);
        perform consentgate.count_change(site.site_id, 'calls_bytes', -site.bytes);
        dropped := dropped + site.n;
    end loop;
    return dropped;
end $$;

insert into consentgate.migrations (name) values ('0006_drop') on conflict (name) do nothing;
commit;
