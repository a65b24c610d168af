//! 今日: every number leads to the list that it counts.

use serde_json::{Value, json};
use tests::{Browser, Result, eventually};

use crate::clerk::pages::{fair, open, site};
use crate::clerk::screen::{PC, clerks_browser};
use crate::help::Gate;

/// Each tile, where it leads, and what a line of the list there is.
const TILES: [(&str, &str, &str); 5] = [
    ("在场", "/attendance/moment", ".tick"),
    ("今日出勤", "/people?place=came", ".people tbody tr"),
    ("未出勤", "/people?place=absent", ".people tbody tr"),
    ("异常", "/troubles", ".troubles li"),
    (
        "待上传",
        "/upload?state=waiting",
        "section[aria-labelledby=records-title] li",
    ),
];

/// The number on a tile, and how many lines the list has to which it leads.
async fn tile_and_list(
    browser: &Browser,
    screen: &str,
    (word, path, line): (&str, &str, &str),
) -> Result<(Value, Value)> {
    open(browser, screen).await?;
    let told = format!(
        "const tile = Array.from(document.querySelectorAll('#tiles a'))
             .find(tile => tile.querySelector('.tile-word').innerText === '{word}');
         return [tile.getAttribute('href'), tile.querySelector('.tile-figure').innerText]"
    );
    let told = browser.script(&told).await?;
    assert_eq!(told[0], path, "{word}");
    open(browser, &format!("{screen}{path}")).await?;
    let count = format!("return String(document.querySelectorAll('{line}').length)");
    let lines = browser.script(&count).await?;
    Ok((told[1].clone(), lines))
}

#[tokio::test]
async fn every_number_of_the_day_leads_to_as_many_lines() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site(folder.path()).await?;
    Gate::from(&site).devices_answer(0).await?;
    let browser = clerks_browser(&mut site, folder.path(), PC).await?;
    let screen = site.gate_box.screen().to_owned();
    site.settled().await?;
    site.broker.down()?;
    let gate = Gate::from(&site);
    gate.passes("gate-1-in", "hmt:0").await?;
    gate.stays_out("gate-1-in", "untrained:0").await?;
    gate.stays_out("gate-1-in", "not_on_roster:0").await?;
    for (word, path, line) in TILES {
        // A passage may still be on its way into the ledger.
        let told = eventually(&format!("{word} and its list agree"), async || {
            let (told, lines) = tile_and_list(&browser, &screen, (word, path, line)).await?;
            Ok((told == lines).then_some(told))
        })
        .await?;
        assert_ne!(told, json!("0"), "{word}: nothing was compared");
    }
    let paths = [
        "/",
        "/people?place=came",
        "/people?place=absent",
        "/upload?state=waiting",
    ];
    fair(&browser, &screen, &paths).await?;
    browser.close().await
}
