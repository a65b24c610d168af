//! The clerk enrolls faces on the person's page, in a real browser, from files and from the gate's
//! camera.

use std::fs;

use serde_json::json;
use tests::{Browser, Faces, Result, bin_dir, eventually};

use crate::Gate;

/// Where a template's file names its models, and in how many bytes.
const MODEL: std::ops::Range<usize> = 4..20;
/// A PC and a phone.
const SIZES: [(u32, u32); 2] = [(1366, 768), (360, 800)];
/// Faults of a page that axe-core calls serious or critical.
const AXE: &str =
    "return axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
    .filter(one => one.impact === 'serious' || one.impact === 'critical')
    .map(one => one.id + ': ' + one.nodes.slice(0, 3).map(node => node.html).join(' | ')))";

pub(crate) async fn signed_in(gate: &mut Gate, folder: &std::path::Path) -> Result<Browser> {
    let browser = Browser::start(folder).await?;
    let [(width, height), _] = SIZES;
    browser.resize(width, height).await?;
    gate.site.gate_box.claim_in(&browser).await?;
    Ok(browser)
}

/// Presses a button wherever it stands on a long page.
pub(crate) async fn press(browser: &Browser, css: &str) -> Result<()> {
    let script = format!("document.querySelector(\"{css}\").click()");
    browser.script(&script).await.map(drop)
}

/// Waits until the page says this.
pub(crate) async fn says(browser: &Browser, text: &str) -> Result<()> {
    let script = format!("return document.body.innerText.includes('{text}')");
    browser.until(text, &script).await
}

/// Chooses these files and sends them.
pub(crate) async fn upload(browser: &Browser, portraits: &[&str]) -> Result<()> {
    let files: Vec<String> = portraits
        .iter()
        .map(|name| Faces::portrait(name).display().to_string())
        .collect();
    browser.fill("#picture", &files.join("\n")).await?;
    press(browser, "#upload").await
}

pub(crate) async fn no_serious_fault(browser: &Browser) -> Result<()> {
    let axe = fs::read_to_string(bin_dir()?.join("../tools/axe.min.js"))
        .map_err(|error| format!("axe-core is fetched by `./dev setup`: {error}"))?;
    // The phone first: what follows is done on the PC.
    for (width, height) in SIZES.into_iter().rev() {
        browser.resize(width, height).await?;
        let wide = "return document.documentElement.scrollWidth - innerWidth";
        let wide = browser.script(wide).await?;
        assert!(wide.as_i64() <= Some(0), "{wide} px too wide at {width}");
        browser.script(&axe).await?;
        assert_eq!(browser.script(AXE).await?, json!([]), "at {width}");
    }
    Ok(())
}

#[tokio::test]
async fn the_clerk_enrolls_from_files_and_from_the_camera() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut gate = Gate::start(folder.path()).await?;
    let browser = signed_in(&mut gate, folder.path()).await?;
    let page = |worker: usize| format!("{}/people/{worker}/face", gate.site.gate_box.screen());

    // Without the face program: told, nothing offered, the gate works by card.
    browser.open(&page(3)).await?;
    says(&browser, "人脸程序没有应答，刷卡照常").await?;
    gate.faces.up()?;
    let up = gate.camera_is(0, "online").await?;

    // What no model looks after is said.
    browser.open(&page(3)).await?;
    says(&browser, "没有装活体模型").await?;

    // Worker 3 has signed nothing: the words stand there, no way to a template.
    browser.open(&page(3)).await?;
    says(&browser, "没有签字，不能登记人脸").await?;
    says(&browser, "第 3 版").await?;
    let offered = "return !!document.querySelector('#upload, #capture')";
    assert_eq!(browser.script(offered).await?, json!(false));
    no_serious_fault(&browser).await?;
    press(&browser, "main form button[type=submit]").await?;
    says(&browser, "同意已保存，现在可以登记人脸").await?;
    let (_, consent) = gate
        .record(up, "the consent with its words' version", |body| {
            body["kind"] == "face_consent" && body["worker"] == 3
        })
        .await?;
    assert_eq!(
        (&consent["given"], &consent["text"]),
        (&json!(true), &json!(3)),
        "{consent}"
    );

    // Pictures of two people are refused with the reason; one of him alone is taken.
    no_serious_fault(&browser).await?;
    upload(&browser, &["c/1.png", "a/1.jpg"]).await?;
    says(&browser, "不像同一个人").await?;
    says(&browser, "没有登记上").await?;
    assert_eq!(gate.faces.templates()?, 0);
    upload(&browser, &["c/1.png"]).await?;
    says(&browser, "人脸已登记，刷卡刷脸都可以").await?;
    assert_eq!(gate.faces.templates()?, 1);
    no_serious_fault(&browser).await?;

    // The same face for somebody else is told, and from the camera: nobody there, then he.
    browser.open(&page(1)).await?;
    says(&browser, "还没有登记人脸").await?;
    upload(&browser, &["c/1.png"]).await?;
    says(&browser, "这张脸已登记给 3 号工人").await?;
    press(&browser, "#capture").await?;
    says(&browser, "照片里找不到人脸").await?;
    gate.show(Some("a1")).await?;
    press(&browser, "#capture").await?;
    says(&browser, "人脸已登记，刷卡刷脸都可以").await?;
    assert_eq!(gate.faces.templates()?, 2);

    // Another shot of him opens.
    let before = gate.head().await?;
    gate.show(None).await?;
    gate.show(Some("a2")).await?;
    let (_, alone) = gate.presentation(before, 1).await?;
    assert_eq!(
        (&alone["by"], &alone["result"]),
        (&json!("001"), &json!("granted")),
        "{alone}"
    );

    // Taken back: the template is gone within seconds.
    let gone = folder.path().join("face/templates");
    browser
        .open(&format!("{}/people/3", gate.site.gate_box.screen()))
        .await?;
    press(&browser, "form[action$='/face_consent'] button").await?;
    says(&browser, "人脸模板几秒内销毁").await?;
    eventually("his template is destroyed", async || {
        Ok((fs::read_dir(&gone)?.count() == 1).then_some(()))
    })
    .await?;
    browser.close().await
}

/// A template of other models is told on the page, compares with nothing, and gives way to a new one.
#[tokio::test]
async fn a_template_of_other_models_must_be_made_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut gate = Gate::start(folder.path()).await?;
    let browser = signed_in(&mut gate, folder.path()).await?;
    gate.faces.up()?;
    gate.camera_is(0, "online").await?;
    let (code, printed) = gate.enroll(&folder.path().join("good"), &[(1, "a/1.jpg")])?;
    assert_eq!(code, Some(0), "{printed}");
    gate.faces.kill()?;
    let template = fs::read_dir(folder.path().join("face/templates"))?
        .next()
        .ok_or("a template")??
        .path();
    let mut bytes = fs::read(&template)?;
    // The models' id stands in clear text before what is sealed.
    for byte in &mut bytes[MODEL] {
        *byte ^= 0x55;
    }
    fs::write(&template, bytes)?;
    gate.faces.up()?;
    let page = format!("{}/people/1/face", gate.site.gate_box.screen());
    eventually("the page says that he must be enrolled again", async || {
        browser.open(&page).await?;
        let told = browser
            .script("return document.getElementById('template').innerText")
            .await?;
        let told = told.as_str().unwrap_or_default().to_owned();
        Ok(told.contains("人脸模型换过了").then_some(()))
    })
    .await?;
    gate.show(Some("a1")).await?;
    press(&browser, "#capture").await?;
    says(&browser, "人脸已登记，刷卡刷脸都可以").await?;
    browser.close().await
}
