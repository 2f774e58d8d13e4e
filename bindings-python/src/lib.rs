//! The native half of the Python package `consentgate`. It converts bytes, texts and numbers, and nothing else: every
//! decision, default and check of a reply is made by the crate `consentgate`.
#![forbid(unsafe_code)]

mod ask;
mod asking;
mod audit;
mod conversion;
mod core;
mod counters;
mod decision;
mod errors;
mod guard;
mod headers;
mod held;
mod input;
mod names;
mod scripts;
mod sqlite;
mod sqlite_audit;
mod stateless;
mod value;
mod wait;

use pyo3::prelude::*;

/// What the package `consentgate` is made of. Import that one.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::ask::Ask;
    #[pymodule_export]
    use crate::asking::Asking;
    #[pymodule_export]
    use crate::audit::{AuditMemoryCore, JournalCore, Pass};
    #[pymodule_export]
    use crate::conversion::Conversion;
    #[pymodule_export]
    use crate::core::Core;
    #[pymodule_export]
    use crate::decision::Decision;
    #[pymodule_export]
    use crate::guard::{GuardCore, Principal, Scope, Violation};
    #[pymodule_export]
    use crate::held::Held;
    #[pymodule_export]
    use crate::sqlite::Sqlite;
    #[pymodule_export]
    use crate::sqlite_audit::SqliteAuditCore;
    #[pymodule_export]
    use crate::stateless::{Verified, device_secret, sign, sign_device, verify};
    #[pymodule_export]
    use crate::wait::Wait;

    use consentgate::{
        AuditOutcome, FlowName, Marketing, Operation, Outcome, Reason, Scheme, Severity, Stage,
        SubjectKind, ViolationKind,
    };
    use pyo3::{prelude::*, types::PyTuple};

    /// The closed sets of names, which the types of the package are held against; and the scripts.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let py = module.py();
        let set = |names: Vec<&'static str>| PyTuple::new(py, names);
        let outcomes = AuditOutcome::ALL.iter().map(|n| n.as_str()).collect();
        module.add("AUDIT_OUTCOMES", set(outcomes)?)?;
        module.add("FLOWS", set(FlowName::ALL.iter().map(|n| n.as_str()).collect())?)?;
        module.add("MARKETING", set(Marketing::ALL.iter().map(|n| n.as_str()).collect())?)?;
        module.add("OPERATIONS", set(Operation::ALL.iter().map(|n| n.as_str()).collect())?)?;
        module.add("OUTCOMES", set(Outcome::ALL.iter().map(|n| n.as_str()).collect())?)?;
        module.add("REASONS", set(Reason::ALL.iter().map(|n| n.as_str()).collect())?)?;
        module.add("SCHEMES", set(Scheme::ALL.iter().map(|n| n.name()).collect())?)?;
        module.add("SEVERITIES", set(Severity::ALL.iter().map(|n| n.as_str()).collect())?)?;
        module.add("STAGES", set(Stage::ALL.iter().map(|n| n.as_str()).collect())?)?;
        module.add("SUBJECTS", set(SubjectKind::ALL.iter().map(|n| n.as_str()).collect())?)?;
        module.add("VIOLATIONS", set(ViolationKind::ALL.iter().map(|n| n.as_str()).collect())?)?;
        crate::scripts::add(module)
    }
}
