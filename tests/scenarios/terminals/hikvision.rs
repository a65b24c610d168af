//! A Hikvision terminal: it asks, the box answers after its record.

use std::collections::BTreeSet;

use hw_sim::{HikTerminal, Quirks};
use serde_json::json;
use tests::Result;

use super::stand::{Stand, TERMINAL, until};

async fn stand(folder: &std::path::Path, terminal: &HikTerminal) -> Result<Stand> {
    let keys = format!(
        "make = \"hikvision\"\naddress = \"{}\"\nlogin = \"admin:gate-2026\"",
        terminal.base()
    );
    Stand::prepare(folder, &keys).await
}

async fn terminal(quirks: Quirks) -> Result<HikTerminal> {
    Ok(HikTerminal::start("admin", "gate-2026", quirks).await?)
}

fn names(terminal: &HikTerminal) -> BTreeSet<String> {
    terminal.people().into_keys().collect()
}

#[tokio::test]
async fn the_box_decides_before_a_terminal_opens_and_its_library_is_the_boxs_list() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let terminal = terminal(Quirks::default()).await?;
    let mut stand = stand(folder.path(), &terminal).await?;
    let (signed, older) = (stand.signed.to_string(), stand.older.to_string());
    for person in [&signed, &older, "visitor", "900"] {
        terminal.put_by_hand(person);
    }
    stand.site.gate_box.up().await?;
    let gate = stand.gate();
    gate.devices_answer(0).await?;
    gate.lamp(0, TERMINAL, "online").await?;
    assert!(terminal.asks());

    // Whoever has not signed for the terminals is taken out.
    let only = BTreeSet::from([signed.clone()]);
    until("only the signed one is left", || names(&terminal) == only).await?;

    // A known face: the record first, then the answer and the arm.
    let serial = terminal.recognize(&signed);
    let (seq, body) = stand.told(0, serial).await?;
    assert_eq!(body["result"], "granted", "{body}");
    assert_eq!(
        (&body["by"], &body["worker"], &body["terminal"]["name"]),
        (&json!("001"), &json!(stand.signed), &json!(TERMINAL))
    );
    until("it was told to open", || terminal.answers(serial) == [true]).await?;
    stand.walks_in(seq).await?;

    // The same question again opens nothing and is no second record.
    terminal.repeat(serial);
    until("the repetition is refused", || {
        terminal.answers(serial) == [true, false]
    })
    .await?;

    // A face without that consent is answered with a no; cards work.
    terminal.put_by_hand(&older);
    let refused = terminal.recognize(&older);
    until("the unsigned one is refused", || {
        terminal.answers(refused) == [false]
    })
    .await?;
    assert_eq!(stand.times(refused)?, 0);
    assert_eq!(stand.times(serial)?, 1);
    gate.passes("gate-1-in", "admitted:2").await.map(drop)
}

#[tokio::test]
async fn what_a_terminal_saw_alone_is_written_down_once_and_opens_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let terminal = terminal(Quirks::default()).await?;
    let mut stand = stand(folder.path(), &terminal).await?;
    let signed = stand.signed.to_string();
    terminal.put_by_hand(&signed);
    stand.site.gate_box.up().await?;
    stand.gate().lamp(0, TERMINAL, "online").await?;
    stand.gate().devices_answer(0).await?;
    let first = terminal.recognize(&signed);
    let (seq, _) = stand.told(0, first).await?;
    stand.walks_in(seq).await?;

    // The box dies; three faces pass at the terminal, which gives its history two by two.
    stand.site.gate_box.kill()?;
    let unheard: Vec<u64> = (0..3).map(|_| terminal.pass_unheard(&signed)).collect();
    let opened = stand.gate().openings("gate-1").await?;
    let head = seq;
    stand.site.gate_box.up().await?;
    for serial in &unheard {
        let (_, body) = stand.told(head, *serial).await?;
        assert_eq!(body["result"], "reported", "{body}");
        assert_eq!(body["counted"], false);
        assert_eq!(body["worker"], stand.signed);
    }

    // After another death nothing is told twice: the ledger knows what it has.
    stand.site.gate_box.kill()?;
    let last = terminal.pass_unheard(&signed);
    stand.site.gate_box.up().await?;
    stand.told(head, last).await?;
    for serial in unheard {
        assert_eq!(stand.times(serial)?, 1);
    }
    assert_eq!(stand.gate().openings("gate-1").await?, opened);
    Ok(())
}

#[tokio::test]
async fn a_lie_about_the_time_is_told_and_taken_out() -> Result<()> {
    const LIE_MS: i64 = 3 * 3_600_000;
    let folder = tempfile::tempdir()?;
    let quirks = Quirks {
        ahead_ms: LIE_MS,
        keeps_no_history: true,
        ..Quirks::default()
    };
    let terminal = terminal(quirks).await?;
    let mut stand = stand(folder.path(), &terminal).await?;
    let signed = stand.signed.to_string();
    terminal.put_by_hand(&signed);
    stand.site.gate_box.up().await?;
    let gate = stand.gate();
    gate.devices_answer(0).await?;
    gate.lamp(0, TERMINAL, "fault").await?;
    let serial = terminal.recognize(&signed);
    let (seq, body) = stand.told(0, serial).await?;
    assert_eq!(body["result"], "granted", "{body}");
    let told = |key: &str| body["terminal"][key].as_i64().unwrap_or_default();
    assert!(
        (told("at") - told("happened") - LIE_MS).abs() < 2_000,
        "{body}"
    );
    let at = body["at"].as_i64().unwrap_or_default();
    assert!((told("happened") - at).abs() < 10_000, "{body}");
    stand.walks_in(seq).await
}

#[tokio::test]
async fn a_wrong_password_is_not_tried_again_and_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let terminal = HikTerminal::start("admin", "changed-since", Quirks::default()).await?;
    let mut stand = stand(folder.path(), &terminal).await?;
    stand.site.gate_box.up().await?;
    let gate = stand.gate();
    gate.devices_answer(0).await?;
    gate.lamp(0, TERMINAL, "fault").await?;
    assert_eq!(terminal.logins(), (1, 2), "one challenge, one wrong answer");
    // Cards work meanwhile, and nothing more was asked.
    gate.passes("gate-1-in", "admitted:2").await?;
    assert_eq!(terminal.logins(), (1, 2));
    Ok(())
}
