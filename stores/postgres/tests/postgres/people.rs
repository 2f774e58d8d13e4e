//! The role `sessions`.

use super::{
    things::*,
    world::{START, World},
};
use consentgate::{core::stores::PutReply, ids::SessionVersion};

#[tokio::test]
async fn a_session_is_found_as_it_was_stored_until_it_is_over() {
    let world = World::at(START).await;
    let mut stored = session(&["analytics", "é \" \\ scope"], 5000);
    (stored.policy_version, stored.gpc, stored.narrowed) = (None, true, true);
    let statement = Statement::new("a", 1, Some(stored.clone()));
    assert_eq!(statement.put(&world).await, PutReply::Stored);
    assert_eq!(find(&world, "a", 1).await.session.unwrap().session, stored);
    assert_eq!(find(&world, "b", 1).await, Default::default(), "of another site (law 8)");
    assert_eq!(find(&world, "a", 2).await, Default::default());
    world.set(START + KEEP as i64 - 1).await;
    assert!(find(&world, "a", 1).await.session.is_some());
    world.set(START + KEEP as i64).await;
    assert!(find(&world, "a", 1).await.session.is_none());
    // What is over has no version any more.
    assert_eq!(statement.put(&world).await, PutReply::Stored);
}

#[tokio::test]
async fn law_7_only_the_version_that_was_judged_is_overwritten() {
    let world = World::at(START).await;
    let first = granted(&world, "a", 1, 1000).await;
    let widened = Statement::new("a", 1, Some(session(&["analytics"], 2000)));
    assert_eq!(widened.put(&world).await, PutReply::Conflict, "there must be none");
    let wrong = Statement { expected: Some(SessionVersion(first.0 + 1)), ..widened.clone() };
    assert_eq!(wrong.put(&world).await, PutReply::Conflict);
    let narrowing = Statement { narrowing: true, ..wrong.clone() };
    assert_eq!(narrowing.put(&world).await, PutReply::Conflict, "narrowing is judged anew, too");
    let right = Statement { expected: Some(first), ..widened };
    assert_eq!(right.put(&world).await, PutReply::Stored);
    let second = find(&world, "a", 1).await.session.unwrap().version;
    assert_ne!(first, second);
    assert_eq!(right.put(&world).await, PutReply::Conflict);
}

#[tokio::test]
async fn law_7_a_version_never_comes_again_not_even_after_a_delete() {
    let world = World::at(START).await;
    let mut seen = std::collections::HashSet::new();
    for round in 0..5 {
        assert!(seen.insert(granted(&world, "a", 1, 10_000 + round).await));
        assert!(delete(&world, "a", 1, floor(9000, 10)).await);
        assert!(find(&world, "a", 1).await.session.is_none());
    }
}

#[tokio::test]
async fn law_7_no_grant_at_or_before_a_floor_is_stored_until_the_floor_is_over() {
    let world = World::at(START).await;
    let refusal =
        |at, keep| Statement { floor: Some(floor(at, keep)), ..Statement::new("a", 1, None) };
    let grant = |at| Statement::new("a", 1, Some(session(&["analytics"], at)));
    assert_eq!(refusal(5000, 100).put(&world).await, PutReply::Stored);
    assert_eq!(refusal(4000, 100).put(&world).await, PutReply::Stored);
    assert_eq!(find(&world, "a", 1).await.floor, Some(at(5000)), "the newest wins");
    assert_eq!(grant(5000).put(&world).await, PutReply::Conflict);
    world.set(START + 99).await;
    assert_eq!(grant(4999).put(&world).await, PutReply::Conflict);
    assert_eq!(grant(5001).put(&world).await, PutReply::Stored);
    world.set(START + 100).await;
    assert_eq!(find(&world, "a", 1).await.floor, None);
    // A floor that is over does not lend its time to a new one.
    assert_eq!(refusal(3000, 100).put(&world).await, PutReply::Conflict);
    let version = find(&world, "a", 1).await.session.unwrap().version;
    let again = Statement { expected: Some(version), ..refusal(3000, 100) };
    assert_eq!(again.put(&world).await, PutReply::Stored);
    assert_eq!(find(&world, "a", 1).await.floor, Some(at(3000)));
    // Narrowing is refused by no floor.
    let narrowed =
        Statement { narrowing: true, floor: None, session: Some(session(&[], 2000)), ..again };
    assert_eq!(narrowed.put(&world).await, PutReply::Stored);
}

#[tokio::test]
async fn law_7_a_tombstone_is_a_floor_for_grants_of_every_kind() {
    let world = World::at(START).await;
    granted(&world, "a", 1, 1000).await;
    assert!(delete(&world, "a", 1, floor(5000, 100)).await);
    assert!(delete(&world, "a", 1, floor(4000, 200)).await);
    let found = find(&world, "a", 1).await;
    assert_eq!((found.session, found.floor), (None, Some(at(5000))));
    let grant = |at| Statement::new("a", 1, Some(session(&["analytics"], at)));
    assert_eq!(grant(5000).put(&world).await, PutReply::Conflict);
    world.set(START + 199).await;
    assert_eq!(grant(5000).put(&world).await, PutReply::Conflict, "kept as long as the last said");
    world.set(START + 200).await;
    assert_eq!(grant(5000).put(&world).await, PutReply::Stored);
    assert_eq!(
        world.count("select count(*) from consentgate.tombstones where pseudonym is null").await,
        0
    );
}

#[tokio::test]
async fn field_23_a_statement_is_known_again_as_long_as_its_key_is_kept() {
    let world = World::at(START).await;
    let grant = Statement {
        key: Some((7, 1000)),
        ..Statement::new("a", 1, Some(session(&["analytics"], 1000)))
    };
    assert_eq!(grant.put(&world).await, PutReply::Stored);
    assert_eq!(grant.put(&world).await, PutReply::Repeated, "before any conflict");
    let elsewhere = Statement { site: site("b"), ..grant.clone() };
    assert_eq!(elsewhere.put(&world).await, PutReply::Stored);
    world.set(START + 999).await;
    assert_eq!(grant.put(&world).await, PutReply::Repeated);
    let expected = find(&world, "a", 1).await.session.map(|session| session.version);
    let narrowing = Statement { narrowing: true, expected, ..grant.clone() };
    assert_eq!(narrowing.put(&world).await, PutReply::Stored, "no key refuses what narrows");
    world.set(START + 999 + 1000).await;
    assert_eq!(grant.put(&world).await, PutReply::Conflict);
}

#[tokio::test]
async fn field_23_a_refused_statement_leaves_no_key() {
    let world = World::at(START).await;
    granted(&world, "a", 1, 1000).await;
    let grant =
        Statement { key: Some((7, 1000)), ..Statement::new("a", 1, Some(session(&["x"], 2000))) };
    assert_eq!(grant.put(&world).await, PutReply::Conflict);
    let full = Statement { person: 2, most: 1, ..grant.clone() };
    assert_eq!(full.put(&world).await, PutReply::Full);
    assert_eq!(world.count("select count(*) from consentgate.statements").await, 0);
}

#[tokio::test]
async fn law_9_a_site_has_no_more_sessions_than_its_cap() {
    let world = World::at(START).await;
    let grant = |site, person| Statement {
        most: 2,
        ..Statement::new(site, person, Some(session(&["analytics"], 1000)))
    };
    assert_eq!(grant("a", 1).put(&world).await, PutReply::Stored);
    assert_eq!(grant("a", 2).put(&world).await, PutReply::Stored);
    assert_eq!(grant("a", 3).put(&world).await, PutReply::Full);
    assert_eq!(grant("b", 3).put(&world).await, PutReply::Stored, "of another site");
    let expected = find(&world, "a", 1).await.session.map(|session| session.version);
    assert_eq!(Statement { expected, ..grant("a", 1) }.put(&world).await, PutReply::Stored);
    assert!(delete(&world, "a", 2, floor(500, 10)).await);
    assert_eq!(grant("a", 3).put(&world).await, PutReply::Stored);
    world.set(START + KEEP as i64).await;
    // Those that are over give up their places, one's own included.
    assert_eq!(grant("a", 4).put(&world).await, PutReply::Stored);
    assert_eq!(grant("a", 1).put(&world).await, PutReply::Stored);
    assert_eq!(grant("a", 5).put(&world).await, PutReply::Full);
    assert_eq!(world.count("select consentgate.used('a', 'sessions')").await, 2);
}

#[tokio::test]
async fn law_9_a_site_has_no_more_keys_of_statements_than_its_cap_and_narrowing_needs_none() {
    let world = World::at(START).await;
    let grant = |site, person, key| Statement {
        key: Some((key, 1000)),
        most_keys: 2,
        ..Statement::new(site, person, Some(session(&["x", "y"], 1000)))
    };
    assert_eq!(grant("a", 1, 1).put(&world).await, PutReply::Stored);
    assert_eq!(grant("a", 2, 2).put(&world).await, PutReply::Stored);
    assert_eq!(grant("a", 3, 3).put(&world).await, PutReply::Full);
    assert!(find(&world, "a", 3).await.session.is_none(), "full changes nothing");
    assert_eq!(grant("b", 3, 3).put(&world).await, PutReply::Stored, "of another site");
    // Law 7: what takes something away is stored; its key is not.
    let expected = find(&world, "a", 1).await.session.map(|session| session.version);
    let less = Some(session(&["x"], 1000));
    let narrowing = Statement { narrowing: true, expected, session: less, ..grant("a", 1, 4) };
    assert_eq!(narrowing.put(&world).await, PutReply::Stored);
    assert_eq!(world.count("select consentgate.used('a', 'statements')").await, 2);
    assert_eq!(world.count("select count(*) from consentgate.statements").await, 3);
    // Those that are over give up their places.
    world.set(START + 1000).await;
    assert_eq!(grant("a", 3, 3).put(&world).await, PutReply::Stored);
    assert_eq!(world.count("select consentgate.used('a', 'statements')").await, 1);
    assert_eq!(world.count("select consentgate.used('a', 'sessions')").await, 3);
}

#[tokio::test]
async fn law_9_the_floor_that_ends_first_makes_way_of_the_same_site_alone() {
    let world = World::at(START).await;
    let refusal = |site, person| Statement {
        floor: Some(floor(1000 + i64::from(person), 1000 + u64::from(person))),
        most_floors: 3,
        ..Statement::new(site, person, None)
    };
    assert_eq!(refusal("b", 0).put(&world).await, PutReply::Stored);
    for person in 0..6 {
        assert_eq!(refusal("a", person).put(&world).await, PutReply::Stored);
    }
    assert_eq!(refusal("a", 5).put(&world).await, PutReply::Stored, "it has its place");
    for person in 0..6 {
        assert_eq!(find(&world, "a", person).await.floor.is_some(), person > 2, "{person}");
    }
    assert!(find(&world, "b", 0).await.floor.is_some(), "law 8");
    assert_eq!(world.count("select consentgate.used('a', 'floors')").await, 3);
    world.set(START + 2000).await;
    assert_eq!(purge(&world, "sessions", 10).await, 4);
    assert_eq!(world.count("select consentgate.used('a', 'floors')").await, 0);
}

#[tokio::test]
async fn law_9_without_room_for_its_tombstone_nothing_is_erased() {
    let world = World::at(START).await;
    granted(&world, "a", 3, 1000).await;
    assert_eq!(Call { person: 3, ..Call::new(3) }.record(&world).await, ENQUEUED);
    let tombstone = floor(2000, 100);
    assert!(delete_at_most(&world, "a", 1, tombstone, 2).await);
    assert!(erase_at_most(&world, "a", 2, tombstone, 2).await);
    assert!(!delete_at_most(&world, "a", 3, tombstone, 2).await);
    assert!(!erase_at_most(&world, "a", 3, tombstone, 2).await);
    assert!(find(&world, "a", 3).await.session.is_some(), "nothing changed");
    assert!(is_there(&world, "a", 3).await, "nothing changed");
    assert!(erase_at_most(&world, "a", 1, tombstone, 2).await, "it has its place");
    assert!(delete_at_most(&world, "b", 3, tombstone, 2).await, "of another site");
    world.set(START + 100).await;
    assert!(delete_at_most(&world, "a", 3, tombstone, 2).await, "two are over");
    assert!(erase_at_most(&world, "a", 3, tombstone, 2).await);
    assert!(!is_there(&world, "a", 3).await);
    assert_eq!(world.count("select consentgate.used('a', 'tombstones')").await, 1);
    assert_eq!(world.count("select consentgate.used('a', 'calls')").await, 0);
    assert_eq!(world.count("select consentgate.used('a', 'calls_bytes')").await, 0);
}
