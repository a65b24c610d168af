//! `/import`: a file of people is brought, and read before anything is recorded.

use askama::Template;
use axum::body::Body;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::response::{IntoResponse as _, Redirect, Response};
use edge_store::{ImportJob, ImportRow};
use futures_util::StreamExt as _;

use super::counted::Counted;
use crate::books::Shelf;
use crate::error::WebError;
use crate::guard::session::Holder;
use crate::importing::JOBS_MAX;
use crate::intake::{self, FILE_BYTES_MAX, Known, ROWS_MAX, Stage};
use crate::pages::door::SignedIn;
use crate::pages::form::with_status;
use crate::pages::layout::{self, Layout};
use crate::pages::site::papers_page::spreadsheet;
use crate::papers;
use crate::recorder::Refusal;
use crate::site_time::minute_text;
use crate::state::WebState;

const MIB: usize = 1024 * 1024;
/// Of a file that is too large, so much is taken and thrown away: a browser that cannot finish
/// sending shows a broken connection instead of the reason.
const DRAIN_BYTES_MAX: u64 = 256 * 1024 * 1024;
const FILE_NAME_CHARS_MAX: usize = 80;
/// How long a file stays, and can be taken back.
const KEEP_MS: i64 = 30 * 86_400_000;

/// A file in the list.
#[derive(Debug)]
struct JobLine {
    job: u64,
    when: String,
    account: String,
    file_name: String,
    about: String,
    running: bool,
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    layout: Layout,
    lines: Vec<JobLine>,
    problem: Option<String>,
    has_teams: bool,
    bytes_max: usize,
    mib_max: usize,
    rows_max: usize,
    script: String,
}

async fn page(
    state: &WebState,
    account: Holder,
    problem: Option<String>,
) -> Result<Response, WebError> {
    let (lines, has_teams) = state
        .books()
        .ask("read the imports", |shelf| {
            let mut lines = Vec::new();
            for job in shelf.reader.imports(JOBS_MAX)? {
                let phase = Stage::read(&job.state).unwrap_or(Stage::Ready);
                lines.push(JobLine {
                    job: job.job,
                    when: minute_text(job.at),
                    about: Counted::of(&shelf.reader, &job)?.text(phase),
                    running: phase.is_running(),
                    account: job.account,
                    file_name: job.file_name,
                });
            }
            Ok((lines, !shelf.directory()?.teams.is_empty()))
        })
        .await?;
    layout::page(&ImportPage {
        layout: Layout::new(state, Some(account), "/people"),
        lines,
        problem,
        has_teams,
        bytes_max: FILE_BYTES_MAX,
        mib_max: FILE_BYTES_MAX / MIB,
        rows_max: ROWS_MAX,
        script: crate::assets::address("import.js"),
    })
}

/// `GET /import`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
) -> Result<Response, WebError> {
    page(&state, signed_in.account, None).await
}

/// `GET /import/template.xlsx`.
pub(crate) async fn template(
    State(state): State<WebState>,
    _: SignedIn,
) -> Result<Response, WebError> {
    let bytes = state
        .books()
        .ask("write the template", |shelf| {
            let directory = shelf.directory()?;
            let names: Vec<String> = directory.teams.iter().map(|one| one.name.clone()).collect();
            Ok(papers::template_xlsx(&names)?)
        })
        .await?;
    Ok(spreadsheet("花名册导入模板.xlsx", bytes))
}

/// `POST /import`: the file is read and checked; nothing of it is recorded yet.
pub(crate) async fn submit(
    State(state): State<WebState>,
    signed_in: SignedIn,
    request: Request,
) -> Result<Response, WebError> {
    let account = signed_in.account;
    let brought = match file(&state, request).await {
        Ok((name, bytes)) => read(&state, (&account.name, name), bytes).await?,
        Err(refusal) => Err(refusal),
    };
    match brought {
        Ok(job) => {
            tracing::info!(job, "A file of people was brought");
            Ok(Redirect::to(&format!("/import/{job}")).into_response())
        }
        Err(Refusal(problem)) => {
            tracing::info!("A file of people was refused");
            let shown = page(&state, account, Some(problem)).await?;
            Ok(with_status(shown, StatusCode::UNPROCESSABLE_ENTITY))
        }
    }
}

fn too_large() -> Refusal {
    Refusal(format!(
        "文件太大，没有读。最多 {} MB：{ROWS_MAX} 人的名单也用不到这么大，请去掉图片和多余的工作表，或分成几个文件。",
        FILE_BYTES_MAX / MIB
    ))
}

/// The first file of the form, with its name.
pub(crate) async fn file(state: &WebState, request: Request) -> Result<(String, Vec<u8>), Refusal> {
    let broken = |_| Refusal::new("文件没有传完，请重试。");
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|text| text.to_str().ok()?.parse::<u64>().ok());
    let most = u64::try_from(FILE_BYTES_MAX + MIB / 16).unwrap_or(u64::MAX);
    if length.is_some_and(|length| length > most) {
        drain(request.into_body()).await;
        return Err(too_large());
    }
    let form = Multipart::from_request(request, state).await;
    let mut form = form.map_err(|_| Refusal::new("文件没有传上来，请回到上一页选好文件再传。"))?;
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        if field.name() != Some("file") {
            continue;
        }
        let name = shown_name(field.file_name().unwrap_or_default());
        let mut bytes = Vec::new();
        while let Some(part) = field.chunk().await.map_err(broken)? {
            bytes.extend_from_slice(&part);
            if bytes.len() > FILE_BYTES_MAX {
                return Err(too_large());
            }
        }
        if bytes.is_empty() {
            break;
        }
        return Ok((name, bytes));
    }
    Err(Refusal::new("没有选文件，请先选好文件再传。"))
}

/// Takes what still comes, and keeps nothing of it.
async fn drain(body: Body) {
    let mut parts = body.into_data_stream();
    let mut taken = 0_u64;
    while let Some(Ok(part)) = parts.next().await {
        taken = taken.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
        if taken > DRAIN_BYTES_MAX {
            return;
        }
    }
}

/// A file's name without its folders; it is only ever shown.
fn shown_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last
        .chars()
        .filter(|one| !one.is_control())
        .take(FILE_NAME_CHARS_MAX)
        .collect();
    if shown.trim().is_empty() {
        "未命名".to_owned()
    } else {
        shown
    }
}

/// Reads, checks and keeps a file; gives its number.
async fn read(
    state: &WebState,
    (account, file_name): (&str, String),
    bytes: Vec<u8>,
) -> Result<Result<u64, Refusal>, WebError> {
    // The semaphore is never closed.
    let _turn = state.import_turn().acquire().await.ok();
    let answer = state.imports().read(bytes).await;
    let answer = answer.map_err(WebError::source("read a file"))?;
    let table = tokio::task::spawn_blocking(move || intake::answered(answer.as_deref())).await;
    let (mut table, columns) = match table.map_err(WebError::Background)? {
        Ok(read) => read,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let now_ms = state.now_ms();
    let left_out: Vec<String> = columns.left_out().into_iter().map(str::to_owned).collect();
    if !left_out.is_empty() {
        let heads = left_out.join("、");
        let note = format!("这些列系统还没有对应的资料，没有读：{heads}");
        table.notes.push(note);
    }
    let head = columns.heads().to_vec();
    let (rows, notes): (Vec<ImportRow>, Vec<String>) = state
        .books()
        .ask("check a file", move |shelf| {
            let mut known = Known::read(&shelf.reader)?;
            let today = Shelf::today(now_ms);
            let rows = intake::check(&mut table, &columns, &mut known, today)?;
            Ok((rows, table.notes))
        })
        .await?;
    if rows.is_empty() {
        return Ok(Err(Refusal::new("表头下面没有可导入的人。")));
    }
    let json = |texts: &[String]| {
        serde_json::to_string(texts).map_err(|error| WebError::source("keep a file")(error.into()))
    };
    let job = ImportJob {
        file_name,
        account: account.to_owned(),
        at: now_ms,
        head: json(&head)?,
        notes: json(&notes)?,
        state: Stage::Ready.code().to_owned(),
        state_at: now_ms,
        ..ImportJob::default()
    };
    let at_rest = Stage::AT_REST.map(|stage| stage.code().to_owned());
    let forget = (now_ms.saturating_sub(KEEP_MS), at_rest.into());
    let begun = state.imports().begin(job, rows, forget).await;
    begun.map(Ok).map_err(WebError::source("keep a file"))
}

#[cfg(test)]
mod tests {
    use super::shown_name;

    #[test]
    fn a_files_name_brings_no_folders() {
        for (sent, shown) in [
            ("花名册.xlsx", "花名册.xlsx"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\x\\名单.csv", "名单.csv"),
            ("a\r\nSet-Cookie: x", "aSet-Cookie: x"),
            ("..", ".."),
            ("/", "未命名"),
            ("", "未命名"),
        ] {
            assert_eq!(shown_name(sent), shown);
        }
        assert_eq!(shown_name(&"长".repeat(500)).chars().count(), 80);
    }
}
