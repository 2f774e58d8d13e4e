//! The house of `docs/architecture.md`: arrows between the modules of this crate point downward only.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// From the top down: a module may use only those on floors below its own.
const FLOORS: &[&[&str]] = &[
    &["engine"],
    &["flow"],
    &["record"],
    &["session"],
    &["admission"],
    &["signature", "replay", "limit", "consent", "event", "tenant", "breaker"],
    &["store"],
    &["decision"],
    &["site"],
    &["config"],
    &["header", "secret"],
    &["id"],
    &["time", "encoding"],
];

/// The files whose proofs can make a decision that accepts.
const ACCEPTING: &[&str] = &[
    "record.rs",
    "flow/admit.rs",
    "admission/device.rs",
    "flow/confirm_sale.rs",
    "flow/erase.rs",
    "flow/finish_conversion.rs",
    "flow/purge.rs",
    "flow/sync_session.rs",
    "flow/take_conversions.rs",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every source file, as its path below `src` and its text.
fn source_files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    assert!(found.len() > 30, "the sources were not found");
    let inner = |path: &PathBuf| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
    found.iter().map(|path| (inner(path), fs::read_to_string(path).unwrap())).collect()
}

fn floor(module: &str) -> usize {
    let position = FLOORS.iter().position(|floor| floor.contains(&module));
    position.unwrap_or_else(|| panic!("`{module}` stands on no floor of the house"))
}

/// The module that a file belongs to: the first step of its path.
fn module(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// What is shipped of a source: no comments, no tests.
fn shipped(source: &str) -> String {
    let code = source.split("#[cfg(test)]\nmod tests").next().unwrap();
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    code.lines().filter(is_code).collect::<Vec<_>>().join("\n")
}

/// The modules named behind `crate::`, also inside of braces.
fn used(source: &str) -> BTreeSet<String> {
    let code = shipped(source);
    let mut names = BTreeSet::new();
    for (start, name) in code.match_indices("crate::") {
        let rest = &code[start + name.len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(group_members(group)),
            None => names.extend([identifier(rest)]),
        }
    }
    names.remove("");
    names
}

/// The first names of the members of a group, up to its closing brace.
fn group_members(group: &str) -> Vec<String> {
    let mut members = vec![String::new()];
    let mut depth = 0;
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => members.push(String::new()),
            _ => members.last_mut().unwrap().push(c),
        }
        depth += i32::from(c == '{') - i32::from(c == '}');
    }
    members.iter().map(|member| identifier(member)).collect()
}

fn identifier(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn arrows_point_downward_only() {
    let mut wrong = Vec::new();
    for (file, source) in source_files() {
        let module = module(&file);
        if ["lib", "vectors"].contains(&module) {
            continue;
        }
        for used in used(&source) {
            if used != module && floor(&used) <= floor(module) {
                wrong.push(format!("{file}: `crate::{used}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn law_1_only_the_last_stages_can_accept() {
    for (file, source) in source_files() {
        if shipped(&source).contains("impl Accepts for") {
            assert!(ACCEPTING.contains(&file.as_str()), "{file} makes a proof of acceptance");
        }
    }
}

#[test]
fn the_core_has_no_clock_no_randomness_no_lock_and_no_io() {
    let files = source_files();
    let (_, lib) = files.iter().find(|(file, _)| file == "lib.rs").unwrap();
    assert!(lib.contains("#![no_std]") && lib.contains("#![forbid(unsafe_code)]"));
    for (file, source) in
        files.iter().filter(|(file, _)| !["lib", "vectors"].contains(&module(file)))
    {
        let code = shipped(source);
        for banned in
            ["std::", "SystemTime", "Instant", "Mutex", "RwLock", "static mut", "getrandom"]
        {
            assert!(!code.contains(banned), "{file} uses `{banned}`");
        }
    }
}

#[test]
fn the_test_would_see_a_wrong_arrow() {
    let source = "use crate::{\n    flow::{A, B},\n    time::Millis,\n};\nfn f() { crate::id::x() }\n// crate::no";
    assert_eq!(used(source).into_iter().collect::<Vec<_>>(), ["flow", "id", "time"]);
    assert!(floor("flow") < floor("time"));
}
