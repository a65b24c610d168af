//! A plain MQTT client of the bench.

use std::path::Path;
use std::time::Duration;

use rumqttc::{AsyncClient, EventLoop, MqttOptions, Transport};
use tests::{Result, tls_as};

const REQUESTS_MAX: usize = 1_000;

/// Connects in the clear.
pub(crate) fn plain(name: &str, port: u16) -> (AsyncClient, EventLoop) {
    build(name, "127.0.0.1", port, None)
}

/// Connects with the observer's certificate in a city's folder: hears what every box hears.
pub(crate) fn observer(city_dir: &Path, port: u16) -> Result<(AsyncClient, EventLoop)> {
    let transport = tls_as(city_dir, "observer")?;
    Ok(build("bench-observer", "localhost", port, Some(transport)))
}

fn build(
    name: &str,
    host: &str,
    port: u16,
    transport: Option<Transport>,
) -> (AsyncClient, EventLoop) {
    let mut options = MqttOptions::new(name, host, port);
    options
        .set_clean_session(true)
        .set_keep_alive(Duration::from_secs(30))
        .set_inflight(200)
        .set_max_packet_size(256 * 1024, 256 * 1024);
    if let Some(transport) = transport {
        options.set_transport(transport);
    }
    let (client, mut events) = AsyncClient::new(options, REQUESTS_MAX);
    events.network_options.set_tcp_nodelay(true);
    (client, events)
}
