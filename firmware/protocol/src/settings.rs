//! How a board is tuned. It keeps its defaults until the box configures it after Hello.

use core::ops::RangeInclusive;
use serde::{Deserialize, Serialize};

/// What the gate does while the box is silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkLossPolicy {
    /// As [`LinkLossPolicy::FreeExit`]. It once shut the exit too, and stays for boxes that still ask
    /// for it.
    StayLocked,
    /// The exit is free.
    #[default]
    FreeExit,
    /// Both directions are free.
    FreeBoth,
}

/// Times and policies of one gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// How long the open relay is held, 50 to 5000 ms. Turnstile boards take 300 to 500 ms as one
    /// opening for one person.
    pub open_pulse_ms: u16,
    /// How long an opening waits for its person, 1000 to 60000 ms. Turnstiles cancel after 5 s;
    /// this adds one second.
    pub pass_timeout_ms: u16,
    /// How long a beam may stay broken before the lane counts as held, 1000 to 60000 ms.
    pub held_ms: u16,
    /// How soon after a passage a second one without an opening is tailgating, 100 to 10000 ms.
    pub tailgate_ms: u16,
    /// How long an input must be steady, 1 to 100 ms.
    pub debounce_ms: u16,
    /// How long the box may be silent, 500 to 30000 ms.
    pub link_timeout_ms: u16,
    /// What the gate does after that.
    pub link_loss: LinkLossPolicy,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            open_pulse_ms: 400,
            pass_timeout_ms: 6000,
            held_ms: 10_000,
            tailgate_ms: 1500,
            debounce_ms: 10,
            link_timeout_ms: 3000,
            link_loss: LinkLossPolicy::FreeExit,
        }
    }
}

impl Settings {
    /// Allowed [`Settings::open_pulse_ms`].
    pub const OPEN_PULSE_MS: RangeInclusive<u16> = 50..=5000;
    /// Allowed [`Settings::pass_timeout_ms`].
    pub const PASS_TIMEOUT_MS: RangeInclusive<u16> = 1000..=60_000;
    /// Allowed [`Settings::held_ms`].
    pub const HELD_MS: RangeInclusive<u16> = 1000..=60_000;
    /// Allowed [`Settings::tailgate_ms`].
    pub const TAILGATE_MS: RangeInclusive<u16> = 100..=10_000;
    /// Allowed [`Settings::debounce_ms`].
    pub const DEBOUNCE_MS: RangeInclusive<u16> = 1..=100;
    /// Allowed [`Settings::link_timeout_ms`].
    pub const LINK_TIMEOUT_MS: RangeInclusive<u16> = 500..=30_000;

    /// Whether every value lies in its range; a board refuses settings that do not.
    pub fn is_valid(&self) -> bool {
        Self::OPEN_PULSE_MS.contains(&self.open_pulse_ms)
            && Self::PASS_TIMEOUT_MS.contains(&self.pass_timeout_ms)
            && Self::HELD_MS.contains(&self.held_ms)
            && Self::TAILGATE_MS.contains(&self.tailgate_ms)
            && Self::DEBOUNCE_MS.contains(&self.debounce_ms)
            && Self::LINK_TIMEOUT_MS.contains(&self.link_timeout_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn defaults_are_valid_and_each_limit_is_checked() {
        let good = Settings::default();
        assert!(good.is_valid());
        let bad = [
            Settings {
                open_pulse_ms: 49,
                ..good
            },
            Settings {
                open_pulse_ms: 5001,
                ..good
            },
            Settings {
                pass_timeout_ms: 999,
                ..good
            },
            Settings {
                held_ms: 60_001,
                ..good
            },
            Settings {
                tailgate_ms: 99,
                ..good
            },
            Settings {
                debounce_ms: 0,
                ..good
            },
            Settings {
                debounce_ms: 101,
                ..good
            },
            Settings {
                link_timeout_ms: 499,
                ..good
            },
        ];
        for settings in bad {
            assert!(!settings.is_valid(), "{settings:?}");
        }
    }
}
