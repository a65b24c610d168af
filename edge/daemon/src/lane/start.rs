//! Puts the lanes of a site to work on the gate thread.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use drivers_idcard::{PollSettings, ReaderEvent, ReaderSettings};
use drivers_link::{Jitter, LinkOpener};
use drivers_relay::{RelayMap, RelaySettings};
use drivers_terminal::{TerminalNews, TerminalSettings, terminal_channel};
use drivers_turnstile::{
    BoardTuning, BoardUid, EventKey, LinkLossPolicy, TurnstileCommands, TurnstileEvent,
    TurnstileHandle, TurnstileSettings, turnstile_channel,
};
use edge_domain::{EventMark, Lane, LaneMemory, LaneSettings, Record, Sensing};
use edge_web::{GateShow, OwnCard};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::timeout;

use crate::config::{GateConfig, LaneConfig, LinkLossWord, ReaderConfig, TerminalConfig};
use crate::lane::board_door::BoardDoor;
use crate::lane::commits::Commits;
use crate::lane::face_line::{FaceDesk, place};
use crate::lane::lamps::DeviceNames;
use crate::lane::site::GateSite;
use crate::lane::task::{LaneNews, LaneTask};
use crate::lane::terminals::{TerminalDesk, TerminalLamp, TerminalPlace, Terminals};

/// Inputs of a lane that wait at most; a full queue stops the devices from being polled, and a
/// board keeps its events meanwhile.
const NEWS_MAX: usize = 16;
/// Longest wait for a commit, ms.
const COMMIT_MS_MAX: u64 = 3_000;
/// What the lane adds to the board's own waiting time before it takes a report for lost, ms.
const PASSAGE_MARGIN_MS: u64 = 1_000;
/// Time that a gate's driver has to leave nothing open when the box stops.
const DRIVER_END_MAX: Duration = Duration::from_secs(1);
/// Passage time of a lane without a gate, ms; it only bounds a wait that never happens.
const PASSAGE_DEFAULT_MS: u64 = 6_000;

/// A lane to start.
#[derive(Debug)]
pub(crate) struct LanePlan {
    /// Its settings.
    pub(crate) config: LaneConfig,
    /// What it knows from before the restart.
    pub(crate) memory: LaneMemory,
    /// The events of each face terminal that the ledger has, oldest first.
    pub(crate) told: Vec<Vec<u64>>,
    /// What its screen shows.
    pub(crate) screen: watch::Sender<GateShow>,
    /// Whose card opens his own view.
    pub(crate) own: watch::Sender<Option<OwnCard>>,
}

/// The loop of a lane; it ends with what no ledger has.
pub(super) type LaneLoop = JoinHandle<Vec<Record>>;

/// Starts one lane: its drivers and its loop, all on the current thread. Gives the way to its gate
/// board, if it has one.
pub(super) fn start(
    plan: LanePlan,
    site: &Rc<GateSite>,
    opener: &Arc<dyn LinkOpener>,
    jitter: &Jitter,
    (faces, desk): (Option<&mut FaceDesk>, &TerminalDesk),
) -> (Option<BoardDoor>, LaneLoop) {
    let (sender, news) = mpsc::channel(NEWS_MAX);
    let LanePlan {
        config,
        memory,
        told,
        screen,
        own,
    } = plan;
    for (index, reader) in config.readers.iter().enumerate() {
        start_reader(index, reader, &sender, opener, jitter);
    }
    let (gate, driver) = config
        .gate
        .as_ref()
        .map(|gate| start_gate(gate, memory.last_event, &sender, opener, jitter))
        .unzip();
    let faces = faces.map(|(line, asked)| {
        for camera in &config.cameras {
            line.connect(place(config.id.as_str(), camera.direction), sender.clone());
        }
        asked.clone()
    });
    let cameras = config.cameras.iter();
    let cameras = cameras
        .map(|camera| (camera.direction, camera.name.clone()))
        .collect();
    let places = config.terminals.iter().zip(told).enumerate();
    let places = places
        .map(|(index, (terminal, told))| {
            start_terminal((index, terminal), told, &sender, (site, desk, jitter))
        })
        .collect();
    let terminals = Terminals::new(places, desk.people.clone(), gate.is_some());
    let door = open_door(&config, &sender);
    let task = LaneTask {
        lane: Lane::new(settings(&config), memory),
        names: DeviceNames {
            lane: config.id.as_str().to_owned(),
            readers: config
                .readers
                .iter()
                .map(|reader| reader.name.clone())
                .collect(),
            gate: config.gate.as_ref().map(|gate| gate.name.clone()),
            relays: config
                .gate
                .as_ref()
                .is_some_and(|gate| gate.relay.is_some()),
            cameras,
        },
        directions: config
            .readers
            .iter()
            .map(|reader| reader.direction)
            .collect(),
        cards_reversed: config
            .gate
            .as_ref()
            .map_or((false, false), |gate| gate.cards_reversed),
        gate,
        commits: Commits::new(site.writer.clone()),
        wake_at_ms: None,
        faces,
        terminals,
        screen,
        own,
        site: Rc::clone(site),
    };
    (door, spawn_local(run(task, news, driver)))
}

/// A lane's loop, and after it the end of its gate's driver: that may still have to close a relay.
async fn run(
    task: LaneTask,
    news: mpsc::Receiver<LaneNews>,
    driver: Option<JoinHandle<()>>,
) -> Vec<Record> {
    let unrecorded = task.run(news).await;
    if let Some(driver) = driver
        && timeout(DRIVER_END_MAX, driver).await.is_err()
    {
        tracing::warn!("A gate's driver did not end in time");
    }
    unrecorded
}

/// The office's way to the gate board of a lane.
fn open_door(config: &LaneConfig, news: &mpsc::Sender<LaneNews>) -> Option<BoardDoor> {
    let device = config.gate.as_ref()?.name.clone();
    let (updates, asked) = mpsc::channel(1);
    spawn_local(forward(asked, news.clone(), LaneNews::Update));
    Some(BoardDoor {
        lane: config.id.as_str().to_owned(),
        lane_name: config.name.clone(),
        device,
        updates,
    })
}

fn settings(config: &LaneConfig) -> LaneSettings {
    let pass_ms = config
        .gate
        .as_ref()
        .map(|gate| u64::from(gate.pass_timeout_ms));
    LaneSettings {
        lane: config.id.clone(),
        sensing: if config.gate.as_ref().is_some_and(reports_passages) {
            Sensing::Beams
        } else {
            Sensing::None
        },
        passage_ms_max: pass_ms.map_or(PASSAGE_DEFAULT_MS, |ms| ms + PASSAGE_MARGIN_MS),
        commit_ms_max: COMMIT_MS_MAX,
    }
}

/// A gate with relays only may have no wire for it: then the grant counts.
fn reports_passages(gate: &GateConfig) -> bool {
    gate.relay.is_none_or(|map| map.passed.is_some())
}

fn start_reader(
    index: usize,
    config: &ReaderConfig,
    news: &mpsc::Sender<LaneNews>,
    opener: &Arc<dyn LinkOpener>,
    jitter: &Jitter,
) {
    let (events, heard) = mpsc::channel::<ReaderEvent>(NEWS_MAX);
    let settings = ReaderSettings {
        address: config.link.clone(),
        poll: PollSettings {
            find_interval_ms: config.find_interval_ms.into(),
            ..PollSettings::default()
        },
        jitter: Arc::clone(jitter),
    };
    spawn_local(drivers_idcard::run(settings, Arc::clone(opener), events));
    spawn_local(forward(heard, news.clone(), move |event| {
        LaneNews::Reader(index, event)
    }));
}

fn start_terminal(
    (index, config): (usize, &TerminalConfig),
    told: Vec<u64>,
    news: &mpsc::Sender<LaneNews>,
    (site, desk, jitter): (&Rc<GateSite>, &TerminalDesk, &Jitter),
) -> TerminalPlace {
    let (handle, orders) = terminal_channel(desk.people.clone());
    let (events, heard) = mpsc::channel::<TerminalNews>(NEWS_MAX);
    let clock = site.clock.clone();
    let settings = TerminalSettings {
        address: config.address.clone(),
        login: config.login.clone(),
        known: told,
        picture_of: desk.picture_of(),
        jitter: Arc::clone(jitter),
        wall_ms: Rc::new(move || clock.now().wall_ms),
    };
    spawn_local(drivers_terminal::run(settings, orders, events));
    spawn_local(forward(heard, news.clone(), move |one| {
        LaneNews::Terminal(index, one)
    }));
    TerminalPlace {
        name: config.name.clone(),
        direction: config.direction,
        handle,
        lamp: TerminalLamp::default(),
    }
}

/// The event that the ledger has, as the driver names it; none where the record names no board.
fn written(mark: EventMark) -> Option<EventKey> {
    Some(EventKey {
        uid: BoardUid(mark.uid?),
        boot: mark.boot,
        seq: mark.seq,
    })
}

fn start_gate(
    config: &GateConfig,
    last_event: Option<EventMark>,
    news: &mpsc::Sender<LaneNews>,
    opener: &Arc<dyn LinkOpener>,
    jitter: &Jitter,
) -> (TurnstileHandle, JoinHandle<()>) {
    let (handle, commands) = turnstile_channel();
    let (events, heard) = mpsc::channel::<TurnstileEvent>(NEWS_MAX);
    spawn_local(forward(heard, news.clone(), LaneNews::Gate));
    if let Some(map) = config.relay {
        let driver = start_relays(config, map, (commands, events), opener, jitter);
        return (handle, driver);
    }
    let defaults = BoardTuning::default();
    let settings = TurnstileSettings {
        board_address: config.address,
        uid: config.board,
        tuning: BoardTuning {
            open_pulse_ms: millis(config.open_pulse_ms, defaults.open_pulse_ms),
            pass_timeout_ms: millis(config.pass_timeout_ms, defaults.pass_timeout_ms),
            link_loss: match config.link_loss {
                LinkLossWord::FreeExit => LinkLossPolicy::FreeExit,
                LinkLossWord::FreeBoth => LinkLossPolicy::FreeBoth,
            },
            ..defaults
        },
        written_through: last_event.and_then(written),
        ..TurnstileSettings::new(config.link.clone(), Arc::clone(jitter))
    };
    let driver = drivers_turnstile::run(settings, Arc::clone(opener), commands, events);
    (handle, spawn_local(driver))
}

fn start_relays(
    config: &GateConfig,
    map: RelayMap,
    (commands, events): (TurnstileCommands, mpsc::Sender<TurnstileEvent>),
    opener: &Arc<dyn LinkOpener>,
    jitter: &Jitter,
) -> JoinHandle<()> {
    let settings = RelaySettings {
        address: config.link.clone(),
        unit: config.address,
        map,
        pulse_ms: config.open_pulse_ms,
        pass_timeout_ms: config.pass_timeout_ms,
        session: jitter(),
        jitter: Arc::clone(jitter),
    };
    let driver = drivers_relay::run(settings, Arc::clone(opener), commands, events);
    spawn_local(driver)
}

fn millis(value: u32, default: u16) -> u16 {
    u16::try_from(value).unwrap_or(default)
}

/// Passes a device's events on to its lane until either side is gone.
async fn forward<T>(
    mut heard: mpsc::Receiver<T>,
    news: mpsc::Sender<LaneNews>,
    wrap: impl Fn(T) -> LaneNews,
) {
    while let Some(event) = heard.recv().await {
        if news.send(wrap(event)).await.is_err() {
            return;
        }
    }
}
