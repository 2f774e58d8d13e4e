//! Every clause of the requests `admit` and `settle`, to the millisecond, on one Redis and on a Cluster.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use consentgate_core::{
    Millis, Rate,
    ids::{CallId, ClaimKey},
    stores::{Admit, AdmitReply, Done, SettleAction, SettleReply},
};
use consentgate_redis::redis;
use support::*;

on_both! {
    law_3_one_owner_is_admitted_and_the_others_wait_for_the_lease
    field_21_a_lapsed_lease_is_taken_over_to_the_millisecond_and_spends_no_token
    field_22_only_the_owner_settles_lapsed_or_not
    field_20_a_release_leaves_no_claim_and_gives_the_token_back
    law_3_done_is_remembered_to_the_millisecond_and_met_again_for_longer
    law_4_done_wins_over_held_and_accepted_over_refused
    field_27_buckets_are_taken_all_or_none
    field_32_deny_wait_exactly_that_long_allowed_one_tick_less_denied
    law_10_a_clock_that_steps_back_is_mended_and_the_mending_is_kept
    a_statement_claims_nothing_and_asks_the_buckets_only
    law_9_a_site_with_all_its_claims_is_full_and_no_other_is
}

const ACCEPTED: Done = Done::Accepted(CallId::from_bytes([7; 16]));

async fn law_3_one_owner_is_admitted_and_the_others_wait_for_the_lease(
    connection: impl Connection,
) {
    let bench = Bench::new(connection).await;
    let claims = [claim(1), claim(2)];
    assert_eq!(bench.admit(&claims, &[], 1).await, ADMITTED);
    // One known claim is enough.
    for claims in [&claims[..], &claims[..1], &[claim(3), claim(2)]] {
        assert_eq!(bench.admit(claims, &[], 2).await, held(30_000));
    }
    assert_eq!(bench.admit(&[claim(3)], &[], 2).await, ADMITTED, "a held event leaves no claim");
    bench.set(START + 29_999).await;
    assert_eq!(bench.admit(&claims, &[], 2).await, held(1));
}

async fn field_21_a_lapsed_lease_is_taken_over_to_the_millisecond_and_spends_no_token(
    connection: impl Connection,
) {
    let bench = Bench::new(connection).await;
    let buckets = [bucket(1, rate(60_000, 2))];
    assert_eq!(bench.admit(&[claim(1)], &buckets, 1).await, ADMITTED);
    bench.set(START + 29_999).await;
    assert_eq!(bench.admit(&[claim(1)], &buckets, 2).await, held(1));
    bench.set(START + 30_000).await;
    assert_eq!(bench.admit(&[claim(1), claim(2)], &buckets, 2).await, TAKEN_OVER);
    assert_eq!(bench.admit(&[claim(3)], &buckets, 3).await, ADMITTED);
    assert_eq!(bench.admit(&[claim(4)], &buckets, 3).await, limited(30_000, 0));
    assert_eq!(bench.counted().await, 3);
    // A lapsed one is remembered for so long from its making, and not a millisecond more.
    bench.set(START + 30_000 + 599_999).await;
    assert_eq!(bench.admit(&[claim(2)], &buckets, 4).await, TAKEN_OVER);
    bench.set(START + 30_000 + 600_000).await;
    assert_eq!(bench.admit(&[claim(1)], &buckets, 4).await, ADMITTED);
}

async fn field_22_only_the_owner_settles_lapsed_or_not(connection: impl Connection) {
    let bench = Bench::new(connection).await;
    let claims = [claim(1), claim(2)];
    assert_eq!(bench.admit(&claims, &[], 1).await, ADMITTED);
    assert_eq!(bench.commit(&claims, 2, ACCEPTED).await, SettleReply::Lost);
    assert_eq!(bench.release(&claims, 2, &[]).await, SettleReply::Lost);
    assert_eq!(bench.admit(&claims, &[], 2).await, held(30_000));

    bench.set(START + 30_000).await;
    assert_eq!(bench.admit(&claims[..1], &[], 2).await, TAKEN_OVER);
    // Of two claims one was taken over: the other is still the first owner's, though lapsed.
    assert_eq!(bench.commit(&claims, 1, Done::Refused).await, SettleReply::Settled);
    assert_eq!(bench.admit(&claims[..1], &[], 3).await, held(30_000));
    assert_eq!(bench.admit(&claims, &[], 3).await, AdmitReply::Done(Done::Refused));
    assert_eq!(bench.commit(&claims[..1], 1, ACCEPTED).await, SettleReply::Lost);
    assert_eq!(bench.commit(&claims, 2, ACCEPTED).await, SettleReply::Settled);
    assert_eq!(bench.commit(&claims, 2, ACCEPTED).await, SettleReply::Lost, "done is not held");
    assert_eq!(bench.release(&claims, 2, &[]).await, SettleReply::Lost);
    assert_eq!(bench.release(&[], 2, &[]).await, SettleReply::Lost);

    // What is over is nobody's any more.
    assert_eq!(bench.admit(&[claim(5)], &[], 1).await, ADMITTED);
    bench.set(START + 30_000 + 600_000).await;
    assert_eq!(bench.commit(&[claim(5)], 1, ACCEPTED).await, SettleReply::Lost);
}

async fn field_20_a_release_leaves_no_claim_and_gives_the_token_back(connection: impl Connection) {
    let bench = Bench::new(connection).await;
    let buckets = [bucket(1, rate(1000, 1)), bucket(2, rate(1000, 2))];
    let claims = [claim(1), claim(2)];
    for by in 1..=5 {
        assert_eq!(bench.admit(&claims, &buckets, by).await, ADMITTED);
        assert_eq!(bench.release(&claims, by, &buckets).await, SettleReply::Settled);
    }
    assert_eq!(bench.counted().await, 0);
    // Where a part of the claims was taken over, the token stays spent.
    assert_eq!(bench.admit(&claims, &buckets, 6).await, ADMITTED);
    bench.set(START + 30_000).await;
    assert_eq!(bench.admit(&claims[..1], &buckets, 7).await, TAKEN_OVER);
    bench.set(START + 30_001).await;
    assert_eq!(bench.admit(&[claim(8)], &buckets, 8).await, ADMITTED);
    assert_eq!(bench.release(&claims, 6, &buckets).await, SettleReply::Settled);
    assert_eq!(bench.admit(&[claim(9)], &buckets, 8).await, limited(1000, 0));
    // A refund never overfills.
    let full = [bucket(3, rate(1000, 1))];
    assert_eq!(bench.admit(&[claim(10)], &full, 9).await, ADMITTED);
    bench.set(START + 32_000).await;
    assert_eq!(bench.release(&[claim(10)], 9, &full).await, SettleReply::Settled);
    assert_eq!(bench.admit(&[claim(11)], &full, 9).await, ADMITTED);
    assert_eq!(bench.admit(&[claim(12)], &full, 9).await, limited(1000, 0));
}

async fn law_3_done_is_remembered_to_the_millisecond_and_met_again_for_longer(
    connection: impl Connection,
) {
    let bench = Bench::new(connection).await;
    let claims = [claim(1), claim(2)];
    for (by, done) in [(1, ACCEPTED), (2, Done::Refused)] {
        let claims = claims.map(|claim| ClaimKey::Event([claim.as_bytes()[0] + 10 * by; 32]));
        bench.set(START).await;
        assert_eq!(bench.admit(&claims, &[], by).await, ADMITTED);
        bench.set(START + 10).await;
        assert_eq!(bench.commit(&claims, by, done).await, SettleReply::Settled);
        let again = AdmitReply::Done(done);
        bench.set(START + 10 + 599_999).await;
        assert_eq!(bench.admit(&claims[..1], &[], 9).await, again);
        // The claim that was not met is over, the one that was lives on, both to the millisecond.
        bench.set(START + 10 + 600_000).await;
        assert_eq!(bench.admit(&claims[1..], &[], 9).await, ADMITTED);
        bench.set(START + 10 + 599_999 + 599_999).await;
        // A shorter keep takes nothing away.
        let request = bench.request(&claims[..1], &[], 9);
        assert_eq!(bench.ask_admit(Admit { keep: Millis(0), ..request }).await, again);
        assert_eq!(bench.ask_admit(Admit { keep: Millis(1), ..request }).await, again);
        bench.set(START + 10 + 599_999 + 600_000).await;
        assert_eq!(bench.admit(&claims[..1], &[], 9).await, ADMITTED);
    }
}

async fn law_4_done_wins_over_held_and_accepted_over_refused(connection: impl Connection) {
    let bench = Bench::new(connection).await;
    assert_eq!(bench.admit(&[claim(1)], &[], 1).await, ADMITTED);
    assert_eq!(bench.admit(&[claim(2)], &[], 2).await, ADMITTED);
    assert_eq!(bench.admit(&[claim(3)], &[], 3).await, ADMITTED);
    assert_eq!(bench.admit(&[claim(4)], &[], 4).await, ADMITTED);
    assert_eq!(bench.commit(&[claim(2)], 2, Done::Refused).await, SettleReply::Settled);
    let all = [claim(9), claim(1), claim(2), claim(3), claim(4)];
    assert_eq!(bench.admit(&all, &[], 5).await, AdmitReply::Done(Done::Refused));
    assert_eq!(bench.commit(&[claim(3)], 3, ACCEPTED).await, SettleReply::Settled);
    assert_eq!(bench.commit(&[claim(4)], 4, Done::Accepted(call(8))).await, SettleReply::Settled);
    assert_eq!(bench.admit(&all, &[], 5).await, AdmitReply::Done(ACCEPTED), "the first accepted");
    assert_eq!(bench.admit(&[claim(9)], &[], 5).await, ADMITTED, "nothing was added");
    // Of several that are held it is the longest rest.
    bench.set(START + 10).await;
    assert_eq!(bench.admit(&[claim(6)], &[], 6).await, ADMITTED);
    assert_eq!(bench.admit(&[claim(1), claim(6), claim(9)], &[], 7).await, held(30_000));
}

async fn field_27_buckets_are_taken_all_or_none(connection: impl Connection) {
    let bench = Bench::new(connection).await;
    let (wide, narrow) = (bucket(1, rate(1000, 3)), bucket(2, rate(7000, 1)));
    assert_eq!(bench.admit(&[claim(1)], &[wide, narrow], 1).await, ADMITTED);
    for number in 2..20 {
        assert_eq!(bench.admit(&[claim(number)], &[wide, narrow], 2).await, limited(7000, 1));
    }
    assert_eq!(bench.counted().await, 1, "a limited event leaves no claim");
    for number in 2..=3 {
        assert_eq!(bench.admit(&[claim(number)], &[wide], 2).await, ADMITTED, "nor takes a token");
    }
    // Denied by several: the longest wait, and of equal ones the first.
    assert_eq!(bench.admit(&[claim(4)], &[wide, narrow], 2).await, limited(7000, 1));
    assert_eq!(bench.admit(&[claim(4)], &[narrow, wide], 2).await, limited(7000, 0));
    assert_eq!(
        bench.admit(&[claim(4)], &[wide, bucket(1, rate(1000, 3))], 2).await,
        limited(1000, 0)
    );
    bench.set(START + 7000).await;
    assert_eq!(bench.admit(&[claim(4)], &[wide, narrow], 2).await, ADMITTED);
}

async fn field_32_deny_wait_exactly_that_long_allowed_one_tick_less_denied(
    connection: impl Connection,
) {
    let bench = Bench::new(connection).await;
    let (mut now, mut number) = (START, 0);
    for rate in [Rate::token_bucket(3, 20), Rate::token_bucket(1, 7), Rate::strict(5), rate(1, 2)] {
        number += 1;
        let buckets = [bucket(number, rate)];
        let mut denied = 0;
        for next in 0..40_u8 {
            let claims = [claim(next), claim(100 + number)];
            match bench.admit(&claims[..1], &buckets, 1).await {
                ADMITTED => {
                    assert_eq!(bench.release(&claims[..1], 1, &[]).await, SettleReply::Settled);
                }
                AdmitReply::Limited { retry, bucket: 0 } => {
                    denied += 1;
                    let retry = i64::try_from(retry.0).unwrap();
                    bench.set(now + retry - 1).await;
                    assert_eq!(bench.admit(&claims[..1], &buckets, 1).await, limited(1, 0));
                    now += retry;
                    bench.set(now).await;
                    assert_eq!(bench.admit(&claims[..1], &buckets, 1).await, ADMITTED);
                    assert_eq!(bench.release(&claims[..1], 1, &[]).await, SettleReply::Settled);
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(denied > 10);
    }
}

async fn law_10_a_clock_that_steps_back_is_mended_and_the_mending_is_kept(
    connection: impl Connection,
) {
    let bench = Bench::new(connection).await;
    let buckets = [bucket(1, rate(1000, 2))];
    let back = START - 3_600_000;
    for number in 1..=2 {
        assert_eq!(bench.admit(&[claim(number)], &buckets, number).await, ADMITTED);
    }
    bench.set(back).await;
    // Nobody is locked out for longer than one lease, nor for longer than one token.
    assert_eq!(bench.admit(&[claim(1)], &buckets, 3).await, held(30_000));
    assert_eq!(bench.admit(&[claim(3)], &buckets, 3).await, limited(1000, 0));
    bench.set(back + 500).await;
    assert_eq!(bench.admit(&[claim(1)], &buckets, 3).await, held(29_500), "a refusal keeps it");
    assert_eq!(bench.admit(&[claim(3)], &buckets, 3).await, limited(500, 0), "a refusal keeps it");
    bench.set(back + 1000).await;
    assert_eq!(bench.admit(&[claim(3)], &buckets, 3).await, ADMITTED);
    bench.set(back + 30_000).await;
    assert_eq!(bench.admit(&[claim(1)], &buckets, 3).await, TAKEN_OVER);
    // Mended beside a claim that is done, and where the site is full.
    assert_eq!(bench.commit(&[claim(1)], 3, ACCEPTED).await, SettleReply::Settled);
    let both = [claim(1), claim(2)];
    assert_eq!(bench.admit(&both, &[], 4).await, AdmitReply::Done(ACCEPTED));
    bench.set(back + 45_000).await;
    assert_eq!(bench.admit(&[claim(2)], &[], 4).await, held(15_000));
}

async fn a_statement_claims_nothing_and_asks_the_buckets_only(connection: impl Connection) {
    let bench = Bench::new(connection).await;
    let buckets = [bucket(1, rate(1000, 2)), bucket(2, rate(500, 9))];
    let full = Admit { claims_per_site_max: 0, ..bench.request(&[], &buckets, 1) };
    assert_eq!(bench.ask_admit(full).await, ADMITTED);
    assert_eq!(bench.admit(&[], &buckets, 1).await, ADMITTED);
    assert_eq!(bench.admit(&[], &buckets, 1).await, limited(1000, 0));
    assert_eq!(bench.admit(&[], &[], 1).await, ADMITTED);
    let exists: i64 = bench.ask(redis::cmd("EXISTS").arg(bench.key("n"))).await;
    assert_eq!(exists, 0, "nothing is counted");
}

async fn law_9_a_site_with_all_its_claims_is_full_and_no_other_is(connection: impl Connection) {
    let bench = Bench::new(connection.clone()).await;
    let other = Bench::new(connection).await;
    let buckets = [bucket(1, rate(1000, 9))];
    let capped = |bench: &Bench<_>, number: u8| {
        let claims = [claim(number), claim(number + 100)];
        let bench = bench.clone();
        async move {
            let request = bench.request(&claims, &buckets, number);
            bench.ask_admit(Admit { claims_per_site_max: 5, ..request }).await
        }
    };
    assert_eq!(capped(&bench, 1).await, ADMITTED);
    assert_eq!(capped(&bench, 2).await, ADMITTED);
    assert_eq!(capped(&bench, 3).await, AdmitReply::Full);
    assert_eq!(capped(&bench, 1).await, held(30_000), "known events are judged as ever");
    assert_eq!(capped(&other, 3).await, ADMITTED, "another site has room of its own");
    // Only what is new needs room, and a full site spends no token.
    assert_eq!(bench.admit(&[claim(3)], &[bucket(1, rate(1000, 3))], 3).await, ADMITTED);
    assert_eq!(bench.admit(&[claim(4)], &[bucket(1, rate(1000, 3))], 3).await, limited(1000, 0));
    assert_eq!(bench.counted().await, 5);
    bench.set(START + 30_000).await;
    assert_eq!(capped(&bench, 1).await, TAKEN_OVER, "a takeover needs no room");
    // A released claim makes room at once, a done one keeps its place.
    let claims = [claim(1), claim(101)];
    assert_eq!(bench.release(&claims, 1, &[]).await, SettleReply::Settled);
    let claims = [claim(2), claim(102)];
    assert_eq!(
        bench.settle(&claims, 2, SettleAction::Commit { done: ACCEPTED, keep: KEEP }).await,
        SettleReply::Settled
    );
    assert_eq!(bench.counted().await, 3);
    assert_eq!(capped(&bench, 5).await, ADMITTED);
    assert_eq!(capped(&bench, 6).await, AdmitReply::Full);
    // What is over makes room within a minute of its end.
    bench.set(START + 30_000 + 600_000 + 60_000).await;
    assert_eq!(capped(&bench, 6).await, ADMITTED);
    assert_eq!(bench.counted().await, 2);
}
