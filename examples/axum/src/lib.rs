//! The stores that the environment names; without a name everything is in memory.
//!
//! `GATE_SQLITE` is a file for all roles. `GATE_DATABASE_URL` is a Postgres for all roles, and `GATE_REDIS_URL` takes
//! admission over from it.

use consentgate::{
    AsyncGate, BoxedAdmission, BoxedCalls, BoxedSessions, BoxedStores, Config, Memory, Stores,
    SystemClock, TokioTimer,
};
use std::{env, error::Error, fs};

/// The gate of both programs.
pub type Gate = AsyncGate<BoxedStores, SystemClock, TokioTimer>;

/// Whatever keeps a program from starting.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The text of the configuration.
///
/// # Errors
/// There is no such file.
pub fn config() -> Result<Vec<u8>, Failure> {
    Ok(fs::read(env::var("GATE_CONFIG").unwrap_or("examples/config.json".into()))?)
}

/// The gate over the stores that the environment names.
///
/// # Errors
/// The configuration has faults, or a store cannot be used.
pub async fn gate(config: &[u8]) -> Result<Gate, Failure> {
    let config = Config::from_json(config)?;
    let stores = stores(&config).await?;
    Ok(AsyncGate::new(config, stores, SystemClock, TokioTimer)?)
}

async fn stores(config: &Config) -> Result<BoxedStores, Failure> {
    if let Ok(path) = env::var("GATE_SQLITE") {
        let file = consentgate_sqlite::Sqlite::open(&path)?;
        return Ok(Stores {
            admission: BoxedAdmission::new(file.clone()),
            sessions: BoxedSessions::new(file.clone()),
            calls: BoxedCalls::new(file),
        });
    }
    let Stores { admission, sessions, calls } = match env::var("GATE_DATABASE_URL") {
        Ok(url) => {
            let database = consentgate_postgres::connect(&url, 16)?;
            Stores {
                admission: BoxedAdmission::new(database.clone()),
                sessions: BoxedSessions::new(database.clone()),
                calls: BoxedCalls::new(database),
            }
        }
        Err(_) => {
            let memory = Memory::new(&config.common().caps);
            Stores {
                admission: BoxedAdmission::new(memory.clone()),
                sessions: BoxedSessions::new(memory.clone()),
                calls: BoxedCalls::new(memory),
            }
        }
    };
    let admission = match env::var("GATE_REDIS_URL") {
        Ok(url) => BoxedAdmission::new(consentgate_redis::connect(&url).await?),
        Err(_) => admission,
    };
    Ok(Stores { admission, sessions, calls })
}
