//! `/papers/wages/receipt`: the bank's answer (回单) is brought, shown row by row, and recorded.

use askama::Template;
use axum::Form;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use edge_domain::{Act, Fen, WageAct, WageMonth, WagePayment, WorkerId};
use jiff::civil::Date;

use super::receipt::{BankRow, Fate, Told, check, fate};
use super::shared::{self, Asked, WageForm, address};
use super::sheet_page::after;
use crate::books::{Shelf, WageTeam};
use crate::error::WebError;
use crate::intake::{self, Field};
use crate::pages::door::SignedIn;
use crate::pages::error_page;
use crate::pages::intake::bring_page;
use crate::pages::layout::{self, Layout};
use crate::recorder::{ActMaker, Refusal};
use crate::site_time::{month_text, month_value};
use crate::state::WebState;

/// A row of the file with what becomes of it.
#[derive(Debug)]
struct PreviewRow {
    line: u32,
    name: String,
    amount: String,
    class: &'static str,
    words: String,
}

#[derive(Template)]
#[template(path = "wage_receipt.html")]
struct ReceiptPage {
    layout: Layout,
    back: String,
    action: String,
    team: u32,
    month: String,
    title: String,
    /// What was brought; `None` before.
    preview: Option<Vec<PreviewRow>>,
    takes: usize,
    known: usize,
    wrong: usize,
    /// What is recorded when the clerk agrees.
    rows: String,
}

fn receipt_page(layout: Layout, wages: &WageTeam) -> ReceiptPage {
    let of = wages.of;
    ReceiptPage {
        layout,
        back: address("", of),
        action: address("/receipt", of),
        team: of.team.0,
        month: month_value(of.first),
        title: format!("{} {}", wages.team.name, month_text(of.first)),
        preview: None,
        takes: 0,
        known: 0,
        wrong: 0,
        rows: String::new(),
    }
}

const NOT_PUBLISHED: &str = "工资表还没有公示，没有可以登记的回单。";

/// The published month that is asked for.
async fn published(state: &WebState, of: Option<WageMonth>) -> Result<Asked<WageTeam>, WebError> {
    shared::published(state, of, NOT_PUBLISHED).await
}

/// `GET /papers/wages/receipt`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(asked): Query<WageForm>,
) -> Result<Response, WebError> {
    let wages = match published(&state, asked.of(signed_in.account.duty)).await? {
        Ok(wages) => wages,
        Err(answer) => return Ok(*answer),
    };
    let layout = Layout::new(&state, Some(signed_in.account), "/papers");
    layout::page(&receipt_page(layout, &wages))
}

/// `POST /papers/wages/receipt`: the file is read and shown; nothing is recorded yet.
pub(crate) async fn submit(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(asked): Query<WageForm>,
    request: Request,
) -> Result<Response, WebError> {
    let wages = match published(&state, asked.of(signed_in.account.duty)).await? {
        Ok(wages) => wages,
        Err(answer) => return Ok(*answer),
    };
    let back = address("/receipt", wages.of);
    let rows = match bring_page::file(&state, request).await {
        Ok((_, bytes)) => read(&state, bytes).await?,
        Err(refusal) => Err(refusal),
    };
    let rows = match rows {
        Ok(rows) => rows,
        Err(Refusal(problem)) => return Ok(error_page::refused(&problem, &back)),
    };
    let layout = Layout::new(&state, Some(signed_in.account), "/papers");
    let mut page = receipt_page(layout, &wages);
    preview(&mut page, &rows, &wages, Shelf::today(state.now_ms()))?;
    layout::page(&page)
}

/// The rows of a bank's file.
async fn read(state: &WebState, bytes: Vec<u8>) -> Result<Result<Vec<BankRow>, Refusal>, WebError> {
    // The semaphore is never closed.
    let _turn = state.import_turn().acquire().await.ok();
    let answer = state.imports().read(bytes).await;
    let answer = answer.map_err(WebError::source("read a file"))?;
    let table = tokio::task::spawn_blocking(move || intake::answered(answer.as_deref())).await;
    let Ok((table, columns)) = table.map_err(WebError::Background)? else {
        return Ok(Err(Refusal::new(
            "读不出这个文件：表头要有“收款户名（户名、姓名）”“收款账号（账号）”“金额”“处理结果”几列，xlsx 或 csv 都可以。没有登记任何一行。",
        )));
    };
    let needed = [
        (Field::Account, "收款账号"),
        (Field::Amount, "金额"),
        (Field::Result, "处理结果"),
    ];
    let missing: Vec<&str> = needed
        .into_iter()
        .filter(|(field, _)| !columns.has(*field))
        .map(|(_, word)| word)
        .collect();
    if !missing.is_empty() {
        return Ok(Err(Refusal::new(format!(
            "文件里没有这几列：{}。请用银行给的代发结果文件，没有登记任何一行。",
            missing.join("、")
        ))));
    }
    let rows = table.lines.iter().map(|line| {
        let text = |field| {
            let cell = columns.cell(&line.cells, field);
            cell.map(|cell| cell.text.clone()).unwrap_or_default()
        };
        BankRow {
            line: line.number,
            name: text(Field::Name),
            account: text(Field::Account),
            amount: text(Field::Amount),
            result: text(Field::Result),
            why: text(Field::Why),
            on: text(Field::PaidOn),
            reference: text(Field::Reference),
        }
    });
    // Sums below the table have no name.
    Ok(Ok(rows.filter(|row| !row.name.is_empty()).collect()))
}

fn preview(
    page: &mut ReceiptPage,
    rows: &[BankRow],
    wages: &WageTeam,
    today: Date,
) -> Result<(), WebError> {
    let mut told: Vec<Told> = Vec::new();
    let mut lines = Vec::new();
    for row in rows {
        let (class, words) = match fate(row, wages, &told, today) {
            Fate::Take(one) => {
                let words = match &one.why {
                    Some(why) => format!("退回：{why}"),
                    None => format!("已发，{}", one.on),
                };
                let class = if one.paid { "good" } else { "warn" };
                told.push(one);
                page.takes += 1;
                (class, words)
            }
            Fate::Known => {
                page.known += 1;
                ("", "以前登记过，跳过".to_owned())
            }
            Fate::Wrong(why) => {
                page.wrong += 1;
                ("bad", why)
            }
        };
        lines.push(PreviewRow {
            line: row.line,
            name: row.name.clone(),
            amount: row.amount.clone(),
            class,
            words,
        });
    }
    let json = serde_json::to_string(&told);
    page.rows = json.map_err(|error| WebError::source("show a bank's file")(error.into()))?;
    page.preview = Some(lines);
    Ok(())
}

/// `POST /papers/wages/receipt/take`: what the preview said is recorded, if it still holds.
pub(crate) async fn take(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Form(typed): Form<WageForm>,
) -> Result<Response, WebError> {
    let wages = match published(&state, typed.of(signed_in.account.duty)).await? {
        Ok(wages) => wages,
        Err(answer) => return Ok(*answer),
    };
    let back = address("/receipt", wages.of);
    let rows: Vec<Told> = serde_json::from_str(&typed.rows).unwrap_or_default();
    if rows.is_empty() {
        return Ok(error_page::refused(
            "没有可以登记的行，请重新选文件。",
            &back,
        ));
    }
    let of = wages.of;
    let maker = maker(wages, rows, signed_in.account.name);
    let done = state.recorder().record(maker).await;
    match done.map_err(WebError::source("record what a bank said"))? {
        Ok(()) => {
            tracing::info!("A bank's answer was recorded");
            Ok(Redirect::to(&after(of, "receipt")).into_response())
        }
        Err(Refusal(problem)) => Ok(error_page::refused(&problem, &back)),
    }
}

fn maker(wages: WageTeam, rows: Vec<Told>, account: String) -> ActMaker {
    Box::new(move |reader| {
        let known = reader.wages();
        let payments = known.payments(wages.of)?.len();
        let knew: usize = wages.payments;
        if payments != knew || known.steps(wages.of)? != wages.steps {
            return Ok(Err(Refusal::new(
                "刚才有人登记过回单或退回了工资表，这一次没有登记。请重新选文件。",
            )));
        }
        let mut acts = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let before = rows.get(..at).unwrap_or_default();
            match check(row, &wages, before) {
                Fate::Take(one) => acts.push(Act::Wage(WageAct::Payment(WagePayment {
                    of: wages.of,
                    version: wages.version(),
                    worker: WorkerId(one.worker),
                    paid: one.paid,
                    amount: Fen::new(one.amount),
                    on: one.on,
                    reference: one.reference,
                    why: one.why,
                    account: account.clone(),
                }))),
                Fate::Known => {}
                Fate::Wrong(why) => return Ok(Err(Refusal::new(format!("{why}，没有登记。")))),
            }
        }
        Ok(Ok(acts))
    })
}
