//! Certificates of special trades and emergency contacts: entered, told before they end, masked, and
//! at hand in a roll-call.

use jiff::ToSpan as _;
use serde_json::{Value, json};
use tests::{Browser, Result, Site};

use crate::clerk::pages::{fair, open, today};
use crate::clerk::screen::{PC, clerks_browser};
use crate::help::{Gate, plan};

/// Sends a form of a person's page as the page would; what the answer says, and where it ended.
async fn send(browser: &Browser, act: &str, fields: &Value) -> Result<(String, String)> {
    let script = format!(
        "return (async () => {{
             const page = await (await fetch(location.pathname)).text();
             const seen = page.match(/name=\"seen\" value=\"([^\"]+)\"/)[1];
             const body = new URLSearchParams({{seen, ...{fields}}});
             const answer = await fetch(location.pathname + '/{act}', {{method: 'POST', body}});
             return [answer.url, await answer.text()];
         }})()"
    );
    Ok(serde_json::from_value(browser.script(&script).await?)?)
}

async fn text_of(browser: &Browser, css: &str) -> Result<String> {
    let text = browser
        .script(&format!(
            "return document.querySelector(\"{css}\").innerText"
        ))
        .await?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

fn certificate(kind: &str, number: &str, until: &str) -> Value {
    json!({ "kind": kind, "number": number, "issuer": "<img src=x onerror=alert(1)>", "until": until })
}

#[tokio::test]
async fn certificates_and_contacts_are_kept_masked_and_told_in_time() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("one-gate")).await?;
    Gate::from(&site).devices_answer(0).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    let gate = Gate::from(&site);
    let (presented, _) = gate.passes("gate-1-in", "admitted:0").await?;
    let path = format!("/people/{}", presented["worker"]);
    let address = format!("{screen}{path}");
    let before = gate.head()?;
    let day = today(&site)?;
    let soon = day.checked_add(20.days())?.to_string();
    let late = day.checked_add(1000.days())?.to_string();
    open(&browser, &address).await?;

    // An electrician without a certificate: told, and let in.
    let (went, _) = send(
        &browser,
        "entry",
        &json!({ "team": 1, "trade": 130, "on": day }),
    )
    .await?;
    assert!(went.contains("done=entry"), "{went}");
    open(&browser, &address).await?;
    let facts = text_of(&browser, "main").await?;
    assert!(
        facts.contains("现在刷卡会放行") && facts.contains("缺特种作业操作证"),
        "{facts}"
    );

    // What makes no sense is not kept.
    let over = day.yesterday()?.to_string();
    for (number, until, word) in [
        ("=1+1", &late, "证书编号不对"),
        ("T349901199003070016", &over, "已经过期"),
        (
            "T349901199003070016",
            &"2999-01-01".to_owned(),
            "请核对年份",
        ),
    ] {
        let (_, said) = send(
            &browser,
            "certificate",
            &certificate("electrician", number, until),
        )
        .await?;
        assert!(said.contains(word), "{word}: {said}");
    }
    let contact = json!({ "name": "𬭼䶮·麦麦提明", "kind": "spouse", "phone": "123" });
    let (_, said) = send(&browser, "contact", &contact).await?;
    assert!(said.contains("紧急联系人的手机号"), "{said}");

    // Several are kept; the one of his trade ends soon.
    for (kind, number, until) in [
        ("electrician", "T349901199003070016", &soon),
        ("welder", "皖H20260017", &late),
    ] {
        let (went, said) = send(&browser, "certificate", &certificate(kind, number, until)).await?;
        assert!(went.contains("done=certificate"), "{said}");
    }
    let contact = json!({ "name": "𬭼䶮·麦麦提明", "kind": "spouse", "phone": "13900000028" });
    let (went, said) = send(&browser, "contact", &contact).await?;
    assert!(went.contains("done=contact"), "{said}");
    open(&browser, &address).await?;
    let facts = text_of(&browser, "main").await?;
    for word in [
        "建筑电工",
        "! 快到期",
        "****0016",
        "****0017",
        "<img src=x onerror=alert(1)>",
        "𬭼**（配偶）139****0028",
    ] {
        assert!(facts.contains(word), "{word}: {facts}");
    }
    assert!(!facts.contains("缺特种作业操作证"), "{facts}");
    let html = browser
        .script("return document.documentElement.outerHTML")
        .await?;
    let html = html.as_str().unwrap_or_default();
    assert!(
        !html.contains("13900000028")
            && !html.contains("麦麦提明")
            && !html.contains("199003070016")
    );

    // In the lists: what ends, and who works at a special trade.
    open(&browser, &format!("{screen}/people?place=due")).await?;
    let due = text_of(&browser, "#list").await?;
    assert!(due.contains(&format!("建筑电工 {soon} 到期")), "{due}");
    open(&browser, &format!("{screen}/people?place=special")).await?;
    let special = text_of(&browser, "#list").await?;
    assert!(
        special.contains(&format!("焊接与热切割作业 到 {late}")),
        "{special}"
    );

    // In a roll-call his family can be called, on record.
    open(&browser, &format!("{screen}/attendance/moment")).await?;
    let inside = text_of(&browser, ".roll").await?;
    assert!(
        inside.contains("紧急联系人 𬭼**（配偶）139****0028"),
        "{inside}"
    );
    fair(
        &browser,
        &screen,
        &[
            "/people/1",
            "/people?place=special",
            "/people/new",
            "/attendance/moment",
        ],
    )
    .await?;
    open(&browser, &format!("{screen}/attendance/moment")).await?;
    browser
        .script("document.querySelector('.roll .drawer').open = true; document.querySelector('.roll form button').click(); return true")
        .await?;
    browser
        .until("the whole number", "return document.getElementById('contact') && document.querySelector('main').innerText.includes('13900000028')")
        .await?;
    let audits = gate.bodies(before, "audit")?;
    let revealed = audits
        .iter()
        .find(|one| one["reason"] == "应急点名，联系紧急联系人");
    assert_eq!(
        revealed.ok_or("nothing on record")?["worker"],
        1,
        "{audits:?}"
    );

    open(&browser, &address).await?;
    // One that was entered by mistake goes; a page from before is told so and changes nothing.
    let (_, said) = send(&browser, "certificate_gone", &json!({ "place": 7 })).await?;
    assert!(said.contains("没有这本证"), "{said}");
    let old = json!({ "place": 1, "seen": "older" });
    let (_, said) = send(&browser, "certificate_gone", &old).await?;
    assert!(said.contains("刚才有人改过"), "{said}");
    let (went, _) = send(&browser, "certificate_gone", &json!({ "place": 1 })).await?;
    assert!(went.contains("done=certificate_gone"), "{went}");
    let bodies = gate.bodies(before, "worker")?;
    assert_eq!(
        bodies.len(),
        4,
        "two certificates, a contact, one certificate less"
    );
    for body in &bodies {
        let text = body.to_string();
        assert!(
            !text.contains("13900000028") && !text.contains("199003070016"),
            "{text}"
        );
    }
    assert_eq!(browser.script("return window.forbidden").await?, json!([]));
    site.settled().await?;
    browser.close().await
}
