//! 异常 and 上传 in a real browser: what was refused is found, with its reason and its person.

use serde_json::json;
use tests::Result;

use crate::clerk::pages::{open, site, today};
use crate::clerk::screen::{PC, clerks_browser};
use crate::help::Gate;

#[tokio::test]
async fn a_refusal_at_the_gate_stands_under_todays_troubles() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site(folder.path()).await?;
    Gate::from(&site).devices_answer(0).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    let gate = Gate::from(&site);
    gate.stays_out("gate-1-in", "untrained:0").await?;
    gate.stays_out("gate-1-in", "not_on_roster:0").await?;
    browser.open(&screen).await?;
    browser.click("a[href='/troubles']").await?;
    for text in ["未完成三级教育", "请到安全部", "未登记人员"] {
        let told = format!("return document.querySelector('#denied').innerText.includes('{text}')");
        browser.until(text, &told).await?;
    }
    browser.click("#denied .trouble-who a").await?;
    let person = "return location.pathname.startsWith('/people/')";
    browser.until("his page", person).await?;

    // Days that counted for somebody's nothing say so; the future is refused in words.
    let today = today(&site)?;
    let mut void = 0;
    for days in 2..=12 {
        let on = today.checked_sub(jiff::Span::new().days(days))?;
        open(&browser, &format!("{screen}/troubles?on={on}")).await?;
        let count = "return document.querySelectorAll('#void li').length";
        void += browser.script(count).await?.as_u64().unwrap_or(0);
    }
    assert!(void > 0, "a month without a single void day");
    open(&browser, &format!("{screen}/troubles?on=2999-01-01")).await?;
    let told = "return document.querySelector('.problem').innerText.includes('在将来')";
    browser.until("the future is refused", told).await?;

    // Each record is there with its state.
    browser.click("a[href='/upload']").await?;
    let listed =
        "return document.querySelectorAll('section[aria-labelledby=records-title] li').length";
    browser
        .until("the records", &listed.replace("length", "length === 50"))
        .await?;
    assert_eq!(browser.script("return window.forbidden").await?, json!([]));
    browser.close().await
}
