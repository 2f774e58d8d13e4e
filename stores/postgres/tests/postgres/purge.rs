//! `purge` of each role, and the counts that caps are held against.

use super::{
    things::*,
    world::{START, World},
};

/// Three of each at two sites: claims, sessions with keys, calls with names and jobs.
async fn filled(world: &World) {
    for name in ["a", "b"] {
        let site = site(name);
        for number in 1..=3 {
            let claims = [claim(number)];
            assert_eq!(Asking::new(&site, &claims, owner(1)).admit(world).await, NEW);
            let grant = Statement {
                key: Some((number, KEEP)),
                ..Statement::new(name, number, Some(session(&["x"], 1000)))
            };
            grant.put(world).await;
            let call =
                Call { site: site.clone(), more: vec![hash(50 + number)], ..Call::new(number) };
            assert_eq!(call.record(world).await, ENQUEUED);
        }
    }
}

const USED: &str = "select (select coalesce(sum(n), 0) from consentgate.admission_usage)::bigint
    + (select coalesce(sum(n), 0) from consentgate.usage where what <> 'calls_bytes')::bigint";

#[tokio::test]
async fn law_9_what_is_over_is_dropped_in_batches_and_nothing_else_is() {
    let world = World::at(START).await;
    filled(&world).await;
    assert_eq!(world.count(USED).await, 24);
    world.set(START + KEEP as i64 - 1).await;
    for role in ["admission", "sessions", "calls"] {
        assert_eq!(purge(&world, role, 100).await, 0);
    }
    assert_eq!(world.count(USED).await, 24);
    world.set(START + KEEP as i64).await;
    assert_eq!(purge(&world, "admission", 0).await, 0);
    assert_eq!(purge(&world, "admission", 4).await, 4);
    assert_eq!(purge(&world, "admission", 4).await, 2);
    assert_eq!(purge(&world, "sessions", 7).await, 7);
    assert_eq!(purge(&world, "sessions", u64::MAX).await, 5);
    assert_eq!(purge(&world, "calls", 6).await, 6);
    for table in ["claims", "sessions", "statements", "calls", "call_signatures", "conversions"] {
        let left = format!("select count(*) from consentgate.{table}");
        assert_eq!(world.count(&left).await, 0, "{table}");
    }
    assert_eq!(world.count(USED).await, 0);
    assert_eq!(world.count("select sum(n)::bigint from consentgate.usage").await, 0, "bytes too");
}

#[tokio::test]
async fn field_31_a_bucket_is_dropped_only_when_it_is_full_again() {
    let world = World::at(START).await;
    let (site, buckets) = (site("a"), [bucket(1, 1000, 5)]);
    let ask = Asking { buckets: &buckets, ..Asking::new(&site, &[], owner(1)) };
    assert_eq!(ask.admit(&world).await, NEW);
    world.set(START + 999).await;
    assert_eq!(purge(&world, "admission", 10).await, 0);
    world.set(START + 1000).await;
    assert_eq!(purge(&world, "admission", 10).await, 1);
}

#[tokio::test]
async fn law_9_floors_and_tombstones_are_dropped_only_when_they_are_over() {
    let world = World::at(START).await;
    let refusal = Statement { floor: Some(floor(1, 100)), ..Statement::new("a", 1, None) };
    refusal.put(&world).await;
    delete(&world, "a", 2, floor(1, 200)).await;
    world.set(START + 99).await;
    assert_eq!(purge(&world, "sessions", 10).await, 0);
    world.set(START + 100).await;
    assert_eq!(purge(&world, "sessions", 10).await, 1);
    assert_eq!(purge(&world, "calls", 10).await, 0);
    world.set(START + 200).await;
    assert_eq!(purge(&world, "calls", 10).await, 1, "where sessions are kept elsewhere");
}

#[tokio::test]
async fn law_9_a_count_that_was_changed_by_hand_is_mended_by_the_purge() {
    let world = World::at(START).await;
    filled(&world).await;
    world.run("delete from consentgate.calls where site_id = 'a'").await;
    world.run("update consentgate.usage set n = n + 5 where what = 'sessions'").await;
    world.run("truncate consentgate.claims").await;
    // One count of one site a call, and each once an hour at the most.
    for _ in 0..6 {
        for role in ["admission", "sessions", "calls"] {
            assert_eq!(purge(&world, role, 10).await, 0);
        }
    }
    assert_eq!(
        world.count("select sum(n)::bigint from consentgate.usage where what = 'calls'").await,
        3
    );
    assert_eq!(
        world.count("select sum(n)::bigint from consentgate.usage where what = 'sessions'").await,
        6
    );
    assert_eq!(world.count("select consentgate.used('a', 'claims')").await, 0);
    assert_eq!(world.count("select consentgate.used('a', 'calls_bytes')").await, 0);
    assert_eq!(world.count("select consentgate.used('b', 'calls_bytes')").await, 15);
}

#[tokio::test]
async fn law_9_counts_are_exact_after_writers_and_recounts_at_the_same_time() {
    let world = std::sync::Arc::new(World::new().await);
    let tasks: Vec<_> = (0..24u8)
        .map(|number| {
            let world = world.clone();
            tokio::spawn(async move {
                let site = site("a");
                for round in 0..8u8 {
                    let claims = [claim(number * 8 + round)];
                    let ask = Asking::new(&site, &claims, owner(1));
                    assert_eq!(ask.admit(&world).await, NEW);
                    if round % 2 == 0 {
                        ask.release(&world).await;
                    }
                    if number % 6 == 0 {
                        let recount = "select consentgate.recount('a', 'claims')";
                        world
                            .store
                            .pool()
                            .get()
                            .await
                            .unwrap()
                            .batch_execute(recount)
                            .await
                            .unwrap();
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(world.count("select count(*) from consentgate.claims").await, 24 * 4);
    assert_eq!(world.count("select consentgate.used('a', 'claims')").await, 24 * 4);
}
