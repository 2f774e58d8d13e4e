//! How many bytes a claim, a bucket, a session and a call take, indexes included: 100,000 of each, made through the
//! functions themselves, then measured. `cargo run --release --example sizes postgresql://…` in an empty database.

use consentgate_postgres::{connect, migrate};

const ROWS: i64 = 100_000;

/// Each row as the gate makes it: two claims and one bucket an event, a body of 300 bytes, one job a call.
const FILL: [(&str, &str); 3] = [
    (
        "claims and buckets",
        "select count(consentgate.admit(jsonb_build_object(
            'site', 'acme', 'owner', md5('owner' || n), 'lease_ms', 30000, 'keep_ms', 600000,
            'claims_per_site_max', 1000000, 'buckets_per_site_max', 1000000,
            'claims', jsonb_build_array('s:' || md5('s' || n) || md5('t' || n), 'e:' || md5('e' || n) || md5('f' || n)),
            'buckets', jsonb_build_array(jsonb_build_object(
                'name', 'fingerprint', 'key', md5('b' || n), 'interval_ms', 3000, 'burst', 20)))))
        from generate_series($1::bigint, $2::bigint) n",
    ),
    (
        "sessions",
        "select count(consentgate.put_session(jsonb_build_object(
            'site', 'acme', 'fingerprint', md5('p' || n), 'pseudonym', md5('q' || n), 'expected', null,
            'session', jsonb_build_object('scopes', jsonb_build_array('analytics', 'marketing'),
                'granted_at_ms', 1790000000000, 'changed_at_ms', 1790000000000,
                'policy_version', 3, 'gpc', false, 'narrowed', false),
            'floor', null, 'idempotency', jsonb_build_object('key', md5('k' || n), 'keep_ms', 600000),
            'narrowing', false, 'keep_ms', 15552000000, 'sessions_per_site_max', 1000000,
            'floors_per_site_max', 1000000, 'idempotency_per_site_max', 1000000)))
        from generate_series($1::bigint, $2::bigint) n",
    ),
    (
        "calls",
        "select count(consentgate.record_call(jsonb_build_object(
            'site', 'acme', 'call_id', md5('c' || n), 'signature_hash', md5('s' || n) || md5('t' || n),
            'more_signature_hashes', '[]'::jsonb, 'event_id', 'evt_' || md5('e' || n),
            'fingerprint', md5('p' || n), 'pseudonym', md5('q' || n), 'session_version', null,
            'changed_at_ms', 1790000000000, 'received_at_ms', 1790000000000, 'marketing', 'pending',
            'keep_ms', 86400000, 'delay_ms', 21600000, 'calls_per_site_max', 1000000,
            'calls_bytes_per_site_max', 1000000000),
            convert_to(rpad(md5('body' || n), 300, md5('more' || n)), 'UTF8')))
        from generate_series($1::bigint, $2::bigint) n",
    ),
];

const TABLES: [(&str, i64); 6] = [
    ("claims", 2 * ROWS),
    ("buckets", ROWS),
    ("sessions", ROWS),
    ("statements", ROWS),
    ("calls", ROWS),
    ("conversions", ROWS),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("the address of an empty database")?;
    let store = connect(&url, 1)?;
    let client = store.pool().get().await?;
    migrate(&client).await?;
    for (what, statement) in FILL {
        let start = std::time::Instant::now();
        // Advisory locks last to the end of a transaction: not too many in one.
        for first in (0..ROWS).step_by(500) {
            client.query(statement, &[&first, &(first + 499)]).await?;
        }
        println!("{what}: {:.0} µs each", start.elapsed().as_secs_f64() * 1e6 / ROWS as f64);
    }
    for (table, rows) in TABLES {
        let size = format!("select pg_total_relation_size('consentgate.{table}')");
        let bytes: i64 = client.query_one(&size, &[]).await?.get(0);
        println!("{table}: {} bytes each", bytes / rows);
    }
    Ok(())
}
