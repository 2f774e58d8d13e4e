//! Replies of the scripts and errors of the client, as the gate knows them.

use consentgate_core::{
    Millis, StoreError, StoreErrorKind,
    ids::CallId,
    stores::{AdmitReply, Done, SettleReply},
};
use redis::{RedisError, Value};

/// What the script `admit` said; `None` if it is nothing that it can say.
pub(super) fn admit(reply: &Value) -> Option<AdmitReply> {
    let Value::Array(parts) = reply else { return None };
    Some(match parts.as_slice() {
        [outcome, Value::Int(takeover)] if is(outcome, "admitted") => {
            AdmitReply::Admitted { takeover: *takeover != 0 }
        }
        [outcome, result, call_id] if is(outcome, "done") && is(result, "accepted") => {
            let Value::BulkString(call_id) = call_id else { return None };
            let call_id = CallId::from_bytes(call_id.as_slice().try_into().ok()?);
            AdmitReply::Done(Done::Accepted(call_id))
        }
        [outcome, result] if is(outcome, "done") && is(result, "refused") => {
            AdmitReply::Done(Done::Refused)
        }
        [outcome, Value::Int(retry)] if is(outcome, "held") => {
            AdmitReply::Held { retry: millis(*retry)? }
        }
        [outcome, Value::Int(retry), Value::Int(bucket)] if is(outcome, "limited") => {
            AdmitReply::Limited { retry: millis(*retry)?, bucket: usize::try_from(*bucket).ok()? }
        }
        [outcome] if is(outcome, "full") => AdmitReply::Full,
        _ => return None,
    })
}

/// What the script `settle` said.
pub(super) fn settle(reply: &Value) -> Option<SettleReply> {
    let Value::Array(parts) = reply else { return None };
    match parts.as_slice() {
        [outcome] if is(outcome, "settled") => Some(SettleReply::Settled),
        [outcome] if is(outcome, "lost") => Some(SettleReply::Lost),
        _ => None,
    }
}

/// A wait is never zero: the gate would ask for nothing to be waited for.
fn millis(value: i64) -> Option<Millis> {
    u64::try_from(value).ok().filter(|value| *value > 0).map(Millis)
}

fn is(value: &Value, text: &str) -> bool {
    matches!(value, Value::BulkString(bytes) if bytes == text.as_bytes())
}

pub(super) fn wrong() -> StoreError {
    StoreError::new(StoreErrorKind::WrongReply)
}

/// The client's failure. Out of memory is told before a script runs: then nothing was written.
pub(super) fn failed(error: RedisError) -> StoreError {
    if error.code() == Some("OOM") {
        StoreError::new(StoreErrorKind::Full)
    } else if error.is_timeout() {
        StoreError::new(StoreErrorKind::TimedOut)
    } else {
        StoreError::failed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn law_11_a_reply_that_fits_nothing_is_none_and_never_a_guess() {
        let id = Value::BulkString(vec![3; 16]);
        let done = |id| Value::Array(vec![text("done"), text("accepted"), id]);
        let accepted = AdmitReply::Done(Done::Accepted(CallId::from_bytes([3; 16])));
        assert_eq!(admit(&done(id)), Some(accepted));
        let bad = [
            Value::Nil,
            Value::Okay,
            text("admitted"),
            Value::Array(vec![]),
            Value::Array(vec![text("admitted")]),
            Value::Array(vec![text("admitted"), text("1")]),
            Value::Array(vec![text("full"), Value::Int(0)]),
            Value::Array(vec![text("held"), Value::Int(0)]),
            Value::Array(vec![text("held"), Value::Int(-5)]),
            Value::Array(vec![text("limited"), Value::Int(5), Value::Int(-1)]),
            done(Value::BulkString(vec![3; 15])),
            done(Value::Nil),
        ];
        for bad in bad {
            assert_eq!(admit(&bad), None, "{bad:?}");
            assert_eq!(settle(&bad), None, "{bad:?}");
        }
    }
}
