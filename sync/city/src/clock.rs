//! Wall time of the city. The only place that asks the operating system for it.

use jiff::{Timestamp, tz};

/// Now, in milliseconds since 1970-01-01 UTC.
pub fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// China has one time, without summer time.
const CHINA: tz::Offset = tz::offset(8);

/// `11-22 07:02:04` in China's time; a dash for an instant that no calendar holds.
pub fn show(at_ms: i64) -> String {
    civil(at_ms).map_or_else(
        || "—".to_owned(),
        |t| {
            format!(
                "{:02}-{:02} {:02}:{:02}:{:02}",
                t.month(),
                t.day(),
                t.hour(),
                t.minute(),
                t.second()
            )
        },
    )
}

/// First millisecond of the day in China that holds `at_ms`.
pub fn day_start(at_ms: i64) -> i64 {
    const DAY_MS: i64 = 86_400_000;
    const CHINA_MS: i64 = 8 * 3_600_000;
    at_ms - (at_ms.saturating_add(CHINA_MS)).rem_euclid(DAY_MS)
}

/// Today's date in China, as year, month, day.
pub fn today() -> jiff::civil::Date {
    CHINA.to_datetime(Timestamp::now()).date()
}

fn civil(at_ms: i64) -> Option<jiff::civil::DateTime> {
    Timestamp::from_millisecond(at_ms)
        .ok()
        .map(|t| CHINA.to_datetime(t))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_chinas_time() {
        assert_eq!(show(1_795_302_124_000), "11-22 07:02:04");
        assert_eq!(show(i64::MAX), "—");
    }

    #[test]
    fn a_day_begins_at_midnight_in_china() {
        let start = day_start(1_795_302_124_000);
        assert_eq!(show(start), "11-22 00:00:00");
        assert_eq!(day_start(start), start);
        assert_eq!(day_start(start - 1), start - 86_400_000);
    }
}
