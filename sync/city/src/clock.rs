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

/// `2026-11-22 18:02` in China's time; none for an instant that no calendar holds.
pub fn site_minute(at_ms: i64) -> Option<String> {
    let minute = |t: jiff::civil::DateTime| {
        let (hour, minute) = (t.hour(), t.minute());
        format!("{} {hour:02}:{minute:02}", t.date())
    };
    civil(at_ms).map(minute)
}

/// One civil day, ms.
pub const DAY_MS: i64 = 86_400_000;
const CHINA_MS: i64 = 8 * 3_600_000;

/// First millisecond of the day in China that holds `at_ms`.
pub fn day_start(at_ms: i64) -> i64 {
    at_ms.saturating_sub((at_ms.saturating_add(CHINA_MS)).rem_euclid(DAY_MS))
}

/// Number of the day in China that holds `at_ms`, from 1970-01-01 on.
pub fn day_number(at_ms: i64) -> i64 {
    at_ms.saturating_add(CHINA_MS).div_euclid(DAY_MS)
}

/// First millisecond of a date in China; none for a text that is no date.
pub fn date_start(text: &str) -> Option<i64> {
    let date: jiff::civil::Date = text.parse().ok()?;
    let midnight = CHINA.to_timestamp(date.to_datetime(jiff::civil::Time::midnight()));
    midnight.ok().map(Timestamp::as_millisecond)
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
        assert_eq!(day_number(start), day_number(start - 1) + 1);
        assert_eq!(date_start("2026-11-22"), Some(start));
        assert_eq!(date_start("2026-02-30"), None);
    }
}
