//! A board whose pins and line are held by the test.

use core::convert::Infallible;
use embedded_hal::digital::{Error, ErrorKind, ErrorType, InputPin, OutputPin};
use firmware_logic::{Board, Identity, Pins, RelayWiring, Watchdog};
use firmware_protocol::{
    BoardUid, Direction, Event, EventKind, FRAME_BYTES_MAX, MAJOR, MINOR, OpenResult, Receiver,
    Reply, Request, ResetCause, Settings, Status, encode_frame,
};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

pub(crate) const UID: BoardUid = BoardUid([0x4d, 0x57, 0, 0, 0, 0, 0, 1]);
pub(crate) const SESSION: u32 = 0x1234;

/// An input that the test sets, or breaks.
#[derive(Clone, Debug)]
pub(crate) struct Contact(Rc<Cell<Option<bool>>>);

#[derive(Debug)]
pub(crate) struct BrokenPin;

impl Error for BrokenPin {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl ErrorType for Contact {
    type Error = BrokenPin;
}

impl Contact {
    fn new() -> Self {
        Self(Rc::new(Cell::new(Some(false))))
    }

    pub(crate) fn set(&self, level: bool) {
        self.0.set(Some(level));
    }

    pub(crate) fn cut(&self) {
        self.0.set(None);
    }
}

impl InputPin for Contact {
    fn is_high(&mut self) -> Result<bool, BrokenPin> {
        self.0.get().ok_or(BrokenPin)
    }

    fn is_low(&mut self) -> Result<bool, BrokenPin> {
        self.is_high().map(|high| !high)
    }
}

/// What was done, in order: "name=level" for outputs, "fed" for the watchdog.
pub(crate) type Log = Rc<RefCell<Vec<String>>>;

/// An output that the test reads.
#[derive(Clone, Debug)]
pub(crate) struct Coil {
    name: &'static str,
    level: Rc<Cell<bool>>,
    log: Log,
}

impl ErrorType for Coil {
    type Error = Infallible;
}

impl Coil {
    fn new(name: &'static str, log: &Log) -> Self {
        Self {
            name,
            level: Rc::default(),
            log: log.clone(),
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.level.get()
    }

    fn drive(&self, level: bool) {
        self.level.set(level);
        self.log.borrow_mut().push(format!("{}={level}", self.name));
    }
}

impl OutputPin for Coil {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.drive(false);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.drive(true);
        Ok(())
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Dog(Log);

impl Watchdog for Dog {
    fn feed(&mut self) {
        self.0.borrow_mut().push("fed".to_owned());
    }
}

/// A board with everything around it.
pub(crate) struct Rig {
    pub(crate) board: Board<Contact, Coil, Dog>,
    pub(crate) outer: Contact,
    pub(crate) inner: Contact,
    pub(crate) fire: Contact,
    pub(crate) tamper: Contact,
    pub(crate) open_in: Coil,
    pub(crate) open_out: Coil,
    pub(crate) green: Coil,
    pub(crate) red: Coil,
    pub(crate) buzzer: Coil,
    pub(crate) log: Log,
    pub(crate) now_ms: u32,
    number: u8,
    seen: u16,
    kinds: Vec<EventKind>,
}

impl Rig {
    /// A board just after power-on that nobody has spoken to.
    pub(crate) fn silent(settings: Settings) -> Self {
        Self::wired(settings, RelayWiring::PulledOpens)
    }

    pub(crate) fn wired(settings: Settings, wiring: RelayWiring) -> Self {
        let log = Log::default();
        let [outer, inner, fire, tamper] = [(); 4].map(|()| Contact::new());
        let coil = |name| Coil::new(name, &log);
        let (open_in, open_out) = (coil("open_in"), coil("open_out"));
        let (green, red, buzzer) = (coil("green"), coil("red"), coil("buzzer"));
        let pins = Pins {
            beam_outer: outer.clone(),
            beam_inner: inner.clone(),
            fire: fire.clone(),
            tamper: tamper.clone(),
            open_in: open_in.clone(),
            open_out: open_out.clone(),
            lamp_green: green.clone(),
            lamp_red: red.clone(),
            buzzer: buzzer.clone(),
            wiring,
        };
        let identity = Identity {
            address: 1,
            uid: UID,
            session: SESSION,
            firmware: [0, 1, 0],
            reset_cause: ResetCause::PowerOn,
        };
        let board = Board::new(pins, Dog(log.clone()), identity, settings);
        Self {
            board,
            outer,
            inner,
            fire,
            tamper,
            open_in,
            open_out,
            green,
            red,
            buzzer,
            log,
            now_ms: 0,
            number: 0,
            seen: 0,
            kinds: Vec::new(),
        }
    }

    /// A board that the box has greeted.
    pub(crate) fn greeted() -> Self {
        let mut rig = Self::silent(Settings::default());
        rig.greet();
        rig
    }

    pub(crate) fn greet(&mut self) {
        let reply = self.ask(&Request::Hello {
            major: MAJOR,
            minor: MINOR,
        });
        assert!(matches!(reply, Some(Reply::Hello(_))), "{reply:?}");
    }

    pub(crate) fn frame(&mut self, request: &Request) -> Vec<u8> {
        self.number = self.number.wrapping_add(1);
        let mut bytes = [0; FRAME_BYTES_MAX];
        let used = encode_frame(1, self.number, request, &mut bytes).unwrap();
        bytes[..used].to_vec()
    }

    /// Gives bytes to the board and reads its answer, in small pieces.
    pub(crate) fn say(&mut self, bytes: &[u8]) -> Option<Reply> {
        self.board.receive(bytes);
        let mut receiver = Receiver::<Reply>::new();
        let mut piece = [0; 5];
        let mut reply = None;
        loop {
            let used = self.board.transmit(&mut piece);
            if used == 0 {
                return reply;
            }
            for byte in &piece[..used] {
                if let Some(frame) = receiver.push(*byte) {
                    let frame = frame.unwrap();
                    assert_eq!(frame.address, 1);
                    reply = frame.message;
                }
            }
        }
    }

    pub(crate) fn ask(&mut self, request: &Request) -> Option<Reply> {
        let frame = self.frame(request);
        self.say(&frame)
    }

    pub(crate) fn open(&mut self, direction: Direction, token: u32) -> OpenResult {
        match self.ask(&Request::Open { direction, token }) {
            Some(Reply::Open {
                token: answered,
                result,
            }) if answered == token => result,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn poll(&mut self, ack: u16) -> Status {
        match self.ask(&Request::Poll {
            session: SESSION,
            ack,
        }) {
            Some(Reply::Status(status)) => status,
            other => panic!("{other:?}"),
        }
    }

    /// Lets time pass without a word from the box.
    pub(crate) fn wait_silently(&mut self, ms: u32) {
        for _ in 0..ms {
            self.now_ms = self.now_ms.wrapping_add(1);
            self.board.tick(self.now_ms);
        }
    }

    /// Lets time pass while the box polls every 50 ms and acknowledges what it gets.
    pub(crate) fn wait(&mut self, ms: u32) {
        for elapsed_ms in 0..ms {
            if elapsed_ms % 50 == 0 {
                self.collect();
            }
            self.wait_silently(1);
        }
        self.collect();
    }

    fn collect(&mut self) {
        for Event { seq, kind, .. } in self.poll(self.seen).events {
            if seq != self.seen {
                self.seen = seq;
                self.kinds.push(kind);
            }
        }
    }

    /// The events since the last call.
    pub(crate) fn events(&mut self) -> Vec<EventKind> {
        self.collect();
        self.collect();
        std::mem::take(&mut self.kinds)
    }

    /// Walks through the beams: `o` outer, `i` inner, `b` both, `.` none, 200 ms each.
    pub(crate) fn walk(&mut self, beams: &str) {
        for beam in beams.chars() {
            self.outer.set(matches!(beam, 'o' | 'b'));
            self.inner.set(matches!(beam, 'i' | 'b'));
            self.wait(200);
        }
    }
}
