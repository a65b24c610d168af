//! The engine in front of a city that lies: any acknowledgement at any time.

use std::sync::LazyLock;

use sync_engine::{
    Action, Engine, EpochStart, Identity, Input, LedgerRecord, Link, Now, OurHashes, Settings,
    Start, Survey,
};
use sync_wire::ack::{AckRange, Compared, Parked};
use sync_wire::record::ClockQuality;
use sync_wire::{Ack, Hash, Head, ParkCode, VERSION};

use crate::cursor::Cursor;

const BOX: &str = "box-demo";
const OURS: &str = "00112233aabbccdd";
const ANOTHER: &str = "ffeeddccbbaa0011";
const RECORDS: u64 = 12;
/// What the engine may ask for after one input; more would be a loop.
const ACTIONS_MAX: usize = 4096;

/// A ledger of one epoch, and the engine that uploads it.
struct World {
    engine: Engine,
    mono_ms: u64,
    cursor: u64,
}

fn body(seq: u64) -> Vec<u8> {
    format!("{{\"at\":{},\"n\":{seq}}}", 1_796_000_000_000 + seq).into_bytes()
}

/// The ledger's heads, from before the first record on.
static HEADS: LazyLock<Vec<Head>> = LazyLock::new(|| {
    let mut heads = vec![Head::genesis(BOX, OURS)];
    for seq in 1..=RECORDS {
        let next = heads.last().map(|head| head.extend(&body(seq)));
        heads.extend(next);
    }
    heads
});

fn hash(seq: u64) -> Option<Hash> {
    let at = usize::try_from(seq).ok()?;
    HEADS.get(at).map(|head| head.hash)
}

impl World {
    fn new() -> Self {
        let current = EpochStart {
            epoch: OURS.to_owned(),
            head: HEADS
                .last()
                .copied()
                .unwrap_or_else(|| Head::genesis(BOX, OURS)),
            through: 0,
            ranges: Vec::new(),
        };
        let identity = Identity {
            site: "site".to_owned(),
            box_name: BOX.to_owned(),
            software: "0".to_owned(),
            device_key: None,
        };
        let start = Start {
            current,
            last_fork: None,
            roster_version: None,
        };
        Self {
            engine: Engine::new(identity, Settings::default(), &start),
            mono_ms: 1_000,
            cursor: 0,
        }
    }

    fn now(&self) -> Now {
        Now {
            mono_ms: self.mono_ms,
            wall_ms: 1_796_000_000_000_i64.saturating_add_unsigned(self.mono_ms),
            clock: ClockQuality::Synced,
        }
    }

    /// Tells the engine, and does what it asks for until it asks for nothing.
    fn tell(&mut self, input: Input) {
        let mut waiting = vec![input];
        let mut done = 0_usize;
        while let Some(input) = waiting.pop() {
            let now = self.now();
            self.engine.handle(now, input);
            while let Some(action) = self.engine.poll_action() {
                done += 1;
                assert!(done < ACTIONS_MAX, "the engine never rests");
                waiting.extend(self.carry_out(action));
            }
        }
    }

    fn carry_out(&mut self, action: Action) -> Option<Input> {
        match action {
            Action::Read {
                epoch,
                tier,
                from,
                records_max,
                ..
            } => {
                assert!(from >= 1 && records_max >= 1, "records that nobody has");
                let last = RECORDS.min(from.saturating_add(records_max - 1));
                let records: Vec<LedgerRecord> = (from..=last)
                    .filter_map(|seq| {
                        let hash = hash(seq)?;
                        Some(LedgerRecord {
                            seq,
                            body: body(seq),
                            hash,
                        })
                    })
                    .collect();
                Some(match hash(from - 1) {
                    Some(prev) if !records.is_empty() => Input::Records {
                        epoch,
                        tier,
                        from,
                        prev,
                        records,
                    },
                    _ => Input::ReadFailed { epoch, tier },
                })
            }
            Action::Hashes { epoch, seqs } => {
                let ours = seqs.iter().filter_map(|seq| Some((*seq, hash(*seq)?)));
                Some(Input::Hashes {
                    epoch,
                    ours: ours.collect(),
                })
            }
            Action::Survey => Some(Input::Survey(Survey::default())),
            Action::LookForOlder => Some(Input::Older(Vec::new())),
            Action::SaveCursor {
                epoch,
                through,
                ranges,
            } => {
                if epoch == OURS {
                    assert!(through <= RECORDS, "the city has what nobody sent");
                    self.cursor = through;
                }
                let beyond = ranges
                    .iter()
                    .all(|(from, to)| through < *from && from <= to);
                assert!(beyond, "ranges below what has no hole");
                None
            }
            Action::Connect
            | Action::Subscribe
            | Action::Publish { .. }
            | Action::CarryOver(_)
            | Action::SaveParked { .. }
            | Action::Alarm(_) => None,
        }
    }

    /// A number near the records that there are, now and then far away.
    fn seq(input: &mut Cursor<'_>) -> u64 {
        match input.byte() {
            near @ 0..=63 => u64::from(near),
            _ => input.long(),
        }
    }

    /// The hash at that number, or another.
    fn claimed(seq: u64, input: &mut Cursor<'_>) -> Hash {
        let honest = input.byte() < 200;
        let ours = hash(seq).filter(|_| honest);
        ours.unwrap_or_else(|| Hash::from_bytes([3; 32]))
    }

    fn ack(input: &mut Cursor<'_>) -> Ack {
        let through = Self::seq(input);
        let head = Self::claimed(through, input);
        let shape = input.byte();
        let mut ranges = Vec::new();
        for _ in 0..shape & 3 {
            let (from, to) = (Self::seq(input), Self::seq(input));
            let head = Self::claimed(to, input);
            ranges.push(AckRange { from, to, head });
        }
        let parked = (0..shape >> 2 & 1).map(|_| Parked {
            seq: Self::seq(input),
            code: ParkCode::BadField,
            message: String::new(),
        });
        let parked = parked.collect();
        Ack {
            v: VERSION,
            epoch: if shape >> 7 == 0 { OURS } else { ANOTHER }.to_owned(),
            through,
            head,
            ranges,
            parked,
            hello: (shape & 8 != 0).then(|| Self::seq(input)),
            compare: (shape & 16 != 0).then(|| Compared {
                number: Self::seq(input),
                same: Self::seq(input),
            }),
            greet: shape & 32 != 0,
            retry_after_ms: (shape & 64 != 0).then(|| input.long()),
            bulk_rate: (shape & 64 != 0).then(|| input.long()),
            countersign: Vec::new(),
            digest: None,
            now: i64::from_le_bytes(input.long().to_le_bytes()),
        }
    }
}

/// Connected, acknowledged twice, time, connected again.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    vec![vec![
        0, 4, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 12, 0, 8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 255, 255,
        1, 0, 0, 0, 0, 0, 2, 255, 255, 4, 12, 0, 0,
    ]]
}

/// The cursor moves only to a number that this ledger has, and there is always an end of actions.
pub(crate) fn run(bytes: &[u8]) -> bool {
    let mut input = Cursor(bytes);
    let mut world = World::new();
    while !input.is_empty() {
        match input.byte() % 5 {
            0 => world.tell(Input::Connected),
            1 => {
                let jitter = input.word();
                world.tell(Input::Disconnected { jitter });
            }
            2 => {
                world.mono_ms = world.mono_ms.saturating_add(u64::from(input.short()));
                world.tell(Input::Tick);
            }
            3 => {
                if let Some((at_ms, _why)) = world.engine.poll_timeout() {
                    world.mono_ms = world.mono_ms.max(at_ms.min(TIME_MAX));
                }
                world.tell(Input::Tick);
            }
            _ => {
                // What cannot come over the wire cannot reach the engine.
                let ack = World::ack(&mut input);
                let Some(ack) = ack.encode().ok().and_then(|bytes| Ack::decode(&bytes).ok()) else {
                    continue;
                };
                let numbers = Engine::numbers_to_check(&ack).into_iter();
                let ours: OurHashes = numbers
                    .filter_map(|seq| Some((seq, hash(seq)?)))
                    .filter(|_| ack.epoch == OURS)
                    .collect();
                world.tell(Input::Ack { ack, ours });
            }
        }
    }
    let is_up = world.engine.status().link == Link::Online;
    is_up || world.cursor > 0
}

/// As far as the virtual clock goes: a century.
const TIME_MAX: u64 = 3_155_760_000_000;
