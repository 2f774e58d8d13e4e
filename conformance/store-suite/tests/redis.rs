//! Redis, single and Cluster, passes what is asked of the role `admission`.
#![allow(clippy::unwrap_used, clippy::panic)]

use consentgate::{
    AsyncPerform, Config, Effect, Memory, Reply, Role, Stores, Timestamp, ids::SiteId,
};
use consentgate_redis::{
    Redis,
    redis::{
        Client,
        aio::{ConnectionLike, MultiplexedConnection},
        cluster::ClusterClient,
        cluster_async::ClusterConnection,
        cmd,
    },
};
use consentgate_store_suite::{Subject, Suite, report};
use std::env;
use tokio::runtime::Runtime;

/// The clock that the scripts read in place of the server's, in the slot of the site.
const CLOCK: &str = "redis.call('HMGET', KEYS[1] .. 'ow', 's', 'us')";

fn engine(name: &str) -> String {
    env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set; start the engines: scripts/engines.sh up"))
}

struct Clocked<C> {
    runtime: Runtime,
    connection: C,
    stores: Stores<Redis<C>, Memory, Memory>,
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Clocked<C> {
    fn new(runtime: Runtime, connection: C) -> Self {
        let caps = Config::from_json(br#"{"sites":{}}"#).unwrap().common().caps;
        let admission = runtime.block_on(Redis::with_clock(connection.clone(), CLOCK)).unwrap();
        let memory = Memory::new(&caps);
        let stores = Stores { admission, sessions: memory.clone(), calls: memory };
        Self { runtime, connection, stores }
    }

    async fn tell(&self, site: &SiteId, now: Timestamp) {
        let (key, ms) = (format!("cg1:{{{site}}}:now"), now.as_millis());
        let mut set = cmd("HSET");
        set.arg(&key).arg("s").arg(ms / 1000).arg("us").arg(ms % 1000 * 1000);
        let mut connection = self.connection.clone();
        set.exec_async(&mut connection).await.unwrap();
        cmd("EXPIRE").arg(&key).arg(600).exec_async(&mut connection).await.unwrap();
    }
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Subject for Clocked<C> {
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        self.runtime.block_on(async {
            match effect {
                Effect::Admit(request) => self.tell(request.site, now).await,
                Effect::Settle(request) => self.tell(request.site, now).await,
                _ => {}
            }
            self.stores.perform(effect, now).await
        })
    }
}

fn passes(subject: &impl Subject) {
    let suite = Suite::of(&[Role::Admission]).counts_buckets(false);
    let mut failures = suite.run(subject);
    failures.extend(suite.races(subject));
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), report(&failures));
}

#[test]
fn field_30_the_laws_of_admission_hold_in_redis() {
    let runtime = Runtime::new().unwrap();
    let client = Client::open(engine("CONSENTGATE_TEST_REDIS_URL")).unwrap();
    let connection: MultiplexedConnection =
        runtime.block_on(client.get_multiplexed_async_connection()).unwrap();
    passes(&Clocked::new(runtime, connection));
}

#[test]
fn field_34_the_laws_of_admission_hold_in_a_cluster() {
    let runtime = Runtime::new().unwrap();
    let urls = engine("CONSENTGATE_TEST_REDIS_CLUSTER_URLS");
    let client = ClusterClient::new(urls.split(',')).unwrap();
    let connection: ClusterConnection = runtime.block_on(client.get_async_connection()).unwrap();
    passes(&Clocked::new(runtime, connection));
}
