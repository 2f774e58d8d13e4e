//! Many at once, and what each request costs in commands.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use consentgate_core::stores::{AdmitReply, Done, SettleReply};
use consentgate_redis::{ADMIT, ADMIT_SHA1, SETTLE, SETTLE_SHA1, TIME_LINE, redis};
use std::collections::BTreeMap;
use support::{server::Server, *};

on_both! {
    field_23_of_fifty_at_once_exactly_one_is_admitted
    field_27_fifty_at_once_take_no_more_tokens_than_there_are
}

async fn field_23_of_fifty_at_once_exactly_one_is_admitted(connection: impl Connection) {
    let bench = Bench::real(connection).await;
    for round in 0..10_u8 {
        let tasks: Vec<_> = (0..50_u8)
            .map(|by| {
                let bench = bench.clone();
                // Each knows the event by another claim as well, in another order.
                let claims = [claim(round), claim(100 + round)];
                let claims = if by % 2 == 0 { claims } else { [claims[1], claims[0]] };
                tokio::spawn(async move { bench.admit(&claims, &[], by).await })
            })
            .collect();
        let mut admitted = 0;
        for task in tasks {
            match task.await.unwrap() {
                ADMITTED => admitted += 1,
                AdmitReply::Held { retry } => assert!(retry <= LEASE),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(admitted, 1);
    }
    assert_eq!(bench.counted().await, 20);
}

async fn field_27_fifty_at_once_take_no_more_tokens_than_there_are(connection: impl Connection) {
    let bench = Bench::real(connection).await;
    let buckets = [bucket(1, rate(3_600_000, 7)), bucket(2, rate(3_600_000, 40))];
    let tasks: Vec<_> = (0..50_u8)
        .map(|by| {
            let bench = bench.clone();
            tokio::spawn(async move { bench.admit(&[claim(by)], &buckets, by).await })
        })
        .collect();
    let mut admitted = 0;
    for task in tasks {
        match task.await.unwrap() {
            ADMITTED => admitted += 1,
            AdmitReply::Limited { bucket: 0, .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((admitted, bench.counted().await), (7, 7));
    // The other bucket gave a token to the seven alone.
    for number in 50..83 {
        assert_eq!(bench.admit(&[claim(number)], &buckets[1..], 1).await, ADMITTED);
    }
    assert!(matches!(
        bench.admit(&[claim(83)], &buckets[1..], 1).await,
        AdmitReply::Limited { .. }
    ));
}

/// How often a server was asked what, but for the questions of this test.
async fn asked<C: Connection>(bench: &Bench<C>) -> BTreeMap<String, u64> {
    let info: String = bench.ask(redis::cmd("INFO").arg("commandstats")).await;
    let calls = info.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        Some((name.to_owned(), rest.split(',').next()?.parse().ok()?))
    });
    let of_scripts = ["evalsha", "eval", "script|load", "get", "set"];
    calls.filter(|(name, _)| of_scripts.contains(&name.as_str())).collect()
}

#[tokio::test]
async fn one_evalsha_for_an_admit_and_one_for_a_settle_also_after_the_scripts_were_flushed() {
    let server = Server::start(&[]).await;
    let bench = Bench::real(server.connection().await).await;
    bench.ask::<()>(redis::cmd("CONFIG").arg("RESETSTAT")).await;
    let claims = [claim(1), claim(2)];
    assert_eq!(bench.admit(&claims, &[], 1).await, ADMITTED);
    assert_eq!(bench.commit(&claims, 1, Done::Refused).await, SettleReply::Settled);
    let counts = asked(&bench).await;
    assert_eq!(counts.get("evalsha"), Some(&2), "{counts:?}");
    assert_eq!(counts.get("eval"), None);
    assert_eq!(counts.get("script|load"), None);

    bench.ask::<()>(redis::cmd("SCRIPT").arg("FLUSH")).await;
    assert_eq!(bench.admit(&[claim(3)], &[], 1).await, ADMITTED, "given again");
    assert_eq!(bench.admit(&[claim(4)], &[], 1).await, ADMITTED, "and known from then on");
    assert_eq!(bench.release(&[claim(3)], 1, &[]).await, SettleReply::Settled);
    assert_eq!(bench.release(&[claim(4)], 1, &[]).await, SettleReply::Settled);
    let counts = asked(&bench).await;
    assert_eq!((counts["evalsha"], counts["eval"]), (6, 2), "{counts:?}");
}

#[tokio::test]
async fn the_scripts_have_the_names_they_are_run_by_and_ask_for_the_time_once() {
    for (text, name) in [(ADMIT, ADMIT_SHA1), (SETTLE, SETTLE_SHA1)] {
        let mut connection = single().await;
        let mut load = redis::cmd("SCRIPT");
        let own: String = load.arg("LOAD").arg(text).query_async(&mut connection).await.unwrap();
        assert_eq!(own, name, "put this into src/script.rs");
        assert_eq!(text.lines().filter(|line| *line == TIME_LINE).count(), 1);
        assert_eq!(text.matches("TIME'").count(), 1);
    }
}

#[tokio::test]
async fn field_34_sites_are_spread_over_the_cluster_and_none_is_split() {
    let urls = std::env::var("CONSENTGATE_TEST_REDIS_CLUSTER_URLS").expect("scripts/engines.sh up");
    let store = consentgate_redis::connect_cluster(urls.split(',')).await.unwrap();
    let connection = shared_cluster().await;
    let mut slots = std::collections::BTreeSet::new();
    let buckets = [bucket(1, rate(1000, 2)), bucket(2, rate(1000, 2))];
    for _ in 0..40 {
        let bench =
            Bench { connection: connection.clone(), store: store.clone(), site: new_site() };
        let claims = [claim(1), claim(2), claim(3)];
        assert_eq!(bench.admit(&claims, &buckets, 1).await, ADMITTED);
        assert_eq!(bench.release(&claims, 1, &buckets).await, SettleReply::Settled);
        let slot: u16 = bench.ask(redis::cmd("CLUSTER").arg("KEYSLOT").arg(bench.key("n"))).await;
        slots.insert(slot / 5462);
    }
    assert_eq!(slots.len(), 3, "every primary had its share");
}
