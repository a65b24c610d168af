//! What is certainly past when the box starts.

use sync_wire::record::{ClockQuality, Stamp};

use crate::clock::watch::{Anchor, Floor};

/// No wall clock of a box that runs this software stands before its release: 2026-11-01.
const RELEASE_MS: i64 = 1_793_462_400_000;

/// What the box knows about time before it looks at the wall clock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Known {
    /// The start of the box's certificate, Unix ms.
    pub(crate) issued_at: Option<i64>,
    /// The ledger's last sign of life, Unix ms.
    pub(crate) alive_at: Option<i64>,
    /// When the last record was written.
    pub(crate) last: Option<Stamp>,
}

impl Known {
    /// The floor at a reading of the boot clock in boot number `boot`. A record of this very boot
    /// is a moment on both clocks; a sign of life from before was past when the boot began.
    pub(crate) fn floor(&self, boot: u32, mono_ms: u64) -> Floor {
        let of_this_boot = self.last.filter(|last| last.boot == boot);
        let life = match (of_this_boot, self.alive_at) {
            (Some(last), _) => Some(Anchor {
                wall_ms: last.at,
                mono_ms: last.mono,
            }),
            (None, Some(alive_at)) => Some(Anchor {
                wall_ms: alive_at,
                mono_ms: 0,
            }),
            (None, None) => None,
        };
        Floor {
            hard: Anchor {
                wall_ms: self.issued_at.unwrap_or(RELEASE_MS).max(RELEASE_MS),
                mono_ms,
            },
            life,
            was_unset: of_this_boot.is_some_and(|last| last.clock == ClockQuality::Unset),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: Stamp = Stamp {
        at: RELEASE_MS + 5_000,
        boot: 7,
        mono: 60_000,
        clock: ClockQuality::Unset,
    };

    #[test]
    fn the_floor_of_a_new_box_is_its_release_or_its_certificate() {
        let known = Known::default();
        assert_eq!(known.floor(1, 9_000).hard.wall_ms, RELEASE_MS);
        assert_eq!(known.floor(1, 9_000).hard.mono_ms, 9_000);
        assert_eq!(known.floor(1, 9_000).life, None);
        for (issued_at, floor_ms) in [(1, RELEASE_MS), (RELEASE_MS + 1, RELEASE_MS + 1)] {
            let issued_at = Some(issued_at);
            let known = Known { issued_at, ..known };
            assert_eq!(known.floor(1, 9_000).hard.wall_ms, floor_ms);
        }
    }

    #[test]
    fn a_sign_of_life_was_past_when_this_boot_began() {
        let known = Known {
            alive_at: Some(LAST.at + 8_000),
            last: Some(LAST),
            ..Known::default()
        };
        let floor = known.floor(8, 9_000);
        let life = Anchor {
            wall_ms: LAST.at + 8_000,
            mono_ms: 0,
        };
        assert_eq!((floor.life, floor.was_unset), (Some(life), false));
    }

    #[test]
    fn within_a_boot_the_last_record_tells_the_time_and_whether_it_was_unset() {
        let known = Known {
            alive_at: Some(LAST.at + 8_000),
            last: Some(LAST),
            ..Known::default()
        };
        let floor = known.floor(7, 99_000);
        let life = Anchor {
            wall_ms: LAST.at,
            mono_ms: LAST.mono,
        };
        assert_eq!((floor.life, floor.was_unset), (Some(life), true));
        let synced = Stamp {
            clock: ClockQuality::Synced,
            ..LAST
        };
        let known = Known {
            last: Some(synced),
            ..known
        };
        assert!(!known.floor(7, 99_000).was_unset);
    }
}
