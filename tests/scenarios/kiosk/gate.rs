//! What a lane's screen shows, with real cards on real readers.

use serde_json::{Value, json};
use tests::{Browser, Result, Site};

use crate::clerk::{WATCH_RULES, is_sound, open};
use crate::help::{Gate, plan};

/// Keeps everything that the screen showed, in order: `tone|words`.
const WATCH_SCENES: &str = "window.seen = [];
    new MutationObserver(function () {
        var words = document.querySelector('#scene .words');
        var tone = document.getElementById('gate').dataset.tone;
        window.seen.push(tone + '|' + (words ? words.innerText.split(/\\s+/).join(' ') : ''));
    }).observe(document.getElementById('scene'), {childList: true, subtree: true});";
/// The screens of a gate: a PC's, a phone's, of 10.1 inches, of 7 inches, on its side, a full one.
const SCREENS: [(u32, u32); 6] = [
    (1366, 768),
    (360, 800),
    (1280, 800),
    (1024, 600),
    (800, 1280),
    (1920, 1080),
];

/// Somebody of the crowd of this standing.
async fn name(site: &Site, standing: &str) -> Result<String> {
    let state = site.simulator.state().await?;
    let people = state["people"].as_array().cloned().unwrap_or_default();
    let found = people.iter().find(|one| one["standing"] == standing);
    let name = found.and_then(|one| one["name"].as_str());
    Ok(name
        .ok_or_else(|| format!("nobody is {standing}"))?
        .to_owned())
}

/// Waits for a scene among those that were shown since the page came.
async fn showed(browser: &Browser, tone: &str, words: &[&str]) -> Result<()> {
    let words = serde_json::to_string(words)?;
    let script = format!(
        "return window.seen.some(one => one.startsWith('{tone}|') && {words}.every(word => one.includes(word)))"
    );
    let shown = browser.until(&format!("{tone}: {words}"), &script).await;
    if shown.is_err() {
        let seen = browser.script("return window.seen").await?;
        return Err(format!("the screen never showed {tone} {words}, but {seen}").into());
    }
    Ok(())
}

async fn is_idle(browser: &Browser) -> Result<()> {
    let idle = "return document.getElementById('gate').dataset.tone === 'idle'
        && !document.querySelector('#scene .lines')";
    browser.until("the words are over", idle).await
}

/// Nothing of the words is cut off, and the name is as large as three meters ask for.
async fn fits(browser: &Browser, (width, height): (u32, u32)) -> Result<()> {
    let cut = browser
        .script(
            "return Array.from(document.querySelectorAll('.lines p, .idle p, .idle dd, .dots li, .lane'))
             .filter(one => one.offsetParent !== null)
             .filter(one => { const at = one.getBoundingClientRect();
                 return at.left < -1 || at.top < -1 || at.right > innerWidth + 1 || at.bottom > innerHeight + 1
                     || one.scrollWidth > one.clientWidth + 1; })
             .map(one => one.className + ' ' + one.innerText)",
        )
        .await?;
    assert_eq!(cut, json!([]), "{width}x{height}");
    let size = browser
        .script(
            "const name = document.querySelector('.name.short');
             return name ? parseFloat(getComputedStyle(name).fontSize) / innerWidth : 1",
        )
        .await?;
    assert!(
        size.as_f64() >= Some(0.12),
        "{width}x{height}: the name is {size} of the width"
    );
    Ok(())
}

#[tokio::test]
async fn whoever_stands_at_the_gate_reads_his_name_or_why_not_and_what_to_do() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = Site::start(folder.path(), &plan("one-gate")).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    let browser = Browser::start(folder.path()).await?;
    browser.in_every_page(WATCH_RULES).await?;
    browser.resize(1366, 768).await?;
    let screen = site.gate_box.screen();
    open(&browser, &format!("{screen}/gate")).await?;
    browser.click("a[href='/gate/gate-1']").await?;
    let live = "return document.getElementById('gate').dataset.live === 'yes'";
    browser.until("the screen is live", live).await?;
    browser.script(WATCH_SCENES).await?;
    is_idle(&browser).await?;

    let worker = name(&site, "admitted").await?;
    gate.passes("gate-1-in", "admitted:0").await?;
    showed(
        &browser,
        "pass",
        &[&worker, "请通行", "进场", "本月第 1 天"],
    )
    .await?;
    is_idle(&browser).await?;
    let counts = "return document.querySelector('.counts').innerText.replace(/\\s/g, '').startsWith('在场1人今日已进1人')";
    browser.until("the figures follow", counts).await?;
    // Who is refused reads why and where to go; the queue does not read whom it concerns.
    let refused = name(&site, "untrained").await?;
    gate.stays_out("gate-1-in", "untrained:0").await?;
    showed(&browser, "deny", &["未完成三级教育", "→ 请到安全部"]).await?;
    let seen = browser.script("return window.seen.join()").await?;
    let seen = seen.as_str().unwrap_or_default();
    assert!(!seen.contains(&refused), "{seen}");
    // What happens at another lane is no matter of this one.
    gate.passes("gate-2-in", "admitted:1").await?;
    gate.passes("gate-1-out", "admitted:0").await?;
    showed(&browser, "pass", &[&worker, "请通行", "出场"]).await?;
    let passed = browser
        .script("return window.seen.filter(one => one.startsWith('pass|') && one.includes('进场')).length > 2")
        .await?;
    assert_eq!(passed, json!(false), "another lane's entry was shown here");
    // A fire stands until it is over, whatever is shown in between.
    let fire = |on: bool| json!({"lane": "gate-1", "on": on});
    site.simulator.act("fire", &fire(true)).await?;
    showed(&browser, "evacuate", &["消防疏散", "请尽快离开"]).await?;
    site.simulator.act("fire", &fire(false)).await?;
    is_idle(&browser).await?;
    gate.fault("gate-1-in", "unplug").await?;
    let fault = "return document.getElementById('idle').innerText.includes('故障') && document.getElementById('idle').innerText.includes('请走 2号')";
    browser.until("where to go instead", fault).await?;
    assert_eq!(browser.script("return window.forbidden").await?, json!([]));
    browser.close().await
}

/// Puts a scene on the page as the stream would, without waiting for a card at every size.
fn scene(tone: &str, name: &str, size: &str, title: &str, detail: &str) -> String {
    let named = if name.is_empty() {
        String::new()
    } else {
        format!("<p class=\"name {size}\">{name}</p>")
    };
    let alone = if name.is_empty() {
        format!(" alone {size}")
    } else {
        String::new()
    };
    let html = format!(
        "<div class=\"words\" data-tone=\"{tone}\"><svg class=\"sign\" viewBox=\"0 0 100 100\" aria-hidden=\"true\"><circle cx=\"50\" cy=\"50\" r=\"46\"/></svg>\
         <div class=\"lines\">{named}<p class=\"title{alone}\">{title}</p><p class=\"detail\">{detail}</p><p class=\"month\">本月第 18 天</p></div></div>"
    );
    format!(
        "document.getElementById('gate').dataset.tone = '{tone}'; document.getElementById('scene').innerHTML = {};",
        Value::String(html)
    )
}

#[tokio::test]
async fn every_size_of_a_gates_screen_shows_all_of_its_words() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = Site::start(folder.path(), &plan("one-gate")).await?;
    Gate::from(&site).devices_answer(0).await?;
    let browser = Browser::start(folder.path()).await?;
    browser.in_every_page(WATCH_RULES).await?;
    let page = format!("{}/gate/gate-1", site.gate_box.screen());
    let scenes = [
        scene(
            "pass",
            "欧阳大山",
            "short",
            "请通行",
            "进场 07:02 · 未签劳动合同",
        ),
        scene(
            "pass",
            "阿卜杜热合曼·麦麦提明",
            "longer",
            "请通行",
            "出场 17:42",
        ),
        scene("deny", "", "long", "年龄不符合岗位要求", "→ 请找劳资专管员"),
        scene(
            "retry",
            "单雄信",
            "short",
            "请重新刷卡",
            "前面的人还没有通过，进场请再刷一次",
        ),
    ];
    for size in SCREENS {
        browser.resize(size.0, size.1).await?;
        open(&browser, &page).await?;
        let live = "return document.getElementById('gate').dataset.live === 'yes'";
        browser.until("the screen is live", live).await?;
        fits(&browser, size).await?;
        is_sound(&browser, &format!("idle at {size:?}")).await?;
        for (at, scene) in scenes.iter().enumerate() {
            browser.script(scene).await?;
            fits(&browser, size).await?;
            if at == 0 {
                is_sound(&browser, &format!("a name at {size:?}")).await?;
            }
        }
    }
    browser.close().await
}
