//! What is known of wages: rates, what was entered, lines and steps of sheets, what the bank said, and
//! the project's money for them.

use std::collections::BTreeMap;

use edge_domain::{
    Deduction, DeductionKind, DepositForm, Fen, FundAccount, FundDeposit, FundTransfer, WageBasis,
    WageEntry, WageLine, WageMonth, WagePayment, WageSheet, WageStep, WageTerms, WorkerId,
};
use jiff::civil::Date;
use rusqlite::{Connection, Params, Row, params};
use sync_wire::record as wire;

use crate::error::StoreError;

const STEP: &str = "read wages";

/// Questions about wages; as fresh as [`Reader::roster`](crate::Reader::roster).
#[derive(Debug)]
pub struct Wages<'a> {
    db: &'a Connection,
}

impl<'a> Wages<'a> {
    pub(crate) fn new(db: &'a Connection) -> Self {
        Self { db }
    }

    /// What is agreed with everybody on a day: the newest terms that have begun.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn terms(&self, on: Date) -> Result<BTreeMap<WorkerId, WageTerms>, StoreError> {
        let rows = self.all(
            "SELECT worker, from_on, basis, rate FROM wage_terms WHERE from_on <= ?1 \
             ORDER BY worker, from_on",
            params![on.to_string()],
            terms,
        )?;
        let known = rows.into_iter().flatten();
        Ok(known.map(|one| (one.worker, one)).collect())
    }

    /// What the clerk entered of a team's month.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn entries(&self, of: WageMonth) -> Result<BTreeMap<WorkerId, WageEntry>, StoreError> {
        let rows = self.all(
            "SELECT worker, piece, extra, deductions FROM wage_entry \
             WHERE month = ?1 AND team = ?2",
            params![month(of.first), of.team.0],
            |row| Ok((WorkerId(row.get(0)?), entry(row, 1)?)),
        )?;
        Ok(rows.into_iter().collect())
    }

    /// The lines of a version of a sheet.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn lines(
        &self,
        of: WageMonth,
        version: u32,
    ) -> Result<BTreeMap<WorkerId, WageLine>, StoreError> {
        let rows = self.all(
            "SELECT worker, piece, extra, deductions, halves, basis, rate, time, gross, net \
             FROM wage_line WHERE month = ?1 AND team = ?2 AND version = ?3",
            params![month(of.first), of.team.0, version],
            line,
        )?;
        Ok(rows.into_iter().map(|one| (one.worker, one)).collect())
    }

    /// The steps that a team's month has taken, oldest first, each with when (Unix ms).
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn steps(&self, of: WageMonth) -> Result<Vec<(WageSheet, i64)>, StoreError> {
        let rows = self.all(
            "SELECT version, step, digest, lines, gross, net, account, why, at FROM wage_sheet \
             WHERE month = ?1 AND team = ?2 ORDER BY ledger_id",
            params![month(of.first), of.team.0],
            |row| Ok(sheet(of, row)?.zip(row.get(8).ok())),
        )?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// What the bank said of a team's month, oldest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn payments(&self, of: WageMonth) -> Result<Vec<WagePayment>, StoreError> {
        let rows = self.all(
            "SELECT version, worker, paid, amount, on_day, reference, why, account \
             FROM wage_payment WHERE month = ?1 AND team = ?2 ORDER BY ledger_id",
            params![month(of.first), of.team.0],
            |row| payment(of, row),
        )?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// 应发 of each month, by its first day, of all sheets that stand.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn earned(&self) -> Result<BTreeMap<Date, Fen>, StoreError> {
        let rows = self.all(
            "SELECT month, team, step, gross FROM wage_sheet ORDER BY ledger_id",
            [],
            |row| {
                let (month, team): (String, u32) = (row.get(0)?, row.get(1)?);
                let step: String = row.get(2)?;
                Ok((month, team, WageStep::from_code(&step), fen(row, 3)?))
            },
        )?;
        let mut teams = BTreeMap::new();
        for (month, team, step, gross) in rows {
            let stands = step.is_some_and(|step| step != WageStep::Returned);
            teams.insert((month, team), if stands { gross } else { Fen::ZERO });
        }
        let mut earned = BTreeMap::new();
        for ((month, _), gross) in teams {
            if let Some(first) = first_day(&month) {
                let sum: &mut Fen = earned.entry(first).or_default();
                *sum = sum.plus(gross);
            }
        }
        Ok(earned)
    }

    /// The project's special account, and when it was entered (Unix ms).
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn fund_account(&self) -> Result<Option<(FundAccount, i64)>, StoreError> {
        let mut rows = self.all(
            "SELECT bank, number, opened, from_month, due_day, monthly, account, at FROM fund_account",
            [],
            fund_account,
        )?;
        Ok(rows.pop().flatten())
    }

    /// The project's deposit, and when it was entered (Unix ms).
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn fund_deposit(&self) -> Result<Option<(FundDeposit, i64)>, StoreError> {
        let mut rows = self.all(
            "SELECT form, holder, reference, amount, until, account, at FROM fund_deposit",
            [],
            fund_deposit,
        )?;
        Ok(rows.pop().flatten())
    }

    /// Everything that came in for labor, by number, each with when it was entered (Unix ms).
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn fund_transfers(&self) -> Result<Vec<(FundTransfer, i64)>, StoreError> {
        let rows = self.all(
            "SELECT transfer, month, amount, on_day, reference, why, account, at FROM fund_transfer \
             ORDER BY transfer",
            [],
            fund_transfer,
        )?;
        Ok(rows.into_iter().flatten().collect())
    }

    fn all<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut query = self.db.prepare(sql).map_err(fault)?;
        let rows = query.query_map(values, read).map_err(fault)?;
        rows.collect::<rusqlite::Result<_>>().map_err(fault)
    }
}

/// `2026-10`.
fn month(first: Date) -> String {
    format!("{:04}-{:02}", first.year(), first.month())
}

/// The first day of `2026-10`.
fn first_day(month: &str) -> Option<Date> {
    format!("{month}-01").parse().ok()
}

fn fund_account(row: &Row<'_>) -> rusqlite::Result<Option<(FundAccount, i64)>> {
    let (opened, from): (String, String) = (row.get(2)?, row.get(3)?);
    let Some((opened, from)) = opened.parse().ok().zip(first_day(&from)) else {
        return Ok(None);
    };
    let account = FundAccount {
        bank: row.get(0)?,
        number: row.get(1)?,
        opened,
        from,
        due_day: row.get(4)?,
        monthly: row.get::<_, Option<u64>>(5)?.map(Fen::new),
        account: row.get(6)?,
    };
    Ok(Some((account, row.get(7)?)))
}

fn fund_deposit(row: &Row<'_>) -> rusqlite::Result<Option<(FundDeposit, i64)>> {
    let (form, until): (String, Option<String>) = (row.get(0)?, row.get(4)?);
    let Some(form) = DepositForm::from_code(&form) else {
        return Ok(None);
    };
    let deposit = FundDeposit {
        form,
        holder: row.get(1)?,
        reference: row.get(2)?,
        amount: fen(row, 3)?,
        until: until.and_then(|until| until.parse().ok()),
        account: row.get(5)?,
    };
    Ok(Some((deposit, row.get(6)?)))
}

fn fund_transfer(row: &Row<'_>) -> rusqlite::Result<Option<(FundTransfer, i64)>> {
    let (month, on): (String, String) = (row.get(1)?, row.get(3)?);
    let Some((month, on)) = first_day(&month).zip(on.parse().ok()) else {
        return Ok(None);
    };
    let transfer = FundTransfer {
        transfer: row.get(0)?,
        month,
        amount: fen(row, 2)?,
        on,
        reference: row.get(4)?,
        why: row.get(5)?,
        account: row.get(6)?,
    };
    Ok(Some((transfer, row.get(7)?)))
}

fn fen(row: &Row<'_>, column: usize) -> rusqlite::Result<Fen> {
    row.get(column).map(Fen::new)
}

/// What a newer version wrote in other words is left out.
fn terms(row: &Row<'_>) -> rusqlite::Result<Option<WageTerms>> {
    let (from, basis): (String, String) = (row.get(1)?, row.get(2)?);
    let Some((from, basis)) = from.parse().ok().zip(WageBasis::from_code(&basis)) else {
        return Ok(None);
    };
    Ok(Some(WageTerms {
        worker: WorkerId(row.get(0)?),
        basis,
        rate: fen(row, 3)?,
        from,
    }))
}

/// Piecework, extra and deductions from a column on.
fn entry(row: &Row<'_>, column: usize) -> rusqlite::Result<WageEntry> {
    let json: String = row.get(column + 2)?;
    let deductions: Vec<wire::Deduction> = serde_json::from_str(&json).unwrap_or_default();
    let taken_off = |one: wire::Deduction| Deduction {
        kind: match one.kind {
            wire::DeductionKind::Withheld => DeductionKind::Withheld,
            wire::DeductionKind::Other => DeductionKind::Other,
        },
        amount: Fen::new(one.amount),
        why: one.why,
    };
    Ok(WageEntry {
        piece: fen(row, column)?,
        extra: fen(row, column + 1)?,
        deductions: deductions.into_iter().map(taken_off).collect(),
    })
}

fn line(row: &Row<'_>) -> rusqlite::Result<WageLine> {
    let basis: Option<String> = row.get(5)?;
    let basis = basis.and_then(|code| WageBasis::from_code(&code));
    let rate = fen(row, 6)?;
    Ok(WageLine {
        worker: WorkerId(row.get(0)?),
        entry: entry(row, 1)?,
        halves: row.get(4)?,
        terms: basis.map(|basis| (basis, rate)),
        time: fen(row, 7)?,
        gross: fen(row, 8)?,
        net: fen(row, 9)?,
    })
}

fn sheet(of: WageMonth, row: &Row<'_>) -> rusqlite::Result<Option<WageSheet>> {
    let step: String = row.get(1)?;
    let Some(step) = WageStep::from_code(&step) else {
        return Ok(None);
    };
    Ok(Some(WageSheet {
        of,
        version: row.get(0)?,
        step,
        digest: row.get(2)?,
        lines: row.get(3)?,
        gross: fen(row, 4)?,
        net: fen(row, 5)?,
        account: row.get(6)?,
        why: row.get(7)?,
    }))
}

fn payment(of: WageMonth, row: &Row<'_>) -> rusqlite::Result<Option<WagePayment>> {
    let on: String = row.get(4)?;
    let Ok(on) = on.parse() else {
        return Ok(None);
    };
    Ok(Some(WagePayment {
        of,
        version: row.get(0)?,
        worker: WorkerId(row.get(1)?),
        paid: row.get(2)?,
        amount: fen(row, 3)?,
        on,
        reference: row.get(5)?,
        why: row.get(6)?,
        account: row.get(7)?,
    }))
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
