//! A visitor with his own card: let in from the page, counted for nothing, called in a roll-call,
//! refused after his time by a box without network, and never kept inside.

use serde_json::{Value, json};
use tests::{Browser, Result, Site, eventually};

use crate::clerk::pages::{fair, open};
use crate::clerk::screen::{PHONE, clerks_browser};
use crate::help::{Gate, plan};

const WHO: &str = "not_on_roster:0";

async fn press(browser: &Browser, css: &str) -> Result<()> {
    let click = format!("document.querySelector(\"{css}\").click(); return true");
    browser.until(&format!("the button {css}"), &click).await
}

async fn text_of(browser: &Browser, css: &str) -> Result<String> {
    let script = format!("return document.querySelector(\"{css}\").innerText");
    let text = browser.script(&script).await?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

/// Why he is refused. Who was read a moment ago is only repeated: he tries until he is judged anew.
async fn refused(gate: Gate<'_>, reason: &str) -> Result<Value> {
    let before = gate.head()?;
    eventually(&format!("refused as {reason}"), async || {
        gate.visit("gate-2-in", WHO).await?;
        let presented = gate.bodies(before, "presentation")?;
        let fits = |body: &&Value| body["result"] == "denied" && body["reason"] == reason;
        Ok(presented.iter().find(fits).cloned())
    })
    .await
}

/// Sends the page's form as it stands, until so many seconds from now; what the answer says.
async fn send(browser: &Browser, seconds: u32) -> Result<(String, String)> {
    let script = format!(
        "return (async () => {{
             const body = new URLSearchParams(new FormData(document.getElementById('visit')));
             const until = new Date(Date.now() + {seconds} * 1000 + 8 * 3600000);
             body.set('until', until.toISOString().slice(0, 19));
             const answer = await fetch('/visits', {{method: 'POST', body}});
             return [answer.url, await answer.text()];
         }})()"
    );
    Ok(serde_json::from_value(browser.script(&script).await?)?)
}

async fn offer_card(gate: Gate<'_>, browser: &Browser, screen: &str, reason: &str) -> Result<()> {
    refused(gate, reason).await?;
    open(browser, &format!("{screen}/visits")).await?;
    press(browser, "#from-card").await?;
    let filled = "return !!document.querySelector('#visit [name=read]') \
         && document.getElementById('v-name').value !== ''";
    browser.until("the form is filled", filled).await
}

/// He goes through and his passage is nobody's attendance.
async fn passes_uncounted(gate: Gate<'_>, reader: &str, visit: u32) -> Result<Value> {
    let (presented, passage) = gate.passes(reader, WHO).await?;
    let passage = passage.ok_or("no passage")?;
    for body in [&presented, &passage] {
        assert_eq!(body["visit"], visit, "{body}");
        assert_eq!(body["counted"], false, "{body}");
        assert!(body["worker"].is_null(), "{body}");
    }
    assert_eq!(passage["moved"], true, "{passage}");
    Ok(presented)
}

#[tokio::test]
async fn a_visitor_passes_until_his_end_offline_and_counts_no_day() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("one-gate")).await?;
    Gate::from(&site).devices_answer(0).await?;
    let browser = clerks_browser(&mut site, folder.path(), PHONE).await?;
    let screen = site.gate_box.screen().to_owned();
    let gate = Gate::from(&site);

    // What makes no sense is not issued.
    offer_card(gate, &browser, &screen, "not_on_roster").await?;
    let (_, said) = send(&browser, 0).await?;
    assert!(said.contains("结束时间已经过了"), "{said}");
    let (_, said) = send(&browser, 8 * 24 * 3600).await?;
    assert!(said.contains("访客最长 7 天"), "{said}");

    // From the card at the reader, with the end that the page proposes.
    let before = gate.head()?;
    press(&browser, "#visit button[type=submit]").await?;
    let issued = "return location.search === '?done=issued'";
    browser.until("the visit is issued", issued).await?;
    let visit = gate.bodies(before, "visit")?;
    assert_eq!(visit.len(), 1);
    assert_eq!(visit[0]["visit"], 1);
    assert_eq!(visit[0]["account"], "王敏");
    let audits = gate.bodies(before, "audit")?;
    assert_eq!(audits[0]["what"], "visit_issued", "{audits:?}");

    let (_, entered) = passes_and_is_inside(gate, &browser, &screen).await?;
    assert_eq!(entered["reason"], Value::Null);
    fair(&browser, &screen, &["/visits", "/attendance/moment"]).await?;

    // Ended by hand, he gets out, and not in again.
    open(&browser, &format!("{screen}/visits")).await?;
    press(&browser, "#running button").await?;
    let ended = "return location.search === '?done=ended'";
    browser.until("the visit is ended", ended).await?;
    let body = refused(gate, "visit_over").await?;
    assert_eq!(body["visit"], 1, "{body}");
    let out = passes_uncounted(gate, "gate-1-out", 1).await?;
    assert_eq!(out["reason"], "visit_over");

    // The same card once more, for some seconds and without a network: its end comes by itself.
    site.settled().await?;
    site.broker.down()?;
    let gate = Gate::from(&site);
    offer_card(gate, &browser, &screen, "visit_over").await?;
    let (went, said) = send(&browser, 20).await?;
    assert!(went.contains("done=issued"), "{said}");
    passes_uncounted(gate, "gate-1-in", 2).await?;
    let body = refused(gate, "visit_over").await?;
    assert_eq!(body["visit"], 2, "{body}");
    passes_uncounted(gate, "gate-1-out", 2).await?;
    site.broker.up().await?;
    open(&browser, &format!("{screen}/visits")).await?;
    assert!(!text_of(&browser, "#past").await?.is_empty());
    fair(&browser, &screen, &["/visits"]).await?;

    // No day counts him, and the city takes all of it.
    let worked = Gate::from(&site).bodies(0, "passage")?;
    assert!(worked.iter().all(|body| body["counted"] == false));
    site.settled().await?;
    let status = site.gate_box.status()?;
    assert_eq!(status["parked"], 0, "{status}");
    browser.close().await
}

/// In the roll-call he stands as a visitor, and the head count of workers leaves him out.
async fn passes_and_is_inside(
    gate: Gate<'_>,
    browser: &Browser,
    screen: &str,
) -> Result<(String, Value)> {
    let entered = passes_uncounted(gate, "gate-1-in", 1).await?;
    assert_eq!(gate.gate_box.status()?["on_site"], json!(0));
    open(browser, &format!("{screen}/attendance/moment")).await?;
    let called = text_of(browser, "#visitors").await?;
    assert!(called.contains("访客 1 人"), "{called}");
    let tiles = text_of(browser, "#counted").await?;
    assert_eq!(tiles, "1");
    // 今日 counts and names him as what he is.
    open(browser, screen).await?;
    let main = text_of(browser, "#tiles .tile.main").await?;
    assert!(main.contains("1人（访客 1）"), "{main}");
    let rows = text_of(browser, "#strip .row.granted").await?;
    assert!(rows.contains("访客") && !rows.contains("未登记"), "{rows}");
    Ok((called, entered))
}
