//! `menwei board update`: the command, the running box, its line and the board's real image.

use std::path::{Path, PathBuf};
use std::process::Command;

use firmware_images::{UpdateKey, boot_image, image, program};
use hw_sim::{ChipLine, UpdatableBoard};
use serde_json::Value;
use tests::{
    BoxPlan, Ended, GateBox, LaneWiring, Result, Simulator, bin_dir, eventually, repository,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const BOARD: &str = "mps2an385";

/// A serial server with the board's line.
async fn serve(door: TcpListener, mut line: ChipLine) -> Result<()> {
    loop {
        let (mut link, _) = door.accept().await?;
        let mut bytes = [0; 256];
        loop {
            tokio::select! {
                count = link.read(&mut bytes) => match count {
                    Ok(count) if count > 0 => line.send(bytes[..count].to_vec()).await,
                    _ => break,
                },
                said = line.receive() => match said {
                    Some(said) => link.write_all(&said).await?,
                    None => return Ok(()),
                },
            }
        }
    }
}

/// Runs the command beside the test, which goes on carrying bytes.
async fn update(config: &Path, file: &Path) -> Result<Ended> {
    let mut command = Command::new(bin_dir()?.join("menwei"));
    command.arg("--config").arg(config);
    command.args(["board", "update"]).arg(file);
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    Ok(Ended {
        code: output.status.code(),
        printed: String::from_utf8(output.stdout)?,
        complained: String::from_utf8(output.stderr)?,
    })
}

/// A box with one lane: a simulated reader, and the board on a serial server.
async fn box_with(folder: &Path, reader: PathBuf, line: ChipLine) -> Result<GateBox> {
    let door = TcpListener::bind("127.0.0.1:0").await?;
    let port = door.local_addr()?.port();
    tokio::spawn(async move { serve(door, line).await.ok() });
    let lane = LaneWiring {
        id: "east-1".to_owned(),
        name: "东门1通道".to_owned(),
        readers: vec![("进口读卡器".to_owned(), "in", reader)],
        cameras: Vec::new(),
        gate: None,
    };
    let plan = BoxPlan {
        id: "box-update".to_owned(),
        reader_baud: 115_200,
        gate_baud: 115_200,
        find_interval_ms: 300,
        lanes: vec![lane],
        desk_reader: None,
        broker_port: None,
        screen_more: String::new(),
        gate_more: String::new(),
        more: String::new(),
    };
    let mut gate_box = GateBox::new(&folder.join("box"), &plan)?;
    gate_box.edit(|settings| {
        format!(
            "{settings}\n[lane.gate]\nname = \"1号闸机\"\nlink = \"tcp:127.0.0.1:{port}\"\n\
             pass_timeout_ms = 30000\n"
        )
    })?;
    let roster = folder.join("roster.json");
    Simulator::roster(&site_day(), &roster)?;
    gate_box.menwei(&["import", roster.to_str().ok_or("a path of letters")?])?;
    gate_box.up().await?;
    Ok(gate_box)
}

fn site_day() -> PathBuf {
    repository().join("hw-sim/site-days/play.toml")
}

/// What the ledger says of updates, oldest first.
fn recorded(gate_box: &GateBox) -> Result<Vec<String>> {
    let records = gate_box.records(0)?;
    let details = records
        .iter()
        .filter_map(|record| record["body"]["detail"].as_str())
        .filter(|detail| detail.starts_with("update"));
    Ok(details.map(str::to_owned).collect())
}

/// A program that does nothing at all: its first instruction jumps to itself.
const SMALL: [u8; 4] = [0xfe, 0xe7, 0xfe, 0xe7];

#[tokio::test]
async fn an_order_updates_a_board_says_how_it_went_and_writes_it_down() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let simulator = Simulator::start(&folder.path().join("sim"), &site_day(), false).await?;
    let reader = &simulator.readers()["east-1-in"];
    let key = UpdateKey::generate()?;
    let body = program(&image(BOARD))?;
    let old = key.sign(BOARD, [0, 1, 0], &body);
    let uid = drivers_turnstile::BoardUid([0x4d, 0x57, 0, 0, 0, 0, 0, 1]);
    let board = UpdatableBoard::new(
        &boot_image(BOARD),
        folder.path(),
        &old,
        uid,
        Some(key.trusted()),
    )
    .map_err(|error| error.to_string())?;
    let mut machine = board.power_on()?;
    let line = machine.take_line().ok_or("it has its line")?;
    let mut gate_box = box_with(folder.path(), reader.clone(), line).await?;
    let config = gate_box.config();
    let file = folder.path().join("gate.mwi");

    let stranger = UpdateKey::generate()?;
    for (image, said) in [
        (b"no image".to_vec(), "不是闸机控制板的升级包"),
        (old, "已经是这个版本，或比它新"),
        (stranger.sign(BOARD, [0, 2, 0], &SMALL), "升级包的签名不对"),
    ] {
        std::fs::write(&file, image)?;
        let ended = update(&config, &file).await?;
        assert_eq!(ended.code, Some(1), "{said}: {ended:?}");
        assert!(ended.complained.contains(said), "{said}: {ended:?}");
    }

    std::fs::write(&file, key.sign(BOARD, [0, 2, 0], &body))?;
    let ended = update(&config, &file).await?;
    assert_eq!(
        ended.printed.trim(),
        "东门1通道的控制板已升级到 0.2.0，试运行正常"
    );
    assert_eq!(ended.code, Some(0));
    for progress in ["正在传送，已传 ", "新程序试运行中"] {
        assert!(ended.complained.contains(progress), "{ended:?}");
    }

    // A worker was let in and is on his way: the board is left alone.
    simulator.put("east-1-in", "admitted:0").await?;
    eventually("the worker's grant is in the ledger", async || {
        let records = gate_box.records(0)?;
        let granted = |record: &Value| record["body"]["result"] == "granted";
        Ok(records.iter().any(granted).then_some(()))
    })
    .await?;
    std::fs::write(&file, key.sign(BOARD, [0, 3, 0], &SMALL))?;
    let ended = update(&config, &file).await?;
    assert!(ended.complained.contains("有人正在通过"), "{ended:?}");
    assert_eq!(ended.code, Some(1));

    assert_eq!(
        recorded(&gate_box)?,
        [
            "update to 0.1.0 failed: not newer",
            "update to 0.2.0 failed: signature",
            "updated to 0.2.0"
        ]
    );
    gate_box.stop().await?;
    let ended = update(&config, &file).await?;
    assert!(ended.complained.contains("考勤盒没有在运行"), "{ended:?}");
    Ok(())
}
