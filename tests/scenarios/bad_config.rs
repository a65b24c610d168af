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

/// One wrong value of the file of wrong values.
struct Wrong {
    key: String,
    value: String,
    allowed: String,
}

/// Every key that the settings may hold, each with a value that it must not have and, as a comment,
/// words of what it may have. The settings' own test holds it against the keys that the code knows.
fn every_key_wrong() -> Result<(String, Vec<Wrong>)> {
    let file = repository().join("edge/daemon/src/config/every-key-wrong.toml");
    let text = fs::read_to_string(file)?;
    let (mut section, mut lanes, mut wrong) = (String::new(), 0, Vec::new());
    for line in text.lines() {
        if let Some(table) = line.strip_prefix('[') {
            let name = table.trim_start_matches('[').trim_end_matches(']');
            lanes += u32::from(name == "lane");
            // Of whatever is a list, a lane has one here.
            section = match name.split_once('.') {
                None if name == "lane" => format!("lane[{lanes}]"),
                Some(("lane", "reader")) => format!("lane[{lanes}].reader[1]"),
                Some(("lane", "camera")) => format!("lane[{lanes}].camera[1]"),
                Some(("lane", "terminal")) => format!("lane[{lanes}].terminal[1]"),
                Some(("lane", inner)) => format!("lane[{lanes}].{inner}"),
                Some(("policy", "age" | "special_trade" | "face.identify")) => format!("{name}[1]"),
                _ => name.to_owned(),
            };
        } else if let Some((key, rest)) = line.split_once(" = ") {
            let (value, allowed) = rest.split_once(" # ").ok_or("a value without words")?;
            wrong.push(Wrong {
                key: format!("{section}.{key}"),
                value: value.to_owned(),
                allowed: allowed.to_owned(),
            });
        }
    }
    Ok((text, wrong))
}

#[test]
fn every_wrong_key_is_told_at_once_with_its_value_and_what_is_allowed() -> Result<()> {
    let (text, wrong) = every_key_wrong()?;
    assert!(wrong.len() > 50, "{}", wrong.len());
    let (code, printed, complained) = check_text(&text)?;
    assert_eq!(code, Some(EX_CONFIG), "{complained}");
    assert_eq!(printed, "");
    for Wrong {
        key,
        value,
        allowed,
    } in &wrong
    {
        let line = complained
            .lines()
            .find(|line| line.contains(&format!("· {key} = {value}：应为")));
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
        "lane[2].id = \"gate-1\"",
        "lane[2].reader[1].name = \"1号进读卡器\"",
        "lane[2].reader[1].link = \"serial:",
        "lane[2].gate.link = \"serial:",
        "没有被其他设备占用的端口",
    ] {
        assert!(complained.contains(word), "{word}:\n{complained}");
    }
    assert!(!complained.contains("缺少"), "nothing is: {complained}");
    Ok(())
}

#[test]
fn a_syntax_error_is_told_with_its_line() -> Result<()> {
    let (code, _, complained) = check_text("[box]\nid = \"ah-000001\"\n\nname = = 3\n")?;
    assert_eq!(code, Some(EX_CONFIG));
    assert!(complained.contains("第 4 行"), "{complained}");
    // The parser's own words are for the technician, and marked so.
    let told = complained.lines().next().unwrap_or_default();
    let latin = told.replace("TOML", "");
    assert!(!latin.contains(|c: char| c.is_ascii_alphabetic()), "{told}");
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
