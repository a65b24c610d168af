//! Wiring of `menwei run`: what is opened in which order, on which thread it runs, how it stops.

use std::cell::RefCell;
use std::sync::Arc;
use std::thread;

use edge_domain::{Newcomer, Policy, Roster};
use edge_store::{Reader, Store, Writer};
use edge_web::{GateScreen, GateShow, HealthView, Kiosks, OwnCard, OwnScreen, Voice};
use sync_mqtt::SyncStatus;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::task::LocalSet;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::{LaneConfig, ReaderConfig, Says, SiteConfig};
use crate::devices::{GateVoice, KnownDevices};
use crate::downlink::{self, Tally};
use crate::error::DaemonError;
use crate::health::{HealthDesk, HealthNews, NEWS_MAX};
use crate::hold;
use crate::lane::{
    BoardDoor, Gate, GateSite, LanePlan, PictureShelf, TerminalDesk, TokenSalt, face_line,
    numbered, run_gate,
};
use crate::office::{self, Office};
use crate::opening::tell_daily;
use crate::people::{
    Consents, FaceUses, PeopleDesk, PersonTagger, Sealer, city_key, random, watch_terminal_people,
};
use crate::photos::keep_photos;
use crate::seal::{self, Sealing};
use crate::systemd::{self, Proofs};
use crate::troubles::{self, DAILY, DAMAGED, Told};

/// The setting that holds the key of strangers' tags, in hexadecimal.
const TAG_KEY: &str = "person_tag_key";

/// The runtime of the office thread.
///
/// # Errors
/// The system gives no event queue.
pub(crate) fn office_runtime() -> Result<Runtime, DaemonError> {
    Ok(Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .build()?)
}

/// Runs the box until it is told to stop.
///
/// # Errors
/// The ledger does not open, or a port of the screen is taken.
pub(crate) fn run(config: SiteConfig) -> Result<(), DaemonError> {
    let runtime = office_runtime()?;
    LocalSet::new().block_on(&runtime, serve(config))
}

async fn serve(config: SiteConfig) -> Result<(), DaemonError> {
    let Some((opened, unrecorded)) = hold::open(&config).await? else {
        return Ok(());
    };
    let (store, clock, changes) = (opened.store, opened.clock, opened.changes);
    let sealing = opened.sealing;
    let stop = CancellationToken::new();
    let (news, heard) = mpsc::channel(NEWS_MAX);
    let office_news = news.clone();
    let consents = office::watch_consents(store.reader()?.lean()?, FaceUses::of(&config))?;
    forget_pictures(&config, &store, &clock, &consents);
    let (gate, in_force, boards) =
        start_gate_thread(&config, &store, &clock, news, (consents, stop.clone())).await?;
    tell_ready(config.lanes.len(), store.facts().unclean);
    tokio::spawn(hold::record(store.writer(), clock.clone(), unrecorded));
    let (proofs, proofs_seen) = watch::channel(Proofs::default());
    let recording = office::record_clock_changes(clock.clone(), store.writer(), changes);
    tokio::spawn(recording);
    tokio::spawn(systemd::feed_watchdog(proofs_seen));
    let told = watch_files(&store, &clock, &office_news)?;
    keep_signing(&sealing, &store, &clock, &office_news)?;
    let (tally, refused) = watch::channel(Tally::stored(&store.reader()?)?);
    tokio::spawn(downlink::keep_tally(store.writer(), refused.clone()));
    let (desk, health) = health_desk((&config, told), &store, &clock, refused)?;
    tokio::spawn(office::keep_unreached(store.writer(), health.clone()));
    let people = people_desk(&config, &store, &clock, in_force.roster)?;
    downlink::note_own_rules(&people, &config.policy).await;
    let reader = Arc::new(std::sync::Mutex::new(store.reader()?.lean()?));
    let office = Office {
        config: &config,
        store: &store,
        reader: &reader,
        clock: &clock,
        people: &people,
        policy: &in_force.policy,
        newcomer: &in_force.newcomer,
        kiosks: &in_force.kiosks,
        tally: &tally,
        device_key: sealing.key.as_ref(),
        boards: &boards,
        news: &office_news,
        stop: &stop,
    };
    let (status, seen) = watch::channel(SyncStatus::default());
    let sync = config.city.is_some().then_some(seen);
    let writer = store.writer();
    tokio::spawn(office::pulse(writer, clock.clone(), proofs, sync.clone()));
    let asked = Arc::clone(&reader);
    tokio::spawn(desk.run(heard, sync, async move || office::waiting(&asked).await));
    let mut gate = tokio::task::spawn_blocking(move || gate.join());
    let end = tokio::select! {
        end = wait_for_the_end(&stop) => end,
        () = keep_office(&office, status, health) => Ok(()),
        _ = &mut gate => return Err(DaemonError::System(std::io::Error::other("闸机线程意外结束"))),
    };
    systemd::notify(&[sd_notify::NotifyState::Stopping]);
    tracing::info!("Stopping");
    stop.cancel();
    if let Ok(Ok(unrecorded)) = gate.await {
        hold::record_now(&store.writer(), &clock, &unrecorded).await;
    } else {
        tracing::error!("The gate thread did not end by itself");
    }
    close(store, clock.now().wall_ms).await.and(end)
}

/// Pictures of faces go when they must. Whoever watches the consents, with a reader of his own, ends
/// at a box without faces: nothing here keeps him.
fn forget_pictures(
    config: &SiteConfig,
    store: &Store,
    clock: &Clock,
    consents: &watch::Receiver<Consents>,
) {
    let shelf = (store.writer(), config.ledger.path.clone());
    let consents = config.face_socket.as_ref().map(|_| consents.clone());
    tokio::spawn(office::forget_pictures(shelf, clock.clone(), consents));
}

/// The one place where people change, and keeps it fresh.
fn people_desk(
    config: &SiteConfig,
    store: &Store,
    clock: &Clock,
    roster: watch::Sender<Arc<Roster>>,
) -> Result<Arc<PeopleDesk>, DaemonError> {
    // Reads the whole roster, and only where somebody changed it.
    let doors = (store.reader()?.lean()?, store.writer());
    let people = PeopleDesk::new(sealer(config), clock.clone(), doors, roster);
    let people = Arc::new(people);
    tokio::spawn(Arc::clone(&people).keep_fresh());
    Ok(people)
}

fn tell_ready(lanes: usize, unclean: bool) {
    systemd::ready(&format!("{lanes} 条通道工作中"));
    tracing::info!(lanes, unclean, "Lanes ready");
}

/// Keeps up everything beside the gate.
async fn keep_office(
    office: &Office<'_>,
    status: watch::Sender<SyncStatus>,
    health: watch::Receiver<HealthView>,
) {
    let sync = status.subscribe();
    tokio::join!(
        keep_photos(office, sync),
        office::keep_city(office, status),
        office::keep_orders(office),
        office::keep_screen(office, health),
    );
}

type Health = (HealthDesk, watch::Receiver<HealthView>);

/// The desk with what is to be shown from the start.
fn health_desk(
    (config, told): (&SiteConfig, Told),
    store: &Store,
    clock: &Clock,
    refused: watch::Receiver<Tally>,
) -> Result<Health, DaemonError> {
    let devices = config.devices();
    let names = devices.iter().map(|(name, _)| name.as_str());
    let known = KnownDevices::read(&store.reader()?, names)?;
    let (desk, health) =
        HealthDesk::new(clock.clone(), store.writer(), &devices, config.lane_names());
    let aside = edge_store::last_set_aside(&config.ledger.path)?;
    let last_fork = office::LastFork::read(&store.reader()?)?;
    let desk = desk
        .with_city(
            config
                .city
                .clone()
                .map(|city| (city, config.box_id.clone())),
        )
        .with_known(known)
        .with_set_aside(aside.as_deref())
        .with_last_fork(last_fork.map(|fork| fork.at))
        .with_told(told)
        .with_refusals(refused);
    Ok((desk, health))
}

/// Writes the last sign of life and closes the ledger.
async fn close(store: Store, wall_ms: i64) -> Result<(), DaemonError> {
    if let Err(error) = store.writer().pulse(wall_ms).await {
        tracing::warn!(%error, "No last sign of life");
    }
    Ok(tokio::task::spawn_blocking(move || store.close())
        .await
        .map_err(|error| DaemonError::System(error.into()))??)
}

async fn wait_for_the_end(stop: &CancellationToken) -> Result<(), DaemonError> {
    tokio::select! {
        told = systemd::told_to_stop() => Ok(told?),
        () = stop.cancelled() => Ok(()),
    }
}

/// Seals people for this box and its city. Without the city's key they are sealed for this box
/// only, and the log says so.
fn sealer(config: &SiteConfig) -> Sealer {
    let city = config.city.as_ref();
    let key_file = city.and_then(|city| city.public_key_file.as_deref());
    let key = key_file.map(city_key).transpose().unwrap_or_else(|error| {
        tracing::warn!(%error, "People are sealed for this box only");
        None
    });
    Sealer::new(&config.box_id, key)
}

/// The ways of a new roster and of new rules to the lanes, and of a stranger's card to the clerk.
struct InForce {
    roster: watch::Sender<Arc<Roster>>,
    policy: watch::Sender<Arc<Policy>>,
    newcomer: watch::Sender<Option<Newcomer>>,
    kiosks: Kiosks,
}

/// The gate's thread, the ways of news to its lanes, and the ways to their gate boards.
type GateThread = (Gate, InForce, Vec<BoardDoor>);

/// Starts the lanes on a thread of their own; returns when they have begun.
async fn start_gate_thread(
    config: &SiteConfig,
    store: &Store,
    clock: &Clock,
    news: mpsc::Sender<HealthNews>,
    (consents, stop): (watch::Receiver<Consents>, CancellationToken),
) -> Result<GateThread, DaemonError> {
    let reader = store.reader()?;
    let presence = reader.presence()?;
    let (roster_changes, roster) = watch::channel(Arc::new(reader.roster()?));
    let rules = downlink::in_force(&config.policy, &reader)?;
    let (policy_changes, policy) = watch::channel(Arc::new(rules));
    let tagger = PersonTagger::new(&tag_key(&store.writer(), reader.setting(TAG_KEY)?).await?);
    let epoch_no = store.writer().epoch_no();
    let mut plans = Vec::new();
    let mut kiosks = kiosks(config);
    for lane in &config.lanes {
        let terminals = lane.terminals.iter();
        let told = terminals.map(|terminal| reader.faces()?.terminal_events(&terminal.name));
        let (screen, own) = kiosk_ways(lane, &mut kiosks);
        plans.push(LanePlan {
            screen,
            own,
            told: told.collect::<Result<_, _>>()?,
            config: lane.clone(),
            memory: numbered(epoch_no, reader.lane_memory(lane.id.as_str())?),
        });
    }
    let terminals = TerminalDesk {
        people: watch_terminal_people(
            store.reader()?.lean()?,
            config.face_socket.clone(),
            consents.clone(),
        ),
        face_socket: config.face_socket.clone(),
    };
    let newcomer = watch::Sender::new(None);
    let faces = config.face_socket.clone().map(|socket| {
        let policy = config.policy.face.clone();
        let shelf = PictureShelf {
            writer: store.writer(),
            ledger: config.ledger.path.clone(),
        };
        face_line(socket, policy, clock.clone(), consents, shelf)
    });
    let site = GateSite {
        clock: clock.clone(),
        tokens: TokenSalt::of(&store.facts().epoch),
        roster,
        policy,
        presence: presence.into(),
        mismatches: RefCell::new(reader.faces()?.mismatches(clock.now().wall_ms)?),
        writer: store.writer(),
        newcomer: newcomer.clone(),
        tagger,
        ledger_failing: false.into(),
        news,
        stop,
    };
    let (gate, boards) = run_gate(site, plans, (faces, terminals))?;
    let in_force = InForce {
        roster: roster_changes,
        policy: policy_changes,
        newcomer,
        kiosks,
    };
    Ok((gate, in_force, boards))
}

/// The screens at the gate, before the first lane is known.
fn kiosks(config: &SiteConfig) -> Kiosks {
    let voice = config.voice.map(|says| -> Arc<dyn Voice> {
        Arc::new(GateVoice::new(&config.ledger.path, says == Says::Names))
    });
    Kiosks {
        machines: config.gate_screens.clone(),
        voice,
        ..Kiosks::default()
    }
}

/// The ways of a lane to the screens beside it.
fn kiosk_ways(
    lane: &LaneConfig,
    kiosks: &mut Kiosks,
) -> (watch::Sender<GateShow>, watch::Sender<Option<OwnCard>>) {
    let screen = watch::Sender::new(GateShow::default());
    let own = watch::Sender::new(None);
    let (id, name) = (lane.id.as_str().to_owned(), lane.name.clone());
    let is_own = |reader: &ReaderConfig| reader.direction.is_none();
    if lane.readers.iter().any(is_own) {
        kiosks.own.push(OwnScreen {
            lane: id.clone(),
            name: name.clone(),
            card: own.subscribe(),
        });
    }
    if lane.gate.is_some() || !lane.readers.iter().all(is_own) {
        kiosks.gates.push(GateScreen {
            lane: id,
            name,
            shown: screen.subscribe(),
        });
    }
    (screen, own)
}

async fn tag_key(writer: &Writer, stored: Option<String>) -> Result<[u8; 32], DaemonError> {
    if let Some(key) = stored.as_deref().and_then(sync_wire::chain::from_hex) {
        return Ok(key);
    }
    let key = random::<32>()?;
    writer
        .put_setting(TAG_KEY, &sync_wire::chain::hex(&key))
        .await?;
    Ok(key)
}

/// Signs the ledger from now on, and tells what was wrong with it.
fn keep_signing(
    sealing: &Sealing,
    store: &Store,
    clock: &Clock,
    news: &mpsc::Sender<HealthNews>,
) -> Result<(), DaemonError> {
    let told = HealthNews::Trouble(seal::SEALED.to_owned(), sealing.trouble.clone());
    if let Err(error) = news.try_send(told) {
        tracing::error!(%error, "Nobody shows what the sealed note says");
    }
    if let Some(key) = &sealing.key {
        let last = store.reader()?.last_checkpoint(&store.facts().epoch)?;
        let key = Arc::clone(key);
        tokio::spawn(seal::keep_checkpoints(
            store.writer(),
            clock.clone(),
            key,
            last,
        ));
    }
    Ok(())
}

/// Gives what the box told before it stopped. After an unclean stop, and as long as damage is known,
/// the file is checked while the gate works; of the daily files beside it is told whether they can be
/// written.
fn watch_files(
    store: &Store,
    clock: &Clock,
    news: &mpsc::Sender<HealthNews>,
) -> Result<Told, DaemonError> {
    let reader = store.reader()?;
    let told = troubles::told(&reader)?;
    if store.facts().unclean || told.0.contains_key(DAMAGED) {
        check_in_background(reader, news.clone())?;
    }
    tokio::spawn(tell_daily(
        store.daily_state(),
        news.clone(),
        (store.writer(), clock.clone()),
        told.0.contains_key(DAILY),
    ));
    Ok(told)
}

fn check_in_background(reader: Reader, news: mpsc::Sender<HealthNews>) -> Result<(), DaemonError> {
    thread::Builder::new()
        .name("quick-check".to_owned())
        .spawn(move || {
            let found = match reader.quick_check() {
                Ok(()) => {
                    tracing::info!("The ledger's file is sound after an unclean stop");
                    None
                }
                Err(error) => {
                    tracing::error!(%error, "The ledger's file is damaged");
                    Some(troubles::damaged())
                }
            };
            if let Err(error) = news.blocking_send(HealthNews::Trouble(DAMAGED.to_owned(), found)) {
                tracing::error!(%error, "Nobody shows what the check found");
            }
        })?;
    Ok(())
}
