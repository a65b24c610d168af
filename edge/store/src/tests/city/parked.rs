//! What the city says it cannot use yet, and the declared absences that it does not have.

use edge_domain::Suspension;
use sync_wire::record::{Carried, ClockQuality, Gap, GapCause, Kind, Record, Stamp};

use crate::city::parked::{ParkedRecord, ParkedTold};
use crate::ledger::Entry;
use crate::reader::Reader;
use crate::tests::help::{Place, body, entries, new_epoch, wait};

fn one(seq: u64, message: &str) -> ParkedRecord {
    ParkedRecord {
        seq,
        code: "bad_field".to_owned(),
        message: message.to_owned(),
    }
}

fn told(seqs: std::ops::RangeInclusive<u64>, nothing_else_in: Option<(u64, u64)>) -> ParkedTold {
    ParkedTold {
        named: seqs.map(|seq| one(seq, "缺内容")).collect(),
        nothing_else_in,
    }
}

/// Number, reason and older epoch of each.
fn listed(reader: &Reader) -> Vec<(u64, String, Option<String>)> {
    let lines = reader.parked_lines(1_000).unwrap().into_iter();
    lines
        .map(|line| (line.seq, line.parked.unwrap().message, line.older_epoch))
        .collect()
}

#[test]
fn what_is_parked_is_kept_by_epoch_and_number_and_outlives_a_restart() {
    let place = Place::new();
    let store = place.open();
    let first = store.facts().epoch.clone();
    let writer = store.writer();
    wait(writer.append(entries(0..300))).unwrap();
    // A full page of a hundred says nothing about what follows it; the next page does.
    wait(writer.keep_parked(&first, told(150..=250, None))).unwrap();
    wait(writer.keep_parked(&first, told(1..=100, Some((1, 100))))).unwrap();
    assert_eq!(store.reader().unwrap().parked_count().unwrap(), 201);
    wait(writer.keep_parked(&first, told(240..=242, Some((101, u64::MAX))))).unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(reader.parked_count().unwrap(), 103);
    // A reason that has changed, and a record that is parked no longer.
    let changed = ParkedTold {
        named: vec![one(7, "请先补报班组")],
        nothing_else_in: Some((1, 99)),
    };
    wait(writer.keep_parked(&first, changed)).unwrap();
    // Another epoch has numbers of its own.
    let began = wait(writer.begin_epoch(crate::NewEpoch {
        first: vec![Entry::new(body(1))],
        ..new_epoch()
    }))
    .unwrap();
    wait(writer.keep_parked(&began.name, told(1..=1, Some((1, u64::MAX))))).unwrap();
    store.close().unwrap();

    let store = place.open();
    let reader = store.reader().unwrap();
    let old = Some(first.clone());
    let why = "缺内容".to_owned();
    let expected = [
        (7, "请先补报班组".to_owned(), old.clone()),
        (100, why.clone(), old.clone()),
        (240, why.clone(), old.clone()),
        (241, why.clone(), old.clone()),
        (242, why.clone(), old),
        (1, why.clone(), None),
    ];
    assert_eq!(listed(&reader), expected);
    assert_eq!(reader.parked_count().unwrap(), 6);
    assert_eq!(reader.parked_lines(2).unwrap().len(), 2);
    // The list of records says it beside each.
    let lines = reader.record_lines(None, false, 9).unwrap();
    assert_eq!(lines[0].parked.as_ref().unwrap().message, why);
    // What follows the last common record is not what the city speaks of.
    wait(store.writer().fork(&first, 240)).unwrap();
    let left: Vec<u64> = listed(&reader).iter().map(|(seq, ..)| *seq).collect();
    assert_eq!(left, [7, 100, 240, 1]);
}

#[test]
fn what_was_told_before_costs_no_page() {
    let place = Place::new();
    let store = place.open();
    let epoch = store.facts().epoch.clone();
    let writer = store.writer();
    wait(writer.append(entries(0..9))).unwrap();
    wait(writer.keep_parked(&epoch, told(1..=5, Some((1, u64::MAX))))).unwrap();
    let wal = || {
        let log = place.path().with_extension("db-wal");
        std::fs::metadata(log).unwrap().len()
    };
    let before = wal();
    assert!(before > 0);
    wait(writer.keep_parked(&epoch, told(1..=5, Some((1, u64::MAX))))).unwrap();
    assert_eq!(wal(), before);
    wait(writer.keep_parked(&epoch, told(1..=4, Some((1, u64::MAX))))).unwrap();
    assert!(wal() > before);
}

fn record(at: i64, kind: Kind) -> Vec<u8> {
    let stamp = Stamp {
        at,
        boot: 1,
        mono: 1,
        clock: ClockQuality::Synced,
    };
    Record { stamp, kind }.to_body().unwrap()
}

fn gap(from: i64, cause: GapCause, reason: Option<&str>) -> Gap {
    Gap {
        from,
        to: from + 5,
        cause,
        reason: reason.map(str::to_owned),
    }
}

#[test]
fn declared_absences_wait_until_the_city_has_them() {
    let place = Place::new();
    let store = place.open();
    let epoch = store.facts().epoch.clone();
    let (writer, reader) = (store.writer(), store.reader().unwrap());
    let off = |from| gap(from, GapCause::PoweredOff, None);
    let suspended = gap(50, GapCause::Suspended, Some("春节停工"));
    let bodies = [
        record(1, Kind::Gap(off(10))),
        body(1),
        record(2, Kind::Gap(off(20))),
        record(3, Kind::Gap(suspended)),
        body(2),
        record(4, Kind::Gap(off(30))),
    ];
    wait(writer.append(bodies.map(Entry::new).to_vec())).unwrap();
    let froms = |reader: &Reader, gaps_max| -> Vec<i64> {
        let gaps = reader.gaps_waiting(gaps_max).unwrap();
        gaps.iter().map(|gap| gap.from).collect()
    };
    assert_eq!(froms(&reader, 16), [10, 20, 50, 30]);
    assert_eq!(froms(&reader, 2), [50, 30], "the newest, newest last");
    let notice = Suspension {
        from_ms: 50,
        to_ms: 55,
        reason: "春节停工".to_owned(),
    };
    assert_eq!(reader.desk().suspensions(9).unwrap(), [(notice, 3)]);
    let waiting = reader.gaps_waiting(16).unwrap();
    assert_eq!(waiting[2], gap(50, GapCause::Suspended, None));
    wait(writer.advance_cursor(&epoch, 1, vec![(4, 4)])).unwrap();
    assert_eq!(froms(&reader, 16), [20, 30]);
    // The city has another continuation after 2: the rest is carried over, and waits until then and
    // afterwards under the newest name.
    let began = wait(writer.begin_epoch(crate::NewEpoch {
        first: vec![Entry::new(body(1))],
        forked: Some((epoch.clone(), 2)),
        ..new_epoch()
    }))
    .unwrap();
    assert_eq!(froms(&reader, 16), [20, 50, 30]);
    let wrapped = |seq: u64, from| {
        let carried = Carried {
            epoch: epoch.clone(),
            seq,
            body: record(2, Kind::Gap(off(from))),
        };
        Entry::new(record(9, Kind::Carried(carried)))
    };
    wait(writer.carry(vec![wrapped(3, 20)], (&epoch, 3, 3))).unwrap();
    assert_eq!(froms(&reader, 16), [50, 30, 20]);
    wait(writer.advance_cursor(&began.name, 2, Vec::new())).unwrap();
    assert_eq!(froms(&reader, 16), [50, 30]);
}

#[test]
fn no_record_but_gaps_is_read_to_find_them() {
    let place = Place::new();
    drop(place.open());
    let plan: String = place
        .tool()
        .query_row(
            "EXPLAIN QUERY PLAN SELECT id, body FROM ledger \
             WHERE instr(body, x'226b696e64223a2267617022') > 0 \
             AND id BETWEEN 1 AND 9 ORDER BY id DESC",
            [],
            |row| row.get(3),
        )
        .unwrap();
    assert!(plan.contains("ledger_gap"), "{plan}");
}
