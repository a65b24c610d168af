//! `/papers/wages/bank`: 代发明细 for the bank, with whole accounts, for a reason that is on record
//! before the file is handed over.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::Response;
use edge_domain::{AuditAct, AuditNote, Fen, WageMonth};

use super::shared::{self, WageForm, address};
use crate::books::{WageRow, WageTeam};
use crate::error::WebError;
use crate::pages::door::SignedIn;
use crate::pages::layout::{self, Layout};
use crate::pages::site::papers_page::{spreadsheet, text_table};
use crate::pages::{audit, error_page};
use crate::papers::{self, BankLine};
use crate::site_time::{month_text, month_value};
use crate::state::WebState;

const REASON_CHARS_MIN: usize = 2;
const REASON_CHARS_MAX: usize = 100;

/// Somebody whom the bank is to pay.
#[derive(Debug)]
struct DueRow {
    name: String,
    card: String,
    amount: String,
    /// The bank sent the last payment back.
    again: Option<String>,
}

#[derive(Template)]
#[template(path = "wage_bank.html")]
struct BankPage {
    layout: Layout,
    back: String,
    team: u32,
    month: String,
    title: String,
    rows: Vec<DueRow>,
    sum: String,
    /// Who is left out, having no card.
    without: Vec<String>,
}

/// Whom the bank can pay, and who has no account.
fn due(wages: &WageTeam) -> (Vec<&WageRow>, Vec<String>) {
    let (with, without): (Vec<&WageRow>, Vec<&WageRow>) =
        wages.due().partition(|row| row.card.is_some());
    let name = |row: &&WageRow| row.person.name().reveal().to_owned();
    (with, without.iter().map(name).collect())
}

const NOT_PUBLISHED: &str =
    "工资表还没有公示，不能生成代发文件。请先走完编制、班组确认、审核、公示。";

/// `GET /papers/wages/bank`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(asked): Query<WageForm>,
) -> Result<Response, WebError> {
    let of = asked.of(signed_in.account.duty);
    let wages = match shared::published(&state, of, NOT_PUBLISHED).await? {
        Ok(wages) => wages,
        Err(answer) => return Ok(*answer),
    };
    let of = wages.of;
    let (rows, without) = due(&wages);
    let sum: Fen = rows.iter().map(|row| row.due()).sum();
    layout::page(&BankPage {
        layout: Layout::new(&state, Some(signed_in.account), "/papers"),
        back: address("", of),
        team: of.team.0,
        month: month_value(of.first),
        title: format!("{} {}", wages.team.name, month_text(of.first)),
        rows: rows.iter().map(|row| due_row(row)).collect(),
        sum: sum.to_string(),
        without,
    })
}

fn due_row(row: &WageRow) -> DueRow {
    let card = row.card.as_ref();
    let sent_back = row.last.as_ref().filter(|last| !last.paid);
    DueRow {
        name: row.person.name().reveal().to_owned(),
        card: card
            .map(|card| format!("{} {}", card.bank, card.account.masked()))
            .unwrap_or_default(),
        amount: row.due().to_string(),
        again: sent_back.map(|last| last.why.clone().unwrap_or_default()),
    }
}

fn line(row: &WageRow, of: WageMonth) -> Option<BankLine> {
    let card = row.card.as_ref()?;
    Some(BankLine {
        name: row.person.name().reveal().to_owned(),
        account: card.account.reveal().to_owned(),
        bank: card.bank.clone(),
        amount: row.due(),
        note: format!("工资{} 工号{}", month_value(of.first), row.worker().0),
    })
}

/// `POST /papers/wages/bank`: the file.
pub(crate) async fn submit(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Form(typed): Form<WageForm>,
) -> Result<Response, WebError> {
    let of = typed.of(signed_in.account.duty);
    let wages = match shared::published(&state, of, NOT_PUBLISHED).await? {
        Ok(wages) => wages,
        Err(answer) => return Ok(*answer),
    };
    let of = wages.of;
    let back = address("/bank", of);
    let why: String = typed
        .why
        .trim()
        .chars()
        .filter(|one| !one.is_control())
        .take(REASON_CHARS_MAX)
        .collect();
    if why.chars().count() < REASON_CHARS_MIN {
        let problem = "没有写理由，文件没有生成。里面有完整的银行账号，请写明交给谁、做什么用，例如“交建行代发10月工资”。";
        return Ok(error_page::refused(problem, &back));
    }
    let lines: Vec<BankLine> = due(&wages)
        .0
        .into_iter()
        .filter_map(|row| line(row, of))
        .collect();
    if lines.is_empty() {
        return Ok(error_page::refused(
            "没有要代发的人：要么都已发，要么没有工资卡。",
            &back,
        ));
    }
    let is_text = typed.kind == "csv";
    let name = format!(
        "{}_代发明细_{}.{}",
        wages.team.name,
        month_value(of.first).replace('-', ""),
        if is_text { "csv" } else { "xlsx" }
    );
    let note = AuditNote {
        account: Some(signed_in.account.name.clone()),
        what: AuditAct::Exported,
        worker: None,
        detail: Some(format!("{name}，{} 个完整银行账号", lines.len())),
        reason: Some(why),
    };
    audit::record(&state, note).await?;
    let step = "write a file for the bank";
    if is_text {
        let bytes = papers::bank_csv(&lines);
        let bytes = bytes.map_err(|error| WebError::source(step)(error.into()))?;
        return Ok(text_table(&name, bytes));
    }
    let bytes = papers::bank_xlsx(&lines);
    let bytes = bytes.map_err(|error| WebError::source(step)(error.into()))?;
    Ok(spreadsheet(&name, bytes))
}
