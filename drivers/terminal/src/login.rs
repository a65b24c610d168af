//! When a terminal is asked again after a failure: soon after a broken line, rarely after a refused
//! login, so that no wrong password hammers it into locking everybody out.

use std::time::Duration;

use drivers_link::Backoff;

use crate::error::TerminalFault;

/// First pause after a refused login.
const REFUSED_FIRST: Duration = Duration::from_mins(10);
/// Longest pause after refused logins; it doubles up to here.
const REFUSED_MAX: Duration = Duration::from_hours(1);
/// Longest lock of its own that a terminal is believed.
const LOCK_MAX: Duration = Duration::from_hours(24);

/// The pauses of one terminal.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    line: Backoff,
    refused: u32,
}

impl Patience {
    /// It works: the next refusal is a first one.
    pub(crate) fn worked(&mut self) {
        self.refused = 0;
    }

    /// The pause owed after a failure; `online_for` as of [`Backoff::failed`].
    pub(crate) fn failed(
        &mut self,
        fault: &TerminalFault,
        online_for: Duration,
        random: u32,
    ) -> Duration {
        let TerminalFault::Refused { locked_s } = fault else {
            return self.line.failed(online_for, random);
        };
        let own = REFUSED_FIRST.saturating_mul(1 << self.refused.min(8));
        self.refused = self.refused.saturating_add(1);
        let locked = Duration::from_secs(locked_s.unwrap_or(0)).min(LOCK_MAX);
        own.min(REFUSED_MAX).max(locked)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Patience;
    use crate::error::TerminalFault;

    #[test]
    fn a_wrong_password_is_tried_four_times_in_the_first_hours_and_then_hourly() {
        let mut patience = Patience::default();
        let refused = TerminalFault::Refused { locked_s: None };
        let mut minutes = Vec::new();
        for _ in 0..5 {
            minutes.push(patience.failed(&refused, Duration::ZERO, 1).as_secs() / 60);
        }
        assert_eq!(minutes, [10, 20, 40, 60, 60]);
        patience.worked();
        let locked = TerminalFault::Refused {
            locked_s: Some(1_800),
        };
        assert_eq!(patience.failed(&locked, Duration::ZERO, 1).as_secs(), 1_800);
    }

    #[test]
    fn a_broken_line_is_tried_again_soon() {
        let mut patience = Patience::default();
        let broken = TerminalFault::NoLink(String::new());
        let first = patience.failed(&broken, Duration::ZERO, 200);
        assert!(first < Duration::from_millis(301), "{first:?}");
    }
}
