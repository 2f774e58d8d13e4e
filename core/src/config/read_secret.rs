use super::{Problem, Scheme, section::Section};
use crate::{
    encoding::base64_decode,
    secret::{Secret, SecretFault, VerifyKey},
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
        _ => bytes_of(value)?,
    };
    Ok(if allow_short { secret } else { secret.long_enough()? })
}

/// What a site's key stands for: a secret, or a public key as the scheme's text.
pub(super) fn verify_key_of(
    value: &Value,
    scheme: Scheme,
    allow_short: bool,
) -> Result<VerifyKey, Problem> {
    if let Value::String(text) = value
        && let key @ VerifyKey::Public(_) = scheme.verify_key(text)?
    {
        return Ok(key);
    }
    secret_of(value, scheme, allow_short).map(VerifyKey::Secret)
}

/// A secret as `{"base64": "…"}`.
fn bytes_of(value: &Value) -> Result<Secret, Problem> {
    Ok(match value {
        Value::Object(object) if object.len() == 1 && object.contains_key("base64") => {
            let text = object.get("base64").and_then(Value::as_str).unwrap_or_default();
            Secret::from_vec(base64_decode(text).ok_or(SecretFault::NotBase64)?)?
        }
        _ => return Err(Problem::Type("a text, or bytes as `{\"base64\": \"…\"}`")),
    })
}
