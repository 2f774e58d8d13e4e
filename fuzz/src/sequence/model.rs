//! What is known of a site's state, and which answers it allows.

use super::gates::{BACKOFF_MS, DELAY_MS, Gates, KEPT_MS, LEASE_MS};
use crate::naive::consent::{Known, Scopes};
use consentgate::{Conversion, ConversionResult, Decision, Marketing, Reason};
use std::collections::{BTreeMap, BTreeSet};

/// What was sent: who signed it, when, for whom.
#[derive(Clone)]
pub(super) struct Sent {
    pub(super) keys: Vec<u8>,
    pub(super) at: i64,
    pub(super) person: u8,
}

/// A call, by its ids at the two gates.
pub(super) struct Row {
    pub(super) call_ids: Vec<String>,
    event: u8,
    person: usize,
    until: i64,
    erased: bool,
    job: Option<Job>,
}

/// Its place in the queue; each time that it is taken has a number.
#[derive(Default)]
struct Job {
    due: i64,
    is_final: bool,
    taken: usize,
    is_leased: bool,
}

/// A conversion in somebody's hands.
pub(super) struct Handed {
    pub(super) jobs: Vec<Conversion>,
    row: usize,
    taken: usize,
}

#[derive(Default)]
pub(super) struct Site {
    pub(super) people: [Known; 3],
    pub(super) sent: BTreeMap<u8, Sent>,
    pub(super) rows: Vec<Row>,
    pub(super) handed: Vec<Handed>,
    /// Events that were answered 204 for want of consent.
    refused: BTreeSet<u8>,
    /// Events that were ever let in past their signature.
    tried: BTreeSet<u8>,
    /// The clock stepped back at some time: what is known of consent is not exact any more.
    blurred: bool,
}

impl Site {
    pub(super) fn judge_event(
        &mut self,
        event: u8,
        sent: &Sent,
        refusal: Option<&str>,
        decisions: &[Decision],
        gates: &Gates,
    ) {
        self.blurred |= !gates.is_exact();
        let decision = &decisions[0];
        let reason = decision.reason();
        if let Some(refusal) = refusal {
            assert_eq!(reason.as_str(), refusal);
            return;
        }
        let person = usize::from(sent.person % 3);
        let covers = |scope| self.people[person].covers(scope);
        let (analytics, marketing) = (covers("analytics"), covers("marketing"));
        let sure = !self.blurred;
        let first = self.tried.insert(event);
        match reason {
            Reason::Accepted => {
                assert!(analytics || !sure, "law 5: recorded without consent");
                let there =
                    |row: &Row| row.event == event && !row.erased && gates.latest < row.until;
                assert!(!self.rows.iter().any(there), "law 3: recorded twice");
                let enqueued = decision.marketing() == Some(Marketing::Enqueued);
                assert!(enqueued == marketing || !sure, "law 5");
                let call_ids = decisions.iter().map(|own| self.new_id(own)).collect();
                let job = enqueued.then(|| Job { due: gates.now + DELAY_MS, ..Job::default() });
                let until = gates.now + KEPT_MS;
                self.rows.push(Row { call_ids, event, person, until, erased: false, job });
            }
            Reason::Duplicate => {
                let id = decision.call_id().map(|id| id.to_hex());
                let is_own = |row: &Row| row.event == event && row.call_ids.first() == id.as_ref();
                assert!(self.rows.iter().any(is_own), "law 4: a duplicate of nothing");
            }
            Reason::RefusedBefore => assert!(self.refused.contains(&event)),
            Reason::NoSession | Reason::ConsentMissing | Reason::ConsentWithdrawn => {
                assert!(!analytics || !sure, "law 4: consent is not seen");
                self.refused.insert(event);
            }
            Reason::ConsentFromFuture => {
                assert!(!sure);
                self.refused.insert(event);
            }
            Reason::RateLimited => {
                // Nothing is claimed: the event is as good as never sent (law 4).
                if first {
                    self.tried.remove(&event);
                }
                return;
            }
            other => panic!("{other}"),
        }
        if first && sure && analytics {
            assert_eq!(reason, Reason::Accepted, "law 4: a good event is lost");
        }
    }

    pub(super) fn judge_statement(
        &mut self,
        person: usize,
        said: &Scopes,
        at_ms: i64,
        status: u16,
        gates: &Gates,
    ) {
        self.blurred |= !gates.is_exact();
        self.people[person].hears(said, at_ms, gates.now);
        let covers = said.contains("analytics");
        // Under a clock that stepped back a bucket is empty for a window; narrowing meets none (law 7, 10).
        let expected = if covers { 200 } else { 204 };
        assert!(status == expected || covers && status == 429 && self.blurred, "{status}");
    }

    /// The id of a new call, which is nobody else's.
    fn new_id(&self, decision: &Decision) -> String {
        let id = decision.call_id().unwrap().to_hex();
        assert!(!self.rows.iter().any(|row| row.call_ids.contains(&id)));
        id
    }

    pub(super) fn judge_sale(&mut self, row: usize, reason: Reason, gates: &Gates, at: usize) {
        self.blurred |= !gates.is_exact();
        let own = &mut self.rows[row];
        let consented = self.people[own.person].covers("marketing");
        let sure = !self.blurred;
        let expected = if !gates.is_active(at) {
            Reason::UnknownSite
        } else if own.erased || gates.now >= own.until {
            Reason::NotFound
        } else if !consented {
            Reason::Skipped
        } else if own.job.is_some() {
            Reason::AlreadyEnqueued
        } else {
            Reason::Enqueued
        };
        assert!(reason == expected || !sure, "{reason} instead of {expected}");
        if reason == Reason::Enqueued {
            assert!(own.job.is_none(), "law 3: queued twice");
            own.job = Some(Job { due: gates.now + DELAY_MS, ..Job::default() });
            own.until = own.until.max(gates.now + KEPT_MS);
        }
    }

    pub(super) fn erases(&mut self, person: u8, now: i64) {
        let person = usize::from(person % 3);
        self.people[person].is_erased(now);
        let own = self.rows.iter_mut().filter(|row| row.person == person);
        own.for_each(|row| row.erased = true);
    }

    pub(super) fn judge_taken(&mut self, decisions: &[Decision], gates: &Gates) {
        self.blurred |= !gates.is_exact();
        let decision = &decisions[0];
        for conversion in decision.conversions() {
            let id = conversion.call_id().to_hex();
            let at = self.rows.iter().position(|row| row.call_ids.first() == Some(&id)).unwrap();
            let row = &mut self.rows[at];
            let sure = !self.blurred;
            assert!(!row.erased, "an erased call is handed out");
            assert!(self.people[row.person].covers("marketing") || !sure, "law 5");
            let job = row.job.as_mut().unwrap();
            assert!(!job.is_final && (job.due <= gates.now || !sure), "law 3: handed out twice");
            (job.due, job.is_leased) = (gates.now + LEASE_MS, true);
            job.taken += 1;
            assert_eq!(conversion.attempts() as usize, job.taken);
            let taken = job.taken;
            let mut jobs = vec![conversion.clone()];
            for (own, call_id) in decisions.iter().zip(&row.call_ids).skip(1) {
                let mut twins = own.conversions().iter();
                let twin = twins.find(|twin| twin.call_id().to_hex() == *call_id);
                jobs.push(twin.expect("law 8: both hand it out").clone());
            }
            self.handed.push(Handed { jobs, row: at, taken });
        }
        let people = &self.people;
        let mut cancelled = 0;
        for row in self.rows.iter_mut().filter(|row| !row.erased && gates.now < row.until) {
            let consented = people[row.person].covers("marketing");
            if let Some(job) = row.job.as_mut().filter(|job| !job.is_final && job.due <= gates.now)
            {
                assert!(!consented || self.blurred, "law 4: a conversion is not handed out");
                job.is_final = true;
                cancelled += 1;
            }
        }
        assert!(decision.cancelled() == cancelled || self.blurred);
    }

    pub(super) fn judge_finished(
        &mut self,
        index: usize,
        result: ConversionResult,
        reason: Reason,
        gates: &Gates,
    ) {
        self.blurred |= !gates.is_exact();
        let Handed { row, taken, .. } = &self.handed[index];
        let (row, taken) = (*row, *taken);
        let row = &mut self.rows[row];
        let job = row.job.as_mut().unwrap();
        let gone = row.erased || gates.now >= row.until;
        let is_own = !gone && !job.is_final && job.is_leased && job.taken == taken;
        let expected = match result {
            _ if !is_own => Reason::LeaseLost,
            ConversionResult::Sent => Reason::ConversionSent,
            ConversionResult::Retry(_) if taken < 3 => Reason::ConversionPutBack,
            _ => Reason::ConversionFailed,
        };
        assert!(reason == expected || self.blurred, "{reason} instead of {expected}");
        match reason {
            Reason::ConversionPutBack => {
                job.due = gates.now + (BACKOFF_MS << (taken - 1));
                job.is_leased = false;
            }
            Reason::LeaseLost => {}
            _ => {
                assert!(!job.is_final, "law 3: finished twice");
                job.is_final = true;
            }
        }
    }
}
