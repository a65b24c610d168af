//! The drivers in front of a board that lies: greetings, states, events and answers as they come.
//! Time is virtual, so that no input waits for a time-out.

use std::sync::Arc;
use std::time::Duration;

use drivers_link::{BoxedLink, LinkAddress, LinkError, LinkOpener, OpenFuture};
use drivers_relay::{OpenBy, RelayMap, RelaySettings};
use drivers_turnstile::{Direction, TurnstileCommands, TurnstileEvent, TurnstileSettings};
use firmware_protocol::Reply;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::cursor::Cursor;
use crate::gates::{framed, replies};

/// For so long, by the virtual clock, the driver may talk with one input.
const TALK: Duration = Duration::from_secs(20);
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
type Start = fn(Arc<dyn LinkOpener>, TurnstileCommands, mpsc::Sender<TurnstileEvent>);

/// Runs a driver against a board that gives `answer` for each request. Gives how many events came.
fn talk(start: Start, answers: impl FnMut(&[u8]) -> Option<Vec<u8>> + 'static) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let Ok(runtime) = runtime else {
        return 0;
    };
    let set = tokio::task::LocalSet::new();
    set.block_on(&runtime, async move {
        let (ours, theirs) = tokio::io::duplex(LINE_BYTES);
        let opener: Arc<dyn LinkOpener> = Arc::new(Board(std::sync::Mutex::new(Some(ours))));
        let (handle, commands) = drivers_turnstile::turnstile_channel();
        let (sender, mut events) = mpsc::channel(EVENTS_MAX);
        start(opener, commands, sender);
        let board = tokio::task::spawn_local(answer(theirs, answers));
        let mut count = 0_usize;
        let mut token = 0;
        let listen = async {
            while let Some(event) = events.recv().await {
                count = count.saturating_add(1);
                assert!(count < EVENTS_MAX, "events without end");
                if let TurnstileEvent::Reported(report) = &event {
                    handle.acknowledge(report.key).ok();
                }
                if matches!(event, TurnstileEvent::LinkBack(_)) {
                    token += 1;
                    handle.open(token, Direction::In).ok();
                }
            }
        };
        timeout(TALK, listen).await.ok();
        board.abort();
        count
    })
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

/// Replies of our own board: bodies, each with its length before it. A driver waits for the number
/// of its own request, so the board repeats that one.
pub(crate) fn gate_seeds() -> Vec<Vec<u8>> {
    // Greeting, settings and mode taken, then polls.
    let [hello, status] = replies();
    let all = [hello, Reply::Done, Reply::Done, status];
    let bodies: Vec<Vec<u8>> = all.iter().map(crate::gates::body).collect();
    let mut seed = Vec::new();
    for body in bodies.iter().chain(bodies.last()) {
        seed.push(u8::try_from(body.len()).unwrap_or(0));
        seed.extend(body);
    }
    vec![seed]
}

pub(crate) fn gate(bytes: &[u8]) -> bool {
    fn start(
        opener: Arc<dyn LinkOpener>,
        commands: TurnstileCommands,
        events: mpsc::Sender<TurnstileEvent>,
    ) {
        let settings = TurnstileSettings::new(address(), Arc::new(|| 0));
        tokio::task::spawn_local(drivers_turnstile::run(settings, opener, commands, events));
    }
    let input = bytes.to_vec();
    let mut at = 0;
    let answers = move |request: &[u8]| {
        let mut rest = Cursor(input.get(at..)?);
        if rest.is_empty() {
            return None;
        }
        let body = rest.piece();
        at += body.len() + 1;
        Some(framed(1, crate::gates::number(request)?, body))
    };
    talk(start, answers) > 1
}

/// What a relay board answers: a length, then bytes; bit 7 of the length asks for a right check.
pub(crate) fn relay_seeds() -> Vec<Vec<u8>> {
    let off = [1, 5, 0, 0, 0, 0];
    let rest = [1, 2, 1, 0];
    let mut seed = Vec::new();
    for body in [&off[..], &rest, &rest, &[1, 0x85, 2]] {
        seed.push(u8::try_from(body.len()).unwrap_or(0) | 0x80);
        seed.extend(body);
    }
    vec![seed]
}

pub(crate) fn relay(bytes: &[u8]) -> bool {
    fn start(
        opener: Arc<dyn LinkOpener>,
        commands: TurnstileCommands,
        events: mpsc::Sender<TurnstileEvent>,
    ) {
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
        tokio::task::spawn_local(drivers_relay::run(settings, opener, commands, events));
    }
    let input = bytes.to_vec();
    let mut at = 0;
    let answers = move |_: &[u8]| {
        let mut rest = Cursor(input.get(at..)?);
        if rest.is_empty() {
            return None;
        }
        let length = rest.byte();
        let body = rest.take(usize::from(length & 0x3F));
        at += body.len() + 1;
        let mut frame = body.to_vec();
        if length & 0x80 != 0 {
            let check = crc::Crc::<u16>::new(&crc::CRC_16_MODBUS).checksum(body);
            frame.extend(check.to_le_bytes());
        }
        Some(frame)
    };
    talk(start, answers) > 1
}
