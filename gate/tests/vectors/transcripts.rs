//! Golden transcripts: every effect as a host's store sees it, and every reply it can give.

use crate::case::{Bound, at, bytes, ending, headers, run};
use consentgate::{
    Conversion, Decision, Reason, Request, StoreError, Timestamp,
    core::flow::Settlement,
    host::{Ask, HostGate, HostRoles, Keeper, Turn, Value as Data},
    ids::Fingerprint,
};
use serde_json::{Map, Value, json};
use std::{borrow::Cow, collections::HashMap};

/// The members that a case may have beside its name and note.
const MEMBERS: [&str; 15] = [
    "config",
    "before",
    "do",
    "site",
    "headers",
    "body_b64",
    "ip",
    "call_id",
    "fingerprint",
    "limit",
    "now_ms",
    "settle",
    "effects",
    "expect",
    "then",
];

/// The members of a step of `then`.
const THEN: [&str; 8] =
    ["do", "site", "site_config", "job", "result", "retry_in_ms", "now_ms", "effects"];

#[test]
fn transcripts() {
    run("transcripts", |case| {
        let name = case["name"].to_string();
        only(case, &[&["name", "note"], &MEMBERS[..]].concat());
        let gate = host(case);
        for step in case["before"].as_array().unwrap() {
            only(step, &["do", "site", "site_config", "now_ms"]);
            change_site(&gate, step);
        }
        let mut played = Played { gate, bound: Bound::default(), same: HashMap::new() };
        let turn = begin(&played.gate, case, &[]);
        let decision = played.play(turn, case, &name);
        let jobs = decision.conversions();
        for (index, step) in case["then"].as_array().into_iter().flatten().enumerate() {
            only(step, &[&["expect"], &THEN[..]].concat());
            if step["expect"].is_null() {
                change_site(&played.gate, step);
                assert_eq!(step["effects"], json!([]));
                continue;
            }
            let turn = begin(&played.gate, step, jobs);
            drop(played.play(turn, step, &format!("{name} then {index}")));
        }
    });
}

/// A gate whose host keeps every role.
fn host(case: &Value) -> HostGate {
    let roles = HostRoles {
        admission: Keeper::Host,
        sessions: Keeper::Host,
        calls: Keeper::Host,
        one_store: case["config"]["sessions_apart"] != true,
    };
    HostGate::new(case["config"].to_string().as_bytes(), roles).unwrap()
}

fn change_site(gate: &HostGate, step: &Value) {
    let (site, now) = (step["site"].as_str().unwrap(), at(&step["now_ms"]));
    match step["do"].as_str().unwrap() {
        "set_site" => {
            gate.set_site(site, step["site_config"].to_string().as_bytes(), now).unwrap();
        }
        "remove_site" => gate.remove_site(site, now).unwrap(),
        other => panic!("{other}"),
    }
}

fn begin(gate: &HostGate, step: &Value, jobs: &[Conversion]) -> Turn {
    let now = at(&step["now_ms"]);
    let text = |name: &str| step[name].as_str().unwrap();
    match text("do") {
        name @ ("call_event" | "sync_session" | "admit") => {
            let (pairs, body) = (headers(&step["headers"]), bytes(&step["body_b64"]));
            let ip = step["ip"].as_str().map(|ip| ip.parse().unwrap());
            let request = Request { site: text("site"), headers: &pairs, body: &body, ip };
            match name {
                "call_event" => gate.call_event(&request, now),
                "admit" => gate.admit(&request, now),
                _ => gate.sync_session(&request, now),
            }
        }
        "confirm_sale" => gate.confirm_sale(text("site"), text("call_id"), now),
        "erase" => gate.erase(text("site"), Fingerprint::new(text("fingerprint")).unwrap(), now),
        "take_conversions" => {
            gate.take_conversions(text("site"), step["limit"].as_u64().unwrap(), now)
        }
        "finish_conversion" => {
            let job = usize::try_from(step["job"].as_u64().unwrap()).unwrap();
            gate.finish_conversion(&jobs[job], ending(step), now)
        }
        "purge" => gate.purge(step["limit"].as_u64().unwrap(), now),
        other => panic!("{other}"),
    }
}

/// A gate under the effects of a case.
struct Played {
    gate: HostGate,
    bound: Bound,
    /// What `"*"` stood for, where it is one text throughout.
    same: HashMap<String, Value>,
}

impl Played {
    /// Feeds the effects of a step, in their order, and holds the decision against what is expected.
    fn play(&mut self, mut turn: Turn, step: &Value, about: &str) -> Decision {
        let now = at(&step["now_ms"]);
        for (index, effect) in step["effects"].as_array().unwrap().iter().enumerate() {
            let about = format!("{about} effect {index}");
            let (run, ask) = match self.settled(turn, step) {
                Turn::Ask(run, ask) => (run, ask),
                Turn::Done(decision) => panic!("{about}: answered {:?} instead", decision.reason()),
                Turn::Native(..) => panic!("{about}: every role is the host's"),
                Turn::Paused(..) => panic!("{about}: it is not to be settled"),
            };
            self.check_ask(effect, &ask, &about);
            turn = self.answer(run, effect, now);
        }
        match turn {
            Turn::Done(decision) => {
                self.bound.check(&decision, &step["expect"], about);
                let failed = step["expect"]["reason"] == "store_failed";
                assert_eq!(decision.error().is_some(), failed, "{about}");
                decision
            }
            Turn::Ask(_, ask) => {
                panic!("{about}: asks {}.{} as well", ask.role.as_str(), ask.method)
            }
            Turn::Native(..) => panic!("{about}: every role is the host's"),
            Turn::Paused(..) => panic!("{about}: nothing is asked at its end"),
        }
    }

    /// The end of the host's own work, where the flow has paused for it.
    fn settled(&self, turn: Turn, step: &Value) -> Turn {
        match turn {
            Turn::Paused(run, decision) => {
                assert_eq!((decision.reason(), decision.status()), (Reason::Uncommitted, 503));
                let settlement = match step["settle"].as_str() {
                    Some("commit") => Settlement::Commit,
                    Some("release") => Settlement::Release,
                    other => panic!("paused, and to be settled by {other:?}"),
                };
                self.gate.settle(run, settlement, at(&step["now_ms"]))
            }
            other => other,
        }
    }

    fn answer(&self, run: consentgate::host::Run, effect: &Value, now: Timestamp) -> Turn {
        let known = ["role", "method", "args", "reply", "raise", "raise_not_written", "nonsense"];
        only(effect, &[&known[..], &["nonsense_reply"]].concat());
        let failure = StoreError::failed(std::io::Error::other("the host raised"));
        if effect["raise"] == true {
            self.gate.resume(run, Err(failure), now)
        } else if effect["raise_not_written"] == true {
            self.gate.resume(run, Err(failure.and_nothing_written()), now)
        } else if effect["nonsense"] == true {
            let reply = effect.get("nonsense_reply").unwrap_or(&Value::Null);
            self.gate.resume(run, Ok(&data(reply)), now)
        } else {
            self.gate.resume(run, Ok(&data(&effect["reply"])), now)
        }
    }

    fn check_ask(&mut self, effect: &Value, ask: &Ask, about: &str) {
        let asked = json!([ask.role.as_str(), ask.method]);
        assert_eq!(json!([effect["role"], effect["method"]]), asked, "{about}");
        let got = json_of(&ask.request);
        check(&effect["args"], &got, about);
        for name in ["owner", "call_id"].into_iter().filter(|name| effect["args"][name] == "*") {
            let before = self.same.entry(name.to_owned()).or_insert_with(|| got[name].clone());
            assert_eq!(*before, got[name], "{about} {name}");
        }
    }
}

/// An unread member is a check that is not made.
fn only(value: &Value, known: &[&str]) {
    for name in value.as_object().unwrap().keys() {
        assert!(known.contains(&name.as_str()), "nothing reads `{name}`");
    }
}

/// Everything that is not `"*"` must be there, exactly, and nothing else.
fn check(expect: &Value, got: &Value, about: &str) {
    match (expect, got) {
        (Value::String(any), _) if any == "*" => {}
        (Value::Object(expect), Value::Object(got)) => {
            let names = |map: &Map<String, Value>| map.keys().cloned().collect::<Vec<_>>();
            let (mut expected, mut found) = (names(expect), names(got));
            expected.sort();
            found.sort();
            assert_eq!(expected, found, "{about}");
            for (name, expect) in expect {
                check(expect, &got[name], &format!("{about} {name}"));
            }
        }
        (Value::Array(expect), Value::Array(got)) => {
            assert_eq!(expect.len(), got.len(), "{about}");
            for (expect, got) in expect.iter().zip(got) {
                check(expect, got, about);
            }
        }
        _ => assert_eq!(expect, got, "{about}"),
    }
}

/// The request as the vectors write it.
fn json_of(data: &Data) -> Value {
    match data {
        Data::Null => Value::Null,
        Data::Bool(flag) => (*flag).into(),
        Data::Int(number) => (*number).into(),
        Data::Float(number) => (*number).into(),
        Data::Text(text) => text.as_ref().into(),
        Data::Bytes(bytes) => consentgate::core::base64_encode(bytes).into(),
        Data::List(list) => list.iter().map(json_of).collect(),
        Data::Map(members) => {
            let member = |(name, value): &(Cow<'static, str>, Data)| match value {
                Data::Bytes(_) => (format!("{name}_b64"), json_of(value)),
                _ => (name.to_string(), json_of(value)),
            };
            Value::Object(members.iter().map(member).collect())
        }
    }
}

/// A reply as a host gives it; `{"$base64": …}` is bytes.
fn data(value: &Value) -> Data {
    match value {
        Value::Null => Data::Null,
        Value::Bool(flag) => Data::Bool(*flag),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| Data::Float(number.as_f64().unwrap()), Data::Int)
        }
        Value::String(text) => Data::Text(text.clone().into()),
        Value::Array(list) => Data::List(list.iter().map(data).collect()),
        Value::Object(map) => match map.get("$base64") {
            Some(base64) => Data::Bytes(bytes(base64)),
            None => {
                let member = |(name, value): (&String, &Value)| (name.clone().into(), data(value));
                Data::Map(map.iter().map(member).collect())
            }
        },
    }
}
