//! 项目资金: account, deposit and what came in for labor, entered on the page, flagged where it is late or
//! missing, put right without anything being lost, and all of it at the city. 停工通知: declared there, too.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};
use tests::{Browser, Result, Site};

use crate::clerk::corrections::{account, enter_as, press, send};
use crate::clerk::money::wages::{at_the_city, main_text};
use crate::clerk::pages::{fair, open, site, today};
use crate::clerk::screen::{PC, clerks_browser};
use crate::help::{Gate, plan};

fn month(day: Date) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}

fn text(day: Date) -> String {
    format!("{}年{}月", day.year(), day.month())
}

/// The months before last, whose labor cost is overdue on any day: the older and the younger one.
fn overdue(site: &Site) -> Result<(Date, Date)> {
    let this = today(site)?.first_of_month();
    Ok((this.checked_sub(3.months())?, this.checked_sub(2.months())?))
}

/// Sets fields of a form by their names, as dates cannot be typed the same way everywhere, and sends it.
async fn fill(browser: &Browser, form: &str, fields: &[(&str, &str)]) -> Result<()> {
    let fields = serde_json::to_string(fields)?;
    let set = format!(
        "const form = document.getElementById('{form}');
         for (const [name, value] of {fields}) {{ form.elements[name].value = value; }}
         if (!form.checkValidity()) return false;
         form.querySelector('button').click(); return true"
    );
    browser.until(&format!("the form {form}"), &set).await?;
    let done = format!("return location.search === '?done={form}'");
    browser.until(&format!("{form} is recorded"), &done).await
}

/// The row of a month: its words.
async fn row(browser: &Browser, month: Date) -> Result<String> {
    let find = format!(
        "return Array.from(document.querySelectorAll('#months tbody tr'))
             .map(row => row.innerText.replace(/\\s+/g, ' ')).find(row => row.startsWith('{}'))",
        text(month)
    );
    let row = browser.script(&find).await?;
    Ok(row.as_str().ok_or("no such month")?.to_owned())
}

async fn enter_account_and_deposit(browser: &Browser, first: Date) -> Result<()> {
    let opened = first.to_string();
    let account = [
        ("bank", "建设银行城东支行"),
        ("number", "3405 0100 0000 0000 0018"),
        ("opened", opened.as_str()),
        ("from", &month(first)),
        ("due_day", "1"),
        ("monthly", "468,000"),
    ];
    fill(browser, "account", &account).await?;
    let deposit = [
        ("form", "guarantee"),
        ("holder", "建设银行城东支行"),
        ("amount", "1500000"),
        ("until", "2099-12-31"),
    ];
    fill(browser, "deposit", &deposit).await
}

#[tokio::test]
async fn labor_cost_that_is_late_or_missing_is_flagged_until_it_is_there() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site(folder.path()).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    let (before, (first, second)) = (Gate::from(&site).head()?, overdue(&site)?);
    let page = format!("{screen}/papers/funds");
    open(&browser, &page).await?;
    let words = main_text(&browser).await?;
    assert!(
        words.contains("! 还没有登记工资专用账户") && words.contains("! 还没有登记工资保证金"),
        "{words}"
    );
    enter_account_and_deposit(&browser, first).await?;
    let words = main_text(&browser).await?;
    assert!(!words.contains("还没有登记工资"), "{words}");
    for month in [first, second] {
        assert!(row(&browser, month).await?.contains("✖ 逾期未拨付"));
    }

    // In time and in full; then late, first a part of it.
    let (in_time, late) = (first.last_of_month(), today(&site)?.to_string());
    let transfer = |month: Date, amount: &'static str, on: String| {
        [
            ("month", self::month(month)),
            ("amount", amount.to_owned()),
            ("on", on),
        ]
    };
    for one in [
        transfer(first, "468000", in_time.to_string()),
        transfer(second, "68000.50", late.clone()),
    ] {
        let fields = one.each_ref().map(|(name, value)| (*name, value.as_str()));
        fill(&browser, "transfer", &fields).await?;
    }
    assert!(row(&browser, first).await?.contains("✔ 按时足额"));
    let short = row(&browser, second).await?;
    assert!(short.contains("✖ 逾期，还差 399,999.50 元"), "{short}");
    let warned = format!("✖ {}的人工费还差 399,999.50 元", text(second));
    assert!(main_text(&browser).await?.contains(&warned));
    // Whoever looks through the wages sees it, too.
    open(&browser, &format!("{screen}/papers/wages/troubles")).await?;
    assert!(main_text(&browser).await?.contains(&warned));

    refuses(&browser, &late).await?;
    put_right(&browser, &page, &late).await?;
    let late_row = row(&browser, second).await?;
    assert!(
        late_row.contains(&format!("! 迟到：{late} 才到齐")),
        "{late_row}"
    );
    assert!(!main_text(&browser).await?.contains("还差"));

    fair(
        &browser,
        &screen,
        &["/papers", "/papers/funds", "/papers/funds?edit=2"],
    )
    .await?;
    others(&browser, &screen).await?;
    site.settled().await?;
    is_at_the_city(&site, before)?;
    browser.close().await
}

/// What cannot be is told and not recorded.
async fn refuses(browser: &Browser, day: &str) -> Result<()> {
    for (what, form, words) in [
        (
            "transfer",
            "month=2026-10&amount=1&on=2099-01-01",
            "在今天之后",
        ),
        (
            "transfer",
            &format!("month=2026-10&amount=0&on={day}"),
            "不能是 0",
        ),
        (
            "transfer",
            &format!("month=&amount=1&on={day}"),
            "请选是哪个月",
        ),
        (
            "transfer",
            &format!("month=2026-10&amount=1e9&on={day}"),
            "看不懂",
        ),
        (
            "transfer",
            &format!("transfer=9&month=2026-10&amount=1&on={day}&why=x"),
            "没有这一笔",
        ),
        (
            "transfer",
            &format!("transfer=1&seen=1&month=2026-10&amount=1&on={day}&why=x"),
            "刚才有人改过",
        ),
        ("account", "seen=0&bank=a&number=123", "刚才有人改过"),
        ("nothing", "", "没有这种操作"),
    ] {
        let (status, page) = send(browser, &format!("/papers/funds/{what}"), form).await?;
        assert!(status == 422 && page.contains(words), "{form}: {status}");
    }
    Ok(())
}

/// The second transfer was the whole sum: its correction says why, and both stay in the ledger. A third
/// one was never there: it is struck out.
async fn put_right(browser: &Browser, page: &str, day: &str) -> Result<()> {
    open(browser, &format!("{page}?edit=2")).await?;
    let fields = [("amount", "468000"), ("why", "金额录错")];
    fill(browser, "transfer", &fields).await?;
    let third = [("month", "2020-01"), ("amount", "1"), ("on", day)];
    fill(browser, "transfer", &third).await?;
    open(browser, &format!("{page}?edit=3")).await?;
    press(browser, "#transfers tbody tr a").await?;
    let there = "return location.search === '?edit=3'";
    browser.until("the form of the third", there).await?;
    fill(browser, "transfer", &[("amount", "0"), ("why", "重复登记")]).await?;
    let words = main_text(browser).await?;
    assert!(
        words.contains("更正：金额录错") && words.contains("已作废"),
        "{words}"
    );
    Ok(())
}

/// An inspector reads it and changes nothing; it is not a team leader's.
async fn others(browser: &Browser, screen: &str) -> Result<()> {
    for (name, duty, reads) in [("检查员", "viewer", 200), ("李班长", "leader", 403)] {
        let code = account(browser, screen, name, duty).await?;
        enter_as(browser, screen, name, Some(&code)).await?;
        let script = "return fetch('/papers/funds').then(async answer => [answer.status, await answer.text()])";
        let (status, page): (u64, String) = serde_json::from_value(browser.script(script).await?)?;
        assert_eq!(status, reads, "{name}");
        assert!(!page.contains("<form method=\"post\" action=\"/papers/funds"));
        let (status, _) = send(browser, "/papers/funds/transfer", "amount=1").await?;
        assert_eq!(status, 403, "{name}");
        enter_as(browser, screen, "王敏", None).await?;
    }
    Ok(())
}

fn is_at_the_city(site: &Site, before: u64) -> Result<()> {
    let sent = |kind| -> Result<Vec<Value>> {
        let found = at_the_city(site, kind)?;
        assert_eq!(found, Gate::from(site).bodies(before, kind)?, "{kind}");
        Ok(found)
    };
    let account = &sent("fund_account")?[0];
    assert_eq!(account["number"], "34050100000000000018");
    assert_eq!(account["monthly"], 46_800_000);
    assert_eq!(sent("fund_deposit")?[0]["form"], "guarantee");
    let transfers = sent("fund_transfer")?;
    let told = |one: &Value| json!([one["transfer"], one["amount"], one["why"]]);
    let told: Vec<Value> = transfers.iter().map(told).collect();
    let expected = [
        json!([1, 46_800_000, null]),
        json!([2, 6_800_050, null]),
        json!([2, 46_800_000, "金额录错"]),
        json!([3, 100, null]),
        json!([3, 0, "重复登记"]),
    ];
    assert_eq!(told, expected);
    Ok(())
}

#[tokio::test]
async fn a_time_without_work_is_declared_on_the_page() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("one-gate")).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    let gate = Gate::from(&site);
    let before = gate.head()?;
    open(&browser, &format!("{screen}/settings")).await?;
    press(&browser, "a[href='/suspensions']").await?;
    let there = "return !!document.getElementById('suspension')";
    browser.until("the form", there).await?;
    for (form, words) in [
        (
            "from=2027-01-20&to=2027-01-19&reason=x",
            "停工结束应晚于开始",
        ),
        ("from=2026-01-20&to=2027-02-15&reason=x", "最长一年"),
        ("from=2027-01-20&to=2027-02-15&reason=", "停工原因应为"),
        ("from=2027-01-20&to=&reason=x", "请填停工最后一天"),
    ] {
        let (status, page) = send(&browser, "/suspensions", form).await?;
        assert!(status == 422 && page.contains(words), "{form}: {status}");
    }
    assert!(
        gate.bodies(before, "gap")?.is_empty(),
        "nothing is declared yet"
    );
    let set = "const form = document.getElementById('suspension').elements;
        form.from.value = '2027-01-20'; form.to.value = '2027-02-15'; form.reason.value = '春节放假';
        return true";
    browser.until("the days", set).await?;
    press(&browser, "#suspension button").await?;
    let listed = "const list = document.getElementById('notices');
        return !!list && list.innerText.includes('2027-01-20 00:00') && list.innerText.includes('春节放假')";
    browser.until("the notice is listed", listed).await?;
    fair(&browser, &screen, &["/suspensions", "/settings"]).await?;
    site.settled().await?;
    let gaps = gate.bodies(before, "gap")?;
    assert_eq!(at_the_city(&site, "gap")?.last(), gaps.last());
    let gap = gaps.last().ok_or("no notice")?;
    // The last day is a whole one: 2027-02-16 begins at the site.
    let told = (&gap["cause"], &gap["from"], &gap["to"], &gap["reason"]);
    let expected = (
        &json!("suspended"),
        &json!(1_800_374_400_000_i64),
        &json!(1_802_707_200_000_i64),
        &json!("春节放假"),
    );
    assert_eq!(told, expected);
    let audits = gate.bodies(before, "audit")?;
    let told = audits.iter().find(|one| one["what"] == "suspended");
    assert_eq!(told.ok_or("not on record")?["account"], "王敏");
    browser.close().await
}
