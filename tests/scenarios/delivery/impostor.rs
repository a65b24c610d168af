//! A good certificate under another box's name: the other box keeps its connection, and speaks for itself.

use rumqttc::{AsyncClient, Event, LastWill, MqttOptions, Packet, QoS};
use sync_wire::{Compression, Header, Message, Tier, Topic, chain};
use tests::{BOX_ID, City, Result, Site, tls_as};

use crate::help::{Gate, plan};

const OTHER: &str = "box-2";
const EPOCH: &str = "00112233aabbccdd";
/// How often it tries.
const TIMES: usize = 5;

/// A record that the box did not make, in a message that is right in everything else.
fn forged() -> Result<Vec<u8>> {
    let body = br#"{"at":1795302124000,"boot":1,"mono":1,"clock":"synced","kind":"gap","from":1,"to":2,"cause":"suspended"}"#;
    let genesis = chain::genesis(BOX_ID, EPOCH);
    let header = Header {
        v: 1,
        site: "3499002026TEST001".to_owned(),
        r#box: BOX_ID.to_owned(),
        epoch: EPOCH.to_owned(),
        lane: Tier::Live,
        from: 1,
        to: 1,
        n: 1,
        z: Compression::None,
        prev: genesis,
        head: chain::next(&genesis, body),
        sent_at: 1_795_302_124_000,
        replay: false,
    };
    let bodies = vec![body.to_vec()];
    Ok(Message { header, bodies }.encode()?)
}

/// Connects as the other box, listens and speaks for it, and vanishes without a goodbye. Gives the
/// topics of what it heard, its own left out.
async fn intrude(site: &Site, folder: &std::path::Path) -> Result<Vec<String>> {
    let mut options = MqttOptions::new(BOX_ID, "localhost", site.broker.port());
    let will = LastWill::new(Topic::State.of(BOX_ID), "gone", QoS::AtLeastOnce, true);
    options
        .set_credentials(BOX_ID, "")
        .set_last_will(will)
        .set_transport(tls_as(folder, "box")?);
    let (client, mut events) = AsyncClient::new(options, 16);
    let filters = ["#".to_owned(), format!("menwei/1/{BOX_ID}/dn/#")];
    for filter in &filters {
        client.subscribe(filter, QoS::AtLeastOnce).await?;
    }
    let topics = [Topic::UpLive, Topic::UpCtl, Topic::State, Topic::DownCmd];
    for topic in topics {
        let to = topic.of(BOX_ID);
        client
            .publish(to, QoS::AtLeastOnce, false, forged()?)
            .await?;
    }
    // The broker says "taken" to what it does not pass on, too: then it has dealt with it.
    let (mut heard, mut dealt_with) = (Vec::new(), 0);
    while dealt_with < filters.len() + topics.len() {
        match events.poll().await? {
            Event::Incoming(Packet::SubAck(_) | Packet::PubAck(_)) => dealt_with += 1,
            Event::Incoming(Packet::Publish(one)) => heard.push(one.topic),
            _ => {}
        }
    }
    heard.retain(|topic| !topic.starts_with(&format!("menwei/1/{OTHER}/")));
    Ok(heard)
}

#[tokio::test]
async fn a_box_under_anothers_name_ends_no_connection_and_forges_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = Site::start(folder.path(), &plan("one-gate")).await?;
    Gate::from(&site).devices_answer(0).await?;
    let records = site.settled().await?;
    assert_eq!(site.broker.connections_of(BOX_ID)?, 1);

    let thief = folder.path().join("thief");
    City::issue_box(site.city.folder(), OTHER, &thief)?;
    for _ in 0..TIMES {
        assert_eq!(intrude(&site, &thief).await?, [""; 0], "it heard something");
    }
    assert_eq!(site.broker.connections_of(OTHER)?, TIMES);

    Gate::from(&site).passes("gate-1-in", "admitted:0").await?;
    let more = site.settled().await?;
    assert!(more > records);
    assert_eq!(
        site.broker.connections_of(BOX_ID)?,
        1,
        "it had to come back"
    );
    let database = site.city.database()?;
    let count = |question: &str| -> Result<i64> {
        Ok(database.query_row(question, [BOX_ID], |row| row.get(0))?)
    };
    assert_eq!(count("SELECT count(*) FROM alarm WHERE box = ?1")?, 0);
    assert_eq!(count("SELECT online FROM box WHERE box = ?1")?, 1);
    assert_eq!(count("SELECT count(*) FROM epoch WHERE box = ?1")?, 1);
    Ok(())
}
