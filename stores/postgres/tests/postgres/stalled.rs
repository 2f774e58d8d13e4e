//! A server that accepts and never answers (FIELD 36): nobody waits for longer than their deadline, and when it answers
//! again everything goes on.

use super::{things::*, world::World};
use consentgate_postgres::connect;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Between the store and the server: passes everything on, or swallows it.
struct Proxy {
    url: String,
    stalled: Arc<AtomicBool>,
    open: Arc<AtomicUsize>,
}

impl Proxy {
    async fn new(world: &World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let to = world.database.url();
        let (user, rest) = to.rsplit_once('@').unwrap();
        let (server, database) = rest.split_once('/').unwrap();
        let url = format!("{user}@127.0.0.1:{port}/{database}");
        let proxy = Self { url, stalled: Arc::default(), open: Arc::default() };
        let (server, stalled, open) =
            (server.to_owned(), proxy.stalled.clone(), proxy.open.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                open.fetch_add(1, SeqCst);
                let server = TcpStream::connect(&server).await.unwrap();
                let (stalled, open) = (stalled.clone(), open.clone());
                tokio::spawn(async move {
                    pass_on(client, server, &stalled).await;
                    open.fetch_sub(1, SeqCst);
                });
            }
        });
        proxy
    }
}

/// Until the client is gone. What is swallowed never comes again.
async fn pass_on(mut client: TcpStream, mut server: TcpStream, stalled: &AtomicBool) {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        let done = tokio::select! {
            read = client.read(&mut asked) => match read {
                Ok(0) | Err(_) => true,
                Ok(_) if stalled.load(SeqCst) => false,
                Ok(length) => server.write_all(&asked[..length]).await.is_err(),
            },
            read = server.read(&mut answered) => match read {
                Ok(0) | Err(_) => true,
                Ok(_) if stalled.load(SeqCst) => false,
                Ok(length) => client.write_all(&answered[..length]).await.is_err(),
            },
        };
        if done {
            return;
        }
    }
}

/// With the deadline that the gate has for an admission.
async fn admit_in_time(world: &World, number: u8) -> Option<bool> {
    let (site, claims) = (site("a"), [claim(number)]);
    let ask = Asking::new(&site, &claims, owner(number));
    let asked = tokio::time::timeout(Duration::from_millis(1000), ask.try_admit(world)).await;
    asked.ok().map(|said| said.is_ok())
}

/// However busy the machine is with other tests.
async fn admit_in_the_end(world: &World, number: u8) {
    for _ in 0..60 {
        if admit_in_time(world, number).await == Some(true) {
            return;
        }
    }
    panic!("it does not go on");
}

#[tokio::test]
async fn field_36_a_flood_against_a_stalled_server_exhausts_nothing_for_ever() {
    let world = World::new().await;
    let proxy = Proxy::new(&world).await;
    let through = World { store: connect(&proxy.url, 4).unwrap(), ..world };
    let through = Arc::new(through);
    admit_in_the_end(&through, 1).await;

    proxy.stalled.store(true, SeqCst);
    let start = Instant::now();
    let flood: Vec<_> = (0..100)
        .map(|_| {
            let through = through.clone();
            tokio::spawn(async move { admit_in_time(&through, 1).await })
        })
        .collect();
    for each in flood {
        assert_ne!(each.await.unwrap(), Some(true));
    }
    // Not one after the other: four connections for a second each would make it 25.
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());

    proxy.stalled.store(false, SeqCst);
    // The connections on which an answer was due are closed, all of them.
    let closed = async {
        while proxy.open.load(SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), closed).await.expect("connections are left over");
    for number in 10..20 {
        admit_in_the_end(&through, number).await;
    }
    assert_eq!(proxy.open.load(SeqCst), 1, "one is enough, and it is used again");
}

#[tokio::test]
async fn law_4_what_was_never_sent_is_known_as_unwritten_before_the_deadline() {
    let world = World::new().await;
    let proxy = Proxy::new(&world).await;
    proxy.stalled.store(true, SeqCst);
    let through = World { store: connect(&proxy.url, 1).unwrap(), ..world };
    let start = Instant::now();
    let error = Call::new(1).try_record(&through).await.unwrap_err();
    assert!(error.is_unwritten());
    assert!(start.elapsed() < Duration::from_millis(1900), "{:?}", start.elapsed());
}

#[tokio::test]
async fn law_8_a_call_that_waits_for_a_lock_keeps_nobody_else_waiting() {
    let world = World::new().await;
    let blocker = world.another_client().await;
    blocker
        .batch_execute("begin; lock table consentgate.sessions in exclusive mode")
        .await
        .unwrap();
    let world = Arc::new(world);
    let waiting = tokio::spawn({
        let world = world.clone();
        async move {
            let statement = Statement::new("a", 1, Some(session(&["x"], 1000)));
            tokio::time::timeout(Duration::from_millis(300), statement.put(&world)).await.is_err()
        }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    for number in 1..=5 {
        let (site, claims) = (site("a"), [claim(number)]);
        assert_eq!(Asking::new(&site, &claims, owner(1)).admit(&world).await, NEW);
        assert_eq!(Call::new(number).record(&world).await, ENQUEUED);
    }
    assert!(waiting.await.unwrap(), "it was given up");
    blocker.batch_execute("rollback").await.unwrap();
    assert_eq!(world.count("select count(*) from consentgate.sessions").await, 0);
}
