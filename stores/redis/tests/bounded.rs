//! Law 9: buckets are not counted, and are bounded all the same. What the README derives, held against the engine.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use consentgate_core::{
    Millis, Rate,
    ids::Pseudonym,
    stores::{Admit, AdmitReply, Bucket, SettleReply},
};
use consentgate_redis::redis;
use support::*;

on_both! {
    law_9_a_site_has_no_more_buckets_than_claims_where_they_fill_up_while_claims_live
    law_9_buckets_that_outlive_claims_are_as_many_as_claims_in_each_of_their_lives
    law_9_buckets_of_addresses_are_no_more_than_their_sites_bucket_gives
}

const MOST: u64 = 20;

/// The bucket of one of many addresses.
fn address(number: u16, rate: Rate) -> Bucket {
    let mut key = [0xff; 16];
    key[..2].copy_from_slice(&number.to_be_bytes());
    Bucket { name: "ip", key: Pseudonym::from_bytes(key), rate }
}

/// How many of these buckets are not full at that time.
async fn alive<C: Connection>(bench: &Bench<C>, buckets: &[Bucket], now: i64) -> u64 {
    let mut command = redis::cmd("MGET");
    for bucket in buckets {
        command.arg(bench.bucket_key(bucket));
    }
    let ends: Vec<Option<i64>> = bench.ask(&command).await;
    ends.into_iter().flatten().filter(|end| *end > now).count() as u64
}

async fn law_9_a_site_has_no_more_buckets_than_claims_where_they_fill_up_while_claims_live(
    connection: impl Connection,
) {
    let bench = Bench::new(connection).await;
    // Claims live for a minute; a bucket is full again after a minute at the latest.
    let slow = rate(10_000, 6);
    let all: Vec<_> = (0..200).map(|number| bucket(number, slow)).collect();
    let (mut now, mut most_alive, mut full) = (START, 0, 0);
    for number in 0..200_u8 {
        now += i64::from(number % 5) * 400;
        bench.set(now).await;
        // Some persons come again, and their buckets live longer; some events are given back.
        let who = usize::from(number - u8::from(number % 4 == 3));
        let claims = [claim(number)];
        let request = bench.request(&claims, &all[who..=who], 1);
        let request = Admit { keep: Millis(60_000), claims_per_site_max: MOST, ..request };
        match bench.ask_admit(request).await {
            ADMITTED if number % 7 == 0 => {
                let back = bench.release(&claims, 1, &all[who..=who]).await;
                assert_eq!(back, SettleReply::Settled);
            }
            ADMITTED => {}
            AdmitReply::Full => full += 1,
            other => panic!("{other:?}"),
        }
        let alive = alive(&bench, &all, now).await;
        assert!(alive <= MOST, "{alive} after {number}");
        most_alive = alive.max(most_alive);
    }
    assert!(full > 50 && most_alive > MOST / 4, "the flood was one: {full}, {most_alive}");
}

async fn law_9_buckets_that_outlive_claims_are_as_many_as_claims_in_each_of_their_lives(
    connection: impl Connection,
) {
    let bench = Bench::new(connection).await;
    let (keep, window) = (59_999_u64, 150_000_u64);
    let all: Vec<_> = (0..120).map(|number| bucket(number, rate(window, 1))).collect();
    // As a minute begins, so that the room of claims that are over is noticed as the next one does.
    let first = START - START % 60_000;
    let mut number = 0;
    for life in 0..4 {
        let now = first + life * 60_000;
        bench.set(now).await;
        for _ in 0..MOST {
            let claims = [claim(number)];
            let own = usize::from(number)..=usize::from(number);
            let request = bench.request(&claims, &all[own], 1);
            let request = Admit { keep: Millis(keep), claims_per_site_max: MOST, ..request };
            assert_eq!(bench.ask_admit(request).await, ADMITTED, "in life {life}");
            number += 1;
        }
        let extra = [claim(200)];
        let request = bench.request(&extra, &all[119..], 1);
        let request = Admit { keep: Millis(keep), claims_per_site_max: MOST, ..request };
        assert_eq!(bench.ask_admit(request).await, AdmitReply::Full);
        let lives = window.div_ceil(keep);
        let alive = alive(&bench, &all, now).await;
        // The bound is reached, and not passed.
        assert_eq!(alive, MOST * lives.min(life as u64 + 1), "in life {life}");
    }
}

async fn law_9_buckets_of_addresses_are_no_more_than_their_sites_bucket_gives(
    connection: impl Connection,
) {
    let bench = Bench::new(connection).await;
    // Statements claim nothing. Each takes a token of its site as well, or none at all.
    let (of_site, of_address) = (rate(100, 30), rate(1000, 3));
    let site = bucket(0, of_site);
    let all: Vec<_> = (0..600).map(|number| address(number, of_address)).collect();
    let bound = 30 + 3000_u64.div_ceil(100);
    let mut most_alive = 0;
    for step in 0..120_u16 {
        let now = START + i64::from(step) * 50;
        bench.set(now).await;
        for number in step * 5..step * 5 + 5 {
            // Three tokens for each: so its bucket lives for as long as it can.
            let both = [site, all[usize::from(number / 3)]];
            let said =
                bench.ask_admit(Admit { claims_per_site_max: 0, ..bench.request(&[], &both, 1) });
            assert!(matches!(said.await, ADMITTED | AdmitReply::Limited { bucket: 0, .. }));
        }
        let alive = alive(&bench, &all, now).await;
        assert!(alive <= bound, "{alive} at step {step}");
        most_alive = alive.max(most_alive);
    }
    assert!(most_alive > bound / 4, "the flood was one: {most_alive}");
}
