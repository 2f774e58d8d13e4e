//! What happens in a run: made of a seed beforehand, so that any part of it can be left out.

use super::run::{Broken, Seeded, run};
use crate::tenants::Attempt;

/// One thing that happens. Numbers choose among what there is; each is taken modulo how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Op {
    /// A delivery begins.
    Send { gate: u8, event: u8, how: Delivery },
    /// A delivery begins for work of the host's own; a step of it while the host is at work ends that work.
    Hook { gate: u8, hook: u8, how: Delivery },
    /// A device's request begins: a new one, or an earlier one once more.
    Ask { gate: u8, which: u8, how: Delivery },
    /// A browser's statement begins; `ago_ms` before now, or ahead.
    Say { gate: u8, person: u8, scopes: u8, ago_ms: i32 },
    /// An earlier statement arrives once more.
    SayAgain { gate: u8, which: u8 },
    /// A sale of a call that is known.
    Sell { gate: u8, which: u8 },
    /// Jobs are taken, or the last one taken is said to be sent.
    Take { gate: u8, finish: bool },
    /// A flow's open request meets this.
    Step { flow: u8, fate: Fate },
    /// A request that was on its way arrives.
    Arrive { which: u8 },
    /// Time goes on, everywhere.
    Pass { ms: u32 },
    /// A gate's clock steps.
    Step10 { gate: u8, ms: i32 },
    /// A place is cut off, or no more.
    Cut { place: u8, off: bool },
    /// The store of admissions fails over and loses its last effects.
    FailOver { lost: u8 },
    /// A gate goes on to the next list of keys.
    Rotate { gate: u8 },
    /// Many strange events of another site.
    Flood { gate: u8, events: u8 },
    /// What is over is dropped.
    Purge,
    /// Somebody tries something at a tenant.
    Try { gate: u8, attempt: Attempt },
}

/// How an event is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Delivery {
    Anew,
    Copy,
    StrippedToFirst,
    StrippedToLast,
    Respelled,
    Forged,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Fate {
    Done,
    Doubled,
    Unwritten,
    Lost,
    Delayed,
    ReplyLost,
    Crash,
    CrashAfter,
    Abort,
}

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.roll() % most
    }

    #[expect(clippy::cast_possible_truncation, reason = "a die of 256 sides")]
    fn byte(&mut self) -> u8 {
        self.roll() as u8
    }

    #[expect(clippy::cast_possible_truncation, reason = "within 32 bits")]
    fn ms(&mut self, from: i64, to: i64) -> i32 {
        (from + (self.below((to - from).unsigned_abs())) as i64) as i32
    }
}

/// What happens in the run of a seed.
#[must_use]
pub fn plan(seed: u64, length: usize) -> Vec<Op> {
    let mut dice = Dice(seed);
    // Some runs are calm, some are storms.
    let calm = 60 + dice.below(40);
    // Of a die of their own: nothing else goes another way for them.
    let mut guard = Dice(!seed);
    (0..length).flat_map(|_| [Some(op(&mut dice, calm)), tries(&mut guard)]).flatten().collect()
}

fn tries(dice: &mut Dice) -> Option<Op> {
    let [gate, who, named, need, operation] = [(); 5].map(|()| dice.byte());
    let attempt = Attempt { who, named, need, operation };
    (dice.below(20) == 0).then_some(Op::Try { gate, attempt })
}

fn op(dice: &mut Dice, calm: u64) -> Op {
    let gate = dice.byte();
    match dice.below(1000) {
        0..85 => Op::Send { gate, event: dice.byte(), how: delivery(dice) },
        85..105 => Op::Hook { gate, hook: dice.byte(), how: delivery(dice) },
        105..120 => Op::Ask { gate, which: dice.byte(), how: delivery(dice) },
        120..155 => {
            let ago_ms = dice.ms(-20_000, 60_000);
            Op::Say { gate, person: dice.byte(), scopes: dice.byte(), ago_ms }
        }
        155..165 => Op::SayAgain { gate, which: dice.byte() },
        165..175 => Op::Sell { gate, which: dice.byte() },
        175..190 => Op::Take { gate, finish: dice.below(2) == 0 },
        190..900 => Op::Step { flow: dice.byte(), fate: fate(dice, calm) },
        900..930 => Op::Arrive { which: dice.byte() },
        930..970 => Op::Pass { ms: dice.ms(1, 20_000).unsigned_abs() },
        970..975 => Op::Pass { ms: dice.ms(20_000, 90_000).unsigned_abs() },
        975..982 => Op::Step10 { gate, ms: dice.ms(-20_000, 20_000) },
        982..988 => Op::Cut { place: dice.byte(), off: dice.below(3) == 0 },
        988..990 => Op::FailOver { lost: dice.byte() },
        990..994 => Op::Rotate { gate },
        994..998 => Op::Flood { gate, events: dice.byte() },
        _ => Op::Purge,
    }
}

fn delivery(dice: &mut Dice) -> Delivery {
    match dice.below(10) {
        0..4 => Delivery::Anew,
        4..6 => Delivery::Copy,
        6 => Delivery::StrippedToFirst,
        7 => Delivery::StrippedToLast,
        8 => Delivery::Respelled,
        _ => Delivery::Forged,
    }
}

fn fate(dice: &mut Dice, calm: u64) -> Fate {
    if dice.below(100) < calm {
        return Fate::Done;
    }
    match dice.below(8) {
        0 => Fate::Doubled,
        1 => Fate::Unwritten,
        2 => Fate::Lost,
        3 => Fate::Delayed,
        4 => Fate::ReplyLost,
        5 => Fate::Crash,
        6 => Fate::CrashAfter,
        _ => Fate::Abort,
    }
}

/// As little of a run as still breaks a law: parts are left out as long as it does, large ones first.
#[must_use]
pub fn shrink(ops: &[Op], seeded: Option<Seeded>) -> (Vec<Op>, Option<Broken>) {
    let mut left = ops.to_vec();
    let mut broken = run(&left, seeded).err();
    let Some(first) = &broken else { return (left, None) };
    left.truncate(first.at + 1);
    let mut part = left.len().div_ceil(2);
    loop {
        let (mut at, before) = (0, left.len());
        while at < left.len() {
            let mut without = left.clone();
            without.drain(at..(at + part).min(left.len()));
            match run(&without, seeded) {
                Err(found) => (left, broken) = (without, Some(found)),
                Ok(_) => at += part,
            }
        }
        if part == 1 && left.len() == before {
            return (left, broken);
        }
        part = part.div_ceil(2);
    }
}
