//! Pictures: of a doubtful face, for the clerk who gives a reason; of what a camera sees now, for whoever
//! sets it up.

use serde_json::json;
use tests::{Browser, Result, eventually};

use crate::Gate;
use crate::page::{no_serious_fault, press, says, signed_in, upload};

/// Waits until this picture of the page is there, and not a broken one.
async fn is_shown(browser: &Browser, css: &str) -> Result<()> {
    let script = format!(
        "const one = document.querySelector('{css}'); return !!one && one.naturalWidth > 60"
    );
    browser.until(css, &script).await
}

/// Worker's card with the face of somebody else, until he is kept out.
async fn kept_out(gate: &Gate, worker: usize) -> Result<()> {
    eventually("the other one's face is seen", async || {
        let before = gate.head().await?;
        gate.visit(worker).await?;
        let (_, presented) = gate.presentation(before, worker).await?;
        Ok((presented["reason"] == "face_differs").then_some(()))
    })
    .await
}

#[tokio::test]
async fn the_clerk_sees_both_faces_of_a_mismatch_for_a_reason_on_record() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut gate = Gate::start(folder.path()).await?;
    gate.faces.up()?;
    let up = gate.camera_is(0, "online").await?;
    let browser = signed_in(&mut gate, folder.path()).await?;
    let screen = gate.site.gate_box.screen();

    // Worker 1 signed words that say nothing of pictures, worker 2 signs those of now.
    let (code, printed) = gate.enroll(&folder.path().join("good"), &[(1, "a/1.jpg")])?;
    assert_eq!(code, Some(0), "{printed}");
    browser.open(&format!("{screen}/people/2/face")).await?;
    says(&browser, "他签的是旧版文字").await?;
    press(&browser, "main form[action$='/face_consent'] button").await?;
    says(&browser, "同意已保存，现在可以登记人脸").await?;
    upload(&browser, &["b/1.jpg"]).await?;
    says(&browser, "人脸已登记，刷卡刷脸都可以").await?;
    gate.show(Some("c1")).await?;
    kept_out(&gate, 1).await?;

    // Under 异常 his line leads to them, the other one's does not. What is signed counts at the gate
    // some seconds later.
    let link = "#denied a[href$='/pictures']";
    eventually("the pictures are there", async || {
        kept_out(&gate, 2).await?;
        browser.open(&format!("{screen}/troubles")).await?;
        let found = format!("return !!document.querySelector(\"{link}\")");
        Ok((browser.script(&found).await? == json!(true)).then_some(()))
    })
    .await?;
    let others = "return [...document.querySelectorAll(\"a[href$='/pictures']\")]
        .filter(one => !one.closest('li').querySelector(\"a[href^='/people/2?']\")).length";
    assert_eq!(browser.script(others).await?, json!(0));
    no_serious_fault(&browser).await?;

    // Nothing is shown before the reason is on record.
    let page = format!("return document.querySelector(\"{link}\").getAttribute('href')");
    let page = browser.script(&page).await?;
    let page = page.as_str().unwrap_or_default();
    press(&browser, link).await?;
    says(&browser, "写明理由才显示").await?;
    let pictures = "return document.querySelectorAll('main img').length";
    assert_eq!(browser.script(pictures).await?, json!(0));
    no_serious_fault(&browser).await?;
    browser.fill("#reason", "核对是不是本人").await?;
    press(&browser, "#see").await?;
    says(&browser, "这次查看已留痕：核对是不是本人").await?;
    is_shown(&browser, "#gate-picture").await?;
    is_shown(&browser, "#own-picture").await?;
    no_serious_fault(&browser).await?;
    let (_, seen) = gate
        .record(up, "who looked is on record", |body| {
            body["kind"] == "audit" && body["what"] == "pictures_seen"
        })
        .await?;
    assert_eq!(
        (&seen["worker"], &seen["reason"]),
        (&json!(2), &json!("核对是不是本人")),
        "{seen}"
    );

    // His consent taken back, his own picture is gone within seconds; who stood there is still seen.
    browser.open(&format!("{screen}/people/2")).await?;
    press(&browser, "form[action$='/face_consent'] button").await?;
    says(&browser, "人脸模板几秒内销毁").await?;
    eventually("his own picture is destroyed", async || {
        browser.open(&format!("{screen}{page}")).await?;
        browser.fill("#reason", "核对是不是本人").await?;
        press(&browser, "#see").await?;
        is_shown(&browser, "#gate-picture").await?;
        let own = "return !!document.querySelector('#own-picture')";
        Ok((browser.script(own).await? == json!(false)).then_some(()))
    })
    .await?;
    browser.close().await
}

#[tokio::test]
async fn whoever_sets_a_camera_up_sees_what_it_sees() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut gate = Gate::start(folder.path()).await?;
    gate.faces.up()?;
    gate.camera_is(0, "online").await?;
    gate.show(Some("a1")).await?;
    let browser = signed_in(&mut gate, folder.path()).await?;
    let screen = gate.site.gate_box.screen();
    browser.open(&format!("{screen}/settings")).await?;
    is_shown(&browser, ".preview img").await?;
    // The next still comes by itself.
    let next = "return Number(document.querySelector('.preview').dataset.shown) >= 2";
    browser.until("another still", next).await?;
    no_serious_fault(&browser).await?;

    // No door beside the login, and nothing that a browser or a proxy may keep.
    let address = format!("{screen}/settings/camera/in/gate-1");
    let stranger = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let answer = stranger.get(&address).send().await?;
    assert_eq!(answer.status(), 401);
    let kept = format!("return fetch('{address}').then(one => one.headers.get('cache-control'))");
    assert_eq!(browser.script(&kept).await?, json!("no-store"));

    gate.faces.kill()?;
    says(&browser, "没有画面：请看摄像头的电源").await?;
    browser.close().await
}
