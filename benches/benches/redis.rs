//! Admit and Settle in Redis beside a bare `SET key value NX PX`, on one connection: one call after the other, and many
//! in flight as a gate has them. Rounds by turns, the time of the wall and the processor's time of the server, and how
//! many commands a call came to. Beside them two scripts that get the same keys and arguments: one does nothing, one
//! makes the same bare `SET`. No script that keeps anything is cheaper.
//!
//! On the server of `CONSENTGATE_TEST_REDIS_URL`; `scripts/bench.sh` starts one. Its keys expire within a minute.

use consentgate::{
    Millis, Timestamp,
    core::{
        Rate,
        stores::{
            Admit, AdmitReply, AsyncAdmissionStore, Bucket, Done, Settle, SettleAction, SettleReply,
        },
    },
    ids::{CallId, ClaimKey, Owner, Pseudonym, SiteId},
};
use consentgate_benches::measured::{Asked, Figures, write};
use consentgate_redis::{
    Redis,
    redis::{self, Client, Cmd, FromRedisValue, aio::MultiplexedConnection},
};
use std::{env, error::Error, process, time::Instant};

type Failure = Box<dyn Error + Send + Sync>;

/// In the order in which their turns come: Settle ends what Admit began.
const WHAT: [&str; 5] = ["set", "empty", "single", "admit", "settle"];
const KEEP: Millis = Millis(60_000);

/// What one connection reaches.
#[derive(Clone)]
struct Bench {
    connection: MultiplexedConnection,
    store: Redis<MultiplexedConnection>,
    site: SiteId,
    /// The name of a script that does nothing.
    empty: String,
    /// The name of a script that makes one `SET`.
    single: String,
}

impl Bench {
    async fn new(url: &str) -> Result<Self, Failure> {
        let connection = Client::open(url)?.get_multiplexed_async_connection().await?;
        let store = Redis::new(connection.clone()).await?;
        let site = SiteId::new(&format!("bench-{}", process::id())).ok_or("a site's name")?;
        let set = "redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[3]) ";
        let mut names = Vec::new();
        for body in ["", set] {
            let text = format!("#!lua\n{body}return 1");
            let load = redis::cmd("SCRIPT").arg("LOAD").arg(text).to_owned();
            names.push(load.query_async::<String>(&mut connection.clone()).await?);
        }
        let [empty, single] = <[String; 2]>::try_from(names).map_err(|_| "two scripts")?;
        Ok(Self { connection, store, site, empty, single })
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Failure> {
        Ok(command.query_async(&mut self.connection.clone()).await?)
    }

    async fn set(&self, call: Call) -> Result<(), Failure> {
        let key = [b"bench:".as_slice(), &call.hash(0)].concat();
        let mut command = redis::cmd("SET");
        command.arg(key).arg("1").arg("NX").arg("PX").arg(KEEP.0);
        if self.ask(&command).await? { Ok(()) } else { Err("SET found something".into()) }
    }

    /// As long as an Admit on the wire, and next to no work.
    async fn script(&self, sha1: &str, call: Call) -> Result<(), Failure> {
        let key = |ending: &[u8]| [b"cg1:{bench-00000}:", ending].concat();
        let mut command = redis::cmd("EVALSHA");
        command.arg(sha1).arg(4).arg(key(b"n"));
        command.arg(key(&[b"c:s".as_slice(), &call.hash(1)].concat()));
        command.arg(key(&[b"c:e".as_slice(), &call.hash(2)].concat()));
        command.arg(key(&[b"b:".as_slice(), &call.short()].concat()));
        command.arg(call.short().as_slice()).arg(30_000).arg(KEEP.0).arg(u64::MAX).arg(2);
        command.arg(3_000).arg(20);
        self.ask(&command).await
    }

    /// As `call_event` asks: the signature, the id, the person's bucket.
    async fn admit(&self, call: Call) -> Result<(), Failure> {
        let rate = Rate::token_bucket(20, 20);
        let bucket = Bucket { name: "fingerprint", key: Pseudonym::from_bytes(call.short()), rate };
        let request = Admit {
            site: &self.site,
            claims: &call.claims(),
            owner: Owner::from_bytes(call.short()),
            lease: Millis(30_000),
            keep: KEEP,
            claims_per_site_max: u64::MAX,
            buckets_per_site_max: u64::MAX,
            buckets: &[bucket],
        };
        match self.store.admit(&request, Timestamp::MIN).await? {
            AdmitReply::Admitted { takeover: false } => Ok(()),
            other => Err(format!("{other:?}").into()),
        }
    }

    /// Ends what [`admit`](Self::admit) began.
    async fn settle(&self, call: Call) -> Result<(), Failure> {
        let done = Done::Accepted(CallId::from_bytes(call.short()));
        let request = Settle {
            site: &self.site,
            claims: &call.claims(),
            owner: Owner::from_bytes(call.short()),
            action: SettleAction::Commit { done, keep: KEEP },
        };
        match self.store.settle(&request, Timestamp::MIN).await? {
            SettleReply::Settled => Ok(()),
            SettleReply::Lost => Err("lost".into()),
        }
    }

    async fn one(&self, what: &str, call: Call) -> Result<(), Failure> {
        match what {
            "set" => self.set(call).await,
            "empty" => self.script(&self.empty, call).await,
            "single" => self.script(&self.single, call).await,
            "admit" => self.admit(call).await,
            _ => self.settle(call).await,
        }
    }

    /// Nanoseconds of the wall and of the server's processor for a call, and how many commands it came to.
    async fn measure(
        &self,
        (round, tasks, calls): (u64, u64, u64),
        what: &'static str,
    ) -> Result<[f64; 3], Failure> {
        let before = (self.server_seconds().await?, self.commands().await?);
        let start = Instant::now();
        let tasks: Vec<_> = (0..tasks)
            .map(|task| {
                let bench = self.clone();
                tokio::spawn(async move {
                    for number in 0..calls {
                        bench.one(what, Call { round, task, number }).await?;
                    }
                    Ok::<(), Failure>(())
                })
            })
            .collect();
        let count = (tasks.len() as u64 * calls) as f64;
        for task in tasks {
            task.await??;
        }
        let wall = start.elapsed().as_nanos() as f64 / count;
        let server = 1e9 * (self.server_seconds().await? - before.0) / count;
        Ok([wall, server, (self.commands().await? - before.1) / count])
    }

    /// Seconds of processor time that the server has used.
    async fn server_seconds(&self) -> Result<f64, Failure> {
        let info: String = self.ask(redis::cmd("INFO").arg("cpu")).await?;
        let of = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.parse().ok());
        let (user, system): (Option<f64>, Option<f64>) =
            (of("used_cpu_user:"), of("used_cpu_sys:"));
        Ok(user.ok_or("INFO cpu")? + system.ok_or("INFO cpu")?)
    }

    /// Scripts that clients have asked for, by name or by text.
    async fn commands(&self) -> Result<f64, Failure> {
        let info: String = self.ask(redis::cmd("INFO").arg("commandstats")).await?;
        let calls =
            |line: &str| line.strip_prefix("calls=")?.split(',').next()?.parse::<f64>().ok();
        let sent = ["cmdstat_evalsha:", "cmdstat_eval:"];
        let of = |line: &str| sent.iter().find_map(|name| calls(line.strip_prefix(name)?));
        Ok(info.lines().filter_map(of).sum())
    }
}

/// One of many; no two are alike.
#[derive(Clone, Copy)]
struct Call {
    round: u64,
    task: u64,
    number: u64,
}

impl Call {
    fn hash(self, part: u64) -> [u8; 32] {
        let mut bytes = [0; 32];
        let numbers = [self.round << 32 | u64::from(process::id()), self.task, self.number, part];
        for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_be_bytes());
        }
        bytes
    }

    fn short(self) -> [u8; 16] {
        let (hash, mut short) = (self.hash(0), [0; 16]);
        short.copy_from_slice(&hash[..16]);
        short[..8].iter_mut().zip(&hash[16..24]).for_each(|(to, from)| *to ^= from.rotate_left(4));
        short
    }

    fn claims(self) -> [ClaimKey; 2] {
        [ClaimKey::Event(self.hash(1)), ClaimKey::Event(self.hash(2))]
    }
}

async fn run(asked: &Asked, url: &str) -> Result<(), Failure> {
    let bench = Bench::new(url).await?;
    let mut figures = Figures::new();
    let (rounds, many, few) = if asked.quick { (1, 2, 10) } else { (11, 80, 2_000) };
    // The first round warms up.
    for round in 0..=rounds {
        for (name, tasks, calls) in [("many", 256, many), ("one", 1, few)] {
            let size = (2 * round + u64::from(tasks == 1), tasks, calls);
            for what in WHAT {
                let measured = bench.measure(size, what).await?;
                if round == 0 && !asked.quick {
                    continue;
                }
                for (of, figure) in ["wall", "server", "trips"].into_iter().zip(measured) {
                    figures.entry(format!("redis-{name}/{what}-{of}")).or_default().push(figure);
                }
            }
        }
    }
    for (name, figures) in &figures {
        let mut sorted = figures.clone();
        sorted.sort_by(f64::total_cmp);
        println!("{name}: {:.2} in the middle", sorted[sorted.len() / 2]);
    }
    if !asked.quick {
        write("redis", &figures);
    }
    Ok(())
}

fn main() {
    let asked = Asked::new();
    if !asked.theme("redis") {
        return;
    }
    let Ok(url) = env::var("CONSENTGATE_TEST_REDIS_URL") else {
        eprintln!("redis: not measured: CONSENTGATE_TEST_REDIS_URL names no server");
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
    runtime.block_on(run(&asked, &url)).unwrap_or_else(|error| panic!("{error}"));
}
