//! Who may touch which tenant's data: principals of verified credentials, what their roles grant, and scopes, without
//! which nothing that was looked up is handed on.
//!
//! Each step is made of the step before, and of nothing else. The guard answers and keeps nothing: what it denies it
//! returns, with the violation that is to be recorded.

mod guard;
mod principal;
mod record;
mod scope;
mod table;
mod violation;

pub use guard::{Asked, Guard};
pub use principal::{Claims, Identity, Principal, SubjectKind, Verifier, VerifierFailed};
pub use record::{AuditOutcome, Record};
pub use scope::{Scope, Scoped};
pub use table::{AsyncAuditTable, AuditTable};
pub use violation::{Denied, Operation, Severity, Violation, ViolationKind};
