//! The command `consentgate-postgres`: makes the schema, looks whether it is there, drops what is over.

use consentgate_core::{
    Timestamp,
    stores::{AsyncAdmissionStore, AsyncCallStore, AsyncSessionStore, Purge},
};
use consentgate_postgres::{MIGRATIONS, Postgres, connect, migrate, preflight};
use std::{env, process::ExitCode};

const USAGE: &str = "\
usage: consentgate-postgres migrate   [--url URL]              apply all migrations
       consentgate-postgres preflight [--url URL]              check by check, whether all is as the gate needs it
       consentgate-postgres purge     [--url URL] [--limit N]  drop what is over, N entries a role at most (1000)
       consentgate-postgres sql                                print the migrations, for psql
URL is postgresql://user@host:port/database, or the variable GATE_DATABASE_URL. There is no TLS here: where the server
asks for it, use `consentgate-postgres sql | psql URL`.";

/// What was asked for.
struct Asked {
    command: String,
    url: Option<String>,
    limit: u64,
}

fn main() -> ExitCode {
    let Some(asked) = asked(env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&asked) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("consentgate-postgres: {error}");
            ExitCode::FAILURE
        }
    }
}

fn asked(mut arguments: impl Iterator<Item = String>) -> Option<Asked> {
    let command = arguments.next()?;
    if !["migrate", "preflight", "purge", "sql"].contains(&command.as_str()) {
        return None;
    }
    let mut asked = Asked { command, url: env::var("GATE_DATABASE_URL").ok(), limit: 1000 };
    while let Some(option) = arguments.next() {
        let value = arguments.next()?;
        match option.as_str() {
            "--url" => asked.url = Some(value),
            "--limit" if asked.command == "purge" => asked.limit = value.parse().ok()?,
            _ => return None,
        }
    }
    (asked.url.is_some() || asked.command == "sql").then_some(asked)
}

fn run(asked: &Asked) -> Result<bool, Box<dyn std::error::Error>> {
    if asked.command == "sql" {
        for (_, sql) in MIGRATIONS {
            print!("{sql}");
        }
        return Ok(true);
    }
    let postgres = connect(asked.url.as_deref().unwrap_or_default(), 1)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(perform(asked, &postgres))
}

async fn perform(asked: &Asked, postgres: &Postgres) -> Result<bool, Box<dyn std::error::Error>> {
    match asked.command.as_str() {
        "migrate" => {
            migrate(&*postgres.pool().get().await?).await?;
            println!("{} migrations are applied", MIGRATIONS.len());
            Ok(true)
        }
        "preflight" => {
            let checks = preflight(&*postgres.pool().get().await?).await?;
            for check in &checks {
                let sign = if check.ok { "ok  " } else { "FAIL" };
                println!("{sign} {}: {}", check.name, check.found);
                if !check.ok {
                    println!("     {}", check.mend);
                }
            }
            Ok(checks.iter().all(|check| check.ok))
        }
        _ => {
            // Judged by the server's time.
            let (purge, now) = (Purge { limit: asked.limit }, Timestamp::MIN);
            let admission = AsyncAdmissionStore::purge(postgres, &purge, now).await?;
            let sessions = AsyncSessionStore::purge(postgres, &purge, now).await?;
            let calls = AsyncCallStore::purge(postgres, &purge, now).await?;
            println!("admission: {admission}, sessions: {sessions}, calls: {calls}");
            Ok(true)
        }
    }
}
