//! `admit` and `settle`: claims.

use super::{
    things::*,
    world::{START, World},
};
use consentgate::core::stores::{AdmitReply, Done, SettleReply};

const ACCEPTED: Done = Done::Accepted(consentgate::ids::CallId::from_bytes([9; 16]));

#[tokio::test]
async fn law_3_a_claim_goes_from_absent_to_held_to_done() {
    let world = World::at(START).await;
    let (site, claims) = (site("a"), [claim(1), claim(2)]);
    let mine = Asking::new(&site, &claims, owner(1));
    assert_eq!(mine.admit(&world).await, NEW);
    let other = Asking::new(&site, &claims[1..], owner(2));
    assert_eq!(other.admit(&world).await, held(LEASE));
    assert_eq!(mine.commit(&world, ACCEPTED, KEEP).await, SettleReply::Settled);
    assert_eq!(other.admit(&world).await, AdmitReply::Done(ACCEPTED));
    assert_eq!(mine.commit(&world, Done::Refused, KEEP).await, SettleReply::Lost);
    assert_eq!(other.admit(&world).await, AdmitReply::Done(ACCEPTED));
}

#[tokio::test]
async fn law_4_of_several_claims_done_wins_over_held_and_accepted_over_refused() {
    let world = World::at(START).await;
    let (site, claims) = (site("a"), [claim(1), claim(2), claim(3), claim(4)]);
    let part = |range: std::ops::Range<usize>, who| Asking::new(&site, &claims[range], owner(who));
    assert_eq!(part(0..1, 1).admit(&world).await, NEW);
    assert_eq!(part(1..2, 2).admit(&world).await, NEW);
    assert_eq!(part(1..2, 2).commit(&world, Done::Refused, KEEP).await, SettleReply::Settled);
    assert_eq!(part(0..2, 9).admit(&world).await, AdmitReply::Done(Done::Refused));
    assert_eq!(part(2..3, 3).admit(&world).await, NEW);
    assert_eq!(part(2..3, 3).commit(&world, ACCEPTED, KEEP).await, SettleReply::Settled);
    assert_eq!(part(0..3, 9).admit(&world).await, AdmitReply::Done(ACCEPTED));
    // Nothing was written for the one that was free.
    assert_eq!(part(0..4, 9).admit(&world).await, AdmitReply::Done(ACCEPTED));
    assert_eq!(part(3..4, 4).admit(&world).await, NEW);
}

#[tokio::test]
async fn field_21_a_lease_is_half_open_and_a_takeover_spends_no_token() {
    let world = World::at(START).await;
    let (site, claims, buckets) = (site("a"), [claim(1), claim(2)], [bucket(1, 1_000_000, 1)]);
    let first = Asking { buckets: &buckets, ..Asking::new(&site, &claims[..1], owner(1)) };
    assert_eq!(first.admit(&world).await, NEW);
    let second = Asking { owner: owner(2), claims: &claims, ..first };
    for (after, reply) in [(1, held(LEASE - 1)), (LEASE - 1, held(1)), (LEASE, TAKEN_OVER)] {
        world.set(START + after as i64).await;
        assert_eq!(second.admit(&world).await, reply, "after {after} ms");
    }
    // The bucket is as empty as the first left it.
    let third = Asking { buckets: &buckets, ..Asking::new(&site, &[], owner(3)) };
    assert!(matches!(third.admit(&world).await, AdmitReply::Limited { bucket: 0, .. }));
    assert_eq!(world.count("select count(*) from consentgate.claims").await, 2);
}

#[tokio::test]
async fn field_22_only_the_owner_ends_a_claim_lapsed_or_not() {
    let world = World::at(START).await;
    let (site, claims) = (site("a"), [claim(1), claim(2)]);
    let first = Asking::new(&site, &claims, owner(1));
    assert_eq!(first.admit(&world).await, NEW);
    let stranger = Asking { owner: owner(7), ..Asking::new(&site, &claims, owner(7)) };
    assert_eq!(stranger.commit(&world, ACCEPTED, KEEP).await, SettleReply::Lost);
    assert_eq!(stranger.release(&world).await, SettleReply::Lost);
    world.set(START + LEASE as i64).await;
    let second = Asking::new(&site, &claims[..1], owner(2));
    assert_eq!(second.admit(&world).await, TAKEN_OVER);
    // The late first owner still has one of two.
    assert_eq!(first.commit(&world, Done::Refused, KEEP).await, SettleReply::Settled);
    assert_eq!(second.admit(&world).await, held(LEASE));
    let rest = Asking::new(&site, &claims[1..], owner(3));
    assert_eq!(rest.admit(&world).await, AdmitReply::Done(Done::Refused));
}

#[tokio::test]
async fn field_25_a_claim_lives_as_long_as_it_was_told_to_the_millisecond() {
    let world = World::at(START).await;
    let (site, claims) = (site("a"), [claim(1)]);
    let mine = Asking::new(&site, &claims, owner(1));
    assert_eq!(mine.admit(&world).await, NEW);
    assert_eq!(mine.commit(&world, ACCEPTED, 5000).await, SettleReply::Settled);
    world.set(START + 4999).await;
    // Met now, it lives for the keep of the event at hand.
    assert_eq!(mine.admit(&world).await, AdmitReply::Done(ACCEPTED));
    let over = START + 4999 + KEEP as i64;
    world.set(over - 1).await;
    let nobody = Asking::new(&site, &claims, owner(1));
    assert_eq!(nobody.commit(&world, Done::Refused, 1).await, SettleReply::Lost);
    world.set(over).await;
    assert_eq!(mine.admit(&world).await, NEW);
    // A lapsed one is remembered from its making.
    world.set(over + KEEP as i64).await;
    assert_eq!(mine.commit(&world, ACCEPTED, 1).await, SettleReply::Lost);
    assert_eq!(mine.admit(&world).await, NEW, "no takeover: it is the same as absent");
}

#[tokio::test]
async fn law_10_a_clock_set_back_locks_nobody_out_for_longer_than_a_lease() {
    let world = World::at(START).await;
    let (site, claims) = (site("a"), [claim(1)]);
    let mine = Asking::new(&site, &claims, owner(1));
    assert_eq!(mine.admit(&world).await, NEW);
    let back = START - 86_400_000;
    world.set(back).await;
    assert_eq!(mine.admit(&world).await, held(LEASE));
    world.set(back + LEASE as i64 - 1).await;
    assert_eq!(mine.admit(&world).await, held(1));
    world.set(back + LEASE as i64).await;
    assert_eq!(mine.admit(&world).await, TAKEN_OVER);
}

#[tokio::test]
async fn law_9_a_site_is_full_at_its_own_cap_and_no_other_site_is() {
    let world = World::at(START).await;
    let (a, b) = (site("a"), site("b"));
    let claims: Vec<_> = (1..=5).map(claim).collect();
    let ask = |site, range: std::ops::Range<usize>, who| Asking {
        most: 3,
        ..Asking::new(site, &claims[range], owner(who))
    };
    assert_eq!(ask(&a, 0..2, 1).admit(&world).await, NEW);
    assert_eq!(ask(&a, 2..4, 2).admit(&world).await, AdmitReply::Full, "all or none");
    assert_eq!(ask(&a, 2..3, 2).admit(&world).await, NEW);
    assert_eq!(ask(&a, 3..4, 3).admit(&world).await, AdmitReply::Full);
    assert_eq!(ask(&a, 0..1, 3).admit(&world).await, held(LEASE), "never mistaken for each other");
    assert_eq!(ask(&b, 0..3, 4).admit(&world).await, NEW);
    assert_eq!(ask(&a, 0..2, 1).release(&world).await, SettleReply::Settled);
    assert_eq!(ask(&a, 3..5, 3).admit(&world).await, NEW);
    // What is over gives up its place, of this site alone.
    world.set(START + KEEP as i64).await;
    assert_eq!(ask(&a, 0..3, 5).admit(&world).await, NEW);
    assert_eq!(world.count("select count(*) from consentgate.claims where site_id = 'b'").await, 3);
    assert_eq!(
        world
            .count(
                "select coalesce(sum(n), 0)::bigint from consentgate.admission_usage
            where site_id = 'a' and what = 'claims'"
            )
            .await,
        3
    );
}

#[tokio::test]
async fn law_8_the_same_claim_at_two_sites_is_two_claims() {
    let world = World::at(START).await;
    let (a, b, claims) = (site("a"), site("b"), [claim(1)]);
    assert_eq!(Asking::new(&a, &claims, owner(1)).admit(&world).await, NEW);
    assert_eq!(Asking::new(&b, &claims, owner(2)).admit(&world).await, NEW);
    assert_eq!(Asking::new(&b, &claims, owner(1)).release(&world).await, SettleReply::Lost);
}

#[tokio::test]
async fn field_37_copies_of_a_done_event_that_list_its_keys_in_another_order_wait_in_no_circle() {
    let world = std::sync::Arc::new(World::new().await);
    world.database.spoil();
    // Long enough for the server to look for circles.
    world.run("alter function consentgate.admit(jsonb) set lock_timeout = '30s'").await;
    let site_a = site("a");
    let claims = [claim(1), claim(2), claim(3)];
    let first = Asking::new(&site_a, &claims, owner(1));
    assert_eq!(first.admit(&world).await, NEW);
    let done = Done::Accepted(call(1));
    assert_eq!(first.commit(&world, done, KEEP).await, SettleReply::Settled);
    for held in &claims {
        // Somebody is at work on one row: copies queue up for it, with the rows in hand that they came to before.
        let blocker = world.another_client().await;
        let hold = format!(
            "begin; update consentgate.claims set forget_at = forget_at
                where claim = consentgate.claim_key('{}')",
            held.to_text()
        );
        blocker.batch_execute(&hold).await.unwrap();
        let copies: Vec<_> = (0..6_u8)
            .map(|number| {
                let (world, mut claims) = (world.clone(), claims);
                claims.rotate_left(usize::from(number / 2));
                if number % 2 == 1 {
                    claims.reverse();
                }
                tokio::spawn(async move {
                    Asking::new(&site("a"), &claims, owner(2 + number)).try_admit(&world).await
                })
            })
            .collect();
        let waiting = "select count(*) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'";
        while world.count(waiting).await < 6 && !copies.iter().any(|copy| copy.is_finished()) {
            tokio::task::yield_now().await;
        }
        blocker.batch_execute("commit").await.unwrap();
        for copy in copies {
            assert_eq!(copy.await.unwrap().unwrap(), AdmitReply::Done(done));
        }
    }
}
