//! `/papers/wages/entry`: piecework, bonus and deductions of one worker's month.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use edge_domain::{
    Act, DEDUCTION_CHARS_MAX, Deduction, DeductionKind, Fen, WageAct, WageEntry, WageMonth,
    WageStep, WorkerId, wage_line,
};

use super::shared::{self, WageForm, address};
use super::sheet_page::after;
use crate::books::WageRow;
use crate::error::WebError;
use crate::pages::door::SignedIn;
use crate::pages::error_page;
use crate::pages::layout::{self, Layout};
use crate::recorder::{ActMaker, Refusal};
use crate::site_time::month_text;
use crate::state::WebState;

#[derive(Template)]
#[template(path = "wage_entry.html")]
struct EntryPage {
    layout: Layout,
    back: String,
    team: u32,
    month: String,
    month_text: String,
    worker: u32,
    name: String,
    days: String,
    rate: String,
    time: String,
    piece: String,
    extra: String,
    withheld: String,
    withheld_why: String,
    other: String,
    other_why: String,
    why_max: usize,
}

/// `GET /papers/wages/entry`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(asked): Query<WageForm>,
) -> Result<Response, WebError> {
    let of = asked.of(signed_in.account.duty);
    let wages = match shared::asked(&state, of).await? {
        Ok((wages, _)) => wages,
        Err(answer) => return Ok(*answer),
    };
    let of = wages.of;
    let row = wages
        .rows
        .iter()
        .find(|row| row.worker().0.to_string() == asked.worker);
    let Some(row) = row else {
        return Ok(error_page::no_such_person());
    };
    let layout = Layout::new(&state, Some(signed_in.account), "/papers");
    layout::page(&page(layout, of, asked.month.clone(), row))
}

fn page(layout: Layout, of: WageMonth, month: String, row: &WageRow) -> EntryPage {
    let typed = |amount: Fen| {
        if amount == Fen::ZERO {
            String::new()
        } else {
            amount.plain()
        }
    };
    let (withheld, other) = (DeductionKind::Withheld, DeductionKind::Other);
    let time = wage_line(
        row.worker(),
        row.halves,
        row.terms.as_ref(),
        WageEntry::default(),
    );
    EntryPage {
        layout,
        back: address("", of),
        team: of.team.0,
        month,
        month_text: month_text(of.first),
        worker: row.worker().0,
        name: row.person.name().reveal().to_owned(),
        days: row.days_text(),
        rate: row
            .terms
            .map_or_else(|| "没有登记工资标准".to_owned(), |terms| terms.text()),
        time: time.map(|line| line.time).unwrap_or_default().to_string(),
        piece: typed(row.entry.piece),
        extra: typed(row.entry.extra),
        withheld: typed(row.entry.of(withheld)),
        withheld_why: row.entry.why(withheld),
        other: typed(row.entry.of(other)),
        other_why: row.entry.why(other),
        why_max: DEDUCTION_CHARS_MAX,
    }
}

/// An amount that may be left out.
fn amount(typed: &str, word: &str) -> Result<Fen, Refusal> {
    if typed.trim().is_empty() {
        return Ok(Fen::ZERO);
    }
    Fen::parse(typed).ok_or_else(|| {
        Refusal::new(format!(
            "{word}看不懂，请写成 1234.50 这样：不超过一百万元，最多两位小数。"
        ))
    })
}

fn deduction(
    kind: DeductionKind,
    (typed, why): (&str, &str),
    word: &str,
) -> Result<Option<Deduction>, Refusal> {
    let amount = amount(typed, word)?;
    if amount == Fen::ZERO {
        return Ok(None);
    }
    let why: String = why.trim().chars().filter(|one| !one.is_control()).collect();
    if why.is_empty() || why.chars().count() > DEDUCTION_CHARS_MAX {
        return Err(Refusal::new(format!(
            "{word}要写原因，1 到 {DEDUCTION_CHARS_MAX} 个字，工人签字时要看得到。没有保存。"
        )));
    }
    Ok(Some(Deduction { kind, amount, why }))
}

fn entry(typed: &WageForm) -> Result<WageEntry, Refusal> {
    let withheld = (typed.withheld.as_str(), typed.withheld_why.as_str());
    let other = (typed.other.as_str(), typed.other_why.as_str());
    let taken_off = [
        deduction(DeductionKind::Withheld, withheld, "代扣代缴")?,
        deduction(DeductionKind::Other, other, "其他扣款")?,
    ];
    Ok(WageEntry {
        piece: amount(&typed.piece, "计件工资")?,
        extra: amount(&typed.extra, "加班/奖金")?,
        deductions: taken_off.into_iter().flatten().collect(),
    })
}

/// `POST /papers/wages/entry`.
pub(crate) async fn submit(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Form(typed): Form<WageForm>,
) -> Result<Response, WebError> {
    let worker = typed.worker.parse().map(WorkerId);
    let (Some(of), Ok(worker)) = (typed.of(signed_in.account.duty), worker) else {
        return Ok(error_page::no_such_team());
    };
    let back = format!("{}&worker={}", address("/entry", of), worker.0);
    let entry = match entry(&typed) {
        Ok(entry) => entry,
        Err(Refusal(problem)) => return Ok(error_page::refused(&problem, &back)),
    };
    let account = signed_in.account.name;
    let maker: ActMaker = Box::new(move |reader| {
        let steps = reader.wages().steps(of)?;
        if steps
            .last()
            .is_some_and(|(one, _)| one.step != WageStep::Returned)
        {
            return Ok(Err(Refusal::new(
                "工资表已经编制，不能再改。要改请先在工资页退回，再录入。",
            )));
        }
        if reader.worker(worker)?.is_none() {
            return Ok(Err(Refusal::new("花名册上没有这个人。")));
        }
        Ok(Ok(vec![Act::Wage(WageAct::Entry {
            of,
            worker,
            entry,
            account,
        })]))
    });
    let done = state.recorder().record(maker).await;
    match done.map_err(WebError::source("enter wages"))? {
        Ok(()) => Ok(Redirect::to(&after(of, "entry")).into_response()),
        Err(Refusal(problem)) => Ok(error_page::refused(&problem, &back)),
    }
}
