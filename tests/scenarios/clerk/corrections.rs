//! 补卡: asked for by one person, approved by another, marked wherever it counts.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tests::{Browser, Result, Site};

use crate::clerk::pages::{fair, last_month, open, site};
use crate::clerk::screen::{PC, clerks_browser};
use crate::help::Gate;

const PASSWORD: &str = "scenario-Password-1";
/// The smallest picture that is one: its first bytes say so.
const PICTURE: &[u8] =
    b"\x89PNG\r\n\x1a\nnot much of a picture, and long enough to be kept in parts";

/// Opens an account and gives its code.
pub(crate) async fn account(
    browser: &Browser,
    screen: &str,
    name: &str,
    duty: &str,
) -> Result<String> {
    open(browser, &format!("{screen}/accounts")).await?;
    browser.fill("#name", name).await?;
    let choose = format!(
        "document.getElementById('duty').value = '{duty}';
         document.getElementById('of-team').value = '1'; return true"
    );
    browser.until("the lists", &choose).await?;
    press(browser, "form:has(#duty) button").await?;
    let there = "return !!document.getElementById('handed-code')";
    browser.until("the code", there).await?;
    let code = browser
        .script("return document.getElementById('handed-code').innerText")
        .await?;
    Ok(code.as_str().ok_or("no code")?.to_owned())
}

pub(crate) async fn press(browser: &Browser, css: &str) -> Result<()> {
    let click = format!("document.querySelector(\"{css}\").click(); return true");
    browser.until(&format!("the button {css}"), &click).await
}

/// Signs out, and in as somebody else: with a code the first time, then with the password.
pub(crate) async fn enter_as(
    browser: &Browser,
    screen: &str,
    name: &str,
    code: Option<&str>,
) -> Result<()> {
    open(browser, &format!("{screen}/account")).await?;
    press(browser, ".who form button").await?;
    let out = "return location.pathname === '/login'";
    browser.until("signed out", out).await?;
    if let Some(code) = code {
        open(browser, &format!("{screen}/claim")).await?;
        browser.fill("[name=code]", code).await?;
        browser.fill("[name=again]", PASSWORD).await?;
    }
    browser.fill("[name=name]", name).await?;
    browser.fill("[name=password]", PASSWORD).await?;
    press(browser, "main button[type=submit]").await?;
    let inside = "return location.pathname === '/'";
    browser.until("signed in", inside).await
}

/// Somebody of the first team with a day that has an entry and no exit: number and day.
pub(crate) async fn forgotten(
    browser: &Browser,
    screen: &str,
    month: &str,
) -> Result<(u64, String)> {
    open(
        browser,
        &format!("{screen}/attendance?team=1&month={month}"),
    )
    .await?;
    let found = browser
        .script(
            "const cell = Array.from(document.querySelectorAll('.grid td.void a'))
                 .find(one => one.title.includes('没有出场记录'));
             return cell.getAttribute('href')",
        )
        .await?;
    let address = found.as_str().ok_or("no forgotten exit")?;
    let worker = address
        .strip_prefix("/people/")
        .and_then(|rest| rest.split('?').next())
        .ok_or("no worker")?;
    let day = address.split("#d").nth(1).ok_or("no day")?;
    Ok((
        worker.parse()?,
        format!("{month}-{:02}", day.parse::<u8>()?),
    ))
}

/// Fills the form and sends it.
pub(crate) async fn ask(
    browser: &Browser,
    screen: &str,
    about: (u64, &str),
    more: &Ask<'_>,
) -> Result<()> {
    let (worker, on) = about;
    let address = format!("{screen}/corrections/new?worker={worker}&on={on}");
    open(browser, &address).await?;
    let choose = format!(
        "document.getElementById('time').value = '{}';
         document.getElementById('reason').value = 'forgot_card';
         document.getElementById('note').value = '{}';
         return true",
        more.time, more.note
    );
    browser.until("the form", &choose).await?;
    if let Some(file) = more.file {
        browser.fill("#file", &file.display().to_string()).await?;
    }
    press(browser, "form:has(#note) button").await
}

#[derive(Default)]
pub(crate) struct Ask<'a> {
    pub(crate) time: &'a str,
    pub(crate) note: &'a str,
    pub(crate) file: Option<&'a Path>,
}

pub(crate) async fn told(browser: &Browser, words: &str) -> Result<()> {
    let said = format!("return document.querySelector('.problem').innerText.includes('{words}')");
    browser.until(&format!("told: {words}"), &said).await
}

/// What an address answers to a form of this browser's session: status and page.
pub(crate) async fn send(browser: &Browser, address: &str, form: &str) -> Result<(u64, String)> {
    let script = format!(
        "return fetch('{address}', {{method: 'POST', body: '{form}',
             headers: {{'Content-Type': 'application/x-www-form-urlencoded'}}}})
             .then(answer => answer.text().then(text => [answer.status, text]))"
    );
    Ok(serde_json::from_value(browser.script(&script).await?)?)
}

#[tokio::test]
async fn a_forgotten_exit_is_made_good_by_two_people_and_marked_everywhere() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site(folder.path()).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    let month = last_month(&site)?;
    let before = Gate::from(&site).head()?;
    let (worker, on) = forgotten(&browser, &screen, &month).await?;
    let code = account(&browser, &screen, "李班长", "leader").await?;
    enter_as(&browser, &screen, "李班长", Some(&code)).await?;

    // What explains nothing, and what has not happened, is not taken; what was typed is still there.
    let note = "下班手机没电没刷上，班长在场";
    let empty = Ask {
        time: "18:05",
        note: "忘了",
        file: None,
    };
    ask(&browser, &screen, (worker, &on), &empty).await?;
    told(&browser, "说明太空").await?;
    let kept = browser
        .script("return document.getElementById('time').value")
        .await?;
    assert_eq!(kept, json!("18:05"));
    let tomorrow = crate::clerk::pages::today(&site)?.tomorrow()?.to_string();
    let early = Ask {
        time: "18:05",
        note,
        file: None,
    };
    ask(&browser, &screen, (worker, &tomorrow), &early).await?;
    // The browser itself refuses a day to come; the box does, too.
    open(
        &browser,
        &format!("{screen}/corrections/new?worker={worker}&on={on}"),
    )
    .await?;
    let free = "document.getElementById('on').removeAttribute('max'); return true";
    browser.until("no limit in the page", free).await?;
    let fill = format!(
        "document.getElementById('on').value = '{tomorrow}';
         document.getElementById('time').value = '18:05';
         document.getElementById('reason').value = 'forgot_card';
         document.getElementById('note').value = '{note}'; return true"
    );
    browser.until("the form", &fill).await?;
    press(&browser, "form:has(#note) button").await?;
    told(&browser, "还没到").await?;
    let script = folder.path().join("evidence.png");
    fs::write(&script, b"<script>alert(1)</script>")?;
    let bad = Ask {
        time: "18:05",
        note,
        file: Some(&script),
    };
    ask(&browser, &screen, (worker, &on), &bad).await?;
    told(&browser, "只收照片").await?;

    let picture = folder.path().join("picture.png");
    fs::write(&picture, PICTURE)?;
    let good = Ask {
        time: "18:05",
        note,
        file: Some(&picture),
    };
    ask(&browser, &screen, (worker, &on), &good).await?;
    let asked = "return location.search === '?done=asked' && document.querySelectorAll('.cases li').length === 1";
    browser.until("it waits", asked).await?;
    let again = Ask {
        time: "18:11",
        note,
        file: None,
    };
    ask(&browser, &screen, (worker, &on), &again).await?;
    told(&browser, "已经有人申请补卡").await?;
    let (status, _) = send(&browser, "/corrections/1", "what=approve").await?;
    assert_eq!(status, 403, "a leader does not decide");
    let gate = Gate::from(&site);
    assert_eq!(gate.bodies(before, "correction_request")?.len(), 1);
    assert!(gate.bodies(before, "correction")?.is_empty());

    // The clerk sees on the first page that it waits, then what it would change, and approves.
    enter_as(&browser, &screen, "王敏", None).await?;
    open(&browser, &format!("{screen}/")).await?;
    let waits = "return document.querySelector('#to-do a[href=\"/corrections\"]')?.parentNode.innerText.replace(/\\s+/g, ' ')";
    let told = browser.script(waits).await?;
    assert_eq!(told, json!("待审批补卡 1 件"));
    open(&browser, &format!("{screen}/corrections")).await?;
    let effect = browser
        .script("return document.querySelector('.case-effect').innerText")
        .await?;
    let effect = effect.as_str().ok_or("no effect")?;
    assert!(
        effect.contains("没有出场记录") && effect.contains("√补"),
        "{effect}"
    );
    fair(
        &browser,
        &screen,
        &["/corrections", "/corrections/1", "/corrections/new"],
    )
    .await?;
    browser.resize(PC.0, PC.1).await?;
    open(&browser, &format!("{screen}/corrections/1")).await?;
    press(&browser, "form:has([value=approve]) button").await?;
    let done = "return location.search === '?done=approved'";
    browser.until("approved", done).await?;
    open(&browser, &format!("{screen}/")).await?;
    assert_eq!(browser.script(waits).await?, json!(null));
    let kept = folder.path().join("kept.png");
    browser
        .download(&format!("{screen}/corrections/1/file"), &kept)
        .await?;
    assert_eq!(fs::read(&kept)?, PICTURE);

    // One new record, beside the gate's, which stand as they were.
    let records = gate.bodies(before, "correction")?;
    let [record] = records.as_slice() else {
        return Err(format!("{records:?}").into());
    };
    assert_eq!(
        (
            &record["worker"],
            &record["direction"],
            &record["requester"],
            &record["approver"]
        ),
        (
            &json!(worker),
            &json!("out"),
            &json!("李班长"),
            &json!("王敏")
        )
    );
    let asked = &gate.bodies(before, "correction_request")?[0];
    assert!(
        !asked.to_string().contains("手机没电"),
        "the evidence is sealed"
    );
    let audits = gate.bodies(before, "audit")?;
    let seen = audits.iter().find(|one| one["what"] == "evidence_seen");
    assert_eq!(seen.map(|one| &one["account"]), Some(&json!("王敏")));
    let (status, page) = send(&browser, "/corrections/1", "what=refuse&why=x").await?;
    assert!(status == 422 && page.contains("已经有人处理过"), "{status}");
    marked(&browser, &site, folder.path(), (worker, &on)).await?;

    // What the clerk asks for himself, another one decides.
    let other = Ask {
        time: "12:00",
        note,
        file: None,
    };
    ask(&browser, &screen, (worker, &on), &other).await?;
    browser.until("it waits", asked_own()).await?;
    let (status, page) = send(&browser, "/corrections/2", "what=approve").await?;
    assert!(status == 422 && page.contains("不能由自己审批"), "{status}");
    assert_eq!(gate.bodies(before, "correction")?.len(), 1);
    assert_eq!(browser.script("return window.forbidden").await?, json!([]));
    site.settled().await?;
    browser.close().await
}

fn asked_own() -> &'static str {
    "return location.search === '?done=asked'"
}

/// The mark stands in the grid, on the sheet, in the spreadsheet, on the person's page and in the report.
async fn marked(
    browser: &Browser,
    site: &Site,
    folder: &Path,
    (worker, on): (u64, &str),
) -> Result<()> {
    let screen = site.gate_box.screen().to_owned();
    let month = last_month(site)?;
    let day: usize = on.rsplit('-').next().ok_or("no day")?.parse()?;
    open(
        browser,
        &format!("{screen}/attendance?team=1&month={month}"),
    )
    .await?;
    let cells = browser
        .script(
            "return Array.from(document.querySelectorAll('.grid td.corrected'))
                 .map(one => one.innerText + ' ' + one.querySelector('a').getAttribute('href'))",
        )
        .await?;
    let expected = format!("√补 /people/{worker}?month={month}#d{day}");
    assert_eq!(cells, json!([expected]));
    open(
        browser,
        &format!("{screen}/papers/month?team=1&month={month}"),
    )
    .await?;
    let sheet = browser
        .script("return [document.querySelectorAll('.sheet td.corrected').length, document.querySelector('.sheet-legend').innerText]")
        .await?;
    assert_eq!(sheet[0], 1);
    assert!(
        sheet[1]
            .as_str()
            .is_some_and(|legend| legend.contains("补 手工补卡"))
    );
    let xlsx = folder.join("sheet.xlsx");
    let address = format!("{screen}/papers/month.xlsx?team=1&month={month}");
    browser.download(&address, &xlsx).await?;
    let read = r#"
import sys, json, openpyxl
page = openpyxl.load_workbook(sys.argv[1]).active
cells = [(c.value, c.fill.start_color.rgb, c.font.b) for row in page.iter_rows(min_row=5) for c in row if c.value == "√补"]
column = next(c.column for c in page[4] if c.value == "补卡次数")
last = next(row for row in range(5, page.max_row + 1) if page.cell(row, 2).value == "合计")
print(json.dumps([cells, sum(page.cell(row, column).value for row in range(5, last))]))
"#;
    let out = Command::new("/usr/bin/python3")
        .args(["-c", read])
        .arg(&xlsx)
        .output()?;
    let read: Value = serde_json::from_slice(&out.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&out.stderr)))?;
    assert_eq!(read, json!([[["√补", "FFFFE28A", true]], 1]));
    open(browser, &format!("{screen}/people/{worker}?month={month}")).await?;
    let line = browser
        .script("return document.querySelector('.punches .tag.corrected').closest('li').innerText")
        .await?;
    let line = line.as_str().ok_or("no line")?;
    assert!(
        line.contains("18:05:00 出") && line.contains("李班长 申请，王敏 批准"),
        "{line}"
    );
    open(
        browser,
        &format!("{screen}/corrections/report?month={month}"),
    )
    .await?;
    let rows = browser
        .script("return Array.from(document.querySelectorAll('tbody tr')).map(row => Array.from(row.querySelectorAll('.num')).map(one => one.innerText))")
        .await?;
    assert_eq!(rows, json!([["1", "1", "0", "0"], ["1", "0", "0"]]));
    let paper = format!("{screen}/corrections/1/paper");
    open(browser, &paper).await?;
    let pdf = folder.join("slip.pdf");
    browser.pdf(&pdf).await?;
    let text = Command::new("pdftotext")
        .arg("-layout")
        .arg(&pdf)
        .arg("-")
        .output()?;
    let text = String::from_utf8(text.stdout)?.replace([' ', '\n'], "");
    for word in ["补卡审批单", "李班长", "王敏", "已批准", "审批人签字"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert_eq!(text.matches('\u{c}').count(), 1, "one page");
    let paths = [
        "/corrections".to_owned(),
        format!("/corrections?month={month}"),
        format!("/corrections/report?month={month}"),
        "/corrections/1/paper".to_owned(),
        format!("/people/{worker}?month={month}"),
        format!("/attendance?team=1&month={month}"),
        format!("/corrections/new?worker={worker}&on={on}"),
    ];
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    fair(browser, &screen, &paths).await?;
    browser.resize(PC.0, PC.1).await
}
