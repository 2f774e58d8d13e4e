//! The devices of a site.

use super::{
    Fault, Problem, Scheme,
    devices::{DIRECTORY_MAX, DeviceRules, Generations, How, Listed},
    read_secret::secret_of,
    read_site::{read_key_list, read_rate},
    section::Section,
};
use crate::{id::DeviceId, secret::Secret};
use alloc::{collections::BTreeMap, format, vec::Vec};
use serde_json::Value;

const GENERATIONS: &str = "an array of 1 or 2 ascending whole numbers from 0 to 2147483647";

/// Secrets of devices are written as Standard Webhooks writes its own, whatever the site's scheme is.
const WRITTEN: Scheme = Scheme::StandardWebhooks;

pub(super) fn read_devices(site: &mut Section<'_>, allow_short: bool) -> Option<DeviceRules> {
    if !site.given("devices") {
        site.known("devices");
        return None;
    }
    let mut devices = site.section("devices");
    let keys = match devices.value("keys") {
        None => Vec::new(),
        Some(Value::Array(elements)) => {
            read_key_list(&mut devices, elements, 0, |value| secret_of(value, WRITTEN, allow_short))
        }
        Some(_) => {
            devices.fault("keys", Problem::Type("an array of objects"));
            Vec::new()
        }
    };
    let generations = read_generations(&mut devices).unwrap_or_default();
    let directory = read_directory(&mut devices, allow_short);
    let derives = |listed: &Listed| matches!(listed.how, How::Derived(_));
    let needs_keys = directory.is_empty() || directory.values().any(derives);
    let is_empty = |keys: &Value| keys.as_array().is_some_and(Vec::is_empty);
    if devices.is_object() && devices.value("keys").is_none_or(is_empty) && needs_keys {
        devices.fault("keys", Problem::Missing);
    }
    let ip_rate = read_rate(devices.section("per_ip"), 100, 100);
    let device_rate = read_rate(devices.section("per_device"), 50, 50);
    devices.finish();
    Some(DeviceRules { keys, generations, directory, ip_rate, device_rate })
}

fn read_generations(section: &mut Section<'_>) -> Option<Generations> {
    let value = section.value("generations")?;
    let number = |value: &Value| {
        let number = u32::try_from(value.as_u64()?).ok()?;
        i32::try_from(number).is_ok().then_some(number)
    };
    let given = value.as_array().map(Vec::as_slice);
    if let Some(numbers) = given.filter(|numbers| !(1..=2).contains(&numbers.len())) {
        let count = Problem::Count { least: 1, most: 2, given: numbers.len() };
        section.fault("generations", count);
        return None;
    }
    let read = match given {
        Some([only]) => number(only).and_then(|only| Generations::new(only, only)),
        Some([oldest, newest]) => {
            let ascending = number(oldest).zip(number(newest)).filter(|(old, new)| old < new);
            ascending.and_then(|(oldest, newest)| Generations::new(oldest, newest))
        }
        _ => None,
    };
    if read.is_none() {
        section.fault("generations", Problem::Grammar(GENERATIONS));
    }
    read
}

fn read_directory(devices: &mut Section<'_>, allow_short: bool) -> BTreeMap<DeviceId, Listed> {
    let mut directory = BTreeMap::new();
    let elements = match devices.value("directory") {
        None => return directory,
        Some(Value::Array(elements)) => elements,
        Some(_) => {
            devices.fault("directory", Problem::Type("an array of objects"));
            return directory;
        }
    };
    if elements.len() > DIRECTORY_MAX {
        let count = Problem::Count { least: 0, most: DIRECTORY_MAX, given: elements.len() };
        devices.fault("directory", count);
        return directory;
    }
    for (place, element) in elements.iter().enumerate() {
        let path = devices.path(&format!("directory[{place}]"));
        let mut entry = Section::new(path.clone(), Some(element), devices.faults());
        let id = read_device_id(&mut entry);
        let how = read_how(&mut entry, allow_short);
        entry.finish();
        if let Some((id, how)) = id.zip(how)
            && directory.insert(id, Listed { place, how }).is_some()
        {
            devices.faults().push(Fault { path: format!("{path}.id"), problem: Problem::Twice });
        }
    }
    directory
}

fn read_device_id(entry: &mut Section<'_>) -> Option<DeviceId> {
    if entry.is_object() && !entry.given("id") {
        entry.fault("id", Problem::Missing);
    }
    let id = DeviceId::new(entry.text("id")?.as_bytes());
    if id.is_none() {
        entry.fault("id", Problem::Grammar("1 to 128 of A-Z a-z 0-9 . _ -"));
    }
    id
}

/// What a device signs with: exactly one of three.
fn read_how(entry: &mut Section<'_>, allow_short: bool) -> Option<How> {
    let is_revoked = entry.flag("revoked");
    let given = [entry.given("secrets"), entry.given("generations"), is_revoked];
    let generations = read_generations(entry);
    let secrets = read_secrets(entry, allow_short);
    if given.iter().filter(|given| **given).count() != 1 {
        if entry.is_object() {
            let one = "given exactly one of `secrets`, `generations` and `revoked`: true";
            entry.fault("id", Problem::Grammar(one));
        }
        return None;
    }
    if is_revoked {
        return Some(How::Revoked);
    }
    generations.map(How::Derived).or(secrets.map(How::Given))
}

fn read_secrets(entry: &mut Section<'_>, allow_short: bool) -> Option<Vec<Secret>> {
    let elements = match entry.value("secrets")? {
        Value::Array(elements) => elements,
        _ => {
            entry.fault("secrets", Problem::Type("an array of secrets"));
            return None;
        }
    };
    if !(1..=2).contains(&elements.len()) {
        entry.fault("secrets", Problem::Count { least: 1, most: 2, given: elements.len() });
        return None;
    }
    let mut secrets = Vec::new();
    for (index, element) in elements.iter().enumerate() {
        match secret_of(element, WRITTEN, allow_short) {
            Ok(secret) => secrets.push(secret),
            Err(problem) => entry.fault(&format!("secrets[{index}]"), problem),
        }
    }
    (secrets.len() == elements.len()).then_some(secrets)
}
