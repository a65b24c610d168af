//! `/verify`: the sheet that belongs to the code (校验码) on a paper, as it was.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use edge_domain::{WageMonth, WageSheet, WageStep};
use edge_store::{KeptSheet, MonthClose};
use serde::Deserialize;

use super::sheets;
use crate::books::{SheetCopy, WageCopy, code_text, digest, read_code};
use crate::error::{SourceError, WebError};
use crate::pages::door::SignedIn;
use crate::pages::layout::{self, Layout};
use crate::site_time::{minute_text, parse_month};
use crate::state::WebState;

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct VerifyQuery {
    code: String,
}

/// A sheet that was found.
#[derive(Debug)]
struct Found {
    /// `钢筋一班 2026年10月 考勤表`.
    title: String,
    people: usize,
    /// What all of it comes to.
    total: String,
    table: String,
    code: String,
    /// What the clerk or inspector is told: class, sign and sentence.
    class: &'static str,
    mark: &'static str,
    verdict: String,
    made_at: String,
    version: String,
}

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage {
    layout: Layout,
    print_style: String,
    typed: String,
    problem: Option<String>,
    found: Option<Found>,
}

/// What the box keeps of a code.
struct Kept {
    copy: SheetCopy,
    is_whole: bool,
    digest: String,
    made_ms: i64,
    closed: Option<MonthClose>,
    /// The newest version of that team and month.
    newest: Option<MonthClose>,
}

enum Answer {
    Nothing,
    TooShort,
    Kept(Box<Kept>),
    Wages(Box<KeptWages>),
}

/// A wage sheet that the box keeps.
struct KeptWages {
    copy: WageCopy,
    is_whole: bool,
    digest: String,
    made_ms: i64,
    /// The newest step of its team and month, and whether that is of this very sheet.
    last: Option<(WageSheet, bool)>,
}

/// `GET /verify`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<VerifyQuery>,
) -> Result<Response, WebError> {
    let only = signed_in.account.duty.team();
    let mut page = VerifyPage {
        layout: Layout::new(&state, Some(signed_in.account), "/papers"),
        print_style: crate::assets::address("print.css"),
        typed: query.code.chars().take(80).collect(),
        problem: None,
        found: None,
    };
    if query.code.trim().is_empty() {
        return layout::page(&page);
    }
    let Some(begin) = read_code(&query.code) else {
        page.problem = Some(
            "校验码看不懂：应是纸上右下角的 12 位数字和字母（0 到 9、A 到 F），例如 A1B2-C3D4-E5F6。"
                .to_owned(),
        );
        return layout::page(&page);
    };
    let answer = state
        .books()
        .ask("find a sheet", move |shelf| look(shelf, &begin))
        .await?;
    match answer {
        Answer::Kept(kept) if only.is_none() || only == Some(kept.copy.team()) => {
            page.found = Some(found(&kept)?);
        }
        Answer::Wages(kept) if only.is_none() || only == Some(kept.copy.team()) => {
            page.found = Some(found_wages(&kept)?);
        }
        Answer::TooShort => {
            page.problem = Some("这几位校验码对得上不止一张表，请把 12 位都输全。".to_owned());
        }
        Answer::Kept(_) | Answer::Wages(_) | Answer::Nothing => {
            page.problem = Some(
                "本机没有打印过这个校验码的表。请先核对有没有输错；没有输错的话，这张纸不是本机出的，或者被改过。"
                    .to_owned(),
            );
        }
    }
    layout::page(&page)
}

fn look(shelf: &mut crate::books::Shelf, begin: &str) -> Result<Answer, SourceError> {
    let mut kept = shelf.reader.sheets(begin)?;
    let Some(sheet) = kept.pop() else {
        return Ok(Answer::Nothing);
    };
    if !kept.is_empty() {
        return Ok(Answer::TooShort);
    }
    if let Ok(copy) = WageCopy::read(&sheet.body) {
        return Ok(Answer::Wages(Box::new(wages(shelf, &sheet, copy)?)));
    }
    let closes = shelf.reader.month_closes(&sheet.month)?;
    let newest = closes.into_iter().rfind(|close| close.team == sheet.team);
    Ok(Answer::Kept(Box::new(Kept {
        copy: SheetCopy::read(&sheet.body)?,
        is_whole: digest(&sheet.body) == sheet.digest,
        made_ms: sheet.made_ms,
        closed: shelf.reader.closed_as(&sheet.digest)?,
        digest: sheet.digest,
        newest,
    })))
}

fn wages(
    shelf: &crate::books::Shelf,
    sheet: &KeptSheet,
    copy: WageCopy,
) -> Result<KeptWages, SourceError> {
    let first = parse_month(&sheet.month);
    let last = match first {
        Some(first) => {
            let team = sheet.team;
            let steps = shelf.reader.wages().steps(WageMonth { first, team })?;
            steps.last().map(|(one, _)| {
                let is_this = one.digest == sheet.digest && one.step != WageStep::Returned;
                (one.clone(), is_this)
            })
        }
        None => None,
    };
    Ok(KeptWages {
        is_whole: digest(&sheet.body) == sheet.digest,
        made_ms: sheet.made_ms,
        digest: sheet.digest.clone(),
        last,
        copy,
    })
}

fn found_wages(kept: &KeptWages) -> Result<Found, WebError> {
    let (class, mark, verdict) = match &kept.last {
        _ if !kept.is_whole => ("bad", "✖", ALTERED.to_owned()),
        Some((last, true)) => (
            "good",
            "✔",
            format!(
                "是本机出的工资支付表，第 {} 版，现在的状态是“{}”。请逐行与纸面核对，应完全一致。",
                last.version,
                last.step.text()
            ),
        ),
        Some((last, false)) => (
            "warn",
            "!",
            format!(
                "是本机出的工资支付表，但这一版已退回，现在是第 {} 版（{}）。",
                last.version,
                last.step.text()
            ),
        ),
        None => (
            "warn",
            "!",
            "是本机出的工资支付表，但没有编制完成。".to_owned(),
        ),
    };
    Ok(Found {
        title: format!(
            "{} {} 工资支付表",
            kept.copy.team_name,
            kept.copy.month_text()
        ),
        people: kept.copy.rows.len(),
        total: format!("实发 {} 元", kept.copy.totals().1),
        table: sheets::wage_table(&kept.copy)?,
        code: code_text(&kept.digest),
        class,
        mark,
        verdict,
        made_at: minute_text(kept.made_ms),
        version: String::new(),
    })
}

const ALTERED: &str =
    "本机留存的这张表和它的校验码对不上，文件可能被改动过。请保留现场，联系运维。";

fn found(kept: &Kept) -> Result<Found, WebError> {
    let newest = kept.newest.as_ref();
    let later = newest.filter(|newest| newest.digest != kept.digest);
    let (class, mark, verdict) = match (&kept.closed, later) {
        _ if !kept.is_whole => ("bad", "✖", ALTERED.to_owned()),
        (Some(_), None) => (
            "good",
            "✔",
            "是本机出的表，已关账，是最新版。请逐行与纸面核对，应完全一致。".to_owned(),
        ),
        (Some(_), Some(later)) => (
            "warn",
            "!",
            format!(
                "是本机出的表，但后来有迟到的记录，已有{}。",
                sheets::close_text(later)
            ),
        ),
        (None, Some(later)) => (
            "warn",
            "!",
            format!(
                "是本机在关账前打印的表，签字应以{}的为准。",
                sheets::close_text(later)
            ),
        ),
        (None, None) => (
            "warn",
            "!",
            "是本机出的表，但这个月还没有关账，数字以后可能变。".to_owned(),
        ),
    };
    Ok(Found {
        table: sheets::table(&kept.copy)?,
        code: code_text(&kept.digest),
        class,
        mark,
        verdict,
        made_at: minute_text(kept.made_ms),
        version: kept
            .closed
            .as_ref()
            .map(sheets::close_text)
            .unwrap_or_default(),
        title: format!("{} {} 考勤表", kept.copy.team_name, kept.copy.month_text()),
        people: kept.copy.rows.len(),
        total: format!("共 {} 工日", kept.copy.total_days_text()),
    })
}
