//! Law 11: what the disk does is counted, and changes no answer.

use super::*;
use crate::audit::{
    Journal,
    testing::{Directory, Table, gate, violate},
};
use crate::clock::{Clock, SystemClock};
use consentgate_core::{Config, tenants::Denied};

fn denied() -> Denied {
    let config = Config::from_json(br#"{"sites": {}}"#).unwrap();
    let gate = crate::Gate::in_memory(config, SystemClock).unwrap();
    gate.guard().authenticate("nobody", b"").unwrap_err()
}

impl Writing {
    /// Another file in the place of the open one.
    fn swap(&self, file: File) -> File {
        let mut state = self.state();
        std::mem::replace(&mut state.open.as_mut().unwrap().file, file)
    }
}

#[test]
fn law_11_a_full_disk_leaves_no_part_of_a_line_and_no_gap() {
    let directory = Directory::new();
    let folder = Folder::new(directory.path(), 1 << 20);
    let (writing, tally, denied) = (Writing::default(), Tally::default(), denied());
    let at = SystemClock.now();
    writing.write(&folder, &tally, &denied, at);
    let own = writing.swap(File::options().append(true).open("/dev/full").unwrap());
    writing.write(&folder, &tally, &denied, at);
    let counts = tally.counts();
    assert_eq!((counts.written, counts.unwritten), (1, 1));
    drop(own);
    // It could not be undone there, so another writer begins, at one.
    writing.write(&folder, &tally, &denied, at);
    writing.close();
    let journal = Journal::open(directory.path()).unwrap();
    let table = Table::default();
    let result = journal.reconcile(&table);
    assert_eq!((result.shipped, result.torn, result.foreign), (2, 0, 0));
    assert_eq!(table.by_writer().into_values().collect::<Vec<_>>(), [[1], [1]]);
}

#[test]
fn law_11_a_part_of_a_line_is_undone_and_its_number_given_again() {
    let directory = Directory::new();
    let folder = Folder::new(directory.path(), 1 << 20);
    let (path, file) = folder.create(Writer::from_bytes([7; 16]), 1).unwrap();
    let mut open = Open { path, file, bytes: 0 };
    assert!(open.append(b"{}\n").is_ok());
    // As a write that came half way.
    (&open.file).write_all(b"{").unwrap();
    let whole = std::mem::replace(&mut open.file, File::open(&open.path).unwrap());
    assert!(matches!(open.append(b"{}\n"), Err(Failed::Unknown)), "it is open to read alone");
    open.file = whole;
    open.file.set_len(open.bytes).unwrap();
    assert!(open.append(b"{}\n").is_ok());
    assert_eq!(fs::read(&open.path).unwrap(), b"{}\n{}\n");
}

#[test]
fn law_11_a_directory_that_is_lost_is_counted_and_made_again() {
    let directory = Directory::new();
    let journal = Journal::open(directory.path()).unwrap();
    let gate = gate(&journal);
    journal.close();
    assert_eq!(directory.endings(), [""; 0], "an empty file is not left behind");
    fs::remove_dir(directory.path()).unwrap();
    fs::write(directory.path(), b"in its place").unwrap();
    assert!(Journal::open(directory.path()).is_err(), "known at once where it begins");
    violate(&gate, 3);
    let counts = gate.counters().audit().unwrap();
    assert_eq!((counts.written, counts.unwritten, counts.backlog), (0, 3, 0));
    fs::remove_file(directory.path()).unwrap();
    violate(&gate, 2);
    let counts = gate.counters().audit().unwrap();
    assert_eq!((counts.written, counts.unwritten, counts.backlog), (2, 3, 2));
    let table = Table::default();
    assert_eq!(journal.reconcile(&table).shipped, 2);
    assert_eq!(table.sequences(), [1, 2], "what was not written took no number");
}

#[test]
fn law_9_a_directory_holds_no_more_than_it_is_told_and_a_file_for_each_process() {
    let directory = Directory::new();
    let journal = Journal::open_with(directory.path(), 10_000).unwrap();
    let gate = gate(&journal);
    violate(&gate, 200);
    let counts = journal.counts();
    assert!(counts.unwritten > 100 && counts.written + counts.unwritten == 200, "{counts:?}");
    let bytes: u64 = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(bytes < 10_000 + 2 * FILE_BYTES, "{bytes}");
    let table = Table::default();
    assert_eq!(journal.reconcile(&table).shipped, counts.written);
    violate(&gate, 1);
    assert_eq!(journal.counts().written, counts.written + 1, "there is room again");
    journal.reconcile(&table);
    assert_eq!(table.sequences(), (1..=counts.written + 1).collect::<Vec<_>>());
}
