//! What becomes of a request on its way to a store and back.

use super::{About, Held, PLACES, Running, Seeded, Sim};
use crate::{
    asked::{Action, Asked, What, cut_to},
    simulator::{ledger::Claims, plan::Fate},
};
use consentgate::{Memory, Perform};
use consentgate_core::{
    Millis, Outcome, Reply, StoreError, StoreErrorKind, Timestamp,
    flow::{Settlement, Step},
    ids::{CallId, SignatureHash},
    stores::{AdmitReply, Done, PutReply, SettleReply},
};

impl Sim {
    #[expect(clippy::indexing_slicing, reason = "the places of gates are their own")]
    pub(super) fn step(&mut self, at: usize, fate: Fate) -> Held {
        let place = self.flows[at].gate % PLACES;
        let fate = match fate {
            Fate::Done | Fate::Doubled if self.off[place] => Fate::Lost,
            fate => fate,
        };
        let mut running = self.flows.swap_remove(at);
        let Some(asked) = running.asked.take() else { return self.work_ends(running, fate) };
        let failed = |kind| asked.effect().failed(StoreError::new(kind));
        let reply = match fate {
            Fate::Done => self.ask(&asked)?,
            Fate::Doubled => {
                let first = self.ask(&asked)?;
                self.ask(&asked)?;
                first
            }
            Fate::Unwritten => {
                asked.effect().failed(StoreError::new(StoreErrorKind::Failed).and_nothing_written())
            }
            Fate::Lost => failed(StoreErrorKind::TimedOut),
            Fate::Delayed => {
                let reply = failed(StoreErrorKind::TimedOut);
                self.late.push(asked);
                reply
            }
            Fate::ReplyLost => {
                self.ask(&asked)?;
                failed(StoreErrorKind::TimedOut)
            }
            Fate::Crash => return Ok(()),
            Fate::CrashAfter => return self.ask(&asked).map(drop),
            Fate::Abort => {
                let given_back = running.flow.abort().map(|effect| Asked::of(&effect));
                self.late.push(asked);
                return given_back.map_or(Ok(()), |asked| self.ask(&asked).map(drop));
            }
        };
        let now = self.clock(running.gate);
        running.heard.hears(&reply);
        running.trail = running.trail.heard(&reply);
        let step = match running.flow.feed(reply.clone(), now) {
            Step::Done(decision) => Err(decision),
            Step::Need(effect) => Ok(Asked::of(&effect)),
        };
        match step {
            Ok(asked) => {
                if let What::Settle { action: Action::Commit(Done::Refused, _), .. } = &asked.what
                    && let About::Event { event, .. } = &running.about
                {
                    self.ledger.refused.insert(event.clone());
                }
                running.goes_on(asked)?;
                self.flows.push(running);
                Ok(())
            }
            Err(decision) if running.flow.is_paused() => {
                if decision.outcome() != Outcome::Unavailable {
                    return Err("law 4: an event is accepted before the host's own work is done");
                }
                self.flows.push(running);
                Ok(())
            }
            Err(decision) => self.answered(running, &decision),
        }
    }

    /// The host's own work ends, in one of the ways that a request can.
    fn work_ends(&mut self, mut running: Running, fate: Fate) -> Held {
        let settlement = match fate {
            Fate::Crash | Fate::CrashAfter => return Ok(()),
            Fate::Abort => {
                let given_back = running.flow.abort().map(|effect| Asked::of(&effect));
                return given_back.map_or(Ok(()), |asked| self.ask(&asked).map(drop));
            }
            Fate::Unwritten | Fate::Lost => Settlement::Release,
            Fate::Done | Fate::Doubled | Fate::Delayed | Fate::ReplyLost => Settlement::Commit,
        };
        running.trail = running.trail.worked(settlement == Settlement::Commit);
        let step = match running.flow.settle(settlement) {
            Step::Done(decision) => Err(decision),
            Step::Need(effect) => Ok(Asked::of(&effect)),
        };
        match step {
            Ok(asked) => {
                running.goes_on(asked)?;
                self.flows.push(running);
                Ok(())
            }
            Err(decision) => self.answered(running, &decision),
        }
    }

    /// A request is performed by its store.
    pub(super) fn ask(&mut self, asked: &Asked) -> Result<Reply, &'static str> {
        self.tally.requests += 1;
        let now = self.store_clock();
        let mut asked = asked.clone();
        let early = self.spoil(&mut asked, now);
        let reply = early.unwrap_or_else(|| self.stores.perform(&asked.effect(), now));
        let reply = match (&reply, self.seeded) {
            (Reply::Admit(Ok(AdmitReply::Held { .. })), Some(Seeded::HeldIsAnsweredAsDone)) => {
                Reply::Admit(Ok(AdmitReply::Done(Done::Accepted(CallId::from_bytes([1; 16])))))
            }
            (Reply::FindSession(Ok(found)), Some(Seeded::DatesAheadAreCut)) => {
                Reply::FindSession(Ok(cut_to(found, now)))
            }
            _ => reply,
        };
        if matches!(asked.what, What::Admit { .. } | What::Settle { .. }) {
            self.log.push((asked.clone(), now));
        }
        self.ledger.performed(&asked, &reply, now)?;
        if let (
            What::Settle { action: Action::Release(refund), .. },
            Reply::Settle(Ok(SettleReply::Settled)),
        ) = (&asked.what, &reply)
        {
            refund.iter().for_each(|bucket| self.ledger.refunded(bucket.key));
        }
        Ok(reply)
    }

    /// What a seeded fault makes of a request.
    pub(super) fn spoil(&mut self, asked: &mut Asked, now: Timestamp) -> Option<Reply> {
        let number = self.numbers;
        match (self.seeded?, &mut asked.what) {
            (Seeded::VersionIsNotCompared, What::Record(recorded)) => {
                recorded.session_version = None
            }
            (Seeded::RowsAreNotUnique, What::Record(recorded)) => {
                let mut nameless = recorded.clone();
                let other = SignatureHash::from_hex(&format!("{number:064x}"));
                nameless.signature_hash = other.unwrap_or(recorded.signature_hash);
                nameless.event_id = None;
                let asked = Asked { site: asked.site.clone(), what: What::Record(nameless) };
                return Some(self.stores.perform(&asked.effect(), now));
            }
            (Seeded::BucketsGiveAlways, What::Admit { buckets, .. }) => {
                let real = buckets.clone();
                buckets.clear();
                let reply = self.stores.perform(&asked.effect(), now);
                if let What::Admit { buckets, .. } = &mut asked.what {
                    *buckets = real;
                }
                return Some(reply);
            }
            (Seeded::FloorsAreForgotten, What::Put { floor, .. }) => *floor = None,
            (Seeded::WithdrawalsAreDropped, What::Put { narrowing: true, .. }) => {
                return Some(Reply::PutSession(Ok(PutReply::Stored)));
            }
            (Seeded::LateOwnersCommit, What::Settle { claims, owner, .. }) => {
                let site = asked.site.as_str().to_owned();
                let claim = claims.last().copied();
                let holder = claim.and_then(|claim| self.ledger.claims.holder(&(site, claim)));
                let given = std::mem::replace(owner, holder.unwrap_or(*owner));
                let reply = self.stores.perform(&asked.effect(), now);
                if let What::Settle { owner, .. } = &mut asked.what {
                    *owner = given;
                }
                return Some(reply);
            }
            (Seeded::CommitsAreDropped, What::Settle { action: Action::Commit(..), .. })
            | (Seeded::ReleasesAreDropped, What::Settle { action: Action::Release(_), .. }) => {
                return Some(Reply::Settle(Ok(SettleReply::Settled)));
            }
            (Seeded::NoncesAreForgotten, What::Admit { claims, lease, keep, .. })
                if lease == keep =>
            {
                let real = std::mem::take(claims);
                let reply = self.stores.perform(&asked.effect(), now);
                if let What::Admit { claims, .. } = &mut asked.what {
                    *claims = real;
                }
                return Some(reply);
            }
            (Seeded::RefusedForGood, What::Settle { action, .. }) => {
                if let Action::Release(_) = action {
                    *action = Action::Commit(Done::Refused, Millis(600_000));
                }
            }
            _ => {}
        }
        None
    }

    /// The store of admissions is replaced by a copy that lacks its last effects.
    #[expect(clippy::indexing_slicing, reason = "no longer than the log")]
    pub(super) fn fail_over(&mut self, lost: usize) -> Held {
        let caps = self.gates[0].engine.common().caps;
        let admission = Memory::new(&caps);
        self.log.truncate(self.log.len().saturating_sub(lost % 32));
        self.stores.admission = admission;
        self.ledger.claims = Claims::default();
        for (asked, at) in &self.log {
            let reply = self.stores.perform(&asked.effect(), *at);
            self.ledger.claims.performed(asked, &reply, *at)?;
        }
        self.ledger.failed_over();
        if self.seeded == Some(Seeded::FailoverOfCalls) {
            let people = Memory::new(&caps);
            self.stores.sessions = people.clone();
            self.stores.calls = people;
        }
        Ok(())
    }
}
