//! The worker's own view, with real cards on a real reader; and the clerk who answers him.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tests::{BOX_ID, Browser, History, Result, Site};

use crate::clerk::{SIZES, WATCH_RULES, is_sound, open};
use crate::help::{Gate, plan};

/// A site with a month behind it, where the road's reader of the way in is for the own view.
async fn site(folder: &Path) -> Result<Site> {
    let mut site = Site::prepare(folder, &plan("clerk")).await?;
    let history = History {
        days: 31,
        teams: 2,
        lane: "gate-1".to_owned(),
        seed: 7,
    };
    history.write(&site.gate_box, BOX_ID).await?;
    let config = site.gate_box.config();
    let text = fs::read_to_string(&config)?;
    let reader = "name = \"车行道进口读卡器\"\ndirection = ";
    let own = text.replace(&format!("{reader}\"in\""), &format!("{reader}\"own_view\""));
    assert_ne!(own, text, "no reader to set apart:\n{text}");
    fs::write(&config, own)?;
    site.gate_box.up().await?;
    Ok(site)
}

/// Somebody whom every rule admits: his name.
async fn admitted(site: &Site, nth: usize) -> Result<String> {
    let state = site.simulator.state().await?;
    let people = state["people"].as_array().cloned().unwrap_or_default();
    let mut found = people.iter().filter(|one| one["standing"] == "admitted");
    let name = found.nth(nth).and_then(|one| one["name"].as_str());
    Ok(name.ok_or("nobody is admitted")?.to_owned())
}

async fn put(site: &Site, person: &str) -> Result<()> {
    let card = json!({"reader": "road-in", "person": person});
    site.simulator.act("put", &card).await.map(drop)
}

async fn lift(site: &Site) -> Result<()> {
    let reader = json!({"reader": "road-in"});
    site.simulator.act("lift", &reader).await.map(drop)
}

/// The view of this person is open.
async fn opened(browser: &Browser, name: &str) -> Result<()> {
    let script = format!(
        "return document.getElementById('mine').dataset.open === 'yes'
            && document.querySelector('.own h2').innerText === '{name}'"
    );
    browser.until(&format!("the view of {name}"), &script).await
}

async fn live(browser: &Browser) -> Result<()> {
    let live = "return document.getElementById('mine').dataset.live === 'yes'";
    browser.until("the screen is live", live).await
}

async fn text(browser: &Browser) -> Result<String> {
    let html = browser
        .script("return document.documentElement.outerHTML")
        .await?;
    Ok(html.as_str().unwrap_or_default().to_owned())
}

/// What a form of the view is answered that nobody opened.
async fn guessed(browser: &Browser, path: &str) -> Result<Value> {
    browser
        .script(&format!(
            "return fetch('/mine/road/{path}', {{method: 'POST', body: 'token=guess&what=other',
                headers: {{'Content-Type': 'application/x-www-form-urlencoded'}}}}).then(one => one.status)"
        ))
        .await
}

#[tokio::test]
async fn a_card_opens_its_holders_days_and_nobody_elses_and_the_clerk_answers() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site(folder.path()).await?;
    Gate::from(&site).devices_answer(0).await?;
    let head = Gate::from(&site).head()?;
    let (first, second) = (admitted(&site, 0).await?, admitted(&site, 1).await?);
    let screen = site.gate_box.screen().to_owned();
    let page = format!("{screen}/mine/road");
    let browser = Browser::start(folder.path()).await?;
    browser.in_every_page(WATCH_RULES).await?;
    browser.resize(1366, 768).await?;
    open(&browser, &page).await?;
    live(&browser).await?;
    is_sound(&browser, "the invitation").await?;
    // Neither the address nor a guess shows or does anything.
    for path in ["object", "stay"] {
        assert_eq!(guessed(&browser, path).await?, json!(410), "{path}");
    }
    put(&site, "admitted:0").await?;
    opened(&browser, &first).await?;
    let shown = text(&browser).await?;
    assert!(shown.contains("出勤 <b>") && shown.contains("我的工资"));
    let state = site.simulator.state().await?;
    for person in state["people"].as_array().into_iter().flatten() {
        let name = person["name"].as_str().unwrap_or_default();
        assert!(name == first || !shown.contains(name), "{name} is shown");
        let number = person["person"].as_str().unwrap_or_default();
        assert!(!shown.contains(number), "a whole number is shown");
    }
    for (width, height) in SIZES {
        browser.resize(width, height).await?;
        is_sound(&browser, &format!("the view at {width}")).await?;
        // He touches the screen, and so reads on.
        let touch = "document.body.dispatchEvent(new Event('pointerdown', {bubbles: true}))";
        browser.script(touch).await?;
    }
    browser.resize(1366, 768).await?;

    // He objects to his last day.
    let pick = "const days = document.querySelectorAll('.own-calendar label'); days[days.length - 1].click();
        return !!document.querySelector('.own-punches:not([hidden])')";
    assert_eq!(browser.script(pick).await?, json!(true));
    let days = "return Array.from(document.querySelectorAll('.own-calendar input')).pop().value";
    let on = browser.script(days).await?;
    let on = on.as_str().ok_or("no day")?.to_owned();
    let touch = "document.querySelector('label[for=ktime_wrong]').click()";
    browser.script(touch).await?;
    browser.click("#own button[type=submit]").await?;
    let said = "return document.getElementById('said').innerText.startsWith('✔ 已提交')";
    browser.until("it is taken", said).await?;
    let (_, ticket) = Gate::from(&site)
        .record(head, "his objection", |body| body["what"] == "disputed")
        .await?;
    assert_eq!(ticket["account"], Value::Null, "{ticket}");
    assert_eq!(ticket["detail"], format!("1号 {on} 打卡时间不对"));
    browser.click("#own button[type=submit]").await?;
    let again = "return document.getElementById('said').innerText.startsWith('✖ 这件事已经提过')";
    browser.until("once is enough", again).await?;

    // The next card is the next one's, and a page that loads anew shows nobody.
    lift(&site).await?;
    put(&site, "admitted:1").await?;
    opened(&browser, &second).await?;
    assert!(
        !text(&browser).await?.contains(&first),
        "the view before is still there"
    );
    open(&browser, &page).await?;
    live(&browser).await?;
    assert!(
        !text(&browser).await?.contains(&second),
        "an address shows somebody"
    );
    lift(&site).await?;
    // No card on this reader counts for anything.
    let presented = Gate::from(&site).bodies(head, "presentation")?;
    assert_eq!(presented, Vec::<Value>::new());
    assert_eq!(browser.script("return window.forbidden").await?, json!([]));

    let code = site.gate_box.claim_code().await?;
    browser.claim(&screen, &code).await?;
    open(&browser, &format!("{screen}/troubles")).await?;
    is_sound(&browser, "异常 with an objection").await?;
    let listed = browser
        .script("return document.getElementById('objections').innerText")
        .await?;
    let listed = listed.as_str().unwrap_or_default();
    assert!(
        listed.contains(&first) && listed.contains("打卡时间不对"),
        "{listed}"
    );
    browser.fill("#answer-1", "已核对抓拍，时间无误").await?;
    browser.click("#objections button").await?;
    let gone =
        "return document.readyState === 'complete' && !document.getElementById('objections')";
    browser.until("nothing waits", gone).await?;
    let (_, answer) = Gate::from(&site)
        .record(head, "the answer", |body| {
            body["what"] == "dispute_answered"
        })
        .await?;
    assert_eq!(
        (&answer["account"], &answer["worker"], &answer["detail"]),
        (&json!("王敏"), &ticket["worker"], &json!("1号"))
    );
    open(&browser, &page).await?;
    live(&browser).await?;
    put(&site, "admitted:0").await?;
    opened(&browser, &first).await?;
    assert!(text(&browser).await?.contains("答复：已核对抓拍，时间无误"));
    browser.click("#shut").await?;
    let shut = "return document.getElementById('mine').dataset.open === 'no'";
    browser.until("it is shut", shut).await?;
    assert!(!text(&browser).await?.contains(&first));
    browser.close().await
}
