#![allow(clippy::unwrap_used)]
use super::*;
use crate::{link::prepare, owned::Owned, queue::Ticket};
use consentgate_core::{
    Effect, Millis, Reply, StoreErrorKind,
    ids::{Fingerprint, Pseudonym},
    stores::{DeleteSession, Floor},
};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization, TransactionOperation};
use std::sync::Mutex;
use tempfile::TempDir;

/// A writer without its thread.
struct Bench {
    writer: Writer,
    queue: Arc<Queue>,
    replies: Arc<Mutex<Vec<Reply>>>,
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let (path, options) = (folder.path().join("gate.db"), Options::default());
        prepare(&STORE, &path, &options).unwrap();
        let link = Link::open(&STORE, &path, &options, Access::Write).unwrap();
        let queue = Arc::new(Queue::new(options.queue, options.queue_bytes));
        let writer = Writer::new(path, options, queue.clone(), link, Arc::default());
        Self { writer, queue, replies: Arc::default(), folder }
    }

    /// Asks for one tombstone a name, all in one group; the replies, in the order in which they were given.
    fn group(&mut self, names: &[&str]) -> Vec<Reply> {
        for name in names {
            let request = DeleteSession {
                site: &SiteId::new("a").unwrap(),
                fingerprint: &Fingerprint::new(name).unwrap(),
                pseudonym: Pseudonym::from_bytes([name.as_bytes()[0]; 16]),
                tombstone: Floor { at: Timestamp::MIN, keep: Millis(1000) },
                tombstones_per_site_max: 1000,
            };
            let replies = self.replies.clone();
            let done = Box::new(move |reply| replies.lock().unwrap().push(reply));
            let owned = Owned::of(&Effect::DeleteSession(request));
            let task = Task { owned, now: Timestamp::MIN, ticket: Ticket::default(), done };
            assert!(self.queue.push(task).is_ok());
        }
        self.writer.group();
        std::mem::take(&mut *self.replies.lock().unwrap())
    }

    fn link(&mut self) -> &mut Connection {
        self.writer.link.as_mut().unwrap().get_mut()
    }

    /// The request of that name fails at the engine.
    fn refuse(&mut self, name: &str) {
        let sql = format!(
            "CREATE TRIGGER refused BEFORE INSERT ON tombstones WHEN hex(new.key) LIKE hex('{name}') || '%'
                BEGIN SELECT RAISE(ABORT, 'refused'); END"
        );
        self.link().execute_batch(&sql).unwrap();
    }

    /// What another connection finds.
    fn kept(&self) -> i64 {
        let db = Connection::open(self.folder.path().join("gate.db")).unwrap();
        db.query_row("SELECT count(*) FROM tombstones", [], |row| row.get(0)).unwrap()
    }
}

fn is_done(reply: &Reply) -> bool {
    matches!(reply, Reply::DeleteSession(Ok(true)))
}

fn is_unwritten(reply: &Reply) -> bool {
    let Reply::DeleteSession(Err(error)) = reply else { return false };
    error.is_unwritten() && error.kind() == StoreErrorKind::Failed
}

#[test]
fn law_11_a_request_that_fails_spoils_no_other() {
    let mut bench = Bench::new();
    bench.refuse("b");
    let replies = bench.group(&["a", "b", "c"]);
    assert!(
        is_done(&replies[0]) && is_unwritten(&replies[1]) && is_done(&replies[2]),
        "{replies:?}"
    );
    assert_eq!(bench.kept(), 2);
}

#[test]
fn law_11_a_savepoint_whose_rollback_fails_ends_the_whole_group() {
    let mut bench = Bench::new();
    bench.refuse("b");
    let no_rollback = |asked: AuthContext<'_>| match asked.action {
        AuthAction::Savepoint { operation: TransactionOperation::Rollback, .. } => {
            Authorization::Deny
        }
        _ => Authorization::Allow,
    };
    bench.link().authorizer(Some(no_rollback)).unwrap();
    // What is in the transaction can no longer be told: nobody is answered that it is on disk, and it is not.
    let replies = bench.group(&["a", "b", "c"]);
    assert_eq!(replies.len(), 3);
    assert!(replies.iter().all(is_unwritten), "{replies:?}");
    assert_eq!(bench.kept(), 0);
    // The next group opens the file anew, and goes on.
    let replies = bench.group(&["a", "c"]);
    assert!(replies.len() == 2 && replies.iter().all(is_done), "{replies:?}");
    assert_eq!(bench.kept(), 2);
    assert_eq!(bench.writer.counts.groups.load(Relaxed), 1, "the broken one does not count");
}
