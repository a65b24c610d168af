//! Pictures of the pages as a visitor sees them, taken in a real browser.

use std::path::Path;

use serde_json::json;
use tests::{Browser, Result, Site};

/// A PC's page and a phone's.
const SIZES: [(u32, u32); 2] = [(1366, 768), (360, 800)];

/// Who comes before the pictures are taken: the last one is refused and gets out all the same.
const VISITS: [(&str, &str); 7] = [
    ("east-1-in", "admitted:0"),
    ("east-2-in", "admitted:1"),
    ("east-1-in", "untrained:0"),
    ("east-2-in", "admitted:2"),
    ("road-in", "hmt:0"),
    ("east-2-out", "admitted:1"),
    ("east-2-out", "left:0"),
];

/// Lets some people come, signs in, and takes all pictures into `out`.
pub(crate) async fn take(site: &mut Site, folder: &Path, out: &Path) -> Result<()> {
    std::fs::create_dir_all(out)?;
    site.devices_answer().await?;
    let browser = Browser::start(folder).await?;
    sign_in(site, &browser).await?;
    for (reader, person) in VISITS {
        site.simulator
            .act("visit", &json!({"reader": reader, "person": person}))
            .await?;
    }
    site.settled().await?;
    let month = last_month(site)?;
    // Each page with the condition that its live updates run.
    let pages = [
        (
            "clerk",
            site.gate_box.screen().to_owned(),
            "document.body.innerText.includes('● 实时')",
        ),
        (
            "people",
            format!("{}/people", site.gate_box.screen()),
            "!!document.querySelector('.people')",
        ),
        (
            "person",
            format!("{}/people/2?month={month}", site.gate_box.screen()),
            "!!document.querySelector('.calendar')",
        ),
        (
            "attendance",
            format!("{}/attendance?month={month}", site.gate_box.screen()),
            "!!document.querySelector('.grid')",
        ),
        (
            "roll-call",
            format!("{}/attendance/moment", site.gate_box.screen()),
            "!!document.getElementById('counted')",
        ),
        (
            "troubles",
            format!("{}/troubles", site.gate_box.screen()),
            "!!document.querySelector('.troubles')",
        ),
        (
            "upload",
            format!("{}/upload", site.gate_box.screen()),
            "!!document.querySelector('.troubles')",
        ),
        (
            "papers",
            format!("{}/papers", site.gate_box.screen()),
            "!!document.querySelector('.papers')",
        ),
        (
            "sheet",
            format!("{}/papers/month?month={month}", site.gate_box.screen()),
            "!!document.querySelector('.sheet')",
        ),
        (
            "city",
            site.city.page()?,
            "document.getElementById('live').textContent === '实时更新'",
        ),
        (
            "site",
            site.simulator.page(),
            "document.body.innerText.includes('剧本')",
        ),
    ];
    for (name, url, live) in &pages {
        for (width, height) in SIZES {
            browser.resize(width, height).await?;
            browser.open(url).await?;
            browser
                .until("the page is live", &format!("return {live}"))
                .await?;
            let file = out.join(format!("{name}-{width}x{height}.png"));
            browser.screenshot(&file).await?;
            eprintln!("{}", file.display());
        }
    }
    browser.close().await
}

/// The month before that of the box's last record, `YYYY-MM`.
fn last_month(site: &Site) -> Result<String> {
    let last = site.gate_box.status()?["records"].as_u64().unwrap_or(1);
    let records = site.gate_box.records(last - 1)?;
    let at = records.first().and_then(|one| one["body"]["at"].as_i64());
    let at = jiff::Timestamp::from_millisecond(at.ok_or("no time")?)?;
    let today = jiff::tz::Offset::constant(8).to_datetime(at).date();
    let day = today.first_of_month().yesterday()?;
    Ok(format!("{:04}-{:02}", day.year(), day.month()))
}

async fn sign_in(site: &mut Site, browser: &Browser) -> Result<()> {
    browser.resize(1366, 768).await?;
    site.gate_box.claim_in(browser).await
}
