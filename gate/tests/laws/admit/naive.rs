//! Any course of admissions, next to the page written down once more.

use super::{BODY, world_with_rate};
use crate::world::{cases, secs, signed};
use consentgate::{
    Millis, Reason, Timestamp,
    core::flow::{
        Admit, Flow,
        Settlement::{Commit, Release},
    },
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What the page says of claims and of the bucket, once more and naively.
#[derive(Default)]
struct Naive {
    claims: BTreeMap<String, Claim>,
    full_at: i64,
}

#[derive(Clone, Copy, PartialEq)]
enum Claim {
    Held { owner: usize, until: i64 },
    Done,
}

const CAPACITY: i64 = 3;
const INTERVAL: i64 = 1000;
const LEASE_MS: i64 = 30_000;

impl Naive {
    fn arrive(&mut self, names: &[String; 2], owner: usize, now: i64) -> Reason {
        let known = names.iter().filter_map(|name| self.claims.get(name));
        let known: Vec<Claim> = known.copied().collect();
        if known.contains(&Claim::Done) {
            return Reason::Duplicate;
        }
        if known.iter().any(|claim| matches!(claim, Claim::Held { until, .. } if now < *until)) {
            return Reason::InFlight;
        }
        if known.is_empty() {
            let next = self.full_at.max(now) + INTERVAL;
            if next > now + CAPACITY * INTERVAL {
                return Reason::RateLimited;
            }
            self.full_at = next;
        }
        for name in names {
            self.claims.insert(name.clone(), Claim::Held { owner, until: now + LEASE_MS });
        }
        Reason::Uncommitted
    }

    fn owns(&self, name: &str, own: usize) -> bool {
        matches!(self.claims.get(name), Some(Claim::Held { owner, .. }) if *owner == own)
    }

    fn commit(&mut self, [signature, id]: &[String; 2], owner: usize) -> Reason {
        if !self.owns(id, owner) {
            return Reason::CommitLost;
        }
        for name in [id, signature] {
            if self.owns(name, owner) {
                self.claims.insert(name.clone(), Claim::Done);
            }
        }
        Reason::Committed
    }

    fn release(&mut self, names: &[String; 2], owner: usize) -> Reason {
        let own: Vec<&String> = names.iter().filter(|name| self.owns(name, owner)).collect();
        let all = own.len() == names.len();
        let own: Vec<String> = own.into_iter().cloned().collect();
        for name in own {
            self.claims.remove(&name);
        }
        if all {
            self.full_at -= INTERVAL;
        }
        Reason::Uncommitted
    }
}

#[derive(Clone, Debug)]
enum Op {
    /// A delivery of the event, signed now or with the first signature it ever had.
    Arrive {
        event: usize,
        anew: bool,
    },
    Commit(prop::sample::Index),
    Release(prop::sample::Index),
    Crash(prop::sample::Index),
    Forward(i64),
}

fn op() -> impl Strategy<Value = Op> {
    let worker = any::<prop::sample::Index>;
    prop_oneof![
        6 => (0..3_usize, any::<bool>()).prop_map(|(event, anew)| Op::Arrive { event, anew }),
        2 => worker().prop_map(Op::Commit),
        2 => worker().prop_map(Op::Release),
        1 => worker().prop_map(Op::Crash),
        3 => prop_oneof![1..2000_i64, 10_000..40_000_i64].prop_map(Op::Forward),
    ]
}

struct Worker {
    flow: Admit,
    names: [String; 2],
    owner: usize,
    event: usize,
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn laws_3_and_4_any_course_of_admissions_is_that_of_the_naive_page(ops in prop::collection::vec(op(), 1..30)) {
        let mut world = world_with_rate(3);
        let mut naive = Naive::default();
        let mut workers: Vec<Worker> = Vec::new();
        let mut committed = [0; 3];
        let mut signed_at: [Option<Timestamp>; 3] = [None; 3];
        for (step, op) in ops.iter().enumerate() {
            let now = world.now.as_millis();
            match op {
                Op::Arrive { event, anew } => {
                    let first = *signed_at[*event].get_or_insert(world.now);
                    let at = if *anew { world.now } else { first };
                    let headers = signed(&format!("evt_{event}"), BODY, at, &[1]);
                    let (flow, decision) = world.admit("a", &headers, BODY);
                    if at.distance(world.now) > secs(300) {
                        prop_assert_eq!(decision.status(), 401);
                        continue;
                    }
                    let names = [format!("{event} at {}", at.as_secs()), format!("{event}")];
                    let expected = naive.arrive(&names, step, now);
                    prop_assert_eq!(decision.reason(), expected, "{} {:?}", step, op);
                    prop_assert_eq!(flow.is_paused(), expected == Reason::Uncommitted);
                    if flow.is_paused() {
                        workers.push(Worker { flow, names, owner: step, event: *event });
                    }
                }
                Op::Commit(_) | Op::Release(_) | Op::Crash(_) if workers.is_empty() => {}
                Op::Commit(worker) => {
                    let mut worker = workers.remove(worker.index(workers.len()));
                    let reason = world.settle(&mut worker.flow, Commit).reason();
                    prop_assert_eq!(reason, naive.commit(&worker.names, worker.owner), "{} {:?}", step, op);
                    committed[worker.event] += usize::from(reason == Reason::Committed);
                }
                Op::Release(worker) => {
                    let mut worker = workers.remove(worker.index(workers.len()));
                    let reason = world.settle(&mut worker.flow, Release).reason();
                    prop_assert_eq!(reason, naive.release(&worker.names, worker.owner));
                }
                Op::Crash(worker) => drop(workers.remove(worker.index(workers.len()))),
                Op::Forward(ms) => world.forward(Millis(ms.unsigned_abs())),
            }
            prop_assert!(committed.iter().all(|times| *times <= 1), "an event was done twice");
        }
    }
}
