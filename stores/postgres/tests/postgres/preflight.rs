//! Each check fails when what it looks at is broken, and says so.

use super::world::{Database, World, client_of};
use consentgate_postgres::{Check, preflight};

async fn failing(world: &World) -> Vec<Check> {
    // Settings of the role and the database hold for connections made later.
    let client = world.another_client().await;
    preflight(&client).await.unwrap().into_iter().filter(|check| !check.ok).collect()
}

fn names(checks: &[Check]) -> Vec<&str> {
    checks.iter().map(|check| check.name.as_str()).collect()
}

#[tokio::test]
async fn everything_is_well_after_the_migrations() {
    let world = World::new().await;
    assert_eq!(failing(&world).await, []);
}

#[tokio::test]
async fn without_the_schema_it_answers_and_changes_nothing() {
    let database = Database::empty();
    let client = client_of(&database.url()).await;
    let checks = preflight(&client).await.unwrap();
    for what in [
        "schema",
        "migration:0001_schema",
        "table:calls",
        "index:claims_pkey",
        "function:admit(jsonb)",
    ] {
        let check = checks.iter().find(|check| check.name == what).unwrap();
        assert!(!check.ok && check.found == "missing", "{check:?}");
    }
    assert!(checks.iter().any(|check| check.name == "clock" && check.ok));
    let made = "select count(*) from pg_namespace where nspname = 'consentgate'";
    let made: i64 = client.query_one(made, &[]).await.unwrap().get(0);
    assert_eq!(made, 0);
}

#[tokio::test]
async fn each_thing_that_is_broken_is_told_by_name() {
    let world = World::new().await;
    let cases = [
        ("delete from consentgate.migrations where name = '0007_admit'", "migration:0007_admit"),
        ("drop table consentgate.statements", "table:statements"),
        ("alter table consentgate.claims set logged", "table:claims"),
        ("alter table consentgate.buckets set logged", "table:buckets"),
        ("drop sequence consentgate.session_versions", "sequence:session_versions"),
        ("drop index consentgate.idx_sessions_site_fingerprint", "index:idx_sessions_site_fingerprint"),
        ("drop index consentgate.calls_site_signature_hash_uq", "index:calls_site_signature_hash_uq"),
        ("alter table consentgate.claims drop constraint claims_pkey", "index:claims_pkey"),
        ("drop index consentgate.calls_site_event_id_uq;
          create index calls_site_event_id_uq on consentgate.calls (site_id, event_id) where event_id is not null",
         "index:calls_site_event_id_uq"),
        ("drop index consentgate.conversions_site_call_uq;
          create unique index conversions_site_call_uq on consentgate.conversions (call_id)",
         "index:conversions_site_call_uq"),
        ("drop index consentgate.calls_site_signature_hash_uq;
          create unique index calls_site_signature_hash_uq on consentgate.calls (site_id, signature_hash)
          where marketing = 'enqueued'", "index:calls_site_signature_hash_uq"),
        ("alter table consentgate.conversions drop constraint conversions_call", "reference:conversions_call"),
        ("drop function consentgate.settle(jsonb)", "function:settle(jsonb)"),
        ("drop function consentgate.now_ms() cascade", "function:now_ms()"),
        ("drop table consentgate.security_audit_logs", "table:security_audit_logs"),
        ("alter table consentgate.security_audit_logs set unlogged", "table:security_audit_logs"),
        ("alter table consentgate.security_audit_logs disable row level security",
         "row_security:security_audit_logs"),
        ("grant select on consentgate.security_audit_logs to public", "public:security_audit_logs"),
        ("drop index consentgate.security_audit_logs_subject_at", "index:security_audit_logs_subject_at"),
        ("alter table consentgate.security_audit_logs drop constraint security_audit_logs_severity",
         "constraint:security_audit_logs_severity"),
        ("drop function consentgate.append_audit(jsonb)", "function:append_audit(jsonb)"),
        ("alter function consentgate.append_audit(jsonb) security invoker", "definer:append_audit(jsonb)"),
    ];
    for (breaking, name) in cases {
        world.run("begin").await;
        world.run(breaking).await;
        let checks = preflight(&world.client).await.unwrap();
        let failing: Vec<_> = checks.into_iter().filter(|check| !check.ok).collect();
        assert!(names(&failing).contains(&name), "{breaking}: {failing:?}");
        let other = name.split_once(':').unwrap().1;
        assert!(
            failing.iter().all(|check| !check.mend.is_empty()
                && check.name.contains(other)
                    | other.contains("statements")
                    | check.name.contains(other)
                || check.name.starts_with("index:statements")),
            "{breaking}: {failing:?}"
        );
        world.run("rollback").await;
    }
    assert_eq!(failing(&world).await, []);
}

#[tokio::test]
async fn an_index_that_is_not_valid_is_told() {
    let world = World::new().await;
    world.database.spoil();
    world.run("drop index consentgate.calls_site_event_id_uq").await;
    for number in 1..=2 {
        super::things::Call::new(number).record(&world).await;
    }
    world.run("update consentgate.calls set event_id = 'same'").await;
    let made = world
        .client
        .batch_execute(
            "create unique index concurrently calls_site_event_id_uq
         on consentgate.calls (site_id, event_id) where event_id is not null",
        )
        .await;
    assert!(made.is_err());
    let failing = failing(&world).await;
    assert_eq!(names(&failing), ["index:calls_site_event_id_uq"]);
    assert!(failing[0].found.contains("invalid"), "{failing:?}");
}

#[tokio::test]
async fn bad_settings_are_told_by_name() {
    let world = World::new().await;
    let name = world.database.name();
    world.database.spoil();
    for (setting, check) in [
        ("default_transaction_isolation = 'repeatable read'", "isolation"),
        ("synchronous_commit = off", "synchronous_commit"),
        ("default_transaction_read_only = on", "writable"),
    ] {
        world.run(&format!("alter database {name} set {setting}")).await;
        assert_eq!(names(&failing(&world).await), [check]);
        world
            .run(&format!(
                "set default_transaction_read_only = off; alter database {name} reset all"
            ))
            .await;
    }
}

/// What only the server's configuration can break is read from a copy of the statement that is told other settings.
#[tokio::test]
async fn settings_of_the_whole_server_are_told_by_name() {
    let world = World::new().await;
    for (setting, value, check) in [
        ("server_version_num", "140012", "server_version"),
        ("fsync", "off", "fsync"),
        ("full_page_writes", "off", "full_page_writes"),
        ("autovacuum", "off", "autovacuum"),
        ("track_counts", "off", "autovacuum"),
        ("max_connections", "22", "max_connections"),
    ] {
        let read = format!("pg_catalog.current_setting('{setting}')");
        assert!(consentgate_postgres::PREFLIGHT.contains(&read));
        let statement = consentgate_postgres::PREFLIGHT.replace(&read, &format!("'{value}'"));
        let failing = format!(
            "select name from ({}) c where not ok",
            statement.trim_end().trim_end_matches(';')
        );
        let rows = world.client.query(&failing, &[]).await.unwrap();
        let names: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(names, [check], "{setting}");
    }
    for (read, told, check) in [
        ("pg_catalog.pg_is_in_recovery()", "true", "writable"),
        ("pg_catalog.getdatabaseencoding()", "'SQL_ASCII'", "server_encoding"),
    ] {
        let statement = consentgate_postgres::PREFLIGHT.replace(read, told);
        let failing = format!(
            "select name from ({}) c where not ok",
            statement.trim_end().trim_end_matches(';')
        );
        let rows = world.client.query(&failing, &[]).await.unwrap();
        let names: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(names, [check]);
    }
}

/// The owner's rights are its own to give up: so each privilege is taken from the only role there is.
#[tokio::test]
async fn each_privilege_that_is_missing_is_told_by_name() {
    let world = World::new().await;
    for (taken, name) in [
        ("usage on schema consentgate", "privilege:schema"),
        ("select on consentgate.migrations", "migration:0001_schema"),
        ("insert on consentgate.calls", "privilege:calls"),
        ("delete on consentgate.claims", "privilege:claims"),
        ("usage on sequence consentgate.session_versions", "sequence:session_versions"),
        (
            "execute on function consentgate.record_call(jsonb, bytea)",
            "function:record_call(jsonb,bytea)",
        ),
    ] {
        world.run(&format!("begin; revoke {taken} from current_user")).await;
        let checks = preflight(&world.client).await.unwrap();
        let failing: Vec<_> = checks.into_iter().filter(|check| !check.ok).collect();
        assert!(names(&failing).contains(&name), "{taken}: {failing:?}");
        assert!(
            failing.len() == 1 || name.starts_with("migration") || name.ends_with("schema"),
            "{failing:?}"
        );
        world.run("rollback").await;
    }
}

#[tokio::test]
async fn rows_that_row_security_hides_are_told() {
    let world = World::new().await;
    world.database.spoil();
    world
        .run(
            "alter table consentgate.calls enable row level security;
        alter table consentgate.calls force row level security",
        )
        .await;
    assert_eq!(names(&failing(&world).await), ["row_security:calls"]);
}
