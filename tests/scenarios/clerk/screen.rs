//! The pages in a real browser: the clerk's stays alive by itself, none is broken on a PC or a phone.

use std::path::Path;

use serde_json::{Value, json};
use tests::{Browser, Result, Site};

use crate::help::{Gate, plan};

pub(crate) const PC: (u32, u32) = (1366, 768);
pub(crate) const PHONE: (u32, u32) = (360, 800);
pub(crate) const SIZES: [(u32, u32); 2] = [PC, PHONE];
/// Collects what the page's own rules forbade it.
pub(crate) const WATCH_RULES: &str = "window.forbidden = [];
    document.addEventListener('securitypolicyviolation', function (event) {
        window.forbidden.push(event.violatedDirective + ' ' + event.blockedURI);
    });";

/// A browser of this size in which the clerk is signed in and broken page rules are collected.
pub(crate) async fn clerks_browser(
    site: &mut Site,
    folder: &Path,
    (width, height): (u32, u32),
) -> Result<Browser> {
    let browser = Browser::start(folder).await?;
    browser.in_every_page(WATCH_RULES).await?;
    browser.resize(width, height).await?;
    sign_in(site, &browser).await?;
    Ok(browser)
}

async fn sign_in(site: &mut Site, browser: &Browser) -> Result<()> {
    let code = site.gate_box.claim_code().await?;
    let screen = site.gate_box.screen().to_owned();
    use_code(browser, &screen, &code).await
}

async fn use_code(browser: &Browser, screen: &str, code: &str) -> Result<()> {
    browser.open(screen).await?;
    browser
        .until(
            "a stranger is asked to sign in",
            "return location.pathname !== '/'",
        )
        .await?;
    browser.claim(screen, code).await?;
    // The code is spent.
    browser.open(&format!("{screen}/claim")).await?;
    browser
        .until(
            "the code is spent",
            "return !document.querySelector('[name=code]')",
        )
        .await
}

#[tokio::test]
async fn a_clerk_who_forgot_the_password_gets_in_by_a_code_of_the_box() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("one-gate")).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    browser.open(&screen).await?;
    browser
        .script("document.querySelector('.who form').submit()")
        .await?;
    browser
        .until("signed out", "return location.pathname === '/login'")
        .await?;
    let said = site.gate_box.menwei(&["screen-code"])?;
    assert!(said.contains("开通码已换新"), "{said}");
    let code = site.gate_box.fresh_code()?;
    use_code(&browser, &screen, &code).await?;
    browser.close().await
}

#[tokio::test]
async fn the_clerk_claims_the_box_and_sees_cards_and_cables_without_a_reload() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("one-gate")).await?;
    Gate::from(&site).devices_answer(0).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    browser.open(site.gate_box.screen()).await?;
    browser
        .until(
            "the page is live",
            "return document.getElementById('live').dataset.state === 'live'",
        )
        .await?;
    browser.script("window.never_reloaded = true").await?;

    let gate = Gate::from(&site);
    let before = gate.head()?;
    gate.visit("gate-1-in", "admitted:0").await?;
    let (seq, _) = gate
        .record(before, "the card", |body| body["result"] == "granted")
        .await?;
    let row = format!("#strip [data-seq=\"{seq}\"]");
    browser
        .until(
            "the card's row",
            &format!("return !!document.querySelector('{row}')"),
        )
        .await?;
    browser
        .until(
            "one on site",
            "return document.querySelector('#tiles .tile-figure').textContent === '1'",
        )
        .await?;
    gate.visit("gate-1-in", "untrained:0").await?;
    browser.until("the refusal and what to do", "return document.getElementById('strip').innerText.includes('未完成三级教育') && document.getElementById('strip').innerText.includes('请到安全部')").await?;

    gate.fault("gate-2-in", "unplug").await?;
    browser
        .until(
            "the dead reader",
            "return document.getElementById('devices').innerText.includes('读卡器没有应答')",
        )
        .await?;
    gate.fault("gate-2-in", "plug").await?;
    browser
        .until(
            "the reader is back",
            "return !document.getElementById('devices').innerText.includes('读卡器没有应答')",
        )
        .await?;
    site.city.kill()?;
    site.broker.down()?;
    browser
        .until(
            "the city is away",
            "return document.getElementById('upload').innerText.includes('E-UP-01')",
        )
        .await?;

    let page = browser
        .script("return window.never_reloaded === true && document.documentElement.outerHTML")
        .await?;
    let page = page.as_str().ok_or("the page was loaded again")?;
    let state = site.simulator.state().await?;
    for person in state["people"].as_array().into_iter().flatten() {
        for key in ["name", "person"] {
            let text = person[key].as_str().unwrap_or_default();
            assert!(
                !page.contains(text),
                "{key} of {person} stands on the clerk's page unmasked"
            );
        }
    }
    assert_eq!(browser.script("return window.forbidden").await?, json!([]));
    browser.close().await
}

#[tokio::test]
async fn no_page_scrolls_sideways_or_breaks_its_own_rules() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("one-gate")).await?;
    Gate::from(&site).devices_answer(0).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let gate = Gate::from(&site);
    for person in ["admitted:0", "hmt:0", "not_on_roster:0"] {
        gate.visit("gate-1-in", person).await?;
    }
    gate.visit("gate-1-out", "left:0").await?;
    site.settled().await?;
    let screen = site.gate_box.screen();
    let pages = [
        screen.to_owned(),
        format!("{screen}/login"),
        format!("{screen}/claim"),
        format!("{screen}/no-such-page"),
        site.city.page()?,
        site.simulator.page(),
    ];
    for url in &pages {
        for (width, height) in SIZES {
            browser.resize(width, height).await?;
            browser.open(url).await?;
            browser
                .until(
                    "the page is there",
                    "return document.readyState === 'complete'",
                )
                .await?;
            let wide = browser
                .script("return document.documentElement.scrollWidth - innerWidth")
                .await?;
            assert!(
                wide.as_i64() <= Some(0),
                "{url} at {width}x{height} is {wide} px too wide"
            );
            let forbidden = browser.script("return window.forbidden").await?;
            assert_eq!(forbidden, Value::Array(Vec::new()), "{url}");
            let language = browser
                .script("return document.documentElement.lang")
                .await?;
            assert!(
                language.as_str().is_some_and(|lang| lang.starts_with("zh")),
                "{url}: {language}"
            );
        }
    }
    browser.close().await
}
