//! The queue of conversions: one job a call, ever; kept with its row, and found again by the time at which it is due.

use super::{Inner, calls::Rows, quota::Site};
use consentgate_core::{
    Timestamp,
    ids::{CallId, Owner},
    stores::{Finish, FinishReply, JobEnding, Take, Taken},
};
use std::{collections::VecDeque, sync::Arc};

/// The job of a row.
pub(super) struct Job {
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

/// The jobs of a site in one part that have not ended, in the order in which they are due. Nearly all are queued in that
/// order, and leave it from the front.
#[derive(Default)]
pub(super) struct Due(VecDeque<(Timestamp, CallId)>);

impl Due {
    pub(super) fn queue(&mut self, call_id: CallId, due_at: Timestamp) -> Job {
        let mut job = Job { state: State::Ended, attempts: 0 };
        self.change(call_id, &mut job, State::Waiting { due_at });
        job
    }

    pub(super) fn forget(&mut self, call_id: CallId, job: &Job) {
        let Some(due_at) = job.due_at() else { return };
        let first = self.0.partition_point(|(own, _)| *own < due_at);
        let same = self.0.range(first..).take_while(|(own, _)| *own == due_at);
        if let Some(place) = same.map(|(_, own)| *own).position(|own| own == call_id) {
            self.0.remove(first + place);
        }
    }

    fn change(&mut self, call_id: CallId, job: &mut Job, state: State) {
        self.forget(call_id, job);
        job.state = state;
        let Some(due_at) = job.due_at() else { return };
        match self.0.back() {
            Some((last, _)) if due_at < *last => {
                let place = self.0.partition_point(|(own, _)| *own <= due_at);
                self.0.insert(place, (due_at, call_id));
            }
            _ => self.0.push_back((due_at, call_id)),
        }
    }

    /// Those that are due by now.
    fn by(&self, now: Timestamp) -> impl Iterator<Item = (Timestamp, CallId)> {
        self.0.iter().copied().take_while(move |(due_at, _)| *due_at <= now)
    }
}

impl Inner {
    pub(super) fn take_jobs(
        &self,
        site: &Arc<Site>,
        request: &Take<'_>,
        now: Timestamp,
    ) -> Vec<Taken> {
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        // Seen one part after the other, then taken one by one: what somebody else took in between is not due any more.
        let mut seen: Vec<(Timestamp, CallId)> = Vec::new();
        self.calls.rows.for_each(Some(site), |_, Rows { rows, due }| {
            // A row that is over may not have been collected yet; its job must not stand before others.
            let alive = |id: CallId| rows.get(self.names.call(id), now).is_some();
            seen.extend(due.by(now).filter(|(_, call_id)| alive(*call_id)).take(limit));
        });
        seen.sort_unstable();
        let jobs = seen.into_iter();
        let jobs = jobs.filter_map(|(_, call_id)| self.take_job(site, call_id, request, now));
        jobs.take(limit).collect()
    }

    fn take_job(
        &self,
        site: &Arc<Site>,
        call_id: CallId,
        request: &Take<'_>,
        now: Timestamp,
    ) -> Option<Taken> {
        let name = self.names.call(call_id);
        let Rows { rows, due } = &mut *self.calls.rows.lock(site, name);
        rows.change(name, now, |row| {
            let job = row.job.as_mut()?;
            job.due_at().filter(|due_at| *due_at <= now)?;
            let until = now.plus(request.lease);
            due.change(call_id, job, State::Leased { owner: request.owner, until });
            job.attempts = job.attempts.saturating_add(1);
            Some(Taken {
                call_id,
                fingerprint: row.fingerprint.clone(),
                event_id: row.event_id.clone(),
                received_at: row.received_at,
                body: row.body.to_vec(),
                attempts: job.attempts,
            })
        })?
    }

    pub(super) fn finish_job(
        &self,
        site: &Arc<Site>,
        request: &Finish<'_>,
        now: Timestamp,
    ) -> FinishReply {
        let name = self.names.call(request.call_id);
        let Rows { rows, due } = &mut *self.calls.rows.lock(site, name);
        let finished = rows.change(name, now, |row| {
            let job = row.job.as_mut()?;
            if !matches!(job.state, State::Leased { owner, .. } if owner == request.owner) {
                return None;
            }
            let state = match request.ending {
                JobEnding::Retry { delay } => State::Waiting { due_at: now.plus(delay) },
                JobEnding::Sent | JobEnding::Cancelled | JobEnding::Failed => State::Ended,
            };
            due.change(request.call_id, job, state);
            Some(FinishReply::Finished)
        });
        finished.flatten().unwrap_or(FinishReply::Lost)
    }
}
