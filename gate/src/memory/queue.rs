//! The queue of conversions: one job a call, ever; kept with its row, and found again by the time at which it is due.

use super::{Inner, calls::Rows};
use consentgate_core::{
    Timestamp,
    ids::{CallId, Owner},
    stores::{Finish, FinishReply, JobEnding, Take, Taken},
};
use std::collections::BTreeSet;

/// The job of a row.
pub(super) struct Job {
    call_id: CallId,
    state: State,
    attempts: u32,
}

enum State {
    /// It is given to whoever asks from then on.
    Waiting { due_at: Timestamp },
    /// It is this owner's, and from then on anybody's.
    Leased { owner: Owner, until: Timestamp },
    /// It was sent, cancelled or given up.
    Ended,
}

impl Job {
    /// From when it is given to whoever asks.
    pub(super) fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Waiting { due_at } => Some(due_at),
            State::Leased { until, .. } => Some(until),
            State::Ended => None,
        }
    }
}

/// The jobs of a part that have not ended, by site and time.
#[derive(Default)]
pub(super) struct Due(BTreeSet<(u64, Timestamp, CallId)>);

impl Due {
    pub(super) fn queue(&mut self, site: u64, call_id: CallId, due_at: Timestamp) -> Job {
        let mut job = Job { call_id, state: State::Ended, attempts: 0 };
        self.change(site, &mut job, State::Waiting { due_at });
        job
    }

    pub(super) fn forget(&mut self, site: u64, job: &Job) {
        if let Some(due_at) = job.due_at() {
            self.0.remove(&(site, due_at, job.call_id));
        }
    }

    fn change(&mut self, site: u64, job: &mut Job, state: State) {
        self.forget(site, job);
        job.state = state;
        self.0.extend(job.due_at().map(|due_at| (site, due_at, job.call_id)));
    }

    fn of_site(
        &self,
        site: u64,
        now: Timestamp,
    ) -> impl Iterator<Item = (Timestamp, CallId)> + use<'_> {
        let (first, last) = (CallId::from_bytes([0; 16]), CallId::from_bytes([u8::MAX; 16]));
        let range = (site, Timestamp::MIN, first)..=(site, now, last);
        self.0.range(range).map(|(_, due_at, call_id)| (*due_at, *call_id))
    }
}

impl Inner {
    pub(super) fn take_jobs(&self, request: &Take<'_>, now: Timestamp) -> Vec<Taken> {
        let site = self.site(request.site).number;
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        // Seen one part after the other, then taken one by one: what somebody else took in between is not due any more.
        let mut seen: Vec<(Timestamp, CallId)> = Vec::new();
        for place in self.calls.rows.places() {
            let Rows { rows, due } = &*self.calls.rows.lock_at(place);
            // A row that is over may not have been collected yet; its job must not stand before others.
            let alive = |(_, call_id): &(_, CallId)| rows.get(&(site, *call_id), now).is_some();
            seen.extend(due.of_site(site, now).filter(alive).take(limit));
        }
        seen.sort_unstable();
        let jobs = seen
            .into_iter()
            .filter_map(|(_, call_id)| self.take_job((site, call_id), request, now));
        jobs.take(limit).collect()
    }

    fn take_job(&self, at: (u64, CallId), request: &Take<'_>, now: Timestamp) -> Option<Taken> {
        let (site, call_id) = at;
        let Rows { rows, due } = &mut *self.calls.rows.lock(at);
        let row = rows.get_mut(&at, now)?;
        let event_id = row.event_id().cloned();
        let job = row.job.as_mut()?;
        job.due_at().filter(|due_at| *due_at <= now)?;
        let until = now.plus(request.lease);
        due.change(site, job, State::Leased { owner: request.owner, until });
        job.attempts = job.attempts.saturating_add(1);
        Some(Taken {
            call_id,
            fingerprint: row.fingerprint.clone(),
            event_id,
            received_at: row.received_at,
            body: row.body.to_vec(),
            attempts: job.attempts,
        })
    }

    pub(super) fn finish_job(&self, request: &Finish<'_>, now: Timestamp) -> FinishReply {
        let site = self.site(request.site).number;
        let at = (site, request.call_id);
        let Rows { rows, due } = &mut *self.calls.rows.lock(at);
        let job = rows.get_mut(&at, now).and_then(|row| row.job.as_mut());
        let held = job.filter(
            |job| matches!(job.state, State::Leased { owner, .. } if owner == request.owner),
        );
        let Some(job) = held else { return FinishReply::Lost };
        let state = match request.ending {
            JobEnding::Retry { delay } => State::Waiting { due_at: now.plus(delay) },
            JobEnding::Sent | JobEnding::Cancelled | JobEnding::Failed => State::Ended,
        };
        due.change(site, job, state);
        FinishReply::Finished
    }
}
