//! What the store answers when the engine does not do as it is asked (law 11, law 12).

use super::{
    things::*,
    world::{World, sqlstate},
};
use consentgate::{StoreErrorKind, core::stores::AdmitReply};
use std::{
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

#[tokio::test]
async fn field_37_a_lock_is_waited_for_for_less_than_a_second_and_nothing_is_written() {
    let world = World::new().await;
    let version = granted(&world, "a", 1, 1000).await;
    let blocker = world.another_client().await;
    blocker.batch_execute("begin; select * from consentgate.sessions for update").await.unwrap();
    let start = Instant::now();
    let call = Call { version: Some(version), ..Call::new(1) };
    let error = call.try_record(&world).await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert_eq!(sqlstate(&error), Some("55P03"));
    assert!(error.is_unwritten());
    blocker.batch_execute("rollback").await.unwrap();
    assert_eq!(call.record(&world).await, ENQUEUED);
}

#[tokio::test]
async fn law_12_no_error_says_whose_data_it_is_about() {
    let world = World::new().await;
    world.database.spoil();
    // The server would quote the row in its detail.
    world.run("alter table consentgate.calls add constraint nobody check (fingerprint = '')").await;
    let error = Call::new(1).try_record(&world).await.unwrap_err();
    assert_eq!(sqlstate(&error), Some("23514"));
    let source = error.source().unwrap();
    let said = format!("{error} {error:?} {source} {source:?}");
    assert!(!said.contains("person-1"), "{said}");
    assert!(source.source().is_none());
}

#[tokio::test]
async fn law_11_another_isolation_level_is_refused_and_not_guessed_under() {
    let world = World::new().await;
    let name = world.database.name();
    world.database.spoil();
    for level in ["repeatable read", "serializable"] {
        world
            .run(&format!("alter database {name} set default_transaction_isolation = '{level}'"))
            .await;
        let store = consentgate_postgres::connect(&world.database.url(), 2).unwrap();
        let client = world.another_client().await;
        let strict = World { store, client, database: super::world::Database::empty() };
        let error = Call::new(1).try_record(&strict).await.unwrap_err();
        assert_eq!(sqlstate(&error), Some("25000"));
        assert!(error.is_unwritten());
    }
}

#[tokio::test]
async fn law_11_without_the_schema_there_is_an_error_and_nothing_written() {
    let database = super::world::Database::empty();
    let store = consentgate_postgres::connect(&database.url(), 2).unwrap();
    let client = super::world::client_of(&database.url()).await;
    let world = World { store, client, database };
    let error = Call::new(1).try_record(&world).await.unwrap_err();
    assert_eq!(sqlstate(&error), Some("3F000"));
    assert!(error.is_unwritten());
}

#[tokio::test]
async fn law_11_a_reply_of_another_form_is_no_reply() {
    let world = World::new().await;
    world.database.spoil();
    for reply in
        ["null", "'{}'", "'{\"outcome\": \"maybe\"}'", "'{\"outcome\": \"held\", \"retry_ms\": 0}'"]
    {
        world
            .run(&format!(
                "create or replace function consentgate.admit(request jsonb) returns jsonb
             language sql as $$ select {reply}::jsonb $$"
            ))
            .await;
        let (site, claims) = (site("a"), [claim(1)]);
        let error = Asking::new(&site, &claims, owner(1)).try_admit(&world).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::WrongReply, "{reply}");
        assert!(!error.is_unwritten());
    }
}

#[tokio::test]
async fn law_4_no_server_no_connection_nothing_written() {
    let world = World::new().await;
    let store = consentgate_postgres::connect("postgresql://nobody@127.0.0.1:1/none", 2).unwrap();
    let nowhere = World { store, ..world };
    let error = Call::new(1).try_record(&nowhere).await.unwrap_err();
    assert!(error.is_unwritten());
}

/// A backend that ends while its statement waits: what it did is unknown to the caller and undone by the server.
#[tokio::test]
async fn law_3_a_connection_killed_in_the_middle_leaves_nothing_half_done() {
    let world = Arc::new(World::new().await);
    let version = granted(&world, "a", 1, 1000).await;
    let call = Call { version: Some(version), more: vec![hash(9)], ..Call::new(1) };
    let blocker = world.another_client().await;
    // It has come as far as its job when it is killed.
    blocker
        .batch_execute("begin; lock table consentgate.conversions in exclusive mode")
        .await
        .unwrap();
    let recording = tokio::spawn({
        let (world, call) = (world.clone(), call.clone());
        async move { call.try_record(&world).await }
    });
    let kill =
        "select count(pg_terminate_backend(pid)) from pg_locks where not granted and database =
        (select oid from pg_database where datname = current_database())";
    while world.count(kill).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let error = recording.await.unwrap().unwrap_err();
    assert!(!error.is_unwritten(), "nobody knows");
    blocker.batch_execute("rollback").await.unwrap();
    assert_eq!(world.count("select count(*) from consentgate.calls").await, 0);
    assert_eq!(world.count("select count(*) from consentgate.call_signatures").await, 0);
    assert_eq!(call.record(&world).await, ENQUEUED, "the honest retry");
}

#[tokio::test]
async fn law_4_connections_that_were_cut_are_replaced() {
    let world = World::new().await;
    let (site, claims) = (site("a"), [claim(1), claim(2)]);
    assert_eq!(Asking::new(&site, &claims[..1], owner(1)).admit(&world).await, NEW);
    world
        .run(
            "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()",
        )
        .await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(Asking::new(&site, &claims[1..], owner(1)).admit(&world).await, NEW);
    let held = Asking::new(&site, &claims[..1], owner(2)).admit(&world).await;
    assert!(matches!(held, AdmitReply::Held { .. }));
}
