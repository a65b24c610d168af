//! Everything that a box says to anybody.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use sync_wire::{Message, Topic};
use tests::{Result, eventually, tls_as};

type Heard = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A subscriber that may hear everything: every message of every box, as it goes over the broker.
pub(crate) struct Observer {
    heard: Heard,
}

impl Observer {
    /// Listens; returns once the subscriptions stand.
    pub(crate) async fn listen(city_dir: &Path, port: u16) -> Result<Self> {
        let mut options = MqttOptions::new("observer", "localhost", port);
        options
            .set_max_packet_size(256 * 1024, 256 * 1024)
            .set_transport(tls_as(city_dir, "observer")?);
        let (client, mut events) = AsyncClient::new(options, 16);
        client
            .subscribe("menwei/1/+/up/#", QoS::AtLeastOnce)
            .await?;
        client
            .subscribe("menwei/1/+/state", QoS::AtLeastOnce)
            .await?;
        let (heard, stands) = (Heard::default(), Arc::new(Mutex::new(0)));
        let (kept, granted) = (Arc::clone(&heard), Arc::clone(&stands));
        tokio::spawn(async move {
            // The client goes with the loop: without it the loop would end.
            let _client = client;
            while let Ok(event) = events.poll().await {
                match event {
                    Event::Incoming(Packet::SubAck(_)) => *locked(&granted) += 1,
                    Event::Incoming(Packet::Publish(one)) => {
                        locked(&kept).push((one.topic, one.payload.to_vec()));
                    }
                    _ => {}
                }
            }
        });
        eventually("the observer listens", async || {
            Ok((*locked(&stands) >= 2).then_some(()))
        })
        .await?;
        Ok(Self { heard })
    }

    /// Everything so far as plain text, one for each record and each other message.
    pub(crate) fn texts(&self) -> Result<Vec<Vec<u8>>> {
        let mut texts = Vec::new();
        for (topic, payload) in locked(&self.heard).iter() {
            match Topic::parse(topic)?.1 {
                Topic::UpLive | Topic::UpBulk => texts.extend(Message::decode(payload)?.bodies),
                _ => texts.push(payload.clone()),
            }
        }
        Ok(texts)
    }
}

fn locked<T>(one: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    one.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The ports that a process talks to over TCP, its own listening ones left out.
pub(crate) fn talks_to(process: u32) -> Result<BTreeSet<u16>> {
    let mut remote_of = BTreeMap::new();
    let mut listening = BTreeSet::new();
    let port = |address: &str| u16::from_str_radix(address.rsplit(':').next()?, 16).ok();
    for table in ["tcp", "tcp6"] {
        for line in fs::read_to_string(format!("/proc/net/{table}"))?
            .lines()
            .skip(1)
        {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (Some(local), Some(remote)) = (port(words[1]), port(words[2])) else {
                continue;
            };
            if words[3] == "0A" {
                listening.insert(local);
            }
            remote_of.insert(words[9].to_owned(), (local, remote));
        }
    }
    let mut ports = BTreeSet::new();
    for file in fs::read_dir(format!("/proc/{process}/fd"))? {
        // A file that is closed meanwhile is none of a conversation.
        let Ok(target) = fs::read_link(file?.path()) else {
            continue;
        };
        let name = target.display().to_string();
        let inode = name
            .strip_prefix("socket:[")
            .and_then(|rest| rest.strip_suffix(']'));
        if let Some((local, remote)) = inode.and_then(|inode| remote_of.get(inode))
            && !listening.contains(local)
        {
            ports.insert(*remote);
        }
    }
    Ok(ports)
}
