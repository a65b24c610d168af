//! What systemd hears: ready, status, and a watchdog fed by work that was really done.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::watch;
use tokio::time::{Instant, interval};

/// Work that proves the box alive, counted by those who do it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Proofs {
    /// Real commits of the ledger's writer, and those that a full, read-only or broken disk refused:
    /// the writer lives, and another process would meet the same disk.
    pub(crate) commits: u64,
    /// Real turns of the sync loop, `None` where no city is configured.
    pub(crate) sync_turns: Option<u64>,
}

impl Proofs {
    /// True if every kind of work has moved on since `earlier`.
    pub(crate) fn moved_since(self, earlier: Self) -> bool {
        let synced = self
            .sync_turns
            .is_none_or(|now| now > earlier.sync_turns.unwrap_or(0));
        self.commits > earlier.commits && synced
    }
}

/// Tells systemd something; on a machine without systemd it does nothing.
pub(crate) fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "Could not tell systemd");
    }
}

/// Says READY=1 with a status line.
pub(crate) fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// How often proofs of life are wanted: `usual`, or more often where the watchdog's limit is short.
pub(crate) fn pace(usual: Duration) -> Duration {
    sd_notify::watchdog_enabled().map_or(usual, |limit| usual.min(limit / 4))
}

/// Waits until the process is told to stop.
///
/// # Errors
/// The system gives no signals.
pub(crate) async fn told_to_stop() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        result = tokio::signal::ctrl_c() => result,
    }
}

/// Feeds the watchdog whenever all proofs have moved; a stalled commit or sync loop starves it.
pub(crate) async fn feed_watchdog(mut proofs: watch::Receiver<Proofs>) {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return std::future::pending().await;
    };
    let mut tick = interval(limit / 4);
    let mut fed = *proofs.borrow_and_update();
    let mut fed_at = Instant::now();
    loop {
        tick.tick().await;
        let now = *proofs.borrow_and_update();
        if now.moved_since(fed) {
            notify(&[NotifyState::Watchdog]);
            fed = now;
            fed_at = Instant::now();
        } else if fed_at.elapsed() > limit.saturating_sub(Duration::from_secs(5)) {
            tracing::error!(
                ?now,
                ?fed,
                "No commit or no sync turn, the watchdog is not fed"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stalled_commit_or_a_stalled_sync_starves_the_watchdog() {
        let before = Proofs {
            commits: 3,
            sync_turns: Some(7),
        };
        assert!(
            Proofs {
                commits: 4,
                sync_turns: Some(8)
            }
            .moved_since(before)
        );
        assert!(
            !Proofs {
                commits: 3,
                sync_turns: Some(8)
            }
            .moved_since(before)
        );
        assert!(
            !Proofs {
                commits: 4,
                sync_turns: Some(7)
            }
            .moved_since(before)
        );
        for sync_turns in [None, Some(1)] {
            let first = Proofs {
                commits: 1,
                sync_turns,
            };
            assert!(first.moved_since(Proofs::default()), "{first:?}");
        }
    }
}
