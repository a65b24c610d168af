//! A box with its gates: carries out what lanes want, one commit after the other.

use edge_domain::{EmergencyMode, LaneInput, Record};
use edge_store::{Entry, StoreError, Writer};
use sync_engine::Input;
use sync_wire::{Ack, Kind, Topic};

use super::board::Board;
use super::fault::{Promise, Step};
use super::file::{self, Files, wait};
use super::gates::turn_token;
use super::happening::{Cut, Disk, GATES};
use super::life::{Birth, Life, moment};
use super::model::Model;
use super::people;

/// Most records of one commit.
const BATCH_MAX: usize = 32;
/// Effects of one moment, at most: more would never end.
const EFFECTS_MAX: u32 = 10_000;

/// What everything that happens is written into, and judged by.
#[derive(Debug)]
pub(super) struct Court<'a> {
    pub(super) model: &'a mut Model,
    pub(super) log: &'a mut Vec<String>,
    pub(super) now_ms: u64,
}

/// A message on its way to the city.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) topic: Topic,
    pub(super) payload: Vec<u8>,
    /// Of which question: what was sent before the last hello counts in no window.
    pub(super) hello: u64,
    pub(super) is_copy: bool,
}

pub(super) struct SiteBox {
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) life: Option<Life>,
    pub(super) boards: Vec<Board>,
    pub(super) up: Vec<Letter>,
    pub(super) down: Vec<Ack>,
    pub(super) line: bool,
    pub(super) disk: Disk,
    pub(super) cut: Option<Cut>,
    pub(super) offset_ms: i64,
    pub(super) boots: u32,
    pub(super) hellos: u64,
    pub(super) epochs_made: u64,
    pub(super) copy: Option<super::model::Paper>,
    /// The city may have less than it had.
    pub(super) city_fell: bool,
    /// That it has less was told.
    pub(super) fall_told: bool,
    refusing: Writer,
}

impl SiteBox {
    pub(super) fn new(number: usize) -> Step<Self> {
        let full = StoreError::Closed;
        Ok(Self {
            number,
            name: format!("box-{}", number + 1),
            life: None,
            boards: (0..GATES)
                .map(|gate| Board::new(u8::try_from(number * GATES + gate + 1).unwrap_or(0)))
                .collect(),
            up: Vec::new(),
            down: Vec::new(),
            line: true,
            disk: Disk::Works,
            cut: None,
            offset_ms: 0,
            boots: 0,
            hellos: 0,
            epochs_made: 0,
            copy: None,
            city_fell: false,
            fall_told: false,
            refusing: Writer::refusing(full)?,
        })
    }

    /// The name of the next epoch; chance would be none.
    pub(super) fn next_epoch(&mut self) -> String {
        self.epochs_made += 1;
        let seed = self.number as u64 * 1_000_000 + self.epochs_made;
        format!("{:016x}", crate::Dice::new(seed).any())
    }

    /// The power is there: the process starts.
    pub(super) fn start(&mut self, files: &Files, court: &mut Court<'_>) -> Step<()> {
        if self.life.is_some() {
            return Ok(());
        }
        self.boots += 1;
        let birth = Birth {
            name: self.name.clone(),
            now_ms: court.now_ms,
            offset_ms: self.offset_ms,
            boots: self.boots,
            emergency_entry: self.emergency_entry(),
        };
        let (life, (epoch, first, bodies)) = Life::begin(files.open(&self.name)?, &birth)?;
        let of = (self.number, self.name.as_str());
        court.model.committed(of, (&epoch, first), &bodies)?;
        let must = court.model.papers[self.number].roster;
        let what = || format!("roster {} is in force, not {must}", life.roster_version);
        Promise::Lost.holds(life.roster_version == must, what)?;
        self.boards.iter_mut().for_each(Board::meet);
        self.life = Some(life);
        self.settle(court)
    }

    /// The second box lets people in while its ledger fails, counted.
    fn emergency_entry(&self) -> EmergencyMode {
        if self.number == 1 {
            EmergencyMode::Counted
        } else {
            EmergencyMode::Off
        }
    }

    /// The power is gone.
    pub(super) fn die(&mut self, court: &mut Court<'_>) {
        if let Some(life) = self.life.take() {
            // As a crash: the file is not closed clean.
            drop(life.store);
            court.log.push(format!("{} is without power", self.name));
            court.model.power_cut(self.number);
        }
        self.cut = None;
        self.down.clear();
    }

    fn writer(&self, life: &Life) -> Writer {
        match self.disk {
            Disk::Full => self.refusing.clone(),
            Disk::Works | Disk::Slow => life.writer.clone(),
        }
    }

    /// Everything that happens by itself at this moment: events of boards, commits, answers.
    pub(super) fn pump(&mut self, court: &mut Court<'_>) -> Step<()> {
        for _ in 0..EFFECTS_MAX {
            if !self.tell_one(court)? && !self.commit_one(court)? {
                return self.settle(court);
            }
        }
        Promise::Other.broken("a moment that never ends")
    }

    fn tell_one(&mut self, court: &mut Court<'_>) -> Step<bool> {
        let Some(life) = &self.life else {
            return Ok(false);
        };
        let salt = life.salt;
        for gate in 0..GATES {
            if let Some(mut report) = self.boards[gate].tell(court.now_ms) {
                turn_token(&mut report, salt);
                self.tell(gate, LaneInput::Gate(report), court)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn commit_one(&mut self, court: &mut Court<'_>) -> Step<bool> {
        let Some(life) = &mut self.life else {
            return Ok(false);
        };
        let waits = |desk: &super::life::LaneDesk| !desk.waiting.is_empty();
        let Some(gate) = life.lanes.iter().position(waits) else {
            return Ok(false);
        };
        if self.disk == Disk::Slow {
            life.failed_ms = Some(court.now_ms);
            return Ok(false);
        }
        if self.cut == Some(Cut::BeforeCommit) {
            self.die(court);
            return Ok(true);
        }
        let waiting = &mut life.lanes[gate].waiting;
        let batch: Vec<_> = waiting.drain(..waiting.len().min(BATCH_MAX)).collect();
        let epoch_no = life.writer.epoch_no();
        let bodies = batch.iter().map(|(_, record)| file::body(record, epoch_no));
        let bodies: Vec<Vec<u8>> = bodies.collect::<Step<_>>()?;
        match self.append(bodies, Vec::new(), court)? {
            Some((epoch_no, first)) => self.answer(gate, batch, (epoch_no, first), court)?,
            None => {
                for (ticket, _) in batch {
                    self.tell(gate, LaneInput::RecordFailed { ticket }, court)?;
                }
            }
        }
        Ok(true)
    }

    fn answer(
        &mut self,
        gate: usize,
        batch: Vec<(edge_domain::Ticket, Record)>,
        (epoch_no, first): (u32, u64),
        court: &mut Court<'_>,
    ) -> Step<()> {
        if self.cut == Some(Cut::AfterCommit) {
            self.die(court);
        }
        for (seq, (ticket, record)) in (first..).zip(batch) {
            let Some(life) = &mut self.life else {
                return Ok(());
            };
            life.presence.apply(&record);
            let seq = edge_daemon::number(epoch_no, seq);
            let effects = self.feed(gate, LaneInput::Recorded { ticket, seq }, court)?;
            if self.cut == Some(Cut::AfterAnswer) {
                self.die(court);
            }
            self.carry_out(gate, effects, court)?;
        }
        Ok(())
    }

    /// Writes records; the number of their epoch and of the first, or nothing where the disk is full.
    pub(super) fn append(
        &mut self,
        bodies: Vec<Vec<u8>>,
        notes: Vec<(String, String)>,
        court: &mut Court<'_>,
    ) -> Step<Option<(u32, u64)>> {
        let Some(life) = &self.life else {
            return Ok(None);
        };
        let epoch = life.epoch()?;
        let writer = self.writer(life);
        let entries = bodies.iter().cloned().map(Entry::new).collect();
        let appended = match wait(writer.append_and_note(entries, notes)) {
            Ok(appended) => appended,
            Err(error) => {
                let full = self.disk == Disk::Full;
                Promise::Other.holds(full, || format!("no commit: {error}"))?;
                if let Some(life) = &mut self.life {
                    life.failed_ms = Some(court.now_ms);
                }
                return Ok(None);
            }
        };
        let of = (self.number, self.name.as_str());
        let place = (epoch.name.as_str(), appended.first_seq);
        court.model.committed(of, place, &bodies)?;
        self.grown()?;
        Ok(Some((appended.epoch_no, appended.first_seq)))
    }

    /// The engine hears how far the ledger is.
    pub(super) fn grown(&mut self) -> Step<()> {
        let Some(life) = &mut self.life else {
            return Ok(());
        };
        let head = *life.writer.head().borrow();
        if head != life.head {
            life.head = head;
            life.inputs.push_back(Input::Head(head));
        }
        Ok(())
    }

    /// A later roster comes into force, with its record.
    pub(super) fn new_roster(&mut self, steps: u64, court: &mut Court<'_>) -> Step<()> {
        let Some(life) = &self.life else {
            return Ok(());
        };
        let version = life.roster_version + steps;
        if self.disk == Disk::Slow {
            return Ok(());
        }
        let now = moment((life.begun_ms, court.now_ms), self.offset_ms, life.boot);
        let applied = Kind::RosterApplied(sync_wire::record::RosterApplied {
            version,
            digest: format!("{version:064x}"),
            added: 0,
            changed: 0,
            revoked: 0,
        });
        let body = file::own(now, applied)?;
        if self.append(vec![body], Vec::new(), court)?.is_some()
            && let Some(life) = &mut self.life
        {
            life.roster_version = version;
            life.roster = people::roster(version)?;
            life.inputs.push_back(Input::RosterApplied { version });
        }
        self.pump(court)
    }

    /// Wakes lanes whose time has come, and closes arms that nobody used.
    pub(super) fn keep_time(&mut self, court: &mut Court<'_>) -> Step<()> {
        for board in &mut self.boards {
            board.keep_time(court.now_ms);
        }
        for gate in 0..GATES {
            let Some(life) = &mut self.life else {
                break;
            };
            let wake = &mut life.lanes[gate].wake_at_ms;
            if wake.is_some_and(|at| at <= court.now_ms) {
                *wake = None;
                self.tell(gate, LaneInput::Wake, court)?;
            }
        }
        self.pump(court)
    }

    /// When something happens here by itself next, true time.
    pub(super) fn next_ms(&self) -> Option<u64> {
        let boards = self.boards.iter().filter_map(Board::deadline);
        let life = self.life.as_ref();
        let lanes = life.into_iter().flat_map(|life| &life.lanes);
        let lanes = lanes.filter_map(|desk| desk.wake_at_ms);
        let engine = life.and_then(|life| {
            let due = life.engine.poll_timeout()?.0;
            Some(life.begun_ms + due)
        });
        let cursors = life.and_then(|life| life.cursors_due_ms);
        boards.chain(lanes).chain(engine).chain(cursors).min()
    }

    /// Nothing is under way at the gates.
    pub(super) fn is_idle(&self, now_ms: u64) -> bool {
        let Some(life) = &self.life else {
            return false;
        };
        let now = moment((life.begun_ms, now_ms), self.offset_ms, life.boot);
        let idle = |desk: &super::life::LaneDesk| {
            desk.waiting.is_empty() && desk.lane.unrecorded(now).is_empty()
        };
        life.lanes.iter().all(idle) && self.boards.iter().all(Board::is_empty)
    }
}
