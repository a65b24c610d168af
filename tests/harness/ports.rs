//! Free loopback ports.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::Result;

/// Below the ports that the system hands out by itself: neither a client's end of a line nor a
/// listener at port 0 takes one of them between its choice and its use.
const FIRST: u16 = 10_000;
const PORTS: u16 = 20_000;
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A loopback port at which nothing listens, another one each time.
pub fn free_port() -> Result<u16> {
    // Programs that run beside each other begin at different places.
    let start = std::process::id().wrapping_mul(97);
    for _ in 0..PORTS {
        let place = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = FIRST + u16::try_from(place % u32::from(PORTS))?;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err("every port is in use".into())
}
