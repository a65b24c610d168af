//! Rows about wages.

use rusqlite::{ToSql, params};
use serde::Serialize;
use sync_wire::record::{
    Deduction, FundAccount, FundDeposit, FundTransfer, Kind, PaymentResult, WageEntry, WageLine,
    WagePayment, WageSheet, WageTerms,
};

/// Runs a statement that is prepared once.
type Run<'a> = dyn FnMut(&'static str, &[&dyn ToSql]) -> rusqlite::Result<()> + 'a;

/// Applies what a record about wages says.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "no other kind is about wages"
)]
pub(crate) fn apply(
    run: &mut Run<'_>,
    ledger_id: i64,
    kind: &Kind,
    at: i64,
) -> rusqlite::Result<()> {
    match kind {
        Kind::WageTerms(one) => terms(run, one),
        Kind::WageEntry(one) => entry(run, one),
        Kind::WageLine(one) => line(run, one),
        Kind::WageSheet(one) => sheet(run, ledger_id, one, at),
        Kind::WagePayment(one) => payment(run, ledger_id, one),
        Kind::FundAccount(one) => fund_account(run, one, at),
        Kind::FundDeposit(one) => fund_deposit(run, one, at),
        Kind::FundTransfer(one) => fund_transfer(run, one, at),
        _ => Ok(()),
    }
}

fn terms(run: &mut Run<'_>, one: &WageTerms) -> rusqlite::Result<()> {
    run(
        "INSERT INTO wage_terms (worker, from_on, basis, rate) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (worker, from_on) DO UPDATE SET basis = excluded.basis, rate = excluded.rate",
        params![one.worker, one.from, word(&one.basis), one.rate],
    )
}

fn entry(run: &mut Run<'_>, one: &WageEntry) -> rusqlite::Result<()> {
    run(
        "INSERT INTO wage_entry (month, team, worker, piece, extra, deductions) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (month, team, worker) DO UPDATE SET \
         piece = excluded.piece, extra = excluded.extra, deductions = excluded.deductions",
        params![
            one.month,
            one.team,
            one.worker,
            one.piece,
            one.extra,
            taken_off(&one.deductions)
        ],
    )
}

fn line(run: &mut Run<'_>, one: &WageLine) -> rusqlite::Result<()> {
    run(
        "INSERT OR REPLACE INTO wage_line (month, team, version, worker, halves, basis, rate, time, piece, \
         extra, gross, deductions, net) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            one.month,
            one.team,
            one.version,
            one.worker,
            one.halves,
            one.basis.map(|basis| word(&basis)),
            one.rate,
            one.time,
            one.piece,
            one.extra,
            one.gross,
            taken_off(&one.deductions),
            one.net
        ],
    )
}

fn sheet(run: &mut Run<'_>, ledger_id: i64, one: &WageSheet, at: i64) -> rusqlite::Result<()> {
    run(
        "INSERT INTO wage_sheet (ledger_id, month, team, version, step, digest, lines, gross, net, \
         account, why, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            ledger_id,
            one.month,
            one.team,
            one.version,
            word(&one.step),
            one.digest,
            one.lines,
            one.gross,
            one.net,
            one.account,
            one.why,
            at
        ],
    )
}

fn payment(run: &mut Run<'_>, ledger_id: i64, one: &WagePayment) -> rusqlite::Result<()> {
    run(
        "INSERT INTO wage_payment (ledger_id, month, team, version, worker, paid, amount, on_day, \
         reference, why, account) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            ledger_id,
            one.month,
            one.team,
            one.version,
            one.worker,
            one.result == PaymentResult::Paid,
            one.amount,
            one.on,
            one.reference,
            one.why,
            one.account
        ],
    )
}

fn fund_account(run: &mut Run<'_>, one: &FundAccount, at: i64) -> rusqlite::Result<()> {
    run(
        "INSERT OR REPLACE INTO fund_account (one, bank, number, opened, from_month, due_day, monthly, \
         account, at) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            one.bank,
            one.number,
            one.opened,
            one.from,
            one.due_day,
            one.monthly,
            one.account,
            at
        ],
    )
}

fn fund_deposit(run: &mut Run<'_>, one: &FundDeposit, at: i64) -> rusqlite::Result<()> {
    run(
        "INSERT OR REPLACE INTO fund_deposit (one, form, holder, reference, amount, until, account, at) \
         VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            word(&one.form),
            one.holder,
            one.reference,
            one.amount,
            one.until,
            one.account,
            at
        ],
    )
}

fn fund_transfer(run: &mut Run<'_>, one: &FundTransfer, at: i64) -> rusqlite::Result<()> {
    run(
        "INSERT OR REPLACE INTO fund_transfer (transfer, month, amount, on_day, reference, why, account, at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            one.transfer,
            one.month,
            one.amount,
            one.on,
            one.reference,
            one.why,
            one.account,
            at
        ],
    )
}

/// The word that the wire has for a value of a closed list.
fn word(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    text.trim_matches('"').to_owned()
}

fn taken_off(deductions: &[Deduction]) -> String {
    serde_json::to_string(deductions).unwrap_or_else(|_| "[]".to_owned())
}
