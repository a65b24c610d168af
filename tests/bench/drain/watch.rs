//! What the city has committed and acknowledged, and when: asked every two milliseconds.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rumqttc::{Event, Packet, QoS};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use sync_wire::{Ack, Topic};
use tests::{BOX_ID, Result, eventually};
use tokio::time::{Instant, interval, timeout};

use crate::drain::client::observer;
use crate::drain::counted_link::CountedLink;

const LOOK_EVERY: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_secs(120);

/// Highest `through` that the city has published for the box.
#[derive(Debug, Clone, Default)]
pub(crate) struct Acknowledged(Arc<AtomicU64>);

impl Acknowledged {
    /// Listens at the city's side of the broker; returns once the subscription stands.
    pub(crate) async fn listen(city_dir: &Path, broker_port: u16) -> Result<Self> {
        let (client, mut events) = observer(city_dir, broker_port)?;
        client
            .subscribe(Topic::DownAck.of(BOX_ID), QoS::AtMostOnce)
            .await?;
        let acknowledged = Self::default();
        let seen = acknowledged.clone();
        let listening = Arc::new(AtomicU64::new(0));
        let stands = Arc::clone(&listening);
        tokio::spawn(async move {
            // The client goes with the loop: without it the loop would end.
            let _client = client;
            while let Ok(event) = events.poll().await {
                match event {
                    Event::Incoming(Packet::SubAck(_)) => stands.store(1, Ordering::SeqCst),
                    Event::Incoming(Packet::Publish(publish)) => {
                        if let Ok(ack) = Ack::decode(&publish.payload) {
                            seen.0.fetch_max(ack.through, Ordering::SeqCst);
                        }
                    }
                    _ => {}
                }
            }
        });
        eventually("the observer listens", async || {
            Ok((listening.load(Ordering::SeqCst) > 0).then_some(()))
        })
        .await?;
        Ok(acknowledged)
    }

    fn through(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// What was seen of one drain.
#[derive(Debug)]
pub(crate) struct Seen {
    /// From the connection until every record of the backlog was committed and acknowledged.
    pub(crate) seconds: f64,
    /// Bytes on the link until then: up, down.
    pub(crate) wire: (u64, u64),
    /// From a swipe's own time to its row, ms, for every swipe during the drain.
    pub(crate) live_ms: Vec<f64>,
}

/// Watches from the opened link until the city has acknowledged the backlog of `epoch`, after
/// `delivered` through `last`, and has every swipe that was recorded until then.
pub(crate) async fn drained(
    city: &Path,
    (epoch, delivered, last): (&str, u64, u64),
    acknowledged: &Acknowledged,
    link: &CountedLink,
) -> Result<Seen> {
    let database = Connection::open_with_flags(
        city.join("city.db"),
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    database.busy_timeout(Duration::from_secs(5))?;
    let mut fresh = Fresh::after(last);
    let mut ticks = interval(LOOK_EVERY);
    let watching = async {
        while !link.is_used() {
            ticks.tick().await;
        }
        let start = Instant::now();
        while acknowledged.through() <= delivered {
            ticks.tick().await;
        }
        let begun_at = wall_ms()?;
        while acknowledged.through() < last {
            ticks.tick().await;
            fresh.look(&database, epoch)?;
        }
        let seconds = start.elapsed().as_secs_f64();
        let (over_at, wire) = (wall_ms()?, link.bytes());
        let rows: i64 = database.query_row(
            "SELECT count(*) FROM record WHERE box = ?1 AND epoch = ?2 AND seq <= ?3",
            (BOX_ID, epoch, last.cast_signed()),
            |row| row.get(0),
        )?;
        if rows.cast_unsigned() != last {
            return Err(format!("acknowledged through {last}, {rows} rows").into());
        }
        while !fresh.reaches(over_at) {
            ticks.tick().await;
            fresh.look(&database, epoch)?;
        }
        Ok(Seen {
            seconds,
            wire,
            live_ms: fresh.latencies(begun_at..=over_at),
        })
    };
    timeout(PATIENCE, watching)
        .await
        .map_err(|_| "the backlog does not drain")?
}

/// Records after the backlog: by number, what each is and when its row was first seen.
#[derive(Debug)]
struct Fresh {
    after: u64,
    seen: BTreeMap<u64, Sight>,
}

#[derive(Debug)]
struct Sight {
    at: i64,
    is_swipe: bool,
    seen_at: i64,
}

impl Fresh {
    fn after(after: u64) -> Self {
        Self {
            after,
            seen: BTreeMap::new(),
        }
    }

    /// Everything through here was seen: the newest come first, so there may be more.
    fn whole(&self) -> u64 {
        let run = (self.after + 1..).zip(self.seen.keys());
        run.take_while(|(expected, seq)| expected == *seq)
            .last()
            .map_or(self.after, |(_, seq)| *seq)
    }

    fn look(&mut self, database: &Connection, epoch: &str) -> Result<()> {
        let mut newer = database.prepare_cached(
            "SELECT seq, body FROM record WHERE box = ?1 AND epoch = ?2 AND seq > ?3",
        )?;
        let rows = newer.query_map((BOX_ID, epoch, self.whole().cast_signed()), |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
        })?;
        for row in rows {
            let (seq, body) = row?;
            let seen_at = wall_ms()?;
            if self.seen.contains_key(&seq.cast_unsigned()) {
                continue;
            }
            let body: Value = serde_json::from_slice(&body)?;
            let sight = Sight {
                at: body["at"].as_i64().ok_or("a record without a time")?,
                is_swipe: body["kind"] == "presentation",
                seen_at,
            };
            self.seen.insert(seq.cast_unsigned(), sight);
        }
        Ok(())
    }

    fn reaches(&self, at: i64) -> bool {
        let whole = self.seen.get(&self.whole());
        whole.is_some_and(|sight| sight.at > at)
    }

    fn latencies(&self, during: std::ops::RangeInclusive<i64>) -> Vec<f64> {
        self.seen
            .values()
            .filter(|sight| sight.is_swipe && during.contains(&sight.at))
            .map(|sight| (sight.seen_at - sight.at) as f64)
            .collect()
    }
}

/// The wall clock, Unix ms: records carry it.
#[expect(
    clippy::disallowed_methods,
    reason = "compared with the box's own wall clock, which is this machine's"
)]
fn wall_ms() -> Result<i64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(i64::try_from(since.as_millis())?)
}
