//! Papers that prove themselves: a month is closed, a code finds its sheet again, late records make
//! another version; 打卡明细 and 日报; and what is put on record of who took or saw what.

use std::path::Path;
use std::process::Command;

use edge_store::{Entry, Key, Store, StoreSettings};
use serde_json::{Value, json};
use sync_wire::record::{ClockQuality, Direction, Outcome, Passage, Stamp};
use sync_wire::{Kind, Record};
use tests::{BOX_ID, Browser, Result, Site};

use crate::clerk::corrections::{Ask, ask, forgotten, press, send, told};
use crate::clerk::pages::{fair, last_month, open, site};
use crate::clerk::screen::{PC, clerks_browser};
use crate::help::Gate;

const PASSWORD: &str = "scenario-Password-1";

/// Text of an element.
async fn text(browser: &Browser, css: &str) -> Result<String> {
    let script = format!("return document.querySelector(\"{css}\").innerText");
    let found = browser.script(&script).await?;
    Ok(found
        .as_str()
        .ok_or_else(|| format!("no {css}"))?
        .to_owned())
}

/// What openpyxl reads of a spreadsheet: every row's values.
fn rows(file: &Path) -> Result<Vec<Vec<Value>>> {
    let read = "import sys, json, openpyxl
page = openpyxl.load_workbook(sys.argv[1], data_only=True).active
print(json.dumps([[cell.value for cell in row] for row in page.iter_rows()], default=str))";
    let out = Command::new("/usr/bin/python3")
        .args(["-c", read])
        .arg(file)
        .output()?;
    Ok(serde_json::from_slice(&out.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&out.stderr)))?)
}

/// A passage that a gate tells late: it happened at `at` and comes into the ledger now.
async fn late_exit(site: &mut Site, worker: u32, at: i64) -> Result<()> {
    site.gate_box.stop().await?;
    let settings = StoreSettings {
        path: site.gate_box.folder().join("ledger.db"),
        box_id: BOX_ID.to_owned(),
        site: "3499002026TEST001".to_owned(),
    };
    let key = Key::from_file(&site.gate_box.folder().join("ledger.key"))?;
    let store = Store::open(&settings, &key)?;
    let passage = Record {
        stamp: Stamp {
            at,
            boot: 1,
            mono: 1,
            clock: ClockQuality::Synced,
        },
        kind: Kind::Passage(Passage {
            lane: "gate-1".to_owned(),
            direction: Direction::Out,
            outcome: Outcome::Passed,
            presentation: None,
            worker: Some(worker),
            visit: None,
            counted: true,
            moved: false,
            board: None,
        }),
    };
    store
        .writer()
        .append(vec![Entry::new(passage.to_body()?)])
        .await?;
    store.close()?;
    site.gate_box.up().await
}

#[tokio::test]
async fn a_closed_month_keeps_its_paper_and_late_records_make_another_version() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site(folder.path()).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    let (month, before) = (last_month(&site)?, Gate::from(&site).head()?);
    let (worker, on) = forgotten(&browser, &screen, &month).await?;

    // Before: a paper of an open month has a code, too, and says that it is not final.
    let sheet = format!("{screen}/papers/month?team=1&month={month}");
    open(&browser, &sheet).await?;
    let open_code = text(&browser, "#sheet-code").await?;
    assert!(text(&browser, ".sheet-made").await?.contains("未关账"));
    let this_month = crate::clerk::pages::work_day(&site)?.first_of_month();
    let this_month = this_month.to_string()[..7].to_owned();
    let (status, page) = send(&browser, "/papers/close", &format!("month={this_month}")).await?;
    assert!(status == 422 && page.contains("还没有过完"), "{status}");

    open(&browser, &format!("{screen}/papers/close?month={month}")).await?;
    press(&browser, "main form button").await?;
    let done = "return location.search.endsWith('done=closed') && !document.querySelector('.crew .tag.warn')";
    browser.until("every team is closed", done).await?;
    let closed = Gate::from(&site).bodies(before, "month_closed")?;
    assert!(closed.len() >= 2 && closed.iter().all(|one| one["version"] == 1));
    let teams = "return document.querySelectorAll('.crew .tag.good').length";
    assert_eq!(browser.script(teams).await?, json!(closed.len()));
    let (status, page) = send(&browser, "/papers/close", &format!("month={month}")).await?;
    assert!(status == 422 && page.contains("不用再关"), "{status}");
    open(&browser, &sheet).await?;
    let code = text(&browser, "#sheet-code").await?;
    assert_eq!(code, open_code, "closing changes nothing on the paper");
    let of_team = closed.iter().find(|one| one["team"] == 1);
    let digest = of_team
        .and_then(|one| one["digest"].as_str())
        .unwrap_or_default();
    assert!(
        digest.starts_with(&code.replace('-', "").to_lowercase()),
        "{digest}"
    );
    let note = "下班手机没电没刷上，班长在场";
    let late = Ask {
        time: "18:05",
        note,
        file: None,
    };
    ask(&browser, &screen, (worker, &on), &late).await?;
    told(&browser, "已经关账").await?;

    // The forgotten exit comes late from the board: the paper stays, the difference is told.
    let at: jiff::civil::DateTime = format!("{on}T18:05:00").parse()?;
    let at = jiff::tz::Offset::constant(8)
        .to_timestamp(at)?
        .as_millisecond();
    late_exit(&mut site, u32::try_from(worker)?, at).await?;
    let screen = site.gate_box.screen().to_owned();
    let sheet = format!("{screen}/papers/month?team=1&month={month}");
    open(&browser, &format!("{screen}/login")).await?;
    browser.fill("[name=name]", "王敏").await?;
    browser.fill("[name=password]", PASSWORD).await?;
    press(&browser, "main button[type=submit]").await?;
    browser
        .until("signed in", "return location.pathname === '/'")
        .await?;
    open(&browser, &sheet).await?;
    assert_eq!(text(&browser, "#sheet-code").await?, code);
    assert!(text(&browser, ".verdict-line").await?.contains("又有变动"));
    open(&browser, &format!("{screen}/papers/close?month={month}")).await?;
    let differs = text(&browser, ".late").await?;
    let day: u8 = on[8..].parse()?;
    assert!(differs.contains(&format!("{day} 日：! → √")), "{differs}");
    fair(
        &browser,
        &screen,
        &[&format!("/papers/close?month={month}")],
    )
    .await?;
    browser.resize(PC.0, PC.1).await?;
    open(&browser, &format!("{screen}/papers/close?month={month}")).await?;
    press(&browser, "main form button").await?;
    let second = format!(
        "return location.search.endsWith('done=closed') && document.querySelectorAll('.crew .tag.good').length === {}",
        closed.len() + 1
    );
    browser
        .until("one team has a second version", &second)
        .await?;
    open(&browser, &sheet).await?;
    let new_code = text(&browser, "#sheet-code").await?;
    assert!(new_code != code && text(&browser, ".sheet-made").await?.contains("第 2 版"));

    // Both codes find their sheet as it was; others find nothing.
    let old = verified(&browser, &screen, (&code, "已有第 2 版"), day).await?;
    let new = (new_code.to_lowercase(), "是最新版");
    let new = verified(&browser, &screen, (&new.0, new.1), day).await?;
    let signs = old.iter().zip(&new).filter(|(old, new)| old != new);
    let signs: Vec<_> = signs
        .map(|(old, new)| (old.as_str(), new.as_str()))
        .collect();
    assert_eq!(signs, [("!", "√")], "one day of one worker");
    for (typed, words) in [
        ("A1B2-C3D4-E5F6", "没有打印过"),
        ("你好", "看不懂"),
        ("12", "看不懂"),
    ] {
        open(&browser, &format!("{screen}/verify?code={typed}")).await?;
        told(&browser, words).await?;
    }
    printed(&browser, folder.path(), &sheet, &new_code).await?;
    let paths = [
        format!("/verify?code={code}"),
        format!("/papers/close?month={month}"),
        format!("/papers/month?team=1&month={month}"),
        "/papers".to_owned(),
    ];
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    fair(&browser, &screen, &paths).await?;
    site.settled().await?;
    browser.close().await
}

/// The code finds a sheet with this verdict; the workers' signs on a day of it.
async fn verified(
    browser: &Browser,
    screen: &str,
    (code, verdict): (&str, &str),
    day: u8,
) -> Result<Vec<String>> {
    open(browser, &format!("{screen}/verify?code={code}")).await?;
    let said = text(browser, "[role=status]").await?;
    assert!(said.contains(verdict), "{said}");
    let script = format!(
        "return Array.from(document.querySelectorAll('.sheet tbody tr:not(.sheet-sum)'))
             .map(row => row.children[{}].innerText)",
        day + 3
    );
    Ok(serde_json::from_value(browser.script(&script).await?)?)
}

/// The code stands on the printed paper and in the spreadsheet, whose name says the version.
async fn printed(browser: &Browser, folder: &Path, sheet: &str, code: &str) -> Result<()> {
    browser.resize(PC.0, PC.1).await?;
    open(browser, sheet).await?;
    let pdf = folder.join("closed.pdf");
    browser.pdf(&pdf).await?;
    let out = Command::new("pdftotext")
        .arg("-layout")
        .arg(&pdf)
        .arg("-")
        .output()?;
    let print = String::from_utf8(out.stdout)?.replace(' ', "");
    assert!(print.contains(&format!("校验码{code}")), "{print}");
    let xlsx = folder.join("closed.xlsx");
    let address = sheet.replace("/papers/month?", "/papers/month.xlsx?");
    browser.download(&address, &xlsx).await?;
    let rows = rows(&xlsx)?;
    let foot = rows
        .last()
        .and_then(|row| row[0].as_str())
        .unwrap_or_default();
    assert!(foot.contains("第 2 版") && foot.contains(code), "{foot}");
    Ok(())
}

/// Rules that somebody edits in the settings while the box is off are on record after the start.
async fn rules_changed(site: &mut Site) -> Result<()> {
    let before = Gate::from(&*site).head()?;
    for (more, expected) in [("", 0), ("\n[policy]\ncontract = \"off\"\n", 1), ("", 1)] {
        site.gate_box.stop().await?;
        site.gate_box.edit(|settings| settings + more)?;
        site.gate_box.up().await?;
        let audits = Gate::from(&*site).bodies(before, "audit")?;
        let changed = audits.iter().filter(|one| one["what"] == "policy_changed");
        let who: Vec<&Value> = changed.map(|one| &one["account"]).collect();
        assert_eq!(who, vec![&Value::Null; expected], "{more}");
    }
    Ok(())
}

#[tokio::test]
async fn lists_say_every_punch_and_who_takes_or_sees_what_is_on_record() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site(folder.path()).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    let (month, before) = (last_month(&site)?, Gate::from(&site).head()?);
    open(
        &browser,
        &format!("{screen}/papers/punches?team=1&month={month}"),
    )
    .await?;
    let shown = browser
        .script("return Array.from(document.querySelectorAll('.sheet tbody tr')).map(row => row.children[3].innerText + row.children[6].innerText)")
        .await?;
    let shown: Vec<String> = serde_json::from_value(shown)?;
    assert!(shown.len() > 50, "{}", shown.len());
    // A day on which many were here.
    let day = shown[shown.len() / 2][..10].to_owned();
    assert!(
        shown
            .iter()
            .all(|one| one.starts_with(&month) && one.ends_with("身份证"))
    );
    let file = folder.path().join("punches.xlsx");
    browser
        .download(
            &format!("{screen}/papers/punches.xlsx?team=1&month={month}"),
            &file,
        )
        .await?;
    let lines = rows(&file)?;
    let read: Vec<String> = lines[3..]
        .iter()
        .map(|row| {
            format!(
                "{}{}",
                row[3].as_str().unwrap_or("?"),
                row[6].as_str().unwrap_or("?")
            )
        })
        .collect();
    assert_eq!(read, shown);
    assert!(
        lines[3..].iter().all(|row| row[2].is_string()),
        "digits stay text"
    );

    open(&browser, &format!("{screen}/papers/day?team=1&on={day}")).await?;
    let came = browser
        .script("return document.querySelectorAll('.sheet tbody tr').length")
        .await?;
    assert!(came.as_u64() > Some(5), "{came}");
    let head = text(&browser, ".sheet-places").await?;
    assert!(head.contains(&format!("实到 {came}")), "{head}");
    let absent = text(&browser, ".sheet-absent").await?;
    let absent: u64 = absent
        .trim_start_matches("未到 ")
        .split(' ')
        .next()
        .unwrap_or("")
        .parse()?;
    let expected = came.as_u64().unwrap_or(0) + absent;
    assert!(head.contains(&format!("应到 {expected}")), "{head}");
    let file = folder.path().join("day.xlsx");
    browser
        .download(&format!("{screen}/papers/day.xlsx?team=1&on={day}"), &file)
        .await?;
    assert_eq!(json!(rows(&file)?.len() - 3), came);

    // Whole numbers: for a reason only, this once, and on record before they are shown.
    let (status, page) = send(&browser, "/people/1/numbers", "reason=").await?;
    assert!(
        status == 422 && page.contains("没有写查看的理由"),
        "{status}"
    );
    open(&browser, &format!("{screen}/people/1")).await?;
    let open_drawer = "const form = document.querySelector(\"form[action$='/numbers']\");
        form.closest('details').open = true; form.reason.value = '填劳动合同'; return true";
    browser.until("the drawer", open_drawer).await?;
    press(&browser, "form[action$='/numbers'] button").await?;
    let there = "return !!document.getElementById('whole-number')";
    browser.until("the number", there).await?;
    let number = text(&browser, "#whole-number").await?;
    assert!(
        number.len() == 18 && number.starts_with("3499"),
        "a whole number"
    );
    let audits = Gate::from(&site).bodies(before, "audit")?;
    let acts: Vec<(&Value, &Value)> = audits
        .iter()
        .map(|one| {
            (
                &one["what"],
                if one["detail"].is_null() {
                    &one["reason"]
                } else {
                    &one["detail"]
                },
            )
        })
        .collect();
    let compact = month.replace('-', "");
    let punches = json!(format!("钢筋一班_打卡明细_{compact}.xlsx"));
    let of_day = json!(format!("钢筋一班_日报_{}.xlsx", day.replace('-', "")));
    assert_eq!(
        acts,
        [
            (&json!("exported"), &punches),
            (&json!("exported"), &of_day),
            (&json!("number_revealed"), &json!("填劳动合同")),
        ]
    );
    assert!(audits.iter().all(|one| one["account"] == "王敏"));
    assert!(!audits.iter().any(|one| one.to_string().contains(&number)));
    open(&browser, &format!("{screen}/audit")).await?;
    let newest = text(&browser, ".cases li").await?;
    assert!(
        newest.contains("查看完整号码") && newest.contains("填劳动合同"),
        "{newest}"
    );
    let paths = [
        "/audit".to_owned(),
        "/settings".to_owned(),
        format!("/papers/punches?team=2&month={month}"),
        format!("/papers/day?team=1&on={day}"),
    ];
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    fair(&browser, &screen, &paths).await?;
    assert_eq!(browser.script("return window.forbidden").await?, json!([]));
    browser.close().await?;
    rules_changed(&mut site).await
}
