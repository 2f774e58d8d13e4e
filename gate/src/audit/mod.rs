//! The audit of violations: written down before the caller is answered, and brought into a table whenever there is time.

mod table;

pub use table::{AsyncAuditTable, AuditTable};
