//! Many at once: what no sequence of calls can show. Each round at a site of its own.

mod admission;
mod calls;
mod sessions;
mod together;

use crate::{
    fields::Odd,
    reply, request,
    run::{Failure, Subject},
};
use consentgate_core::{Effect, Role, Timestamp};
use serde_json::{Value, json};
use std::{sync::Barrier, thread};

const NOW_MS: i64 = 1_700_000_000_000;
/// How many ask at once.
const MANY: usize = 8;
/// For how many there is room in a race for it.
const ROOM: usize = 5;
/// How often each race is run.
const ROUNDS: usize = 10;

/// A law that a race is there for: its name, what it proves, and what goes wrong, if anything.
type Race = (&'static str, &'static [&'static str], fn(&Ring<'_>) -> Result<(), String>);

/// Where a race is run.
struct Ring<'a> {
    subject: &'a dyn Subject,
    site: String,
}

pub(crate) fn run(
    roles: &[Role],
    together: bool,
    prefix: &str,
    subject: &dyn Subject,
) -> Vec<Failure> {
    let mut races: Vec<Race> = Vec::new();
    for role in roles {
        races.extend(match role {
            Role::Admission => admission::RACES,
            Role::Sessions => sessions::RACES,
            Role::Calls => calls::RACES,
        });
    }
    if together {
        races.extend(together::RACES);
    }
    let mut failures = Vec::new();
    for (number, (name, proves, race)) in races.into_iter().enumerate() {
        for round in 0..ROUNDS {
            let ring = Ring { subject, site: format!("{prefix}r{number}-{round}") };
            ring.clock(0);
            if let Err(wrong) = race(&ring) {
                failures.push(Failure::race(name, proves, format!("round {round}: {wrong}")));
                break;
            }
        }
    }
    failures
}

impl Ring<'_> {
    /// Sets the clock to so many milliseconds after the start.
    fn clock(&self, after: i64) {
        self.subject.set_clock(at(after));
    }

    /// Asks at a time after the start, at this race's site.
    fn ask(&self, after: i64, role: Role, method: &str, mut request: Value) -> Result<Value, Odd> {
        if let Some(request) = request.as_object_mut() {
            request.insert("site".to_owned(), json!(self.site));
        }
        let perform = |effect: &Effect<'_>| self.subject.perform(effect, at(after));
        reply::written(&request::with_effect(role, method, &request, perform)?)
    }

    /// What each of many is answered that ask at the same moment.
    fn at_once(
        &self,
        after: i64,
        role: Role,
        method: &str,
        request: impl Fn(usize) -> Value + Sync,
    ) -> Result<Vec<Value>, Odd> {
        many(|number| self.ask(after, role, method, request(number)))
    }
}

/// Each of many does its work, all beginning at the same moment.
fn many<T: Send>(work: impl Fn(usize) -> Result<T, Odd> + Sync) -> Result<Vec<T>, Odd> {
    let start = Barrier::new(MANY);
    thread::scope(|scope| {
        let begun: Vec<_> = (0..MANY)
            .map(|number| {
                let (start, work) = (&start, &work);
                scope.spawn(move || {
                    start.wait();
                    work(number)
                })
            })
            .collect();
        begun
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a thread panicked".to_owned())))
            .collect()
    })
}

fn at(after: i64) -> Timestamp {
    Timestamp::from_millis(NOW_MS + after).unwrap_or(Timestamp::MIN)
}

fn outcome(reply: &Value) -> &str {
    reply.get("outcome").and_then(Value::as_str).unwrap_or_default()
}

/// Exactly so many replies have this outcome, and all others that one.
fn split(replies: &[Value], some: &str, count: usize, others: &str) -> Result<(), String> {
    let found = replies.iter().filter(|reply| outcome(reply) == some).count();
    let rest = replies.iter().filter(|reply| outcome(reply) == others).count();
    if found == count && found + rest == replies.len() {
        return Ok(());
    }
    Err(format!("expected {count} `{some}`, and else `{others}`; got {}", json!(replies)))
}

/// All room is given; whoever comes later finds none. At the same moment there may be more.
fn filled(replies: &[Value], some: &str, last: &Value) -> Result<(), String> {
    let found = replies.iter().filter(|reply| outcome(reply) == some).count();
    if found < ROOM {
        return Err(format!("room for {ROOM}, and `{some}` {found} times"));
    }
    split(replies, some, found, "full")?;
    if outcome(last) == "full" {
        return Ok(());
    }
    Err(format!("afterwards, with {found} in room for {ROOM}: {last}"))
}

/// Hex digits that stand for a number.
fn hex(number: usize, digits: usize) -> String {
    format!("{number:0digits$x}")
}

fn person(number: usize) -> Value {
    json!({"fingerprint": format!("p{number}"), "pseudonym": hex(number, 32)})
}

/// Members of both; those of the second where both have one.
fn with(mut request: Value, more: Value) -> Value {
    if let (Some(request), Value::Object(more)) = (request.as_object_mut(), more) {
        request.extend(more);
    }
    request
}
