//! A box between two power cuts: what its process holds in memory.

use std::collections::{BTreeMap, VecDeque};

use edge_daemon::epochs;
use edge_domain::{
    ClockQuality, EmergencyMode, Lane, LaneId, LaneSettings, Mismatches, Moment, Policy, Presence,
    Record, Roster, Sensing, SiteView, Ticket,
};
use edge_store::{Entry, Epoch, Reader, Store, StoreError, Writer};
use sync_engine::{Engine, Identity, Input, PastFork, Settings, Start};
use sync_wire::record::{EpochBegan, EpochReason, Started};
use sync_wire::{Head, Kind};

use super::fault::Step;
use super::file::{self, wait};
use super::happening::GATES;
use super::people;

/// 2026-11-23 06:00 in Beijing; also the floor of every clock.
pub(super) const BEGIN_MS: i64 = 1_795_384_800_000;
pub(super) const SITE: &str = "3499002026TEST001";
/// The setting that remembers the last fork.
pub(super) const LAST_FORK: &str = "last_fork";

/// Through where the city has an epoch, and the ranges that it has beyond.
pub(super) type CityHas = (u64, Vec<(u64, u64)>);

/// A lane at work.
#[derive(Debug)]
pub(super) struct LaneDesk {
    pub(super) lane: Lane,
    /// What waits for the ledger.
    pub(super) waiting: Vec<(Ticket, Record)>,
    pub(super) wake_at_ms: Option<u64>,
}

pub(super) struct Life {
    pub(super) store: Store,
    pub(super) writer: Writer,
    pub(super) reader: Reader,
    pub(super) lanes: Vec<LaneDesk>,
    pub(super) engine: Engine,
    pub(super) head: Head,
    /// What the engine is still to hear.
    pub(super) inputs: VecDeque<Input>,
    pub(super) connected: bool,
    pub(super) cursors: BTreeMap<String, CityHas>,
    pub(super) cursors_due_ms: Option<u64>,
    /// What the last status said, by epoch: it never falls by itself.
    pub(super) acked: (String, u64),
    pub(super) roster_version: u64,
    pub(super) roster: Roster,
    pub(super) presence: Presence,
    pub(super) mismatches: Mismatches,
    pub(super) policy: Policy,
    pub(super) boot: u32,
    /// Tells this epoch's tokens from another's.
    pub(super) salt: u32,
    /// True time of the boot, ms.
    pub(super) begun_ms: u64,
    /// When its ledger failed last, true time: what follows may be without it.
    pub(super) failed_ms: Option<u64>,
}

/// Which box begins, when and by which clock.
#[derive(Debug, Clone)]
pub(super) struct Birth {
    pub(super) name: String,
    pub(super) now_ms: u64,
    pub(super) offset_ms: i64,
    pub(super) boots: u32,
    pub(super) emergency_entry: EmergencyMode,
}

/// What a beginning wrote into the file: epoch, first number, records.
pub(super) type Written = (String, u64, Vec<Vec<u8>>);

/// The time as a box has it.
pub(super) fn moment((begun_ms, now_ms): (u64, u64), offset_ms: i64, boot: u32) -> Moment {
    let wall_ms = BEGIN_MS.saturating_add_unsigned(now_ms) + offset_ms;
    let quality = match offset_ms {
        0 => ClockQuality::Synced,
        _ if wall_ms < BEGIN_MS => ClockQuality::Unset,
        _ => ClockQuality::Holdover,
    };
    Moment {
        wall_ms: wall_ms.max(BEGIN_MS),
        boot,
        mono_ms: now_ms - begun_ms,
        quality,
    }
}

impl Life {
    /// The process starts on what the file says.
    pub(super) fn begin(store: Store, birth: &Birth) -> Step<(Self, Written)> {
        let (writer, facts) = (store.writer(), store.facts().clone());
        let boot = wait(writer.boot_number(&format!("boot-{}", birth.boots)))?;
        let now = moment((birth.now_ms, birth.now_ms), birth.offset_ms, boot);
        let written = first_records(&facts.epoch, facts.epoch_is_new, (birth, now))?;
        let entries = written.iter().cloned().map(Entry::new).collect();
        let appended = wait(writer.append(entries))?;
        let reader = store.reader()?;
        wait(writer.catch_up())?;
        let roster_version = reader.roster_version()?.unwrap_or(0);
        let identity = Identity {
            site: SITE.to_owned(),
            box_name: birth.name.clone(),
            software: "menwei 0.1.0".to_owned(),
            device_key: None,
        };
        let mut epochs = epochs(&reader)?;
        let current = epochs.pop().ok_or(StoreError::Closed)?;
        let start = Start {
            last_fork: last_fork(&reader, &now)?,
            roster_version: Some(roster_version),
            current: current.clone(),
        };
        let settings = Settings {
            bulk_records_max: 9,
            bulk_window: 3,
            live_queue_max: 12,
            ..Settings::default()
        };
        let lanes = (0..GATES).map(|gate| lane(gate, appended.epoch_no, &reader));
        let life = Self {
            lanes: lanes.collect::<Step<_>>()?,
            engine: Engine::new(identity, settings, &start),
            head: appended.head,
            inputs: VecDeque::new(),
            connected: false,
            cursors: BTreeMap::new(),
            cursors_due_ms: None,
            acked: (current.epoch, current.through),
            roster: people::roster(roster_version)?,
            roster_version,
            presence: reader.presence()?,
            mismatches: Mismatches::default(),
            policy: Policy {
                emergency_entry: birth.emergency_entry,
                ..Policy::anhui()
            },
            boot,
            salt: u32::from_str_radix(&facts.epoch[..8], 16)? & 0x7fff_ffff,
            begun_ms: birth.now_ms,
            failed_ms: None,
            store,
            writer,
            reader,
        };
        Ok((life, (facts.epoch, appended.first_seq, written)))
    }

    /// Takes one input at a lane.
    pub(super) fn step(
        &mut self,
        gate: usize,
        now: Moment,
        input: edge_domain::LaneInput,
    ) -> Vec<edge_domain::LaneEffect> {
        let view = SiteView {
            roster: &self.roster,
            policy: &self.policy,
            presence: &self.presence,
            mismatches: &self.mismatches,
        };
        self.lanes[gate].lane.step(now, view, input)
    }

    /// The epoch that is written to.
    pub(super) fn epoch(&self) -> Step<Epoch> {
        Ok(self.reader.epochs()?.pop().ok_or(StoreError::Closed)?)
    }
}

fn first_records(epoch: &str, is_new: bool, (birth, now): (&Birth, Moment)) -> Step<Vec<Vec<u8>>> {
    let began = is_new.then(|| {
        Kind::EpochBegan(EpochBegan {
            r#box: birth.name.clone(),
            site: SITE.to_owned(),
            epoch: epoch.to_owned(),
            software: "menwei 0.1.0".to_owned(),
            reason: EpochReason::FirstStart,
            previous: None,
        })
    });
    let started = Kind::Started(Started {
        boot_id: format!("00000000-0000-4000-8000-{:012}", birth.boots),
        software: "menwei 0.1.0".to_owned(),
        off_since: None,
    });
    let kinds = began.into_iter().chain([started]);
    kinds.map(|kind| file::own(now, kind)).collect()
}

fn lane(gate: usize, epoch_no: u32, reader: &Reader) -> Step<LaneDesk> {
    let name = lane_name(gate);
    let memory = edge_daemon::numbered(epoch_no, reader.lane_memory(&name)?);
    let settings = LaneSettings {
        lane: LaneId::parse(&name)?,
        sensing: Sensing::Beams,
        passage_ms_max: 7_000,
        commit_ms_max: 3_000,
    };
    Ok(LaneDesk {
        lane: Lane::new(settings, memory),
        waiting: Vec::new(),
        wake_at_ms: None,
    })
}

pub(super) fn lane_name(gate: usize) -> String {
    format!("gate-{}", gate + 1)
}

/// The last fork as the file remembers it: when by the wall clock, for how long, and whether more was
/// wanted.
fn last_fork(reader: &Reader, now: &Moment) -> Step<Option<PastFork>> {
    let Some(text) = reader.setting(LAST_FORK)? else {
        return Ok(None);
    };
    let mut words = text.split(' ');
    let mut number = || {
        words
            .next()
            .and_then(|word| word.parse::<i64>().ok())
            .unwrap_or(0)
    };
    let (at, pause_ms, told) = (number(), number(), number());
    let ago_ms = now.wall_ms.saturating_sub(at).max(0);
    let mono_ms = i64::try_from(now.mono_ms)?;
    Ok(Some(PastFork {
        at_ms: mono_ms.saturating_sub(ago_ms),
        pause_ms: u64::try_from(pause_ms)?,
        is_told: told == 1,
    }))
}
