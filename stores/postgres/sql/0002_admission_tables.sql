-- Claims and buckets. UNLOGGED: a crash forgets them, and the unique indexes of the calls keep every row single.
begin;
select pg_advisory_xact_lock(hashtextextended('consentgate/migrations', 0));
set local lock_timeout = '10s';
set local client_min_messages = warning;

-- All texts that are keys are compared as bytes (collation C): no upgrade of a locale library can reorder an index.
create unlogged table if not exists consentgate.claims (
    site_id text collate "C" not null,
    -- The kind (`s` or `e`) and 32 bytes of hash.
    claim bytea not null,
    -- Held: by whom, and until when. Done: both are null.
    owner uuid,
    lease_until bigint,
    -- Done: `accepted` or `refused`, and the call.
    result text collate "C",
    call_id uuid,
    -- When it is the same as absent.
    forget_at bigint not null,
    constraint claims_pkey primary key (site_id, claim),
    constraint claims_are_held_or_done check (
        (result is null and owner is not null and lease_until is not null)
        or (result is not null and result in ('accepted', 'refused')
            and owner is null and lease_until is null)
    )
) with (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);

create index if not exists claims_forget_at on consentgate.claims (forget_at);
-- Under another collation than the column's, so that only a statement that names it can use this index: never a look-up
-- by key, which would read all claims of a site by it.
create index if not exists claims_site_forget_at
    on consentgate.claims (site_id collate "POSIX", forget_at);

-- Token buckets that are not full; one that is full is the same as absent.
create unlogged table if not exists consentgate.buckets (
    site_id text collate "C" not null,
    bucket uuid not null,
    full_at bigint not null,
    constraint buckets_pkey primary key (site_id, bucket)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);

create index if not exists buckets_full_at on consentgate.buckets (full_at);
-- For statements that name the collation, as for claims.
create index if not exists buckets_site_full_at
    on consentgate.buckets (site_id collate "POSIX", full_at);

-- How many claims and buckets a site has, in parts: a single row would make all admissions of a site wait for each
-- other. UNLOGGED as they are, so that a crash empties all of them together.
create unlogged table if not exists consentgate.admission_usage (
    site_id text collate "C" not null,
    -- `buckets` or `claims`.
    what text collate "C" not null,
    stripe int not null,
    n bigint not null,
    counted_at bigint not null default 0,
    constraint admission_usage_pkey primary key (site_id, what, stripe)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500);

insert into consentgate.migrations (name) values ('0002_admission_tables') on conflict (name) do nothing;
commit;
