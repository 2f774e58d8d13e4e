use consentgate::{Config, ConfigError, Timestamp, core::Engine};
use serde_json::Value;

/// Any bytes as a configuration: what is accepted is in force at once and can be read again from a copy; what is not
/// has faults that name a place and show no secret.
pub fn config(data: &[u8]) {
    let value: Option<Value> = serde_json::from_slice(data).ok();
    match Config::from_json(data) {
        Err(error) => has_faults(&error, value.as_ref(), ""),
        Ok(config) => {
            let value = value.unwrap();
            let copy = serde_json::to_vec_pretty(&value).unwrap();
            assert_eq!(shown(&Config::from_json(&copy).unwrap()), shown(&config));
            in_force(config, &value);
        }
    }
}

/// Every site can be set again as it is, and any value as a site is refused with a path or taken.
fn in_force(config: Config, document: &Value) {
    let mut engine = Engine::new(config, &[7; 32], Timestamp::MIN);
    for (name, site) in document["sites"].as_object().unwrap() {
        let json = site.to_string();
        let again = engine.with_site(name, json.as_bytes(), Timestamp::MIN);
        // What the sites of one document share is told when it is read; set again, a site is alone with its faults.
        engine = again.unwrap_or_else(|error| panic!("{error}"));
        engine = engine.without_site(name, Timestamp::MAX).unwrap();
        for (member, value) in site.as_object().unwrap() {
            let json = value.to_string();
            if let Err(error) = engine.with_site(member, json.as_bytes(), Timestamp::MAX) {
                has_faults(&error, Some(value), "sites.");
            }
        }
    }
}

fn has_faults(error: &ConfigError, value: Option<&Value>, prefix: &str) {
    assert!(!error.faults().is_empty());
    let text = error.to_string();
    for fault in error.faults() {
        // Only what is no document has no place in it.
        assert!(!fault.path.is_empty() || error.faults().len() == 1, "{text}");
        assert!(fault.path.starts_with(prefix), "{text}");
    }
    let document = value.map(Value::to_string).unwrap_or_default();
    for secret in value.map(secrets).unwrap_or_default() {
        // What stands elsewhere too, as a name, may well be shown.
        let is_once = document.matches(&secret).count() == 1;
        assert!(!is_once || !text.contains(&secret), "a secret is shown");
    }
}

/// Texts at `secret`, and all below it, that are long enough, and not of such signs as faults are told with.
fn secrets(value: &Value) -> Vec<String> {
    let is_secret = |key: &str| key == "secret" || key == "hash_secret" || key == "base64";
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| match value.as_str() {
                Some(text) if is_secret(key) && text.len() >= 24 && text.bytes().all(is_base64) => {
                    vec![text.to_owned()]
                }
                _ => secrets(value),
            })
            .collect(),
        Value::Array(list) => list.iter().flat_map(secrets).collect(),
        _ => vec![],
    }
}

/// What `Debug` tells of it: everything but its secrets.
fn shown(config: &Config) -> String {
    format!("{config:?}")
}
