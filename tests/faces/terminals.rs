//! Enrolled pictures go to the face terminals of whoever has signed for that, and come back from there.

use std::fs;

use hw_sim::{HikTerminal, Quirks};
use serde_json::json;
use tests::{Result, eventually};

use crate::Gate;
use crate::page::{no_serious_fault, press, says, signed_in, upload};

const TERMINAL: &str = "东门人脸机";

#[tokio::test]
async fn a_picture_goes_to_the_terminal_with_the_newer_consent_and_leaves_with_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let quirks = Quirks {
        wants_img: true,
        loses_next_person: true,
        ..Quirks::default()
    };
    let terminal = HikTerminal::start("admin", "gate-2026", quirks).await?;
    let more = format!(
        "\n[[lane.terminal]]\nname = \"{TERMINAL}\"\ndirection = \"in\"\nmake = \"hikvision\"\n\
         address = \"{}\"\nlogin = \"admin:gate-2026\"\n\n[lane.gate]",
        terminal.base()
    );
    let settings = |text: String| text.replacen("\n[lane.gate]", &more, 1);
    let mut gate = Gate::start_as(folder.path(), None, settings).await?;
    gate.faces.up()?;
    gate.camera_is(0, "online").await?;
    let browser = signed_in(&mut gate, folder.path()).await?;
    let page = format!("{}/people/1/face", gate.site.gate_box.screen());

    // The older consent makes a template and no picture.
    let (code, printed) = gate.enroll(&folder.path().join("good"), &[(2, "b/1.jpg")])?;
    assert_eq!(code, Some(0), "{printed}");
    let photo = folder.path().join("face/templates/1.photo");
    browser.open(&page).await?;
    says(&browser, "第 4 版").await?;
    says(&browser, "他签的是旧版文字").await?;
    no_serious_fault(&browser).await?;
    press(&browser, "main form[action$='/face_consent'] button").await?;
    says(&browser, "同意已保存，现在可以登记人脸").await?;
    upload(&browser, &["a/1.jpg"]).await?;
    says(&browser, "人脸已登记，刷卡刷脸都可以").await?;
    let sealed = fs::read(&photo)?;
    assert!(!sealed.windows(3).any(|bytes| bytes == b"\xff\xd8\xff"));
    no_serious_fault(&browser).await?;

    // It arrives, although the terminal lost the person first and takes pictures in its own way.
    let picture = eventually("the picture is in the terminal", async || {
        Ok(terminal.people().get("1").cloned().flatten())
    })
    .await?;
    assert!(picture.starts_with(b"\xff\xd8\xff") && picture.len() < 100_000);
    assert_eq!(terminal.people().len(), 1, "nobody with the older consent");

    let before = gate.head().await?;
    let serial = terminal.recognize("1");
    let (_, told) = gate.presentation(before, 1).await?;
    assert_eq!(
        (&told["result"], &told["terminal"]["seq"]),
        (&json!("granted"), &json!(serial)),
        "{told}"
    );

    // Taken back: gone from the box and from the terminal.
    browser
        .open(&format!("{}/people/1", gate.site.gate_box.screen()))
        .await?;
    press(&browser, "form[action$='/face_consent'] button").await?;
    says(&browser, "人脸模板几秒内销毁").await?;
    eventually(
        "nobody is in the terminal, no picture in the box",
        async || Ok((terminal.people().is_empty() && !photo.exists()).then_some(())),
    )
    .await?;
    browser.close().await
}
