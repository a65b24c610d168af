//! Several epochs: begun whole, carried records folded once, files set aside and looked into.

use sync_wire::Record;
use sync_wire::record::{Carried, Direction, Kind, PresentationResult};

use crate::aside::{Aside, last_set_aside, remains, set_aside};
use crate::epoch::NewEpoch;
use crate::error::StoreError;
use crate::ledger::Entry;
use crate::tests::help::{Place, key, new_epoch, wait};
use crate::tests::models::{presentation, record};

fn entering(worker: u32) -> Entry {
    record(1000, presentation(Some(worker), Direction::In, true))
}

fn carried(epoch: &str, seq: u64, of: &Entry) -> Entry {
    let carried = Carried {
        epoch: epoch.to_owned(),
        seq,
        body: of.body.clone(),
    };
    record(2000, Kind::Carried(carried))
}

#[test]
fn an_epoch_begins_with_its_records_and_settings_or_not_at_all() {
    let place = Place::new();
    let store = place.open();
    let (writer, reader) = (store.writer(), store.reader().unwrap());
    let old = store.facts().epoch.clone();
    wait(writer.append(vec![entering(1)])).unwrap();
    let too_large = NewEpoch {
        first: vec![entering(2), Entry::new(vec![b'x'; 70_000])],
        ..new_epoch()
    };
    let error = wait(writer.begin_epoch(too_large)).unwrap_err();
    assert!(matches!(error, StoreError::BodySize { .. }), "{error}");
    let same_name = NewEpoch {
        name: old.clone(),
        first: vec![entering(2)],
        settings: vec![("carry".to_owned(), "half".to_owned())],
        ..NewEpoch::default()
    };
    wait(writer.begin_epoch(same_name)).unwrap_err();
    assert_eq!(reader.setting("carry").unwrap(), None);
    assert_eq!(wait(writer.append(vec![entering(2)])).unwrap().last_seq, 2);

    let new = NewEpoch {
        first: vec![entering(3), entering(4)],
        forked: Some((old, 1)),
        settings: vec![("carry".to_owned(), "all".to_owned())],
        ..new_epoch()
    };
    let epoch = wait(writer.begin_epoch(new)).unwrap();
    assert_eq!(writer.head().borrow().seq, 2);
    assert_eq!(reader.setting("carry").unwrap().as_deref(), Some("all"));
    let epochs = reader.epochs().unwrap();
    assert_eq!(epochs[0].shared, Some(1));
    assert_eq!(epochs[1], epoch);
    assert_eq!(reader.head(&epoch.name).unwrap().seq, 2);
}

#[test]
fn a_carried_record_counts_once_wherever_its_original_stands() {
    let place = Place::new();
    let store = place.open();
    let (writer, reader) = (store.writer(), store.reader().unwrap());
    let old = store.facts().epoch.clone();
    wait(writer.append(vec![entering(1), entering(2)])).unwrap();
    let new = NewEpoch {
        first: vec![
            carried(&old, 2, &entering(2)),
            carried("00112233aabbccdd", 7, &entering(9)),
        ],
        ..new_epoch()
    };
    wait(writer.begin_epoch(new)).unwrap();
    for folded in [false, true] {
        let acts = reader.counted_acts(0, 10_000).unwrap();
        let counts: Vec<_> = acts.iter().map(|(who, acts)| (who.0, acts.len())).collect();
        assert_eq!(counts, [(1, 1), (2, 1), (9, 1)], "folded: {folded}");
        wait(writer.catch_up()).unwrap();
    }
}

#[test]
fn what_a_file_set_aside_says_about_people_can_be_read() {
    let place = Place::new();
    assert!(last_set_aside(&place.path()).unwrap().is_none());
    let store = place.open();
    let epoch = store.facts().epoch.clone();
    let team = sync_wire::record::Team {
        team: 2,
        employer: 1,
        name: "钢筋一班".to_owned(),
    };
    let listed = [entering(1), record(1000, Kind::Team(team.clone()))];
    let head = wait(store.writer().append(listed.to_vec())).unwrap().head;
    store.close().unwrap();
    set_aside(&place.path(), Aside::Replaced, "1").unwrap();
    assert!(!place.path().exists());
    assert!(
        last_set_aside(&place.path()).unwrap().is_none(),
        "a replaced file is no alarm"
    );

    let store = place.open();
    wait(store.writer().append(vec![carried(&epoch, 2, &listed[1])])).unwrap();
    let second = store.facts().epoch.clone();
    drop(store);
    set_aside(&place.path(), Aside::Damaged, "2").unwrap();
    let aside = last_set_aside(&place.path()).unwrap().unwrap();
    let found = remains(&aside, &key(), "box-1");
    assert_eq!(
        found.newest.map(|(name, head)| (name, head.seq)),
        Some((second, 1))
    );
    assert_eq!(found.people.len(), 1);
    assert_eq!(
        (found.people[0].epoch.as_str(), found.people[0].seq),
        (epoch.as_str(), 2)
    );
    assert_eq!(
        Record::from_body(&found.people[0].body).unwrap().kind,
        Kind::Team(team)
    );
    let replaced = place.path().with_extension("db.replaced-1");
    assert_eq!(
        remains(&replaced, &key(), "box-1").newest,
        Some((epoch, head))
    );
    std::fs::write(&aside, "not a database at all").unwrap();
    assert!(remains(&aside, &key(), "box-1").people.is_empty());
    let granted = PresentationResult::Granted;
    assert!(matches!(
        Record::from_body(&listed[0].body).unwrap().kind,
        Kind::Presentation(one) if one.result == granted
    ));
}
