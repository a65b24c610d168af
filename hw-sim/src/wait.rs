//! Sleeping until a moment of `CLOCK_MONOTONIC`.

use std::time::Duration;

use crate::clock;

/// Sleeps until `moment_ns`, for ever if there is none. The runtime's timer rounds up to a millisecond.
pub(crate) async fn until_ns(moment_ns: Option<u64>) {
    match moment_ns {
        Some(moment_ns) => {
            let wait_ns = moment_ns.saturating_sub(clock::mono_ns());
            tokio::time::sleep(Duration::from_nanos(wait_ns)).await;
        }
        None => std::future::pending().await,
    }
}
