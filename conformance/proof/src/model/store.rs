//! The store of the model: one site, in plain maps that can be copied and compared; written from `docs/stores.md`.

use crate::asked::{Action, Asked, Person, Recorded, What, cut_to};
use consentgate_core::{
    Marketing, Millis, Reply, StoreError, StoreErrorKind, Timestamp,
    ids::{CallId, ClaimKey, EventId, Owner, Pseudonym, SessionVersion, SignatureHash},
    stores::{
        AdmitReply, Bucket, Done, EnqueueReply, Floor, FoundCall, FoundSession, Idempotency,
        PutReply, RecordReply, Session, SettleReply, StoredSession, Verdict,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{Hash, Hasher},
    sync::Arc,
};

/// Everything that is kept.
#[derive(Clone, Debug, Default, Hash)]
pub struct Store {
    /// What is known of the events.
    pub claims: BTreeMap<ClaimKey, Claim>,
    /// When each bucket will be full.
    pub buckets: BTreeMap<Pseudonym, Timestamp>,
    /// The sessions, by person.
    pub sessions: BTreeMap<Pseudonym, Kept>,
    /// Floors under refusals of unknown persons, the newest of each.
    pub floors: BTreeMap<Pseudonym, Timestamp>,
    /// Tombstones of erased persons.
    pub tombstones: BTreeMap<Pseudonym, Timestamp>,
    /// Statements that are known again.
    pub statements: BTreeSet<Pseudonym>,
    /// Calls.
    pub rows: Vec<Row>,
    /// The queue: whose conversion was ever put into it.
    pub jobs: Vec<CallId>,
    /// The version of the next change of a session.
    pub versions: u64,
}

/// What is known of an event, under one of its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Claim {
    /// Somebody is at work on it.
    Held(Owner, Timestamp),
    /// It is recorded.
    Accepted(CallId),
    /// It was refused.
    Refused,
}

/// A session as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept(pub Arc<StoredSession>);

impl Hash for Kept {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let StoredSession { version, session } = &*self.0;
        version.hash(state);
        session.scopes.iter().for_each(|scope| scope.hash(state));
        (session.granted_at, session.changed_at, session.narrowed, session.gpc).hash(state);
    }
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    /// Its id.
    pub call_id: CallId,
    /// What makes it the only one of its event.
    pub names: Vec<SignatureHash>,
    /// The signed id.
    pub event_id: Option<EventId>,
    /// Whose call it is.
    pub person: Person,
    /// Whether it is to have a job.
    pub pending: bool,
}

/// A fault that is put into the store, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Spoilt {
    SettleComparesNoOwner,
    AdmitSpendsBeforeItJudges,
    LimitedLeavesAClaim,
    TakeoverSpends,
    HeldIsAnsweredAsDone,
    LeaseNeverLapses,
    EnqueueBeforeInsert,
    InsertWithoutEnqueue,
    RowsAreNotUnique,
    VersionIsNotCompared,
    WithdrawalIsDropped,
    PutComparesNothing,
    DatesAheadAreCut,
    UsedIsLetIn,
    LimitedSpendsTheFirst,
}

/// What becomes of a request that is cut off in the middle: the first half of a step that is not atomic.
pub type Cut = bool;

impl Store {
    /// Performs a request. `cut` says that the store dies in the middle of it, which a sound one never shows.
    pub fn perform(
        &mut self,
        asked: &Asked,
        spoilt: Option<Spoilt>,
        cut: Cut,
        now: Timestamp,
    ) -> Reply {
        match &asked.what {
            What::Admit { claims, owner, lease, buckets, .. } => {
                Reply::Admit(Ok(self.admit(claims, *owner, *lease, buckets, spoilt, now)))
            }
            What::Settle { claims, owner, action } => {
                Reply::Settle(Ok(self.settle(claims, *owner, action, spoilt)))
            }
            What::Find(person) => {
                let session = self.sessions.get(&person.pseudonym).map(|kept| kept.0.clone());
                let found = FoundSession { session, floor: self.floor(person) };
                let spoilt = spoilt == Some(Spoilt::DatesAheadAreCut);
                Reply::FindSession(Ok(if spoilt { cut_to(&found, now) } else { found }))
            }
            What::Put { person, expected, session, floor, idempotency, narrowing, .. } => {
                let change = (session.as_ref(), *floor, *idempotency, *narrowing);
                Reply::PutSession(Ok(self.put(person, *expected, change, spoilt)))
            }
            What::Delete { person, tombstone, .. } => {
                leave(&mut self.tombstones, person, tombstone.at);
                self.sessions.remove(&person.pseudonym);
                Reply::DeleteSession(Ok(true))
            }
            What::Record(recorded) => Reply::Record(Ok(self.record(recorded, spoilt, cut))),
            What::FindCall(call_id) => {
                let row = self.rows.iter().find(|row| row.call_id == *call_id);
                let found =
                    row.map(|row| FoundCall { fingerprint: row.person.fingerprint.clone() });
                Reply::FindCall(Ok(found))
            }
            What::Enqueue { call_id, person, session_version, .. } => {
                Reply::Enqueue(Ok(self.enqueue(*call_id, person, *session_version, spoilt)))
            }
            What::Erase { person, tombstone, .. } => {
                leave(&mut self.tombstones, person, tombstone.at);
                let erased: Vec<_> = self.rows.iter().filter(|row| row.person == *person).collect();
                let erased: Vec<CallId> = erased.iter().map(|row| row.call_id).collect();
                self.rows.retain(|row| row.person != *person);
                self.jobs.retain(|job| !erased.contains(job));
                Reply::EraseCalls(Ok(true))
            }
            What::Take { .. } | What::Finish { .. } | What::Purge(..) => {
                asked.effect().failed(StoreError::new(StoreErrorKind::WrongReply))
            }
        }
    }

    fn admit(
        &mut self,
        claims: &[ClaimKey],
        owner: Owner,
        lease: Millis,
        buckets: &[Bucket],
        spoilt: Option<Spoilt>,
        now: Timestamp,
    ) -> AdmitReply {
        if spoilt == Some(Spoilt::AdmitSpendsBeforeItJudges) {
            let _ = self.spend(buckets, now);
        }
        let forgets = spoilt == Some(Spoilt::UsedIsLetIn);
        let claims = if forgets { &[] } else { claims };
        let known: Vec<Claim> =
            claims.iter().filter_map(|key| self.claims.get(key)).copied().collect();
        let accepted = known.iter().find_map(|claim| match claim {
            Claim::Accepted(call_id) => Some(*call_id),
            _ => None,
        });
        if let Some(call_id) = accepted {
            return AdmitReply::Done(Done::Accepted(call_id));
        }
        if known.contains(&Claim::Refused) {
            return AdmitReply::Done(Done::Refused);
        }
        let held = known.iter().filter_map(|claim| match claim {
            Claim::Held(owner, until) => Some((*owner, *until)),
            _ => None,
        });
        let never = spoilt == Some(Spoilt::LeaseNeverLapses);
        let live = held.clone().filter(|(_, until)| now < *until || never);
        if let Some((holder, until)) = live.max_by_key(|(_, until)| *until) {
            if spoilt == Some(Spoilt::HeldIsAnsweredAsDone) {
                return AdmitReply::Done(Done::Accepted(CallId::from_bytes(*holder.as_bytes())));
            }
            return AdmitReply::Held { retry: until.since(now) };
        }
        let takeover = held.count() > 0;
        let spends = !takeover || spoilt == Some(Spoilt::TakeoverSpends);
        let limited = if spends { self.spend(buckets, now) } else { None };
        if limited.is_some() && spoilt == Some(Spoilt::LimitedSpendsTheFirst) {
            let _ = self.spend(buckets.get(..1).unwrap_or_default(), now);
        }
        if limited.is_none() || spoilt == Some(Spoilt::LimitedLeavesAClaim) {
            let claim = Claim::Held(owner, now.plus(lease));
            self.claims.extend(claims.iter().map(|key| (*key, claim)));
        }
        limited.unwrap_or(AdmitReply::Admitted { takeover })
    }

    /// A token from each bucket, or from none.
    fn spend(&mut self, buckets: &[Bucket], now: Timestamp) -> Option<AdmitReply> {
        for (index, Bucket { key, rate, .. }) in buckets.iter().enumerate() {
            let full_at = self.buckets.get(key).map_or(now, |full_at| (*full_at).max(now));
            let retry = full_at.plus(rate.interval).since(now.plus(rate.window()));
            if retry > Millis::ZERO {
                return Some(AdmitReply::Limited { retry, bucket: index });
            }
        }
        for Bucket { key, rate, .. } in buckets {
            let full_at = self.buckets.entry(*key).or_insert(now);
            *full_at = (*full_at).max(now).plus(rate.interval);
        }
        None
    }

    fn settle(
        &mut self,
        claims: &[ClaimKey],
        owner: Owner,
        action: &Action,
        spoilt: Option<Spoilt>,
    ) -> SettleReply {
        let any = spoilt == Some(Spoilt::SettleComparesNoOwner);
        let is_own = |claim: &Claim| matches!(claim, Claim::Held(by, _) if *by == owner || any);
        let own: Vec<ClaimKey> =
            claims.iter().filter(|key| self.claims.get(key).is_some_and(is_own)).copied().collect();
        if own.is_empty() {
            return SettleReply::Lost;
        }
        match action {
            Action::Commit(done, _) => {
                let claim = match done {
                    Done::Accepted(call_id) => Claim::Accepted(*call_id),
                    Done::Refused => Claim::Refused,
                };
                self.claims.extend(own.iter().map(|key| (*key, claim)));
            }
            Action::Release(refund) => {
                self.claims.retain(|key, _| !own.contains(key));
                for Bucket { key, rate, .. } in refund.iter().filter(|_| own.len() == claims.len())
                {
                    if let Some(full_at) = self.buckets.get_mut(key) {
                        *full_at = full_at.minus(rate.interval);
                    }
                }
            }
        }
        SettleReply::Settled
    }

    fn version(&self, person: &Person) -> Option<SessionVersion> {
        self.sessions.get(&person.pseudonym).map(|kept| kept.0.version)
    }

    fn floor(&self, person: &Person) -> Option<Timestamp> {
        let floor = self.floors.get(&person.pseudonym);
        floor.max(self.tombstones.get(&person.pseudonym)).copied()
    }

    fn put(
        &mut self,
        person: &Person,
        expected: Option<SessionVersion>,
        change: (Option<&Session>, Option<Floor>, Option<Idempotency>, bool),
        spoilt: Option<Spoilt>,
    ) -> PutReply {
        let (session, floor, idempotency, narrowing) = change;
        if spoilt == Some(Spoilt::WithdrawalIsDropped) && narrowing {
            return PutReply::Stored;
        }
        if idempotency.is_some_and(|own| self.statements.contains(&own.key)) && !narrowing {
            return PutReply::Repeated;
        }
        let below = session.zip(self.floor(person));
        let below = below.is_some_and(|(session, floor)| session.changed_at <= floor);
        let moved = self.version(person) != expected || (below && !narrowing);
        if moved && spoilt != Some(Spoilt::PutComparesNothing) {
            return PutReply::Conflict;
        }
        if let Some(session) = session {
            self.versions += 1;
            let (version, session) = (SessionVersion(self.versions), session.clone());
            let kept = Kept(Arc::new(StoredSession { version, session }));
            self.sessions.insert(person.pseudonym, kept);
        }
        if let Some(floor) = floor {
            leave(&mut self.floors, person, floor.at);
        }
        self.statements.extend(idempotency.map(|own| own.key));
        PutReply::Stored
    }

    fn record(&mut self, recorded: &Recorded, spoilt: Option<Spoilt>, cut: Cut) -> RecordReply {
        let person = &recorded.person;
        let compares = spoilt != Some(Spoilt::VersionIsNotCompared);
        let moved =
            recorded.session_version.is_some() && self.version(person) != recorded.session_version;
        let tombstone = self.tombstones.get(&person.pseudonym);
        let erased = tombstone.is_some_and(|at| *at >= recorded.changed_at);
        if (moved && compares) || erased {
            return RecordReply::Moved;
        }
        let mut names = recorded.more_signature_hashes.clone();
        names.push(recorded.signature_hash);
        let unique = spoilt != Some(Spoilt::RowsAreNotUnique);
        let same = |row: &&Row| {
            let id = recorded.event_id.is_some() && row.event_id == recorded.event_id;
            id || row.names.iter().any(|name| names.contains(name))
        };
        if let Some(row) = self.rows.iter().find(same).filter(|_| unique) {
            let call_id = row.call_id;
            let marketing = self.marketing(call_id);
            return RecordReply::Exists { call_id, marketing };
        }
        let call_id = recorded.call_id;
        let pending = recorded.marketing == Verdict::Pending;
        let halves = match spoilt {
            Some(Spoilt::EnqueueBeforeInsert) => (true, !cut),
            Some(Spoilt::InsertWithoutEnqueue) => (!cut, true),
            _ => (true, true),
        };
        if pending && halves.0 {
            self.jobs.push(call_id);
        }
        if halves.1 {
            let (event_id, person) = (recorded.event_id.clone(), person.clone());
            self.rows.push(Row { call_id, names, event_id, person, pending });
        }
        RecordReply::Inserted(self.marketing(call_id))
    }

    fn marketing(&self, call_id: CallId) -> Marketing {
        if self.jobs.contains(&call_id) { Marketing::Enqueued } else { Marketing::Skipped }
    }

    fn enqueue(
        &mut self,
        call_id: CallId,
        person: &Person,
        version: Option<SessionVersion>,
        spoilt: Option<Spoilt>,
    ) -> EnqueueReply {
        let compares = spoilt != Some(Spoilt::VersionIsNotCompared);
        if version.is_some() && self.version(person) != version && compares {
            return EnqueueReply::Moved;
        }
        if !self.rows.iter().any(|row| row.call_id == call_id) {
            return EnqueueReply::Missing;
        }
        if self.jobs.contains(&call_id) {
            return EnqueueReply::Already;
        }
        self.jobs.push(call_id);
        EnqueueReply::Enqueued
    }
}

/// The newest counts.
fn leave(floors: &mut BTreeMap<Pseudonym, Timestamp>, person: &Person, at: Timestamp) {
    let floor = floors.entry(person.pseudonym).or_insert(at);
    *floor = at.max(*floor);
}
