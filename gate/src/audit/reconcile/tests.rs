//! Law 11: whatever happens in between, each violation that was answered is in the table once.

use super::*;
use crate::audit::{
    Journal,
    testing::{Directory, Fault, Table, TestGate, gate, violate},
};
use proptest::prelude::*;
use std::{io::Write, sync::atomic::AtomicBool, time::Duration};

/// A process that writes a journal, as far as the files can tell.
struct Process {
    journal: Journal,
    gate: TestGate,
}

impl Process {
    fn new(directory: &Directory) -> Self {
        let journal = Journal::open(directory.path()).unwrap();
        let gate = gate(&journal);
        Self { journal, gate }
    }
}

#[derive(Clone, Debug)]
enum Happens {
    Violations {
        by: usize,
        times: usize,
    },
    /// The process ends; its last line may be cut short after so many bytes.
    Ends {
        by: usize,
        torn: Option<usize>,
    },
    /// Somebody writes a line into a file whose process has ended.
    Scribbles {
        line: &'static str,
    },
    /// Reconciling ends after so many batches, of which the table fails some.
    Reconciles {
        by: usize,
        batches: usize,
        faults: Vec<Fault>,
    },
}

fn happens() -> impl Strategy<Value = Happens> {
    let faults = prop::sample::select(vec![Fault::None, Fault::Refuses, Fault::Silent]);
    prop_oneof![
        4 => (0..3usize, 0..30usize).prop_map(|(by, times)| Happens::Violations { by, times }),
        2 => (0..3usize, prop::option::of(1..200usize)).prop_map(|(by, torn)| Happens::Ends { by, torn }),
        1 => prop::sample::select(vec!["", "{}", "not a record", "{\"writer\":\"00\"}"])
            .prop_map(|line| Happens::Scribbles { line }),
        3 => (0..3usize, 0..8usize, prop::collection::vec(faults, 0..6))
            .prop_map(|(by, batches, faults)| Happens::Reconciles { by, batches, faults }),
    ]
}

/// A file whose process has ended: none holds it locked.
fn left_behind(directory: &Directory) -> Option<PathBuf> {
    let files = Folder::new(directory.path(), 0).files().unwrap();
    files.into_iter().find(|path| File::open(path).unwrap().try_lock().is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn law_11_wherever_it_ends_each_record_is_in_the_table_once(
        story in prop::collection::vec(happens(), 1..16),
    ) {
        let directory = Directory::new();
        let mut processes: Vec<_> = (0..3).map(|_| Process::new(&directory)).collect();
        let (table, mut written, mut foreign, mut torn) = (Table::default(), 0, 0, 0);
        for next in story {
            match next {
                Happens::Violations { by, times } => {
                    violate(&processes[by].gate, times);
                    written += times;
                }
                Happens::Ends { by, torn: cut } => {
                    processes[by] = Process::new(&directory);
                    let path = left_behind(&directory).filter(|_| cut.is_some());
                    if let (Some(path), Some(cut)) = (path, cut) {
                        let mut bytes = fs::read(&path).unwrap();
                        let is_torn = bytes.last().is_some_and(|byte| *byte != b'\n');
                        let line = bytes.split(|byte| *byte == b'\n').next().unwrap().to_vec();
                        if !is_torn && line.len() > 1 {
                            bytes.extend(line.iter().take(cut));
                            fs::write(&path, bytes).unwrap();
                            torn += 1;
                        }
                    }
                }
                Happens::Scribbles { line } => {
                    if let Some(path) = left_behind(&directory)
                        && fs::read(&path).unwrap().last().is_none_or(|byte| *byte == b'\n')
                    {
                        let mut file = File::options().append(true).open(path).unwrap();
                        file.write_all(format!("{line}\n").as_bytes()).unwrap();
                        foreign += 1;
                    }
                }
                Happens::Reconciles { by, batches, faults } => {
                    *table.faults.lock().unwrap() = faults;
                    let mut pass = processes[by].journal.reconciling();
                    for _ in 0..batches {
                        let Some(batch) = pass.batch() else { break };
                        if super::super::AuditTable::append(&table, batch).is_ok() {
                            pass.kept();
                        }
                    }
                    table.faults.lock().unwrap().clear();
                }
            }
        }
        drop(processes);
        let last = Journal::open(directory.path()).unwrap();
        let result = last.reconcile(&table);
        prop_assert!(result.error.is_none() && result.unreadable == 0, "{result:?}");
        prop_assert_eq!(table.rows.lock().unwrap().len(), written);
        for (_, sequences) in table.by_writer() {
            let all: Vec<u64> = (1..=sequences.len() as u64).collect();
            prop_assert_eq!(sequences, all, "no gap");
        }
        prop_assert!(result.torn <= torn && result.foreign <= foreign);
        drop(last);
        let aside = directory.endings();
        prop_assert!(aside.iter().all(|ending| ending == "foreign"), "{aside:?}");
        prop_assert_eq!(aside.is_empty(), foreign == 0, "what is foreign is not deleted");
    }
}

#[test]
fn law_11_a_torn_line_is_told_apart_from_a_foreign_one() {
    let directory = Directory::new();
    let process = Process::new(&directory);
    violate(&process.gate, 3);
    drop(process);
    let path = left_behind(&directory).unwrap();
    let sound = fs::read_to_string(&path).unwrap();
    let first = sound.lines().next().unwrap();
    let long = "x".repeat(5_000);
    let other = directory.path().join("by hand.jsonl");
    fs::write(&other, format!("{long}\n{}\n\0\0\0", first.replace("\":1,", "\":9,"))).unwrap();
    fs::write(&path, format!("{sound}{}", &first[..40])).unwrap();
    let journal = Journal::open(directory.path()).unwrap();
    let table = Table::default();
    let result = journal.reconcile(&table);
    assert_eq!((result.shipped, result.torn, result.foreign, result.unreadable), (4, 2, 1, 0));
    assert_eq!(table.sequences(), [1, 2, 3, 9]);
    let counts = journal.counts();
    assert_eq!((counts.shipped, counts.torn, counts.foreign), (4, 2, 1));
    assert!(
        fs::read_to_string(directory.path().join("by hand.foreign")).unwrap().starts_with(&long)
    );
    let again = journal.reconcile(&table);
    assert_eq!((again.shipped, again.torn, again.foreign), (0, 0, 0), "each is told once");
}

#[test]
fn law_11_what_is_put_aside_takes_no_others_place() {
    let directory = Directory::new();
    let journal = Journal::open(directory.path()).unwrap();
    for (text, unreadable) in [("one\n", 0), ("two\n", 1)] {
        fs::write(directory.path().join("a.jsonl"), text).unwrap();
        assert_eq!(journal.reconcile(&Table::default()).unreadable, unreadable);
    }
    assert_eq!(fs::read_to_string(directory.path().join("a.foreign")).unwrap(), "one\n");
    assert_eq!(fs::read_to_string(directory.path().join("a.jsonl")).unwrap(), "two\n");
}

#[test]
fn law_11_a_file_that_is_still_written_goes_into_the_table_and_stays() {
    let directory = Directory::new();
    let (writer, other) = (Process::new(&directory), Process::new(&directory));
    violate(&writer.gate, 10);
    let table = Table::default();
    assert_eq!(other.journal.reconcile(&table).shipped, 10);
    violate(&writer.gate, 1);
    assert_eq!(other.journal.reconcile(&table).shipped, 1, "what the table has is not sent again");
    assert_eq!(directory.endings(), ["jsonl", "jsonl"]);
    assert_eq!(writer.journal.counts().backlog, 11, "its own reconciling has not seen it");
    assert_eq!(writer.journal.reconcile(&table).error.map(|error| error.kind()), None);
    assert_eq!(writer.journal.counts().backlog, 0);
    assert_eq!(table.sequences(), (1..=11).collect::<Vec<_>>());
}

#[test]
fn law_11_a_table_that_fails_loses_nothing_and_counts_as_failed() {
    let directory = Directory::new();
    let Process { journal, gate } = Process::new(&directory);
    let table = Table::default();
    violate(&gate, 20);
    for fault in [Fault::Refuses, Fault::Silent] {
        *table.faults.lock().unwrap() = vec![fault];
        let result = journal.reconcile(&table);
        assert!(result.error.is_some() && result.shipped == 0);
        violate(&gate, 1);
    }
    let counts = journal.counts();
    assert_eq!((counts.table_failures, counts.shipped, counts.backlog), (2, 0, 22));
    let result =
        journal.reconcile(&|records: &[Record]| crate::AuditTable::append(&table, records));
    assert_eq!((result.shipped, journal.counts().backlog), (22, 0));
    assert_eq!(table.sequences(), (1..=22).collect::<Vec<_>>());
}

#[test]
fn law_11_several_that_write_and_reconcile_one_directory_disturb_nobody() {
    let directory = Directory::new();
    let table = Table::default();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reconciling: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let journal = Journal::open(directory.path()).unwrap();
                    while !is_over.load(std::sync::atomic::Ordering::SeqCst) {
                        assert_eq!(journal.reconcile(&table).foreign, 0);
                    }
                })
            })
            .collect();
        let writing: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..4 {
                        let process = Process::new(&directory);
                        std::thread::scope(|threads| {
                            threads.spawn(|| violate(&process.gate, 100));
                            violate(&process.gate, 100);
                            process.journal.reconcile(&table);
                        });
                    }
                })
            })
            .collect();
        for thread in writing {
            thread.join().unwrap();
        }
        is_over.store(true, std::sync::atomic::Ordering::SeqCst);
        for thread in reconciling {
            thread.join().unwrap();
        }
    });
    Journal::open(directory.path()).unwrap().reconcile(&table);
    assert_eq!(table.rows.lock().unwrap().len(), 3 * 4 * 200);
    assert_eq!(directory.endings(), [""; 0]);
}

#[test]
fn law_11_a_shipper_goes_on_after_a_table_that_fails_and_panics_until_it_is_stopped() {
    let directory = Directory::new();
    let Process { journal, gate } = Process::new(&directory);
    let table = Arc::new(Table::default());
    *table.faults.lock().unwrap() = vec![Fault::None, Fault::Silent, Fault::Panics, Fault::Refuses];
    violate(&gate, 5);
    let own = table.clone();
    let append = move |records: &[Record]| crate::AuditTable::append(&*own, records);
    let shipper = journal.ship(append, Duration::from_millis(1)).unwrap();
    while journal.counts().backlog > 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    shipper.stop();
    assert_eq!((table.sequences().len(), journal.counts().table_failures), (5, 3));
    violate(&gate, 1);
    assert_eq!(journal.counts().backlog, 1, "nobody ships any more");
}
