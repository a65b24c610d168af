//! A board, its pins, a line with faults, and a driver at the other end.

use core::convert::Infallible;
use drivers_link::{BoxedLink, LinkAddress, LinkError, LinkOpener, OpenFuture};
use drivers_turnstile::{
    BoardUid, EventKey, EventKind, TurnstileEvent, TurnstileHandle, TurnstileSettings, run,
    turnstile_channel,
};
use embedded_hal::digital::{ErrorType, InputPin, OutputPin};
use firmware_logic::{Board, Identity, Pins, RelayWiring, Watchdog};
use firmware_protocol::{
    FRAME_BYTES_MAX, Fault, Frame, Receiver, Reply, Request, ResetCause, Settings, encode_frame,
};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

pub(crate) const UID: BoardUid = BoardUid([0x4d, 0x57, 0, 0, 0, 0, 0, 1]);
pub(crate) const OTHER_UID: BoardUid = BoardUid([0x4d, 0x57, 0, 0, 0, 0, 0, 2]);

#[derive(Clone, Debug, Default)]
pub(crate) struct Contact(Arc<AtomicBool>);

impl ErrorType for Contact {
    type Error = Infallible;
}

impl InputPin for Contact {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.0.load(SeqCst))
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.0.load(SeqCst))
    }
}

/// An output that counts how often it was switched on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coil {
    on: Arc<AtomicBool>,
    pulses: Arc<AtomicU32>,
}

impl Coil {
    pub(crate) fn is_on(&self) -> bool {
        self.on.load(SeqCst)
    }

    pub(crate) fn pulses(&self) -> u32 {
        self.pulses.load(SeqCst)
    }
}

impl ErrorType for Coil {
    type Error = Infallible;
}

impl OutputPin for Coil {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.on.store(false, SeqCst);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        if !self.on.swap(true, SeqCst) {
            self.pulses.fetch_add(1, SeqCst);
        }
        Ok(())
    }
}

#[derive(Debug)]
struct NoDog;

impl Watchdog for NoDog {
    fn feed(&mut self) {}
}

/// A request as the board's end of the line saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    pub(crate) number: u8,
    pub(crate) request: Request,
}

/// The lane with its board and its line.
pub(crate) struct World {
    board: Board<Contact, Coil, NoDog>,
    booted_at: Instant,
    pub(crate) uid: BoardUid,
    pub(crate) session: u32,
    pub(crate) outer: Contact,
    pub(crate) inner: Contact,
    pub(crate) open_in: Coil,
    pub(crate) open_out: Coil,
    sniffer: Receiver<Request>,
    pub(crate) seen: Vec<Seen>,
    /// Writes of the driver, as the system would see them.
    pub(crate) writes: Vec<(Instant, usize)>,
    pub(crate) replies_to_lose: u32,
    pub(crate) replies_to_damage: u32,
    /// Sent in front of each reply.
    pub(crate) noise: Vec<u8>,
    pub(crate) deaf: bool,
    pub(crate) unplugged: bool,
    /// Answered instead of what the board says.
    pub(crate) forged: VecDeque<Reply>,
    /// The board is of minor 0.
    pub(crate) unknown_counters: bool,
}

fn new_board(
    uid: BoardUid,
    session: u32,
    pins: Pins<Contact, Coil>,
) -> Board<Contact, Coil, NoDog> {
    let identity = Identity {
        address: 1,
        uid,
        session,
        firmware: [0, 1, 0],
        reset_cause: ResetCause::PowerOn,
    };
    Board::new(pins, NoDog, identity, Settings::default())
}

impl World {
    fn new() -> Self {
        let (outer, inner) = (Contact::default(), Contact::default());
        let (open_in, open_out) = (Coil::default(), Coil::default());
        let pins = Pins {
            beam_outer: outer.clone(),
            beam_inner: inner.clone(),
            fire: Contact::default(),
            tamper: Contact::default(),
            open_in: open_in.clone(),
            open_out: open_out.clone(),
            lamp_green: Coil::default(),
            lamp_red: Coil::default(),
            buzzer: Coil::default(),
            wiring: RelayWiring::PulledOpens,
        };
        Self {
            board: new_board(UID, 100, pins),
            booted_at: Instant::now(),
            uid: UID,
            session: 100,
            outer,
            inner,
            open_in,
            open_out,
            sniffer: Receiver::new(),
            seen: Vec::new(),
            writes: Vec::new(),
            replies_to_lose: 0,
            replies_to_damage: 0,
            noise: Vec::new(),
            deaf: false,
            unplugged: false,
            forged: VecDeque::new(),
            unknown_counters: false,
        }
    }

    /// Resets the board: another session, no events, closed.
    pub(crate) fn restart_board(&mut self) {
        let pins = self.board.pins_mut();
        let pins = Pins {
            beam_outer: pins.beam_outer.clone(),
            beam_inner: pins.beam_inner.clone(),
            fire: pins.fire.clone(),
            tamper: pins.tamper.clone(),
            open_in: pins.open_in.clone(),
            open_out: pins.open_out.clone(),
            lamp_green: pins.lamp_green.clone(),
            lamp_red: pins.lamp_red.clone(),
            buzzer: pins.buzzer.clone(),
            wiring: pins.wiring,
        };
        self.session += 1;
        self.board = new_board(self.uid, self.session, pins);
        self.booted_at = Instant::now();
    }

    fn tick(&mut self) {
        let uptime_ms = self.booted_at.elapsed().as_millis();
        self.board.tick(u32::try_from(uptime_ms).unwrap());
    }

    fn hear(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut asked = None;
        for byte in bytes {
            if let Some(Ok(Frame {
                number,
                message: Some(request),
                ..
            })) = self.sniffer.push(*byte)
            {
                asked = Some(number);
                if self.unknown_counters && request == Request::AskStatistics {
                    self.forged = [Reply::Error(Fault::Message)].into();
                }
                self.seen.push(Seen {
                    at: Instant::now(),
                    number,
                    request,
                });
            }
        }
        if self.deaf {
            return Vec::new();
        }
        self.board.receive(bytes);
        let mut reply = vec![0; FRAME_BYTES_MAX];
        let used = self.board.transmit(&mut reply);
        reply.truncate(used);
        if let (Some(number), Some(forged)) = (asked, self.forged.pop_front()) {
            reply = vec![0; FRAME_BYTES_MAX];
            let used = encode_frame(1, number, &forged, &mut reply).unwrap();
            reply.truncate(used);
        }
        if reply.is_empty() {
            return reply;
        }
        if self.replies_to_lose > 0 {
            self.replies_to_lose -= 1;
            return Vec::new();
        }
        if self.replies_to_damage > 0 {
            self.replies_to_damage -= 1;
            reply[3] ^= 0x10;
        }
        let mut sent = self.noise.clone();
        sent.extend(reply);
        sent
    }

    pub(crate) fn opens_seen(&self) -> Vec<Seen> {
        let is_open = |seen: &&Seen| matches!(seen.request, Request::Open { .. });
        self.seen.iter().filter(is_open).cloned().collect()
    }

    pub(crate) fn last_seen_at(&self) -> Instant {
        self.seen.last().unwrap().at
    }
}

/// The driver's end, with each write written down.
struct Watched {
    near: DuplexStream,
    world: Arc<Mutex<World>>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.near).poll_read(context, buffer)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.world
            .lock()
            .unwrap()
            .writes
            .push((Instant::now(), bytes.len()));
        Pin::new(&mut self.near).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.near).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.near).poll_shutdown(context)
    }
}

/// Opens the line to the world's board.
struct Cable(Arc<Mutex<World>>);

impl LinkOpener for Cable {
    fn open<'a>(&'a self, address: &'a LinkAddress) -> OpenFuture<'a> {
        Box::pin(async move {
            if self.0.lock().unwrap().unplugged {
                let source = io::Error::from(io::ErrorKind::NotFound);
                return Err(LinkError::Missing {
                    address: address.to_string(),
                    source,
                });
            }
            let (near, far) = tokio::io::duplex(1024);
            tokio::spawn(far_end(Arc::clone(&self.0), far));
            let link: BoxedLink = Box::new(Watched {
                near,
                world: Arc::clone(&self.0),
            });
            Ok(link)
        })
    }
}

async fn far_end(world: Arc<Mutex<World>>, mut far: DuplexStream) {
    let mut bytes = [0; 256];
    loop {
        let reply = tokio::select! {
            read = far.read(&mut bytes) => match read {
                Ok(0) | Err(_) => return,
                Ok(count) => world.lock().unwrap().hear(&bytes[..count]),
            },
            () = sleep(Duration::from_millis(1)) => Vec::new(),
        };
        let unplugged = {
            let mut world = world.lock().unwrap();
            world.tick();
            world.unplugged
        };
        if unplugged || far.write_all(&reply).await.is_err() {
            return;
        }
    }
}

/// A driver that runs, and the world it runs in.
pub(crate) struct Site {
    world: Arc<Mutex<World>>,
    pub(crate) handle: TurnstileHandle,
    pub(crate) events: mpsc::Receiver<TurnstileEvent>,
    pub(crate) driver: JoinHandle<()>,
}

pub(crate) fn settings() -> TurnstileSettings {
    let address = LinkAddress::Serial {
        path: "/dev/gate0".to_owned(),
        baud: 115_200,
    };
    TurnstileSettings::new(address, Arc::new(|| 200))
}

impl Site {
    /// A driver that was just started.
    pub(crate) fn start() -> Self {
        Self::start_with(settings(), 16)
    }

    pub(crate) fn start_with(settings: TurnstileSettings, events: usize) -> Self {
        Self::start_in(Arc::new(Mutex::new(World::new())), settings, events)
    }

    fn start_in(world: Arc<Mutex<World>>, settings: TurnstileSettings, events: usize) -> Self {
        let (handle, commands) = turnstile_channel();
        let (sender, events) = mpsc::channel(events);
        let opener = Arc::new(Cable(Arc::clone(&world)));
        let driver = tokio::spawn(run(settings, opener, commands, sender));
        Self {
            world,
            handle,
            events,
            driver,
        }
    }

    /// A driver that works with its board.
    pub(crate) async fn online() -> Self {
        let mut site = Self::start();
        site.until_online().await;
        site
    }

    /// Kills the driver and starts another one at the same line.
    pub(crate) async fn restart_driver(self, settings: TurnstileSettings) -> Self {
        self.driver.abort();
        assert!(self.driver.await.unwrap_err().is_cancelled());
        Self::start_in(self.world, settings, 16)
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// The next event, but for changes of state.
    pub(crate) async fn next(&mut self) -> TurnstileEvent {
        loop {
            let event = timeout(Duration::from_mins(5), self.events.recv()).await;
            let event = event.expect("no event").expect("the driver ended");
            if !matches!(event, TurnstileEvent::StateChanged { .. }) {
                return event;
            }
        }
    }

    pub(crate) async fn until_online(&mut self) {
        let event = self.next().await;
        assert!(matches!(event, TurnstileEvent::LinkBack(_)), "{event:?}");
    }

    /// The next event, which the board saw.
    pub(crate) async fn next_report(&mut self) -> (EventKey, EventKind) {
        let event = self.next().await;
        let TurnstileEvent::Reported(report) = event else {
            panic!("{event:?}")
        };
        (report.key, report.kind)
    }

    /// No event comes for so long.
    pub(crate) async fn quiet(&mut self, ms: u64) {
        let until = Instant::now() + Duration::from_millis(ms);
        while let Ok(event) = tokio::time::timeout_at(until, self.events.recv()).await {
            let state = matches!(event, Some(TurnstileEvent::StateChanged { .. }));
            assert!(state, "{event:?}");
        }
    }

    /// Walks through the beams: `o` outer, `i` inner, `b` both, `.` none, 50 ms each.
    pub(crate) async fn walk(&self, beams: &str) {
        for beam in beams.chars() {
            {
                let world = self.world();
                world.outer.0.store(matches!(beam, 'o' | 'b'), SeqCst);
                world.inner.0.store(matches!(beam, 'i' | 'b'), SeqCst);
            }
            wait(50).await;
        }
    }

    /// Waits until the driver has polled.
    pub(crate) async fn until_polled(&self) {
        let polls = |world: &World| {
            world
                .seen
                .iter()
                .filter(|it| matches!(it.request, Request::Poll { .. }))
                .count()
        };
        let before = polls(&self.world());
        while polls(&self.world()) < before + 2 {
            wait(1).await;
        }
    }
}

pub(crate) async fn wait(ms: u64) {
    sleep(Duration::from_millis(ms)).await;
}
