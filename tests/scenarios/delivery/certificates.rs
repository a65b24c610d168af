//! Certificates that are not good: the broker refuses, the box says why and works on, the city
//! does not notice.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tests::{BOX_ID, City, Result, Site, bin_dir, eventually, run};

use crate::help::{Gate, plan};

/// A new certificate for a box, by a city's folder.
fn issue(city: &Path, id: &str, (out, more): (&Path, &[&str])) -> Result<PathBuf> {
    let (dir, to) = (city.display().to_string(), out.display().to_string());
    let first = ["issue", "--dir", &dir, "--box", id, "--out", &to];
    run(&bin_dir()?.join("menwei-city"), &[&first, more].concat())?;
    Ok(out.to_owned())
}

/// The box starts anew with the certificate and key of this folder.
async fn starts_with(site: &mut Site, folder: &Path) -> Result<()> {
    site.gate_box.stop().await?;
    for name in ["box.pem", "box.key"] {
        fs::copy(folder.join(name), site.gate_box.folder().join(name))?;
    }
    site.gate_box.up().await
}

/// The box refuses nobody, delivers nothing, and `menwei status` says why and what to do.
async fn says(site: &Site, cause: &str) -> Result<()> {
    let status = eventually(cause, async || {
        let status = site.gate_box.status()?;
        let told = status["unreached"]["cause"].as_str().unwrap_or_default();
        Ok(told.contains(cause).then_some(status))
    })
    .await?;
    let told = &status["unreached"];
    assert_eq!(told["code"], "E-UP-03", "{told}");
    let sentence = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
    assert!(sentence("effect").contains("打卡照常"), "{told}");
    assert!(sentence("advice").contains("请"), "{told}");
    let printed = site.gate_box.menwei(&["status"])?;
    assert!(
        printed.contains(cause) && printed.contains("E-UP-03"),
        "{printed}"
    );
    // The page reads the same health view as the setting.
    let (before, gate) = (site.city.count(BOX_ID)?, Gate::from(site));
    gate.passes("gate-1-in", "admitted:0").await?;
    gate.passes("gate-1-out", "admitted:0").await?;
    assert_eq!(site.city.count(BOX_ID)?, before, "nothing of it arrives");
    Ok(())
}

/// What the city's page is drawn from.
async fn city_state(site: &Site) -> Result<Value> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let page = site.city.page()?;
    Ok(client
        .get(format!("{page}/api/state"))
        .send()
        .await?
        .json()
        .await?)
}

#[tokio::test]
async fn a_certificate_that_is_not_good_is_refused_and_the_box_says_why() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("one-gate")).await?;
    Gate::from(&site).devices_answer(0).await?;
    site.settled().await?;
    let city = site.city.folder().to_owned();
    let at = |name: &str| folder.path().join(name);

    let past = ["--valid-from", "2020-01-01", "--valid-days", "30"];
    let expired = issue(&city, BOX_ID, (&at("expired"), &past))?;
    starts_with(&mut site, &expired).await?;
    says(&site, "本机证书已于 2020-01-31 过期").await?;

    City::keys(&at("elsewhere"))?;
    let strange = issue(&at("elsewhere"), BOX_ID, (&at("strange"), &[]))?;
    starts_with(&mut site, &strange).await?;
    says(&site, "本机证书不是这个平台签发的").await?;

    let other = issue(&city, "another-box", (&at("other"), &[]))?;
    starts_with(&mut site, &other).await?;
    says(&site, "本机证书是考勤盒 another-box 的").await?;

    // All of it arrives with a good one; of the refused ones the city has neither record nor alarm.
    let good = issue(&city, BOX_ID, (&at("good"), &[]))?;
    starts_with(&mut site, &good).await?;
    site.settled().await?;
    let state = city_state(&site).await?;
    assert_eq!(
        (&state["alarm_count"], &state["parked"]),
        (&0.into(), &0.into())
    );
    eventually("the trouble is over", async || {
        Ok(site.gate_box.status()?["unreached"].is_null().then_some(()))
    })
    .await?;

    // Revoked while it is connected: with the list that the broker reads, it is out.
    let settings = city.join("city.toml").display().to_string();
    let revoke = ["revoke-box", BOX_ID, "--config", &settings];
    run(&bin_dir()?.join("menwei-city"), &revoke)?;
    site.broker.down()?;
    site.broker.up().await?;
    says(&site, "平台没有接受本机证书：已被平台吊销").await?;
    let state = city_state(&site).await?;
    let row = state["boxes"].as_array().into_iter().flatten();
    let row = row
        .into_iter()
        .find(|row| row["id"] == BOX_ID)
        .ok_or("no row")?;
    assert_eq!(row["state"], "证书已吊销", "{row}");

    // A new one in its place, and what was recorded meanwhile arrives.
    let again = issue(&city, BOX_ID, (&at("again"), &[]))?;
    starts_with(&mut site, &again).await?;
    site.settled().await?;
    Ok(())
}
