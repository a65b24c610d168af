//! `menwei suspend`: the text of a 停工 notice becomes an order.

use edge_domain::{Suspension, SuspensionFault};
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

use crate::orders::folder::Order;

/// Reads a notice as typed; times are the site's (UTC+8). A day alone means all of it.
///
/// # Errors
/// What is wrong, in Chinese.
pub(crate) fn notice(from: &str, to: &str, reason: &str) -> Result<Order, String> {
    let from = instant(from, false).ok_or_else(|| wrong("--from", from))?;
    let to = instant(to, true).ok_or_else(|| wrong("--to", to))?;
    let notice = Suspension::new(from, to, reason).map_err(SuspensionFault::text)?;
    Ok(Order::Suspend {
        from,
        to,
        reason: notice.reason,
    })
}

fn wrong(key: &str, text: &str) -> String {
    format!("{key} 的“{text}”看不懂，应为 2027-01-20 或 2027-01-20T18:00")
}

fn instant(text: &str, is_end: bool) -> Option<i64> {
    let at = match text.parse::<Date>() {
        Ok(day) if text.len() == 10 && is_end => day.tomorrow().ok()?.at(0, 0, 0, 0),
        Ok(day) if text.len() == 10 => day.at(0, 0, 0, 0),
        _ => text.parse::<DateTime>().ok()?,
    };
    let zoned = at.to_zoned(TimeZone::fixed(Offset::constant(8))).ok()?;
    Some(zoned.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_of_the_site() {
        let order = notice("2027-01-20", "2027-02-15", " 春节 ").unwrap();
        let expected = Order::Suspend {
            from: 1_800_374_400_000,
            to: 1_802_707_200_000,
            reason: "春节".to_owned(),
        };
        assert_eq!(order, expected);
        let order = notice("2027-01-20T18:30", "2027-01-20T19:00", "停电").unwrap();
        let expected = Order::Suspend {
            from: 1_800_441_000_000,
            to: 1_800_442_800_000,
            reason: "停电".to_owned(),
        };
        assert_eq!(order, expected);
    }

    #[test]
    fn a_faulty_notice_says_what_is_wrong() {
        for (from, to, reason, why) in [
            ("明天", "2027-02-15", "春节", "--from 的“明天”看不懂"),
            (
                "2027-01-20",
                "2027-02-30",
                "春节",
                "--to 的“2027-02-30”看不懂",
            ),
            ("2027-01-20", "2027-01-19", "春节", "停工结束应晚于开始"),
            ("2026-01-20", "2027-02-15", "春节", "一次停工最长一年"),
            ("2027-01-20", "2027-02-15", " ", "停工原因应为"),
        ] {
            let said = notice(from, to, reason).unwrap_err();
            assert!(said.starts_with(why), "{said}");
        }
    }
}
