//! `/upload`: what the city has, what it cannot use and why, and every record's state.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use edge_store::RecordLine;
use serde::Deserialize;

use crate::books::{Directory, kind_word};
use crate::error::WebError;
use crate::pages::door::SignedIn;
use crate::pages::fragments;
use crate::pages::layout::{self, Layout};
use crate::site_time::{clock_text, grouped, second_text};
use crate::state::WebState;
use crate::view::PhotosView;

/// Records on one page.
const LINES_MAX: usize = 50;
/// Records in the list of those that the city cannot use; the oldest, because a fix begins there.
const PARKED_MAX: usize = 200;

/// What the address carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct UploadQuery {
    /// `waiting` shows only what the city does not have.
    #[serde(default)]
    state: String,
    /// Only records before this number.
    #[serde(default)]
    before: String,
}

#[derive(Debug)]
struct Line {
    seq: u64,
    is_older: bool,
    when: String,
    kind: &'static str,
    who: Option<(u32, String)>,
    acknowledged: bool,
    reason: Option<String>,
}

/// Pictures on their way, as the card shows them.
#[derive(Debug)]
struct PhotosCard {
    basis: String,
    waiting: String,
    refused: Option<String>,
    sent: Option<String>,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "upload.html")]
struct UploadPage {
    layout: Layout,
    now: String,
    card: String,
    acked_through: String,
    photos: Option<PhotosCard>,
    parked: Vec<Line>,
    parked_count: String,
    is_cut: bool,
    lines: Vec<Line>,
    backlog: String,
    only_waiting: bool,
    is_first: bool,
    next: Option<u64>,
}

/// `GET /upload`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<UploadQuery>,
) -> Result<Response, WebError> {
    let only_waiting = query.state == "waiting";
    let before: Option<u64> = query.before.parse().ok();
    let (parked, count, lines) = state
        .books()
        .ask("read records on their way", move |shelf| {
            let directory = shelf.directory()?;
            let show = |records: Vec<RecordLine>| -> Vec<Line> {
                records
                    .into_iter()
                    .map(|record| line(&directory, record))
                    .collect()
            };
            let (parked, count) = shelf.parked(PARKED_MAX)?;
            let lines = shelf.record_lines(before, only_waiting, LINES_MAX)?;
            Ok((show(parked), count, show(lines)))
        })
        .await?;
    let (health, now_ms) = (state.health(), state.now_ms());
    let sync = health.sync;
    layout::page(&UploadPage {
        layout: Layout::new(&state, Some(signed_in.account), "/upload"),
        now: clock_text(now_ms),
        card: fragments::upload_card(&sync, now_ms)?,
        acked_through: grouped(sync.acked_through),
        photos: health.photos.map(photos),
        parked_count: grouped(count),
        is_cut: count > u64::try_from(parked.len()).unwrap_or(u64::MAX),
        parked,
        backlog: grouped(sync.backlog),
        only_waiting,
        is_first: before.is_none(),
        next: lines
            .last()
            .filter(|last| lines.len() == LINES_MAX && last.seq > 1)
            .map(|last| last.seq),
        lines,
    })
}

fn photos(view: PhotosView) -> PhotosCard {
    PhotosCard {
        basis: view.basis,
        waiting: grouped(view.waiting),
        refused: (view.refused > 0).then(|| grouped(view.refused)),
        sent: view.sent_at_ms.map(second_text),
        problem: view.problem,
    }
}

fn line(directory: &Directory, record: RecordLine) -> Line {
    let who = record.worker.map(|worker| {
        let name = directory.person(worker).map_or_else(
            || format!("工号 {}", worker.0),
            |person| person.name().reveal().to_owned(),
        );
        (worker.0, name)
    });
    Line {
        seq: record.seq,
        is_older: record.older_epoch.is_some(),
        when: second_text(record.at),
        kind: kind_word(&record.kind),
        who,
        acknowledged: record.acknowledged,
        reason: record.parked.map(|parked| parked.message),
    }
}
