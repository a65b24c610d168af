//! A panel of the `mqtt/face` family at a broker of its own.

use std::collections::BTreeSet;

use hw_sim::PanelTerminal;
use serde_json::json;
use tests::{LocalBroker, Result};

use super::stand::{Stand, TERMINAL, until};

const PANEL: &str = "1026700";
const OTHER: &str = "1026701";

async fn broker(folder: &std::path::Path) -> Result<LocalBroker> {
    let logins = [("menwei", "box"), (PANEL, "one"), (OTHER, "two")];
    LocalBroker::start(&folder.join("broker"), &logins).await
}

fn panel(broker: &LocalBroker, number: &str, password: &str) -> PanelTerminal {
    let quirks = (0, BTreeSet::new());
    PanelTerminal::start(broker.port(), number, (number, password), quirks)
}

async fn stand(folder: &std::path::Path, broker: &LocalBroker) -> Result<Stand> {
    let keys = format!(
        "make = \"mqtt_face\"\naddress = \"127.0.0.1:{}\"\npanel = \"{PANEL}\"\n\
         login = \"menwei:box\"",
        broker.port()
    );
    Stand::prepare(folder, &keys).await
}

#[tokio::test]
async fn a_panels_face_opens_after_the_record_and_nobody_speaks_for_another() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let broker = broker(folder.path()).await?;
    let panel_a = panel(&broker, PANEL, "one");
    let panel_b = panel(&broker, OTHER, "two");
    let mut stand = stand(folder.path(), &broker).await?;
    let (signed, older) = (stand.signed.to_string(), stand.older.to_string());
    for person in [&signed, &older, "visitor"] {
        panel_a.put_by_hand(person);
    }
    stand.site.gate_box.up().await?;
    let gate = stand.gate();
    gate.devices_answer(0).await?;
    gate.lamp(0, TERMINAL, "online").await?;
    let only = BTreeSet::from([signed.clone()]);
    until("only the signed one is left", || {
        panel_a.people().into_keys().collect::<BTreeSet<_>>() == only
    })
    .await?;

    // What another panel says on its own topic in this one's name, and on this one's topic.
    let forged = json!({"operator": "RecPush", "info": {"facesluiceId": PANEL, "RecordID": "999",
        "customId": signed, "VerifyStatus": "1", "Sendintime": 1,
        "time": "2026-11-23 09:00:00"}});
    for topic in [
        format!("mqtt/face/{OTHER}/Rec"),
        format!("mqtt/face/{PANEL}/Rec"),
    ] {
        panel_b.forge(&topic, &forged).await;
    }

    // After a sign of life its clock is known, and a face is one of now.
    panel_a.beat().await;
    let number = panel_a.recognize(&signed).await;
    let (seq, body) = stand.told(0, number).await?;
    assert_eq!(body["result"], "granted", "{body}");
    until("the panel may forget it", || {
        panel_a.unacknowledged().is_empty()
    })
    .await?;
    stand.walks_in(seq).await?;
    assert_eq!(stand.times(999)?, 0, "a forged event is nobody's");

    // What it kept is written down as of the past, once, however often it comes.
    let opened = gate.openings("gate-1").await?;
    let kept = panel_a.pass_unheard(&signed);
    panel_a.resume().await;
    panel_a.resume().await;
    let (_, body) = stand.told(seq, kept).await?;
    assert_eq!(
        (&body["result"], &body["counted"]),
        (&json!("reported"), &json!(false)),
        "{body}"
    );
    until("the panel may forget it", || {
        panel_a.unacknowledged().is_empty()
    })
    .await?;
    assert_eq!(stand.times(kept)?, 1);
    assert_eq!(gate.openings("gate-1").await?, opened);
    Ok(())
}
