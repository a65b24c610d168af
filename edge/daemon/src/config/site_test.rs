//! Settings as an installer might write them.

use std::collections::{BTreeMap, BTreeSet};

use edge_domain::{AntiPassback, Policy, Sex, Trade};
use toml::{Table, Value};

use crate::config::walk::Fault;
use crate::config::{ConfigError, LinkLossWord, SiteConfig};

const SAMPLE: &str = include_str!("../../../../systemd/site.toml");

pub(crate) const SHORT: &str = r#"
[box]
id = "ah-000001"
[site]
code = "3499002026TEST001"
name = "测试项目"
[ledger]
path = "/var/lib/menwei/ledger.db"
key_file = "/run/key"
[screen]
listen = "127.0.0.1:8480"
[[lane]]
id = "gate-1"
[[lane.reader]]
name = "进"
direction = "in"
link = "serial:/dev/menwei/reader-1"
[lane.gate]
name = "闸机"
link = "tcp:10.0.0.7:4001"
"#;

fn faults(text: &str) -> Vec<(String, Option<String>, String)> {
    match SiteConfig::parse(text) {
        Err(ConfigError::Faults(faults)) => {
            nothing_written_is_missing(text, &faults);
            faults
                .into_iter()
                .map(|fault| (fault.key, fault.found, fault.allowed))
                .collect()
        }
        other => panic!("{other:?}"),
    }
}

/// 缺少 is said of what is missing, and of nothing else.
fn nothing_written_is_missing(text: &str, faults: &[Fault]) {
    let mut written = BTreeMap::new();
    values("", &text.parse().unwrap(), &mut written);
    for fault in faults {
        let below = [format!("{}.", fault.key), format!("{}[", fault.key)];
        let is_written = written
            .keys()
            .any(|key| *key == fault.key || below.iter().any(|section| key.starts_with(section)));
        assert_eq!(
            fault.to_string().starts_with("缺少"),
            !is_written,
            "{fault}"
        );
    }
}

/// The values of a table by their full keys, as `lane[2].gate.link`.
fn values(path: &str, table: &Table, found: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let place = format!("{path}{key}");
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let rows: Vec<_> = items.iter().filter_map(Value::as_table).collect();
        for (index, row) in rows.iter().enumerate() {
            values(&format!("{place}[{}].", index + 1), row, found);
        }
        match value.as_table() {
            Some(inner) => values(&format!("{place}."), inner, found),
            None if rows.is_empty() => drop(found.insert(place, value.to_string())),
            None => {}
        }
    }
}

fn keys(text: &str) -> Vec<String> {
    faults(text).into_iter().map(|(key, ..)| key).collect()
}

/// Every key, wrong.
const ALL_WRONG: &str = include_str!("every-key-wrong.toml");

#[test]
fn every_wrong_key_is_told_at_once_with_value_and_range() {
    let found = faults(ALL_WRONG);
    // What the second lane lacks is missing, and told so too.
    let said = found
        .iter()
        .filter_map(|(key, value, _)| Some((key.clone(), value.clone()?)));
    let said: Vec<_> = said.collect();
    let mut expected = BTreeMap::new();
    values("", &ALL_WRONG.parse().unwrap(), &mut expected);
    assert_eq!(BTreeMap::from_iter(said.clone()), expected);
    assert_eq!(said.len(), expected.len(), "a fault is told once");
    let allowed: BTreeMap<_, _> = found
        .iter()
        .map(|(key, _, text)| (key.as_str(), text.as_str()))
        .collect();
    assert_eq!(
        allowed["lane[1].gate.open_pulse_ms"],
        "50 至 5000 的整数（毫秒）"
    );
    assert_eq!(allowed["policy.day_starts_h"], "0 至 6 的整数（点）");
    assert_eq!(
        allowed["lane[1].anti_passback"],
        "以下之一：soft、hard、off"
    );
    assert!(allowed.values().all(|text| !text.is_empty()));
    // A fault of one key does not make the keys behind it unknown.
    assert!(allowed.values().all(|text| !text.contains("已知的键")));
}

#[test]
fn an_empty_file_lists_every_section_that_must_be_there() {
    let expected = ["box", "site", "ledger", "screen", "lane"];
    assert_eq!(keys(""), expected);
}

#[test]
fn an_unknown_key_is_told_with_the_known_ones() {
    let text = SHORT.replace("listen =", "lisen =");
    let said = faults(&text);
    assert_eq!(said[0].0, "screen.listen");
    assert_eq!(
        (said[1].0.as_str(), said[1].1.as_deref()),
        ("screen.lisen", Some("\"127.0.0.1:8480\""))
    );
    assert!(said[1].2.contains("listen"), "{}", said[1].2);
    let text = format!("colour = 1\n{SHORT}");
    assert_eq!(keys(&text), ["colour"]);
}

#[test]
fn no_two_lanes_share_a_name_and_no_two_devices_a_port() {
    let second = SHORT
        .split_once("[[lane]]")
        .map(|(_, lane)| format!("[[lane]]{lane}"));
    let text = format!("{SHORT}{}", second.unwrap());
    assert_eq!(
        keys(&text),
        [
            "lane[2].reader[1].name",
            "lane[2].reader[1].link",
            "lane[2].gate.name",
            "lane[2].gate.link",
            "lane[2].id"
        ]
    );
    let told = SiteConfig::parse(&text).unwrap_err().to_string();
    for line in [
        "lane[2].id = \"gate-1\"：应为与其他通道不同的编号",
        "lane[2].reader[1].name = \"进\"：应为与其他设备不同的名称",
        "lane[2].gate.link = \"tcp:10.0.0.7:4001\"：应为没有被其他设备占用的端口",
    ] {
        assert!(told.contains(line), "{line}:\n{told}");
    }
}

#[test]
fn two_cameras_of_one_way_and_too_many_lanes_are_told_with_what_is_written() {
    let camera = |name| format!("[[lane.camera]]\nname = \"{name}\"\ndirection = \"in\"\n");
    let text = SHORT.replace(
        "[lane.gate]",
        &format!("{}{}[lane.gate]", camera("甲"), camera("乙")),
    );
    let told = faults(&text);
    assert_eq!(told[0].0, "lane[1].camera[2].direction");
    assert_eq!(told[0].1.as_deref(), Some("\"in\""));
    let lanes: Vec<String> = (2..=17)
        .map(|lane| {
            format!(
                "[[lane]]\nid = \"gate-{lane}\"\n[[lane.reader]]\nname = \"进{lane}\"\n\
                 direction = \"in\"\nlink = \"serial:/dev/reader-{lane}\"\n"
            )
        })
        .collect();
    let told = faults(&format!("{SHORT}{}", lanes.concat()));
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].0.as_str(), told[0].1.as_deref()),
        ("lane", Some("17 个"))
    );
}

#[test]
fn a_rule_for_no_trade_and_thresholds_that_cross_are_faults() {
    let rule = "[[policy.age]]\neffect = \"deny\"\ntrades = []\n";
    let told = faults(&format!("{SHORT}{rule}"));
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].0.as_str(), told[0].1.as_deref()),
        ("policy.age[1].trades", Some("[]"))
    );
    for (numbers, key) in [
        ("same = 3000\nother = 3001", "policy.face.other"),
        ("other = 9000", "policy.face.other"),
        ("same = 100", "policy.face.same"),
    ] {
        assert_eq!(keys(&format!("{SHORT}[policy.face]\n{numbers}\n")), [key]);
    }
    let alike = format!("{SHORT}[policy.face]\nsame = 3000\nother = 3000\n");
    assert!(SiteConfig::parse(&alike).is_ok());
}

#[test]
fn only_a_simulated_reader_is_asked_more_often_than_makers_allow() {
    let with = |more: &str| SHORT.replace("[lane.gate]", &format!("{more}\n[lane.gate]"));
    let key = ["lane[1].reader[1].find_interval_ms"];
    assert_eq!(keys(&with("find_interval_ms = 299")), key);
    assert!(SiteConfig::parse(&with("find_interval_ms = 300")).is_ok());
    assert!(SiteConfig::parse(&with("simulated = true\nfind_interval_ms = 10")).is_ok());
    assert_eq!(keys(&with("simulated = true\nfind_interval_ms = 9")), key);
}

#[test]
fn what_is_not_written_has_its_default() {
    let config = SiteConfig::parse(SHORT).unwrap();
    assert!(config.city.is_none());
    let lane = &config.lanes[0];
    assert_eq!(
        (lane.name.as_str(), lane.anti_passback),
        ("gate-1", AntiPassback::Soft)
    );
    assert_eq!(lane.readers[0].find_interval_ms, 300);
    let gate = lane.gate.as_ref().unwrap();
    assert_eq!(
        (gate.address, gate.open_pulse_ms, gate.pass_timeout_ms),
        (1, 400, 5_000)
    );
    assert_eq!(gate.link_loss, LinkLossWord::FreeExit);
    let default = Policy::default();
    assert_eq!(config.policy.ages, default.ages);
    assert_eq!(config.policy.training, default.training);
    assert_eq!(config.policy.emergency_entry, default.emergency_entry);
}

#[test]
fn the_screen_leaves_the_box_only_when_asked_for() {
    let lan = SHORT.replace("127.0.0.1:8480", "192.168.1.10:8480");
    let said = faults(&lan);
    assert_eq!(said.len(), 1);
    assert_eq!(
        (said[0].0.as_str(), said[0].1.as_deref()),
        ("screen.listen", Some("\"192.168.1.10:8480\""))
    );
    assert!(
        said[0].2.contains("plain_http_on_lan = true"),
        "{}",
        said[0].2
    );
    let asked = lan.replace("[screen]", "[screen]\nplain_http_on_lan = true");
    assert_eq!(
        SiteConfig::parse(&asked).unwrap().screen.to_string(),
        "192.168.1.10:8480"
    );
    assert_eq!(
        keys(&SHORT.replace("127.0.0.1", "0.0.0.0")),
        ["screen.listen"]
    );
    assert!(SiteConfig::parse(&SHORT.replace("127.0.0.1", "[::1]")).is_ok());
}

#[test]
fn a_text_that_is_no_toml_names_its_line() {
    let error = SiteConfig::parse("[box]\nid = ah").unwrap_err();
    assert!(
        matches!(error, ConfigError::Syntax { line: 2, .. }),
        "{error:?}"
    );
}

#[test]
fn certificate_files_that_are_missing_are_named_with_their_setting() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("ca.pem");
    std::fs::write(&there, "").unwrap();
    let text = format!(
        "{SHORT}\n[city]\nbroker = \"city:8883\"\nca_file = \"{}\"\ncertificate_file = \"/no/box.pem\"\nkey_file = \"/no/box.key\"\n",
        there.display()
    );
    let city = SiteConfig::parse(&text).unwrap().city.unwrap();
    let unreadable = city.unreadable();
    let named: Vec<_> = unreadable.iter().map(|(key, ..)| *key).collect();
    assert_eq!(named, ["city.certificate_file", "city.key_file"]);
}

/// The city's key of `sync/PROTOCOL.md`, whose private half everybody knows.
const SIGNING_KEY: &str = "29acbae141bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd7";

/// What stands in the sample as a comment, because no value of it is right for everybody.
fn with_what_few_sites_write(sample: &str) -> String {
    let key = format!("city_signing_key = \"{SIGNING_KEY}\"");
    let (before, after) = sample.split_once("# [[lane.terminal]]").unwrap();
    let (terminals, after) = after.split_once("\n\n").unwrap();
    let terminals = terminals.lines().map(|line| match line.strip_prefix("# ") {
        Some(setting) if setting.contains(" = ") || setting.starts_with('[') => setting,
        _ => line,
    });
    let terminals: Vec<&str> = terminals.collect();
    let sample = format!(
        "{before}[[lane.terminal]]{}\n\n{after}",
        terminals.join("\n")
    );
    sample
        .replace("# gate_screens", "gate_screens")
        .replace("# city_signing_key = \"\"", &key)
        .replace("# simulated", "simulated")
        .replace("# photo_address", "photo_address")
        .replace("# photo_upload_basis = \"\"", "photo_upload_basis = \"8\"")
        .replace("# board =", "board =")
        .replace("\n# proxy", "\nproxy")
        .replace("# [desk.reader]\n# ", "[desk.reader]\n")
        .replace("\n# link", "\nlink")
        .replace("\n# find", "\nfind")
}

#[test]
fn the_citys_key_and_the_proxy_are_settings() {
    let bare = SiteConfig::parse(SAMPLE).unwrap().city.unwrap();
    assert!(bare.signing_key.is_none() && bare.proxy.is_none());
    let text = with_what_few_sites_write(SAMPLE);
    let city = SiteConfig::parse(&text).unwrap().city.unwrap();
    assert_eq!(city.signing_key.unwrap().to_hex(), SIGNING_KEY);
    let proxy = city.proxy.unwrap();
    let login = proxy.login.clone().unwrap();
    assert_eq!(
        (proxy.host.as_str(), proxy.port),
        ("proxy.example.cn", 3128)
    );
    assert_eq!((login.0.as_str(), login.1.as_str()), ("用户名", "密码"));
    assert!(!format!("{proxy:?}").contains("密码"));
    // With a key that everybody could sign for, any message would be the city's.
    let weak = text.replace(SIGNING_KEY, &"0".repeat(64));
    assert_eq!(keys(&weak), ["city.city_signing_key"]);
    let alone = text.replace("proxy = \"proxy", "# \"proxy");
    assert_eq!(keys(&alone), ["city.proxy"]);
}

/// An unknown key in a table makes the code tell all the keys that it knows there.
const PROBE: &str = "probe";

fn tables(value: &Value) -> Vec<&Table> {
    let in_a_list = value.as_array().into_iter().flatten();
    value
        .as_table()
        .into_iter()
        .chain(in_a_list.filter_map(Value::as_table))
        .collect()
}

fn with_probes(table: &mut Table) {
    for (_, value) in table.iter_mut() {
        if let Some(inner) = value.as_table_mut() {
            with_probes(inner);
        }
        for item in value.as_array_mut().into_iter().flatten() {
            if let Some(inner) = item.as_table_mut() {
                with_probes(inner);
            }
        }
    }
    table.insert(PROBE.to_owned(), Value::Integer(1));
}

fn written(path: &str, table: &Table, found: &mut BTreeSet<String>) {
    for (key, value) in table {
        let place = format!("{path}{key}");
        for inner in tables(value) {
            written(&format!("{place}."), inner, found);
        }
        found.insert(place);
    }
}

/// `lane[1].reader[2].` becomes `lane.reader.`.
fn without_places(key: &str) -> String {
    let parts = key
        .split('.')
        .map(|part| part.split('[').next().unwrap_or_default());
    parts.collect::<Vec<_>>().join(".")
}

#[test]
fn the_sample_parses_and_names_every_key_that_the_code_knows() {
    let config = SiteConfig::parse(SAMPLE).unwrap();
    assert!(config.city.is_some() && config.lanes[0].gate.is_some());
    // Gates of other makes stand in the sample as a comment, and whole in an example.
    let other = "[[lane]]\nid = \"gate-9\"\n[[lane.reader]]\nname = \"进\"\n\
        direction = \"in\"\nlink = \"serial:/dev/menwei/reader-9\"\n";
    let sample = format!(
        "{}\n{other}{}",
        with_what_few_sites_write(SAMPLE),
        RELAYS[0].replace("1号闸机", "9号闸机")
    );
    let mut table: Table = sample.parse().unwrap();
    let mut in_sample = BTreeSet::new();
    written("", &table, &mut in_sample);
    with_probes(&mut table);
    let mut known = BTreeSet::new();
    for (key, _, allowed) in faults(&table.to_string()) {
        let place = without_places(key.strip_suffix(PROBE).unwrap());
        let (_, list) = allowed.split_once('（').unwrap();
        let (list, _) = list.split_once('）').unwrap();
        known.extend(list.split('、').map(|name| format!("{place}{name}")));
    }
    let missing: Vec<_> = known.difference(&in_sample).collect();
    assert!(missing.is_empty(), "not in the sample: {missing:?}");
    assert!(known.len() > 40, "{known:?}");
    let mut wrong = BTreeSet::new();
    written("", &ALL_WRONG.parse().unwrap(), &mut wrong);
    let untried: Vec<_> = known.difference(&wrong).collect();
    assert!(untried.is_empty(), "without a wrong value: {untried:?}");
}

#[test]
fn the_samples_rules_are_the_defaults() {
    let (sample, default) = (SiteConfig::parse(SAMPLE).unwrap().policy, Policy::default());
    for trade in ["010", "030", "310", "1000"].map(|code| Trade::parse(code).unwrap()) {
        for sex in [Sex::Male, Sex::Female, Sex::Unstated] {
            for age in 0..=100 {
                let effect = sample.age_effect(sex, trade, age);
                assert_eq!(
                    effect,
                    default.age_effect(sex, trade, age),
                    "{sex:?} {trade:?} {age}"
                );
            }
        }
    }
    let policy = Policy {
        ages: default.ages.clone(),
        anti_passback_by_lane: default.anti_passback_by_lane.clone(),
        ..sample
    };
    assert_eq!(policy, default);
}

/// The two documented boards, as an installer writes them.
const RELAYS: [&str; 2] = [
    include_str!("../../../../drivers/relay/examples/pulse-board.toml"),
    include_str!("../../../../drivers/relay/examples/coil-board.toml"),
];

fn with_relays(section: &str) -> String {
    let (head, _) = SHORT.split_once("[lane.gate]").unwrap();
    format!("{head}{section}")
}

#[test]
fn documented_relay_boards_are_settings() {
    for section in RELAYS {
        let config = SiteConfig::parse(&with_relays(section)).unwrap();
        assert!(config.lanes[0].gate.as_ref().unwrap().relay.is_some());
    }
}

#[test]
fn faults_of_a_relay_board_are_told_at_once() {
    let wrong = r#"
[lane.gate]
name = "闸机"
link = "serial:/dev/menwei/gate-1?baud=9600"
address = 248
board = "0123456789abcdef"
link_loss = "free_both"
card_bytes_out = "reversed"
[lane.gate.relay]
open = "push"
open_in = 64
passed_in = 0
fire = "2"
inputs = "no"
"#;
    let prefix = "lane[1].gate";
    let expected: BTreeSet<String> = [
        "address",
        "board",
        "link_loss",
        "card_bytes_out",
        "relay.open",
        "relay.open_in",
        "relay.open_out",
        "relay.passed_out",
        "relay.fire",
        "relay.inputs",
    ]
    .into_iter()
    .map(|key| format!("{prefix}.{key}"))
    .collect();
    let told: BTreeSet<String> = keys(&with_relays(wrong)).into_iter().collect();
    assert_eq!(told, expected);
}
