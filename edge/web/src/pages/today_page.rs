//! `/`: 今日, the site on one page.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::door::SignedIn;
use super::error_page;
use super::fragments::{self, Fragments};
use super::layout::{self, Layout};
use super::site::to_do::{ToDo, to_do};
use crate::error::WebError;
use crate::state::{ROWS_MAX, WebState};

/// A page may be this much behind the ledger; the live stream brings the rest.
const AGE_MAX: Duration = Duration::from_millis(250);

#[derive(Template)]
#[template(path = "today.html")]
struct TodayPage {
    layout: Layout,
    date: String,
    time: String,
    /// What waits, as of the page's time; `None` where it cannot be read.
    to_do: Option<Vec<ToDo>>,
    parts: Fragments,
    rows: String,
    rows_max: usize,
    /// Newest passage on the page, where the live stream goes on.
    newest: u64,
}

/// `GET /`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
) -> Result<Response, WebError> {
    let today = state.today(AGE_MAX).await?;
    let health = state.health();
    let counts = state.day_counts(AGE_MAX).await?;
    let parts = Fragments::render(&state, &today, counts, &health)?;
    let rows = today
        .rows
        .iter()
        .map(|row| fragments::row(row, health.sync.acked_through))
        .collect::<Result<String, WebError>>()?;
    let rows = if rows.is_empty() {
        fragments::empty(&today)?
    } else {
        rows
    };
    let (date, time) = fragments::now_texts(state.now_ms());
    let newest = today.rows.iter().map(|row| row.seq).max().unwrap_or(0);
    let layout = Layout::new(&state, Some(signed_in.account), "/");
    let to_do = match to_do(&state, &layout).await {
        Ok(to_do) => Some(to_do),
        Err(error) => {
            // The day is worth showing without it.
            error_page::log(&error);
            None
        }
    };
    layout::page(&TodayPage {
        layout,
        date,
        time,
        to_do,
        parts,
        rows,
        rows_max: ROWS_MAX,
        newest,
    })
}
