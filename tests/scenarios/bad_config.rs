//! A settings file with mistakes: all of them are told at once, in the installer's words.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tests::{Result, bin_dir, repository};

/// EX_CONFIG: systemd does not try again.
const EX_CONFIG: i32 = 78;

/// Exit code, standard output, standard error of `menwei check-config`.
fn check(config: &Path) -> Result<(Option<i32>, String, String)> {
    let output = Command::new(bin_dir()?.join("menwei"))
        .arg("--config")
        .arg(config)
        .arg("check-config")
        .stdin(Stdio::null())
        .output()?;
    let (printed, complained) = (
        String::from_utf8(output.stdout)?,
        String::from_utf8(output.stderr)?,
    );
    Ok((output.status.code(), printed, complained))
}

fn check_text(text: &str) -> Result<(Option<i32>, String, String)> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("site.toml");
    fs::write(&file, text)?;
    check(&file)
}

/// Every key of the sample, each with a value that it must not have, and words of what it may have.
const EVERY_KEY_WRONG: &str = r#"
[box]
id = "Box 1"
[site]
code = "项目"
name = ""
[ledger]
path = "ledger.db"
key_file = 7
[screen]
listen = "8480"
[city]
broker = "city.example.cn"
ca_file = "ca.pem"
certificate_file = "box.pem"
key_file = "box.key"
public_key_file = "city.pub"
[policy]
version = 0
training = "never"
contract = 1
document_expired = "yes"
day_starts_h = 7
emergency = "open"
[[policy.age]]
sex = "m"
from = 200
to = -1
trades = ["999999"]
effect = "maybe"
[[lane]]
id = ""
name = ""
anti_passback = "strict"
[[lane.reader]]
name = ""
direction = "both"
link = "usb:1"
find_interval_ms = 5
[lane.gate]
name = ""
link = "serial:/dev/gate?baud=12"
address = 31
open_pulse_ms = 9
pass_timeout_ms = 30001
link_loss = "open"
"#;

/// Key, value as written, allowed.
const FAULTS: [(&str, &str, &str); 33] = [
    ("box.id", "\"Box 1\"", "小写字母"),
    ("site.code", "\"项目\"", "项目编码"),
    ("site.name", "\"\"", "1 至 60 个字"),
    ("ledger.path", "\"ledger.db\"", "绝对路径"),
    ("ledger.key_file", "7", "绝对路径"),
    ("screen.listen", "\"8480\"", "IP:端口"),
    ("city.broker", "\"city.example.cn\"", "主机名:端口"),
    ("city.ca_file", "\"ca.pem\"", "绝对路径"),
    ("city.certificate_file", "\"box.pem\"", "绝对路径"),
    ("city.key_file", "\"box.key\"", "绝对路径"),
    ("city.public_key_file", "\"city.pub\"", "绝对路径"),
    ("policy.version", "0", "1 至"),
    ("policy.training", "\"never\"", "deny、warn、off"),
    ("policy.contract", "1", "deny、warn、off"),
    ("policy.document_expired", "\"yes\"", "deny、warn、off"),
    ("policy.day_starts_h", "7", "0 至 6"),
    ("policy.emergency", "\"open\"", "off、counted"),
    ("policy.age[1].sex", "\"m\"", "any、male、female"),
    ("policy.age[1].from", "200", "0 至 150"),
    ("policy.age[1].to", "-1", "0 至 150"),
    ("policy.age[1].trades", "[\"999999\"]", "工种代码"),
    ("policy.age[1].effect", "\"maybe\"", "health_certificate"),
    ("lane[1].id", "\"\"", "通道编号"),
    ("lane[1].name", "\"\"", "1 至 32 个字"),
    ("lane[1].anti_passback", "\"strict\"", "soft、hard、off"),
    ("lane[1].reader[1].direction", "\"both\"", "in、out"),
    ("lane[1].reader[1].link", "\"usb:1\"", "serial:"),
    ("lane[1].reader[1].find_interval_ms", "5", "毫秒"),
    (
        "lane[1].gate.link",
        "\"serial:/dev/gate?baud=12\"",
        "波特率 1200 至 921600",
    ),
    ("lane[1].gate.address", "31", "1 至 30"),
    ("lane[1].gate.open_pulse_ms", "9", "毫秒"),
    ("lane[1].gate.pass_timeout_ms", "30001", "1000 至 30000"),
    (
        "lane[1].gate.link_loss",
        "\"open\"",
        "free_exit、free_both、stay_locked",
    ),
];

#[test]
fn every_wrong_key_is_told_at_once_with_its_value_and_what_is_allowed() -> Result<()> {
    let (code, printed, complained) = check_text(EVERY_KEY_WRONG)?;
    assert_eq!(code, Some(EX_CONFIG), "{complained}");
    assert_eq!(printed, "");
    for (key, value, allowed) in FAULTS {
        let line = complained
            .lines()
            .find(|line| line.contains(&format!("{key} = {value}")));
        let line = line.ok_or_else(|| format!("{key} = {value} is not told:\n{complained}"))?;
        assert!(line.contains(allowed), "{line}: {allowed} expected");
    }
    let listed = complained
        .lines()
        .filter(|line| line.starts_with("  · "))
        .count();
    assert!(
        complained.contains(&format!("配置有 {listed} 处错误")),
        "{complained}"
    );
    Ok(())
}

#[test]
fn missing_and_unknown_keys_are_told() -> Result<()> {
    let (code, _, complained) = check_text("[box]\nidd = \"ah-000001\"\n[bux]\n")?;
    assert_eq!(code, Some(EX_CONFIG));
    for word in [
        "缺少 box.id",
        "box.idd = \"ah-000001\"",
        "请检查拼写或删除",
        "bux",
        "[site]",
        "[ledger]",
        "[[lane]]",
    ] {
        assert!(complained.contains(word), "{word}:\n{complained}");
    }
    Ok(())
}

#[test]
fn two_devices_on_one_port_and_two_lanes_of_one_name_are_told() -> Result<()> {
    let sample = fs::read_to_string(repository().join("systemd/site.toml"))?;
    let lane = sample
        .split_once("\n[[lane]]\n")
        .ok_or("no lane in the sample")?
        .1;
    let (code, _, complained) = check_text(&format!("{sample}\n[[lane]]\n{lane}"))?;
    assert_eq!(code, Some(EX_CONFIG));
    for word in [
        "lane[2].id",
        "lane[2].reader[1].link",
        "lane[2].gate.link",
        "没有被其他设备占用的端口",
    ] {
        assert!(complained.contains(word), "{word}:\n{complained}");
    }
    Ok(())
}

#[test]
fn a_syntax_error_is_told_with_its_line() -> Result<()> {
    let (code, _, complained) = check_text("[box]\nid = \"ah-000001\"\n\nname = = 3\n")?;
    assert_eq!(code, Some(EX_CONFIG));
    assert!(complained.contains("第 4 行"), "{complained}");
    Ok(())
}

#[test]
fn a_missing_file_is_told_with_its_name() -> Result<()> {
    let (code, _, complained) = check(Path::new("/nonexistent/site.toml"))?;
    assert_eq!(code, Some(EX_CONFIG));
    assert!(
        complained.contains("读不了配置文件 /nonexistent/site.toml"),
        "{complained}"
    );
    Ok(())
}

#[test]
fn the_documented_sample_has_no_fault() -> Result<()> {
    let (code, printed, complained) = check(&repository().join("systemd/site.toml"))?;
    assert_eq!(code, Some(0), "{complained}");
    assert!(printed.contains("配置没有错误"), "{printed}");
    Ok(())
}
