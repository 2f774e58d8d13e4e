//! Admit against a bare `SET key value NX PX`, one after the other over the same connection of a store, many calls in
//! flight as a gate has them. Prints what each reaches in a second, and the ratio.
//!
//! `throughput [redis://…]`, by default the server of `CONSENTGATE_TEST_REDIS_URL`. Its keys expire within a minute.
#![allow(clippy::expect_used, reason = "a task that fails ends the measurement")]

use consentgate_core::{
    Millis, Rate, Timestamp,
    ids::{ClaimKey, Owner, Pseudonym, SiteId},
    stores::{Admit, AdmitReply, AsyncAdmissionStore, Bucket},
};
use consentgate_redis::{
    Redis,
    redis::{self, Client, aio::ConnectionManager},
};
use std::{
    env, error, process,
    time::{Duration, Instant},
};

const IN_FLIGHT: u64 = 256;
const CALLS: u64 = 400;
const ROUNDS: usize = 5;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn error::Error>> {
    let url = env::args().nth(1).or_else(|| env::var("CONSENTGATE_TEST_REDIS_URL").ok());
    let url = url.ok_or("which Redis? throughput redis://127.0.0.1:6379/0")?;
    let connection = ConnectionManager::new(Client::open(url)?).await?;
    let store = Redis::new(connection.clone()).await?;
    let mut best = [Measured::default(); 3];
    for round in 0..ROUNDS {
        let run = u64::from(process::id()) << 16 | round as u64;
        let set = measure(&connection, |task| set(connection.clone(), run, task)).await?;
        let one = measure(&connection, |task| admit(store.clone(), run << 1, task, 1)).await?;
        let two = measure(&connection, |task| admit(store.clone(), run << 1 | 1, task, 2)).await?;
        for (best, measured) in best.iter_mut().zip([set, one, two]) {
            *best = best.better(measured);
        }
    }
    let names = ["SET NX PX", "Admit, 1 claim, 1 bucket", "Admit, 2 claims, 1 bucket"];
    println!("best of {ROUNDS} rounds           calls / s      ratio   server's µs / call   ratio");
    for (name, own) in names.iter().zip(best) {
        let (wall, cpu) = (own.per_s / best[0].per_s, best[0].server_us / own.server_us);
        let (per_s, server_us) = (own.per_s, own.server_us);
        let (wall, cpu) = (100.0 * wall, 100.0 * cpu);
        println!("{name:<26} {per_s:>12.0} {wall:>8.0} % {server_us:>20.1} {cpu:>5.0} %");
    }
    Ok(())
}

/// What one round came to.
#[derive(Clone, Copy)]
struct Measured {
    per_s: f64,
    /// Processor time of the server for a call, which other work on the machine disturbs less.
    server_us: f64,
}

impl Default for Measured {
    fn default() -> Self {
        Self { per_s: 0.0, server_us: f64::INFINITY }
    }
}

impl Measured {
    fn better(self, other: Self) -> Self {
        Self { per_s: self.per_s.max(other.per_s), server_us: self.server_us.min(other.server_us) }
    }
}

/// Many tasks, each of which makes one call after the other.
async fn measure<F: Future<Output = ()> + Send + 'static>(
    connection: &ConnectionManager,
    task: impl Fn(u64) -> F,
) -> Result<Measured, Box<dyn error::Error>> {
    let (start, busy) = (Instant::now(), server_time(connection).await?);
    let tasks: Vec<_> = (0..IN_FLIGHT).map(|number| tokio::spawn(task(number))).collect();
    for task in tasks {
        task.await?;
    }
    let elapsed = start.elapsed().max(Duration::from_nanos(1)).as_secs_f64();
    let busy = server_time(connection).await? - busy;
    let calls = (IN_FLIGHT * CALLS) as f64;
    Ok(Measured { per_s: calls / elapsed, server_us: 1e6 * busy / calls })
}

/// Seconds of processor time that the server has used.
async fn server_time(connection: &ConnectionManager) -> Result<f64, Box<dyn error::Error>> {
    let info = redis::cmd("INFO").arg("cpu").query_async::<String>(&mut connection.clone()).await?;
    let of =
        |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    let (user, system): (Option<f64>, Option<f64>) = (of("used_cpu_user:"), of("used_cpu_sys:"));
    Ok(user.ok_or("INFO cpu")? + system.ok_or("INFO cpu")?)
}

async fn set(mut connection: ConnectionManager, run: u64, task: u64) {
    for call in 0..CALLS {
        let key = [b"throughput".as_slice(), &hash(run, task, call, 0)].concat();
        let mut command = redis::cmd("SET");
        command.arg(key).arg("1").arg("NX").arg("PX").arg(60_000);
        let done: bool = command.query_async(&mut connection).await.expect("SET is answered");
        assert!(done);
    }
}

async fn admit(store: Redis<ConnectionManager>, run: u64, task: u64, claims: u64) {
    let site = SiteId::new(&format!("throughput-{run}")).expect("a site id");
    let rate = Rate::token_bucket(20, 20);
    for call in 0..CALLS {
        let keys: Vec<_> =
            (0..claims).map(|claim| ClaimKey::Event(hash(run, task, call, claim))).collect();
        let mut key = [0; 16];
        key.copy_from_slice(&hash(run, 0, task, call)[16..]);
        let buckets = [Bucket { name: "fingerprint", key: Pseudonym::from_bytes(key), rate }];
        let request = Admit {
            site: &site,
            claims: &keys,
            owner: Owner::from_bytes(key),
            lease: Millis(30_000),
            keep: Millis(60_000),
            claims_per_site_max: u64::MAX,
            buckets_per_site_max: u64::MAX,
            buckets: &buckets,
        };
        let reply = store.admit(&request, Timestamp::MIN).await.expect("Admit is answered");
        assert_eq!(reply, AdmitReply::Admitted { takeover: false });
    }
}

/// 32 bytes that differ for each call.
fn hash(run: u64, task: u64, call: u64, part: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (place, number) in bytes.chunks_exact_mut(8).zip([run, task, call, part]) {
        place.copy_from_slice(&number.to_be_bytes());
    }
    bytes
}
