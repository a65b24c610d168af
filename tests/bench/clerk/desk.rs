//! What a clerk waits for, timed.

use std::fmt::Write as _;
use std::ops::Range;
use std::time::Duration;

use tests::{Clerk, Result, percentile, with_check};
use tokio::time::Instant;

/// The clerk's account.
pub(super) const NAME: &str = "clerk";

/// From the asking to the last byte, ms; the first asking of all is not counted.
pub(super) async fn p95(clerk: &Clerk, paths: impl Iterator<Item = String>) -> Result<f64> {
    let mut found = Vec::new();
    for (turn, path) in paths.enumerate() {
        if turn == 0 {
            clerk.get(&path).await?.bytes().await?;
        }
        let begin = Instant::now();
        clerk.get(&path).await?.bytes().await?;
        found.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    Ok(percentile(&found, 0.95))
}

/// 今日 with everything that it names, as it crosses the wire the first time.
pub(super) async fn first_page_kib(clerk: &Clerk) -> Result<f64> {
    let page = clerk.page("/").await?;
    let mut bytes = page.len();
    for asset in page.split('"').filter(|word| word.starts_with("/assets/")) {
        bytes += clerk.get(asset).await?.bytes().await?.len();
    }
    Ok(bytes as f64 / 1024.0)
}

/// So many new people, from a number on: sent, checked, taken in; seconds.
pub(super) async fn import(clerk: &Clerk, people: Range<usize>) -> Result<f64> {
    let count = people.len();
    let mut file =
        "姓名,身份证号码,联系电话,班组,工种,进场日期,合同签订日期,三级教育日期\n".to_owned();
    for n in people {
        let number = with_check(&format!(
            "349999{}{:02}{:02}{:03}",
            1970 + n % 30,
            1 + n % 12,
            1 + n % 28,
            n / 28
        ));
        writeln!(
            file,
            "新来{n},{number},139{n:08},第1班组,钢筋工,2026-11-01,2026-11-01,2026-11-01"
        )?;
    }
    let begin = Instant::now();
    let (path, page) = clerk.bring("/import", &file).await?;
    if !page.contains(&format!("导入 {count} 人")) {
        return Err(format!("the file was not taken: {page}").into());
    }
    clerk.send(&path, &[("what", "save")]).await?;
    let progress = format!("{path}?auto=1");
    while clerk.page(&progress).await?.contains("<progress") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(begin.elapsed().as_secs_f64())
}
