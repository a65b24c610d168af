//! The only reader of the system clock, and the pure watch that says how far it can be trusted.

use std::sync::{Arc, Mutex, PoisonError};

use edge_domain::{ClockQuality, Moment};
use rustix::time::{ClockId, clock_gettime};

/// Wall time and monotonic time drifting apart by more than this between two readings is a jump.
pub(crate) const JUMP_MS: i64 = 2_000;
/// A skew against the city below this, measured by its acknowledgement, proves the wall clock.
pub(crate) const SKEW_TRUSTED_MS: i64 = 5_000;
/// How long such a proof is believed.
pub(crate) const PROOF_AGE_MS_MAX: u64 = 6 * 3_600_000;
/// What systemd-timesyncd touches once it has set the clock.
const TIMESYNC_MARK: &str = "/run/systemd/timesync/synchronized";
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// One look at the machine's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Wall clock, Unix ms, as the machine shows it.
    pub(crate) wall_ms: i64,
    /// Milliseconds since boot, suspended time included.
    pub(crate) mono_ms: u64,
    /// The system says that its clock was set from the network.
    pub(crate) synchronized: bool,
}

/// What changed about the clock between two readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClockChange {
    /// The wall clock was below the floor and now is not, or was proved for the first time.
    Synced { before: i64, after: i64 },
    /// The wall clock moved against monotonic time by more than [`JUMP_MS`].
    Jumped { before: i64, after: i64 },
    /// The wall clock stands below the floor: nothing it says is believed.
    Unset { before: i64, after: i64 },
}

/// Pure: judges readings against each other and against the floor.
#[derive(Debug)]
pub(crate) struct ClockWatch {
    floor_ms: i64,
    last: Option<Reading>,
    proved_at_mono_ms: Option<u64>,
    quality: ClockQuality,
}

impl ClockWatch {
    /// `floor_ms` is the latest moment that is certainly past: build, last record, certificate.
    pub(crate) fn new(floor_ms: i64) -> Self {
        Self {
            floor_ms,
            last: None,
            proved_at_mono_ms: None,
            quality: ClockQuality::Holdover,
        }
    }

    /// Takes in a skew measured against the city (city minus box, ms).
    pub(crate) fn prove(&mut self, mono_ms: u64, skew_ms: i64) {
        if skew_ms.abs() <= SKEW_TRUSTED_MS {
            self.proved_at_mono_ms = Some(mono_ms);
        } else {
            self.proved_at_mono_ms = None;
        }
    }

    /// Judges a reading: the wall time to write down, its quality, and what changed.
    pub(crate) fn judge(&mut self, reading: Reading) -> (i64, ClockQuality, Option<ClockChange>) {
        let quality = self.quality_of(reading);
        let wall_ms = reading.wall_ms.max(self.floor_ms);
        let change = self.change(reading, quality);
        self.last = Some(reading);
        self.quality = quality;
        (wall_ms, quality, change)
    }

    fn quality_of(&self, reading: Reading) -> ClockQuality {
        if reading.wall_ms < self.floor_ms {
            return ClockQuality::Unset;
        }
        let proved = self
            .proved_at_mono_ms
            .is_some_and(|at| reading.mono_ms.saturating_sub(at) <= PROOF_AGE_MS_MAX);
        if reading.synchronized || proved {
            ClockQuality::Synced
        } else {
            ClockQuality::Holdover
        }
    }

    fn change(&self, reading: Reading, quality: ClockQuality) -> Option<ClockChange> {
        let Some(last) = self.last else {
            return (quality == ClockQuality::Unset).then_some(ClockChange::Unset {
                before: self.floor_ms,
                after: reading.wall_ms,
            });
        };
        let elapsed = i64::try_from(reading.mono_ms.saturating_sub(last.mono_ms)).unwrap_or(0);
        let expected = last.wall_ms.saturating_add(elapsed);
        let (before, after) = (expected, reading.wall_ms);
        if quality == ClockQuality::Unset && self.quality != ClockQuality::Unset {
            return Some(ClockChange::Unset { before, after });
        }
        if quality == ClockQuality::Synced && self.quality != ClockQuality::Synced {
            return Some(ClockChange::Synced { before, after });
        }
        ((after - before).abs() > JUMP_MS).then_some(ClockChange::Jumped { before, after })
    }
}

/// The box's clock: cheap to clone, one judge behind it.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    boot: u32,
    watch: Arc<Mutex<ClockWatch>>,
    changes: tokio::sync::mpsc::Sender<ClockChange>,
}

impl Clock {
    /// `boot` is the ledger's number for this machine boot; `changes` receives jumps and syncs.
    pub(crate) fn new(
        boot: u32,
        floor_ms: i64,
        changes: tokio::sync::mpsc::Sender<ClockChange>,
    ) -> Self {
        Self {
            boot,
            watch: Arc::new(Mutex::new(ClockWatch::new(floor_ms))),
            changes,
        }
    }

    /// The moment as the ledger writes it.
    pub(crate) fn now(&self) -> Moment {
        let reading = read();
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let (wall_ms, quality, change) = watch.judge(reading);
        drop(watch);
        if let Some(change) = change
            && self.changes.try_send(change).is_err()
        {
            tracing::warn!(?change, "Clock change not recorded, the queue is full");
        }
        Moment {
            wall_ms,
            boot: self.boot,
            mono_ms: reading.mono_ms,
            quality,
        }
    }

    /// Takes in a skew measured against the city (city minus box, ms).
    pub(crate) fn prove(&self, skew_ms: i64) {
        let mono_ms = read().mono_ms;
        self.watch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .prove(mono_ms, skew_ms);
    }
}

/// Looks at the machine's clocks.
pub(crate) fn read() -> Reading {
    let boot = clock_gettime(ClockId::Boottime);
    let wall = clock_gettime(ClockId::Realtime);
    let mono_ms = u64::try_from(boot.tv_sec * 1_000 + boot.tv_nsec / 1_000_000).unwrap_or(0);
    Reading {
        wall_ms: wall.tv_sec * 1_000 + wall.tv_nsec / 1_000_000,
        mono_ms,
        synchronized: std::path::Path::new(TIMESYNC_MARK).exists(),
    }
}

/// The kernel's name for this boot of the machine.
///
/// # Errors
/// The kernel file cannot be read.
pub(crate) fn boot_id() -> std::io::Result<String> {
    Ok(std::fs::read_to_string(BOOT_ID)?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOOR_MS: i64 = 1_795_302_000_000;

    fn reading(wall_ms: i64, mono_ms: u64, synchronized: bool) -> Reading {
        Reading {
            wall_ms,
            mono_ms,
            synchronized,
        }
    }

    #[test]
    fn a_dead_rtc_is_unset_and_writes_the_floor() {
        let mut watch = ClockWatch::new(FLOOR_MS);
        let (wall_ms, quality, change) = watch.judge(reading(0, 10, false));
        assert_eq!((wall_ms, quality), (FLOOR_MS, ClockQuality::Unset));
        assert_eq!(
            change,
            Some(ClockChange::Unset {
                before: FLOOR_MS,
                after: 0
            })
        );
    }

    #[test]
    fn the_network_sets_the_clock_and_says_by_how_much() {
        let mut watch = ClockWatch::new(FLOOR_MS);
        watch.judge(reading(0, 10, false));
        let (wall_ms, quality, change) = watch.judge(reading(FLOOR_MS + 5_000, 1_010, true));
        assert_eq!((wall_ms, quality), (FLOOR_MS + 5_000, ClockQuality::Synced));
        assert_eq!(
            change,
            Some(ClockChange::Synced {
                before: 1_000,
                after: FLOOR_MS + 5_000
            })
        );
    }

    #[test]
    fn a_jump_back_across_midnight_is_seen() {
        let mut watch = ClockWatch::new(FLOOR_MS);
        watch.judge(reading(FLOOR_MS + 90_000_000, 10, true));
        let (_, _, change) = watch.judge(reading(FLOOR_MS + 3_600_000, 1_010, true));
        let before = FLOOR_MS + 90_001_000;
        assert_eq!(
            change,
            Some(ClockChange::Jumped {
                before,
                after: FLOOR_MS + 3_600_000
            })
        );
    }

    #[test]
    fn steady_time_changes_nothing_and_drift_below_the_limit_is_no_jump() {
        let mut watch = ClockWatch::new(FLOOR_MS);
        watch.judge(reading(FLOOR_MS, 10, true));
        assert_eq!(watch.judge(reading(FLOOR_MS + 1_900, 1_010, true)).2, None);
    }

    #[test]
    fn the_city_proves_a_clock_until_the_proof_is_old_or_contradicted() {
        let mut watch = ClockWatch::new(FLOOR_MS);
        watch.prove(1_000, 40);
        assert_eq!(
            watch.judge(reading(FLOOR_MS, 1_000, false)).1,
            ClockQuality::Synced
        );
        let later = 1_001 + PROOF_AGE_MS_MAX;
        let wall_ms = FLOOR_MS + i64::try_from(PROOF_AGE_MS_MAX).unwrap() + 1;
        assert_eq!(
            watch.judge(reading(wall_ms, later, false)).1,
            ClockQuality::Holdover
        );
        watch.prove(later, 60_000);
        assert_eq!(
            watch.judge(reading(wall_ms, later, false)).1,
            ClockQuality::Holdover
        );
    }
}
