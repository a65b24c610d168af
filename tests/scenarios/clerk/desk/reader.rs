//! The card reader on the clerk's desk: a card on it fills a form or finds somebody, and does nothing else.

use serde_json::{Value, json};
use tests::{Browser, Result, Simulator, Site, eventually};

use crate::clerk::pages::{fair, open};
use crate::clerk::screen::{PC, clerks_browser};
use crate::help::{Gate, plan};

const READER: &str = "office-desk";
const NEW: &str = "not_on_roster:0";

/// A person of the simulator by his standing and place.
async fn person(simulator: &Simulator, standing: &str) -> Result<Value> {
    let state = simulator.state().await?;
    let people = state["people"].as_array().ok_or("no people")?;
    let found = people.iter().find(|one| one["standing"] == standing);
    Ok(found.ok_or("nobody of that standing")?.clone())
}

/// Puts a card on the desk's reader until the page says this, and takes it off.
async fn card(site: &Site, browser: &Browser, who: &str, what: &str, said: &str) -> Result<()> {
    site.simulator.put(READER, who).await?;
    browser.until(what, said).await?;
    site.simulator.lift(READER).await
}

/// The page waits for cards.
async fn ready(browser: &Browser) -> Result<()> {
    let ready = "return document.getElementById('desk-reader').dataset.state === 'ready'";
    browser.until("the page waits for cards", ready).await
}

fn told(words: &str) -> String {
    format!("return document.getElementById('desk-told').innerText.includes('{words}')")
}

async fn lines_of_log(site: &Site) -> Result<String> {
    Ok(std::fs::read_to_string(
        site.gate_box.folder().join("menwei.log"),
    )?)
}

#[tokio::test]
async fn a_card_on_the_desk_fills_the_form_and_is_no_presentation() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("office")).await?;
    Gate::from(&site).devices_answer(0).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    let gate = Gate::from(&site);
    let stranger = person(&site.simulator, "not_on_roster").await?;
    let number = stranger["person"].as_str().ok_or("no number")?.to_owned();
    let name = stranger["name"].as_str().ok_or("no name")?.to_owned();
    let before = gate.head()?;

    // Nobody waits: the card is read and forgotten.
    site.simulator.put(READER, NEW).await?;
    eventually("the card is read", async || {
        let journal = site.simulator.journal()?;
        let is_read = |line: &&Value| {
            line.to_string().contains(READER) && line.to_string().contains("read_ok")
        };
        Ok(journal.iter().find(is_read).map(drop))
    })
    .await?;
    site.simulator.lift(READER).await?;

    let page = format!("{screen}/people/new");
    open(&browser, &page).await?;
    ready(&browser).await?;
    let empty = "return document.querySelector('#register [name=number]').value === ''
        && !document.getElementById('desk-told').innerText";
    assert_eq!(browser.script(empty).await?, json!(true), "forgotten");
    let filled = format!(
        "const form = document.getElementById('register').elements;
         return form.number.value === '{number}' && form.name.value === '{name}'
             && document.getElementById('desk-told').innerText.includes('可以登记')
             && document.getElementById('desk-told').innerText.includes('年龄符合')"
    );
    card(&site, &browser, NEW, "the form is filled", &filled).await?;
    fair(&browser, &screen, &["/people/new", "/people"]).await?;

    // The page was loaded anew: what stood in it is gone, and the card is put once more.
    browser.resize(PC.0, PC.1).await?;
    open(&browser, &page).await?;
    ready(&browser).await?;
    card(&site, &browser, NEW, "the form is filled again", &filled).await?;
    let rest = "const form = document.getElementById('register').elements;
        form.team.value = '1'; form.trade.value = '020';
        form.trained_on.value = form.contract_on.value = form.entered_on.value;
        document.querySelector('#register button[type=submit]').click(); return true";
    browser.until("the rest is chosen", rest).await?;
    let saved = "return location.search === '?done=registered'";
    browser.until("he is registered", saved).await?;
    let own_page = browser.script("return location.pathname").await?;

    // His card says now that he is known; the form stays as it was typed.
    open(&browser, &page).await?;
    ready(&browser).await?;
    browser.fill("[name=name]", "手打").await?;
    card(&site, &browser, NEW, "he is known", &told("已经在册")).await?;
    let kept = "const form = document.getElementById('register').elements;
        return form.name.value === '手打' && form.number.value === ''";
    assert_eq!(browser.script(kept).await?, json!(true));
    card(&site, &browser, "left:0", "who has left", &told("再进场")).await?;
    card(
        &site,
        &browser,
        "blacklisted:0",
        "who is barred",
        &told("禁止进场名单"),
    )
    .await?;

    // 花名册 opens the page of whose card it is.
    open(&browser, &format!("{screen}/people")).await?;
    ready(&browser).await?;
    let his = format!("return location.pathname === {own_page}");
    card(&site, &browser, NEW, "his page", &his).await?;

    // Nobody presented himself, nothing opened; who had the number shown is on record.
    assert_eq!(gate.bodies(before, "presentation")?.len(), 0);
    assert_eq!(gate.openings("gate-1").await?, (0, 0));
    let audits = gate.bodies(before, "audit")?;
    let shown: Vec<&Value> = audits
        .iter()
        .filter(|one| one["what"] == "number_revealed")
        .collect();
    assert_eq!(shown.len(), 2, "{audits:?}");
    assert_eq!(shown[0]["detail"], "刷卡登记，办公室读卡器");
    assert_eq!(shown[0]["account"], "王敏");
    gate.passes("gate-1-in", NEW).await?;
    assert_eq!(browser.script("return window.forbidden").await?, json!([]));
    let log = lines_of_log(&site).await?;
    assert!(!log.contains(&number) && !log.contains(&name), "logged");
    site.settled().await?;
    browser.close().await
}

#[tokio::test]
async fn one_page_waits_for_cards_and_a_pulled_cable_leaves_the_form_to_be_typed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("office")).await?;
    Gate::from(&site).devices_answer(0).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    let gate = Gate::from(&site);
    let page = format!("{screen}/people/new");
    open(&browser, &page).await?;
    ready(&browser).await?;

    // Another page asks for cards: this one says so, and takes them back.
    let other = "window.other = new EventSource('/people/cards?auto=1'); return true";
    browser.script(other).await?;
    let state = |word: &str| {
        format!("return document.getElementById('desk-reader').dataset.state === '{word}'")
    };
    browser.until("another page waits", &state("taken")).await?;
    let back = "window.other.close();
        document.querySelector('#desk-again button').click(); return true";
    browser.script(back).await?;
    ready(&browser).await?;
    card(
        &site,
        &browser,
        "untrained:0",
        "cards come here",
        &told("已经在册"),
    )
    .await?;

    let before = gate.head()?;
    gate.fault(READER, "unplug").await?;
    let lamp = "const said = document.getElementById('desk-lamp').innerText;
        return said.includes('读卡器没有应答') && said.includes('影响：办公室刷不了卡')
            && said.includes('插好')";
    browser.until("the page says what is wrong", lamp).await?;
    let (_, record) = gate.lamp(before, "办公室读卡器", "offline").await?;
    assert!(record["lane"].is_null(), "{record}");
    let stranger = person(&site.simulator, "not_on_roster").await?;
    browser
        .fill(
            "[name=number]",
            stranger["person"].as_str().unwrap_or_default(),
        )
        .await?;
    browser
        .fill("[name=name]", stranger["name"].as_str().unwrap_or_default())
        .await?;
    let rest = "const form = document.getElementById('register').elements;
        form.team.value = '1'; form.trade.value = '020';
        document.querySelector('#register button[type=submit]').click(); return true";
    browser.until("the rest is chosen", rest).await?;
    let saved = "return location.search === '?done=registered'";
    browser.until("he is registered by hand", saved).await?;
    open(&browser, &screen).await?;
    let devices = "const said = document.getElementById('devices').innerText;
        return said.includes('办公室读卡器') && said.includes('E-RD-01') && said.includes('闸机照常')";
    browser.until("the lamp on 今日", devices).await?;

    open(&browser, &page).await?;
    browser.until("the page opens with the lamp", lamp).await?;
    gate.fault(READER, "plug").await?;
    let dark = "return document.getElementById('desk-lamp').innerText === ''";
    browser.until("the reader is back", dark).await?;
    card(&site, &browser, NEW, "it reads", &told("已经在册")).await?;
    assert_eq!(browser.script("return window.forbidden").await?, json!([]));
    browser.close().await
}
