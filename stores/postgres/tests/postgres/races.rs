//! Many at the same time, by the server's clock.

use super::{things::*, world::World};
use consentgate::core::stores::{
    AdmitReply, Done, EnqueueReply, RecordReply, SettleReply, Verdict,
};
use std::{future::Future, sync::Arc};

/// Counts that differ from what is there.
const COUNTED_WRONG: &str = "
    select count(*) from (
        select 'buckets' as what, count(*) as n from consentgate.buckets
        union all select 'calls', count(*) from consentgate.calls
        union all select 'calls_bytes', coalesce(sum(length(body)), 0) from consentgate.calls
        union all select 'claims', count(*) from consentgate.claims
        union all select 'floors', count(*) from consentgate.floors
        union all select 'sessions', count(*) from consentgate.sessions
        union all select 'statements', count(*) from consentgate.statements
        union all select 'tombstones', count(*) from consentgate.tombstones
    ) kept
    left join (
        select what, sum(n) as n from (
            select * from consentgate.usage union all select * from consentgate.admission_usage
        ) parts group by what
    ) counted using (what)
    where kept.n <> coalesce(counted.n, 0)";

/// Runs 40 at once; what each said.
async fn forty<T, F>(world: &Arc<World>, run: impl Fn(Arc<World>, u8) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..40).map(|number| tokio::spawn(run(world.clone(), number))).collect();
    let mut said = Vec::new();
    for task in tasks {
        said.push(task.await.unwrap());
    }
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn law_3_forty_records_of_twenty_events_leave_one_row_and_one_job_each() {
    let world = Arc::new(World::new().await);
    let version = granted(&world, "a", 1, 1000).await;
    // Each sends all events in an order of its own, under the signature or under another and the same id.
    let said = forty(&world, move |world, number| async move {
        let mut inserted = 0;
        for step in 0..20u8 {
            let id = (step * 7 + number) % 20;
            let resent = number % 2 == 1;
            let call = Call {
                call_id: call_of(number, id),
                hash: hash(if resent { 100 + id } else { id }),
                event: Some(event(&format!("event-{id}"))),
                version: Some(version),
                ..Call::new(id)
            };
            match call.record(&world).await {
                ENQUEUED => inserted += 1,
                RecordReply::Exists { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        inserted
    })
    .await;
    assert_eq!(said.iter().sum::<u32>(), 20);
    assert_eq!(world.count("select count(distinct event_id) from consentgate.calls").await, 20);
    assert_eq!(world.count("select count(*) from consentgate.calls").await, 20);
    assert_eq!(world.count("select count(*) from consentgate.conversions").await, 20);
    assert_eq!(
        world.count("select sum(n)::bigint from consentgate.usage where what = 'calls'").await,
        20
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn field_37_whoever_loses_the_race_is_told_of_the_winners_row() {
    let world = Arc::new(World::new().await);
    for round in 0..10u8 {
        let said = forty(&world, move |world, number| async move {
            // Names that overlap in circles: each shares one with the next.
            let more = vec![hash(round * 20 + number % 3), hash(round * 20 + (number + 1) % 3)];
            let call = Call { more, call_id: call(number), ..Call::new(round * 20 + 3) };
            let mut bytes = *call.call_id.as_bytes();
            bytes[0] = round;
            Call { call_id: consentgate::ids::CallId::from_bytes(bytes), ..call }
                .record(&world)
                .await
        })
        .await;
        let winners = said.iter().filter(|said| **said == ENQUEUED).count();
        let losers = said.iter().filter(|said| matches!(said, RecordReply::Exists { .. })).count();
        assert_eq!((winners, losers), (1, 39), "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn field_23_of_forty_that_bring_the_same_new_claims_one_is_admitted() {
    let world = Arc::new(World::new().await);
    for round in 0..10u8 {
        let said = forty(&world, move |world, number| async move {
            // In both orders, and with one of three missing: they all share two.
            let mut claims = vec![claim(round * 4), claim(round * 4 + 1)];
            if number % 3 == 0 {
                claims.push(claim(round * 4 + 2));
            }
            if number % 2 == 0 {
                claims.reverse();
            }
            let buckets = [bucket(1, 1, 1000)];
            let site = site("a");
            Asking { buckets: &buckets, ..Asking::new(&site, &claims, owner(number)) }
                .admit(&world)
                .await
        })
        .await;
        let admitted = said.iter().filter(|said| **said == NEW).count();
        let held = said.iter().filter(|said| matches!(said, AdmitReply::Held { .. })).count();
        assert_eq!((admitted, held), (1, 39), "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn field_27_a_bucket_gives_exactly_its_tokens_to_many_at_once() {
    let world = Arc::new(World::new().await);
    let said = forty(&world, |world, number| async move {
        let (site, claims, buckets) = (site("a"), [claim(number)], [bucket(1, 600_000, 7)]);
        let ask = Asking { buckets: &buckets, ..Asking::new(&site, &claims, owner(number)) };
        let said = ask.admit(&world).await;
        // Half of those that got one give it back, and others may have it.
        if said == NEW && number % 2 == 0 {
            ask.release(&world).await == SettleReply::Lost
        } else {
            said == NEW
        }
    })
    .await;
    let kept = said.into_iter().filter(|kept| *kept).count() as i64;
    assert!(kept <= 7);
    // What is left is there to be had, and no more.
    let (site, buckets) = (site("a"), [bucket(1, 600_000, 7)]);
    let ask = Asking { buckets: &buckets, ..Asking::new(&site, &[], owner(99)) };
    for _ in kept..7 {
        assert_eq!(ask.admit(&world).await, NEW);
    }
    assert!(matches!(ask.admit(&world).await, AdmitReply::Limited { .. }));
    assert_eq!(world.count("select count(*) from consentgate.claims").await, kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn law_3_forty_sales_of_one_call_queue_one_job() {
    let world = Arc::new(World::new().await);
    let call = Call { verdict: Verdict::Skipped, ..Call::new(1) };
    assert_eq!(call.record(&world).await, SKIPPED);
    let said = forty(&world, move |world, _| {
        let call = call.clone();
        async move { call.enqueue(&world, &[], KEEP).await }
    })
    .await;
    let enqueued = said.iter().filter(|said| **said == EnqueueReply::Enqueued).count();
    let already = said.iter().filter(|said| **said == EnqueueReply::Already).count();
    assert_eq!((enqueued, already), (1, 39), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn law_11_everything_at_once_waits_in_no_circle() {
    let world = Arc::new(World::new().await);
    let said = forty(&world, |world, number| async move {
        let name = ["a", "b"][usize::from(number % 2)];
        let mine = site(name);
        for round in 0..12u8 {
            let who = (number + round) % 4;
            let claims = [claim(round), claim((round + number) % 12)];
            let buckets = [bucket(round % 3, 1, 1000), bucket(number % 3 + 10, 1, 1000)];
            let ask = Asking { buckets: &buckets, ..Asking::new(&mine, &claims, owner(number)) };
            if ask.admit(&world).await == NEW {
                match round % 3 {
                    0 => ask.release(&world).await,
                    _ => ask.commit(&world, Done::Refused, 1).await,
                };
            }
            let call = Call {
                site: mine.clone(),
                person: who,
                more: vec![hash(round + 1), hash(number % 12)],
                event: Some(event(&format!("e{}", (round + number) % 12))),
                keep: 1,
                most: 5,
                delay: 0,
                call_id: call_of(number, round),
                ..Call::new(round)
            };
            let _ = call.record(&world).await;
            match (number + round) % 6 {
                0 => assert!(erase(&world, name, who, floor(500, 1)).await),
                1 => assert!(delete(&world, name, who, floor(500, 1)).await),
                2 => {
                    Statement {
                        person: who,
                        key: Some((round, 1)),
                        floor: Some(floor(500, 1)),
                        most_floors: 2,
                        ..Statement::new(name, who, Some(session(&["x"], 1000)))
                    }
                    .put(&world)
                    .await;
                }
                3 => {
                    purge(&world, "admission", 3).await;
                    purge(&world, "sessions", 3).await;
                }
                4 => drop(purge(&world, "calls", 3).await),
                _ => drop(take(&world, number, 3).await),
            }
        }
    })
    .await;
    assert_eq!(said.len(), 40);
    assert_eq!(world.count(COUNTED_WRONG).await, 0);
}
