//! Requests as the functions take them: the names of `docs/stores.md`.

use consentgate_core::{
    Millis, Timestamp,
    ids::{ClaimKey, Scopes},
    stores::{
        Admit, Bucket, DeleteSession, Done, Enqueue, EraseCalls, FindCall, FindSession, Finish,
        Floor, JobEnding, Purge, PutSession, Record, Session, Settle, SettleAction, Take, Verdict,
    },
};
use serde_json::{Value, json};

pub(super) fn admit(request: &Admit<'_>) -> Value {
    json!({
        "site": request.site.as_str(),
        "claims": claims(request.claims),
        "owner": request.owner.to_hex(),
        "lease_ms": span(request.lease),
        "keep_ms": span(request.keep),
        "claims_per_site_max": count(request.claims_per_site_max),
        "buckets_per_site_max": count(request.buckets_per_site_max),
        "buckets": buckets(request.buckets),
    })
}

pub(super) fn settle(request: &Settle<'_>) -> Value {
    let mut json = json!({
        "site": request.site.as_str(),
        "claims": claims(request.claims),
        "owner": request.owner.to_hex(),
    });
    let action = match request.action {
        SettleAction::Commit { done, keep } => {
            let (result, call_id) = match done {
                Done::Accepted(call_id) => ("accepted", Some(call_id.to_hex())),
                Done::Refused => ("refused", None),
            };
            json!({
                "action": "commit",
                "result": result,
                "call_id": call_id,
                "keep_ms": span(keep),
            })
        }
        SettleAction::Release { refund } => {
            json!({ "action": "release", "refund": buckets(refund) })
        }
    };
    if let (Value::Object(json), Value::Object(mut action)) = (&mut json, action) {
        json.append(&mut action);
    }
    json
}

pub(super) fn find_session(request: &FindSession<'_>) -> Value {
    json!({
        "site": request.site.as_str(),
        "fingerprint": request.fingerprint.expose(),
        "pseudonym": request.pseudonym.to_hex(),
    })
}

pub(super) fn put_session(request: &PutSession<'_>) -> Value {
    let idempotency = request
        .idempotency
        .map(|statement| json!({ "key": statement.key.to_hex(), "keep_ms": span(statement.keep) }));
    json!({
        "site": request.site.as_str(),
        "fingerprint": request.fingerprint.expose(),
        "pseudonym": request.pseudonym.to_hex(),
        "expected": request.expected.map(|version| version.0),
        "session": request.session.map(session),
        "floor": request.floor.map(floor),
        "idempotency": idempotency,
        "narrowing": request.narrowing,
        "keep_ms": span(request.keep),
        "sessions_per_site_max": count(request.sessions_per_site_max),
        "floors_per_site_max": count(request.floors_per_site_max),
        "idempotency_per_site_max": count(request.idempotency_per_site_max),
    })
}

pub(super) fn delete_session(request: &DeleteSession<'_>) -> Value {
    json!({
        "site": request.site.as_str(),
        "fingerprint": request.fingerprint.expose(),
        "pseudonym": request.pseudonym.to_hex(),
        "tombstone": floor(request.tombstone),
        "tombstones_per_site_max": count(request.tombstones_per_site_max),
    })
}

/// Without the body, which is an argument of its own.
pub(super) fn record(request: &Record<'_>) -> Value {
    let more = request.more_signature_hashes.iter();
    json!({
        "site": request.site.as_str(),
        "call_id": request.call_id.to_hex(),
        "signature_hash": request.signature_hash.to_hex(),
        "more_signature_hashes": more.map(|hash| hash.to_hex()).collect::<Vec<_>>(),
        "event_id": request.event_id.map(|id| id.as_str()),
        "fingerprint": request.fingerprint.expose(),
        "pseudonym": request.pseudonym.to_hex(),
        "session_version": request.session_version.map(|version| version.0),
        "changed_at_ms": point(request.changed_at),
        "received_at_ms": point(request.received_at),
        "marketing": match request.marketing {
            Verdict::Pending => "pending",
            Verdict::Skipped => "skipped",
        },
        "keep_ms": span(request.keep),
        "delay_ms": span(request.delay),
        "calls_per_site_max": count(request.calls_per_site_max),
        "calls_bytes_per_site_max": count(request.calls_bytes_per_site_max),
    })
}

pub(super) fn find_call(request: &FindCall<'_>) -> Value {
    json!({ "site": request.site.as_str(), "call_id": request.call_id.to_hex() })
}

pub(super) fn enqueue(request: &Enqueue<'_>) -> Value {
    json!({
        "site": request.site.as_str(),
        "call_id": request.call_id.to_hex(),
        "fingerprint": request.fingerprint.expose(),
        "pseudonym": request.pseudonym.to_hex(),
        "session_version": request.session_version.map(|version| version.0),
        "scopes": scopes(request.needed),
        "delay_ms": span(request.delay),
        "keep_ms": span(request.keep),
    })
}

pub(super) fn erase_calls(request: &EraseCalls<'_>) -> Value {
    json!({
        "site": request.site.as_str(),
        "fingerprint": request.fingerprint.expose(),
        "pseudonym": request.pseudonym.to_hex(),
        "tombstone": floor(request.tombstone),
        "tombstones_per_site_max": count(request.tombstones_per_site_max),
    })
}

pub(super) fn take(request: &Take<'_>) -> Value {
    json!({
        "site": request.site.as_str(),
        "owner": request.owner.to_hex(),
        "limit": count(request.limit),
        "lease_ms": span(request.lease),
    })
}

pub(super) fn finish(request: &Finish<'_>) -> Value {
    let (result, delay) = match request.ending {
        JobEnding::Sent => ("sent", None),
        JobEnding::Cancelled => ("cancelled", None),
        JobEnding::Failed => ("failed", None),
        JobEnding::Retry { delay } => ("retry", Some(span(delay))),
    };
    json!({
        "site": request.site.as_str(),
        "call_id": request.call_id.to_hex(),
        "owner": request.owner.to_hex(),
        "result": result,
        "delay_ms": delay,
    })
}

pub(super) fn purge(request: &Purge) -> Value {
    json!({ "limit": count(request.limit) })
}

fn session(session: &Session) -> Value {
    json!({
        "scopes": scopes(&session.scopes),
        "granted_at_ms": point(session.granted_at),
        "changed_at_ms": point(session.changed_at),
        "policy_version": session.policy_version,
        "gpc": session.gpc,
        "narrowed": session.narrowed,
    })
}

fn scopes(scopes: &Scopes) -> Vec<&str> {
    scopes.iter().collect()
}

fn floor(floor: Floor) -> Value {
    json!({ "at_ms": point(floor.at), "keep_ms": span(floor.keep) })
}

fn claims(claims: &[ClaimKey]) -> Vec<String> {
    claims.iter().map(ClaimKey::to_text).collect()
}

fn buckets(buckets: &[Bucket]) -> Vec<Value> {
    let bucket = |bucket: &Bucket| {
        json!({
            "name": bucket.name,
            "key": bucket.key.to_hex(),
            "interval_ms": span(bucket.rate.interval),
            "burst": bucket.rate.burst,
        })
    };
    buckets.iter().map(bucket).collect()
}

fn point(point: Timestamp) -> i64 {
    point.as_millis()
}

/// No span is longer than all of time: so no sum of the server overflows.
fn span(span: Millis) -> u64 {
    let all: u64 = Timestamp::MAX.since(Timestamp::MIN).0;
    span.0.min(all)
}

fn count(count: u64) -> u64 {
    count.min(i64::MAX.unsigned_abs())
}
