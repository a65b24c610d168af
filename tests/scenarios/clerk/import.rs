//! `menwei import` beside a running box: the gate goes on, and knows the people as soon as it ends.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use tests::{GateBox, Result, Site, bin_dir, eventually, with_check};
use tokio::process::Command;

use crate::help::{Gate, plan};

/// People of the file beside the one who comes.
const OTHERS: u32 = 150;

fn row(name: &str, number: &str, team: &Value) -> Value {
    let born = [&number[6..10], &number[10..12], &number[12..14]].join("-");
    let is_man = number.as_bytes()[16] % 2 == 1;
    json!({
        "name": name, "id_kind": "resident", "id_number": number,
        "sex": if is_man { "male" } else { "female" }, "born": born, "team": team, "trade": "230",
        "role": "20", "entered_on": "2026-11-20", "contract_signed_on": "2026-11-19",
        "trained_on": "2026-11-20",
    })
}

/// The site's roster with 150 more, and these.
fn roster(site: &Site, more: &[Value]) -> Result<Value> {
    let file = site.gate_box.folder().join("roster.json");
    let mut roster: Value = serde_json::from_slice(&fs::read(file)?)?;
    let team = roster["teams"][0]["team"].clone();
    let others = (0..OTHERS).map(|n| {
        row(
            "测试甲",
            &with_check(&format!("34990119800101{n:03}")),
            &team,
        )
    });
    let with_team = |one: &Value| {
        let mut one = one.clone();
        one["team"] = team.clone();
        one
    };
    let rows: Vec<Value> = others.chain(more.iter().map(with_team)).collect();
    roster["workers"]
        .as_array_mut()
        .ok_or("no workers")?
        .extend(rows);
    Ok(roster)
}

async fn import(gate_box: &GateBox, file: &Path) -> Result<Output> {
    let command = Command::new(bin_dir()?.join("menwei"))
        .arg("--config")
        .arg(gate_box.config())
        .arg("import")
        .arg(file)
        .output();
    Ok(command.await?)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn a_roster_file_comes_in_while_the_gate_works() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = Site::start(folder.path(), &plan("one-gate")).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    let people = site.simulator.state().await?["people"].clone();
    let people = people.as_array().ok_or("no people")?;
    let mut strangers = people
        .iter()
        .filter(|one| one["standing"] == "not_on_roster");
    let one = strangers.next().ok_or("no stranger")?;
    let (name, number) = (one["name"].as_str(), one["person"].as_str());
    let (name, number) = (name.ok_or("no name")?, number.ok_or("no number")?);
    let body = gate.stays_out("gate-2-in", "not_on_roster:0").await?;
    assert_eq!(body["reason"], "not_on_roster");

    // One row is wrong: it is named, and the others are in.
    let wrong = row("测试乙", "349901198001010000", &json!(1));
    let file = folder.path().join("more.json");
    let whole = roster(&site, &[row(name, number, &json!(1)), wrong])?;
    fs::write(&file, serde_json::to_vec(&whole)?)?;
    let place = whole["workers"].as_array().ok_or("no workers")?.len();
    let before = gate.head()?;
    let visits = async {
        for person in ["admitted:0", "admitted:1"] {
            for way in ["gate-1-in", "gate-1-out"] {
                gate.passes(way, person).await?;
            }
        }
        Result::<()>::Ok(())
    };
    let (ended, visits) = tokio::join!(import(&site.gate_box, &file), visits);
    visits?;
    let ended = ended?;
    let (said, complained) = (text(&ended.stdout), text(&ended.stderr));
    assert_eq!(ended.status.code(), Some(1), "{said}{complained}");
    assert!(
        complained.contains("导入完成") && complained.contains("1 行有错"),
        "{complained}"
    );
    assert!(
        complained.contains(&format!("第 {place} 名工人：证件号码不合规则")),
        "{complained}"
    );
    let made = gate.bodies(before, "worker")?.len();
    assert_eq!(made, place - 1, "one record of each person");
    assert_eq!(
        gate.bodies(before, "gap")?.len() + gate.bodies(before, "started")?.len(),
        0
    );

    // Who was refused passes now, by a lane that never restarted.
    let (presented, _) = gate.passes("gate-1-in", "not_on_roster:0").await?;
    let worker = presented["worker"].clone();
    assert!(worker.is_u64(), "{presented}");
    let orders = site.gate_box.folder().join("ledger.db.orders");
    assert_eq!(
        fs::read_dir(orders)?.count(),
        0,
        "nothing of it is left lying"
    );

    // The same again, without the wrong row: everybody keeps his number.
    fs::write(
        &file,
        serde_json::to_vec(&roster(&site, &[row(name, number, &json!(1))])?)?,
    )?;
    let ended = import(&site.gate_box, &file).await?;
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    assert!(
        text(&ended.stdout).contains("0 行有错"),
        "{}",
        text(&ended.stdout)
    );
    let (presented, _) = gate.passes("gate-2-out", "not_on_roster:0").await?;
    assert_eq!(presented["worker"], worker);

    // What is no roster never reaches the box.
    let head = gate.head()?;
    fs::write(&file, b"{\"project\":")?;
    let ended = import(&site.gate_box, &file).await?;
    assert_eq!(ended.status.code(), Some(1));
    assert!(
        text(&ended.stderr).contains("第 1 行"),
        "{}",
        text(&ended.stderr)
    );
    assert_eq!(gate.head()?, head);
    eventually("everything is delivered", async || {
        let status = site.gate_box.status()?;
        Ok((status["backlog_all"] == 0).then_some(()))
    })
    .await?;
    assert!(site.gate_box.menwei(&["verify"])?.contains("账本完好"));
    Ok(())
}
