//! 工资: from a closed month to a sheet that three people passed, a file for the bank, a payment that
//! came back and was made again, and all of it at the city.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tests::{Browser, Result, Site};

use crate::clerk::corrections::{account, enter_as, press, send};
use crate::clerk::pages::{fair, last_month, open, site};
use crate::clerk::screen::{PC, clerks_browser};
use crate::help::Gate;

/// Fen of a day in this scenario.
const DAY_FEN: u64 = 30_050;

async fn answer(browser: &Browser, script: &str) -> Result<Value> {
    browser.script(script).await
}

/// Workers of the first team with the halves of days that stand on its signed sheet.
async fn signed_days(browser: &Browser, screen: &str, month: &str) -> Result<Vec<(String, u64)>> {
    open(
        browser,
        &format!("{screen}/papers/month?team=1&month={month}"),
    )
    .await?;
    let rows = answer(
        browser,
        "return Array.from(document.querySelectorAll('.sheet tbody tr:not(.sheet-sum)')).map(row => {
             const cells = row.querySelectorAll('td');
             return [row.querySelector('.s-name').innerText,
                     Math.round(2 * Number(cells[cells.length - 6].innerText))]; })",
    )
    .await?;
    Ok(serde_json::from_value(rows)?)
}

/// A rate and a wage card for everybody of the team, each through the form of his page; the first one
/// works by the piece, the second one's card is no social security card.
async fn register(browser: &Browser, screen: &str, month: &str) -> Result<Vec<u64>> {
    open(
        browser,
        &format!("{screen}/papers/wages?team=1&month={month}"),
    )
    .await?;
    let script = "const people = Array.from(document.querySelectorAll('.wage-list tbody tr'))
             .map(row => Number(row.id.slice(1)));
         const post = async (worker, act, fields) => {
             const page = await (await fetch('/people/' + worker)).text();
             const seen = new DOMParser().parseFromString(page, 'text/html').querySelector('[name=seen]').value;
             const answer = await fetch('/people/' + worker + '/' + act,
                 {method: 'POST', body: new URLSearchParams({seen, ...fields})});
             if (!answer.url.endsWith('?done=' + act)) throw new Error(act + ' ' + answer.status);
         };
         return (async () => {
             for (const [at, worker] of people.entries()) {
                 const pay = at === 0 ? {kind: 'piece'} : {kind: 'daily', rate: '300.50'};
                 await post(worker, 'wage', {...pay, on: '2020-01-01'});
                 await post(worker, 'card', {bank: '建设银行城东支行',
                     account: '13020101090' + String(worker).padStart(8, '0'),
                     social: at === 1 ? 'no' : 'yes'});
             }
             return people;
         })()";
    Ok(serde_json::from_value(answer(browser, script).await?)?)
}

pub(crate) async fn main_text(browser: &Browser) -> Result<String> {
    let text = answer(browser, "return document.querySelector('main').innerText").await?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

/// Presses the button of the step that is due.
async fn next_step(browser: &Browser, screen: &str, month: &str, step: &str) -> Result<()> {
    open(
        browser,
        &format!("{screen}/papers/wages?team=1&month={month}"),
    )
    .await?;
    press(browser, "#next-step button").await?;
    let done = format!("return location.search.endsWith('done={step}')");
    browser.until(step, &done).await
}

/// The rows of the file for the bank, as text.
async fn bank_file(browser: &Browser, month: &str, why: &str) -> Result<Vec<Vec<String>>> {
    let (status, text) = send(
        browser,
        "/papers/wages/bank",
        &format!("team=1&month={month}&kind=csv&why={why}"),
    )
    .await?;
    assert_eq!(status, 200, "{text}");
    let cells = |line: &str| line.split(',').map(|one| one.trim().to_owned()).collect();
    Ok(text.lines().skip(1).map(cells).collect())
}

/// What a bank answers to such a file: the rows as they stand, with a result for each.
fn receipt(file: &Path, rows: &[(Vec<String>, &str, &str)]) -> Result<()> {
    let mut text = "序号,收款户名,收款账号,金额,处理结果,失败原因,流水号\n".to_owned();
    for (cells, result, why) in rows {
        let [place, name, account, _, amount, ..] = cells.as_slice() else {
            return Err(format!("{cells:?}").into());
        };
        text.push_str(&format!(
            "{place},{name},{account},{amount},{result},{why},B{place}\n"
        ));
    }
    // Banks' files come in GBK; a rare name needs its larger sister.
    let utf8 = file.with_extension("utf8");
    fs::write(&utf8, text)?;
    let convert = "import sys; open(sys.argv[2], 'wb').write(open(sys.argv[1], encoding='utf-8').read().encode('gb18030'))";
    let out = Command::new("/usr/bin/python3")
        .args(["-c", convert])
        .arg(&utf8)
        .arg(file)
        .output()?;
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    Ok(())
}

/// Brings a bank's answer; what the preview says of its rows.
async fn bring(browser: &Browser, screen: &str, month: &str, file: &Path) -> Result<String> {
    open(
        browser,
        &format!("{screen}/papers/wages/receipt?team=1&month={month}"),
    )
    .await?;
    browser
        .fill("#file", file.to_str().ok_or("file's name")?)
        .await?;
    press(browser, "form:has(#file) button").await?;
    let there = "return !!document.getElementById('found-title')";
    browser.until("the preview", there).await?;
    main_text(browser).await
}

async fn take(browser: &Browser) -> Result<()> {
    press(browser, "#take button").await?;
    let done = "return location.search.endsWith('done=receipt')";
    browser.until("recorded", done).await
}

/// The city's copies of records of a kind of this box.
pub(crate) fn at_the_city(site: &Site, kind: &str) -> Result<Vec<Value>> {
    let database = site.city.database()?;
    let mut query =
        database.prepare("SELECT body FROM record WHERE status = 'stored' ORDER BY seq")?;
    let bodies = query.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
    let mut found = Vec::new();
    for body in bodies {
        let body: Value = serde_json::from_slice(&body?)?;
        if body["kind"] == kind {
            found.push(body);
        }
    }
    Ok(found)
}

#[tokio::test]
async fn a_month_of_days_becomes_a_paid_sheet() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site(folder.path()).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    let (month, before) = (last_month(&site)?, Gate::from(&site).head()?);
    let leader = account(&browser, &screen, "李班长", "leader").await?;
    let second = account(&browser, &screen, "赵总", "clerk").await?;
    let people = register(&browser, &screen, &month).await?;
    assert!(people.len() > 10, "{people:?}");

    // Nothing is drawn up from days that nobody has signed.
    let step = format!("team=1&month={month}&step=drawn");
    let (status, page) = send(&browser, "/papers/wages/step", &step).await?;
    assert!(
        status == 422 && page.contains("还没有关账"),
        "{status} {page}"
    );
    open(&browser, &format!("{screen}/papers/close?month={month}")).await?;
    press(&browser, "main form button").await?;
    let closed = "return location.search.endsWith('done=closed')";
    browser.until("the month is closed", closed).await?;
    let days = signed_days(&browser, &screen, &month).await?;

    // Piecework and a deduction; a deduction that says nothing is not taken.
    let entry = format!("team=1&month={month}&worker={}", people[0]);
    let silent = format!("{entry}&piece=4200.50&other=50");
    let (status, page) = send(&browser, "/papers/wages/entry", &silent).await?;
    assert!(status == 422 && page.contains("要写原因"), "{status}");
    open(&browser, &format!("{screen}/papers/wages/entry?{entry}")).await?;
    browser.fill("#piece", "4,200.50").await?;
    browser.fill("#other", "50").await?;
    browser.fill("#other_why", "工具赔偿").await?;
    press(&browser, "form:has(#piece) button").await?;
    let entered = "return location.search.endsWith('done=entry')";
    browser.until("entered", entered).await?;

    let account = "seen=0&bank=建设银行&number=34050100000000000018&opened=2020-01-01&from=2020-01&due_day=10";
    let (status, page) = send(&browser, "/papers/funds/account", account).await?;
    assert_eq!(status, 200, "{page}");
    next_step(&browser, &screen, &month, "drawn").await?;
    let gate = Gate::from(&site);
    let lines = gate.bodies(before, "wage_line")?;
    check_lines(&lines, &people, &days)?;
    let (status, page) = send(&browser, "/papers/wages/entry", &format!("{entry}&piece=9")).await?;
    assert!(status == 422 && page.contains("已经编制"), "{status}");
    let confirm = format!("team=1&month={month}&step=confirmed");
    let (status, page) = send(&browser, "/papers/wages/step", &confirm).await?;
    assert!(status == 422 && page.contains("三个不同的人"), "{status}");

    enter_as(&browser, &screen, "李班长", Some(&leader)).await?;
    next_step(&browser, &screen, &month, "confirmed").await?;
    let review = format!("team=1&month={month}&step=reviewed");
    let (status, _) = send(&browser, "/papers/wages/step", &review).await?;
    assert_eq!(status, 422, "a leader does not review");
    let (status, _) = send(
        &browser,
        "/papers/wages/bank",
        &format!("team=1&month={month}&why=看看"),
    )
    .await?;
    assert_eq!(status, 403, "nor does he see accounts");
    enter_as(&browser, &screen, "赵总", Some(&second)).await?;
    next_step(&browser, &screen, &month, "reviewed").await?;
    enter_as(&browser, &screen, "王敏", None).await?;
    next_step(&browser, &screen, &month, "published").await?;

    proves_itself(&browser, &screen, &month, &lines).await?;
    spreadsheet(&browser, &screen, &month, (folder.path(), &lines)).await?;
    paid_by_the_bank(&browser, &site, (&month, before), folder.path()).await?;

    let paths = [
        "/papers".to_owned(),
        format!("/papers/wages?team=1&month={month}"),
        format!("/papers/wages?team=2&month={month}"),
        format!("/papers/wages/troubles?month={month}"),
        format!(
            "/papers/wages/entry?team=2&month={month}&worker={}",
            other_team(&browser, &screen, &month).await?
        ),
        format!("/papers/wages/bank?team=1&month={month}"),
        format!("/papers/wages/receipt?team=1&month={month}"),
        format!("/papers/wages/paper?team=1&month={month}"),
        format!("/people/{}", people[1]),
    ];
    fair(&browser, &screen, &paths).await?;
    site.settled().await?;
    for (kind, count) in [
        ("wage_terms", people.len()),
        ("wage_entry", 1),
        ("wage_line", lines.len()),
        ("wage_sheet", 4),
        ("wage_payment", lines.len() + 1),
    ] {
        assert_eq!(at_the_city(&site, kind)?.len(), count, "{kind}");
    }
    browser.close().await
}

async fn other_team(browser: &Browser, screen: &str, month: &str) -> Result<u64> {
    open(
        browser,
        &format!("{screen}/papers/wages?team=2&month={month}"),
    )
    .await?;
    let row = answer(
        browser,
        "return Number(document.querySelector('.wage-list tbody tr').id.slice(1))",
    )
    .await?;
    row.as_u64()
        .ok_or_else(|| "nobody in the other team".into())
}

/// Each line is what anybody can reckon from the signed days: no line without days or pay.
fn check_lines(lines: &[Value], people: &[u64], days: &[(String, u64)]) -> Result<()> {
    let amount = |line: &Value, key: &str| line[key].as_u64().unwrap_or(u64::MAX);
    assert_eq!(people.len(), days.len());
    for (at, (worker, (name, halves))) in people.iter().zip(days).enumerate() {
        let line = lines.iter().find(|line| line["worker"] == json!(worker));
        let (gross, off) = match at {
            0 => (420_050, 5_000),
            // Half a day of 300.50 is 150.25.
            _ => (halves * DAY_FEN / 2, 0),
        };
        let Some(line) = line else {
            assert!(*halves == 0 && gross == 0, "{name} has no line");
            continue;
        };
        assert_eq!(amount(line, "halves"), *halves, "{name}");
        assert_eq!(amount(line, "gross"), gross, "{name}");
        assert_eq!(amount(line, "net"), gross - off, "{name}");
    }
    let piece = lines.iter().find(|line| line["worker"] == json!(people[0]));
    let deductions = &piece.ok_or("no line of the first")?["deductions"];
    assert_eq!(
        deductions,
        &json!([{"kind": "other", "amount": 5000, "why": "工具赔偿"}])
    );
    Ok(())
}

/// The paper's code finds the sheet, and nothing on it can be posted that should not be.
async fn proves_itself(
    browser: &Browser,
    screen: &str,
    month: &str,
    lines: &[Value],
) -> Result<()> {
    open(
        browser,
        &format!("{screen}/papers/wages/paper?team=1&month={month}"),
    )
    .await?;
    let text = main_text(browser).await?;
    assert!(
        text.contains("工具赔偿") && text.contains("非社保卡"),
        "{text}"
    );
    assert!(
        text.contains("专户：建设银行 34050100000000000018"),
        "{text}"
    );
    assert!(!text.contains("13020101090"), "no whole account on paper");
    let code = answer(
        browser,
        "return document.getElementById('sheet-code').innerText",
    )
    .await?;
    let code = code.as_str().ok_or("no code")?.to_owned();
    open(browser, &format!("{screen}/verify?code={code}")).await?;
    let text = main_text(browser).await?;
    assert!(
        text.contains("✔ 是本机出的工资支付表，第 1 版") && text.contains("工具赔偿"),
        "{text}"
    );
    let sum: u64 = lines.iter().filter_map(|line| line["net"].as_u64()).sum();
    let (yuan, fen) = (sum / 100, sum % 100);
    let plain: String = text.chars().filter(|one| *one != ',').collect();
    assert!(
        plain.contains(&format!("实发 {yuan}.{fen:02} 元")),
        "{sum} in {text}"
    );
    Ok(())
}

/// What openpyxl reads: numbers as numbers, totals as the records have them.
async fn spreadsheet(
    browser: &Browser,
    screen: &str,
    month: &str,
    (folder, lines): (&Path, &[Value]),
) -> Result<()> {
    let file = folder.join("wages.xlsx");
    let address = format!("{screen}/papers/wages/sheet.xlsx?team=1&month={month}");
    browser.download(&address, &file).await?;
    let read = "import sys, json, openpyxl
page = openpyxl.load_workbook(sys.argv[1], data_only=True).active
print(json.dumps([[cell.value for cell in row] for row in page.iter_rows()], default=str))";
    let out = Command::new("/usr/bin/python3")
        .args(["-c", read])
        .arg(&file)
        .output()?;
    let rows: Vec<Vec<Value>> = serde_json::from_slice(&out.stdout)?;
    assert_eq!(rows[2][13], "实发工资");
    let sum = rows.iter().find(|row| row[1] == "合计").ok_or("no sum")?;
    let net: u64 = lines.iter().filter_map(|line| line["net"].as_u64()).sum();
    let shown = sum[13].as_f64().ok_or("no number")?;
    assert_eq!(
        format!("{shown:.2}"),
        format!("{}.{:02}", net / 100, net % 100)
    );
    assert!(
        rows[3][2]
            .as_str()
            .is_some_and(|number| number.contains('*')),
        "{:?}",
        rows[3]
    );
    assert!(rows[3][10].is_number(), "{:?}", rows[3]);
    Ok(())
}

/// One payment comes back and is made again; what was recorded once is not recorded twice.
async fn paid_by_the_bank(
    browser: &Browser,
    site: &Site,
    (month, before): (&str, u64),
    folder: &Path,
) -> Result<()> {
    let screen = site.gate_box.screen().to_owned();
    let gate = Gate::from(site);
    let (status, page) = send(
        browser,
        "/papers/wages/bank",
        &format!("team=1&month={month}&kind=csv"),
    )
    .await?;
    assert!(status == 422 && page.contains("没有写理由"), "{status}");
    let rows = bank_file(browser, month, "交建行代发").await?;
    assert!(
        rows.iter()
            .all(|row| row[2].starts_with("13020101090") && row[2].len() == 19),
        "{rows:?}"
    );
    let audits = gate.bodies(before, "audit")?;
    let handed = audits.iter().find(|one| one["reason"] == "交建行代发");
    assert!(
        handed.is_some_and(|one| one["what"] == "exported"),
        "{audits:?}"
    );

    let fate = |at: usize| match at {
        1 => ("处理失败", "户名与账号不符"),
        2 => ("处理中", ""),
        _ => ("成功", ""),
    };
    let mut answers: Vec<_> = (0..)
        .zip(&rows)
        .map(|(at, row)| {
            let (result, why) = fate(at);
            (row.clone(), result, why)
        })
        .collect();
    // The bank says that it paid another amount.
    answers[3].0[4] = "1.00".to_owned();
    let first = folder.join("receipt-1.csv");
    receipt(&first, &answers)?;
    let text = bring(browser, &screen, month, &first).await?;
    let counted = format!(
        "读到 {} 行：登记 {}，跳过 0，不能登记 2",
        rows.len(),
        rows.len() - 2
    );
    assert!(text.contains(&counted), "{text}");
    assert!(
        text.contains("看不懂") && text.contains("金额 1.00 元与应发的"),
        "{text}"
    );
    assert!(
        gate.bodies(before, "wage_payment")?.is_empty(),
        "a preview records nothing"
    );
    take(browser).await?;
    let payments = gate.bodies(before, "wage_payment")?;
    let returned: Vec<&Value> = payments
        .iter()
        .filter(|one| one["result"] == "returned")
        .collect();
    assert_eq!((payments.len(), returned.len()), (rows.len() - 2, 1));
    assert_eq!(returned[0]["why"], "户名与账号不符");

    // The same file again: nothing new. The next file for the bank has who was not paid.
    let text = bring(browser, &screen, month, &first).await?;
    assert!(
        text.contains(&format!("登记 0，跳过 {}，", rows.len() - 2)),
        "{text}"
    );
    open(
        browser,
        &format!("{screen}/papers/wages/troubles?month={month}"),
    )
    .await?;
    assert!(main_text(browser).await?.contains("银行退回，要重发"));
    let again = bank_file(browser, month, "退回的重发").await?;
    let names: Vec<&String> = again.iter().map(|row| &row[1]).collect();
    assert_eq!(names, [&rows[1][1], &rows[2][1], &rows[3][1]]);
    let (status, page) = send(
        browser,
        "/papers/wages/step",
        &format!("team=1&month={month}&step=returned&why=改一下"),
    )
    .await?;
    assert!(status == 422 && page.contains("不能再退回"), "{status}");
    let second = folder.join("receipt-2.csv");
    let answers: Vec<_> = again.into_iter().map(|row| (row, "成功", "")).collect();
    receipt(&second, &answers)?;
    bring(browser, &screen, month, &second).await?;
    take(browser).await?;
    open(
        browser,
        &format!("{screen}/papers/wages/bank?team=1&month={month}"),
    )
    .await?;
    assert!(main_text(browser).await?.contains("没有要代发的人"));
    Ok(())
}
