//! What the forms at the door share: rules for names and passwords, and the wait after failures.

use std::time::Duration;

use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use crate::guard::password::{LENGTH_MAX, LENGTH_MIN};

const NAME_LENGTH_MIN: usize = 2;
const NAME_LENGTH_MAX: usize = 32;

/// A sign-in name as it is stored, or why it cannot be one.
pub(crate) fn account_name(typed: &str) -> Result<String, String> {
    let name = typed.trim();
    let length = name.chars().count();
    if !(NAME_LENGTH_MIN..=NAME_LENGTH_MAX).contains(&length) || name.contains(char::is_control) {
        return Err(format!(
            "账号请用 {NAME_LENGTH_MIN} 到 {NAME_LENGTH_MAX} 个字，可用姓名。"
        ));
    }
    Ok(name.to_owned())
}

/// A new password typed twice, or why it will not do. Length is the only rule: rules about kinds
/// of characters make people write passwords on the box.
pub(crate) fn new_password(account: &str, typed: &str, again: &str) -> Result<(), String> {
    let length = typed.chars().count();
    if !(LENGTH_MIN..=LENGTH_MAX).contains(&length) {
        return Err(format!("密码请用 {LENGTH_MIN} 个字符以上，可以是一句话。"));
    }
    if typed != again {
        return Err("两次输入的密码不一样，请重新输入。".to_owned());
    }
    let first = typed.chars().next();
    if typed.contains(account) || typed.chars().all(|letter| Some(letter) == first) {
        return Err("密码太容易猜：不要包含账号，也不要全是同一个字符。".to_owned());
    }
    Ok(())
}

/// The sentence for somebody who has to wait.
pub(crate) fn wait_text(wait: Duration) -> String {
    let seconds = wait.as_secs().saturating_add(1);
    if seconds <= 90 {
        format!("尝试次数太多，请 {seconds} 秒后再试。")
    } else {
        format!("尝试次数太多，请 {} 分钟后再试。", seconds.div_ceil(60))
    }
}

/// Turns a form that was sent back into an answer with its status.
pub(crate) fn with_status(mut page: Response, status: StatusCode) -> Response {
    *page.status_mut() = status;
    page
}

/// Tells a program how long to wait.
pub(crate) fn retry_after(headers: &mut HeaderMap, wait: Duration) {
    headers.insert(
        RETRY_AFTER,
        HeaderValue::from(wait.as_secs().saturating_add(1)),
    );
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{account_name, new_password, wait_text};

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(account_name("  王工 ").as_deref(), Ok("王工"));
        for bad in ["", "王", "a\u{0}b", &"长".repeat(33)] {
            assert!(account_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn passwords_are_long_twice_the_same_and_not_the_name() {
        assert!(new_password("王工", "六月的第一场雨很大啊", "六月的第一场雨很大啊").is_ok());
        for (typed, again) in [
            ("short", "short"),
            ("long enough 1", "long enough 2"),
            ("aaaaaaaaaaaa", "aaaaaaaaaaaa"),
            ("王工王工王工王工王工", "王工王工王工王工王工"),
        ] {
            assert!(new_password("王工", typed, again).is_err(), "{typed}");
        }
    }

    #[test]
    fn waits_are_said_in_words() {
        assert_eq!(
            wait_text(Duration::from_millis(14_200)),
            "尝试次数太多，请 15 秒后再试。"
        );
        assert_eq!(
            wait_text(Duration::from_mins(10)),
            "尝试次数太多，请 11 分钟后再试。"
        );
    }
}
