//! Wages: what readers make of the records, and that a rebuild gives the same.

use edge_domain::{
    DepositForm, Fen, TeamId, WageBasis, WageMonth, WagePayment, WageStep, WageTerms, WorkerId,
};
use jiff::civil::date;
use sync_wire::record as wire;
use sync_wire::record::{
    Deduction, DeductionKind, Kind, PaymentResult, WageEntry, WageLine, WageSheet,
};
use sync_wire::seal::{DataKey, Subject, WageCard, seal};

use super::help::{Place, wait};
use super::models::{person, record};
use crate::ledger::{Entry, KeyOf};
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
        data_key: Some((KeyOf::Worker(17), key)),
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

fn fund_account(number: &str) -> Entry {
    let account = wire::FundAccount {
        bank: "某银行城东支行".to_owned(),
        number: number.to_owned(),
        opened: "2026-08-20".to_owned(),
        from: "2026-09".to_owned(),
        due_day: 10,
        monthly: Some(46_800_000),
        account: "王敏".to_owned(),
    };
    record(AT + 6, Kind::FundAccount(account))
}

fn fund_deposit(until: Option<&str>) -> Entry {
    let deposit = wire::FundDeposit {
        form: wire::DepositForm::Guarantee,
        holder: "某银行城东支行".to_owned(),
        reference: None,
        amount: 150_000_000,
        until: until.map(str::to_owned),
        account: "王敏".to_owned(),
    };
    record(AT + 7, Kind::FundDeposit(deposit))
}

fn fund_transfer(transfer: u32, amount: u64, at: i64) -> Entry {
    let transfer = wire::FundTransfer {
        transfer,
        month: "2026-10".to_owned(),
        amount,
        on: "2026-11-09".to_owned(),
        reference: None,
        why: (amount == 0).then(|| "录错".to_owned()),
        account: "王敏".to_owned(),
    };
    record(at, Kind::FundTransfer(transfer))
}

fn funds_are_as_recorded(reader: &Reader) {
    let wages = reader.wages();
    let (account, at) = wages.fund_account().unwrap().unwrap();
    assert_eq!((account.number.as_str(), at), ("22222222", AT + 6));
    assert_eq!(account.from, date(2026, 9, 1));
    assert_eq!(account.monthly, Some(Fen::new(46_800_000)));
    let (deposit, at) = wages.fund_deposit().unwrap().unwrap();
    assert_eq!((deposit.form, at), (DepositForm::Guarantee, AT + 7));
    assert_eq!(deposit.until, Some(date(2027, 8, 31)));
    let transfers = wages.fund_transfers().unwrap();
    let told: Vec<_> = transfers
        .into_iter()
        .map(|(one, at)| (one.transfer, one.amount.get(), one.why, at))
        .collect();
    let expected = [
        (1, 700, None, AT + 8),
        (2, 0, Some("录错".to_owned()), AT + 10),
    ];
    assert_eq!(told, expected);
    // One team's sheet stands, the other's was returned.
    let earned: Vec<_> = wages.earned().unwrap().into_iter().collect();
    assert_eq!(earned, [(date(2026, 10, 1), Fen::new(555_000))]);
}

#[test]
fn the_projects_money_is_what_was_recorded_last_also_after_a_rebuild() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    assert_eq!(
        store.reader().unwrap().wages().fund_account().unwrap(),
        None
    );
    let of_another_team = |taken| {
        let text = String::from_utf8(step(taken, "王敏").body).unwrap();
        Entry::new(text.replace("\"team\":2", "\"team\":1").into_bytes())
    };
    let records = vec![
        fund_account("11111111"),
        fund_account("22222222"),
        fund_deposit(None),
        fund_deposit(Some("2027-08-31")),
        fund_transfer(1, 700, AT + 8),
        fund_transfer(2, 900, AT + 9),
        fund_transfer(2, 0, AT + 10),
        step(wire::WageStep::Drawn, "王敏"),
        step(wire::WageStep::Confirmed, "李班长"),
        of_another_team(wire::WageStep::Drawn),
    ];
    wait(writer.append(records)).unwrap();
    let returned = of_another_team(wire::WageStep::Returned);
    wait(writer.append(vec![returned])).unwrap();
    wait(writer.catch_up()).unwrap();
    funds_are_as_recorded(&store.reader().unwrap());
    let tool = place.tool();
    tool.execute("UPDATE box SET fold = 0", []).unwrap();
    drop((tool, writer));
    store.close().unwrap();
    funds_are_as_recorded(&place.open().reader().unwrap());
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
