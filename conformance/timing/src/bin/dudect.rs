//! Times of refusals that must not differ, against each other: a fixed number of each, in an order drawn at random.
//!
//! A machine that is busy makes differences where there are none, and so does where a process happens to have put its
//! things in memory. So what differs is measured again, a few times, each time by a new process; of a leak the same one
//! takes longer each time.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use consentgate_timing::{
    pairs::{ALL, Named},
    statistics::{Difference, EFFECT_MAX, T_MAX},
};
use std::{env, hint::black_box, process::Command, time::Instant};

/// Times of each of the two.
const SAMPLES: usize = 20_000;
/// How often what differs is measured at the most.
const ROUNDS: u64 = 6;

/// Without arguments: all pairs. With the place of a pair and a round: measures it, and tells the effect and t.
fn main() {
    let args: Vec<u64> = env::args().skip(1).map(|arg| arg.parse().unwrap()).collect();
    match args[..] {
        [] => all(),
        [place, round] => {
            let Difference { effect, t } = measured(&ALL[usize::try_from(place).unwrap()], round);
            println!("{effect} {t}");
        }
        _ => panic!("nothing, or the place of a pair and a round"),
    }
}

fn all() {
    let mut failed = 0;
    for (place, named) in ALL.iter().enumerate() {
        let holds = differs(place, named) == named.is_leak;
        failed += usize::from(!holds);
        println!("{} {}", if holds { "ok    " } else { "FAILED" }, named.name);
    }
    println!("{} passed, {failed} failed", ALL.len() - failed);
    std::process::exit(i32::from(failed > 0));
}

/// Whether two things differ in each round, the same one longer; the rounds end with the first in which it is not.
fn differs(place: usize, named: &Named) -> bool {
    let mut longer = None;
    for round in 1..=ROUNDS {
        let found = apart(place, round);
        let Difference { effect, t } = found;
        println!("       {}: effect {:.2} %, t {t:.1}, round {round}", named.name, effect * 100.0);
        if found.longer().is_none() || found.longer() != *longer.get_or_insert(found.longer()) {
            return false;
        }
    }
    println!("       more than {} % or t {T_MAX} in {ROUNDS} rounds", EFFECT_MAX * 100.0);
    true
}

/// Measures in a process of its own.
fn apart(place: usize, round: u64) -> Difference {
    let args = [place.to_string(), round.to_string()];
    let output = Command::new(env::current_exe().unwrap()).args(args).output().unwrap();
    let (told, complaint) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr));
    assert!(output.status.success(), "{}", complaint.unwrap());
    let told: Vec<f64> = told.unwrap().split_whitespace().map(|n| n.parse().unwrap()).collect();
    Difference { effect: told[0], t: told[1] }
}

fn measured(named: &Named, round: u64) -> Difference {
    let mut random = Xorshift(0x9e37_79b9_7f4a_7c15 ^ round);
    // The system draws where the heap begins, but only to the page: within it things lie elsewhere in each round too.
    let displaced = usize::try_from(random.next() % 4096).unwrap();
    let _displaced = black_box(vec![0_u8; displaced]);
    let mut pair = (named.make)();
    let mut times = [Vec::with_capacity(SAMPLES), Vec::with_capacity(SAMPLES)];
    for warm in 0..1000 {
        pair.write(warm % 2);
        pair.check(warm % 2, pair.ask());
    }
    while times.iter().any(|own| own.len() < SAMPLES) {
        // Which of the two comes next follows from nothing that is measured.
        let which = usize::from(random.next() >> 40 & 1 == 1);
        pair.write(which);
        let start = Instant::now();
        let reason = pair.ask();
        let time = u64::try_from(start.elapsed().as_nanos()).unwrap();
        pair.check(which, reason);
        times[which].push(time);
    }
    Difference::between(&times[0], &times[1])
}

/// Random numbers (Marsaglia).
struct Xorshift(u64);

impl Xorshift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
