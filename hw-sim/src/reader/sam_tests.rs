//! The reader against the published bytes, in order and out of order, and under every fault.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::card_block::card_block;
use super::card_block::tests::zhang_san;
use super::faults::ReaderFault;
use super::frame::reply_frame;
use super::reply_data::base_data;
use super::sam::{CardState, Outgoing, ReaderTimes, SamReader};
use crate::seed::Seeded;

const RESET: &[u8] = &[0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x10, 0xFF, 0xEC];
const STATUS: &[u8] = &[0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x11, 0xFF, 0xED];
const SAM_ID: &[u8] = &[0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x12, 0xFF, 0xEE];
const FIND: &[u8] = &[0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x20, 0x01, 0x22];
const SELECT: &[u8] = &[0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x20, 0x02, 0x21];
const READ: &[u8] = &[0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x30, 0x01, 0x32];
const READ_FINGER: &[u8] = &[0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x30, 0x10, 0x23];
const ADDRESS: &[u8] = &[0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x30, 0x03, 0x30];
const BAUD_9600: &[u8] = &[0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x60, 0x04, 0x67];

const NONE: &[u8] = &[0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 4, 0, 0, 0x80, 0x84];
const FOUND: &[u8] = &[
    0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 8, 0, 0, 0x9F, 0, 0, 0, 0, 0x97,
];
const OK: &[u8] = &[0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 4, 0, 0, 0x90, 0x94];
const SELECT_FAILED: &[u8] = &[0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 4, 0, 0, 0x81, 0x85];
const READ_FAILED: &[u8] = &[0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 4, 0, 0, 0x41, 0x45];
const BAD_SEQUENCE: &[u8] = &[0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 4, 0, 0, 0x21, 0x25];

struct Bench {
    reader: SamReader,
    now_ns: u64,
}

impl Bench {
    fn new() -> Self {
        let reader = SamReader::new(ReaderTimes::default(), 7, Seeded::new(1));
        Self { reader, now_ns: 0 }
    }

    fn with_card() -> Self {
        let mut bench = Self::new();
        assert!(bench.reader.put(1, Arc::new(zhang_san())));
        bench
    }

    /// Sends a command and runs until the reader has nothing more to do.
    fn ask(&mut self, command: &[u8]) -> Vec<Outgoing> {
        self.reader.receive(self.now_ns, command);
        let mut all = Vec::new();
        while let Some(next) = self.reader.next_ns() {
            self.now_ns = self.now_ns.max(next);
            all.extend(self.reader.poll(self.now_ns));
        }
        all
    }

    /// All bytes of the answer.
    fn bytes(&mut self, command: &[u8]) -> Vec<u8> {
        let sent = self
            .ask(command)
            .into_iter()
            .filter_map(|outgoing| match outgoing {
                Outgoing::Bytes { bytes, .. } => Some(bytes),
                Outgoing::Unanswered(_) | Outgoing::Lifted { .. } => None,
            });
        sent.flatten().collect()
    }

    /// Find, select, read under this fault: the bytes and the cause in the outcome.
    fn read_with(&mut self, fault: ReaderFault) -> (Vec<u8>, Option<String>) {
        self.reader.arm(fault);
        assert_eq!(self.bytes(FIND), FOUND);
        assert_eq!(self.bytes(SELECT).get(9), Some(&0x90));
        let (mut all, mut outcomes) = (Vec::new(), Vec::new());
        for outgoing in self.ask(READ) {
            match outgoing {
                Outgoing::Bytes { bytes, outcome, .. } => {
                    all.extend(bytes);
                    outcomes.extend(outcome);
                }
                Outgoing::Unanswered(outcome) => outcomes.push(outcome),
                Outgoing::Lifted { .. } => {}
            }
        }
        assert!(outcomes.len() <= 1);
        (all, outcomes.pop().and_then(|outcome| outcome.cause))
    }
}

fn clean_reply() -> Vec<u8> {
    let mut bench = Bench::with_card();
    bench.bytes(FIND);
    bench.bytes(SELECT);
    bench.bytes(READ)
}

#[test]
fn the_published_card_gives_the_published_frame() {
    let frame = reply_frame(
        0x90,
        &base_data(&card_block(&zhang_san()), &[0; 1024], false),
    );
    assert_eq!(frame.len(), 1295);
    assert_eq!(frame.last(), Some(&0xD5));
    let digest = Sha256::digest(&frame);
    let expected = "70f9b4aeef3b84dfc4d175dd9f6610c8516656472fd3c8bf8b1edbda8f97553b";
    let pairs = expected.as_bytes().chunks(2);
    let expected: Vec<u8> = pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    assert_eq!(digest.to_vec(), expected);
}

#[test]
fn every_command_gets_its_published_reply() {
    let mut bench = Bench::with_card();
    assert_eq!(bench.bytes(RESET), OK);
    assert_eq!(bench.bytes(STATUS), OK);
    let id = bench.bytes(SAM_ID);
    assert_eq!(id.len(), 27);
    assert_eq!(id[5..10], [0x00, 0x14, 0x00, 0x00, 0x90]);
    assert_eq!(id[10..14], [5, 0, 3, 0]);
    assert_eq!(id[22..26], [7, 0, 0, 0]);
    assert_eq!(bench.bytes(FIND), FOUND);
    let selected = bench.bytes(SELECT);
    assert_eq!(selected.len(), 19);
    assert_eq!(
        (selected[5..10].to_vec(), selected[18]),
        (vec![0, 0x0C, 0, 0, 0x90], 0x9C)
    );
    let read = bench.bytes(READ);
    assert_eq!(read.len(), 1295);
    assert_eq!(
        read[5..14],
        [0x05, 0x08, 0x00, 0x00, 0x90, 0x01, 0x00, 0x04, 0x00]
    );
    assert_eq!(read[14..20], [0x20, 0x5F, 0x09, 0x4E, 0x20, 0x00]);
    assert_eq!(read[270..273], *b"WLf");
    assert_eq!(bench.bytes(ADDRESS)[9], 0x91);
}

#[test]
fn the_reply_with_fingerprint_has_two_more_bytes() {
    let mut bench = Bench::with_card();
    bench.bytes(FIND);
    bench.bytes(SELECT);
    let read = bench.bytes(READ_FINGER);
    assert_eq!(read.len(), 1297);
    assert_eq!(
        read[5..16],
        [0x05, 0x0A, 0, 0, 0x90, 0x01, 0x00, 0x04, 0x00, 0x00, 0x00]
    );
}

#[test]
fn without_a_card_nothing_is_found() {
    assert_eq!(Bench::new().bytes(FIND), NONE);
}

#[test]
fn the_wrong_order_is_refused() {
    let mut bench = Bench::with_card();
    for command in [SELECT, READ, ADDRESS] {
        assert_eq!(bench.bytes(command), BAD_SEQUENCE);
    }
    bench.bytes(FIND);
    assert_eq!(bench.bytes(READ), BAD_SEQUENCE);
}

#[test]
fn a_card_that_was_read_must_be_lifted() {
    let mut bench = Bench::with_card();
    bench.bytes(FIND);
    bench.bytes(SELECT);
    bench.bytes(READ);
    assert_eq!(bench.reader.state(), CardState::ReadDone);
    assert_eq!(bench.bytes(FIND), NONE);
    assert_eq!(
        bench.reader.lift(),
        Some((1, "349901199003070016".to_owned()))
    );
    assert!(bench.reader.put(2, Arc::new(zhang_san())));
    assert_eq!(bench.bytes(FIND), FOUND);
}

#[test]
fn a_card_lifted_between_the_steps_fails_the_step() {
    let mut bench = Bench::with_card();
    bench.bytes(FIND);
    bench.reader.lift();
    assert_eq!(bench.bytes(SELECT), SELECT_FAILED);
    bench.reader.put(2, Arc::new(zhang_san()));
    bench.bytes(FIND);
    bench.bytes(SELECT);
    bench.reader.lift();
    assert_eq!(bench.bytes(READ), READ_FAILED);
}

#[test]
fn each_step_takes_its_time() {
    let mut bench = Bench::with_card();
    for (command, ms) in [(FIND, 40), (SELECT, 50), (READ, 550)] {
        let begun = bench.now_ns;
        bench.ask(command);
        assert_eq!(bench.now_ns - begun, ms * 1_000_000);
    }
}

#[test]
fn a_command_during_another_one_is_lost() {
    let mut bench = Bench::with_card();
    let twice = [FIND, FIND].concat();
    assert_eq!(bench.bytes(&twice), FOUND);
}

#[test]
fn a_damaged_command_gets_its_status() {
    let mut bench = Bench::new();
    let mut damaged = FIND.to_vec();
    damaged[9] ^= 1;
    assert_eq!(bench.bytes(&damaged)[9], 0x10);
    assert_eq!(
        bench.bytes(&[0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x77, 1, 0x75])[9],
        0x21
    );
}

#[test]
fn faults_that_leave_the_reply_whole() {
    let clean = clean_reply();
    for fault in [
        ReaderFault::NoiseBefore,
        ReaderFault::NoiseAfter,
        ReaderFault::FourAa,
        ReaderFault::Doubled,
        ReaderFault::Chunks { bytes: 1 },
        ReaderFault::Chunks { bytes: 64 },
    ] {
        let (bytes, cause) = Bench::with_card().read_with(fault);
        assert_eq!(cause, None, "{fault:?}");
        assert!(
            bytes.windows(clean.len()).any(|window| window == clean),
            "{fault:?}"
        );
        if fault == ReaderFault::FourAa {
            assert_eq!(bytes[..6], [0xAA, 0xAA, 0xAA, 0xAA, 0x96, 0x69]);
        } else if fault == ReaderFault::Doubled {
            assert_eq!(bytes, [clean.clone(), clean.clone()].concat());
        } else {
            let noisy = matches!(fault, ReaderFault::NoiseBefore | ReaderFault::NoiseAfter);
            assert_eq!(bytes.len() > clean.len(), noisy);
        }
    }
}

#[test]
fn chunks_come_apart() {
    let mut bench = Bench::with_card();
    bench.reader.arm(ReaderFault::Chunks { bytes: 64 });
    bench.bytes(FIND);
    bench.bytes(SELECT);
    let pieces = bench.ask(READ);
    assert_eq!(pieces.len(), 1295usize.div_ceil(64));
    let last = pieces.last().unwrap();
    assert!(matches!(
        last,
        Outgoing::Bytes {
            outcome: Some(_),
            ..
        }
    ));
}

#[test]
fn faults_that_cost_the_read_once() {
    let clean = clean_reply();
    for (fault, name, length) in [
        (ReaderFault::BadChecksum, "bad_checksum", clean.len()),
        (ReaderFault::LengthLie, "length_lie", clean.len()),
        (ReaderFault::HalfFrame { bytes: 600 }, "half_frame", 600),
        (ReaderFault::Status { status: 0x41 }, "status_41", 11),
    ] {
        let mut bench = Bench::with_card();
        let (bytes, cause) = bench.read_with(fault);
        assert_eq!((cause.as_deref(), bytes.len()), (Some(name), length));
        // The card still lies there and the next try works.
        assert_eq!(bench.bytes(FIND), FOUND);
        bench.bytes(SELECT);
        assert_eq!(bench.bytes(READ), clean);
    }
}

#[test]
fn noise_inside_breaks_the_frame() {
    let clean = clean_reply();
    let (bytes, cause) = Bench::with_card().read_with(ReaderFault::NoiseInside);
    assert_eq!(cause.as_deref(), Some("noise_inside"));
    assert_eq!(bytes[..647], clean[..647]);
    assert!(bytes.len() > clean.len() && bytes.ends_with(&clean[647..]));
}

#[test]
fn silence_swallows_so_many_commands() {
    let mut bench = Bench::with_card();
    bench.reader.arm(ReaderFault::Silence { commands: 2 });
    assert_eq!(bench.bytes(FIND), Vec::<u8>::new());
    assert_eq!(bench.bytes(SAM_ID), Vec::<u8>::new());
    assert_eq!(bench.bytes(FIND), FOUND);
}

#[test]
fn a_card_lifted_during_the_read_gives_41() {
    let mut bench = Bench::with_card();
    let (bytes, cause) = bench.read_with(ReaderFault::LiftDuringRead);
    assert_eq!((bytes.as_slice(), cause), (READ_FAILED, None));
    assert_eq!(bench.reader.card(), None);
    assert_eq!(bench.bytes(FIND), NONE);
}

#[test]
fn a_failed_self_test_and_a_missing_licence_stay() {
    let mut bench = Bench::with_card();
    bench.reader.arm(ReaderFault::SelfTestFailed { on: true });
    for _ in 0..2 {
        assert_eq!(bench.bytes(STATUS)[9], 0x60);
        assert_eq!(bench.bytes(FIND)[9], 0x60);
        assert_eq!(bench.bytes(RESET), OK);
    }
    bench.reader.arm(ReaderFault::SelfTestFailed { on: false });
    bench.reader.arm(ReaderFault::NotAuthorized { on: true });
    assert_eq!(bench.bytes(SAM_ID)[9], 0x90);
    assert_eq!(bench.bytes(FIND)[9], 0x66);
    bench.reader.arm(ReaderFault::NotAuthorized { on: false });
    assert_eq!(bench.bytes(FIND), FOUND);
}

#[test]
fn a_new_speed_comes_after_the_reply() {
    let mut bench = Bench::new();
    let expected = Outgoing::Bytes {
        bytes: OK.to_vec(),
        outcome: None,
        baud: Some(9_600),
    };
    assert_eq!(bench.ask(BAUD_9600), vec![expected]);
}

#[test]
fn lost_power_forgets_the_running_command() {
    let mut bench = Bench::with_card();
    bench.bytes(FIND);
    bench.reader.receive(bench.now_ns, SELECT);
    bench.reader.power_lost();
    assert_eq!(bench.reader.next_ns(), None);
    assert_eq!(bench.bytes(SELECT), BAD_SEQUENCE);
    assert_eq!(bench.bytes(FIND), FOUND);
}
