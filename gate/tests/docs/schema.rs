//! The names, defaults and bounds of `core/config.schema.json`.

use crate::file;
use consentgate::{Config, core::Problem};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SECRET: &str = "c2l4dHkgYnl0ZXMgb2Ygbm90aGluZyBidXQgdGV4dA==";

/// A site of the least that is allowed.
fn site() -> Value {
    let given = json!({"id": "d", "secrets": ["Z2l2ZW4gdG8gb25lIGRldmljZSBhbmQgbm8gb3RoZXI="]});
    let master = json!({"id": "m1", "secret": "b2Ygd2hpY2ggc2VjcmV0cyBvZiBkZXZpY2VzIGFyZSBtYWRl"});
    let devices = json!({"keys": [master], "directory": [given]});
    json!({"keys": [{"id": "k1", "secret": SECRET}], "devices": devices})
}

/// A member of the schema: where it stands in a document, and what is said of it.
struct Member {
    path: Vec<String>,
    schema: Value,
}

/// What a `$ref` leads to, with the members beside it.
fn resolved(root: &Value, schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(place) = schema["$ref"].as_str() {
        let mut target = root.pointer(place.strip_prefix('#').unwrap()).unwrap().clone();
        for (name, value) in schema.as_object().unwrap() {
            target[name] = value.clone();
        }
        schema = target;
    }
    schema
}

/// Every object of the schema, and every member of one.
fn walk(
    root: &Value,
    schema: &Value,
    path: &[String],
    objects: &mut Vec<Member>,
    members: &mut Vec<Member>,
) {
    let schema = resolved(root, schema);
    if let Some(properties) = schema["properties"].as_object() {
        assert_eq!(schema["additionalProperties"], false, "{path:?}");
        objects.push(Member { path: path.to_vec(), schema: schema.clone() });
        for (name, property) in properties {
            let path = [path, std::slice::from_ref(name)].concat();
            members.push(Member { path: path.clone(), schema: resolved(root, property) });
            walk(root, property, &path, objects, members);
        }
    } else if schema["additionalProperties"].is_object() {
        let path = [path, &["acme".to_owned()]].concat();
        walk(root, &schema["additionalProperties"], &path, objects, members);
    } else if schema["items"]["$ref"].is_string() {
        let path = [path, &["0".to_owned()]].concat();
        walk(root, &schema["items"], &path, objects, members);
    }
}

fn schema() -> (Vec<Member>, Vec<Member>) {
    let root: Value = serde_json::from_str(&file("core/config.schema.json")).unwrap();
    let (mut objects, mut members) = (Vec::new(), Vec::new());
    walk(&root, &root, &[], &mut objects, &mut members);
    assert!(objects.len() > 10 && members.len() > 50, "the schema was not walked");
    for member in objects.iter().chain(&members) {
        assert!(member.schema["description"].is_string(), "{:?} is not described", member.path);
    }
    (objects, members)
}

/// The document with a value at a path.
fn with(mut document: Value, path: &[String], value: Value) -> Value {
    let mut place = &mut document;
    for step in path {
        place = match step.parse::<usize>() {
            Ok(index) => &mut place[index],
            Err(_) => &mut place[step],
        };
    }
    *place = value;
    document
}

fn fault_path(path: &[String]) -> String {
    let mut text = String::new();
    for step in path {
        match step.parse::<usize>() {
            Ok(index) => text += &format!("[{index}]"),
            Err(_) if text.is_empty() => text += step,
            Err(_) => text += &format!(".{step}"),
        }
    }
    text
}

fn read(document: &Value) -> Result<Config, Vec<(String, Problem)>> {
    let faults = |error: consentgate::ConfigError| {
        error.faults().iter().map(|fault| (fault.path.clone(), fault.problem.clone())).collect()
    };
    Config::from_json(document.to_string().as_bytes()).map_err(faults)
}

fn fault_at(document: &Value, path: &[String]) -> Problem {
    let faults = read(document).unwrap_err();
    let path = fault_path(path);
    let fault = faults.iter().find(|(own, _)| *own == path);
    fault.unwrap_or_else(|| panic!("no fault at {path} but {faults:?}")).1.clone()
}

/// A document in which the member at `path` can take any value within its own bounds.
fn roomy(path: &[String]) -> Value {
    let mut document = json!({
        "sites": {"acme": site()},
        "claim": {"ttl_s": 86400, "lease_s": 3600},
        "deadline_ms": {"admit": 1, "find": 1, "record": 1, "settle": 1},
        "caps": {"sites_max": 1},
        "retention": {"calls_s": 34_000_000},
    });
    let name = path.last().unwrap();
    if name == "ttl_s" || name == "calls_s" {
        document["sites"] = json!({});
        document["conversion"] = json!({"delay_s": 0});
    }
    if name == "generations" && path.iter().any(|step| step == "directory") {
        document["sites"]["acme"]["devices"]["directory"] = json!([{"id": "d"}]);
    }
    if let Some(table) = name.strip_suffix("_per_site_max") {
        document["caps"][format!("{table}_max")] = json!(1_u64 << 40);
    }
    document
}

#[test]
fn the_schema_names_what_the_reader_knows_and_nothing_else() {
    for object in schema().0 {
        let path = [&object.path[..], &["nonsense".to_owned()]].concat();
        let document = with(json!({"sites": {"acme": site()}}), &path, json!(1));
        let Problem::Unknown(known) = fault_at(&document, &path) else { panic!("{path:?}") };
        let known: BTreeSet<_> = known.split(", ").map(|name| name.trim_matches('`')).collect();
        let named: BTreeSet<_> =
            object.schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(named, known, "{:?}", object.path);
    }
}

#[test]
fn what_the_schema_requires_is_required() {
    for object in schema().0 {
        for name in object.schema["required"].as_array().into_iter().flatten() {
            let mut document = json!({"sites": {"acme": site()}});
            let mut place = &mut document;
            for step in &object.path {
                place = match step.parse::<usize>() {
                    Ok(index) => &mut place[index],
                    Err(_) => &mut place[step],
                };
            }
            let name = name.as_str().unwrap().to_owned();
            place.as_object_mut().unwrap().remove(&name);
            let path = [&object.path[..], &[name]].concat();
            assert_eq!(fault_at(&document, &path), Problem::Missing, "{path:?}");
        }
    }
}

#[test]
fn defaults_of_the_schema_are_those_of_the_reader() {
    let least = json!({"sites": {"acme": site()}});
    let read_as = |document: &Value| format!("{:?}", read(document).unwrap());
    let mut count = 0;
    for member in schema().1 {
        if let Some(default) = member.schema.get("default") {
            let given = with(least.clone(), &member.path, default.clone());
            assert_eq!(read_as(&given), read_as(&least), "{:?}", member.path);
            count += 1;
        }
    }
    assert!(count > 25, "{count}");
}

#[test]
fn bounds_of_the_schema_are_those_of_the_reader() {
    let mut count = 0;
    for Member { path, schema } in schema().1 {
        let schema = schema["anyOf"].get(0).unwrap_or(&schema);
        if schema["type"] != "integer" {
            continue;
        }
        let (least, most) =
            (schema["minimum"].as_u64().unwrap(), schema["maximum"].as_u64().unwrap());
        let given = |value: Value| with(roomy(&path), &path, value);
        for value in [least, most] {
            assert!(
                read(&given(json!(value))).is_ok(),
                "{path:?} {value}: {:?}",
                read(&given(json!(value)))
            );
        }
        let range = |given| Problem::Range { least, most, given };
        assert_eq!(fault_at(&given(json!(most + 1)), &path), range(most + 1), "{path:?}");
        match least.checked_sub(1) {
            Some(below) => {
                assert_eq!(fault_at(&given(json!(below)), &path), range(below), "{path:?}");
            }
            None => assert!(read(&given(json!(-1))).is_err(), "{path:?}"),
        }
        for wrong in [json!("1"), json!(1.5), json!(true), json!([])] {
            assert!(matches!(fault_at(&given(wrong), &path), Problem::Type(_)), "{path:?}");
        }
        count += 1;
    }
    assert!(count > 25, "{count}");
}

#[test]
fn lengths_of_the_schema_are_those_of_the_reader() {
    let mut count = 0;
    for Member { path, schema } in
        schema().1.into_iter().filter(|own| own.schema["type"] == "array")
    {
        let least = schema["minItems"].as_u64().unwrap_or(0) as usize;
        let most = schema["maxItems"].as_u64().unwrap() as usize;
        let element = |index: usize| match path.last().unwrap().as_str() {
            "keys" => json!({"id": format!("k{index}"), "secret": format!("{index:032}")}),
            "origins" => json!(format!("https://host{index}.example")),
            "generations" => json!(index),
            "secrets" => json!(format!("{index:032}")),
            "directory" => json!({"id": format!("d{index}"), "revoked": true}),
            _ => json!(format!("scope{index}")),
        };
        let of = |length: usize| {
            let elements: Vec<Value> = (0..length).map(element).collect();
            with(roomy(&path), &path, elements.into())
        };
        for length in [least, most] {
            assert!(read(&of(length)).is_ok(), "{path:?} {length}: {:?}", read(&of(length)));
        }
        let count_fault = |given| Problem::Count { least, most, given };
        assert_eq!(fault_at(&of(most + 1), &path), count_fault(most + 1), "{path:?}");
        if let Some(below) = least.checked_sub(1) {
            assert_eq!(fault_at(&of(below), &path), count_fault(below), "{path:?}");
        }
        count += 1;
    }
    assert_eq!(count, 9);
}

#[test]
fn law_11_nothing_but_its_name_turns_the_local_stand_in_on() {
    let (_, members) = schema();
    let path = ["admission_fallback".to_owned()];
    let member = members.iter().find(|member| member.path == path).unwrap();
    assert!(member.schema.get("default").is_none(), "it fails closed");
    let least = json!({"sites": {"acme": site()}});
    assert!(!read(&least).unwrap().common().admission_fallback);
    for name in member.schema["enum"].as_array().unwrap() {
        let config = read(&with(least.clone(), &path, name.clone())).unwrap();
        assert!(config.common().admission_fallback, "{name}");
    }
    for wrong in [json!(true), json!("true"), json!("Local"), json!(""), json!(null), json!(1)] {
        let problem = fault_at(&with(least.clone(), &path, wrong.clone()), &path);
        assert!(matches!(problem, Problem::Grammar(_) | Problem::Type(_)), "{wrong}");
    }
}

#[test]
fn schemes_of_the_schema_are_those_of_the_reader() {
    let (_, members) = schema();
    let scheme =
        members.iter().find(|member| member.path.ends_with(&["scheme".to_owned()])).unwrap();
    let names: Vec<_> = consentgate::Scheme::ALL.iter().map(|scheme| scheme.name()).collect();
    assert_eq!(scheme.schema["enum"], json!(names));
}
