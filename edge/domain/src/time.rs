//! Moments and site dates. The crate never learns the time by itself.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

/// Hours east of UTC of every Chinese site. China has kept one zone without summer time since
/// 1992, so `Asia/Shanghai` is this constant for every date that a box can record.
pub const SITE_OFFSET_H: i8 = 8;

/// How far the wall clock can be trusted at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClockQuality {
    /// Set by the network or an equally good source.
    Synced,
    /// Was synced, running on the board's own crystal since.
    Holdover,
    /// Not known, or held at its floor: the true time is this or later.
    Unset,
}

impl ClockQuality {
    /// The code of the record body.
    pub fn code(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::Holdover => "holdover",
            Self::Unset => "unset",
        }
    }
}

/// A point in time as the box knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Moment {
    /// Unix time in milliseconds by the box's wall clock.
    pub wall_ms: i64,
    /// Count of machine boots.
    pub boot: u32,
    /// Milliseconds since that boot; never jumps.
    pub mono_ms: u64,
    /// Trust in `wall_ms`.
    pub quality: ClockQuality,
}

impl Moment {
    /// The calendar day at the site.
    pub fn date(&self) -> Date {
        site_date(self.wall_ms)
    }

    /// This moment moved back by `age_ms` on both clocks, not below zero of the boot clock.
    #[must_use]
    pub fn earlier_by(&self, age_ms: u64) -> Self {
        Self {
            wall_ms: self.wall_ms.saturating_sub_unsigned(age_ms),
            mono_ms: self.mono_ms.saturating_sub(age_ms),
            ..*self
        }
    }
}

/// Date and time of day at the site for a Unix time in milliseconds. Out-of-range values are
/// held at the ends of the calendar.
pub fn site_datetime(wall_ms: i64) -> DateTime {
    let end = if wall_ms < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    let timestamp = Timestamp::from_millisecond(wall_ms).unwrap_or(end);
    Offset::constant(SITE_OFFSET_H).to_datetime(timestamp)
}

/// The calendar day at the site for a Unix time in milliseconds.
pub fn site_date(wall_ms: i64) -> Date {
    site_datetime(wall_ms).date()
}

/// Full years of age on a day. A person born on 29 February comes of age on 1 March of a common
/// year. Zero when `on` lies before `born`.
pub fn age_on(born: Date, on: Date) -> u8 {
    let years = i32::from(on.year()) - i32::from(born.year());
    let before_birthday = (on.month(), on.day()) < (born.month(), born.day());
    u8::try_from(years - i32::from(before_birthday)).unwrap_or(if years > 0 { u8::MAX } else { 0 })
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, datetime};

    use super::*;

    #[test]
    fn site_day_turns_at_beijing_midnight() {
        // 2026-11-21T15:59:59Z and one second later.
        assert_eq!(site_date(1_795_276_799_000), date(2026, 11, 21));
        assert_eq!(site_date(1_795_276_800_000), date(2026, 11, 22));
        assert_eq!(
            site_datetime(1_795_302_130_000),
            datetime(2026, 11, 22, 7, 2, 10, 0)
        );
    }

    #[test]
    fn absurd_times_do_not_panic() {
        assert_eq!(site_date(i64::MIN), site_date(i64::MIN + 1));
        assert_eq!(site_date(i64::MAX), site_date(i64::MAX - 1));
    }

    #[test]
    fn age_changes_on_the_birthday() {
        let born = date(2009, 11, 22);
        assert_eq!(age_on(born, date(2026, 11, 21)), 16);
        assert_eq!(age_on(born, date(2026, 11, 22)), 17);
        assert_eq!(age_on(born, date(2009, 11, 21)), 0);
        assert_eq!(age_on(date(-9000, 1, 1), date(2026, 1, 1)), u8::MAX);
    }

    #[test]
    fn leap_day_child_comes_of_age_on_first_of_march() {
        let born = date(2012, 2, 29);
        assert_eq!(age_on(born, date(2030, 2, 28)), 17);
        assert_eq!(age_on(born, date(2030, 3, 1)), 18);
        assert_eq!(age_on(born, date(2028, 2, 29)), 16);
    }
}
