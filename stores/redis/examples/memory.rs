//! Bytes that claims and buckets take in Redis, by `MEMORY USAGE` of one and by the growth of `used_memory` at 100,000.
//!
//! `memory redis://…`, of a server that nobody else uses meanwhile. Its keys expire within ten minutes.

use consentgate_core::{
    Millis, Rate, Timestamp,
    ids::{CallId, ClaimKey, Owner, Pseudonym, SiteId},
    stores::{Admit, AdmitReply, AsyncAdmissionStore, Bucket, Done, Settle, SettleAction},
};
use consentgate_redis::{
    Redis,
    redis::{self, Client, Cmd, FromRedisValue, aio::ConnectionManager},
};
use std::{env, error, process};

const MANY: u32 = 100_000;
const KEEP: Millis = Millis(600_000);
const RATE: Rate = Rate::token_bucket(20, 2);

type Failure = Box<dyn error::Error>;

struct Bench {
    connection: ConnectionManager,
    store: Redis<ConnectionManager>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let url = env::args().nth(1).ok_or("which Redis? memory redis://127.0.0.1:6379/0")?;
    let connection = ConnectionManager::new(Client::open(url)?).await?;
    let store = Redis::new(connection.clone()).await?;
    let bench = Bench { connection, store };
    let site = SiteId::new(&format!("m-{}", process::id())).ok_or("a site id")?;
    println!("a site's name of {} bytes, {MANY} of each      one      each", site.as_str().len());

    let before = bench.used().await?;
    for number in 0..MANY {
        bench.admit(&site, number, true, false).await?;
    }
    let held = bench.used().await?;
    let key = [format!("cg1:{{{site}}}:c:e").as_bytes(), &hash(0)].concat();
    bench.line("a claim that is held", &key, held - before).await?;

    for number in 0..MANY {
        bench.commit(&site, number).await?;
    }
    let done = bench.used().await?;
    bench.line("a claim that is done, accepted", &key, done - before).await?;

    for number in 0..MANY {
        bench.admit(&site, number, false, true).await?;
    }
    let key = [format!("cg1:{{{site}}}:b:").as_bytes(), &hash(0)[..16]].concat();
    let buckets = bench.used().await?;
    bench.line("a bucket", &key, buckets - done).await?;
    let count: i64 =
        bench.ask(redis::cmd("MEMORY").arg("USAGE").arg(format!("cg1:{{{site}}}:n"))).await?;
    println!("the count of a site                         {count:>8}");
    Ok(())
}

impl Bench {
    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Failure> {
        Ok(command.query_async(&mut self.connection.clone()).await?)
    }

    async fn line(&self, name: &str, key: &[u8], grown: i64) -> Result<(), Failure> {
        let one: i64 = self.ask(redis::cmd("MEMORY").arg("USAGE").arg(key)).await?;
        println!("{name:<43} {one:>8} {:>9}", grown / i64::from(MANY));
        Ok(())
    }

    async fn used(&self) -> Result<i64, Failure> {
        let info: String = self.ask(redis::cmd("INFO").arg("memory")).await?;
        let used =
            info.lines().find_map(|line| line.strip_prefix("used_memory:")?.trim().parse().ok());
        Ok(used.ok_or("INFO memory")?)
    }

    async fn admit(
        &self,
        site: &SiteId,
        number: u32,
        claims: bool,
        buckets: bool,
    ) -> Result<(), Failure> {
        let claim = [ClaimKey::Event(hash(number))];
        let bucket = [Bucket { name: "fingerprint", key: pseudonym(number), rate: RATE }];
        let request = Admit {
            site,
            claims: if claims { &claim } else { &[] },
            owner: Owner::from_bytes([1; 16]),
            lease: Millis(30_000),
            keep: KEEP,
            claims_per_site_max: u64::MAX,
            buckets_per_site_max: u64::MAX,
            buckets: if buckets { &bucket } else { &[] },
        };
        match self.store.admit(&request, Timestamp::MIN).await? {
            AdmitReply::Admitted { .. } => Ok(()),
            other => Err(format!("{other:?}").into()),
        }
    }

    async fn commit(&self, site: &SiteId, number: u32) -> Result<(), Failure> {
        let claims = [ClaimKey::Event(hash(number))];
        let done = Done::Accepted(CallId::from_bytes([7; 16]));
        let owner = Owner::from_bytes([1; 16]);
        let action = SettleAction::Commit { done, keep: KEEP };
        let request = Settle { site, claims: &claims, owner, action };
        self.store.settle(&request, Timestamp::MIN).await?;
        Ok(())
    }
}

fn hash(number: u32) -> [u8; 32] {
    let mut bytes = [5; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    bytes
}

fn pseudonym(number: u32) -> Pseudonym {
    let mut bytes = [5; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    Pseudonym::from_bytes(bytes)
}
