//! Face terminals in `site.toml`.

use drivers_terminal::Address;

use crate::config::error::ConfigError;
use crate::config::site::SiteConfig;

const SITE: &str = "[box]\nid = \"ah-001\"\n[site]\ncode = \"S1\"\nname = \"工地\"\n\
    [ledger]\npath = \"/l.db\"\nkey_file = \"/l.key\"\n[screen]\nlisten = \"127.0.0.1:8480\"\n\
    [[lane]]\nid = \"g1\"\n[[lane.reader]]\nname = \"读卡器\"\ndirection = \"in\"\n\
    link = \"tcp:192.168.1.7:4001\"\n";
const GATE: &str = "[lane.gate]\nname = \"闸机\"\nlink = \"tcp:192.168.1.8:4001\"\n";

fn terminal(name: &str, keys: &str) -> String {
    format!("[[lane.terminal]]\nname = \"{name}\"\ndirection = \"in\"\n{keys}\n")
}

const HIK: &str =
    "make = \"hikvision\"\naddress = \"http://192.168.1.64\"\nlogin = \"admin:secret:1\"";
const PANEL: &str = "make = \"mqtt_face\"\naddress = \"127.0.0.1:1884\"\npanel = \"1026700\"";

fn faults(text: &str) -> Vec<String> {
    match SiteConfig::parse(text) {
        Ok(_) => Vec::new(),
        Err(ConfigError::Faults(faults)) => faults.into_iter().map(|one| one.key).collect(),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn both_makes_as_they_are_written() {
    let text = [SITE, &terminal("甲", HIK), &terminal("乙", PANEL), GATE].concat();
    let config = SiteConfig::parse(&text).unwrap();
    let [first, second] = config.lanes[0].terminals.as_slice() else {
        panic!("two terminals");
    };
    let base = "http://192.168.1.64".to_owned();
    assert_eq!(first.address, Address::Hikvision { base });
    let login = first.login.as_ref().unwrap();
    assert_eq!(
        (login.user.as_str(), login.password.as_str()),
        ("admin", "secret:1")
    );
    assert!(!format!("{config:?}").contains("secret"));
    let panel = Address::Panel {
        host: "127.0.0.1".to_owned(),
        port: 1884,
        panel: "1026700".to_owned(),
    };
    assert_eq!((&second.address, &second.login), (&panel, &None));
    let names: Vec<_> = config.devices().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["读卡器", "闸机", "甲", "乙"]);
}

#[test]
fn one_that_decides_alone_needs_a_gate_of_the_box() {
    let text = [SITE, &terminal("乙", PANEL)].concat();
    assert_eq!(faults(&text), ["lane[1].terminal[1].make"]);
    // The other one asks before it opens.
    assert!(faults(&[SITE, &terminal("甲", HIK)].concat()).is_empty());
}

#[test]
fn what_is_written_wrong_is_told_by_its_key() {
    for (right, wrong, key) in [
        ("http://192.168.1.64", "192.168.1.64", "address"),
        (
            "http://192.168.1.64",
            "http://192.168.1.64/ISAPI",
            "address",
        ),
        ("admin:secret:1", "admin", "login"),
    ] {
        let text = [SITE, &terminal("甲", &HIK.replace(right, wrong))].concat();
        assert_eq!(faults(&text), [format!("lane[1].terminal[1].{key}")]);
    }
    for (right, wrong, key) in [
        ("127.0.0.1:1884", "http://127.0.0.1", "address"),
        ("1026700", "10/26", "panel"),
    ] {
        let text = [SITE, &terminal("乙", &PANEL.replace(right, wrong)), GATE].concat();
        assert_eq!(faults(&text), [format!("lane[1].terminal[1].{key}")]);
    }
    let with_panel = format!("{HIK}\npanel = \"1\"");
    let text = [SITE, &terminal("甲", &with_panel)].concat();
    assert_eq!(faults(&text), ["lane[1].terminal[1].panel"]);
}

#[test]
fn one_terminal_stands_at_one_lane() {
    let text = [SITE, &terminal("甲", HIK), &terminal("乙", HIK)].concat();
    assert_eq!(faults(&text), ["lane[1].terminal[2].address"]);
}
