//! A database for each test that runs, made from one template, with a clock that the test sets.

use consentgate::{StoreError, Timestamp};
use consentgate_postgres::{
    Failure, Postgres, connect, migrate,
    tokio_postgres::{self, Client, NoTls},
};
use std::{
    error::Error,
    future::Future,
    process,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

/// Some time in 2026.
pub const START: i64 = 1_790_000_000_000;

/// In place of the server's clock: a row that the test sets; without a row the clock itself. The row has a key: where
/// the schema forbids to read tables whole, reading one all the same would seem worth compiling (JIT), which takes
/// longer than most tests.
const TEST_CLOCK: &str = "
    create table consentgate.test_clock (one boolean primary key default true, ms bigint not null);
    create or replace function consentgate.now_ms() returns bigint language sql volatile as $$
        select coalesce((select ms from consentgate.test_clock where one),
            floor(extract(epoch from clock_timestamp()) * 1000)::bigint)
    $$;";

/// What is left as it was found may be used again: making and dropping databases takes longer than most tests.
#[derive(Default)]
struct Databases {
    number: u32,
    in_use: u32,
    free: Vec<String>,
    all: Vec<String>,
}

/// Whoever still waits in this database is sent away first.
const CLEAN: &str = "
    select pg_terminate_backend(pid, 5000) from pg_stat_activity
        where datname = current_database() and usename = current_user and pid <> pg_backend_pid();
    delete from consentgate.calls; delete from consentgate.sessions; delete from consentgate.floors;
    delete from consentgate.tombstones; delete from consentgate.statements; delete from consentgate.usage;
    delete from consentgate.claims; delete from consentgate.buckets; delete from consentgate.security_audit_logs;
    delete from consentgate.admission_usage;
    delete from consentgate.test_clock;";

static DATABASES: Mutex<Databases> =
    Mutex::new(Databases { number: 0, in_use: 0, free: Vec::new(), all: Vec::new() });

pub fn server() -> String {
    std::env::var("CONSENTGATE_TEST_POSTGRES_URL").expect(
        "CONSENTGATE_TEST_POSTGRES_URL is missing: start the engines: scripts/engines.sh up",
    )
}

impl Databases {
    fn create(&mut self, template: &str) -> String {
        let name = format!("consentgate_test_{}_{}", process::id(), self.number);
        self.number += 1;
        let sql = format!("create database {name} template {template}");
        on_server(sql);
        self.all.push(name.clone());
        name
    }

    /// The first of all has the schema, and nothing else is ever done with it.
    fn template(&mut self) -> String {
        if let Some(template) = self.all.first() {
            return template.clone();
        }
        let template = self.create("template0");
        let url = url_of(&template);
        apart(async move {
            let client = client_of(&url).await;
            migrate(&client).await.unwrap();
            client.batch_execute(TEST_CLOCK).await.unwrap();
        });
        template
    }
}

/// A database that is another test's only after it was given back.
pub struct Database {
    name: String,
    spoilt: AtomicBool,
}

impl Database {
    /// Without anything in it.
    pub fn empty() -> Self {
        let mut databases = DATABASES.lock().unwrap();
        databases.template();
        databases.in_use += 1;
        Self { name: databases.create("template0"), spoilt: true.into() }
    }

    /// With the schema, and without a row.
    fn ready() -> Self {
        let mut databases = DATABASES.lock().unwrap();
        databases.in_use += 1;
        let template = databases.template();
        let free = databases.free.pop();
        Self { name: free.unwrap_or_else(|| databases.create(&template)), spoilt: false.into() }
    }

    /// Other than rows was changed: nobody else is to use it.
    pub fn spoil(&self) {
        self.spoilt.store(true, Relaxed);
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn url(&self) -> String {
        url_of(&self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let clean = !self.spoilt.load(Relaxed) && !thread::panicking();
        if clean {
            let url = self.url();
            apart(async move { client_of(&url).await.batch_execute(CLEAN).await.unwrap() });
        }
        let mut databases = DATABASES.lock().unwrap();
        databases.in_use -= 1;
        if clean {
            databases.free.push(self.name.clone());
        }
        if databases.in_use == 0 {
            databases.free.clear();
            for name in std::mem::take(&mut databases.all) {
                on_server(format!("drop database if exists {name} with (force)"));
            }
        }
    }
}

fn url_of(name: &str) -> String {
    let server = server();
    let (server, _) = server.rsplit_once('/').expect("a URL with a database");
    format!("{server}/{name}")
}

fn on_server(sql: String) {
    apart(async move { client_of(&server()).await.batch_execute(&sql).await.unwrap() });
}

/// On a thread of its own, so that it can be waited for anywhere.
fn apart(work: impl Future<Output = ()> + Send + 'static) {
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(work);
    };
    thread::spawn(run).join().expect("the work on databases");
}

pub async fn client_of(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

pub struct World {
    pub store: Postgres,
    pub client: Client,
    pub database: Database,
}

impl World {
    /// By the server's clock.
    pub async fn new() -> Self {
        let database = Database::ready();
        let url = database.url();
        // A machine that is busy with other tests is not what these are about.
        // Neither is what a crash of the server leaves.
        let hasty = format!("{url}?options=-c%20synchronous_commit%3Doff");
        let store = connect(&hasty, 40).unwrap().with_wait(Duration::from_secs(20));
        Self { store, client: client_of(&url).await, database }
    }

    /// At a time that the test sets.
    pub async fn at(ms: i64) -> Self {
        let world = Self::new().await;
        world
            .run("set synchronous_commit = off; insert into consentgate.test_clock (ms) values (0)")
            .await;
        world.set(ms).await;
        world
    }

    pub async fn set(&self, ms: i64) {
        self.run(&format!("update consentgate.test_clock set ms = {ms} where one")).await;
    }

    pub async fn run(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap();
    }

    pub async fn count(&self, sql: &str) -> i64 {
        self.client.query_one(sql, &[]).await.unwrap().get(0)
    }

    pub async fn another_client(&self) -> Client {
        client_of(&self.database.url()).await
    }
}

/// The reply, or what the source of the error says.
fn sound<T>(reply: Result<T, StoreError>) -> T {
    reply.unwrap_or_else(|error| panic!("{error}: {:?}", error.source()))
}

/// The reply in the end: who waits too long for a lock is told so, and comes again, as an honest sender does.
pub async fn patient<T, F: Future<Output = Result<T, StoreError>>>(ask: impl Fn() -> F) -> T {
    for _ in 0..100 {
        match ask().await {
            Err(error) if sqlstate(&error) == Some("55P03") => assert!(error.is_unwritten()),
            reply => return sound(reply),
        }
    }
    panic!("a lock is never given back");
}

pub fn sqlstate(error: &StoreError) -> Option<&str> {
    error.source()?.downcast_ref::<Failure>()?.sqlstate()
}

/// What the store is given and does not look at.
pub const NOW: Timestamp = Timestamp::MIN;
