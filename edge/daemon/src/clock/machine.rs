//! The machine's clocks, and the box's clock above them.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use edge_domain::Moment;
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::mpsc;

use crate::clock::floor::Known;
use crate::clock::watch::{ClockChange, ClockWatch, Reading};

/// What systemd-timesyncd touches each time it has set the clock.
const TIMESYNC_MARK: &str = "/run/systemd/timesync/synchronized";
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// What the machine tells of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Machine {
    /// A look at its clocks.
    pub(crate) read: fn() -> Reading,
    /// The kernel's name for this boot.
    pub(crate) boot_id: fn() -> std::io::Result<String>,
}

/// The machine that this program runs on.
pub(crate) const HERE: Machine = Machine { read, boot_id };

/// The box's clock: cheap to clone, one judge behind it.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    boot: u32,
    read: fn() -> Reading,
    watch: Arc<Mutex<ClockWatch>>,
    changes: mpsc::Sender<ClockChange>,
}

impl Clock {
    /// `boot` is the ledger's number for this machine boot; `changes` receives jumps and syncs.
    pub(crate) fn new(boot: u32, known: &Known, changes: mpsc::Sender<ClockChange>) -> Self {
        Self::of(HERE, (boot, known), changes)
    }

    /// The same on any machine.
    pub(crate) fn of(
        machine: Machine,
        (boot, known): (u32, &Known),
        changes: mpsc::Sender<ClockChange>,
    ) -> Self {
        let read = machine.read;
        let floor = known.floor(boot, read().mono_ms);
        Self {
            boot,
            read,
            watch: Arc::new(Mutex::new(ClockWatch::new(floor))),
            changes,
        }
    }

    /// The moment as the ledger writes it.
    pub(crate) fn now(&self) -> Moment {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock: the watch takes readings in their order.
        let reading = (self.read)();
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

    /// Takes in the city's time of just now, Unix ms.
    pub(crate) fn prove(&self, city_ms: i64) {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        watch.prove((self.read)(), city_ms);
    }
}

/// The time where no ledger tells of an earlier one: not before this software's release.
pub(crate) fn without_a_ledger() -> Moment {
    let reading = read();
    let floor = Known::default().floor(0, reading.mono_ms);
    let (wall_ms, quality, _) = ClockWatch::new(floor).judge(reading);
    Moment {
        wall_ms,
        boot: 0,
        mono_ms: reading.mono_ms,
        quality,
    }
}

/// Looks at the machine's clocks. The mark first: it is never of a later clock than the reading.
pub(crate) fn read() -> Reading {
    let marked_at = modified_at_ms(Path::new(TIMESYNC_MARK));
    let boot = clock_gettime(ClockId::Boottime);
    let wall = clock_gettime(ClockId::Realtime);
    let mono_ms = u64::try_from(boot.tv_sec * 1_000 + boot.tv_nsec / 1_000_000).unwrap_or(0);
    Reading {
        wall_ms: wall.tv_sec * 1_000 + wall.tv_nsec / 1_000_000,
        mono_ms,
        marked_at,
    }
}

fn modified_at_ms(file: &Path) -> Option<i64> {
    let modified = std::fs::metadata(file).ok()?.modified().ok()?;
    let age = modified.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(age.as_millis()).ok()
}

/// The kernel's name for this boot of the machine.
///
/// # Errors
/// The kernel file cannot be read.
pub(crate) fn boot_id() -> std::io::Result<String> {
    Ok(std::fs::read_to_string(BOOT_ID)?.trim().to_owned())
}
