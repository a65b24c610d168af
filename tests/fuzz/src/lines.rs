//! The drivers in front of a board that lies: greetings, states, events and answers as they come.
//! Time is virtual, so that no input waits for a time-out.

use std::sync::Arc;
use std::time::Duration;

use drivers_link::{BoxedLink, LinkAddress, LinkError, LinkOpener, OpenFuture};
use drivers_relay::{OpenBy, RelayMap, RelaySettings};
use drivers_turnstile::{Direction, TurnstileCommands, TurnstileEvent, TurnstileSettings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::board::Rig;
use crate::cursor::Cursor;
use crate::gates::{framed, replies};

/// For so long, by the virtual clock, the driver may talk with one input.
const TALK: Duration = Duration::from_secs(20);
/// And for so long once the board has said all.
const AFTER: Duration = Duration::from_secs(1);
const LINE_BYTES: usize = 4096;
const EVENTS_MAX: usize = 4096;

/// Gives the same board once, then none.
struct Board(std::sync::Mutex<Option<DuplexStream>>);

impl LinkOpener for Board {
    fn open<'a>(&'a self, _: &'a LinkAddress) -> OpenFuture<'a> {
        let line = self.0.lock().ok().and_then(|mut line| line.take());
        Box::pin(async move {
            match line {
                Some(line) => {
                    let boxed: BoxedLink = Box::new(line);
                    Ok(boxed)
                }
                None => Err(LinkError::BadPath {
                    path: "gone".to_owned(),
                }),
            }
        })
    }
}

fn address() -> LinkAddress {
    LinkAddress::Tcp {
        host: "board".to_owned(),
        port: 1,
    }
}

/// A driver, started.
type Start =
    fn(Arc<dyn LinkOpener>, TurnstileCommands, mpsc::Sender<TurnstileEvent>) -> JoinHandle<()>;

thread_local! {
    /// One for all inputs: each begins with a line and a driver of its own, some virtual time later.
    static RUNTIME: std::io::Result<Runtime> = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
}

/// Runs a driver against a board that gives `answers` for each request. Whether the driver took it
/// for one that a lane can work with.
fn talk(start: Start, answers: impl FnMut(&[u8]) -> Option<Vec<u8>> + 'static) -> bool {
    let set = tokio::task::LocalSet::new();
    RUNTIME.with(|runtime| match runtime {
        Ok(runtime) => set.block_on(runtime, talked(start, answers)),
        Err(_) => false,
    })
}

async fn talked(start: Start, answers: impl FnMut(&[u8]) -> Option<Vec<u8>> + 'static) -> bool {
    let (ours, theirs) = tokio::io::duplex(LINE_BYTES);
    let opener: Arc<dyn LinkOpener> = Arc::new(Board(std::sync::Mutex::new(Some(ours))));
    let (handle, commands) = drivers_turnstile::turnstile_channel();
    let (sender, mut events) = mpsc::channel(EVENTS_MAX);
    let driver = start(opener, commands, sender);
    let board = tokio::task::spawn_local(answer(theirs, answers));
    let mut count = 0_usize;
    let mut token = 0;
    let mut worked = false;
    let listen = async {
        while let Some(event) = events.recv().await {
            count = count.saturating_add(1);
            assert!(count < EVENTS_MAX, "events without end");
            if let TurnstileEvent::Reported(report) = &event {
                handle.acknowledge(report.key).ok();
            }
            if matches!(event, TurnstileEvent::LinkBack(_)) {
                worked = true;
                token += 1;
                handle.open(token, Direction::In).ok();
            }
        }
    };
    tokio::select! {
        () = listen => {}
        // The line is gone; what the driver makes of that it does at once.
        _ = board => sleep(AFTER).await,
        () = sleep(TALK) => {}
    }
    let died = driver.is_finished() && driver.await.is_err();
    assert!(!died, "the driver died");
    worked
}

async fn answer(mut line: DuplexStream, mut answers: impl FnMut(&[u8]) -> Option<Vec<u8>>) {
    let mut scratch = [0; 512];
    while let Ok(count @ 1..) = line.read(&mut scratch).await {
        let Some(reply) = answers(scratch.get(..count).unwrap_or_default()) else {
            return;
        };
        if line.write_all(&reply).await.is_err() {
            return;
        }
    }
}

/// What the board does at each request. An even byte: it is our own board, with beams and fire by
/// the other bits. An odd one: a body follows, its length before it, framed with the number that
/// the driver waits for.
pub(crate) fn gate_seeds() -> Vec<Vec<u8>> {
    const TALK: usize = 8;
    // Greeted, configured, opened; then somebody walks through.
    let walk = [vec![0; TALK], vec![2, 6, 4, 0, 0, 0]].concat();
    let mut lies = vec![0; TALK];
    for body in replies().iter().map(crate::gates::body) {
        lies.push(1);
        lies.push(u8::try_from(body.len()).unwrap_or(0));
        lies.extend(body);
    }
    vec![walk, lies]
}

pub(crate) fn gate(bytes: &[u8]) -> bool {
    fn start(
        opener: Arc<dyn LinkOpener>,
        commands: TurnstileCommands,
        events: mpsc::Sender<TurnstileEvent>,
    ) -> JoinHandle<()> {
        let settings = TurnstileSettings::new(address(), Arc::new(|| 0));
        tokio::task::spawn_local(drivers_turnstile::run(settings, opener, commands, events))
    }
    let mut own = Rig::new();
    let answer = move |request: &[u8], rest: &mut Cursor<'_>| {
        let how = rest.byte();
        Some(if how & 1 == 0 {
            own.reply(request, how >> 1)
        } else {
            framed(1, crate::gates::number(request)?, rest.piece())
        })
    };
    talk(start, piecewise(bytes, answer))
}

/// An answer to each request out of what the ones before it left of `bytes`; none once all is used.
fn piecewise<A>(bytes: &[u8], mut answer: A) -> impl FnMut(&[u8]) -> Option<Vec<u8>> + use<A>
where
    A: FnMut(&[u8], &mut Cursor<'_>) -> Option<Vec<u8>>,
{
    let input = bytes.to_vec();
    let mut at = 0;
    move |request: &[u8]| {
        let mut rest = Cursor(input.get(at..)?);
        if rest.is_empty() {
            return None;
        }
        let reply = answer(request, &mut rest)?;
        at = input.len() - rest.0.len();
        Some(reply)
    }
}

/// What a relay board does at each request. An even byte: as it should, its inputs by the other
/// bits. An odd one: an answer follows, its length before it; bit 1 asks for a right check.
pub(crate) fn relay_seeds() -> Vec<Vec<u8>> {
    // Greeted, opened, passed; then another coil's echo, an exception, silence.
    let mut seed = vec![0, 0, 0, 0, 0, 0, 2, 0];
    for body in [&[1, 5, 0, 1, 0xFF, 0][..], &[1, 0x85, 2], &[]] {
        seed.extend([3, u8::try_from(body.len()).unwrap_or(0)]);
        seed.extend(body);
    }
    vec![seed]
}

/// The reply of a board that does as it is told.
fn obeyed(request: &[u8], coils: &mut u8, inputs: u8) -> Vec<u8> {
    match *request {
        [unit, 5, high, coil, on, low, ..] => {
            let bit = 1_u8.checked_shl(u32::from(coil)).unwrap_or(0);
            *coils = if on == 0 { *coils & !bit } else { *coils | bit };
            vec![unit, 5, high, coil, on, low]
        }
        [unit, 1, _, coil, ..] => {
            let is_on = coils.checked_shr(u32::from(coil)).unwrap_or(0) & 1;
            vec![unit, 1, 1, is_on]
        }
        [unit, 2, ..] => vec![unit, 2, 1, inputs],
        _ => Vec::new(),
    }
}

pub(crate) fn relay(bytes: &[u8]) -> bool {
    fn start(
        opener: Arc<dyn LinkOpener>,
        commands: TurnstileCommands,
        events: mpsc::Sender<TurnstileEvent>,
    ) -> JoinHandle<()> {
        let settings = RelaySettings {
            address: address(),
            unit: 1,
            map: RelayMap {
                open_by: OpenBy::Coil,
                open_in: 0,
                open_out: 1,
                passed: Some((0, 1)),
                fire: Some(2),
                inverted: false,
            },
            pulse_ms: 500,
            pass_timeout_ms: 8_000,
            session: 1,
            jitter: Arc::new(|| 0),
        };
        tokio::task::spawn_local(drivers_relay::run(settings, opener, commands, events))
    }
    let mut coils = 0;
    let answer = move |request: &[u8], rest: &mut Cursor<'_>| {
        let how = rest.byte();
        let (mut frame, checked) = if how & 1 == 0 {
            (obeyed(request, &mut coils, how >> 1), true)
        } else {
            (rest.piece().to_vec(), how & 2 == 2)
        };
        if checked {
            let check = crc::Crc::<u16>::new(&crc::CRC_16_MODBUS).checksum(&frame);
            frame.extend(check.to_le_bytes());
        }
        Some(frame)
    };
    talk(start, piecewise(bytes, answer))
}
