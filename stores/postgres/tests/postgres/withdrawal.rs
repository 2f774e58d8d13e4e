//! A withdrawal against a call and a sale, statement by statement: whichever commits first, no row and no job is made
//! after the withdrawal's commit (law 7, FIELD 44).

use super::{things::*, world::World};
use consentgate::{
    core::stores::{EnqueueReply, RecordReply, Verdict},
    ids::SessionVersion,
};
use consentgate_postgres::tokio_postgres::Client;
use std::{sync::Arc, time::Duration};

/// The ways to withdraw, as statements of a transaction that is open for a while.
fn withdrawals(version: SessionVersion) -> Vec<(&'static str, String)> {
    let (fingerprint, pseudonym) = person(1);
    let (fingerprint, pseudonym) = (fingerprint.expose().to_owned(), pseudonym.to_hex());
    let base =
        format!(r#""site": "a", "fingerprint": "{fingerprint}", "pseudonym": "{pseudonym}""#);
    let tombstone = r#""tombstone": {"at_ms": 2000, "keep_ms": 60000},
        "tombstones_per_site_max": 100"#;
    let narrowed = r#"{"scopes": [], "granted_at_ms": 1000, "changed_at_ms": 2000,
        "policy_version": null, "gpc": false, "narrowed": true}"#;
    vec![
        (
            "put",
            format!(
                "select consentgate.put_session('{{{base}, \"expected\": {}, \"session\": {narrowed},
                    \"floor\": null, \"idempotency\": null, \"narrowing\": true, \"keep_ms\": 60000,
                    \"sessions_per_site_max\": 100,
                    \"floors_per_site_max\": 100, \"idempotency_per_site_max\": 100}}')",
                version.0
            ),
        ),
        ("delete", format!("select consentgate.delete_session('{{{base}, {tombstone}}}')")),
        ("erase", format!("select consentgate.erase_calls('{{{base}, {tombstone}}}')")),
        ("by hand", "update consentgate.sessions set version = version + 1000000".to_owned()),
    ]
}

async fn start() -> (Arc<World>, SessionVersion, Client) {
    let world = Arc::new(World::new().await);
    let version = granted(&world, "a", 1, 1000).await;
    let client = world.another_client().await;
    (world, version, client)
}

/// Until somebody waits for a lock.
async fn somebody_waits(world: &World) {
    let waiting = "select count(*) from pg_locks where not granted";
    for _ in 0..2000 {
        if world.count(waiting).await > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody waits");
}

#[tokio::test]
async fn law_7_a_call_waits_for_a_withdrawal_under_way_and_sees_it() {
    for place in 0..4 {
        let (world, version, withdrawing) = start().await;
        let (name, statement) = withdrawals(version).remove(place);
        withdrawing.batch_execute("begin").await.unwrap();
        withdrawing.batch_execute(&statement).await.unwrap();
        let recording = tokio::spawn({
            let world = world.clone();
            async move { Call { version: Some(version), ..Call::new(1) }.record(&world).await }
        });
        somebody_waits(&world).await;
        withdrawing.batch_execute("commit").await.unwrap();
        assert_eq!(recording.await.unwrap(), RecordReply::Moved, "{name}");
        assert_eq!(world.count("select count(*) from consentgate.calls").await, 0, "{name}");
        assert_eq!(world.count("select count(*) from consentgate.conversions").await, 0, "{name}");
    }
}

#[tokio::test]
async fn law_7_a_withdrawal_that_is_rolled_back_was_none() {
    for place in 0..4 {
        let (world, version, withdrawing) = start().await;
        let (name, statement) = withdrawals(version).remove(place);
        withdrawing.batch_execute("begin").await.unwrap();
        withdrawing.batch_execute(&statement).await.unwrap();
        let recording = tokio::spawn({
            let world = world.clone();
            async move { Call { version: Some(version), ..Call::new(1) }.record(&world).await }
        });
        somebody_waits(&world).await;
        withdrawing.batch_execute("rollback").await.unwrap();
        assert_eq!(recording.await.unwrap(), ENQUEUED, "{name}");
    }
}

#[tokio::test]
async fn law_7_a_sale_waits_for_a_withdrawal_under_way_and_sees_it() {
    // An erasure of the calls leaves the session to the effect that comes with it: then the call is missing.
    for (place, reply) in [
        (0, EnqueueReply::Moved),
        (1, EnqueueReply::Moved),
        (2, EnqueueReply::Missing),
        (3, EnqueueReply::Moved),
    ] {
        let (world, version, withdrawing) = start().await;
        let call = Call { version: Some(version), verdict: Verdict::Skipped, ..Call::new(1) };
        assert_eq!(call.record(&world).await, SKIPPED);
        let (name, statement) = withdrawals(version).remove(place);
        withdrawing.batch_execute("begin").await.unwrap();
        withdrawing.batch_execute(&statement).await.unwrap();
        let selling = tokio::spawn({
            let world = world.clone();
            async move { call.enqueue(&world, &["marketing"], KEEP).await }
        });
        somebody_waits(&world).await;
        withdrawing.batch_execute("commit").await.unwrap();
        assert_eq!(selling.await.unwrap(), reply, "{name}");
        assert_eq!(world.count("select count(*) from consentgate.conversions").await, 0, "{name}");
    }
}

#[tokio::test]
async fn law_7_a_withdrawal_waits_for_a_call_under_way() {
    for place in 0..4 {
        let (world, version, recording) = start().await;
        let (name, statement) = withdrawals(version).remove(place);
        let (fingerprint, pseudonym) = person(1);
        let record = format!(
            r#"select consentgate.record_call('{{"site": "a", "call_id": "{}", "signature_hash": "{}",
                "more_signature_hashes": [], "event_id": null, "fingerprint": "{}", "pseudonym": "{}",
                "session_version": {}, "changed_at_ms": 1000, "received_at_ms": 1000, "marketing": "pending",
                "keep_ms": 60000, "delay_ms": 0, "calls_per_site_max": 10,
                "calls_bytes_per_site_max": 1000}}', 'x')"#,
            call(1).to_hex(),
            hash(1).to_hex(),
            fingerprint.expose(),
            pseudonym.to_hex(),
            version.0,
        );
        recording.batch_execute("begin").await.unwrap();
        recording.batch_execute(&record).await.unwrap();
        let withdrawing = world.another_client().await;
        let withdrawn = tokio::spawn(async move { withdrawing.batch_execute(&statement).await });
        somebody_waits(&world).await;
        assert!(!withdrawn.is_finished(), "{name}");
        recording.batch_execute("commit").await.unwrap();
        withdrawn.await.unwrap().unwrap();
        // The call was first. Only an erasure takes it away again.
        let left = i64::from(name != "erase");
        assert_eq!(world.count("select count(*) from consentgate.calls").await, left, "{name}");
        assert_eq!(
            world.count("select count(*) from consentgate.conversions").await,
            left,
            "{name}"
        );
    }
}

#[tokio::test]
async fn law_7_where_sessions_are_apart_an_erasure_still_leaves_no_call_behind() {
    let (world, version, erasing) = start().await;
    let (_, statement) = withdrawals(version).remove(2);
    erasing.batch_execute("begin").await.unwrap();
    erasing.batch_execute(&statement).await.unwrap();
    let recording = tokio::spawn({
        let world = world.clone();
        async move { Call { changed_at: 2000, ..Call::new(1) }.record(&world).await }
    });
    somebody_waits(&world).await;
    erasing.batch_execute("commit").await.unwrap();
    assert_eq!(recording.await.unwrap(), RecordReply::Moved);
}
