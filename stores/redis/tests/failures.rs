//! Servers that evict, are full, die, or do not answer.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use consentgate::{Outcome, Reason};
use consentgate_core::{
    StoreErrorKind, Timestamp,
    stores::{AsyncAdmissionStore, Done, SettleReply},
};
use consentgate_redis::{Options, Redis, StartError, connect, redis};
use std::time::{Duration, Instant};
use support::{
    cluster::Cluster,
    gate::{gate, send},
    server::Server,
    stall::Proxy,
    *,
};

#[tokio::test]
async fn field_19_a_server_that_evicts_is_refused_unless_loudly_allowed() {
    for policy in ["allkeys-lru", "volatile-ttl"] {
        let server = Server::start(&["--maxmemory-policy", policy]).await;
        let refused = Redis::new(server.connection().await).await.unwrap_err();
        assert!(matches!(&refused, StartError::Evicts(found) if found == policy), "{refused}");
        assert!(matches!(connect(&server.url()).await, Err(StartError::Evicts(_))));
        let options = Options { allow_eviction: true };
        let allowed = Redis::with_options(server.connection().await, &options).await;
        assert!(allowed.is_ok());
    }
}

#[tokio::test]
async fn field_19_a_managed_server_that_forbids_config_is_asked_all_the_same() {
    let forbidden = ["--rename-command", "CONFIG", ""];
    let server = Server::start(&forbidden).await;
    assert!(Redis::new(server.connection().await).await.is_ok());
    let server =
        Server::start(&[&forbidden[..], &["--maxmemory-policy", "allkeys-lfu"]].concat()).await;
    let refused = Redis::new(server.connection().await).await;
    assert!(matches!(refused, Err(StartError::Evicts(_))));
    // One that does not say is refused as well.
    let server = Server::start(&["--rename-command", "INFO", ""]).await;
    assert!(Redis::new(server.connection().await).await.is_err());
}

#[tokio::test]
async fn field_19_one_primary_of_a_cluster_that_evicts_is_enough_to_refuse() {
    let cluster = Cluster::start().await;
    assert!(Redis::new(cluster.connection().await).await.is_ok());
    for server in &cluster.servers {
        let set = |policy| {
            let mut command = redis::cmd("CONFIG");
            command.arg("SET").arg("maxmemory-policy").arg(policy);
            command
        };
        let mut own = server.connection().await;
        set("allkeys-random").query_async::<()>(&mut own).await.unwrap();
        let refused = Redis::new(cluster.connection().await).await;
        assert!(matches!(refused, Err(StartError::Evicts(_))));
        set("noeviction").query_async::<()>(&mut own).await.unwrap();
    }
}

#[tokio::test]
async fn law_9_out_of_memory_is_overloaded_and_writes_nothing_and_settles_still_make_room() {
    let server = Server::start(&[]).await;
    let bench = Bench::real(server.connection().await).await;
    let gate = gate(bench.store.clone(), &bench.site, "");
    for number in 1..=2 {
        assert_eq!(bench.admit(&[claim(number)], &[], number).await, ADMITTED);
    }
    let limit = |bytes| {
        let mut command = redis::cmd("CONFIG");
        command.arg("SET").arg("maxmemory").arg(bytes);
        command
    };
    bench.ask::<()>(&limit(1)).await;
    let before: u64 = bench.ask(&redis::cmd("DBSIZE")).await;
    let claims = [claim(3), claim(4)];
    let buckets = [bucket(1, rate(1000, 1))];
    let request = bench.request(&claims, &buckets, 3);
    let full = bench.store.admit(&request, Timestamp::MIN).await.unwrap_err();
    assert_eq!((full.kind(), full.is_unwritten()), (StoreErrorKind::Full, true));
    let answer = send(&gate, &bench.site, "e1").await;
    assert_eq!((answer.reason(), answer.status()), (Reason::Overloaded, 503));
    assert_eq!(bench.ask::<u64>(&redis::cmd("DBSIZE")).await, before);

    // What is under way can still be ended.
    assert_eq!(bench.commit(&[claim(1)], 1, Done::Refused).await, SettleReply::Settled);
    assert_eq!(bench.release(&[claim(2)], 2, &[]).await, SettleReply::Settled);
    bench.ask::<()>(&limit(0)).await;
    assert_eq!(bench.admit(&claims, &buckets, 3).await, ADMITTED);
    assert_eq!(bench.counted().await, 3);
}

#[tokio::test]
async fn law_11_a_server_that_is_killed_is_503_at_once_and_used_again_when_it_is_back() {
    let mut server = Server::start(&[]).await;
    let store = connect(&server.url()).await.unwrap();
    let site = new_site();
    let gate = gate(store, &site, "");
    assert_eq!(send(&gate, &site, "e1").await.reason(), Reason::NoSession);
    server.kill();
    for number in 0..3 {
        let began = Instant::now();
        let decision = send(&gate, &site, &format!("k{number}")).await;
        assert_eq!((decision.outcome(), decision.status()), (Outcome::Unavailable, 503));
        assert!(began.elapsed() < Duration::from_millis(1500), "the deadline is a second");
    }
    server.restart().await;
    let began = Instant::now();
    // The scripts are gone as well.
    while send(&gate, &site, "e2").await.status() == 503 {
        assert!(began.elapsed() < Duration::from_secs(8), "it comes back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(send(&gate, &site, "e2").await.reason(), Reason::RefusedBefore);
}

#[tokio::test]
async fn field_36_a_server_that_never_answers_is_left_at_the_deadline_by_a_whole_flood() {
    let server = Server::start(&[]).await;
    let store = connect(&server.url()).await.unwrap();
    let site = new_site();
    let gate = std::sync::Arc::new(gate(store, &site, r#","deadline_ms":{"admit":150}"#));
    assert_eq!(send(&gate, &site, "e1").await.reason(), Reason::NoSession);
    server.stop();
    let began = Instant::now();
    let flood: Vec<_> = (0..1000)
        .map(|number| {
            let (gate, site) = (gate.clone(), site.clone());
            tokio::spawn(async move { send(&gate, &site, &format!("f{}", number % 3)).await })
        })
        .collect();
    for decision in flood {
        assert_eq!(decision.await.unwrap().status(), 503);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    server.go_on();
    let began = Instant::now();
    while send(&gate, &site, "e2").await.status() == 503 {
        assert!(began.elapsed() < Duration::from_secs(8), "it comes back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // What was sent before is judged once: the flood left no more than the claims of three events, under a lease.
    let bench = Bench {
        connection: server.connection().await,
        store: Redis::new(server.connection().await).await.unwrap(),
        site,
    };
    let claims = bench.counted().await;
    assert!((4..=10).contains(&claims), "{claims}");
}

#[tokio::test]
async fn field_36_a_connection_that_falls_silent_is_replaced_while_the_server_lives() {
    let server = Server::start(&[]).await;
    let proxy = Proxy::to(server.port).await;
    let store = connect(&proxy.url()).await.unwrap();
    let site = new_site();
    let deadlines = r#","deadline_ms":{"admit":100},"breaker":{"failures":1000,"rest_ms":1}"#;
    let gate = gate(store, &site, deadlines);
    assert_eq!(send(&gate, &site, "e1").await.reason(), Reason::NoSession);
    proxy.silence();
    for number in 0..3 {
        let decision = send(&gate, &site, &format!("s{number}")).await;
        assert_eq!(decision.reason(), Reason::StoreFailed);
    }
    let began = Instant::now();
    while send(&gate, &site, "e2").await.status() == 503 {
        assert!(began.elapsed() < Duration::from_secs(8), "a new connection is made");
    }
}

#[tokio::test]
async fn law_11_where_nobody_listens_and_where_nobody_answers_the_store_does_not_start() {
    let began = Instant::now();
    let port = {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        socket.local_addr().unwrap().port()
    };
    let refused = connect(&format!("redis://127.0.0.1:{port}/0")).await.unwrap_err();
    assert!(matches!(refused, StartError::Unreachable(_)), "{refused}");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://user:hunter22@{}/0", silent.local_addr().unwrap());
    let refused = connect(&url).await.unwrap_err();
    assert!(matches!(refused, StartError::Unreachable(_)), "{refused}");
    assert!(!format!("{refused} {refused:?}").contains("hunter22"), "law 12");
    assert!(began.elapsed() < Duration::from_secs(10));
}
