//! When the bulk tier may send again: as fast as the city wants.

use sync_wire::Ack;

/// The city may silence the bulk tier for at most this long at a time, ms.
const RETRY_AFTER_MS_MAX: u64 = 600_000;
/// A rate holds for so long if it is not named again, ms.
const RATE_MS: u64 = 600_000;

/// Pauses of the bulk tier. Times are monotonic ms, 0 for none.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    bulk_at_ms: u64,
    /// Records a second of the bulk tier; 0 for no limit.
    rate: u64,
    rate_until_ms: u64,
}

impl Pace {
    pub(crate) fn allows_bulk(&self, now_ms: u64) -> bool {
        self.bulk_at_ms <= now_ms
    }

    /// What an acknowledgement says about the pace.
    pub(crate) fn hear(&mut self, ack: &Ack, now_ms: u64) {
        if let Some(wait_ms) = ack.retry_after_ms {
            self.bulk_at_ms = now_ms.saturating_add(wait_ms.min(RETRY_AFTER_MS_MAX));
        }
        if let Some(rate) = ack.bulk_rate {
            self.rate = rate;
            self.rate_until_ms = now_ms.saturating_add(RATE_MS);
        }
    }

    /// So many records went out by the bulk tier: the next wait until the rate allows them.
    pub(crate) fn sent_bulk(&mut self, records: u64, now_ms: u64) {
        if self.rate == 0 {
            return;
        }
        let wait_ms = records.saturating_mul(1_000) / self.rate;
        self.bulk_at_ms = self.bulk_at_ms.max(now_ms).saturating_add(wait_ms);
    }

    /// Forgets what is over.
    pub(crate) fn keep_time(&mut self, now_ms: u64) {
        if self.bulk_at_ms <= now_ms {
            self.bulk_at_ms = 0;
        }
        if self.rate_until_ms <= now_ms {
            self.rate = 0;
        }
    }

    /// When the pause is over.
    pub(crate) fn next_at_ms(&self) -> Option<u64> {
        (self.bulk_at_ms > 0).then_some(self.bulk_at_ms)
    }
}
