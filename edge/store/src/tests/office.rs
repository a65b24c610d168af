//! Corrections, audit, closed months and kept files: what readers make of them.

use edge_domain::{CorrectionState, CountedAct, Direction, TeamId, WorkerId};
use jiff::civil::date;
use sync_wire::record::{
    Audit, ClockQuality, Correction, CorrectionRefused, CorrectionRequest, Kind, MonthClosed,
    Record, Stamp,
};
use sync_wire::seal::{DataKey, Evidence, FilePart, Subject, seal_evidence, seal_part};

use super::help::{Place, wait};
use super::models::sealed;
use crate::ledger::{Entry, KeyOf};
use crate::reader::Reader;
use crate::view::sheets::KeptSheet;

const AT: i64 = 1_795_200_000_000;
const SUBJECT: Subject<'_> = Subject {
    r#box: "box-1",
    worker: 17,
};

fn key() -> DataKey {
    DataKey::from_bytes([9; 32])
}

fn entry(at: i64, kind: Kind) -> Entry {
    let stamp = Stamp {
        at,
        boot: 1,
        mono: 1,
        clock: ClockQuality::Synced,
    };
    Entry::new(Record { stamp, kind }.to_body().unwrap())
}

fn worker() -> Entry {
    Entry {
        data_key: Some((KeyOf::Worker(17), key())),
        ..entry(AT, sealed(17, &key()))
    }
}

fn request(request: u32, moment: i64) -> Entry {
    let evidence = Evidence {
        note: "班长在场".to_owned(),
        file: Some("ab".repeat(32)),
        file_kind: Some("image/png".to_owned()),
    };
    let kind = Kind::CorrectionRequest(CorrectionRequest {
        request,
        worker: 17,
        direction: sync_wire::record::Direction::Out,
        moment,
        reason: "power_cut".to_owned(),
        requester: "李工".to_owned(),
        sealed: seal_evidence(&evidence, &key(), [1; 12], SUBJECT).unwrap(),
    });
    entry(AT + 1_000, kind)
}

fn approved(request: u32, moment: i64) -> Entry {
    let kind = Kind::Correction(Correction {
        request,
        worker: 17,
        direction: sync_wire::record::Direction::Out,
        moment,
        reason: "power_cut".to_owned(),
        requester: "李工".to_owned(),
        requested: AT + 1_000,
        approver: "王敏".to_owned(),
    });
    entry(AT + 2_000, kind)
}

/// The worker's counted movements, asked for both ways.
fn acts(reader: &Reader) -> Vec<CountedAct> {
    let mut all = reader.counted_acts(0, AT * 2).unwrap();
    let same = reader.counted_acts_of(&[WorkerId(17)], 0, AT * 2).unwrap();
    assert_eq!(all, same);
    all.remove(&WorkerId(17)).unwrap_or_default()
}

#[test]
fn a_correction_counts_for_the_day_and_says_nothing_about_who_is_inside() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    let moment = AT - 3_600_000;
    wait(writer.append(vec![worker(), request(1, moment)])).unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(acts(&reader), []);
    wait(writer.append(vec![approved(1, moment)])).unwrap();
    let expected = CountedAct {
        direction: Direction::Out,
        at_ms: moment,
        is_sure: true,
        is_corrected: true,
    };
    // Not folded yet, and folded.
    assert_eq!(acts(&reader), [expected]);
    wait(writer.catch_up()).unwrap();
    assert_eq!(acts(&reader), [expected]);
    assert_eq!(reader.presence().unwrap().last(WorkerId(17)), None);
    assert_eq!(reader.today(0, AT * 2, 5).unwrap().entered, 0);
    let punches = reader.punches(WorkerId(17), 0, AT * 2).unwrap();
    let correction = punches[0].correction.as_ref().unwrap();
    assert_eq!((punches[0].at, punches[0].recorded_at), (moment, moment));
    assert_eq!((correction.request, &*correction.approver), (1, "王敏"));
}

#[test]
fn a_request_waits_until_it_is_decided_and_the_first_decision_holds() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    let moment = AT - 3_600_000;
    let requests = vec![worker(), request(1, moment), request(2, moment + 9)];
    wait(writer.append(requests)).unwrap();
    wait(writer.catch_up()).unwrap();
    let reader = store.reader().unwrap();
    let waiting = reader.corrections_waiting().unwrap();
    let numbers: Vec<u32> = waiting.iter().map(|one| one.asked.request).collect();
    assert_eq!(numbers, [1, 2]);
    assert_eq!(waiting[0].asked.evidence.note, "班长在场");
    assert_eq!(waiting[0].requested_ms, AT + 1_000);
    assert_eq!(reader.last_correction().unwrap(), 2);

    let refused = Kind::CorrectionRefused(CorrectionRefused {
        request: 2,
        worker: 17,
        approver: "王敏".to_owned(),
        why: "监控里没有他".to_owned(),
    });
    let again = approved(2, moment + 9);
    let decisions = vec![approved(1, moment), entry(AT, refused), again];
    wait(writer.append(decisions)).unwrap();
    wait(writer.catch_up()).unwrap();
    let of_month = reader.corrections(moment, moment + 10).unwrap();
    let states: Vec<&CorrectionState> = of_month.iter().map(|one| &one.state).collect();
    assert!(matches!(states[0], CorrectionState::Approved { by, .. } if by == "王敏"));
    assert!(matches!(states[1], CorrectionState::Refused { why, .. } if why == "监控里没有他"));
    assert!(reader.corrections_waiting().unwrap().is_empty());
}

#[test]
fn a_kept_file_opens_with_its_workers_key_only() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    let digest = "ab".repeat(32);
    wait(writer.append(vec![worker()])).unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(reader.evidence(WorkerId(17), &digest).unwrap(), None);
    for (part, plain) in [(0, &b"pic"[..]), (1, b"ture")] {
        let of = FilePart {
            digest: &digest,
            part,
        };
        let sealed = seal_part(plain, &key(), [7; 12], (SUBJECT, of)).unwrap();
        // Twice: the first stays.
        for _ in 0..2 {
            wait(writer.keep_evidence(17, (&digest, part), sealed.clone())).unwrap();
        }
    }
    let whole = reader.evidence(WorkerId(17), &digest).unwrap();
    assert_eq!(whole.as_deref(), Some(&b"picture"[..]));
    let tool = place.tool();
    let raw: Vec<u8> = tool
        .query_row("SELECT sealed FROM evidence WHERE part = 1", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert!(!raw.windows(4).any(|some| some == b"ture"));
    assert!(tool.execute("UPDATE evidence SET part = 7", []).is_err());
    tool.execute("DELETE FROM worker_key", []).unwrap();
    assert_eq!(reader.evidence(WorkerId(17), &digest).unwrap(), None);
}

#[test]
fn closed_months_and_sheets_are_found_and_never_changed() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    let close = |version, digest: &str| {
        entry(
            AT + i64::from(version),
            Kind::MonthClosed(MonthClosed {
                month: "2026-10".to_owned(),
                team: 2,
                version,
                digest: digest.repeat(32),
                account: "王敏".to_owned(),
            }),
        )
    };
    wait(writer.append(vec![close(1, "ab"), close(2, "cd")])).unwrap();
    let sheet = KeptSheet {
        digest: "ab".repeat(32),
        team: TeamId(2),
        month: "2026-10".to_owned(),
        made_ms: AT,
        body: b"{}".to_vec(),
    };
    for _ in 0..2 {
        wait(writer.keep_sheet(sheet.clone())).unwrap();
    }
    wait(writer.catch_up()).unwrap();
    let reader = store.reader().unwrap();
    let months: Vec<_> = reader.closed_months().unwrap().into_iter().collect();
    assert_eq!(months, [date(2026, 10, 1)]);
    let versions: Vec<u32> = reader
        .month_closes("2026-10")
        .unwrap()
        .iter()
        .map(|one| one.version)
        .collect();
    assert_eq!(versions, [1, 2]);
    assert_eq!(reader.sheets("abababababab").unwrap(), [sheet]);
    assert_eq!(reader.sheets("abababababac").unwrap(), []);
    let closed = reader.closed_as(&"ab".repeat(32)).unwrap().unwrap();
    assert_eq!((closed.version, closed.at_ms), (1, AT + 1));
    let tool = place.tool();
    for change in ["UPDATE sheet SET team = 1", "DELETE FROM sheet"] {
        assert!(tool.execute(change, []).is_err(), "{change}");
    }
}

#[test]
fn audit_records_come_newest_first_page_by_page() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    let audit = |at: i64| {
        entry(
            at,
            Kind::Audit(Audit {
                account: Some("王敏".to_owned()),
                what: "exported".to_owned(),
                worker: None,
                detail: Some(at.to_string()),
                reason: None,
            }),
        )
    };
    wait(writer.append((0..5).map(audit).collect())).unwrap();
    wait(writer.catch_up()).unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(reader.dispute_acts().unwrap(), [], "no worker objected");
    let first = reader.audits(None, 3).unwrap();
    let times: Vec<i64> = first.iter().map(|one| one.at_ms).collect();
    assert_eq!(times, [4, 3, 2]);
    let rest = reader.audits(Some(first[2].id), 3).unwrap();
    let numbers: Vec<u64> = rest.iter().map(|one| one.seq).collect();
    assert_eq!(numbers, [2, 1]);
}

#[test]
fn objections_and_answers_are_found_among_other_acts_oldest_first() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    let acts = ["disputed", "exported", "dispute_answered", "revealed"];
    let audit = |(at, what): (i64, &str)| {
        entry(
            at,
            Kind::Audit(Audit {
                account: None,
                what: what.to_owned(),
                worker: Some(3),
                detail: Some(format!("{at}号")),
                reason: None,
            }),
        )
    };
    wait(writer.append((1..).zip(acts).map(audit).collect())).unwrap();
    wait(writer.catch_up()).unwrap();
    let found = store.reader().unwrap().dispute_acts().unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|one| (one.seq, one.at_ms, one.audit.what.as_str()))
        .collect();
    assert_eq!(found, [(1, 1, "disputed"), (3, 3, "dispute_answered")]);
}
