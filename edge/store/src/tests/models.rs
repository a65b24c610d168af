//! Read models: a rebuild gives the same rows, whatever the records and however they were batched.

use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::Value;
use sync_wire::record::{
    Blacklist, BoardEvent, ClockChange, ClockChanged, ClockQuality, Contract, Correction,
    CorrectionRequest, Direction, Employer, Entry as Entered, Exit, Gate, GateEvent,
    HealthCertificate, IdKind, Kind, Outcome, Passage, Presentation, PresentationResult, Project,
    Record, RosterApplied, Stamp, Team, Training, Visit, VisitEnded, Worker,
};
use sync_wire::seal::{
    Certificate, Contact, DataKey, Person, Sex, Subject, VisitSubject, Visitor, seal, seal_visitor,
};

use super::help::{Place, wait};
use crate::ledger::{Entry, KeyOf};
use crate::model::read_model::{ReadModel, TABLES, watermarks};

/// Every row of every read model, as text.
fn rows(db: &Connection) -> Vec<String> {
    let mut found = Vec::new();
    for table in TABLES {
        let mut query = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = query.column_count();
        let mut lines: Vec<String> = query
            .query_map([], |row| {
                let values: Vec<Value> = (0..columns).map(|at| row.get(at).unwrap()).collect();
                Ok(format!("{table} {values:?}"))
            })
            .unwrap()
            .map(Result::unwrap)
            .collect();
        lines.sort();
        found.extend(lines);
    }
    found
}

pub(crate) fn person(worker: u32) -> Person {
    Person {
        name: format!("赵{worker}"),
        id_kind: IdKind::Resident,
        id_number: "349901199003070016".to_owned(),
        sex: Sex::Male,
        born: "1990-03-07".to_owned(),
        nation: None,
        phone: Some("13900001234".to_owned()),
        valid_to: None,
        photo_sha256: None,
        ic_card: Some("04a1b2c3".to_owned()),
        wage_card: None,
        certificates: vec![Certificate {
            kind: "welder".to_owned(),
            number: "T349901199003070016".to_owned(),
            issuer: "某省应急管理厅".to_owned(),
            until: "2027-05-01".to_owned(),
        }],
        contact: Some(Contact {
            name: "𬭼䶮·麦麦提明".to_owned(),
            kinship: "sibling".to_owned(),
            phone: "13900000028".to_owned(),
        }),
    }
}

pub(crate) fn sealed(worker: u32, key: &DataKey) -> Kind {
    let subject = Subject {
        r#box: "box-1",
        worker,
    };
    Kind::Worker(Worker {
        worker,
        sealed: seal(&person(worker), key, [3; 12], subject).unwrap(),
        wraps: Vec::new(),
    })
}

pub(crate) fn record(at: i64, kind: Kind) -> Entry {
    by_clock(at, ClockQuality::Synced, kind)
}

fn by_clock(at: i64, clock: ClockQuality, kind: Kind) -> Entry {
    let stamp = Stamp {
        at,
        boot: 1,
        mono: 5,
        clock,
    };
    Entry::new(Record { stamp, kind }.to_body().unwrap())
}

pub(crate) fn presentation(worker: Option<u32>, direction: Direction, counted: bool) -> Kind {
    Kind::Presentation(Presentation {
        lane: "north".to_owned(),
        direction,
        by: "005".to_owned(),
        worker,
        visit: None,
        document: Some(IdKind::Resident),
        result: PresentationResult::Granted,
        reason: None,
        flags: Vec::new(),
        of: None,
        counted,
        moved: false,
        person_tag: None,
        policy: 1,
        terminal: None,
    })
}

pub(crate) fn passage(
    worker: Option<u32>,
    direction: Direction,
    presentation: Option<u64>,
    board_seq: u16,
) -> Kind {
    Kind::Passage(Passage {
        lane: "north".to_owned(),
        direction,
        outcome: Outcome::Passed,
        presentation,
        worker,
        visit: None,
        counted: worker.is_some(),
        moved: false,
        board: Some(BoardEvent {
            boot: 3,
            seq: board_seq,
            uid: board_seq
                .is_multiple_of(2)
                .then(|| "0011223344556677".to_owned()),
        }),
    })
}

fn directions() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::In), Just(Direction::Out)]
}

fn movements() -> impl Strategy<Value = Entry> {
    let worker = proptest::option::of(1_u32..5);
    let at = 0_i64..400_000_000;
    prop_oneof![
        (at.clone(), worker.clone(), directions(), any::<bool>())
            .prop_map(|(at, worker, way, counted)| record(at, presentation(worker, way, counted))),
        (at.clone(), worker.clone(), directions()).prop_map(|(at, worker, way)| by_clock(
            at,
            ClockQuality::Unset,
            presentation(worker, way, true)
        )),
        (at.clone(), at.clone(), any::<bool>()).prop_map(|(before, after, is_proof)| {
            let change = if is_proof {
                ClockChange::Synced
            } else {
                ClockChange::Jumped
            };
            let changed = ClockChanged {
                change,
                before,
                after,
            };
            record(after, Kind::Clock(changed))
        }),
        (at.clone(), worker, directions(), any::<u16>())
            .prop_map(|(at, worker, way, seq)| record(at, passage(worker, way, None, seq))),
        (at, any::<u16>()).prop_map(|(at, seq)| record(
            at,
            Kind::Gate(Gate {
                lane: "south".to_owned(),
                event: GateEvent::Held,
                presentation: None,
                count: None,
                board: (seq % 3 > 0).then_some(BoardEvent {
                    boot: 1,
                    seq,
                    uid: None,
                }),
            })
        )),
    ]
}

fn people() -> impl Strategy<Value = Entry> {
    let day = (10_u8..28).prop_map(|day| format!("2026-11-{day}"));
    let worker = 1_u32..5;
    prop_oneof![
        (worker.clone(), 0_u8..3).prop_map(|(worker, key)| {
            let key = DataKey::from_bytes([key; 32]);
            let mut entry = record(1, sealed(worker, &key));
            entry.data_key = Some((KeyOf::Worker(worker), key));
            entry
        }),
        // Somebody else's seal: cannot be opened.
        worker.clone().prop_map(|number| {
            let Kind::Worker(mut worker) = sealed(9, &DataKey::from_bytes([1; 32])) else {
                unreachable!()
            };
            worker.worker = number;
            record(1, Kind::Worker(worker))
        }),
        (worker.clone(), day.clone(), 1_u32..3).prop_map(|(worker, on, team)| record(
            1,
            Kind::Entry(Entered {
                worker,
                team,
                trade: "030".to_owned(),
                role: "20".to_owned(),
                on,
            })
        )),
        (worker.clone(), day.clone()).prop_map(|(worker, on)| record(
            1,
            Kind::Exit(Exit {
                worker,
                on,
                reason: None
            })
        )),
        (
            worker.clone(),
            day.clone(),
            proptest::option::of(day.clone())
        )
            .prop_map(|(worker, signed_on, until)| record(
                1,
                Kind::Contract(Contract {
                    worker,
                    signed_on,
                    until
                })
            )),
        (worker.clone(), day.clone()).prop_map(|(worker, on)| record(
            1,
            Kind::Training(Training {
                worker,
                r#type: "003001".to_owned(),
                on,
                hours: 4
            })
        )),
        (worker.clone(), day).prop_map(|(worker, until)| record(
            1,
            Kind::HealthCertificate(HealthCertificate { worker, until })
        )),
        (worker, any::<bool>()).prop_map(|(worker, listed)| record(
            1,
            Kind::Blacklist(Blacklist {
                worker,
                listed,
                reason: None
            })
        )),
    ]
}

pub(crate) fn visit(number: u32, until: i64) -> Entry {
    let key = DataKey::from_bytes([6; 32]);
    let subject = VisitSubject {
        r#box: "box-1",
        visit: number,
    };
    let visitor = Visitor {
        name: format!("周{number}"),
        company: Some("检测公司".to_owned()),
        host: None,
        reason: None,
        id_number: None,
        ic_card: Some("0a1b2c3d".to_owned()),
    };
    let mut entry = record(
        1,
        Kind::Visit(Visit {
            visit: number,
            from: 1,
            until,
            account: "门卫".to_owned(),
            sealed: seal_visitor(&visitor, &key, [3; 12], subject).unwrap(),
            wraps: Vec::new(),
        }),
    );
    entry.data_key = Some((KeyOf::Visit(number), key));
    entry
}

/// A visitor's movement.
pub(crate) fn moved(number: u32, direction: Direction) -> Kind {
    let Kind::Passage(mut one) = passage(None, direction, None, 7) else {
        unreachable!()
    };
    (one.visit, one.moved) = (Some(number), true);
    Kind::Passage(one)
}

fn visits() -> impl Strategy<Value = Entry> {
    (1_u32..4, 0_u8..4, directions()).prop_map(|(number, what, way)| match what {
        0 => visit(number, 5_000),
        1 => record(
            3_000,
            Kind::VisitEnded(VisitEnded {
                visit: number,
                account: "门卫".to_owned(),
            }),
        ),
        _ => record(2_000, moved(number, way)),
    })
}

fn corrections() -> impl Strategy<Value = Entry> {
    let asked = |worker, request| {
        Kind::CorrectionRequest(CorrectionRequest {
            request,
            worker,
            direction: Direction::Out,
            moment: 1_500,
            reason: "other".to_owned(),
            requester: "a".to_owned(),
            sealed: "unreadable".to_owned(),
        })
    };
    let approved = |worker, request| {
        Kind::Correction(Correction {
            request,
            worker,
            direction: Direction::Out,
            moment: 1_500,
            reason: "other".to_owned(),
            requester: "a".to_owned(),
            requested: 1_600,
            approver: "b".to_owned(),
        })
    };
    (1_u32..5, 1_u32..4, any::<bool>()).prop_map(move |(worker, request, asks)| {
        let kind = if asks {
            asked(worker, request)
        } else {
            approved(worker, request)
        };
        record(2_000, kind)
    })
}

fn companies() -> impl Strategy<Value = Entry> {
    prop_oneof![
        "[a-z]{1,4}".prop_map(|name| record(
            1,
            Kind::Project(Project {
                code: name.clone(),
                name,
                area: None
            })
        )),
        (1_u32..3, "[a-z]{1,4}").prop_map(|(employer, name)| record(
            1,
            Kind::Employer(Employer {
                employer,
                uscc: "91349901MA0000001X".to_owned(),
                name,
                r#type: "006".to_owned()
            })
        )),
        (1_u32..3, 1_u32..3, "[a-z]{1,4}").prop_map(|(team, employer, name)| record(
            1,
            Kind::Team(Team {
                team,
                employer,
                name
            })
        )),
        any::<u32>().prop_map(|version| record(
            1,
            Kind::RosterApplied(RosterApplied {
                version: version.into(),
                digest: "00".repeat(32),
                added: 1,
                changed: 2,
                revoked: 3
            })
        )),
        // What this version cannot read changes nothing and stops nothing.
        Just(Entry::new(
            br#"{"at":1,"boot":1,"mono":1,"clock":"synced","kind":"later"}"#.to_vec()
        )),
        Just(Entry::new(b"no json".to_vec())),
    ]
}

/// How far each epoch is folded.
fn folded(tool: &Connection) -> Vec<(u32, u64)> {
    let marks = watermarks(tool).unwrap().into_iter();
    marks.map(|mark| (mark.epoch_no, mark.through)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_rebuild_gives_the_same_rows(
        batches in proptest::collection::vec(
            (
                proptest::collection::vec(prop_oneof![movements(), people(), visits(), corrections(), companies()], 1..12),
                any::<bool>(),
                proptest::bool::weighted(0.1),
            ),
            1..10,
        ),
    ) {
        let place = Place::new();
        let store = place.open();
        let writer = store.writer();
        wait(async {
            for (entries, fold, new_epoch) in batches {
                writer.append(entries).await.unwrap();
                if fold {
                    writer.catch_up().await.unwrap();
                }
                if new_epoch {
                    writer.begin_epoch(super::help::new_epoch()).await.unwrap();
                }
            }
        });
        store.close().unwrap();
        let tool = place.tool();
        let folded = rows(&tool);
        prop_assert!(!folded.is_empty());
        ReadModel::new("box-1").rebuild(&tool).unwrap();
        prop_assert_eq!(rows(&tool), folded);
    }
}

#[test]
fn what_was_not_folded_at_a_crash_is_folded_at_opening() {
    let place = Place::new();
    let store = place.open();
    let many: Vec<_> = (0..30)
        .map(|worker| record(1000, presentation(Some(worker + 1), Direction::In, true)))
        .collect();
    wait(store.writer().append(many)).unwrap();
    drop(store);

    let tool = place.tool();
    assert_eq!(folded(&tool), [(1, 0)]);
    drop(tool);
    let store = place.open();
    let tool = place.tool();
    assert_eq!(folded(&tool), [(1, 30)]);
    assert_eq!(
        store.reader().unwrap().presence().unwrap().inside_count(),
        30
    );
}

#[test]
fn many_records_are_folded_without_waiting_for_quiet() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    let many = |at| {
        (0..100)
            .map(|worker| record(at, presentation(Some(worker + 1), Direction::In, true)))
            .collect::<Vec<_>>()
    };
    wait(async {
        for at in 0..3 {
            writer.append(many(at)).await.unwrap();
        }
        // The next order is served after the fold that 300 records make due.
        writer.pulse(0).await.unwrap();
    });
    let tool = place.tool();
    assert_eq!(folded(&tool), [(1, 300)]);
}

#[test]
fn another_way_of_folding_rebuilds_at_opening() {
    let place = Place::new();
    let store = place.open();
    let one = record(1000, presentation(Some(1), Direction::In, true));
    wait(store.writer().append(vec![one])).unwrap();
    store.close().unwrap();
    let tool = place.tool();
    let folded = rows(&tool);
    tool.execute_batch(
        "UPDATE box SET fold = 0; UPDATE presence SET at = 7; DELETE FROM attendance",
    )
    .unwrap();
    drop(tool);
    place.open().close().unwrap();
    assert_eq!(rows(&place.tool()), folded);
}
