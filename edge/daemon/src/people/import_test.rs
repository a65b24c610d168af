//! Roster files as a clerk might bring them.

use std::collections::BTreeMap;

use edge_domain::{Act, ClockQuality, IdNumber, Moment, WorkerId};
use serde_json::{Value, json};

use crate::error::DaemonError;
use crate::people::import::{Import, RosterFile, records};

fn at() -> Moment {
    Moment {
        wall_ms: 1_795_302_124_000,
        boot: 1,
        mono_ms: 1,
        quality: ClockQuality::Synced,
    }
}

fn worker(id_number: &str, born: &str) -> Value {
    json!({
        "name": "张三", "id_kind": "resident", "id_number": id_number, "sex": "male", "born": born,
        "nation": "01", "team": 2, "trade": "020", "role": "20", "entered_on": "2026-11-01",
        "contract_signed_on": "2026-10-30", "trained_on": "2026-10-31", "blacklisted": true,
        "left_on": "2026-11-20"
    })
}

fn file(workers: &[Value]) -> RosterFile {
    let roster = json!({
        "project": {"code": "3499002026TEST001", "name": "测试项目"},
        "employers": [
            {"employer": 1, "uscc": "91349900MA8N0TE00Y", "name": "测试劳务", "type": "006"},
            {"employer": 2, "uscc": "91349900MA8N0TE00X", "name": "错码公司", "type": "006"}
        ],
        "teams": [{"team": 2, "employer": 1, "name": "钢筋一班"}],
        "workers": workers
    });
    serde_json::from_value(roster).unwrap()
}

fn numbers(import: &Import) -> Vec<(u32, String)> {
    let people = import.records.iter().filter_map(|record| {
        let Act::Worker { worker, person } = &record.act else {
            return None;
        };
        Some((worker.0, person.number.reveal().to_owned()))
    });
    people.collect()
}

const FIRST: &str = "349901199003070016";
const SECOND: &str = "349901199003070024";

#[test]
fn a_row_becomes_its_records_in_order() {
    let import = records(
        &file(&[worker(FIRST, "1990-03-07")]),
        &BTreeMap::new(),
        at(),
    );
    let kinds: Vec<String> = import
        .records
        .iter()
        .map(|record| {
            let shown = format!("{:?}", record.act);
            shown
                .chars()
                .take_while(char::is_ascii_alphabetic)
                .collect()
        })
        .collect();
    let expected = [
        "Project",
        "Employer",
        "Team",
        "Worker",
        "Entry",
        "Contract",
        "Training",
        "Blacklist",
        "Exit",
    ];
    assert_eq!(kinds, expected);
    assert_eq!(import.refused, ["单位 错码公司：统一社会信用代码不合规则"]);
}

#[test]
fn a_refused_row_says_where_and_why_and_the_others_go_on() {
    let good = worker(SECOND, "1990-03-07");
    let with = |key: &str, value: Value| {
        let mut row = worker(FIRST, "1990-03-07");
        row[key] = value;
        row
    };
    for (row, why) in [
        (with("name", json!("")), "姓名为空或过长"),
        (
            with("id_number", json!("349901199003070010")),
            "证件号码不合规则",
        ),
        (with("sex", json!("m")), "性别应为 male、female 或 unstated"),
        (
            with("born", json!("1990-03-08")),
            "出生日期与证件号码不一致",
        ),
        (with("phone", json!("12")), "手机号码不合规则"),
        (with("trade", json!("999")), "工种代码不在表内"),
        (with("role", json!("30")), "岗位代码应为 10 或 20"),
    ] {
        let import = records(&file(&[row, good.clone()]), &BTreeMap::new(), at());
        assert_eq!(import.refused.len(), 2, "{why}");
        assert_eq!(import.refused[1], format!("第 1 名工人：{why}"));
        assert_eq!(numbers(&import), [(1, SECOND.to_owned())], "{why}");
    }
    for nation in ["汉", "1", "FRA"] {
        let import = records(
            &file(&[with("nation", json!(nation))]),
            &BTreeMap::new(),
            at(),
        );
        assert!(import.refused[1].contains("民族应为两位代码"), "{nation}");
    }
}

#[test]
fn who_is_known_keeps_his_number() {
    let known = BTreeMap::from([
        (IdNumber::parse(FIRST).unwrap(), WorkerId(7)),
        (IdNumber::parse("34990119900307018X").unwrap(), WorkerId(40)),
    ]);
    let rows = [
        worker(SECOND, "1990-03-07"),
        worker(FIRST, "1990-03-07"),
        worker(SECOND, "1990-03-07"),
    ];
    let import = records(&file(&rows), &known, at());
    let expected = [(41, SECOND), (7, FIRST), (41, SECOND)];
    assert_eq!(
        numbers(&import),
        expected.map(|(worker, number)| (worker, number.to_owned()))
    );
}

#[test]
fn a_file_of_another_form_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roster.json");
    std::fs::write(&path, "{\n  \"project\": 7\n}").unwrap();
    let error = RosterFile::load(&path).unwrap_err();
    let DaemonError::Content { detail, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(detail.starts_with("第 2 行"), "{detail}");
    let worker = |more: &str| format!("{{\"workers\": [{{{more}}}]}}");
    for (text, words) in [
        ("{".to_owned(), "文件不完整"),
        ("{,}".to_owned(), "不合 JSON 语法"),
        ("{\"works\": []}".to_owned(), "不认识 works"),
        (worker("\"name\": \"张三\""), "缺少 "),
        (worker("\"born\": \"1990-02-30\""), "这里的值不是"),
        (
            worker("\"name\": \"张三\", \"name\": \"张三\""),
            "name 写了两次",
        ),
    ] {
        std::fs::write(&path, &text).unwrap();
        let DaemonError::Content { detail, .. } = RosterFile::load(&path).unwrap_err() else {
            panic!("{text}");
        };
        let (place, told) = detail.split_once('：').unwrap();
        assert!(place.starts_with("第 1 行第 "), "{text}: {detail}");
        assert!(told.starts_with(words), "{text}: {detail}");
    }
    let missing = RosterFile::load(&folder.path().join("none.json")).unwrap_err();
    assert!(missing.to_string().ends_with("文件不存在"), "{missing}");
}

#[test]
fn an_ic_card_comes_with_its_worker_or_is_refused_with_its_row() {
    let mut with_card = worker(FIRST, "1990-03-07");
    with_card["ic_card"] = json!("04A1B2C3");
    let mut bad_card = worker(SECOND, "1990-03-07");
    bad_card["ic_card"] = json!("8123456");
    let import = records(&file(&[with_card, bad_card]), &BTreeMap::new(), at());
    let cards: Vec<_> = import
        .records
        .iter()
        .filter_map(|record| {
            let Act::Worker { person, .. } = &record.act else {
                return None;
            };
            Some(person.ic_card?.to_hex())
        })
        .collect();
    assert_eq!(cards, ["04a1b2c3"]);
    let refused = |why: &String| why.starts_with("第 2 名工人：实名卡号应为");
    assert!(import.refused.iter().any(refused), "{:?}", import.refused);
}
