//! Replies of host stores: exactly what `docs/stores.md` lists, or the store has failed.

use super::Value;
use consentgate_core::{
    Effect, Marketing, Millis, Reply, StoreError, StoreErrorKind, Timestamp,
    ids::{CallId, EventId, Fingerprint, Scopes, SessionVersion},
    stores::{
        AdmitReply, Bucket, Done, EnqueueReply, FinishReply, FoundCall, FoundSession, PutReply,
        RecordReply, Session, SettleReply, StoredSession, Taken,
    },
};
use std::sync::Arc;

/// The largest whole number that every host can hold: 2^53 − 1.
const WHOLE_MAX: i64 = (1 << 53) - 1;
/// The longest lease that a configuration allows.
const LEASE_MAX: Millis = Millis::from_secs(3600);
/// More than any table would answer with; a longer list is nonsense.
const SCOPES_MAX: usize = 64;

/// Reads what a host's store answered to `effect`.
pub(super) fn read(effect: &Effect<'_>, value: &Value) -> Reply {
    let wrong = || StoreError::new(StoreErrorKind::WrongReply);
    match effect {
        Effect::Admit(request) => Reply::Admit(admit(value, request.buckets).ok_or_else(wrong)),
        Effect::Settle(_) => Reply::Settle(settle(value).ok_or_else(wrong)),
        Effect::FindSession(_) => Reply::FindSession(found_session(value).ok_or_else(wrong)),
        Effect::PutSession(_) => Reply::PutSession(put(value).ok_or_else(wrong)),
        Effect::DeleteSession(_) => {
            Reply::DeleteSession(is_done(value, "deleted").ok_or_else(wrong))
        }
        Effect::Record(_) => Reply::Record(record(value).ok_or_else(wrong)),
        Effect::FindCall(_) => Reply::FindCall(found_call(value).ok_or_else(wrong)),
        Effect::Enqueue(_) => Reply::Enqueue(enqueue(value).ok_or_else(wrong)),
        Effect::EraseCalls(_) => Reply::EraseCalls(is_done(value, "erased").ok_or_else(wrong)),
        Effect::Take(request) => Reply::Take(taken(value, request.limit).ok_or_else(wrong)),
        Effect::Finish(_) => Reply::Finish(finish(value).ok_or_else(wrong)),
        Effect::Purge(_, request) => Reply::Purge(purged(value, request.limit).ok_or_else(wrong)),
    }
}

fn admit(value: &Value, buckets: &[Bucket]) -> Option<AdmitReply> {
    Some(match outcome(value)? {
        "admitted" => AdmitReply::Admitted { takeover: flag(value, "takeover")? },
        "done" => AdmitReply::Done(match text(value, "result")? {
            "accepted" => Done::Accepted(CallId::from_hex(text(value, "call_id")?)?),
            "refused" => Done::Refused,
            _ => return None,
        }),
        "held" => AdmitReply::Held { retry: short_span(value, "retry_ms", LEASE_MAX)? },
        "limited" => {
            let bucket = usize::try_from(whole(value, "bucket")?).ok()?;
            let window = buckets.get(bucket)?.rate.window();
            AdmitReply::Limited { retry: short_span(value, "retry_ms", window)?, bucket }
        }
        "full" => AdmitReply::Full,
        _ => return None,
    })
}

fn settle(value: &Value) -> Option<SettleReply> {
    match outcome(value)? {
        "settled" => Some(SettleReply::Settled),
        "lost" => Some(SettleReply::Lost),
        _ => None,
    }
}

fn found_session(value: &Value) -> Option<FoundSession> {
    let session = match value.member("session")? {
        Value::Null => None,
        session => Some(Arc::new(stored_session(session)?)),
    };
    let floor = match value.member("floor_ms")? {
        Value::Null => None,
        _ => Some(point(value, "floor_ms")?),
    };
    Some(FoundSession { session, floor })
}

fn stored_session(value: &Value) -> Option<StoredSession> {
    let Value::List(scopes) = value.member("scopes")? else { return None };
    if scopes.len() > SCOPES_MAX {
        return None;
    }
    let scopes: Option<Vec<&str>> = scopes.iter().map(as_text).collect();
    let policy_version = match value.member("policy_version")? {
        Value::Null => None,
        _ => Some(u32::try_from(whole(value, "policy_version")?).ok()?),
    };
    Some(StoredSession {
        version: SessionVersion(whole(value, "version")?),
        session: Session {
            scopes: Scopes::new(scopes?)?,
            granted_at: point(value, "granted_at_ms")?,
            changed_at: point(value, "changed_at_ms")?,
            policy_version,
            gpc: flag(value, "gpc")?,
            narrowed: flag(value, "narrowed")?,
        },
    })
}

fn put(value: &Value) -> Option<PutReply> {
    match outcome(value)? {
        "stored" => Some(PutReply::Stored),
        "repeated" => Some(PutReply::Repeated),
        "conflict" => Some(PutReply::Conflict),
        "full" => Some(PutReply::Full),
        _ => None,
    }
}

/// Done, or no room for the tombstone.
fn is_done(value: &Value, done: &str) -> Option<bool> {
    match outcome(value)? {
        "full" => Some(false),
        outcome => (outcome == done).then_some(true),
    }
}

fn record(value: &Value) -> Option<RecordReply> {
    Some(match outcome(value)? {
        "inserted" => RecordReply::Inserted(marketing(value)?),
        "exists" => RecordReply::Exists {
            call_id: CallId::from_hex(text(value, "call_id")?)?,
            marketing: marketing(value)?,
        },
        "moved" => RecordReply::Moved,
        "full" => RecordReply::Full,
        _ => return None,
    })
}

fn found_call(value: &Value) -> Option<Option<FoundCall>> {
    match value.member("call")? {
        Value::Null => Some(None),
        call => {
            Some(Some(FoundCall { fingerprint: Fingerprint::new(text(call, "fingerprint")?)? }))
        }
    }
}

fn enqueue(value: &Value) -> Option<EnqueueReply> {
    match outcome(value)? {
        "enqueued" => Some(EnqueueReply::Enqueued),
        "already" => Some(EnqueueReply::Already),
        "moved" => Some(EnqueueReply::Moved),
        "missing" => Some(EnqueueReply::Missing),
        "full" => Some(EnqueueReply::Full),
        _ => None,
    }
}

fn taken(value: &Value, limit: u64) -> Option<Vec<Taken>> {
    let Value::List(jobs) = value.member("jobs")? else { return None };
    if jobs.len() as u64 > limit {
        return None;
    }
    jobs.iter().map(job).collect()
}

fn job(value: &Value) -> Option<Taken> {
    let event_id = match value.member("event_id")? {
        Value::Null => None,
        _ => Some(EventId::new(text(value, "event_id")?.as_bytes())?),
    };
    let Value::Bytes(body) = value.member("body")? else { return None };
    Some(Taken {
        call_id: CallId::from_hex(text(value, "call_id")?)?,
        fingerprint: Fingerprint::new(text(value, "fingerprint")?)?,
        event_id,
        received_at: point(value, "received_at_ms")?,
        body: body.clone(),
        attempts: u32::try_from(whole(value, "attempts")?).ok()?,
    })
}

fn finish(value: &Value) -> Option<FinishReply> {
    match outcome(value)? {
        "finished" => Some(FinishReply::Finished),
        "lost" => Some(FinishReply::Lost),
        _ => None,
    }
}

fn purged(value: &Value, limit: u64) -> Option<u64> {
    (outcome(value)? == "purged").then_some(())?;
    whole(value, "removed").filter(|removed| *removed <= limit)
}

fn marketing(value: &Value) -> Option<Marketing> {
    match text(value, "marketing")? {
        "enqueued" => Some(Marketing::Enqueued),
        "skipped" => Some(Marketing::Skipped),
        _ => None,
    }
}

fn outcome(value: &Value) -> Option<&str> {
    text(value, "outcome")
}

fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    as_text(value.member(member)?)
}

fn as_text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn flag(value: &Value, member: &str) -> Option<bool> {
    match value.member(member)? {
        Value::Bool(flag) => Some(*flag),
        _ => None,
    }
}

fn whole(value: &Value, member: &str) -> Option<u64> {
    match value.member(member)? {
        Value::Int(number @ 0..=WHOLE_MAX) => u64::try_from(*number).ok(),
        _ => None,
    }
}

/// A span that nobody waits longer for: a sender believes `retry-after`, and its event would be lost.
fn short_span(value: &Value, member: &str, most: Millis) -> Option<Millis> {
    whole(value, member).map(Millis).filter(|span| *span <= most)
}

fn point(value: &Value, member: &str) -> Option<Timestamp> {
    Timestamp::from_millis(i64::try_from(whole(value, member)?).ok()?)
}
