//! What systemd hears: ready, status, and a watchdog fed by work that was really done.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::watch;
use tokio::time::{Instant, interval};

/// Work that proves the box alive, counted by those who do it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Proofs {
    /// Real commits of the ledger's writer.
    pub(crate) commits: u64,
    /// Real turns of the sync loop, `None` where no city is configured.
    pub(crate) sync_turns: Option<u64>,
}

impl Proofs {
    /// True if every kind of work has moved on since `earlier`.
    pub(crate) fn moved_since(self, earlier: Self) -> bool {
        let synced = match (self.sync_turns, earlier.sync_turns) {
            (Some(now), Some(before)) => now > before,
            (None, _) => true,
            (Some(_), None) => false,
        };
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
        assert!(
            Proofs {
                commits: 1,
                sync_turns: None
            }
            .moved_since(Proofs::default())
        );
    }
}
