//! A typed reply, as `docs/stores.md` writes it.

use consentgate_core::{
    Marketing, Reply, StoreError, base64_encode,
    stores::{
        AdmitReply, Done, EnqueueReply, FinishReply, FoundSession, PutReply, RecordReply,
        SettleReply, StoredSession, Taken,
    },
};
use serde_json::{Value, json};

/// The reply, or why there is none.
pub(crate) fn written(reply: &Reply) -> Result<Value, String> {
    let failed = |error: &StoreError| {
        let source = std::error::Error::source(error).map(ToString::to_string);
        format!("{error:?} {}", source.unwrap_or_default())
    };
    if let Some(error) = reply.error() {
        return Err(failed(error));
    }
    Ok(match reply {
        Reply::Admit(Ok(reply)) => admit(reply),
        Reply::Settle(Ok(SettleReply::Settled)) => outcome("settled"),
        Reply::Settle(Ok(SettleReply::Lost)) => outcome("lost"),
        Reply::FindSession(Ok(found)) => found_session(found),
        Reply::PutSession(Ok(reply)) => outcome(match reply {
            PutReply::Stored => "stored",
            PutReply::Repeated => "repeated",
            PutReply::Conflict => "conflict",
            PutReply::Full => "full",
        }),
        Reply::DeleteSession(Ok(done)) => outcome(if *done { "deleted" } else { "full" }),
        Reply::Record(Ok(reply)) => record(reply),
        Reply::FindCall(Ok(call)) => {
            let call = call.as_ref().map(|call| json!({"fingerprint": call.fingerprint.expose()}));
            json!({ "call": call })
        }
        Reply::Enqueue(Ok(reply)) => outcome(match reply {
            EnqueueReply::Enqueued => "enqueued",
            EnqueueReply::Already => "already",
            EnqueueReply::Moved => "moved",
            EnqueueReply::Missing => "missing",
            EnqueueReply::Full => "full",
        }),
        Reply::EraseCalls(Ok(done)) => outcome(if *done { "erased" } else { "full" }),
        Reply::Take(Ok(jobs)) => json!({"jobs": jobs.iter().map(taken).collect::<Vec<_>>()}),
        Reply::Finish(Ok(FinishReply::Finished)) => outcome("finished"),
        Reply::Finish(Ok(FinishReply::Lost)) => outcome("lost"),
        Reply::Purge(Ok(removed)) => json!({"outcome": "purged", "removed": removed}),
        _ => return Err("no reply that is known".to_owned()),
    })
}

fn outcome(name: &str) -> Value {
    json!({ "outcome": name })
}

fn admit(reply: &AdmitReply) -> Value {
    match reply {
        AdmitReply::Admitted { takeover } => json!({"outcome": "admitted", "takeover": takeover}),
        AdmitReply::Done(Done::Accepted(call_id)) => {
            json!({"outcome": "done", "result": "accepted", "call_id": call_id.to_hex()})
        }
        AdmitReply::Done(Done::Refused) => json!({"outcome": "done", "result": "refused"}),
        AdmitReply::Held { retry } => json!({"outcome": "held", "retry_ms": retry.0}),
        AdmitReply::Limited { retry, bucket } => {
            json!({"outcome": "limited", "retry_ms": retry.0, "bucket": bucket})
        }
        AdmitReply::Full => outcome("full"),
    }
}

fn found_session(found: &FoundSession) -> Value {
    let session = found.session.as_deref().map(|StoredSession { version, session }| {
        json!({
            "version": version.0,
            "scopes": session.scopes.iter().collect::<Vec<_>>(),
            "granted_at_ms": session.granted_at.as_millis(),
            "changed_at_ms": session.changed_at.as_millis(),
            "policy_version": session.policy_version,
            "gpc": session.gpc,
            "narrowed": session.narrowed,
        })
    });
    json!({"session": session, "floor_ms": found.floor.map(|floor| floor.as_millis())})
}

fn record(reply: &RecordReply) -> Value {
    match reply {
        RecordReply::Inserted(fate) => {
            json!({"outcome": "inserted", "marketing": marketing(*fate)})
        }
        RecordReply::Exists { call_id, marketing: fate } => {
            json!({"outcome": "exists", "call_id": call_id.to_hex(), "marketing": marketing(*fate)})
        }
        RecordReply::Moved => outcome("moved"),
        RecordReply::Full => outcome("full"),
    }
}

fn marketing(fate: Marketing) -> &'static str {
    match fate {
        Marketing::Enqueued => "enqueued",
        Marketing::Skipped => "skipped",
    }
}

fn taken(job: &Taken) -> Value {
    json!({
        "call_id": job.call_id.to_hex(),
        "fingerprint": job.fingerprint.expose(),
        "event_id": job.event_id.as_ref().map(|id| id.as_str()),
        "received_at_ms": job.received_at.as_millis(),
        "body": {"base64": base64_encode(&job.body)},
        "attempts": job.attempts,
    })
}
