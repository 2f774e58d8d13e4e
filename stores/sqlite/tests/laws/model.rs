//! Any sequence of requests, under a clock that moves both ways: every reply is the memory store's.

use super::given::*;
use consentgate::{
    Config, Memory, Millis, Timestamp,
    core::stores::{
        AdmissionStore, AdmitReply, Body, CallStore, DeleteSession, Done, Enqueue, FindCall, Floor,
        FoundSession, Idempotency, JobEnding, Purge, SessionStore, Verdict,
    },
    ids::{EventId, Scopes, SessionVersion, SignatureHash},
};
use consentgate_sqlite::Sqlite;
use proptest::{collection::vec, prelude::*, sample::subsequence};
use std::{cell::RefCell, collections::HashMap};

#[derive(Clone, Debug)]
enum Step {
    Wait(i64),
    Back(i64),
    Admit { site: u8, claims: Vec<u8>, by: u8, buckets: Vec<u8> },
    Commit { admission: u8, accepted: bool, keep: u64 },
    Release { admission: u8 },
    Put { who: u8, version: Judged, change: Change, floor: Option<i64>, key: Option<u8> },
    Delete { who: u8 },
    Record { who: u8, hashes: Vec<u8>, event: Option<u8>, version: Judged, pending: bool },
    FindCall { site: u8, call: u8 },
    Enqueue { who: u8, call: u8, version: Judged },
    Erase { who: u8 },
    Take { site: u8, by: u8 },
    Finish { site: u8, call: u8, by: u8, ending: u8 },
    Purge,
}

/// Which version a request goes by.
#[derive(Clone, Copy, Debug)]
enum Judged {
    AsItIs,
    AsItWas,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Nothing,
    Grant,
    Narrow,
}

fn judged() -> impl Strategy<Value = Judged> {
    prop_oneof![6 => Just(Judged::AsItIs), 1 => Just(Judged::AsItWas), 1 => Just(Judged::None)]
}

fn numbers(most: u8) -> impl Strategy<Value = Vec<u8>> {
    subsequence((0..most).collect::<Vec<u8>>(), 1..=3)
}

fn step() -> impl Strategy<Value = Step> {
    let change = prop_oneof![Just(Change::Nothing), Just(Change::Grant), Just(Change::Narrow)];
    prop_oneof![
        4 => prop_oneof![1..900_i64, 10_000..40_000_i64, 300_000..700_000_i64].prop_map(Step::Wait),
        1 => (1..2_000_000_i64).prop_map(Step::Back),
        8 => (0..2_u8, numbers(6), 0..4_u8, vec(0..3_u8, 0..2)).prop_map(
            |(site, claims, by, buckets)| Step::Admit { site, claims, by, buckets }
        ),
        4 => (any::<u8>(), any::<bool>(), 1..900_000_u64).prop_map(
            |(admission, accepted, keep)| Step::Commit { admission, accepted, keep }
        ),
        3 => any::<u8>().prop_map(|admission| Step::Release { admission }),
        8 => (0..4_u8, judged(), change, prop::option::weighted(0.2, -90_000..9_000_i64),
            prop::option::weighted(0.3, 0..2_u8)).prop_map(
            |(who, version, change, floor, key)| Step::Put { who, version, change, floor, key }
        ),
        1 => (0..4_u8).prop_map(|who| Step::Delete { who }),
        8 => (0..4_u8, numbers(6), prop::option::of(0..3_u8), judged(), any::<bool>()).prop_map(
            |(who, hashes, event, version, pending)| Step::Record {
                who, hashes, event, version, pending
            }
        ),
        2 => (0..2_u8, any::<u8>()).prop_map(|(site, call)| Step::FindCall { site, call }),
        4 => (0..4_u8, any::<u8>(), judged()).prop_map(
            |(who, call, version)| Step::Enqueue { who, call, version }
        ),
        1 => (0..4_u8).prop_map(|who| Step::Erase { who }),
        3 => (0..2_u8, 0..3_u8).prop_map(|(site, by)| Step::Take { site, by }),
        4 => (0..2_u8, any::<u8>(), 0..3_u8, 0..4_u8).prop_map(
            |(site, call, by, ending)| Step::Finish { site, call, by, ending }
        ),
        1 => Just(Step::Purge),
    ]
}

const SITES: [&str; 2] = ["a", "b"];

fn whom(who: u8) -> Person {
    of(SITES[usize::from(who / 2)], ["p", "q"][usize::from(who % 2)])
}

/// Both stores, and what was asked of them so far.
struct Both {
    memory: Memory,
    sqlite: Sqlite,
    now: Timestamp,
    admissions: Vec<Asked>,
    calls: u8,
    delay: u64,
    hashes: Vec<SignatureHash>,
    /// The versions of the one under those of the other, and the last of each person.
    versions: RefCell<HashMap<SessionVersion, SessionVersion>>,
    last: RefCell<HashMap<u8, (SessionVersion, SessionVersion)>>,
}

impl Both {
    fn new() -> Self {
        let caps = Config::from_json(br#"{"sites":{}}"#).unwrap().common().caps;
        Self {
            memory: Memory::new(&caps),
            sqlite: store().sqlite,
            now: at(0),
            admissions: Vec::new(),
            calls: 0,
            delay: 0,
            hashes: (0..6).map(|body| hashes(body, 1)[0]).collect(),
            versions: RefCell::default(),
            last: RefCell::default(),
        }
    }

    /// What each finds of a person: the same but for the versions, which map one to one.
    fn find(&self, who: u8) -> Option<(SessionVersion, SessionVersion)> {
        let person = whom(who);
        let (left, right) =
            (person.find(&self.memory, self.now), person.find(&self.sqlite, self.now));
        let parts = |found: &FoundSession| {
            (found.session.as_ref().map(|stored| stored.session.clone()), found.floor)
        };
        assert_eq!(parts(&left), parts(&right));
        let (left, right) = (left.session?.version, right.session?.version);
        let mut versions = self.versions.borrow_mut();
        assert_eq!(*versions.entry(left).or_insert(right), right);
        let same = versions.values().filter(|known| **known == right).count();
        assert_eq!(same, 1, "a version never comes again");
        Some((left, right))
    }

    fn judge(&self, who: u8, judged: Judged) -> (Option<SessionVersion>, Option<SessionVersion>) {
        let found = self.find(who);
        let before = self.last.borrow().get(&who).copied();
        if let Some(found) = found {
            self.last.borrow_mut().entry(who).or_insert(found);
        }
        match judged {
            Judged::AsItIs => found.unzip(),
            Judged::AsItWas => before.unzip(),
            Judged::None => (None, None),
        }
    }

    /// What is over is dropped by each in its own time. Before the clock steps back, both drop all of it.
    fn purge(&self) {
        let all = Purge { limit: u64::MAX };
        AdmissionStore::purge(&self.memory, &all, self.now).unwrap();
        SessionStore::purge(&self.memory, &all, self.now).unwrap();
        CallStore::purge(&self.memory, &all, self.now).unwrap();
        AdmissionStore::purge(&self.sqlite, &all, self.now).unwrap();
        SessionStore::purge(&self.sqlite, &all, self.now).unwrap();
        CallStore::purge(&self.sqlite, &all, self.now).unwrap();
    }

    fn run(&mut self, step: &Step) {
        let now = self.now;
        match *step {
            Step::Wait(ms) => self.now = now.plus(Millis(ms as u64)),
            Step::Back(ms) => {
                self.purge();
                self.now = now.minus(Millis(ms as u64));
            }
            Step::Purge => self.purge(),
            Step::Admit { site, ref claims, by, ref buckets } => {
                let buckets: Vec<_> =
                    buckets.iter().map(|n| bucket(&format!("b{n}"), 2, 20_000)).collect();
                let asked = asked(SITES[usize::from(site)], claims, by).with(&buckets).at_most(5);
                let reply = asked.admit(&self.memory, now);
                assert_eq!(asked.admit(&self.sqlite, now), reply);
                if matches!(reply, AdmitReply::Admitted { .. }) {
                    self.admissions.push(asked);
                }
            }
            Step::Commit { admission, accepted, keep } => {
                let Some(asked) = pick(&self.admissions, admission) else { return };
                let done =
                    if accepted { Done::Accepted(call_id(keep as u8)) } else { Done::Refused };
                let left = asked.commit(&self.memory, done, now);
                assert_eq!(asked.commit(&self.sqlite, done, now), left);
            }
            Step::Release { admission } => {
                let Some(asked) = pick(&self.admissions, admission) else { return };
                let left = asked.release(&self.memory, now);
                assert_eq!(asked.release(&self.sqlite, now), left);
            }
            Step::Put { who, version, change, floor, key } => {
                let (left, right) = self.judge(who, version);
                if change == Change::Narrow && self.find(who).is_none() {
                    return; // There is nothing to take away from.
                }
                let (person, mut session) = (whom(who), session(now));
                session.narrowed = change == Change::Narrow;
                let mut put = person.put(left, (change != Change::Nothing).then_some(&session));
                put.narrowing = change == Change::Narrow;
                put.floor = floor.map(|ms| Floor {
                    at: at(now.as_millis() - at(0).as_millis() + ms),
                    keep: KEEP,
                });
                put.idempotency = key.map(|n| Idempotency {
                    key: hashed(&format!("{who}k{n}")),
                    keep: Millis(50_000),
                });
                put.sessions_per_site_max = 1;
                let reply = self.memory.put(&put, now).unwrap();
                put.expected = right;
                assert_eq!(self.sqlite.put(&put, now).unwrap(), reply);
                self.find(who);
            }
            Step::Delete { who } => {
                let person = whom(who);
                let (site, fingerprint, pseudonym) =
                    (&person.site, &person.fingerprint, person.pseudonym);
                let tombstone = Floor { at: now, keep: Millis(100_000) };
                let request = DeleteSession {
                    site,
                    fingerprint,
                    pseudonym,
                    tombstone,
                    tombstones_per_site_max: 2,
                };
                let left = self.memory.delete(&request, now).unwrap();
                assert_eq!(self.sqlite.delete(&request, now).unwrap(), left);
            }
            Step::Record { who, hashes: ref names, event, version, pending } => {
                let (left, right) = self.judge(who, version);
                let names: Vec<_> = names.iter().map(|n| self.hashes[usize::from(*n)]).collect();
                let event = event.map(|n| EventId::new(&[b'e', b'0' + n]).unwrap());
                let person = whom(who);
                // Due times are all different: the order of those due at once is each store's own.
                self.delay += 1;
                self.calls = self.calls.wrapping_add(1);
                let mut record = person.record(self.calls, &names, left, now);
                (record.event_id, record.delay) = (event.as_ref(), Millis(self.delay));
                record.calls_per_site_max = 3;
                record.body = Body(&[0, 1, 2]);
                record.marketing = if pending { Verdict::Pending } else { Verdict::Skipped };
                let reply = self.memory.record(&record, now).unwrap();
                record.session_version = right;
                assert_eq!(self.sqlite.record(&record, now).unwrap(), reply);
            }
            Step::FindCall { site, call } => {
                let request = FindCall {
                    site: &of(SITES[usize::from(site)], "p").site,
                    call_id: self.call(call),
                };
                let left = CallStore::find(&self.memory, &request, now).unwrap();
                assert_eq!(CallStore::find(&self.sqlite, &request, now).unwrap(), left);
            }
            Step::Enqueue { who, call, version } => {
                let (left, right) = self.judge(who, version);
                let (person, needed) = (whom(who), Scopes::new(["marketing"]).unwrap());
                self.delay += 1;
                let mut enqueue: Enqueue<'_> = person.enqueue(0, &needed, left);
                (enqueue.call_id, enqueue.delay) = (self.call(call), Millis(self.delay));
                let reply = self.memory.enqueue(&enqueue, now).unwrap();
                enqueue.session_version = right;
                assert_eq!(self.sqlite.enqueue(&enqueue, now).unwrap(), reply);
            }
            Step::Erase { who } => {
                let person = whom(who);
                let left = person.erase_calls(&self.memory, Millis(100_000), now);
                assert_eq!(person.erase_calls(&self.sqlite, Millis(100_000), now), left);
            }
            Step::Take { site, by } => {
                let person = of(SITES[usize::from(site)], "p");
                let mut left = person.take(&self.memory, by, 100, now);
                let mut right = person.take(&self.sqlite, by, 100, now);
                left.sort_by_key(|job| job.call_id);
                right.sort_by_key(|job| job.call_id);
                assert_eq!(left, right);
            }
            Step::Finish { site, call, by, ending } => {
                let ending = match ending {
                    0 => JobEnding::Sent,
                    1 => JobEnding::Cancelled,
                    2 => JobEnding::Failed,
                    _ => JobEnding::Retry { delay: Millis(15_000) },
                };
                let person = of(SITES[usize::from(site)], "p");
                let mut finish = person.finish(0, by, ending);
                finish.call_id = self.call(call);
                let left = self.memory.finish(&finish, now).unwrap();
                assert_eq!(self.sqlite.finish(&finish, now).unwrap(), left);
            }
        }
    }

    /// One of the last calls.
    fn call(&self, number: u8) -> consentgate::ids::CallId {
        call_id(self.calls.wrapping_sub(number % 6))
    }
}

/// One of the last few.
fn pick(admissions: &[Asked], number: u8) -> Option<&Asked> {
    let last = admissions.len().checked_sub(1)?;
    admissions.get(last.saturating_sub(usize::from(number % 4)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn law_3_every_reply_is_the_one_of_the_memory_store(steps in vec(step(), 1..120)) {
        let mut both = Both::new();
        for step in &steps {
            both.run(step);
        }
        for who in 0..4 {
            both.find(who);
        }
    }
}
