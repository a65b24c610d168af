//! Takes the clerk's files in, step by step, whether or not anybody looks: what was begun goes on
//! after a tab is closed and after the box was started again.

use std::time::Duration;

use crate::books::Shelf;
use crate::desks::ImportMaker;
use crate::error::WebError;
use crate::intake::{self, Stage};
use crate::state::WebState;

/// Files that are looked through for something to do.
pub(crate) const JOBS_MAX: usize = 50;
/// Pause after a step that the box's file did not take.
const PAUSE: Duration = Duration::from_secs(5);

/// Runs until the screen stops.
pub(crate) async fn run_imports(state: WebState) {
    let stop = state.stop().clone();
    loop {
        let waiting = async {
            if let Err(error) = finish_open(&state).await {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "A file of the clerk's waits");
                tokio::time::sleep(PAUSE).await;
            } else {
                state.import_bell().notified().await;
            }
        };
        tokio::select! {
            () = waiting => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Finishes what was begun, the oldest file first; one that fails holds up no other.
async fn finish_open(state: &WebState) -> Result<(), WebError> {
    let jobs = state
        .books()
        .ask("look for open imports", |shelf| {
            Ok(shelf.reader.imports(JOBS_MAX)?)
        })
        .await?;
    let mut failed = None;
    for job in jobs.into_iter().rev() {
        if Stage::read(&job.state).is_some_and(Stage::is_running)
            && let Err(error) = finish(state, job.job).await
        {
            failed = Some(error);
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn finish(state: &WebState, job: u64) -> Result<(), WebError> {
    loop {
        let now_ms = state.now_ms();
        let when = (now_ms, Shelf::today(now_ms));
        let maker: ImportMaker = Box::new(move |reader| intake::next_step(reader, job, when));
        let made = state.imports().carry_out(maker).await;
        if !made.map_err(WebError::source("take a step of an import"))? {
            tracing::info!(job, "A file of the clerk's is dealt with");
            return Ok(());
        }
    }
}
