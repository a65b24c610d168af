//! Why is there nothing on that day: what the box says about the times when it recorded nothing.

use tests::{LoneGate, Result};

use crate::help::{Gate, plan};

#[tokio::test]
async fn a_box_declares_the_time_that_it_was_off() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = LoneGate::start(folder.path(), &plan("one-gate")).await?;
    Gate::from(&site).devices_answer(0).await?;
    for stop_in_good_order in [false, true] {
        if stop_in_good_order {
            site.gate_box.stop().await?;
        } else {
            site.gate_box.kill()?;
        }
        let before = Gate::from(&site).head()?;
        let last = site.gate_box.records(before - 1)?;
        site.gate_box.up().await?;
        let gate = Gate::from(&site);
        let (_, started) = gate
            .record(before, "the start", |body| body["kind"] == "started")
            .await?;
        let (_, gap) = gate
            .record(before, "the absence", |body| body["kind"] == "gap")
            .await?;
        assert_eq!(gap["cause"], "powered_off", "{gap}");
        assert_eq!(gap["from"], started["off_since"], "{gap}");
        assert_eq!(gap["to"], started["at"], "{gap}");
        assert!(
            gap["from"].as_i64() >= last[0]["body"]["at"].as_i64(),
            "{gap}"
        );
        assert!(gap["from"].as_i64() < gap["to"].as_i64(), "{gap}");
    }
    Ok(())
}

#[tokio::test]
async fn a_notice_of_suspension_reaches_the_ledger_with_and_without_a_running_box() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = LoneGate::prepare(folder.path(), &plan("one-gate")).await?;
    let order = |reason| {
        let notice = [
            "suspend",
            "--from",
            "2027-01-20",
            "--to",
            "2027-02-15",
            "--reason",
        ];
        [&notice[..], &[reason]].concat()
    };
    let said = site.gate_box.menwei(&order("春节"))?;
    assert!(said.contains("下次启动时自动办理"), "{said}");
    site.gate_box.up().await?;
    let gate = Gate::from(&site);
    let is_notice = |reason: &'static str| {
        move |body: &serde_json::Value| body["kind"] == "gap" && body["reason"] == reason
    };
    let (_, gap) = gate.record(0, "the notice", is_notice("春节")).await?;
    assert_eq!(gap["cause"], "suspended");
    assert_eq!(gap["from"], 1_800_374_400_000_i64);
    assert_eq!(gap["to"], 1_802_707_200_000_i64);

    let said = site.gate_box.menwei(&order("台风"))?;
    assert!(said.contains("已记入账本"), "{said}");
    gate.record(0, "the second notice", is_notice("台风"))
        .await?;

    let ended = site.gate_box.menwei_ends(&order(" "))?;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.complained.contains("停工原因应为"), "{ended:?}");
    Ok(())
}
