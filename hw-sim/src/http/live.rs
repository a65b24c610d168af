//! Changes as they happen: event `state` (what moves) and event `line` (each new line of the journal).

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::future::select_all;
use futures_util::stream::{Stream, unfold};
use serde::Serialize;
use tokio::sync::broadcast::{self, error::RecvError};

use super::server::Stage;
use super::state::moving;
use crate::journal::Line;

/// Changes closer together than this are sent as one.
const TOGETHER: Duration = Duration::from_millis(50);
/// A sign of life, so that the page can tell a quiet site from a lost one.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

type Change = Pin<Box<dyn Future<Output = ()> + Send>>;

/// `GET /api/events`.
pub(super) fn events(
    State(stage): State<Stage>,
) -> Ready<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let lines = stage.site.journal().listen();
    let changes = changes(&stage);
    let first = true;
    let stream = unfold(
        Listener {
            stage,
            lines,
            changes,
            first,
        },
        |mut listener| async move {
            let event = listener.next().await?;
            Some((Ok(event), listener))
        },
    );
    ready(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

struct Listener {
    stage: Stage,
    lines: broadcast::Receiver<Line>,
    changes: Vec<Change>,
    first: bool,
}

impl Listener {
    /// The next event; nothing when the site is gone.
    async fn next(&mut self) -> Option<Event> {
        if std::mem::take(&mut self.first) {
            return event("state", &moving(&self.stage));
        }
        loop {
            tokio::select! {
                biased;
                line = self.lines.recv() => match line {
                    Ok(line) => return event("line", &line),
                    // The page misses some lines of its list; the file has them all.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                },
                _ = select_all(self.changes.iter_mut()) => {
                    tokio::time::sleep(TOGETHER).await;
                    self.changes = changes(&self.stage);
                    return event("state", &moving(&self.stage));
                }
            }
        }
    }
}

/// One future for everything that can change.
fn changes(stage: &Stage) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut play = stage.play_view();
    changes.push(Box::pin(async move { ended(play.changed().await).await }));
    for reader in stage.site.readers() {
        let mut view = reader.view();
        view.mark_unchanged();
        changes.push(Box::pin(async move { ended(view.changed().await).await }));
    }
    for lane in stage.site.lanes() {
        let mut view = lane.view();
        view.mark_unchanged();
        changes.push(Box::pin(async move { ended(view.changed().await).await }));
    }
    changes
}

/// A device that has stopped does not change any more.
async fn ended<E>(changed: Result<(), E>) {
    if changed.is_err() {
        std::future::pending::<()>().await;
    }
}

fn event<T: Serialize>(name: &str, data: &T) -> Option<Event> {
    Event::default().event(name).json_data(data).ok()
}
