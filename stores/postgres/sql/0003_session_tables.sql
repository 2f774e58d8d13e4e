-- Sessions, floors, tombstones and the keys of statements.
begin;
select pg_advisory_xact_lock(hashtextextended('consentgate/migrations', 0));
set local lock_timeout = '10s';
set local client_min_messages = warning;

-- A version never comes again for the same person, not even after a delete.
create sequence if not exists consentgate.session_versions as bigint;

create table if not exists consentgate.sessions (
    site_id text collate "C" not null,
    fingerprint text collate "C" not null,
    version bigint not null,
    scopes text[] collate "C" not null,
    granted_at bigint not null,
    changed_at bigint not null,
    policy_version bigint,
    gpc boolean not null,
    narrowed boolean not null,
    until bigint not null
) with (fillfactor = 90);

create unique index if not exists idx_sessions_site_fingerprint
    on consentgate.sessions (site_id, fingerprint);
create index if not exists sessions_until on consentgate.sessions (until);
-- For statements that name the collation, as for claims.
create index if not exists sessions_site_until
    on consentgate.sessions (site_id collate "POSIX", until);

-- At or before a floor no grant counts. Kept under the pseudonym alone, never beside the fingerprint.
create table if not exists consentgate.floors (
    site_id text collate "C" not null,
    pseudonym uuid not null,
    at bigint not null,
    until bigint not null,
    constraint floors_pkey primary key (site_id, pseudonym)
);
create index if not exists floors_site_until on consentgate.floors (site_id, until);
create index if not exists floors_until on consentgate.floors (until);

-- The floor of a person who was erased: nothing drops it before its time.
create table if not exists consentgate.tombstones (
    site_id text collate "C" not null,
    pseudonym uuid not null,
    at bigint not null,
    until bigint not null,
    constraint tombstones_pkey primary key (site_id, pseudonym)
);
create index if not exists tombstones_until on consentgate.tombstones (until);
-- For statements that name the collation, as for claims.
create index if not exists tombstones_site_until
    on consentgate.tombstones (site_id collate "POSIX", until);

-- By these the same statement of consent is known again.
create table if not exists consentgate.statements (
    site_id text collate "C" not null,
    key uuid not null,
    until bigint not null,
    constraint statements_pkey primary key (site_id, key)
);
create index if not exists statements_until on consentgate.statements (until);
create index if not exists statements_site_until
    on consentgate.statements (site_id collate "POSIX", until);

insert into consentgate.migrations (name) values ('0003_session_tables') on conflict (name) do nothing;
commit;
