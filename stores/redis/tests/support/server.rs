//! A `redis-server` of a test's own, which it may reconfigure, stop and kill.

use consentgate_redis::redis::{Client, aio::ConnectionManager, cmd};
use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Killed when dropped.
pub struct Server {
    child: Child,
    pub port: u16,
    options: Vec<String>,
}

impl Server {
    pub async fn start(options: &[&str]) -> Self {
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        // Another process may take the port in between; then the next one is tried.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let server = Self { child: spawn(port, &options), port, options: options.clone() };
            if server.answers().await {
                return server;
            }
        }
        panic!("redis-server does not start; is it installed? scripts/engines.sh up");
    }

    /// As if the power had failed.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, empty, on the same port.
    pub async fn restart(&mut self) {
        self.child = spawn(self.port, &self.options);
        assert!(self.answers().await, "redis-server starts again");
    }

    /// Lets it live and answer nothing: its sockets still accept.
    pub fn stop(&self) {
        self.signal("-STOP");
    }

    /// The end of [`stop`](Self::stop).
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, name: &str) {
        let done = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(done.unwrap().success());
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    pub async fn connection(&self) -> ConnectionManager {
        ConnectionManager::new(Client::open(self.url()).unwrap()).await.unwrap()
    }

    async fn answers(&self) -> bool {
        let client = Client::open(self.url()).unwrap();
        for _ in 0..100 {
            if let Ok(mut connection) = client.get_multiplexed_async_connection().await
                && cmd("PING").query_async::<String>(&mut connection).await.is_ok()
            {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }
}

fn spawn(port: u16, options: &[String]) -> Child {
    Command::new("redis-server")
        .args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ])
        .args(options)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
