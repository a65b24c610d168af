//! Who passes: the rows of the admission table with real cards at real readers.

use serde_json::{Value, json};
use tests::{LoneGate, Result};

use crate::help::{Gate, plan};

/// Refused people of the crowd, and the code of the rule that refuses them.
const REFUSED: [(&str, &str); 5] = [
    ("not_on_roster:0", "not_on_roster"),
    ("left:0", "left_site"),
    ("under_age:0", "under_sixteen"),
    ("untrained:0", "training_missing"),
    ("blacklisted:0", "blacklisted"),
];

#[tokio::test]
async fn the_refused_stay_out_with_their_reason_and_get_out_with_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = LoneGate::start(folder.path(), &plan("one-gate")).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    for (person, code) in REFUSED {
        let refused = gate.stays_out("gate-1-in", person).await?;
        assert_eq!(refused["result"], "denied", "{person}: {refused}");
        assert_eq!(refused["reason"], code, "{person}: {refused}");
        assert_eq!(refused["direction"], "in");
        let stranger = person.starts_with("not_on_roster");
        assert_eq!(refused["worker"].is_null(), stranger, "{person}: {refused}");
        assert_eq!(
            refused["person_tag"].is_string(),
            stranger,
            "{person}: {refused}"
        );
    }
    assert_eq!(
        gate.openings("gate-1").await?,
        (0, 0),
        "the arm opened for somebody refused"
    );
    for (person, code) in REFUSED {
        let (leaving, passage) = gate.passes("gate-2-out", person).await?;
        assert_eq!(leaving["reason"], code, "{person}: {leaving}");
        assert_eq!(leaving["direction"], "out");
        assert_eq!(
            passage.map(|passage| passage["outcome"].clone()),
            Some(json!("passed"))
        );
    }
    let names = names_in_the_clear(&gate)?;
    assert!(names.is_empty(), "names in the ledger: {names:?}");
    Ok(())
}

/// The names of the crowd that stand somewhere in the ledger.
fn names_in_the_clear(gate: &Gate<'_>) -> Result<Vec<String>> {
    let ledger = gate.gate_box.menwei(&["export"])?;
    let roster = std::fs::read_to_string(gate.gate_box.folder().join("roster.json"))?;
    let roster: Value = serde_json::from_str(&roster)?;
    let people = roster["workers"].as_array().cloned().unwrap_or_default();
    assert!(!people.is_empty(), "the roster file names nobody");
    let known = people
        .iter()
        .flat_map(|one| [&one["name"], &one["id_number"]]);
    let known = known.filter_map(Value::as_str).map(str::to_owned);
    Ok(known
        .filter(|text| ledger.contains(text.as_str()))
        .collect())
}

#[tokio::test]
async fn every_kind_of_document_passes_and_a_road_counts_on_the_card() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = LoneGate::start(folder.path(), &plan("one-gate")).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    let holders = [
        ("admitted:0", "resident"),
        ("hmt:0", "hmt"),
        ("foreigner_2017:0", "foreigner_2017"),
        ("foreigner_2023:0", "foreigner_2023"),
    ];
    for (person, document) in holders {
        let (presentation, passage) = gate.passes("gate-1-in", person).await?;
        assert_eq!(presentation["document"], document, "{presentation}");
        assert_eq!(presentation["by"], "005");
        assert_eq!(
            presentation["counted"], false,
            "the passage counts, not the card"
        );
        let passage = passage.ok_or("no passage")?;
        assert_eq!(passage["counted"], true, "{passage}");
        assert_eq!(passage["outcome"], "passed");
        assert_eq!(passage["worker"], presentation["worker"]);
    }
    let (on_the_road, _) = gate.passes("road-in", "admitted:1").await?;
    assert_eq!(on_the_road["counted"], true, "{on_the_road}");
    assert_eq!(gate.gate_box.status()?["on_site"], 5);
    assert_eq!(gate.openings("gate-1").await?.0, 4);
    Ok(())
}

#[tokio::test]
async fn a_card_twice_within_three_seconds_is_recorded_and_opens_nothing_more() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = LoneGate::start(folder.path(), &plan("one-gate")).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    let before = gate.head()?;
    let twice = json!({"reader": "gate-1-in", "person": "admitted:2", "plan": "double"});
    assert_eq!(gate.visit_with(twice).await?, "through");
    let (first, _) = gate
        .record(before, "granted", |body| body["result"] == "granted")
        .await?;
    let (_, again) = gate
        .record(first, "repeated", |body| body["result"] == "repeated")
        .await?;
    assert_eq!(again["of"], first, "{again}");
    gate.record(first, "the passage", |body| body["presentation"] == first)
        .await?;
    assert_eq!(gate.openings("gate-1").await?.0, 1);
    let passages = gate.bodies(before, "passage")?;
    assert_eq!(passages.len(), 1, "{passages:?}");
    Ok(())
}

#[tokio::test]
async fn a_card_that_nobody_can_read_opens_the_exit_only() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = LoneGate::start(folder.path(), &plan("one-gate")).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    for (reader, result, openings) in [
        ("gate-1-in", "denied", (0, 0)),
        ("gate-1-out", "granted", (0, 1)),
    ] {
        let before = gate.head()?;
        gate.fault(reader, "lift_during_read").await?;
        gate.simulator.put(reader, "admitted:0").await?;
        let (_, body) = gate
            .record(before, "the card", |body| body["kind"] == "presentation")
            .await?;
        assert_eq!(body["result"], result, "{body}");
        assert_eq!(body["reason"], "unreadable_card", "{body}");
        assert!(
            body["worker"].is_null() && body["person_tag"].is_null(),
            "{body}"
        );
        tests::eventually("the arm did what it should", async || {
            Ok((gate.openings("gate-1").await? == openings).then_some(()))
        })
        .await?;
    }
    let walk = json!({"lane": "gate-1", "direction": "out"});
    assert_eq!(gate.simulator.act("walk", &walk).await?["end"], "through");
    gate.record(0, "who left", |body| {
        body["kind"] == "passage" && body["direction"] == "out"
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn a_warned_rule_lets_in_with_a_flag() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut lenient = plan("one-gate");
    lenient.more = "[policy]\nversion = 4\ntraining = \"warn\"\n".to_owned();
    let site = LoneGate::start(folder.path(), &lenient).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    let (presentation, _) = gate.passes("gate-1-in", "untrained:0").await?;
    assert_eq!(presentation["policy"], 4);
    assert!(
        has_flag(&presentation, "training_missing"),
        "{presentation}"
    );
    Ok(())
}

#[tokio::test]
async fn who_is_inside_already_is_flagged_at_a_soft_lane_and_refused_at_a_hard_one() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = LoneGate::prepare(folder.path(), &plan("one-gate")).await?;
    let hard = "id = \"gate-2\"\nanti_passback = \"hard\"";
    site.gate_box
        .edit(|text| text.replace("id = \"gate-2\"", hard))?;
    site.gate_box.up().await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    gate.passes("road-in", "admitted:3").await?;
    let refused = gate.stays_out("gate-2-in", "admitted:3").await?;
    assert_eq!(refused["reason"], "anti_passback", "{refused}");
    let (flagged, _) = gate.passes("gate-1-in", "admitted:3").await?;
    assert!(has_flag(&flagged, "anti_passback"), "{flagged}");
    gate.passes("gate-2-out", "admitted:3").await?;
    let (out_again, _) = gate.passes("gate-1-out", "admitted:3").await?;
    assert!(has_flag(&out_again, "anti_passback"), "{out_again}");
    Ok(())
}

fn has_flag(presentation: &Value, flag: &str) -> bool {
    presentation["flags"]
        .as_array()
        .is_some_and(|flags| flags.iter().any(|one| one == flag))
}
