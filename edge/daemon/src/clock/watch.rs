//! Pure: judges readings of the wall clock against proofs, the boot clock and the floor.
//!
//! A proof is a moment at which a source of time agreed with the wall clock. It holds for
//! [`PROOF_AGE_MS_MAX`], and only while the wall clock goes on as the boot clock does: a clock
//! that somebody sets by hand afterwards is proved no longer.
//!
//! Once the clock is unset it stays so until a proof: a wrong clock does not become a right one
//! by running on. Until then the floor is written, and it rises with the boot clock.

use edge_domain::ClockQuality;

/// What is written moving against the boot clock by more than this between two readings is a jump.
pub(crate) const JUMP_MS: i64 = 2_000;
/// How far the wall clock may be from a source of time, and below the floor, and still be right.
pub(crate) const TRUSTED_MS: i64 = 5_000;
/// How long a proof is believed.
pub(crate) const PROOF_AGE_MS_MAX: u64 = 6 * 3_600_000;

/// One look at the machine's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Wall clock, Unix ms, as the machine shows it.
    pub(crate) wall_ms: i64,
    /// Milliseconds since boot, suspended time included.
    pub(crate) mono_ms: u64,
    /// When the system last set its clock from the network, Unix ms by that clock.
    pub(crate) marked_at: Option<i64>,
}

/// What changed about the clock between two readings. `before` and `after` are what the box would
/// have written and what it writes, so that their difference corrects what this boot wrote so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClockChange {
    /// A source of time proves the wall clock.
    Synced { before: i64, after: i64 },
    /// The time that is written moved against the boot clock by more than [`JUMP_MS`].
    Jumped { before: i64, after: i64 },
    /// The wall clock is not believed until a source of time proves it.
    Unset { before: i64, after: i64 },
}

/// A moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Anchor {
    /// Unix ms.
    pub(crate) wall_ms: i64,
    /// Milliseconds since boot.
    pub(crate) mono_ms: u64,
}

impl Anchor {
    /// The wall time at another reading of the boot clock.
    fn at(self, mono_ms: u64) -> i64 {
        let elapsed_ms = mono_ms.saturating_sub(self.mono_ms);
        self.wall_ms.saturating_add_unsigned(elapsed_ms)
    }

    fn proves(self, reading: Reading) -> bool {
        let age_ms = reading.mono_ms.saturating_sub(self.mono_ms);
        age_ms <= PROOF_AGE_MS_MAX && agree(reading.wall_ms, self.at(reading.mono_ms))
    }
}

/// What is certainly past, or was so by the clock of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Floor {
    /// The release and the start of the certificate: no proof outweighs them.
    pub(crate) hard: Anchor,
    /// The ledger's last sign of life. Its clock may have been wrong: a proof outweighs it.
    pub(crate) life: Option<Anchor>,
    /// This boot's last record was written with an unset clock.
    pub(crate) was_unset: bool,
}

impl Floor {
    fn at(&self, mono_ms: u64) -> i64 {
        let hard_ms = self.hard.at(mono_ms);
        self.life
            .map_or(hard_ms, |life| life.at(mono_ms).max(hard_ms))
    }
}

/// Judges one reading after the other.
#[derive(Debug)]
pub(crate) struct ClockWatch {
    floor: Floor,
    /// What was written last.
    written: Option<Anchor>,
    mark: Option<i64>,
    by_mark: Option<Anchor>,
    by_city: Option<Anchor>,
    quality: ClockQuality,
}

impl ClockWatch {
    /// A watch that has seen nothing but the floor.
    pub(crate) fn new(floor: Floor) -> Self {
        Self {
            floor,
            written: None,
            mark: None,
            by_mark: None,
            by_city: None,
            quality: if floor.was_unset {
                ClockQuality::Unset
            } else {
                ClockQuality::Holdover
            },
        }
    }

    /// Takes in the city's time at a reading, Unix ms. Where they differ, the city's last proof
    /// is void.
    pub(crate) fn prove(&mut self, reading: Reading, city_ms: i64) {
        self.by_city = agree(reading.wall_ms, city_ms).then_some(Anchor {
            wall_ms: reading.wall_ms,
            mono_ms: reading.mono_ms,
        });
    }

    /// Judges a reading: the wall time to write down, its quality, and what changed.
    pub(crate) fn judge(&mut self, reading: Reading) -> (i64, ClockQuality, Option<ClockChange>) {
        self.see_mark(reading);
        let mono_ms = reading.mono_ms;
        let first = self.written.is_none();
        let floor_ms = self.floor.at(mono_ms);
        let before = self.written.map_or(floor_ms, |last| last.at(mono_ms));
        let quality = self.quality_of(reading);
        let after = match quality {
            ClockQuality::Unset => reading.wall_ms.max(floor_ms),
            ClockQuality::Synced | ClockQuality::Holdover => reading.wall_ms,
        };
        let now = Anchor {
            wall_ms: after,
            mono_ms,
        };
        if quality == ClockQuality::Synced {
            self.floor.life = Some(now);
        }
        let is_new = quality != self.quality;
        let change = match quality {
            ClockQuality::Unset if is_new || first => Some(ClockChange::Unset { before, after }),
            // At the start it is news where the records went on in another time.
            ClockQuality::Synced if first && !self.floor.was_unset => {
                (before.saturating_sub(after) > JUMP_MS)
                    .then_some(ClockChange::Synced { before, after })
            }
            ClockQuality::Synced if is_new => Some(ClockChange::Synced { before, after }),
            ClockQuality::Synced | ClockQuality::Holdover | ClockQuality::Unset => {
                let moved = !first && before.abs_diff(after) > JUMP_MS.unsigned_abs();
                moved.then_some(ClockChange::Jumped { before, after })
            }
        };
        self.written = Some(now);
        self.quality = quality;
        (after, quality, change)
    }

    /// A new mark is a proof since it was made; one that is old already, or of a time to come,
    /// proves nothing.
    fn see_mark(&mut self, reading: Reading) {
        if reading.marked_at == self.mark {
            return;
        }
        self.mark = reading.marked_at;
        self.by_mark = reading.marked_at.and_then(|marked_at| {
            let age_ms = u64::try_from(reading.wall_ms.checked_sub(marked_at)?).ok()?;
            (age_ms <= PROOF_AGE_MS_MAX).then_some(Anchor {
                wall_ms: marked_at,
                mono_ms: reading.mono_ms.saturating_sub(age_ms),
            })
        });
    }

    fn quality_of(&self, reading: Reading) -> ClockQuality {
        let is_below = |anchor: Anchor| {
            reading.wall_ms.saturating_add(TRUSTED_MS) < anchor.at(reading.mono_ms)
        };
        let mut proofs = self.by_mark.into_iter().chain(self.by_city);
        if is_below(self.floor.hard) {
            ClockQuality::Unset
        } else if proofs.any(|proof| proof.proves(reading)) {
            ClockQuality::Synced
        } else if self.quality == ClockQuality::Unset || self.floor.life.is_some_and(is_below) {
            ClockQuality::Unset
        } else {
            ClockQuality::Holdover
        }
    }
}

fn agree(one_ms: i64, other_ms: i64) -> bool {
    one_ms.abs_diff(other_ms) <= TRUSTED_MS.unsigned_abs()
}
