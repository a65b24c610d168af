//! A wage sheet as paper has it (工资支付表): what stands on it, and its bytes.

use edge_domain::{DeductionKind, Fen, PhoneNumber, TeamId};
use serde::{Deserialize, Serialize};

use super::month::halves_text;
use super::sheet_copy::sealed;
use super::wages::WageTeam;
use crate::site_time::{month_text, month_value, parse_month};

/// What stands on a wage sheet. Its bytes are what the code is computed over, so fields are only added
/// at the end, and left out where they are empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WageCopy {
    /// Always `wages`: no sheet of attendance has this field.
    pub(crate) paper: String,
    /// Name of the project.
    pub(crate) project: String,
    /// Company that hires the team.
    pub(crate) employer: String,
    /// Number of the team.
    pub(crate) team: u32,
    /// Its name.
    pub(crate) team_name: String,
    /// `2026-10`.
    pub(crate) month: String,
    /// From 1.
    pub(crate) version: u32,
    /// One line a worker.
    pub(crate) rows: Vec<WageRowCopy>,
    /// 工资专用账户: bank and number; empty where none is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) fund: String,
}

/// A worker's line; amounts in fen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WageRowCopy {
    /// His number.
    pub(crate) worker: u32,
    /// His name.
    pub(crate) name: String,
    /// Number of his document, masked.
    pub(crate) number: String,
    /// His telephone, masked.
    pub(crate) phone: String,
    /// His trade.
    pub(crate) trade: String,
    /// Halves of days that count.
    pub(crate) halves: u32,
    /// `300.00 元/天`.
    pub(crate) rate: String,
    time: u64,
    piece: u64,
    extra: u64,
    gross: u64,
    withheld: u64,
    other: u64,
    net: u64,
    /// His bank.
    pub(crate) bank: String,
    /// His account, masked.
    pub(crate) account: String,
    /// Why something is taken off, and that the card is another one.
    pub(crate) remark: String,
}

impl WageRowCopy {
    /// `18`, `18.5`.
    pub(crate) fn days_text(&self) -> String {
        halves_text(self.halves)
    }

    /// The seven amounts in the order of the columns.
    pub(crate) fn amounts(&self) -> [Fen; 7] {
        [
            self.time,
            self.piece,
            self.extra,
            self.gross,
            self.withheld,
            self.other,
            self.net,
        ]
        .map(Fen::new)
    }
}

/// Heads of the amounts.
pub(crate) const AMOUNT_HEADS: [&str; 7] = [
    "出勤工资",
    "计件工资",
    "加班/奖金",
    "应发工资",
    "代扣代缴",
    "其他扣款",
    "实发工资",
];

impl WageCopy {
    /// Copies a team's month as it stands.
    pub(crate) fn new(
        wages: &WageTeam,
        (project, employer): (String, String),
        fund: String,
    ) -> Self {
        let rows = wages.rows.iter().filter_map(|row| {
            let line = row.line.as_ref().ok()?;
            if line.halves == 0 && line.gross == Fen::ZERO {
                return None;
            }
            let (withheld, other) = (DeductionKind::Withheld, DeductionKind::Other);
            let mut remark = [line.entry.why(withheld), line.entry.why(other)].to_vec();
            if row.card.as_ref().is_some_and(|card| !card.is_social) {
                remark.push("非社保卡".to_owned());
            }
            remark.retain(|one| !one.is_empty());
            let phone = row.person.entry.phone.as_ref();
            Some(WageRowCopy {
                worker: row.worker().0,
                name: row.person.name().reveal().to_owned(),
                number: row.person.entry.standing.number.masked(),
                phone: phone.map(PhoneNumber::masked).unwrap_or_default(),
                trade: row.person.trade().to_owned(),
                halves: line.halves,
                rate: row.terms.map(|terms| terms.text()).unwrap_or_default(),
                time: line.time.get(),
                piece: line.entry.piece.get(),
                extra: line.entry.extra.get(),
                gross: line.gross.get(),
                withheld: line.deducted(withheld).get(),
                other: line.deducted(other).get(),
                net: line.net.get(),
                bank: row
                    .card
                    .as_ref()
                    .map(|card| card.bank.clone())
                    .unwrap_or_default(),
                account: row
                    .card
                    .as_ref()
                    .map(|card| card.account.masked())
                    .unwrap_or_default(),
                remark: remark.join("；"),
            })
        });
        Self {
            paper: "wages".to_owned(),
            project,
            employer,
            team: wages.team.team.0,
            team_name: wages.team.name.clone(),
            month: month_value(wages.of.first),
            version: wages.version(),
            rows: rows.collect(),
            fund,
        }
    }

    /// Reads a kept copy.
    pub(crate) fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }

    /// The bytes that are kept, and their digest.
    pub(crate) fn sealed(&self) -> Result<(Vec<u8>, String), serde_json::Error> {
        sealed(self)
    }

    /// The team.
    pub(crate) fn team(&self) -> TeamId {
        TeamId(self.team)
    }

    /// `2026年10月`.
    pub(crate) fn month_text(&self) -> String {
        parse_month(&self.month).map(month_text).unwrap_or_default()
    }

    /// The sums of the seven amounts.
    pub(crate) fn sums(&self) -> [Fen; 7] {
        self.rows.iter().fold([Fen::ZERO; 7], |sums, row| {
            let mut amounts = row.amounts().into_iter();
            sums.map(|sum| sum.plus(amounts.next().unwrap_or_default()))
        })
    }

    /// 应发 and 实发 of all.
    pub(crate) fn totals(&self) -> (Fen, Fen) {
        let [_, _, _, gross, _, _, net] = self.sums();
        (gross, net)
    }

    /// 实发 of all in the characters of vouchers.
    pub(crate) fn net_words(&self) -> String {
        self.totals().1.in_words()
    }
}
