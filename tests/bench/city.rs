//! Records per second into PostgreSQL: from 1,000 boxes through a real broker and the city's
//! process, against a bare COPY of the same rows into a table of the same shape in the same run.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS};
use sync_wire::{Ack, Compression, Hash, Header, Message, Tier, Topic, chain};
use tests::{Broker, City, Generator, Postgres, Result, tls_as};
use tokio::time::Instant;
use tokio_postgres::Client;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use crate::folder;
use crate::report::Report;

const BOXES: u64 = 1_000;
const PER_MESSAGE: u64 = 200;
/// Messages that are sent and not acknowledged: what a hundred boxes with a backlog would send.
const WINDOW: usize = 160;
const EPOCH: &str = "00112233aabbccdd";
/// A run without any answer for so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// One box's ledger, and its messages.
struct Source {
    id: String,
    bodies: Vec<Vec<u8>>,
    hashes: Vec<Hash>,
}

impl Source {
    fn new(number: u64, records: u64) -> Result<Self> {
        let id = format!("bench-{number:04}");
        let mut generator = Generator::new(number);
        let mut hashes = vec![chain::genesis(&id, EPOCH)];
        let mut bodies = Vec::new();
        for seq in 1..=records {
            let body = generator.body(seq)?;
            hashes.push(chain::next(&hashes[hashes.len() - 1], &body));
            bodies.push(body);
        }
        Ok(Self { id, bodies, hashes })
    }

    fn message(&self, round: u64) -> Result<Vec<u8>> {
        let (from, to) = (round * PER_MESSAGE + 1, (round + 1) * PER_MESSAGE);
        let (first, last) = (usize::try_from(from)?, usize::try_from(to)?);
        let header = Header {
            v: 1,
            site: "3499002026TEST001".to_owned(),
            r#box: self.id.clone(),
            epoch: EPOCH.to_owned(),
            lane: Tier::Bulk,
            from,
            to,
            n: PER_MESSAGE,
            z: Compression::Zstd,
            prev: self.hashes[first - 1],
            head: self.hashes[last],
            sent_at: 1_795_302_124_000,
            replay: true,
        };
        let bodies = self.bodies[first - 1..last].to_vec();
        Ok(Message { header, bodies }.encode()?)
    }
}

/// Every box sends `rounds` messages of 200 records.
pub(crate) async fn measure(rounds: u64) -> Result<()> {
    let folder = folder("city-files")?;
    let server = Postgres::start()?;
    let records = BOXES * rounds * PER_MESSAGE;
    let sources = (0..BOXES)
        .map(|number| Source::new(number, rounds * PER_MESSAGE))
        .collect::<Result<Vec<_>>>()?;
    let home = folder.join("city");
    City::keys(&home)?;
    let mut broker = Broker::start(&home, &folder.join("broker")).await?;
    // One connection speaks for all boxes.
    let rights =
        fs::read_to_string(home.join("city.acl"))? + "\nuser observer\ntopic write menwei/1/#\n";
    fs::write(home.join("city.acl"), rights)?;
    broker.down()?;
    broker.up().await?;

    let mut report = Report::new("city");
    report.add("records", records as f64);
    let mut first = 0.0;
    for workers in [1, 2] {
        let database = format!("city{workers}");
        server.create(&database).await?;
        let mut city = City::new(&home, broker.city_port());
        let url = server.url(&database);
        city.set(&format!(
            "workers = {workers}\n[database]\nurl = \"{url}\"\n"
        ));
        city.up().await?;
        let seconds = drive(&home, broker.city_port(), (&sources, rounds)).await?;
        city.kill()?;
        let stored = server.connect(&database).await?;
        let rows: i64 = stored
            .query_one("SELECT count(*) FROM record", &[])
            .await?
            .get(0);
        if u64::try_from(rows)? != records {
            return Err(format!("{rows} rows of {records}").into());
        }
        let rate = records as f64 / seconds;
        if workers == 1 {
            first = rate;
            report.add("city_events_per_s", rate);
            let copied = copy(&stored, &sources).await?;
            report.add("copy_rows_per_s", records as f64 / copied);
            report.add_at_least("city_share_of_copy", rate * copied / records as f64, 0.5);
        } else {
            report.add("city_events_per_s_2", rate);
            report.add("city_gain_2", rate / first);
        }
    }
    report.finish()
}

/// Sends everything; seconds from the first message to the last acknowledgement.
async fn drive(keys: &Path, port: u16, (sources, rounds): (&[Source], u64)) -> Result<f64> {
    let mut messages = Vec::new();
    for round in 0..rounds {
        for source in sources {
            messages.push((Topic::UpBulk.of(&source.id), source.message(round)?));
        }
    }
    let (client, mut events) = connect(keys, port)?;
    let mut waiting = messages.into_iter();
    let mut through: BTreeMap<String, u64> = BTreeMap::new();
    let (mut sent, mut settled) = (0_usize, 0_usize);
    let total = sources.len() * usize::try_from(rounds)?;
    let mut began = Instant::now();
    while settled < total {
        let event = tokio::time::timeout(PATIENCE, events.poll()).await??;
        match event {
            Event::Incoming(Packet::ConnAck(_)) => {
                client.try_subscribe("menwei/1/+/dn/ack", QoS::AtLeastOnce)?;
            }
            Event::Incoming(Packet::SubAck(_)) => began = Instant::now(),
            Event::Incoming(Packet::Publish(publish)) => {
                let ack = Ack::decode(&publish.payload)?;
                let known = through.entry(publish.topic).or_default();
                let more = ack.through.saturating_sub(*known);
                settled += usize::try_from(more / PER_MESSAGE)?;
                *known = ack.through.max(*known);
            }
            _ => continue,
        }
        while sent < settled + WINDOW
            && let Some((topic, payload)) = waiting.next()
        {
            client.try_publish(topic, QoS::AtLeastOnce, false, payload)?;
            sent += 1;
        }
    }
    Ok(began.elapsed().as_secs_f64())
}

fn connect(keys: &Path, port: u16) -> Result<(AsyncClient, EventLoop)> {
    let mut options = MqttOptions::new("bench", "localhost", port);
    options
        .set_max_packet_size(200_000, 200_000)
        .set_inflight(100)
        .set_transport(tls_as(keys, "observer")?);
    let (client, mut events) = AsyncClient::new(options, WINDOW * 2);
    events.network_options.set_tcp_nodelay(true);
    Ok((client, events))
}

/// The same rows by one COPY and nothing else; seconds.
async fn copy(client: &Client, sources: &[Source]) -> Result<f64> {
    client
        .batch_execute("CREATE TABLE copied (LIKE record INCLUDING ALL)")
        .await?;
    let types = [
        Type::TEXT,
        Type::TEXT,
        Type::INT8,
        Type::BYTEA,
        Type::BYTEA,
        Type::INT8,
        Type::TEXT,
    ];
    let began = Instant::now();
    let sink = client
        .copy_in("COPY copied FROM STDIN WITH (FORMAT binary)")
        .await?;
    let writer = BinaryCopyInWriter::new(sink, &types);
    let mut writer = std::pin::pin!(writer);
    for source in sources {
        let hashes = source.hashes.iter().skip(1);
        for ((seq, body), hash) in (1_i64..).zip(&source.bodies).zip(hashes) {
            let hash = hash.as_bytes().as_slice();
            let (at, status) = (1_795_302_124_000_i64, "stored");
            writer
                .as_mut()
                .write(&[&source.id, &EPOCH, &seq, body, &hash, &at, &status])
                .await?;
        }
    }
    writer.finish().await?;
    Ok(began.elapsed().as_secs_f64())
}
