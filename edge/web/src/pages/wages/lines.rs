//! Rows of the pages about wages.

use edge_domain::{DeductionKind, WageSheet, WageStep};

use crate::books::{WageRow, WageTeam, flag_text};
use crate::site_time::minute_text;

/// A worker's row.
#[derive(Debug)]
pub(super) struct LineRow {
    pub(super) worker: u32,
    pub(super) name: String,
    pub(super) trade: &'static str,
    pub(super) days: String,
    pub(super) rate: String,
    pub(super) time: String,
    pub(super) piece: String,
    pub(super) extra: String,
    pub(super) gross: String,
    pub(super) withheld: String,
    pub(super) other: String,
    /// Why something is taken off.
    pub(super) why: String,
    pub(super) net: String,
    pub(super) card: String,
    /// The card's bank.
    pub(super) card_bank: String,
    /// How the bank stands: class, sign and words; empty before.
    pub(super) bank: Option<(&'static str, String)>,
    pub(super) flags: Vec<String>,
    pub(super) fault: Option<String>,
}

impl LineRow {
    pub(super) fn new(row: &WageRow) -> Self {
        let entry = row.line.as_ref().map_or(&row.entry, |line| &line.entry);
        let (withheld, other) = (DeductionKind::Withheld, DeductionKind::Other);
        let why = [entry.why(withheld), entry.why(other)];
        let time = row.line.as_ref().map(|line| line.time).unwrap_or_default();
        let empty_zero = |amount: edge_domain::Fen| {
            if amount.get() == 0 {
                String::new()
            } else {
                amount.to_string()
            }
        };
        Self {
            worker: row.worker().0,
            name: row.person.name().reveal().to_owned(),
            trade: row.person.trade(),
            days: row.days_text(),
            rate: row
                .terms
                .map_or_else(|| "没有登记".to_owned(), |terms| terms.text()),
            time: empty_zero(time),
            piece: empty_zero(entry.piece),
            extra: empty_zero(entry.extra),
            gross: row.gross().to_string(),
            withheld: empty_zero(entry.of(withheld)),
            other: empty_zero(entry.of(other)),
            why: why
                .into_iter()
                .filter(|one| !one.is_empty())
                .collect::<Vec<_>>()
                .join("；"),
            net: row.net().to_string(),
            card: card_text(row),
            card_bank: row
                .card
                .as_ref()
                .map(|card| card.bank.clone())
                .unwrap_or_default(),
            bank: bank(row),
            flags: row.flags.iter().copied().map(flag_text).collect(),
            fault: row.fault_text(),
        }
    }
}

fn card_text(row: &WageRow) -> String {
    row.card
        .as_ref()
        .map_or_else(|| "没有登记".to_owned(), |card| card.account.masked())
}

fn bank(row: &WageRow) -> Option<(&'static str, String)> {
    let last = row.last.as_ref()?;
    let why = last.why.as_deref().unwrap_or_default();
    Some(if !last.paid {
        ("bad", format!("✖ {} 退回 {why}", last.on))
    } else if row.due().get() == 0 {
        ("good", format!("✔ {} 已发 {}", last.on, row.paid))
    } else {
        ("warn", format!("! 已发 {}，还差 {}", row.paid, row.due()))
    })
}

/// One of the steps 编制 → 班组确认 → 审核 → 公示, as far as the version that stands has come.
#[derive(Debug)]
pub(super) struct StepRow {
    pub(super) word: &'static str,
    /// `王敏 2026-11-05 09:00`; `None` while it is not taken.
    pub(super) taken: Option<String>,
    pub(super) is_next: bool,
    /// Who takes it.
    pub(super) whose: &'static str,
}

/// The four steps of the version that stands.
pub(super) fn steps(wages: &WageTeam) -> Vec<StepRow> {
    let next = next_step(wages);
    let way = WageStep::ALL
        .into_iter()
        .filter(|step| *step != WageStep::Returned);
    way.map(|step| {
        let of_version = |one: &&(WageSheet, i64)| {
            !wages.is_open() && one.0.version == wages.version() && one.0.step == step
        };
        let taken = wages.steps.iter().find(of_version);
        StepRow {
            word: step.text(),
            taken: taken.map(|(one, at)| format!("{} {}", one.account, minute_text(*at))),
            is_next: next == Some(step),
            whose: whose(step),
        }
    })
    .collect()
}

/// Whose step it is.
fn whose(step: WageStep) -> &'static str {
    match step {
        WageStep::Drawn => "劳资专管员编制",
        WageStep::Confirmed => "班组长确认",
        WageStep::Reviewed => "另一位劳资人员审核",
        WageStep::Published => "劳资专管员公示",
        WageStep::Returned => "",
    }
}

/// The step that is due.
pub(super) fn next_step(wages: &WageTeam) -> Option<WageStep> {
    match wages.last() {
        None => Some(WageStep::Drawn),
        Some(one) if one.step == WageStep::Returned => Some(WageStep::Drawn),
        Some(one) => one.step.next(),
    }
}
