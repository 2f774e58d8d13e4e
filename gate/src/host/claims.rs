use super::Value;
use consentgate_core::tenants::{Claims, VerifierFailed};

/// More than any credential names.
const ROLES_MAX: usize = 1024;

/// What a verifier of the host's answered: claims, or `Null` for nobody. Other members are not looked at.
///
/// # Errors
/// It is neither.
pub fn claims(answer: &Value) -> Result<Option<Claims>, VerifierFailed> {
    match answer {
        Value::Null => Ok(None),
        Value::Map(_) => Ok(Some(Claims {
            tenant: text(answer.member("tenant"))?,
            user: text(answer.member("user"))?,
            roles: roles(answer.member("roles"))?,
        })),
        _ => Err(VerifierFailed),
    }
}

/// What is not there is an empty id, which is none.
fn text(value: Option<&Value>) -> Result<String, VerifierFailed> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::Text(text)) => Ok(text.clone().into_owned()),
        Some(_) => Err(VerifierFailed),
    }
}

fn roles(value: Option<&Value>) -> Result<Vec<String>, VerifierFailed> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::List(roles)) if roles.len() <= ROLES_MAX => {
            let role = |role: &Value| match role {
                Value::Text(role) => Ok(role.clone().into_owned()),
                _ => Err(VerifierFailed),
            };
            roles.iter().map(role).collect()
        }
        Some(_) => Err(VerifierFailed),
    }
}
