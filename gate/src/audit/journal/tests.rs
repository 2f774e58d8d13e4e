//! Law 11 for tables that are waited for: wherever it ends, each violation that was answered is in the table once.

use super::*;
use crate::audit::testing::{Directory, Fault, Table, TestGate, gate, violate};
use consentgate_core::{StoreError, tenants::Record};
use std::future;

/// A journal that is empty, a gate that writes it, and a table that is.
struct Begun {
    journal: Journal,
    gate: TestGate,
    table: Table,
    _directory: Directory,
}

impl Begun {
    fn new() -> Self {
        let directory = Directory::new();
        let journal = Journal::open(directory.path()).unwrap();
        let gate = gate(&journal);
        Self { journal, gate, table: Table::default(), _directory: directory }
    }
}

/// A table that answers a little later, or, once it has them, never.
struct Later<'a> {
    table: &'a Table,
    answers: bool,
}

impl AsyncAuditTable for Later<'_> {
    async fn append(&self, records: &[Record]) -> Result<(), StoreError> {
        tokio::task::yield_now().await;
        let appended = self.table.append(records);
        if !self.answers {
            future::pending::<()>().await;
        }
        appended
    }
}

#[tokio::test(start_paused = true)]
async fn law_11_a_table_that_is_waited_for_and_fails_loses_nothing() {
    let Begun { journal, gate, table, _directory } = Begun::new();
    let later = Later { table: &table, answers: true };
    violate(&gate, 20);
    for fault in [Fault::Refuses, Fault::Silent] {
        *table.faults.lock().unwrap() = vec![fault];
        let result = journal.reconcile_async(&later).await;
        assert!(result.error.is_some() && result.shipped == 0);
    }
    let counts = journal.counts();
    assert_eq!((counts.table_failures, counts.shipped, counts.backlog), (2, 0, 20));
    let result = journal.reconcile_async(&later).await;
    assert_eq!((result.shipped, result.error.is_none(), journal.counts().backlog), (20, true, 0));
    assert_eq!(table.sequences(), (1..=20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn law_11_reconciling_that_is_dropped_while_the_table_is_silent_loses_nothing() {
    let Begun { journal, gate, table, _directory } = Begun::new();
    violate(&gate, 10);
    let silent = Later { table: &table, answers: false };
    let second = Duration::from_secs(1);
    assert!(tokio::time::timeout(second, journal.reconcile_async(&silent)).await.is_err());
    assert!(!table.sequences().is_empty(), "it has some, and nobody was told");
    assert_eq!((journal.counts().shipped, journal.counts().backlog), (0, 10));
    assert_eq!(journal.reconcile(&table).shipped, 10);
    assert_eq!(table.sequences(), (1..=10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn law_11_shipping_goes_on_after_a_table_that_fails_until_it_is_dropped() {
    let Begun { journal, gate, table, _directory } = Begun::new();
    *table.faults.lock().unwrap() = vec![Fault::Silent, Fault::Refuses];
    violate(&gate, 5);
    let second = Duration::from_secs(1);
    let shipping = journal.ship_async(Later { table: &table, answers: true }, second);
    let mut shipping = std::pin::pin!(shipping);
    assert!(tokio::time::timeout(second / 2, &mut shipping).await.is_err(), "it has no end");
    assert_eq!(journal.counts().table_failures, 1, "once at once");
    assert!(tokio::time::timeout(second * 2, &mut shipping).await.is_err());
    let counts = journal.counts();
    assert_eq!((counts.table_failures, counts.shipped, counts.backlog), (2, 5, 0));
    assert_eq!(table.sequences(), [1, 2, 3, 4, 5]);
    violate(&gate, 1);
    tokio::time::sleep(second * 2).await;
    assert_eq!(journal.counts().backlog, 1, "nobody ships while nobody waits");
    assert!(tokio::time::timeout(second * 2, shipping).await.is_err());
    assert_eq!(journal.counts().backlog, 0);
}
