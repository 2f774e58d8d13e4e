-- How many claims, sessions, floors and calls each site has.
--
-- A count of all rows at each write is out of the question, and one row a site would be waited for by all its writers.
-- So each count is the sum of sixteen parts, and a backend adds to a part of its own. A count changes in the transaction
-- that changes the rows, as its last lock: whoever holds a part waits for nobody. Two writers at the same moment may
-- both see the last free place; without that a count is exact.
begin;
select pg_advisory_xact_lock(hashtextextended('consentgate/migrations', 0));
set local lock_timeout = '10s';
set local client_min_messages = warning;

create table if not exists consentgate.usage (
    site_id text collate "C" not null,
    -- `sessions`, `floors` or `calls`; claims have a table that is UNLOGGED as they are.
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
    if kind = 'claims' then
        return (select coalesce(sum(n), 0) from consentgate.claims_used where site_id = site);
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
    elsif kind = 'claims' then
        insert into consentgate.claims_used as u (site_id, stripe, n) values (site, part, change)
            on conflict (site_id, stripe) do update set n = u.n + excluded.n;
    else
        insert into consentgate.usage as u (site_id, what, stripe, n) values (site, kind, part, change)
            on conflict (site_id, what, stripe) do update set n = u.n + excluded.n;
    end if;
end $$;

-- How many floors a site may have. Anybody who reaches its sync endpoint can leave one (law 9). Replace it by another
-- number as you like.
create or replace function consentgate.floors_per_site_max() returns bigint
language sql immutable parallel safe
as $$ select 25000::bigint $$;

-- Counts the rows of a site anew, against changes that were made by hand. Once all parts are locked, every count that
-- has committed has its rows committed too, and every other writer adds its own afterwards.
create or replace function consentgate.recount(site text, kind text) returns void
language plpgsql volatile
as $$
declare
    total bigint;
    now constant bigint := consentgate.now_ms();
begin
    if kind = 'claims' then
        insert into consentgate.claims_used (site_id, stripe, n)
            select site, part, 0 from generate_series(0, 15) part on conflict do nothing;
        perform 1 from consentgate.claims_used where site_id = site order by stripe for update;
        select count(*) into total from consentgate.claims where site_id = site;
        update consentgate.claims_used
            set n = case stripe when 0 then total else 0 end, counted_at = now where site_id = site;
        return;
    end if;
    insert into consentgate.usage (site_id, what, stripe, n)
        select site, kind, part, 0 from generate_series(0, 15) part on conflict do nothing;
    perform 1 from consentgate.usage where site_id = site and what = kind order by stripe for update;
    if kind = 'sessions' then
        select count(*) into total from consentgate.sessions where site_id = site;
    elsif kind = 'floors' then
        select count(*) into total from consentgate.floors where site_id = site;
    else
        select count(*) into total from consentgate.calls where site_id = site;
    end if;
    update consentgate.usage
        set n = case stripe when 0 then total else 0 end, counted_at = now
        where site_id = site and what = kind;
end $$;

-- Recounts the site whose count is the oldest, if that is an hour ago; one a call, and only with no other lock held.
create or replace function consentgate.recount_oldest(kind text) returns void
language plpgsql volatile
as $$
declare
    site text;
    before constant bigint := consentgate.now_ms() - 3600000;
begin
    if kind = 'claims' then
        select site_id into site from consentgate.claims_used
            group by site_id having max(counted_at) <= before order by max(counted_at) limit 1;
    else
        select site_id into site from consentgate.usage where what = kind
            group by site_id having max(counted_at) <= before order by max(counted_at) limit 1;
    end if;
    if site is not null then
        perform consentgate.recount(site, kind);
    end if;
end $$;

insert into consentgate.migrations (name) values ('0005_usage') on conflict (name) do nothing;
commit;
