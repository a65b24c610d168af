//! Daily files: every record a second time, for the day on which the database cannot be read.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use sync_wire::Head;

use super::help::{Place, body, entries, key, new_epoch, wait};
use super::models::{passage, record};
use crate::aside::{Aside, remains, set_aside};
use crate::daily::frame::{self, DailyRecord};
use crate::daily::keeper::DailyState;
use crate::daily::shelf::{files, read, seal_of};
use crate::epoch::NewEpoch;
use crate::key::Key;
use crate::ledger::Entry;
use crate::old_file::OldFile;
use crate::store::Store;

const BOX: &str = "box-1";
const DAY_MS: i64 = 86_400_000;

fn open(place: &Place) -> Store {
    Store::open_with_daily_files(&place.settings(), &key()).unwrap()
}

fn folder(place: &Place) -> PathBuf {
    place.path().with_file_name("menwei.db-daily")
}

/// All records of an epoch that an old file gives, whatever they come from.
fn bodies(old: &OldFile, epoch: &str) -> Vec<Vec<u8>> {
    let (mut head, mut all) = (old.start(epoch), Vec::new());
    loop {
        let part = old.continuing(epoch, head, 7).unwrap();
        if part.bodies.is_empty() {
            return all;
        }
        for body in part.bodies {
            head = head.extend(&body);
            all.push(body);
        }
    }
}

/// How many records the daily files hold, the same one twice counted twice.
fn frames(place: &Place) -> usize {
    let mut found = 0;
    for file in files(&folder(place)).unwrap() {
        let seal = seal_of(&key(), BOX);
        read(&file.path, 0, &seal, &mut |_, _| {
            found += 1;
            true
        })
        .unwrap();
    }
    found
}

fn on_day(day: i64) -> Entry {
    record(
        1_790_000_000_000 + day * DAY_MS,
        passage(None, sync_wire::record::Direction::In, None, 1),
    )
}

#[test]
fn a_database_that_is_gone_comes_back_record_by_record() {
    let place = Place::new();
    let store = open(&place);
    let first = store.facts().epoch.clone();
    wait(store.writer().append(entries(0..700))).unwrap();
    let begun = NewEpoch {
        first: entries(900..902),
        ..new_epoch()
    };
    let second = wait(store.writer().begin_epoch(begun)).unwrap().name;
    wait(store.writer().append(entries(902..930))).unwrap();
    store.close().unwrap();
    assert_eq!(frames(&place), 730);

    fs::remove_file(place.path()).unwrap();
    let old = OldFile::open(&place.path(), &key(), BOX).unwrap();
    assert_eq!(old.epochs().unwrap(), [first.clone(), second.clone()]);
    assert_eq!(bodies(&old, &first), (0..700).map(body).collect::<Vec<_>>());
    assert_eq!(
        bodies(&old, &second),
        (900..930).map(body).collect::<Vec<_>>()
    );
    assert_eq!(old.last(&first).unwrap(), 700);
    let mut head = Head::genesis(BOX, &first);
    for number in 0..700 {
        head = head.extend(&body(number));
    }
    assert!(old.holds(&first, head).unwrap());
}

#[test]
fn nothing_of_a_record_lies_open_and_another_key_reads_nothing() {
    let place = Place::new();
    let store = open(&place);
    let epoch = store.facts().epoch.clone();
    wait(store.writer().append(entries(0..50))).unwrap();
    store.close().unwrap();
    for file in files(&folder(&place)).unwrap() {
        let bytes = fs::read(&file.path).unwrap();
        let holds = |text: &[u8]| bytes.windows(text.len()).any(|some| some == text);
        assert!(!holds(b"presentation") && !holds(epoch.as_bytes()));
    }
    fs::remove_file(place.path()).unwrap();
    let other = Key::from_bytes([8; 32]);
    assert!(OldFile::open(&place.path(), &other, BOX).is_err());
    assert!(OldFile::open(&place.path(), &key(), "box-2").is_err());
}

#[test]
fn a_restart_and_a_crash_go_on_where_the_file_ends() {
    let place = Place::new();
    for round in 0..5 {
        let store = open(&place);
        wait(store.writer().append(entries(round * 10..round * 10 + 10))).unwrap();
        match round % 2 {
            0 => store.close().unwrap(),
            // As a crash: what was not written yet is written next time.
            _ => drop(store),
        }
    }
    open(&place).close().unwrap();
    assert_eq!(frames(&place), 50);
}

#[test]
fn a_ledger_from_before_is_written_out_in_quiet_turns() {
    let place = Place::new();
    let store = place.open();
    wait(store.writer().append(entries(0..500))).unwrap();
    store.close().unwrap();
    open(&place).close().unwrap();
    assert_eq!(frames(&place), 500);
}

#[test]
fn a_torn_end_and_a_damaged_sector_cost_only_themselves() {
    let place = Place::new();
    let store = open(&place);
    let epoch = store.facts().epoch.clone();
    wait(store.writer().append(entries(0..100))).unwrap();
    store.close().unwrap();
    let file = files(&folder(&place)).unwrap().remove(0);
    let bytes = fs::metadata(&file.path).unwrap().len();
    let disk = fs::File::options().write(true).open(&file.path).unwrap();
    disk.write_all_at(&[0x55; 40], bytes / 2).unwrap();
    disk.set_len(bytes - 11).unwrap();
    let damaged = frames(&place);
    assert!((97..=98).contains(&damaged), "{damaged} of 100");
    // What is lacking from the first hole on is written again, behind whatever stands there; once.
    open(&place).close().unwrap();
    let made_good = frames(&place);
    assert!(
        (damaged + 40..damaged + 60).contains(&made_good),
        "{made_good}"
    );
    open(&place).close().unwrap();
    assert_eq!(frames(&place), made_good);
    fs::remove_file(place.path()).unwrap();
    let old = OldFile::open(&place.path(), &key(), BOX).unwrap();
    assert_eq!(bodies(&old, &epoch).len(), 100);
}

#[test]
fn a_day_has_a_file_and_old_ones_go_when_the_city_has_their_records() {
    let place = Place::new();
    let store = open(&place);
    let epoch = store.facts().epoch.clone();
    let writer = store.writer();
    wait(writer.append((0..60).map(on_day).collect())).unwrap();
    wait(writer.catch_up()).unwrap();
    store.close().unwrap();
    assert_eq!(
        files(&folder(&place)).unwrap().len(),
        60,
        "the city has nothing"
    );

    let store = open(&place);
    wait(store.writer().advance_cursor(&epoch, 5, Vec::new())).unwrap();
    wait(store.writer().append(vec![on_day(60)])).unwrap();
    store.close().unwrap();
    let left = files(&folder(&place)).unwrap();
    assert_eq!((left.len(), left[0].number), (56, 6));
    let days: Vec<&str> = left.iter().map(|file| file.day.as_str()).collect();
    assert!(days.is_sorted() && days[0] == "2026-09-26", "{days:?}");
    // That the beginning is gone is no reason to write it again.
    let held = frames(&place);
    open(&place).close().unwrap();
    assert_eq!(frames(&place), held);
}

#[test]
fn a_file_that_is_set_aside_takes_its_daily_files_along() {
    let place = Place::new();
    let store = open(&place);
    let epoch = store.facts().epoch.clone();
    let appended = wait(store.writer().append(entries(0..30))).unwrap();
    store.close().unwrap();
    // Nothing of the database can be read any more.
    fs::write(place.path(), vec![0x5a; 65_536]).unwrap();
    // The power goes after the first of the renamings; the next start sets aside again.
    fs::rename(
        folder(&place),
        place.path().with_file_name("menwei.db.damaged-1-daily"),
    )
    .unwrap();
    let aside = set_aside(&place.path(), Aside::Damaged, "2").unwrap();
    let found = remains(&aside, &key(), BOX);
    assert_eq!(found.newest, Some((epoch.clone(), appended.head)));
    let old = OldFile::open(&aside, &key(), BOX).unwrap();
    assert_eq!(bodies(&old, &epoch).len(), 30);

    let store = open(&place);
    assert_ne!(store.facts().epoch, epoch);
    wait(store.writer().append(entries(40..42))).unwrap();
    store.close().unwrap();
    assert_eq!(frames(&place), 2);
}

/// Waits for a state of the daily files; meanwhile the watchdog's proofs come, which is what they are tried
/// again by.
fn until(store: &Store, is_wanted: impl Fn(&DailyState) -> bool) {
    let (writer, states) = (store.writer(), store.daily_state());
    for _ in 0..100_000 {
        if is_wanted(&states.borrow()) {
            return;
        }
        wait(writer.pulse(1)).unwrap();
    }
    panic!("never reached");
}

#[test]
fn daily_files_that_cannot_be_written_cost_no_record_and_are_made_good() {
    let place = Place::new();
    // A file stands where the folder should be.
    fs::write(folder(&place), "in the way").unwrap();
    let store = open(&place);
    let epoch = store.facts().epoch.clone();
    let writer = store.writer();
    wait(writer.append(entries(0..200))).unwrap();
    until(&store, |state| matches!(state, DailyState::Fails(_)));
    wait(writer.append(entries(200..230))).unwrap();
    assert_eq!(
        place
            .tool()
            .query_row("SELECT count(*) FROM ledger", [], |row| row.get(0)),
        Ok(230)
    );

    fs::remove_file(folder(&place)).unwrap();
    wait(writer.append(entries(230..231))).unwrap();
    until(&store, |state| matches!(state, DailyState::Works));
    store.close().unwrap();
    fs::remove_file(place.path()).unwrap();
    let old = OldFile::open(&place.path(), &key(), BOX).unwrap();
    assert_eq!(bodies(&old, &epoch), (0..231).map(body).collect::<Vec<_>>());
}

#[test]
fn a_frame_that_somebody_made_or_moved_brings_no_record() {
    let place = Place::new();
    let store = open(&place);
    let epoch = store.facts().epoch.clone();
    wait(store.writer().append(entries(0..20))).unwrap();
    store.close().unwrap();
    let file = files(&folder(&place)).unwrap().remove(0);
    let mut heads = vec![Head::genesis(BOX, &epoch)];
    for number in 0..20 {
        let head = heads.last().unwrap().extend(&body(number));
        heads.push(head);
    }
    let frame_of = |key: &Key, body: Vec<u8>, head: Head| {
        let (mut out, seal) = (Vec::new(), seal_of(key, BOX));
        let epoch = epoch.clone();
        let record = DailyRecord { epoch, head, body };
        frame::write(&mut out, (&seal.0, BOX), [9; 12], &record).unwrap();
        out
    };
    let mut bytes = fs::read(&file.path).unwrap();
    // Under another key; under the right one with a body that its hash is not of; the first again.
    let next = heads[20].extend(&body(500));
    bytes.extend(frame_of(&Key::from_bytes([8; 32]), body(500), next));
    bytes.extend(frame_of(&key(), body(501), next));
    bytes.extend(frame_of(&key(), body(3), heads[4]));
    // Frames in another order; one frame cut short in the middle of the others.
    let mut mixed = bytes[..8].to_vec();
    mixed.extend(&bytes[bytes.len() / 2..]);
    mixed.extend(&bytes[8..]);
    for bytes in [bytes, mixed] {
        fs::write(&file.path, bytes).unwrap();
        let kept = place.path().with_extension("kept");
        fs::rename(place.path(), &kept).unwrap();
        let old = OldFile::open(&place.path(), &key(), BOX).unwrap();
        assert_eq!(bodies(&old, &epoch), (0..20).map(body).collect::<Vec<_>>());
        let last = old.last(&epoch).unwrap();
        assert_eq!(last, 21, "told as one that does not fit");
        fs::rename(&kept, place.path()).unwrap();
    }
}

#[test]
fn days_that_change_in_turn_share_a_file_and_a_torn_beginning_is_made_good() {
    let place = Place::new();
    let store = open(&place);
    let days = [0, 1, 0, 1, 0, 2, 1, 0].map(on_day);
    wait(store.writer().append(days.into())).unwrap();
    store.close().unwrap();
    let found = files(&folder(&place)).unwrap();
    assert_eq!(found.len(), 3, "{found:?}");
    // The power went while the newest was begun.
    fs::write(&found[2].path, b"MEN").unwrap();
    open(&place).close().unwrap();
    assert_eq!(frames(&place), 8);
}

#[test]
fn a_database_that_went_back_to_an_older_copy_has_its_records_in_daily_files_too() {
    let place = Place::new();
    let store = open(&place);
    let epoch = store.facts().epoch.clone();
    wait(store.writer().append(entries(0..30))).unwrap();
    store.close().unwrap();
    let copy = place.path().with_extension("copy");
    fs::copy(place.path(), &copy).unwrap();
    let store = open(&place);
    wait(store.writer().append(entries(30..50))).unwrap();
    store.close().unwrap();
    fs::rename(&copy, place.path()).unwrap();
    let store = open(&place);
    wait(store.writer().append(entries(70..75))).unwrap();
    store.close().unwrap();
    fs::remove_file(place.path()).unwrap();
    let old = OldFile::open(&place.path(), &key(), BOX).unwrap();
    let expected: Vec<_> = (0..30).chain(70..75).map(body).collect();
    assert_eq!(bodies(&old, &epoch), expected);
}
