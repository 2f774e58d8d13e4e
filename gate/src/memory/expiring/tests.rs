#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use proptest::prelude::*;
use std::{cell::Cell, collections::BTreeMap};

struct Value {
    number: u64,
    until: Timestamp,
}

impl Expires for Value {
    fn end(&self) -> Timestamp {
        self.until
    }
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms as i64).unwrap()
}

/// Few hashes, so that many names share one.
fn name(number: u64) -> Name {
    Name::of((u128::from(number % 5) << 64) | u128::from(number))
}

#[derive(Clone, Debug)]
enum Step {
    Put(u64, u64),
    Change(u64, u64),
    Remove(u64),
    DropOne,
    Retain(u64),
    Purge(u64),
    Collect,
    CollectMore,
    /// Later, or earlier: clocks step back.
    Now(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Four chunks.
    let (number, until) = (0..120_u64, 0..300_u64);
    prop::collection::vec(
        prop_oneof![
            12 => (number.clone(), until.clone()).prop_map(|(number, until)| Step::Put(number, until)),
            3 => (number.clone(), until.clone()).prop_map(|(number, until)| Step::Change(number, until)),
            2 => number.prop_map(Step::Remove),
            1 => Just(Step::DropOne),
            1 => (2..6_u64).prop_map(Step::Retain),
            1 => (0..9_u64).prop_map(Step::Purge),
            4 => Just(Step::Collect),
            1 => Just(Step::CollectMore),
            2 => until.prop_map(Step::Now),
        ],
        0..400,
    )
}

/// Everything leads to its entry, and no bound says that nothing ends where something does.
fn is_whole(table: &Expiring<Value>) {
    let entries = table.chunks.iter().flat_map(|chunk| &chunk.entries);
    for (place, (name, value)) in entries.enumerate() {
        assert_eq!(table.place(*name), Some(place));
        assert!(table.chunks[place / CHUNK].soonest <= value.until);
        assert!(table.soonest <= value.until);
        if place / CHUNK < table.turn {
            assert!(table.seen <= value.until);
        }
    }
    let lengths: Vec<usize> = table.chunks.iter().map(|chunk| chunk.entries.len()).collect();
    let (last, full) = lengths.split_last().unwrap_or((&0, &[]));
    assert!(full.iter().all(|length| *length == CHUNK), "{lengths:?}");
    assert_eq!(full.len() * CHUNK + last, table.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn law_9_a_table_is_a_map_that_forgets_nothing_alive_and_only_what_is_over(steps in steps()) {
        let mut table = Expiring::<Value>::default();
        let mut naive: BTreeMap<u64, u64> = BTreeMap::new();
        let mut now = at(100);
        for step in steps {
            let mut dropped = Vec::new();
            let over = |value: Value| dropped.push((value.number, value.until));
            match step {
                Step::Put(number, until) => {
                    let before = table.put(name(number), Value { number, until: at(until) });
                    prop_assert_eq!(before.map(|value| value.until), naive.insert(number, until).map(at));
                }
                Step::Change(number, until) => {
                    let changed = table.change(name(number), now, |value| value.until = at(until));
                    let alive = naive.get_mut(&number).filter(|own| now < at(**own));
                    prop_assert_eq!(changed.is_some(), alive.is_some());
                    alive.into_iter().for_each(|own| *own = until);
                }
                Step::Remove(number) => {
                    let removed = table.remove(name(number)).map(|value| value.until);
                    prop_assert_eq!(removed, naive.remove(&number).map(at));
                }
                Step::DropOne => {
                    let one = table.drop_one();
                    prop_assert_eq!(one.is_some(), !naive.is_empty());
                    one.into_iter().for_each(|one| assert!(naive.remove(&one.number).is_some()));
                }
                Step::Retain(number) => {
                    table.retain(|value| value.number % number != 0);
                    naive.retain(|own, _| own % number != 0);
                }
                Step::Purge(limit) => {
                    let purged = table.purge(limit, now, over);
                    let ended = naive.values().filter(|until| at(**until) <= now).count() as u64;
                    prop_assert_eq!(purged, limit.min(ended));
                }
                Step::Collect => table.collect(now, over),
                Step::CollectMore => {
                    table.collect_more(now, over);
                    let ended = naive.values().any(|until| at(*until) <= now);
                    prop_assert_eq!(!dropped.is_empty(), ended, "a full table gives up something");
                }
                Step::Now(time) => now = at(time),
            }
            for (number, until) in dropped {
                prop_assert!(until <= now);
                prop_assert_eq!(naive.remove(&number).map(at), Some(until));
            }
            is_whole(&table);
            prop_assert_eq!(table.len(), naive.len());
            for (number, until) in &naive {
                let found = table.find(name(*number)).map(|value| value.until);
                prop_assert_eq!(found, Some(at(*until)));
                let alive = table.get(name(*number), now).is_some();
                prop_assert_eq!(alive, now < at(*until));
            }
        }
    }
}

thread_local! {
    static LOOKED_AT: Cell<u64> = const { Cell::new(0) };
}

/// Counts how often somebody looks at when it ends.
struct Counted(Timestamp);

impl Expires for Counted {
    fn end(&self) -> Timestamp {
        LOOKED_AT.set(LOOKED_AT.get() + 1);
        self.0
    }
}

#[test]
fn law_9_no_write_touches_more_than_a_chunk_while_everything_expires() {
    const MANY: u64 = 100_000;
    let mut table = Expiring::default();
    let spread = |number: u64| {
        Name::of(u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
    };
    for number in 0..MANY {
        table.put(spread(number), Counted(at(number / 10)));
    }
    // A write a time: as it is under load, and then what nobody waits for is over all at once.
    let (mut most, mut writes) = (0, 0);
    while table.len() as u64 > writes {
        LOOKED_AT.set(0);
        table.collect(at(if writes < MANY / 20 { writes } else { MANY }), drop);
        table.put(spread(MANY + writes), Counted(Timestamp::MAX));
        most = most.max(LOOKED_AT.get());
        writes += 1;
    }
    // As many as a chunk has are dropped at the most, as many more move into their places, and as many stay.
    assert!(most <= 3 * CHUNK as u64 + 1, "{most}");
    assert!(writes <= MANY / 20 + 2 * MANY / CHUNK as u64, "and all are gone soon: {writes}");
}
