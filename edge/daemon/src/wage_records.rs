//! Wages and the project's money for them, as the wire has them.

use edge_domain as domain;
use sync_wire::Kind;
use sync_wire::record as wire;

/// The record of an act about wages or the money for them.
pub(crate) fn kind(act: &domain::WageAct) -> Kind {
    match act {
        domain::WageAct::Terms(one) => Kind::WageTerms(wire::WageTerms {
            worker: one.worker.0,
            basis: wage_basis(one.basis),
            rate: one.rate.get(),
            from: one.from.to_string(),
        }),
        domain::WageAct::Entry {
            of,
            worker,
            entry,
            account,
        } => Kind::WageEntry(wire::WageEntry {
            month: month(of.first),
            team: of.team.0,
            worker: worker.0,
            piece: entry.piece.get(),
            extra: entry.extra.get(),
            deductions: deductions(entry),
            account: account.clone(),
        }),
        domain::WageAct::Line { of, version, line } => Kind::WageLine(wire::WageLine {
            month: month(of.first),
            team: of.team.0,
            version: *version,
            worker: line.worker.0,
            halves: line.halves,
            basis: line.terms.map(|(basis, _)| wage_basis(basis)),
            rate: line.terms.map_or(0, |(_, rate)| rate.get()),
            time: line.time.get(),
            piece: line.entry.piece.get(),
            extra: line.entry.extra.get(),
            gross: line.gross.get(),
            deductions: deductions(&line.entry),
            net: line.net.get(),
        }),
        domain::WageAct::Sheet(one) => Kind::WageSheet(wage_sheet(one)),
        domain::WageAct::Payment(one) => Kind::WagePayment(payment(one)),
        domain::WageAct::FundAccount(one) => Kind::FundAccount(wire::FundAccount {
            bank: one.bank.clone(),
            number: one.number.clone(),
            opened: one.opened.to_string(),
            from: month(one.from),
            due_day: one.due_day,
            monthly: one.monthly.map(domain::Fen::get),
            account: one.account.clone(),
        }),
        domain::WageAct::FundDeposit(one) => Kind::FundDeposit(fund_deposit(one)),
        domain::WageAct::FundTransfer(one) => Kind::FundTransfer(wire::FundTransfer {
            transfer: one.transfer,
            month: month(one.month),
            amount: one.amount.get(),
            on: one.on.to_string(),
            reference: one.reference.clone(),
            why: one.why.clone(),
            account: one.account.clone(),
        }),
    }
}

fn payment(one: &domain::WagePayment) -> wire::WagePayment {
    wire::WagePayment {
        month: month(one.of.first),
        team: one.of.team.0,
        version: one.version,
        worker: one.worker.0,
        result: if one.paid {
            wire::PaymentResult::Paid
        } else {
            wire::PaymentResult::Returned
        },
        amount: one.amount.get(),
        on: one.on.to_string(),
        reference: one.reference.clone(),
        why: one.why.clone(),
        account: one.account.clone(),
    }
}

fn fund_deposit(one: &domain::FundDeposit) -> wire::FundDeposit {
    wire::FundDeposit {
        form: match one.form {
            domain::DepositForm::Cash => wire::DepositForm::Cash,
            domain::DepositForm::Guarantee => wire::DepositForm::Guarantee,
            domain::DepositForm::Insurance => wire::DepositForm::Insurance,
        },
        holder: one.holder.clone(),
        reference: one.reference.clone(),
        amount: one.amount.get(),
        until: one.until.map(|until| until.to_string()),
        account: one.account.clone(),
    }
}

fn wage_sheet(one: &domain::WageSheet) -> wire::WageSheet {
    wire::WageSheet {
        month: month(one.of.first),
        team: one.of.team.0,
        version: one.version,
        step: match one.step {
            domain::WageStep::Drawn => wire::WageStep::Drawn,
            domain::WageStep::Confirmed => wire::WageStep::Confirmed,
            domain::WageStep::Reviewed => wire::WageStep::Reviewed,
            domain::WageStep::Published => wire::WageStep::Published,
            domain::WageStep::Returned => wire::WageStep::Returned,
        },
        digest: one.digest.clone(),
        lines: one.lines,
        gross: one.gross.get(),
        net: one.net.get(),
        account: one.account.clone(),
        why: one.why.clone(),
    }
}

fn wage_basis(basis: domain::WageBasis) -> wire::WageBasis {
    match basis {
        domain::WageBasis::Daily => wire::WageBasis::Daily,
        domain::WageBasis::Monthly => wire::WageBasis::Monthly,
        domain::WageBasis::Piece => wire::WageBasis::Piece,
    }
}

fn deductions(entry: &domain::WageEntry) -> Vec<wire::Deduction> {
    let one = |one: &domain::Deduction| wire::Deduction {
        kind: match one.kind {
            domain::DeductionKind::Withheld => wire::DeductionKind::Withheld,
            domain::DeductionKind::Other => wire::DeductionKind::Other,
        },
        amount: one.amount.get(),
        why: one.why.clone(),
    };
    entry.deductions.iter().map(one).collect()
}

/// `2026-10`.
pub(crate) fn month(first: jiff::civil::Date) -> String {
    format!("{:04}-{:02}", first.year(), first.month())
}
