//! Replies: exactly what `docs/stores.md` lists, or the store has failed. A reply of another form is never guessed at.

use base64ct::{Base64, Encoding};
use consentgate_core::{
    Marketing, Millis, Timestamp,
    ids::{CallId, EventId, Fingerprint, Scopes, SessionVersion},
    stores::{
        AdmitReply, Bucket, Done, EnqueueReply, FinishReply, FoundCall, FoundSession, PutReply,
        RecordReply, Session, SettleReply, StoredSession, Taken,
    },
};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case", deny_unknown_fields)]
enum AdmitForm {
    Admitted { takeover: bool },
    Done { result: ResultForm, call_id: Option<String> },
    Held { retry_ms: u64 },
    Limited { retry_ms: u64, bucket: usize },
    Full {},
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ResultForm {
    Accepted,
    Refused,
}

pub(super) fn admit(reply: Value, buckets: &[Bucket]) -> Option<AdmitReply> {
    Some(match form(reply)? {
        AdmitForm::Admitted { takeover } => AdmitReply::Admitted { takeover },
        AdmitForm::Done { result: ResultForm::Accepted, call_id: Some(call_id) } => {
            AdmitReply::Done(Done::Accepted(CallId::from_hex(&call_id)?))
        }
        AdmitForm::Done { result: ResultForm::Refused, call_id: None } => {
            AdmitReply::Done(Done::Refused)
        }
        AdmitForm::Done { .. } => return None,
        AdmitForm::Held { retry_ms } => AdmitReply::Held { retry: wait(retry_ms)? },
        AdmitForm::Limited { retry_ms, bucket } if bucket < buckets.len() => {
            AdmitReply::Limited { retry: wait(retry_ms)?, bucket }
        }
        AdmitForm::Limited { .. } => return None,
        AdmitForm::Full {} => AdmitReply::Full,
    })
}

/// A wait is never zero: the sender would be told to try at once, and be refused again.
fn wait(ms: u64) -> Option<Millis> {
    (ms > 0).then_some(Millis(ms))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutcomeForm {
    outcome: String,
}

/// A reply that is an outcome and nothing else.
fn outcome(reply: Value) -> Option<String> {
    form(reply).map(|OutcomeForm { outcome }| outcome)
}

pub(super) fn settle(reply: Value) -> Option<SettleReply> {
    match outcome(reply)?.as_str() {
        "settled" => Some(SettleReply::Settled),
        "lost" => Some(SettleReply::Lost),
        _ => None,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FoundSessionForm {
    #[serde(deserialize_with = "there")]
    session: Option<SessionForm>,
    #[serde(deserialize_with = "there")]
    floor_ms: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionForm {
    version: u64,
    scopes: Vec<String>,
    granted_at_ms: i64,
    changed_at_ms: i64,
    #[serde(deserialize_with = "there")]
    policy_version: Option<u32>,
    gpc: bool,
    narrowed: bool,
}

pub(super) fn found_session(reply: Value) -> Option<FoundSession> {
    let FoundSessionForm { session, floor_ms } = form(reply)?;
    let session = match session {
        None => None,
        Some(session) => Some(Arc::new(stored_session(session)?)),
    };
    let floor = match floor_ms {
        None => None,
        Some(ms) => Some(Timestamp::from_millis(ms)?),
    };
    Some(FoundSession { session, floor })
}

fn stored_session(form: SessionForm) -> Option<StoredSession> {
    Some(StoredSession {
        version: SessionVersion(form.version),
        session: Session {
            scopes: Scopes::new(form.scopes.iter().map(String::as_str))?,
            granted_at: Timestamp::from_millis(form.granted_at_ms)?,
            changed_at: Timestamp::from_millis(form.changed_at_ms)?,
            policy_version: form.policy_version,
            gpc: form.gpc,
            narrowed: form.narrowed,
        },
    })
}

pub(super) fn put(reply: Value) -> Option<PutReply> {
    match outcome(reply)?.as_str() {
        "stored" => Some(PutReply::Stored),
        "repeated" => Some(PutReply::Repeated),
        "conflict" => Some(PutReply::Conflict),
        "full" => Some(PutReply::Full),
        _ => None,
    }
}

/// Done, or no room for the tombstone.
pub(super) fn is_done(reply: Value, done: &str) -> Option<bool> {
    match outcome(reply)?.as_str() {
        "full" => Some(false),
        outcome => (outcome == done).then_some(true),
    }
}

#[derive(Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case", deny_unknown_fields)]
enum RecordForm {
    Inserted { marketing: MarketingForm },
    Exists { call_id: String, marketing: MarketingForm },
    Moved {},
    Full {},
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum MarketingForm {
    Enqueued,
    Skipped,
}

impl MarketingForm {
    fn marketing(self) -> Marketing {
        match self {
            Self::Enqueued => Marketing::Enqueued,
            Self::Skipped => Marketing::Skipped,
        }
    }
}

pub(super) fn record(reply: Value) -> Option<RecordReply> {
    Some(match form(reply)? {
        RecordForm::Inserted { marketing } => RecordReply::Inserted(marketing.marketing()),
        RecordForm::Exists { call_id, marketing } => RecordReply::Exists {
            call_id: CallId::from_hex(&call_id)?,
            marketing: marketing.marketing(),
        },
        RecordForm::Moved {} => RecordReply::Moved,
        RecordForm::Full {} => RecordReply::Full,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FoundCallForm {
    #[serde(deserialize_with = "there")]
    call: Option<CallForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallForm {
    fingerprint: String,
}

pub(super) fn found_call(reply: Value) -> Option<Option<FoundCall>> {
    let FoundCallForm { call } = form(reply)?;
    match call {
        None => Some(None),
        Some(call) => Some(Some(FoundCall { fingerprint: Fingerprint::new(&call.fingerprint)? })),
    }
}

pub(super) fn enqueue(reply: Value) -> Option<EnqueueReply> {
    match outcome(reply)?.as_str() {
        "enqueued" => Some(EnqueueReply::Enqueued),
        "already" => Some(EnqueueReply::Already),
        "moved" => Some(EnqueueReply::Moved),
        "missing" => Some(EnqueueReply::Missing),
        "full" => Some(EnqueueReply::Full),
        _ => None,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobsForm {
    jobs: Vec<JobForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobForm {
    call_id: String,
    fingerprint: String,
    #[serde(deserialize_with = "there")]
    event_id: Option<String>,
    received_at_ms: i64,
    body: String,
    attempts: u32,
}

pub(super) fn taken(reply: Value, limit: u64) -> Option<Vec<Taken>> {
    let JobsForm { jobs } = form(reply)?;
    if jobs.len() as u64 > limit {
        return None;
    }
    jobs.into_iter().map(job).collect()
}

fn job(form: JobForm) -> Option<Taken> {
    let event_id = match form.event_id {
        None => None,
        Some(id) => Some(EventId::new(id.as_bytes())?),
    };
    Some(Taken {
        call_id: CallId::from_hex(&form.call_id)?,
        fingerprint: Fingerprint::new(&form.fingerprint)?,
        event_id,
        received_at: Timestamp::from_millis(form.received_at_ms)?,
        body: Base64::decode_vec(&form.body).ok()?,
        attempts: form.attempts,
    })
}

pub(super) fn finish(reply: Value) -> Option<FinishReply> {
    match outcome(reply)?.as_str() {
        "finished" => Some(FinishReply::Finished),
        "lost" => Some(FinishReply::Lost),
        _ => None,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PurgedForm {
    outcome: String,
    removed: u64,
}

pub(super) fn purged(reply: Value, limit: u64) -> Option<u64> {
    let PurgedForm { outcome, removed } = form(reply)?;
    (outcome == "purged" && removed <= limit).then_some(removed)
}

fn form<'de, T: Deserialize<'de>>(reply: Value) -> Option<T> {
    T::deserialize(reply).ok()
}

/// A member that may be null, but not missing.
fn there<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

#[cfg(test)]
mod tests;
