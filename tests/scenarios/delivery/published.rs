//! What an operator publishes at the city's machine reaches the gate, with no program beside ours.

use std::fs;

use tests::{BOX_ID, Result, Site, bin_dir, eventually, free_port, run};

use super::from_the_city::stranger;
use crate::help::{Gate, plan};

/// Runs a command of the city's operator.
fn operator(site: &Site, arguments: &[&str]) -> Result<String> {
    let settings = site.city.folder().join("city.toml");
    let settings = settings.display().to_string();
    let all = [arguments, &["--config", &settings]].concat();
    run(&bin_dir()?.join("menwei-city"), &all)
}

#[tokio::test]
async fn a_published_roster_is_fetched_from_the_city_itself() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("one-gate")).await?;
    site.city.kill()?;
    let files = format!("https_listen = \"127.0.0.1:{}\"\n", free_port()?);
    site.city.set(&files);
    site.city.up().await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    let head = gate.head()?;
    let new = stranger(&site).await?;
    let file = site.city.folder().join("people.ndjson");
    fs::write(&file, serde_json::to_string(&new)?)?;
    let told = operator(
        &site,
        &["roster", "publish", BOX_ID, &file.display().to_string()],
    )?;
    assert!(told.contains("完整花名册第 1 版，1 人"), "{told}");
    let (_, applied) = gate
        .record(head, "roster_applied", |body| {
            body["kind"] == "roster_applied"
        })
        .await?;
    assert_eq!(
        (&applied["version"], &applied["added"]),
        (&1.into(), &1.into())
    );
    gate.passes("gate-1-in", "not_on_roster").await?;

    // Only a change of it, and the city's list says that the box has done both.
    fs::write(
        &file,
        format!(
            "{{\"op\":\"revoke\",\"id_number\":\"{}\",\"reason\":\"冒用他人证件\"}}\n",
            new.id_number
        ),
    )?;
    let change = ["roster", "publish", "--change", BOX_ID];
    operator(
        &site,
        &[&change[..], &[&file.display().to_string()]].concat(),
    )?;
    eventually("the box has followed both", async || {
        let sent = operator(&site, &["sent"])?;
        Ok((sent.matches("已执行").count() == 2).then_some(()))
    })
    .await?;
    let body = gate.stays_out("gate-2-in", "not_on_roster").await?;
    assert_eq!(body["reason"], "blacklisted", "{body}");
    site.settled().await?;
    Ok(())
}
