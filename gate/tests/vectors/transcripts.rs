//! Golden transcripts: every effect as a host's store sees it, and every reply it can give.

use crate::case::{Bound, at, bytes, headers, run};
use consentgate::{
    Request, StoreError,
    host::{Ask, HostGate, HostRoles, Turn, Value as Data},
    ids::Fingerprint,
};
use serde_json::{Map, Value, json};

/// The host keeps every role.
const ALL: HostRoles = HostRoles {
    admission: Keeper::Host,
    sessions: Keeper::Host,
    calls: Keeper::Host,
    one_store: true,
};

#[test]
fn transcripts() {
    run("transcripts", |case| {
        let config = case["config"].to_string();
        let apart = case["config"]["sessions_apart"] == true;
        let roles = HostRoles { one_store: !apart, ..ALL };
        let gate = HostGate::new(config.as_bytes(), roles).unwrap();
        let now = at(&case["now_ms"]);
        for step in case["before"].as_array().unwrap() {
            let site = step["site"].as_str().unwrap();
            match step["do"].as_str().unwrap() {
                "set_site" => {
                    gate.set_site(site, step["site_config"].to_string().as_bytes(), now).unwrap();
                }
                _ => gate.remove_site(site, now).unwrap(),
            }
        }
        let mut turn = begin(&gate, case, now);
        for (index, effect) in case["effects"].as_array().unwrap().iter().enumerate() {
            let about = format!("{} effect {index}", case["name"]);
            let (run, ask) = match turn {
                Turn::Ask(run, ask) => (run, ask),
                Turn::Done(decision) => panic!("{about}: answered {:?} instead", decision.reason()),
            };
            assert_eq!(
                json!([effect["role"], effect["method"]]),
                json!([ask.role.as_str(), ask.method]),
                "{about}"
            );
            check(&effect["args"], &shown(&ask), &about);
            let failure = StoreError::failed(std::io::Error::other("the host raised"));
            turn = if effect["raise"] == true {
                gate.resume(run, Err(failure), now)
            } else if effect["raise_not_written"] == true {
                gate.resume(run, Err(failure.and_nothing_written()), now)
            } else if effect["nonsense"] == true {
                let reply = effect.get("nonsense_reply").unwrap_or(&Value::Null);
                gate.resume(run, Ok(&data(reply)), now)
            } else {
                gate.resume(run, Ok(&data(&effect["reply"])), now)
            };
        }
        let name = case["name"].to_string();
        match turn {
            Turn::Done(decision) => {
                Bound::default().check(&decision, &case["expect"], &name);
                let failed = case["expect"]["reason"] == "store_failed";
                assert_eq!(decision.error().is_some(), failed, "{name}");
            }
            Turn::Ask(_, ask) => {
                panic!("{name}: asks {}.{} as well", ask.role.as_str(), ask.method)
            }
        }
    });
}

fn begin(gate: &HostGate, case: &Value, now: consentgate::Timestamp) -> Turn {
    let site = case["site"].as_str().unwrap();
    match case["do"].as_str().unwrap() {
        name @ ("call_event" | "sync_session") => {
            let (pairs, body) = (headers(&case["headers"]), bytes(&case["body_b64"]));
            let ip = case["ip"].as_str().map(|ip| ip.parse().unwrap());
            let request = Request { site, headers: &pairs, body: &body, ip };
            match name {
                "call_event" => gate.call_event(&request, now),
                _ => gate.sync_session(&request, now),
            }
        }
        "confirm_sale" => gate.confirm_sale(site, case["call_id"].as_str().unwrap(), now),
        "erase" => {
            let person = Fingerprint::new(case["fingerprint"].as_str().unwrap()).unwrap();
            gate.erase(site, person, now)
        }
        other => panic!("{other}"),
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
fn shown(ask: &Ask) -> Value {
    json_of(&ask.request)
}

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
            let member = |(name, value): &(std::borrow::Cow<'static, str>, Data)| match value {
                Data::Bytes(_) => (format!("{name}_b64"), json_of(value)),
                _ => (name.to_string(), json_of(value)),
            };
            Value::Object(members.iter().map(member).collect())
        }
    }
}

fn data(value: &Value) -> Data {
    match value {
        Value::Null => Data::Null,
        Value::Bool(flag) => Data::Bool(*flag),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| Data::Float(number.as_f64().unwrap()), Data::Int)
        }
        Value::String(text) => Data::Text(text.clone().into()),
        Value::Array(list) => Data::List(list.iter().map(data).collect()),
        Value::Object(map) => {
            Data::Map(map.iter().map(|(name, value)| (name.clone().into(), data(value))).collect())
        }
    }
}
