//! Several processes on one file, killed ones, and forked ones. The children are this program itself.
#![allow(missing_docs)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "all of it is a test")]

mod audit;
mod child;
mod fork;
mod given;
mod parent;

use std::{env, panic, process::ExitCode};

const TESTS: [(&str, fn()); 10] = [
    ("law_3_two_processes_with_the_same_events_make_one_row_of_each", parent::same_events),
    ("law_8_two_busy_processes_both_get_their_turn", parent::both_get_their_turn),
    ("field_24_every_answered_event_survives_a_kill", parent::killed),
    ("law_11_a_violation_that_was_answered_survives_any_kill_and_is_there_once", audit::killed),
    ("a_file_that_may_not_be_written_is_said_to_be_read_only", parent::read_only),
    ("field_41_a_child_forked_before_the_first_call_has_a_store", fork::before_the_first_call),
    ("field_41_a_child_forked_from_an_open_store_has_none", fork::while_open),
    ("field_41_a_child_forked_while_suspended_has_a_store", fork::while_suspended),
    ("field_41_a_child_forked_from_a_memory_store_has_none", fork::beside_memory),
    ("field_41_a_child_forked_between_two_calls_has_the_audit", audit::forked),
];

fn main() -> ExitCode {
    if let Ok(role) = env::var(given::ROLE) {
        child::run(&role);
        return ExitCode::SUCCESS;
    }
    let filter = env::args().skip(1).find(|argument| !argument.starts_with('-'));
    if env::args().any(|argument| argument == "--list") {
        for (name, _) in TESTS {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    let chosen = TESTS.iter().filter(|(name, _)| filter.as_ref().is_none_or(|f| name.contains(f)));
    let (mut passed, mut failed) = (0, 0);
    for (name, test) in chosen {
        let sound = panic::catch_unwind(test).is_ok();
        println!("test {name} ... {}", if sound { "ok" } else { "FAILED" });
        if sound { passed += 1 } else { failed += 1 }
    }
    let result = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {result}. {passed} passed; {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
