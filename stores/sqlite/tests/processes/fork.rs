//! Each fork happens in a child of its own, which has no other threads than the store's.

use super::{given::*, parent::child};
use consentgate::{
    Config, FixedClock, Gate, Memory, StoreErrorKind,
    core::stores::{AdmissionStore, AdmitReply, CallStore, FindCall, Purge},
};
use consentgate_sqlite::Sqlite;
use std::{cell::Cell, panic, path::Path};
use tempfile::TempDir;

const ADMITTED: AdmitReply = AdmitReply::Admitted { takeover: false };

pub fn before_the_first_call() {
    in_child("fork before", 24);
}

pub fn while_open() {
    in_child("fork open", 2);
}

pub fn while_suspended() {
    in_child("fork suspended", 3);
}

/// Beside a file there may be roles in memory: a child, and a child of that, has none of what they keep. Whoever forked
/// goes on.
pub fn beside_memory() {
    let config = || Config::from_json(br#"{"sites": {}}"#).unwrap();
    let memory = Memory::new(&config().common().caps);
    let gate = Gate::in_memory(config(), FixedClock(now())).unwrap();
    let purged = |memory: &Memory| AdmissionStore::purge(memory, &Purge { limit: 1 }, now());
    let kind = |memory: &Memory| purged(memory).unwrap_err().kind();
    let child = forked(|| {
        assert_eq!(kind(&memory), StoreErrorKind::Forked);
        assert_eq!(gate.purge(1, None).status(), 503);
        let own = Memory::new(&config().common().caps);
        assert!(purged(&own).is_ok(), "its own is its own");
        wait(forked(|| {
            assert_eq!([kind(&memory), kind(&own)], [StoreErrorKind::Forked; 2]);
        }));
        assert!(purged(&own).is_ok());
    });
    wait(child);
    assert!(purged(&memory).is_ok());
    assert_eq!(gate.purge(1, None).status(), 200);
}

fn in_child(role: &str, claims: i64) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("gate.db");
    assert!(child(role, &path, 0).status().unwrap().success());
    assert_eq!(count(&path, "SELECT count(*) FROM claims"), claims);
}

/// The process id, to be waited for.
pub fn forked(work: impl FnOnce()) -> i32 {
    // SAFETY: the child goes on with this thread alone and ends without running anything of its parent's; the C
    // library's allocator is made for that.
    let id = unsafe { libc::fork() };
    assert!(id >= 0);
    if id == 0 {
        let sound = panic::catch_unwind(panic::AssertUnwindSafe(work)).is_ok();
        // SAFETY: ends the process.
        unsafe { libc::_exit(i32::from(!sound)) };
    }
    id
}

pub fn wait(id: i32) {
    let mut status = 0;
    // SAFETY: `status` outlives the call.
    assert_eq!(unsafe { libc::waitpid(id, &raw mut status, 0) }, id);
    assert_eq!(status, 0, "the forked child failed");
}

pub fn child_before(path: &Path) {
    let store = store(path);
    let children: Vec<i32> = (1..=3_u64)
        .map(|by| {
            let store = store.clone();
            forked(move || {
                for number in 0..6 {
                    assert_eq!(admit(&store, by << 8 | number, by as u8), ADMITTED);
                }
                drop(store);
            })
        })
        .collect();
    for number in 0..6 {
        assert_eq!(admit(&store, number, 9), ADMITTED, "and so has the parent");
    }
    children.into_iter().for_each(wait);
}

pub fn child_open(path: &Path) {
    let store = store(path);
    assert_eq!(admit(&store, 1, 1), ADMITTED);
    let find = |store: &Sqlite| {
        let request = FindCall { site: &site(), call_id: call_id(1, 1) };
        CallStore::find(store, &request, now())
    };
    assert!(find(&store).unwrap().is_none());
    let inherited = store.clone();
    wait(forked(|| {
        let error = find(&inherited).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Forked);
        assert!(error.is_unwritten());
        drop(inherited.suspend());
        assert!(Sqlite::open(path).is_err(), "nor may it open the file anew");
        drop(inherited);
    }));
    assert_eq!(admit(&store, 2, 1), ADMITTED, "the parent goes on");
    assert!(find(&store).unwrap().is_none());
}

pub fn child_suspended(path: &Path) {
    let store = store(path);
    assert_eq!(admit(&store, 1, 1), ADMITTED);
    let suspended = Cell::new(Some(store.suspend()));
    let inherited = store.clone();
    let id = forked(|| {
        // Each side has the guard, as it has everything, and drops its own.
        drop(suspended.take());
        assert_eq!(admit(&inherited, 2, 1), ADMITTED);
        drop(inherited);
    });
    drop(suspended.take());
    assert_eq!(admit(&store, 3, 1), ADMITTED);
    wait(id);
}
