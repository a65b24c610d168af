//! Movements that were written while the clock was unset.

use edge_domain::{CountedAct, Direction, Inside, WorkerId};
use rusqlite::Connection;
use sync_wire::record::{self, ClockChange, ClockChanged, ClockQuality, Kind, Record, Stamp};

use super::help::{Place, new_epoch, wait};
use super::models::presentation;
use crate::ledger::Entry;

/// 2026-11-20 18:00 in Shanghai, when the box was last alive.
const FLOOR_MS: i64 = 1_795_168_800_000;
/// What the floor was behind: 13 hours, over midnight.
const BEHIND_MS: i64 = 13 * 3_600_000;
const WORKER: WorkerId = WorkerId(1);

fn at_boot(boot: u32, mono: u64, clock: ClockQuality, kind: Kind) -> Entry {
    let stamp = Stamp {
        at: FLOOR_MS.saturating_add_unsigned(mono),
        boot,
        mono,
        clock,
    };
    Entry::new(Record { stamp, kind }.to_body().unwrap())
}

fn unset(boot: u32, mono: u64, way: record::Direction) -> Entry {
    let kind = presentation(Some(WORKER.0), way, true);
    at_boot(boot, mono, ClockQuality::Unset, kind)
}

fn changed(boot: u32, change: ClockChange, by_ms: i64) -> Entry {
    let before = FLOOR_MS + 9_000;
    let kind = Kind::Clock(ClockChanged {
        change,
        before,
        after: before + by_ms,
    });
    at_boot(boot, 9_000, ClockQuality::Synced, kind)
}

fn acts(place: &Place) -> Vec<CountedAct> {
    let store = place.open();
    wait(store.writer().catch_up()).unwrap();
    let reader = store.reader().unwrap();
    let (from, to) = (FLOOR_MS - BEHIND_MS, FLOOR_MS + 3 * BEHIND_MS);
    let mut by_worker = reader.counted_acts(from, to).unwrap();
    let acts = by_worker.remove(&WORKER).unwrap_or_default();
    let same = reader.counted_acts_of(&[WORKER], from, to).unwrap();
    assert_eq!(same.get(&WORKER), Some(&acts));
    let punches = reader.punches(WORKER, from, to).unwrap();
    let lines: Vec<_> = punches
        .iter()
        .map(|punch| CountedAct {
            direction: punch.direction,
            at_ms: punch.at,
            is_sure: punch.is_sure,
            is_corrected: false,
        })
        .collect();
    assert_eq!(lines, acts);
    assert!(
        punches
            .iter()
            .all(|punch| punch.recorded_at < FLOOR_MS + 9_000)
    );
    store.close().unwrap();
    acts
}

fn act(direction: Direction, at_ms: i64, is_sure: bool) -> CountedAct {
    CountedAct {
        direction,
        at_ms,
        is_sure,
        is_corrected: false,
    }
}

/// Writes the records and closes the file.
fn written(entries: Vec<Entry>) -> Place {
    let place = Place::new();
    let store = place.open();
    wait(store.writer().append(entries)).unwrap();
    store.close().unwrap();
    place
}

#[test]
fn a_proof_in_the_same_boot_corrects_them_and_their_day() {
    let place = written(vec![
        unset(7, 1_000, record::Direction::In),
        unset(7, 2_000, record::Direction::Out),
        unset(7, 3_000, record::Direction::In),
        changed(7, ClockChange::Synced, BEHIND_MS),
    ]);
    let corrected = |mono| FLOOR_MS + BEHIND_MS + mono;
    let expected = [
        act(Direction::In, corrected(1_000), true),
        act(Direction::Out, corrected(2_000), true),
        act(Direction::In, corrected(3_000), true),
    ];
    assert_eq!(acts(&place), expected);
    let last = Inside {
        direction: Direction::In,
        at_ms: corrected(3_000),
        is_sure: true,
    };
    let presence = place.open().reader().unwrap().presence().unwrap();
    assert_eq!(presence.last(WORKER), Some(last));
    // A day later there is nothing more to correct.
    let store = place.open();
    let later = vec![changed(7, ClockChange::Synced, BEHIND_MS)];
    wait(store.writer().append(later)).unwrap();
    store.close().unwrap();
    assert_eq!(acts(&place), expected);
}

#[test]
fn a_jump_moves_them_and_proves_nothing_and_every_shift_counts() {
    let place = written(vec![
        unset(7, 1_000, record::Direction::In),
        changed(7, ClockChange::Jumped, -3_000),
    ]);
    let jumped = act(Direction::In, FLOOR_MS - 2_000, false);
    assert_eq!(acts(&place), [jumped]);
    let store = place.open();
    let proof = vec![changed(7, ClockChange::Synced, BEHIND_MS + 3_000)];
    wait(store.writer().append(proof)).unwrap();
    store.close().unwrap();
    let proved = act(Direction::In, FLOOR_MS + BEHIND_MS + 1_000, true);
    assert_eq!(acts(&place), [proved]);
}

#[test]
fn a_proof_of_another_boot_or_epoch_corrects_nothing() {
    let place = written(vec![
        unset(7, 1_000, record::Direction::In),
        changed(8, ClockChange::Synced, BEHIND_MS),
    ]);
    let unsure = act(Direction::In, FLOOR_MS + 1_000, false);
    assert_eq!(acts(&place), [unsure]);
    let store = place.open();
    wait(store.writer().begin_epoch(new_epoch())).unwrap();
    let proof = vec![changed(7, ClockChange::Synced, BEHIND_MS)];
    wait(store.writer().append(proof)).unwrap();
    let presence = store.reader().unwrap().presence().unwrap();
    assert!(!presence.last(WORKER).unwrap().is_sure);
    store.close().unwrap();
    assert_eq!(acts(&place), [unsure]);
}

#[test]
fn what_is_not_folded_yet_is_unsure_too() {
    let place = Place::new();
    let store = place.open();
    let one = vec![unset(7, 1_000, record::Direction::In)];
    wait(store.writer().append(one)).unwrap();
    let reader = store.reader().unwrap();
    let acts = reader.counted_acts(0, i64::MAX).unwrap();
    assert_eq!(
        acts.get(&WORKER).map(Vec::as_slice),
        Some([act(Direction::In, FLOOR_MS + 1_000, false)].as_slice())
    );
    assert!(!reader.presence().unwrap().last(WORKER).unwrap().is_sure);
}

#[test]
fn an_absurd_shift_spoils_no_row() {
    let place = Place::new();
    let store = place.open();
    let kind = Kind::Clock(ClockChanged {
        change: ClockChange::Synced,
        before: i64::MIN,
        after: i64::MAX,
    });
    let absurd = at_boot(7, 9_000, ClockQuality::Synced, kind);
    let one = unset(7, 1_000, record::Direction::In);
    wait(store.writer().append(vec![one, absurd])).unwrap();
    wait(store.writer().catch_up()).unwrap();
    store.close().unwrap();
    let tool: Connection = place.tool();
    let days: i64 = tool
        .query_row(
            "SELECT utc_day - at / 86400000 FROM attendance",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(days, 0);
}
