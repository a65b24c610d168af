//! Pictures of the three pages as a visitor sees them, taken in a real browser.

use std::path::Path;

use serde_json::json;
use tests::{Browser, Result, Site};

/// A PC's page and a phone's.
const SIZES: [(u32, u32); 2] = [(1366, 768), (360, 800)];
const PASSWORD: &str = "demo-Password-1";

/// Lets some people come, signs in, and takes all pictures into `out`.
pub(crate) async fn take(site: &mut Site, folder: &Path, out: &Path) -> Result<()> {
    std::fs::create_dir_all(out)?;
    site.devices_answer().await?;
    let browser = Browser::start(folder).await?;
    sign_in(site, &browser).await?;
    for (reader, person) in [
        ("gate-1-in", "0"),
        ("gate-1-in", "untrained:0"),
        ("gate-1-out", "1"),
    ] {
        site.simulator
            .act("visit", &json!({"reader": reader, "person": person}))
            .await?;
    }
    site.settled().await?;
    let pages = [
        ("clerk", site.gate_box.screen().to_owned()),
        ("city", site.city.page()?),
        ("site", site.simulator.page()),
    ];
    for (name, url) in &pages {
        for (width, height) in SIZES {
            browser.resize(width, height).await?;
            browser.open(url).await?;
            browser
                .until(
                    "the page is there",
                    "return document.readyState === 'complete'",
                )
                .await?;
            let file = out.join(format!("{name}-{width}x{height}.png"));
            browser.screenshot(&file).await?;
            eprintln!("{}", file.display());
        }
    }
    browser.close().await
}

async fn sign_in(site: &mut Site, browser: &Browser) -> Result<()> {
    let code = site.gate_box.claim_code().await?;
    browser.resize(1366, 768).await?;
    browser
        .open(&format!("{}/claim", site.gate_box.screen()))
        .await?;
    for (field, text) in [
        ("code", code.as_str()),
        ("name", "王敏"),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ] {
        browser.fill(&format!("[name={field}]"), text).await?;
    }
    browser.click("button[type=submit]").await?;
    browser
        .until("the clerk is in", "return location.pathname === '/'")
        .await
}
