//! IC cards on the Wiegand readers of a gate board, from the bits on the wires to the arm.

use std::fs;

use serde_json::{Value, json};
use tests::{LoneGate, Result};

use crate::help::{Gate, admitted, plan};

/// 34 bits of 0x12345678, and 26 bits of facility 123, number 45678 (0x7BB26E), worked by hand.
const LONG: &str = "1000100100011010001010110011110001";
const SHORT: &str = "10111101110110010011011101";

/// A site where one worker has a card of his own and two have cards that 26 bits do not tell apart.
async fn site(folder: &std::path::Path) -> Result<LoneGate> {
    let mut wired = plan("one-gate");
    wired.gate_more = "card_bytes_out = \"reversed\"".to_owned();
    let mut site = LoneGate::prepare(folder, &wired).await?;
    let file = site.gate_box.folder().join("roster.json");
    let mut roster: Value = serde_json::from_slice(&fs::read(&file)?)?;
    let workers = roster["workers"].as_array_mut().ok_or("no workers")?;
    for (row, card) in admitted(workers).zip(["12345678", "017bb26e", "027bb26e"]) {
        row["ic_card"] = json!(card);
    }
    fs::write(&file, serde_json::to_vec(&roster)?)?;
    let file = file.to_str().ok_or("no text")?;
    site.gate_box.menwei(&["import", file])?;
    site.gate_box.up().await?;
    Ok(site)
}

async fn tap(gate: Gate<'_>, direction: &str, bits: &str) -> Result<(u64, Value)> {
    let before = gate.head()?;
    let telegram = json!({"lane": "gate-1", "direction": direction, "bits": bits});
    gate.simulator.act("telegram", &telegram).await?;
    gate.record(before, "a presentation", |body| {
        body["kind"] == "presentation"
    })
    .await
}

#[tokio::test]
async fn a_card_on_a_wiegand_reader_opens_for_its_holder_and_never_for_one_of_two() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = site(folder.path()).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;

    let (_, doubtful) = tap(gate, "in", SHORT).await?;
    assert_eq!(doubtful["result"], "denied", "{doubtful}");
    assert_eq!(doubtful["reason"], "card_ambiguous");
    assert_eq!(gate.openings("gate-1").await?, (0, 0));

    let (seq, granted) = tap(gate, "in", LONG).await?;
    assert_eq!(granted["result"], "granted", "{granted}");
    assert_eq!(granted["by"], "006");
    assert!(granted["worker"].is_u64() && granted["document"].is_null());
    gate.lane_shows("gate-1", "open_in", true.into()).await?;
    gate.simulator.walk("gate-1", "in").await?;
    let (_, passage) = gate
        .record(seq, "the passage", |body| body["kind"] == "passage")
        .await?;
    assert_eq!(passage["presentation"], seq);
    assert_eq!(
        (&passage["outcome"], &passage["counted"]),
        (&"passed".into(), &true.into())
    );

    // The other reader is set to the other byte order: there it is nobody's card, and he gets out.
    let (_, outward) = tap(gate, "out", LONG).await?;
    assert_eq!(outward["result"], "granted", "{outward}");
    assert_eq!(outward["reason"], "not_on_roster");
    gate.lane_shows("gate-1", "open_out", true.into()).await?;
    Ok(())
}
