//! A city that is slow, one that parks everything, and two that lie: the box believes what its own ledger bears out, says
//! why it believes the rest not, and the honest city gets everything.

use tests::{BOX_ID, Result, Site, eventually};

use crate::delivery::another_city::AnotherCity;
use crate::delivery::identity::{delivered, nothing_lost_nothing_twice};
use crate::help::{Gate, plan};

#[tokio::test]
async fn a_city_that_lies_is_not_believed_and_the_honest_one_gets_everything() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::prepare(folder.path(), &plan("one-gate")).await?;
    site.city.kill()?;
    let (place, port) = (site.city.folder().to_path_buf(), site.broker.city_port());
    let mut other = AnotherCity::start(&place, port, "parks").await?;
    site.gate_box.up().await?;
    Gate::from(&site).devices_answer(0).await?;
    let (presented, _) = Gate::from(&site).passes("gate-1-in", "admitted:0").await?;
    assert_eq!(presented["result"], "granted");

    // What is parked is there: nothing waits for it, and the clerk can read why.
    let parked = eventually("everything is there, and known to be parked", async || {
        other.process.check_alive()?;
        let status = site.gate_box.status()?;
        let all = status["backlog"] == 0 && status["parked"].as_u64() > Some(0);
        Ok(all.then_some(status))
    })
    .await?;
    let said = site.gate_box.menwei(&["status"])?;
    assert!(said.contains("平台暂存未入库"), "{said}");
    assert!(said.contains("平台暂不认识此类记录"), "{said}");
    other.process.kill()?;

    // This one has nothing, and says anything.
    let mut liar = AnotherCity::start(&place, port, "lies").await?;
    Gate::from(&site).passes("gate-1-out", "admitted:0").await?;
    let status = eventually("its lies are counted", async || {
        liar.process.check_alive()?;
        let status = site.gate_box.status()?;
        let count = |code: &str| status["down_refused"][code].as_u64();
        let codes = ["foreign_ack", "other_epoch", "unreadable_ack"];
        let all = codes.iter().all(|code| count(code) > Some(0));
        Ok((all && status["down_refused_last"]["ack"].is_object()).then_some(status))
    })
    .await?;
    assert_eq!(status["acked_through"], 0, "it settled something: {status}");
    assert_eq!(status["backlog"], status["records"]);
    assert!(status["last_fork"].is_null(), "{status}");
    let said = site.gate_box.menwei(&["status"])?;
    assert!(said.contains("平台发来的未采用：foreign_ack"), "{said}");
    assert!(
        said.contains("未采用") && said.contains("联系平台"),
        "{said}"
    );
    Gate::from(&site).passes("gate-2-in", "hmt:1").await?;
    liar.process.kill()?;

    site.city.up().await?;
    let records = site.settled().await?;
    eventually("what was refused is past", async || {
        let status = site.gate_box.status()?;
        Ok(status["down_refused_last"]["ack"].is_null().then_some(()))
    })
    .await?;
    let status = site.gate_box.status()?;
    assert_eq!(
        (&status["parked"], &status["epoch"]),
        (&0.into(), &parked["epoch"])
    );
    assert!(
        status["down_refused"]["foreign_ack"].as_u64() > Some(0),
        "counts stay"
    );
    assert_eq!(site.city.count(BOX_ID)?, records);
    let verdict = site.verdict()?;
    for zero in [
        "lost",
        "duplicated",
        "out_of_order",
        "wrong_person",
        "miscounted",
        "parked",
    ] {
        assert_eq!(verdict[zero], 0, "{zero}: {verdict}");
    }
    Ok(())
}

#[tokio::test]
async fn a_city_that_answers_slowly_gets_everything_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::prepare(folder.path(), &plan("one-gate")).await?;
    site.city.kill()?;
    let (place, port) = (site.city.folder().to_path_buf(), site.broker.city_port());
    let mut slow = AnotherCity::start(&place, port, "slow").await?;
    site.gate_box.up().await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    // The gate does not wait for it.
    let (presented, _) = gate.passes("gate-1-in", "admitted:0").await?;
    assert_eq!(presented["result"], "granted");
    let before = site.gate_box.status()?;
    assert_eq!(before["acked_through"], 0, "so soon: {before}");
    let status = delivered(&site.gate_box).await?;
    slow.process.check_alive()?;
    let rows = slow.number("SELECT count(*) FROM record")?;
    assert_eq!(Some(rows), status["records"].as_u64());
    assert_eq!(slow.number("SELECT count(*) FROM alarm")?, 0);
    assert_eq!(status["epoch"], before["epoch"]);
    assert!(status["last_fork"].is_null(), "{status}");
    assert_eq!(status["down_refused"], before["down_refused"], "{status}");
    Ok(())
}

/// It says of every epoch, in the answer to the box's own hello, that it has something else: one new
/// epoch begins, and then none for ten minutes, whatever it says.
#[tokio::test]
async fn a_city_that_denies_every_epoch_gets_one_new_one_and_the_honest_city_everything()
-> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::prepare(folder.path(), &plan("one-gate")).await?;
    site.city.kill()?;
    let (place, port) = (site.city.folder().to_path_buf(), site.broker.city_port());
    site.gate_box.up().await?;
    Gate::from(&site).devices_answer(0).await?;
    Gate::from(&site).passes("gate-1-in", "admitted:0").await?;
    let mut denier = AnotherCity::start(&place, port, "denies").await?;
    let told = eventually("it wants more epochs than it gets", async || {
        denier.process.check_alive()?;
        let status = site.gate_box.status()?;
        let told = status["troubles"]["平台对账"]["code"] == "E-DB-05";
        Ok(told.then_some(status))
    })
    .await?;
    assert!(told["last_fork"].is_object(), "{told}");
    // Said again on a new connection, and after a new start: no other epoch.
    let hellos =
        "SELECT count(*) FROM heard WHERE instr(CAST(payload AS TEXT), '\"type\":\"hello\"')";
    for starts_anew in [false, true] {
        let had = denier.number(hellos)?;
        if starts_anew {
            site.gate_box.stop().await?;
            site.gate_box.up().await?;
        } else {
            site.broker.down()?;
            site.broker.up().await?;
        }
        eventually("it denies the epoch again", async || {
            denier.process.check_alive()?;
            Ok((denier.number(hellos)? > had).then_some(()))
        })
        .await?;
        Gate::from(&site).passes("gate-1-out", "admitted:0").await?;
        assert_eq!(site.gate_box.status()?["epoch"], told["epoch"]);
    }
    denier.process.kill()?;
    site.city.up().await?;
    // The box asks every minute, and at once on a new connection.
    site.broker.down()?;
    site.broker.up().await?;
    let status = delivered(&site.gate_box).await?;
    assert_eq!(status["epoch"], told["epoch"]);
    nothing_lost_nothing_twice(&site)?;
    Ok(())
}
