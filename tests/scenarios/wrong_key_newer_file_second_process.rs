//! A ledger that must not be touched is not touched, and the installer reads why.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;
use tests::{Ended, GateBox, LoneGate, Process, Result, bin_dir, eventually, run};

use crate::help::{Gate, plan};

/// The database file and its companions, byte for byte.
fn bytes(gate_box: &GateBox) -> Result<Vec<Vec<u8>>> {
    let read = |end: &str| {
        let path = gate_box.folder().join(format!("ledger.db{end}"));
        fs::read(path).or_else(|error| {
            if error.kind() == std::io::ErrorKind::NotFound {
                Ok(Vec::new())
            } else {
                Err(error)
            }
        })
    };
    Ok(vec![read("")?, read("-wal")?])
}

/// The database opened with its key; closing it leaves everything in the one file.
fn opened(gate_box: &GateBox) -> Result<Connection> {
    let key = fs::read_to_string(gate_box.folder().join("ledger.key"))?;
    let db = Connection::open(gate_box.folder().join("ledger.db"))?;
    db.execute_batch(&format!(
        "PRAGMA key = \"x'{}'\"; PRAGMA cipher_page_size = 2048",
        key.trim()
    ))?;
    Ok(db)
}

fn refused(ended: &Ended, words: &[&str]) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for word in words {
        assert!(ended.complained.contains(word), "{word}: {ended:?}");
    }
}

#[tokio::test]
async fn a_wrong_or_open_or_misshapen_key_is_told_and_nothing_is_touched() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = LoneGate::prepare(folder.path(), &plan("one-gate")).await?;
    let gate_box = &site.gate_box;
    let head = gate_box.status()?;
    opened(gate_box)?.execute_batch("PRAGMA user_version")?;
    let (key, before) = (gate_box.folder().join("ledger.key"), bytes(gate_box)?);
    let right = fs::read_to_string(&key)?;
    let commands: [&[&str]; 3] = [&["run"], &["verify"], &["status"]];

    fs::write(&key, "0123456789abcdef".repeat(4))?;
    for command in commands {
        refused(
            &gate_box.menwei_ends(command)?,
            &["密钥打不开", "数据未改动", "ledger.db"],
        );
    }
    fs::write(&key, "0123")?;
    for command in commands {
        refused(
            &gate_box.menwei_ends(command)?,
            &["应为 32 字节或 64 个十六进制字符", "ledger.key"],
        );
    }
    fs::write(&key, right)?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644))?;
    for command in commands {
        refused(
            &gate_box.menwei_ends(command)?,
            &["权限是 644", "chmod 600"],
        );
    }
    assert!(before == bytes(gate_box)?, "the ledger's file changed");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
    assert_eq!(gate_box.menwei_ends(&["verify"])?.code, Some(0));
    assert_eq!(gate_box.status()?, head);
    Ok(())
}

#[tokio::test]
async fn a_file_of_newer_software_is_told_and_not_touched() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = LoneGate::prepare(folder.path(), &plan("one-gate")).await?;
    let gate_box = &site.gate_box;
    opened(gate_box)?.execute_batch("PRAGMA user_version = 99")?;
    let before = bytes(gate_box)?;
    for command in [&["run"] as &[&str], &["verify"], &["status"], &["export"]] {
        refused(
            &gate_box.menwei_ends(command)?,
            &["新版软件", "版本 99", "数据未改动", "请安装新版软件"],
        );
    }
    assert!(before == bytes(gate_box)?, "the ledger's file changed");
    Ok(())
}

#[tokio::test]
async fn another_boxs_ledger_is_told() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = LoneGate::prepare(folder.path(), &plan("one-gate")).await?;
    site.gate_box
        .edit(|text| text.replace(tests::BOX_ID, "ah-000002"))?;
    opened(&site.gate_box)?.execute_batch("PRAGMA user_version")?;
    let before = bytes(&site.gate_box)?;
    for command in [&["run"] as &[&str], &["status"], &["export"]] {
        refused(
            &site.gate_box.menwei_ends(command)?,
            &["属于考勤盒 ah-000001", "不是本盒 ah-000002"],
        );
    }
    assert!(
        before == bytes(&site.gate_box)?,
        "the ledger's file changed"
    );
    Ok(())
}

#[tokio::test]
async fn a_second_process_is_told_on_the_same_ledger_and_on_the_same_port() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = LoneGate::start(folder.path(), &plan("one-gate")).await?;
    let first = &site.gate_box;
    refused(
        &first.menwei_ends(&["run"])?,
        &["正被另一个进程使用", "ledger.db"],
    );
    let backup = folder.path().join("backup.db");
    fs::copy(first.folder().join("ledger.db"), &backup)?;
    let restore = first.menwei_ends(&["restore", backup.to_str().ok_or("folder")?])?;
    refused(&restore, &["正被另一个进程使用", "systemctl stop menwei"]);

    // Another ledger, the same port.
    let other = folder.path().join("other");
    fs::create_dir(&other)?;
    let config = other.join("site.toml");
    let (here, there) = (
        first.folder().display().to_string(),
        other.display().to_string(),
    );
    let text = fs::read_to_string(first.config())?;
    fs::write(
        &config,
        text.replace(&format!("{here}/ledger"), &format!("{there}/ledger")),
    )?;
    fs::copy(first.folder().join("ledger.key"), other.join("ledger.key"))?;
    let menwei = bin_dir()?.join("menwei");
    let arguments = ["--config", config.to_str().ok_or("folder")?, "run"];
    let mut second = Process::start("second menwei", &menwei, &arguments, &other.join("log"))?;
    // Its gate goes on without a screen; the port is tried again.
    let address = first.screen().trim_start_matches("http://");
    eventually("the taken port is told", async || {
        second.check_alive()?;
        let log = second.log();
        let told = log
            .lines()
            .any(|line| line.contains(address) && line.contains("端口可能被另一个进程占用"));
        Ok(told.then_some(()))
    })
    .await?;
    assert!(second.log().contains("Lanes ready"), "{}", second.log());
    let status = ["--config", config.to_str().ok_or("folder")?, "status"];
    eventually("`menwei status` tells it", async || {
        let told = run(&menwei, &status)?;
        Ok((told.contains("告警 E-SV-02") && told.contains(address)).then_some(()))
    })
    .await?;

    // The first one goes on.
    let answer = reqwest::Client::builder().no_proxy().build()?;
    let answer = answer
        .get(format!("{}/login", first.screen()))
        .send()
        .await?;
    assert!(answer.status().is_success());
    Ok(())
}

#[tokio::test]
async fn a_second_box_on_the_same_devices_is_told_and_disturbs_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let plan = plan("one-gate");
    let site = LoneGate::start(folder.path(), &plan).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    let before = gate.head()?;
    let wired = plan.wire(site.simulator.readers(), site.simulator.boards(), None)?;
    let mut second = GateBox::new(&folder.path().join("second"), &wired)?;
    second.up().await?;
    let beside = Gate {
        gate_box: &second,
        simulator: &site.simulator,
    };
    let (_, reader) = beside.lamp(0, "1号进口读卡器", "offline").await?;
    assert_eq!(reader["detail"], "E-RD-01", "{reader}");
    let (_, board) = beside.lamp(0, "1号闸机", "offline").await?;
    assert_eq!(board["detail"], "E-GT-01", "{board}");
    gate.passes("gate-1-in", "admitted:0").await?;
    let disturbed = gate.bodies(before, "device")?;
    assert!(disturbed.is_empty(), "{disturbed:?}");
    assert!(beside.bodies(0, "presentation")?.is_empty());
    Ok(())
}
