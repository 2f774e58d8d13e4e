//! Sends the conversions that are due: take, send, say how that went. Run as many as you like.

use consentgate::{Conversion, ConversionResult, Outcome};
use consentgate_example_axum::{Failure, Gate, config, gate};
use serde_json::Value;
use std::{env, time::Duration};

/// Stands for whoever takes conversions: here they are printed, by the id of their call alone. A real one is told the
/// call's id as well, so that it can see a conversion that comes twice.
async fn send(job: &Conversion) -> ConversionResult {
    println!("conversion of call {}", job.call_id());
    ConversionResult::Sent
}

/// What is not told is sent again.
async fn finish(gate: &Gate, job: &Conversion, result: ConversionResult) {
    for pause_s in [1, 2, 4, 0] {
        let decision = gate.finish_conversion(job, result, None).await;
        if decision.outcome() != Outcome::Unavailable {
            return;
        }
        tokio::time::sleep(Duration::from_secs(pause_s)).await;
    }
}

/// One round over all sites; how many conversions left the queue, sent or cancelled.
async fn work(gate: &Gate, sites: &[String]) -> u64 {
    let mut taken = 0;
    for site in sites {
        let decision = gate.take_conversions(site, 20, None).await;
        if decision.outcome() == Outcome::Unavailable {
            eprintln!("take: {}", decision.reason());
        }
        taken += decision.cancelled();
        for job in decision.conversions() {
            let result = send(job).await;
            finish(gate, job, result).await;
            taken += 1;
        }
    }
    taken
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let once = env::args().any(|argument| argument == "--once");
    let text = config()?;
    let gate = gate(&text).await?;
    let config: Value = serde_json::from_slice(&text)?;
    let sites = config.get("sites").and_then(Value::as_object);
    let sites: Vec<_> = sites.into_iter().flat_map(|sites| sites.keys().cloned()).collect();
    loop {
        let taken = work(&gate, &sites).await;
        let _purged = gate.purge(1000, None).await;
        match (taken, once) {
            (0, true) => return Ok(()),
            (0, false) => tokio::time::sleep(Duration::from_secs(5)).await,
            _ => {}
        }
    }
}
