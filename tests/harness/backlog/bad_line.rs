//! A line between box and broker that delays, loses, chokes, falls silent and breaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::Result;
use crate::figures::Dice;

/// As many bytes as one packet carries.
const SEGMENT_BYTES: usize = 1_400;
/// Packets that are under way at a time: what does not fit waits at its sender, as TCP has it.
const SEGMENTS_MAX: usize = 32;
/// What the box's end takes in before it carries on, bytes: else all of a backlog would wait in the line.
const WINDOW_BYTES: u32 = 32 * 1024;
const CONNECTIONS_MAX: u32 = 64;
/// After so long a sender of TCP sends a packet again that nobody confirmed; twice as long each time more.
const AGAIN_MS: u64 = 300;
const AGAIN_MAX: u32 = 6;

/// How a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weather {
    /// What every packet takes, each way.
    pub delay: Duration,
    /// What it takes besides, at random, at most.
    pub jitter: Duration,
    /// Bits that pass in a second, each way; as many as come where none are told.
    pub bits_per_s: Option<u64>,
    /// Of a thousand packets so many are lost. They are sent again, and what is behind them waits.
    pub lost_per_mille: u64,
    /// Nothing passes, and nobody is told: as with a cable that is cut far away.
    pub is_silent: bool,
}

impl Weather {
    /// A line that does nothing of its own.
    pub const FAIR: Self = Self {
        delay: Duration::ZERO,
        jitter: Duration::ZERO,
        bits_per_s: None,
        lost_per_mille: 0,
        is_silent: false,
    };

    /// The mobile network at a site's edge.
    pub const MOBILE: Self = Self {
        delay: Duration::from_millis(30),
        jitter: Duration::from_millis(20),
        bits_per_s: Some(512_000),
        lost_per_mille: 5,
        is_silent: false,
    };

    /// 64 kbit/s, far away and with loss.
    pub const NARROW: Self = Self {
        delay: Duration::from_millis(150),
        jitter: Duration::from_millis(100),
        bits_per_s: Some(64_000),
        lost_per_mille: 20,
        is_silent: false,
    };
}

/// The line: a loopback port for the box, and the broker's behind it.
#[derive(Debug)]
pub struct BadLine {
    port: u16,
    weather: watch::Sender<Weather>,
    resets: watch::Sender<u64>,
    carried: Arc<AtomicU64>,
    listens: JoinHandle<()>,
}

impl BadLine {
    /// Lays a line in fair weather to a loopback port.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn lay(to: u16, seed: u64) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(WINDOW_BYTES)?;
        socket.bind(([127, 0, 0, 1], 0).into())?;
        let listener = socket.listen(CONNECTIONS_MAX)?;
        let port = listener.local_addr()?.port();
        let (weather, seen) = watch::channel(Weather::FAIR);
        let (resets, reset) = watch::channel(0);
        let carried = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&carried);
        let listens = tokio::spawn(async move {
            let mut dice = Dice::new(seed);
            while let Ok((near, _)) = listener.accept().await {
                let seed = dice.any();
                let line = (seen.clone(), Arc::clone(&counted));
                tokio::spawn(connection(near, to, (line, reset.clone()), seed));
            }
        });
        Ok(Self {
            port,
            weather,
            resets,
            carried,
            listens,
        })
    }

    /// The box's end of it.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Other weather, from the next packet on.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Breaks every connection at both ends (RST).
    pub fn reset(&self) {
        self.resets.send_modify(|resets| *resets += 1);
    }

    /// Bytes that it has carried, both ways.
    pub fn carried(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }
}

impl Drop for BadLine {
    fn drop(&mut self) {
        self.listens.abort();
        self.reset();
    }
}

type Carrier = (watch::Receiver<Weather>, Arc<AtomicU64>);

/// Carries one connection until one of its ends closes it, or it is reset.
async fn connection(
    mut near: TcpStream,
    to: u16,
    (line, mut reset): (Carrier, watch::Receiver<u64>),
    seed: u64,
) {
    let Ok(mut far) = TcpStream::connect(("127.0.0.1", to)).await else {
        return;
    };
    near.set_nodelay(true).ok();
    far.set_nodelay(true).ok();
    reset.borrow_and_update();
    let is_reset = {
        let ((near_in, near_out), (far_in, far_out)) = (near.split(), far.split());
        tokio::select! {
            () = way(near_in, far_out, &line, Dice::new(seed)) => false,
            () = way(far_in, near_out, &line, Dice::new(!seed)) => false,
            // A line that is taken away breaks its connections, too.
            _ = reset.changed() => true,
        }
    };
    if is_reset {
        near.set_zero_linger().ok();
        far.set_zero_linger().ok();
    }
}

/// One way of a connection. Packets leave in their order, each when it is due.
async fn way(from: ReadHalf<'_>, to: WriteHalf<'_>, line: &Carrier, dice: Dice) {
    let (packets, due) = mpsc::channel(SEGMENTS_MAX);
    let takes = take(from, packets, line.0.clone(), dice);
    tokio::join!(takes, deliver(due, to, line.clone()));
}

async fn take(
    mut from: ReadHalf<'_>,
    packets: mpsc::Sender<(Instant, Vec<u8>)>,
    mut weather: watch::Receiver<Weather>,
    mut dice: Dice,
) {
    let mut free_at = Instant::now();
    let mut packet = [0; SEGMENT_BYTES];
    while let Ok(bytes @ 1..) = from.read(&mut packet).await {
        let now = *weather.borrow_and_update();
        free_at = free_at.max(Instant::now()) + on_the_line(now, bytes, &mut dice);
        let jitter_ms = u64::try_from(now.jitter.as_millis()).unwrap_or(u64::MAX);
        let jitter = Duration::from_millis(dice.below(jitter_ms.saturating_add(1)));
        let at = free_at + now.delay + jitter;
        if packets.send((at, packet[..bytes].to_vec())).await.is_err() {
            return;
        }
    }
}

/// How long a packet keeps the line busy, those that are lost before it arrives included.
fn on_the_line(weather: Weather, bytes: usize, dice: &mut Dice) -> Duration {
    let bits = 8 * bytes as u64;
    let once = weather.bits_per_s.map_or(Duration::ZERO, |bits_per_s| {
        Duration::from_micros(bits * 1_000_000 / bits_per_s)
    });
    let mut whole = once;
    for time in 0..AGAIN_MAX {
        if dice.below(1_000) >= weather.lost_per_mille {
            break;
        }
        whole += Duration::from_millis(AGAIN_MS << time) + once;
    }
    whole
}

async fn deliver(
    mut due: mpsc::Receiver<(Instant, Vec<u8>)>,
    mut to: WriteHalf<'_>,
    (mut weather, carried): Carrier,
) {
    while let Some((at, packet)) = due.recv().await {
        sleep_until(at).await;
        if weather.wait_for(|now| !now.is_silent).await.is_err() {
            break;
        }
        carried.fetch_add(packet.len() as u64, Ordering::Relaxed);
        if to.write_all(&packet).await.is_err() {
            break;
        }
    }
}
