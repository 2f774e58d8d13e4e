-- Whether schema, indexes, settings, privileges and clock are as the gate needs: one row a check, `ok` and how to mend it.
-- One statement that changes nothing. It looks at system catalogs alone, so that it answers even where the schema is
-- missing or the current role may not use it. Of the row `clock` only the caller can judge: `found` is the server's time
-- in milliseconds, to be held against the caller's own; more than 5,000 apart is a failure.
with
    wanted_migrations (name) as (values
        ('0001_schema'), ('0002_admission_tables'), ('0003_session_tables'), ('0004_call_tables'),
        ('0005_usage'), ('0006_drop'), ('0007_admit'), ('0008_settle'), ('0009_persons'),
        ('0010_record_call'), ('0011_queue'), ('0012_purge'), ('0013_privileges'), ('0014_count_all'),
        ('0015_audit')
    ),
    wanted_tables (name, persistence) as (values
        ('claims', 'u'), ('buckets', 'u'), ('admission_usage', 'u'), ('sessions', 'p'), ('floors', 'p'),
        ('tombstones', 'p'), ('statements', 'p'), ('calls', 'p'), ('call_signatures', 'p'),
        ('conversions', 'p'), ('usage', 'p')
    ),
    wanted_indexes (name, on_table, is_unique, columns, predicate) as (values
        ('claims_pkey', 'claims', true, 'site_id,claim', ''),
        ('claims_forget_at', 'claims', false, 'forget_at', ''),
        ('claims_site_forget_at', 'claims', false, 'site_id,forget_at', ''),
        ('buckets_pkey', 'buckets', true, 'site_id,bucket', ''),
        ('buckets_full_at', 'buckets', false, 'full_at', ''),
        ('buckets_site_full_at', 'buckets', false, 'site_id,full_at', ''),
        ('admission_usage_pkey', 'admission_usage', true, 'site_id,what,stripe', ''),
        ('idx_sessions_site_fingerprint', 'sessions', true, 'site_id,fingerprint', ''),
        ('sessions_until', 'sessions', false, 'until', ''),
        ('sessions_site_until', 'sessions', false, 'site_id,until', ''),
        ('floors_pkey', 'floors', true, 'site_id,pseudonym', ''),
        ('floors_site_until', 'floors', false, 'site_id,until', ''),
        ('floors_until', 'floors', false, 'until', ''),
        ('tombstones_pkey', 'tombstones', true, 'site_id,pseudonym', ''),
        ('tombstones_until', 'tombstones', false, 'until', ''),
        ('tombstones_site_until', 'tombstones', false, 'site_id,until', ''),
        ('statements_pkey', 'statements', true, 'site_id,key', ''),
        ('statements_until', 'statements', false, 'until', ''),
        ('statements_site_until', 'statements', false, 'site_id,until', ''),
        ('calls_pkey', 'calls', true, 'site_id,call_id', ''),
        ('calls_site_signature_hash_uq', 'calls', true, 'site_id,signature_hash',
            '(signature_hash IS NOT NULL)'),
        ('calls_site_event_id_uq', 'calls', true, 'site_id,event_id', '(event_id IS NOT NULL)'),
        ('calls_site_fingerprint', 'calls', false, 'site_id,fingerprint', ''),
        ('calls_until', 'calls', false, 'until', ''),
        ('calls_site_until', 'calls', false, 'site_id,until', ''),
        ('call_signatures_site_signature_hash_uq', 'call_signatures', true, 'site_id,signature_hash', ''),
        ('call_signatures_call', 'call_signatures', false, 'call_id', ''),
        ('conversions_site_call_uq', 'conversions', true, 'site_id,call_id', ''),
        ('conversions_site_due_at', 'conversions', false, 'site_id,due_at', null),
        ('usage_pkey', 'usage', true, 'site_id,what,stripe', ''),
        ('security_audit_logs_pkey', 'security_audit_logs', true, 'writer,sequence', ''),
        ('security_audit_logs_tenant_at', 'security_audit_logs', false, 'tenant,at', ''),
        ('security_audit_logs_kind', 'security_audit_logs', false, 'kind', ''),
        ('security_audit_logs_severity', 'security_audit_logs', false, 'severity', ''),
        ('security_audit_logs_subject_at', 'security_audit_logs', false, 'subject,at', '')
    ),
    wanted_references (name, on_table) as (values
        ('call_signatures_call', 'call_signatures'), ('conversions_call', 'conversions')
    ),
    -- The table that nobody but its owner reads, and what holds its columns to their sets.
    audit (name) as (values ('security_audit_logs')),
    wanted_constraints (name) as (values
        ('security_audit_logs_sequence'), ('security_audit_logs_kind'), ('security_audit_logs_operation'),
        ('security_audit_logs_severity'), ('security_audit_logs_outcome')
    ),
    wanted_functions (signature) as (values
        ('now_ms()'), ('must_be_read_committed()'), ('lock_key(text,text,text)'), ('lock_all(bigint[])'),
        ('used(text,text)'), ('count_change(text,text,bigint)'), ('recount(text,text)'),
        ('recount_oldest(text[])'), ('end_of(text)'), ('drop_over(text,text,bigint,bigint)'),
        ('make_room(text,text,bigint,numeric)'), ('drop_counted(text,bigint,bigint)'), ('claim_key(text)'),
        ('lock_admission(text,jsonb,jsonb)'), ('lock_claims(text,bytea[])'), ('lock_buckets(text,uuid[])'),
        ('admit(jsonb)'), ('settle(jsonb)'), ('purge_admission(jsonb)'),
        ('find_session(jsonb)'), ('put_session(jsonb)'), ('delete_session(jsonb)'), ('purge_sessions(jsonb)'),
        ('put_tombstone(jsonb)'), ('session_stands_until(jsonb,jsonb)'),
        ('put_job(text,uuid,bigint)'), ('calls_named(text,bytea[],text)'),
        ('meet_call(text,uuid,text,bigint)'), ('record_call(jsonb,bytea)'), ('find_call(jsonb)'),
        ('confirm_sale_and_enqueue(jsonb)'), ('take_conversions(jsonb)'), ('finish_conversion(jsonb)'),
        ('erase_calls(jsonb)'), ('purge_limit(jsonb)'), ('purge_calls(jsonb)'), ('append_audit(jsonb)')
    ),
    may as (
        select coalesce(pg_catalog.has_schema_privilege(
            (select n.oid from pg_catalog.pg_namespace n where n.nspname = 'consentgate'), 'usage'), false)
            as use_schema
    ),
    relations as (
        select c.oid, c.relname, c.relkind, c.relpersistence, c.relrowsecurity, c.relacl
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'consentgate'
    ),
    -- Names of functions are compared as `to_regprocedure` would write them, which needs the right to use the schema.
    functions as (
        select p.oid, p.prosecdef, p.proname || '(' || pg_catalog.replace(
                pg_catalog.oidvectortypes(p.proargtypes), ', ', ',') || ')' as signature
        from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'consentgate'
    ),
    -- `ts_stat` runs a statement given as text: so a table that may be missing can be read where it is there.
    applied as (
        select s.word as name
        from may, pg_catalog.ts_stat(case
            when may.use_schema and coalesce(pg_catalog.has_table_privilege(
                (select r.oid from relations r where r.relname = 'migrations' and r.relkind = 'r'), 'select'), false)
            then 'select pg_catalog.array_to_tsvector(pg_catalog.array_agg(name)) from consentgate.migrations'
            else 'select null::pg_catalog.tsvector' end) s
    ),
    checks (place, name, ok, found, mend) as (
        select 1, 'server_version', pg_catalog.current_setting('server_version_num')::int >= 150000,
            pg_catalog.current_setting('server_version'), 'use PostgreSQL 15 or later'
        union all
        select 2, 'server_encoding', pg_catalog.getdatabaseencoding() = 'UTF8',
            pg_catalog.getdatabaseencoding()::text, 'create the database with encoding UTF8'
        union all
        select 3, 'writable', not pg_catalog.pg_is_in_recovery()
                and pg_catalog.current_setting('default_transaction_read_only') = 'off',
            case when pg_catalog.pg_is_in_recovery() then 'a standby in recovery'
                when pg_catalog.current_setting('default_transaction_read_only') = 'on'
                then 'default_transaction_read_only = on' else 'a primary' end,
            'connect to the primary, with default_transaction_read_only = off'
        union all
        select 4, 'isolation', pg_catalog.current_setting('default_transaction_isolation') = 'read committed',
            pg_catalog.current_setting('default_transaction_isolation'),
            'set default_transaction_isolation = ''read committed'' for the role or the database'
        union all
        select 5, 'synchronous_commit', pg_catalog.current_setting('synchronous_commit') <> 'off',
            pg_catalog.current_setting('synchronous_commit'),
            'set synchronous_commit = on: without it a crash takes back calls that were answered as recorded'
        union all
        select 6, 'fsync', pg_catalog.current_setting('fsync') = 'on', pg_catalog.current_setting('fsync'),
            'set fsync = on in postgresql.conf, and restart'
        union all
        select 7, 'full_page_writes', pg_catalog.current_setting('full_page_writes') = 'on',
            pg_catalog.current_setting('full_page_writes'), 'set full_page_writes = on in postgresql.conf'
        union all
        select 8, 'autovacuum', pg_catalog.current_setting('autovacuum') = 'on'
                and pg_catalog.current_setting('track_counts') = 'on',
            'autovacuum = ' || pg_catalog.current_setting('autovacuum')
                || ', track_counts = ' || pg_catalog.current_setting('track_counts'),
            'set autovacuum = on and track_counts = on: claims and buckets change all the time'
        union all
        select 9, 'max_connections', m.free >= 20, m.free::text,
            'set max_connections so that at least 20 remain beside the reserved ones'
            from (select pg_catalog.current_setting('max_connections')::int
                - pg_catalog.current_setting('superuser_reserved_connections')::int as free) m
        union all
        select 10, 'clock', true,
            pg_catalog.floor(extract(epoch from pg_catalog.clock_timestamp()) * 1000)::bigint::text,
            'synchronise the clocks of the server and of this machine'
        union all
        select 20, 'schema', n.oid is not null, coalesce(n.nspname::text, 'missing'),
            'apply the migrations: consentgate-postgres migrate'
            from (values (1)) one left join pg_catalog.pg_namespace n on n.nspname = 'consentgate'
        union all
        select 21, 'privilege:schema', may.use_schema,
            case when may.use_schema then 'usage' else 'none' end,
            'grant usage on schema consentgate to ' || pg_catalog.quote_ident(current_user)
            from may
        union all
        select 30, 'migration:' || w.name, a.name is not null,
            case when a.name is null then 'missing' else 'applied' end,
            'apply the migrations, and grant select on consentgate.migrations: consentgate-postgres migrate'
            from wanted_migrations w left join applied a on a.name = w.name
        union all
        select 40, 'table:' || w.name, r.relpersistence = w.persistence,
            case when r.oid is null then 'missing'
                else case r.relpersistence when 'u' then 'unlogged' else 'logged' end end,
            case when r.oid is null then 'apply the migrations: consentgate-postgres migrate'
                else 'alter table consentgate.' || pg_catalog.quote_ident(w.name) || ' set '
                    || case w.persistence when 'u' then 'unlogged' else 'logged' end end
            from wanted_tables w left join relations r on r.relname = w.name and r.relkind = 'r'
        union all
        select 41, 'row_security:' || w.name, r.oid is not null and not pg_catalog.row_security_active(r.oid),
            case when r.oid is null then 'missing'
                when pg_catalog.row_security_active(r.oid) then 'hides rows' else 'does not apply' end,
            'alter table consentgate.' || pg_catalog.quote_ident(w.name)
                || ' disable row level security, or give the role bypassrls'
            from wanted_tables w left join relations r on r.relname = w.name and r.relkind = 'r'
        union all
        select 42, 'privilege:' || w.name, r.oid is not null and p.missing = '',
            case when r.oid is null then 'missing' when p.missing = '' then 'all' else 'without ' || p.missing end,
            'grant select, insert, update, delete on consentgate.' || pg_catalog.quote_ident(w.name) || ' to '
                || pg_catalog.quote_ident(current_user)
            from wanted_tables w left join relations r on r.relname = w.name and r.relkind = 'r'
            cross join lateral (
                select coalesce(pg_catalog.string_agg(v.privilege, ', '), '') as missing
                from (values ('select'), ('insert'), ('update'), ('delete')) v (privilege)
                where not coalesce(pg_catalog.has_table_privilege(r.oid, v.privilege), false)
            ) p
        union all
        select 43, 'sequence:session_versions',
            coalesce(pg_catalog.has_sequence_privilege(r.oid, 'usage'), false),
            case when r.oid is null then 'missing'
                when pg_catalog.has_sequence_privilege(r.oid, 'usage') then 'usage' else 'without usage' end,
            'apply the migrations, and grant usage on sequence consentgate.session_versions to '
                || pg_catalog.quote_ident(current_user)
            from (values (1)) one left join relations r on r.relname = 'session_versions' and r.relkind = 'S'
        union all
        select 44, 'table:' || w.name, coalesce(r.relpersistence = 'p', false),
            case when r.oid is null then 'missing'
                else case r.relpersistence when 'u' then 'unlogged' else 'logged' end end,
            case when r.oid is null then 'apply the migrations: consentgate-postgres migrate'
                else 'alter table consentgate.' || w.name || ' set logged' end
            from audit w left join relations r on r.relname = w.name and r.relkind = 'r'
        union all
        select 45, 'row_security:' || w.name, coalesce(r.relrowsecurity, false),
            case when r.oid is null then 'missing' when r.relrowsecurity then 'enabled' else 'disabled' end,
            'alter table consentgate.' || w.name || ' enable row level security'
            from audit w left join relations r on r.relname = w.name and r.relkind = 'r'
        union all
        select 46, 'public:' || w.name, r.oid is not null and p.granted = '',
            case when r.oid is null then 'missing' when p.granted = '' then 'nothing' else p.granted end,
            'revoke all on consentgate.' || w.name || ' from public'
            from audit w left join relations r on r.relname = w.name and r.relkind = 'r'
            cross join lateral (
                select coalesce(pg_catalog.string_agg(a.privilege_type, ', ' order by a.privilege_type), '') as granted
                from pg_catalog.aclexplode(r.relacl) a where a.grantee = 0
            ) p
        union all
        select 47, 'definer:append_audit(jsonb)', coalesce(f.prosecdef, false),
            case when f.oid is null then 'missing' when f.prosecdef then 'the owner''s rights' else 'the caller''s rights' end,
            'apply the migrations: consentgate-postgres migrate'
            from (values (1)) one left join functions f on f.signature = 'append_audit(jsonb)'
        union all
        select 48, 'constraint:' || w.name, coalesce(c.convalidated, false),
            case when c.oid is null then 'missing' when c.convalidated then 'there' else 'not valid' end,
            'make it anew as 0015_audit has it'
            from wanted_constraints w cross join audit
            left join relations r on r.relname = audit.name and r.relkind = 'r'
            left join pg_catalog.pg_constraint c
                on c.conrelid = r.oid and c.conname = w.name and c.contype = 'c'
        union all
        select 50, 'index:' || w.name, coalesce(i.indisvalid and i.indisready and i.indisunique = w.is_unique
                and t.relname = w.on_table and d.columns = w.columns
                and (w.predicate is null or coalesce(d.predicate, '') = w.predicate), false),
            case when i.indexrelid is null then 'missing'
                else case when i.indisunique then 'unique' else 'not unique' end
                    || case when i.indisvalid and i.indisready then '' else ', invalid' end
                    || ', on ' || t.relname || ' (' || d.columns || ')'
                    || coalesce(' where ' || d.predicate, '') end,
            'drop what stands in its place, then apply the migrations: consentgate-postgres migrate'
            from wanted_indexes w
            left join relations r on r.relname = w.name and r.relkind = 'i'
            left join pg_catalog.pg_index i on i.indexrelid = r.oid
            left join pg_catalog.pg_class t on t.oid = i.indrelid
            left join lateral (
                select pg_catalog.string_agg(a.attname, ',' order by k.place) as columns,
                    pg_catalog.pg_get_expr(i.indpred, i.indrelid) as predicate
                from pg_catalog.unnest(i.indkey::int2[]) with ordinality k (attnum, place)
                join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
            ) d on true
        union all
        select 51, 'reference:' || w.name, coalesce(f.confdeltype = 'c' and f.convalidated, false),
            case when f.oid is null then 'missing'
                when f.confdeltype = 'c' then case when f.convalidated then 'on delete cascade' else 'not valid' end
                else 'does not cascade' end,
            'alter table consentgate.' || w.on_table || ' add constraint ' || w.name
                || ' foreign key (site_id, call_id) references consentgate.calls on delete cascade'
            from wanted_references w
            left join relations r on r.relname = w.on_table and r.relkind = 'r'
            left join pg_catalog.pg_constraint f
                on f.conrelid = r.oid and f.conname = w.name and f.contype = 'f'
        union all
        select 60, 'function:' || w.signature,
            coalesce(pg_catalog.has_function_privilege(f.oid, 'execute'), false),
            case when f.oid is null then 'missing'
                when pg_catalog.has_function_privilege(f.oid, 'execute') then 'there' else 'without execute' end,
            case when f.oid is null then 'apply the migrations: consentgate-postgres migrate'
                else 'grant execute on all functions in schema consentgate to '
                    || pg_catalog.quote_ident(current_user) end
            from wanted_functions w left join functions f on f.signature = w.signature
    )
select name::text, coalesce(ok, false) as ok, found::text, mend::text
from checks order by place, name;
