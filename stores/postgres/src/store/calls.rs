use super::{Postgres, failure::wrong_reply, reply, request};
use consentgate_core::{
    StoreError, Timestamp,
    stores::{
        AsyncCallStore, Enqueue, EnqueueReply, EraseCalls, FindCall, Finish, FinishReply,
        FoundCall, Purge, Record, RecordReply, Take, Taken,
    },
};

const RECORD: &str = "select consentgate.record_call($1::text::jsonb, $2)::text";
const FIND: &str = "select consentgate.find_call($1::text::jsonb)::text";
const ENQUEUE: &str = "select consentgate.confirm_sale_and_enqueue($1::text::jsonb)::text";
const ERASE: &str = "select consentgate.erase_calls($1::text::jsonb)::text";
const TAKE: &str = "select consentgate.take_conversions($1::text::jsonb)::text";
const FINISH: &str = "select consentgate.finish_conversion($1::text::jsonb)::text";
const PURGE: &str = "select consentgate.purge_calls($1::text::jsonb)::text";

/// Time is the server's.
impl AsyncCallStore for Postgres {
    async fn record(
        &self,
        request: &Record<'_>,
        _now: Timestamp,
    ) -> Result<RecordReply, StoreError> {
        let json = request::record(request);
        let reply = self.ask_with(RECORD, &json, request.body.0).await?;
        reply::record(reply).ok_or_else(wrong_reply)
    }

    async fn find(
        &self,
        request: &FindCall<'_>,
        _now: Timestamp,
    ) -> Result<Option<FoundCall>, StoreError> {
        let reply = self.ask(FIND, &request::find_call(request)).await?;
        reply::found_call(reply).ok_or_else(wrong_reply)
    }

    async fn enqueue(
        &self,
        request: &Enqueue<'_>,
        _now: Timestamp,
    ) -> Result<EnqueueReply, StoreError> {
        let reply = self.ask(ENQUEUE, &request::enqueue(request)).await?;
        reply::enqueue(reply).ok_or_else(wrong_reply)
    }

    async fn erase(&self, request: &EraseCalls<'_>, _now: Timestamp) -> Result<bool, StoreError> {
        let reply = self.ask(ERASE, &request::erase_calls(request)).await?;
        reply::is_done(reply, "erased").ok_or_else(wrong_reply)
    }

    async fn take(&self, request: &Take<'_>, _now: Timestamp) -> Result<Vec<Taken>, StoreError> {
        let reply = self.ask(TAKE, &request::take(request)).await?;
        reply::taken(reply, request.limit).ok_or_else(wrong_reply)
    }

    async fn finish(
        &self,
        request: &Finish<'_>,
        _now: Timestamp,
    ) -> Result<FinishReply, StoreError> {
        let reply = self.ask(FINISH, &request::finish(request)).await?;
        reply::finish(reply).ok_or_else(wrong_reply)
    }

    async fn purge(&self, request: &Purge, _now: Timestamp) -> Result<u64, StoreError> {
        let reply = self.ask(PURGE, &request::purge(request)).await?;
        reply::purged(reply, request.limit).ok_or_else(wrong_reply)
    }
}
