//! Migrations: again, at once, and in the middle of use.

use super::{
    things::*,
    world::{Database, World, client_of},
};
use consentgate_postgres::{MIGRATIONS, PREFLIGHT, SchemaError, migrate, preflight};

#[tokio::test]
async fn migrations_may_run_again_and_change_nothing() {
    let world = World::new().await;
    world.database.spoil();
    assert_eq!(Call::new(1).record(&world).await, ENQUEUED);
    for _ in 0..2 {
        migrate(&world.client).await.unwrap();
    }
    assert!(is_there(&world, "a", 1).await);
    let names = "select count(*) from consentgate.migrations";
    assert_eq!(world.count(names).await, MIGRATIONS.len() as i64);
}

/// As a database was before every table was counted.
const BEFORE_ALL_WAS_COUNTED: &str = "
    delete from consentgate.migrations where name = '0014_count_all';
    drop table consentgate.admission_usage;
    create unlogged table consentgate.claims_used (site_id text, stripe int, n bigint, counted_at bigint);
    delete from consentgate.usage where what in ('calls_bytes', 'statements', 'tombstones');
    drop index consentgate.buckets_site_full_at, consentgate.tombstones_site_until,
        consentgate.statements_site_until;
    drop function consentgate.put_tombstone(jsonb), consentgate.make_room(text, text, bigint, numeric);
    create function consentgate.leave_tombstone(jsonb, bigint) returns void language sql as '';
    create function consentgate.drop_claims_of(text, bigint, bigint) returns bigint language sql as 'select 1::bigint';";

#[tokio::test]
async fn law_9_what_was_written_before_all_was_counted_is_counted_by_the_migration() {
    let world = World::new().await;
    world.database.spoil();
    let (claims, buckets) = ([claim(1), claim(2)], [bucket(1, 1_000_000, 2)]);
    for name in ["a", "b"] {
        let site = site(name);
        let ask = Asking { buckets: &buckets, ..Asking::new(&site, &claims, owner(1)) };
        assert_eq!(ask.admit(&world).await, NEW);
        let key = Some((1, KEEP));
        Statement { key, ..Statement::new(name, 1, Some(session(&["x"], 1000))) }.put(&world).await;
        assert!(delete(&world, name, 2, floor(1, KEEP)).await);
        assert_eq!(Call { site, ..Call::new(1) }.record(&world).await, ENQUEUED);
    }
    let counts =
        "select string_agg(concat_ws(' ', site_id, what, n), ', ' order by site_id, what) from (
        select site_id, what, sum(n) as n from (
            select * from consentgate.usage union all select * from consentgate.admission_usage
        ) parts group by site_id, what) counts";
    let counted = async || -> String { world.client.query_one(counts, &[]).await.unwrap().get(0) };
    let before = counted().await;
    assert!(before.contains("a buckets 1, a calls 1, a calls_bytes 5, a claims 2"), "{before}");
    world.run(BEFORE_ALL_WAS_COUNTED).await;
    for _ in 0..2 {
        migrate(&world.client).await.unwrap();
        assert_eq!(counted().await, before);
        let checks = preflight(&world.client).await.unwrap();
        assert!(checks.iter().all(|check| check.ok), "{checks:?}");
    }
    let left = "select count(*) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'consentgate' and p.proname in ('leave_tombstone', 'drop_claims_of')";
    assert_eq!(world.count(left).await, 0, "what only earlier versions used is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_may_be_run_by_many_at_once() {
    let database = Database::empty();
    let migrating: Vec<_> = (0..6)
        .map(|_| {
            let url = database.url();
            tokio::spawn(async move { migrate(&client_of(&url).await).await })
        })
        .collect();
    for each in migrating {
        each.await.unwrap().unwrap();
    }
    let checks = preflight(&client_of(&database.url()).await).await.unwrap();
    assert!(checks.iter().all(|check| check.ok), "{checks:?}");
}

#[tokio::test]
async fn what_was_dropped_is_made_again() {
    let world = World::new().await;
    world.database.spoil();
    for gone in [
        "index consentgate.calls_site_signature_hash_uq",
        "index consentgate.idx_sessions_site_fingerprint",
        "function consentgate.admit(jsonb)",
        "table consentgate.floors",
    ] {
        world.run(&format!("drop {gone}")).await;
        migrate(&world.client).await.unwrap();
        let checks = preflight(&world.client).await.unwrap();
        assert!(checks.iter().all(|check| check.ok), "{gone}");
    }
}

#[tokio::test]
async fn a_migration_that_fails_says_which_and_leaves_the_connection_sound() {
    let world = World::new().await;
    world.database.spoil();
    world.run("drop index consentgate.calls_site_event_id_uq").await;
    for number in 1..=2 {
        assert_eq!(
            Call { event: Some(event(&format!("e{number}"))), ..Call::new(number) }
                .record(&world)
                .await,
            ENQUEUED
        );
    }
    world.run("update consentgate.calls set event_id = 'same'").await;
    let error = migrate(&world.client).await.unwrap_err();
    assert!(matches!(error, SchemaError::Migration { name: "0004_call_tables", .. }));
    let said = format!("{error} {error:?}");
    assert!(said.contains("23505") && !said.contains("same"), "{said}");
    assert_eq!(world.count("select count(*) from consentgate.calls").await, 2);
}

#[test]
fn the_preflight_knows_every_migration_and_every_function() {
    for (name, sql) in MIGRATIONS {
        assert!(PREFLIGHT.contains(&format!("('{name}')")), "{name}");
        assert!(sql.contains(&format!("values ('{name}')")), "{name} is recorded");
        for line in sql.lines() {
            let made = line.strip_prefix("create or replace function consentgate.");
            let Some((function, _)) = made.and_then(|made| made.split_once('(')) else { continue };
            assert!(PREFLIGHT.contains(&format!("('{function}(")), "{function}");
        }
    }
    assert_eq!(PREFLIGHT.matches("('0").count(), MIGRATIONS.len());
}

#[test]
fn field_30_only_one_place_asks_for_the_time() {
    for (name, sql) in MIGRATIONS {
        let code = sql.lines().filter(|line| !line.trim_start().starts_with("--"));
        let asking = code.filter(|line| {
            ["clock_timestamp(", "now()", "current_timestamp", "statement_timestamp"]
                .iter()
                .any(|clock| line.contains(clock))
        });
        // The time itself, and when a migration was applied.
        assert_eq!(asking.count(), if *name == "0001_schema" { 2 } else { 0 }, "{name}");
    }
}
