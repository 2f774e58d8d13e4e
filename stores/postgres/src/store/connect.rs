use super::Postgres;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use std::time::Duration;
use tokio_postgres::{Config, NoTls};

/// How long a connection may take to be made, and what was sent may stay unacknowledged.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is no pool.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address is none. It may hold a password, so it is not shown.
    #[error(
        "the address of the database cannot be read: expected postgresql://user@host:port/database"
    )]
    Address,
    /// The pool must have room for a connection.
    #[error("a pool has room for one connection at least")]
    Size,
}

/// A store with a pool of its own, of at most so many connections, without TLS. No connection is made yet.
///
/// # Errors
/// [`ConnectError`].
pub fn connect(url: &str, connections: usize) -> Result<Postgres, ConnectError> {
    let mut config: Config = url.parse().map_err(|_| ConnectError::Address)?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(PATIENCE);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(PATIENCE);
    }
    if config.get_application_name().is_none() {
        config.application_name("consentgate");
    }
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config, NoTls, recycling);
    if connections == 0 {
        return Err(ConnectError::Size);
    }
    let pool = Pool::builder(manager).max_size(connections).build();
    pool.map(Postgres::new).map_err(|_| ConnectError::Size)
}
