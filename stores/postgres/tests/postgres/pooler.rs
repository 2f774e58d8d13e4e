//! Behind PgBouncer in transaction mode: nothing that a session would keep is relied on, and nothing is left in one.

use super::{
    things::*,
    world::{World, client_of},
};
use consentgate::core::stores::{AdmitReply, Done, RecordReply, SettleReply};
use consentgate_postgres::{connect, migrate, preflight};
use std::{sync::Arc, time::Duration};

fn pooler(name: &str) -> String {
    let url = std::env::var("CONSENTGATE_TEST_PGBOUNCER_URL").expect(
        "CONSENTGATE_TEST_PGBOUNCER_URL is missing: start the engines: scripts/engines.sh up",
    );
    let (place, _) = url.rsplit_once('/').expect("a URL with a database");
    format!("{place}/{name}")
}

/// The store through the pooler, with ten times as many connections as the pooler has to the server.
async fn behind() -> World {
    let mut world = World::new().await;
    // The pooler keeps connections to it.
    world.database.spoil();
    let url = pooler(world.database.name());
    world.store = connect(&url, 40).unwrap().with_wait(Duration::from_secs(20));
    world
}

#[tokio::test]
async fn migrations_and_preflight_run_through_a_pooler() {
    let world = behind().await;
    let client = client_of(&pooler(world.database.name())).await;
    for _ in 0..2 {
        migrate(&client).await.unwrap();
        let checks = preflight(&client).await.unwrap();
        assert!(checks.iter().all(|check| check.ok), "{checks:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn field_37_a_storm_of_duplicates_through_few_connections_leaves_one_row_each() {
    let world = Arc::new(behind().await);
    granted(&world, "a", 1, 1000).await;
    let copies: Vec<_> = (0..40u8)
        .map(|number| {
            let world = world.clone();
            tokio::spawn(async move {
                let site = site("a");
                for step in 0..8u8 {
                    let event = (step * 3 + number) % 8;
                    let mut claims = [claim(event), claim(event + 100)];
                    if number % 2 == 1 {
                        claims.reverse();
                    }
                    let buckets = [bucket(event, 1, 1000)];
                    let ask =
                        Asking { buckets: &buckets, ..Asking::new(&site, &claims, owner(number)) };
                    let call = Call { call_id: call_of(number, step), ..Call::new(event) };
                    match ask.admit(&world).await {
                        NEW => {
                            let done = Done::Accepted(call.call_id);
                            assert_eq!(ask.commit(&world, done, KEEP).await, SettleReply::Settled);
                        }
                        AdmitReply::Held { .. } | AdmitReply::Done(Done::Accepted(_)) => {}
                        other => panic!("{other:?}"),
                    }
                    // All of them try: the unique indexes let one in.
                    assert!(matches!(
                        call.record(&world).await,
                        ENQUEUED | RecordReply::Exists { .. }
                    ));
                }
            })
        })
        .collect();
    for copy in copies {
        copy.await.unwrap();
    }
    assert_eq!(world.count("select count(*) from consentgate.calls").await, 8);
    assert_eq!(world.count("select count(*) from consentgate.conversions").await, 8);
    assert_eq!(world.count("select count(*) from consentgate.claims").await, 16);
    assert_eq!(world.count("select consentgate.used('a', 'claims')").await, 16);
    assert_eq!(world.count("select consentgate.used('a', 'calls')").await, 8);
    // No statement was left prepared, no setting was left behind, and no lock is held.
    let left = "select count(*) from pg_locks l join pg_database d on d.oid = l.database
        where l.locktype = 'advisory' and d.datname = current_database()";
    assert_eq!(world.count(left).await, 0);
    let client = client_of(&pooler(world.database.name())).await;
    for _ in 0..8 {
        let rows = client
            .query_typed(
                "select current_setting('lock_timeout'), (select count(*) from pg_prepared_statements)",
                &[],
            )
            .await
            .unwrap();
        let (timeout, prepared): (&str, i64) = (rows[0].get(0), rows[0].get(1));
        assert_eq!((timeout, prepared), ("0", 0));
    }
}
