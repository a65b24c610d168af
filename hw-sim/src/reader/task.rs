//! One reader on its terminal: moves bytes, keeps the journal, obeys hands and faults.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::{mpsc, watch};

use super::faults::ReaderFault;
use super::sam::{CardState, Outgoing, ReadOutcome, ReaderTimes, SamReader};
use crate::clock;
use crate::direction::Direction;
use crate::error::SimError;
use crate::journal::{Act, AtReader, Journal};
use crate::line::{Delivered, Port};
use crate::people::Person;
use crate::seed::Seeded;
use crate::settings::{GateMoment, GateTiming, TimingSink};
use crate::wait::until_ns;

/// A reply that the box has not taken after this time was written into the void. On a busy computer
/// the box takes what it gets a second later.
const TAKEN_WITHIN_NS: u64 = 2_000_000_000;
/// How often to look whether the box has taken the reply.
const LOOK_NS: u64 = 1_000_000;
/// Orders that may wait for the reader's task.
const COMMANDS_MAX: usize = 16;

/// What people and the script do to a reader.
#[derive(Debug)]
pub enum ReaderCommand {
    /// Put a card on it.
    Put {
        /// Number of the turn.
        visit: u64,
        /// Whose card.
        person: Arc<Person>,
    },
    /// Take the card off it.
    Lift,
    /// Arm a fault.
    Fault(ReaderFault),
    /// Pull the cable.
    Unplug,
    /// Put the cable in.
    Plug,
}

/// What can be seen of a reader from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReaderView {
    /// The cable is in.
    pub plugged: bool,
    /// The box has spoken to it since the start.
    pub heard: bool,
    /// Number on the card that lies on it.
    pub person: Option<String>,
    /// Turn of that card.
    pub visit: Option<u64>,
    /// What the reader knows of it.
    pub state: CardState,
    /// The turn whose card the box has read last, whole.
    pub read_visit: Option<u64>,
    /// Whole replies taken by the box since the start.
    pub reads_ok: u64,
    /// Base reads that gave the box nothing.
    pub reads_failed: u64,
}

/// Where a reader stands.
#[derive(Debug, Clone)]
pub struct ReaderPlace {
    /// Reader id, also the name of its terminal.
    pub reader: String,
    /// Lane id.
    pub lane: String,
    /// The way it faces.
    pub direction: Direction,
    /// Stable name of the terminal.
    pub link: PathBuf,
    /// Line speed in bits a second.
    pub baud: u32,
    /// Last part of the serial number.
    pub ordinal: u32,
}

/// The outside of one running reader.
#[derive(Debug, Clone)]
pub struct ReaderHandle {
    /// Where it stands.
    pub place: Arc<ReaderPlace>,
    commands: mpsc::Sender<ReaderCommand>,
    view: watch::Receiver<ReaderView>,
}

impl ReaderHandle {
    /// Plugs a reader in and starts its task on the current runtime.
    pub fn start(
        place: ReaderPlace,
        times: ReaderTimes,
        journal: Journal,
        timings: TimingSink,
    ) -> Result<Self, SimError> {
        let port = Port::open(place.link.clone(), place.baud)?;
        let seeded = Seeded::new(u64::from(place.ordinal)).fork(0x5A);
        let place = Arc::new(place);
        let (commands, orders) = mpsc::channel(COMMANDS_MAX);
        let first = ReaderView {
            plugged: true,
            heard: false,
            person: None,
            visit: None,
            state: CardState::NoCard,
            read_visit: None,
            reads_ok: 0,
            reads_failed: 0,
        };
        let (shown, view) = watch::channel(first);
        let task = ReaderTask {
            sam: SamReader::new(times, place.ordinal, seeded),
            place: Arc::clone(&place),
            port,
            journal,
            timings,
            shown,
            not_taken: VecDeque::new(),
        };
        tokio::spawn(task.run(orders));
        Ok(Self {
            place,
            commands,
            view,
        })
    }

    /// Gives an order.
    pub async fn order(&self, command: ReaderCommand) -> Result<(), SimError> {
        let stopped = |_| SimError::Stopped {
            device: self.place.reader.clone(),
        };
        self.commands.send(command).await.map_err(stopped)
    }

    /// What can be seen now, and a way to wait for a change.
    pub fn view(&self) -> watch::Receiver<ReaderView> {
        self.view.clone()
    }
}

struct ReaderTask {
    sam: SamReader,
    place: Arc<ReaderPlace>,
    port: Port<Behind>,
    journal: Journal,
    timings: TimingSink,
    shown: watch::Sender<ReaderView>,
    /// Whole replies written, not yet seen to be taken, with the time to give up.
    not_taken: VecDeque<(u64, ReadOutcome)>,
}

/// What stands behind the last byte of a reply.
enum Behind {
    Read(ReadOutcome),
    Baud(u32),
}

impl ReaderTask {
    /// Runs until every handle is gone.
    async fn run(mut self, mut orders: mpsc::Receiver<ReaderCommand>) {
        loop {
            let next_ns = self.next_ns();
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
                _ = self.port.arrive() => {}
                () = until_ns(next_ns) => {}
            }
            self.step();
            self.show();
        }
    }

    fn next_ns(&self) -> Option<u64> {
        let looking =
            (!self.not_taken.is_empty()).then(|| clock::mono_ns().saturating_add(LOOK_NS));
        [self.sam.next_ns(), self.port.next_ns(), looking]
            .into_iter()
            .flatten()
            .min()
    }

    fn step(&mut self) {
        let now_ns = clock::mono_ns();
        let received = self.port.take_received(now_ns);
        self.sam.receive(now_ns, &received);
        for outgoing in self.sam.poll(now_ns) {
            self.carry_out(now_ns, outgoing);
        }
        for delivered in self.port.deliver() {
            self.delivered(delivered);
        }
        self.settle_taken(now_ns);
    }

    fn carry_out(&mut self, now_ns: u64, outgoing: Outgoing) {
        match outgoing {
            Outgoing::Bytes {
                bytes,
                outcome,
                baud,
            } => {
                self.port.send(now_ns, &bytes);
                if let Some(outcome) = outcome {
                    self.port.mark(Behind::Read(outcome));
                }
                if let Some(baud) = baud {
                    self.port.mark(Behind::Baud(baud));
                }
            }
            Outgoing::Unanswered(outcome) => self.failed(outcome),
            Outgoing::Lifted { visit, person } => {
                self.journal.write(Act::CardLifted(self.at(visit, person)));
            }
        }
    }

    fn delivered(&mut self, delivered: Delivered<Behind>) {
        let Delivered {
            mark,
            mono_ns,
            whole,
            garbled,
        } = delivered;
        let mut outcome = match mark {
            Behind::Baud(baud) => return self.port.set_baud(baud),
            Behind::Read(outcome) => outcome,
        };
        if outcome.cause.is_none() && garbled {
            outcome.cause = Some("wrong_baud".to_owned());
        } else if outcome.cause.is_none() && !whole {
            outcome.cause = Some("not_taken".to_owned());
        }
        if outcome.cause.is_some() {
            return self.failed(outcome);
        }
        let place = &self.place;
        self.timings.report(GateTiming {
            lane: place.lane.clone(),
            direction: place.direction,
            kind: GateMoment::ReplyWritten,
            mono_ns,
        });
        self.not_taken
            .push_back((mono_ns.saturating_add(TAKEN_WITHIN_NS), outcome));
    }

    /// A whole reply counts once the box has emptied its input queue; not before, and not much later.
    fn settle_taken(&mut self, now_ns: u64) {
        let taken = !self.not_taken.is_empty() && self.port.is_taken();
        while let Some((give_up_ns, outcome)) = self.not_taken.pop_front() {
            if taken {
                self.shown.send_modify(|view| {
                    view.read_visit = Some(outcome.visit);
                    view.reads_ok = view.reads_ok.saturating_add(1);
                });
                self.journal
                    .write(Act::ReadOk(self.at(outcome.visit, outcome.person)));
            } else if now_ns >= give_up_ns {
                self.failed(ReadOutcome {
                    cause: Some("not_taken".to_owned()),
                    ..outcome
                });
            } else {
                self.not_taken.push_front((give_up_ns, outcome));
                return;
            }
        }
    }

    fn failed(&mut self, outcome: ReadOutcome) {
        self.shown
            .send_modify(|view| view.reads_failed = view.reads_failed.saturating_add(1));
        let cause = outcome.cause.unwrap_or_else(|| "unknown".to_owned());
        self.journal.write(Act::ReadFailed {
            at: self.at(outcome.visit, outcome.person),
            cause,
        });
    }

    fn obey(&mut self, order: ReaderCommand) {
        let device = || self.place.reader.clone();
        match order {
            ReaderCommand::Put { visit, person } => {
                let number = person.number.clone();
                if self.sam.put(visit, person) {
                    self.journal.write(Act::CardPut(self.at(visit, number)));
                }
            }
            ReaderCommand::Lift => {
                if let Some((visit, person)) = self.sam.lift() {
                    self.journal.write(Act::CardLifted(self.at(visit, person)));
                }
            }
            ReaderCommand::Fault(fault) => {
                let kind = fault.name().to_owned();
                self.journal.write(Act::Fault {
                    device: device(),
                    kind,
                });
                if let ReaderFault::WrongBaud { on } = fault {
                    self.port.set_wrong_baud(on);
                }
                self.sam.arm(fault);
            }
            ReaderCommand::Unplug => {
                if self.port.is_plugged() {
                    self.journal.write(Act::Unplugged { device: device() });
                    self.pull_cable();
                }
            }
            ReaderCommand::Plug => {
                if !self.port.is_plugged() && self.port.plug().is_ok() {
                    self.journal.write(Act::Plugged { device: device() });
                }
            }
        }
    }

    fn pull_cable(&mut self) {
        let on_the_wire = self
            .port
            .unplug()
            .into_iter()
            .filter_map(|behind| match behind {
                Behind::Read(outcome) => Some(outcome),
                Behind::Baud(_) => None,
            });
        let unseen = self.not_taken.drain(..).map(|(_, outcome)| outcome);
        let lost: Vec<_> = on_the_wire.chain(unseen).collect();
        for outcome in lost {
            self.failed(ReadOutcome {
                cause: Some("unplugged".to_owned()),
                ..outcome
            });
        }
        self.sam.power_lost();
    }

    fn show(&self) {
        let (visit, person) = match self.sam.card() {
            Some((visit, person)) => (Some(visit), Some(person)),
            None => (None, None),
        };
        self.shown.send_if_modified(|view| {
            let now = ReaderView {
                plugged: self.port.is_plugged(),
                heard: self.sam.commands_heard() > 0,
                person: person.map(str::to_owned),
                visit,
                state: self.sam.state(),
                ..view.clone()
            };
            let changed = now != *view;
            *view = now;
            changed
        });
    }

    fn at(&self, visit: u64, person: String) -> AtReader {
        AtReader {
            visit,
            reader: self.place.reader.clone(),
            lane: self.place.lane.clone(),
            direction: self.place.direction,
            person,
        }
    }
}
