//! Terminals: names, cables, speed, and one reader by its bytes.

use std::io::Read;

use hw_sim::{Act, DeviceAct, Site, TimingSink, read_journal};

use crate::mini_box::{FIND, READ, SELECT, ask, fast_day, open};

fn start(folder: &std::path::Path) -> Site {
    Site::start(fast_day(""), 2026, folder, &TimingSink::default()).unwrap()
}

#[tokio::test]
async fn a_card_is_read_through_the_terminal_and_the_journal_tells_it() {
    let folder = tempfile::tempdir().unwrap();
    let site = start(folder.path());
    let mut line = open(&site.terminals().readers["a-in"]).await;
    assert_eq!(ask(&mut line, FIND).await[9], 0x80);
    site.put("a-in", "admitted:3").await.unwrap();
    assert_eq!(ask(&mut line, FIND).await[9], 0x9F);
    assert_eq!(ask(&mut line, SELECT).await[9], 0x90);
    assert_eq!(ask(&mut line, READ).await.len(), 1_295);
    let mut view = site.reader("a-in").unwrap().view();
    view.wait_for(|view| view.reads_ok == 1).await.unwrap();
    site.lift("a-in").await.unwrap();
    view.wait_for(|view| view.person.is_none()).await.unwrap();
    let acts: Vec<_> = read_journal(&folder.path().join("journal.jsonl"))
        .unwrap()
        .into_iter()
        .map(|line| line.act)
        .collect();
    assert!(matches!(
        acts.as_slice(),
        [Act::JournalOpened { .. }, Act::CardPut(put), Act::ReadOk(read), Act::CardLifted(_)]
            if put == read && put.person == site.person("admitted:3").unwrap().number
    ));
}

#[tokio::test]
async fn a_pulled_cable_ends_the_file_and_a_new_terminal_has_the_old_name() {
    let folder = tempfile::tempdir().unwrap();
    let site = start(folder.path());
    let name = site.terminals().readers["a-in"].clone();
    let mut view = site.reader("a-in").unwrap().view();
    let old = std::fs::File::open(&name).unwrap();
    site.device_act("a-in", DeviceAct::Unplug).await.unwrap();
    view.wait_for(|view| !view.plugged).await.unwrap();
    assert!(!name.exists());
    let read = (&old).read(&mut [0; 8]);
    assert!(!matches!(read, Ok(count) if count > 0), "{read:?}");
    site.device_act("a-in", DeviceAct::Plug).await.unwrap();
    view.wait_for(|view| view.plugged).await.unwrap();
    let mut line = open(&name).await;
    assert_eq!(ask(&mut line, FIND).await[9], 0x80);
}

#[tokio::test]
async fn the_names_are_gone_with_the_site() {
    let folder = tempfile::tempdir().unwrap();
    let site = start(folder.path());
    let terminals = site.terminals();
    assert!(terminals.readers["a-in"].exists() && terminals.boards["a"].exists());
    let views = (
        site.reader("a-in").unwrap().view(),
        site.lane("a").unwrap().view(),
    );
    drop(site);
    let (mut reader, mut lane) = views;
    while reader.changed().await.is_ok() {}
    while lane.changed().await.is_ok() {}
    assert!(!terminals.readers["a-in"].exists() && !terminals.boards["a"].exists());
}
