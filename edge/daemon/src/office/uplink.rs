//! The way to the city.

use std::sync::{Arc, Mutex, PoisonError};

use edge_store::{Reader, StoreError};
use sync_engine::{Identity, Now, Settings};
use sync_mqtt::{MqttSettings, Refusals, Surroundings, SyncLink, SyncStatus};
use tokio::sync::{mpsc, watch};

use crate::clock::Clock;
use crate::config::CityConfig;
use crate::downlink::{self, Tally};
use crate::error::DaemonError;
use crate::health::Waiting;
use crate::office::city::CityLedger;
use crate::office::desk::Office;
use crate::office::fork::LastFork;
use crate::office::supervise::{Part, keep_up};
use crate::people::random;
use crate::records::{self, SOFTWARE};
use crate::troubles::FORKS;

/// Keeps up the way to the city, where one is configured; `status` tells of it.
pub(crate) async fn keep_city(office: &Office<'_>, status: watch::Sender<SyncStatus>) {
    let part = office.part("上传");
    let Some(city) = &office.config.city else {
        return part.works().await;
    };
    keep_up(part, async |part| {
        let ended = run_sync(office, city, (part, &status)).await;
        // To be begun again is a turn, too: the watchdog shall not end a gate that works.
        status.send_modify(|status| status.turns = status.turns.wrapping_add(1));
        ended
    })
    .await;
}

/// # Errors
/// The ledger cannot be read, or the way ended.
async fn run_sync(
    office: &Office<'_>,
    city: &CityConfig,
    (part, status): (&Part, &watch::Sender<SyncStatus>),
) -> Result<(), DaemonError> {
    let settings = MqttSettings {
        host: city.host.clone(),
        port: city.port,
        tls: Some(city.tls_files()),
        tls_check_ms: sync_mqtt::TLS_CHECK_MS,
        proxy: city.proxy.clone(),
        identity: Identity {
            site: office.config.site_code.clone(),
            box_name: office.config.box_id.clone(),
            software: SOFTWARE.to_owned(),
            device_key: office.device_key.map(|key| key.verifying_key().to_hex()),
        },
        engine: Settings::default(),
        roster_version: office.store.reader()?.roster_version()?,
    };
    let seen = status.subscribe();
    let clock = office.clock.clone();
    let (inbox, arrivals) = mpsc::channel(downlink::WAITING_MAX);
    let (results, outbox) = mpsc::channel(downlink::WAITING_MAX);
    let desks = downlink::Office {
        box_id: office.config.box_id.clone(),
        key: city.signing_key,
        site_policy: Arc::new(office.config.policy.clone()),
        clock: office.clock.clone(),
        people: Arc::clone(office.people),
        policy: office.policy.clone(),
        tally: office.tally.clone(),
    };
    downlink::start(&desks, city, arrivals, results).await?;
    let ledger = CityLedger::new(office);
    let last_fork = LastFork::read(&office.store.reader()?)?;
    let trouble = last_fork.and_then(|last| last.trouble());
    part.tell(FORKS, trouble).await;
    let surroundings = Surroundings {
        inbox,
        outbox,
        now: Box::new(move || {
            let now = clock.now();
            Now {
                mono_ms: now.mono_ms,
                wall_ms: now.wall_ms,
                clock: records::clock_quality(now.quality),
            }
        }),
        jitter: Box::new(|| random::<4>().map_or(0, u32::from_le_bytes)),
    };
    let stop = office.stop.clone().cancelled_owned();
    let status = status.clone();
    // A task of its own: it says goodbye to the city while the box stops.
    let link =
        tokio::task::spawn_local(sync_mqtt::run(settings, ledger, surroundings, status, stop));
    tokio::spawn(prove_clock(office.clock.clone(), seen.clone()));
    let about = (office.tally.clone(), office.clock.clone());
    tokio::spawn(tell_refusals(about, seen));
    part.works().await;
    Ok(link.await.map_err(std::io::Error::other)?)
}

/// The city's time in its acknowledgements proves the box's clock.
async fn prove_clock(clock: Clock, mut status: watch::Receiver<SyncStatus>) {
    let mut heard = None;
    while status.changed().await.is_ok() {
        let now_heard = {
            let status = status.borrow_and_update();
            status.last_ack_at.zip(status.skew_ms)
        };
        // Both, because each may stay the same from one acknowledgement to the next.
        if let Some((ack_at, skew_ms)) = now_heard.filter(|_| now_heard != heard) {
            clock.prove(ack_at.saturating_add(skew_ms));
        }
        heard = now_heard;
    }
}

/// Words of the city that were refused are counted, and shown until it has acknowledged everything.
async fn tell_refusals(
    (tally, clock): (watch::Sender<Tally>, Clock),
    mut status: watch::Receiver<SyncStatus>,
) {
    let mut told = Refusals::default();
    while status.changed().await.is_ok() {
        let status = status.borrow_and_update().clone();
        if status.refusals != told {
            let at = clock.now().wall_ms;
            tally.send_modify(|tally| tally.refuse(&told, &status.refusals, at));
            told = status.refusals;
        } else if status.link == SyncLink::Online && status.backlog == 0 {
            tally.send_if_modified(Tally::settle);
        }
    }
}

/// What waits for the city, and what waits there.
pub(crate) async fn waiting(reader: &Arc<Mutex<Reader>>) -> Waiting {
    let reader = Arc::clone(reader);
    let asked = tokio::task::spawn_blocking(move || {
        let reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
        Ok::<_, StoreError>(Waiting {
            oldest_at_ms: reader.backlog()?.oldest_at,
            parked: reader.parked_count()?,
        })
    });
    match asked.await {
        Ok(Ok(waiting)) => waiting,
        Ok(Err(error)) => {
            tracing::warn!(%error, "The backlog cannot be read");
            Waiting::default()
        }
        Err(error) => {
            tracing::warn!(%error, "The backlog was not read");
            Waiting::default()
        }
    }
}
