//! Lanes with their devices.

use drivers_link::LinkAddress;
use drivers_relay::RelayMap;
use drivers_turnstile::BoardUid;
use edge_domain::{AntiPassback, Direction, LaneId};
use sync_wire::chain::from_hex;

use crate::config::relay::relay;
use crate::config::taken::Taken;
use crate::config::terminal::{TerminalConfig, terminal};
use crate::config::walk::{Walk, finish, short_text};

/// Most lanes that one box serves.
const LANES_MAX: usize = 16;
/// Most readers at one lane.
const READERS_MAX: usize = 4;
/// Most cameras at one lane: one for each way.
const CAMERAS_MAX: usize = 2;
/// Most face terminals at one lane.
const TERMINALS_MAX: usize = 4;

/// The shortest pause between two looks for a card that makers of readers allow, ms.
const FIND_MS_MIN: u32 = 300;
/// The same for a simulated reader, ms: tests and benches do not wait for hardware.
const SIMULATED_FIND_MS_MIN: u32 = 10;
const FIND_MS_MAX: u32 = 2_000;

/// One lane.
#[derive(Debug, Clone)]
pub(crate) struct LaneConfig {
    /// Its id in records.
    pub(crate) id: LaneId,
    /// Its name on screens.
    pub(crate) name: String,
    /// What happens if somebody enters twice.
    pub(crate) anti_passback: AntiPassback,
    /// Its readers.
    pub(crate) readers: Vec<ReaderConfig>,
    /// Its cameras, at most one for each way.
    pub(crate) cameras: Vec<CameraConfig>,
    /// Its face terminals.
    pub(crate) terminals: Vec<TerminalConfig>,
    /// Its gate board; a lane without one counts attendance on the grant.
    pub(crate) gate: Option<GateConfig>,
}

/// One reader.
#[derive(Debug, Clone)]
pub(crate) struct ReaderConfig {
    /// Its name on screens and in records.
    pub(crate) name: String,
    /// The way that a card on it means; `None` where it opens its holder's own view and nothing else.
    pub(crate) direction: Option<Direction>,
    /// Where it is plugged in.
    pub(crate) link: LinkAddress,
    /// Pause between two looks for a card, ms.
    pub(crate) find_interval_ms: u32,
}

/// One camera. Where it is stands in the settings of `menwei-face`.
#[derive(Debug, Clone)]
pub(crate) struct CameraConfig {
    /// Its name on screens and in records.
    pub(crate) name: String,
    /// The way that it looks.
    pub(crate) direction: Direction,
}

/// One gate board.
#[derive(Debug, Clone)]
pub(crate) struct GateConfig {
    /// Its name on screens and in records.
    pub(crate) name: String,
    /// Where it is plugged in.
    pub(crate) link: LinkAddress,
    /// Its address on the line.
    pub(crate) address: u8,
    /// The board that belongs here; no other one is worked with.
    pub(crate) board: Option<BoardUid>,
    /// Length of the opening pulse, ms.
    pub(crate) open_pulse_ms: u32,
    /// How long an opening waits for the person, ms.
    pub(crate) pass_timeout_ms: u32,
    /// What the board does without the box.
    pub(crate) link_loss: LinkLossWord,
    /// Whether the Wiegand reader of the way in sends the last byte of a number first, and that of
    /// the way out.
    pub(crate) cards_reversed: (bool, bool),
    /// What is wired where, if the gate has only relays.
    pub(crate) relay: Option<RelayMap>,
}

/// What the board does without the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkLossWord {
    /// Going out is free, coming in is closed.
    FreeExit,
    /// Both ways are free.
    FreeBoth,
}

const BOARD_ALLOWED: &str = "16 个小写十六进制字符的控制板编号（在平台的设备记录和运行日志里）";
const RELAYS_ALLOWED: &str = "不写：继电器板没有编号，不接读卡器，也没有断线规则，断线时放不放行由闸机自己决定（请接好闸机的应急按钮和消防线）";

/// All lanes; their ids differ, and their devices' names and ports.
pub(super) fn lanes(root: &mut Walk, taken: &mut Taken) -> Vec<LaneConfig> {
    let mut lanes: Vec<LaneConfig> = Vec::new();
    for mut walk in root.tables("lane", LANES_MAX) {
        if let Some(lane) = lane(&mut walk, taken) {
            if lanes.iter().any(|known| known.id == lane.id) {
                walk.fault_of("id", lane.id.as_str(), "与其他通道不同的编号");
            }
            lanes.push(lane);
        }
        root.absorb(walk.finish());
    }
    lanes
}

fn lane(walk: &mut Walk, taken: &mut Taken) -> Option<LaneConfig> {
    let id = walk.parsed("id", "1 至 32 个字的通道编号，如 gate-1", |text| {
        LaneId::parse(text).ok()
    });
    let default_name = id
        .as_ref()
        .map(|id| id.as_str().to_owned())
        .unwrap_or_default();
    let name = walk.parsed_or("name", default_name, "1 至 32 个字", |text| {
        short_text(text, 32)
    });
    let anti_passback = walk.word_or_first(
        "anti_passback",
        &[
            ("soft", AntiPassback::Soft),
            ("hard", AntiPassback::Hard),
            ("off", AntiPassback::Off),
        ],
    );
    let mut readers = Vec::new();
    for mut reader_walk in walk.tables("reader", READERS_MAX) {
        readers.extend(reader(&mut reader_walk, taken));
        walk.absorb(reader_walk.finish());
    }
    let mut cameras: Vec<CameraConfig> = Vec::new();
    let camera_walks = if walk.has("camera") {
        walk.tables("camera", CAMERAS_MAX)
    } else {
        Vec::new()
    };
    for mut camera_walk in camera_walks {
        if let Some(camera) = camera(&mut camera_walk, taken) {
            if cameras
                .iter()
                .any(|known| known.direction == camera.direction)
            {
                let word = match camera.direction {
                    Direction::In => "in",
                    Direction::Out => "out",
                };
                camera_walk.fault_of("direction", word, "与本通道另一台摄像头不同的方向");
            }
            cameras.push(camera);
        }
        walk.absorb(camera_walk.finish());
    }
    let gate = walk
        .table("gate", false)
        .map(|gate_walk| finish(walk, gate_walk, |gate_walk| gate(gate_walk, taken)));
    let mut terminals = Vec::new();
    if walk.has("terminal") {
        let has_gate = gate.is_some();
        for mut terminal_walk in walk.tables("terminal", TERMINALS_MAX) {
            terminals.extend(terminal(&mut terminal_walk, taken, has_gate));
            walk.absorb(terminal_walk.finish());
        }
    }
    Some(LaneConfig {
        id: id?,
        name: name?,
        anti_passback: anti_passback?,
        readers,
        cameras,
        terminals,
        gate: gate.flatten(),
    })
}

fn reader(walk: &mut Walk, taken: &mut Taken) -> Option<ReaderConfig> {
    let name = taken.name(walk);
    let direction = walk.word(
        "direction",
        &[
            ("in", Some(Direction::In)),
            ("out", Some(Direction::Out)),
            ("own_view", None),
        ],
    );
    let link = taken.link(walk);
    Some(ReaderConfig {
        find_interval_ms: find_interval(walk),
        name: name?,
        direction: direction?,
        link: link?,
    })
}

/// The pause between two looks for a card, ms.
pub(super) fn find_interval(walk: &mut Walk) -> u32 {
    let find_ms_min = if walk.flag_or("simulated", false) {
        SIMULATED_FIND_MS_MIN
    } else {
        FIND_MS_MIN
    };
    let find_ms = find_ms_min..=FIND_MS_MAX;
    walk.number_or("find_interval_ms", FIND_MS_MIN, find_ms, "毫秒")
}

fn camera(walk: &mut Walk, taken: &mut Taken) -> Option<CameraConfig> {
    let name = taken.name(walk);
    let direction = walk.word(
        "direction",
        &[("in", Direction::In), ("out", Direction::Out)],
    );
    Some(CameraConfig {
        name: name?,
        direction: direction?,
    })
}

fn gate(walk: &mut Walk, taken: &mut Taken) -> Option<GateConfig> {
    let name = taken.name(walk);
    let link = taken.link(walk);
    let relays = walk.has("relay");
    let address_max = if relays { drivers_relay::UNIT_MAX } else { 30 };
    let address = walk.number_or("address", 1, 1..=address_max.into(), "线上地址");
    let open_pulse_ms = walk.number_or("open_pulse_ms", 400, 50..=5_000, "毫秒");
    let pass_timeout_ms = walk.number_or("pass_timeout_ms", 5_000, 1_000..=30_000, "毫秒");
    for key in ["board", "link_loss", "card_bytes_in", "card_bytes_out"] {
        if relays {
            walk.refuse(key, RELAYS_ALLOWED);
        }
    }
    let board = walk.parsed_or("board", None, BOARD_ALLOWED, |text| {
        from_hex(text).map(|uid| Some(BoardUid(uid)))
    });
    let orders = [("as_sent", false), ("reversed", true)];
    let reversed_in = walk.word_or_first("card_bytes_in", &orders);
    let reversed_out = walk.word_or_first("card_bytes_out", &orders);
    let link_loss = walk.word_or_first(
        "link_loss",
        &[
            ("free_exit", LinkLossWord::FreeExit),
            ("free_both", LinkLossWord::FreeBoth),
        ],
    );
    let relay = walk
        .table("relay", false)
        .map(|relay_walk| finish(walk, relay_walk, relay));
    Some(GateConfig {
        name: name?,
        link: link?,
        address: u8::try_from(address).ok()?,
        board: board?,
        open_pulse_ms,
        pass_timeout_ms,
        link_loss: link_loss?,
        cards_reversed: (reversed_in?, reversed_out?),
        relay: match relay {
            Some(relay) => Some(relay?),
            None => None,
        },
    })
}
