//! Random requests under a clock that moves in any direction: the scripts and the store in memory, which takes the
//! core's own steps, say the same, reply by reply.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use consentgate::Memory;
use consentgate_core::{
    Caps, Config, Millis, Rate,
    ids::ClaimKey,
    stores::{
        AdmissionStore, Admit, AdmitReply, Bucket, Done, Purge, Settle, SettleAction, SettleReply,
    },
};
use consentgate_redis::redis;
use proptest::{collection::vec, prelude::*, sample::select};
use support::*;

#[derive(Clone, Debug)]
enum Op {
    Admit { claims: Vec<u8>, buckets: Vec<u8>, by: u8, lease: u64, keep: u64 },
    Commit { claims: Vec<u8>, by: u8, accepted: Option<u8>, keep: u64 },
    Release { claims: Vec<u8>, by: u8, refund: Vec<u8> },
    Move(i64),
}

const CLAIMS: u8 = 4;
/// Long enough that a slow machine does not expire a key before the clock of the test says so.
const RATES: [Rate; 3] = [
    Rate { interval: Millis(3000), burst: 3 },
    Rate { interval: Millis(20_001), burst: 1 },
    Rate { interval: Millis(7777), burst: 2 },
];

fn some_of(many: u8) -> impl Strategy<Value = Vec<u8>> {
    let all: Vec<u8> = (0..many).collect();
    proptest::sample::subsequence(all, 0..=usize::from(many)).prop_shuffle()
}

fn op() -> impl Strategy<Value = Op> {
    let keep = || select(vec![20_000, 20_001, 60_000, 600_000]);
    let admit = (some_of(CLAIMS), some_of(3), 0..3_u8, select(vec![1000, 5000, 30_000]), keep());
    let commit = (some_of(CLAIMS), 0..3_u8, proptest::option::of(0..4_u8), keep());
    let release = (some_of(CLAIMS), 0..3_u8, some_of(3));
    // Across every kind of boundary, onto it and just short of it.
    let forward =
        vec![1, 500, 999, 1000, 2999, 3000, 5000, 19_999, 20_000, 30_000, 60_000, 600_000];
    let back = vec![-1, -1000, -20_000, -3_600_000];
    prop_oneof![
        6 => admit.prop_map(|(claims, buckets, by, lease, keep)| Op::Admit { claims, buckets, by, lease, keep }),
        3 => commit.prop_map(|(claims, by, accepted, keep)| Op::Commit { claims, by, accepted, keep }),
        2 => release.prop_map(|(claims, by, refund)| Op::Release { claims, by, refund }),
        4 => select(forward).prop_map(Op::Move),
        1 => select(back).prop_map(Op::Move),
    ]
}

fn caps() -> Caps {
    Config::from_json(br#"{"sites":{}}"#).unwrap().common().caps
}

fn claims(numbers: &[u8]) -> Vec<ClaimKey> {
    numbers.iter().map(|number| claim(*number)).collect()
}

fn buckets(numbers: &[u8]) -> Vec<Bucket> {
    numbers.iter().map(|number| bucket(*number, RATES[usize::from(*number)])).collect()
}

/// Both stores, and the time they are given.
struct Pair<C> {
    bench: Bench<C>,
    memory: Memory,
    now: i64,
}

impl<C: Connection> Pair<C> {
    async fn apply(&mut self, op: &Op) {
        match op {
            Op::Admit { claims: own, buckets: of, by, lease, keep } => {
                let (own, of) = (claims(own), buckets(of));
                let request = self.bench.request(&own, &of, *by);
                let (lease, keep) = (Millis(*lease), Millis(*keep));
                let request = Admit { lease, keep, ..request };
                let expected: AdmitReply =
                    AdmissionStore::admit(&self.memory, &request, at(self.now)).unwrap();
                assert_eq!(self.bench.ask_admit(request).await, expected, "{op:?}");
            }
            Op::Commit { claims: own, by, accepted, keep } => {
                let done = accepted.map_or(Done::Refused, |number| Done::Accepted(call(number)));
                let action = SettleAction::Commit { done, keep: Millis(*keep) };
                self.settle(&claims(own), *by, action, op).await;
            }
            Op::Release { claims: own, by, refund } => {
                let refund = buckets(refund);
                self.settle(&claims(own), *by, SettleAction::Release { refund: &refund }, op).await;
            }
            Op::Move(by) => {
                if *by < 0 {
                    self.forget().await;
                }
                self.now += by;
                self.bench.set(self.now).await;
            }
        }
    }

    async fn settle(&self, claims: &[ClaimKey], by: u8, action: SettleAction<'_>, op: &Op) {
        let request = Settle { site: &self.bench.site, claims, owner: owner(by), action };
        let expected: SettleReply =
            AdmissionStore::settle(&self.memory, &request, at(self.now)).unwrap();
        assert_eq!(self.bench.settle(claims, by, action).await, expected, "{op:?}");
    }

    /// Clears away what is over, in both: before the clock steps back, so that nothing comes to life again in the one
    /// that the other has dropped already.
    async fn forget(&self) {
        let purge = Purge { limit: u64::MAX };
        AdmissionStore::purge(&self.memory, &purge, at(self.now)).unwrap();
        for number in 0..CLAIMS {
            let key = self.bench.claim_key(&claim(number));
            let value: Option<Vec<u8>> = self.bench.ask(redis::cmd("GET").arg(&key)).await;
            let forget =
                value.map(|value| value[..6].iter().fold(0, |ms, byte| ms << 8 | i64::from(*byte)));
            if forget.is_some_and(|forget| forget <= self.now) {
                self.bench.ask::<()>(redis::cmd("DEL").arg(&key)).await;
            }
        }
        for bucket in buckets(&[0, 1, 2]) {
            let key = self.bench.bucket_key(&bucket);
            let full_at: Option<i64> = self.bench.ask(redis::cmd("GET").arg(&key)).await;
            if full_at.is_some_and(|full_at| full_at <= self.now) {
                self.bench.ask::<()>(redis::cmd("DEL").arg(&key)).await;
            }
        }
    }

    /// FIELD 25, and that the count counts every live claim.
    async fn check(&self) {
        let bench = &self.bench;
        let mut keys = vec![bench.key("n").into_bytes()];
        keys.extend((0..CLAIMS).map(|number| bench.claim_key(&claim(number))));
        keys.extend(buckets(&[0, 1, 2]).iter().map(|bucket| bench.bucket_key(bucket)));
        let mut pipe = redis::pipe();
        for key in keys {
            pipe.cmd("PTTL").arg(key);
        }
        let rests: Vec<i64> = pipe.query_async(&mut bench.connection.clone()).await.unwrap();
        assert!(rests.iter().all(|rest| *rest != -1), "a key without an expiry");
        let purge = Purge { limit: u64::MAX };
        AdmissionStore::purge(&self.memory, &purge, at(self.now)).unwrap();
        let live = i64::try_from(self.memory.site_usage(&bench.site).claims).unwrap();
        assert!(bench.counted().await >= live);
    }
}

async fn run(connection: impl Connection, ops: Vec<Op>) {
    let memory = Memory::new(&caps());
    let mut pair = Pair { bench: Bench::new(connection).await, memory, now: START };
    for op in &ops {
        pair.apply(op).await;
        pair.check().await;
    }
    // Whatever happened: a day later nothing of it is counted.
    pair.apply(&Op::Move(86_400_000)).await;
    let reply = pair.bench.admit(&[claim(0)], &[], 1).await;
    assert_eq!((reply, pair.bench.counted().await), (ADMITTED, 1));
}

fn check_random<C: Connection>(cases: u32, connect: impl AsyncFnOnce() -> C) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let connection = runtime.block_on(connect());
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(ops in vec(op(), 1..50))| {
        runtime.block_on(run(connection.clone(), ops));
    });
}

#[test]
fn field_30_the_scripts_say_what_the_store_in_memory_says_on_one_redis() {
    check_random(120, single);
}

#[test]
fn field_34_the_scripts_say_what_the_store_in_memory_says_on_a_cluster() {
    check_random(40, shared_cluster);
}
