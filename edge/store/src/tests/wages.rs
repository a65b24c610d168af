//! Wages: what readers make of the records, and that a rebuild gives the same.

use edge_domain::{Fen, TeamId, WageBasis, WageMonth, WagePayment, WageStep, WageTerms, WorkerId};
use jiff::civil::date;
use sync_wire::record as wire;
use sync_wire::record::{
    Deduction, DeductionKind, Kind, PaymentResult, WageEntry, WageLine, WageSheet,
};
use sync_wire::seal::{DataKey, Subject, WageCard, seal};

use super::help::{Place, wait};
use super::models::{person, record};
use crate::ledger::Entry;
use crate::reader::Reader;

const AT: i64 = 1_795_200_000_000;

fn of() -> WageMonth {
    WageMonth {
        first: date(2026, 10, 1),
        team: TeamId(2),
    }
}

/// A worker with a wage card, sealed.
fn worker() -> Entry {
    let key = DataKey::from_bytes([9; 32]);
    let mut person = person(17);
    person.wage_card = Some(WageCard {
        bank: "某银行城东支行".to_owned(),
        account: "6228480000000000018".to_owned(),
        social: true,
    });
    let subject = Subject {
        r#box: "box-1",
        worker: 17,
    };
    let worker = wire::Worker {
        worker: 17,
        sealed: seal(&person, &key, [3; 12], subject).unwrap(),
        wraps: Vec::new(),
    };
    Entry {
        data_key: Some((17, key)),
        ..record(AT, Kind::Worker(worker))
    }
}

fn terms(from: &str, rate: u64) -> Entry {
    let terms = wire::WageTerms {
        worker: 17,
        basis: wire::WageBasis::Daily,
        rate,
        from: from.to_owned(),
    };
    record(AT + 1, Kind::WageTerms(terms))
}

fn entered(extra: u64) -> Entry {
    let entry = WageEntry {
        month: "2026-10".to_owned(),
        team: 2,
        worker: 17,
        piece: 0,
        extra,
        deductions: vec![Deduction {
            kind: DeductionKind::Other,
            amount: 5_000,
            why: "工具赔偿".to_owned(),
        }],
        account: "王敏".to_owned(),
    };
    record(AT + 2, Kind::WageEntry(entry))
}

fn line(halves: u32) -> Entry {
    let time = u64::from(halves) * 15_000;
    let line = WageLine {
        month: "2026-10".to_owned(),
        team: 2,
        version: 1,
        worker: 17,
        halves,
        basis: Some(wire::WageBasis::Daily),
        rate: 30_000,
        time,
        piece: 0,
        extra: 0,
        gross: time,
        deductions: Vec::new(),
        net: time,
    };
    record(AT + 3, Kind::WageLine(line))
}

fn step(step: wire::WageStep, account: &str) -> Entry {
    let sheet = WageSheet {
        month: "2026-10".to_owned(),
        team: 2,
        version: 1,
        step,
        digest: "ab".repeat(32),
        lines: 1,
        gross: 555_000,
        net: 555_000,
        account: account.to_owned(),
        why: None,
    };
    record(AT + 4, Kind::WageSheet(sheet))
}

fn bank(result: PaymentResult) -> Entry {
    let payment = wire::WagePayment {
        month: "2026-10".to_owned(),
        team: 2,
        version: 1,
        worker: 17,
        result,
        amount: 555_000,
        on: "2026-11-09".to_owned(),
        reference: Some("B1".to_owned()),
        why: None,
        account: "王敏".to_owned(),
    };
    record(AT + 5, Kind::WagePayment(payment))
}

fn is_as_recorded(reader: &Reader) {
    let wages = reader.wages();
    let agreed = |on| wages.terms(on).unwrap().remove(&WorkerId(17));
    let expected = |rate, from| WageTerms {
        worker: WorkerId(17),
        basis: WageBasis::Daily,
        rate: Fen::new(rate),
        from,
    };
    assert_eq!(agreed(date(2026, 9, 30)), None);
    let (first, second) = (date(2026, 10, 1), date(2026, 11, 1));
    assert_eq!(agreed(date(2026, 10, 31)), Some(expected(30_000, first)));
    assert_eq!(agreed(second), Some(expected(32_000, second)));

    // The newest of what was entered, and of a line.
    let entry = wages.entries(of()).unwrap().remove(&WorkerId(17)).unwrap();
    assert_eq!(entry.extra, Fen::new(700));
    assert_eq!(entry.deductions[0].why, "工具赔偿");
    let line = wages.lines(of(), 1).unwrap().remove(&WorkerId(17)).unwrap();
    assert_eq!((line.halves, line.net), (37, Fen::new(555_000)));
    assert!(wages.lines(of(), 2).unwrap().is_empty());
    let steps: Vec<_> = wages
        .steps(of())
        .unwrap()
        .into_iter()
        .map(|(one, at)| (one.step, one.account, at))
        .collect();
    let expected = [
        (WageStep::Drawn, "王敏".to_owned(), AT + 4),
        (WageStep::Confirmed, "李班长".to_owned(), AT + 4),
    ];
    assert_eq!(steps, expected);
    let payments = wages.payments(of()).unwrap();
    let paid: Vec<bool> = payments.iter().map(|one: &WagePayment| one.paid).collect();
    assert_eq!(paid, [false, true]);
    let other = WageMonth {
        team: TeamId(1),
        ..of()
    };
    assert!(wages.steps(other).unwrap().is_empty());

    let card = reader
        .persons()
        .unwrap()
        .remove(&WorkerId(17))
        .unwrap()
        .wage_card
        .unwrap();
    assert_eq!(
        (card.account.reveal(), card.is_social),
        ("6228480000000000018", true)
    );
}

#[test]
fn wages_are_what_was_recorded_last_also_after_a_rebuild() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    let records = vec![
        worker(),
        terms("2026-11-01", 32_000),
        terms("2026-10-01", 30_000),
        entered(20_000),
        entered(700),
        line(36),
        line(37),
        step(wire::WageStep::Drawn, "王敏"),
        step(wire::WageStep::Confirmed, "李班长"),
        bank(PaymentResult::Returned),
        bank(PaymentResult::Paid),
    ];
    wait(writer.append(records)).unwrap();
    wait(writer.catch_up()).unwrap();
    is_as_recorded(&store.reader().unwrap());
    // Accounts stand nowhere in the ledger itself.
    let tool = place.tool();
    let clear: u32 = tool
        .query_row(
            "SELECT count(*) FROM ledger WHERE instr(body, '622848') > 0",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(clear, 0);
    tool.execute("UPDATE box SET fold = 0", []).unwrap();
    drop((tool, writer));
    store.close().unwrap();
    let again = place.open();
    is_as_recorded(&again.reader().unwrap());
}
