//! A surprise visit: somebody with a code of a few days asks for a past minute, one man's file and the
//! paper that was signed, and needs no clerk for it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tests::{Browser, Result, Site};

use crate::clerk::corrections::{account, enter_as, press, send};
use crate::clerk::pages::{fair, last_month, open, site, today};
use crate::clerk::screen::{PC, clerks_browser};

/// The rows of the sheet that stands on the page, with what stands in them.
const SHEET: &str = "return Array.from(document.querySelectorAll('table tbody tr'))
    .map(row => Array.from(row.cells).map(cell => cell.innerText.trim()).join('|'))";

/// Who was inside at a minute, by the bare records: whose last counted passage until its end was inwards.
fn inside(site: &Site, at: i64) -> Result<BTreeSet<u64>> {
    let mut last: BTreeMap<u64, (i64, bool)> = BTreeMap::new();
    for record in site.gate_box.records(0)? {
        let body = &record["body"];
        if body["kind"] != "passage" || body["counted"] != true || body["outcome"] != "passed" {
            continue;
        }
        let (Some(worker), Some(time)) = (body["worker"].as_u64(), body["at"].as_i64()) else {
            continue;
        };
        let is_later = last.get(&worker).is_none_or(|(had, _)| *had <= time);
        if time < at + 60_000 && is_later {
            last.insert(worker, (time, body["direction"] == "in"));
        }
    }
    let inside = last.iter().filter(|(_, (_, is_in))| *is_in);
    Ok(inside.map(|(worker, _)| *worker).collect())
}

async fn main_text(browser: &Browser) -> Result<String> {
    let text = "return document.querySelector('main').innerText";
    let text = browser.script(text).await?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

/// From the top bar by two clicks to who was inside at that minute.
async fn asks_for(browser: &Browser, minute: &str) -> Result<BTreeSet<u64>> {
    press(browser, "nav a[href='/papers']").await?;
    let papers = "return location.pathname === '/papers'";
    browser.until("the papers", papers).await?;
    press(browser, "main a[href='/attendance/moment']").await?;
    let set = format!(
        "const at = document.getElementById('at'); at.value = '{minute}';
         at.form.requestSubmit(); return true"
    );
    browser.until("the minute is asked for", &set).await?;
    let there = format!(
        "return location.search.includes('at=') && document.getElementById('at').value === '{minute}'"
    );
    browser.until("the list of that minute", &there).await?;
    let listed = "return Array.from(document.querySelectorAll('.tick')).map(one => Number(one.dataset.worker))";
    Ok(serde_json::from_value(browser.script(listed).await?)?)
}

#[tokio::test]
async fn an_inspector_sees_a_past_minute_a_mans_file_and_that_the_paper_is_the_boxs() -> Result<()>
{
    let folder = tempfile::tempdir()?;
    let mut site = site(folder.path()).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    let month = last_month(&site)?;

    // What hangs on the wall since the month was closed.
    open(&browser, &format!("{screen}/papers/close?month={month}")).await?;
    press(&browser, "main form button").await?;
    let done = "return location.search.endsWith('done=closed')";
    browser.until("the month is closed", done).await?;
    let sheet = format!("{screen}/papers/month?team=1&month={month}");
    open(&browser, &sheet).await?;
    let paper = browser.script(SHEET).await?;
    assert!(paper.as_array().is_some_and(|rows| rows.len() > 30));
    let code = "return document.getElementById('sheet-code').innerText";
    let code = browser.script(code).await?;
    let code = code.as_str().ok_or("no code on the paper")?.to_owned();
    let key = account(&browser, &screen, "检查组", "viewer").await?;
    enter_as(&browser, &screen, "检查组", Some(&key)).await?;

    let day = today(&site)?.checked_sub(jiff::Span::new().days(9))?;
    let minute = format!("{day}T10:10");
    let at = format!("{minute}:00+08:00").parse::<jiff::Timestamp>()?;
    let expected = inside(&site, at.as_millisecond())?;
    assert!(expected.len() > 20, "{}", expected.len());
    assert_eq!(asks_for(&browser, &minute).await?, expected);

    // One of them: his papers, his days, his wages, and no whole number.
    press(&browser, "ul.roll a[href^='/people/']").await?;
    let there = "return location.pathname.startsWith('/people/')";
    browser.until("his file", there).await?;
    let file = main_text(&browser).await?;
    for word in ["合同或协议", "三级教育", "进场日期", "在场", "工资标准"] {
        assert!(file.contains(word), "{word}: {file}");
    }
    let whole = "return /[1-9][0-9]{16}[0-9X]/.test(document.documentElement.outerHTML)";
    assert_eq!(browser.script(whole).await?, json!(false));
    let forms = "return document.querySelectorAll('main form[method=post]').length";
    assert_eq!(browser.script(forms).await?, json!(0), "he changes nothing");
    let worker = browser.script("return location.pathname").await?;
    let worker = worker.as_str().unwrap_or_default().to_owned();

    // The paper on the wall, by its code.
    press(&browser, "nav a[href='/papers']").await?;
    let typed = format!(
        "const code = document.getElementById('vc'); code.value = '{code}';
         code.form.requestSubmit(); return true"
    );
    browser.until("the code is typed", &typed).await?;
    let there =
        "return location.pathname === '/verify' && !!document.querySelector('.verdict-line')";
    browser.until("the verdict", there).await?;
    assert!(main_text(&browser).await?.contains("✔"));
    assert_eq!(browser.script(SHEET).await?, paper, "line by line");

    for (address, form) in [
        ("/teams", "name=x"),
        ("/people/1/exit", "on=2026-01-01"),
        ("/accounts", "what=code&name=x"),
        ("/people/1/numbers", "reason=x"),
    ] {
        let (status, _) = send(&browser, address, form).await?;
        assert_eq!(status, 403, "{address}");
    }
    let moment = format!("/attendance/moment?at={minute}");
    let paths = ["/".to_owned(), "/papers".to_owned(), moment, worker];
    fair(&browser, &screen, &paths).await?;
    browser.close().await
}

/// Where a code is mistyped or of another paper, the page says so and shows no sheet.
#[tokio::test]
async fn a_code_of_no_paper_is_told() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site(folder.path()).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    for typed in ["0000-0000-0000", "<b>", "' or 1=1"] {
        let address = format!("'/verify?code=' + encodeURIComponent({})", json!(typed));
        let go = format!("location.assign('{screen}' + {address}); return true");
        browser.until("the code is sent", &go).await?;
        let told = "return location.pathname === '/verify' && !!document.querySelector('.problem')";
        browser.until("the reason", told).await?;
        let rows: Value = browser.script(SHEET).await?;
        assert_eq!(rows, json!([]), "{typed}");
        let bold = "return document.querySelectorAll('main .problem b').length";
        assert_eq!(browser.script(bold).await?, json!(0));
    }
    browser.close().await
}
