use super::{
    machine::{Machine, Next, States},
    store_failed, wrong_reply,
};
use crate::{
    config::Conversions,
    decision::{Accepts, Conversion, ConversionResult, Decision, Flow as Name, Reason, Stage},
    id::{CallId, Owner, SiteId},
    store::{Effect, Finish, FinishReply, JobEnding, Reply},
    time::{Millis, Timestamp},
};

/// The flow of a job that was sent, or could not be.
pub type FinishConversion = Machine<State>;

#[derive(Debug)]
pub struct State {
    site: SiteId,
    call_id: CallId,
    owner: Owner,
    ending: JobEnding,
}

/// The proof that the job was the caller's, and has ended as it said.
struct Finished;

impl Accepts for Finished {}

impl FinishConversion {
    pub(crate) fn new(job: &Conversion, result: ConversionResult, rules: &Conversions) -> Self {
        let ending = match result {
            ConversionResult::Sent => JobEnding::Sent,
            ConversionResult::Failed => JobEnding::Failed,
            ConversionResult::Retry(_) if job.attempts >= rules.attempts_max => JobEnding::Failed,
            ConversionResult::Retry(delay) => {
                JobEnding::Retry { delay: delay.unwrap_or_else(|| backoff(rules, job.attempts)) }
            }
        };
        let Conversion { site, call_id, owner, .. } = job;
        Self::need((), State { site: site.clone(), call_id: *call_id, owner: *owner, ending })
    }
}

/// Twice as long each time, up to six hours.
fn backoff(rules: &Conversions, attempts: u32) -> Millis {
    const LONGEST: Millis = Millis::from_secs(6 * 3600);
    let doublings = attempts.saturating_sub(1).min(16);
    rules.backoff.times(1 << doublings).min(LONGEST.max(rules.backoff))
}

impl States for State {
    const MISUSED: (Name, Stage) = (Name::FinishConversion, Stage::Finish);

    fn effect<'a>(&'a self, (): &'a ()) -> Effect<'a> {
        let Self { site, call_id, owner, ending } = self;
        Effect::Finish(Finish { site, call_id: *call_id, owner: *owner, ending: *ending })
    }

    fn next(self, (): &mut (), reply: Reply, _now: Timestamp) -> Next<Self> {
        let (flow, stage) = Self::MISUSED;
        let decision = match reply {
            Reply::Finish(Ok(FinishReply::Finished)) => {
                let reason = match self.ending {
                    JobEnding::Sent => Reason::ConversionSent,
                    JobEnding::Retry { .. } => Reason::ConversionPutBack,
                    JobEnding::Failed | JobEnding::Cancelled => Reason::ConversionFailed,
                };
                Decision::accepted(&Finished, flow, stage, reason)
            }
            Reply::Finish(Ok(FinishReply::Lost)) => {
                Decision::denied(flow, stage, Reason::LeaseLost)
            }
            Reply::Finish(Err(error)) => store_failed(flow, stage, error),
            _ => store_failed(flow, stage, wrong_reply()),
        };
        Next::Answer(decision.with_call(Some(self.call_id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::StoreError;

    #[test]
    fn each_retry_waits_twice_as_long_up_to_six_hours() {
        let rules = Conversions {
            delay: Millis::ZERO,
            lease: Millis(1),
            backoff: Millis::from_secs(60),
            attempts_max: 10,
        };
        let waits = |attempts| backoff(&rules, attempts).0 / 60_000;
        assert_eq!([0, 1, 2, 3, 9, 10, 1000].map(waits), [1, 1, 2, 4, 256, 360, 360]);
        let slow = Conversions { backoff: Millis::from_secs(86_400), ..rules };
        assert_eq!(backoff(&slow, 5), slow.backoff);
    }

    #[test]
    fn law_11_a_store_that_failed_is_told_by_its_own_failure() {
        let site = SiteId::new("acme").unwrap();
        let (call_id, owner) = (CallId::from_bytes([1; 16]), Owner::from_bytes([2; 16]));
        let state = State { site, call_id, owner, ending: JobEnding::Sent };
        let failed = Reply::Finish(Err(StoreError::resting(Millis(1))));
        let Next::Answer(decision) = state.next(&mut (), failed, Timestamp::MIN) else {
            panic!("one effect is all there is")
        };
        assert_eq!(decision.reason(), Reason::StoreResting);
    }
}
