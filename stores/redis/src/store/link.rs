//! A connection that is given up and made anew when it stays silent.

use redis::{
    Client, Cmd, Pipeline, RedisError, RedisFuture, RedisResult, Value,
    aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig},
};
use std::{
    fmt,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

/// So many calls in a row without an answer, and the connection is taken for dead although no packet says so: a peer
/// that acknowledges and never answers would be waited for again and again. Few, so that it is replaced before a breaker
/// has closed the store off.
const UNANSWERED_MAX: u32 = 3;

/// One connection to one server, shared by all clones: made anew when it breaks, and when it stays silent.
#[derive(Clone)]
pub struct Link(Arc<Inner>);

struct Inner {
    client: Client,
    config: ConnectionManagerConfig,
    wire: Mutex<Arc<Wire>>,
}

/// The connection of the moment.
struct Wire {
    manager: ConnectionManager,
    /// Calls since the last answer that were given up, by a time-out or because nobody waited any more.
    unanswered: AtomicU32,
}

impl Link {
    pub(super) async fn open(client: Client, config: ConnectionManagerConfig) -> RedisResult<Self> {
        let opened = ConnectionManager::new_with_config(client.clone(), config.clone()).await?;
        let wire = Mutex::new(Arc::new(Wire::new(opened)));
        Ok(Self(Arc::new(Inner { client, config, wire })))
    }

    /// The connection to use. A silent one is left to those who still wait for it.
    fn wire(&self) -> RedisResult<Arc<Wire>> {
        let Inner { client, config, wire } = &*self.0;
        let mut wire = wire.lock().unwrap_or_else(PoisonError::into_inner);
        if wire.unanswered.load(Relaxed) >= UNANSWERED_MAX {
            let (client, config) = (client.clone(), config.clone());
            *wire = Arc::new(Wire::new(ConnectionManager::new_lazy_with_config(client, config)?));
        }
        Ok(wire.clone())
    }

    async fn ask<T>(
        &self,
        ask: impl AsyncFnOnce(&mut ConnectionManager) -> RedisResult<T>,
    ) -> RedisResult<T> {
        let wire = self.wire()?;
        let mut manager = wire.manager.clone();
        let waiting = Waiting(&wire);
        let reply = ask(&mut manager).await;
        if !reply.as_ref().is_err_and(RedisError::is_timeout) {
            waiting.answered();
        }
        reply
    }
}

impl Wire {
    fn new(manager: ConnectionManager) -> Self {
        Self { manager, unanswered: AtomicU32::new(0) }
    }
}

/// A call under way: dropped without an answer, it was given up.
struct Waiting<'a>(&'a Wire);

impl Waiting<'_> {
    fn answered(self) {
        self.0.unanswered.store(0, Relaxed);
        std::mem::forget(self);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.unanswered.fetch_add(1, Relaxed);
    }
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        boxed(self.ask(async |manager| manager.req_packed_command(command).await))
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        boxed(
            self.ask(async move |manager| {
                manager.req_packed_commands(pipeline, offset, count).await
            }),
        )
    }

    fn get_db(&self) -> i64 {
        self.0.wire.lock().unwrap_or_else(PoisonError::into_inner).manager.get_db()
    }
}

fn boxed<'a, T>(asking: impl Future<Output = RedisResult<T>> + Send + 'a) -> RedisFuture<'a, T> {
    Box::pin(asking)
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link")
    }
}
