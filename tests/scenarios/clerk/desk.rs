//! The clerk registers, papers, sends away and takes back people, and the running gate knows at once.

use serde_json::json;
use tests::{Browser, Result, Site, eventually};

use crate::clerk::screen::{PC, PHONE, clerks_browser};
use crate::help::{Gate, plan};

/// Opens the drawer of a person's act and sends its form as it stands.
async fn act(browser: &Browser, act: &str) -> Result<()> {
    let form = format!("form[action$='/{act}']");
    let open =
        format!("document.querySelector(\"{form}\").closest('details').open = true; return true");
    browser
        .until(&format!("the drawer of {act}"), &open)
        .await?;
    press(browser, &format!("{form} button")).await?;
    let done = format!(
        "return location.search === '?done={act}' && !!document.querySelector('[role=status]')"
    );
    browser.until(&format!("{act} is saved"), &done).await
}

/// Presses a button wherever it stands on a long page, once it is there.
async fn press(browser: &Browser, css: &str) -> Result<()> {
    let click = format!("document.querySelector(\"{css}\").click(); return true");
    browser.until(&format!("the button {css}"), &click).await
}

async fn register(browser: &Browser, screen: &str, number: &str, name: &str) -> Result<()> {
    browser.open(&format!("{screen}/people/new")).await?;
    browser.fill("[name=number]", number).await?;
    browser.fill("[name=name]", name).await?;
    let choose = "document.getElementById('team').value = '1';
        document.getElementById('trade').value = '020'; return true";
    browser.until("the lists", choose).await?;
    press(browser, "main button[type=submit]").await
}

/// Why he is refused. Who was read a moment ago is only repeated: he tries until he is judged anew.
async fn refusal(gate: Gate<'_>, person: &str) -> Result<String> {
    let before = gate.head()?;
    eventually("a refusal", async || {
        gate.visit("gate-2-in", person).await?;
        let presented = gate.bodies(before, "presentation")?;
        let denied = presented.iter().find(|body| body["result"] == "denied");
        Ok(denied.and_then(|body| body["reason"].as_str().map(str::to_owned)))
    })
    .await
}

#[tokio::test]
async fn a_new_worker_passes_as_soon_as_his_papers_are_typed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("one-gate")).await?;
    Gate::from(&site).devices_answer(0).await?;
    let browser = clerks_browser(&mut site, folder.path(), PHONE).await?;
    let screen = site.gate_box.screen().to_owned();
    let gate = Gate::from(&site);
    let state = site.simulator.state().await?;
    let people = state["people"].as_array().ok_or("no people")?;
    let stranger = people.iter().find(|one| one["standing"] == "not_on_roster");
    let number = stranger
        .and_then(|one| one["person"].as_str())
        .ok_or("no stranger")?;
    let name = stranger
        .and_then(|one| one["name"].as_str())
        .ok_or("no stranger")?;
    let who = "not_on_roster:0";
    assert_eq!(refusal(gate, who).await?, "not_on_roster");

    // One digit wrong: nothing is saved, and what was typed is still there.
    let last = if number.ends_with('1') { "2" } else { "1" };
    let wrong = format!("{}{last}", &number[..number.len() - 1]);
    register(&browser, &screen, &wrong, name).await?;
    let told = "return document.querySelector('.problem').innerText.includes('校验位')
        && document.querySelector('[name=name]').value !== ''";
    browser.until("the wrong number is told", told).await?;

    register(&browser, &screen, number, name).await?;
    let saved = "return location.search === '?done=registered'
        && document.body.innerText.includes('现在刷卡会被拒绝：未完成三级教育')";
    browser.until("he is registered", saved).await?;
    let page = browser.script("return location.pathname").await?;
    assert_eq!(refusal(gate, who).await?, "training_missing");
    act(&browser, "training").await?;
    act(&browser, "face_consent").await?;
    act(&browser, "contract").await?;
    act(&browser, "face_consent").await?;
    let consents = gate.bodies(0, "face_consent")?;
    let given: Vec<bool> = consents.iter().map(|one| one["given"] == true).collect();
    assert_eq!(given, [true, false], "given, and taken back");
    gate.passes("gate-1-in", who).await?;
    gate.passes("gate-1-out", who).await?;

    act(&browser, "exit").await?;
    assert_eq!(refusal(gate, who).await?, "left_site");
    act(&browser, "entry").await?;
    let again = browser.script("return location.pathname").await?;
    assert_eq!(again, page, "the same person, the same number");
    gate.passes("gate-1-in", who).await?;

    register(&browser, &screen, number, name).await?;
    let twice = "return document.querySelector('.problem').innerText.includes('已经在册')";
    browser.until("nobody is registered twice", twice).await?;
    assert_eq!(browser.script("return window.forbidden").await?, json!([]));

    // In the ledger he is sealed like everybody.
    let bodies = gate.bodies(0, "worker")?;
    let sealed = bodies.last().ok_or("no worker record")?;
    assert!(sealed["wraps"].is_array() && !sealed.to_string().contains(number));
    site.settled().await?;
    browser.close().await
}

#[tokio::test]
async fn two_clerks_and_a_whole_team() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("one-gate")).await?;
    Gate::from(&site).devices_answer(0).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    let gate = Gate::from(&site);

    // The second clerk's page is older than the first one's change.
    browser.open(&format!("{screen}/people/1")).await?;
    let old = browser
        .script("return document.querySelector('[name=seen]').value")
        .await?;
    act(&browser, "contract").await?;
    browser
        .script(&format!(
            "document.querySelectorAll('[name=seen]').forEach(one => {{ one.value = {old}; }});
             document.querySelector(\"form[action$='/exit']\").closest('details').open = true"
        ))
        .await?;
    press(&browser, "form[action$='/exit'] button").await?;
    let conflict = "return document.querySelector('.problem').innerText.includes('刚才有人改过')";
    browser.until("the conflict is told", conflict).await?;
    assert_eq!(
        gate.bodies(0, "exit")?.len(),
        2,
        "only the two who had left in the roster file"
    );

    // A new team, with a name that would be markup.
    browser.open(&format!("{screen}/teams")).await?;
    browser
        .fill("#team-name", "<img src=x onerror=alert(1)>")
        .await?;
    press(&browser, "form:has(#team-name) button").await?;
    let shown = "return document.querySelector('main').innerText.includes('<img src=x') && !document.querySelector('main img')";
    browser.until("the name is only text", shown).await?;

    // A whole team leaves only after its name is typed.
    browser.open(&format!("{screen}/teams")).await?;
    let leave = "input[name=team][value='1']";
    let open =
        format!("document.querySelector(\"{leave}\").closest('details').open = true; return true");
    browser.until("the team's drawer", &open).await?;
    browser.fill("#sure1", "钢筋").await?;
    press(&browser, "form:has(#sure1) button").await?;
    let asked = "return document.querySelector('.problem').innerText.includes('原样输入班组名')";
    browser.until("the name is asked for", asked).await?;
    browser.until("the team's drawer again", &open).await?;
    browser.fill("#sure1", "钢筋一班").await?;
    press(&browser, "form:has(#sure1) button").await?;
    browser
        .until(
            "the team is gone",
            "return !document.getElementById('sure1')",
        )
        .await?;
    eventually("the team's exits are recorded", async || {
        Ok((gate.bodies(0, "exit")?.len() > 2).then_some(()))
    })
    .await?;
    assert_eq!(browser.script("return window.forbidden").await?, json!([]));
    browser.close().await
}
