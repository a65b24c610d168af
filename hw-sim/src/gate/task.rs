//! One lane running: board, wire, arms and walkers move on together; the journal sees what can be seen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};

use super::board::SimBoard;
use super::brain::Brain;
use super::chip_board::ChipBoard;
use super::tap::Tap;
use super::world::{Levels, Relays, WalkEnd, WalkStyle, World, WorldEvent, WorldSettings};
use crate::clock;
use crate::direction::Direction;
use crate::error::SimError;
use crate::journal::{Act, AtLane, Journal};
use crate::line::Port;
use crate::settings::{GateMoment, GateTiming, TimingSink};
use crate::wait::until_ns;

const NS_PER_MS: u64 = 1_000_000;
/// How often the lane moves on while somebody walks or an arm is open.
const BUSY_TICK_NS: u64 = 2 * NS_PER_MS;
/// How often otherwise: well below any time that the board measures at rest.
const IDLE_TICK_NS: u64 = 10 * NS_PER_MS;
/// An arm that opens so soon after a command was opened by it.
const COMMANDED_WITHIN_NS: u64 = 500 * NS_PER_MS;
/// Orders that may wait for the lane's task.
const COMMANDS_MAX: usize = 32;

/// What people and the script do to a lane.
#[derive(Debug)]
pub enum LaneCommand {
    /// Somebody walks.
    Walk {
        /// The turn, when a card was involved.
        visit: Option<u64>,
        /// Number of the walker, when known.
        person: Option<String>,
        /// Which way.
        direction: Direction,
        /// How.
        style: WalkStyle,
        /// Told when it is over.
        done: Option<oneshot::Sender<WalkEnd>>,
    },
    /// The fire contact.
    Fire(bool),
    /// The cabinet contact.
    Tamper(bool),
    /// A telegram on the wires of the board's Wiegand reader that faces this way.
    Telegram(Direction, Vec<bool>),
    /// The board's processor starts again.
    ResetBoard,
    /// Pull the board's cable.
    Unplug,
    /// Put it in.
    Plug,
    /// Both ends of the board's line disagree about the speed, or agree again.
    WrongBaud(bool),
    /// Junk from the board's side of the line.
    Noise(Vec<u8>),
}

/// What can be seen of a lane from outside.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a lamp of its own; the page takes them by name"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LaneView {
    /// There is an arm.
    pub has_arm: bool,
    /// The arm lets people in.
    pub open_in: bool,
    /// The arm lets people out.
    pub open_out: bool,
    /// How often it opened inwards since the start.
    pub openings_in: u64,
    /// How often it opened outwards since the start.
    pub openings_out: u64,
    /// People in the lane and queueing to walk.
    pub walkers: usize,
    /// The street-side beam is broken.
    pub beam_outer: bool,
    /// The site-side beam is broken.
    pub beam_inner: bool,
    /// The fire contact is closed.
    pub fire: bool,
    /// The cabinet is open.
    pub tamper: bool,
    /// The board's cable is in (true without a board).
    pub plugged: bool,
    /// The box has spoken to the board (true without a board).
    pub heard: bool,
}

impl LaneView {
    /// True when people may walk this way now.
    pub fn is_open(&self, direction: Direction) -> bool {
        match direction {
            Direction::In => self.open_in,
            Direction::Out => self.open_out,
        }
    }

    /// How often it opened this way since the start.
    pub fn openings(&self, direction: Direction) -> u64 {
        match direction {
            Direction::In => self.openings_in,
            Direction::Out => self.openings_out,
        }
    }
}

/// Where a lane is, and what it has.
#[derive(Debug, Clone)]
pub struct LanePlace {
    /// Lane id.
    pub lane: String,
    /// Arms and walkers.
    pub world: WorldSettings,
    /// Stable name and speed of the board's terminal; nothing without a board.
    pub board: Option<(PathBuf, u32)>,
    /// Last part of the board's number.
    pub ordinal: u32,
    /// The firmware's image, if the board shall be a chip in QEMU.
    pub image: Option<Arc<Path>>,
}

/// The outside of one running lane.
#[derive(Debug, Clone)]
pub struct LaneHandle {
    /// Where it is.
    pub place: Arc<LanePlace>,
    commands: mpsc::Sender<LaneCommand>,
    view: watch::Receiver<LaneView>,
}

impl LaneHandle {
    /// Powers a lane up and starts its task on the current runtime.
    pub fn start(
        place: LanePlace,
        journal: Journal,
        timings: TimingSink,
    ) -> Result<Self, SimError> {
        let booted_ms = clock::mono_ns() / NS_PER_MS;
        let board = match &place.board {
            Some((link, baud)) => Some(BoardOnLine {
                board: brain_of(&place, booted_ms)?,
                port: Port::open(link.clone(), *baud)?,
                tap: Tap::default(),
            }),
            None => None,
        };
        let has_arm = board.is_some();
        let world = World::new(WorldSettings {
            has_arm,
            ..place.world
        });
        let (commands, orders) = mpsc::channel(COMMANDS_MAX);
        let first = LaneView {
            has_arm,
            open_in: !has_arm,
            open_out: !has_arm,
            openings_in: 0,
            openings_out: 0,
            walkers: 0,
            beam_outer: false,
            beam_inner: false,
            fire: false,
            tamper: false,
            plugged: true,
            heard: !has_arm,
        };
        let (shown, view) = watch::channel(first);
        let place = Arc::new(place);
        let task = LaneTask {
            place: Arc::clone(&place),
            world,
            board,
            beams: Levels::default(),
            openings: BTreeMap::new(),
            commanded_ns: BTreeMap::new(),
            journal,
            timings,
            shown,
        };
        tokio::spawn(task.run(orders));
        Ok(Self {
            place,
            commands,
            view,
        })
    }

    /// Gives an order.
    pub async fn order(&self, command: LaneCommand) -> Result<(), SimError> {
        let stopped = |_| SimError::Stopped {
            device: self.place.lane.clone(),
        };
        self.commands.send(command).await.map_err(stopped)
    }

    /// What can be seen now, and a way to wait for a change.
    pub fn view(&self) -> watch::Receiver<LaneView> {
        self.view.clone()
    }
}

fn brain_of(place: &LanePlace, booted_ms: u64) -> Result<Brain, SimError> {
    let session = session_of(place.ordinal);
    Ok(match &place.image {
        // The chip itself counts restarts in the lowest byte.
        Some(image) => Brain::Chip(Box::new(ChipBoard::start(
            image,
            place.ordinal,
            session >> 8,
        )?)),
        None => Brain::Native(Box::new(SimBoard::new(booted_ms, place.ordinal, session))),
    })
}

/// Differs from that of any earlier run: seconds of the wall clock, with room for resets in between.
fn session_of(ordinal: u32) -> u32 {
    let seconds = u64::try_from(clock::wall_ms()).unwrap_or(0) / 1_000;
    let low = u32::try_from(seconds & u64::from(u32::MAX >> 8)).unwrap_or(0);
    (low << 8).wrapping_add(ordinal << 5)
}

#[derive(Debug)]
struct Walker {
    visit: Option<u64>,
    person: Option<String>,
    done: Option<oneshot::Sender<WalkEnd>>,
}

struct BoardOnLine {
    board: Brain,
    port: Port<()>,
    tap: Tap,
}

struct LaneTask {
    place: Arc<LanePlace>,
    world: World<Walker>,
    board: Option<BoardOnLine>,
    beams: Levels,
    openings: BTreeMap<Direction, u64>,
    commanded_ns: BTreeMap<Direction, u64>,
    journal: Journal,
    timings: TimingSink,
    shown: watch::Sender<LaneView>,
}

impl LaneTask {
    /// Runs until every handle is gone.
    async fn run(mut self, mut orders: mpsc::Receiver<LaneCommand>) {
        let mut tick_ns = clock::mono_ns();
        loop {
            let next_ns = self
                .line_next_ns()
                .map_or(tick_ns, |line_ns| line_ns.min(tick_ns));
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
                (arrived_ns, bytes) = arrive(&mut self.board) => self.listen(arrived_ns, &bytes),
                () = until_ns(Some(next_ns)) => {}
            }
            self.step();
            let now_ns = clock::mono_ns();
            let tick = if self.world.is_busy() {
                BUSY_TICK_NS
            } else {
                IDLE_TICK_NS
            };
            tick_ns = if tick_ns <= now_ns {
                now_ns.saturating_add(tick)
            } else {
                tick_ns
            };
            tick_ns = tick_ns.min(now_ns.saturating_add(tick));
            self.show();
        }
    }

    fn line_next_ns(&self) -> Option<u64> {
        self.board.as_ref().and_then(|board| board.port.next_ns())
    }

    fn listen(&mut self, arrived_ns: u64, bytes: &[u8]) {
        let Some(board) = &mut self.board else { return };
        for heard in board.tap.listen(arrived_ns, bytes) {
            self.commanded_ns.insert(heard.direction, arrived_ns);
            self.timings.report(GateTiming {
                lane: self.place.lane.clone(),
                direction: heard.direction,
                kind: GateMoment::OpenArrived,
                mono_ns: heard.first_byte_ns,
            });
        }
    }

    /// Moves everything on to now: bytes, then pins and people, then bytes out.
    fn step(&mut self) {
        let now_ns = clock::mono_ns();
        let uptime_ms = now_ns / NS_PER_MS;
        if let Some(BoardOnLine { board, port, .. }) = &mut self.board {
            let received = port.take_received(now_ns);
            let answer = board.exchange(&received);
            if !answer.is_empty() {
                port.send(now_ns, &answer);
            }
        }
        let relays = self
            .board
            .as_ref()
            .map_or_else(Relays::default, |on_line| on_line.board.relays());
        let (beams, events) = self.world.tick(uptime_ms, relays);
        self.beams = beams;
        for event in events {
            self.see(now_ns, event);
        }
        if let Some(BoardOnLine { board, port, .. }) = &mut self.board {
            board.tick(uptime_ms, beams);
            port.deliver();
        }
    }

    fn see(&mut self, now_ns: u64, event: WorldEvent<Walker>) {
        let lane = self.place.lane.clone();
        match event {
            WorldEvent::ArmOpened(direction) => {
                let commanded = self
                    .commanded_ns
                    .remove(&direction)
                    .is_some_and(|at_ns| now_ns.saturating_sub(at_ns) <= COMMANDED_WITHIN_NS);
                let count = self.openings.entry(direction).or_default();
                *count = count.saturating_add(1);
                self.journal.write(Act::ArmOpened {
                    lane,
                    direction,
                    commanded,
                });
            }
            WorldEvent::ArmClosed(direction) => {
                self.journal.write(Act::ArmClosed { lane, direction });
            }
            WorldEvent::WalkEnded {
                walker:
                    Walker {
                        visit,
                        person,
                        done,
                    },
                direction,
                end,
            } => {
                let at = AtLane {
                    visit,
                    lane,
                    direction,
                    person,
                };
                self.journal.write(match end {
                    WalkEnd::Through => Act::WalkedThrough(at),
                    WalkEnd::Tailgated => Act::Tailgated(at),
                    WalkEnd::Intruded => Act::Intruded(at),
                    WalkEnd::TurnedBack(reason) => Act::TurnedBack { at, reason },
                });
                if let Some(done) = done {
                    // Who asked may have gone home.
                    let _gone: Result<(), WalkEnd> = done.send(end);
                }
            }
        }
    }

    fn obey(&mut self, order: LaneCommand) {
        let lane = self.place.lane.clone();
        match (order, &mut self.board) {
            (
                LaneCommand::Walk {
                    visit,
                    person,
                    direction,
                    style,
                    done,
                },
                _,
            ) => {
                self.world.walk(
                    Walker {
                        visit,
                        person,
                        done,
                    },
                    direction,
                    style,
                );
            }
            (_, None) => {}
            (LaneCommand::Fire(on), Some(on_line)) => {
                if on_line.board.contacts().0 != on {
                    on_line.board.set_fire(on);
                    self.journal.write(Act::Fire { lane, on });
                }
            }
            (LaneCommand::Tamper(on), Some(on_line)) => {
                if on_line.board.contacts().1 != on {
                    on_line.board.set_tamper(on);
                    self.journal.write(Act::Tamper { lane, on });
                }
            }
            (LaneCommand::Telegram(reader, bits), Some(on_line)) => {
                on_line
                    .board
                    .telegram(clock::mono_ns() / NS_PER_MS, reader, &bits);
            }
            (LaneCommand::ResetBoard, Some(on_line)) => {
                let restarted = on_line.board.reset(clock::mono_ns() / NS_PER_MS);
                if restarted.is_ok() {
                    self.journal.write(Act::BoardRestarted { lane });
                }
            }
            (LaneCommand::Unplug, Some(on_line)) => {
                if on_line.port.is_plugged() {
                    on_line.port.unplug();
                    self.journal.write(Act::Unplugged { device: lane });
                }
            }
            (LaneCommand::Plug, Some(on_line)) => {
                if !on_line.port.is_plugged() && on_line.port.plug().is_ok() {
                    self.journal.write(Act::Plugged { device: lane });
                }
            }
            (LaneCommand::WrongBaud(on), Some(on_line)) => {
                on_line.port.set_wrong_baud(on);
                self.journal.write(fault(lane, "wrong_baud"));
            }
            (LaneCommand::Noise(bytes), Some(on_line)) => {
                on_line.port.send(clock::mono_ns(), &bytes);
                self.journal.write(fault(lane, "noise"));
            }
        }
    }

    fn show(&self) {
        let openings = |direction| self.openings.get(&direction).copied().unwrap_or(0);
        let board = self.board.as_ref();
        let (fire, tamper) = board.map_or((false, false), |on_line| on_line.board.contacts());
        let now = LaneView {
            has_arm: board.is_some(),
            open_in: self.world.is_open(Direction::In),
            open_out: self.world.is_open(Direction::Out),
            openings_in: openings(Direction::In),
            openings_out: openings(Direction::Out),
            walkers: self.world.walkers(),
            beam_outer: self.beams.outer,
            beam_inner: self.beams.inner,
            fire,
            tamper,
            plugged: board.is_none_or(|on_line| on_line.port.is_plugged()),
            heard: board.is_none_or(|on_line| on_line.tap.whole_requests() > 0),
        };
        self.shown.send_if_modified(|view| {
            let changed = *view != now;
            *view = now;
            changed
        });
    }
}

fn fault(device: String, kind: &str) -> Act {
    let kind = kind.to_owned();
    Act::Fault { device, kind }
}

/// Bytes for the board, with the time when they arrived; none when the board did something by
/// itself; never, without a board.
async fn arrive(board: &mut Option<BoardOnLine>) -> (u64, Vec<u8>) {
    let Some(BoardOnLine { board, port, .. }) = board else {
        return std::future::pending().await;
    };
    tokio::select! {
        arrived = port.arrive() => arrived,
        () = board.stirs() => (clock::mono_ns(), Vec::new()),
    }
}
