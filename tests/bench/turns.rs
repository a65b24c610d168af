//! How long somebody at the gate waits for the box.

use std::time::Duration;

use hw_sim::{GateMoment, GateTiming};
use tests::Result;
use tokio::sync::mpsc;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

/// The time between the last reply and the first open command after it, in ms.
pub(crate) async fn from_reply_to_open(timings: &mut mpsc::Receiver<GateTiming>) -> Result<f64> {
    let mut reply = None;
    loop {
        let timing = timeout(PATIENCE, timings.recv())
            .await?
            .ok_or("the simulator ended")?;
        match (timing.kind, reply) {
            (GateMoment::ReplyWritten, _) => reply = Some(timing.mono_ns),
            (GateMoment::OpenArrived, Some(reply)) => {
                return Ok(timing.mono_ns.saturating_sub(reply) as f64 / 1e6);
            }
            (GateMoment::OpenArrived, None) => {}
        }
    }
}
