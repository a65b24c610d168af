//! The same bodies through a Mosquitto bridge: a broker beside the box, queue unlimited, to a broker
//! with a plain subscriber. In the clear, and nothing is durable on either side.

use std::fs;
use std::path::Path;

use rumqttc::{Event, Packet, QoS};
use tests::{Process, Result, eventually, free_port, run};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::drain::client::plain;
use crate::drain::counted_link::CountedLink;
use crate::drain::ours::peak_mib;

const MOSQUITTO: &str = "/usr/sbin/mosquitto";
const TOPIC: &str = "bridged/events";

/// The figures of one drain by the bridge.
#[derive(Debug)]
pub(crate) struct Bridged {
    /// From the first arrival to the last.
    pub(crate) seconds: f64,
    /// Highest resident memory of the broker beside the box, MiB.
    pub(crate) rss_mib: f64,
    /// Bytes to the far broker, and back.
    pub(crate) wire: (u64, u64),
}

/// Queues all bodies while the link is closed, opens it, and counts what arrives.
pub(crate) async fn drain(folder: &Path, bodies: Vec<Vec<u8>>) -> Result<Bridged> {
    fs::create_dir_all(folder)?;
    let (near_port, far_port) = (free_port()?, free_port()?);
    let _far = broker(folder, "far", far_port, "").await?;
    let link = CountedLink::lay(far_port)?;
    let bridge = format!(
        "connection bench\naddress 127.0.0.1:{}\ntopic bridged/# out 1\ncleansession false\n\
         restart_timeout 1 2\ntry_private true\n",
        link.port()
    );
    let near = broker(folder, "near", near_port, &bridge).await?;
    let count = bodies.len();
    publish(near_port, bodies).await?;

    let (client, mut events) = plain("bench-subscriber", far_port);
    client.subscribe(TOPIC, QoS::AtLeastOnce).await?;
    let (mut first, mut arrived) = (None, 0);
    while arrived < count {
        match events.poll().await? {
            Event::Incoming(Packet::SubAck(_)) => link.open(),
            Event::Incoming(Packet::Publish(_)) => {
                first.get_or_insert_with(Instant::now);
                arrived += 1;
            }
            _ => {}
        }
    }
    let first = first.ok_or("nothing arrived")?;
    Ok(Bridged {
        seconds: first.elapsed().as_secs_f64(),
        rss_mib: peak_mib(near.id())?,
        wire: link.bytes(),
    })
}

async fn publish(port: u16, bodies: Vec<Vec<u8>>) -> Result<()> {
    let (client, mut events) = plain("bench-publisher", port);
    let count = bodies.len();
    let sending = tokio::spawn(async move {
        for body in bodies {
            client.publish(TOPIC, QoS::AtLeastOnce, false, body).await?;
        }
        Ok::<_, rumqttc::ClientError>(client)
    });
    let mut taken = 0;
    while taken < count {
        if let Event::Incoming(Packet::PubAck(_)) = events.poll().await? {
            taken += 1;
        }
    }
    drop(sending.await??);
    Ok(())
}

async fn broker(folder: &Path, name: &str, port: u16, more: &str) -> Result<Process> {
    let user = run(Path::new("/usr/bin/id"), &["-un"])?;
    let settings = folder.join(format!("{name}.conf"));
    let text = format!(
        "user {}\nlistener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n\
         set_tcp_nodelay true\nmax_queued_messages 0\nmax_inflight_messages 200\n{more}",
        user.trim()
    );
    fs::write(&settings, text)?;
    let settings = settings.to_str().ok_or("folder's name")?;
    let log = folder.join(format!("{name}.log"));
    let mut process = Process::start(name, Path::new(MOSQUITTO), &["-c", settings], &log)?;
    eventually("a broker listens", async || {
        process.check_alive()?;
        Ok(TcpStream::connect(("127.0.0.1", port)).await.ok().map(drop))
    })
    .await?;
    Ok(process)
}
