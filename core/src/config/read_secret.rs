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
    let read = secret_of(section.value(member)?, scheme, allow_short);
    read.map_err(|problem| section.fault(member, problem)).ok()
}

/// The secret that a value stands for.
pub(super) fn secret_of(
    value: &Value,
    scheme: Scheme,
    allow_short: bool,
) -> Result<Secret, Problem> {
    let secret = match value {
        Value::String(text) => scheme.secret(text)?,
        Value::Object(object) if object.len() == 1 && object.contains_key("base64") => {
            let text = object.get("base64").and_then(Value::as_str).unwrap_or_default();
            let bytes = base64_decode(text.as_bytes()).ok_or(SecretFault::NotBase64)?;
            Secret::from_bytes(&zeroize::Zeroizing::new(bytes))?
        }
        _ => return Err(Problem::Type("a text, or bytes as `{\"base64\": \"…\"}`")),
    };
    Ok(if allow_short { secret } else { secret.long_enough()? })
}
