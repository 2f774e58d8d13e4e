//! The role `calls`: the queue of conversions.

use super::{
    things::*,
    world::{START, World},
};
use consentgate::{
    Millis,
    core::stores::{EnqueueReply, FinishReply, JobEnding},
};

#[tokio::test]
async fn jobs_are_taken_when_they_are_due_those_due_longest_first() {
    let world = World::at(START).await;
    for (number, delay) in [(1, 3000), (2, 1000), (3, 2000)] {
        let call = Call { delay, event: (number == 2).then(|| event("e2")), ..Call::new(number) };
        assert_eq!(call.record(&world).await, ENQUEUED);
    }
    assert_eq!(Call { site: site("b"), delay: 0, ..Call::new(4) }.record(&world).await, ENQUEUED);
    world.set(START + 999).await;
    assert!(take(&world, 1, 10).await.is_empty());
    world.set(START + 1000).await;
    let jobs = take(&world, 1, 10).await;
    assert_eq!(numbers(&jobs), [2]);
    let (fingerprint, _) = person(1);
    assert_eq!((&jobs[0].fingerprint, jobs[0].received_at), (&fingerprint, at(77)));
    assert_eq!((jobs[0].event_id.as_ref(), jobs[0].attempts), (Some(&event("e2")), 1));
    assert_eq!(jobs[0].body, [2, 0, 255, b'\n', b'\\']);
    world.set(START + 60_000).await;
    assert_eq!(numbers(&take(&world, 1, 0).await), [] as [u8; 0]);
    assert_eq!(
        numbers(&take(&world, 1, 2).await),
        [3, 1],
        "before the one whose lease is over later"
    );
    assert_eq!(numbers(&take(&world, 1, 2).await), [2]);
}

#[tokio::test]
async fn a_body_comes_back_byte_for_byte_however_long() {
    let world = World::at(START).await;
    let body: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    assert_eq!(
        Call { delay: 0, body: body.clone(), ..Call::new(1) }.record(&world).await,
        ENQUEUED
    );
    assert!(take(&world, 1, 1).await[0].body == body);
}

#[tokio::test]
async fn field_21_a_leased_job_is_nobody_elses_until_the_lease_is_over() {
    let world = World::at(START).await;
    assert_eq!(Call { delay: 0, ..Call::new(1) }.record(&world).await, ENQUEUED);
    assert_eq!(take(&world, 1, 10).await.len(), 1);
    world.set(START + LEASE as i64 - 1).await;
    assert!(take(&world, 2, 10).await.is_empty());
    world.set(START + LEASE as i64).await;
    // Lapsed, it is still the first owner's as long as nobody took it.
    let again = take(&world, 2, 10).await;
    assert_eq!(again[0].attempts, 2);
    assert_eq!(finish(&world, 1, 1, JobEnding::Sent).await, FinishReply::Lost);
    assert_eq!(finish(&world, 1, 2, JobEnding::Sent).await, FinishReply::Finished);
    assert_eq!(finish(&world, 1, 2, JobEnding::Sent).await, FinishReply::Lost);
}

#[tokio::test]
async fn field_22_whoever_took_a_job_ends_it_even_after_the_lease() {
    let world = World::at(START).await;
    assert_eq!(Call { delay: 0, ..Call::new(1) }.record(&world).await, ENQUEUED);
    assert_eq!(take(&world, 1, 1).await.len(), 1);
    world.set(START + 2 * LEASE as i64).await;
    assert_eq!(finish(&world, 1, 1, JobEnding::Cancelled).await, FinishReply::Finished);
    assert!(take(&world, 1, 1).await.is_empty());
}

#[tokio::test]
async fn law_3_what_has_ended_is_final_and_stays_the_only_job() {
    let world = World::at(START).await;
    for (number, ending) in
        [(1, JobEnding::Sent), (2, JobEnding::Cancelled), (3, JobEnding::Failed)]
    {
        let call = Call { delay: 0, ..Call::new(number) };
        assert_eq!(call.record(&world).await, ENQUEUED);
        assert_eq!(numbers(&take(&world, 1, 1).await), [number]);
        assert_eq!(finish(&world, number, 1, ending).await, FinishReply::Finished);
        assert_eq!(call.enqueue(&world, &[], KEEP).await, EnqueueReply::Already);
        world.set(START + i64::from(number) * LEASE as i64).await;
        assert!(take(&world, 1, 10).await.is_empty());
    }
}

#[tokio::test]
async fn a_retry_is_due_again_after_its_delay() {
    let world = World::at(START).await;
    assert_eq!(Call { delay: 0, ..Call::new(1) }.record(&world).await, ENQUEUED);
    assert_eq!(take(&world, 1, 1).await.len(), 1);
    let retry = JobEnding::Retry { delay: Millis(500) };
    assert_eq!(finish(&world, 1, 1, retry).await, FinishReply::Finished);
    assert_eq!(finish(&world, 1, 1, retry).await, FinishReply::Lost, "it is nobody's now");
    world.set(START + 499).await;
    assert!(take(&world, 1, 1).await.is_empty());
    world.set(START + 500).await;
    assert_eq!(take(&world, 2, 1).await[0].attempts, 2);
}

#[tokio::test]
async fn law_7_a_job_ends_with_its_call() {
    let world = World::at(START).await;
    assert_eq!(Call { delay: 0, keep: 5000, ..Call::new(1) }.record(&world).await, ENQUEUED);
    assert_eq!(Call { delay: 0, person: 2, ..Call::new(2) }.record(&world).await, ENQUEUED);
    assert_eq!(take(&world, 1, 10).await.len(), 2);
    assert!(erase(&world, "a", 2, floor(5000, 10)).await);
    assert_eq!(finish(&world, 2, 1, JobEnding::Sent).await, FinishReply::Lost);
    world.set(START + 5000).await;
    assert_eq!(finish(&world, 1, 1, JobEnding::Sent).await, FinishReply::Lost);
}

#[tokio::test]
async fn law_3_many_takers_at_once_are_given_each_job_once() {
    let world = World::new().await;
    for number in 0..60 {
        assert_eq!(Call { delay: 0, ..Call::new(number) }.record(&world).await, ENQUEUED);
    }
    let world = std::sync::Arc::new(world);
    let takers: Vec<_> = (0..12)
        .map(|who| {
            let world = world.clone();
            tokio::spawn(async move { numbers(&take(&world, who, 7).await) })
        })
        .collect();
    let mut all = Vec::new();
    for taker in takers {
        all.extend(taker.await.unwrap());
    }
    all.extend(numbers(&take(&world, 99, 100).await));
    all.sort_unstable();
    assert_eq!(all, (0..60).collect::<Vec<u8>>());
}
