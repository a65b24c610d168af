//! `/import/{job}`: what a file comes to, its progress, its end, and its way back.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use edge_domain::{AuditAct, AuditNote};
use edge_store::{ImportJob, ImportRow};
use serde::Deserialize;

use super::counted::Counted;
use crate::books::Shelf;
use crate::desks::ImportMaker;
use crate::error::{SourceError, WebError};
use crate::intake::{self, Columns, Fate, Field, Stage};
use crate::pages::door::SignedIn;
use crate::pages::layout::{self, Layout};
use crate::pages::site::papers_page::{exported, spreadsheet};
use crate::pages::{audit, error_page};
use crate::papers;
use crate::site_time::minute_text;
use crate::state::WebState;

/// Rows of each list on the page.
const LIST_ROWS_MAX: usize = 200;

/// What the address may carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct JobQuery {
    /// Only the progress: asked for by the page itself.
    #[serde(default)]
    auto: Option<u8>,
}

/// What the forms send.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct JobForm {
    what: String,
}

/// A row in a list.
#[derive(Debug)]
struct RowLine {
    line: u32,
    worker: Option<u32>,
    name: String,
    team: String,
    why: String,
}

/// Rows of one fate.
#[derive(Debug)]
struct RowList {
    id: &'static str,
    title: &'static str,
    class: &'static str,
    open: bool,
    whole: u32,
    /// There are more rows than are listed.
    is_cut: bool,
    lines: Vec<RowLine>,
}

#[derive(Template)]
#[template(path = "part/import_progress.html")]
struct ProgressPart {
    stage: Stage,
    counted: Counted,
}

#[derive(Template)]
#[template(path = "import_job.html")]
struct JobPage {
    layout: Layout,
    job: u64,
    file_name: String,
    account: String,
    when: String,
    stage: Stage,
    counted: Counted,
    notes: Vec<String>,
    lists: Vec<RowList>,
    progress: String,
    script: String,
}

struct Answer {
    job: ImportJob,
    stage: Stage,
    counted: Counted,
    lists: Vec<RowList>,
}

/// `GET /import/{job}`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(job): Path<String>,
    Query(query): Query<JobQuery>,
) -> Result<Response, WebError> {
    let only_part = query.auto.is_some();
    let Some(answer) = look(&state, &job, !only_part).await? else {
        return Ok(error_page::no_such_import());
    };
    let part = ProgressPart {
        stage: answer.stage,
        counted: answer.counted,
    };
    if only_part {
        return layout::page(&part);
    }
    let notes = serde_json::from_str(&answer.job.notes);
    layout::page(&JobPage {
        layout: Layout::new(&state, Some(signed_in.account), "/people"),
        job: answer.job.job,
        file_name: answer.job.file_name,
        account: answer.job.account,
        when: minute_text(answer.job.at),
        stage: answer.stage,
        counted: answer.counted,
        notes: notes.map_err(|error| WebError::source("read an import")(error.into()))?,
        lists: answer.lists,
        progress: part.render().map_err(WebError::Render)?,
        script: crate::assets::address("import.js"),
    })
}

async fn look(state: &WebState, job: &str, lists: bool) -> Result<Option<Answer>, WebError> {
    let Ok(job) = job.parse::<u64>() else {
        return Ok(None);
    };
    state
        .books()
        .ask("read an import", move |shelf| {
            let Some(job) = shelf.reader.import(job)? else {
                return Ok(None);
            };
            let phase = Stage::read(&job.state).ok_or("an import of an unknown state")?;
            let counted = Counted::of(&shelf.reader, &job)?;
            let lists = if lists && !phase.is_running() {
                row_lists(shelf, &job, (phase, counted))?
            } else {
                Vec::new()
            };
            Ok(Some(Answer {
                job,
                stage: phase,
                counted,
                lists,
            }))
        })
        .await
}

fn row_lists(
    shelf: &Shelf,
    job: &ImportJob,
    (stage, counted): (Stage, Counted),
) -> Result<Vec<RowList>, SourceError> {
    let columns = intake::columns_of(job)?;
    let saved = stage != Stage::Ready;
    let mut lists = Vec::new();
    for (fate, id, title, whole) in [
        (Fate::Stands, "stands", "没有撤销", counted.stands),
        (Fate::Refused, "refused", "有错，没有导入", counted.refused),
        (
            Fate::Changed,
            "changed",
            if saved { "已更新" } else { "要更新" },
            counted.changed,
        ),
        (
            Fate::New,
            "new",
            if saved { "已新增" } else { "要新增" },
            counted.new,
        ),
        (Fate::Undone, "undone", "已撤销", counted.undone),
    ] {
        if whole == 0 {
            continue;
        }
        let rows = shelf
            .reader
            .import_rows(job.job, &[fate.code()], (0, LIST_ROWS_MAX))?;
        let lines = rows.iter().map(|row| line(&columns, row));
        let is_bad = matches!(fate, Fate::Refused | Fate::Stands);
        lists.push(RowList {
            id,
            title,
            class: if is_bad { "bad" } else { "" },
            open: match stage {
                Stage::Undone => fate == Fate::Stands,
                Stage::Ready => is_bad || fate == Fate::Changed,
                Stage::Saving | Stage::Saved | Stage::Undoing => is_bad,
            },
            whole,
            is_cut: rows.len() == LIST_ROWS_MAX,
            lines: lines.collect::<Result<_, _>>()?,
        });
    }
    Ok(lists)
}

fn line(columns: &Columns, row: &ImportRow) -> Result<RowLine, SourceError> {
    let cells = intake::texts_of(row)?;
    Ok(RowLine {
        line: row.line,
        worker: row.outcome.worker,
        name: columns.text(&cells, Field::Name).to_owned(),
        team: columns.text(&cells, Field::Team).to_owned(),
        why: row.outcome.why.clone(),
    })
}

/// `POST /import/{job}`: take it in, drop it, take it back.
pub(crate) async fn submit(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(job): Path<String>,
    Form(form): Form<JobForm>,
) -> Result<Response, WebError> {
    let Some(answer) = look(&state, &job, false).await? else {
        return Ok(error_page::no_such_import());
    };
    let job = answer.job.job;
    let step = "turn an import";
    let turn = match form.what.as_str() {
        "save" => (Stage::Ready, Stage::Saving, AuditAct::Imported),
        "undo" => (Stage::Saved, Stage::Undoing, AuditAct::ImportUndone),
        "drop" if answer.stage == Stage::Ready => {
            let dropped = state.imports().remove(job).await;
            dropped.map_err(WebError::source(step))?;
            return Ok(Redirect::to("/import").into_response());
        }
        _ => {
            let back = format!("/import/{job}");
            return Ok(error_page::refused("没有这种操作。", &back));
        }
    };
    let (from, to, what) = turn;
    if answer.stage == from {
        let counted = answer.counted.text(from);
        let note = AuditNote {
            detail: Some(format!("{}，{counted}", answer.job.file_name)),
            ..audit::own(&signed_in.account.name, what)
        };
        audit::record(&state, note).await?;
    }
    let now_ms = state.now_ms();
    let maker: ImportMaker =
        Box::new(move |reader| intake::turn(reader, (job, now_ms), (from, to)));
    let turned = state.imports().carry_out(maker).await;
    if turned.map_err(WebError::source(step))? {
        tracing::info!(job, what = form.what, "A file of people is dealt with");
        state.import_bell().notify_one();
    }
    Ok(Redirect::to(&format!("/import/{job}")).into_response())
}

/// `GET /import/{job}/errors.xlsx`: the rows that were not taken in.
pub(crate) async fn errors(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(job): Path<String>,
) -> Result<Response, WebError> {
    let today = Shelf::today(state.now_ms());
    let Ok(number) = job.parse::<u64>() else {
        return Ok(error_page::no_such_import());
    };
    let bytes = state
        .books()
        .ask("write the rows with errors", move |shelf| {
            let Some(job) = shelf.reader.import(number)? else {
                return Ok(None);
            };
            let words = [Fate::Refused.code()];
            let rows = shelf
                .reader
                .import_rows(number, &words, (0, intake::ROWS_MAX))?;
            let read = |row: &ImportRow| {
                let cells = intake::texts_of(row)?;
                Ok((row.line, cells, row.outcome.why.clone()))
            };
            let rows: Result<Vec<_>, SourceError> = rows.iter().map(read).collect();
            let columns = intake::columns_of(&job)?;
            Ok(Some(papers::errors_xlsx(columns.heads(), &rows?, today)?))
        })
        .await?;
    let Some(bytes) = bytes else {
        return Ok(error_page::no_such_import());
    };
    let name = format!("导入错误_第{number}批.xlsx");
    exported(&state, &signed_in.account, &name).await?;
    Ok(spreadsheet(&name, bytes))
}
