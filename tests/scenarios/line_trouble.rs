//! Bad lines, sick readers, pulled cables, restarting boards: the lane comes back by itself.

use serde_json::{Value, json};
use tests::{LoneGate, Result};

use crate::help::{Gate, plan};

const READER: &str = "1号进口读卡器";
const READER_OUT: &str = "1号出口读卡器";
const BOARD: &str = "1号闸机";

async fn turns(gate: Gate<'_>, reader: &str, faults: &[Value]) -> Result<()> {
    for (place, fault) in faults.iter().enumerate() {
        let person = format!("admitted:{place}");
        let visit = json!({"reader": reader, "person": person, "fault": fault});
        let end = gate.visit_with(visit).await?;
        assert_eq!(end, "through", "{person} at {reader} with {fault}");
    }
    Ok(())
}

#[tokio::test]
async fn a_disturbed_reply_costs_a_moment_and_opens_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = LoneGate::start(folder.path(), &plan("one-gate")).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    let before = gate.head()?;
    let one = [
        json!({"kind": "noise_before"}),
        json!({"kind": "noise_inside"}),
        json!({"kind": "noise_after"}),
        json!({"kind": "four_aa"}),
        json!({"kind": "bad_checksum"}),
        json!({"kind": "lift_during_read"}),
    ];
    let two = [
        json!({"kind": "half_frame", "bytes": 100}),
        json!({"kind": "chunks", "bytes": 7}),
        json!({"kind": "doubled"}),
        json!({"kind": "status", "status": 0x41}),
        json!({"kind": "length_lie"}),
        json!({"kind": "silence", "commands": 2}),
    ];
    let (first, second) = tokio::join!(
        turns(gate, "gate-1-in", &one),
        turns(gate, "gate-2-out", &two)
    );
    first?;
    second?;
    tests::eventually("twelve passages", async || {
        Ok((gate.bodies(before, "passage")?.len() >= 12).then_some(()))
    })
    .await?;
    assert_eq!(gate.openings("gate-1").await?, (6, 0));
    assert_eq!(gate.openings("gate-2").await?, (0, 6));
    let presentations = gate.bodies(before, "presentation")?;
    let granted = presentations
        .iter()
        .filter(|body| body["result"] == "granted" && !body["worker"].is_null());
    assert_eq!(granted.count(), 12, "{presentations:#?}");
    let passages = gate.bodies(before, "passage")?;
    assert!(
        passages.iter().all(|body| body["counted"] == true),
        "{passages:#?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_sick_security_module_is_told_and_heals_when_it_is_switched_off_and_on() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = LoneGate::start(folder.path(), &plan("one-gate")).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    for (place, kind) in ["self_test_failed", "not_authorized"]
        .into_iter()
        .enumerate()
    {
        let before = gate.head()?;
        let person = format!("admitted:{place}");
        let fault = |on: bool| json!({"device": "gate-1-in", "kind": kind, "on": on});
        gate.simulator.act("fault", &fault(true)).await?;
        gate.simulator.put("gate-1-in", &person).await?;
        let (told, lamp) = gate.lamp(before, READER, "fault").await?;
        assert_eq!(lamp["detail"], "E-RD-03", "{kind}: {lamp}");
        gate.simulator.lift("gate-1-in").await?;
        // The lamp's advice: off and on again. (Without it the box asks again after five minutes.)
        gate.simulator.act("fault", &fault(false)).await?;
        gate.fault("gate-1-in", "unplug").await?;
        gate.fault("gate-1-in", "plug").await?;
        gate.lamp(told, READER, "online").await?;
        let cards = gate.bodies(before, "presentation")?;
        assert!(
            cards.iter().all(|body| body["result"] != "granted"),
            "{kind}: {cards:?}"
        );
        gate.passes("gate-1-in", &person).await?;
    }
    assert_eq!(gate.openings("gate-1").await?.0, 2);
    Ok(())
}

#[tokio::test]
async fn a_reader_comes_back_from_a_pulled_cable_and_a_wrong_speed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = LoneGate::start(folder.path(), &plan("one-gate")).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    for (place, (bad, good)) in [("unplug", "plug"), ("wrong_baud_on", "wrong_baud_off")]
        .into_iter()
        .enumerate()
    {
        let before = gate.head()?;
        gate.fault("gate-1-in", bad).await?;
        let (told, lamp) = gate.lamp(before, READER, "offline").await?;
        assert_eq!(lamp["detail"], "E-RD-01", "{bad}: {lamp}");
        // The other readers of the lane go on meanwhile.
        gate.passes("gate-1-out", &format!("admitted:{place}"))
            .await?;
        gate.fault("gate-1-in", good).await?;
        gate.lamp(told, READER, "online").await?;
        gate.passes("gate-1-in", &format!("admitted:{place}"))
            .await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_gate_without_link_stays_shut_inwards_and_comes_back() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = LoneGate::start(folder.path(), &plan("one-gate")).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    for (place, (bad, good)) in [("unplug", "plug"), ("wrong_baud_on", "wrong_baud_off")]
        .into_iter()
        .enumerate()
    {
        let person = format!("admitted:{place}");
        let (before, opened) = (gate.head()?, gate.openings("gate-1").await?.0);
        gate.fault("gate-1", bad).await?;
        let (told, lamp) = gate.lamp(before, BOARD, "offline").await?;
        assert_eq!(lamp["detail"], "E-GT-01", "{bad}: {lamp}");
        gate.record(before, "the lost link", |body| body["event"] == "link_lost")
            .await?;
        gate.stays_out("gate-1-in", &person).await?;
        // Nobody is trapped: without the box the board frees the exit.
        gate.lane_shows("gate-1", "open_out", json!(true)).await?;
        gate.fault("gate-1", good).await?;
        gate.lamp(told, BOARD, "online").await?;
        gate.record(told, "the link", |body| body["event"] == "link_back")
            .await?;
        // What the board did on its own is on record too.
        gate.record(told, "the board's word for it", |body| {
            body["event"] == "link_lost" && body["board"].is_object()
        })
        .await?;
        assert_eq!(
            gate.openings("gate-1").await?.0,
            opened,
            "a stale grant opened the gate"
        );
        gate.lane_shows("gate-1", "open_out", json!(false)).await?;
        gate.passes("gate-2-in", &person).await?;
        gate.passes("gate-1-out", &person).await?;
    }
    // Junk on an idle line costs nothing that anybody sees.
    gate.fault("gate-1", "noise").await?;
    gate.passes("gate-1-in", "admitted:5").await?;
    Ok(())
}

#[tokio::test]
async fn a_board_that_restarts_is_recorded_and_works_on_and_fire_frees_everything() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = LoneGate::start(folder.path(), &plan("one-gate")).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    let before = gate.head()?;
    gate.fault("gate-1", "reset_board").await?;
    gate.record(before, "the restart", |body| {
        body["event"] == "board_restarted"
    })
    .await?;
    gate.passes("gate-1-in", "admitted:0").await?;

    let before = gate.head()?;
    gate.simulator
        .act("fire", &json!({"lane": "gate-1", "on": true}))
        .await?;
    gate.lane_shows("gate-1", "open_in", json!(true)).await?;
    gate.lane_shows("gate-1", "open_out", json!(true)).await?;
    let (alarm, fire) = gate
        .record(before, "the fire", |body| body["event"] == "fire_on")
        .await?;
    assert_eq!(fire["lane"], "gate-1", "{fire}");
    // A restart in the middle of it changes nothing.
    gate.fault("gate-1", "reset_board").await?;
    gate.lane_shows("gate-1", "open_out", json!(true)).await?;
    let walk = json!({"lane": "gate-1", "direction": "out"});
    assert_eq!(gate.simulator.act("walk", &walk).await?["end"], "through");
    gate.record(alarm, "who left", |body| {
        body["kind"] == "passage" && body["direction"] == "out"
    })
    .await?;
    // The other lane is another contact.
    assert_eq!(gate.lane("gate-2").await?["open_in"], false);

    gate.simulator
        .act("fire", &json!({"lane": "gate-1", "on": false}))
        .await?;
    gate.record(alarm, "the end of the fire", |body| {
        body["event"] == "fire_off"
    })
    .await?;
    gate.lane_shows("gate-1", "open_in", json!(false)).await?;
    gate.passes("gate-1-in", "admitted:1").await?;
    Ok(())
}

#[tokio::test]
async fn two_readers_swapped_while_the_box_was_off_are_told_until_it_is_restarted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = LoneGate::start(folder.path(), &plan("one-gate")).await?;
    Gate::from(&site).devices_answer(0).await?;
    let terminal = |reader: &str| -> Result<String> {
        let path = site.simulator.readers().get(reader).ok_or("no reader")?;
        Ok(format!("serial:{}?", path.display()))
    };
    let (inward, outward) = (terminal("gate-1-in")?, terminal("gate-1-out")?);
    let identity_of = |lamp: &Value| lamp["identity"].clone();
    let (_, out_before) = Gate::from(&site).lamp(0, READER_OUT, "online").await?;
    site.gate_box.stop().await?;
    let before = Gate::from(&site).head()?;
    site.gate_box.edit(|text| {
        let text = text.replace(&inward, "the other one");
        text.replace(&outward, &inward)
            .replace("the other one", &outward)
    })?;
    site.gate_box.up().await?;

    let gate = Gate::from(&site);
    for reader in [READER, READER_OUT] {
        let (_, lamp) = gate.lamp(before, reader, "fault").await?;
        assert_eq!(lamp["detail"], "E-RD-02", "{lamp}");
        if reader == READER {
            assert_eq!(identity_of(&lamp), identity_of(&out_before));
        }
    }
    // The readers work, and no card wipes the lamp.
    gate.passes("gate-2-in", "admitted:0").await?;
    let devices = gate.bodies(before, "device")?;
    let wiped = |it: &&Value| {
        (it["device"] == READER || it["device"] == READER_OUT) && it["state"] == "online"
    };
    assert_eq!(devices.iter().find(wiped), None, "{devices:#?}");

    // Whoever restarts the box means it so.
    site.gate_box.stop().await?;
    let before = Gate::from(&site).head()?;
    site.gate_box.up().await?;
    for reader in [READER, READER_OUT] {
        Gate::from(&site).lamp(before, reader, "online").await?;
    }
    Ok(())
}
