use super::{Postgres, failure::wrong_reply};
use consentgate_core::{
    StoreError,
    tenants::{AsyncAuditTable, Record},
};
use serde_json::json;

const APPEND: &str = "select consentgate.append_audit($1::text::jsonb)::text";

/// The table `consentgate.security_audit_logs`.
impl AsyncAuditTable for Postgres {
    async fn append(&self, records: &[Record]) -> Result<(), StoreError> {
        let lines = records.iter().map(|record| serde_json::from_str(&record.line()));
        let records: Vec<serde_json::Value> =
            lines.collect::<Result<_, _>>().map_err(|_| wrong_reply())?;
        let reply = self.ask(APPEND, &json!({ "records": records })).await?;
        reply.get("added").and_then(serde_json::Value::as_u64).map(drop).ok_or_else(wrong_reply)
    }
}
