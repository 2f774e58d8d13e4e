-- How many entries of each table a site has, and how many bytes its calls.
--
-- A count of all rows at each write is out of the question, and one row a site would be waited for by all its writers.
-- So each count is the sum of sixteen parts, and a backend adds to a part of its own. A count changes in the transaction
-- that changes the rows, as its last lock: whoever holds a part waits for nobody but for others that hold parts, and all
-- take them in the order of the alphabet: buckets, calls, calls_bytes, claims, floors, sessions, statements, tombstones.
-- Two writers at the same moment may both see the last free place; without that a count is exact.
begin;
select pg_advisory_xact_lock(hashtextextended('consentgate/migrations', 0));
set local lock_timeout = '10s';
set local client_min_messages = warning;

create table if not exists consentgate.usage (
    site_id text collate "C" not null,
    -- Those of the above that are no part of an admission; these have a table that is UNLOGGED as they are.
    what text collate "C" not null,
    stripe int not null,
    n bigint not null,
    counted_at bigint not null default 0,
    constraint usage_pkey primary key (site_id, what, stripe)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500);

create or replace function consentgate.used(site text, kind text) returns bigint
language plpgsql volatile
as $$
begin
    if kind in ('buckets', 'claims') then
        return (select coalesce(sum(n), 0) from consentgate.admission_usage
            where site_id = site and what = kind);
    end if;
    return (select coalesce(sum(n), 0) from consentgate.usage where site_id = site and what = kind);
end $$;

create or replace function consentgate.count_change(site text, kind text, change bigint) returns void
language plpgsql volatile
as $$
declare
    part constant int := pg_backend_pid() % 16;
begin
    if change = 0 then
        return;
    elsif kind in ('buckets', 'claims') then
        insert into consentgate.admission_usage as u (site_id, what, stripe, n) values (site, kind, part, change)
            on conflict (site_id, what, stripe) do update set n = u.n + excluded.n;
    else
        insert into consentgate.usage as u (site_id, what, stripe, n) values (site, kind, part, change)
            on conflict (site_id, what, stripe) do update set n = u.n + excluded.n;
    end if;
end $$;

-- Counts the rows of a site anew, against changes that were made by hand. Once all parts are locked, every count that
-- has committed has its rows committed too, and every other writer adds its own afterwards.
create or replace function consentgate.recount(site text, kind text) returns void
language plpgsql volatile
as $$
declare
    counts constant text := case when kind in ('buckets', 'claims') then 'admission_usage' else 'usage' end;
    total bigint;
begin
    execute format(
        'insert into consentgate.%I (site_id, what, stripe, n)
            select $1, $2, part, 0 from generate_series(0, 15) part on conflict do nothing', counts)
        using site, kind;
    execute format(
        'select from consentgate.%I where site_id = $1 and what = $2 order by stripe for update', counts)
        using site, kind;
    execute case kind
        when 'calls_bytes' then
            'select coalesce(sum(octet_length(body)), 0) from consentgate.calls where site_id = $1'
        else format('select count(*) from consentgate.%I where site_id = $1', kind) end
        into total using site;
    execute format(
        'update consentgate.%I set n = case stripe when 0 then $3 else 0 end, counted_at = $4
            where site_id = $1 and what = $2', counts)
        using site, kind, total, consentgate.now_ms();
end $$;

-- Recounts what was counted the longest ago, if that is an hour; one a call, and only with no other lock held.
create or replace function consentgate.recount_oldest(kinds text[]) returns void
language plpgsql volatile
as $$
declare
    oldest record;
    before constant bigint := consentgate.now_ms() - 3600000;
begin
    select u.site_id, u.what into oldest from (
            select * from consentgate.admission_usage union all select * from consentgate.usage
        ) u
        where u.what = any (kinds)
        group by u.site_id, u.what having max(u.counted_at) <= before
        order by max(u.counted_at), u.what limit 1;
    if found then
        perform consentgate.recount(oldest.site_id, oldest.what);
    end if;
end $$;

insert into consentgate.migrations (name) values ('0005_usage') on conflict (name) do nothing;
commit;
