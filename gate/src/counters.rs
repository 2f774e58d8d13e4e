use crate::audit::{AuditCounts, Tally};
use consentgate_core::{
    Decision, FlowName, Marketing, Outcome, Reason, Role, Stage, StoreError, StoreErrorKind,
    tenants::{Violation, ViolationKind},
};
use std::{
    fmt::Write,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// What the gate has decided, counted by closed sets of names only: nothing a sender writes becomes a label (law 12).
#[derive(Debug)]
pub struct Counters {
    /// In the order of [`rows`].
    decisions: Vec<AtomicU64>,
    enqueued: AtomicU64,
    skipped: AtomicU64,
    cancelled: AtomicU64,
    admitted_locally: AtomicU64,
    store_errors: [AtomicU64; Role::ALL.len()],
    store_timeouts: [AtomicU64; Role::ALL.len()],
    violations: [AtomicU64; ViolationKind::ALL.len()],
    /// Of the role `audit`, where the gate has it.
    audit: OnceLock<Arc<Tally>>,
}

/// How often one answer was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// By which flow.
    pub flow: FlowName,
    /// At which stage.
    pub stage: Stage,
    /// Why.
    pub reason: Reason,
    /// How often.
    pub count: u64,
}

/// The figures that an operator watches for abuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// Call events answered in all.
    pub call_events: u64,
    /// Call events answered 204.
    pub call_events_no_consent: u64,
    /// Events refused because they were met before: done, refused before, or in flight.
    pub replays_refused: u64,
    /// Events refused by the bucket of their fingerprint.
    pub fingerprint_limits_hit: u64,
    /// Conversions put into the queue.
    pub conversions_enqueued: u64,
    /// Conversions skipped because marketing consent was missing.
    pub conversions_skipped: u64,
    /// Conversions cancelled in the queue because marketing consent was gone.
    pub conversions_cancelled: u64,
    /// Answers for which the memory of the process stood in for the store of the role `admission`.
    pub admitted_locally: u64,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            decisions: rows().map(|_| AtomicU64::new(0)).collect(),
            enqueued: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            admitted_locally: AtomicU64::new(0),
            store_errors: Default::default(),
            store_timeouts: Default::default(),
            violations: Default::default(),
            audit: OnceLock::new(),
        }
    }
}

/// Every answer there can be.
fn rows() -> impl Iterator<Item = (FlowName, Stage, Reason)> {
    let flows = FlowName::ALL.iter();
    flows.flat_map(|flow| flow.table().iter().map(|(stage, reason)| (*flow, *stage, *reason)))
}

/// The places of [`rows`], by stage and reason, one table a flow.
#[expect(clippy::indexing_slicing, reason = "evaluated while building")]
static PLACES: [[[u8; Reason::ALL.len()]; Stage::ALL.len()]; FlowName::ALL.len()] = {
    let mut places = [[[u8::MAX; _]; _]; _];
    let (mut flow, mut place) = (0, 0);
    while flow < places.len() {
        let table = FlowName::ALL[flow].table();
        let mut row = 0;
        while row < table.len() {
            let (stage, reason) = table[row];
            places[flow][stage as usize][reason as usize] = place;
            place += 1;
            row += 1;
        }
        flow += 1;
    }
    places
};

impl Counters {
    pub(crate) fn count(&self, decision: &Decision) {
        let stages = PLACES.get(decision.flow() as usize);
        let reasons = stages.and_then(|stages| stages.get(decision.stage() as usize));
        let place = reasons.and_then(|reasons| reasons.get(decision.reason() as usize));
        if let Some(counter) = place.and_then(|place| self.decisions.get(usize::from(*place))) {
            counter.fetch_add(1, Relaxed);
        }
        // Rare, and adding nothing would cost as much as adding something.
        if decision.cancelled() > 0 {
            self.cancelled.fetch_add(decision.cancelled(), Relaxed);
        }
        if decision.was_admitted_locally() {
            self.admitted_locally.fetch_add(1, Relaxed);
        }
        let is_new = decision.outcome() != Outcome::Noop;
        match decision.marketing().filter(|_| is_new) {
            Some(Marketing::Enqueued) => self.enqueued.fetch_add(1, Relaxed),
            Some(Marketing::Skipped) => self.skipped.fetch_add(1, Relaxed),
            None => return,
        };
    }

    pub(crate) fn count_error(&self, role: Role, error: &StoreError) {
        let table = match error.kind() {
            StoreErrorKind::TimedOut => &self.store_timeouts,
            _ => &self.store_errors,
        };
        if let Some(counter) = table.get(role as usize) {
            counter.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn count_violation(&self, violation: &Violation) {
        if let Some(counter) = self.violations.get(violation.kind() as usize) {
            counter.fetch_add(1, Relaxed);
        }
    }

    /// The first one counts: a gate gets its role `audit` once.
    pub(crate) fn count_audit(&self, tally: &Arc<Tally>) {
        let _ = self.audit.set(tally.clone());
    }

    /// Every answer there can be, with how often it was given.
    pub fn decisions(&self) -> impl Iterator<Item = Count> {
        rows().zip(&self.decisions).map(|((flow, stage, reason), counter)| Count {
            flow,
            stage,
            reason,
            count: counter.load(Relaxed),
        })
    }

    /// Failures of each role's store: errors, and deadlines passed.
    pub fn store_failures(&self) -> impl Iterator<Item = (Role, u64, u64)> {
        let counts = self.store_errors.iter().zip(&self.store_timeouts);
        Role::ALL
            .into_iter()
            .zip(counts)
            .map(|(role, (errors, timeouts))| (role, errors.load(Relaxed), timeouts.load(Relaxed)))
    }

    /// What the guard denied, by kind.
    pub fn violations(&self) -> impl Iterator<Item = (ViolationKind, u64)> {
        let kinds = ViolationKind::ALL.iter().copied();
        kinds.zip(self.violations.iter().map(|counter| counter.load(Relaxed)))
    }

    /// What became of violations; `None` without the role `audit`.
    pub fn audit(&self) -> Option<AuditCounts> {
        self.audit.get().map(|tally| tally.counts())
    }

    /// The figures that an operator watches.
    #[must_use]
    pub fn watch(&self) -> Watch {
        let mut watch = Watch {
            conversions_enqueued: self.enqueued.load(Relaxed),
            conversions_skipped: self.skipped.load(Relaxed),
            conversions_cancelled: self.cancelled.load(Relaxed),
            admitted_locally: self.admitted_locally.load(Relaxed),
            ..Watch::default()
        };
        for Count { reason, stage, count, .. } in
            self.decisions().filter(|row| row.flow == FlowName::CallEvent)
        {
            watch.call_events += count;
            if reason.outcome() == Outcome::NoConsent {
                watch.call_events_no_consent += count;
            }
            match reason {
                Reason::Duplicate | Reason::RefusedBefore | Reason::InFlight => {
                    watch.replays_refused += count;
                }
                Reason::RateLimited if stage == Stage::RateLimit => {
                    watch.fingerprint_limits_hit += count;
                }
                _ => {}
            }
        }
        watch
    }

    /// All of it in the Prometheus text format, version 0.0.4. Serve it to your own network only.
    #[must_use]
    pub fn prometheus(&self) -> String {
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = self.write_prometheus(&mut text);
        text
    }

    /// As [`prometheus`](Self::prometheus), and which roles' stores are left alone.
    pub(crate) fn prometheus_with(&self, resting: [bool; Role::ALL.len()]) -> String {
        let mut text = self.prometheus();
        let name = "consentgate_store_resting";
        let help = "Whether a role's store failed so often that it is left alone.";
        text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
        for (role, resting) in Role::ALL.into_iter().zip(resting) {
            let (role, resting) = (role.as_str(), u8::from(resting));
            text.push_str(&format!("{name}{{role=\"{role}\"}} {resting}\n"));
        }
        text
    }

    fn write_prometheus(&self, out: &mut String) -> std::fmt::Result {
        let name = "consentgate_decisions_total";
        head(out, name, "Decisions by flow, stage, reason and outcome.")?;
        for Count { flow, stage, reason, count } in self.decisions() {
            let outcome = reason.outcome();
            writeln!(
                out,
                "{name}{{flow=\"{flow}\",stage=\"{stage}\",reason=\"{reason}\",outcome=\"{outcome}\"}} {count}"
            )?;
        }
        let name = "consentgate_store_failures_total";
        head(out, name, "Failures of stores by role and kind.")?;
        for (role, errors, timeouts) in self.store_failures() {
            let role = role.as_str();
            writeln!(out, "{name}{{role=\"{role}\",kind=\"error\"}} {errors}")?;
            writeln!(out, "{name}{{role=\"{role}\",kind=\"timeout\"}} {timeouts}")?;
        }
        let name = "consentgate_violations_total";
        head(out, name, "What the guard of tenants denied, by kind and severity.")?;
        for (kind, count) in self.violations() {
            let severity = kind.severity();
            writeln!(out, "{name}{{kind=\"{kind}\",severity=\"{severity}\"}} {count}")?;
        }
        if let Some(audit) = self.audit() {
            audit.write_prometheus(out)?;
        }
        let watch = self.watch();
        for (name, help, count) in [
            ("call_events", "Call events answered.", watch.call_events),
            ("call_events_no_consent", "Call events answered 204.", watch.call_events_no_consent),
            (
                "replays_refused",
                "Events refused because they were met before.",
                watch.replays_refused,
            ),
            (
                "fingerprint_limits_hit",
                "Events refused by their fingerprint's bucket.",
                watch.fingerprint_limits_hit,
            ),
            ("conversions_enqueued", "Conversions put into the queue.", watch.conversions_enqueued),
            (
                "conversions_skipped",
                "Conversions skipped for want of marketing consent.",
                watch.conversions_skipped,
            ),
            (
                "conversions_cancelled",
                "Conversions cancelled in the queue, their consent being gone.",
                watch.conversions_cancelled,
            ),
            (
                "admitted_locally",
                "Answers for which the memory of the process stood in for the store of admission.",
                watch.admitted_locally,
            ),
        ] {
            let name = format!("consentgate_{name}_total");
            head(out, &name, help)?;
            writeln!(out, "{name} {count}")?;
        }
        Ok(())
    }
}

pub(crate) fn head(out: &mut String, name: &str, help: &str) -> std::fmt::Result {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter")
}
