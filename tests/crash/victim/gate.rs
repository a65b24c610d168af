//! The lane over the ledger, and its gate board: a file's memory outlives the box as a board's does.

use std::collections::VecDeque;

use edge_domain::{
    BoardEvent, Credential, Direction, GateReport, IcReading, Lane, LaneEffect, LaneId, LaneInput,
    LaneSettings, Mismatches, Moment, Policy, Requirement, Sensing, SiteView, UnreadableCard,
};
use edge_store::{Entry, Reader, Store, Writer};
use tests::Result;
use tests::outage::{Fact, Turn, Visitor, World, day};

use crate::BEGIN_MS;
use crate::people::{card, told};

const LANE: &str = "gate-1";
const UID: [u8; 8] = [0, 1, 2, 3, 4, 5, 6, 7];
const NOBODYS: u32 = 0x7777_0001;

/// The lane with what it needs.
pub(crate) struct Gate<'a> {
    store: &'a Store,
    writer: Writer,
    reader: Reader,
    lane: Lane,
    policy: Policy,
    mono_ms: u64,
    step: usize,
}

impl<'a> Gate<'a> {
    /// As after a start: with the memory that the ledger gives.
    pub(crate) fn new(store: &'a Store) -> Result<Self> {
        let (reader, writer) = (store.reader()?, store.writer());
        let memory = edge_daemon::numbered(writer.epoch_no(), reader.lane_memory(LANE)?);
        let settings = LaneSettings {
            lane: LaneId::parse(LANE)?,
            sensing: Sensing::Beams,
            passage_ms_max: 7_000,
            commit_ms_max: 3_000,
        };
        let policy = Policy {
            training: Requirement::Warned,
            ..Policy::anhui()
        };
        Ok(Self {
            store,
            writer,
            reader,
            lane: Lane::new(settings, memory),
            policy,
            mono_ms: 2,
            step: 0,
        })
    }

    /// One turn: whoever it is presents, unless the arm was let go for him before the box died; where
    /// it is open he walks, and the board tells it.
    pub(crate) async fn turn(
        &mut self,
        world: &mut World,
        (step, turn): (usize, Turn),
        mono_ms: u64,
    ) -> Result<()> {
        (self.step, self.mono_ms) = (step, self.mono_ms.max(mono_ms));
        if opening(world, step).is_none() {
            let direction = way(turn.inward);
            self.feed(
                world,
                LaneInput::Presented {
                    direction,
                    credential: credential(turn.visitor),
                    person_tag: None,
                },
            )
            .await?;
        }
        walk(world)?;
        self.mono_ms += 2_000;
        self.hear_the_board(world).await
    }

    /// The board tells what the box has not taken yet.
    pub(crate) async fn hear_the_board(&mut self, world: &mut World) -> Result<()> {
        walk(world)?;
        let heard = heard(world);
        let waiting: Vec<Fact> = world.facts().to_vec();
        for fact in waiting {
            let Fact::Walked { event, step, token } = fact else {
                continue;
            };
            if event <= heard {
                continue;
            }
            let turns = day(step / 8 + 1);
            let inward = turns.get(step).is_some_and(|turn| turn.inward);
            let report = GateReport::Passed {
                direction: way(inward),
                token: Some(token),
                event: BoardEvent {
                    uid: UID,
                    boot: 1,
                    seq: event,
                    age_ms: 0,
                },
            };
            self.feed(world, LaneInput::Gate(report)).await?;
        }
        Ok(())
    }

    async fn feed(&mut self, world: &mut World, input: LaneInput) -> Result<()> {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for effect in self.step_of(input)? {
                if let Some(answer) = self.carry_out(world, effect).await? {
                    inputs.push_back(answer);
                }
            }
        }
        Ok(())
    }

    fn step_of(&mut self, input: LaneInput) -> Result<Vec<LaneEffect>> {
        let now = Moment {
            wall_ms: BEGIN_MS.saturating_add_unsigned(self.mono_ms),
            boot: 1,
            mono_ms: self.mono_ms,
            quality: edge_domain::ClockQuality::Synced,
        };
        let (roster, presence) = (self.reader.roster()?, self.reader.presence()?);
        let view = SiteView {
            roster: &roster,
            policy: &self.policy,
            presence: &presence,
            mismatches: &Mismatches::default(),
        };
        Ok(self.lane.step(now, view, input))
    }

    async fn carry_out(
        &mut self,
        world: &mut World,
        effect: LaneEffect,
    ) -> Result<Option<LaneInput>> {
        match effect {
            LaneEffect::Record { ticket, record } => {
                let epoch_no = self.writer.epoch_no();
                let body = edge_daemon::lane_body(epoch_no, &record).ok_or("no body")?;
                let appended = self.writer.append(vec![Entry::new(body)]).await?;
                told(self.store, world, &appended)?;
                let seq = edge_daemon::number(appended.epoch_no, appended.first_seq);
                return Ok(Some(LaneInput::Recorded { ticket, seq }));
            }
            LaneEffect::OpenGate { token, .. } => {
                let step = self.step;
                world.add(Fact::Open { step, token })?;
            }
            LaneEffect::Acknowledge { event } => world.add(Fact::Heard { event: event.seq })?,
            LaneEffect::Alarm { what } => return Err(what.into()),
            LaneEffect::LookAtFace { .. }
            | LaneEffect::KeepPictures { .. }
            | LaneEffect::Show(_)
            | LaneEffect::WakeAt { .. } => {}
        }
        Ok(None)
    }
}

fn way(inward: bool) -> Direction {
    if inward {
        Direction::In
    } else {
        Direction::Out
    }
}

fn credential(visitor: Visitor) -> Credential {
    let card = match visitor {
        Visitor::Worker(worker) => IcReading::of(34, card(worker), false),
        Visitor::Stranger => IcReading::of(34, NOBODYS, false),
        Visitor::Unreadable => None,
    };
    let why = UnreadableCard::ReadFailed;
    card.map_or(Credential::Unreadable { why }, Credential::IcCard)
}

fn opening(world: &World, of: usize) -> Option<u32> {
    world.facts().iter().find_map(|fact| match fact {
        Fact::Open { step, token } if *step == of => Some(*token),
        _ => None,
    })
}

fn heard(world: &World) -> u16 {
    let heard = world.facts().iter().rev().find_map(|fact| match fact {
        Fact::Heard { event } => Some(*event),
        _ => None,
    });
    heard.unwrap_or(0)
}

/// Whoever stands before an open arm goes through.
fn walk(world: &mut World) -> Result<()> {
    let facts = world.facts();
    let open = facts.iter().rev().find_map(|fact| match fact {
        Fact::Open { step, token } => Some((*step, *token)),
        _ => None,
    });
    let walked = facts
        .iter()
        .filter(|fact| matches!(fact, Fact::Walked { .. }))
        .count();
    let gone = |of| {
        facts
            .iter()
            .any(|fact| matches!(fact, Fact::Walked { step, .. } if *step == of))
    };
    if let Some((step, token)) = open.filter(|(step, _)| !gone(*step)) {
        let event = u16::try_from(walked + 1)?;
        world.add(Fact::Walked { event, step, token })?;
    }
    Ok(())
}
