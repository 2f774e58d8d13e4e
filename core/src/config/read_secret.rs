use super::{Problem, Scheme, section::Section};
use crate::{
    encoding::base64_decode,
    secret::{Secret, SecretFault},
};
use serde_json::Value;

/// A secret as the scheme's text, or as `{"base64": "…"}` for bytes as they are.
pub(super) fn read_secret(
    section: &mut Section<'_>,
    member: &'static str,
    scheme: Scheme,
    allow_short: bool,
) -> Option<Secret> {
    let read = match section.value(member)? {
        Value::String(text) => scheme.secret(text),
        Value::Object(object) if object.len() == 1 && object.contains_key("base64") => {
            let text = object.get("base64").and_then(Value::as_str).unwrap_or_default();
            base64_decode(text.as_bytes())
                .ok_or(SecretFault::NotBase64)
                .and_then(|bytes| Secret::from_bytes(&zeroize::Zeroizing::new(bytes)))
        }
        _ => {
            section.fault(member, Problem::Type("a text, or bytes as `{\"base64\": \"…\"}`"));
            return None;
        }
    };
    let read = if allow_short { read } else { read.and_then(Secret::long_enough) };
    read.map_err(|fault| section.fault(member, fault.into())).ok()
}
