//! The command, as an operator runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_consentgate-postgres"));
    command.args(arguments).env_remove("GATE_DATABASE_URL").output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
        + &String::from_utf8(output.stderr.clone()).unwrap()
}

/// A database of its own, dropped by the end of the test.
struct Database(String);

impl Database {
    fn new() -> Self {
        let database = Self(format!("consentgate_command_{}", std::process::id()));
        database.on_server(&format!("create database {}", database.0));
        database
    }

    fn server() -> String {
        std::env::var("CONSENTGATE_TEST_POSTGRES_URL").expect(
            "CONSENTGATE_TEST_POSTGRES_URL is missing: start the engines: scripts/engines.sh up",
        )
    }

    fn url(&self) -> String {
        let server = Self::server();
        format!("{}/{}", server.rsplit_once('/').unwrap().0, self.0)
    }

    fn on_server(&self, sql: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let postgres = consentgate_postgres::connect(&Self::server(), 1).unwrap();
            postgres.pool().get().await.unwrap().batch_execute(sql).await.unwrap();
        });
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.on_server(&format!("drop database if exists {} with (force)", self.0));
    }
}

#[test]
fn the_preflight_fails_until_the_migrations_are_applied() {
    let database = Database::new();
    let url = database.url();
    let before = run(&["preflight", "--url", &url]);
    assert_eq!(before.status.code(), Some(1));
    assert!(out(&before).contains("FAIL schema: missing"), "{}", out(&before));
    let migrated = run(&["migrate", "--url", &url]);
    assert_eq!(migrated.status.code(), Some(0), "{}", out(&migrated));
    let after = run(&["preflight", "--url", &url]);
    assert_eq!(after.status.code(), Some(0), "{}", out(&after));
    assert!(!out(&after).contains("FAIL"));
    let purged = run(&["purge", "--url", &url, "--limit", "5"]);
    assert_eq!(out(&purged), "admission: 0, sessions: 0, calls: 0\n");
}

#[test]
fn the_sql_is_printed_whole_and_in_order() {
    let printed = run(&["sql"]);
    assert_eq!(printed.status.code(), Some(0));
    let all: String = consentgate_postgres::MIGRATIONS.iter().map(|(_, sql)| *sql).collect();
    assert_eq!(out(&printed), all);
}

#[test]
fn what_is_not_understood_is_told_and_nothing_is_done() {
    let cases: [&[&str]; 6] = [
        &[],
        &["drop"],
        &["migrate"],
        &["migrate", "--url"],
        &["preflight", "--limit", "5", "--url", "x"],
        &["purge", "--url", "x", "--limit", "many"],
    ];
    for arguments in cases {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(out(&output).starts_with("usage: "), "{arguments:?}");
    }
}

#[test]
fn law_12_no_message_holds_the_password() {
    for url in ["postgresql://gate:hunter2@127.0.0.1:1/none", "postgres//gate:hunter2@nowhere"] {
        let output = run(&["preflight", "--url", url]);
        assert_eq!(output.status.code(), Some(1));
        assert!(!out(&output).contains("hunter2"), "{}", out(&output));
    }
}
