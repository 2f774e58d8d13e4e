use super::*;
use consentgate_core::{Rate, ids::Pseudonym};
use serde_json::json;

fn buckets() -> [Bucket; 1] {
    let rate = Rate { interval: Millis(1000), burst: 2 };
    [Bucket { name: "fingerprint", key: Pseudonym::from_bytes([1; 16]), rate }]
}

#[test]
fn law_11_a_reply_of_another_form_is_none_and_never_a_guess() {
    let id = "00".repeat(16);
    let accepted = json!({"outcome": "done", "result": "accepted", "call_id": id});
    assert!(matches!(admit(accepted, &buckets()), Some(AdmitReply::Done(Done::Accepted(_)))));
    let bad = [
        json!(null),
        json!("admitted"),
        json!({}),
        json!({"outcome": "admitted"}),
        json!({"outcome": "admitted", "takeover": 1}),
        json!({"outcome": "admitted", "takeover": true, "more": 1}),
        json!({"outcome": "done", "result": "accepted"}),
        json!({"outcome": "done", "result": "accepted", "call_id": null}),
        json!({"outcome": "done", "result": "accepted", "call_id": "zz"}),
        json!({"outcome": "done", "result": "refused", "call_id": id}),
        json!({"outcome": "held", "retry_ms": 0}),
        json!({"outcome": "held", "retry_ms": -1}),
        json!({"outcome": "held", "retry_ms": 1.5}),
        json!({"outcome": "limited", "retry_ms": 5, "bucket": 1}),
        json!({"outcome": "limited", "retry_ms": 5}),
        json!({"outcome": "full", "retry_ms": 5}),
        json!({"outcome": "settled ", "jobs": []}),
        json!({"outcome": "exists", "marketing": "skipped"}),
        json!({"outcome": "inserted", "marketing": "pending"}),
        json!({"outcome": "purged"}),
        json!({"outcome": "purged", "removed": 6}),
        json!({"outcome": "purged", "removed": -1}),
        json!({"session": null}),
        json!({"floor_ms": 5}),
        json!({"session": {"version": 1}, "floor_ms": null}),
        json!({"session": null, "floor_ms": -1}),
        json!({"call": {}}),
        json!({"call": {"fingerprint": ""}}),
        json!({"jobs": null}),
        json!({"jobs": [{}]}),
    ];
    for bad in bad {
        assert!(admit(bad.clone(), &buckets()).is_none(), "{bad}");
        assert!(settle(bad.clone()).is_none(), "{bad}");
        assert!(found_session(bad.clone()).is_none(), "{bad}");
        assert!(put(bad.clone()).is_none(), "{bad}");
        assert!(is_done(bad.clone(), "deleted").is_none(), "{bad}");
        assert!(record(bad.clone()).is_none(), "{bad}");
        assert!(found_call(bad.clone()).is_none(), "{bad}");
        assert!(enqueue(bad.clone()).is_none(), "{bad}");
        assert!(taken(bad.clone(), 5).is_none(), "{bad}");
        assert!(finish(bad.clone()).is_none(), "{bad}");
        assert!(purged(bad.clone(), 5).is_none(), "{bad}");
    }
}

#[test]
fn law_11_a_job_is_read_whole_or_not_at_all() {
    let job = |body: &str, event_id: Value| {
        json!({"jobs": [{
            "call_id": "01".repeat(16), "fingerprint": "f", "event_id": event_id,
            "received_at_ms": 5, "body": body, "attempts": 1,
        }]})
    };
    let read = taken(job("AP8=", json!("e")), 1).unwrap();
    assert_eq!(read[0].body, [0, 255]);
    assert!(taken(job("AP8=", json!(null)), 0).is_none(), "more than were asked for");
    assert!(taken(job("AP8", json!(null)), 1).is_none());
    assert!(taken(job("AP8=\n", json!(null)), 1).is_none());
    assert!(taken(job("AP8=", json!("a.b")), 1).is_none());
}
