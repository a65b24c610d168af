//! The board's own program on simulated pins. A reset starts it again under a new session.

use firmware_logic::{Board, Identity, Pins, Pulse, RelayWiring, Watchdog};
use firmware_protocol::{BoardUid, Direction as Way, FRAME_BYTES_MAX, ResetCause, Settings};

use super::sim_pins::SimPin;
use super::world::{Levels, Relays};
use crate::direction::Direction;

/// Nothing can hang here that a simulated watchdog should notice.
#[derive(Debug)]
struct NoWatchdog;

impl Watchdog for NoWatchdog {
    fn feed(&mut self) {}
}

/// Its pins, seen from the lane.
#[derive(Debug, Default)]
struct Wires {
    beam_outer: SimPin,
    beam_inner: SimPin,
    fire: SimPin,
    tamper: SimPin,
    open_in: SimPin,
    open_out: SimPin,
}

impl Wires {
    fn pins(&self) -> Pins<SimPin, SimPin> {
        Pins {
            beam_outer: self.beam_outer.clone(),
            beam_inner: self.beam_inner.clone(),
            fire: self.fire.clone(),
            tamper: self.tamper.clone(),
            open_in: self.open_in.clone(),
            open_out: self.open_out.clone(),
            lamp_green: SimPin::default(),
            lamp_red: SimPin::default(),
            buzzer: SimPin::default(),
            wiring: RelayWiring::PulledOpens,
        }
    }
}

/// One simulated gate board.
#[derive(Debug)]
pub(super) struct SimBoard {
    wires: Wires,
    board: Board<SimPin, SimPin, NoWatchdog>,
    uid: BoardUid,
    session: u32,
    booted_ms: u64,
}

impl SimBoard {
    /// A board that just got power. `session` must differ from that of any earlier run of this board.
    pub(super) fn new(now_ms: u64, ordinal: u32, session: u32) -> Self {
        let uid = uid_of(ordinal);
        let wires = Wires::default();
        let board = started(&wires, uid, session, ResetCause::PowerOn);
        Self {
            wires,
            board,
            uid,
            session,
            booted_ms: now_ms,
        }
    }

    /// The reset button, or a brown-out: everything in memory is gone, contacts are as they were.
    pub(super) fn reset(&mut self, now_ms: u64) {
        self.session = self.session.wrapping_add(1);
        self.booted_ms = now_ms;
        self.board = started(&self.wires, self.uid, self.session, ResetCause::BrownOut);
    }

    /// Runs the program once.
    pub(super) fn tick(&mut self, now_ms: u64, beams: Levels) {
        self.wires.beam_outer.set(beams.outer);
        self.wires.beam_inner.set(beams.inner);
        let uptime_ms = self.uptime_ms(now_ms);
        self.board.tick(u32::try_from(uptime_ms).unwrap_or(0));
    }

    /// A telegram at a Wiegand reader, all at once: only the silence after it counts.
    pub(super) fn telegram(&mut self, now_ms: u64, reader: Direction, bits: &[bool]) {
        let at_ms = u32::try_from(self.uptime_ms(now_ms)).unwrap_or(0);
        let reader = match reader {
            Direction::In => Way::In,
            Direction::Out => Way::Out,
        };
        for one in bits.iter().copied() {
            self.board.pulse(Pulse { reader, one, at_ms });
        }
    }

    fn uptime_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.booted_ms) & u64::from(u32::MAX)
    }

    /// Bytes from the box in, the answer out.
    pub(super) fn exchange(&mut self, received: &[u8]) -> Vec<u8> {
        self.board.receive(received);
        let mut buffer = [0u8; FRAME_BYTES_MAX];
        let mut answer = Vec::new();
        loop {
            let count = self.board.transmit(&mut buffer);
            if count == 0 {
                return answer;
            }
            answer.extend(buffer.iter().take(count));
        }
    }

    /// What the relays do.
    pub(super) fn relays(&self) -> Relays {
        Relays {
            open_in: self.wires.open_in.get(),
            open_out: self.wires.open_out.get(),
        }
    }

    /// The fire contact.
    pub(super) fn set_fire(&self, on: bool) {
        self.wires.fire.set(on);
    }

    /// The cabinet contact.
    pub(super) fn set_tamper(&self, on: bool) {
        self.wires.tamper.set(on);
    }

    /// Fire and cabinet contacts.
    pub(super) fn contacts(&self) -> (bool, bool) {
        (self.wires.fire.get(), self.wires.tamper.get())
    }
}

/// The factory number of a simulated board.
pub(super) fn uid_of(ordinal: u32) -> BoardUid {
    let [first, second, third, fourth] = ordinal.to_be_bytes();
    BoardUid([0x34, 0x99, 0x01, 0x00, first, second, third, fourth])
}

fn started(
    wires: &Wires,
    uid: BoardUid,
    session: u32,
    reset_cause: ResetCause,
) -> Board<SimPin, SimPin, NoWatchdog> {
    let identity = Identity {
        address: 1,
        uid,
        session,
        firmware: [0, 1, 0],
        reset_cause,
    };
    Board::new(wires.pins(), NoWatchdog, identity, Settings::default())
}

#[cfg(test)]
mod tests {
    use firmware_protocol::{
        Direction as Way, EventKind, FRAME_BYTES_MAX, MAJOR, MINOR, OpenResult, Receiver, Reply,
        Request, encode_frame,
    };

    use super::SimBoard;
    use crate::direction::Direction;
    use crate::gate::world::{Relays, WalkStyle, World, WorldEvent, WorldSettings};

    /// A lane with its board, and a box that speaks to it.
    struct Lane {
        board: SimBoard,
        world: World<u8>,
        now_ms: u64,
        number: u8,
        armed: Vec<WorldEvent<u8>>,
    }

    impl Lane {
        fn new() -> Self {
            let mut lane = Self {
                board: SimBoard::new(0, 1, 7),
                world: World::new(WorldSettings::default()),
                now_ms: 0,
                number: 0,
                armed: Vec::new(),
            };
            lane.run(50);
            assert!(matches!(
                lane.ask(&Request::Hello { major: MAJOR, minor: MINOR }),
                Reply::Hello(hello) if hello.session == 7
            ));
            lane
        }

        fn run(&mut self, ms: u64) {
            for _ in 0..ms {
                self.now_ms += 1;
                let (beams, events) = self.world.tick(self.now_ms, self.board.relays());
                self.armed.extend(events);
                self.board.tick(self.now_ms, beams);
                if self.now_ms.is_multiple_of(500) {
                    self.ask(&Request::Poll {
                        session: self.board.session,
                        ack: 0,
                    });
                }
            }
        }

        fn ask(&mut self, request: &Request) -> Reply {
            self.number = self.number.wrapping_add(1);
            let mut wire = [0u8; FRAME_BYTES_MAX];
            let bytes = encode_frame(1, self.number, request, &mut wire).unwrap();
            let answer = self.board.exchange(&wire[..bytes]);
            let mut receiver = Receiver::<Reply>::new();
            let frame = answer
                .iter()
                .find_map(|byte| receiver.push(*byte))
                .unwrap()
                .unwrap();
            frame.message.unwrap()
        }

        fn events(&mut self) -> Vec<EventKind> {
            let session = self.board.session;
            let reply = self.ask(&Request::Poll { session, ack: 0 });
            let Reply::Status(status) = reply else {
                panic!("{reply:?}");
            };
            status.events.iter().map(|event| event.kind).collect()
        }

        fn open(&mut self, direction: Way, token: u32) {
            let reply = self.ask(&Request::Open { direction, token });
            assert_eq!(
                reply,
                Reply::Open {
                    token,
                    result: OpenResult::Accepted
                }
            );
        }
    }

    #[test]
    fn a_walker_on_an_opening_is_reported_passed_both_ways() {
        for (way, direction) in [(Way::In, Direction::In), (Way::Out, Direction::Out)] {
            let mut lane = Lane::new();
            lane.open(way, 42);
            lane.run(20);
            lane.world.walk(1, direction, WalkStyle::Through);
            lane.run(1_500);
            let passed = EventKind::Passed {
                direction: way,
                token: Some(42),
            };
            assert_eq!(lane.events(), [passed]);
            assert!(lane.armed.contains(&WorldEvent::ArmOpened(direction)));
            assert!(lane.armed.contains(&WorldEvent::ArmClosed(direction)));
        }
    }

    #[test]
    fn a_second_walker_is_reported_as_tailgating() {
        let mut lane = Lane::new();
        lane.open(Way::In, 1);
        lane.run(20);
        lane.world.walk(1, Direction::In, WalkStyle::Through);
        lane.world.walk(2, Direction::In, WalkStyle::Tailgate);
        lane.run(2_500);
        assert_eq!(
            lane.events(),
            [
                EventKind::Passed {
                    direction: Way::In,
                    token: Some(1)
                },
                EventKind::Tailgated {
                    direction: Way::In,
                    token: 1
                },
            ]
        );
    }

    #[test]
    fn who_steps_back_is_not_counted_and_force_is_an_intrusion() {
        let mut lane = Lane::new();
        lane.world.walk(1, Direction::In, WalkStyle::StepBack);
        lane.run(4_000);
        assert_eq!(lane.events(), []);
        lane.world.walk(2, Direction::In, WalkStyle::Force);
        lane.run(2_000);
        assert_eq!(lane.events(), [EventKind::Intruded { direction: Way::In }]);
    }

    #[test]
    fn an_opening_that_nobody_uses_times_out() {
        let mut lane = Lane::new();
        lane.open(Way::In, 9);
        lane.run(6_500);
        assert_eq!(
            lane.events(),
            [EventKind::TimedOut {
                direction: Way::In,
                token: 9
            }]
        );
    }

    #[test]
    fn fire_frees_both_ways_and_a_reset_changes_the_session() {
        let mut lane = Lane::new();
        lane.board.set_fire(true);
        lane.run(100);
        assert_eq!(
            lane.board.relays(),
            Relays {
                open_in: true,
                open_out: true
            }
        );
        lane.board.set_fire(false);
        lane.run(100);
        assert_eq!(lane.board.relays(), Relays::default());
        lane.board.reset(lane.now_ms);
        let hello = lane.ask(&Request::Hello {
            major: MAJOR,
            minor: MINOR,
        });
        assert!(matches!(hello, Reply::Hello(hello) if hello.session == 8));
    }
}
