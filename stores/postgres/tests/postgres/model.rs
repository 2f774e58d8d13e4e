//! The memory store is the reference: the same random requests at the same times get the same replies (FIELD 40).

use super::{
    things::*,
    world::{START, World},
};
use consentgate::{
    Config, Memory, Millis, Timestamp,
    core::stores::*,
    ids::{ClaimKey, Pseudonym, SessionVersion},
};
use std::collections::HashMap;

const SITES: [&str; 2] = ["a", "b"];

/// Small numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn byte(&mut self, sides: u64) -> u8 {
        self.roll(sides) as u8
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len() as u64) as usize]
    }

    fn some<T>(&mut self, of: impl IntoIterator<Item = T>) -> Vec<T> {
        of.into_iter().filter(|_| self.roll(2) == 0).collect()
    }
}

struct Both<'a> {
    world: &'a World,
    memory: Memory,
    now: Timestamp,
    /// What the memory store calls a version, and what Postgres calls it.
    versions: HashMap<SessionVersion, SessionVersion>,
    /// Versions of each person, as the memory store calls them.
    of_person: HashMap<(usize, u8), Vec<SessionVersion>>,
    calls: u8,
    /// Every cap.
    most: u64,
}

/// Asks both with the same request, and compares.
macro_rules! both {
    ($self:ident, $role:ident, $async_role:ident, $method:ident, $request:expr) => {{
        let request = $request;
        let reference = $role::$method(&$self.memory, &request, $self.now).unwrap();
        let reply = $async_role::$method(&$self.world.store, &request, $self.now).await.unwrap();
        assert_eq!(reply, reference, "{request:?} at {:?}", $self.now);
        reply
    }};
}

impl Both<'_> {
    async fn admission(&mut self, dice: &mut Dice, buckets: &[Bucket]) {
        let site = site(dice.one(&SITES));
        let claims: Vec<ClaimKey> = dice.some((1..5).map(claim));
        let who = owner(dice.byte(3));
        let buckets = dice.some(buckets.iter().copied());
        let span = [1, 40, 100, 5000];
        if dice.roll(2) == 0 {
            both!(
                self,
                AdmissionStore,
                AsyncAdmissionStore,
                admit,
                Admit {
                    site: &site,
                    claims: &claims,
                    owner: who,
                    lease: Millis(dice.one(&span)),
                    keep: Millis(dice.one(&span)),
                    claims_per_site_max: self.most,
                    buckets_per_site_max: self.most,
                    buckets: &buckets,
                }
            );
            return;
        }
        let done = dice.one(&[Done::Refused, Done::Accepted(call(7)), Done::Accepted(call(8))]);
        let commit = SettleAction::Commit { done, keep: Millis(dice.one(&span)) };
        let action = dice.one(&[commit, SettleAction::Release { refund: &buckets }]);
        let settle = Settle { site: &site, claims: &claims, owner: who, action };
        both!(self, AdmissionStore, AsyncAdmissionStore, settle, settle);
    }

    /// The session and floor of a person, compared but for the version, which is learned.
    async fn look_at(&mut self, place: usize, number: u8) {
        let (fingerprint, pseudonym) = person(number);
        let site = site(SITES[place]);
        let request = FindSession { site: &site, fingerprint: &fingerprint, pseudonym };
        let reference = SessionStore::find(&self.memory, &request, self.now).unwrap();
        let reply = find(self.world, SITES[place], number).await;
        assert_eq!(reply.floor, reference.floor);
        let state =
            |found: &FoundSession| found.session.as_ref().map(|stored| stored.session.clone());
        assert_eq!(state(&reply), state(&reference));
        if let (Some(reply), Some(reference)) = (reply.session, reference.session) {
            let known = *self.versions.entry(reference.version).or_insert(reply.version);
            assert_eq!(known, reply.version, "a version changes with the session, and only then");
            self.of_person.entry((place, number)).or_default().push(reference.version);
        }
    }

    /// A version that the person has or had, under both names.
    fn version(
        &self,
        dice: &mut Dice,
        place: usize,
        number: u8,
    ) -> Option<(SessionVersion, SessionVersion)> {
        let known = self.of_person.get(&(place, number))?;
        let version = if dice.roll(4) == 0 { dice.one(known) } else { *known.last()? };
        Some((version, self.versions[&version]))
    }

    async fn person(&mut self, dice: &mut Dice) {
        let (place, number) = (dice.roll(2) as usize, dice.byte(3));
        self.look_at(place, number).await;
        let (fingerprint, pseudonym) = person(number);
        let site = site(SITES[place]);
        let floor =
            |dice: &mut Dice| floor(dice.one(&[1000, 2000, 3000]), dice.one(&[1, 50, 5000]));
        if dice.roll(4) == 0 {
            let tombstone = floor(dice);
            if dice.roll(2) == 0 {
                let request = DeleteSession {
                    site: &site,
                    fingerprint: &fingerprint,
                    pseudonym,
                    tombstone,
                    tombstones_per_site_max: self.most,
                };
                both!(self, SessionStore, AsyncSessionStore, delete, request);
            } else {
                let request = EraseCalls {
                    site: &site,
                    fingerprint: &fingerprint,
                    pseudonym,
                    tombstone,
                    tombstones_per_site_max: self.most,
                };
                both!(self, CallStore, AsyncCallStore, erase, request);
            }
            return;
        }
        let expected = if dice.roll(3) == 0 { None } else { self.version(dice, place, number) };
        let granted = dice.one(&[999, 1000, 1001, 2000, 2001, 3001]);
        let session =
            (dice.roll(4) > 0).then(|| session(dice.one(&[&["x"][..], &[], &["x", "y"]]), granted));
        // Everything that a statement says is in its key, the person too.
        let key = 10 * number + dice.byte(4);
        let idempotency = (dice.roll(3) == 0).then(|| Idempotency {
            key: Pseudonym::from_bytes(id(key)),
            keep: Millis(dice.one(&[1, 50, 5000])),
        });
        let request = PutSession {
            site: &site,
            fingerprint: &fingerprint,
            pseudonym,
            expected: expected.map(|(reference, _)| reference),
            session: session.as_ref(),
            floor: (dice.roll(3) == 0).then(|| floor(dice)),
            idempotency,
            // What narrows has a session to narrow.
            narrowing: expected.is_some() && dice.roll(3) == 0,
            keep: Millis(dice.one(&[1, 100, 5000])),
            sessions_per_site_max: self.most,
            floors_per_site_max: 100,
            idempotency_per_site_max: self.most,
        };
        let reference = SessionStore::put(&self.memory, &request, self.now).unwrap();
        let request = PutSession { expected: expected.map(|(_, own)| own), ..request };
        let reply = AsyncSessionStore::put(&self.world.store, &request, self.now).await.unwrap();
        assert_eq!(reply, reference, "{request:?} at {:?}", self.now);
        self.look_at(place, number).await;
    }

    async fn record(&mut self, dice: &mut Dice) {
        let (place, number) = (dice.roll(2) as usize, dice.byte(3));
        let (fingerprint, pseudonym) = person(number);
        let site = site(SITES[place]);
        let version = if dice.roll(3) > 0 { None } else { self.version(dice, place, number) };
        let more = dice.some((1..4).map(hash));
        let (more, event) = match dice.roll(3) {
            0 => (more, None),
            1 => (vec![], Some(event(dice.one(&["e1", "e2"])))),
            _ => (vec![], None),
        };
        self.calls += 1;
        let request = Record {
            site: &site,
            call_id: call(self.calls),
            signature_hash: hash(dice.byte(6)),
            more_signature_hashes: &more,
            event_id: event.as_ref(),
            fingerprint: &fingerprint,
            pseudonym,
            session_version: version.map(|(reference, _)| reference),
            changed_at: at(dice.one(&[1000, 2000, 3000, 4000])),
            received_at: self.now,
            marketing: dice.one(&[Verdict::Pending, Verdict::Skipped]),
            body: Body(b"\0body"),
            keep: Millis(dice.one(&[1, 100, 5000])),
            delay: Millis(dice.one(&[0, 50, 200])),
            calls_per_site_max: self.most,
            calls_bytes_per_site_max: dice.one(&[5 * self.most - 2, 1000]),
        };
        let reference = CallStore::record(&self.memory, &request, self.now).unwrap();
        let request = Record { session_version: version.map(|(_, own)| own), ..request };
        let reply = AsyncCallStore::record(&self.world.store, &request, self.now).await.unwrap();
        assert_eq!(reply, reference, "{request:?} at {:?}", self.now);
    }

    async fn queue(&mut self, dice: &mut Dice) {
        let (place, number) = (dice.roll(2) as usize, dice.byte(3));
        let (fingerprint, pseudonym) = person(number);
        let site = site(SITES[place]);
        let call_id = call(self.calls.saturating_sub(dice.byte(8)));
        let who = owner(dice.byte(2));
        match dice.roll(4) {
            0 => drop(both!(
                self,
                CallStore,
                AsyncCallStore,
                find,
                FindCall { site: &site, call_id }
            )),
            1 => {
                let version =
                    if dice.roll(2) > 0 { None } else { self.version(dice, place, number) };
                let request = Enqueue {
                    site: &site,
                    call_id,
                    fingerprint: &fingerprint,
                    pseudonym,
                    session_version: version.map(|(reference, _)| reference),
                    needed: &scopes(&[]),
                    delay: Millis(dice.one(&[0, 50])),
                    keep: Millis(dice.one(&[1, 100, 5000])),
                };
                let reference = CallStore::enqueue(&self.memory, &request, self.now).unwrap();
                let request = Enqueue { session_version: version.map(|(_, own)| own), ..request };
                let reply =
                    AsyncCallStore::enqueue(&self.world.store, &request, self.now).await.unwrap();
                assert_eq!(reply, reference, "{request:?} at {:?}", self.now);
            }
            2 => {
                let (limit, lease) = (dice.roll(3), Millis(dice.one(&[1, 50, 500])));
                let request = Take { site: &site, owner: who, limit, lease };
                both!(self, CallStore, AsyncCallStore, take, request);
            }
            _ => {
                let retry = JobEnding::Retry { delay: Millis(dice.one(&[0, 50])) };
                let ending = dice.one(&[
                    JobEnding::Sent,
                    JobEnding::Cancelled,
                    JobEnding::Failed,
                    retry,
                    retry,
                ]);
                both!(
                    self,
                    CallStore,
                    AsyncCallStore,
                    finish,
                    Finish { site: &site, call_id, owner: who, ending }
                );
            }
        }
    }
}

/// How the clock goes on from step to step.
async fn compare(seed: u64, steps: u32, buckets: &[Bucket], step: impl Fn(&mut Dice) -> i64) {
    let world = World::at(START).await;
    let config = Config::from_json(br#"{"sites":{}}"#).unwrap();
    let mut both = Both {
        world: &world,
        memory: Memory::new(&config.common().caps),
        now: at(START),
        versions: HashMap::new(),
        of_person: HashMap::new(),
        calls: 0,
        most: if seed.is_multiple_of(2) { 2 } else { 100 },
    };
    let mut dice = Dice(seed);
    for _ in 0..steps {
        both.now = at(both.now.as_millis() + step(&mut dice));
        world.set(both.now.as_millis()).await;
        match dice.roll(4) {
            0 => both.admission(&mut dice, buckets).await,
            1 => both.person(&mut dice).await,
            2 => both.record(&mut dice).await,
            _ => both.queue(&mut dice).await,
        }
        // What is over is never seen, whether or not it was dropped.
        if dice.roll(20) == 0 {
            for role in ["admission", "sessions", "calls"] {
                purge(&world, role, dice.roll(5)).await;
            }
        }
    }
}

#[tokio::test]
async fn field_40_random_requests_get_the_replies_of_the_memory_store() {
    let buckets = [bucket(1, 30, 2), bucket(2, 100, 1), bucket(3, 7, 5)];
    for seed in 0..4 {
        compare(seed, 180, &buckets, |dice| dice.one(&[0, 0, 1, 1, 7, 39, 40, 50, 99, 100])).await;
    }
}

/// A clock that is set back meets states from its future. The memory store forgets for good what was over once, and a
/// table does not: so here nothing is ever over but leases, and buckets stay below full.
#[tokio::test]
async fn law_10_random_requests_under_a_clock_that_is_set_back() {
    let world = World::at(START).await;
    let config = Config::from_json(br#"{"sites":{}}"#).unwrap();
    let memory = Memory::new(&config.common().caps);
    let site = site("a");
    for seed in 0..3 {
        let mut dice = Dice(seed);
        let mut now = START;
        let numbers = 10 * seed as u8;
        let buckets =
            [bucket(numbers + 1, 1_000_000_000, 9), bucket(numbers + 2, 3_000_000_000, 5)];
        for _ in 0..120 {
            now += dice.one(&[0, 1, 29_999, 30_000, 400_000, -1, -30_000, -700_000]);
            world.set(now).await;
            let claims = dice.some((1..5).map(|number| claim(numbers + number)));
            let who = owner(dice.byte(3));
            let buckets = dice.some(buckets);
            if dice.roll(3) > 0 {
                let keep = Millis(1_000_000_000);
                let ask = Asking { buckets: &buckets, ..Asking::new(&site, &claims, who) };
                let request = Admit { keep, ..ask.request() };
                let reference = AdmissionStore::admit(&memory, &request, at(now)).unwrap();
                let reply =
                    AsyncAdmissionStore::admit(&world.store, &request, at(now)).await.unwrap();
                assert_eq!(reply, reference, "{request:?} at {now}");
            } else {
                let action = SettleAction::Release { refund: &[] };
                let request = Settle { site: &site, claims: &claims, owner: who, action };
                let reference = AdmissionStore::settle(&memory, &request, at(now)).unwrap();
                let reply =
                    AsyncAdmissionStore::settle(&world.store, &request, at(now)).await.unwrap();
                assert_eq!(reply, reference, "{request:?} at {now}");
            }
        }
    }
}
