//! The files of cases: one truth for all languages.

use crate::fields::{Fields, Odd};
use consentgate_core::Role;
use serde_json::Value;

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(include_str!(concat!("../cases/", $name, ".json"))),*]
    };
}

const FILES: [&str; 19] = files![
    "buckets",
    "caps",
    "claims",
    "enqueue",
    "erase",
    "expiry",
    "floors",
    "idempotency",
    "leases",
    "purge",
    "queue",
    "random",
    "record",
    "refunds",
    "room",
    "sessions",
    "sites",
    "versions",
    "withdrawal",
];

/// What a store is asked, and what it has to answer.
#[derive(Clone, Debug)]
pub struct Case {
    /// Unique among all.
    pub name: String,
    /// The laws, and the defects that shipped elsewhere, that it is there for.
    pub proves: Vec<String>,
    /// Who is asked. Sessions and calls together: in one store.
    pub roles: Vec<Role>,
    /// Whether it is for stores that hold the buckets of a site to their bound.
    pub counts_buckets: bool,
    /// In their order.
    pub steps: Vec<Step>,
}

/// One call of a method.
#[derive(Clone, Debug)]
pub struct Step {
    /// The clock, in milliseconds since 1970.
    pub at: i64,
    /// Who is asked.
    pub role: Role,
    /// Of that role.
    pub method: String,
    /// As `docs/stores.md` tells it.
    pub request: Value,
    /// The same, with `$new`, `$is` and `$max` where the store chooses.
    pub reply: Value,
}

/// All cases, in the order of the files.
pub(crate) fn load() -> Result<Vec<Case>, Odd> {
    let mut cases = Vec::new();
    for file in FILES {
        let file: Value = serde_json::from_str(file).map_err(|error| error.to_string())?;
        let file = Fields::of(&file)?;
        let own = file.list("cases")?;
        if file.count("count")? != own.len() as u64 {
            return Err("a file does not hold as many cases as it says".to_owned());
        }
        for case in own {
            cases.push(read_case(case)?);
        }
    }
    Ok(cases)
}

fn read_case(case: &Value) -> Result<Case, Odd> {
    let counts_buckets = case.get("counts_buckets").and_then(Value::as_bool).unwrap_or(false);
    let case = Fields::of(case)?;
    Ok(Case {
        name: case.text("name")?.to_owned(),
        proves: case.each("proves", |law| law.as_str().map(str::to_owned))?,
        roles: case.each("roles", role)?,
        counts_buckets,
        steps: case.list("steps")?.iter().map(read_step).collect::<Result<_, _>>()?,
    })
}

fn read_step(step: &Value) -> Result<Step, Odd> {
    let step = Fields::of(step)?;
    Ok(Step {
        at: step.read("at", Value::as_i64)?,
        role: step.read("role", role)?,
        method: step.text("method")?.to_owned(),
        request: step.get("request")?.clone(),
        reply: step.get("reply")?.clone(),
    })
}

fn role(value: &Value) -> Option<Role> {
    let name = value.as_str()?;
    Role::ALL.into_iter().find(|role| role.as_str() == name)
}
