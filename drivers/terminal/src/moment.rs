//! Times as terminals write them, and how far a terminal's clock is off.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// Offset of the site's civil time, hours: terminals without one in their text mean this.
const SITE_OFFSET_H: i8 = 8;

/// Reads `2026-06-17T14:02:04+08:00`, `2020-09-15T17:19:41` and `2026-10-02 09:05:23`; Unix ms.
pub(crate) fn read(text: &str) -> Option<i64> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_millisecond());
    }
    let civil: DateTime = text.parse().ok()?;
    let zone = TimeZone::fixed(Offset::constant(SITE_OFFSET_H));
    let instant = civil.to_zoned(zone).ok()?;
    Some(instant.timestamp().as_millisecond())
}

/// Writes an instant as terminals want it: `2026-06-17T14:02:04+08:00`.
pub(crate) fn write(at_ms: i64) -> String {
    let zone = TimeZone::fixed(Offset::constant(SITE_OFFSET_H));
    let instant = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    let civil = zone.to_datetime(instant);
    format!("{}+08:00", civil.strftime("%Y-%m-%dT%H:%M:%S"))
}

/// A change of the difference that is worth telling, ms.
const TELL_MS: i64 = 60_000;

/// How a terminal's clock stands to the box's. An event's age is measured by the terminal's own
/// clock: one that lies by hours lies about both ends of the span.
#[derive(Debug, Default)]
pub(crate) struct TheirClock {
    ahead_ms: Option<i64>,
    told_ms: i64,
}

impl TheirClock {
    /// It said its time just now. Gives the difference where it is to be told.
    pub(crate) fn heard(&mut self, their_ms: i64, wall_ms: i64) -> Option<i64> {
        let ahead_ms = their_ms.saturating_sub(wall_ms);
        self.ahead_ms = Some(ahead_ms);
        let changed = ahead_ms.saturating_sub(self.told_ms).saturating_abs() >= TELL_MS;
        changed.then(|| {
            self.told_ms = ahead_ms;
            ahead_ms
        })
    }

    /// When something that it dates `at_ms` happened by the box's clock; `None` before it said its
    /// time.
    pub(crate) fn ours(&self, at_ms: i64) -> Option<i64> {
        Some(at_ms.saturating_sub(self.ahead_ms?))
    }
}

#[cfg(test)]
mod tests {
    use super::{TheirClock, read, write};

    #[test]
    fn the_three_ways_of_writing_a_time() {
        let expected = Some(1_781_676_124_000);
        assert_eq!(read("2026-06-17T14:02:04+08:00"), expected);
        assert_eq!(read("2026-06-17T14:02:04"), expected);
        assert_eq!(read("2026-06-17 14:02:04"), expected);
        assert_eq!(read("yesterday"), None);
        assert_eq!(write(1_781_676_124_000), "2026-06-17T14:02:04+08:00");
    }

    #[test]
    fn a_lie_about_the_clock_is_told_once_and_taken_out() {
        let mut clock = TheirClock::default();
        assert_eq!(clock.ours(5), None);
        assert_eq!(clock.heard(3_600_000 + 1_000, 1_000), Some(3_600_000));
        assert_eq!(clock.heard(3_600_000 + 9_000, 8_000), None);
        assert_eq!(clock.ours(3_601_000 + 500), Some(500));
        assert_eq!(clock.heard(20_000, 20_000), Some(0));
    }
}
