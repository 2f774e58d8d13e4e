//! What waits for a thread of the store: bounded, so that a stalled disk costs answers and not memory.

use crate::{error::SqliteError, owned::Owned};
use consentgate_core::{Reply, StoreError, StoreErrorKind, Timestamp, ids::SiteId};
use std::{
    collections::{HashMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering::SeqCst},
    },
};

/// One request, when it was made by the gate's clock, and who is told.
pub(crate) struct Task {
    pub(crate) owned: Owned,
    pub(crate) now: Timestamp,
    pub(crate) ticket: Ticket,
    pub(crate) done: Box<dyn FnOnce(Reply) + Send>,
}

impl Task {
    /// Hands the reply over. What the host does with it is its own, and must not end the store's thread.
    pub(crate) fn give(self, reply: Reply) {
        let Self { done, .. } = self;
        let _ = catch_unwind(AssertUnwindSafe(move || done(reply)));
    }

    pub(crate) fn fail(self, error: StoreError) {
        let reply = self.owned.effect().failed(error);
        self.give(reply);
    }
}

/// What a queue goes by.
impl Owned {
    /// Bytes that the sender decides on.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Record { body, .. } => body.len(),
            _ => 0,
        }
    }

    /// Whether it only looks something up.
    pub(crate) fn is_read(&self) -> bool {
        matches!(self, Self::FindSession { .. } | Self::FindCall { .. })
    }

    /// Whether it is to be done even if nobody waits for the answer any more: what ends or forgets something.
    pub(crate) fn is_wanted_anyhow(&self) -> bool {
        matches!(
            self,
            Self::Settle { .. }
                | Self::DeleteSession { .. }
                | Self::EraseCalls { .. }
                | Self::Finish { .. }
                | Self::PutSession { narrowing: true, .. }
        )
    }
}

/// Whether a request was begun, known to both sides: what was given up before it was begun was certainly not written.
#[derive(Clone, Default)]
pub(crate) struct Ticket(Arc<AtomicU8>);

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const GIVEN_UP: u8 = 2;

impl Ticket {
    /// `false`: nobody wants it any more.
    #[must_use]
    pub(crate) fn begin(&self) -> bool {
        self.0.compare_exchange(WAITING, BEGUN, SeqCst, SeqCst).is_ok()
    }

    /// `false`: too late, it was begun.
    pub(crate) fn give_up(&self) -> bool {
        self.0.compare_exchange(WAITING, GIVEN_UP, SeqCst, SeqCst).is_ok()
    }
}

pub(crate) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    most: usize,
    most_bytes: usize,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<Task>,
    bytes: usize,
    of_sites: HashMap<SiteId, usize>,
    closed: bool,
}

/// Why a task was not taken in; here it is back.
pub(crate) enum Refused {
    Full(Task),
    Closed(Task),
}

impl Queue {
    pub(crate) fn new(most: usize, most_bytes: usize) -> Self {
        Self { state: Mutex::default(), filled: Condvar::new(), most, most_bytes }
    }

    pub(crate) fn push(&self, task: Task) -> Result<(), Box<Refused>> {
        let mut state = self.lock();
        if state.closed {
            return Err(Box::new(Refused::Closed(task)));
        }
        let bytes = state.bytes.saturating_add(task.owned.bytes());
        let site = task.owned.site();
        let of_site = site.and_then(|site| state.of_sites.get(site)).map_or(1, |count| count + 1);
        // One site's flood leaves a quarter to the others (law 8).
        if state.tasks.len() >= self.most
            || of_site > self.most - self.most / 4
            || (bytes > self.most_bytes && !state.tasks.is_empty())
        {
            return Err(Box::new(Refused::Full(task)));
        }
        state.bytes = bytes;
        if let Some(site) = site {
            state.of_sites.insert(site.clone(), of_site);
        }
        state.tasks.push_back(task);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits for something to do. `false`: there is nothing more to come.
    pub(crate) fn wait(&self) -> bool {
        let state = self.lock();
        let idle = |state: &mut State| state.tasks.is_empty() && !state.closed;
        let state = self.filled.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
        !state.tasks.is_empty()
    }

    /// Those that wait the longest.
    pub(crate) fn take(&self, most: usize) -> Vec<Task> {
        let mut state = self.lock();
        let count = state.tasks.len().min(most);
        let tasks: Vec<Task> = state.tasks.drain(..count).collect();
        for task in &tasks {
            state.bytes -= task.owned.bytes();
            let Some(site) = task.owned.site() else { continue };
            if let Some(of_site) = state.of_sites.get_mut(site) {
                *of_site -= 1;
            }
        }
        if state.tasks.is_empty() {
            state.of_sites.clear();
        }
        tasks
    }

    /// Takes nothing in any more; what waits is still done.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held by the thread that serves a queue: however it ends, nobody waits for it in vain.
pub(crate) struct Served(pub(crate) Arc<Queue>);

impl Drop for Served {
    fn drop(&mut self) {
        self.0.close();
        for task in self.0.take(usize::MAX) {
            task.fail(closed());
        }
    }
}

/// There is no room for one more request.
pub(crate) fn overloaded() -> StoreError {
    StoreError::new(StoreErrorKind::Full)
}

/// The store is closed, or suspended.
pub(crate) fn closed() -> StoreError {
    SqliteError::Closed.unwritten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use consentgate_core::{Role, stores::Purge};
    use std::sync::mpsc;

    fn task(told: &mpsc::Sender<u8>, name: u8) -> Task {
        let told = told.clone();
        let done = Box::new(move |_| told.send(name).unwrap());
        let owned = Owned::Purge(Role::Calls, Purge { limit: 1 });
        Task { owned, now: Timestamp::MIN, ticket: Ticket::default(), done }
    }

    #[test]
    fn law_9_a_full_queue_refuses_at_once_and_gives_the_request_back() {
        let (tell, told) = mpsc::channel();
        let queue = Queue::new(2, 1000);
        for name in 0..2 {
            assert!(queue.push(task(&tell, name)).is_ok());
        }
        let refused = queue.push(task(&tell, 2)).err().map(|refused| *refused);
        assert!(matches!(refused, Some(Refused::Full(_))));
        for task in queue.take(10) {
            task.fail(overloaded());
        }
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [0, 1]);
    }

    fn task_of(site: &str) -> Task {
        use consentgate_core::{ids::CallId, stores::FindCall};
        let call_id = CallId::from_bytes([0; 16]);
        let find = FindCall { site: &SiteId::new(site).unwrap(), call_id };
        let owned = Owned::of(&consentgate_core::Effect::FindCall(find));
        Task { owned, now: Timestamp::MIN, ticket: Ticket::default(), done: Box::new(drop) }
    }

    #[test]
    fn law_8_one_sites_flood_leaves_room_for_the_others() {
        let queue = Queue::new(8, 1000);
        let taken = |site| (0..9).filter(|_| queue.push(task_of(site)).is_ok()).count();
        assert_eq!((taken("a"), taken("b")), (6, 2));
        assert_eq!(queue.take(4).len(), 4);
        assert_eq!((taken("a"), taken("b")), (4, 0), "as much as it had, and no more");
        assert_eq!(queue.take(8).len(), 8);
        assert_eq!((taken("b"), taken("a")), (6, 2));
    }

    #[test]
    fn whoever_waits_is_told_when_the_thread_that_serves_ends() {
        let (tell, told) = mpsc::channel();
        let queue = Arc::new(Queue::new(2, 1000));
        assert!(queue.push(task(&tell, 0)).is_ok());
        drop(Served(queue.clone()));
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [0]);
        assert!(queue.push(task(&tell, 1)).is_err());
    }

    #[test]
    fn a_closed_queue_takes_nothing_in_and_still_hands_out_what_waits() {
        let (tell, _told) = mpsc::channel();
        let queue = Queue::new(2, 1000);
        assert!(queue.push(task(&tell, 0)).is_ok());
        queue.close();
        let refused = queue.push(task(&tell, 1)).err().map(|refused| *refused);
        assert!(matches!(refused, Some(Refused::Closed(_))));
        assert!(queue.wait());
        assert_eq!(queue.take(10).len(), 1);
        assert!(!queue.wait());
    }

    #[test]
    fn field_36_what_is_given_up_is_not_begun_and_what_is_begun_is_not_given_up() {
        let ticket = Ticket::default();
        assert!(ticket.give_up());
        assert!(!ticket.begin());
        let ticket = Ticket::default();
        assert!(ticket.begin());
        assert!(!ticket.give_up());
    }

    #[test]
    fn a_host_that_panics_over_a_reply_ends_nobody() {
        let owned = Owned::Purge(Role::Calls, Purge { limit: 1 });
        let done = Box::new(|_| panic!("of the host"));
        Task { owned, now: Timestamp::MIN, ticket: Ticket::default(), done }.fail(closed());
    }
}
