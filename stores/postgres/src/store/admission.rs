use super::{Postgres, failure::wrong_reply, reply, request};
use consentgate_core::{
    StoreError, Timestamp,
    stores::{Admit, AdmitReply, AsyncAdmissionStore, Purge, Settle, SettleReply},
};

const ADMIT: &str = "select consentgate.admit($1::text::jsonb)::text";
const SETTLE: &str = "select consentgate.settle($1::text::jsonb)::text";
const PURGE: &str = "select consentgate.purge_admission($1::text::jsonb)::text";

/// Time is the server's.
impl AsyncAdmissionStore for Postgres {
    async fn admit(&self, request: &Admit<'_>, _now: Timestamp) -> Result<AdmitReply, StoreError> {
        let reply = self.ask(ADMIT, &request::admit(request)).await?;
        reply::admit(reply, request.buckets).ok_or_else(wrong_reply)
    }

    async fn settle(
        &self,
        request: &Settle<'_>,
        _now: Timestamp,
    ) -> Result<SettleReply, StoreError> {
        let reply = self.ask(SETTLE, &request::settle(request)).await?;
        reply::settle(reply).ok_or_else(wrong_reply)
    }

    async fn purge(&self, request: &Purge, _now: Timestamp) -> Result<u64, StoreError> {
        let reply = self.ask(PURGE, &request::purge(request)).await?;
        reply::purged(reply, request.limit).ok_or_else(wrong_reply)
    }
}
