//! The shared vectors of `conformance/vectors` that need no store, against the functions themselves.

mod judgement;
mod stateless;
mod wire;

use crate::{config::Config, id::Scopes, time::Timestamp};
use serde_json::Value;
use std::{
    collections::BTreeSet, format, fs, path::Path, string::String, string::ToString, vec, vec::Vec,
};

/// Runs every case of a file, and holds their number against the file's own count.
fn run(name: &str, mut case: impl FnMut(&Value)) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../conformance/vectors/{name}.json"));
    let file: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    assert_eq!(file["count"], cases.len(), "{name}: a case was lost");
    cases.iter().for_each(&mut case);
}

/// Holds the members of an object against the ones that its reader reads: an unread one is a check that is not made.
fn members(value: &Value, read: &[&str]) {
    let there: BTreeSet<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(there, read.iter().copied().collect(), "{value}");
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    if text.is_empty() { vec![] } else { crate::encoding::base64_decode(text).unwrap() }
}

fn at(value: &Value) -> Timestamp {
    Timestamp::from_millis(value.as_i64().unwrap()).unwrap()
}

fn headers(value: &Value) -> Vec<(String, Vec<u8>)> {
    let pair = |pair: &Value| (pair[0].as_str().unwrap().into(), bytes(&pair[1]));
    value.as_array().unwrap().iter().map(pair).collect()
}

fn scopes(value: &Value) -> Scopes {
    Scopes::new(value.as_array().unwrap().iter().map(|scope| scope.as_str().unwrap())).unwrap()
}

#[test]
fn configuration_of_the_vectors_is_sound() {
    run("sequences", |case| {
        Config::from_json(case["config"].to_string().as_bytes()).unwrap();
    });
}
