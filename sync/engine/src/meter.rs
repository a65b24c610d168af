//! How long the way to the city and back takes, and how much it carries: measured on the present
//! connection, by the answers to hellos and records.
//!
//! Bulk fills the line and no more than a second's queue before it, so that a live record does not
//! wait behind the backlog, however slow the line is. On a fast line the windows of
//! [`Settings`] are the bound.

use sync_wire::message::MESSAGE_BYTES_MAX;

use crate::settings::Settings;

/// Bulk on its way before anything is measured, bytes.
const FIRST_BYTES: u64 = 8 * 1024;
/// Bulk on its way at least, however slow the line, bytes.
const ROOM_BYTES_MIN: u64 = 2 * 1024;
/// A bulk message is not made smaller than this, bytes.
const PIECE_BYTES_MIN: u64 = 1024;
/// A measured rate holds for so long, or for three times the way, ms; then a lower one counts, too.
const RATE_MS: u64 = 5_000;
/// The shortest way holds for so long, or for ten times itself, ms; then it is measured anew with
/// next to nothing on the line, for what is on it makes the way longer.
const SHORTEST_MS: u64 = 60_000;
/// No answer is waited for longer than this, ms.
const PATIENCE_MS_MAX: u64 = 600_000;

/// What is known of a message when it goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trip {
    /// When, monotonic ms.
    pub(crate) at_ms: u64,
    /// Its length.
    pub(crate) bytes: u64,
    /// Bytes that had arrived before it went out, and when the last of them had.
    delivered: u64,
    delivered_at_ms: u64,
    /// It filled the room that there was: without this, the line would have carried more.
    is_full: bool,
    /// Some of it went out before: nobody knows which of the two is answered.
    is_again: bool,
}

/// What is known of the line.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    /// Smoothed time to an answer, ms.
    smooth_ms: Option<u64>,
    /// Answers in a row that did not come in time.
    late: u32,
    /// The shortest time to an answer, and when it was measured, ms.
    shortest: Option<(u64, u64)>,
    /// Since when the shortest way is measured anew, monotonic ms.
    probe_from_ms: Option<u64>,
    delivered: u64,
    delivered_at_ms: u64,
    /// Bytes a second, and when they were measured, ms.
    rate: Option<(u64, u64)>,
    /// Whether more on the line still brings more.
    is_growing: bool,
    /// The rate of the round before, and where the present one ends.
    before: u64,
    round_end: u64,
    /// When what went out has left the box, at a little more than the rate: what fits into the delay of
    /// the line does not go out at once, or a live record would wait behind all of it, monotonic ms.
    busy_until_ms: u64,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            smooth_ms: None,
            late: 0,
            shortest: None,
            probe_from_ms: None,
            delivered: 0,
            delivered_at_ms: 0,
            rate: None,
            is_growing: true,
            before: 0,
            round_end: 0,
            busy_until_ms: 0,
        }
    }
}

impl Meter {
    /// A message goes out. `is_alone`: nothing else is on its way; `is_full`, `is_again`: see [`Trip`].
    pub(crate) fn departs(
        &mut self,
        (bytes, now_ms): (u64, u64),
        is_alone: bool,
        (is_full, is_again): (bool, bool),
    ) -> Trip {
        if is_alone {
            self.delivered_at_ms = now_ms;
        }
        if let Some((rate, _)) = self.rate {
            let more = if self.is_growing { rate } else { rate / 4 };
            let takes_ms = bytes.saturating_mul(1_000) / rate.saturating_add(more).max(1);
            self.busy_until_ms = self.busy_until_ms.max(now_ms).saturating_add(takes_ms);
        }
        Trip {
            at_ms: now_ms,
            bytes,
            delivered: self.delivered,
            delivered_at_ms: self.delivered_at_ms,
            is_full,
            is_again,
        }
    }

    /// These messages have arrived.
    pub(crate) fn arrived(&mut self, trips: &[Trip], now_ms: u64) {
        let Some(newest) = trips.iter().max_by_key(|trip| (trip.at_ms, trip.delivered)) else {
            return;
        };
        let bytes: u64 = trips.iter().map(|trip| trip.bytes).sum();
        self.delivered = self.delivered.saturating_add(bytes);
        self.delivered_at_ms = now_ms;
        if newest.is_again {
            return;
        }
        self.late = 0;
        self.answered(now_ms.saturating_sub(newest.at_ms), now_ms);
        let is_probe = |from| newest.is_full && newest.at_ms >= from;
        if self.probe_from_ms.is_some_and(is_probe) {
            self.probe_from_ms = None;
        }
        let took_ms = now_ms.saturating_sub(newest.delivered_at_ms).max(1);
        let moved = self.delivered.saturating_sub(newest.delivered);
        self.note_rate(moved.saturating_mul(1_000) / took_ms, newest, now_ms);
    }

    fn note_rate(&mut self, rate: u64, newest: &Trip, now_ms: u64) {
        let holds_ms = RATE_MS.max(self.smooth_ms.unwrap_or(0).saturating_mul(3));
        let counts = match self.rate {
            Some((best, _)) if rate >= best => true,
            Some((_, at)) => newest.is_full && now_ms.saturating_sub(at) >= holds_ms,
            None => newest.is_full,
        };
        if counts {
            self.rate = Some((rate, now_ms));
        }
        if !newest.is_full || newest.delivered < self.round_end {
            return;
        }
        // A round is over: everything that was on its way when it began has arrived.
        self.round_end = self.delivered;
        let best = self.rate.map_or(0, |(best, _)| best);
        if best < self.before.saturating_add(self.before / 4) {
            self.is_growing = false;
        }
        self.before = best;
    }

    /// A question or message was answered after so long.
    pub(crate) fn answered(&mut self, ms: u64, now_ms: u64) {
        self.smooth_ms = Some(match self.smooth_ms {
            None => ms,
            Some(smooth) => (smooth.saturating_mul(7).saturating_add(ms)) / 8,
        });
        if self.shortest.is_none_or(|(shortest, _)| ms <= shortest) {
            self.shortest = Some((ms, now_ms));
        }
    }

    /// An answer did not come in time.
    pub(crate) fn missed(&mut self) {
        self.late = self.late.saturating_add(1);
    }

    /// Begins to measure the shortest way anew when its time has come.
    pub(crate) fn keep_time(&mut self, now_ms: u64) {
        let Some((shortest, at)) = self.shortest else {
            return;
        };
        let holds_ms = SHORTEST_MS.max(shortest.saturating_mul(10));
        if now_ms.saturating_sub(at) >= holds_ms && self.probe_from_ms.is_none() {
            self.probe_from_ms = Some(now_ms);
            self.shortest = None;
        }
    }

    /// How long an acknowledgement is waited for, ms.
    pub(crate) fn patience_ms(&self, settings: &Settings) -> u64 {
        let usual = self.smooth_ms.unwrap_or(0).saturating_mul(4);
        let factor = 1_u64 << self.late.min(6);
        let wait = settings.ack_patience_ms.max(usual).saturating_mul(factor);
        wait.min(PATIENCE_MS_MAX.max(settings.ack_patience_ms))
    }

    /// How long the `tries`-th repetition of a question is waited for, ms.
    pub(crate) fn question_ms(&self, settings: &Settings, tries: u32) -> u64 {
        let usual = self.smooth_ms.unwrap_or(0).saturating_mul(2);
        let usual = usual.min(PATIENCE_MS_MAX);
        let factor = 1_u64 << tries.min(16);
        let wait = settings.hello_ms.max(usual).saturating_mul(factor);
        wait.min(settings.hello_ms_max.max(usual))
    }

    /// When what went out leaves room in the queue before the line, monotonic ms; `None` where it does.
    pub(crate) fn free_at_ms(&self, settings: &Settings, now_ms: u64) -> Option<u64> {
        let at = self.busy_until_ms.saturating_sub(settings.bulk_queue_ms);
        Some(at).filter(|at| *at > now_ms)
    }

    /// So many bytes of bulk may be on their way.
    pub(crate) fn room(&self, settings: &Settings) -> u64 {
        let Some((rate, _)) = self.rate else {
            return FIRST_BYTES;
        };
        let Some((shortest, _)) = self.shortest.filter(|_| self.probe_from_ms.is_none()) else {
            return ROOM_BYTES_MIN;
        };
        let way_ms = if self.is_growing {
            shortest.saturating_mul(2)
        } else {
            shortest
        };
        let ms = way_ms.saturating_add(settings.bulk_queue_ms);
        ROOM_BYTES_MIN.max(rate.saturating_mul(ms) / 1_000)
    }

    /// Most bytes of a bulk message: what the line carries in the time that a live record may wait.
    pub(crate) fn piece(&self, settings: &Settings) -> usize {
        let bytes = self.rate.map_or(FIRST_BYTES, |(rate, _)| {
            PIECE_BYTES_MIN.max(rate.saturating_mul(settings.bulk_queue_ms) / 1_000)
        });
        let bytes = usize::try_from(bytes).unwrap_or(MESSAGE_BYTES_MAX);
        bytes.min(MESSAGE_BYTES_MAX)
    }
}
