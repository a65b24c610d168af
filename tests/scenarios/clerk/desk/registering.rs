//! The clerk registers, papers, sends away and takes back people, and the running gate knows at once.

use jiff::ToSpan as _;
use serde_json::{Value, json};
use tests::{Browser, Result, Site, eventually};

use crate::clerk::pages::{fair, open, today};
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

/// A stranger's card at the gate fills the form: all that the clerk types is the team, the trade and the
/// days of his papers.
#[tokio::test]
async fn a_card_at_the_gate_fills_the_form_of_a_new_worker() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("one-gate")).await?;
    Gate::from(&site).devices_answer(0).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    let gate = Gate::from(&site);
    let page = format!("{screen}/people/new");
    let offered = "return !!document.getElementById('from-card')";
    // Who is known is nobody new.
    gate.passes("gate-1-in", "admitted:0").await?;
    open(&browser, &page).await?;
    assert_eq!(browser.script(offered).await?, json!(false));
    let number = stranger(&site, "person").await?;
    let who = "not_on_roster:0";
    assert_eq!(refusal(gate, who).await?, "not_on_roster");

    open(&browser, &page).await?;
    browser.until("the card is offered", offered).await?;
    let html = "return document.documentElement.outerHTML";
    let shown = browser.script(html).await?;
    let shown = shown.as_str().unwrap_or_default();
    assert!(!shown.contains(&number), "masked until it is used");
    let before = gate.head()?;
    fair(&browser, &screen, &["/people/new", "/people/new?card=1"]).await?;
    browser.resize(PC.0, PC.1).await?;
    open(&browser, &page).await?;
    press(&browser, "#from-card").await?;
    let filled = format!(
        "const form = document.querySelector('main form').elements;
         if (form.number.value !== '{number}' || !form.name.value) return false;
         form.team.value = '1'; form.trade.value = '020';
         form.trained_on.value = form.contract_on.value = form.entered_on.value; return true"
    );
    browser.until("the form is filled", &filled).await?;
    press(&browser, "main button[type=submit]").await?;
    let saved = "return location.search === '?done=registered'";
    browser.until("he is registered", saved).await?;
    gate.passes("gate-1-in", who).await?;

    // Whoever had the number shown is on record; what is known to all is offered no more.
    let audits = gate.bodies(before, "audit")?;
    let shown: Vec<&Value> = audits
        .iter()
        .filter(|one| one["what"] == "number_revealed")
        .collect();
    assert_eq!(shown.len(), 3, "{audits:?}");
    let detail = shown[0]["detail"].as_str().unwrap_or_default();
    assert!(detail.starts_with("刷卡登记，"), "{detail}");
    assert_eq!(shown[0]["account"], "王敏");
    open(&browser, &page).await?;
    assert_eq!(browser.script(offered).await?, json!(false));
    site.settled().await?;
    browser.close().await
}

/// What the simulator says of somebody whom no roster has.
async fn stranger(site: &Site, key: &str) -> Result<String> {
    let state = site.simulator.state().await?;
    let people = state["people"].as_array().ok_or("no people")?;
    let stranger = people.iter().find(|one| one["standing"] == "not_on_roster");
    let text = stranger.and_then(|one| one[key].as_str());
    Ok(text.ok_or("no stranger")?.to_owned())
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
    let number = stranger(&site, "person").await?;
    let name = stranger(&site, "name").await?;
    let (number, name) = (number.as_str(), name.as_str());
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

    // Whoever has something to be seen to: refused, flagged, or with a paper that ends soon.
    let soon = today(&site)?.checked_add(20.days())?;
    let seen =
        "(await (await fetch('/people/2')).text()).match(/name=\"seen\" value=\"([^\"]+)\"/)[1]";
    let sign = format!(
        "return (async () => {{
             const seen = {seen};
             const body = new URLSearchParams({{seen, on: '2026-01-01', until: '{soon}'}});
             return (await fetch('/people/2/contract', {{method: 'POST', body}})).url;
         }})()"
    );
    let signed = browser.script(&sign).await?;
    assert!(signed.to_string().contains("done=contract"), "{signed}");
    open(&browser, &format!("{screen}/people")).await?;
    press(&browser, "a[href='/people?place=due']").await?;
    let listed = "return location.search === '?place=due' && !!document.querySelector('.people')";
    browser.until("the list", listed).await?;
    let rows = browser
        .script(
            "return Array.from(document.querySelectorAll('.people tbody tr')).map(row =>
                 [row.querySelector('.c-no').innerText, row.querySelector('.c-gate').innerText])",
        )
        .await?;
    let rows: Vec<(String, String)> = serde_json::from_value(rows)?;
    assert!(
        rows.iter().all(|(_, gate)| gate.contains(['✖', '!'])),
        "{rows:?}"
    );
    assert!(
        rows.iter().any(|(_, gate)| gate.contains("未完成三级教育")),
        "{rows:?}"
    );
    let second = rows.iter().find(|(worker, _)| worker == "2");
    let (_, cell) = second.ok_or("the second is not listed")?;
    assert!(cell.contains(&format!("! 合同 {soon} 到期")), "{cell}");
    let bad = |row: &(String, String)| row.1.contains('✖');
    assert!(rows.is_sorted_by_key(|row| !bad(row)), "{rows:?}");
    fair(&browser, &screen, &["/people?place=due"]).await?;
    browser.resize(PC.0, PC.1).await?;

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
