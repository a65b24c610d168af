//! Instants as the site reads them: Asia/Shanghai, which has had one offset since 1991.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{Offset, TimeZone};

fn at_site(at_ms: i64) -> Option<jiff::Zoned> {
    let instant = Timestamp::from_millisecond(at_ms).ok()?;
    Some(instant.to_zoned(TimeZone::fixed(Offset::constant(8))))
}

/// `07:02:11`.
pub(crate) fn clock_text(at_ms: i64) -> String {
    at_site(at_ms).map_or_else(
        || "--:--:--".to_owned(),
        |at| format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second()),
    )
}

/// `2026-06-03 周三`.
pub(crate) fn date_text(at_ms: i64) -> String {
    at_site(at_ms).map_or_else(
        || "日期不明".to_owned(),
        |at| format!("{} {}", at.date(), weekday_text(at.weekday())),
    )
}

/// `2026-06-03 07:02`.
pub(crate) fn minute_text(at_ms: i64) -> String {
    at_site(at_ms).map_or_else(
        || "时间不明".to_owned(),
        |at| format!("{} {:02}:{:02}", at.date(), at.hour(), at.minute()),
    )
}

/// `2026-06-03 07:02:11`: an instant on paper.
pub(crate) fn instant_text(at_ms: i64) -> String {
    at_site(at_ms).map_or_else(
        || "时间不明".to_owned(),
        |at| format!("{} {}", at.date(), clock_text(at_ms)),
    )
}

/// `06-03 07:02:11`: a list's instant, the year being clear.
pub(crate) fn second_text(at_ms: i64) -> String {
    at_site(at_ms).map_or_else(
        || "时间不明".to_owned(),
        |at| format!("{:02}-{:02} {}", at.month(), at.day(), clock_text(at_ms)),
    )
}

/// `07:02`.
pub(crate) fn hour_text(at_ms: i64) -> String {
    at_site(at_ms).map_or_else(
        || "--:--".to_owned(),
        |at| format!("{:02}:{:02}", at.hour(), at.minute()),
    )
}

/// The instant at which `on` begins when days begin at `hour`, Unix milliseconds.
pub(crate) fn date_ms(on: Date, hour: u8) -> i64 {
    let begin = on.at(i8::try_from(hour).unwrap_or(0), 0, 0, 0);
    Offset::constant(8)
        .to_timestamp(begin)
        .map_or(0, Timestamp::as_millisecond)
}

/// The first day of the month that `text` names as `2026-06`.
pub(crate) fn parse_month(text: &str) -> Option<Date> {
    format!("{text}-01").parse().ok()
}

/// `2026-06`, as addresses and month fields have it.
pub(crate) fn month_value(first: Date) -> String {
    format!("{:04}-{:02}", first.year(), first.month())
}

/// `2026年6月`.
pub(crate) fn month_text(first: Date) -> String {
    format!("{}年{}月", first.year(), first.month())
}

/// Reads `2026-06-02T07:10`, as a browser sends a minute, as the site's wall clock.
pub(crate) fn parse_minute(text: &str) -> Option<i64> {
    let at: DateTime = text.parse().ok()?;
    let at = Offset::constant(8).to_timestamp(at).ok()?;
    Some(at.as_millisecond())
}

/// `2026-06-02T07:10`, as a browser wants it.
pub(crate) fn minute_value(at_ms: i64) -> String {
    minute_text(at_ms).replace(' ', "T")
}

/// `一` to `日`.
pub(crate) fn weekday_letter(on: Date) -> &'static str {
    weekday_text(on.weekday()).trim_start_matches('周')
}

fn weekday_text(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "周一",
        Weekday::Tuesday => "周二",
        Weekday::Wednesday => "周三",
        Weekday::Thursday => "周四",
        Weekday::Friday => "周五",
        Weekday::Saturday => "周六",
        Weekday::Sunday => "周日",
    }
}

/// `刚刚`, `12 分钟`, `3 小时`, `2 天`: how long ago `at_ms` was.
pub(crate) fn age_text(now_ms: i64, at_ms: i64) -> String {
    let minutes = now_ms.saturating_sub(at_ms).max(0) / 60_000;
    match minutes {
        0 => "不到 1 分钟".to_owned(),
        1..=119 => format!("{minutes} 分钟"),
        120..=2_879 => format!("{} 小时", minutes / 60),
        _ => format!("{} 天", minutes / 1_440),
    }
}

/// `1 238`: groups of three, so that a long number can be read at a glance.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{
        age_text, clock_text, date_ms, date_text, grouped, minute_text, minute_value, month_value,
        parse_minute, parse_month,
    };

    /// 2026-06-02T23:02:11Z, which is Wednesday morning in Shanghai.
    const WEDNESDAY_MS: i64 = 1_780_441_331_000;

    #[test]
    fn speaks_the_sites_time() {
        assert_eq!(clock_text(WEDNESDAY_MS), "07:02:11");
        assert_eq!(date_text(WEDNESDAY_MS), "2026-06-03 周三");
        assert_eq!(minute_text(WEDNESDAY_MS), "2026-06-03 07:02");
        assert_eq!(clock_text(i64::MAX), "--:--:--");
    }

    #[test]
    fn ages_are_rounded_down_and_never_negative() {
        assert_eq!(age_text(1_000, 900_000), "不到 1 分钟");
        assert_eq!(age_text(60_000 * 119, 0), "119 分钟");
        assert_eq!(age_text(60_000 * 120, 0), "2 小时");
        assert_eq!(age_text(60_000 * 60 * 48, 0), "2 天");
    }

    #[test]
    fn months_and_minutes_are_read_as_browsers_send_them() {
        assert_eq!(
            parse_month("2026-06").map(month_value).as_deref(),
            Some("2026-06")
        );
        assert_eq!(parse_month("2026-13"), None);
        assert_eq!(
            parse_minute("2026-06-03T07:02"),
            Some(WEDNESDAY_MS - 11_000)
        );
        assert_eq!(minute_value(WEDNESDAY_MS), "2026-06-03T07:02");
        let third = jiff::civil::date(2026, 6, 3);
        assert_eq!(date_ms(third, 4), WEDNESDAY_MS - 10_931_000);
    }

    #[test]
    fn groups_digits_by_three() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_238, "1 238"),
            (1_000_000, "1 000 000"),
        ] {
            assert_eq!(grouped(number).replace('\u{202f}', " "), text);
        }
    }
}
