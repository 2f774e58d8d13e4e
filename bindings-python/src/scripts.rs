//! The Lua and the SQL that every language runs as they are; the package brings the client.

use consentgate_postgres::{MIGRATIONS, PREFLIGHT};
use consentgate_redis::{ADMIT, SETTLE};
use pyo3::{prelude::*, types::PyTuple};

pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("ADMIT_LUA", ADMIT)?;
    module.add("SETTLE_LUA", SETTLE)?;
    module.add("POSTGRES_MIGRATIONS", PyTuple::new(module.py(), MIGRATIONS)?)?;
    module.add("POSTGRES_PREFLIGHT", PREFLIGHT)
}
