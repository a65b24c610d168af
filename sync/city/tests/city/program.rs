//! The program as a person runs it: keys by its commands, then killed without warning.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::common::database::{Store, on_both_databases};
use crate::common::{Ledger, Peer, Site, rows};
use sync_wire::Topic;

fn menwei_city(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_menwei-city"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn start(site: &Site) -> Child {
    let config = site.settings_file().display().to_string();
    menwei_city(&["run", "--config", &config]).spawn().unwrap()
}

#[test]
fn keys_are_made_by_the_commands() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("city").display().to_string();
    let out = home.path().join("box").display().to_string();
    let ok = |arguments: &[&str]| menwei_city(arguments).status().unwrap().success();
    assert!(ok(&["init", "--dir", &dir]));
    assert!(ok(&[
        "issue",
        "--dir",
        &dir,
        "--broker",
        "--name",
        "broker.example"
    ]));
    assert!(ok(&[
        "issue",
        "--dir",
        &dir,
        "--city",
        "--valid-days",
        "30"
    ]));
    assert!(ok(&["issue", "--dir", &dir, "--observer"]));
    assert!(ok(&[
        "issue", "--dir", &dir, "--box", "box-1", "--out", &out
    ]));
    assert!(!ok(&[
        "issue", "--dir", &dir, "--box", "../x", "--out", &out
    ]));
    assert!(!ok(&["issue", "--dir", &dir]));
    assert!(!ok(&["init", "--dir", &dir]));
    for made in ["broker.pem", "observer.pem", "city-ca.pem"] {
        assert!(Path::new(&dir).join(made).exists(), "{made}");
    }
    let code = menwei_city(&["run", "--dir", &dir, "--broker", "nowhere"])
        .status()
        .unwrap()
        .code();
    assert_eq!(code, Some(78));
}

on_both_databases!(killed_again_and_again_it_loses_and_doubles_nothing);

async fn killed_again_and_again_it_loses_and_doubles_nothing(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(400);
    let mut peer = Peer::connect(&site, "box-1").await;
    let mut acknowledged = 0;
    while acknowledged < 400 {
        let mut city = start(&site);
        acknowledged = peer.greet().await.through;
        if acknowledged == 400 {
            city.kill().unwrap();
            city.wait().unwrap();
            break;
        }
        // A window of eight messages, and the city dies at the answer to one of the first.
        let window = acknowledged + 1..=(acknowledged + 80).min(400);
        for from in window.step_by(10) {
            let from = usize::try_from(from).unwrap();
            peer.send(Topic::UpBulk, ledger.bulk(from, from + 9)).await;
        }
        let before = acknowledged;
        acknowledged = peer.ack_where(|ack| ack.through > before).await.through;
        city.kill().unwrap();
        city.wait().unwrap();
        assert!(rows(&site) >= acknowledged, "acknowledged but not stored");
    }
    let mut city = start(&site);
    let ack = peer.greet().await;
    assert_eq!((ack.through, ack.head), (400, ledger.hashes[400]));
    assert_eq!(rows(&site), 400);
    city.kill().unwrap();
    city.wait().unwrap();
}
