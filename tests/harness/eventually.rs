//! Waiting for a state, never for a time.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::Result;

/// How long any state may take to come about before the test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Asks again and again until `ask` answers `Some`; fails with `what` when patience ends.
pub async fn eventually<T>(
    what: &str,
    mut ask: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if start.elapsed() > PATIENCE {
            return Err(format!("gave up waiting: {what}").into());
        }
        sleep(LOOK_EVERY).await;
    }
}
