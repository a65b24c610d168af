//! Arms, beams and walkers of one lane. Time and relays come in, beam levels and events come out.
//!
//! The outer beam is on the street side, the inner one on the site side. A walker on the way in breaks the outer
//! beam, then both, then the inner one alone; on the way out the other way round. One walker is in the lane at a
//! time; others queue behind him.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::direction::Direction;
use crate::journal::TurnedBack;

/// How the mechanics of a lane behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorldSettings {
    /// From the first beam broken to the last one clear, in ms; at least 100.
    pub crossing_ms: u64,
    /// How long an arm that nobody used stays free after the relay fell, in ms.
    pub arm_hold_ms: u64,
    /// Distance of a tailgater or the next in the queue behind the one before, in ms.
    pub gap_ms: u64,
    /// False: no arm and no relay, an open road.
    pub has_arm: bool,
}

impl Default for WorldSettings {
    fn default() -> Self {
        Self {
            crossing_ms: 700,
            arm_hold_ms: 5_000,
            gap_ms: 250,
            has_arm: true,
        }
    }
}

/// How somebody walks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WalkStyle {
    /// Through, if the arm lets him.
    Through,
    /// Breaks the first beam and goes back.
    StepBack,
    /// Close behind somebody else, on his opening.
    Tailgate,
    /// Through, whatever the arm says.
    Force,
    /// Stands in the lane for some time, then goes back.
    Linger {
        /// How long, in ms.
        ms: u64,
    },
}

/// How a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalkEnd {
    /// On the other side, as he should.
    Through,
    /// On the other side behind somebody else.
    Tailgated,
    /// On the other side against a closed arm.
    Intruded,
    /// Where he was.
    TurnedBack(TurnedBack),
}

impl WalkEnd {
    /// The word of the page's API.
    pub fn code(self) -> &'static str {
        match self {
            Self::Through => "through",
            Self::Tailgated => "tailgated",
            Self::Intruded => "intruded",
            Self::TurnedBack(TurnedBack::NotOpened) => "not_opened",
            Self::TurnedBack(TurnedBack::ChangedMind) => "changed_mind",
            Self::TurnedBack(TurnedBack::SteppedBack) => "stepped_back",
            Self::TurnedBack(TurnedBack::Blocked) => "blocked",
        }
    }
}

/// The relays as the board drives them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Relays {
    /// Entry.
    pub open_in: bool,
    /// Exit.
    pub open_out: bool,
}

/// The beams as the board sees them; true is broken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Levels {
    /// Street side.
    pub outer: bool,
    /// Site side.
    pub inner: bool,
}

/// Something that can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WorldEvent<W> {
    /// The relay was pulled: the arm lets go.
    ArmOpened(Direction),
    /// The arm is locked again.
    ArmClosed(Direction),
    /// A walk is over.
    WalkEnded {
        /// Whoever walked.
        walker: W,
        /// Which way he wanted.
        direction: Direction,
        /// How it ended.
        end: WalkEnd,
    },
}

#[derive(Debug, Clone, Copy, Default)]
struct Arm {
    relay: bool,
    open: bool,
    used: bool,
    relay_fell_ms: u64,
}

#[derive(Debug)]
struct Walk<W> {
    walker: W,
    direction: Direction,
    style: WalkStyle,
}

#[derive(Debug)]
struct Walking<W> {
    walk: Walk<W>,
    began_ms: u64,
    ends_ms: u64,
    end: WalkEnd,
}

/// One lane. `W` names a walker.
#[derive(Debug)]
pub(super) struct World<W> {
    settings: WorldSettings,
    arms: [Arm; 2],
    queue: VecDeque<Walk<W>>,
    walking: Option<Walking<W>>,
    last_through: Option<(Direction, u64)>,
    free_from_ms: u64,
}

impl<W> World<W> {
    /// A closed lane with nobody in it.
    pub(super) fn new(settings: WorldSettings) -> Self {
        Self {
            settings,
            arms: [Arm::default(); 2],
            queue: VecDeque::new(),
            walking: None,
            last_through: None,
            free_from_ms: 0,
        }
    }

    /// Somebody steps up to walk; he goes when the lane is free.
    pub(super) fn walk(&mut self, walker: W, direction: Direction, style: WalkStyle) {
        self.queue.push_back(Walk {
            walker,
            direction,
            style,
        });
    }

    /// True when the arm lets people through in this direction, or there is none.
    pub(super) fn is_open(&self, direction: Direction) -> bool {
        !self.settings.has_arm || self.arm(direction).open
    }

    /// Walkers in the lane and behind it.
    pub(super) fn walkers(&self) -> usize {
        self.queue
            .len()
            .saturating_add(usize::from(self.walking.is_some()))
    }

    /// True when something moves, so that time should be looked at closely.
    pub(super) fn is_busy(&self) -> bool {
        self.walkers() > 0 || self.arms.iter().any(|arm| arm.relay || arm.open)
    }

    /// Moves on to `now_ms` under these relays.
    pub(super) fn tick(&mut self, now_ms: u64, relays: Relays) -> (Levels, Vec<WorldEvent<W>>) {
        let mut events = Vec::new();
        if self.settings.has_arm {
            self.move_arms(now_ms, relays, &mut events);
        }
        if let Some(walking) = self.walking.take_if(|walking| walking.ends_ms <= now_ms) {
            self.end_walk(now_ms, walking, &mut events);
        }
        if self.walking.is_none() && now_ms >= self.free_from_ms {
            self.walking = self.queue.pop_front().map(|walk| self.begin(now_ms, walk));
        }
        (self.levels(now_ms), events)
    }

    fn move_arms(&mut self, now_ms: u64, relays: Relays, events: &mut Vec<WorldEvent<W>>) {
        let hold_ms = self.settings.arm_hold_ms;
        let crossing = self.walking.as_ref().map(|walking| walking.walk.direction);
        for (arm, direction) in self.arms.iter_mut().zip(Direction::BOTH) {
            let relay = match direction {
                Direction::In => relays.open_in,
                Direction::Out => relays.open_out,
            };
            match (arm.relay, relay) {
                (false, true) => {
                    *arm = Arm {
                        relay: true,
                        open: true,
                        used: false,
                        relay_fell_ms: now_ms,
                    };
                    events.push(WorldEvent::ArmOpened(direction));
                }
                (true, false) => {
                    arm.relay = false;
                    arm.relay_fell_ms = now_ms;
                }
                (true, true) | (false, false) => {}
            }
            let waited = now_ms.saturating_sub(arm.relay_fell_ms) >= hold_ms;
            let in_use = crossing == Some(direction);
            if arm.open && !arm.relay && !in_use && (arm.used || waited) {
                arm.open = false;
                events.push(WorldEvent::ArmClosed(direction));
            }
        }
    }

    fn begin(&mut self, now_ms: u64, walk: Walk<W>) -> Walking<W> {
        let crossing_ms = self.settings.crossing_ms.max(100);
        let open = self.is_open(walk.direction);
        let (end, ms) = match walk.style {
            WalkStyle::StepBack => (
                WalkEnd::TurnedBack(TurnedBack::SteppedBack),
                crossing_ms / 2,
            ),
            WalkStyle::Linger { ms } => (
                WalkEnd::TurnedBack(TurnedBack::SteppedBack),
                ms.max(crossing_ms),
            ),
            WalkStyle::Tailgate if self.follows(now_ms, walk.direction) => {
                (WalkEnd::Tailgated, crossing_ms)
            }
            WalkStyle::Through | WalkStyle::Tailgate | WalkStyle::Force if open => {
                (WalkEnd::Through, crossing_ms)
            }
            WalkStyle::Through | WalkStyle::Tailgate => {
                (WalkEnd::TurnedBack(TurnedBack::Blocked), crossing_ms / 3)
            }
            WalkStyle::Force => (WalkEnd::Intruded, crossing_ms),
        };
        Walking {
            walk,
            began_ms: now_ms,
            ends_ms: now_ms.saturating_add(ms),
            end,
        }
    }

    /// True right behind somebody who went through on an opening.
    fn follows(&self, now_ms: u64, direction: Direction) -> bool {
        self.last_through.is_some_and(|(way, ended_ms)| {
            let behind_ms = now_ms.saturating_sub(ended_ms);
            way == direction && behind_ms <= self.settings.gap_ms.saturating_mul(3)
        })
    }

    fn end_walk(&mut self, now_ms: u64, walking: Walking<W>, events: &mut Vec<WorldEvent<W>>) {
        let Walking {
            walk: Walk {
                walker, direction, ..
            },
            end,
            ..
        } = walking;
        if end == WalkEnd::Through {
            self.last_through = Some((direction, now_ms));
            for (arm, way) in self.arms.iter_mut().zip(Direction::BOTH) {
                arm.used |= way == direction;
            }
        }
        self.free_from_ms = now_ms.saturating_add(self.settings.gap_ms);
        events.push(WorldEvent::WalkEnded {
            walker,
            direction,
            end,
        });
    }

    /// Which beams the walker breaks: the first for the first 60 %, the last for the last 60 % of his way.
    fn levels(&self, now_ms: u64) -> Levels {
        let Some(walking) = &self.walking else {
            return Levels::default();
        };
        let gone = now_ms.saturating_sub(walking.began_ms).saturating_mul(100);
        let whole = walking.ends_ms.saturating_sub(walking.began_ms).max(1);
        let percent = gone.checked_div(whole).unwrap_or(100);
        let (first, last) = match walking.end {
            WalkEnd::Through | WalkEnd::Tailgated | WalkEnd::Intruded => {
                (percent < 60, percent >= 40)
            }
            WalkEnd::TurnedBack(_) => (true, false),
        };
        match walking.walk.direction {
            Direction::In => Levels {
                outer: first,
                inner: last,
            },
            Direction::Out => Levels {
                outer: last,
                inner: first,
            },
        }
    }

    fn arm(&self, direction: Direction) -> Arm {
        let [entry, exit] = self.arms;
        match direction {
            Direction::In => entry,
            Direction::Out => exit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Levels, Relays, WalkEnd, WalkStyle, World, WorldEvent, WorldSettings};
    use crate::direction::Direction;
    use crate::journal::TurnedBack;

    const CLOSED: Relays = Relays {
        open_in: false,
        open_out: false,
    };
    const OPEN_IN: Relays = Relays {
        open_in: true,
        open_out: false,
    };

    type Seen = (Vec<(bool, bool)>, Vec<WorldEvent<u8>>);

    /// Runs through the span: the changes of the beams, and the events.
    fn run(world: &mut World<u8>, span_ms: std::ops::Range<u64>, relays: Relays) -> Seen {
        let (mut beams, mut events) = (Vec::new(), Vec::new());
        for now_ms in span_ms {
            let (Levels { outer, inner }, seen) = world.tick(now_ms, relays);
            if beams.last() != Some(&(outer, inner)) {
                beams.push((outer, inner));
            }
            events.extend(seen);
        }
        (beams, events)
    }

    fn ended(events: &[WorldEvent<u8>]) -> Vec<(u8, WalkEnd)> {
        events
            .iter()
            .filter_map(|event| match event {
                WorldEvent::WalkEnded { walker, end, .. } => Some((*walker, *end)),
                WorldEvent::ArmOpened(_) | WorldEvent::ArmClosed(_) => None,
            })
            .collect()
    }

    #[test]
    fn a_walker_in_breaks_the_street_side_first() {
        let mut world = World::new(WorldSettings::default());
        run(&mut world, 0..400, OPEN_IN);
        world.walk(1, Direction::In, WalkStyle::Through);
        let (beams, events) = run(&mut world, 400..2_000, CLOSED);
        assert_eq!(
            beams,
            [(true, false), (true, true), (false, true), (false, false)]
        );
        assert_eq!(ended(&events), [(1, WalkEnd::Through)]);
        assert!(events.ends_with(&[WorldEvent::ArmClosed(Direction::In)]));
        assert!(!world.is_busy());
    }

    #[test]
    fn a_walker_out_breaks_the_site_side_first() {
        let mut world = World::new(WorldSettings::default());
        let open = Relays {
            open_in: false,
            open_out: true,
        };
        run(&mut world, 0..10, open);
        world.walk(1, Direction::Out, WalkStyle::Through);
        let (beams, _) = run(&mut world, 10..2_000, open);
        assert_eq!(
            beams,
            [(false, true), (true, true), (true, false), (false, false)]
        );
    }

    #[test]
    fn a_closed_arm_blocks_and_force_breaks_through() {
        let mut world = World::new(WorldSettings::default());
        world.walk(1, Direction::In, WalkStyle::Through);
        world.walk(2, Direction::In, WalkStyle::Force);
        let (beams, events) = run(&mut world, 0..3_000, CLOSED);
        let blocked = WalkEnd::TurnedBack(TurnedBack::Blocked);
        assert_eq!(ended(&events), [(1, blocked), (2, WalkEnd::Intruded)]);
        assert_eq!(beams[..3], [(true, false), (false, false), (true, false)]);
    }

    #[test]
    fn one_opening_lets_one_through_and_the_next_is_a_tailgater_or_blocked() {
        let mut world = World::new(WorldSettings::default());
        run(&mut world, 0..400, OPEN_IN);
        world.walk(1, Direction::In, WalkStyle::Through);
        world.walk(2, Direction::In, WalkStyle::Tailgate);
        world.walk(3, Direction::In, WalkStyle::Through);
        let (_, events) = run(&mut world, 400..4_000, CLOSED);
        let blocked = WalkEnd::TurnedBack(TurnedBack::Blocked);
        assert_eq!(
            ended(&events),
            [(1, WalkEnd::Through), (2, WalkEnd::Tailgated), (3, blocked)]
        );
    }

    #[test]
    fn an_opening_that_nobody_uses_ends_by_itself() {
        let mut world = World::<u8>::new(WorldSettings::default());
        let (_, opened) = run(&mut world, 0..400, OPEN_IN);
        assert_eq!(opened, [WorldEvent::ArmOpened(Direction::In)]);
        run(&mut world, 400..5_399, CLOSED);
        assert!(world.is_open(Direction::In) && !world.is_open(Direction::Out));
        let (_, closed) = run(&mut world, 5_399..5_401, CLOSED);
        assert_eq!(closed, [WorldEvent::ArmClosed(Direction::In)]);
    }

    #[test]
    fn who_steps_back_breaks_one_beam_only() {
        let mut world = World::new(WorldSettings::default());
        run(&mut world, 0..400, OPEN_IN);
        world.walk(1, Direction::In, WalkStyle::StepBack);
        let (beams, events) = run(&mut world, 400..1_500, CLOSED);
        assert_eq!(beams, [(true, false), (false, false)]);
        assert_eq!(
            ended(&events),
            [(1, WalkEnd::TurnedBack(TurnedBack::SteppedBack))]
        );
        assert!(world.is_open(Direction::In));
    }

    #[test]
    fn an_open_road_is_always_open_and_has_no_arm_to_see() {
        let settings = WorldSettings {
            has_arm: false,
            ..WorldSettings::default()
        };
        let mut world = World::new(settings);
        world.walk(1, Direction::In, WalkStyle::Through);
        let (_, events) = run(&mut world, 0..2_000, CLOSED);
        assert_eq!(ended(&events), [(1, WalkEnd::Through)]);
        assert_eq!(events.len(), 1);
    }
}
