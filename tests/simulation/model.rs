//! The obvious answer: who may pass, and what stands where, as sets and maps.

use std::collections::{BTreeMap, BTreeSet};

use edge_domain::Direction;
use sync_wire::record::PresentationResult;
use sync_wire::{Kind, Record};

use super::city::Name;
use super::fault::{Promise, Step};
use super::file;
use super::happening::Gate;
use super::people::{self, Standing, Who};

/// A record by its first name and its bytes: carrying it over makes no other act of it.
pub(super) type Act = (String, u64, Vec<u8>);
/// An event of a gate board: factory number, boot, number.
pub(super) type BoardName = (String, u32, u16);

/// What must stand in a box's file.
#[derive(Debug, Clone, Default)]
pub(super) struct Paper {
    /// Every epoch with its records, oldest first.
    pub(super) epochs: Vec<(String, Vec<Vec<u8>>)>,
    events: BTreeSet<BoardName>,
    newest: BTreeMap<String, (u32, u16)>,
    /// What the newest epoch carries over.
    carried: BTreeSet<Act>,
    /// Version of the roster in force.
    pub(super) roster: u64,
}

#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) papers: Vec<Paper>,
    /// Everything that was ever written under a name.
    ever: BTreeMap<(Name, u64), BTreeSet<Vec<u8>>>,
    /// How far the city ever had an epoch.
    pub(super) stored: BTreeMap<Name, u64>,
    /// Openings without a record, and how many of them were recorded as a count.
    pub(super) opened: BTreeMap<Gate, u64>,
    pub(super) counted: BTreeMap<Gate, u64>,
    /// The newest of those openings: a busy gate is asked again for the same one.
    newest_opening: BTreeMap<Gate, u32>,
    /// Events that a lane holds alone.
    held: BTreeSet<(Gate, BoardName)>,
    /// What the lanes said to whom, by version of the roster.
    answers: BTreeMap<(u64, Who, bool), bool>,
}

impl Model {
    /// Whether the arm is to open.
    pub(super) fn may_pass(version: u64, who: Who, direction: Direction) -> bool {
        match (direction, who) {
            (Direction::Out, _) => true,
            (Direction::In, Who::Worker(worker)) => {
                people::standing(version, worker) == Standing::Good
            }
            (Direction::In, Who::Stranger | Who::Unreadable) => false,
        }
    }

    /// A lane has decided: as it must, and as every other lane with this roster.
    pub(super) fn decided(
        &mut self,
        version: u64,
        (who, direction): (Who, Direction),
        granted: bool,
    ) -> Step<()> {
        let must = Self::may_pass(version, who, direction);
        let is_right = granted == must;
        let what = || format!("{who:?} {direction:?} with roster {version}: granted {granted}");
        let promise = if direction == Direction::Out {
            Promise::Trapped
        } else {
            Promise::Other
        };
        promise.holds(is_right, what)?;
        let key = (version, who, direction == Direction::In);
        let before = *self.answers.entry(key).or_insert(granted);
        Promise::Other.holds(before == granted, || "two lanes differ".to_owned())
    }

    /// The file has these records now, behind all others of the epoch.
    pub(super) fn committed(
        &mut self,
        (of, name): (usize, &str),
        (epoch, first): (&str, u64),
        bodies: &[Vec<u8>],
    ) -> Step<()> {
        let paper = &mut self.papers[of];
        if paper.epochs.last().is_none_or(|(last, _)| last != epoch) {
            let known = paper.epochs.iter().any(|(known, _)| known == epoch);
            Promise::Reordered.holds(!known, || format!("{epoch} is written to again"))?;
            paper.epochs.push((epoch.to_owned(), Vec::new()));
            paper.carried.clear();
        }
        for (seq, body) in (first..).zip(bodies) {
            let Some((_, records)) = paper.epochs.last_mut() else {
                continue;
            };
            let next = records.len() as u64 + 1;
            Promise::Lost.holds(seq == next, || format!("record {seq} follows {}", next - 1))?;
            records.push(body.clone());
            let place = ((name.to_owned(), epoch.to_owned()), seq);
            self.ever.entry(place).or_default().insert(body.clone());
            note(paper, body)?;
            if let Kind::Emergency(one) = Record::from_body(body)?.kind {
                let gate = (of, usize::from(one.lane.ends_with('2')));
                *self.counted.entry(gate).or_default() += u64::from(one.openings);
            }
        }
        Ok(())
    }

    /// The record that an opening rests on: of the newest epoch or the one before.
    pub(super) fn record(&self, of: usize, token: u32) -> Option<(&str, u64, &Vec<u8>)> {
        let seq = u64::from(token & 0x3fff_ffff);
        let is_odd = token & 0x4000_0000 != 0;
        let mut epochs = self.papers[of].epochs.iter().enumerate().rev().take(2);
        let (_, (epoch, records)) = epochs.find(|(place, _)| (place % 2 == 0) == is_odd)?;
        let place = usize::try_from(seq.checked_sub(1)?).ok()?;
        Some((epoch.as_str(), seq, records.get(place)?))
    }

    /// Whether this record lets somebody through this gate, this way, since this boot.
    pub(super) fn opens(body: &[u8], lane: &str, direction: Direction, boot: u32) -> bool {
        let Ok(record) = Record::from_body(body) else {
            return false;
        };
        let Kind::Presentation(one) = record.kind else {
            return false;
        };
        one.result == PresentationResult::Granted
            && one.lane == lane
            && one.direction == file::direction(direction)
            && record.stamp.boot == boot
    }

    /// The board may forget an event: it is on paper, or, while the ledger fails, with the lane.
    pub(super) fn acknowledged(
        &mut self,
        gate: Gate,
        event: BoardName,
        ledger_fails: bool,
    ) -> Step<()> {
        if self.papers[gate.0].events.contains(&event) {
            return Ok(());
        }
        Promise::Lost.holds(ledger_fails, || format!("{event:?} is acknowledged first"))?;
        self.held.insert((gate, event));
        Ok(())
    }

    /// The arm is to open although nothing is on record.
    pub(super) fn opened_without_record(&mut self, gate: Gate, token: u32) {
        if self.newest_opening.insert(gate, token) != Some(token) {
            *self.opened.entry(gate).or_default() += 1;
        }
    }

    /// The box is without power: what lanes held and counted is gone.
    pub(super) fn power_cut(&mut self, of: usize) {
        self.held.retain(|(gate, _)| gate.0 != of);
        for (gate, opened) in &mut self.opened {
            if gate.0 == of {
                *opened = self.counted.get(gate).copied().unwrap_or(0);
            }
        }
        self.newest_opening.retain(|gate, _| gate.0 != of);
    }

    /// What a lane held or counted is on paper by now.
    pub(super) fn check_lanes(&self) -> Step<()> {
        for (gate, event) in &self.held {
            let is_there = self.papers[gate.0].events.contains(event);
            Promise::Lost.holds(is_there, || format!("{event:?} was held and is nowhere"))?;
        }
        for (gate, opened) in &self.opened {
            let counted = self.counted.get(gate).copied().unwrap_or(0);
            let what = || format!("{gate:?} opened {opened} times without, {counted} counted");
            Promise::OpenedWithoutRecord.holds(counted == *opened, what)?;
        }
        Ok(())
    }

    /// How far an epoch may count as settled.
    pub(super) fn settled(&self, name: &Name) -> u64 {
        self.stored.get(name).copied().unwrap_or(0)
    }

    /// Every act in a box's file.
    pub(super) fn acts(&self, of: usize) -> BTreeSet<Act> {
        let epochs = self.papers[of].epochs.iter();
        let rows = epochs.flat_map(|(epoch, records)| {
            let records = (1..).zip(records);
            records.map(move |(seq, body)| act(epoch, seq, body))
        });
        rows.collect()
    }

    /// Whether this record was ever written under this name.
    pub(super) fn was_written(&self, name: &Name, seq: u64, body: &[u8]) -> bool {
        let written = self.ever.get(&(name.clone(), seq));
        written.is_some_and(|bodies| bodies.contains(body))
    }
}

/// The act of a record: of one that was carried over, the one that it carries.
pub(super) fn act(epoch: &str, seq: u64, body: &[u8]) -> Act {
    match Record::from_body(body).map(|record| record.kind) {
        Ok(Kind::Carried(one)) => (one.epoch, one.seq, one.body),
        _ => (epoch.to_owned(), seq, body.to_owned()),
    }
}

fn note(paper: &mut Paper, body: &[u8]) -> Step<()> {
    let board = match Record::from_body(body)?.kind {
        Kind::Passage(one) => one.board,
        Kind::Gate(one) => one.board,
        Kind::RosterApplied(one) => {
            paper.roster = one.version;
            None
        }
        Kind::Carried(_) => {
            let new = paper.carried.insert(act("", 0, body));
            return Promise::Duplicated.holds(new, || "one record is carried twice".to_owned());
        }
        _ => None,
    };
    if let Some(event) = board
        && let Some(uid) = event.uid
    {
        let place = (event.boot, event.seq);
        let new = paper.events.insert((uid.clone(), event.boot, event.seq));
        Promise::Duplicated.holds(new, || format!("{uid} {place:?} is recorded twice"))?;
        let before = paper.newest.insert(uid, place);
        let follows = before.is_none_or(|before| before < place);
        Promise::Reordered.holds(follows, || format!("{place:?} follows {before:?}"))?;
    }
    Ok(())
}
