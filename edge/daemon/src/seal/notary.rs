//! When a checkpoint is due, and the task that asks for it.

use std::sync::Arc;
use std::time::Duration;

use edge_store::{Head, Writer};
use sync_wire::checkpoint::{CHECKPOINT_MS, CHECKPOINT_RECORDS};
use sync_wire::down::SigningKey;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::clock::Clock;
use crate::records;

/// A checkpoint waits for so long a quiet moment: nobody at the gate shall wait for its commit …
const QUIET: Duration = Duration::from_millis(300);
/// … but no longer than this.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause before a checkpoint that could not be committed is tried again, ms.
const AGAIN_MS: u64 = 60_000;

/// The rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pace {
    /// The last checkpoint.
    last: u64,
    /// When it was made, or when the box started; monotonic ms.
    at_ms: u64,
    /// Not before this.
    not_before_ms: u64,
}

impl Pace {
    /// In how many ms a checkpoint is due; nothing where there is nothing new.
    fn due_in(&mut self, head: u64, now_ms: u64) -> Option<u64> {
        if head < self.last {
            // A new epoch.
            self.last = 0;
        }
        let new = head.saturating_sub(self.last);
        let at_ms = match new {
            0 => return None,
            CHECKPOINT_RECORDS.. => now_ms,
            _ => self.at_ms.saturating_add(CHECKPOINT_MS),
        };
        Some(at_ms.max(self.not_before_ms).saturating_sub(now_ms))
    }

    fn made(&mut self, seq: u64, now_ms: u64) {
        (self.last, self.at_ms) = (seq, now_ms);
    }

    fn failed(&mut self, now_ms: u64) {
        self.not_before_ms = now_ms.saturating_add(AGAIN_MS);
    }
}

/// Signs the ledger whenever that is due, until the writer is gone; `last` is the checkpoint before.
pub(crate) async fn keep_checkpoints(
    writer: Writer,
    clock: Clock,
    key: Arc<SigningKey>,
    last: u64,
) {
    let mut heads = writer.head();
    let mut pace = Pace {
        last,
        at_ms: clock.now().mono_ms,
        not_before_ms: 0,
    };
    loop {
        let head = heads.borrow_and_update().seq;
        let wait = match pace.due_in(head, clock.now().mono_ms) {
            Some(0) => {
                settle(&mut heads).await;
                let now = clock.now();
                let stamp = records::stamp(now);
                match writer.checkpoint(stamp, Arc::clone(&key), None).await {
                    Ok(Some(made)) => pace.made(made.last_seq, now.mono_ms),
                    Ok(None) => pace.made(heads.borrow().seq, now.mono_ms),
                    Err(error) => {
                        tracing::error!(%error, "No checkpoint");
                        pace.failed(now.mono_ms);
                    }
                }
                continue;
            }
            Some(ms) => Duration::from_millis(ms),
            None => Duration::MAX,
        };
        // That nothing happened is no fault: the wait is over.
        if let Ok(Err(_gone)) = timeout(wait, heads.changed()).await {
            return;
        }
    }
}

/// Waits for a quiet moment.
async fn settle(heads: &mut watch::Receiver<Head>) {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        heads.mark_unchanged();
        tokio::select! {
            changed = heads.changed() => if changed.is_err() { return },
            () = sleep(QUIET) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_256_records_or_ten_minutes_with_new_ones() {
        let mut pace = Pace {
            last: 0,
            at_ms: 1_000,
            not_before_ms: 0,
        };
        assert_eq!(pace.due_in(0, 5_000_000), None, "nothing new");
        assert_eq!(pace.due_in(1, 1_000), Some(600_000));
        assert_eq!(pace.due_in(255, 301_000), Some(300_000));
        assert_eq!(pace.due_in(256, 1_001), Some(0));
        assert_eq!(pace.due_in(7, 601_000), Some(0));
        assert_eq!(pace.due_in(7, 9_601_000), Some(0), "late is now");
        pace.made(257, 700_000);
        assert_eq!(pace.due_in(257, 9_000_000), None, "itself is nothing new");
        assert_eq!(pace.due_in(258, 700_000), Some(600_000));
        assert_eq!(pace.due_in(513, 700_000), Some(0));
        pace.failed(700_000);
        assert_eq!(pace.due_in(513, 700_000), Some(60_000));
        // A new epoch begins at 1.
        assert_eq!(pace.due_in(2, 800_000), Some(500_000));
        assert_eq!(pace.last, 0);
    }
}
