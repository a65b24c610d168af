//! A file of people on the screen: checked, taken in, taken back, whatever stands in it and whatever
//! happens meanwhile.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tests::{Browser, Result, Site, eventually, repository};

use crate::clerk::pages::{self, open, site};
use crate::clerk::screen::{PC, PHONE, SIZES, WATCH_RULES, clerks_browser};
use crate::help::{Gate, plan};

fn python(arguments: &[&str]) -> Result<String> {
    let out = Command::new("/usr/bin/python3").args(arguments).output()?;
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into());
    }
    Ok(String::from_utf8(out.stdout)?)
}

/// A file that a clerk might bring.
fn brought(folder: &Path, kind: &str, name: &str, facts: &Value) -> Result<PathBuf> {
    let script = repository().join("tests/scenarios/clerk/roster_file.py");
    let file = folder.join(name);
    let (script, out) = (script.to_str(), file.to_str());
    let (script, out) = script.zip(out).ok_or("folder's name")?;
    python(&[script, kind, out, &facts.to_string()])?;
    Ok(file)
}

/// The cells of a spreadsheet's first sheet, as openpyxl reads them: text stays text.
fn cells(file: &Path) -> Result<Vec<Vec<Value>>> {
    let script = "import sys, json, openpyxl, datetime
page = openpyxl.load_workbook(sys.argv[1]).worksheets[0]
text = lambda one: one.date().isoformat() if isinstance(one, datetime.datetime) else one
print(json.dumps([[text(cell.value) for cell in row] for row in page.iter_rows()]))";
    let read = python(&["-c", script, file.to_str().ok_or("file's name")?])?;
    Ok(serde_json::from_str(&read)?)
}

/// Chooses a file and sends it; waits for the page that answers.
async fn bring(browser: &Browser, screen: &str, file: &Path) -> Result<()> {
    open(browser, &format!("{screen}/import")).await?;
    browser
        .fill("#file", file.to_str().ok_or("file's name")?)
        .await?;
    press(browser, "#bring-button").await?;
    let answered = "return location.pathname !== '/import' || !!document.querySelector('p.problem:not([hidden])')";
    browser.until("the file is read", answered).await?;
    browser
        .until(
            "the page is there",
            "return document.readyState === 'complete'",
        )
        .await
}

async fn press(browser: &Browser, css: &str) -> Result<()> {
    let click = format!("document.querySelector(\"{css}\").click(); return true");
    browser.until(&format!("the button {css}"), &click).await
}

/// New, changed, the same, refused.
async fn counts(browser: &Browser) -> Result<[u64; 4]> {
    let found = browser
        .script(
            "return ['new', 'changed', 'same', 'refused'].map(id => Number(document.getElementById('n-' + id).innerText))",
        )
        .await?;
    Ok(serde_json::from_value(found)?)
}

async fn text(browser: &Browser) -> Result<String> {
    let text = browser
        .script("return document.querySelector('main').innerText")
        .await?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

async fn take_in(browser: &Browser) -> Result<()> {
    press(browser, "#save").await?;
    let done = "return document.querySelector('main').innerText.includes('导入完成')";
    browser.until("the file is taken in", done).await
}

/// The page is sound, on PC and phone; a picture of each.
async fn is_sound(browser: &Browser, folder: &Path, name: &str) -> Result<()> {
    for (width, height) in SIZES {
        browser.resize(width, height).await?;
        pages::is_sound(browser, &format!("{name} at {width}")).await?;
        browser
            .screenshot(&folder.join(format!("{name}-{width}.png")))
            .await?;
    }
    browser.resize(PC.0, PC.1).await
}

fn roster(site: &Site) -> Result<Vec<Value>> {
    let file = site.gate_box.folder().join("roster.json");
    let roster: Value = serde_json::from_slice(&fs::read(file)?)?;
    Ok(roster["workers"].as_array().ok_or("no workers")?.clone())
}

/// What each wrong row of the file is refused for, in the file's order.
const REASONS: [&str; 13] = [
    "校验位",
    "18 位",
    "后几位",
    "同一个人",
    "手机号",
    "没有班组“没有的班”",
    "工种",
    "看不懂",
    "姓名没有填",
    "证件号码没有填",
    "班组、进场日期",
    "童工",
    "姓名没有填",
];

#[tokio::test]
async fn a_file_with_faults_is_checked_taken_in_and_taken_back() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("one-gate")).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    let people = site.simulator.state().await?["people"].clone();
    let people = people.as_array().ok_or("no people")?;
    let stranger = people.iter().find(|one| one["standing"] == "not_on_roster");
    let stranger = stranger.ok_or("no stranger")?.clone();
    let somebody = roster(&site)?[0].clone();
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    let gate = Gate::from(&site);
    let known = json!([
        [
            stranger["name"],
            stranger["person"],
            "",
            "钢筋一班",
            "钢筋工",
            "2026-06-01",
            "2026-05-31",
            "2026-06-01"
        ],
        [
            somebody["name"],
            somebody["id_number"],
            "13911112222",
            "",
            "",
            ""
        ],
    ]);
    let facts = json!({"good": 120, "known": known, "wrong": true});
    let file = brought(folder.path(), "roster", "花名册.xlsx", &facts)?;
    let head = gate.head()?;
    is_brought(&browser, &screen, &file, folder.path()).await?;
    assert_eq!(
        gate.bodies(head, "worker")?.len(),
        0,
        "nothing is recorded yet"
    );

    take_in(&browser).await?;
    assert_eq!(counts(&browser).await?, [121, 1, 0, 13]);
    is_sound(&browser, folder.path(), "import-saved").await?;
    assert_eq!(gate.bodies(head, "worker")?.len(), 122);
    assert_eq!(gate.bodies(head, "entry")?.len(), 121);
    gate.passes("gate-1-in", "not_on_roster:0").await?;

    // The same file again: nobody twice.
    let before = gate.head()?;
    bring(&browser, &screen, &file).await?;
    assert_eq!(counts(&browser).await?, [0, 0, 122, 13]);
    press(&browser, "#drop").await?;
    browser
        .until("it is dropped", "return location.pathname === '/import'")
        .await?;
    assert_eq!(gate.bodies(before, "worker")?.len(), 0);

    // Taken back: who came in stays, the others leave, the phone is what it was.
    open(&browser, &format!("{screen}/import/1")).await?;
    press(&browser, "details.drawer summary").await?;
    press(&browser, "#undo").await?;
    let undone = "return document.querySelector('main').innerText.includes('撤销完成')";
    browser.until("it is taken back", undone).await?;
    is_sound(&browser, folder.path(), "import-undone").await?;
    let told = text(&browser).await?;
    assert!(
        told.contains("1 人没有撤销") && told.contains("已经打过卡"),
        "{told}"
    );
    let exits = gate.bodies(before, "exit")?;
    assert_eq!(exits.len(), 120);
    // Who took it in and back stands in the ledger, each once.
    let mut audits = gate.bodies(head, "audit")?;
    audits.retain(|one| one["what"] != "exported");
    let told = |one: &Value| json!([one["what"], one["account"], one["detail"]]);
    let told: Vec<Value> = audits.iter().map(told).collect();
    let expected = [
        json!([
            "imported",
            "王敏",
            "花名册.xlsx，待导入：新增 121，更新 1，有错 13"
        ]),
        json!([
            "import_undone",
            "王敏",
            "花名册.xlsx，已导入：新增 121，更新 1，有错 13"
        ]),
    ];
    assert_eq!(told, expected);
    assert!(
        exits
            .iter()
            .all(|exit| exit["reason"] == "撤销导入（第 1 批）"),
        "{exits:?}"
    );
    assert_eq!(
        gate.bodies(before, "worker")?.len(),
        1,
        "the one whose phone was changed"
    );
    gate.passes("gate-1-out", "not_on_roster:0").await?;
    // Once more brings them back under their numbers.
    let before = gate.head()?;
    open(&browser, &format!("{screen}/import/1")).await?;
    assert!(
        !text(&browser).await?.contains("撤销这一批"),
        "an undone file is done with"
    );
    assert_eq!(gate.bodies(before, "worker")?.len(), 0);
    site.settled().await?;
    assert!(site.gate_box.menwei(&["verify"])?.contains("账本完好"));
    browser.close().await
}

/// The check: counts, each wrong row with its reason, the file of errors.
async fn is_brought(browser: &Browser, screen: &str, file: &Path, folder: &Path) -> Result<()> {
    open(browser, &format!("{screen}/import")).await?;
    is_sound(browser, folder, "import").await?;
    bring(browser, screen, file).await?;
    assert_eq!(counts(browser).await?, [121, 1, 0, 13]);
    is_sound(browser, folder, "import-checked").await?;
    let told = text(browser).await?;
    for words in ["没有读：说明", "公式", "家庭住址", "手机 ", "→ 139****2222"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let is_text = "return document.getElementById('new').textContent.includes('<img src=x onerror')
        && !document.querySelector('main img')";
    assert_eq!(browser.script(is_text).await?, json!(true));
    let errors = folder.join("errors.xlsx");
    let address = browser
        .script("return document.querySelector('a[href$=\"errors.xlsx\"]').href")
        .await?;
    browser
        .download(address.as_str().ok_or("no address")?, &errors)
        .await?;
    let errors = cells(&errors)?;
    let reasons: Vec<&str> = errors[1..=REASONS.len()]
        .iter()
        .map(|row| row[10].as_str().unwrap_or_default())
        .collect();
    for (reason, expected) in reasons.iter().zip(REASONS) {
        assert!(reason.contains(expected), "{expected}: {reasons:#?}");
    }
    assert_eq!(errors[0][10], "没有导入的原因");
    assert_eq!(errors[1][1], "错一");
    assert!(errors[1][2].is_string(), "numbers are text");
    assert_eq!(errors[1][11], json!(126), "the row's place in the file");
    Ok(())
}

#[tokio::test]
async fn what_was_exported_changes_nothing_when_it_comes_back() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site(folder.path()).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    let file = brought(folder.path(), "roster", "a.xlsx", &json!({"good": 12}))?;
    bring(&browser, &screen, &file).await?;
    take_in(&browser).await?;
    let gbk = brought(folder.path(), "gbk", "国标.csv", &json!({"good": 5}))?;
    bring(&browser, &screen, &gbk).await?;
    assert_eq!(counts(&browser).await?, [5, 0, 0, 0]);
    take_in(&browser).await?;

    let exported = folder.path().join("people.xlsx");
    browser
        .download(&format!("{screen}/papers/people.xlsx"), &exported)
        .await?;
    let rows = cells(&exported)?;
    let column = |head: &str| {
        rows[1]
            .iter()
            .position(|one| one == head)
            .ok_or(head.to_owned())
    };
    let everybody = roster(&site)?.len() + 17;
    assert_eq!(rows.len() - 2, everybody, "everybody is on the sheet");
    let names: Vec<&str> = rows[2..].iter().filter_map(|row| row[2].as_str()).collect();
    for name in [
        "刘䶮",
        "𬭼大山",
        "阿卜杜热合曼·麦麦提明江",
        "<img src=x onerror=alert(1)>",
        "=1+1",
        "@李四",
        "王\u{e832}",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    for row in &rows[2..] {
        assert!(
            row[column("身份证号码")?].is_string() && row[column("工号")?].is_u64(),
            "{row:?}"
        );
    }
    let gate = Gate::from(&site);
    let head = gate.head()?;
    bring(&browser, &screen, &exported).await?;
    let told = text(&browser).await?;
    assert_eq!(
        counts(&browser).await?,
        [0, 0, u64::try_from(everybody)?, 0],
        "{told}"
    );
    assert!(told.contains("文件和花名册完全一样"), "{told}");
    assert!(!told.contains("没有对应的资料"), "{told}");
    is_sound(&browser, folder.path(), "import-same").await?;
    let people = |kind| gate.bodies(head, kind);
    assert_eq!(people("worker")?.len() + people("entry")?.len(), 0);

    // The template is read too: its example is nobody.
    let template = folder.path().join("template.xlsx");
    browser
        .download(&format!("{screen}/import/template.xlsx"), &template)
        .await?;
    bring(&browser, &screen, &template).await?;
    assert!(text(&browser).await?.contains("没有可导入的人"));
    browser.close().await
}

/// People of the file that are in the ledger.
fn recorded(site: &Site) -> Result<usize> {
    let entries = Gate::from(site).bodies(0, "entry")?;
    let theirs = entries.iter().filter(|entry| entry["on"] == "2026-06-01");
    Ok(theirs.count())
}

#[tokio::test]
async fn an_import_goes_on_after_a_closed_tab_and_a_power_cut() -> Result<()> {
    const PEOPLE: usize = 1_500;
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("one-gate")).await?;
    Gate::from(&site).devices_answer(0).await?;
    let browser = clerks_browser(&mut site, folder.path(), PHONE).await?;
    let screen = site.gate_box.screen().to_owned();
    let file = brought(folder.path(), "roster", "a.xlsx", &json!({"good": PEOPLE}))?;
    bring(&browser, &screen, &file).await?;
    press(&browser, "#save").await?;
    let running = "return !!document.querySelector('progress')
        || document.querySelector('main').innerText.includes('导入完成')";
    browser.until("its progress is shown", running).await?;
    pages::is_sound(&browser, "while it runs").await?;
    browser.close().await?;
    let gate = Gate::from(&site);
    eventually("some are recorded", async || {
        Ok((gate.bodies(0, "worker")?.len() > 300).then_some(()))
    })
    .await?;
    site.gate_box.kill()?;
    let cut = recorded(&site)?;
    assert!(
        cut < PEOPLE,
        "the power cut came too late to prove anything"
    );
    assert_eq!(cut % 100, 0, "steps are whole or not at all");
    site.gate_box.up().await?;
    eventually("all are recorded", async || {
        Ok((recorded(&site)? >= PEOPLE).then_some(()))
    })
    .await?;
    assert_eq!(recorded(&site)?, PEOPLE, "nobody twice");
    assert!(site.gate_box.menwei(&["verify"])?.contains("账本完好"));
    Ok(())
}

#[tokio::test]
async fn files_that_mean_harm_are_refused_with_a_reason_and_the_box_goes_on() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("one-gate")).await?;
    Gate::from(&site).devices_answer(0).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    browser.in_every_page(WATCH_RULES).await?;
    let screen = site.gate_box.screen().to_owned();
    let process = site.gate_box.process_id()?;
    let started = Gate::from(&site).head()?;
    for (kind, words) in [
        ("bomb", "解压后太大"),
        ("macros", "宏"),
        ("deadly", "打不开"),
    ] {
        let file = brought(folder.path(), kind, &format!("{kind}.xlsx"), &json!({}))?;
        bring(&browser, &screen, &file).await?;
        let told = text(&browser).await?;
        assert!(told.contains(words), "{kind}: {told}");
    }
    for (name, bytes, words) in [
        ("old.xls", &b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], ".xls"),
        ("picture.xlsx", b"\x89PNG\r\n\x1a\n\0\0", "看不懂"),
        ("other.csv", "甲,乙\n1,2\n".as_bytes(), "没有找到表头"),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, bytes)?;
        bring(&browser, &screen, &file).await?;
        let told = text(&browser).await?;
        assert!(told.contains(words), "{name}: {told}");
    }
    is_sound(&browser, folder.path(), "import-refused").await?;

    // Too large: the page says so before anything is sent, and the box where a page does not.
    let large = folder.path().join("large.csv");
    fs::write(&large, vec![b'x'; 9 << 20])?;
    open(&browser, &format!("{screen}/import")).await?;
    browser
        .fill("#file", large.to_str().ok_or("file's name")?)
        .await?;
    let told = "return !document.getElementById('too-large').hidden";
    browser.until("the page says it is too large", told).await?;
    let sent = browser
        .script(
            "const form = new FormData();
             form.append('file', new Blob([new Uint8Array(100 << 20)]), '../../../etc/passwd');
             return fetch('/import', {method: 'POST', body: form})
                 .then(async answer => [answer.status, (await answer.text()).includes('文件太大')])",
        )
        .await?;
    assert_eq!(sent, json!([422, true]));
    for path in ["..%2f..%2fetc%2fpasswd", "-1", "99", "1e3"] {
        let status =
            format!("return fetch('/import/{path}/errors.xlsx').then(answer => answer.status)");
        assert_eq!(browser.script(&status).await?, json!(404), "{path}");
    }
    assert_eq!(site.gate_box.process_id()?, process);
    let gate = Gate::from(&site);
    gate.passes("gate-1-in", "admitted:0").await?;
    assert_eq!(
        gate.bodies(started, "started")?.len(),
        0,
        "the box never died"
    );
    browser.close().await
}
