//! Postgres passes the whole list, in a database of its own.
#![allow(clippy::unwrap_used, clippy::panic)]

use consentgate::{AsyncPerform, Effect, Reply, Stores, Timestamp};
use consentgate_postgres::{
    Postgres, connect, migrate,
    tokio_postgres::{self, Client, NoTls},
};
use consentgate_store_suite::{Subject, Suite, report};
use std::{env, process, time::Duration};
use tokio::runtime::Runtime;

/// In place of the server's clock: a row that the test sets.
const CLOCK: &str = "
    create table consentgate.test_clock (ms bigint not null);
    insert into consentgate.test_clock values (0);
    create or replace function consentgate.now_ms() returns bigint language sql volatile as $$
        select ms from consentgate.test_clock
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

impl Clocked {
    fn new() -> Self {
        let server = env::var("CONSENTGATE_TEST_POSTGRES_URL").unwrap_or_else(|_| {
            panic!(
                "CONSENTGATE_TEST_POSTGRES_URL is not set; start the engines: scripts/engines.sh up"
            )
        });
        let name = format!("consentgate_suite_{}", process::id());
        let (place, _) = server.rsplit_once('/').unwrap();
        let url = format!("{place}/{name}");
        let runtime = Runtime::new().unwrap();
        let (server, client, store) = runtime.block_on(async {
            let server = client_of(&server).await;
            server.batch_execute(&format!("create database {name}")).await.unwrap();
            let client = client_of(&url).await;
            migrate(&client).await.unwrap();
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

#[test]
fn field_30_the_laws_hold_in_postgres() {
    let subject = Clocked::new();
    let mut failures = Suite::all().run(&subject);
    failures.extend(Suite::all().races(&subject));
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), report(&failures));
}
