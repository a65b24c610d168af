//! Pictures of the pages as a visitor sees them, taken in a real browser.

use std::path::Path;

use serde_json::json;
use tests::{Browser, Result, Site};

use crate::paid_month::CLERK;

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
    browser.resize(1366, 768).await?;
    browser.enter(site.gate_box.screen(), CLERK).await?;
    for (reader, person) in VISITS {
        site.simulator
            .act("visit", &json!({"reader": reader, "person": person}))
            .await?;
    }
    site.settled().await?;
    let day = crate::today(site)?.first_of_month().yesterday()?;
    let month = format!("{:04}-{:02}", day.year(), day.month());
    let of = format!("team=1&month={month}");
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
            "wages",
            format!("{}/papers/wages?{of}", site.gate_box.screen()),
            "!!document.querySelector('.wage-list')",
        ),
        (
            "wages-team-2",
            format!(
                "{}/papers/wages?team=2&month={month}",
                site.gate_box.screen()
            ),
            "!!document.querySelector('.wage-list')",
        ),
        (
            "wage-sheet",
            format!("{}/papers/wages/paper?{of}", site.gate_box.screen()),
            "!!document.querySelector('.sheet')",
        ),
        (
            "wage-bank",
            format!("{}/papers/wages/bank?{of}", site.gate_box.screen()),
            "!!document.querySelector('main')",
        ),
        (
            "wage-receipt",
            format!("{}/papers/wages/receipt?{of}", site.gate_box.screen()),
            "!!document.getElementById('file')",
        ),
        (
            "wage-troubles",
            format!(
                "{}/papers/wages/troubles?month={month}",
                site.gate_box.screen()
            ),
            "!!document.querySelector('.wage-list')",
        ),
        (
            "funds",
            format!("{}/papers/funds", site.gate_box.screen()),
            "!!document.getElementById('months')",
        ),
        (
            "troubles",
            format!("{}/troubles", site.gate_box.screen()),
            "!!document.querySelector('.troubles')",
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
    gate(site, &browser, out).await?;
    browser.close().await
}

/// The screen of a gate: between two people, with a name, with a refusal.
async fn gate(site: &Site, browser: &Browser, out: &Path) -> Result<()> {
    let tone =
        |tone: &str| format!("return document.getElementById('gate').dataset.tone === '{tone}'");
    for (width, height) in SIZES {
        browser.resize(width, height).await?;
        browser
            .open(&format!("{}/gate/east-1", site.gate_box.screen()))
            .await?;
        let live = "return document.getElementById('gate').dataset.live === 'yes'";
        browser.until("the screen is live", live).await?;
        for (name, person, shown) in [
            ("gate", None, "idle"),
            ("gate-pass", Some("admitted:3"), "pass"),
            ("gate-deny", Some("untrained:0"), "deny"),
        ] {
            browser.until("nobody is there", &tone("idle")).await?;
            if let Some(person) = person {
                let visit = json!({"reader": "east-1-in", "person": person, "wait": false});
                site.simulator.act("visit", &visit).await?;
            }
            browser.until("the screen shows it", &tone(shown)).await?;
            let file = out.join(format!("{name}-{width}x{height}.png"));
            browser.screenshot(&file).await?;
            eprintln!("{}", file.display());
        }
    }
    Ok(())
}
