//! What the gate has decided, as plain data.

use crate::audit;
use consentgate::Counters;
use pyo3::{
    prelude::*,
    types::{PyDict, PyList},
};

pub(crate) fn to_python<'py>(py: Python<'py>, counters: &Counters) -> PyResult<Bound<'py, PyDict>> {
    let decisions = PyList::empty(py);
    for count in counters.decisions() {
        let row = PyDict::new(py);
        row.set_item("flow", count.flow.as_str())?;
        row.set_item("stage", count.stage.as_str())?;
        row.set_item("reason", count.reason.as_str())?;
        row.set_item("outcome", count.reason.outcome().as_str())?;
        row.set_item("count", count.count)?;
        decisions.append(row)?;
    }
    let failures = PyDict::new(py);
    for (role, errors, timeouts) in counters.store_failures() {
        let row = PyDict::new(py);
        row.set_item("errors", errors)?;
        row.set_item("timeouts", timeouts)?;
        failures.set_item(role.as_str(), row)?;
    }
    let watch = counters.watch();
    let figures = PyDict::new(py);
    figures.set_item("call_events", watch.call_events)?;
    figures.set_item("call_events_no_consent", watch.call_events_no_consent)?;
    figures.set_item("replays_refused", watch.replays_refused)?;
    figures.set_item("fingerprint_limits_hit", watch.fingerprint_limits_hit)?;
    figures.set_item("conversions_enqueued", watch.conversions_enqueued)?;
    figures.set_item("conversions_skipped", watch.conversions_skipped)?;
    figures.set_item("conversions_cancelled", watch.conversions_cancelled)?;
    figures.set_item("admitted_locally", watch.admitted_locally)?;

    let violations = PyDict::new(py);
    for (kind, count) in counters.violations() {
        violations.set_item(kind.as_str(), count)?;
    }

    let all = PyDict::new(py);
    all.set_item("decisions", decisions)?;
    all.set_item("store_failures", failures)?;
    all.set_item("watch", figures)?;
    all.set_item("violations", violations)?;
    let audit = counters.audit().map(|counts| audit::counted(py, counts)).transpose()?;
    all.set_item("audit", audit)?;
    Ok(all)
}
