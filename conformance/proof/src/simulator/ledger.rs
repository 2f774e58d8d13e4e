//! What happened, written down beside the stores, and the laws that it is held against.

mod claims;

pub use claims::{Claims, Name, names};

use crate::asked::{Asked, Recorded, What};
use consentgate_core::{
    Decision, Marketing, Outcome, Reason, Reply, Timestamp,
    ids::{CallId, EventId, Owner, Pseudonym},
    stores::{
        AdmitReply, Done, EnqueueReply, FinishReply, PutReply, RecordReply, Session, SettleReply,
        Verdict,
    },
};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The law, and how it is broken.
pub type Held = Result<(), &'static str>;

/// What happened.
#[derive(Default)]
pub struct Ledger {
    /// The row of each event, by its site and id.
    rows: HashMap<(String, String), CallId>,
    all_rows: HashSet<CallId>,
    /// Rows that were ever put into the queue.
    queued: HashSet<CallId>,
    /// Rows whose consent covered marketing when they were written.
    pending: HashSet<CallId>,
    /// Who has a job, and until when by the store's clock.
    leased: HashMap<CallId, (Owner, Timestamp)>,
    finished: HashSet<CallId>,
    /// Sessions as they were last stored.
    sessions: BTreeMap<Pseudonym, Session>,
    /// The newest withdrawal that was answered, by person and scope.
    withdrawn: BTreeMap<(Pseudonym, String), Timestamp>,
    /// Tokens spent from each bucket, less those given back, and since when.
    tokens: HashMap<Pseudonym, (i64, Timestamp)>,
    /// Bursts that a failover may have given.
    pub bursts: i64,
    /// Events that were answered 204, or committed so.
    pub refused: HashSet<(String, String)>,
    /// Who holds what.
    pub claims: Claims,
    /// Webhooks whose work was answered as committed.
    committed: HashSet<Name>,
    /// Nonces that were accepted.
    nonces: HashSet<Name>,
}

/// What one flow heard of its stores; what it answers must follow from it (law 11).
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that was heard")]
pub struct Heard {
    held: bool,
    limited: bool,
    done: Option<Done>,
    recorded: bool,
    admitted: bool,
    taken_over: bool,
    settled: bool,
    lost: bool,
    failed: bool,
}

impl Heard {
    /// Takes in a reply.
    pub fn hears(&mut self, reply: &Reply) {
        self.failed |= reply.error().is_some();
        match reply {
            Reply::Admit(Ok(AdmitReply::Admitted { takeover })) => {
                (self.admitted, self.taken_over) = (true, *takeover);
            }
            Reply::Settle(Ok(SettleReply::Settled)) => self.settled = true,
            Reply::Settle(Ok(SettleReply::Lost)) => self.lost |= !self.settled,
            Reply::Admit(Ok(AdmitReply::Held { .. })) => self.held = true,
            Reply::Admit(Ok(AdmitReply::Limited { .. })) => self.limited = true,
            Reply::Admit(Ok(AdmitReply::Done(done))) => self.done = Some(*done),
            Reply::Record(Ok(RecordReply::Inserted(_) | RecordReply::Exists { .. })) => {
                self.recorded = true;
            }
            _ => {}
        }
    }
}

impl Ledger {
    /// A request was performed.
    pub fn performed(&mut self, asked: &Asked, reply: &Reply, store_now: Timestamp) -> Held {
        self.claims.performed(asked, reply, store_now)?;
        match (&asked.what, reply) {
            (What::Record(recorded), Reply::Record(Ok(reply))) => {
                self.recorded(asked, recorded, *reply)
            }
            (
                What::Put { person, session: Some(session), .. },
                Reply::PutSession(Ok(PutReply::Stored)),
            ) => {
                self.sessions.insert(person.pseudonym, session.clone());
                self.wins(person.pseudonym)
            }
            (What::Enqueue { call_id, person, .. }, Reply::Enqueue(Ok(EnqueueReply::Enqueued))) => {
                if !self.consents(person.pseudonym, "marketing") {
                    return Err("law 5: a sale was queued without marketing consent");
                }
                if self.queued.insert(*call_id) {
                    Ok(())
                } else {
                    Err("law 3: a call was queued twice")
                }
            }
            (
                What::Admit { buckets, .. },
                Reply::Admit(Ok(AdmitReply::Admitted { takeover: false })),
            ) => {
                for bucket in buckets {
                    let (spent, since) = self.tokens.entry(bucket.key).or_insert((0, store_now));
                    *spent += 1;
                    let refilled = store_now.since(*since).0 / bucket.rate.interval.0.max(1);
                    let burst = i64::from(bucket.rate.burst) * (1 + self.bursts);
                    if *spent > burst + i64::try_from(refilled).unwrap_or(i64::MAX) {
                        return Err("law 10: a bucket gave more than its burst and its rate");
                    }
                }
                Ok(())
            }
            (What::Take { owner, lease, .. }, Reply::Take(Ok(jobs))) => {
                for job in jobs {
                    let until = store_now.plus(*lease);
                    let before = self.leased.insert(job.call_id, (*owner, until));
                    if before.is_some_and(|(_, until)| store_now < until) {
                        return Err("law 3: a job was given to two");
                    }
                    if self.finished.contains(&job.call_id) || !self.queued.contains(&job.call_id) {
                        return Err("law 3: a job came out of the queue that was not in it");
                    }
                }
                Ok(())
            }
            (What::Finish { call_id, owner, .. }, Reply::Finish(Ok(FinishReply::Finished))) => {
                self.finished.insert(*call_id);
                let holder = self.leased.remove(call_id).map(|(holder, _)| holder);
                if holder == Some(*owner) {
                    Ok(())
                } else {
                    Err("law 3: a job was ended by another")
                }
            }
            _ => Ok(()),
        }
    }

    fn recorded(&mut self, asked: &Asked, recorded: &Recorded, reply: RecordReply) -> Held {
        let id = recorded.event_id.as_ref().map_or("", EventId::as_str);
        let event = (asked.site.as_str().to_owned(), id.to_owned());
        match reply {
            RecordReply::Inserted(marketing) => {
                let person = recorded.person.pseudonym;
                if !self.consents(person, "analytics") {
                    return Err("law 5: a row was written without analytics consent");
                }
                let pending = recorded.marketing == Verdict::Pending;
                if pending && !self.consents(person, "marketing") {
                    return Err("law 5: a job was queued without marketing consent");
                }
                if pending != (marketing == Marketing::Enqueued) {
                    return Err("law 4: the verdict on marketing was lost");
                }
                if self.rows.insert(event, recorded.call_id).is_some() {
                    return Err("law 3: one event has two rows");
                }
                self.all_rows.insert(recorded.call_id);
                if pending {
                    self.pending.insert(recorded.call_id);
                    self.queued.insert(recorded.call_id);
                }
                Ok(())
            }
            RecordReply::Exists { call_id, .. } if self.rows.get(&event) != Some(&call_id) => {
                Err("law 3: a row of another event was found")
            }
            _ => Ok(()),
        }
    }

    /// A flow gave its tokens back and the store took them.
    pub fn refunded(&mut self, key: Pseudonym) {
        if let Some((spent, _)) = self.tokens.get_mut(&key) {
            *spent -= 1;
        }
    }

    fn consents(&self, person: Pseudonym, scope: &str) -> bool {
        self.sessions.get(&person).is_some_and(|session| session.scopes.contains(scope))
    }

    /// A statement that takes these scopes away was answered; it is dated `at`.
    pub fn withdrew(&mut self, person: Pseudonym, scopes: &[&str], at: Timestamp) -> Held {
        for scope in scopes {
            let newest = self.withdrawn.entry((person, (*scope).to_owned())).or_insert(at);
            *newest = at.max(*newest);
        }
        self.wins(person)
    }

    fn wins(&self, person: Pseudonym) -> Held {
        let Some(session) = self.sessions.get(&person) else { return Ok(()) };
        let newer = |scope: &str| {
            let withdrawn = self.withdrawn.get(&(person, scope.to_owned()));
            withdrawn.is_none_or(|at| session.changed_at > *at)
        };
        let holds = session.scopes.iter().all(newer);
        if holds { Ok(()) } else { Err("law 7: a grant that is not newer undid a withdrawal") }
    }

    /// A delivery was answered.
    pub fn answered(
        &mut self,
        event: &(String, String),
        decision: &Decision,
        heard: Heard,
    ) -> Held {
        use Reason::{Accepted, Duplicate, InFlight, RateLimited, RefusedBefore};
        let follows = match decision.reason() {
            InFlight => heard.held,
            RateLimited => heard.limited,
            RefusedBefore => heard.done == Some(Done::Refused),
            Duplicate => heard.recorded || matches!(heard.done, Some(Done::Accepted(_))),
            Accepted => heard.recorded,
            _ => true,
        };
        if !follows {
            return Err("law 11: the answer does not follow from what the stores said");
        }
        if heard.failed
            && !heard.recorded
            && matches!(decision.outcome(), Outcome::Accepted | Outcome::Noop)
        {
            return Err("law 11: a failed store was guessed at");
        }
        if matches!(decision.reason(), Accepted | Duplicate) {
            let row = self.rows.get(event).copied();
            if row.is_none() || row != decision.call_id() {
                return Err("law 4: the answer names a row that is not there");
            }
        }
        if decision.outcome() == Outcome::NoConsent {
            self.refused.insert(event.clone());
            if (decision.status(), decision.body().len(), decision.headers().count()) != (204, 0, 1)
            {
                return Err("law 6: a 204 is not the one");
            }
        }
        Ok(())
    }

    /// A webhook was answered after its host's work, or before it.
    pub fn worked(&mut self, name: Option<&Name>, decision: &Decision, heard: Heard) -> Held {
        use Reason::{CommitLost, Committed, Duplicate, InFlight, RateLimited};
        let follows = match decision.reason() {
            InFlight => heard.held,
            RateLimited => heard.limited,
            Duplicate => matches!(heard.done, Some(Done::Accepted(_))),
            Committed => heard.settled,
            CommitLost => heard.lost,
            _ => true,
        };
        if !follows {
            return Err(
                "law 11: the answer to a webhook does not follow from what the stores said",
            );
        }
        let is_unknown = name.is_some_and(|name| !self.claims.is_accepted(name));
        if decision.reason() == Duplicate && is_unknown {
            return Err("law 4: a duplicate is of work that nobody committed");
        }
        match name {
            Some(name)
                if decision.reason() == Committed && !self.committed.insert(name.clone()) =>
            {
                Err("law 3: two works on one event are committed")
            }
            _ => Ok(()),
        }
    }

    /// A device was answered.
    pub fn asked(&mut self, name: Option<&Name>, decision: &Decision, heard: Heard) -> Held {
        let follows = match decision.reason() {
            Reason::Authenticated => heard.admitted && !heard.failed,
            Reason::NonceUsed => heard.held || heard.done.is_some() || heard.taken_over,
            Reason::RateLimited => heard.limited,
            _ => true,
        };
        if !follows {
            return Err("law 11: the answer to a device does not follow from what the stores said");
        }
        match name {
            Some(name)
                if decision.outcome() == Outcome::Accepted && !self.nonces.insert(name.clone()) =>
            {
                Err("law 3: a nonce is accepted twice")
            }
            _ => Ok(()),
        }
    }

    /// The store of admissions lost its last effects: what it does not know any more, it may let in anew.
    pub fn failed_over(&mut self) {
        self.bursts += 1;
        self.committed.retain(|name| self.claims.is_accepted(name));
        self.nonces.retain(|name| self.claims.holder(name).is_some());
    }

    /// An honest sender's last answer.
    pub fn ended(&self, event: &(String, String), decision: &Decision, consented: bool) -> Held {
        match decision.outcome() {
            Outcome::Accepted | Outcome::Noop => {
                let row = self.rows.get(event);
                if row.is_none_or(|row| self.pending.contains(row) && !self.queued.contains(row)) {
                    return Err("law 4: an honest event lost its row or its conversion");
                }
                Ok(())
            }
            Outcome::NoConsent if self.refused.contains(event) || !consented => Ok(()),
            Outcome::NoConsent => Err("law 4: an honest event with consent was refused"),
            Outcome::Rejected | Outcome::Unavailable => Err("law 4: an honest retry never ends"),
        }
    }

    /// Whether a person's session covers recording, as far as it was stored.
    #[must_use]
    pub fn records(&self, person: Pseudonym) -> bool {
        self.consents(person, "analytics")
    }

    /// The calls that are known.
    pub fn calls(&self) -> Vec<CallId> {
        let mut calls: Vec<CallId> = self.all_rows.iter().copied().collect();
        calls.sort_unstable();
        calls
    }
}
