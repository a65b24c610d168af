//! What a lane says aloud, with the real speech program and a browser that plays it.

use serde_json::json;
use tests::{Browser, Result, Site};

use crate::clerk::{WATCH_RULES, open};
use crate::help::{Gate, plan};

async fn spoke(browser: &Browser, words: &str) -> Result<()> {
    let script = format!("return document.getElementById('gate').dataset.spoken === '{words}'");
    let said = browser
        .until(&format!("the gate says {words}"), &script)
        .await;
    if said.is_err() {
        let seen = browser
            .script("return document.getElementById('gate').dataset.spoken")
            .await?;
        return Err(format!("the gate never said {words}, but {seen}").into());
    }
    Ok(())
}

#[tokio::test]
async fn who_passes_hears_his_name_and_who_is_refused_hears_why() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut spoken = plan("one-gate");
    spoken.screen_more = "voice = \"names\"\n".to_owned();
    let site = Site::start(folder.path(), &spoken).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    let browser = Browser::start(folder.path()).await?;
    browser.in_every_page(WATCH_RULES).await?;
    browser.resize(1280, 800).await?;
    open(&browser, &format!("{}/gate/gate-1", site.gate_box.screen())).await?;
    let live = "return document.getElementById('gate').dataset.live === 'yes'";
    browser.until("the screen is live", live).await?;
    let silent = "return !document.getElementById('sound').hidden";
    if browser.script(silent).await? == json!(true) {
        browser.click("#sound").await?;
        let sounds = "return document.getElementById('sound').hidden";
        browser.until("it may make sounds", sounds).await?;
    }

    gate.passes("gate-1-in", "admitted:0").await?;
    spoke(&browser, "姓名，请通行").await?;
    gate.stays_out("gate-1-in", "untrained:0").await?;
    let refused = edge_domain::Denial::TrainingMissing.voice();
    spoke(&browser, refused).await?;
    assert_eq!(browser.script("return window.forbidden").await?, json!([]));
    // The lines are made ready as files; no name is among them.
    let shelf = site.gate_box.folder().join("voice");
    let lines = edge_domain::spoken_lines();
    tests::eventually("all lines are ready", async || {
        let files = std::fs::read_dir(&shelf)?.count();
        Ok((files == lines.len()).then_some(()))
    })
    .await?;
    for file in std::fs::read_dir(&shelf)? {
        let name = file?.file_name().to_string_lossy().into_owned();
        let line = name.strip_suffix(".wav").unwrap_or(&name);
        assert!(lines.contains(line), "{name}");
    }
    browser.close().await
}
