//! A proxy whose connections of the moment can be made silent: they go on accepting bytes, and nothing comes back.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::SeqCst},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Ends with the runtime of its test.
pub struct Proxy {
    port: u16,
    /// Connections accepted before this generation are silent.
    generation: Arc<AtomicU32>,
}

impl Proxy {
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let generation = Arc::new(AtomicU32::new(0));
        let current = generation.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let born = current.load(SeqCst);
                let (near_in, near_out) = near.into_split();
                let (far_in, far_out) = far.into_split();
                tokio::spawn(carry(near_in, far_out, current.clone(), born));
                tokio::spawn(carry(far_in, near_out, current.clone(), born));
            }
        });
        Self { port: own, generation }
    }

    /// From now on nothing is heard on the connections that there are; new ones work.
    pub fn silence(&self) {
        self.generation.fetch_add(1, SeqCst);
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }
}

async fn carry(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    generation: Arc<AtomicU32>,
    born: u32,
) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if generation.load(SeqCst) == born && to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
