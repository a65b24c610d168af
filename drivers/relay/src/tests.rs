//! The driver against a board made of bytes; frames with a known check are from outside.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use drivers_link::{BoxedLink, LinkAddress, LinkCause, LinkError, LinkOpener, OpenFuture};
use drivers_turnstile::{
    Direction, EventKind, OpenRefusal, TurnstileEvent, TurnstileHandle, turnstile_channel,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::settings::{OpenBy, RelayMap, RelaySettings};
use crate::watch::Watch;
use crate::wire::{Fault, Wire, checked};

const MAP: RelayMap = RelayMap {
    open_by: OpenBy::Flash,
    open_in: 0,
    open_out: 1,
    passed: Some((0, 1)),
    fire: Some(2),
    inverted: false,
};

const FLASH: [u8; 8] = [0x01, 0x05, 0x02, 0x00, 0x00, 0x04, 0xCD, 0xB1];
const COIL_ON: [u8; 8] = [0x01, 0x05, 0x00, 0x00, 0xFF, 0x00, 0x8C, 0x3A];
const COIL_OFF: [u8; 8] = [0x01, 0x05, 0x00, 0x00, 0x00, 0x00, 0xCD, 0xCA];
const READ_8_INPUTS: [u8; 8] = [0x01, 0x02, 0x00, 0x00, 0x00, 0x08, 0x79, 0xCC];
const EXCEPTION_2: [u8; 5] = [0x01, 0x85, 0x02, 0xC3, 0x51];

/// A wire whose far end is in the test's hands.
fn wire() -> (Wire, DuplexStream) {
    let (near, far) = duplex(256);
    (Wire::new(Box::new(near), 1), far)
}

/// Hears one request and says what it is told to.
async fn answer(far: &mut DuplexStream, reply: &[u8]) -> [u8; 8] {
    let mut request = [0; 8];
    far.read_exact(&mut request).await.unwrap();
    far.write_all(reply).await.unwrap();
    request
}

#[tokio::test(start_paused = true)]
async fn requests_are_the_bytes_of_the_manuals() {
    let (mut wire, mut far) = wire();
    let (flashed, request) = tokio::join!(wire.flash(0, 4), answer(&mut far, &FLASH));
    assert!(flashed.is_ok());
    assert_eq!(request, FLASH);
    let (on, request) = tokio::join!(wire.set_coil(0, true), answer(&mut far, &COIL_ON));
    assert!(on.is_ok());
    assert_eq!(request, COIL_ON);
    let (off, request) = tokio::join!(wire.set_coil(0, false), answer(&mut far, &COIL_OFF));
    assert!(off.is_ok());
    assert_eq!(request, COIL_OFF);
    let reply = checked(vec![1, 2, 1, 0b0000_0101]);
    let (inputs, request) = tokio::join!(wire.inputs(0, 8), answer(&mut far, &reply));
    assert_eq!(request, READ_8_INPUTS);
    let high: Vec<bool> = inputs.unwrap();
    assert_eq!(high, [true, false, true, false, false, false, false, false]);
}

#[tokio::test(start_paused = true)]
async fn exceptions_are_told_by_their_code() {
    let (mut wire, mut far) = wire();
    let (flashed, _) = tokio::join!(wire.flash(0, 4), answer(&mut far, &EXCEPTION_2));
    assert!(matches!(flashed, Err(Fault::Refused(2))), "{flashed:?}");
    let (set, _) = tokio::join!(wire.set_coil(0, true), answer(&mut far, &EXCEPTION_2));
    assert!(matches!(set, Err(Fault::Refused(2))), "{set:?}");
}

#[tokio::test(start_paused = true)]
async fn short_foreign_and_damaged_replies_are_no_replies() {
    let foreign = checked(vec![2, 5, 2, 0, 0, 4]);
    let mut damaged = FLASH;
    damaged[7] ^= 1;
    let mut exception = EXCEPTION_2;
    exception[4] ^= 1;
    for reply in [&FLASH[..7], &foreign, &damaged, &exception, &[]] {
        let (mut wire, mut far) = wire();
        let (flashed, _) = tokio::join!(wire.flash(0, 4), answer(&mut far, reply));
        let no_reply = matches!(flashed, Err(Fault::Silent | Fault::Garbled(_)));
        assert!(no_reply, "{reply:02x?}: {flashed:?}");
    }
    let foreign = checked(vec![2, 2, 1, 0]);
    let short = checked(vec![1, 2, 1, 0]);
    for reply in [&foreign[..], &short[..5], &[0x01, 0x02, 0xff]] {
        let (mut wire, mut far) = wire();
        let (inputs, _) = tokio::join!(wire.inputs(0, 8), answer(&mut far, reply));
        let no_reply = matches!(inputs, Err(Fault::Silent | Fault::Garbled(_)));
        assert!(no_reply, "{reply:02x?}: {inputs:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_good_frame_that_answers_something_else_is_no_reply() {
    let another_coil = checked(vec![1, 5, 0, 1, 0xFF, 0]);
    for echo in [&COIL_OFF[..], &another_coil] {
        let (mut wire, mut far) = wire();
        let (set, _) = tokio::join!(wire.set_coil(0, true), answer(&mut far, echo));
        assert!(matches!(set, Err(Fault::Garbled(_))), "{set:?}");
    }
    let (mut wire, mut far) = wire();
    let none = checked(vec![1, 2, 0]);
    let (inputs, _) = tokio::join!(wire.inputs(0, 8), answer(&mut far, &none));
    assert!(
        matches!(inputs, Err(Fault::Garbled(_) | Fault::Silent)),
        "{inputs:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_late_reply_is_not_taken_for_the_next_one() {
    let (mut wire, mut far) = wire();
    let late = async {
        let mut request = [0; 8];
        far.read_exact(&mut request).await.unwrap();
        sleep(Duration::from_millis(215)).await;
        far.write_all(&checked(vec![1, 2, 1, 0xff])).await.unwrap();
        answer(&mut far, &checked(vec![1, 2, 1, 0x00])).await
    };
    let asking = async {
        let first = wire.inputs(0, 8).await;
        (first, wire.inputs(0, 8).await)
    };
    let ((first, second), _) = tokio::join!(asking, late);
    assert!(matches!(first, Err(Fault::Silent)), "{first:?}");
    assert_eq!(second.unwrap(), [false; 8]);
}

/// A board in the other end of the link: what it is asked, and how it behaves.
#[derive(Default)]
struct Board {
    heard: Vec<[u8; 8]>,
    inputs: u8,
    relays: u8,
    /// The next answers to writing that get lost.
    mute: u8,
    /// Whether a write works while its answer is lost.
    deaf: bool,
    /// The next readings of inputs that get lost.
    blind: u8,
}

impl Board {
    fn reply(&mut self, request: [u8; 8]) -> Option<Vec<u8>> {
        self.heard.push(request);
        let [unit, function, high, relay, value, ..] = request;
        match function {
            1 => Some(checked(vec![unit, 1, 1, self.relays >> relay & 1])),
            2 if self.blind > 0 => {
                self.blind -= 1;
                None
            }
            2 => Some(checked(vec![unit, 2, 1, self.inputs])),
            _ => {
                let on = value == 0xff || high == 2;
                if on && self.mute > 0 {
                    self.mute -= 1;
                    self.relays |= u8::from(!self.deaf) << relay;
                    return None;
                }
                self.relays = self.relays & !(1 << relay) | u8::from(on) << relay;
                Some(request.to_vec())
            }
        }
    }

    /// Commands that open, as heard.
    fn openings(&self) -> usize {
        let opens = |one: &&[u8; 8]| one[1] == 5 && (one[4] == 0xff || one[2] == 2);
        self.heard.iter().filter(opens).count()
    }
}

struct Bench(Arc<Mutex<Board>>);

impl LinkOpener for Bench {
    fn open<'a>(&'a self, _: &'a LinkAddress) -> OpenFuture<'a> {
        let (near, mut far) = duplex(256);
        let board = Arc::clone(&self.0);
        tokio::spawn(async move {
            let mut request = [0; 8];
            while far.read_exact(&mut request).await.is_ok() {
                let reply = board.lock().unwrap().reply(request);
                if let Some(reply) = reply {
                    far.write_all(&reply).await.unwrap();
                }
            }
        });
        Box::pin(async move { Ok::<BoxedLink, LinkError>(Box::new(near)) })
    }
}

/// A running driver and its board.
struct Site {
    board: Arc<Mutex<Board>>,
    gate: TurnstileHandle,
    events: mpsc::Receiver<TurnstileEvent>,
}

impl Site {
    async fn with(open_by: OpenBy) -> Self {
        let board = Arc::new(Mutex::new(Board::default()));
        let (gate, commands) = turnstile_channel();
        let (sender, events) = mpsc::channel(16);
        let settings = RelaySettings {
            address: "tcp:test:1".parse().unwrap(),
            unit: 1,
            map: RelayMap { open_by, ..MAP },
            pulse_ms: 400,
            pass_timeout_ms: 5_000,
            session: 7,
            jitter: Arc::new(|| 0),
        };
        let opener = Arc::new(Bench(Arc::clone(&board)));
        tokio::spawn(crate::run(settings, opener, commands, sender));
        let mut site = Self {
            board,
            gate,
            events,
        };
        assert!(matches!(site.next().await, TurnstileEvent::LinkBack(_)));
        site
    }

    async fn next(&mut self) -> TurnstileEvent {
        let waited = timeout(Duration::from_mins(1), self.events.recv());
        waited.await.unwrap().unwrap()
    }

    async fn kind(&mut self) -> EventKind {
        let event = self.next().await;
        let TurnstileEvent::Reported(report) = event else {
            panic!("no report: {event:?}");
        };
        report.kind
    }

    fn set(&self, change: impl FnOnce(&mut Board)) {
        change(&mut self.board.lock().unwrap());
    }

    fn openings(&self) -> usize {
        self.board.lock().unwrap().openings()
    }
}

fn opened(token: u32) -> TurnstileEvent {
    TurnstileEvent::Opened {
        token,
        direction: Direction::In,
        duplicate: false,
    }
}

fn refused(token: u32, why: OpenRefusal) -> TurnstileEvent {
    TurnstileEvent::OpenRefused {
        token,
        direction: Direction::In,
        why,
    }
}

#[tokio::test(start_paused = true)]
async fn a_relay_opens_and_an_input_reports_the_passage() {
    for open_by in [OpenBy::Flash, OpenBy::Coil] {
        let mut site = Site::with(open_by).await;
        site.gate.open(42, Direction::In).unwrap();
        assert_eq!(site.next().await, opened(42));
        site.set(|board| board.inputs = 0b001);
        let passed = EventKind::Passed {
            direction: Direction::In,
            token: Some(42),
        };
        assert_eq!(site.kind().await, passed);
        site.gate.open(43, Direction::In).unwrap();
        let second = site.next().await;
        let served = [opened(43), refused(43, OpenRefusal::Busy)].contains(&second);
        assert!(served, "{second:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_comes_and_somebody_comes_unasked() {
    let mut site = Site::with(OpenBy::Flash).await;
    site.gate.open(42, Direction::In).unwrap();
    assert_eq!(site.next().await, opened(42));
    let began_at = Instant::now();
    let timed_out = EventKind::TimedOut {
        direction: Direction::In,
        token: 42,
    };
    assert_eq!(site.kind().await, timed_out);
    assert!(began_at.elapsed() >= Duration::from_millis(4_900));
    site.set(|board| board.inputs = 0b011);
    let direction = Direction::In;
    assert_eq!(site.kind().await, EventKind::Intruded { direction });
    let (direction, token) = (Direction::Out, None);
    assert_eq!(site.kind().await, EventKind::Passed { direction, token });
    site.set(|board| board.inputs = 0b100);
    assert_eq!(site.kind().await, EventKind::Fire { on: true });
}

#[tokio::test(start_paused = true)]
async fn an_opening_whose_answer_is_lost_is_read_back_and_never_sent_twice() {
    for open_by in [OpenBy::Flash, OpenBy::Coil] {
        for (deaf, expected) in [
            (false, opened(9)),
            (true, refused(9, OpenRefusal::Unanswered)),
        ] {
            let mut site = Site::with(open_by).await;
            site.set(|board| (board.mute, board.deaf) = (1, deaf));
            site.gate.open(9, Direction::In).unwrap();
            assert_eq!(site.next().await, expected, "{open_by:?}");
            sleep(Duration::from_secs(2)).await;
            assert_eq!(site.openings(), 1, "{open_by:?}");
            site.gate.open(10, Direction::In).unwrap();
            assert_eq!(site.next().await, opened(10), "presenting again opens");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_coil_is_switched_off_after_its_pulse_and_before_anything_else() {
    let mut site = Site::with(OpenBy::Coil).await;
    assert_eq!(site.board.lock().unwrap().heard.first(), Some(&COIL_OFF));
    site.gate.open(1, Direction::In).unwrap();
    assert_eq!(site.next().await, opened(1));
    assert_eq!(site.board.lock().unwrap().relays, 1);
    site.gate.open(2, Direction::In).unwrap();
    assert_eq!(site.next().await, refused(2, OpenRefusal::Busy));
    sleep(Duration::from_millis(500)).await;
    assert_eq!(site.board.lock().unwrap().relays, 0);
}

#[tokio::test(start_paused = true)]
async fn a_coil_is_switched_off_when_the_driver_ends_in_its_pulse() {
    let mut site = Site::with(OpenBy::Coil).await;
    site.gate.open(1, Direction::In).unwrap();
    assert_eq!(site.next().await, opened(1));
    assert_eq!(site.board.lock().unwrap().relays, 1);
    drop(site.gate);
    assert_eq!(site.events.recv().await, None, "the driver has ended");
    assert_eq!(site.board.lock().unwrap().relays, 0);
}

#[tokio::test(start_paused = true)]
async fn who_passes_in_the_last_moment_is_in_time() {
    let mut site = Site::with(OpenBy::Flash).await;
    site.gate.open(42, Direction::In).unwrap();
    assert_eq!(site.next().await, opened(42));
    sleep(Duration::from_millis(4_999)).await;
    site.set(|board| board.inputs = 0b001);
    let passed = EventKind::Passed {
        direction: Direction::In,
        token: Some(42),
    };
    assert_eq!(site.kind().await, passed);
}

#[tokio::test(start_paused = true)]
async fn a_lost_reading_leaves_it_open_whether_somebody_passed() {
    let mut site = Site::with(OpenBy::Flash).await;
    site.gate.open(42, Direction::In).unwrap();
    assert_eq!(site.next().await, opened(42));
    site.set(|board| (board.blind, board.inputs) = (1, 0b001));
    sleep(Duration::from_millis(100)).await;
    site.set(|board| board.inputs = 0);
    sleep(Duration::from_secs(6)).await;
    site.set(|board| board.inputs = 0b100);
    assert_eq!(
        site.kind().await,
        EventKind::Fire { on: true },
        "no verdict"
    );
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_held_free_misses_no_report() {
    let mut site = Site::with(OpenBy::Flash).await;
    for _ in 0..10 {
        site.gate.hold(1_500).unwrap();
        sleep(Duration::from_millis(70)).await;
        site.set(|board| board.inputs = 0b010);
        sleep(Duration::from_millis(100)).await;
        site.set(|board| board.inputs = 0);
        let (direction, token) = (Direction::Out, None);
        assert_eq!(site.kind().await, EventKind::Passed { direction, token });
        sleep(Duration::from_millis(110)).await;
    }
}

#[test]
fn fire_ends_even_while_the_link_was_away() {
    let mut watch = Watch::new(MAP, 5_000);
    assert_eq!(watch.span(), Some((0, 3)));
    assert_eq!(
        watch.read(&[true, false, true]),
        [EventKind::Fire { on: true }]
    );
    watch.forget();
    assert_eq!(
        watch.read(&[false, true, false]),
        [EventKind::Fire { on: false }]
    );
}

#[test]
fn contacts_that_open_to_report_and_one_for_both_ways() {
    let map = RelayMap {
        passed: Some((4, 4)),
        fire: None,
        inverted: true,
        ..MAP
    };
    let mut watch = Watch::new(map, 5_000);
    assert_eq!(watch.span(), Some((4, 1)));
    assert_eq!(watch.read(&[true]), []);
    watch.opened(5, Direction::In, Instant::now());
    let passed = EventKind::Passed {
        direction: Direction::In,
        token: Some(5),
    };
    assert_eq!(watch.read(&[false]), [passed]);
    assert_eq!(watch.read(&[true]), []);
}

#[test]
fn a_refusing_board_is_told_as_such() {
    let (cause, why) = crate::master::told(Fault::Refused(2));
    assert_eq!(cause, LinkCause::Refused);
    assert!(why.contains("exception 2"));
}
