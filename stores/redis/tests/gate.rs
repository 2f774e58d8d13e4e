//! A whole gate whose claims and buckets are in Redis.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use consentgate::{Marketing, Reason};
use consentgate_redis::{Redis, redis};
use support::{
    gate::{consent, gate, send},
    server::Server,
    *,
};

on_both! {
    law_3_an_event_is_recorded_once_and_met_again_by_two_gates
    field_35_limited_duplicate_and_in_flight_are_told_apart
}

async fn law_3_an_event_is_recorded_once_and_met_again_by_two_gates(connection: impl Connection) {
    let bench = Bench::real(connection).await;
    let (site, store) = (&bench.site, bench.store.clone());
    let one = gate(store.clone(), site, "");
    let two = gate(store, site, "");
    assert_eq!(consent(&one, site).await.status(), 200);
    let first = send(&one, site, "e1").await;
    assert_eq!((first.reason(), first.marketing()), (Reason::Accepted, Some(Marketing::Enqueued)));
    // The other gate has calls of its own: that the event was recorded it knows from the claims alone.
    for gate in [&one, &two] {
        let again = send(gate, site, "e1").await;
        assert_eq!((again.reason(), again.call_id()), (Reason::Duplicate, first.call_id()));
    }
    // Refused for want of consent, it stays refused at both.
    assert_eq!(send(&two, site, "e2").await.reason(), Reason::NoSession);
    for gate in [&one, &two] {
        let again = send(gate, site, "e2").await;
        assert_eq!((again.reason(), again.status()), (Reason::RefusedBefore, 204));
    }
    assert_eq!(bench.counted().await, 4, "of each event the signature and the id");
}

async fn field_35_limited_duplicate_and_in_flight_are_told_apart(connection: impl Connection) {
    let bench = Bench::real(connection).await;
    let site = &bench.site;
    let gate = gate(bench.store.clone(), site, "");
    assert_eq!(consent(&gate, site).await.status(), 200);
    for number in 0..20 {
        assert_eq!(send(&gate, site, &format!("e{number}")).await.reason(), Reason::Accepted);
    }
    let limited = send(&gate, site, "e20").await;
    assert_eq!((limited.reason(), limited.status()), (Reason::RateLimited, 429));
    assert!((1..=3).contains(&limited.retry_after().unwrap()));
    assert_eq!(send(&gate, site, "e19").await.reason(), Reason::Duplicate);
    assert_eq!(bench.counted().await, 40, "the limited event left no claim");
}

#[tokio::test]
async fn law_3_flushed_in_the_middle_the_unique_indexes_hold_every_row_single() {
    let server = Server::start(&[]).await;
    let connection = server.connection().await;
    let store = Redis::new(connection.clone()).await.unwrap();
    let bench = Bench { connection, store, site: new_site() };
    let site = &bench.site;
    let gate = gate(bench.store.clone(), site, "");
    assert_eq!(consent(&gate, site).await.status(), 200);
    let first = send(&gate, site, "e1").await;
    assert_eq!(first.reason(), Reason::Accepted);

    assert_eq!(bench.admit(&[claim(1)], &[bucket(1, rate(60_000, 1))], 1).await, ADMITTED);
    bench.ask::<()>(&redis::cmd("FLUSHALL")).await;
    let again = send(&gate, site, "e1").await;
    assert_eq!((again.reason(), again.call_id()), (Reason::Duplicate, first.call_id()));
    // A flush is a first day: claims and buckets are forgotten, and nothing is stuck.
    let lost = bench.commit(&[claim(1)], 1, consentgate_core::stores::Done::Refused).await;
    assert_eq!(lost, consentgate_core::stores::SettleReply::Lost);
    assert_eq!(bench.admit(&[claim(1)], &[bucket(1, rate(60_000, 1))], 2).await, ADMITTED);
    assert_eq!(bench.counted().await, 3);
}
