//! The role `calls`: rows and what makes them unique.

use super::{
    things::*,
    world::{START, World},
};
use consentgate::{
    Marketing::{Enqueued, Skipped},
    core::stores::{EnqueueReply, RecordReply, Verdict},
    ids::SessionVersion,
};

#[tokio::test]
async fn law_3_a_call_is_recorded_once_by_each_of_its_names() {
    let world = World::at(START).await;
    let first = Call { event: Some(event("evt-1")), ..Call::new(1) };
    assert_eq!(first.record(&world).await, ENQUEUED);
    assert_eq!(first.record(&world).await, exists(1, Enqueued));
    let same_signature = Call { hash: hash(1), ..Call::new(2) };
    assert_eq!(same_signature.record(&world).await, exists(1, Enqueued));
    let same_event =
        Call { event: Some(event("evt-1")), verdict: Verdict::Skipped, ..Call::new(3) };
    assert_eq!(same_event.record(&world).await, exists(1, Enqueued), "with that row's verdict");
    let elsewhere = Call { site: site("b"), ..first.clone() };
    assert_eq!(elsewhere.record(&world).await, ENQUEUED, "two sites, two calls (law 8)");
    assert_eq!(world.count("select count(*) from consentgate.calls where site_id = 'a'").await, 1);
    assert_eq!(
        world.count("select count(*) from consentgate.conversions where site_id = 'a'").await,
        1
    );
}

#[tokio::test]
async fn law_3_a_rotation_of_keys_opens_nothing() {
    let world = World::at(START).await;
    let both = Call { more: vec![hash(11), hash(12)], verdict: Verdict::Skipped, ..Call::new(10) };
    assert_eq!(both.record(&world).await, SKIPPED);
    // The first key is gone; then the order has changed; then only the last is left.
    let cases = [(11, vec![12]), (12, vec![11, 10]), (12, vec![])];
    for (first, more) in cases {
        let later =
            Call { hash: hash(first), more: more.into_iter().map(hash).collect(), ..Call::new(20) };
        assert_eq!(later.record(&world).await, exists(10, Skipped));
    }
    // Recorded under one key, met under two.
    assert_eq!(Call::new(30).record(&world).await, ENQUEUED);
    let rotated = Call { hash: hash(31), more: vec![hash(30)], ..Call::new(40) };
    assert_eq!(rotated.record(&world).await, exists(30, Enqueued));
}

#[tokio::test]
async fn law_5_no_row_without_the_session_that_was_judged() {
    let world = World::at(START).await;
    let version = granted(&world, "a", 1, 1000).await;
    let under = |version| Call { version: Some(version), ..Call::new(1) };
    assert_eq!(under(SessionVersion(version.0 + 1)).record(&world).await, RecordReply::Moved);
    let other_person = Call { person: 2, ..under(version) };
    assert_eq!(other_person.record(&world).await, RecordReply::Moved);
    let other_site = Call { site: site("b"), ..under(version) };
    assert_eq!(other_site.record(&world).await, RecordReply::Moved);
    world.set(START + KEEP as i64).await;
    assert_eq!(under(version).record(&world).await, RecordReply::Moved, "it is over");
    world.set(START + KEEP as i64 - 1).await;
    assert_eq!(under(version).record(&world).await, ENQUEUED);
    // A withdrawal comes before what is known of the row.
    assert!(delete(&world, "a", 1, floor(1, 1)).await);
    assert_eq!(under(version).record(&world).await, RecordReply::Moved);
}

#[tokio::test]
async fn law_7_a_tombstone_at_or_after_the_grant_forbids_the_row() {
    let world = World::at(START).await;
    assert!(erase(&world, "a", 1, floor(5000, 100)).await);
    let grant = |changed_at, number| Call { changed_at, ..Call::new(number) };
    assert_eq!(grant(5000, 1).record(&world).await, RecordReply::Moved);
    assert_eq!(grant(5001, 1).record(&world).await, ENQUEUED);
    let refusal =
        Statement { floor: Some(floor(9000, 100)), person: 2, ..Statement::new("a", 2, None) };
    assert_eq!(refusal.put(&world).await, consentgate::core::stores::PutReply::Stored);
    assert_eq!(Call { person: 2, ..grant(1, 2) }.record(&world).await, ENQUEUED, "a floor is none");
    world.set(START + 99).await;
    assert_eq!(grant(5000, 3).record(&world).await, RecordReply::Moved);
    world.set(START + 100).await;
    assert_eq!(grant(5000, 3).record(&world).await, ENQUEUED);
}

#[tokio::test]
async fn field_24_a_verdict_that_is_pending_goes_on_and_no_other_does() {
    let world = World::at(START).await;
    for (number, verdict, marketing, jobs) in
        [(1, Verdict::Pending, Enqueued, 1), (2, Verdict::Skipped, Skipped, 1)]
    {
        let call = Call { verdict, ..Call::new(number) };
        assert_eq!(
            Call { verdict: Verdict::Skipped, ..call.clone() }.record(&world).await,
            SKIPPED
        );
        world
            .run("update consentgate.calls set marketing = 'pending' where marketing = 'skipped'")
            .await;
        assert_eq!(call.record(&world).await, exists(number, marketing));
        let later = Call { verdict: Verdict::Pending, ..call };
        assert_eq!(later.record(&world).await, exists(number, marketing), "it is settled");
        assert_eq!(world.count("select count(*) from consentgate.conversions").await, jobs);
    }
}

/// Found by `law_11_everything_at_once_waits_in_no_circle`: its verdict was null, which no reply may hold.
#[tokio::test]
async fn law_4_a_call_that_was_dropped_once_it_was_found_is_not_met() {
    let world = World::at(START).await;
    assert_eq!(Call::new(1).record(&world).await, ENQUEUED);
    let meets = "select count(m) from consentgate.calls c,
        lateral consentgate.meet_call(c.site_id, c.call_id, 'pending', 0) m";
    assert_eq!(world.count(meets).await, 1);
    let gone = "select count(m) from consentgate.meet_call('a', gen_random_uuid(), 'pending', 0) m";
    assert_eq!(world.count(gone).await, 0);
}

#[tokio::test]
async fn field_25_a_call_that_is_over_is_absent_to_every_method_and_every_index() {
    let world = World::at(START).await;
    let call = Call { event: Some(event("evt")), more: vec![hash(8)], keep: 5000, ..Call::new(1) };
    assert_eq!(call.record(&world).await, ENQUEUED);
    world.set(START + 4999).await;
    assert!(is_there(&world, "a", 1).await);
    assert_eq!(call.record(&world).await, exists(1, Enqueued));
    world.set(START + 5000).await;
    assert!(!is_there(&world, "a", 1).await);
    assert_eq!(call.enqueue(&world, &[], KEEP).await, EnqueueReply::Missing);
    assert!(take(&world, 1, 10).await.is_empty());
    let again = Call { hash: hash(8), more: vec![], event: Some(event("evt")), ..Call::new(2) };
    assert_eq!(again.record(&world).await, ENQUEUED, "its names are free again");
    assert_eq!(world.count("select count(*) from consentgate.calls").await, 1);
    assert_eq!(world.count("select count(*) from consentgate.call_signatures").await, 0);
    assert_eq!(world.count("select consentgate.used('a', 'calls')").await, 1);
}

#[tokio::test]
async fn law_9_a_site_has_no_more_calls_than_its_cap() {
    let world = World::at(START).await;
    let capped = |number| Call { most: 2, ..Call::new(number) };
    assert_eq!(capped(1).record(&world).await, ENQUEUED);
    assert_eq!(capped(2).record(&world).await, ENQUEUED);
    assert_eq!(capped(3).record(&world).await, RecordReply::Full);
    assert_eq!(capped(1).record(&world).await, exists(1, Enqueued), "a row that is there is met");
    assert_eq!(Call { site: site("b"), ..capped(3) }.record(&world).await, ENQUEUED);
    world.set(START + KEEP as i64).await;
    assert_eq!(capped(3).record(&world).await, ENQUEUED, "what is over gives up its place");
    assert!(erase(&world, "a", 1, floor(1, 1)).await);
    world.set(START + KEEP as i64 + 1).await;
    assert_eq!(capped(4).record(&world).await, ENQUEUED);
    assert_eq!(capped(5).record(&world).await, ENQUEUED);
    assert_eq!(capped(6).record(&world).await, RecordReply::Full);
}

#[tokio::test]
async fn law_3_a_conversion_is_queued_once_ever() {
    let world = World::at(START).await;
    let call = Call { verdict: Verdict::Skipped, ..Call::new(1) };
    assert_eq!(call.enqueue(&world, &[], KEEP).await, EnqueueReply::Missing);
    assert_eq!(call.record(&world).await, SKIPPED);
    assert_eq!(call.enqueue(&world, &["marketing"], KEEP).await, EnqueueReply::Enqueued);
    assert_eq!(call.enqueue(&world, &["marketing"], KEEP).await, EnqueueReply::Already);
    assert_eq!(call.record(&world).await, exists(1, Enqueued));
    let elsewhere = Call { site: site("b"), ..call };
    assert_eq!(elsewhere.enqueue(&world, &[], KEEP).await, EnqueueReply::Missing);
}

#[tokio::test]
async fn law_5_no_job_without_the_session_that_was_judged_and_the_scopes_it_needs() {
    let world = World::at(START).await;
    let version = granted(&world, "a", 1, 1000).await;
    let call = Call { verdict: Verdict::Skipped, version: Some(version), ..Call::new(1) };
    assert_eq!(call.record(&world).await, SKIPPED);
    for needed in [&["marketing", "more"][..], &["Marketing"], &["market"]] {
        assert_eq!(call.enqueue(&world, needed, KEEP).await, EnqueueReply::Moved, "{needed:?}");
    }
    let stale = Call { version: Some(SessionVersion(version.0 + 1)), ..call.clone() };
    assert_eq!(stale.enqueue(&world, &["marketing"], KEEP).await, EnqueueReply::Moved);
    assert_eq!(
        call.enqueue(&world, &["marketing", "analytics"], KEEP).await,
        EnqueueReply::Enqueued
    );
    assert_eq!(stale.enqueue(&world, &[], KEEP).await, EnqueueReply::Moved);
}

#[tokio::test]
async fn law_3_a_call_that_was_queued_later_lives_longer_with_all_its_names() {
    let world = World::at(START).await;
    let call = Call { verdict: Verdict::Skipped, more: vec![hash(5)], keep: 1000, ..Call::new(1) };
    assert_eq!(call.record(&world).await, SKIPPED);
    world.set(START + 999).await;
    assert_eq!(call.enqueue(&world, &[], 5000).await, EnqueueReply::Enqueued);
    world.set(START + 5998).await;
    let copy = Call { hash: hash(5), ..Call::new(2) };
    assert_eq!(copy.record(&world).await, exists(1, Enqueued));
    world.set(START + 5999).await;
    assert_eq!(copy.record(&world).await, ENQUEUED);
    // One that was to live longer anyway is not cut.
    assert_eq!(Call { verdict: Verdict::Skipped, ..Call::new(3) }.record(&world).await, SKIPPED);
    assert_eq!(Call::new(3).enqueue(&world, &[], 1).await, EnqueueReply::Enqueued);
    assert!(is_there(&world, "a", 3).await);
    world.set(START + 6100).await;
    assert!(is_there(&world, "a", 3).await);
}

#[tokio::test]
async fn law_7_an_erased_person_leaves_no_call_no_name_and_no_job() {
    let world = World::at(START).await;
    for number in 1..=3 {
        let call = Call {
            event: Some(event(&format!("e{number}"))),
            more: vec![hash(100 + number)],
            ..Call::new(number)
        };
        assert_eq!(call.record(&world).await, ENQUEUED);
    }
    assert_eq!(Call { person: 2, ..Call::new(4) }.record(&world).await, ENQUEUED);
    assert_eq!(Call { site: site("b"), ..Call::new(5) }.record(&world).await, ENQUEUED);
    for _ in 0..2 {
        assert!(erase(&world, "a", 1, floor(5000, KEEP)).await, "idempotent");
    }
    assert_eq!(world.count("select count(*) from consentgate.calls").await, 2);
    assert_eq!(world.count("select count(*) from consentgate.conversions").await, 2);
    assert_eq!(world.count("select count(*) from consentgate.call_signatures").await, 0);
    assert_eq!(find(&world, "a", 1).await.floor, Some(at(5000)));
    let everything = "select count(*) from consentgate.calls c, consentgate.usage u
        where c.site_id = 'a' and u.site_id = 'a' and c.fingerprint = 'person-1-é'";
    assert_eq!(world.count(everything).await, 0);
}

#[tokio::test]
async fn law_9_a_site_has_no_more_bytes_of_bodies_than_its_cap() {
    let world = World::at(START).await;
    let sized = |name, number, size| Call {
        site: site(name),
        body: vec![b'x'; size],
        most_bytes: 30_000,
        ..Call::new(number)
    };
    assert_eq!(sized("a", 1, 20_000).record(&world).await, ENQUEUED);
    assert_eq!(sized("a", 2, 10_001).record(&world).await, RecordReply::Full);
    assert_eq!(sized("b", 2, 10_001).record(&world).await, ENQUEUED, "of another site");
    assert_eq!(sized("a", 2, 10_000).record(&world).await, ENQUEUED);
    assert_eq!(sized("a", 3, 1).record(&world).await, RecordReply::Full);
    assert_eq!(sized("a", 3, 0).record(&world).await, ENQUEUED);
    assert_eq!(sized("a", 1, 9).record(&world).await, exists(1, Enqueued), "it is there");
    assert!(erase(&world, "a", 1, floor(1, 1)).await);
    assert_eq!(world.count("select consentgate.used('a', 'calls_bytes')").await, 0);
    assert_eq!(sized("a", 4, 30_000).record(&world).await, ENQUEUED);
    // What is over gives up its bytes: under its own name, for want of room, and to a purge.
    world.set(START + KEEP as i64).await;
    assert_eq!(sized("a", 4, 7).record(&world).await, ENQUEUED);
    assert_eq!(world.count("select consentgate.used('a', 'calls_bytes')").await, 7);
    assert_eq!(sized("b", 5, 29_999).record(&world).await, ENQUEUED);
    assert_eq!(world.count("select consentgate.used('b', 'calls_bytes')").await, 29_999);
    world.set(START + 2 * KEEP as i64).await;
    assert_eq!(purge(&world, "calls", 10).await, 3, "a tombstone with them");
    assert_eq!(world.count("select sum(n)::bigint from consentgate.usage").await, 0);
}
