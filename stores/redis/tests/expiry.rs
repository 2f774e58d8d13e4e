//! What Redis clears away by itself, under its own clock.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use consentgate_core::{
    Millis,
    ids::CallId,
    stores::{Admit, Done, SettleAction, SettleReply},
};
use consentgate_redis::redis;
use std::time::Duration;
use support::*;

on_both! {
    field_25_after_each_operation_every_key_has_the_expiry_that_was_asked_for
    field_25_a_claim_is_gone_after_its_keep_though_nobody_comes
    law_9_the_count_outlives_what_it_counts_and_not_by_much
}

/// So much longer than asked for a key may stay, so that the times in the values are what decides.
const GRACE: i64 = 1000;

async fn field_25_after_each_operation_every_key_has_the_expiry_that_was_asked_for(
    connection: impl Connection,
) {
    let bench = Bench::real(connection).await;
    let buckets = [bucket(1, rate(5000, 3)), bucket(2, rate(20_000, 1))];
    let claims = [claim(1), claim(2)];
    let rests = async |keep: i64| {
        for claim in &claims {
            let rest = bench.pttl(&bench.claim_key(claim)).await;
            assert!(rest > keep - 1000 && rest <= keep + GRACE, "{rest} for {keep}");
        }
        for bucket in &buckets {
            let window = i64::try_from(bucket.rate.window().0).unwrap();
            let rest = bench.pttl(&bench.bucket_key(bucket)).await;
            assert!(rest > 0 && rest <= window + GRACE, "{rest} for {window}");
        }
        let rest = bench.pttl(bench.key("n").as_bytes()).await;
        assert!(rest >= keep && rest <= 600_000 + 60_000 + GRACE, "the count: {rest}");
    };
    let admit = |by, lease, keep| Admit {
        lease: Millis(lease),
        keep: Millis(keep),
        ..bench.request(&claims, &buckets, by)
    };
    assert_eq!(bench.ask_admit(admit(1, 20, 300_000)).await, ADMITTED);
    rests(300_000).await;
    tokio::time::sleep(Duration::from_millis(25)).await;
    assert_eq!(bench.ask_admit(admit(2, 600_000, 400_000)).await, TAKEN_OVER);
    rests(400_000).await;
    // Mended: the lease is far longer than this request's.
    assert!(matches!(
        bench.ask_admit(admit(3, 50, 1000)).await,
        consentgate_core::stores::AdmitReply::Held { .. }
    ));
    rests(400_000).await;
    for (keep, done) in
        [(60_000, Done::Accepted(CallId::from_bytes([7; 16]))), (600_000, Done::Refused)]
    {
        let action = SettleAction::Commit { done, keep: Millis(keep) };
        assert_eq!(bench.settle(&claims, 2, action).await, SettleReply::Settled);
        rests(i64::try_from(keep).unwrap()).await;
        // Met again, it stays for longer, never for less.
        bench.ask_admit(admit(4, 10, 1000)).await;
        rests(i64::try_from(keep).unwrap()).await;
        bench.ask_admit(admit(4, 10, 500_000)).await;
        rests(i64::try_from(keep).unwrap().max(500_000)).await;
        for claim in &claims {
            bench.ask::<()>(redis::cmd("DEL").arg(bench.claim_key(claim))).await;
            bench.ask::<()>(redis::cmd("DEL").arg(bench.bucket_key(&buckets[1]))).await;
        }
        assert_eq!(bench.ask_admit(admit(2, 10, 1000)).await, ADMITTED);
    }
    // A part of what was taken given back: the rest keeps an expiry.
    assert_eq!(bench.release(&claims, 2, &buckets).await, SettleReply::Settled);
    for bucket in &buckets {
        assert_ne!(bench.pttl(&bench.bucket_key(bucket)).await, -1);
    }
    assert_ne!(bench.pttl(bench.key("n").as_bytes()).await, -1);
}

async fn field_25_a_claim_is_gone_after_its_keep_though_nobody_comes(connection: impl Connection) {
    let bench = Bench::real(connection).await;
    let keep = Millis(100);
    let (claims, buckets) = ([claim(1)], [bucket(1, rate(100, 1))]);
    let request = bench.request(&claims, &buckets, 1);
    assert_eq!(bench.ask_admit(Admit { keep, ..request }).await, ADMITTED);
    let done = [claim(2)];
    assert_eq!(bench.admit(&done, &[], 2).await, ADMITTED);
    let action = SettleAction::Commit { done: Done::Refused, keep };
    assert_eq!(bench.settle(&done, 2, action).await, SettleReply::Settled);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(bench.ask_admit(request).await, ADMITTED, "over at once for everybody who asks");
    bench.release(&claims, 1, &buckets).await;
    let request = bench.request(&claims, &buckets, 1);
    assert_eq!(bench.ask_admit(Admit { keep, ..request }).await, ADMITTED);
    tokio::time::sleep(Duration::from_millis(1200)).await;
    for key in
        [bench.claim_key(&claims[0]), bench.claim_key(&done[0]), bench.bucket_key(&buckets[0])]
    {
        assert_eq!(bench.pttl(&key).await, -2, "the key is there no more");
    }
}

async fn law_9_the_count_outlives_what_it_counts_and_not_by_much(connection: impl Connection) {
    let bench = Bench::real(connection).await;
    let rest = async || bench.pttl(bench.key("n").as_bytes()).await;
    for (number, keep) in [(1, 5000), (2, 200_000), (3, 90_000)] {
        let claims = [claim(number)];
        let request = bench.request(&claims, &[], number);
        assert_eq!(bench.ask_admit(Admit { keep: Millis(keep), ..request }).await, ADMITTED);
    }
    assert!((200_000 - 1000..=200_000 + 60_000 + GRACE).contains(&rest().await));
    assert_eq!(bench.counted().await, 3);
    // A commit for longer takes the count along; also where the count was lost.
    let action = SettleAction::Commit { done: Done::Refused, keep: Millis(400_000) };
    assert_eq!(bench.settle(&[claim(1)], 1, action).await, SettleReply::Settled);
    assert!((400_000 - 1000..=400_000 + 60_000 + GRACE).contains(&rest().await));
    bench.ask::<()>(redis::cmd("DEL").arg(bench.key("n"))).await;
    assert_eq!(bench.settle(&[claim(2)], 2, action).await, SettleReply::Settled);
    assert!((400_000 - 1000..=400_000 + 60_000 + GRACE).contains(&rest().await));
    assert_eq!(bench.counted().await, 1, "no more than is known, never less than nothing");
    assert_eq!(bench.release(&[claim(3)], 3, &[]).await, SettleReply::Settled);
    assert_eq!(bench.counted().await, 1);
}
