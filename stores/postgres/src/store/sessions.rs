use super::{Postgres, failure::wrong_reply, reply, request};
use consentgate_core::{
    StoreError, Timestamp,
    stores::{
        AsyncSessionStore, DeleteSession, FindSession, FoundSession, Purge, PutReply, PutSession,
    },
};

const FIND: &str = "select consentgate.find_session($1::text::jsonb)::text";
const PUT: &str = "select consentgate.put_session($1::text::jsonb)::text";
const DELETE: &str = "select consentgate.delete_session($1::text::jsonb)::text";
const PURGE: &str = "select consentgate.purge_sessions($1::text::jsonb)::text";

/// Time is the server's.
impl AsyncSessionStore for Postgres {
    async fn find(
        &self,
        request: &FindSession<'_>,
        _now: Timestamp,
    ) -> Result<FoundSession, StoreError> {
        let reply = self.ask(FIND, &request::find_session(request)).await?;
        reply::found_session(reply).ok_or_else(wrong_reply)
    }

    async fn put(&self, request: &PutSession<'_>, _now: Timestamp) -> Result<PutReply, StoreError> {
        let reply = self.ask(PUT, &request::put_session(request)).await?;
        reply::put(reply).ok_or_else(wrong_reply)
    }

    async fn delete(
        &self,
        request: &DeleteSession<'_>,
        _now: Timestamp,
    ) -> Result<bool, StoreError> {
        let reply = self.ask(DELETE, &request::delete_session(request)).await?;
        reply::is_done(reply, "deleted").ok_or_else(wrong_reply)
    }

    async fn purge(&self, request: &Purge, _now: Timestamp) -> Result<u64, StoreError> {
        let reply = self.ask(PURGE, &request::purge(request)).await?;
        reply::purged(reply, request.limit).ok_or_else(wrong_reply)
    }
}
