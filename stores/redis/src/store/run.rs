//! One script for each request.

use super::{
    key::Keys,
    reply,
    start::{self, Options, StartError},
};
use crate::{ADMIT, ADMIT_SHA1, SETTLE, SETTLE_SHA1, TIME_LINE};
use consentgate_core::{
    StoreError, Timestamp,
    stores::{
        Admit, AdmitReply, AsyncAdmissionStore, Bucket, Done, Purge, Settle, SettleAction,
        SettleReply,
    },
};
use redis::{Cmd, ErrorKind, RedisResult, ServerErrorKind, Value, aio::ConnectionLike};
use std::{fmt, sync::Arc};

/// Claims and buckets in Redis, over any connection of the crate `redis` that clones share:
/// [`ConnectionManager`](redis::aio::ConnectionManager), [`MultiplexedConnection`](redis::aio::MultiplexedConnection),
/// [`ClusterConnection`](redis::cluster_async::ClusterConnection).
///
/// A call that is dropped leaves nothing behind in this process. What it sent may still be done by the server: its
/// claims then lapse with their lease.
#[derive(Clone)]
pub struct Redis<C> {
    connection: C,
    scripts: Arc<Scripts>,
}

/// The scripts, and the names by which the server knows them.
pub(super) struct Scripts {
    pub(super) admit: Script,
    pub(super) settle: Script,
}

pub(super) struct Script {
    pub(super) text: String,
    pub(super) sha1: String,
}

impl<C: ConnectionLike + Clone + Send + Sync> Redis<C> {
    /// The store over this connection. Asks every primary whether it keeps what it is given, and loads the scripts.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn new(connection: C) -> Result<Self, StartError> {
        Self::with_options(connection, &Options::default()).await
    }

    /// [`new`](Self::new) with options.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn with_options(connection: C, options: &Options) -> Result<Self, StartError> {
        let admit = Script { text: ADMIT.into(), sha1: ADMIT_SHA1.into() };
        let settle = Script { text: SETTLE.into(), sha1: SETTLE_SHA1.into() };
        Self::start(connection, options, Scripts { admit, settle }).await
    }

    /// For tests of stores alone: the scripts take the time from this Lua expression, a list of seconds and
    /// microseconds, in place of the server's clock.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn with_clock(connection: C, time: &str) -> Result<Self, StartError> {
        let line = format!("local time = {time}");
        let script =
            |text: &str| Script { text: text.replace(TIME_LINE, &line), sha1: String::new() };
        let scripts = Scripts { admit: script(ADMIT), settle: script(SETTLE) };
        Self::start(connection, &Options::default(), scripts).await
    }

    async fn start(
        mut connection: C,
        options: &Options,
        mut scripts: Scripts,
    ) -> Result<Self, StartError> {
        if !options.allow_eviction {
            start::keeps_everything(&mut connection).await?;
        }
        start::load(&mut connection, &mut scripts).await?;
        Ok(Self { connection, scripts: Arc::new(scripts) })
    }

    /// Runs a script by its name. A server that does not know it (restarted, flushed, failed over) has run nothing:
    /// it is then given the text.
    async fn run(
        &self,
        script: &Script,
        arguments: impl Fn(&mut Cmd),
    ) -> Result<Value, StoreError> {
        let mut connection = self.connection.clone();
        let mut command = redis::cmd("EVALSHA");
        arguments(command.arg(&script.sha1));
        match ask(&mut connection, &command).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {}
            reply => return reply.map_err(reply::failed),
        }
        let mut command = redis::cmd("EVAL");
        arguments(command.arg(&script.text));
        ask(&mut connection, &command).await.map_err(reply::failed)
    }
}

/// The server's reply, or its error as one.
pub(super) async fn ask(connection: &mut impl ConnectionLike, command: &Cmd) -> RedisResult<Value> {
    connection.req_packed_command(command).await.and_then(Value::extract_error)
}

fn admit_arguments(request: &Admit<'_>, command: &mut Cmd) {
    let mut keys = Keys::of(request.site);
    command.arg(1 + request.claims.len() + request.buckets.len());
    command.arg(keys.count());
    for claim in request.claims {
        command.arg(keys.claim(claim));
    }
    for bucket in request.buckets {
        command.arg(keys.bucket(&bucket.key));
    }
    command.arg(request.owner.as_bytes().as_slice());
    command.arg(request.lease.0).arg(request.keep.0);
    command.arg(request.claims_per_site_max).arg(request.claims.len());
    rates(request.buckets, command);
}

fn settle_arguments(request: &Settle<'_>, command: &mut Cmd) {
    let refund = match request.action {
        SettleAction::Commit { .. } => &[],
        SettleAction::Release { refund } => refund,
    };
    let mut keys = Keys::of(request.site);
    command.arg(1 + request.claims.len() + refund.len());
    command.arg(keys.count());
    for claim in request.claims {
        command.arg(keys.claim(claim));
    }
    for bucket in refund {
        command.arg(keys.bucket(&bucket.key));
    }
    command.arg(request.owner.as_bytes().as_slice()).arg(request.claims.len());
    match request.action {
        SettleAction::Commit { done, keep } => {
            command.arg("commit");
            match &done {
                Done::Accepted(call_id) => {
                    command.arg("accepted").arg(call_id.as_bytes().as_slice());
                }
                Done::Refused => {
                    command.arg("refused").arg("");
                }
            }
            command.arg(keep.0);
        }
        SettleAction::Release { refund } => {
            command.arg("release");
            rates(refund, command);
        }
    }
}

fn rates(buckets: &[Bucket], command: &mut Cmd) {
    for bucket in buckets {
        command.arg(bucket.rate.interval.0).arg(bucket.rate.burst);
    }
}

impl<C: ConnectionLike + Clone + Send + Sync> AsyncAdmissionStore for Redis<C> {
    async fn admit(&self, request: &Admit<'_>, _now: Timestamp) -> Result<AdmitReply, StoreError> {
        let arguments = |command: &mut Cmd| admit_arguments(request, command);
        let reply = self.run(&self.scripts.admit, arguments).await?;
        reply::admit(&reply).ok_or_else(reply::wrong)
    }

    async fn settle(
        &self,
        request: &Settle<'_>,
        _now: Timestamp,
    ) -> Result<SettleReply, StoreError> {
        let arguments = |command: &mut Cmd| settle_arguments(request, command);
        let reply = self.run(&self.scripts.settle, arguments).await?;
        reply::settle(&reply).ok_or_else(reply::wrong)
    }

    /// Redis drops by itself what is over.
    async fn purge(&self, _request: &Purge, _now: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }
}

impl<C> fmt::Debug for Redis<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redis")
    }
}
