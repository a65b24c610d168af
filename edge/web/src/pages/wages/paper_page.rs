//! `/papers/wages/paper`: 工资支付表 for printing, and as a spreadsheet.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;

use super::shared::{self, Asked, WageForm, address};
use crate::books::{WageCopy, WageTeam, code_text};
use crate::error::WebError;
use crate::guard::session::Holder;
use crate::pages::door::SignedIn;
use crate::pages::error_page;
use crate::pages::layout;
use crate::pages::site::papers_page::{exported, spreadsheet};
use crate::pages::site::sheets::wage_table;
use crate::papers;
use crate::site_time::minute_text;
use crate::state::WebState;

#[derive(Template)]
#[template(path = "wage_sheet.html")]
struct WageSheetPage {
    style: String,
    print_style: String,
    icon: String,
    back: String,
    xlsx: String,
    copy: WageCopy,
    table: String,
    code: String,
    /// `第 1 版，审核：赵总 2026-11-05 09:00`.
    state: String,
    made_at: String,
}

/// A sheet that stands, its digest, and its state in words.
struct Paper {
    copy: WageCopy,
    digest: String,
    state: String,
    made_at: String,
}

/// The sheet as it was kept when it was drawn up.
async fn paper(
    state: &WebState,
    asked: &WageForm,
    holder: &Holder,
) -> Result<Asked<Paper>, WebError> {
    let wages = match shared::asked(state, asked.of(holder.duty)).await? {
        Ok((wages, _)) => wages,
        Err(answer) => return Ok(Err(answer)),
    };
    let of = wages.of;
    let standing = wages.last().filter(|_| !wages.is_open()).cloned();
    let Some(last) = standing else {
        let problem = "这个班组这个月的工资表还没有编制，不能打印。";
        return Ok(Err(Box::new(error_page::refused(
            problem,
            &address("", of),
        ))));
    };
    let digest = last.digest.clone();
    let kept = state
        .books()
        .ask("find a wage sheet", move |shelf| {
            Ok(shelf.reader.sheets(&digest)?.pop())
        })
        .await?;
    let Some(kept) = kept else {
        let problem = "这一版工资表的存档不在本机上。请退回后重新编制。";
        return Ok(Err(Box::new(error_page::refused(
            problem,
            &address("", of),
        ))));
    };
    let read = WageCopy::read(&kept.body);
    let copy = read.map_err(|error| WebError::source("read a wage sheet")(error.into()))?;
    Ok(Ok(Paper {
        copy,
        digest: last.digest.clone(),
        state: state_text(&wages),
        made_at: minute_text(kept.made_ms),
    }))
}

fn state_text(wages: &WageTeam) -> String {
    wages.steps.last().map_or_else(String::new, |(one, at)| {
        format!(
            "第 {} 版，{}：{} {}",
            one.version,
            one.step.text(),
            one.account,
            minute_text(*at)
        )
    })
}

/// `GET /papers/wages/paper`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(asked): Query<WageForm>,
) -> Result<Response, WebError> {
    let paper = match paper(&state, &asked, &signed_in.account).await? {
        Ok(paper) => paper,
        Err(answer) => return Ok(*answer),
    };
    let query = format!("team={}&month={}", paper.copy.team, paper.copy.month);
    layout::page(&WageSheetPage {
        style: crate::assets::address("app.css"),
        print_style: crate::assets::address("print.css"),
        icon: crate::assets::address("icon.svg"),
        back: format!("/papers/wages?{query}"),
        xlsx: format!("/papers/wages/sheet.xlsx?{query}"),
        table: wage_table(&paper.copy)?,
        code: code_text(&paper.digest),
        state: paper.state,
        made_at: paper.made_at,
        copy: paper.copy,
    })
}

/// `GET /papers/wages/sheet.xlsx`.
pub(crate) async fn xlsx(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(asked): Query<WageForm>,
) -> Result<Response, WebError> {
    let paper = match paper(&state, &asked, &signed_in.account).await? {
        Ok(paper) => paper,
        Err(answer) => return Ok(*answer),
    };
    let copy = &paper.copy;
    let month = copy.month.replace('-', "");
    let name = format!(
        "{}_工资支付表_{month}_v{}.xlsx",
        copy.team_name, copy.version
    );
    exported(&state, &signed_in.account, &name).await?;
    let foot = papers::SheetFoot {
        code: code_text(&paper.digest),
        version: paper.state,
        made_at: paper.made_at,
    };
    let bytes = papers::wages_xlsx(copy, &foot)
        .map_err(|error| WebError::source("write a spreadsheet")(error.into()))?;
    Ok(spreadsheet(&name, bytes))
}
