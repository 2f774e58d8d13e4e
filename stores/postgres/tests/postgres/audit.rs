//! The audit's table: each record once, whole batches, and for nobody's eyes but the owner's.

use super::world::{World, patient, sqlstate};
use consentgate_core::{
    ids::Writer,
    tenants::{AsyncAuditTable, AuditOutcome, Operation, Record, ViolationKind},
};
use consentgate_postgres::tokio_postgres::error::SqlState;
use std::sync::Arc;
use tokio::task::JoinSet;

const COUNT: &str = "select count(*) from consentgate.security_audit_logs";

/// A violation of `acme`'s, as a guard wrote it down.
fn record(writer: u8, sequence: u64) -> Record {
    let line = format!(
        concat!(
            r#"{{"writer":"{}","sequence":{},"at":"2026-11-28T06:25:00.123Z","tenant":"acme","#,
            r#""kind":"cross_tenant","operation":"message","severity":"critical","#,
            r#""subject":"000102030405060708090a0b0c0d0e0f","outcome":"denied"}}"#
        ),
        Writer::from_bytes([writer; 16]).to_hex(),
        sequence
    );
    Record::read(line.as_bytes()).expect("a record")
}

#[tokio::test]
async fn law_11_a_record_that_comes_again_is_there_once_as_it_first_was() {
    let world = World::new().await;
    let records: Vec<Record> = (1..=3).map(|sequence| record(1, sequence)).collect();
    world.store.append(&records[..2]).await.unwrap();
    let first: String = text(&world).await;
    world.store.append(&records).await.unwrap();
    world.store.append(&[]).await.unwrap();
    assert_eq!(world.count(COUNT).await, 3);
    assert!(text(&world).await.starts_with(&first));
    let expected = "01010101-0101-0101-0101-010101010101 1 2026-11-28T06:25:00.123 acme cross_tenant message critical \
        00010203-0405-0607-0809-0a0b0c0d0e0f denied";
    assert_eq!(first.split('\n').next(), Some(expected));
    let late = "select count(*) from consentgate.security_audit_logs where recorded_at > now() - interval '1 minute'";
    assert_eq!(world.count(late).await, 3);
}

/// What the server refused with.
async fn code(world: &World, sql: &str) -> Option<SqlState> {
    world.client.batch_execute(sql).await.err().and_then(|error| error.code().cloned())
}

/// All rows, oldest first.
async fn text(world: &World) -> String {
    let rows = "select string_agg(concat_ws(' ', writer, sequence, to_char(at at time zone 'UTC', \
        'YYYY-MM-DD\"T\"HH24:MI:SS.MS'), tenant, kind, operation, severity, subject, outcome), e'\\n' \
        order by writer, sequence) from consentgate.security_audit_logs";
    world.client.query_one(rows, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn law_11_many_who_bring_the_same_records_leave_each_once() {
    let world = Arc::new(World::new().await);
    let mut appends = JoinSet::new();
    for task in 0..16_u64 {
        let world = world.clone();
        appends.spawn(async move {
            let mut records: Vec<Record> = (1..=50).map(|sequence| record(1, sequence)).collect();
            // In another order each time.
            records.rotate_left(usize::try_from(task * 7 % 50).unwrap());
            if task % 2 == 0 {
                records.reverse();
            }
            for batch in records.chunks(20) {
                patient(|| world.store.append(batch)).await;
            }
        });
    }
    while let Some(ended) = appends.join_next().await {
        ended.unwrap();
    }
    assert_eq!(world.count(COUNT).await, 50);
}

#[tokio::test]
async fn law_11_a_batch_is_kept_whole_or_not_at_all() {
    let world = World::new().await;
    for (from, to, why) in [
        ("\"critical\"", "\"grave\"", SqlState::CHECK_VIOLATION),
        ("cross_tenant", "else", SqlState::CHECK_VIOLATION),
        ("\"message\"", "\"else\"", SqlState::CHECK_VIOLATION),
        ("\"denied\"", "\"else\"", SqlState::CHECK_VIOLATION),
        ("\"sequence\":2", "\"sequence\":0", SqlState::CHECK_VIOLATION),
        ("\"severity\":\"critical\",", "", SqlState::NOT_NULL_VIOLATION),
    ] {
        let (good, bad) = (record(1, 1).line(), record(1, 2).line());
        assert!(bad.contains(from), "{from}");
        let request = format!(r#"{{"records":[{good},{}]}}"#, bad.replacen(from, to, 1));
        let append = format!("select consentgate.append_audit('{request}')");
        let refused = world.client.batch_execute(&append).await.unwrap_err();
        assert_eq!(refused.code(), Some(&why), "{to}");
        assert_eq!(world.count(COUNT).await, 0);
    }
}

#[tokio::test]
async fn law_11_the_table_takes_all_that_the_core_writes() {
    let world = World::new().await;
    let mut records = Vec::new();
    for kind in ViolationKind::ALL {
        for operation in Operation::ALL {
            for outcome in AuditOutcome::ALL {
                let line = record(1, records.len() as u64 + 1).line();
                let line = line
                    .replace("cross_tenant", kind.as_str())
                    .replace("\"message\"", &format!("\"{operation}\""))
                    .replace("critical", kind.severity().as_str())
                    .replace("denied", outcome.as_str())
                    .replace("\"acme\"", if records.len() % 2 == 0 { "null" } else { "\"acme\"" });
                records.push(Record::read(line.as_bytes()).expect("a record"));
            }
        }
    }
    world.store.append(&records).await.unwrap();
    assert_eq!(world.count(COUNT).await, records.len() as i64);
}

#[tokio::test]
async fn law_8_nobody_but_the_owner_reads_or_changes_a_record() {
    let world = World::new().await;
    world.database.spoil();
    world.store.append(&[record(1, 1)]).await.unwrap();
    let role = format!("{}_gate", world.database.name());
    world
        .run(&format!(
            "create role {role}; grant {role} to current_user;
             grant usage on schema consentgate to {role};
             grant execute on function consentgate.append_audit(jsonb) to {role};
             set role {role}"
        ))
        .await;
    for sql in [
        COUNT,
        "insert into consentgate.security_audit_logs default values",
        "update consentgate.security_audit_logs set severity = 'low'",
        "delete from consentgate.security_audit_logs",
        "truncate consentgate.security_audit_logs",
    ] {
        assert_eq!(code(&world, sql).await, Some(SqlState::INSUFFICIENT_PRIVILEGE), "{sql}");
    }
    // It may write down what happened, and nothing else.
    let append =
        format!(r#"select consentgate.append_audit('{{"records":[{}]}}')"#, record(1, 2).line());
    assert_eq!(code(&world, &append).await, None);
    // Nor does a grant by mistake show or change anything.
    world.run("reset role").await;
    world
        .run(&format!("grant all on consentgate.security_audit_logs to {role}; set role {role}"))
        .await;
    assert_eq!(world.count(COUNT).await, 0);
    let insert = format!(
        "insert into consentgate.security_audit_logs
            select * from jsonb_populate_record(null::consentgate.security_audit_logs, '{}'::jsonb
            || '{{\"recorded_at\": \"2026-11-28\"}}')",
        record(1, 3).line()
    );
    assert_eq!(code(&world, &insert).await, Some(SqlState::INSUFFICIENT_PRIVILEGE));
    world.run("delete from consentgate.security_audit_logs; reset role").await;
    assert_eq!(world.count(COUNT).await, 2);
    world.run(&format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test]
async fn law_11_a_table_that_is_not_there_is_an_error_of_its_own() {
    let world = World::new().await;
    world.database.spoil();
    world.run("drop table consentgate.security_audit_logs").await;
    let error = world.store.append(&[record(1, 1)]).await.unwrap_err();
    assert_eq!(sqlstate(&error), Some("42P01"));
    assert!(error.is_unwritten());
}
