//! What the tests stand on: the engines, sites of their own, a clock of their own, servers of their own.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod cluster;
pub mod gate;
pub mod server;
pub mod stall;

use consentgate_core::{
    Millis, Rate, Timestamp,
    ids::{CallId, ClaimKey, Owner, Pseudonym, SiteId},
    stores::{
        Admit, AdmitReply, AsyncAdmissionStore, Bucket, Done, Settle, SettleAction, SettleReply,
    },
};
use consentgate_redis::{
    Redis,
    redis::{
        self, Client,
        aio::{ConnectionLike, ConnectionManager},
        cluster::ClusterClient,
        cluster_async::ClusterConnection,
    },
};
use std::{
    env, process,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{SystemTime, UNIX_EPOCH},
};

/// What a store over any engine needs of its connection.
pub trait Connection: ConnectionLike + Clone + Send + Sync + 'static {}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Connection for C {}

fn engine(name: &str) -> String {
    env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set; start the engines: scripts/engines.sh up"))
}

pub async fn single() -> ConnectionManager {
    let client = Client::open(engine("CONSENTGATE_TEST_REDIS_URL")).unwrap();
    ConnectionManager::new(client).await.unwrap()
}

pub async fn shared_cluster() -> ClusterConnection {
    let urls = engine("CONSENTGATE_TEST_REDIS_CLUSTER_URLS");
    let client = ClusterClient::new(urls.split(',')).unwrap();
    client.get_async_connection().await.unwrap()
}

/// Runs a test on one Redis and on a Cluster.
#[macro_export]
macro_rules! on_both {
    ($($name:ident)*) => {
        mod one {
            $(#[tokio::test] async fn $name() { super::$name(super::support::single().await).await })*
        }
        mod cluster {
            $(#[tokio::test] async fn $name() { super::$name(super::support::shared_cluster().await).await })*
        }
    };
}

/// A site that nobody else has, on engines that everybody shares.
pub fn new_site() -> SiteId {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let text =
        format!("t-{}-{:x}-{}", process::id(), since.as_micros(), NEXT.fetch_add(1, Relaxed));
    SiteId::new(&text).unwrap()
}

/// A clock that the scripts read in place of the server's, in the slot of the site.
const CLOCK: &str = "redis.call('HMGET', KEYS[1] .. 'ow', 's', 'us')";

/// A store and a site on it, under a clock set by hand.
#[derive(Clone)]
pub struct Bench<C> {
    pub connection: C,
    pub store: Redis<C>,
    pub site: SiteId,
}

pub const LEASE: Millis = Millis(30_000);
pub const KEEP: Millis = Millis(600_000);
pub const MANY: u64 = 1 << 40;
/// 2023-11-14, in the middle of a minute.
pub const START: i64 = 1_700_000_000_000;

pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms).unwrap()
}

pub fn claim(number: u8) -> ClaimKey {
    ClaimKey::Event([number; 32])
}

pub fn owner(number: u8) -> Owner {
    Owner::from_bytes([number; 16])
}

pub fn call(number: u8) -> CallId {
    CallId::from_bytes([number; 16])
}

pub fn bucket(number: u8, rate: Rate) -> Bucket {
    Bucket { name: "fingerprint", key: Pseudonym::from_bytes([number; 16]), rate }
}

pub fn rate(interval: u64, burst: u32) -> Rate {
    Rate { interval: Millis(interval), burst }
}

pub const ADMITTED: AdmitReply = AdmitReply::Admitted { takeover: false };
pub const TAKEN_OVER: AdmitReply = AdmitReply::Admitted { takeover: true };

pub fn held(ms: u64) -> AdmitReply {
    AdmitReply::Held { retry: Millis(ms) }
}

pub fn limited(ms: u64, bucket: usize) -> AdmitReply {
    AdmitReply::Limited { retry: Millis(ms), bucket }
}

impl<C: Connection> Bench<C> {
    pub async fn new(connection: C) -> Self {
        let store = Redis::with_clock(connection.clone(), CLOCK).await.unwrap();
        let bench = Self { connection, store, site: new_site() };
        bench.set(START).await;
        bench
    }

    /// Under the server's own clock.
    pub async fn real(connection: C) -> Self {
        let store = Redis::new(connection.clone()).await.unwrap();
        Self { connection, store, site: new_site() }
    }

    /// Sets the clock, forward or back.
    pub async fn set(&self, ms: i64) {
        let mut command = redis::cmd("HSET");
        command.arg(self.key("now")).arg("s").arg(ms / 1000).arg("us").arg(ms % 1000 * 1000 + 999);
        self.ask::<i64>(&command).await;
    }

    pub fn key(&self, ending: &str) -> String {
        format!("cg1:{{{}}}:{ending}", self.site)
    }

    pub fn claim_key(&self, claim: &ClaimKey) -> Vec<u8> {
        let kind = if matches!(claim, ClaimKey::Event(_)) { "c:e" } else { "c:s" };
        [self.key(kind).as_bytes(), claim.as_bytes()].concat()
    }

    pub fn bucket_key(&self, bucket: &Bucket) -> Vec<u8> {
        [self.key("b:").as_bytes(), bucket.key.as_bytes()].concat()
    }

    pub async fn ask<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> T {
        command.query_async(&mut self.connection.clone()).await.unwrap()
    }

    pub async fn pttl(&self, key: &[u8]) -> i64 {
        self.ask(redis::cmd("PTTL").arg(key)).await
    }

    pub fn request<'a>(
        &'a self,
        claims: &'a [ClaimKey],
        buckets: &'a [Bucket],
        by: u8,
    ) -> Admit<'a> {
        Admit {
            site: &self.site,
            claims,
            owner: owner(by),
            lease: LEASE,
            keep: KEEP,
            claims_per_site_max: MANY,
            buckets_per_site_max: MANY,
            buckets,
        }
    }

    pub async fn ask_admit(&self, request: Admit<'_>) -> AdmitReply {
        self.store.admit(&request, Timestamp::MIN).await.unwrap()
    }

    pub async fn admit(&self, claims: &[ClaimKey], buckets: &[Bucket], by: u8) -> AdmitReply {
        self.ask_admit(self.request(claims, buckets, by)).await
    }

    pub async fn settle(
        &self,
        claims: &[ClaimKey],
        by: u8,
        action: SettleAction<'_>,
    ) -> SettleReply {
        let request = Settle { site: &self.site, claims, owner: owner(by), action };
        self.store.settle(&request, Timestamp::MIN).await.unwrap()
    }

    pub async fn commit(&self, claims: &[ClaimKey], by: u8, done: Done) -> SettleReply {
        self.settle(claims, by, SettleAction::Commit { done, keep: KEEP }).await
    }

    pub async fn release(&self, claims: &[ClaimKey], by: u8, refund: &[Bucket]) -> SettleReply {
        self.settle(claims, by, SettleAction::Release { refund }).await
    }

    /// The count of claims, and that it is the sum of what it is made of.
    pub async fn counted(&self) -> i64 {
        let fields: Vec<(String, i64)> = self.ask(redis::cmd("HGETALL").arg(self.key("n"))).await;
        let sum: i64 =
            fields.iter().filter(|(name, _)| name.parse::<i64>().is_ok()).map(|(_, n)| n).sum();
        let kept = fields.iter().find(|(name, _)| name == "n").map_or(0, |(_, n)| *n);
        assert_eq!(kept, sum, "{fields:?}");
        kept
    }
}
