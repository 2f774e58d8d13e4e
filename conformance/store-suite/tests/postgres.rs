//! Postgres passes the whole list, in a database of its own; asked directly, and through PgBouncer in transaction mode.
#![allow(clippy::unwrap_used, clippy::panic)]

use consentgate::{AsyncPerform, Effect, Reply, Stores, Timestamp};
use consentgate_postgres::{
    Postgres, connect, migrate,
    tokio_postgres::{self, Client, NoTls},
};
use consentgate_store_suite::{Subject, Suite, report};
use std::{
    env, process,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};
use tokio::runtime::Runtime;

/// In place of the server's clock: a row that the test sets, found by its key (a table read whole would be compiled).
const CLOCK: &str = "
    create table consentgate.test_clock (one boolean primary key default true, ms bigint not null);
    insert into consentgate.test_clock (ms) values (0);
    create or replace function consentgate.now_ms() returns bigint language sql volatile as $$
        select ms from consentgate.test_clock where one
    $$;";

struct Clocked {
    runtime: Runtime,
    stores: Stores<Postgres, Postgres, Postgres>,
    client: Client,
    server: Client,
    name: String,
}

async fn client_of(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn engine(name: &str) -> String {
    env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set; start the engines: scripts/engines.sh up"))
}

/// The same server and the database of that name.
fn database_at(server: &str, name: &str) -> String {
    let (place, _) = server.rsplit_once('/').unwrap();
    format!("{place}/{name}")
}

static DATABASES: AtomicU32 = AtomicU32::new(0);

impl Clocked {
    /// The store reaches its database through this server, the test itself directly.
    fn through(through: &str) -> Self {
        let server = engine("CONSENTGATE_TEST_POSTGRES_URL");
        let number = DATABASES.fetch_add(1, Relaxed);
        let name = format!("consentgate_suite_{}_{number}", process::id());
        let url = database_at(through, &name);
        let direct = database_at(&server, &name);
        let runtime = Runtime::new().unwrap();
        let (server, client, store) = runtime.block_on(async {
            let server = client_of(&server).await;
            server.batch_execute(&format!("create database {name}")).await.unwrap();
            migrate(&client_of(&url).await).await.unwrap();
            let client = client_of(&direct).await;
            client.batch_execute(CLOCK).await.unwrap();
            // What the test itself writes need not outlive the server.
            client.batch_execute("set synchronous_commit = off").await.unwrap();
            (server, client, connect(&url, 8).unwrap().with_wait(Duration::from_secs(20)))
        });
        let stores = Stores { admission: store.clone(), sessions: store.clone(), calls: store };
        Self { runtime, stores, client, server, name }
    }
}

impl Subject for Clocked {
    fn set_clock(&self, now: Timestamp) {
        let set = format!("update consentgate.test_clock set ms = {}", now.as_millis());
        self.runtime.block_on(self.client.batch_execute(&set)).unwrap();
    }

    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        self.runtime.block_on(self.stores.perform(effect, now))
    }
}

impl Drop for Clocked {
    fn drop(&mut self) {
        let drop = format!("drop database if exists {} with (force)", self.name);
        let _ = self.runtime.block_on(self.server.batch_execute(&drop));
    }
}

fn passes(subject: &Clocked) {
    let mut failures = Suite::all().run(subject);
    failures.extend(Suite::all().races(subject));
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), report(&failures));
}

#[test]
fn field_30_the_laws_hold_in_postgres() {
    passes(&Clocked::through(&engine("CONSENTGATE_TEST_POSTGRES_URL")));
}

/// Statements of one client go over several connections, and those of several clients over one.
#[test]
fn field_37_the_laws_hold_in_postgres_behind_pgbouncer() {
    passes(&Clocked::through(&engine("CONSENTGATE_TEST_PGBOUNCER_URL")));
}
