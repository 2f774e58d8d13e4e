use crate::{
    async_gate::Running,
    clock::{Clock, SystemClock},
    stores::{AsyncPerform, Stores, Timer},
};
use consentgate_core::{
    Decision, Timestamp,
    flow::{Admit, Flow, Settlement},
};
use std::fmt;

/// [`Admission`](crate::Admission) of an [`AsyncGate`](crate::AsyncGate).
///
/// Dropped, it gives the event back if the role `admission` is in memory; a store that has to be waited for cannot be
/// asked, and the lease lapses. Await [`release`](Self::release) where the next try should not have to wait for that.
#[must_use = "dropped, it gives the event back"]
pub struct AsyncAdmission<'g, P: AsyncPerform = Stores, K: Clock = SystemClock, T = ()> {
    running: Running<'g, Admit, P, K, T>,
    decision: Decision,
}

impl<'g, P: AsyncPerform, K: Clock + Sync, T: Timer> AsyncAdmission<'g, P, K, T> {
    pub(crate) async fn begin(mut running: Running<'g, Admit, P, K, T>) -> Result<Self, Decision> {
        let decision = running.run().await;
        if running.flow.is_paused() {
            Ok(Self { running, decision })
        } else {
            Err(running.gate.shared.counted(decision, running.course))
        }
    }

    /// What is to be sent as long as the work is not committed: 503. It names the event.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// As [`Admission::commit`](crate::Admission::commit). A future that is dropped on its way leaves unknown whether
    /// the commit was written.
    pub async fn commit(self, now: Option<Timestamp>) -> Decision {
        self.settle(Settlement::Commit, now).await
    }

    /// As [`Admission::release`](crate::Admission::release).
    pub async fn release(self, now: Option<Timestamp>) -> Decision {
        self.settle(Settlement::Release, now).await
    }

    async fn settle(mut self, settlement: Settlement, now: Option<Timestamp>) -> Decision {
        let Self { running, .. } = &mut self;
        running.given = now.or(running.given);
        running.now = running.gate.shared.now(running.given);
        let _ = running.flow.settle(settlement);
        let decision = running.run().await;
        running.gate.shared.counted(decision, running.course)
    }
}

impl<P: AsyncPerform, K: Clock, T> Drop for AsyncAdmission<'_, P, K, T> {
    fn drop(&mut self) {
        if self.running.flow.is_paused() {
            // What it holds is given back when `running` is dropped.
            let _ = self.running.gate.shared.counted(self.decision.clone(), self.running.course);
        }
    }
}

impl<P: AsyncPerform, K: Clock, T> fmt::Debug for AsyncAdmission<'_, P, K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsyncAdmission")
    }
}
