//! Whatever happens in whatever order: nothing opens without its record, nobody denied gets in,
//! nobody is kept inside, nothing counts twice, and everything stays bounded.

use std::collections::{BTreeMap, BTreeSet};

use edge_domain::*;
use proptest::prelude::*;

use crate::fixtures::*;

/// One thing that happens at the lane.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Present {
        direction: Direction,
        person: usize,
    },
    Override(Direction),
    /// The ledger answers one of the records that it has.
    Answer {
        which: usize,
        ok: bool,
    },
    /// The gate reports, about one of the latest openings or a wrong token.
    Report {
        kind: u8,
        direction: Direction,
        which: usize,
    },
    /// The board sends its latest event again.
    Redeliver,
    Camera {
        direction: Direction,
        kind: u8,
    },
    /// The camera answers one of the latest questions.
    Seen {
        which: u64,
        kind: u8,
    },
    Wait {
        ms: u64,
    },
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::In), Just(Direction::Out)]
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => (direction(), 0_usize..6)
            .prop_map(|(direction, person)| Happening::Present { direction, person }),
        1 => direction().prop_map(Happening::Override),
        8 => (0_usize..8, prop::bool::weighted(0.8))
            .prop_map(|(which, ok)| Happening::Answer { which, ok }),
        6 => (0_u8..18, direction(), 0_usize..5)
            .prop_map(|(kind, direction, which)| Happening::Report { kind, direction, which }),
        1 => Just(Happening::Redeliver),
        2 => (direction(), 0_u8..4).prop_map(|(direction, kind)| Happening::Camera { direction, kind }),
        4 => (0_u64..4, 0_u8..5).prop_map(|(which, kind)| Happening::Seen { which, kind }),
        4 => (0_u64..3_500).prop_map(|ms| Happening::Wait { ms }),
    ]
}

/// What the lane was told and has done, judged without looking inside.
struct Judge {
    gate: Gate,
    emergency_entry: bool,
    outstanding: BTreeMap<Ticket, Act>,
    tickets: BTreeSet<Ticket>,
    /// Direction of everything durable that may open, by token; and what may not.
    may_open: BTreeMap<u32, Direction>,
    opened: BTreeMap<u32, u32>,
    busy: BTreeMap<u32, u32>,
    exits_opened: usize,
    /// Openings without a record, and how many of them are on record as a count.
    without_record: u32,
    recorded_since: u32,
    exits_due: usize,
    /// Who is told to present again; the gate may have been busy when it was opened for him.
    exits_given_up: usize,
    entries_asked: usize,
    counted: BTreeSet<u64>,
    durable_events: BTreeSet<u16>,
    /// The ledger's last answer was a failure.
    ledger_fails: bool,
    /// Events that the board forgot.
    held: BTreeSet<u16>,
    last_event: u16,
    last_report: Option<GateReport>,
    last_seq: u64,
    last_look: u64,
    wake_ms: Option<u64>,
}

impl Judge {
    fn new(sensing: Sensing, emergency_entry: bool) -> Self {
        let mut gate = Gate::new(Lane::new(settings(sensing), LaneMemory::default()));
        if emergency_entry {
            gate.site.policy.emergency_entry = EmergencyMode::Counted;
        }
        Self {
            gate,
            emergency_entry,
            outstanding: BTreeMap::new(),
            tickets: BTreeSet::new(),
            may_open: BTreeMap::new(),
            opened: BTreeMap::new(),
            busy: BTreeMap::new(),
            exits_opened: 0,
            without_record: 0,
            recorded_since: 0,
            exits_due: 0,
            exits_given_up: 0,
            entries_asked: 0,
            counted: BTreeSet::new(),
            durable_events: BTreeSet::new(),
            ledger_fails: false,
            held: BTreeSet::new(),
            last_event: 0,
            last_report: None,
            last_seq: 0,
            last_look: 0,
            wake_ms: None,
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Present { direction, person } => self.present(direction, person),
            Happening::Override(direction) => {
                self.ask(
                    direction,
                    LaneInput::Override {
                        direction,
                        operator: "liu".to_owned(),
                        reason: "试".to_owned(),
                    },
                );
            }
            Happening::Answer { which, ok } => self.answer(which, ok),
            Happening::Report {
                kind,
                direction,
                which,
            } => self.report(kind, direction, which),
            Happening::Redeliver => {
                if let Some(report) = self.last_report {
                    self.tell(LaneInput::Gate(report));
                }
            }
            Happening::Camera { direction, kind } => {
                let camera = match kind {
                    0 => Camera::Absent,
                    1 => Camera::Down,
                    _ => Camera::Up,
                };
                self.tell(LaneInput::Camera { direction, camera });
            }
            Happening::Seen { which, kind } => self.seen(which, kind),
            Happening::Wait { ms } => {
                self.gate.now_ms += ms;
                self.tell(LaneInput::Wake);
            }
        }
    }

    fn present(&mut self, direction: Direction, person: usize) {
        let numbers = [ZHANG, LI, WANG, CHILD, OLD];
        let credential = numbers.get(person).map_or(
            Credential::Unreadable {
                why: UnreadableCard::ReadFailed,
            },
            |number| card(number),
        );
        self.ask(
            direction,
            LaneInput::Presented {
                direction,
                credential,
                person_tag: None,
            },
        );
    }

    fn seen(&mut self, which: u64, kind: u8) {
        let look = LookId(self.last_look.saturating_sub(which));
        let evidence = match kind {
            0 => FaceEvidence::NotEnrolled,
            1 => FaceEvidence::Seen(Vec::new()),
            2 => FaceEvidence::Seen(vec![Similarity::new(0); 4]),
            3 => FaceEvidence::Seen(vec![Similarity::new(3_000); 4]),
            _ => FaceEvidence::Seen(vec![Similarity::new(9_000); 4]),
        };
        self.tell(LaneInput::Face { look, evidence });
    }

    /// An exit is due one opening, unless the lane calls it a repetition.
    fn ask(&mut self, direction: Direction, input: LaneInput) {
        let effects = self.tell(input);
        let repeated = effects.iter().any(|effect| match effect {
            LaneEffect::Record {
                record:
                    Record {
                        act: Act::Presentation(one),
                        ..
                    },
                ..
            } => one.result == PresentationResult::Repeated,
            LaneEffect::Show(Display::Repeated { .. }) => true,
            _ => false,
        });
        let looks = |effect: &LaneEffect| matches!(effect, LaneEffect::LookAtFace { .. });
        let shows =
            |effect: &LaneEffect| matches!(effect, LaneEffect::Show(Display::LookAtCamera { .. }));
        let repeated = repeated || effects.iter().any(shows) && !effects.iter().any(looks);
        match direction {
            Direction::Out => self.exits_due += usize::from(!repeated),
            Direction::In => self.entries_asked += 1,
        }
    }

    fn answer(&mut self, which: usize, ok: bool) {
        let Some(ticket) = self.outstanding.keys().nth(which).copied() else {
            return;
        };
        let act = self.outstanding.remove(&ticket).unwrap();
        self.ledger_fails = !ok;
        if !ok {
            self.tell(LaneInput::RecordFailed { ticket });
            return;
        }
        self.last_seq += 1;
        let seq = self.last_seq;
        let opens = match &act {
            Act::Presentation(one) => {
                assert_ne!(
                    (one.direction, one.result),
                    (Direction::Out, PresentationResult::Denied)
                );
                self.count(one.counted, Some(seq));
                (one.result == PresentationResult::Granted).then_some(one.direction)
            }
            Act::Override(one) => Some(one.direction),
            Act::Passage(one) => {
                self.count(one.counted, one.presentation);
                self.durable_events.extend(one.board.map(|board| board.seq));
                None
            }
            Act::Gate(one) => {
                self.durable_events.extend(one.board.map(|board| board.seq));
                None
            }
            Act::Emergency(one) => {
                self.recorded_since += one.openings;
                None
            }
            _ => None,
        };
        if let Some(direction) = opens {
            self.may_open.insert(token(seq), direction);
        }
        self.tell(LaneInput::Recorded { ticket, seq });
    }

    fn count(&mut self, counted: bool, presentation: Option<u64>) {
        if let Some(seq) = presentation.filter(|_| counted) {
            assert!(self.counted.insert(seq), "presentation {seq} counts twice");
        }
    }

    fn report(&mut self, kind: u8, direction: Direction, which: usize) {
        let known = self.opened.keys().rev().nth(which).copied();
        let token = known.unwrap_or(1_000_000);
        self.last_event += 1;
        let event = BoardEvent {
            uid: [1; 8],
            boot: 3,
            seq: self.last_event,
            age_ms: 20,
        };
        let some = Some(token);
        let report = match kind {
            0..=4 => GateReport::Passed {
                direction,
                token: some,
                event,
            },
            5 => GateReport::Passed {
                direction,
                token: None,
                event,
            },
            6 => GateReport::TimedOut {
                direction,
                token: some,
                event,
            },
            7 => GateReport::Tailgated {
                direction,
                token: some,
                event,
            },
            8 => GateReport::Reversed {
                direction,
                token: some,
                event,
            },
            9 => GateReport::Intruded { direction, event },
            10 => GateReport::Held { event },
            11 => GateReport::Fire {
                on: direction == Direction::In,
                event,
            },
            12 => GateReport::OpenRefused {
                token,
                why: OpenRefusal::Busy,
            },
            13 => GateReport::OpenRefused {
                token,
                why: OpenRefusal::Locked,
            },
            14 => GateReport::LinkLost,
            15 | 16 => GateReport::LinkBack,
            _ => GateReport::Opened { token },
        };
        if kind == 12 {
            *self.busy.entry(token).or_default() += 1;
        }
        if kind > 11 {
            self.last_event -= 1;
        } else {
            self.last_report = Some(report);
        }
        self.tell(LaneInput::Gate(report));
    }

    fn tell(&mut self, input: LaneInput) -> Vec<LaneEffect> {
        let effects = self.gate.step_all(input);
        for effect in &effects {
            self.judge(effect);
        }
        assert!(
            self.outstanding.len() <= 66,
            "records with the ledger are bounded"
        );
        effects
    }

    fn judge(&mut self, effect: &LaneEffect) {
        match effect {
            LaneEffect::Record { ticket, record } => {
                assert!(self.tickets.insert(*ticket), "a ticket is given out once");
                self.outstanding.insert(*ticket, record.act.clone());
            }
            LaneEffect::OpenGate { token, direction } => self.judge_opening(*token, *direction),
            LaneEffect::Acknowledge { event } => {
                let durable = self.durable_events.contains(&event.seq);
                assert!(durable || self.ledger_fails, "acknowledged too early");
                self.held.insert(event.seq);
            }
            LaneEffect::WakeAt { mono_ms, .. } => self.wake_ms = Some(*mono_ms),
            LaneEffect::LookAtFace {
                look,
                until_mono_ms,
                ..
            } => {
                self.last_look = self.last_look.max(look.0);
                let wait_ms = until_mono_ms - (1_000_000 + self.gate.now_ms);
                assert!(wait_ms <= 2_500, "waits {wait_ms} ms for a camera");
            }
            LaneEffect::KeepPictures { presentation, .. } => {
                assert!(*presentation <= self.last_seq, "pictures of no record");
            }
            LaneEffect::Show(Display::WaitedTooLong {
                direction: Direction::Out,
                ..
            }) => self.exits_given_up += 1,
            LaneEffect::Show(_) => {}
            LaneEffect::Alarm { what } => panic!("alarm: {what}"),
        }
    }

    fn judge_opening(&mut self, token: u32, direction: Direction) {
        let times = self.opened.entry(token).or_default();
        *times += 1;
        let again = self.busy.get(&token).copied().unwrap_or(0);
        assert!(*times <= 1 + again, "token {token} opened {times} times");
        let first = *times == 1;
        if token >= 0x8000_0000 {
            let entry = self.emergency_entry && self.entries_asked > 0;
            assert!(
                direction == Direction::Out || entry,
                "an entry opened without its record"
            );
            self.without_record += u32::from(first);
        } else {
            let durable = self.may_open.get(&token).copied();
            assert_eq!(
                durable,
                Some(direction),
                "token {token} opened without its record"
            );
        }
        self.exits_opened += usize::from(first && direction == Direction::Out);
    }

    /// Lets the ledger answer everything and follows the lane's own timers until it rests.
    fn rest(&mut self) {
        for _ in 0..10_000 {
            if !self.outstanding.is_empty() {
                self.answer(0, true);
            } else if let Some(wake_ms) = self.wake_ms.take() {
                self.gate.now_ms = self.gate.now_ms.max(wake_ms - 1_000_000);
                self.tell(LaneInput::Wake);
            } else {
                return;
            }
        }
        panic!("the lane never rests");
    }
}

fn check(sensing: Sensing, emergency_entry: bool, happenings: Vec<Happening>) {
    let mut judge = Judge::new(sensing, emergency_entry);
    for happening in happenings {
        judge.happen(happening);
    }
    judge.rest();
    assert!(
        judge.exits_opened <= judge.exits_due
            && judge.exits_due <= judge.exits_opened + judge.exits_given_up,
        "every exit opens exactly once, or hears that it must present again"
    );
    assert_eq!(
        judge.recorded_since, judge.without_record,
        "every opening without a record is counted once, and no other"
    );
    assert!(
        judge.held.is_subset(&judge.durable_events),
        "what the board forgot is durable in the end"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_promise_breaks_at_a_gate_with_beams(
        happenings in proptest::collection::vec(happening(), 0..120),
        emergency_entry in any::<bool>(),
    ) {
        check(Sensing::Beams, emergency_entry, happenings);
    }

    #[test]
    fn no_promise_breaks_at_a_gate_without_beams(
        happenings in proptest::collection::vec(happening(), 0..120),
        emergency_entry in any::<bool>(),
    ) {
        check(Sensing::None, emergency_entry, happenings);
    }
}
