//! Connections as a gate needs them. A host may as well make its own and give it to [`Redis::new`].

use super::{Redis, StartError, link::Link};
use redis::{
    Client, IntoConnectionInfo,
    aio::ConnectionManagerConfig,
    cluster::ClusterClient,
    cluster_async::ClusterConnection,
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};
use std::time::Duration;

/// No reply in this time is an error. The gate's own deadlines are what usually ends a call.
const RESPONSE: Duration = Duration::from_secs(2);
/// So long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(1);
/// A peer that was not heard of for so long is gone, though no packet said so: the connection is made anew.
const SILENCE: Duration = Duration::from_secs(5);
/// Attempts to connect that follow a failed one. Few: calls that wait for them fail the sooner, and the next call tries
/// again.
const ATTEMPTS: usize = 1;
/// The longest pause between two attempts.
const PAUSE: Duration = Duration::from_millis(250);
/// Calls that may wait to be written at the same time.
const QUEUE: usize = 1024;
/// A Cluster's redirections (a slot that moved, a primary that failed) are followed so often.
const REDIRECTIONS: u32 = 3;

/// The store over one connection to one server, shared by all calls and made anew when it breaks. While it is away,
/// calls fail; none waits for longer than its deadline. One that stays silent is given up and replaced.
///
/// # Errors
/// [`StartError`].
pub async fn connect(url: &str) -> Result<Redis<Link>, StartError> {
    let info = url.into_connection_info().map_err(StartError::Unreachable)?;
    let client = Client::open(info.set_tcp_settings(tcp())).map_err(StartError::Unreachable)?;
    let config = ConnectionManagerConfig::new()
        .set_response_timeout(Some(RESPONSE))
        .set_connection_timeout(Some(CONNECT))
        .set_number_of_retries(ATTEMPTS)
        .set_max_delay(PAUSE)
        .set_pipeline_buffer_size(QUEUE);
    let link = Link::open(client, config).await;
    Redis::new(link.map_err(StartError::Unreachable)?).await
}

/// The store over one connection to each node of a Redis Cluster, found from these.
///
/// # Errors
/// [`StartError`].
pub async fn connect_cluster(
    urls: impl IntoIterator<Item = &str>,
) -> Result<Redis<ClusterConnection>, StartError> {
    let client = ClusterClient::builder(urls)
        .response_timeout(RESPONSE)
        .connection_timeout(CONNECT)
        .overall_response_timeout(Some(RESPONSE))
        .retries(REDIRECTIONS)
        .max_retry_wait(u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX))
        .tcp_settings(tcp())
        .build()
        .map_err(StartError::Unreachable)?;
    let connection = client.get_async_connection().await;
    Redis::new(connection.map_err(StartError::Unreachable)?).await
}

fn tcp() -> TcpSettings {
    let keepalive = TcpKeepalive::new().with_time(SILENCE).with_interval(SILENCE / 5);
    let settings = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let settings = settings.set_user_timeout(SILENCE);
    settings
}
