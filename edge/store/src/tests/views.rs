//! What readers answer.

use edge_domain::{Direction as Way, PassageOutcome, PresentationResult, WorkerId};
use sync_wire::record::{
    Direction, Entry as Entered, Kind, Outcome, Override, PresentationResult as Decision,
    RosterApplied, Team, Training, VisitEnded,
};
use sync_wire::seal::DataKey;

use super::help::{Place, wait};
use super::models::{moved, passage, presentation, record, sealed, visit};
use crate::ledger::{Entry, KeyOf};
use crate::store::Store;
use crate::view::persons::UNCONFIRMED_SETTING;
use crate::view::today::ActKind;

pub(crate) fn worker(number: u32) -> Vec<Entry> {
    let key = DataKey::from_bytes([5; 32]);
    let mut person = record(1, sealed(number, &key));
    person.data_key = Some((KeyOf::Worker(number), key));
    let team = Kind::Team(Team {
        team: 2,
        employer: 4,
        name: "钢筋一班".to_owned(),
    });
    let entry = Kind::Entry(Entered {
        worker: number,
        team: 2,
        trade: "020".to_owned(),
        role: "20".to_owned(),
        on: "2026-11-20".to_owned(),
    });
    let training = Kind::Training(Training {
        worker: number,
        r#type: "003002".to_owned(),
        on: "2026-11-20".to_owned(),
        hours: 8,
    });
    vec![
        record(1, team),
        person,
        record(1, entry),
        record(1, training),
    ]
}

fn site() -> (Place, Store) {
    let place = Place::new();
    let store = place.open();
    wait(async {
        store.writer().append(worker(1)).await.unwrap();
        store.writer().catch_up().await.unwrap();
    });
    (place, store)
}

#[test]
fn visitors_are_inside_as_a_group_of_their_own_and_count_for_nobody() {
    let (_place, store) = site();
    let write = |entries: Vec<Entry>| {
        wait(async {
            store.writer().append(entries).await.unwrap();
            store.writer().catch_up().await.unwrap();
        });
    };
    write(vec![
        visit(3, 5_000),
        visit(4, 9_000),
        record(2_000, moved(3, Direction::In)),
        record(2_100, moved(4, Direction::In)),
        record(2_200, moved(4, Direction::Out)),
    ]);
    let reader = store.reader().unwrap();
    let inside = reader.desk().visitors_inside().unwrap();
    assert_eq!(inside.len(), 1);
    assert_eq!(inside[0].visit.visit.0, 3);
    assert_eq!(inside[0].inside_ms, Some(2_000));
    assert_eq!(inside[0].visitor.name.reveal(), "周3");
    assert_eq!(inside[0].visitor.company, "检测公司");
    assert_eq!(reader.presence().unwrap().inside_count(), 0);
    assert!(reader.counted_acts(0, 10_000).unwrap().is_empty());
    assert_eq!(reader.today(0, 10_000, 9).unwrap().entered, 0);
    assert_eq!(reader.desk().last_visit().unwrap(), 4);

    // The gate knows them, and when somebody ended one.
    let ended = Kind::VisitEnded(VisitEnded {
        visit: 4,
        account: "门卫".to_owned(),
    });
    write(vec![record(3_000, ended)]);
    let roster = reader.roster().unwrap();
    let over: Vec<_> = roster
        .visits()
        .iter()
        .map(|one| (one.visit.0, one.is_over(4_000), one.is_over(5_000)))
        .collect();
    assert_eq!(over, [(4, true, true), (3, false, true)]);
    // Who is inside stays on the list however long his visit is over.
    let listed = |from_ms| {
        let found = reader.desk().visits(from_ms).unwrap();
        found
            .iter()
            .map(|one| one.visit.visit.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(3_000), [4, 3]);
    assert_eq!(listed(9_000), [3]);

    // A roll-call waits for no fold.
    let left = record(4_000, moved(3, Direction::Out));
    let came = record(4_100, moved(4, Direction::In));
    wait(store.writer().append(vec![left, came])).unwrap();
    let inside = reader.desk().visitors_inside().unwrap();
    let inside: Vec<_> = inside.iter().map(|one| one.visit.visit.0).collect();
    assert_eq!(inside, [4]);

    // A past minute knows who was inside then, and nothing that came later.
    let at = |from_ms, at_ms| {
        let found = reader.desk().visitors_inside_at(from_ms, at_ms).unwrap();
        found
            .iter()
            .map(|one| (one.visit.visit.0, one.inside_ms, one.visit.ended_ms))
            .collect::<Vec<_>>()
    };
    assert_eq!(at(0, 1_999), []);
    assert_eq!(at(0, 2_000), [(3, Some(2_000), None)]);
    let both = [(3, Some(2_000), None), (4, Some(2_100), None)];
    assert_eq!(at(0, 2_100), both);
    assert_eq!(at(0, 3_500), [(3, Some(2_000), None)]);
    assert_eq!(at(0, 4_100), [(4, Some(4_100), Some(3_000))]);
    assert_eq!(at(2_001, 3_500), []);
}

#[test]
fn what_the_city_has_said_of_people_stands_beside_their_data() {
    let (_place, store) = site();
    let reader = store.reader().unwrap();
    assert_eq!(reader.roster_version().unwrap(), None);
    assert!(reader.unconfirmed().unwrap().is_empty());
    let person = reader.persons().unwrap().remove(&WorkerId(1)).unwrap();
    let standing = reader.worker(WorkerId(1)).unwrap().unwrap();
    assert_eq!(person.number, standing.number);
    assert_eq!(person.born, standing.born);
    let key = reader.data_key(WorkerId(1)).unwrap().unwrap();
    assert_eq!(key.reveal(), &[5; 32]);
    assert!(reader.data_key(WorkerId(2)).unwrap().is_none());

    let applied = Kind::RosterApplied(RosterApplied {
        version: 8,
        digest: "00".repeat(32),
        added: 0,
        changed: 0,
        revoked: 0,
    });
    let people = reader.people_version().unwrap();
    wait(async {
        let noted = vec![(UNCONFIRMED_SETTING.to_owned(), "[1]".to_owned())];
        let writer = store.writer();
        let entries = vec![record(1, applied)];
        writer.append_and_note(entries, noted).await.unwrap();
        writer.catch_up().await.unwrap();
    });
    assert_eq!(reader.roster_version().unwrap(), Some(8));
    assert_eq!(reader.unconfirmed().unwrap(), [WorkerId(1)].into());
    assert!(reader.people().unwrap()[0].is_unconfirmed);
    assert!(reader.people_version().unwrap() > people, "pages see it");
}

#[test]
fn the_roster_opens_what_is_sealed() {
    let (_place, store) = site();
    let reader = store.reader().unwrap();
    let roster = reader.roster().unwrap();
    assert_eq!(roster.len(), 1);
    let one = roster.worker(WorkerId(1)).unwrap();
    assert_eq!(one.name.reveal(), "赵1");
    assert_eq!(one.number.reveal(), "349901199003070016");
    assert_eq!(one.employer.unwrap().0, 4);
    assert_eq!(one.trade.text(), "钢筋工");
    assert_eq!(one.trainings.len(), 1);
    assert_eq!(reader.worker(WorkerId(1)).unwrap().as_ref(), Some(one));
    assert_eq!(reader.worker(WorkerId(2)).unwrap(), None);
    let given = reader.numbers_given().unwrap();
    assert_eq!((given.worker, given.team, given.employer), (1, 2, 0));
    assert_eq!(reader.teams().unwrap().len(), 1);
}

#[test]
fn no_name_stands_in_a_file_in_clear() {
    let (place, store) = site();
    store.close().unwrap();
    let bytes = std::fs::read(place.path()).unwrap();
    for clear in ["349901199003070016", "赵1", "钢筋一班", "CREATE TABLE"] {
        assert!(
            !bytes
                .windows(clear.len())
                .any(|part| part == clear.as_bytes())
        );
    }
}

#[test]
fn today_shows_what_the_read_models_do_not_hold_yet() {
    let (_place, store) = site();
    let (epoch, writer) = (store.facts().epoch.clone(), store.writer());
    let acts = vec![
        record(100_000, presentation(Some(1), Direction::In, false)),
        record(101_000, passage(Some(1), Direction::In, Some(5), 8)),
        record(102_000, presentation(None, Direction::In, false)),
        record(
            103_000,
            Kind::Override(Override {
                lane: "south".to_owned(),
                direction: Direction::Out,
                by: "008".to_owned(),
                operator: "clerk".to_owned(),
                reason: "送货".to_owned(),
            }),
        ),
        record(104_000, passage(None, Direction::In, None, 9)),
        record(105_000, denied()),
        record(199_999, denied()),
        record(200_000, denied()),
    ];
    wait(writer.append(acts)).unwrap();
    wait(writer.advance_cursor(&epoch, 5, Vec::new())).unwrap();

    let reader = store.reader().unwrap();
    let check = || {
        let today = reader.today(50_000, 200_000, 10).unwrap();
        assert_eq!((today.inside, today.entered, today.denied), (1, 1, 2));
        assert_eq!(reader.today(0, 50_000, 2).unwrap().denied, 0);
        assert_eq!(today.backlog.records, 7);
        assert_eq!(today.backlog.oldest_at, Some(101_000));
        let seqs: Vec<_> = today.acts.iter().map(|act| act.seq).collect();
        assert_eq!(seqs, [12, 11, 10, 9, 8, 7, 5]);
        assert_eq!(today.acts[3].what, ActKind::Unannounced);
        assert_eq!(today.acts[3].passage, Some(PassageOutcome::Passed));
        assert!(matches!(today.acts[4].what, ActKind::Override { .. }));
        let first = &today.acts[6];
        assert_eq!(first.name.as_ref().unwrap().reveal(), "赵1");
        assert_eq!(first.team.as_deref(), Some("钢筋一班"));
        assert_eq!(first.passage, Some(PassageOutcome::Passed));
        assert!(first.acknowledged && !today.acts[5].acknowledged);
        let ActKind::Presentation { result, .. } = &first.what else {
            panic!("{first:?}");
        };
        assert_eq!(*result, PresentationResult::Granted);
        assert_eq!(reader.today(0, 50_000, 2).unwrap().entered, 0);
        assert_eq!(reader.today(0, 50_000, 2).unwrap().acts.len(), 2);
        let days = reader.counted_acts(0, 200_000).unwrap();
        assert_eq!(days[&WorkerId(1)].len(), 1);
        assert_eq!(days[&WorkerId(1)][0].at_ms, 101_000);
    };
    check();
    wait(writer.catch_up()).unwrap();
    check();
}

pub(crate) fn denied() -> Kind {
    let Kind::Presentation(mut one) = presentation(Some(1), Direction::In, false) else {
        panic!("no presentation");
    };
    one.result = Decision::Denied;
    one.reason = Some("blacklisted".to_owned());
    Kind::Presentation(one)
}

#[test]
fn only_a_passage_or_its_time_ends_an_opening() {
    for (outcome, is_open) in [
        (Outcome::Passed, false),
        (Outcome::TimedOut, false),
        (Outcome::Reversed, true),
        (Outcome::Tailgated, true),
        (Outcome::Intruded, true),
    ] {
        let (_place, store) = site();
        let granted = presentation(Some(1), Direction::In, false);
        let Kind::Passage(mut walk) = passage(Some(1), Direction::In, Some(5), 1) else {
            panic!("no passage");
        };
        walk.outcome = outcome;
        let acts = vec![record(1, granted), record(2, Kind::Passage(walk))];
        wait(store.writer().append(acts)).unwrap();
        let memory = store.reader().unwrap().lane_memory("north").unwrap();
        assert_eq!(!memory.grants.is_empty(), is_open, "{outcome:?}");
    }
}

#[test]
fn a_lane_remembers_its_board_and_its_open_grants() {
    let (_place, store) = site();
    let writer = store.writer();
    let acts = vec![
        record(1, presentation(Some(1), Direction::In, false)),
        record(2, presentation(Some(2), Direction::Out, false)),
        record(3, passage(Some(1), Direction::In, Some(5), 8)),
    ];
    wait(writer.append(acts)).unwrap();
    let reader = store.reader().unwrap();
    for _ in 0..2 {
        let memory = reader.lane_memory("north").unwrap();
        let mark = memory.last_event.unwrap();
        assert_eq!((mark.boot, mark.seq), (3, 8));
        assert_eq!(memory.grants.len(), 1);
        assert_eq!(memory.grants[0].seq, 6);
        assert_eq!(memory.grants[0].worker, Some(WorkerId(2)));
        assert_eq!(memory.grants[0].direction, Way::Out);
        assert_eq!(reader.last_board_event("south").unwrap(), None);
        wait(writer.catch_up()).unwrap();
    }
}

#[test]
fn records_are_bounded_by_number_and_by_bytes() {
    let (_place, store) = site();
    let epoch = store.facts().epoch.clone();
    let reader = store.reader().unwrap();
    let bytes = |seq| reader.records(&epoch, seq, 1, 0).unwrap()[0].body.len();
    assert_eq!(reader.records(&epoch, 1, 3, usize::MAX).unwrap().len(), 3);
    assert_eq!(
        reader
            .records(&epoch, 1, 9, bytes(1) + bytes(2))
            .unwrap()
            .len(),
        2
    );
    assert_eq!(reader.records(&epoch, 1, 9, 0).unwrap().len(), 1);
    assert!(reader.records(&epoch, 5, 9, usize::MAX).unwrap().is_empty());
    assert_eq!(
        reader.hash_at(&epoch, 4).unwrap(),
        Some(reader.head(&epoch).unwrap().hash)
    );
    assert_eq!(reader.hash_at(&epoch, 5).unwrap(), None);
    assert!(reader.hash_at(&epoch, 0).unwrap().is_some());
    assert!(reader.records("ffffffffffffffff", 1, 1, 1).is_err());
}

/// What is sealed in a record comes out of the read models: the rules see kinds and days, the desk all.
#[test]
fn certificates_and_contacts_are_read_back_and_told_of_those_inside() {
    let (_place, store) = site();
    let reader = store.reader().unwrap();
    let term = edge_domain::CertificateTerm {
        kind: edge_domain::CertificateKind::Welder,
        until: jiff::civil::date(2027, 5, 1),
    };
    let standing = reader.worker(WorkerId(1)).unwrap().unwrap();
    assert_eq!(standing.certificates, [term]);
    let person = reader.desk().person(WorkerId(1)).unwrap().unwrap();
    let [certificate] = person.certificates.as_slice() else {
        panic!("{person:?}");
    };
    assert_eq!(certificate.term(), term);
    assert_eq!(certificate.number.reveal(), "T349901199003070016");
    assert_eq!(certificate.issuer, "某省应急管理厅");
    let contact = person.contact.clone().unwrap();
    assert_eq!(contact.name.reveal(), "𬭼䶮·麦麦提明");
    assert_eq!(contact.kinship, edge_domain::Kinship::Sibling);
    assert!(reader.persons().unwrap().remove(&WorkerId(1)).unwrap() == person);
    assert!(reader.desk().person(WorkerId(2)).unwrap().is_none());

    assert!(reader.desk().contacts_inside().unwrap().is_empty());
    wait(async {
        let came = record(5, passage(Some(1), Direction::In, None, 1));
        store.writer().append(vec![came]).await.unwrap();
        store.writer().catch_up().await.unwrap();
    });
    let inside = reader.desk().contacts_inside().unwrap();
    assert_eq!(inside.get(&WorkerId(1)), Some(&contact));
}
