-- Nothing here is for everybody. A role of the application is granted what the README lists.
begin;
select pg_advisory_xact_lock(hashtextextended('consentgate/migrations', 0));
set local lock_timeout = '10s';
set local client_min_messages = warning;

revoke all on all tables in schema consentgate from public;
revoke all on all sequences in schema consentgate from public;
revoke all on all functions in schema consentgate from public;

insert into consentgate.migrations (name) values ('0013_privileges') on conflict (name) do nothing;
commit;
