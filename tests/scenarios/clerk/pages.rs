//! People, attendance and papers in a real browser, on a site with a month behind it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tests::{BOX_ID, Browser, History, Result, Site, bin_dir};

use crate::clerk::screen::{PC, PHONE, SIZES, clerks_browser};
use crate::help::{Gate, plan};

pub(crate) async fn site(folder: &Path) -> Result<Site> {
    let mut site = Site::prepare(folder, &plan("clerk")).await?;
    let history = History {
        days: 31,
        teams: 2,
        lane: "gate-1".to_owned(),
        seed: 7,
    };
    history.write(&site.gate_box, BOX_ID).await?;
    site.gate_box.up().await?;
    Ok(site)
}

/// Everybody of the roster file, by worker number from 1.
fn roster(site: &Site) -> Result<Vec<Value>> {
    let file = site.gate_box.folder().join("roster.json");
    let roster: Value = serde_json::from_slice(&fs::read(file)?)?;
    Ok(roster["workers"].as_array().ok_or("no workers")?.clone())
}

fn text<'a>(one: &'a Value, key: &str) -> &'a str {
    one[key].as_str().unwrap_or_default()
}

pub(crate) async fn open(browser: &Browser, url: &str) -> Result<()> {
    browser.open(url).await?;
    let ready = "return document.readyState === 'complete'";
    browser.until("the page is there", ready).await
}

/// Types into the search field and waits for the list that answers it.
async fn search(browser: &Browser, typed: &str) -> Result<Vec<String>> {
    let clear = "const q = document.getElementById('q'); q.value = ''; q.focus();";
    browser.script(clear).await?;
    browser.fill("#q", typed).await?;
    let answered =
        format!("return document.querySelector('.found').innerText.startsWith('“{typed}”')");
    browser.until("the list answers", &answered).await?;
    let names = browser
        .script("return Array.from(document.querySelectorAll('.people .c-name')).map(one => one.innerText)")
        .await?;
    Ok(serde_json::from_value(names)?)
}

#[tokio::test]
async fn anybody_is_found_by_letters_and_digits_while_the_clerk_types() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site(folder.path()).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    open(&browser, &format!("{}/people", site.gate_box.screen())).await?;
    for (typed, name) in [
        ("sxx", "单雄信"),
        ("shanxiongxin", "单雄信"),
        ("wangz", "王喆"),
        ("lyan", "刘䶮"),
        ("abdrhm", "阿卜杜热合曼·麦麦提明"),
        ("雄信", "单雄信"),
    ] {
        let found = search(&browser, typed).await?;
        assert!(found.contains(&name.to_owned()), "{typed}: {found:?}");
    }
    let roster = roster(&site)?;
    let somebody = &roster[20];
    for key in ["id_number", "phone"] {
        let digits = text(somebody, key);
        let found = search(&browser, &digits[digits.len() - 4..].to_lowercase()).await?;
        assert!(found.contains(&text(somebody, "name").to_owned()), "{key}");
    }
    assert_eq!(search(&browser, "zzzz").await?, Vec::<String>::new());
    let help = browser
        .script("return document.getElementById('list').innerText")
        .await?;
    assert!(
        help.as_str()
            .is_some_and(|help| help.contains("拼音首字母")),
        "{help}"
    );
    // Nobody's number stands on the page, however much of it is typed.
    let page = browser
        .script("return document.documentElement.outerHTML")
        .await?;
    for one in &roster {
        let number = text(one, "id_number");
        assert!(!page.as_str().unwrap_or_default().contains(number));
    }
    assert_eq!(browser.script("return window.forbidden").await?, json!([]));
    browser.close().await
}

#[tokio::test]
async fn a_month_adds_up_and_a_void_day_says_why() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site(folder.path()).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    let last_month = last_month(&site)?;
    let address = format!("{screen}/attendance?team=1&month={last_month}");
    open(&browser, &address).await?;
    // Each line's total is what its marks say.
    let wrong = browser
        .script(
            "return Array.from(document.querySelectorAll('.grid tbody tr')).filter(row => {
                 const marks = Array.from(row.querySelectorAll('td a')).map(one => one.innerText);
                 const days = marks.reduce((sum, mark) => sum + ({'√': 1, '夜': 1, '△': 0.5}[mark] || 0), 0);
                 return String(days) !== row.querySelector('td b').innerText;
             }).map(row => row.innerText)",
        )
        .await?;
    assert_eq!(wrong, json!([]));
    let rows = browser
        .script("return document.querySelectorAll('.grid tbody tr').length")
        .await?;
    assert!(rows.as_u64() > Some(30), "{rows}");
    browser.click(".grid td.void a").await?;
    browser
        .until(
            "the person's day",
            "return location.hash.startsWith('#d') && !!document.querySelector('.day:target')",
        )
        .await?;
    let day = browser
        .script("return document.querySelector('.day:target').innerText")
        .await?;
    let day = day.as_str().ok_or("no day")?;
    assert!(day.contains("不计：") && day.contains("流水号"), "{day}");
    assert_eq!(browser.script("return window.forbidden").await?, json!([]));
    browser.close().await
}

/// The site's calendar day of the box's last record.
pub(crate) fn today(site: &Site) -> Result<jiff::civil::Date> {
    Ok(jiff::tz::Offset::constant(8)
        .to_datetime(last_at(site)?)
        .date())
}

/// The work day of the box's last record: until four in the morning it is the evening's.
pub(crate) fn work_day(site: &Site) -> Result<jiff::civil::Date> {
    let evening = last_at(site)?.checked_sub(jiff::SignedDuration::from_hours(4))?;
    Ok(jiff::tz::Offset::constant(8).to_datetime(evening).date())
}

fn last_at(site: &Site) -> Result<jiff::Timestamp> {
    let last = site.gate_box.status()?["records"].as_u64().unwrap_or(1);
    let records = site.gate_box.records(last - 1)?;
    let at = records[0]["body"]["at"].as_i64().ok_or("no time")?;
    Ok(jiff::Timestamp::from_millisecond(at)?)
}

/// The month before that of the work day, `YYYY-MM`.
pub(crate) fn last_month(site: &Site) -> Result<String> {
    let day = work_day(site)?.first_of_month().yesterday()?;
    Ok(format!("{:04}-{:02}", day.year(), day.month()))
}

#[tokio::test]
async fn a_roll_call_counts_who_is_inside_and_looks_back() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site(folder.path()).await?;
    Gate::from(&site).devices_answer(0).await?;
    let browser = clerks_browser(&mut site, folder.path(), PHONE).await?;
    let screen = site.gate_box.screen().to_owned();
    let moment = format!("{screen}/attendance/moment");
    let listed = "return document.querySelectorAll('.tick').length";
    let gate = Gate::from(&site);
    let head = gate.head()?;
    gate.visit("gate-1-out", "hmt:0").await?;
    gate.record(head, "he is outside", |body| body["counted"] == true)
        .await?;
    open(&browser, &moment).await?;
    let before = browser.script(listed).await?.as_u64().ok_or("no count")?;
    let head = gate.head()?;
    gate.visit("gate-1-in", "hmt:0").await?;
    gate.record(head, "he is inside", |body| body["counted"] == true)
        .await?;
    open(&browser, &moment).await?;
    assert_eq!(browser.script(listed).await?.as_u64(), Some(before + 1));
    browser.click(".tick").await?;
    let missing = browser
        .script("return document.getElementById('missing').innerText")
        .await?;
    assert_eq!(missing, json!(before.to_string()));
    // In the middle of a working night nearly nobody is there, in the middle of a day nearly everybody.
    let day = today(&site)?.checked_sub(jiff::Span::new().days(9))?;
    let at = |time: &str| -> Result<String> { Ok(format!("{moment}?at={day}T{time}")) };
    open(&browser, &at("10:30")?).await?;
    let by_day = browser.script(listed).await?.as_u64().unwrap_or(0);
    open(&browser, &at("23:30")?).await?;
    let by_night = browser.script(listed).await?.as_u64().unwrap_or(0);
    assert!(
        by_day > 35 && by_night < by_day / 2,
        "{by_day} by day, {by_night} by night"
    );
    assert_eq!(browser.script("return window.forbidden").await?, json!([]));
    browser.close().await
}

#[tokio::test]
async fn the_signed_sheet_prints_with_its_head_on_every_page_and_opens_in_a_spreadsheet()
-> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site(folder.path()).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let sheet = format!(
        "{}/papers/month?team=1&month={}",
        site.gate_box.screen(),
        last_month(&site)?
    );
    open(&browser, &sheet).await?;
    let total = browser
        .script("return document.querySelector('.sheet-sum b').innerText")
        .await?;
    let pdf = folder.path().join("sheet.pdf");
    browser.pdf(&pdf).await?;
    let print = |page: &str| -> Result<String> {
        let out = Command::new("pdftotext")
            .args(["-layout", "-f", page, "-l", page])
            .arg(&pdf)
            .arg("-")
            .output()?;
        Ok(String::from_utf8(out.stdout)?.replace(' ', ""))
    };
    for page in ["1", "2"] {
        let print = print(page)?;
        assert!(
            print.contains("农民工实名制考勤表") && print.contains("本人签字"),
            "page {page}:\n{print}"
        );
        assert!(
            print.contains(&format!("第{page}页/共2页")),
            "page {page}:\n{print}"
        );
    }
    assert_eq!(print("3")?, "");
    let last = print("2")?;
    assert!(last.contains("合计") && last.contains("项目经理"), "{last}");

    let xlsx = folder.path().join("sheet.xlsx");
    browser
        .download(
            &sheet.replace("/papers/month?", "/papers/month.xlsx?"),
            &xlsx,
        )
        .await?;
    let read = r#"
import sys, json, openpyxl
page = openpyxl.load_workbook(sys.argv[1]).active
cached = openpyxl.load_workbook(sys.argv[1], data_only=True).active
days = page.max_column
last = next(row for row in range(5, page.max_row + 1) if page.cell(row, 2).value == "合计")
column = next(c for c in range(5, page.max_column + 1) if page.cell(4, c).value == "出勤天数")
print(json.dumps({
    "number_is_text": isinstance(page["C5"].value, str) and page["C5"].number_format == "@",
    "head": page.print_title_rows, "landscape": page.page_setup.orientation, "paper": page.page_setup.paperSize,
    "formula": page.cell(last, column).value.startswith("=SUM("), "cached": cached.cell(last, column).value,
    "sum": sum(page.cell(row, column).value for row in range(5, last)), "sheet": page.title,
}))
"#;
    let out = Command::new("/usr/bin/python3")
        .args(["-c", read])
        .arg(&xlsx)
        .output()?;
    let read: Value = serde_json::from_slice(&out.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&out.stderr)))?;
    let total: f64 = total.as_str().ok_or("no total")?.parse()?;
    let expected = json!({
        "number_is_text": true, "head": "$1:$4", "landscape": "landscape", "paper": "8",
        "formula": true, "cached": total, "sum": total, "sheet": "钢筋一班",
    });
    let mut read = read;
    read["paper"] = json!(read["paper"].to_string().trim_matches('"'));
    assert_eq!(
        read.to_string().replace(".0,", ","),
        expected.to_string().replace(".0,", ",")
    );
    browser.close().await
}

/// Faults of a page that axe-core calls serious or critical.
pub(crate) const AXE: &str =
    "return axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
    .filter(one => one.impact === 'serious' || one.impact === 'critical')
    .map(one => one.id + ': ' + one.nodes.slice(0, 3).map(node => node.html).join(' | ')))";

/// The page that is shown has no serious fault, scrolls nowhere sideways and breaks no rule of its
/// own.
pub(crate) async fn is_sound(browser: &Browser, shown: &str) -> Result<()> {
    let axe = fs::read_to_string(bin_dir()?.join("../tools/axe.min.js"))
        .map_err(|error| format!("axe-core is fetched by `./dev setup`: {error}"))?;
    let wide = browser
        .script("return document.documentElement.scrollWidth - innerWidth")
        .await?;
    assert!(wide.as_i64() <= Some(0), "{shown} is {wide} px too wide");
    let forbidden = browser.script("return window.forbidden").await?;
    assert_eq!(forbidden, json!([]), "{shown}");
    browser.script(&axe).await?;
    assert_eq!(browser.script(AXE).await?, json!([]), "{shown}");
    Ok(())
}

/// All these pages are sound, on a PC and on a phone.
pub(crate) async fn fair(browser: &Browser, screen: &str, paths: &[impl AsRef<str>]) -> Result<()> {
    for path in paths.iter().map(AsRef::as_ref) {
        for (width, height) in SIZES {
            browser.resize(width, height).await?;
            open(browser, &format!("{screen}{path}")).await?;
            is_sound(browser, &format!("{path} at {width}")).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn no_page_has_a_serious_fault_or_scrolls_sideways() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site(folder.path()).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    let month = last_month(&site)?;
    let paths = [
        "/".to_owned(),
        "/people".to_owned(),
        "/people?q=zzzz".to_owned(),
        "/people/new".to_owned(),
        "/teams".to_owned(),
        format!("/people/1?month={month}"),
        format!("/attendance?month={month}"),
        "/attendance/moment".to_owned(),
        format!("/attendance/moment?at={month}-15T10:30"),
        "/troubles".to_owned(),
        format!("/troubles?on={month}-28"),
        "/upload".to_owned(),
        "/papers".to_owned(),
        format!("/papers/month?team=1&month={month}"),
        "/account".to_owned(),
        "/accounts".to_owned(),
    ];
    fair(&browser, &screen, &paths).await?;
    browser.close().await
}
