//! Settings as an installer might write them.

use std::collections::{BTreeMap, BTreeSet};

use edge_domain::{AntiPassback, Policy, Sex, Trade};
use toml::{Table, Value};

use crate::config::{ConfigError, LinkLossWord, SiteConfig};

const SAMPLE: &str = include_str!("../../../../systemd/site.toml");

const SHORT: &str = r#"
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
        Err(ConfigError::Faults(faults)) => faults
            .into_iter()
            .map(|fault| (fault.key, fault.found, fault.allowed))
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn keys(text: &str) -> Vec<String> {
    faults(text).into_iter().map(|(key, ..)| key).collect()
}

const ALL_WRONG: &str = r#"
[box]
id = "AH 1"
[site]
code = "!"
name = ""
[ledger]
path = "ledger.db"
key_file = 7
[screen]
listen = "8480"
plain_http_on_lan = "yes"
[city]
broker = "city"
ca_file = "ca.pem"
certificate_file = false
key_file = "box.key"
public_key_file = "city.pub"
city_signing_key = "29AC"
proxy = "http://proxy:3128"
proxy_login = "anybody"
[policy]
version = 0
training = "maybe"
contract = 1
document_expired = "no"
day_starts_h = 7
emergency = "on"
[policy.face]
same = 10001
other = -1
look_ms = 3001
second_look_ms = 99
no_face = "shut"
compare_frames = 9
margin = 10001
identify_frames = 0
identify_ms_max = 199
away_ms = 60001
mismatches_alert = 0
[[policy.face.identify]]
enrolled_max = 0
same = 10001
[[policy.age]]
sex = "both"
from = 151
to = -1
trades = ["steel"]
effect = "shout"
[[lane]]
id = ""
name = ""
anti_passback = "loud"
[[lane.reader]]
name = ""
direction = "up"
link = "serial:gate0?baud=9"
find_interval_ms = 5
[lane.gate]
name = ""
link = "udp:1"
address = 31
open_pulse_ms = 49
pass_timeout_ms = 30001
link_loss = "free"
"#;

const WRONG_VALUES: [(&str, &str); 52] = [
    ("box.id", "\"AH 1\""),
    ("site.code", "\"!\""),
    ("site.name", "\"\""),
    ("ledger.path", "\"ledger.db\""),
    ("ledger.key_file", "7"),
    ("screen.listen", "\"8480\""),
    ("screen.plain_http_on_lan", "\"yes\""),
    ("city.broker", "\"city\""),
    ("city.ca_file", "\"ca.pem\""),
    ("city.certificate_file", "false"),
    ("city.key_file", "\"box.key\""),
    ("city.public_key_file", "\"city.pub\""),
    ("city.city_signing_key", "\"29AC\""),
    ("city.proxy", "\"http://proxy:3128\""),
    ("city.proxy_login", "\"anybody\""),
    ("policy.version", "0"),
    ("policy.training", "\"maybe\""),
    ("policy.contract", "1"),
    ("policy.document_expired", "\"no\""),
    ("policy.day_starts_h", "7"),
    ("policy.emergency", "\"on\""),
    ("policy.face.same", "10001"),
    ("policy.face.other", "-1"),
    ("policy.face.look_ms", "3001"),
    ("policy.face.second_look_ms", "99"),
    ("policy.face.no_face", "\"shut\""),
    ("policy.face.compare_frames", "9"),
    ("policy.face.margin", "10001"),
    ("policy.face.identify_frames", "0"),
    ("policy.face.identify_ms_max", "199"),
    ("policy.face.away_ms", "60001"),
    ("policy.face.mismatches_alert", "0"),
    ("policy.face.identify[1].enrolled_max", "0"),
    ("policy.face.identify[1].same", "10001"),
    ("policy.age[1].sex", "\"both\""),
    ("policy.age[1].from", "151"),
    ("policy.age[1].to", "-1"),
    ("policy.age[1].trades", "[\"steel\"]"),
    ("policy.age[1].effect", "\"shout\""),
    ("lane[1].id", "\"\""),
    ("lane[1].name", "\"\""),
    ("lane[1].anti_passback", "\"loud\""),
    ("lane[1].reader[1].name", "\"\""),
    ("lane[1].reader[1].direction", "\"up\""),
    ("lane[1].reader[1].link", "\"serial:gate0?baud=9\""),
    ("lane[1].reader[1].find_interval_ms", "5"),
    ("lane[1].gate.name", "\"\""),
    ("lane[1].gate.link", "\"udp:1\""),
    ("lane[1].gate.address", "31"),
    ("lane[1].gate.open_pulse_ms", "49"),
    ("lane[1].gate.pass_timeout_ms", "30001"),
    ("lane[1].gate.link_loss", "\"free\""),
];

#[test]
fn every_wrong_key_is_told_at_once_with_value_and_range() {
    let found = faults(ALL_WRONG);
    let said: Vec<_> = found
        .iter()
        .map(|(key, value, _)| (key.as_str(), value.as_deref().unwrap_or_default()))
        .collect();
    let (said, expected) = (BTreeSet::from_iter(said), BTreeSet::from(WRONG_VALUES));
    assert_eq!(said, expected);
    assert_eq!(found.len(), expected.len(), "a fault is told once");
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
        ["lane[2].reader[1].link", "lane[2].gate.link", "lane[2].id"]
    );
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
fn with_the_way_down(sample: &str) -> String {
    let key = format!("city_signing_key = \"{SIGNING_KEY}\"");
    sample
        .replace("# city_signing_key = \"\"", &key)
        .replace("\n# proxy", "\nproxy")
}

#[test]
fn the_citys_key_and_the_proxy_are_settings() {
    let bare = SiteConfig::parse(SAMPLE).unwrap().city.unwrap();
    assert!(bare.signing_key.is_none() && bare.proxy.is_none());
    let text = with_the_way_down(SAMPLE);
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
    let sample = format!("{}\n{other}{}", with_the_way_down(SAMPLE), RELAYS[0]);
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
