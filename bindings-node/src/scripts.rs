//! The scripts of Redis and Postgres, which every language runs as they are.

use napi_derive::napi;

/// What the stores over a client of the host's run.
#[napi(object, object_from_js = false)]
pub struct Scripts {
    /// The request `admit`, in Lua.
    pub admit: &'static str,
    /// The request `settle`, in Lua.
    pub settle: &'static str,
    /// What makes the schema, in order.
    pub migrations: Vec<Migration>,
    /// Whether the database is as it has to be.
    pub preflight: &'static str,
}

/// A step of the schema.
#[napi(object, object_from_js = false)]
pub struct Migration {
    /// What it is called.
    pub name: &'static str,
    /// What it does.
    pub sql: &'static str,
}

/// All scripts.
#[napi(catch_unwind)]
pub fn scripts() -> Scripts {
    let migrations = consentgate_postgres::MIGRATIONS.iter();
    Scripts {
        admit: consentgate_redis::ADMIT,
        settle: consentgate_redis::SETTLE,
        migrations: migrations.map(|(name, sql)| Migration { name, sql }).collect(),
        preflight: consentgate_postgres::PREFLIGHT,
    }
}
