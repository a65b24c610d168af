//! Each act as the exact body that the ledger keeps and the city reads.

use edge_domain::{
    Act, AuditAct, AuditNote, BoardStamp, By, ClockQuality, Contract, Correction, CorrectionReason,
    CorrectionRequest, Deduction, DeductionKind, Denial, DepositForm, Direction, DocumentKind,
    EmergencyRecord, Employer, EmployerId, Evidence, Fen, Flag, FundAccount, FundDeposit,
    FundTransfer, GateEvent, GateRecord, IdNumber, LaneId, Moment, OverrideRecord, PassageOutcome,
    PassageRecord, Person, PersonName, PersonTag, PresentationRecord, PresentationResult, Record,
    Role, RosterApplied, Sex, Team, TeamId, Trade, Training, TrainingKind, Uscc, VisitId, WageAct,
    WageBasis, WageEntry, WageLine, WageMonth, WorkerId,
};
use jiff::civil::{Date, date};

use crate::clock::ClockChange;
use crate::error::DaemonError;
use crate::records;

const STAMP: &str = r#"{"at":1795302124000,"boot":3,"mono":201200,"clock":"synced","kind":"#;
const DAY: Date = date(2026, 11, 20);
const WORKER: WorkerId = WorkerId(17);

fn at() -> Moment {
    Moment {
        wall_ms: 1_795_302_124_000,
        boot: 3,
        mono_ms: 201_200,
        quality: ClockQuality::Synced,
    }
}

fn lane() -> LaneId {
    LaneId::parse("east-1").unwrap()
}

fn check(act: Act, rest: &str) {
    let body = records::body(&Record { at: at(), act }, None).unwrap();
    assert_eq!(String::from_utf8(body).unwrap(), format!("{STAMP}{rest}}}"));
}

fn presentation() -> PresentationRecord {
    PresentationRecord {
        lane: lane(),
        direction: Direction::In,
        by: By::IdCard,
        worker: Some(WORKER),
        visit: None,
        document: Some(DocumentKind::Resident),
        result: PresentationResult::Granted,
        reason: None,
        flags: Vec::new(),
        of: None,
        counted: false,
        moved: false,
        person_tag: None,
        policy: 1,
        terminal: None,
    }
}

#[test]
fn presentations() {
    check(
        Act::Presentation(presentation()),
        r#""presentation","lane":"east-1","direction":"in","by":"005","worker":17,"document":"resident","result":"granted","counted":false,"policy":1"#,
    );
    check(
        Act::Presentation(PresentationRecord {
            worker: None,
            document: Some(DocumentKind::Foreigner2023),
            result: PresentationResult::Denied,
            reason: Some(Denial::NotOnRoster),
            flags: vec![Flag::ClockUnset, Flag::NameDiffers],
            person_tag: Some(PersonTag([0x5f, 0x1d, 0x0c, 0x3b, 0x2a, 0x19, 0x08, 0x07])),
            ..presentation()
        }),
        r#""presentation","lane":"east-1","direction":"in","by":"005","document":"foreigner_2023","result":"denied","reason":"not_on_roster","flags":["clock_unset","name_differs"],"counted":false,"person_tag":"5f1d0c3b2a190807","policy":1"#,
    );
    check(
        Act::Presentation(PresentationRecord {
            direction: Direction::Out,
            result: PresentationResult::Repeated,
            of: Some(17),
            counted: true,
            ..presentation()
        }),
        r#""presentation","lane":"east-1","direction":"out","by":"005","worker":17,"document":"resident","result":"repeated","of":17,"counted":true,"policy":1"#,
    );
}

#[test]
fn a_visitor_stands_in_place_of_the_worker_and_never_counts() {
    let visitor = PresentationRecord {
        by: By::IcCard,
        worker: None,
        visit: Some(VisitId(3)),
        document: None,
        moved: true,
        ..presentation()
    };
    check(
        Act::Presentation(visitor),
        r#""presentation","lane":"east-1","direction":"in","by":"006","visit":3,"result":"granted","counted":false,"moved":true,"policy":1"#,
    );
    check(
        Act::Passage(PassageRecord {
            lane: lane(),
            direction: Direction::Out,
            outcome: PassageOutcome::Passed,
            presentation: Some(17),
            worker: None,
            visit: Some(VisitId(3)),
            counted: false,
            moved: true,
            board: None,
        }),
        r#""passage","lane":"east-1","direction":"out","outcome":"passed","presentation":17,"visit":3,"counted":false,"moved":true"#,
    );
    check(
        Act::VisitEnded {
            visit: VisitId(3),
            account: "王敏".to_owned(),
        },
        r#""visit_ended","visit":3,"account":"王敏""#,
    );
}

#[test]
fn passages() {
    for (outcome, code) in [
        (PassageOutcome::Passed, "passed"),
        (PassageOutcome::TimedOut, "timed_out"),
        (PassageOutcome::Tailgated, "tailgated"),
        (PassageOutcome::Reversed, "reversed"),
        (PassageOutcome::Intruded, "intruded"),
    ] {
        let passage = PassageRecord {
            lane: lane(),
            direction: Direction::In,
            outcome,
            presentation: Some(17),
            worker: Some(WORKER),
            visit: None,
            counted: true,
            moved: false,
            board: Some(BoardStamp {
                uid: Some([0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77]),
                boot: 9,
                seq: 412,
            }),
        };
        let rest = format!(
            r#""passage","lane":"east-1","direction":"in","outcome":"{code}","presentation":17,"worker":17,"counted":true,"board":{{"boot":9,"seq":412,"uid":"0011223344556677"}}"#
        );
        check(Act::Passage(passage), &rest);
    }
}

#[test]
fn the_gate_itself() {
    for (event, code) in [
        (GateEvent::Held, "held"),
        (GateEvent::HeldCleared, "held_cleared"),
        (GateEvent::TamperOn, "tamper_on"),
        (GateEvent::TamperOff, "tamper_off"),
        (GateEvent::FireOn, "fire_on"),
        (GateEvent::FireOff, "fire_off"),
        (GateEvent::BoardRestarted, "board_restarted"),
        (GateEvent::EventsLost, "events_lost"),
        (GateEvent::LinkLost, "link_lost"),
        (GateEvent::LinkBack, "link_back"),
        (GateEvent::OpenRefused, "open_refused"),
    ] {
        let gate = GateRecord {
            lane: lane(),
            event,
            presentation: Some(8),
            count: Some(2),
            board: None,
        };
        let rest = format!(r#""gate","lane":"east-1","event":"{code}","presentation":8,"count":2"#);
        check(Act::Gate(gate), &rest);
    }
}

#[test]
fn openings_by_hand_and_without_the_ledger() {
    check(
        Act::Override(OverrideRecord {
            lane: lane(),
            direction: Direction::Out,
            operator: "zhao".to_owned(),
            reason: "搬运材料".to_owned(),
        }),
        r#""override","lane":"east-1","direction":"out","by":"008","operator":"zhao","reason":"搬运材料""#,
    );
    check(
        Act::Emergency(EmergencyRecord {
            lane: lane(),
            direction: Direction::Out,
            openings: 2,
            from_ms: 1_795_302_149_000,
            to_ms: 1_795_302_155_000,
        }),
        r#""emergency","lane":"east-1","direction":"out","openings":2,"from":1795302149000,"to":1795302155000"#,
    );
}

#[test]
fn the_site() {
    check(
        Act::Project {
            code: "3499002026TEST001".to_owned(),
            name: "测试项目".to_owned(),
        },
        r#""project","code":"3499002026TEST001","name":"测试项目""#,
    );
    check(
        Act::Employer(Employer {
            employer: EmployerId(1),
            uscc: Uscc::parse("91349900MA8N0TE00Y").unwrap(),
            name: "测试劳务".to_owned(),
            kind: "006".to_owned(),
        }),
        r#""employer","employer":1,"uscc":"91349900MA8N0TE00Y","name":"测试劳务","type":"006""#,
    );
    check(
        Act::Team(Team {
            team: TeamId(2),
            employer: EmployerId(1),
            name: "钢筋一班".to_owned(),
        }),
        r#""team","team":2,"employer":1,"name":"钢筋一班""#,
    );
    check(
        Act::RosterApplied(RosterApplied {
            version: 7,
            digest: "641b".to_owned(),
            added: 1,
            changed: 0,
            revoked: 2,
        }),
        r#""roster_applied","version":7,"digest":"641b","added":1,"changed":0,"revoked":2"#,
    );
}

#[test]
fn one_worker() {
    check(
        Act::Entry {
            worker: WORKER,
            team: TeamId(2),
            trade: Trade::parse("020").unwrap(),
            role: Role::from_code("20").unwrap(),
            on: DAY,
        },
        r#""entry","worker":17,"team":2,"trade":"020","role":"20","on":"2026-11-20""#,
    );
    check(
        Act::Exit {
            worker: WORKER,
            on: DAY,
            reason: Some("本人离场".to_owned()),
        },
        r#""exit","worker":17,"on":"2026-11-20","reason":"本人离场""#,
    );
    check(
        Act::Contract {
            worker: WORKER,
            contract: Contract {
                signed_on: DAY,
                until: Some(date(2027, 10, 29)),
            },
        },
        r#""contract","worker":17,"signed_on":"2026-11-20","until":"2027-10-29""#,
    );
    let training = Training {
        kind: TrainingKind::from_code("003002").unwrap(),
        on: DAY,
        hours: 8,
    };
    check(
        Act::Training {
            worker: WORKER,
            training,
        },
        r#""training","worker":17,"type":"003002","on":"2026-11-20","hours":8"#,
    );
    check(
        Act::HealthCertificate {
            worker: WORKER,
            until: date(2027, 4, 30),
        },
        r#""health_certificate","worker":17,"until":"2027-04-30""#,
    );
    check(
        Act::Blacklist {
            worker: WORKER,
            listed: true,
            reason: None,
        },
        r#""blacklist","worker":17,"listed":true"#,
    );
}

#[test]
fn acts_of_the_office() {
    check(
        Act::Correction(Correction {
            request: 1,
            worker: WORKER,
            direction: Direction::Out,
            at_ms: 1_795_168_800_000,
            reason: CorrectionReason::ForgotCard,
            requester: "李工".to_owned(),
            requested_ms: 1_795_302_100_000,
            approver: "王敏".to_owned(),
        }),
        r#""correction","request":1,"worker":17,"direction":"out","moment":1795168800000,"reason":"forgot_card","requester":"李工","requested":1795302100000,"approver":"王敏""#,
    );
    check(
        Act::CorrectionRefused {
            request: 2,
            worker: WORKER,
            approver: "王敏".to_owned(),
            why: "监控里没有他".to_owned(),
        },
        r#""correction_refused","request":2,"worker":17,"approver":"王敏","why":"监控里没有他""#,
    );
    check(
        Act::MonthClosed {
            first: date(2026, 10, 1),
            team: TeamId(2),
            version: 1,
            digest: "ab".repeat(32),
            account: "王敏".to_owned(),
        },
        &format!(
            r#""month_closed","month":"2026-10","team":2,"version":1,"digest":"{}","account":"王敏""#,
            "ab".repeat(32)
        ),
    );
    check(
        Act::Audit(AuditNote {
            account: Some("王敏".to_owned()),
            what: AuditAct::NumberRevealed,
            worker: Some(WORKER),
            detail: None,
            reason: Some("填劳动合同".to_owned()),
        }),
        r#""audit","account":"王敏","what":"number_revealed","worker":17,"reason":"填劳动合同""#,
    );
    for act in AuditAct::ALL {
        let named = sync_wire::codes::name_of(sync_wire::codes::AUDIT_ACTS, act.code());
        assert_eq!(named, Some(act.text()));
    }
    for reason in CorrectionReason::ALL {
        let table = sync_wire::codes::CORRECTION_REASONS;
        let named = sync_wire::codes::name_of(table, reason.code());
        assert_eq!(named, Some(reason.text()));
    }
}

#[test]
fn evidence_is_never_written_in_clear() {
    let asked = CorrectionRequest {
        request: 1,
        worker: WORKER,
        direction: Direction::Out,
        at_ms: 1_795_168_800_000,
        reason: CorrectionReason::ForgotCard,
        requester: "李工".to_owned(),
        evidence: Evidence {
            note: "班长张三看见的".to_owned(),
            file: None,
            file_kind: None,
        },
    };
    let act = Act::CorrectionRequest(Box::new(asked));
    let record = Record { at: at(), act };
    let error = records::body(&record, None).unwrap_err();
    assert!(matches!(error, DaemonError::NotSealed), "{error:?}");
    let sealed = Some(records::Sealed::Evidence("c2VhbGVk".to_owned()));
    let body = String::from_utf8(records::body(&record, sealed).unwrap()).unwrap();
    let rest = r#""correction_request","request":1,"worker":17,"direction":"out","moment":1795168800000,"reason":"forgot_card","requester":"李工","sealed":"c2VhbGVk""#;
    assert_eq!(body, format!("{STAMP}{rest}}}"));
}

#[test]
fn a_wage_line_is_whole_fen_and_says_why_it_is_less() {
    check(
        Act::Wage(WageAct::Line {
            of: WageMonth {
                first: date(2026, 10, 1),
                team: TeamId(2),
            },
            version: 1,
            line: Box::new(WageLine {
                worker: WORKER,
                halves: 37,
                terms: Some((WageBasis::Daily, Fen::new(30_000))),
                time: Fen::new(555_000),
                entry: WageEntry {
                    piece: Fen::ZERO,
                    extra: Fen::new(20_000),
                    deductions: vec![Deduction {
                        kind: DeductionKind::Other,
                        amount: Fen::new(5_000),
                        why: "工具赔偿".to_owned(),
                    }],
                },
                gross: Fen::new(575_000),
                net: Fen::new(570_000),
            }),
        }),
        r#""wage_line","month":"2026-10","team":2,"version":1,"worker":17,"halves":37,"basis":"daily","rate":30000,"time":555000,"piece":0,"extra":20000,"gross":575000,"deductions":[{"kind":"other","amount":5000,"why":"工具赔偿"}],"net":570000"#,
    );
}

#[test]
fn the_projects_money_is_whole_fen_by_month() {
    check(
        Act::Wage(WageAct::FundAccount(FundAccount {
            bank: "某银行".to_owned(),
            number: "34050100000000000018".to_owned(),
            opened: date(2026, 8, 20),
            from: date(2026, 9, 1),
            due_day: 10,
            monthly: None,
            account: "王敏".to_owned(),
        })),
        r#""fund_account","bank":"某银行","number":"34050100000000000018","opened":"2026-08-20","from":"2026-09","due_day":10,"account":"王敏""#,
    );
    check(
        Act::Wage(WageAct::FundDeposit(FundDeposit {
            form: DepositForm::Insurance,
            holder: "某保险".to_owned(),
            reference: None,
            amount: Fen::new(150_000_000),
            until: Some(date(2027, 8, 31)),
            account: "王敏".to_owned(),
        })),
        r#""fund_deposit","form":"insurance","holder":"某保险","amount":150000000,"until":"2027-08-31","account":"王敏""#,
    );
    check(
        Act::Wage(WageAct::FundTransfer(FundTransfer {
            transfer: 3,
            month: date(2026, 10, 1),
            amount: Fen::new(46_800_050),
            on: date(2026, 11, 9),
            reference: Some("Z31".to_owned()),
            why: Some("金额录错".to_owned()),
            account: "王敏".to_owned(),
        })),
        r#""fund_transfer","transfer":3,"month":"2026-10","amount":46800050,"on":"2026-11-09","reference":"Z31","why":"金额录错","account":"王敏""#,
    );
}

#[test]
fn a_person_is_never_written_in_clear() {
    let person = Person {
        name: PersonName::parse("张三").unwrap(),
        number: IdNumber::parse("349901199003070016").unwrap(),
        sex: Sex::Male,
        born: date(1990, 3, 7),
        nation: None,
        phone: None,
        valid_to: None,
        photo_sha256: None,
        ic_card: None,
        wage_card: None,
        certificates: Vec::new(),
        contact: None,
    };
    let act = Act::Worker {
        worker: WORKER,
        person: Box::new(person),
    };
    let error = records::body(&Record { at: at(), act }, None).unwrap_err();
    assert!(matches!(error, DaemonError::NotSealed), "{error:?}");
}

#[test]
fn changes_of_the_clock() {
    let (before, after) = (1, 2);
    for (change, word) in [
        (ClockChange::Synced { before, after }, "synced"),
        (ClockChange::Jumped { before, after }, "jumped"),
        (ClockChange::Unset { before, after }, "unset"),
    ] {
        let body = records::box_body(at(), records::clock_changed(change)).unwrap();
        let expected = format!(r#"{STAMP}"clock","change":"{word}","before":1,"after":2}}"#);
        assert_eq!(String::from_utf8(body).unwrap(), expected);
    }
}
