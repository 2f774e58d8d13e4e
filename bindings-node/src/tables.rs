//! What the gate has counted, and the closed sets of names that `index.d.ts` is held to.

use crate::{audit::AuditCounts, gate::NativeGate};
use consentgate::{
    AuditOutcome, FlowName, Marketing, Operation, Outcome, Reason, Role, Scheme, Severity, Stage,
    SubjectKind, ViolationKind,
};
use napi_derive::napi;
use std::{borrow::Cow, collections::BTreeMap};

/// How often one answer was given.
#[napi(object, object_from_js = false)]
pub struct Count {
    /// By which method.
    pub flow: &'static str,
    /// At which stage.
    pub stage: &'static str,
    /// Why.
    pub reason: &'static str,
    /// What it came to.
    pub outcome: &'static str,
    /// How often.
    pub count: f64,
}

/// How often a role's store failed.
#[napi(object, object_from_js = false)]
pub struct StoreFailures {
    /// Errors.
    pub errors: f64,
    /// Deadlines passed.
    pub timeouts: f64,
}

/// What an operator watches.
#[napi(object, object_from_js = false)]
pub struct Watch {
    /// Call events answered in all.
    pub call_events: f64,
    /// Call events answered 204.
    pub call_events_no_consent: f64,
    /// Events refused because they were met before.
    pub replays_refused: f64,
    /// Events refused by the bucket of their fingerprint.
    pub fingerprint_limits_hit: f64,
    /// Conversions queued.
    pub conversions_enqueued: f64,
    /// Conversions skipped.
    pub conversions_skipped: f64,
    /// Conversions cancelled in the queue.
    pub conversions_cancelled: f64,
    /// Answers for which the memory of the process admitted.
    pub admitted_locally: f64,
}

/// All counters.
#[napi(object, object_from_js = false)]
pub struct Counters {
    /// Every answer there can be.
    pub decisions: Vec<Count>,
    /// By role.
    pub store_failures: BTreeMap<&'static str, StoreFailures>,
    /// The figures to watch.
    pub watch: Watch,
    /// What the guard of tenants denied, by kind.
    pub violations: BTreeMap<&'static str, f64>,
    /// What became of that; nothing without the role `audit`.
    pub audit: Option<AuditCounts>,
}

/// The words of each closed set.
#[napi(object, object_from_js = false)]
pub struct Names {
    /// Outcomes.
    pub outcome: Vec<&'static str>,
    /// Stages.
    pub stage: Vec<&'static str>,
    /// Reasons.
    pub reason: Vec<&'static str>,
    /// Flows.
    pub flow: Vec<&'static str>,
    /// What becomes of conversions.
    pub marketing: Vec<&'static str>,
    /// Roles.
    pub role: Vec<&'static str>,
    /// Schemes.
    pub scheme: Vec<&'static str>,
    /// Steps at which the guard of tenants is asked.
    pub operation: Vec<&'static str>,
    /// How bad violations are.
    pub severity: Vec<&'static str>,
    /// Kinds of identities.
    pub subject_kind: Vec<&'static str>,
    /// Kinds of violations.
    pub violation_kind: Vec<&'static str>,
    /// What whoever tried was told.
    pub audit_outcome: Vec<&'static str>,
}

/// The words of each closed set.
#[napi(catch_unwind)]
pub fn names() -> Names {
    Names {
        outcome: Outcome::ALL.iter().map(|name| name.as_str()).collect(),
        stage: Stage::ALL.iter().map(|name| name.as_str()).collect(),
        reason: Reason::ALL.iter().map(|name| name.as_str()).collect(),
        flow: FlowName::ALL.iter().map(|name| name.as_str()).collect(),
        marketing: Marketing::ALL.iter().map(|name| name.as_str()).collect(),
        role: Role::ALL.iter().map(|role| role.as_str()).collect(),
        scheme: Scheme::ALL.iter().map(|scheme| scheme.name()).collect(),
        operation: Operation::ALL.iter().map(|name| name.as_str()).collect(),
        severity: Severity::ALL.iter().map(|name| name.as_str()).collect(),
        subject_kind: SubjectKind::ALL.iter().map(|name| name.as_str()).collect(),
        violation_kind: ViolationKind::ALL.iter().map(|name| name.as_str()).collect(),
        audit_outcome: AuditOutcome::ALL.iter().map(|name| name.as_str()).collect(),
    }
}

/// What a reason comes to.
#[napi(object, object_from_js = false)]
pub struct ReasonRow {
    /// The reason.
    pub reason: &'static str,
    /// Its outcome.
    pub outcome: &'static str,
    /// Its HTTP status.
    pub status: u16,
    /// What is sent, where that tells of no time to wait: names and values by turns.
    pub headers: Vec<String>,
    /// What is sent, where that tells of no call.
    pub body: &'static str,
}

/// The table of reasons.
#[napi(catch_unwind)]
pub fn reasons() -> Vec<ReasonRow> {
    let row = |reason: &Reason| ReasonRow {
        reason: reason.as_str(),
        outcome: reason.outcome().as_str(),
        status: reason.answer().status(),
        headers: flat(reason.answer().headers()),
        body: reason.answer().body(),
    };
    Reason::ALL.iter().map(row).collect()
}

/// Names and values by turns.
pub fn flat<'a>(
    headers: impl IntoIterator<Item = (&'static str, impl Into<Cow<'a, str>>)>,
) -> Vec<String> {
    headers
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value.into().into_owned()])
        .collect()
}

#[napi]
impl NativeGate {
    /// All counters in the Prometheus text format, and which stores rest.
    #[napi(catch_unwind)]
    pub fn metrics(&self) -> String {
        self.host().metrics()
    }

    /// All counters as data.
    #[napi(catch_unwind)]
    pub fn counters(&self) -> Counters {
        let counters = self.host().counters();
        let decisions = counters.decisions().map(|row| Count {
            flow: row.flow.as_str(),
            stage: row.stage.as_str(),
            reason: row.reason.as_str(),
            outcome: row.reason.outcome().as_str(),
            count: number(row.count),
        });
        let failures = counters.store_failures().map(|(role, errors, timeouts)| {
            let failures = StoreFailures { errors: number(errors), timeouts: number(timeouts) };
            (role.as_str(), failures)
        });
        let violations = counters.violations().map(|(kind, count)| (kind.as_str(), number(count)));
        let watch = counters.watch();
        Counters {
            decisions: decisions.collect(),
            store_failures: failures.collect(),
            watch: Watch {
                call_events: number(watch.call_events),
                call_events_no_consent: number(watch.call_events_no_consent),
                replays_refused: number(watch.replays_refused),
                fingerprint_limits_hit: number(watch.fingerprint_limits_hit),
                conversions_enqueued: number(watch.conversions_enqueued),
                conversions_skipped: number(watch.conversions_skipped),
                conversions_cancelled: number(watch.conversions_cancelled),
                admitted_locally: number(watch.admitted_locally),
            },
            violations: violations.collect(),
            audit: counters.audit().map(AuditCounts::from),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "no process counts to 2^53")]
pub fn number(count: u64) -> f64 {
    count as f64
}
