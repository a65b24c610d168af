//! Whole turns: card, arm, walk; granted, refused, disturbed.

use std::path::Path;

use firmware_protocol::Direction as Way;
use hw_sim::{
    Act, GateMoment, Line, Plan, PlanWord, ReaderFault, Site, TimingSink, TurnedBack, WalkEnd,
    play, read_journal, visit,
};
use tokio::sync::mpsc;

use crate::mini_box::{drive_board, fast_day, read_cards};

/// A site with a box that opens for everybody but people whose name is on no list: here, the refused groups.
fn with_box(folder: &Path, more: &str, timings: &TimingSink) -> Site {
    let site = Site::start(fast_day(more), 2026, folder, timings).unwrap();
    let terminals = site.terminals();
    let (cards, mut read) = mpsc::channel(8);
    let (open, opens) = mpsc::channel(8);
    tokio::spawn(read_cards(terminals.readers["a-in"].clone(), cards));
    tokio::spawn(drive_board(terminals.boards["a"].clone(), opens));
    let crowd = site.crowd().clone();
    tokio::spawn(async move {
        let mut token = 0;
        while let Some(number) = read.recv().await {
            token += 1;
            let person = crowd.by_number(&number).unwrap();
            if person.standing == hw_sim::Standing::Admitted {
                open.send((Way::In, token)).await.unwrap();
            }
        }
    });
    site
}

fn journal(folder: &Path) -> Vec<Line> {
    read_journal(&folder.join("journal.jsonl")).unwrap()
}

fn count(lines: &[Line], wanted: fn(&Act) -> bool) -> usize {
    lines.iter().filter(|line| wanted(&line.act)).count()
}

#[tokio::test]
async fn an_admitted_person_walks_in_and_both_moments_are_timed() {
    let folder = tempfile::tempdir().unwrap();
    let (sender, mut timings) = mpsc::channel(16);
    let site = with_box(folder.path(), "", &TimingSink::to(sender));
    let person = site.person("admitted:0").unwrap().clone();
    let end = visit(&site, "a-in", &person, Plan::default())
        .await
        .unwrap();
    assert_eq!(end, WalkEnd::Through);
    let written = timings.recv().await.unwrap();
    let arrived = timings.recv().await.unwrap();
    assert_eq!(
        (written.kind, arrived.kind),
        (GateMoment::ReplyWritten, GateMoment::OpenArrived)
    );
    assert!(arrived.mono_ns > written.mono_ns);
    assert!(site.journal().inside().contains(&person.number));
    let lines = journal(folder.path());
    let opened = |act: &Act| {
        matches!(
            act,
            Act::ArmOpened {
                commanded: true,
                ..
            }
        )
    };
    assert_eq!(count(&lines, opened), 1);
    assert_eq!(count(&lines, |act| matches!(act, Act::WalkedThrough(_))), 1);
}

#[tokio::test]
async fn a_refused_person_waits_and_turns_back() {
    let folder = tempfile::tempdir().unwrap();
    let site = with_box(folder.path(), "", &TimingSink::default());
    let person = site.person("left:0").unwrap().clone();
    let end = visit(&site, "a-in", &person, Plan::default())
        .await
        .unwrap();
    assert_eq!(end, WalkEnd::TurnedBack(TurnedBack::NotOpened));
    let lines = journal(folder.path());
    assert_eq!(count(&lines, |act| matches!(act, Act::ReadOk(_))), 1);
    assert_eq!(count(&lines, |act| matches!(act, Act::WalkedThrough(_))), 0);
}

#[tokio::test]
async fn a_read_that_fails_once_costs_no_turn() {
    let folder = tempfile::tempdir().unwrap();
    let site = with_box(folder.path(), "", &TimingSink::default());
    let person = site.person("admitted:1").unwrap().clone();
    let fault = Some(ReaderFault::Status { status: 0x41 });
    let plan = Plan {
        word: PlanWord::Normal,
        fault,
    };
    let end = visit(&site, "a-in", &person, plan).await.unwrap();
    assert_eq!(end, WalkEnd::Through);
    let lines = journal(folder.path());
    assert_eq!(
        count(&lines, |act| matches!(act, Act::ReadFailed { .. })),
        1
    );
    assert_eq!(count(&lines, |act| matches!(act, Act::ReadOk(_))), 1);
}

#[tokio::test]
async fn a_scripted_day_is_played_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let day = r#"
        [[stream]]
        from_s = 0
        to_s = 0
        reader = "a-in"
        first = 0
        turns = 3
        [[visit]]
        at_s = 0
        who = "under_age"
        reader = "a-in"
        [[mark]]
        name = "broker_down"
        from_s = 0
        to_s = 1
        [[happening]]
        at_s = 0
        device = "a-in"
        fault = { kind = "status", status = 65 }
    "#;
    let site = with_box(folder.path(), day, &TimingSink::default());
    site.wait_for_box().await.unwrap();
    play(&site).await.unwrap();
    let lines = journal(folder.path());
    assert_eq!(
        count(&lines, |act| matches!(act, Act::WalkedThrough(_))),
        3,
        "{lines:#?}"
    );
    assert_eq!(
        count(&lines, |act| matches!(act, Act::TurnedBack { .. })),
        1
    );
    assert_eq!(count(&lines, |act| matches!(act, Act::Mark { .. })), 2);
    assert_eq!(lines.last().unwrap().act, Act::PlayEnded);
}
