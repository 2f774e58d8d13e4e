//! What is asked of Redis before it is trusted.

use super::run::{Scripts, ask};
use redis::{RedisError, Value, aio::ConnectionLike};
use std::{error::Error, fmt};

/// How the store starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Takes a server that evicts keys, or does not say whether it does. Under memory pressure it then forgets live
    /// claims, and replays come in as far as the unique indexes of the store of calls let them; and full buckets come
    /// out of nothing. Only for trying things out.
    pub allow_eviction: bool,
}

/// Why the store does not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// A server has this `maxmemory-policy`, and not `noeviction`: it would forget live claims.
    Evicts(String),
    /// A server does not say what its `maxmemory-policy` is.
    PolicyUnknown,
    /// The server did not take the scripts. They need Redis 7 or later.
    ScriptsRefused(RedisError),
    /// The server gave the scripts other names than these have: something between changes what is sent.
    ScriptsChanged,
    /// The server does not answer, or answers with an error.
    Unreachable(RedisError),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Evicts(policy) => write!(
                f,
                "Redis evicts keys (maxmemory-policy is {policy}): claims need `noeviction`"
            ),
            Self::PolicyUnknown => f.write_str(
                "Redis does not say its maxmemory-policy (INFO memory): claims need `noeviction`",
            ),
            Self::ScriptsRefused(_) => {
                f.write_str("Redis did not take the scripts: they need Redis 7 or later, or Valkey")
            }
            Self::ScriptsChanged => f.write_str("Redis was given other scripts than were sent"),
            Self::Unreachable(_) => f.write_str("Redis does not answer, or refuses to"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::ScriptsRefused(error) | Self::Unreachable(error) => Some(error),
            Self::Evicts(_) | Self::PolicyUnknown | Self::ScriptsChanged => None,
        }
    }
}

/// Whether no server evicts (FIELD 19). `INFO` says it, also where a managed server forbids `CONFIG`; a Cluster answers
/// with the words of each primary.
pub(super) async fn keeps_everything(
    connection: &mut impl ConnectionLike,
) -> Result<(), StartError> {
    let command = redis::cmd("INFO").arg("memory").to_owned();
    match ask(connection, &command).await.map_err(StartError::Unreachable)? {
        Value::Map(nodes) if nodes.is_empty() => Err(StartError::PolicyUnknown),
        Value::Map(nodes) => nodes.iter().try_for_each(|(_, info)| check_policy(info)),
        info => check_policy(&info),
    }
}

fn check_policy(info: &Value) -> Result<(), StartError> {
    let text = match info {
        Value::BulkString(bytes) => String::from_utf8_lossy(bytes),
        Value::VerbatimString { text, .. } => text.into(),
        _ => return Err(StartError::PolicyUnknown),
    };
    let policy = text.lines().find_map(|line| line.strip_prefix("maxmemory_policy:"));
    match policy.map(str::trim) {
        Some("noeviction") => Ok(()),
        Some(policy) => Err(StartError::Evicts(policy.into())),
        None => Err(StartError::PolicyUnknown),
    }
}

/// Loads the scripts, in a Cluster on every node, and holds their names against those they are run by.
pub(super) async fn load(
    connection: &mut impl ConnectionLike,
    scripts: &mut Scripts,
) -> Result<(), StartError> {
    for script in [&mut scripts.admit, &mut scripts.settle] {
        let command = redis::cmd("SCRIPT").arg("LOAD").arg(&script.text).to_owned();
        let name = match ask(connection, &command).await {
            Ok(Value::BulkString(name)) => String::from_utf8_lossy(&name).into_owned(),
            Ok(_) => return Err(StartError::ScriptsChanged),
            Err(error) if error.is_io_error() => return Err(StartError::Unreachable(error)),
            Err(error) => return Err(StartError::ScriptsRefused(error)),
        };
        if script.sha1.is_empty() {
            script.sha1 = name;
        } else if script.sha1 != name {
            return Err(StartError::ScriptsChanged);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_19_a_server_that_evicts_or_does_not_say_is_refused() {
        let info = |text: &str| check_policy(&Value::BulkString(text.as_bytes().to_vec()));
        assert!(info("# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n").is_ok());
        let evicts = info("maxmemory_policy:allkeys-lru\r\n");
        assert!(matches!(evicts, Err(StartError::Evicts(policy)) if policy == "allkeys-lru"));
        assert!(matches!(info("# Memory\r\n"), Err(StartError::PolicyUnknown)));
        assert!(matches!(check_policy(&Value::Nil), Err(StartError::PolicyUnknown)));
    }
}
