//! A Redis Cluster of a test's own.

use super::server::Server;
use consentgate_redis::redis::{cluster::ClusterClient, cluster_async::ClusterConnection, cmd};
use std::{env, fs, net::TcpListener, path::PathBuf, process, time::Duration};

/// Three primaries; killed when dropped.
pub struct Cluster {
    pub servers: Vec<Server>,
    folder: PathBuf,
}

const SLOTS: [[u16; 2]; 3] = [[0, 5461], [5462, 10_922], [10_923, 16_383]];

impl Cluster {
    pub async fn start() -> Self {
        let folder = env::temp_dir().join(format!("consentgate-cluster-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut cluster = Self { servers: Vec::new(), folder };
        let mut first = None;
        for (number, slots) in SLOTS.iter().enumerate() {
            let bus = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let file = cluster.folder.join(number.to_string()).display().to_string();
            let bus_text = bus.to_string();
            let options = [
                "--cluster-enabled",
                "yes",
                "--cluster-config-file",
                &file,
                "--cluster-port",
                &bus_text,
            ];
            let server = Server::start(&options).await;
            let mut own = server.connection().await;
            let mut add = cmd("CLUSTER");
            add.arg("ADDSLOTSRANGE").arg(slots[0]).arg(slots[1]);
            add.query_async::<()>(&mut own).await.unwrap();
            let mut epoch = cmd("CLUSTER");
            epoch.arg("SET-CONFIG-EPOCH").arg(number + 1);
            epoch.query_async::<()>(&mut own).await.unwrap();
            let (port, bus) = *first.get_or_insert((server.port, bus));
            let mut meet = cmd("CLUSTER");
            meet.arg("MEET").arg("127.0.0.1").arg(port).arg(bus);
            meet.query_async::<()>(&mut own).await.unwrap();
            cluster.servers.push(server);
        }
        cluster.is_sound().await;
        cluster
    }

    pub async fn connection(&self) -> ClusterConnection {
        let client = ClusterClient::new(self.servers.iter().map(Server::url)).unwrap();
        client.get_async_connection().await.unwrap()
    }

    async fn is_sound(&self) {
        for server in &self.servers {
            let mut own = server.connection().await;
            for attempt in 0.. {
                let info: String = cmd("CLUSTER").arg("INFO").query_async(&mut own).await.unwrap();
                if info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3") {
                    break;
                }
                assert!(attempt < 300, "the Cluster comes together: {info}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.servers.clear();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
