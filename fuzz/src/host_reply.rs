use crate::choose::Choices;
use consentgate::{
    Decision, DeviceRequest, DeviceToSign, FlowName, Reason, Request, SecretInput, StoreError,
    Timestamp,
    core::flow::Settlement,
    host::{Ask, HostGate, HostRoles, Keeper, Turn, Value},
    ids::Fingerprint,
    sign, sign_device,
};
use std::sync::LazyLock;

const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const CONFIG: &str = r#"{"hash_secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDI=",
    "breaker": {"failures": 1000000}, "sites": {"acme": {"origins": ["https://acme.example"],
    "devices": {"directory": [{"id": "d1", "secrets": ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDM="]}]},
    "keys": [{"id": "k1", "secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}]}}}"#;
const DEVICE_SECRET: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDM=";
const BODY: &[u8] = br#"{"fingerprint":"f"}"#;
const STATEMENT: &[u8] = br#"{"fingerprint":"f","consent_scopes":["analytics","marketing"],
    "consent_at":"2023-11-14T22:13:19Z"}"#;
/// The statement's date.
const STATED_MS: i64 = 1_699_999_999_000;
const CALL_ID: &str = "0123456789abcdef0123456789abcdef";
/// More effects than any flow has with few conversions.
const EFFECTS_MAX: usize = 64;

static GATE: LazyLock<HostGate> = LazyLock::new(|| {
    let roles = HostRoles {
        admission: Keeper::Host,
        sessions: Keeper::Host,
        calls: Keeper::Host,
        one_store: true,
    };
    HostGate::new(CONFIG.as_bytes(), roles).unwrap()
});

/// Any flow over host stores that reply anything: it comes to a decision, and to a good one only if the store that has
/// to say so said it.
pub fn host_reply(data: &[u8]) {
    let choices = &mut Choices::new(data);
    let now = Timestamp::from_millis(1_700_000_000_000).unwrap();
    let mut turn = begin(choices.below(8), now);
    let mut said = Vec::new();
    for _ in 0..EFFECTS_MAX {
        let (run, ask) = match turn {
            Turn::Done(decision) => return is_earned(&decision, &said),
            Turn::Ask(run, ask) => (run, ask),
            Turn::Paused(run, decision) => {
                assert_eq!(decision.reason(), Reason::Uncommitted);
                let settlement = choices.one_of(&[Settlement::Commit, Settlement::Release]);
                turn = GATE.settle(run, settlement, now);
                continue;
            }
            Turn::Native(..) => panic!("every role is the host's"),
        };
        let reply = reply(choices, &ask);
        if choices.byte() == 255 {
            drop(GATE.abandon(run, now));
            return;
        }
        turn = GATE.resume(run, reply.as_ref().map_err(Clone::clone), now);
        said.push((ask.method, reply.ok()));
    }
    panic!("it never ends");
}

fn begin(flow: usize, now: Timestamp) -> Turn {
    let request = |headers, body| Request { site: "acme", headers, body, ip: None };
    match flow {
        0 | 6 => {
            let secret = SecretInput::Text(SECRET);
            let headers = sign("standard-webhooks", secret, BODY, Some("e1"), now).unwrap();
            let request = request(&headers, BODY);
            if flow == 0 { GATE.call_event(&request, now) } else { GATE.admit(&request, now) }
        }
        1 => {
            let headers = [("origin", "https://acme.example")];
            GATE.sync_session(&request(&headers, STATEMENT), now)
        }
        2 => GATE.confirm_sale("acme", CALL_ID, now),
        3 => GATE.erase("acme", Fingerprint::new("f").unwrap(), now),
        4 => GATE.take_conversions("acme", 3, now),
        5 => GATE.purge(3, now),
        _ => {
            let (site, method, url, body) = ("acme", "POST", "/readings", BODY);
            let nonce = Some("0123456789abcdef");
            let line = DeviceToSign { site, device_id: "d1", method, url, body, nonce };
            let headers = sign_device(SecretInput::Text(DEVICE_SECRET), &line, now).unwrap();
            let headers = &headers;
            GATE.device(&DeviceRequest { site, method, url, headers, body, ip: None }, now)
        }
    }
}

/// What a flow must have been told for its answer.
fn is_earned(decision: &Decision, said: &[(&str, Option<Value>)]) {
    let told = |method: &str, member: &str, text: &str| {
        let is_text = |value: &Value| matches!(value, Value::Text(own) if own == text);
        said.iter().any(|(own, reply)| {
            let reply = reply.as_ref().and_then(|reply| reply.member(member));
            *own == method && reply.is_some_and(is_text)
        })
    };
    let taken_over = said.iter().any(|(_, reply)| {
        let takeover = reply.as_ref().and_then(|reply| reply.member("takeover"));
        matches!(takeover, Some(Value::Bool(true)))
    });
    let earned = match (decision.flow(), decision.reason()) {
        (FlowName::CallEvent, Reason::Accepted) => {
            told("admit", "outcome", "admitted") && told("record", "outcome", "inserted")
        }
        (FlowName::CallEvent, Reason::Duplicate) => {
            told("admit", "result", "accepted") || told("record", "outcome", "exists")
        }
        (FlowName::Admit, Reason::Committed) => {
            told("admit", "outcome", "admitted") && told("settle", "outcome", "settled")
        }
        (FlowName::Admit, Reason::CommitLost) => told("settle", "outcome", "lost"),
        (FlowName::Admit, Reason::Uncommitted) => told("admit", "outcome", "admitted"),
        (FlowName::Admit, Reason::Duplicate) => told("admit", "result", "accepted"),
        (FlowName::Device, Reason::Authenticated) => {
            told("admit", "outcome", "admitted") && !taken_over
        }
        // What is taken over was used before, by whatever clock.
        (FlowName::Device, Reason::NonceUsed) => {
            taken_over || told("admit", "outcome", "held") || told("admit", "outcome", "done")
        }
        (_, Reason::RefusedBefore) => told("admit", "result", "refused"),
        (_, Reason::Stored) => {
            // Or the session that it found says all of it already, or a floor stands at its date or above: the answer
            // tells neither.
            let found = |(own, reply): &(&str, Option<Value>)| {
                let member = |name| reply.as_ref().and_then(|reply| reply.member(name));
                *own == "find"
                    && (matches!(member("session"), Some(Value::Map(_)))
                        || matches!(member("floor_ms"), Some(Value::Int(STATED_MS..))))
            };
            told("put", "outcome", "stored")
                || told("put", "outcome", "repeated")
                || said.iter().any(found)
        }
        (_, Reason::Enqueued) => told("enqueue", "outcome", "enqueued"),
        (_, Reason::AlreadyEnqueued) => told("enqueue", "outcome", "already"),
        (_, Reason::Erased) => told("delete", "outcome", "deleted"),
        (_, Reason::RateLimited) => told("admit", "outcome", "limited"),
        (_, Reason::InFlight) => told("admit", "outcome", "held"),
        _ => true,
    };
    assert!(earned, "{decision:?}");
    assert!(decision.conversions().len() <= 3 && decision.removed() <= 9);
    assert!(decision.retry_after().is_none_or(|seconds| (1..=3600).contains(&seconds)));
    assert_eq!(decision.status() == 503, decision.error().is_some() || is_own(decision.reason()));
}

/// Reasons of 503 without a store's error.
fn is_own(reason: Reason) -> bool {
    use Reason::{Contended, OutOfTime, Overloaded, Uncommitted};
    matches!(reason, Overloaded | Contended | OutOfTime | Uncommitted)
}

/// What the host replies: something good, something good with a member changed, or anything.
fn reply(choices: &mut Choices<'_>, ask: &Ask) -> Result<Value, StoreError> {
    let failure = StoreError::failed(std::fmt::Error);
    match choices.below(8) {
        0..=3 => Ok(good(choices, ask.method)),
        4 | 5 => {
            let Value::Map(mut members) = good(choices, ask.method) else { unreachable!() };
            let at = choices.below(members.len());
            members[at].1 = anything(choices, 3);
            Ok(Value::Map(members))
        }
        6 => Ok(anything(choices, 4)),
        _ if choices.below(2) == 0 => Err(failure),
        _ => Err(failure.and_nothing_written()),
    }
}

/// A reply that `docs/stores.md` lists for a method of this name, in whatever role.
fn good(choices: &mut Choices<'_>, method: &str) -> Value {
    let text = |text: &'static str| Value::Text(text.into());
    let outcomes: &[&str] = match method {
        "admit" => &["admitted", "done", "held", "limited", "full"],
        "settle" => &["settled", "lost"],
        "put" => &["stored", "repeated", "conflict", "full"],
        "delete" => &["deleted", "full"],
        "record" => &["inserted", "exists", "moved", "full"],
        "enqueue" => &["enqueued", "already", "moved", "missing", "full"],
        "erase" => &["erased", "full"],
        "finish" => &["finished", "lost"],
        _ => &["purged"],
    };
    let session = of([
        ("version", Value::Int(3)),
        ("scopes", Value::List(vec![text("analytics"), text("marketing")])),
        ("granted_at_ms", Value::Int(1_699_999_999_000)),
        ("changed_at_ms", Value::Int(1_699_999_999_000)),
        ("policy_version", Value::Null),
        ("gpc", Value::Bool(false)),
        ("narrowed", Value::Bool(choices.byte() > 127)),
    ]);
    let call = of([("fingerprint", text("f"))]);
    let job = of([
        ("call_id", text(CALL_ID)),
        ("fingerprint", text("f")),
        ("event_id", Value::Null),
        ("received_at_ms", Value::Int(1_699_999_999_000)),
        ("body", Value::Bytes(BODY.to_vec())),
        ("attempts", Value::Int(1)),
    ]);
    // Members of all replies together: a store reads and writes by name, so those of another do no harm.
    of([
        ("outcome", text(choices.one_of(outcomes))),
        ("takeover", Value::Bool(choices.byte() > 127)),
        ("result", text(choices.one_of(&["accepted", "refused"]))),
        ("call_id", text(CALL_ID)),
        ("retry_ms", Value::Int(1000)),
        ("bucket", Value::Int(0)),
        ("marketing", text(choices.one_of(&["enqueued", "skipped"]))),
        ("session", choices.one_of(&[Some(&session), None]).cloned().unwrap_or(Value::Null)),
        ("floor_ms", choices.one_of(&[Value::Null, Value::Int(5)].each_ref()).clone()),
        ("call", choices.one_of(&[Some(&call), None]).cloned().unwrap_or(Value::Null)),
        ("jobs", Value::List(vec![job; choices.below(5)])),
        ("removed", Value::Int(choices.one_of(&[0, 3, 4]))),
    ])
}

fn of<const N: usize>(members: [(&'static str, Value); N]) -> Value {
    Value::Map(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// Any data up to a depth.
fn anything(choices: &mut Choices<'_>, depth: u8) -> Value {
    let kinds = if depth == 0 { 6 } else { 8 };
    match choices.below(kinds) {
        0 => Value::Null,
        1 => Value::Bool(choices.byte() > 127),
        2 => Value::Int(choices.word().cast_signed()),
        3 => Value::Float(f64::from_bits(choices.word())),
        4 => Value::Text(choices.text().into()),
        5 => Value::Bytes(choices.bytes().to_vec()),
        6 => Value::List((0..choices.below(4)).map(|_| anything(choices, depth - 1)).collect()),
        _ => {
            let count = choices.below(4);
            let member = |_| (choices.text().into(), anything(choices, depth - 1));
            Value::Map((0..count).map(member).collect())
        }
    }
}
