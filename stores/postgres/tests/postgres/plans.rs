//! A plan outlives its statistics: one that was made while a table was empty must not read a whole site later (FIELD 36:
//! a store that hangs).

use super::{things::*, world::World};
use consentgate_postgres::tokio_postgres::Client;

/// Each function once, for the n-th event.
fn event_of(n: i64) -> [String; 6] {
    let base = format!(
        "'site', 'a', 'fingerprint', 'p{n}', 'pseudonym', md5('p{n}'), 'call_id', md5('c{n}'), 'keep_ms', 600000"
    );
    let ask = |function: &str, more: &str| {
        format!("select consentgate.{function}(jsonb_build_object({base}{more}))")
    };
    let claims = format!(
        ", 'claims', jsonb_build_array('s:' || md5('s{n}') || md5('t'), 'e:' || md5('e{n}') || md5('f')),
        'owner', md5('o{n}')"
    );
    let record = format!(
        ", 'signature_hash', md5('s{n}') || md5('t'), 'more_signature_hashes',
        jsonb_build_array(md5('x{n}') || md5('t')), 'event_id', 'e{n}', 'session_version', null,
        'changed_at_ms', 1, 'received_at_ms', 1, 'marketing', 'skipped', 'delay_ms', 0, 'calls_per_site_max', 1000000,
        'calls_bytes_per_site_max', 1000000"
    );
    let session = ", 'expected', null, 'floor', null, 'idempotency', jsonb_build_object('key', md5('k'), 'keep_ms', 1),
        'narrowing', false, 'sessions_per_site_max', 1000000, 'floors_per_site_max', 1000000,
        'idempotency_per_site_max', 1000000, 'session', jsonb_build_object('scopes', '[]'::jsonb,
        'granted_at_ms', 1, 'changed_at_ms', 1, 'policy_version', null, 'gpc', false, 'narrowed', false)";
    let admit = ", 'lease_ms', 30000, 'claims_per_site_max', 1000000, 'buckets_per_site_max', 1000000, 'buckets', jsonb_build_array(
        jsonb_build_object('name', 'x', 'key', md5('b'), 'interval_ms', 1, 'burst', 1000000))";
    [
        ask("admit", &format!("{claims}{admit}")),
        ask("put_session", session),
        format!("select consentgate.record_call(jsonb_build_object({base}{record}), 'x')"),
        ask(
            "confirm_sale_and_enqueue",
            ", 'session_version', null, 'scopes', '[]'::jsonb, 'delay_ms', 0",
        ),
        ask("settle", &format!("{claims}, 'action', 'commit', 'result', 'accepted'")),
        ask("find_session", ""),
    ]
}

/// How many rows the statement reads.
async fn rows_read(client: &Client, statement: &str) -> i64 {
    let read =
        "select (sum(seq_tup_read) + sum(idx_tup_fetch))::bigint from pg_stat_xact_user_tables
        where schemaname = 'consentgate'";
    client.batch_execute("begin").await.unwrap();
    client.batch_execute(statement).await.unwrap();
    let read: i64 = client.query_one(read, &[]).await.unwrap().get(0);
    client.batch_execute("commit").await.unwrap();
    read
}

#[tokio::test]
async fn field_36_plans_made_on_empty_tables_do_not_read_a_whole_site_later() {
    let world = World::new().await;
    world.database.spoil();
    let tables =
        ["claims", "buckets", "sessions", "statements", "calls", "call_signatures", "conversions"];
    for table in tables {
        world
            .run(&format!("alter table consentgate.{table} set (autovacuum_enabled = false)"))
            .await;
        world.run(&format!("vacuum analyze consentgate.{table}")).await;
    }
    // Plans are settled after a few runs.
    let client = world.another_client().await;
    for n in 0..10 {
        for statement in event_of(n) {
            client.batch_execute(&statement).await.unwrap();
        }
    }
    world.run("
        insert into consentgate.claims (site_id, claim, owner, lease_until, forget_at)
            select 'a', 's'::bytea || decode(md5(n::text) || md5('x'), 'hex'), md5('o')::uuid, 9e15, 9e15
            from generate_series(1, 3000) n;
        insert into consentgate.buckets select 'a', md5(n::text)::uuid, 9e15 from generate_series(1, 3000) n;
        insert into consentgate.statements select 'a', md5(n::text)::uuid, 9e15 from generate_series(1, 3000) n;
        insert into consentgate.sessions
            select 'a', 'f' || n, n, '{}', 1, 1, null, false, false, 9e15 from generate_series(1, 3000) n;
        insert into consentgate.calls
            select 'a', md5('old' || n)::uuid, decode(md5(n::text), 'hex'), 'old' || n, 'f', 1, 'skipped', '', n % 2 * 9e15
            from generate_series(1, 3000) n;
        insert into consentgate.call_signatures
            select 'a', decode(md5('m' || n), 'hex'), md5('old' || n)::uuid from generate_series(1, 3000) n;
        insert into consentgate.conversions (site_id, call_id, state, due_at)
            select 'a', md5('old' || n)::uuid, 'queued', 9e15 from generate_series(1, 3000) n").await;
    for statement in event_of(100) {
        let read = rows_read(&client, &statement).await;
        assert!(read < 300, "{read} rows are read by {statement}");
    }
    // Taking back what is over of one site reads no more than it drops.
    assert!(erase(&world, "a", 1, floor(1, 1)).await);
}
