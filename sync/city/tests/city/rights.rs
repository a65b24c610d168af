//! Who may say and hear what at the broker, as it is shipped: a name is what a certificate says.

use std::sync::{Arc, Mutex};

use crate::common::database::Store;
use crate::common::{Ledger, Peer, Site, rows, tls, until};
use rumqttc::{AsyncClient, Event, LastWill, MqttOptions, Packet, QoS};
use sync_city::{City, Silent};
use sync_wire::Topic;
use tokio::task::JoinHandle;

type Heard = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A connection that hears whatever it is sent.
struct Ear {
    client: AsyncClient,
    heard: Heard,
    polling: JoinHandle<()>,
}

impl Ear {
    /// With a certificate of the site's folder and any other options; `None` where the broker does
    /// not let it in.
    async fn open(site: &Site, file: &str, mut options: MqttOptions) -> Option<Self> {
        options.set_transport(tls(site, file));
        let (client, mut events) = AsyncClient::new(options, 64);
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => break,
                Ok(_) => {}
                Err(_refused) => return None,
            }
        }
        let heard = Heard::default();
        let kept = Arc::clone(&heard);
        let polling = tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                if let Event::Incoming(Packet::Publish(one)) = event {
                    let message = (one.topic, one.payload.to_vec());
                    kept.lock().unwrap().push(message);
                }
            }
        });
        let ear = Self {
            client,
            heard,
            polling,
        };
        Some(ear)
    }

    async fn listen(&self, filter: &str) {
        let asked = self.client.subscribe(filter, QoS::AtLeastOnce).await;
        asked.unwrap();
    }

    async fn say(&self, topic: String, payload: Vec<u8>, retain: bool) {
        let said = self
            .client
            .publish(topic, QoS::AtLeastOnce, retain, payload);
        said.await.unwrap();
    }

    async fn hears(&self, topic: &str, payload: &[u8]) {
        until("the message arrives", || async {
            let heard = self.heard.lock().unwrap();
            let is_it = |(on, what): &(String, Vec<u8>)| on == topic && what == payload;
            heard.iter().any(is_it).then_some(())
        })
        .await;
    }

    fn topics(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        heard.iter().map(|(topic, _)| topic.clone()).collect()
    }
}

async fn begin() -> (Site, City, Ear) {
    let site = Site::begin(Store::Sqlite, &["box-1", "box-2", "observer"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let options = MqttOptions::new("anything", "127.0.0.1", site.city_port);
    let observer = Ear::open(&site, "observer", options).await.unwrap();
    observer.listen("menwei/1/#").await;
    (site, city, observer)
}

/// A good certificate under another box's name: the other one goes on as if nobody had come.
#[tokio::test]
async fn a_box_under_anothers_name_is_itself() {
    let (site, city, observer) = begin().await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(2);
    let mut other = Peer::connect(&site, "box-1").await;
    other.greet().await;

    let mut options = MqttOptions::new("box-1", "127.0.0.1", site.port);
    options.set_credentials("box-1", "");
    let will = LastWill::new(Topic::State.of("box-1"), "gone", QoS::AtLeastOnce, true);
    options.set_last_will(will);
    let impostor = Ear::open(&site, "box-2/box", options).await.unwrap();
    for filter in [
        "#",
        "menwei/1/#",
        "menwei/1/+/dn/#",
        "menwei/1/box-1/dn/#",
        "$share/menwei-live/menwei/1/+/up/live",
        "menwei/1/box-2/dn/#",
    ] {
        impostor.listen(filter).await;
    }
    for topic in [Topic::UpLive, Topic::UpBulk, Topic::UpCtl, Topic::DownAck] {
        impostor
            .say(topic.of("box-1"), ledger.live(1, 1), false)
            .await;
    }
    impostor
        .say(Topic::State.of("box-1"), b"gone".to_vec(), true)
        .await;
    impostor
        .say(Topic::DownCmd.of("box-2"), b"mine".to_vec(), false)
        .await;
    // What it says as itself arrives, so all that it said before was dealt with.
    impostor
        .say(Topic::State.of("box-2"), b"last".to_vec(), false)
        .await;
    observer.hears("menwei/1/box-2/state", b"last").await;
    assert_eq!(rows(&site), 0, "a forged record was stored");

    // The other one still has the connection that it had, and its records are taken.
    other.send(Topic::UpLive, ledger.live(1, 2)).await;
    other.ack_where(|ack| ack.through == 2).await;

    // Its last word, too, is only for its own topics.
    impostor.polling.abort();
    until("the broker misses it", || async {
        let log = std::fs::read_to_string(site.path("mosquitto.log")).unwrap();
        log.contains("Client box-2 closed").then_some(())
    })
    .await;
    other.send(Topic::State, b"on".to_vec()).await;
    other.greet().await;
    observer.hears("menwei/1/box-1/state", b"on").await;
    let heard = observer.heard.lock().unwrap().clone();
    let forged = |(topic, payload): &&(String, Vec<u8>)| {
        let is_last_word = topic == "menwei/1/box-1/state" && payload == b"gone";
        is_last_word || topic.ends_with("/dn/cmd")
    };
    assert_eq!(heard.iter().find(forged), None);
    let up = |(topic, _): &&(String, Vec<u8>)| topic == "menwei/1/box-1/up/live";
    assert_eq!(heard.iter().filter(up).count(), 1);
    let strange = |topic: &String| !topic.starts_with("menwei/1/box-2/dn/");
    let overheard = impostor.topics().into_iter().find(strange);
    assert_eq!(overheard, None, "it heard what is not for it");
    city.stop().await.unwrap();
}

/// Each side of the broker takes the certificates of its own authority.
#[tokio::test]
async fn no_box_comes_in_at_the_citys_side_and_nobody_of_the_city_among_the_boxes() {
    let (site, city, observer) = begin().await;
    let at = |port: u16| MqttOptions::new("city", "127.0.0.1", port);
    assert!(
        Ear::open(&site, "box-2/box", at(site.city_port))
            .await
            .is_none()
    );
    for name in ["city", "observer"] {
        assert!(
            Ear::open(&site, name, at(site.port)).await.is_none(),
            "{name}"
        );
    }
    // Several connections of one certificate: the city's own stays.
    let options = MqttOptions::new("second", "127.0.0.1", site.city_port);
    let second = Ear::open(&site, "city", options).await.unwrap();
    second.listen("$share/others/menwei/1/+/up/live").await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;

    // Who may listen to all may say nothing.
    observer
        .say(Topic::DownCmd.of("box-1"), b"open".to_vec(), false)
        .await;
    observer
        .say(Topic::UpLive.of("box-1"), b"forged".to_vec(), false)
        .await;
    // A box that has the name of one of the city's side is a box.
    let namesake = Ear::open(&site, "observer/box", at(site.port))
        .await
        .unwrap();
    namesake.listen("menwei/1/#").await;
    namesake.listen("menwei/1/observer/dn/#").await;
    second
        .say(Topic::DownCmd.of("box-1"), b"from the city".to_vec(), false)
        .await;
    assert_eq!(peer.next(Topic::DownCmd).await, b"from the city");
    second
        .say(Topic::DownCmd.of("observer"), b"to it".to_vec(), false)
        .await;
    namesake.hears("menwei/1/observer/dn/cmd", b"to it").await;
    assert_eq!(namesake.topics(), ["menwei/1/observer/dn/cmd"]);
    assert!(
        second
            .topics()
            .iter()
            .all(|topic| topic.ends_with("up/live"))
    );
    city.stop().await.unwrap();
}
